#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iopolicy test with policies in BPF: cases with verdicts, errnos, reasons, totals, cgroups, entries
# of maps and times, for all shipped policies; recordings, with the same refusals as the rule files
# of these policies; each error; a policy that is tried decides no call, is not listed, and is gone
# when the tool is killed.
# vm: --mock --smp 2
# before: tests/man-example
# takes: 40
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source tests/lib/cli.sh
# shellcheck source=tests/lib/json.sh
source tests/lib/json.sh
iopolicy=build/iopolicy
cgroups=/sys/fs/cgroup
limit=build/tests/limit.bpf.o odd=build/tests/odd.bpf.o
rec=$dir/x.rec
# cases LINE...: the file of cases
cases() { (IFS=$'\n'; echo "$*") >"$dir/x.cases"; }
try() { run $iopolicy test "$@" --cases "$dir/x.cases"; }
# all FILE OPTION... -- LINE...: all cases are met
all() {
	local options=()
	while [[ $1 != -- ]]; do options+=("$1"); shift; done
	shift
	cases "$@"
	try "${options[@]}"
	each 'ended 0' 'silent err' "grep -qE ': $# cases?, 0 failed$' '$dir/out'"
}
shipped() { local name=$1; shift; all "build/policies/$name.bpf.o" "$@"; }
record() { printf '%s\n' "$@" | tests/lib/record --page-size 4096 >"$rec"; }

# ---- verdicts ----
ok "verdicts, errors and reasons" all $limit -- 'map length=12K -> deny' \
	'map length=12K -> deny EDQUOT' 'map length=12K -> deny reason "limit: 12288 bytes"' \
	'map length=12K -> deny EDQUOT reason "limit: 12288 bytes"' 'map length=4K -> allow' \
	'unmap -> allow' 'bind -> allow' 'map length=4K -> allow reason ""'
ok "a parameter" all $limit --set bad_bytes=4096 --set error=13 -- 'map length=4K -> deny EACCES' \
	'map length=12K -> allow'
cases 'map length=12K -> allow' 'map length=4K -> deny' 'bind -> deny EPERM' \
	'map length=12K -> deny EPERM' 'map length=12K -> deny reason "x"' 'map -> allow'
try $limit
ok "cases that fail" each 'ended 1' 'silent err' \
	"shows '$dir/x.cases:1:1: expected allow, got deny EDQUOT reason \"limit: 12288 bytes\"'" \
	"shows '$dir/x.cases:2:1: expected deny, got allow'" \
	"shows 'expected deny EPERM, got allow, because the policy has no program for bind'" \
	"shows 'x.cases:4:1: expected deny EPERM, got deny EDQUOT'" \
	"shows 'x.cases:5:1: expected deny reason \"x\", got deny EDQUOT reason \"limit: '" \
	"shows '$limit: 6 cases, 5 failed'"
try $limit -j
is "in JSON" "$(json line ok failed cases <"$dir/out" | tail -n 3 | head -n 2 | tr '\n' ' ')" \
	"line=5 ok=false failed=5 cases=6 "
cases 'map length=4K -> allow' 'map length=8K -> deny EACCES' 'unmap -> allow' 'unmap -> allow' \
	'unmap -> deny EBUSY' 'unmap -> allow'
try $odd
ok "a value that is no error; state of one case is there for the next one" each 'ended 1' \
	"shows 'x.cases:1:1: expected allow, got deny EPERM, because the program returned 7'" \
	'shows "6 cases, 1 failed"' \
	'shows "the policy asks for the calling process: in a test that is iopolicy"'

