/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pasid: PASID objects: their ioctls and life (pasid.c), their numbers (number.c), and how many
 * system-wide numbers a user may have (quota.c).
 *
 *	PASID		the number that DMA carries on the bus (PCI; Arm calls it SSID)
 *	virtual PASID	the number by which a guest knows it; attach/pasid_map.c translates
 *	PASID object	reserves a PASID of one device for user space
 *	pool		the system-wide PASIDs of the IOMMU core; all other numbers are the
 *			group's
 *
 * A number is unique in the IOMMU group, because the IOMMU core attaches PASIDs of groups. An entry
 * of group->pasids reserves it: a zero entry at first, the object once it is published. Whether the
 * PASID is attached, and to what, is recorded in group->attachments only, which also covers PASIDs
 * that a driver attaches by number without an object. If a driver attaches a number while it is
 * reserved but not published, publishing fails with -EBUSY. An attachment holds a reference on the
 * object, so destroying an attached one fails with -EBUSY.
 *
 * Life of an object:
 *
 *	allocate	reserve the number; no look-up finds it; copy it to user space
 *	publish		add it to group->pasids, ctx->virt_pasids and ctx->objects,
 *			atomically under group->lock; then notify
 *	destroy		by IOMMU_DESTROY, by close, or by unbind, which detaches it first:
 *			remove it from look-ups, notify, and only then free the number
 *
 * An object holds no reference on its device. It counts in idev->dependents from publishing until
 * it no longer uses the device and its group, and unbinding waits for that.
 *
 * Locks: this folder owns ctx->pool_lock. It covers ctx->pool and ctx->pool_virt, and is held from
 * deciding that a PASID object is the last with a number of the pool, over its notifiers, until the
 * number was freed. group->lock is taken inside. Notifiers are called without group->lock, since
 * they may look up PASIDs and sleep. users_lock of quota.c is a leaf.
 *
 * bind/ calls this folder to unbind a device, main/ for the ioctls.
 */
#ifndef _IOMMUFD_PASID_H
#define _IOMMUFD_PASID_H

#include "attach/attach.h"

struct iommufd_pool_user;

/* quota.c */
struct iommufd_pool_user *iommufd_pool_charge(struct umem_totals *totals);
void iommufd_pool_uncharge(struct iommufd_pool_user *user);

/* number.c */
u32 iommufd_pasid_limit(struct iommufd_device *idev);
int iommufd_pasid_alloc_number(struct iommufd_pasid *p, u32 flags, u32 wanted);
void iommufd_pasid_publish_number(struct iommufd_pasid *p);
void iommufd_pasid_free_number(struct iommufd_pasid *p, bool published);

/* pasid.c */
int iommufd_pasid_alloc_ioctl(struct iommufd_ucmd *ucmd);
int iommufd_pasid_attach_ioctl(struct iommufd_ucmd *ucmd);
int iommufd_pasid_replace_ioctl(struct iommufd_ucmd *ucmd);
int iommufd_pasid_detach_ioctl(struct iommufd_ucmd *ucmd);
int iommufd_pasid_query_ioctl(struct iommufd_ucmd *ucmd);
void iommufd_pasid_destroy(struct iommufd_object *obj);
void iommufd_pasid_info(const struct iommufd_object *obj, struct iommufd_object_info *info);
void iommufd_pasid_show(struct seq_file *m, const struct iommufd_object *obj);
void iommufd_device_destroy_pasids(struct iommufd_device *idev);

#endif
