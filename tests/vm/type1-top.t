#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iommutop on VFIO type1 of the stock kernel, without an iommufd: containers from before its start
# against the client's own account, their groups, limits and payers; counts and times of calls;
# containers that come and go while they are walked.
# vm: --no-load
# alone: it loads the kernel's own vfio
# takes: 30
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/iosnoop.sh
source tests/lib/iosnoop.sh
# shellcheck source=tests/lib/top.sh
source tests/lib/top.sh
many=10007
page=4096
edu=$(tests/vm/bind --bdf edu)
nvme=$(tests/vm/bind --bdf nvme)

$top -b -n 1 >"$dir/out" 2>"$dir/none.err"
is "without a driver: status 4" "$?" 4
$top -b -n 1 --source type1 >"$dir/out" 2>"$dir/none.err"
is "asked for type1: status 4" "$?" 4
ok "it says what to load" says none "module vfio_iommu_type1 is not loaded"
ok "the kernel's own vfio" modprobe -a vfio-pci vfio_iommu_type1
# It has no cdevs, which is an error for that script.
bind() { tests/vm/bind "$1" >/dev/null 2>&1; [[ -e /sys/bus/pci/drivers/vfio-pci/$1 ]]; }
ok "two devices are bound to it" each 'bind "$edu"' 'bind "$nvme"'

# hold ARGUMENT...: a client that keeps its maps
hold() { held_by "$tests/type1-script" --hold "$@"; }

# ---- before its start ----
hold "$edu" "$nvme"
first=$client
$top -j -n 1 -i 0.2 >"$dir/top" 2>"$dir/top.err"
is "iommutop runs" "$?" 0 || show "$dir/top.err"
is "the source is type1" "$(grep -o '"source":"[^"]*"' "$dir/top" | sort -u)" '"source":"type1"'
ok "it says what this driver does not tell" grep -q \
	"VFIO type1: no runs, page requests, PASIDs and policies" "$dir/top.err"
is "the container has the sizes that the client says" \
	"$(rows contexts context ctx pid comm uid areas mapped_bytes pinned_bytes objects)" \
	"ctx=1 pid=$client comm=type1-script uid=0 areas=$(account areas) mapped_bytes=$(
	account bytes) pinned_bytes=$(account bytes) objects=3"
is "so does its address space" "$(rows contexts ioas ioas areas mapped_bytes pinned_bytes)" \
	"ioas=1 areas=$(account areas) mapped_bytes=$(account bytes) pinned_bytes=$(account bytes)"
group() { basename "$(readlink "/sys/bus/pci/devices/$1/iommu_group")"; }
is "the devices of both groups are in it" "$(rows devices '' bdf ctx group attached | sort)" \
	"$(for i in "$edu" "$nvme"; do
		echo "bdf=$i ctx=1 group=$(group "$i") attached=ioas 1"
	done | sort)"
is "what it cannot know is null" \
	"$(rows contexts context runs huge_bytes open_maps_total)" \
	"runs=null huge_bytes=null open_maps_total=null"
is "a process with CAP_IPC_LOCK has no limit" "$(rows contexts context charged_bytes limit_bytes)" \
	"charged_bytes=0 limit_bytes=null"
is "the process pays for it" "$(rows payers '' ctx pid pinned_bytes)" \
	"ctx=1 pid=$client pinned_bytes=$(account bytes)"
$top --openmetrics -i 0.2 >"$dir/metrics" 2>/dev/null
ok "and is not among the metrics" each \
	"grep -q '^iommufd_context_pinned_bytes{.*} $(account bytes)' '$dir/metrics'" \
	"! grep -qE '_(context|ioas)_(runs|limit_bytes)\{' '$dir/metrics'"
is "an address between two areas is mapped nowhere" \
	"$($iosnoop --at 1/1:0x10001000 -j | json mapped)" "mapped=false"
is "one inside has its area" "$($iosnoop --at "$edu:0x10101234" -j |
	grep -o '"area":{"iova":"[^"]*","length_bytes":[0-9]*')" \
	'"area":{"iova":"0x10100000","length_bytes":8192'
$top -j -n 1 -i 0.2 --view areas --ctx 1 --ioas 1 >"$dir/top" 2>"$dir/areas.err"
is "the areas are listed one by one" "$(rows area_list '' first length_bytes | wc -l)" \
	"$(account areas)"

# ---- counts ----
tests/vm/bind --unbind "$nvme"
leave
bind "$nvme"
watch counts -i 0.5
"$tests/type1-script" "$edu" >"$dir/did"
is "the client did its calls" "$?" 0
hold "$nvme"
more_samples counts
cp "$dir/counts" "$dir/top"
n=$((2 * $(grep -c '^event=type1-map .*ret=0' "$dir/did")))
is "maps and unmaps of both are those of the clients" \
	"$(rows total maps maps_failed unmaps unmaps_failed map_bytes unmap_bytes)" \
	"$n 2 14 2 $((2 * $(sed -n 's/^event=type1-map .*length_bytes=\([0-9]*\) .*ret=0$/\1/p' \
		"$dir/did" | paste -sd+ | bc))) $((2 * 49 * page))"
is "a container opened meanwhile has its calls" \
	"$(rows contexts context pid maps_total map_pages_total unmaps_total)" \
	"pid=$client maps_total=23 map_pages_total=276 unmaps_total=7"
stop counts
is "pins, fills and unmaps have times" \
	"$(rows contexts context ctx pin_p50_ns_total map_p50_ns_total unmap_p50_ns_total |
		grep -cE '_ns_total=[1-9][0-9]* .*_ns_total=[1-9][0-9]* .*_ns_total=[1-9]')" 1
leave

# ---- limits ----
hold --user 1000 "$edu"
$top -j -n 1 -i 0.2 >"$dir/top" 2>/dev/null
is "without CAP_IPC_LOCK: charged, with the limit of the process" \
	"$(rows contexts context uid charged_bytes limit_bytes limit_used_bytes)" \
	"uid=1000 charged_bytes=$(account bytes) limit_bytes=$((4 << 20)) limit_used_bytes=$(
	account bytes)"
leave

# ---- many, and what goes while it is walked ----
hold --areas $many "$nvme"
$top -j -n 1 -i 0.2 >"$dir/top" 2>/dev/null
is "all $many areas and those of the script" \
	"$(rows contexts ioas areas mapped_bytes pinned_bytes)" \
	"areas=$(account areas) mapped_bytes=$(account bytes) pinned_bytes=$(account bytes)"
watch churn -i 0.05
for _ in {1..15}; do "$tests/type1-script" "$edu" >/dev/null 2>&1; done
leave
more_samples churn
stop churn
is "containers and areas come and go meanwhile" "$rc" 0 || show "$dir/churn.err"
cp "$dir/churn" "$dir/top"
is "and none is left at the end" "$(rows contexts '' ctx)" ""
is "nothing is pinned" "$(pinned)" 0
finish
