#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iopolicy test --replay: what rules would have refused in recorded traffic, with the values that a
# recording has, and which it does not have: users, cgroups, ids of devices, bound devices, totals.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source "$(dirname "$0")/../lib/cli.sh"
# shellcheck source=tests/lib/json.sh
source "$(dirname "$0")/../lib/json.sh"
tool=build/iopolicy
file=$dir/x.rules rec=$dir/x.rec
rules() { printf '%s\n' "$@" >"$file"; }
record() { printf '%s\n' "$@" | tests/lib/record --page-size 4096 >"$rec"; }
replay() { run $tool test "$file" --replay "$rec" "$@"; }
# counts: RULE=denied/would_deny/allowed/unknown of each rule
counts() {
	replay -j
	json name denied would_deny allowed unknown <"$dir/out" | grep '^name=' |
		sed -E 's/name=//; s/ denied=/=/; s/ (would_deny|allowed|unknown)=/\//g' |
		tr '\n' ' '
}
# missing: what each rule lacks
missing() { sed -nE 's/^rule (.*): .* does not have (.*)/\1: \2/p' "$dir/out"; }

snapshot=(
	"0 cgroup 7 /machine.slice/vm1"
	"0 cgroup 8 /user.slice"
	"0 state-begin"
	"0 state-ctx ctx=1 tgid=10 uid=1000"
	"0 state-payer id=1 ctx=1 tgid=10 uid=1000 cgroup=7 pinned=8192"
	"0 state-object ctx=1 id=3 type=3 sbdf=0x18 group=5 vendor=0x8086 product=0x10c9"
	"0 state-end has_payers=1")
qemu="ctx=1 tgid=10 uid=1000 cgroup=7" map="map comm=qemu ioas=2" other="tgid=11 uid=0 cgroup=8"
traffic=(
	"1 pin $qemu pages=2"
	"1 $map $qemu iova=0x10000 length=8192 flags=7 pages=2"
	"2 $map $qemu iova=0x20000 length=4096 flags=5 ret=-1 because=9:no"
	"3 $map $qemu iova=0x30000 length=4096 flags=5 ret=-22"
	"4 open ctx=2 tgid=11"
	"4 bind ctx=2 $other device=1 sbdf=0x20 group=6"
	"5 pin ctx=2 $other pages=1"
	"5 map-file ctx=2 $other comm=dpdk ioas=4 iova=0 length=4096 flags=6 pages=1"
	"6 unmap $qemu ioas=2 iova=0x10000 length=8192 pages=2"
	"7 map ctx=3 tgid=12 comm=old ioas=4 iova=0 length=4096 flags=6 pages=1")
record "${snapshot[@]}" "${traffic[@]}"

# ---- values that a recording has ----
rules "rule big deny map when length > 4K reason \"{length}\"" \
	"rule files deny map when memory = file" \
	"rule unmap deny unmap when range within 0x10000..0x1ffff" \
	"rule where deny map when iova >= 0x20000"
replay
ok "what rules would have refused" each 'ended 0' 'silent err' \
	"grep -qE '^big +deny +map +1( +0){3} 1.0{6} s, qemu \\(pid 10\\): big: 8 KiB$' $dir/out" \
	"shows '$rec: 6 requests (1 bind, 4 map, 1 unmap), 4 would be refused'" \
	"shows '1 call is left out, because it failed for another reason'"
is "each rule" "$(counts)" "big=1/0/0/0 files=1/0/0/0 unmap=1/0/0/0 where=1/0/0/0 "
replay --all
is "each refusal" "$(tail -n +2 "$dir/out" | head -n 4 | tr -s ' ')" \
	" 1.000000 10 qemu map big EPERM big: 8 KiB
 2.000000 10 qemu map where EPERM where
 5.000000 11 dpdk map files EPERM files
 6.000000 10 unmap unmap EPERM unmap"
rules "rule slow limit map to 1/min burst 1 per context"
is "a limit, by the time of the recording" "$(counts)" "slow=1/0/0/0 "
rules "rule a audit map when uid = 1000" "rule b allow map when uid = 1000" "rule c deny map"
is "order, audit, allow; a call without a user" "$(counts)" "a=0/2/0/1 b=0/0/2/1 c=2/0/0/0 "
replay
is "what is missing" "$(missing)" "a: uid
b: uid"
rules "rule vm deny map when cgroup below /machine.slice" \
	"rule not deny map unless cgroup below {/machine.slice, /user.slice}"
is "cgroups" "$(counts)" "vm=2/0/0/1 not=0/0/0/1 "
replay
is "a call without a cgroup" "$(missing)" "vm: cgroup
not: cgroup"
rules "rule intel deny map when bound 8086:10c9" "rule ids deny bind when vendor = 8086" \
	"rule group deny bind when group = 6"
is "ids of devices follow from snapshots" "$(counts)" "intel=2/0/0/1 ids=0/0/0/1 group=1/0/0/0 "
replay
is "if they have them" "$(missing)" "intel: bound
ids: vendor"

# ---- totals ----
rules "rule total deny map when uid-after > 12K" "rule before deny map when cgroup-pinned >= 16K" \
	"rule need deny map when need > 4K" "rule ctx deny map when context-pinned = 0"
