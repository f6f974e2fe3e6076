/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PASIDs of devices: the objects (pasid.c), where their numbers come from (pasid_number.c), and how
 * others in the kernel translate them (pasid_map.c).
 *
 * Vocabulary. A PASID is the number that DMA carries on the bus. A PASID object says that user
 * space has the number, for one device. The number is taken in the device's group, since the IOMMU
 * core keeps what PASIDs are attached to for each group: group->pasids has a place for each number
 * that is taken. It comes from the group itself, or from the pool of the whole system (ctx->pool).
 *
 * What a PASID is attached to, group->attached says, whoever attached it: the object, or the
 * device's driver by number. There is no second record of it, so the two cannot differ. An
 * attachment of the object's device is a user of the object: it is EBUSY to destroy it then.
 * While a number is taken and not published yet, a driver may attach it; then it is not published.
 *
 * Life of an object:
 *
 *	number taken	nobody finds it; user space is told the number
 *	published	in group->pasids, with its virtual number in ctx->virt_pasids, and in
 *			the table of objects: one step, under group->lock
 *	taken back	by IOMMU_DESTROY, the file's end, or when the device is unbound, which
 *			cannot be refused: then it is detached first. No look-up finds it; then
 *			those who were told of it are told; and only then is the number free
 *
 * An object is no user of its device. It counts in idev->dependents, for which unbinding waits,
 * from being published to the moment when it is through with the device and its group.
 *
 * Locks: ctx->pool_lock is held around taking and giving back a number of the pool and calling the
 * notifiers of its end, so that "the last in this context" stays true; group->lock is taken inside.
 * Notifiers are called without group->lock: they may look up, and sleep.
 */
#ifndef _IOMMUFD_PASID_H
#define _IOMMUFD_PASID_H

#include "attach/attach.h"

/* pasid.c */
int iommufd_pasid_alloc_ioctl(struct iommufd_ucmd *ucmd);
int iommufd_pasid_attach_ioctl(struct iommufd_ucmd *ucmd);
int iommufd_pasid_replace_ioctl(struct iommufd_ucmd *ucmd);
int iommufd_pasid_detach_ioctl(struct iommufd_ucmd *ucmd);
int iommufd_pasid_query_ioctl(struct iommufd_ucmd *ucmd);
void iommufd_pasid_destroy(struct iommufd_object *obj);
void iommufd_pasid_info(const struct iommufd_object *obj, struct iommufd_object_info *info);
void iommufd_pasid_show(struct seq_file *m, const struct iommufd_object *obj);
void iommufd_pasid_remove_all(struct iommufd_device *idev);

/* pasid_number.c */
u32 iommufd_pasid_limit(struct iommufd_device *idev);
int iommufd_pasid_take(struct iommufd_pasid *p, u32 flags, u32 wanted);
void iommufd_pasid_give_back(struct iommufd_pasid *p, bool published);

#endif
