# SPDX-License-Identifier: GPL-2.0-only
# vfio's options as we build it, for drivers/vfio itself and for drivers that see its structures:
# what is in struct vfio_device depends on them.  The stock kernel has iommufd off, so they are
# given to kbuild (which files to build) and to the compiler (what they contain).

on_m := IOMMUFD VFIO VFIO_IOMMU_TYPE1 VFIO_PCI_CORE VFIO_PCI VFIO_MDEV
on_y := VFIO_DEVICE_CDEV VFIO_GROUP VFIO_CONTAINER VFIO_VIRQFD VFIO_PCI_INTX VFIO_PCI_MMAP

config := $(on_m:%=CONFIG_%=m) $(on_y:%=CONFIG_%=y)
defines := $(on_m:%=-DCONFIG_%_MODULE=1) $(on_y:%=-DCONFIG_%=1)
