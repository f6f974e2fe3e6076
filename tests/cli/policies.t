#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The shipped policies, as files: each object has the sections that a loader needs, its parameters
# and maps are those of iommufd-policies(7) and of the comment at the top of its source, the hooks
# of iommufd-policy(7) are those of the table, and make install puts everything where the manuals
# say. Loads nothing.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
page=man/iommufd-policies.7
dir=$(mktemp -d "${TMPDIR:-/tmp}/policies-cli.XXXXXX")
trap 'rm -rf "$dir"' EXIT

names() { sort -u | tr '\n' ' '; }
# in_source NAME: its parameters and maps, as the compiler sees them
in_source() {
	local f=bpf/policies/$1.bpf.c
	{
		sed -nE 's/^IOMMUFD_PARAM\([a-z_0-9]+, ([a-z_0-9]+)\).*/\1/p
			s/^WINDOW\(([18])\);/start\1\nlast\1/p' "$f"
		sed -nE '/SEC\("\.maps"\)/{s/[} ;]//g; s/SEC\("\.maps"\)//g; s/,/\n/g; p}' "$f"
	} | names
}
# in_page NAME: the same, as the page has it
in_page() {
	sed -n "/^\.Ss $1\$/,/^\.El/p" $page |
		sed -nE 's/^\.It Va //p' | sed -E 's/( ,| \.\.\.)//g; s/ /\n/g' | names
}
# in_comment NAME: 0 when all are named at the top of the source
in_comment() {
	local word top
	top=$(sed '/\*\//q' "bpf/policies/$1.bpf.c")
	for word in $(in_source "$1"); do
		[[ $top =~ (^|[^a-z_])$word([^a-z_]|$) ]] || { echo "$word"; return 1; }
	done
}
sections() { readelf -SW "$1" | sed -nE 's/^ *\[ *[0-9]+\] ([^ ]+) .*/\1/p'; }
has() { sections "build/policies/$1.bpf.o" | grep -qxF -- "$2"; }
lacks() { ! has "$@"; }

all=()
for f in bpf/policies/*.bpf.c; do
	f=${f##*/}
	all+=("${f%.bpf.c}")
done
is "iommufd-policies(7) has all policies" "$(sed -n 's/^\.Ss //p' $page | names)" \
	"$(printf '%s\n' "${all[@]}" | names)"
for n in "${all[@]}"; do
	ok "$n: has a struct_ops map for a link" has "$n" .struct_ops.link
	ok "$n: has BTF" has "$n" .BTF
	ok "$n: has CO-RE relocations" has "$n" .BTF.ext
	ok "$n: has no .bss: all variables are parameters" lacks "$n" .bss
	ok "$n: has no .data" lacks "$n" .data
	is "$n: the file is named after the policy" \
		"$(sed -nE 's/^\t\.name = "(.*)",$/\1/p' "bpf/policies/$n.bpf.c")" "$n"
	is "$n: iommufd-policies(7) has its parameters and maps" \
		"$(in_page "$n")" "$(in_source "$n")"
	ok "$n: its comment has them, too" in_comment "$n"
done

# The table of hooks as lines "NAME Sentence. [Programs must not sleep.]"
hook_table() {
	printf '%s\n' '#include "include/iommufd_policy.h"' \
			'#define ROW(ID, name, sleep, text) @name sleep text' \
			'IOMMUFD_POLICY_HOOKS(ROW)' |
		gcc -E -P -xc -I. - | tr '\n' ' ' | sed 's/ *@/\n@/g' |
		sed -nE 's/^@([a-z_]+) ([01]) "(.*)" *$/\1 \u\3. \2/p' |
		sed -E 's/ 1$//; s/ 0$/ Programs must not sleep./'
}
# The same from iommufd-policy(7)
hook_page() {
	sed -n '/^\.Sh HOOKS/,/^\.El/p' man/iommufd-policy.7 | awk '
		/^\.It Cm / { name = $3; lines = 0; next }
		name && ++lines == 1 { list[++n] = name " " $0 }
		name && /^Programs must not sleep\.$/ { list[n] = list[n] " " $0 }
		END { for (i = 1; i <= n; i++) print list[i] }'
}
ok "the table of hooks can be read" test "$(hook_table | grep -c .)" -ge 8
is "iommufd-policy(7) has the hooks of the table" "$(hook_page)" "$(hook_table)"

for n in "${all[@]}"; do
	[[ $n != rules ]] || continue
	ok "$n: exists as a rule file" build/iopolicy test "bpf/policies/$n.rules"
done

header() { diff "include/$1" "$dir/usr/local/include/iommuscope/$1"; }
install() { MAKEFLAGS='' make install-policies SETUP=no DESTDIR="$dir"; }
ok "make install-policies" install
ok "it installs the header for authors" header iommufd_policy.bpf.h
ok "it installs the header that this includes" header iommufd_policy.h
is "it installs them as rule files" "$(cd "$dir/usr/local/share/doc/iommuscope/examples" &&
	printf '%s\n' *.rules | names)" \
	"$(printf '%s.rules\n' "${all[@]}" | grep -v '^rules' | names)"
is "it installs all policies" "$(cd "$dir/usr/local/lib/iommuscope/policies" && names < <(ls))" \
	"$(printf '%s.bpf.o\n' "${all[@]}" | names)"
finish