# ---- the shipped policies ----
ok "quota: totals" shipped quota --set uid_limit=16384 --set process_limit=8192 -- \
	'map uid=1000 need=4K uid-after=16K -> allow' \
	'map uid=1000 need=4K uid-after=20K -> deny ENOMEM reason "uid 1000: 20 of 16 KiB"' \
	'map need=4K process-after=12K -> deny ENOMEM reason "process: 12 of 8 KiB"' \
	'map uid-after=20K -> allow' 'attach need=4K uid-after=20K -> deny' \
	'hwpt-alloc need=4K uid-after=20K -> deny' 'pasid-attach need=4K uid-after=20K -> deny' \
	'change-process need=4K uid-after=20K -> deny' 'unmap uid-after=20K -> allow'
mkdir -p $cgroups/trial/below
id=$(stat -c %i $cgroups/trial)
ok "quota: entries of maps, and cgroups above that of the request" shipped quota \
	--set uid_limit=16384 --entry uids:1000=0 --entry cgroups:/trial=4K -- \
	'map uid=1000 need=4K uid-after=20K -> allow' 'map uid=1001 need=4K uid-after=20K -> deny' \
	"map cgroup=/trial/below need=8K -> deny reason \"cgroup $id: 8 of 4 KiB\"" \
	'map cgroup=/trial/below need=4K -> allow' 'map need=8K -> allow'
ok "iova_guard: windows, also of a cgroup above" shipped iova_guard --set start1=0x10000 \
	--set last1=0x1ffff --entry cgroups:/trial,0=1M+1M -- \
	'map iova=0x10000 length=64K -> allow' 'map iova=0x10000 length=65537 -> deny EPERM' \
	'map iova=1M length=4K -> deny reason "0x100000+0x1000 outside all windows"' \
	'map iova=1M length=4K cgroup=/trial/below -> allow'
ok "readonly" shipped readonly -- 'map read -> allow' \
	'map read write ioas=3 iova=1M -> deny EPERM reason "ioas 3: writable map at 0x100000"' \
	'bind -> allow' 'bind noiommu -> deny' 'attach ioas=3 -> allow' 'attach -> deny' \
	'pasid-attach ioas=3 shared pid=12 -> deny reason "device could write to process 12"'
ok "pasid_guard" shipped pasid_guard --entry uids:any,any=16..31 -- 'pasid-alloc -> allow' \
	'pasid-alloc pasid=16 -> allow' 'pasid-attach pasid=32 uid=5 -> deny EPERM' \
	'pasid-attach pasid=32 uid=5 -> deny reason "uid 5 may not use PASID 32"'
ok "device_allow" shipped device_allow --entry devices:0000:00:03.0,1000=allow \
	--entry models:8086,10c9,any=allow -- 'bind device=0000:00:03.0 uid=1000 -> allow' \
	'bind device=0000:00:03.0 uid=1001 -> deny EPERM' \
	'bind uid=1001 vendor=1234 product=11e8 -> deny reason "uid 1001 may not bind 1234:11e8"' \
	'bind vendor=8086 product=10c9 -> allow' \
	'bind device-name=mdev0 -> deny reason "uid 0 may not bind mdev0"'
ok "rate: in real time" shipped rate --set maps_per_second=1 --set burst=2 \
	--set faults_per_second=1 -- 'map context=4 -> allow' 'map context=4 -> allow' \
	'map context=4 -> deny EAGAIN reason "over 1 maps/s, burst 2"' 'map context=5 -> allow' \
	'fault requests=2 -> deny' 'map context=4 time=3 -> allow'
hooks=(bind attach map unmap hwpt-alloc pasid-alloc pasid-attach fault change-process)
ok "audit refuses nothing" shipped audit -- "${hooks[@]/%/ -> allow}"
ok "rules without a rule file refuse nothing" shipped rules -- "${hooks[@]/%/ -> allow}"
for file in build/policies/*.bpf.o; do
	name=${file##*/} name=${name%.bpf.o}
	ok "$name is tried above" grep -qE "shipped $name( |$)" tests/vm/policy-cases.t
done

