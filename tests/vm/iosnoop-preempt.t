#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Eight threads that map on one processor, in a kernel with full preemption: none of their events is
# lost when one of them preempts another while its event is recorded. Without the driver's help that
# happens from Linux 7 on, where BPF programs of tracepoints can be preempted.
# vm: --smp 2 --append preempt=full
# takes: 15
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/iosnoop.sh
source tests/lib/iosnoop.sh
load=$tests/iommu-load
pairs=3001 threads=8

model=$(sed -nE 's/.*\((\w+)\).*/\1/p' /sys/kernel/debug/sched/preempt 2>/dev/null)
diag "preemption: ${model:-not known}"
start all $iosnoop -j --buffer-size 64M -e map,unmap
taskset 1 "$load" --pairs $pairs --threads $threads >"$dir/load"
is "the client did all pairs" "$(tail -n1 "$dir/load")" \
	"maps=$((pairs * threads)) unmaps=$((pairs * threads))"
stop all
end_record all
is "no event is lost" "$rc $seen $submitted $lost" \
	"0 $((2 * pairs * threads)) $((2 * pairs * threads)) 0"
finish
