#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Every event of iosnoop, its fields against the calls of the clients, and against other sources:
# tracefs for times, the clock of the client for latencies, the kernel's log for faults of hardware.
# vm: --mock
# takes: 40
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/iosnoop.sh
source tests/lib/iosnoop.sh
tracing=/sys/kernel/tracing
edu=$(tests/vm/bind --bdf edu)

# ---- devices of the mock, and the same events in tracefs ----
ok "a policy that refuses three pages" build/iopolicy load "$tests/limit.bpf.o"
start all $iosnoop -j -e all
start named $iosnoop -j -e policy
start table $iosnoop -e all
start wide $iosnoop -we all
start usual $iosnoop -j
echo mono >$tracing/trace_clock
echo 4096 >$tracing/buffer_size_kb
echo 1 >$tracing/events/iommufd/enable
"$tests/every-event" --policy >"$dir/did" 2>"$dir/did.err"
is "the client did all it should" "$?" 0 || show "$dir/did.err"
echo 0 >$tracing/events/iommufd/enable
grep -F iommufd_ $tracing/trace >"$dir/trace"
drained all named table wide usual
for i in all named table wide usual; do stop $i; done
for i in all named usual; do sound $i; done
end_record all
is "none is lost, and without a filter none is filtered" "$lost $filtered $shown" "0 0 $seen"
is "each event that the client made was seen, as it made it" "$(matched "$dir/did" all)" ""
totals all >"$dir/totals"
number() { sed -n "s/^event=$1 n=//p" "$dir/totals"; }
is "23 maps, and three that failed" "$(number map)" 26
is "7 unmaps, and one that failed" "$(number unmap)" 8
is "7 faults" "$(number fault)" 7
is "7 answers: four ok, three not" \
	"$(grep -F '"event":"response"' "$dir/all" | json response | sort | uniq -c | xargs)" \
	"3 response=INVALID 4 response=ok"
is "3 faults that an IOMMU driver reported" "$(number io-page-fault)" 3
is "by the device's name, since it has no PCI address" \
	"$(grep -F '"event":"io-page-fault"' "$dir/all" | json bdf name | sort -u |
	sed -E 's/name=.+/name=something/')" "bdf=null name=something"

# latencies: grpid, then the client's bounds
grep -F '"event":"response"' "$dir/all" | json grpid ns >"$dir/answers"
sed -n 's/^latency //p' "$dir/did" | awk '
	NR == FNR { split($2, ns, "="); got[$1] = ns[2]; next }
	{ split($2, min, "="); split($3, max, "=")
	  if (got[$1] < min[2] || got[$1] > max[2]) print $0, "but", got[$1] }
' "$dir/answers" - >"$dir/wrong"
is "latencies of faults are within the client's bounds" "$(<"$dir/wrong")" ""

# causes
cause_of() { grep -F "\"event\":\"$1\"" "$dir/all" | grep -F "\"error\":\"$2\"" | json cause; }
is "a limit has its figures" "$(cause_of map ENOMEM)" \
	"cause=would pin 120 KiB, limit 80 KiB, 0 in use"
is "a policy has its reason" "$(cause_of map EDQUOT)" "cause=policy limit: limit: 12288 bytes"
is "a map where something is" "$(cause_of map EEXIST)" \
	"cause=the range overlaps an existing mapping"
ok "the table has the cause in a second line" each \
	"grep -q ' map .* ENOMEM\$' '$dir/table'" \
	"grep -qx ' *ENOMEM: would pin 120 KiB, limit 80 KiB, 0 in use' '$dir/table'" \
	"grep -qx ' *EDQUOT: policy limit: limit: 12288 bytes' '$dir/table'"
is "it has a line for each event, but one for a request and its response, and one for each \
cause, reason or explanation" "$(grep -cv '^ \{11\}' "$dir/table")" \
	$((shown + 1 - 7 + $(grep '"type":"event"' "$dir/all" |
		grep -cE '"cause":|"reason":"|"why":\{')))
is "in 80 columns" "$(awk 'length > 80' "$dir/table")" ""
is "the wide one has a line for each" "$(wc -l <"$dir/wide")" $((shown + 1))
ok "with the cause" grep -qF 'cause="would pin 120 KiB, limit 80 KiB, 0 in use"' "$dir/wide"

# verdicts; where something is mapped already no policy is asked
is "-e policy shows all verdicts: 25 maps, a file, a copy, 8 unmaps" \
	"$(grep '"type":"event"' "$dir/named" | json hook_name policy_name | sort | uniq -c |
		xargs)" \
	"27 hook_name=ioas_map policy_name=limit 8 hook_name=ioas_unmap policy_name=limit"
