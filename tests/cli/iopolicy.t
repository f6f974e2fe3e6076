#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iopolicy's command line on this machine: commands, options and their errors, --help against the
# manual page and the completions, inspect of valid and invalid files. Loads nothing.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source "$(dirname "$0")/../lib/cli.sh"
# shellcheck source=tests/lib/json.sh
source tests/lib/json.sh
iopolicy=build/iopolicy
commands=(
	load unload replace list inspect verify run clean apply confirm test show set map diff why
	seal new
)

one_line() { (($(wc -l <"$dir/$1") == 1)); }
quoted() { printf '%q' "$1"; }

# refused NAME STATUS SENTENCE ARGUMENT...: iopolicy exits with STATUS, prints nothing to stdout,
# and SENTENCE to stderr
refused() {
	local name=$1 status=$2 sentence=$3
	shift 3
	run $iopolicy "$@"
	ok "$name" each "ended $status" 'silent out' "says $(quoted "$sentence")" \
		'says "iopolicy: "'
}

# -------- help, manual page, completions --------
run $iopolicy --help
ok "--help prints to stdout and exits with 0" each 'ended 0' 'silent err' \
	'shows "Usage: iopolicy COMMAND"'
cp "$dir/out" "$dir/help"
run $iopolicy -h
ok "-h prints the same as --help" cmp -s "$dir/help" "$dir/out"
run $iopolicy -V
ok "-V prints the version" each 'ended 0' 'silent err' \
	'grep -qE "^iopolicy \(iommuscope\) [0-9]+\.[0-9]+" "$dir/out"'
sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$dir/help" >"$dir/commands"
is "--help lists all commands" "$(tr '\n' ' ' <"$dir/commands")" "${commands[*]} "
cp "$dir/help" "$dir/all-help"
for command in "${commands[@]}"; do
	$iopolicy "$command" --help >"$dir/help-$command" 2>&1 || rm "$dir/help-$command"
	cat "$dir/help-$command" >>"$dir/all-help"
	# "load --name" for each option
	sed -nE "s/^ +(-[a-zA-Z], )?(--[a-z-]+).*/$command \2/p" "$dir/help-$command"
