#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iommufd_mock.ko is kept while a device of it is there, and leaves no trace when it goes.
# IOMMUSCOPE_MODULES is the folder it is in, build if not given.
# vm: --mock
. "$(dirname "$0")/../lib/tap.sh"
dir=${IOMMUSCOPE_MODULES:-build}
not() { ! "$@"; }
loaded() { grep '^iommufd_mock ' /proc/modules; }
traces() {
	ls -d /sys/class/iommu/iommufd-mock* /sys/bus/platform/devices/iommufd-mock* \
		/sys/kernel/debug/irq/domains/*mock* 2>/dev/null
}
devices() { ls -d /sys/bus/platform/devices/iommufd-mock.* 2>/dev/null; }

coproc user { "$tests/mock-hold"; }
# shellcheck disable=SC2154 # set by coproc
read -r line <&"${user[0]}"
is "a device is made" "$line" ready
ok "it is there" devices
ok "a device keeps the module" not rmmod iommufd_mock
ok "it is still loaded" loaded
# shellcheck disable=SC2154 # set by coproc
kill "$user_PID"
wait "$user_PID" 2>/dev/null
ok "the device goes with its user" await not devices

for i in {1..10}; do
	ok "round $i: remove" rmmod iommufd_mock || break
	ok "round $i: nothing of it is left" not traces
	ok "round $i: load" insmod "$dir/iommufd_mock.ko" || break
	line=$("$tests/mock-hold" </dev/null)
	is "round $i: use" "$line" ready
done
finish
