#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# DMA of the edu device in both directions, DMA to addresses that are not mapped, and the client's
# handling of errors.
. "$(dirname "$0")/../lib/tap.sh"
bdf=$(tests/vm/bind --bdf edu)
out=$(mktemp)
trap 'rm -f "$out"' EXIT

# status WANT COMMAND...: the command exits with that status
status() {
	local want=$1 got=0
	shift
	"$@" || got=$?
	((got == want)) || { echo "status $got, not $want"; return 1; }
}

ok "a device that is not bound to vfio-pci: status 1" status 1 "$tests/edu-dma" --bdf "$bdf"
ok "no device given: status 2" status 2 "$tests/edu-dma"
ok "bind" tests/vm/bind "$bdf"
"$tests/edu-dma" --bdf "$bdf" --loops 11 --outside >"$out"
is "DMA both ways, and outside" $? 0
is "eleven times" "$(value loops "$out")" 11
for what in after before far unmapped readonly read-unmapped; do
	ok "stopped: $what" grep -q "^stopped=$what " "$out"
done
lines=$(value fault_lines "$out")
ok "dmesg has lines about it: $lines" test "$lines" -gt 0
is "nothing is pinned" "$(pinned)" 0
finish
