#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Rule files without the kernel: each error names file, line and column, what was found and what
# would be valid; cases; the limits of the format; iopolicy-rules(5) against the tables of iopolicy.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source "$(dirname "$0")/../lib/cli.sh"
tool=build/iopolicy
file=$dir/x.rules
page=man/iopolicy-rules.5
# bad NAME SENTENCE LINE...: a file with these lines is refused, with this one sentence
bad() {
	local name=$1 sentence=$2
	shift 2
	printf '%s\n' "$@" >"$file"
	run $tool test "$file"
	is "$name" "$rc $(cat "$dir/out" "$dir/err")" "5 iopolicy: $file:$sentence"
}
# good NAME LINE...
good() {
	local name=$1
	shift
	printf '%s\n' "$@" >"$file"
	run $tool test "$file"
	ok "$name" each 'ended 0' 'silent err'
}
hooks="bind, attach, map, unmap, hwpt-alloc, pasid-alloc, pasid-attach, fault, change-process"

# ---- errors ----
bad "an empty file" " the file has no rule; iopolicy-rules(5) has examples" "# nothing"
bad "an unknown word" "1:1: found 'rul', expected rule, param, priority, mode, \
when-slow or force" "rul x"
bad "a choice that is none" "1:11: found 'wait', expected refuse or eject" "when-slow wait"
bad "no choice" "2:1: found 'rule', expected refuse or eject" "when-slow" "rule x deny map"
bad "a choice behind a rule" "2:1: found 'when-slow', expected rule, param or a part of the rule" \
	"rule x deny map when write" "when-slow eject"
bad "no name" "1:7: found '{', expected the name of the rule: up to 31 letters, digits, -, _, ." \
	"rule  { }"
bad "no action" "2:1: found 'when', expected deny, allow, limit or audit" "rule x" "when write"
bad "an unknown hook" "1:13: found 'mapp', expected all, or some of $hooks" "rule x deny mapp"
bad "the end of the file" "2:1: found the end of the file, expected a test like 'uid = 1000', \
not, or (" "rule x deny map when"
bad "an unknown field" "1:22: 'uids' is not a field, flag or test; iopolicy-rules(5) lists them" \
	"rule x deny map when uids = 3"
bad "no operator" "1:26: found '3', expected =, !=, <, <=, >, >=, in or not in" \
	"rule x deny map when uid 3"
bad "a field of another hook" "1:22: 'vendor' cannot be tested at map; it can at bind, attach, \
hwpt-alloc, pasid-alloc, pasid-attach, fault" "rule x deny map when vendor = 8086"
bad "a fact of another hook" "2:6: 'mapped' cannot be tested at map; it can at attach, hwpt-alloc, \
pasid-attach" "rule x deny attach, map" "when mapped file"
bad "a user that does not exist" "1:28: there is no user 'nobdy' on this machine; give a name or \
a number" "rule x deny map when uid = nobdy"
bad "a size with a wrong unit" "1:31: '4X' has an unknown unit; write a number and one of K, M, G, \
T" "rule x deny map when length > 4X"
bad "an invalid PCI id" "1:32: '86' is not a PCI id, which has 4 hexadecimal digits, like 8086" \
	"rule x deny bind when vendor = 86"
bad "an invalid address" "1:32: '00:3' is not a PCI address like 0000:00:04.0 or 00:04.0" \
	"rule x deny bind when device = 00:3"
bad "a kind" "1:31: 'disk' is not a kind of memory; use user, file or dmabuf" \
	"rule x deny map when memory = disk"
bad "a range that ends below its begin" "1:40: the range '63..32' ends below its begin" \
	"rule x deny pasid-attach when pasid in 63..32"
bad "a set after =" "1:28: found '{', expected a uid, or the name of a user; for several: uid in \
{ ... }" "rule x deny map when uid = {1, 2}"
bad "a set without an end" "1:35: found '3', expected , or }" "rule x deny map when uid in {1, 2 3}"
bad "an order of names" "1:30: 'comm' has no order; use =, !=, in or not in" \
	"rule x deny map when comm <= qemu"
bad "a comparison with a range" "1:28: '1..2' is a range; compare with one value, or use in" \
	"rule x deny map when uid < 1..2"