done >"$dir/options"
ok "each command has --help" test "$(printf "%s\n" "$dir"/help-* | wc -l)" -eq ${#commands[@]}
ok "no line of --help is wider than 80 columns" each '! grep ".\{81\}" "$dir/all-help"'

sed -nE 's/^ +(-[a-zA-Z], )?(--[a-z-]+)( [A-Z:=]+)? .*/\1\2\3/p' "$dir/all-help" |
	tr -d , | sort -u >"$dir/in-help"
sed -nE '/^\.It Fl/ { s/^\.It //; s/Fl -/--/g; s/Fl /-/g; s/ ,//; s/ Ar / /; p }' \
		build/man/iopolicy.8 |
	sort -u >"$dir/in-man"
diff "$dir/in-help" "$dir/in-man" >"$dir/out" 2>"$dir/err"
ok "the manual page has the options of --help" each 'silent out'
sed -n '/^\.Sh COMMANDS/,/^\.Sh/s/^\.It Cm \([a-z]*\).*/\1/p' build/man/iopolicy.8 |
	sort >"$dir/in-man"
sort "$dir/commands" | diff - "$dir/in-man" >"$dir/out" 2>"$dir/err"
ok "the manual page has the commands of --help" each 'silent out'
if command -v groff >/dev/null; then
	groff -mandoc -Tutf8 -ww build/man/iopolicy.8 >/dev/null 2>"$dir/err"
	ok "the manual page has no errors" each 'silent err'
else
	skip "the manual page has no errors" "no groff on this machine"
fi

# complete WORD...: the words that bash offers for the last of them
complete_words() {
	bash --norc -c 'source build/completions/iopolicy.bash
		COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
		_iopolicy; printf "%s\n" "${COMPREPLY[@]}"' bash iopolicy "$@"
}
sort "$dir/options" >"$dir/in-help"
for command in "${commands[@]}"; do
	complete_words "$command" -- | sed "s/^/$command /"
done | sort >"$dir/in-bash"
diff "$dir/in-help" "$dir/in-bash" >"$dir/out" 2>"$dir/err"
ok "bash completes the options of --help" each 'silent out'
complete_words '' | grep -v '^-' | sort | diff <(sort "$dir/commands") - >"$dir/out" 2>"$dir/err"
ok "bash completes the commands of --help" each 'silent out'
awk '/^\t[a-z]+\)$/ { command = $1; sub(/\)/, "", command) }
     command { n = split($0, word, /[^a-z-]+/); for (i = 1; i <= n; i++)
		if (word[i] ~ /^--[a-z]/) print command, word[i] }
     /;;/ { command = "" }' build/completions/_iopolicy | sort -u >"$dir/in-zsh"
diff "$dir/in-help" "$dir/in-zsh" >"$dir/out" 2>"$dir/err"
ok "zsh completes the same options" each 'silent out'
# An option without a condition is one of all commands.
sed -nE "s/^complete.*__fish_seen_subcommand_from ([a-z ]+)'.* -l ([a-z-]+).*/\1:\2/p
	s/^complete -c iopolicy( -s .)? -l ([a-z-]+) .*/${commands[*]}:\2/p" \
		build/completions/iopolicy.fish |
	while IFS=: read -r list option; do
		for command in $list; do echo "$command --$option"; done
	done | sort >"$dir/in-fish"
diff "$dir/in-help" "$dir/in-fish" >"$dir/out" 2>"$dir/err"
ok "fish completes the same options" each 'silent out'

# -------- usage --------
refused "no command" 2 "no command given"
refused "an unknown command" 2 "unknown command 'laod'" laod
refused "an option before the command" 2 "unknown option '--json'" --json list
refused "no file" 2 "load: no file given" load
refused "two files" 2 "unexpected operand 'b.o'" load a.o b.o
refused "an operand of list" 2 "unexpected operand 'x'" list x
refused "no name" 2 "unload: no policy given" unload
refused "names and --all" 2 "names and --all exclude each other" unload x --all
refused "replace without a file" 2 "replace: no file given" replace x
refused "a bad name" 2 "'a/b' is not a valid policy name" unload a/b
refused "a name that is a path" 2 "'..' is not a valid policy name" unload ..
refused "a bad --name" 2 "--name: '.x' is not a valid policy name" load --name .x a.o
refused "a --name that is too long" 2 "is not a valid policy name" \
	load --name "$(printf '%032d' 0)" a.o
refused "--name for replace" 2 "unknown option '--name'" replace --name x y a.o
refused "--all for load" 2 "unknown option '--all'" load --all a.o
refused "a priority that is not a number" 2 "--priority: 'high' is not a number" \
	load --priority high a.o
refused "a priority that is too large" 2 "--priority: '2147483648' is not in the range" \
	load --priority 2147483648 a.o
refused "a setting without a value" 2 "--set: 'limit' is not NAME=VALUE" load --set limit a.o
refused "cgroup 0" 2 "--cgroup: '0' is too small" load --cgroup 0 a.o
refused "control characters in an argument" 2 "?[31m" $'\e[31m'
ok "control characters are not printed" lacks $'\e'

# -------- files --------
objects=build/tests
refused "test of a policy in BPF without cases" 2 "a policy in BPF needs --cases or --replay" \
	test $objects/limit.bpf.o
echo 'map -> deny big' >"$dir/rule.cases"
refused "a case of a policy in BPF with a rule" 5 \
	"rule.cases:1:13: found 'big', expected an error like EPERM" \
	test $objects/limit.bpf.o --cases "$dir/rule.cases"
refused "a file that does not exist" 1 "/nonexistent: cannot read the file (ENOENT)" \
	inspect /nonexistent
refused "a directory" 5 "/: not a regular file" inspect /
echo text >"$dir/text"
refused "a text file" 5 "not a BPF object file" inspect "$dir/text"
refused "an executable of this machine" 5 "not a BPF object file" inspect $iopolicy
head -c 3000 $objects/limit.bpf.o >"$dir/cut.o"
refused "a truncated file" 5 "cut.o: not a BPF object file" inspect "$dir/cut.o"
: >"$dir/empty.o"
refused "an empty file" 5 "not a BPF object file" inspect "$dir/empty.o"
refused "a BPF object without a policy" 5 "the file contains no policy" \
	inspect build/bpf/iosnoop.bpf.o
refused "hooks without a policy" 5 "the file contains no policy" inspect $objects/bad-none.bpf.o
refused "two policies" 5 "the file contains more than one policy, first and second" \
	inspect $objects/bad-two.bpf.o
refused "a program of another type" 5 \
	"program watch (section raw_tp/iommufd_ioas_map) is not a hook" \
	inspect $objects/bad-other.bpf.o
refused "an unused program" 5 "program forgotten is not part of the policy" \
	inspect $objects/bad-unused.bpf.o
libbpf=$(sed -n 's/^SETUP_LIBBPF_INC *= *//p' build/setup/paths.mk 2>/dev/null)
if clang -O0 -g --target=bpf -Iinclude ${libbpf:+"-I$libbpf"} -c tests/policies/even.bpf.c \
	-o "$dir/even.bpf.o" 2>"$dir/clang"; then
	refused "a policy that is compiled without -O2" 5 "compile it with -O2 -g" \
		inspect "$dir/even.bpf.o"
else
	skip "a policy that is compiled without -O2" "clang: $(tail -n 1 "$dir/clang")"
fi
# bad FILE SENTENCE: inspect shows the file, and load rejects it before it calls the kernel
bad() {
	run $iopolicy inspect "$objects/$1.bpf.o"
	ok "inspect shows $1 and its error" each 'ended 5' 'shows "policy      "' \
		"says $(quoted "$2")" 'one_line err'
	refused "load rejects $1" 5 "$2" load "$objects/$1.bpf.o"
}
bad bad-sleep "program dreams may sleep, but hook fault must not; define it with \
IOMMUFD_HOOK_NOSLEEP(fault, dreams)"
bad bad-version "the policy has interface version 0"
bad bad-member "program keep is defined for hook ioas_unmap, but assigned to .ioas_map; write"
bad bad-misspelt "program keep is defined with IOMMUFD_HOOK(ioas_mapp, keep), but there is no such"
bad bad-both "program keep is assigned to .ioas_map and .ioas_unmap, but a program belongs to one"
bad bad-name "'bad name' is not a valid policy name"
bad bad-empty "the policy has no hook"

LC_ALL=C sed $'s/process_limit/process\e[3mit/g' build/policies/quota.bpf.o >"$dir/escape.o"
run $iopolicy inspect "$dir/escape.o"
ok "control characters in a file are not printed" each 'ended 0' \
	"shows $(quoted "process?[3mit")"

run $iopolicy inspect $objects/limit.bpf.o
cat >"$dir/want" <<-'END'
policy      limit
file        build/tests/limit.bpf.o
interface   1
license     GPL
priority    10
scope       all
mode        enforce
hooks       ioas_map      on_map                   may sleep
            ioas_unmap    on_unmap                 does not sleep
parameters  bad_bytes                __u64            12288
            error                    __s32            122
            no_unmap                 bool             false
            small                    __u8             7
            tiny                     __s8             -1
            wide                     __s64            -5
            label                    char[16]         "limit"
            several                  __u32[2]         (cannot be set)
maps        lengths                  hash             key 4 bytes, value 8 bytes, 64 entries
END
grep -v '^            [a-z.]*rodata\|\.bss' "$dir/out" >"$dir/got"
ok "inspect of a valid policy" each 'ended 0' 'silent err' 'diff "$dir/want" "$dir/got"'
run $iopolicy inspect -j $objects/limit.bpf.o
ok "inspect -j prints one line" each 'ended 0' 'one_line out' 'json <"$dir/out" >"$dir/values"'
ok "JSON has all of it" each \
	'shows "\"type\":\"inspect\",\"schema\":1,\"tool\":\"iopolicy\",\"version\":\""' \
	'shows "{\"hook\":\"ioas_map\",\"program\":\"on_map\",\"may_sleep\":true}"' \
	'shows "{\"name\":\"tiny\",\"type\":\"__s8\",\"size_bytes\":1,\"default\":-1}"' \
	'shows "{\"name\":\"no_unmap\",\"type\":\"bool\",\"size_bytes\":1,\"default\":false}"' \
	'shows "{\"name\":\"lengths\",\"type\":\"hash\",\"key_bytes\":4,\"value_bytes\":8,"' \
	'shows ",\"max_entries\":64}"'
run $iopolicy inspect --bogus $objects/limit.bpf.o
ok "inspect rejects unknown options" ended 2
if command -v setpriv >/dev/null && setpriv --reuid 65534 --clear-groups true 2>/dev/null; then
	cp $iopolicy $objects/limit.bpf.o "$dir"
	chmod 755 "$dir"
	run setpriv --reuid 65534 --clear-groups "$dir/iopolicy" inspect "$dir/limit.bpf.o"
	ok "inspect needs no privileges" each 'ended 0' 'silent err'
	run setpriv --reuid 65534 --clear-groups "$dir/iopolicy" load "$dir/limit.bpf.o"
	ok "load needs privileges" each 'ended 3' 'silent out' \
		'says "missing CAP_BPF and CAP_PERFMON and CAP_SYS_ADMIN"'
	run setpriv --reuid 65534 --clear-groups "$dir/iopolicy" list
	ok "list needs privileges" each 'ended 3' 'says "CAP_SYS_ADMIN"'
else
	skip "inspect needs no privileges" "cannot drop privileges here"
	skip "load needs privileges" "cannot drop privileges here"
	skip "list needs privileges" "cannot drop privileges here"
fi

# -------- parameters: rejected before any call to the kernel --------
load() { refused "$1" "$2" "$3" load "${@:4}" $objects/limit.bpf.o; }
load "an unknown parameter" 2 "unknown parameter 'limit'; this policy has bad_bytes (__u64), \
error (__s32), no_unmap (bool)" \
	--set limit=3
load "a value out of range" 2 "small: '256' is too large; use 0 to 255 (__u8)" --set small=256
load "a negative value of an unsigned parameter" 2 "small: '-1' is not a number" --set small=-1
load "an invalid bool" 2 "no_unmap: 'maybe' is neither true nor false" --set no_unmap=maybe
load "a text that is too long" 2 "use at most 15 bytes (char[16])" --set label=0123456789abcdef
load "a type that cannot be set" 2 "several: constants of type __u32[2] cannot be set" \
	--set several=1
if ((EUID == 0)) && [[ ! -e /sys/module/iommufd ]]; then
	load "valid parameters, but no module" 4 "module iommufd: not loaded" \
		--set small=7 --set tiny=-128 --set label=x --set bad_bytes=1M
	refused "list without the module" 4 "modprobe iommufd" list
	run $iopolicy list -j
	is "its JSON has an error record" \
		"$rc $(json type tool message <"$dir/out" | sed 's/loaded,.*/loaded/')" \
		"4 type=error tool=iopolicy message=module iommufd: not loaded"
else
	skip "valid parameters, but no module" "not root, or the module is loaded"
	skip "list without the module" "not root, or the module is loaded"
	skip "its JSON has an error record" "not root, or the module is loaded"
fi

finish
