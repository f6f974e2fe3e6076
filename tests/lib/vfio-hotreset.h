/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hot reset of a PCI slot or bus, with all devices on it: 0 or -errno.
 */
#ifndef TESTS_LIB_VFIO_HOTRESET_H
#define TESTS_LIB_VFIO_HOTRESET_H

#include <stddef.h>

#include "vfio.h"

/*
 * Devices that a reset concerns; *num is the room, and then their number. *flags as in the ioctl.
 */
int vfio__hot_reset_info(struct vfio_dev *dev, struct vfio_pci_dependent_device *devs,
			 unsigned int *num, uint32_t *flags);
/* groups: file descriptors of groups, none for devices opened through their cdev. */
int vfio__hot_reset(struct vfio_dev *dev, const int *groups, unsigned int num);

#endif