bad "a name that is too long" "1:29: '1234567890123456' is longer than 15 characters" \
	"rule x deny map when comm = 1234567890123456"
bad "a path that is none" "1:35: 'slice' is not a cgroup's path, which begins with /, like \
/machine.slice" "rule x deny map when cgroup below slice"
bad "a * inside of a path" "1:35: a * is allowed at the end of the last name only" \
	"rule x deny map when cgroup below /a*/b"
bad "no )" "2:1: found the end of the file, expected and, or, or )" \
	"rule x deny map when (write or read"
bad "a condition that is never true" "1:6: the condition of rule 'x' is never true" \
	"rule x deny map when uid = 1 and uid = 2"
bad "a part twice" "2:1: 'error' is given twice in rule 'x'" "rule x deny map error EPERM" \
	"error ENOMEM"
bad "a rule twice" "2:6: rule 'x' is in line 1 already" "rule x deny map when write" \
	"rule x deny map when read"
bad "an unknown error" "1:23: found 'EWRONG', expected an error like EPERM or ENOMEM, or its \
number, 1 to 511" "rule x deny map error EWRONG"
bad "a rate without a time" "1:21: found '100', expected a rate like 1000/s or 60/min" \
	"rule x limit map to 100"
bad "an unknown parameter" "1:28: there is no parameter 'team'; declare it above: param team = \
VALUE" "rule x deny map when uid = \$team"
bad "a parameter twice" "2:7: parameter 'a' is declared in line 1 already" "param a = 1" \
	"param a = 2"
bad "an unknown field in a reason" "1:39: '{who}' is not a field; iopolicy-rules(5) lists them" \
	'rule x deny map when write     reason "by {who}"'
bad "a reason that is too long" "1:24: the reason is too long: with the name of the rule, and \
without values, at most 60 characters" "rule x deny map reason \"$(printf '%070d' 0)\""
bad "a string without an end" "1:24: the string has no end; add a \" on the same line" \
	'rule x deny map reason "a'
bad "a control character" "1:7: found a control character (0x1b)" $'rule x\e[31m deny map'
bad "too many parentheses" "1:54: more than 32 parentheses inside each other" \
	"rule x deny map when $(printf '(%.0s' {1..33})write"
printf 'rule x deny map when comm = a\0b\n' >"$file"
run $tool test "$file"
ok "a NUL byte" each 'ended 5' 'says "found a control character (0x00)"'

# ---- limits of the format ----
for ((n = 1; n <= 257; n++)); do echo "rule r$n deny map when uid = $n"; done >"$file"
run $tool test "$file"
ok "257 rules are too many" each 'ended 5' 'says "257:6: more than 256 rules"'
sed -i '$d' "$file"
run $tool test "$file"
ok "256 are not" each 'ended 0' 'shows ": 256 rules"'
for ((n = 1; n <= 65; n++)); do echo "rule r$n deny map scope /a$n"; done >"$file"
run $tool test "$file"
ok "65 cgroups are too many" each 'ended 5' 'says "the file has more than 64 paths of cgroups"'
fields=(uid length pid iova context last ioas start need context-pinned process-pinned uid-pinned
	cgroup-pinned context-after process-after uid-after cgroup-after)
bad "too many alternatives" "12:1: the condition has more than 256 alternatives; make two rules of \
it" "rule x deny map when write" "$(for ((n = 0; n < 16; n += 2)); do
	echo "and (${fields[n]} = 1 or ${fields[n + 1]} = 1)"
done)" "and (read or memory = file)" ""

# ---- what cannot be meant ----
printf '%s\n' "rule a allow map when uid = 0" "rule b deny map when uid = 0 and write" >"$file"
run $tool test "$file"
ok "a rule that never applies" each 'ended 0' \
	"says \"2:6: warning: rule 'b' never applies, because rule 'a' in line 1 decides all of\""
printf '%s\n' "rule a deny map when uid < 5" >"$file"
run $tool load "$file"
ok "a rule that locks root out" each 'ended 5' \
	"says \"1:6: rule 'a' refuses every map, also those of root\"" "says 'give --force'"