# The files that are installed as examples, with the command in their comments
for file in bpf/policies/*.cases; do
	command=$(sed -nE '/^#\tiopolicy /,/^$/s/^#(.*[^\\])\\?$/\1/p' "$file" |
		sed -E "s|^\tiopolicy|$iopolicy|; s|/usr/local/lib/iommuscope|build|
			s|--cases |&bpf/policies/|" | tr '\n\t' '  ')
	run bash -c "$command"
	ok "$file: $(grep -cE ' -> ?' "$file") cases" each 'ended 0' 'silent err' \
		'shows ": $(grep -cE " ->" '"$file"') cases, 0 failed"'
	ok "$file has its policy" test -s "${file%.cases}.bpf.c"
done
is "all shipped policies but that of rule files have cases" \
	"$(echo bpf/policies/*.cases | wc -w)" "$(($(echo bpf/policies/*.bpf.c | wc -w) - 1))"
run $iopolicy test build/tests/man-example/mylimit.bpf.o \
	--cases build/tests/man-example/mylimit.cases
ok "so has the template of iopolicy new" each 'ended 0' 'silent err' 'shows "4 cases, 0 failed"'

# ---- errors of cases ----
# bad NAME 'MESSAGE' CASE
bad() {
	cases "$3"
	try $limit
	ok "$1" each 'ended 5' 'silent out' "says '$dir/x.cases:${2//\'/\'\\\'\'}'"
}
bad "a rule" "1:13: found 'big', expected an error like EPERM, reason, or the next case; a policy \
in BPF has no rules" 'map -> deny big'
bad "a rule that allows" "1:14: found 'big', expected reason, or the next case; a policy in BPF \
has no rules" 'map -> allow big'
bad "a rule that audits" "1:14: found 'audit'" 'map -> allow audit big'
bad "bound devices" "1:5: 'bound' is not part of a request" 'map bound=8086 -> deny'
bad "mapped memory" "1:8: 'mapped' is not part of a request" 'attach mapped=user -> deny'
bad "a time that is too long" "1:10: cases of a policy in BPF are decided in real time, so a time \
is at most 60 s" 'map time=61 -> deny'
bad "a reason without quotes" "1:20: found 'x', expected a text in quotes" 'map -> deny reason x'
bad "a reason that is too long" "1:20: a reason has at most 39 characters" \
	"map -> deny reason \"$(printf '%040d' 0)\""
cases 'map -> allow' 'map cgroup=/nowhere -> allow'
try $limit
ok "a cgroup that does not exist" each 'ended 1' \
	"says '$dir/x.cases:2:1: there is no cgroup /nowhere here'" 'says mkdir'

# ---- errors of the command ----
run $iopolicy test $limit
ok "neither cases nor a recording" each 'ended 2' 'silent out' 'says "needs --cases or --replay"'
cases 'map -> allow'
# wrong NAME STATUS SENTENCE ARGUMENT...
wrong() {
	local name=$1 status=$2 sentence=$3
	shift 3
	try "$@"
	ok "$name" each "ended $status" 'silent out' "says '${sentence//\'/\'\\\'\'}'"
}
wrong "an entry without a map" 2 "--entry: 'x' is not MAP:KEY=VALUE" $limit --entry x
wrong "an unknown map" 2 "--entry: the policy has no map 'x' with entries; it has lengths" \
	$limit --entry x:1=2
wrong "a policy without maps" 2 "it has none" build/tests/even.bpf.o --entry x:1=2
wrong "a key that is none" 2 "lengths: key 'x'" $limit --entry lengths:x=2
wrong "a value that is none" 2 "lengths: value 'x'" $limit --entry lengths:1=x
wrong "an entry for rules" 2 "--entry: only for a policy in BPF" bpf/policies/rate.rules \
	--entry lengths:1=x
wrong "an unknown parameter" 2 "--set:" $limit --set nothing=1
wrong "no such file" 1 "/nowhere.o: cannot read the file" /nowhere.o
wrong "a policy that the verifier rejects" 5 "the verifier rejects" build/tests/bad-verifier.bpf.o
wrong "a policy with the flag of trials" 5 "IOMMUFD_POLICY_TRIAL" build/tests/trial-flag.bpf.o
run $iopolicy load build/tests/trial-flag.bpf.o
ok "cannot be loaded either" each 'ended 5' 'says "so no call would ask it"'
run setpriv --inh-caps=-sys_admin --bounding-set=-sys_admin $iopolicy test $limit \
	--cases "$dir/x.cases"
ok "without privileges" each 'ended 3' 'silent out' 'says "privileges: missing CAP_SYS_ADMIN"'

# ---- nothing else sees the policy ----
references() { cat /sys/module/iommufd/refcnt; }
before=$(references)
cases 'map time=60 length=4K -> allow'
$iopolicy test $limit --set bad_bytes=4096 --cases "$dir/x.cases" >"$dir/long" 2>&1 &
pid=$!
waits() { grep -qs '^link_id' /proc/$pid/fdinfo/*; }
ok "a test waits for the time of a case" await waits
is "a map that it would refuse is allowed" "$(build/tests/policy-storm --once 4096)" \
	"map=0 unmap=0"
run $iopolicy list
ok "it is not listed" each 'ended 0' '! shows limit'
ok "a policy of its name can be loaded" $iopolicy load $limit
ok "and decides" test "$(build/tests/policy-storm --once 12288)" = "map=EDQUOT unmap=-"
$iopolicy unload limit >/dev/null
kill -KILL $pid
wait $pid 2>/dev/null
gone() { (($(references) == before)); }
ok "a test that is killed leaves nothing" await gone
ok "no pin" test ! -e /sys/fs/bpf/iommufd/limit

# ---- recordings ----
snapshot=(
	"0 cgroup 7 /trial/below" "0 cgroup 8 /no.slice" "0 state-begin"
	"0 state-ctx ctx=1 tgid=10 uid=1000"
	"0 state-payer id=1 ctx=1 tgid=10 uid=1000 cgroup=7 pinned=8192"
	"0 state-object ctx=1 id=3 type=3 sbdf=0x18 group=5 vendor=0x8086 product=0x10c9"
	"0 state-end has_payers=1")
qemu="ctx=1 tgid=10 uid=1000 cgroup=7" map="map comm=qemu ioas=2" other="tgid=11 uid=0 cgroup=8"
record "${snapshot[@]}" "1 pin $qemu pages=2" \
	"1 $map $qemu iova=0x10000 length=8192 flags=7 pages=2" \
	"2 $map $qemu iova=0x20000 length=4096 flags=5 ret=-1 because=9:no" \
	"3 $map $qemu iova=0x30000 length=4096 flags=5 ret=-22" \
	"4 bind ctx=2 $other device=1 sbdf=0x18 group=6" "5 pin ctx=2 $other pages=1" \
	"5 map-file ctx=2 $other comm=dpdk ioas=4 iova=0x12000 length=4096 flags=6 pages=1" \
	"6 unmap $qemu ioas=2 iova=0x10000 length=8192 pages=2" \
	"7 map ctx=3 tgid=12 comm=old ioas=4 iova=0 length=4096 flags=6 pages=1" \
	"8 pasid-alloc $qemu device=3 sbdf=0x18 id=9 pasid=40 flags=1" \
	"9 pasid-attach $qemu device=3 sbdf=0x18 id=9 pasid=40 pt=2"
replay() { run $iopolicy test "$@" --replay "$rec"; }
replay $limit --set bad_bytes=8192
ok "what a policy would have refused" each 'ended 0' 'silent err' \
	"grep -qE '^map +4 +3 +1( +0){2} 1.0{6} s, qemu .pid 10.: EDQUOT: limit: ' \
		$dir/out" \
	"grep -qE '^unmap +1 +1 +0 +0 +0 -$' $dir/out" \
	"shows '$rec: 8 requests (1 bind, 4 map, 1 unmap, 1 pasid-alloc, 1 pasid-attach), 1'" \
	"shows '1 call is left out, because it failed for another reason'"
replay $limit --set bad_bytes=8192 --all
ok "each refusal" each 'ended 0' \
	"grep -qE '^ +1.0{6} +10 qemu +map +limit +EDQUOT +limit: 8192 bytes$' $dir/out"
replay $odd
ok "a value that is no error, and the clock" each 'ended 0' \
	"grep -qE '^map +4 +0 +4 +3 +0 1.0{6} s, qemu .pid 10.: EACCES$' $dir/out" \
	'shows "the policy reads the clock, and a replay runs at its own speed"' \
	'shows "the policy asks for the calling process"'
replay build/policies/quota.bpf.o --set uid_limit=4096
ok "a call of which the recording lacks members" each 'ended 0' \
	"grep -qE '^map +4 +3 +1 +0 +3 ' $dir/out" 'shows ", 4 not for sure"' \
	'shows "map: 3 verdicts may differ, because the program reads, and the recording does"' \
	'shows "uid, cgroup, need"' \
	'shows "the policy calls iommufd_pinned_cgroup: the answer is about this machine now"'
replay build/policies/quota.bpf.o --set uid_limit=4096 -j
is "in JSON" "$(json hook requests allowed denied invalid unknown first.error <"$dir/out" |
	grep '^hook=map')" \
	"hook=map requests=4 allowed=3 denied=1 invalid=0 unknown=3 first.error=ENOMEM"
is "a pipe" "$($iopolicy test $limit --replay - <"$rec" | grep -c '^map ')" 1
run $iopolicy test $limit --replay /nowhere
ok "no such recording" each 'ended 1' 'says /nowhere'

# refused FILE OPTION...: the requests that it would refuse, by hook
refused() {
	run $iopolicy test "$@" --all -j
	json hook audit error <"$dir/out" | grep ' audit=false ' | sort | uniq -c | tr -s ' ' |
		tr '\n' ';'
}
# same NAME RECORDING 'RULES OPTIONS' 'BPF OPTIONS'
same() {
	local rules policy options
	read -ra options <<<"$3"
	rules=$(refused "bpf/policies/$1.rules" --replay "$2" "${options[@]}")
	read -ra options <<<"$4"
	policy=$(refused "build/policies/$1.bpf.o" --replay "$2" "${options[@]}")
	is "$1 refuses the same as its rules in ${2##*/}" "$policy" "$rules"
}
total=0
for file in "$rec" tests/golden/{all,demo,lost,stacks}.rec; do
	same quota "$file" "--set uid_limit=4K" "--set uid_limit=4096"
	same iova_guard "$file" "--set window=0x10000..0x1ffff" "--set start1=0x10000 --set \
last1=0x1ffff"
	same pasid_guard "$file" "" "--entry uids:any,any=16..31"
	same audit "$file" "" ""
	total=$((total + $(refused build/policies/readonly.bpf.o --replay "$file" | wc -c)))
done
ok "and some of them are refused" test $total -gt 0
allowed=(--entry "devices:0000:00:03.0,1000=allow" --entry "models:8086,10c9,any=allow")
same device_allow "$rec" "" "${allowed[*]}"
# Rules that cannot be told do not apply, but a program always gives a verdict.
run $iopolicy test build/policies/device_allow.bpf.o --replay tests/golden/all.rec -j \
	"${allowed[@]}"
is "without the ids of devices, no verdict of device_allow is sure" \
	"$(json requests denied unknown hook <"$dir/out" | head -n 1)" \
	"requests=3 denied=3 unknown=3 hook=bind"

rmdir $cgroups/trial/below $cgroups/trial
is "nothing is pinned" "$(pinned)" 0
finish
