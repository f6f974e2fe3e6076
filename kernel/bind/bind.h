/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bind: the in-kernel API by which drivers bring devices into a context.
 *
 *	DEVICE	a real device that a driver (vfio-pci) bound (device.c)
 *	ACCESS	an emulated device (a mediated device), which reads and writes user memory
 *		by IOVA without an IOMMU (access.c)
 *
 * A driver makes both and destroys both, so user space cannot: IOMMU_DESTROY fails with -EBUSY.
 * Both hold a reference on the context's file. Drivers call the exported functions, which may sleep
 * and are called without locks of iommufd. main/ and the test hook use the functions below.
 *
 * Locks:
 *
 *	access->lock	the IOAS of an ACCESS. Held while pages are pinned, unpinned and
 *			copied, outside of iopt->lock. Dropped for the driver's unmap callback.
 *
 * Unbinding destroys the objects that user space made for the device, so this folder calls viommu/
 * and pasid/ and is above them.
 */
#ifndef _IOMMUFD_BIND_H
#define _IOMMUFD_BIND_H

#include "device/device.h"

/* device.c */
u32 iommufd_device_find_id(struct iommufd_ctx *ctx, const void *dev);
struct iommufd_device *iommufd_device_do_bind(struct iommufd_ctx *ctx, struct device *dev,
					      bool hold_ctx);
void iommufd_device_destroy(struct iommufd_object *obj);
void iommufd_device_info(const struct iommufd_object *obj, struct iommufd_object_info *info);
void iommufd_device_show(struct seq_file *m, const struct iommufd_object *obj);

/* access.c */
void iommufd_access_destroy_object(struct iommufd_object *obj);
void iommufd_access_show(struct seq_file *m, const struct iommufd_object *obj);

#endif
