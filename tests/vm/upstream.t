#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iosnoop on the kernel's own iommufd: each event against the clients' own account, in the same form
# as on our driver, and a driver in which some functions have other names.
# vm: --upstream
# before: scripts/upstream --built
# takes: 30
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/iosnoop.sh
source tests/lib/iosnoop.sh
# shellcheck source=tests/lib/top.sh
source tests/lib/top.sh
edu=$(tests/vm/bind --bdf edu)
ok "the edu device is bound to vfio-pci" tests/vm/bind "$edu"

# ---- maps, unmaps and copies ----
start script $iosnoop -j
start table $iosnoop
ok "each call of the client has its result" \
	eval '"$tests/iommu-script" --bdf "$edu" >"$dir/calls"'
drained script table
stop script
stop table
sound script
is "the source is in the first line" "$(head -n1 "$dir/script" | json source)" "source=upstream"
ok "and among the messages" says table "the kernel's own iommufd"
# From "length=0x3000" to what the JSON has.
sed -E 's/ (iova|src_iova|flags)=0x0*([0-9a-f]+)/ \1=0x\2/g' "$dir/calls" | while read -r line; do
	for word in $line; do
		case $word in
		length=*) printf 'length_bytes=%d ' "${word#*=}" ;;
		unmapped=*) printf 'unmapped_bytes=%d ' "${word#*=}" ;;
		*) printf '%s ' "$word" ;;
		esac
	done
	echo
done | sed -E 's/(event=detach .*) ret=0 $/\1/' >"$dir/want"
is "each call has its event, as the client made it" "$(matched "$dir/want" script)" ""
is "and there is no other, but those of devices" \
	"$(grep -cE '"event":"(map|unmap|copy|attach|detach)"' "$dir/script")" \
	"$(wc -l <"$dir/want")"
# All maps of the first IOAS that succeed pin their pages; the device is attached to no other.
ioas=$(sed -n 's/^event=attach ioas=\([0-9]*\) .*/\1/p' "$dir/calls")
pages=0
while read -r event id _ length _ ret; do
	[[ "$event $id $ret" != "event=map ioas=$ioas ret=0" ]] ||
		pages=$((pages + ${length#*=} / 4096))
done <"$dir/calls"
is "pages pinned by maps are the client's" "$(grep '"event":"map"' "$dir/script" | json pages |
	awk -F= '{ n += $2 } END { print n }')" $pages
is "a map of a device's IOAS has its times" "$(grep '"event":"map"' "$dir/script" |
	json ioas ret pages pin_ns map_ns |
	grep -cE "^ioas=$ioas ret=0 pages=[1-9][0-9]* pin_ns=[1-9][0-9]* map_ns=[1-9]")" \
	"$(grep -c "^event=map ioas=$ioas .* ret=0" "$dir/calls")"
is "what cannot be known is null" \
	"$(grep -E '"event":"(map|unmap|copy)"' "$dir/script" | json runs | sort -u)" "runs=null"
ok "and - in the table" grep -qE ' map .* rw +1 +- ' "$dir/table"

# ---- devices and page tables ----
start objects $iosnoop -j -e all
"$tests/device-script" --bdf "$edu" >"$dir/calls" 2>"$dir/calls.err"
is "the client did all it should" "$? $(<"$dir/calls.err")" "0 "
drained objects
stop objects
sound objects
is "devices, page tables, objects and contexts: each as the client says" \
	"$(matched "$dir/calls" objects)" ""
is "as many of each as the client says" \
	"$(totals objects | grep -vE '=(map|unmap) ' | xargs)" \
	"$(grep -o '^event=[a-z-]*' "$dir/calls" | sort | uniq -c |
		awk '{ print $2 " n=" $1 }' | xargs)"

# ---- filters, and DMA that is blocked ----
start faults $iosnoop -j -e dma-fault,unmap
start device $iosnoop -j --device "$edu"
start short $iosnoop -j --min-len 8k -e map
"$tests/edu-dma" --bdf "$edu" --outside >"$dir/calls" 2>"$dir/calls.err"
is "DMA inside and outside of a mapping" "$? $(<"$dir/calls.err")" "0 "
drained faults device short
for i in faults device short; do stop $i; sound $i; done
is "each transfer that was stopped has its fault" \
	"$(grep '"event":"dma-fault"' "$dir/faults" | json addr | sort)" \
	"$(sed -nE 's/^stopped=.* iova=/addr=/p' "$dir/calls" | sort)"
