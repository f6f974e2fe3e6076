#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The modules loaded, used and removed ten times in a row, and kept while they are in use.
# IOMMUSCOPE_MODULES is the folder they are in, build if not given.
# vm: --no-load
# takes: 18
. "$(dirname "$0")/../lib/tap.sh"
dir=${IOMMUSCOPE_MODULES:-build}
up=("$dir/iommufd.ko" "$dir"/vfio/{vfio,vfio_iommu_type1,vfio-pci-core,vfio-pci}.ko)
down=(vfio_pci vfio_pci_core vfio_iommu_type1 vfio iommufd)
edu=$(tests/vm/bind --bdf edu)
nvme=$(tests/vm/bind --bdf nvme)
# The tree of a kernel that was built here has no modules.dep, so modprobe does not find it there.
modprobe -q irqbypass || insmod "$(grep -m1 '/irqbypass\.ko' /run/vm/load)"

load() {
	local m
	for m in "${up[@]}"; do insmod "$m" || return 1; done
}
remove() {
	local m
	for m in "${down[@]}"; do rmmod "$m" || return 1; done
}
loaded() { grep -E '^(iommufd|vfio)' /proc/modules; }
use() {
	tests/vm/bind "$edu" && tests/vm/bind "$nvme" &&
		"$tests/edu-dma" --bdf "$edu" &&
		"$tests/nvme-io" --bdf "$nvme" --reads 64 --map-each &&
		"$tests/iommu-script" --bdf "$edu"
}
not() { ! "$@"; }

for i in {1..10}; do
	ok "round $i: load" load || break
	ok "round $i: use" use
	is "round $i: nothing is pinned" "$(pinned)" 0
	if ((i == 5)); then
		exec 8<>/dev/iommu
		for m in vfio_pci vfio_pci_core vfio_iommu_type1 vfio; do rmmod $m; done
		ok "a file that is open keeps iommufd" not rmmod iommufd
		ok "it is still loaded" loaded
		exec 8>&-
		ok "round $i: remove" rmmod iommufd
	else
		ok "round $i: remove" remove
	fi
	ok "round $i: nothing of them is left" not loaded
	ok "round $i: no /dev/iommu" test ! -e /dev/iommu
done
finish
