#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The NVMe client: data that is written comes back, interrupts arrive, and 10000 reads with a map
# and an unmap each make exactly as many of them, all of which iosnoop sees. The first controller
# keeps data, the second not.
. "$(dirname "$0")/../lib/tap.sh"
disk=$(tests/vm/bind --bdf nvme)
null=$(tests/vm/bind --bdf nvme:1)
out=$(mktemp)
trace=$(mktemp)
trap 'rm -f "$out" "$trace" "$trace.err"' EXIT

# io NAME ARGUMENTS...
io() {
	local name=$1
	shift
	ok "$name" run "$@"
}
run() { "$tests/nvme-io" "$@" >"$out"; }
not() { ! "$@"; }

ok "bind the disk" tests/vm/bind "$disk"
ok "bind the null device" tests/vm/bind "$null"

io "write and read back, 4 KiB" --bdf "$disk" --reads 256
is "256 reads" "$(value reads "$out")" 256
is "were compared" "$(value compared "$out")" 1
is "one map for the queues and one for the data" "$(value maps "$out")" 2
for size in 512 8192 65536 524288; do
	io "write and read back, $size bytes" --bdf "$disk" --reads 20 --size $size
done
ok "a size that is no multiple of a block: an error" not run --bdf "$disk" --size 1000
is "nothing is pinned after that" "$(pinned)" 0

# Watched by iosnoop, whose start record says that it is attached.
if [[ -e /sys/kernel/tracing/events/iommufd ]]; then
	build/iosnoop -j >"$trace" 2>"$trace.err" &
	snoop=$!
	await test -s "$trace"
fi
io "10000 reads, mapped and unmapped each" --bdf "$disk" --reads 10000 --map-each
if [[ ${snoop-} ]]; then
	kill -INT "$snoop"
	wait "$snoop"
	is "iosnoop ends well" $? 0
	is "every map was traced" "$(grep -c '"event":"map".*"ret":0,' "$trace")" 10002
	is "every unmap was traced" "$(grep -c '"event":"unmap".*"ret":0,' "$trace")" 10002
	is "none was lost" "$(grep -c '"type":"end".*"lost":0,' "$trace")" 1
else
	skip "10000 reads traced" "the iommufd that is loaded has no tracepoints"
fi
is "reads" "$(value reads "$out")" 10000
is "bytes" "$(value read_bytes "$out")" 40960000
# Queues, the buffer while it is written, and each read.
is "maps" "$(value maps "$out")" 10002
is "unmaps" "$(value unmaps "$out")" 10002
is "none failed" "$(value maps_failed "$out") $(value unmaps_failed "$out")" "0 0"
is "one attach, one detach" "$(value attaches "$out") $(value detaches "$out")" "1 1"
# 4 admin commands, 256 writes, 10000 reads, one at a time.
is "interrupts" "$(value interrupts "$out")" 10260

io "1000 reads of the null device" --bdf "$null" --reads 1000 --null
is "interrupts" "$(value interrupts "$out")" 1004
is "nothing is pinned" "$(pinned)" 0
finish