is "else refusals only, also among all" \
	"$(number policy) $(grep '"event":"policy"' "$dir/usual" | json reason)" \
	"1 reason=limit: 12288 bytes"
ok "unload the policy" build/iopolicy unload limit

# the arguments of -e, and the events of this run
sed -n '/^Events:/,/^Groups/p' <($iosnoop --help) | sed 's/^Events://; /^Groups/d' |
	tr -d ' ' | tr ',' '\n' | sed '/^$/d' | sort >"$dir/known"
# Devices of the mock are not bound by a driver; vm/type1-mediated tests four of type1, and the
# rest is tested below.
sort <<-END >"$dir/elsewhere"
	bind
	dma-fault
	type1-dirty
	type1-map
	type1-pin
	type1-rw
	type1-unmap
	type1-unpin
END
ok "each event of --help, but for those below, came" diff \
	<(sort -m "$dir/elsewhere" <(sed 's/^event=\(.*\) n=.*/\1/' "$dir/totals" | sort)) \
	"$dir/known"

# tracefs: the same calls with the same times, in the same order
# "<...>-123 [000] ..... 12.345678: iommufd_ioas_map: ctx=1 ..." -> NAME SECONDS ns=N pin_ns=N ...
sed -nE 's/^.* +([0-9]+\.[0-9]+): iommufd_([a-z_]+): (.*)$/\2 \1 \3/p' "$dir/trace" |
	awk '$1 !~ /^(policy_verdict|policy_time|ioctl)$/ {
		printf "%s %s", $1, $2
		for (i = 3; i <= NF; i++) if ($i ~ /^(pin_|map_)?ns=/) printf " %s", $i
		print ""
	}' | sort -s -n -k 2,2 >"$dir/theirs"
grep '"type":"event"' "$dir/all" | grep -vE '"event":"(io-page-fault|policy)"' |
	json time_ns pin_ns map_ns ns >"$dir/ours"
is "tracefs has as many" "$(wc -l <"$dir/theirs")" "$(wc -l <"$dir/ours")"
ok "pin_ns, map_ns and ns are the same there, one by one" diff \
	<(cut -d' ' -f3- "$dir/theirs") <(sed 's/^time_ns=[0-9]* *//' "$dir/ours")
# On one processor all tracers are called before the next event, so both time stamps of an event
# come before both of the next. Those of tracefs are cut to microseconds.
paste -d' ' <(cut -d' ' -f1,2 "$dir/theirs") <(cut -d' ' -f1 "$dir/ours") | awk '{
	split($2, at, "."); sub("time_ns=", "", $3)
	theirs = at[1] * 1000000 + at[2]
	ours = substr($3, 1, length($3) - 3) + 0
	first = theirs < ours ? theirs : ours
	if (NR > 1 && first + 1 < last) print NR ": " last - first " us too early"
	last = theirs > ours ? theirs : ours
}' >"$dir/order"
is "time stamps agree with those of tracefs" "$(<"$dir/order")" ""

# ---- a real device ----
ok "the edu device is bound to vfio-pci" tests/vm/bind "$edu"
start real $iosnoop -j
start faults $iosnoop -j -e dma-fault
start faulty $iosnoop -jx
start lines $iosnoop
dmesg -C
"$tests/edu-dma" --bdf "$edu" --outside >"$dir/did" 2>"$dir/did.err"
is "DMA inside and outside of a mapping" "$?" 0 || show "$dir/did.err"
drained real faults faulty lines
for i in real faults faulty lines; do stop $i; done
for i in real faults faulty; do sound $i; done
for event in bind attach detach unbind; do
	is "one $event, with the device's address" \
		"$(grep -F "\"event\":\"$event\"" "$dir/real" | json bdf)" "bdf=$edu"
done
# "[DMA Write NO_PASID] Request device [00:03.0] fault addr 0x11000 [fault reason 0x05] ..."; newer
# kernels put "0000:" before the address of the device.
log='.*DMAR: \[DMA (Read|Write) NO_PASID\] Request device \[(0000:)?([0-9a-f:.]+)\] '
log+='fault addr (0x[0-9a-f]+) \[fault reason 0x0?([0-9a-f]+)\].*'
dmesg | sed -nE "s/$log/bdf=0000:\3 addr=\4 prot=\1 reason=\5/p" |
	sed 's/prot=Write/prot=-w/; s/prot=Read/prot=r-/' >"$dir/log"
