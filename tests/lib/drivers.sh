# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Another iommufd and its VFIO in a guest without modules (vm: --no-load).

# drivers_load FOLDER BDF...: load the modules of a folder, and bind the devices to vfio-pci.
drivers_load() {
	local folder=$1 i
	shift
	modprobe -q irqbypass
	insmod "$folder/iommufd.ko" || return
	for i in vfio vfio_iommu_type1 vfio-pci-core vfio-pci; do
		insmod "$folder/vfio/$i.ko" || return
	done
	for i; do tests/vm/bind "$i" || return; done
}

# drivers_unload BDF...: undo it.
drivers_unload() {
	local i
	for i; do tests/vm/bind --unbind "$i" || return; done
	rmmod vfio_pci vfio_pci_core vfio_iommu_type1 vfio iommufd
}
