#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The same clients with the same device on our driver and on the kernel's own iommufd: iosnoop shows
# the same events with the same fields, with the exceptions in the table of its manual.
# vm: --no-load
# before: scripts/upstream --built
# alone: it loads another iommufd
# takes: 30
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/iosnoop.sh
source tests/lib/iosnoop.sh
# shellcheck source=tests/lib/drivers.sh
source tests/lib/drivers.sh
edu=$(tests/vm/bind --bdf edu)

# run SOURCE: record the calls of the clients
run() {
	local client
	start "$1" $iosnoop -j -e all --source "$1"
	for client in iommu-script device-script; do
		"$tests/$client" --bdf "$edu" >"$dir/$1.calls" 2>"$dir/calls.err"
		is "$1: $client did all it should" "$?" 0 || show "$dir/calls.err"
	done
	"$tests/edu-dma" --bdf "$edu" --outside >"$dir/$1.calls" 2>"$dir/calls.err"
	is "$1: DMA inside and outside of a mapping" "$?" 0 || show "$dir/calls.err"
	drained "$1"
	stop "$1"
	sound "$1"
}

ok "our driver" drivers_load "${IOMMUSCOPE_MODULES:-build}" "$edu"
run native
ok "unload it" drivers_unload "$edu"
ok "the kernel's own" drivers_load "$(UPSTREAM_KERNEL=$(uname -r) scripts/upstream --path)" "$edu"
run upstream
ok "unload it" drivers_unload "$edu"
tests/lib/source-diff "$dir/native" "$dir/upstream" man/iosnoop.8.in >"$dir/diff"
is "each event and field is the same, but for the manual's table" \
	"$(grep -v '^rows: ' "$dir/diff")" ""
diag "$(grep '^rows: ' "$dir/diff")"
# Linux 6.12 and 6.13 cannot map files.
rows="RUNS, pin, unpin"
[[ $(uname -r) != 6.1[23].* ]] || rows="RUNS, map-file, pin, unpin"
is "and that is right, as far as a device without PASIDs and faults can tell" \
	"$(sed -n 's/^rows: //p' "$dir/diff")" "$rows"
is "nothing is pinned" "$(pinned)" 0
finish
