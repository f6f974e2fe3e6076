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

#include "iommufd_private.h"

/**
 * struct iommufd_pool_pasid - a number of the system-wide pool that a context has
 * @pasid: the number
 * @virt_pasid: the guest's number, or IOMMU_EXT_NONE
 * @users: PASID objects that have it, each for another device; some of them not published yet
 * @told: one was published: the end of the last one is to be told
 */
struct iommufd_pool_pasid {
	ioasid_t pasid;
	u32 virt_pasid;
	unsigned int users;
	bool told;
};

/**
 * struct iommufd_pasid - PASID object
 * @obj: the object
 * @idev: its device
 * @pasid: the number
 * @virt_pasid: the guest's number, or IOMMU_EXT_NONE
 * @pool: if the number is of the system-wide pool; else NULL
 * @pt_id: what it is attached to, or IOMMU_EXT_NONE; for fdinfo, which waits for no lock
 */
struct iommufd_pasid {
	struct iommufd_object obj;
	struct iommufd_device *idev;
	ioasid_t pasid;
	u32 virt_pasid;
	struct iommufd_pool_pasid *pool;
	u32 pt_id;
};

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
struct iommufd_pasid *iommufd_pasid_find(struct iommufd_device *idev, ioasid_t pasid);

/* pasid_number.c */
u32 iommufd_pasid_limit(struct iommufd_device *idev);
int iommufd_pasid_take(struct iommufd_pasid *p, u32 flags, u32 wanted);
void iommufd_pasid_give_back(struct iommufd_pasid *p, bool published);

/* pasid_map.c */
void iommufd_pasid_map_init(struct iommufd_ctx *ctx);
void iommufd_pasid_map_destroy(struct iommufd_ctx *ctx);
int iommufd_pasid_map_virt_reserve(struct iommufd_pasid *p);
void iommufd_pasid_map_virt_release(struct iommufd_pasid *p);
void iommufd_pasid_map_virt(struct iommufd_pasid *p);
void iommufd_pasid_unmap_virt(struct iommufd_pasid *p);
int iommufd_pasid_map_pt_reserve(struct iommufd_device *idev, u32 pt_id);
void iommufd_pasid_map_pt_release(struct iommufd_device *idev, u32 pt_id);
void iommufd_pasid_map_pt(struct iommufd_device *idev, u32 pt_id, ioasid_t pasid);
void iommufd_pasid_unmap_pt(struct iommufd_device *idev, u32 pt_id, ioasid_t pasid);
void iommufd_pasid_notify(struct iommufd_ctx *ctx, enum iommufd_pasid_event event,
			  struct iommufd_pasid_change *change);
void iommufd_pasid_notify_change(struct iommufd_device *idev, ioasid_t pasid);

#endif
