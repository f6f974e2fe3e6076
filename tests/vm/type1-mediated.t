#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Mediated devices and dirty tracking on VFIO type1 of the stock kernel, by iosnoop and iommutop:
# each call beside the client's own account, the pages that the device has pinned, the pages that
# are dirty, and the limit of a container's maps.
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
ko=${IOMMUSCOPE_MODULES:-build}/vfio_pinner.ko
if [[ ! -e $ko ]]; then
	echo "1..0 # SKIP there is no $ko: it is made for kernels with vfio"
	exit 0
fi
edu=$(tests/vm/bind --bdf edu)
limit=/sys/module/vfio_iommu_type1/parameters/dma_entry_limit
ok "the kernel's own vfio" modprobe -a vfio-pci vfio_iommu_type1
ok "a device that pins" insmod "$ko"
# It has no cdevs, which is an error for that script.
bind() { tests/vm/bind "$1" >/dev/null 2>&1; [[ -e /sys/bus/pci/drivers/vfio-pci/$1 ]]; }
ok "another one with an IOMMU is bound to it" bind "$edu"

# same NAME: the events of iosnoop are the calls of $dir/did
same() {
	grep -F '"event":"type1-' "$dir/$1" | json event iova length_bytes user_va \
		unmapped_bytes page_size_bytes flags dirty ret pages >"$dir/got"
	diff "$dir/did" "$dir/got"
}

# ---- events ----
start alone $iosnoop -j -e type1
start lines $iosnoop -e type1
"$tests/mediated-script" >"$dir/did" 2>"$dir/did.err"
is "a mediated device alone: the client did its calls" "$?" 0 || show "$dir/did.err"
drained alone lines
for i in alone lines; do stop $i; done
sound alone
ok "each call has its event, and each its figures" same alone
is "7 maps, 1 unmap, 8 pins, 6 unpins, 4 accesses, 8 about dirty pages" \
	"$(totals alone | xargs)" \
	"event=type1-dirty n=8 event=type1-map n=7 event=type1-pin n=8 event=type1-rw n=4 \
event=type1-unmap n=1 event=type1-unpin n=6"
is "each took some time" "$(grep -F '"event":"type1-' "$dir/alone" | grep -c '"ns":0,')" 0
table() { grep -qE "$1" "$dir/lines" || { echo "no '$1' in:"; cat "$dir/lines"; return 1; }; }
ok "the table has dirty pages, pins and accesses" each \
	"table ' type1-rw .*10107800 +4K +-w +- .* ok\$'" \
	"table ' type1-rw .*10109000 +24 +r- +- .* ok\$'" \
	"table ' type1-dirty +dirty tracking on .* ok\$'" \
	"table ' type1-dirty .*10000000 +7M +- +19 +- +- +[0-9.]+[mun]s ok\$'" \
	"table ' type1-pin .*10202000 +20K +rw +5 +- +- +[0-9.]+[mun]s ok\$'" \
	"table '^ *EPERM: mapped read-only\$'"

start both $iosnoop -j -e type1
"$tests/mediated-script" --bdf "$edu" >"$dir/did" 2>"$dir/did.err"
is "with another device, for which maps pin: the calls" "$?" 0 || show "$dir/did.err"
drained both
stop both
sound both
ok "all areas are dirty there, and maps pin their pages" same both
is "maps have the times of pins and of page tables, which add up to at most the whole" \
	"$(grep -F '"event":"type1-map"' "$dir/both" | json ns pin_ns map_ns | tr -c '0-9\n' ' ' |
		awk '!($2 > 0 && $3 > 0 && $2 + $3 <= $1)')" ""
start default $iosnoop -j
"$tests/mediated-script" >"$dir/did" 2>/dev/null
drained default
stop default
is "without -e there are no pins, which a guest could cause" "$(totals default | xargs)" \
	"event=type1-dirty n=8 event=type1-map n=7 event=type1-unmap n=1"

# ---- containers are contexts with numbers ----
held_by "$tests/mediated-script" --hold
start numbers $iosnoop -j -e type1
for _ in 1 2; do "$tests/type1-script" "$edu" >"$dir/calls"; done
leave
"$tests/type1-script" "$edu" >"$dir/calls"
drained numbers
stop numbers
sound numbers
is "that from before the start is 1, also when it ends, and each new one gets the next" \
	"$(grep -F '"event":"type1-' "$dir/numbers" | json ctx comm | uniq -c | xargs)" \
	"32 ctx=2 comm=type1-script 32 ctx=3 comm=type1-script 4 ctx=1 comm=mediated-script \
32 ctx=4 comm=type1-script"

# ---- a recording ----
held_by "$tests/mediated-script" --hold
begin record $iosnoop --record "$dir/recording" -e type1
"$tests/type1-script" "$edu" >"$dir/calls"
drained record
stop record
$top -j --replay "$dir/recording" -i 60 >"$dir/top" 2>"$dir/replay.err"
is "a replay has the container from before its start" \
	"$(rows contexts context ctx areas mapped_bytes pinned_bytes mediated_bytes | head -n 1)" \
	"ctx=1 areas=$(account areas) mapped_bytes=$(account bytes) \
pinned_bytes=$(account mediated) mediated_bytes=$(account mediated)"
is "and the calls of the other one" "$(rows total maps maps_failed unmaps unmaps_failed)" "23 1 7 1"
leave

# ---- state ----
held_by "$tests/mediated-script" --hold
$top -j -n 1 -i 0.2 >"$dir/top" 2>/dev/null
is "pages that the device has pinned from before the start, and no others" \
	"$(rows contexts context areas mapped_bytes pinned_bytes mediated_bytes areas_left \
		dirty_tracking)" \
	"areas=$(account areas) mapped_bytes=$(account bytes) pinned_bytes=$(account mediated) \
mediated_bytes=$(account mediated) areas_left=$(account left) dirty_tracking=1"
is "the device is one of the container" "$(rows devices '' name ctx attached)" \
	"name=vfio_pinner ctx=1 attached=ioas 1"
$top --openmetrics -i 0.2 >"$dir/metrics" 2>/dev/null
ok "they are metrics" each \
	"grep -q '^iommufd_context_areas_left{.*} $(account left)' '$dir/metrics'" \
	"grep -q '^iommufd_context_dirty_tracking{.*} 1' '$dir/metrics'" \
	"grep -q '^iommufd_context_mediated_bytes{.*} $(account mediated)' '$dir/metrics'"
leave
held_by "$tests/mediated-script" --bdf "$edu" --hold
$top -j -n 1 -i 0.2 >"$dir/top" 2>/dev/null
is "with another device all is pinned, and the pins of this one count apart" \
	"$(rows contexts context pinned_bytes mediated_bytes)" \
	"pinned_bytes=$(account bytes) mediated_bytes=$(account mediated)"
leave

# ---- the limit of maps ----
echo 23 >$limit
start full $iosnoop -j -e type1-map
held_by "$tests/mediated-script" --full --hold
$top -j -n 1 -i 0.2 >"$dir/top" 2>/dev/null
is "a container without room for more" "$(rows contexts context areas areas_left)" \
	"areas=23 areas_left=0"
leave
drained full
stop full
is "a map above the limit fails, with the reason" \
	"$(grep -F '"error":"ENOSPC"' "$dir/full" | json cause)" "cause=the container has as many \
mappings as dma_entry_limit of vfio_iommu_type1 allows"
echo 65535 >$limit
ok "the device can go" rmmod vfio_pinner
is "nothing is pinned" "$(pinned)" 0
finish
