#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iommutop on the kernel's own iommufd: what existed before its start against the client's own
# account, also with more areas than one refresh reads; counts of calls; contexts that come and go
# while they are walked.
# vm: --upstream
# before: scripts/upstream --built
# takes: 40
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/iosnoop.sh
source tests/lib/iosnoop.sh
# shellcheck source=tests/lib/top.sh
source tests/lib/top.sh
many=200001
edu=$(tests/vm/bind --bdf edu)
ok "the edu device is bound to vfio-pci" tests/vm/bind "$edu"

# hold ARGUMENT...: a client that keeps what it has mapped
hold() { held_by "$tests/device-script" --bdf "$edu" --hold "$@"; }

# ---- what was there before ----
hold
$top -j -n 1 -i 0.2 >"$dir/top" 2>"$dir/top.err"
is "iommutop runs" "$?" 0 || show "$dir/top.err"
ok "it says what this driver does not tell" \
	grep -q "the kernel's own iommufd: no runs" "$dir/top.err"
is "the context has the sizes that the client says" \
	"$(rows contexts context pid comm devices areas mapped_bytes pinned_bytes objects)" \
	"pid=$client comm=device-script devices=${edu#0000:} areas=$(account areas) mapped_bytes=$(
	account bytes) pinned_bytes=$(account bytes) objects=4"
is "so do its address spaces" "$(rows contexts ioas ioas areas mapped_bytes pinned_bytes)" \
	"ioas=$(account ioas) areas=$(account areas) mapped_bytes=$(account bytes) pinned_bytes=$(
	account bytes)"$'\n'"ioas=$(account other) areas=0 mapped_bytes=0 pinned_bytes=0"
is "and the device" "$(rows devices '' bdf ctx)" "bdf=$edu ctx=1"
is "what it cannot know is null" \
	"$(rows contexts context runs huge_bytes open_maps_total)" \
	"runs=null huge_bytes=null open_maps_total=null"
is "the process with CAP_IPC_LOCK pays, and has no limit" \
	"$(rows payers '' pid pinned_bytes charged_bytes state) $(
		rows contexts context limit_bytes)" \
	"pid=$client pinned_bytes=$(account bytes) charged_bytes=0 state=exempt limit_bytes=null"
$top --openmetrics -i 0.2 >"$dir/metrics" 2>/dev/null
ok "and is not among the metrics" each "grep -q '^iommufd_[a-z_]*pinned_bytes{' '$dir/metrics'" \
	"! grep -qE '_(context|ioas)_(runs|limit_bytes)\{' '$dir/metrics'"
is "an address between two areas is mapped nowhere" \
	"$($iosnoop --at 1/1:0x10001000 -j | json mapped)" "mapped=false"
is "one inside has its area" \
	"$($iosnoop --at "$edu:0x10101234" -j |
		grep -o '"area":{"iova":"[^"]*","length_bytes":[0-9]*')" \
	'"area":{"iova":"0x10100000","length_bytes":8192'
is "the other driver is not there: status 4" "$($top -b -n 1 --source native 2>&1 >"$dir/out"
	echo $?)" "iommutop: --source native: the loaded module iommufd is the kernel's own; \
--source upstream"$'\n4'

# ---- counts, and a recording ----
watch counts -i 0.5
start record $iosnoop -j -e map
"$tests/iommu-load" --pairs 231 >/dev/null
is "and the load did its calls" "$?" 0
more_samples counts
stop counts
stop record
cp "$dir/counts" "$dir/top"
is "maps and unmaps are those of the load" "$(rows total maps unmaps copies)" "231 231 0"
is "and iosnoop has as many" "$(totals record)" "event=map n=231"
is "the context that was there has no calls" \
	"$(rows contexts context pid maps_total)" "pid=$client maps_total=0"
leave

# ---- more areas than a refresh reads ----
hold --areas $many
$top -j -n 1 -i 0.2 >"$dir/top" 2>"$dir/top.err"
is "a first refresh that cannot read all says so" \
	"$(grep -c 'approximate: there are more areas' "$dir/top")" 1
$top -j -n 4 -i 0.2 >"$dir/top" 2>"$dir/top.err"
is "further ones know all $many areas" \
	"$(rows contexts ioas ioas areas mapped_bytes pinned_bytes)" \
	"ioas=$(account ioas) areas=$(account areas) mapped_bytes=$(account bytes) pinned_bytes=$(
	account bytes)"$'\n'"ioas=$(account other) areas=$many mapped_bytes=$((
	many * 4096)) pinned_bytes=0"

# ---- what goes while it is walked ----
watch churn -i 0.05
for _ in {1..15}; do "$tests/iommu-script" --no-fail >/dev/null 2>&1; done
leave
more_samples churn
stop churn
is "contexts and areas come and go meanwhile" "$rc $(<"$dir/churn.err")" \
	"0 $(<"$dir/top.err")"
cp "$dir/churn" "$dir/top"
is "and none is left at the end" "$(rows contexts '' ctx)" ""
is "nothing is pinned" "$(pinned)" 0
finish
