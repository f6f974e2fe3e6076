#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The virtual functions of an igb card, created by vfio-pci first, then by igb's own driver.
# takes: 10
. "$(dirname "$0")/../lib/tap.sh"
igb=$(tests/vm/bind --bdf igb)
sys=/sys/bus/pci/devices/$igb

vfs() { echo "$1" >"$sys/sriov_numvfs"; }
vf() { local link; link=$(readlink "$sys/virtfn$1"); echo "${link##*/}"; }

echo Y >/sys/module/vfio_pci/parameters/enable_sriov
ok "igb: bind to vfio-pci" tests/vm/bind "$igb"
ok "igb: two virtual functions" vfs 2
include "$tests/vfio-vf" "$igb" "$(vf 0)" "$(vf 1)" token
ok "igb: none" vfs 0
if tests/vm/bind "$igb" igb 2>/dev/null; then
	ok "igb: its own driver makes two virtual functions" vfs 2
	first=$(vf 0) second=$(vf 1)
	ok "igb: bind them to vfio-pci" tests/vm/bind "$first"
	ok "igb: both" tests/vm/bind "$second"
	include "$tests/vfio-vf" "$first" "$second"
	ok "igb: none" vfs 0
else
	skip "igb: its own driver" "this kernel has no igb.ko"
fi
is "nothing is pinned" "$(pinned)" 0
finish