grep '"type":"event"' "$dir/faults" | json bdf addr prot reason >"$dir/got"
ok "each transfer that was stopped has its fault" diff \
	<(sed -nE 's/^stopped=.* iova=/addr=/p' "$dir/did") <(cut -d' ' -f2 "$dir/got")
is "there are six, also with -x" \
	"$(wc -l <"$dir/got") $(grep -c '"event":"dma-fault"' "$dir/faulty")" "6 6"
# The log leaves out some when there are many.
ok "the kernel's log has some" has_line "$dir/log"
diag "$(wc -l <"$dir/log") of 6 faults are in the kernel's log"
is "and each in the log is one of these" "$(grep -vxFf "$dir/got" "$dir/log")" ""
ok "they say why" grep -q \
	'"reason":5,.*"cause":"the address is not mapped for writing"' "$dir/faults"
is "and have the process that bound the device" \
	"$(grep '"type":"event"' "$dir/faults" | json tgid comm | sort -u)" \
	"$(grep -F '"event":"bind"' "$dir/real" | json tgid) comm=edu-dma"
ok "the table has them" grep -qE ' dma-fault +(- )?00:[0-9a-f.]+ 0x11000 -w +FAULT$' "$dir/lines"

# ---- VFIO type1 ----
start type1 $iosnoop -j
start maps $iosnoop -j -e type1-map
start group $iosnoop -e type1
"$tests/type1-script" "$edu" >"$dir/did" 2>"$dir/did.err"
is "calls of type1" "$?" 0 || show "$dir/did.err"
drained type1 maps group
for i in type1 maps group; do stop $i; done
for i in type1 maps; do sound $i; done
grep -F '"event":"type1-' "$dir/type1" |
	json event iova length_bytes user_va unmapped_bytes flags ret >"$dir/got"
ok "events and calls are the same, one by one" diff "$dir/did" "$dir/got"
is "23 maps and one that failed, 7 unmaps and one" "$(totals type1 | grep type1- | xargs)" \
	"event=type1-map n=24 event=type1-unmap n=8"
is "each took some time" "$(grep -F '"event":"type1-' "$dir/type1" | grep -c '"ns":0,')" 0
is "maps pin their pages" "$(grep -F '"event":"type1-map"' "$dir/type1" |
	grep -F '"ret":0' | json length_bytes pages | tr -c '0-9\n' ' ' |
	awk '$1 != 4096 * $2')" ""
is "beside our driver containers have no numbers" \
	"$(grep -F '"event":"type1-' "$dir/type1" | json ctx | sort -u)" "ctx=null"
is "-e type1-map sees maps only" "$(totals maps)" "event=type1-map n=24"
end_record maps
is "and does not count the others" "$seen $filtered $lost $shown" "24 0 0 24"
ok "the table tells why" each "grep -qE ' type1-map .* EEXIST\$' '$dir/group'" \
	"grep -qx ' *EEXIST: the range overlaps an existing mapping' '$dir/group'"

# ---- missing tracepoints ----
tests/vm/bind --unbind "$edu"
rmmod vfio_pci vfio_pci_core vfio_iommu_type1
start without $iosnoop -j
stop without
is "without type1 the others are traced" "$rc $(<"$dir/without.err")" "0 "
is "and its events are not among them" "$(head -n1 "$dir/without" | grep -o '"type1-[a-z]*"')" ""
start both $iosnoop -j -e type1-map,map
stop both
is "asked for by name, with another" "$rc" 0
ok "it says why there are none" \
	says both "cannot trace type1-map: module vfio_iommu_type1 is not loaded"
$iosnoop -e type1-map >"$dir/out" 2>"$dir/alone.err"
is "asked for alone it ends with 4" "$? $(<"$dir/out")" "4 "
ok "and says why" says alone "module vfio_iommu_type1 is not loaded"
$iosnoop -e type1 >"$dir/out" 2>"$dir/alone.err"
is "the group ends with 4, too" "$? $(<"$dir/out")" "4 "
ok "which says where to look" says alone "iosnoop --check shows why"
$iosnoop --check >"$dir/check" 2>"$dir/check.err"
is "--check ends with 0" "$? $(<"$dir/check.err")" "0 "
ok "and names the missing tracepoint" grep -q '^MISSING  type1-map .*not loaded' "$dir/check"
ok "and the others" grep -q '^ok       dma-fault ' "$dir/check"
finish
