#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iosnoop --at: what is mapped at an IOVA, by device, PASID and address space, against what a
# client, which runs as a virtual machine does, has mapped; and the errors.
# vm: --mock
# takes: 12
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/iosnoop.sh
source tests/lib/iosnoop.sh
edu=$(tests/vm/bind --bdf edu)
tests/vm/bind "$edu" >/dev/null
cgroup="/sys/fs/cgroup/machine.slice/machine-qemu\\x2d1\\x2dvm1.scope"
mkdir -p "$cgroup"

mkfifo "$dir/in" "$dir/out"
(
	echo "$BASHPID" >"$cgroup/cgroup.procs"
	exec build/tests/top-client --mock --name qemu-system-x86 <"$dir/in" >"$dir/out"
) 9>&- &
client=$!
exec 8>"$dir/in" 7<"$dir/out"
read -r -t "$patience" -u 7 line
ctx=${line#*ctx=} ctx=${ctx%% *} ioas=${line#*ioas=}
tell() {
	local order answer
	for order; do
		echo "$order" >&8
		read -r -t "$patience" -u 7 answer
		[[ $answer == ok ]] || { diag "$order: ${answer:-no answer}"; return 1; }
	done
}
ok "a client with three areas, a gap and another area" tell \
	"map 0 3 8192" "gap 0 65536" "map 0 1 4096" "ioas 1" "map 1 1 12288" "pasid 1 5" \
	"copy 0 1 1"
name=$(sed -nE 's/^iommufd-object:\tdevice id=.* name=([^ ]+) .*/\1/p' /proc/$client/fdinfo/*)
pasid=$(sed -nE 's/^iommufd-object:\tpasid id=.* pasid=([^ ]+) .*/\1/p' /proc/$client/fdinfo/*)
other=$(sed -nE 's/^iommufd-object:\tioas id=([0-9]+) .*/\1/p' /proc/$client/fdinfo/* | tail -n 1)
diag "context $ctx, IOASes $ioas and $other, device $name, PASID $pasid"

# at NAME STATUS ARGUMENT...: the output and messages go to $dir/NAME and NAME.err
at() {
	local name=$1 want=$2
	shift 2
	$iosnoop --at "$@" >"$dir/$name" 2>"$dir/$name.err"
	is "$name: status" "$?" "$want" || show "$dir/$name.err"
}
# has NAME TEXT...: each is in the output
has() {
	local name=$1 text
	shift
	for text; do
		grep -qE -- "$text" "$dir/$name" && continue
		echo "no '$text' in:"
		cat "$dir/$name"
		return 1
	done
}

# ---- mapped ----
at second 0 "$name:0x1002345"
ok "the area is the second one" has second \
	"^iova     0x1002345 in ioas $ioas of context $ctx, device $name$" \
	"^area     0x1002000 to 0x1003fff \(8K\), rw$" \
	"^memory   process, address 0x[0-9a-f]+000$" \
	"^byte     address 0x[0-9a-f]+345$" "^runs     [12], [48]K on average, 0 in huge pages$" \
	"^owner    vm1 $client qemu-system-x86, uid 0$" \
	"^mapped   [0-9.]+(ms|s) ago, at 20[0-9-]+ [0-9:]+$"
start_of=$(sed -nE 's/^memory .*address (0x[0-9a-f]+).*/\1/p' "$dir/second")
byte=$(sed -nE 's/^byte .*address (0x[0-9a-f]+).*/\1/p' "$dir/second")
is "the byte is that far into the memory" $((byte - start_of)) $((0x345))
at json 0 "$ctx/$ioas:16M" -j
is "JSON, by numbers, with a unit: the first area" "$(json iova ctx ioas device pasid mapped \
	address area.iova area.length_bytes area.prot area.memory area.state area.copy area.tgid \
	area.comm area.uid area.machine below above <"$dir/json")" \
	"iova=0x1000000 ctx=$ctx ioas=$ioas device=null pasid=null mapped=true \
address=$start_of area.iova=0x1000000 area.length_bytes=8192 area.prot=rw area.memory=process \
area.state=mapped area.copy=false area.tgid=$client area.comm=qemu-system-x86 area.uid=0 \
area.machine=vm1 below=null above=null"
age=$(json area.age_ns <"$dir/json") since=$(json area.since_ns time_ns <"$dir/json")
diag "$age $since"
ok "its age is in seconds, not in hours" test "${age#*=}" -lt 3000000000000
at copy 0 "$name@$pasid:0x1003fff" -j
is "by PASID: a copy in the other IOAS" "$(json ioas pasid area.iova area.copy \
	area.length_bytes <"$dir/copy")" \
	"ioas=$other pasid=$pasid area.iova=0x1003000 area.copy=true area.length_bytes=8192"
at pasid 0 "$name:0x1000000" --pasid "$pasid"
ok "the same with --pasid" has pasid "ioas $other of context $ctx, device $name, PASID $pasid$"
at zero 0 "$name@0:0x1000000"
ok "PASID 0 is the whole device" has zero "ioas $ioas of context $ctx, device $name$"

# ---- not mapped ----
at gap 1 "$name:0x1007000"
ok "a gap has neighbours" has gap ": not mapped$" \
	"^below    0x1004000 to 0x1005fff \(8K, rw\), 4.?[0-9]*K? below; vm1 $client qemu" \
	"^above    0x1016000 to 0x1016fff \(4K, rw\), 60K above; vm1 $client qemu"
at top 1 "$name:0x2000000" -j
is "beyond all of them" "$(json mapped address area below.iova above <"$dir/top")" \
	"mapped=false address=null area=null below.iova=0x1016000 above=null"
at bottom 1 "$name:0"
ok "below all of them" has bottom "^below    nothing is mapped below$" "^above    0x1000000 to"

# ---- page tables whose addresses are not the driver's ----
sva_safe=/sys/module/iommufd_mock/parameters/sva_safe
[[ ! -e $sva_safe ]] || echo Y >$sva_safe
ok "a PASID with the address space of the process" tell "sva 9 0"
shared=$(sed -nE 's/^iommufd-object:\tpasid id=.* pasid=([^ ]+) .*/\1/p' /proc/$client/fdinfo/* |
	grep -vx "$pasid")
at shared 1 "$name@$shared:0x1000"
ok "its addresses are those of the process" says shared \
	"the device uses the addresses of a process (SVA object"
ok "the device is attached to a nested page table" tell "nested 0 0"
at nested 1 "$name:0x1000000"
ok "its addresses are those of the guest" says nested \
	"attached to the nested page table" "ask for one of its parent with CTX/IOAS:IOVA"
at parent 0 "$ctx/$ioas:0x1000000"
ok "which the parent's IOAS has" has parent "ioas $ioas of context $ctx"
at pasid2 0 "$name@$pasid:0x1000000"
ok "a PASID has an address space of its own all the same" has pasid2 "ioas $other of"

# ---- errors ----
at absent 1 "0000:00:1f.7:0"
ok "an unknown device" says absent "device 0000:00:1f.7 is not bound to iommufd"
at nopasid 1 "$name@77:0"
ok "an unknown PASID" says nopasid "PASID 77 of device $name is no PASID object"
at noioas 1 "$ctx/9999:0"
ok "an unknown address space" says noioas "context $ctx has no address space 9999"
build/tests/iommu-load --bdf "$edu" --pairs 1000000000 >"$dir/load" 9>&- &
pids[load]=$!
# It prints its line before it attaches the device.
for ((i = 0; i < 50; i++)); do
	$iosnoop --at "$edu:0x7f00000000" 2>/dev/null | grep -q below && break
	nap 0.1
done
at edu 1 "$edu:0x7f00000000" -j
is "a PCI device" "$(json bdf mapped above <"$dir/edu")" "bdf=$edu mapped=false above=null"
kill "${pids[load]}"
unset "pids[load]"
exec 8>&-
wait $client
at gone 1 "$name:0x1000000"
ok "the device is gone" says gone "device $name is not bound to iommufd"
setpriv --bounding-set -all --inh-caps -all --reuid 1000 --clear-groups \
	$iosnoop --at "$name:0" >"$dir/user" 2>"$dir/user.err"
is "without privileges: status" "$?" 3
ok "without privileges: the capability" says user "needs CAP_SYS_ADMIN"

finish
