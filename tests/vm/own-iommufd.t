#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A kernel that has an iommufd of its own: ours takes its place through updates/, with our vfio;
# what it replaces, and what of the kernel's own does not fit it, is said; and the way back.
# vm: --no-load
# before: scripts/upstream --built
# takes: 15
set -u
# With a /lib/modules of its own.
[[ ${1-} == private ]] || exec unshare -m "$0" private
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source tests/lib/cli.sh
krel=$(uname -r)
lib=/lib/modules/$krel
own=$(scripts/upstream --path)
edu=$(tests/vm/bind --bdf edu)
vfio=(vfio vfio_iommu_type1 vfio-pci-core vfio-pci)
cat "build/obj/$krel/exports" "build/obj/$krel/vfio/Module.symvers" >"$dir/symvers"

modprobe -q irqbypass
mount -t tmpfs tmpfs "$lib"
mkdir -p "$lib/kernel/drivers/"{iommu/iommufd,vfio} "$lib/updates/vfio"
strip -g -o "$lib/kernel/drivers/iommu/iommufd/iommufd.ko" "$own/iommufd.ko"
for m in "${vfio[@]}"; do
	strip -g -o "$lib/kernel/drivers/vfio/$m.ko" "$own/vfio/$m.ko"
done
touch "$lib"/modules.{order,builtin,builtin.modinfo}

load() { depmod "$krel" && modprobe -a iommufd vfio-pci; }
unload() { tests/vm/bind --unbind "$edu"; modprobe -r vfio-pci vfio_iommu_type1 iommufd; }
dma() { tests/vm/bind "$edu" && "$tests/edu-dma" --bdf "$edu" --loops 2; }
origin() {
	build/iosnoop --check 2>/dev/null | sed -n "s,^[a-zA-Z]*  *origin of $1  *,,p" |
		sed "s,$lib/,LIB/,"
}
replaced() { run scripts/replaced "$lib" "$dir/symvers" "$@"; }

ok "the kernel's own iommufd and vfio" load
is "--check: it is the kernel's own" "$(origin iommufd)" \
	"the kernel's own: LIB/kernel/drivers/iommu/iommufd/iommufd.ko"
ok "DMA through it" dma
ok "and unload" unload

strip -g -o "$lib/updates/iommufd.ko" build/iommufd.ko
depmod "$krel"
replaced iommufd.ko
ok "our iommufd alone: it says what it replaces" each 'ended 0' \
	'shows "replaces $lib/kernel/drivers/iommu/iommufd/iommufd.ko (make uninstall brings"'
ok "and which modules do not fit, with a symbol" \
	shows "$lib/kernel/drivers/vfio/vfio.ko does not fit the new modules (symbol iommufd_"
dmesg -C
ok "the kernel does not load that vfio" eval '! load 2>/dev/null'
ok "for this reason" eval 'dmesg | grep -q "vfio: disagrees about version of symbol iommufd_"'
modprobe -r iommufd

for m in "${vfio[@]}"; do
	strip -g -o "$lib/updates/vfio/$m.ko" "build/vfio/$m.ko"
done
depmod "$krel"
replaced iommufd.ko "${vfio[@]/%/.ko}"
is "with our vfio: five are replaced, and all fit" "$(wc -l <"$dir/out") $(grep -c ^replaces \
	"$dir/out")" "5 5"
ok "ours takes the place, through updates/" load
is "--check: it was installed" "$(origin iommufd)" "by make install: LIB/updates/iommufd.ko"
is "--check: so was vfio" "$(origin vfio)" "by make install: LIB/updates/vfio/vfio.ko"
ok "--check: one command goes back" eval \
	'build/iosnoop --check 2>/dev/null | grep -q "back to the kernel.s own: make uninstall"'
ok "DMA through ours" dma
ok "and unload" unload

rm -r "$lib/updates"
ok "without updates/ the kernel's own is back" load
is "--check: it is the kernel's own" "$(origin iommufd)" \
	"the kernel's own: LIB/kernel/drivers/iommu/iommufd/iommufd.ko"
unload
is "nothing is pinned" "$(pinned)" 0
umount "$lib"
finish
