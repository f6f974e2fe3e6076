#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# DMA faults while the CPU that handles their interrupts is busy with BPF maps, as it is beside any
# tracing tool: iosnoop and iommutop see each of them.
# takes: 30
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/iosnoop.sh
source tests/lib/iosnoop.sh
edu=$(tests/vm/bind --bdf edu)
tests/vm/bind "$edu" >/dev/null

start snoop $iosnoop -j -e dma-fault
start top build/iommutop -j -i 200ms --device "$edu"
start busy "$tests/bpf-busy"
faults=0
for ((i = 0; i < 8; i++)); do
	# Its status is 1 when the kernel's log has no line of a fault, since that leaves some out.
	"$tests/edu-dma" --bdf "$edu" --outside >"$dir/did" 2>/dev/null
	faults=$((faults + $(grep -c '^stopped=' "$dir/did")))
done
is "the device did DMA that was stopped" "$faults" 48
stop busy TERM
is "a CPU was busy with BPF maps all the time" "$rc $(grep -cE '^calls=[0-9]{3}' "$dir/busy")" "0 1"
drained snoop
stop snoop
end_record snoop
sound snoop
is "iosnoop shows each fault" "$(grep -cF '"event":"dma-fault"' "$dir/snoop")" "$faults"
is "and has lost none" "$lost $(<"$dir/snoop.err")" "0 "
lines() { grep -oF '"what":"dma fault"' "$dir/top" | wc -l; }
have_come() { (($(lines) >= faults)); }
await have_come
stop top
is "iommutop has a line for each" "$rc $(lines)" "0 $faults"
is "and counts each" "$(grep -F '"type":"sample"' "$dir/top" | tail -n 1 |
	grep -oE '"dma_faults_total":[0-9]+')" "\"dma_faults_total\":$faults"
finish
