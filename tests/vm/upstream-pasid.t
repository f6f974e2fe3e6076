#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Page requests and PASIDs on our driver and on the kernel's own iommufd, with the device of
# iommu_endpoint.ko, which makes the page requests that no emulated device makes: iosnoop shows each
# with the latency that the client has measured, and the same events on both; iommutop counts them.
# vm: --no-load
# before: scripts/upstream --built
# alone: it loads another iommufd
# takes: 30
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/iosnoop.sh
source tests/lib/iosnoop.sh
# shellcheck source=tests/lib/top.sh
source tests/lib/top.sh
ours=${IOMMUSCOPE_MODULES:-build}
script=$tests/endpoint-script

load() { each "insmod '$1/iommufd.ko'" "insmod '$ours/iommu_endpoint.ko'"; }
# in_bounds CALLS EVENTS: each response took as long as the client says
in_bounds() {
	grep '"event":"response"' "$2" | json grpid ns | awk '
		NR == FNR { ns[$1] = substr($2, 4) + 0; next }
		!/^latency/ { next }
		{
			n++
			min = substr($3, 5) + 0
			max = substr($4, 5) + 0
			if (!($2 in ns) || ns[$2] < min || ns[$2] > max)
				print $2 " took " ns[$2] " ns, not " min " to " max
		}
		END { if (!n) print "no latency" }' - "$1"
}
# run SOURCE: record the calls of the client
run() {
	local calls=$dir/$1.calls
	start "$1" $iosnoop -j -e all --source "$1"
	"$script" >"$calls" 2>"$calls.err"
	is "$1: the client did all it should" "$? $(<"$calls.err")" "0 "
	drained "$1"
	stop "$1"
	sound "$1"
	is "$1: each call has its event, as the client made it" "$(matched "$calls" "$1")" ""
	is "$1: as many of each as the client says" \
		"$(totals "$1" | grep -vE '=(pin|unpin) ' | xargs)" \
		"$(grep -o '^event=[a-z-]*' "$calls" | sort | uniq -c |
			awk '{ print $2 " n=" $1 }' | xargs)"
	is "$1: each response has its latency" "$(in_bounds "$calls" "$dir/$1")" ""
}
# count TEXT...: lines of the calls on upstream that have all of these
count() {
	local text lines
	lines=$(<"$dir/upstream.calls")
	for text; do lines=$(grep -F -- "$text" <<<"$lines"); done
	grep -c . <<<"$lines"
}

# ---- iosnoop ----
ok "our driver" load "$ours" || finish || exit
run native
ok "unload it" rmmod iommu_endpoint iommufd
ok "the kernel's own" load "$(UPSTREAM_KERNEL=$(uname -r) scripts/upstream --path)" ||
	finish || exit
run upstream
pasids=$(sed -n 's/^pasids=//p' "$dir/upstream.calls")
diag "page requests: $(count event=fault), in PASIDs: $(grep '^event=fault' "$dir/upstream.calls" |
	grep -vc pasid=0), the highest PASID to attach: $pasids"
tests/lib/source-diff "$dir/native" "$dir/upstream" man/iosnoop.8.in >"$dir/diff"
is "each event and field is the same, but for the manual's table" \
	"$(grep -v '^rows: ' "$dir/diff")" ""
# Linux 6.12 has no PASID in the functions that drivers call.
want=0
[[ $(uname -r) == 6.1[234].* ]] || want=8191
is "PASIDs are attached where the kernel can" "$pasids" $want
is "the kernel thread's requests have the client as their process" \
	"$(grep -E '"event":"(fault|response)"' "$dir/upstream" | json comm | sort -u)" \
	"comm=endpoint-script"

# ---- iommutop ----
watch counts -i 0.5
held_by "$script" --hold
more_samples counts
stop counts
cp "$dir/counts" "$dir/top"
cp "$dir/held" "$dir/upstream.calls"
# faults: what the client says of the requests and responses of each PASID, as rows does
faults() {
	awk '
		/^event=fault/ { n[$5]++ }
		/^event=response/ && / code=0 / { ok[$4]++ }
		/^event=response/ && / code=1 / { bad[$4]++ }
		END {
			for (p in n)
				printf "%s requests_total=%d done_total=%d invalid_total=%d\n", \
					p, n[p], ok[p], bad[p]
		}' "$dir/held" | sort
}
is "iommutop counts page requests and responses by PASID" \
	"$(rows faults '' pasid requests_total done_total invalid_total | sort)" "$(faults)"
is "with the process, and a median that is not 0" \
	"$(rows faults '' comm response_p50_ns_total | sed 's/=[1-9][0-9]*$/=N/' | sort -u)" \
	"comm=endpoint-script response_p50_ns_total=N"
$top -j -n 1 -i 0.2 >"$dir/top" 2>"$dir/top.err"
is "what was there at the start: the device, its page table and its PASIDs" \
	"$(rows devices device name hwpt nr_pasids)" \
	"name=iommu_endpoint hwpt=$(account whole) nr_pasids=$(account pasids)"
is "PASIDs are no objects of this driver" "$(rows devices pasid pasid)" ""
is "so their number in a context is not known" "$(rows contexts context nr_pasids)" \
	"nr_pasids=null"
leave
is "the client did all it should" "$?" 0
is "nothing is pinned" "$(pinned)" 0
ok "unload all" rmmod iommu_endpoint iommufd
finish
