/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * viommu: the objects by which a guest shares an IOMMU.
 *
 *	VIOMMU		the slice of an IOMMU that one guest sees (viommu.c)
 *	VDEVICE		a device in it, under the number by which the guest knows it
 *			(vdevice.c)
 *	VEVENTQ		a queue of the IOMMU driver's events for the guest (veventq.c)
 *	HW_QUEUE	a queue in guest memory that the hardware processes by itself (hw_queue.c)
 *
 * The structs are in <linux/iommufd_driver.h>, since IOMMU drivers embed them. A VIOMMU holds a
 * reference on the paging HWPT of the guest's memory; each of the others, and each nested HWPT made
 * on it, holds one on the VIOMMU. A VDEVICE holds none on its device: it is destroyed when the
 * device is unbound.
 *
 * IOMMU drivers call the exported functions, bind/ calls this folder to unbind a device, main/ for
 * the ioctls.
 *
 * Locks:
 *
 *	viommu->veventqs_rwsem	the list of event queues. Held for reading while an event is
 *				added to a queue, for writing while a queue is added or removed,
 *				so that no queue is freed during the former. queue->lock is taken
 *				inside.
 *	viommu->vdevs		spinlock of the xarray. IOMMU drivers hold it to keep the
 *				devices that they look up. Entries change under group->lock, which
 *				is outside of it.
 *
 * group->lock, which device/ owns, protects idev->vdev. It is held while the driver initialises or
 * destroys its part of a VDEVICE.
 */
#ifndef _IOMMUFD_VIOMMU_H
#define _IOMMUFD_VIOMMU_H

#include "hwpt/hwpt.h"

/* viommu.c */
int iommufd_viommu_alloc_ioctl(struct iommufd_ucmd *ucmd);
struct iommufd_viommu *iommufd_get_viommu(struct iommufd_ctx *ctx, u32 id);
void iommufd_viommu_destroy(struct iommufd_object *obj);
void iommufd_viommu_show(struct seq_file *m, const struct iommufd_object *obj);

/* vdevice.c */
int iommufd_vdevice_alloc_ioctl(struct iommufd_ucmd *ucmd);
void iommufd_vdevice_destroy(struct iommufd_object *obj);
void iommufd_vdevice_show(struct seq_file *m, const struct iommufd_object *obj);
void iommufd_device_destroy_vdevice(struct iommufd_device *idev);

/* veventq.c */
int iommufd_veventq_alloc_ioctl(struct iommufd_ucmd *ucmd);
void iommufd_veventq_destroy(struct iommufd_object *obj);
void iommufd_veventq_show(struct seq_file *m, const struct iommufd_object *obj);

/* hw_queue.c */
int iommufd_hw_queue_alloc_ioctl(struct iommufd_ucmd *ucmd);
void iommufd_hw_queue_destroy(struct iommufd_object *obj);
void iommufd_hw_queue_show(struct seq_file *m, const struct iommufd_object *obj);

#endif
