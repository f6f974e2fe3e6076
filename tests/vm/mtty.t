#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A mediated device, which has no IOMMU: the kernel's sample driver of a serial card.
# IOMMUSCOPE_MODULES is the folder that mtty.ko is in, build if not given.
. "$(dirname "$0")/../lib/tap.sh"
ko=${IOMMUSCOPE_MODULES:-build}/mtty.ko
if [[ ! -e $ko ]]; then
	echo "1..0 # SKIP there is no $ko: it is made where the kernel's source has the sample"
	exit 0
fi
is_loaded() { [[ -d /sys/module/$1 ]]; }

is_loaded mdev || insmod "${ko%/*}/vfio/mdev.ko"
ok "load" insmod "$ko"
ok "its types are there" test -e /sys/class/mdev_bus/mtty/mdev_supported_types/mtty-2/create
include "$tests/mtty"
is "nothing is pinned" "$(pinned)" 0
ok "unload" rmmod mtty
ok "mdev as well" rmmod mdev
finish
