#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Rule files in force: refusals with their errno and reason, counts of each rule, cgroups by path
# that are made later, limits, audit mode, devices that are bound, a replace under a storm of maps.
# vm: --mock
# takes: 40
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source tests/lib/cli.sh
# shellcheck source=tests/lib/json.sh
source tests/lib/json.sh
iopolicy=build/iopolicy
client=build/tests/policy-storm
cgroups=/sys/fs/cgroup
pins=/sys/fs/bpf/iommufd
mkdir -m 755 "$dir/r"
chmod go-w "$dir" "$dir/r"
# rules LINE...: the file guard.rules
rules() { (IFS=$'\n'; echo "$*") >"$dir/r/guard.rules"; }
apply() { run $iopolicy apply "$@" "$dir/r/guard.rules"; }
once() { $client --once "$1"; }
# below CGROUP LENGTH: a map by a process in the cgroup
below() { bash -c 'echo $$ >"$1/cgroup.procs" && exec "$2" --once "$3"' sh "$cgroups/$1" \
	$client "$2"; }
# counts: RULE=denied/audited/allowed of each rule
counts() {
	$iopolicy show guard -j >"$dir/shown"
	python3 -c 'import json, sys
for r in json.load(sys.stdin)["rules"]:
    print("%s=%d/%d/%d" % (r["name"], r["denied"], r["would_deny"], r["allowed"]), end=" ")' \
		<"$dir/shown"
}
last() { $iopolicy list -j | json last.reason | head -n 1; }

# ---- one rule ----
rules 'param most = 8K' 'rule big' '	deny map' '	when length > $most' '	error EDQUOT' \
	'	reason "{length} of {$most}, uid {uid}"'
apply
ok "apply puts a rule file in force" each 'ended 0' 'silent err' \
	"shows '+ guard: priority 0, scope all, enforce ($dir/r/guard.rules)'"
is "a map at the limit" "$(once 8192)" "map=0 unmap=0"
is "a map above it" "$(once 12288)" "map=EDQUOT unmap=-"
is "the reason has the values" "$(last)" "last.reason=big: 12 KiB of 8K, uid 0"
is "the rule is counted" "$(counts)" "big=1/0/0 "
run $iopolicy show guard
ok "show has the rule, its counts and the last reason" each 'ended 0' 'silent err' \
	'shows "big              deny   map               1          0       0 pid "' \
	'shows "uid 0: big: 12 KiB of 8K, uid 0"'
is "only the hook of the rule is loaded" "$(ls $pins/guard/progs)" "rules_map"
apply --set most=16K
ok "a parameter is set" each 'ended 0' 'shows "~ guard"'
is "and applies" "$(once 12288) $(once 20480)" "map=0 unmap=0 map=EDQUOT unmap=-"

run $iopolicy set guard most=24K
ok "set changes a parameter in force" each 'ended 0' 'silent err' \
	'shows "    parameter most: 16K -> 24K"'
is "and it applies" "$(once 20480) $(once 28672)" "map=0 unmap=0 map=EDQUOT unmap=-"
run $iopolicy set guard mots=24K
ok "an unknown parameter" each 'ended 5' "says \"guard: the file has no parameter 'mots'\""

run $iopolicy why
ok "why shows the last refusals, the newest first" each 'ended 0' 'silent err' \
	"sed -n 2p $dir/out | grep -qE \
' +1 +[0-9]+ policy-storm +- +guard +big +ioas_map +[0-9]+ +EDQUOT +big: 28 KiB of 24K, uid 0$'" \
	"sed -n 3p $dir/out | grep -qE ' guard +big .* big: '"
read -r pid line < <($iopolicy why -j | json tgid uid hook error audit rule reason | head -n 1)
is "in JSON" "$line" \
	"uid=0 hook=ioas_map error=EDQUOT audit=false rule=big reason=big: 28 KiB of 24K, uid 0"
run $iopolicy why "${pid#tgid=}"
ok "of a process" each 'ended 0' "(($(wc -l <"$dir/out") == 2))"
run $iopolicy why EDQUOT
ok "with an error" each 'ended 0' 'shows EDQUOT'
run $iopolicy why EPERM
ok "with another error there is none" each 'ended 1' 'silent out' \
	'says "no refusal with EPERM is known"' 'says "iosnoop"'
run $iopolicy why 2147483647
ok "of another process, neither" each 'ended 1' 'says "no refusal of process 2147483647 is known"'
run $iopolicy why 0x
ok "what is neither" each 'ended 2' "says \"'0x' is not a process id\""
run $iopolicy why EWRONG
ok "an unknown error" each 'ended 2' "says \"neither a process id nor an error\""

# ---- the file against the kernel ----
run $iopolicy diff "$dir/r/guard.rules" --set most=24K
ok "diff of the same rules" each 'ended 0' 'shows "= guard"'
run $iopolicy diff "$dir/r/guard.rules"
ok "diff of others" each 'ended 1' 'shows "    parameter most: 24K -> 8K"' \
	'shows "would be: 0 loaded, 1 replaced, 0 unloaded, 0 unchanged"'