good "force in the file" "force" "rule a deny map"
good "a choice for slow decisions" "when-slow eject" "rule a deny map when write"
good "not for root" "rule a deny map unless uid = 0"
good "audited" "mode audit" "rule a deny all"

# ---- cases ----
sed -n '/^rule big-user$/,/^\.Ed/p' $page | sed '/^\.Ed/d' >"$dir/page"
{ echo "param most = 4G"; cat "$dir/page"; } >"$file"
sed -n '/^map uid=1000 uid-after=5G/,/^\.Ed/p' $page | sed '/^\.Ed/d' >"$dir/cases"
run $tool test "$file" --cases "$dir/cases"
ok "the cases of the manual" each 'ended 0' 'silent err' \
	"shows '$file: 2 rules, 3 cases, 0 failed'"
run $tool test "$file" --cases "$dir/cases" --set most=8G
ok "fail with another parameter" each 'ended 1' \
	"shows '$dir/cases:1:1: expected deny big-user ENOMEM, got allow'" 'shows "1 failed"'
# case_error NAME SENTENCE CASE
case_error() {
	echo "$3" >"$dir/cases"
	run $tool test "$file" --cases "$dir/cases"
	is "$1" "$rc $(<"$dir/err")" "5 iopolicy: $dir/cases:$2"
}
case_error "a case without a verdict" "2:1: found the end of the file, expected FIELD=VALUE or ->" \
	"map uid=1"
case_error "a case with an unknown rule" "1:15: there is no rule 'big' in $file" \
	"map -> deny   big"
case_error "a case with a range" "1:9: '1..3' is a range; a request has one value" \
	"map uid=1..3 -> allow"
case_error "a case with an unknown value" \
	"1:5: found 'uids', expected FIELD=VALUE, a flag, cgroup=, bound=, mapped=, time= or ->" \
	"map uids=3 -> allow"
printf '%s\n' "rule slow limit map to 2/s burst 3 per user" >"$file"
printf '%s\n' "map uid=1 -> allow" "map uid=1 -> allow" "map uid=1 -> allow" \
	"map uid=1 -> deny slow EAGAIN" "map uid=2 -> allow" "map uid=1 time=499ms -> deny slow" \
	"map uid=1 time=500ms -> allow" "map uid=1 time=600ms -> deny slow" >"$dir/cases"
run $tool test "$file" --cases "$dir/cases"
ok "a limit as time passes" each 'ended 0' 'shows "8 cases, 0 failed"'

# ---- the manual ----
# texts SECTION: the names and texts of its list
texts() { sed -n "/^\.\\\\\" $1 begin/,/^\.\\\\\" $1 end/p" $page | grep -v '^\.[\\BE]'; }
# table MACRO FILE: the same from the source
in_source() {
	printf '%s\n' '#include "include/iommufd_rules.h"' \
			'#define ROW(ID, name, type, hooks, value, text) @name;text' \
			'RULES_FIELDS(ROW)' |
		gcc -E -P -xc -Iinclude -include linux/types.h - | tr '\n' ' ' | sed 's/ *@/\n@/g' |
		sed -nE 's/^@"([^"]*)";"(.*)" *$/.It Cm \1\n\2/p'
}
is "iopolicy-rules(5) has all fields" "$(texts fields)" "$(in_source)"
is "and all flags" "$(texts flags)" "$(tr '\n' ' ' <tools/iopolicy/rules/value.c |
	sed 's/{ "/\n{ "/g' |
	sed -nE 's/^\{ "([a-z]+)", RULES_.*,\s+"([^"]*)" \},?.*/.It Cm \1\n\2/p')"
sed -n '/^rule no-files-for-nvidia$/,/^\.Ed/p' $page | sed '/^\.Ed/d' >"$file"
run $tool test "$file"
ok "its other rules are valid" each 'ended 0' 'shows "2 rules"' 'silent err'
# between NAME: the text that the manual writes into this file
between() { sed -n "/^# cat >$1 <<END/,/^END/p" $page | sed '1d;$d'; }
between guard.rules >"$file"
between guard.cases >"$dir/cases"
run $tool test "$file" --cases "$dir/cases"
ok "its example passes its cases" each 'ended 0' 'silent err' 'shows "4 rules, 3 cases, 0 failed"'
finish