is "totals follow from a snapshot and the pins after it" "$(counts)" \
	"total=1/0/0/2 before=1/0/0/1 need=0/0/0/0 ctx=2/0/0/0 "
replay
is "of a call that failed, it is not known how much it would have pinned" "$(missing)" \
	"total: uid-after
before: cgroup-pinned"
record "${traffic[@]}"
rules "rule total deny map when uid-after > 12K"
replay
ok "without a snapshot there are none" each 'ended 0' \
	'shows "it has no totals of pinned memory, because it has no snapshot of the driver, or"' \
	'shows "rule total: 4 requests cannot be told, because the recording does not have uid-a"'

# ---- a process that takes over the memory of another one ----
record "${snapshot[@]}" "1 change-process ctx=1 tgid=12 uid=5 cgroup=8 pages=2" \
	"2 pin ctx=1 tgid=12 uid=5 cgroup=8 pages=1" \
	"2 map ctx=1 tgid=12 uid=5 cgroup=8 ioas=2 iova=0 length=4096 flags=6 pages=1"
rules "rule take deny change-process when need >= 8K and uid = 5" \
	"rule map deny map when uid-pinned = 8K and uid-after = 12K" \
	"rule total deny change-process when uid-after > 0"
is "it is a request, and moves the totals" "$(counts)" "take=1/0/0/0 map=1/0/0/0 total=0/0/0/0 "

# ---- what a PASID is attached to ----
pasid="pasid-attach $qemu device=3 sbdf=0x18 id=21"
record "${snapshot[@]:0:6}" "0 state-object ctx=1 id=2 type=1" \
	"0 state-object ctx=1 id=4 type=2 parent=2" "0 state-end has_payers=1" \
	"1 object-alloc $qemu id=20 type=13" "1 $pasid pasid=40 pt=20" \
	"2 $pasid pasid=41 pt=2" "3 $pasid pasid=42 pt=4" "4 $pasid pasid=43 pt=99" \
	"5 object-destroy $qemu id=20 type=13" "5 $pasid pasid=44 pt=20"
rules "rule need audit pasid-attach when need > 0" \
	"rule table audit pasid-attach when hwpt = 4" \
	"rule shared deny pasid-attach when shared" \
	"rule space deny pasid-attach when ioas = 2"
is "sharing, address space and page table follow from the object" "$(counts)" \
	"need=0/0/0/4 table=0/1/0/3 shared=1/0/0/2 space=2/0/0/2 "
replay
is "if the recording has it" "$(missing | tail -n 2)" "shared: flags
space: ioas"

# ---- new page tables ----
alloc="hwpt-alloc $qemu device=3 sbdf=0x18"
record "${snapshot[@]}" "1 $alloc pt=2 ioas=2 hwpt=5 flags=1" \
	"2 $alloc pt=5 ioas=2 parent=5 hwpt=6 data_type=7" \
	"3 $alloc pt=2 ioas=2 flags=8 ret=-1 because=9:no" "4 $alloc pt=99 ret=-22" \
	"5 $pasid pasid=45 pt=5" "6 $pasid pasid=46 pt=6"
rules "rule parents deny hwpt-alloc when hwpt-flags = 1 and hwpt = none" \
	"rule nested audit hwpt-alloc when data-type = 7 and hwpt = 5" \
	"rule intel deny hwpt-alloc when vendor = 8086 and ioas = 2" \
	"rule table audit pasid-attach when ioas = 2 and hwpt = 5" \
	"rule upper audit pasid-attach when hwpt = 6"
is "their flags, format, device and parent" "$(counts)" \
	"parents=1/0/0/0 nested=0/1/0/0 intel=2/0/0/0 table=0/1/0/0 upper=0/1/0/0 "
replay
ok "a call that failed for another reason is none" each 'ended 0' \
	'shows "5 requests (3 hwpt-alloc, 2 pasid-attach), 3 would be refused"' \
	'shows "1 call is left out, because it failed for another reason"'
rules "rule need audit hwpt-alloc when need > 0"
is "only a nested one pins nothing for sure" "$(counts)" "need=0/0/0/2 "

# ---- other gaps ----
rules "rule h deny hwpt-alloc" "rule all audit all"
run $tool test "$file" --replay tests/golden/all.rec
ok "a recording without the events of a hook" each 'ended 0' \
	'shows "rule h: the recording has no events of hwpt-alloc"'
record "${traffic[@]}" "8 cut"
replay
ok "a recording without an end" each 'ended 0' 'shows "the recording has no end"'
is "a pipe" "$($tool test "$file" --replay - <"$rec" | tail -n 1)" \
	"the recording has no end: iosnoop was killed, or still runs"
run $tool test "$file" --replay /nowhere
ok "no such recording" each 'ended 1' 'says "/nowhere"'
run $tool test "$file" --replay "$file"
ok "another file" each 'ended 1' 'says "not a recording"'
run $tool test "$file" --all
ok "--all alone" each 'ended 2' 'says "--all is only for --replay"'
for golden in tests/golden/*.rec; do
	run $tool test "$file" --replay "$golden"
	ok "$golden is read" each 'ended 0'
done
finish
