#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# PASID objects: their numbers, all of them, and what DMA with them reaches.
# vm: --mock --smp 2
. "$(dirname "$0")/../lib/tap.sh"
include "$tests/pasid-object"
include "$tests/pasid-attach"
if [ -e /sys/kernel/debug/kmemleak ]; then
	skip "all PASIDs of a device" "a million objects are too many for kmemleak"
else
	include "$tests/pasid-full"
fi
finish
