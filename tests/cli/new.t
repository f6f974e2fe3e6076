#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iopolicy new: the installed tool writes templates, the commands that it prints compile and test
# them with the installed headers, and a file that exists stays as it is. vm/policies loads one.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source "$(dirname "$0")/../lib/cli.sh"
# shellcheck source=tests/lib/json.sh
source tests/lib/json.sh
root=$dir/root
libbpf=$(sed -n 's/^SETUP_LIBBPF_INC *= *//p' build/setup/paths.mk 2>/dev/null)
if [[ $libbpf ]]; then export CPATH=$PWD/$libbpf; fi

order() { MAKEFLAGS='' make "$@" SETUP=no DESTDIR="$root"; }
run order install-tools install-policies
ok "make install" ended 0
iopolicy=$root/usr/local/sbin/iopolicy
PATH=${iopolicy%/*}:$PATH
mkdir "$dir/work"
cd "$dir/work" || exit 1
# command: the one that iopolicy has printed last
command() { sed -n 's/^  //p' "$dir/out"; }

# -------- a BPF program --------
run iopolicy new mine-1.x
ok "new" each 'ended 0' 'silent err' \
	'shows "mine-1.x.bpf.c and mine-1.x.cases written; compile the first:"'
is "it writes two files" "$(echo *)" "mine-1.x.bpf.c mine-1.x.cases"
build=$(command)
is "the command has the installed headers" "$build" \
	"clang -O2 -g --target=bpf -I$root/usr/local/include/iommuscope -c mine-1.x.bpf.c"
ok "so has the comment of the file" grep -qxF $' *\t'"$build" mine-1.x.bpf.c
run bash -c "$build -Wall -Wextra -Werror"
ok "the command compiles it" each 'ended 0' 'silent err'
run iopolicy inspect -j mine-1.x.bpf.o
is "inspect knows it" "$(json name parameters.0.name maps.0.name <"$dir/out")" \
	"name=mine-1.x parameters.0.name=limit maps.0.name=exempt"
is "it has all hooks that pin memory" "$(grep -o '"hook":"[a-z_]*"' "$dir/out" | cut -d'"' -f4 |
	sort | paste -sd,)" device_attach,hwpt_alloc,ioas_change_process,ioas_map,pasid_attach

echo changed >mine-1.x.bpf.c
run iopolicy new mine-1.x
ok "a file that exists is not overwritten" each 'ended 1' 'silent out' \
	'says "mine-1.x.bpf.c exists and is not empty; --force overwrites it"' \
	'grep -qx changed mine-1.x.bpf.c'
run iopolicy new --force mine-1.x
ok "but with --force" each 'ended 0' '! grep -qx changed mine-1.x.bpf.c'
run iopolicy new -j --force mine-1.x
is "JSON has the files and the command" \
	"$(json type files command <"$dir/out")" \
	"type=created files=mine-1.x.bpf.c,mine-1.x.cases command=$build"

mv "$root/usr/local/include" "$root/usr/local/gone"
run iopolicy new other
ok "without the headers it says where they come from" each 'ended 1' 'silent out' \
	'says "install iommuscope-dev"' '[[ ! -e other.bpf.c ]]'

# -------- rules --------
run iopolicy new --rules mine
ok "rules need no headers" each 'ended 0' 'silent err' \
	'shows "mine.rules and mine.cases written; test them:"'
run bash -c "$(command)"
ok "the command tests them" each 'ended 0' 'silent err' 'shows "3 cases, 0 failed"'
rm mine.rules
run iopolicy new --rules mine
ok "if one file exists, none is written" each 'ended 1' 'says "mine.cases exists"' \
	'[[ ! -e mine.rules ]]' '[[ ! $(find . -name "*iommuscope*") ]]'

# -------- usage --------
tool=iopolicy
refused "no name" "new: no name given" new
refused "two names" "unexpected operand 'b'" new a b
refused "a name with a slash" "'a/b' is not a valid policy name; use 1 to 31 letters" new a/b
refused "a name that is an option" "'-x' begins with '-'" new -- -x
refused "the name of a file" "'x.bpf.c' is the name of a file; give that of the policy" new x.bpf.c
mkdir locked
chmod 555 locked
if ((EUID == 0)) && setpriv --reuid 65534 --clear-groups true 2>/dev/null; then
	chmod 755 "$dir" "$dir/work"
	run setpriv --reuid 65534 --clear-groups bash -c 'cd locked && iopolicy new --rules x'
	ok "a folder that may not be written" each 'ended 1' 'silent out' \
		'says "cannot create a temporary file in the folder of x.rules: EACCES"'
else
	skip "a folder that may not be written" "cannot drop privileges here"
fi
finish
