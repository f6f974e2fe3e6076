#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The policy files of iopolicy apply, as far as they are read without the kernel: each error names
# file and line, what is wrong, and what would be right. tests/vm/policy-folder.t does the rest.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source "$(dirname "$0")/../lib/cli.sh"
tool=build/iopolicy
folder=$dir/policy.d
mkdir -m 755 "$folder"
cp build/tests/{limit,bad-none}.bpf.o "$dir"
chmod -R go-w "$dir"
object="object = $dir/limit.bpf.o"
# bad NAME SENTENCE LINE...: a file with these lines is refused, with this sentence
bad() {
	local name=$1 sentence=$2
	shift 2
	printf '%s\n' "$@" >"$folder/a.policy"
	run $tool apply "$folder"
	ok "$name" each 'ended 5' 'silent out' "says $(printf '%q' "$sentence")" \
		"says $(printf '%q' "iopolicy: $folder/a.policy")"
}
bad "a line without a value" "a.policy:2: priority has no value" "$object" "priority ="
bad "a line without =" "a.policy:2: 'audit' is not KEY = VALUE" "$object" "audit"
bad "an unknown key" "a.policy:1: unknown key 'prio'; known are object, name, priority," "prio = 3"
bad "a key twice" "a.policy:3: audit is given twice" "$object" "audit = yes" "audit = no"
bad "a parameter twice" "a.policy:3: parameter small is set twice" "$object" "set.small=1" \
	"set.small = 2"
bad "a parameter without a name" "a.policy:2: set. needs the name of a parameter" "$object" \
	"set. = 2"
bad "a priority that is no number" "a.policy:1: priority: '1x' is not a number" "priority = 1x"
bad "an invalid name" "a.policy:1: 'a/b' is not a valid policy name" "name = a/b"
bad "neither yes nor no" "a.policy:1: audit: 'maybe' is neither yes nor no" "audit = maybe"
bad "no object" "a.policy: no object given; add a line: object = NAME.bpf.o" "# nothing"
bad "a relative path" "a.policy:1: object './limit.bpf.o' is a relative path" \
	"object = ./limit.bpf.o"
bad "an unknown shipped policy" "a.policy:1: object 'quotas.bpf.o' is none of the shipped" \
	"object = quotas.bpf.o"
bad "an object that does not exist" "a.policy:1: object $dir/none.o: no such file" \
	"object = $dir/none.o"
bad "a parameter that the policy does not have" "a.policy: unknown parameter 'x'; this policy has" \
	"$object" "set.x = 3"
bad "a value that does not fit" "a.policy: small: '256' is too large" "$object" "set.small = 256"
head -c 5000 /dev/zero >"$folder/a.policy"
run $tool apply "$folder"
ok "a file that is no text" each 'ended 5' 'says "a.policy:1: the line is too long, or has a NUL"'
printf '%s\n' "object = $dir/bad-none.bpf.o" >"$folder/a.policy"
run $tool apply "$folder"
ok "an object that is no policy" each 'ended 5' 'says "contains no policy"'
echo "object = /etc/passwd" >"$folder/a.policy"
run $tool apply "$folder"
ok "an object that is no BPF" each 'ended 5' 'says "not a BPF object file"'
echo "$object" >"$folder/a.policy"
printf '%s\n' "$object" "name = a" >"$folder/b.policy"
run $tool apply "$folder"
ok "two policies of one name" each 'ended 5' \
	"says '$folder/a.policy and $folder/b.policy: both are named a; rename one'"
mv "$folder/b.policy" "$folder/b.polcy"
run $tool apply "$folder"
ok "a file whose name is misspelt" each 'ended 5' \
	"says 'b.polcy: not a policy file, whose name ends with .policy or .rules; remove it, or'"
rm "$folder/b.polcy"
echo "$object" >"$folder/long-name-of-a-policy-file-that-is-too-long.policy"
run $tool apply "$folder"
ok "a file whose name is no name of a policy" each 'ended 5' \
	"says 'is not a valid policy name, so the file needs a line: name = NAME'"
rm "$folder"/long*
chmod g+w "$folder/a.policy"
run $tool apply "$folder"
ok "a file that others may write" each 'ended 5' "says 'so other users could change policies'"
chmod 644 "$folder/a.policy"
chmod o+w "$folder"
run $tool apply "$folder"
ok "a folder that others may write" each 'ended 5' "says 'so other users could change policies'"
chmod 755 "$folder"
chmod g+w "$dir/limit.bpf.o"
run $tool apply "$folder"
ok "an object that others may write" each 'ended 5' "says 'limit.bpf.o: owned by uid'"
chmod 644 "$dir/limit.bpf.o"
if ((EUID == 0)); then
	# As somebody who may not read it.
	cp build/iopolicy "$dir"
	chmod 711 "$dir"
	other() { run setpriv --reuid 65534 --regid 65534 --clear-groups "$dir/iopolicy" "$@"; }
	chmod 600 "$folder/a.policy"
	other apply "$folder"
	ok "a file that cannot be read" each 'ended 1' 'silent out' \
		"says '$folder/a.policy: cannot open it (EACCES)'"
	chmod 644 "$folder/a.policy"
	chmod 700 "$folder"
	other apply "$folder"
	ok "a folder that cannot be read" each 'ended 1' 'silent out' \
		"says '$folder: cannot open it (EACCES)'"
	chmod 755 "$folder"
else
	skip "a file and a folder that cannot be read" "only root can run it as another user"
fi
ln -s /dev/zero "$folder/dev.policy"
run $tool apply "$folder"
ok "a device instead of a file" each 'ended 5' "says 'dev.policy: not a regular file'"
rm "$folder/dev.policy"
run $tool apply "$dir/none"
ok "a folder that does not exist" each 'ended 1' 'silent out' "says '$dir/none: cannot open it'"
echo "$object" >"$dir/file"
run $tool apply "$dir/file"
ok "a file that is neither a folder nor a policy" each 'ended 1' 'silent out' \
	"says '$dir/file: cannot open it (ENOTDIR)'"
echo "priority = 1x" >"$dir/one.policy"
run $tool apply "$dir/one.policy"
ok "a policy file alone is read" each 'ended 5' 'silent out' \
	"says 'one.policy:1: priority: '\''1x'\'' is not a number'"
run $tool apply "$folder" more
ok "two folders" each 'ended 2' "says \"unexpected operand 'more'\""
run $tool apply --confirm 0 "$folder"
ok "no time to confirm" ended 2
run $tool confirm
ok "confirm without apply" each 'ended 1' "says 'no apply waits for a confirmation'"
touch "$folder"/{README,.x,x~,y.disabled,z.dpkg-old}
printf '%s\n' "$object" "# comment" "" "  set.label =  two words " "priority=-4" "audit = true" \
	"name=other" "object-less = 1" | sed '$d' >"$folder/a.policy"
run $tool apply "$folder"
if ((EUID == 0)) && [[ ! -e /sys/module/iommufd ]]; then
	ok "valid files, but no module" each 'ended 4' "says 'module iommufd: not loaded'"
else
	skip "valid files, but no module" "not root, or the module is loaded"
fi

finish