is "with the process that bound the device" \
	"$(grep '"event":"dma-fault"' "$dir/faults" | json comm | sort -u)" "comm=edu-dma"
ok "one of an address that was unmapped says who did it" \
	grep -qE '"event":"dma-fault".*"text":"[^"]*unmapped' "$dir/faults"
is "--device: of this device alone" "$(totals device | grep -E '=(bind|attach|detach|unbind)' |
	sed 's/ n=.*//' | xargs)" "event=attach event=bind event=detach event=unbind"
is "--min-len: no shorter map" "$(totals short)" ""

# ---- what there is, and what there is not ----
start requests $iosnoop -j -e fault_report,response
stop requests
is "programs for page requests are attached, which no device of this machine makes" \
	"$(head -n1 "$dir/requests" | grep -o '"events":[^]]*]')" '"events":["fault","response"]'
$iosnoop --check >"$dir/check" 2>"$dir/check.err"
is "--check ends with 0" "$? $(<"$dir/check.err")" "0 "
ok "it names the source" grep -q "^ok       source upstream .*kernel's own" "$dir/check"
ok "and what it lacks" grep -q '^MISSING  policy .*needs the module of iommuscope' "$dir/check"
$iosnoop -e policy >"$dir/out" 2>"$dir/policy.err"
is "an event that only our driver has, alone: status 4" "$? $(<"$dir/out")" "4 "
ok "it says why" says policy "cannot trace policy: the kernel's own iommufd has no such event"
$iosnoop --source native >"$dir/out" 2>"$dir/native.err"
is "another source than the loaded one: status 4" "$? $(<"$dir/out")" "4 "
ok "it says which is loaded" says native "the loaded module iommufd is the kernel's own"

build/iopolicy list >"$dir/out" 2>"$dir/iopolicy.err"
is "iopolicy ends with 4" "$? $(<"$dir/out")" "4 "
ok "and says in a sentence that policies need our driver" says iopolicy \
	"the loaded module is the kernel's own, and policies need that of iommuscope"

# ---- a driver without some functions ----
tests/vm/bind --unbind "$edu"
rmmod vfio_pci vfio_pci_core vfio_iommu_type1 vfio iommufd
other=$(UPSTREAM_KERNEL=$(uname -r) scripts/upstream --path)/renamed
ok "load one in which functions have other names" each "insmod '$other/iommufd.ko'" \
	"insmod '$other/vfio/vfio.ko'" "insmod '$other/vfio/vfio-pci-core.ko'" \
	"insmod '$other/vfio/vfio-pci.ko'" "tests/vm/bind '$edu'"
start fewer $iosnoop -j
"$tests/iommu-script" --bdf "$edu" >"$dir/calls" 2>"$dir/calls.err"
drained fewer
stop fewer
sound fewer
ok "the function's events are missed with a sentence" \
	says fewer "cannot trace copy: this kernel's iommufd has no function iommufd_ioas_copy"
is "others are there, copies are not" "$(totals fewer | grep -E '=(map|unmap|copy)' | xargs)" \
	"event=map n=$(grep -c '^event=map' "$dir/calls") event=unmap n=$(
	grep -c '^event=unmap' "$dir/calls")"
is "the time of pins is null, not 0" \
	"$(grep '"event":"map"' "$dir/fewer" | grep -v '"pages":0,' | json pin_ns | sort -u)" \
	"pin_ns=null"
$iosnoop --check >"$dir/check" 2>"$dir/check.err"
ok "--check says so, too" grep -q '^MISSING  copy .*no function iommufd_ioas_copy' "$dir/check"
held_by "$tests/device-script" --bdf "$edu" --hold
$top -j -n 1 -i 0.2 >"$dir/top" 2>"$dir/top.err"
is "iommutop does not show copies as 0, but as not known" \
	"$(rows total maps copies copy_bytes copies_failed) $(
		rows contexts context copies copies_total copies_failed_total)" \
	"0 null null null copies=null copies_total=null copies_failed_total=null"
is "and says so" "$(grep -o 'no copies' "$dir/top.err")" "no copies"
$top --openmetrics -i 0.2 >"$dir/metrics" 2>/dev/null
ok "they are not among the metrics" each "grep -q '^iommufd_context_maps_total{' '$dir/metrics'" \
	"! grep -q copies '$dir/metrics'"
leave
is "nothing is pinned" "$(pinned)" 0
finish