is "changes nothing" "$(once 20480)" "map=0 unmap=0"
cp build/policies/quota.bpf.o "$dir"
chown root: "$dir/quota.bpf.o"
chmod go-w "$dir/quota.bpf.o"
printf '%s\n' "object = $dir/quota.bpf.o" 'audit = yes' 'set.uid_limit = 4G' >"$dir/r/quota.policy"
chmod go-w "$dir/r/quota.policy"
run $iopolicy diff "$dir/r/quota.policy"
ok "diff of a policy file that is not in force" each 'ended 1' 'shows "+ quota: "'
run $iopolicy apply "$dir/r/quota.policy"
run $iopolicy diff "$dir/r"
ok "diff of a folder" each 'ended 1' 'shows "= quota"' 'shows "~ guard"'
$client --once 4096 >/dev/null
run $iopolicy unload quota
rm "$dir/r/quota.policy"

# ---- cgroups: by path, also if they are made later, and made again ----
rules 'rule a' '	deny map' '	when cgroup below {/box, /slice/vm*} and length > 4K' \
	'	unless cgroup below /box/free'
mkdir -p $cgroups/slice
apply
ok "rules for cgroups" ended 0
mkdir -p $cgroups/box/deep/er $cgroups/box/free $cgroups/slice/vm1/x $cgroups/slice/other \
	$cgroups/boxes
is "a cgroup of the path" "$(below box 8192)" "map=EPERM unmap=-"
is "another length in it" "$(below box 4096)" "map=0 unmap=0"
is "one below" "$(below box/deep/er 8192)" "map=EPERM unmap=-"
is "one that is excluded" "$(below box/free 8192)" "map=0 unmap=0"
is "one whose name begins so" "$(below boxes 8192)" "map=0 unmap=0"
is "one of a pattern" "$(below slice/vm1 8192)" "map=EPERM unmap=-"
is "and below it" "$(below slice/vm1/x 8192)" "map=EPERM unmap=-"
is "one beside the pattern" "$(below slice/other 8192)" "map=0 unmap=0"
is "the parent of the pattern" "$(below slice 8192)" "map=0 unmap=0"
is "no cgroup" "$(once 8192)" "map=0 unmap=0"
rmdir $cgroups/slice/vm1/x $cgroups/slice/vm1
mkdir $cgroups/slice/vm1
is "the cgroup is removed and made again" "$(below slice/vm1 8192)" "map=EPERM unmap=-"

# ---- order, allow, audit ----
rules 'rule watch' '	audit map' '	when length > 4K' '	priority 9' \
	'rule small' '	allow map' '	when length <= 8K' \
	'rule rest' '	deny map' '	error EACCES' '	reason "the rest"'
apply
ok "rules that refuse all else, but let root map" each 'ended 5' \
	"says 'rule '\\''rest'\\'' refuses every map, also those of root'" 'says "--force"'
is "are not in force without --force" "$(once 12288)" "map=0 unmap=0"
apply --force
ok "and are with it" each 'ended 0' 'shows "~ guard"'
is "the rules decide in their order" "$(once 4096) $(once 8192) $(once 12288)" \
	"map=0 unmap=0 map=0 unmap=0 map=EACCES unmap=-"
is "each of them is counted" "$(counts)" "watch=0/2/0 small=0/0/2 rest=1/0/0 "
apply --force --audit
is "audit refuses nothing" "$(once 12288)" "map=0 unmap=0"

# ---- limits ----
rules 'rule slow' '	limit map to 2/min burst 2 per user'
apply
is "a limit" "$(once 4096) $(once 4096) $(once 4096)" \
	"map=0 unmap=0 map=0 unmap=0 map=EAGAIN unmap=-"
is "is counted" "$(counts)" "slow=1/0/0 "

# ---- bound devices, and memory that is mapped ----
edu=$(tests/vm/bind --bdf edu)
tests/vm/bind edu >/dev/null
rules 'rule no-user-memory' '	deny map' '	when memory = user and bound 1234:11e8' \
	'rule nor-attach' '	deny attach' '	when vendor = 1234 and mapped user'
apply
is "no such device is bound" "$(once 4096)" "map=0 unmap=0"
run build/tests/edu-dma --bdf "$edu"
ok "a map for a device with these ids is refused" test $rc -ne 0
is "by the rule" "$(counts)" "no-user-memory=1/0/0 nor-attach=0/0/0 "

# ---- atomic replace ----
rules 'rule no' '	deny map' '	when length = 12K' '	error EDQUOT'
apply
mkfifo "$dir/stop"
$client --bad 12288 --seconds 600 <"$dir/stop" >"$dir/storm" 2>&1 &
pid=$!
exec 5>"$dir/stop"
await grep -q ready "$dir/storm"
for n in {1..6}; do
	case $((n % 2)) in
	1) rules 'rule other' '	deny map' '	when length in 9K..16K' '	error EACCES' ;;
	0) rules 'rule no' '	deny map' '	when length = 12K' '	error EDQUOT' ;;
	esac
	apply
	((rc == 0)) || diag "$(<"$dir/err")"
	nap 0.3
done
exec 5>&-
wait $pid
status=$?
diag "$(<"$dir/storm")"
ok "a replace leaves no moment without rules" each "((status == 0))" \
	"grep -q ' allowed=0' $dir/storm" '! grep -q "edquot=0 \|eacces=0 " "$dir/storm"'

$iopolicy unload guard >/dev/null
is "nothing is pinned" "$(pinned)" 0
rmdir $cgroups/box/deep/er $cgroups/box/deep $cgroups/box/free $cgroups/box \
	$cgroups/slice/vm1 $cgroups/slice/other $cgroups/slice $cgroups/boxes
finish
