// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hot reset of a PCI slot or bus; see vfio-hotreset.h.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vfio-hotreset.h"

#define MAX 16

int vfio__hot_reset_info(struct vfio_dev *dev, struct vfio_pci_dependent_device *devs,
			 unsigned int *num, uint32_t *flags)
{
	union {
		struct vfio_pci_hot_reset_info info;
		char room[sizeof(struct vfio_pci_hot_reset_info) +
			  MAX * sizeof(struct vfio_pci_dependent_device)];
	} arg;

	if (*num > MAX)
		return -E2BIG;
	memset(&arg, 0, sizeof(arg));
	arg.info.argsz = sizeof(arg.info) + *num * sizeof(*devs);
	if (ioctl(dev->fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &arg))
		return -errno;
	if (arg.info.count > *num)
		return -ENOSPC;
	*num = arg.info.count;
	*flags = arg.info.flags;
	memcpy(devs, arg.info.devices, *num * sizeof(*devs));
	return 0;
}

int vfio__hot_reset(struct vfio_dev *dev, const int *groups, unsigned int num)
{
	union {
		struct vfio_pci_hot_reset set;
		char room[sizeof(struct vfio_pci_hot_reset) + MAX * sizeof(int)];
	} arg;

	if (num > MAX)
		return -E2BIG;
	memset(&arg, 0, sizeof(arg));
	arg.set.argsz = sizeof(arg.set) + num * sizeof(int);
	arg.set.count = num;
	if (num)
		memcpy(arg.set.group_fds, groups, num * sizeof(int));
	return ioctl(dev->fd, VFIO_DEVICE_PCI_HOT_RESET, &arg) ? -errno : 0;
}
