/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * device: bound devices, their IOMMU groups, and their features as IOMMU drivers report them.
 *
 * This folder holds the state of devices; others change it. bind/ makes and destroys DEVICE
 * objects, attach/ attaches them, pasid/ allocates their PASIDs, viommu/ makes VDEVICEs of them.
 *
 *	group		an IOMMU group as one context sees it. Its devices cannot be isolated
 *			from each other, so they share attachments and PASID numbers.
 *	attachment	the HWPT of a group, or of a PASID of it, and its attached devices
 *	whole device	its DMA without a PASID; functions get IOMMU_NO_PASID for it
 *	handle		identifies the attachment; the IOMMU core passes it with a page
 *			request
 *	no-IOMMU	a device without IOMMU has a group of its own, which the core does not
 *			know
 *
 * Locks:
 *
 *	ctx->groups_lock	ctx->groups and group->nr_devices
 *	group->lock		group->attachments, group->pasids and the fields of the group's
 *				devices that name it. It serialises attach, replace and detach,
 *				and is held while the IOMMU driver does them. User memory is never
 *				touched under it, nor does anything wait for the locks of iopt and
 *				umem, because a stalled page fault would then block a detach.
 *	lock of a driver list	in iommu_driver.c; no lock is taken inside
 *
 * fdinfo and iterators run under the spinlock of ctx->objects, where group->lock cannot be taken.
 * They read idev->attached, idev->nr_pasids and pasid->pt_id with READ_ONCE(), and attachments
 * under RCU.
 */
#ifndef _IOMMUFD_DEVICE_H
#define _IOMMUFD_DEVICE_H

#include <linux/iommu.h>
#include <linux/rbtree.h>

#include "core/core.h"
#include "device/iommu_core.h"

struct iommufd_hwpt;
struct iommufd_pool_pasid;
struct iommufd_reserved;

/**
 * struct iommufd_device - DEVICE object: a device that a driver has bound
 * @obj: the object; the driver holds a reference until it unbinds
 * @ctx: its context
 * @dev: the device
 * @group: its IOMMU group in this context
 * @vdev: its VDEVICE, or NULL; under group->lock
 * @reserved: its ranges in the IOAS that the whole device is attached to, or NULL; under
 *	group->lock
 * @dependents: VDEVICEs and PASID objects that may still use the device or its group; unbinding
 *	waits on ctx->idle until it is 0
 * @unbinding: no VDEVICE or PASID may be made or attached any more; under group->lock
 * @attached: the whole device is attached; written under group->lock
 * @nr_pasids: attached PASIDs of this device; written under group->lock
 * @fault_users: attachments that deliver page requests; under group->lock
 * @sva_users: those of @fault_users that are to a process's page table; under group->lock
 * @holds_ctx: the device holds a reference on the context until the driver unbinds
 * @enforce_coherency: the IOMMU can enforce cache coherency for this device
 */
struct iommufd_device {
	struct iommufd_object obj;
	struct iommufd_ctx *ctx;
	struct device *dev;
	struct iommufd_group *group;
	struct iommufd_vdevice *vdev;
	struct iommufd_reserved *reserved;
	atomic_t dependents;
	bool unbinding;
	bool attached;
	unsigned int nr_pasids;
	unsigned int fault_users;
	unsigned int sva_users;
	bool holds_ctx;
	bool enforce_coherency;
};

/* Mark of DEVICE objects in ctx->objects; the xarray uses mark 0 itself. */
#define IOMMUFD_IS_DEVICE XA_MARK_1

static inline struct iommufd_device *iommufd_get_device(struct iommufd_ctx *ctx, u32 id)
{
	struct iommufd_object *obj = iommufd_object_get(ctx, id, IOMMUFD_OBJ_DEVICE);

	return IS_ERR(obj) ? ERR_CAST(obj) : container_of(obj, struct iommufd_device, obj);
}

/**
 * struct iommufd_group - an IOMMU group in a context
 * @ctx: the context
 * @group: the core's object, referenced; NULL for a device that has no IOMMU
 * @item: in ctx->groups
 * @nr_devices: bound devices of the group; under ctx->groups_lock
 * @lock: protects the members below, and those of struct iommufd_device that name it
 * @attachments: struct iommufd_attachment by PASID; IOMMU_NO_PASID is that of whole devices
 * @nr_attachments: how many there are
 * @by_pt: those with a PASID, by pt_id and then by PASID
 * @pasids: struct iommufd_pasid by number; a reserved entry is a number not published yet
 * @next_pasid: where the search for a free number begins
 * @sw_msi_start: IOVA at which software has to map the MSI page; PHYS_ADDR_MAX if it need not
 */
struct iommufd_group {
	struct iommufd_ctx *ctx;
	struct iommu_group *group;
	struct list_head item;
	unsigned int nr_devices;
	struct mutex lock;  /* attachments, by_pt, pasids, fields of devices */
	struct xarray attachments;
	unsigned int nr_attachments;
	struct rb_root by_pt;
	struct xarray pasids;
	u32 next_pasid;
	phys_addr_t sw_msi_start;
};

/**
 * struct iommufd_attachment - the HWPT of a group, or of a PASID of it
 * @pasid: the PASID, or IOMMU_NO_PASID
 * @hwpt: the HWPT; each device in @devices holds a reference on it
 * @pt_id: the id that user space or the driver attached it by: an IOAS, HWPT or SVA object
 * @pasid_obj: the PASID object of the number, if its device is in @devices; referenced
 * @devices: attached struct iommufd_device by id
 * @handle: names the attachment to the IOMMU core
 * @blocked: a failed replace left the PASID without page table
 * @node: in group->by_pt, if it has a PASID
 * @rcu: iommufd_device_info() reads @pt_id under RCU
 */
struct iommufd_attachment {
	ioasid_t pasid;
	struct iommufd_hwpt *hwpt;
	u32 pt_id;
	struct iommufd_pasid *pasid_obj;
	struct xarray devices;
	struct iommufd_attach_handle *handle;
	bool blocked;
	struct rb_node node;
	struct rcu_head rcu;
};

/**
 * struct iommufd_attach_handle - names an attachment in page requests
 * @handle: the IOMMU core's part
 * @idev: the device that page requests are reported for
 * @hwpt: the HWPT
 */
struct iommufd_attach_handle {
	struct iommu_attach_handle handle;
	struct iommufd_device *idev;
	struct iommufd_hwpt *hwpt;
};

/* The device that a group of page requests came from. */
static inline struct iommufd_device *iommufd_iopf_device(const struct iopf_group *group)
{
	return container_of(group->attach_handle, struct iommufd_attach_handle, handle)->idev;
}

/* The HWPT that a group of page requests came through. */
static inline struct iommufd_hwpt *iommufd_iopf_hwpt(const struct iopf_group *group)
{
	return container_of(group->attach_handle, struct iommufd_attach_handle, handle)->hwpt;
}

/**
 * struct iommufd_pasid - PASID object
 * @obj: the object
 * @idev: its device
 * @pasid: the number
 * @virt_pasid: the guest's number, or IOMMU_EXT_NONE
 * @pool: its entry in ctx->pool if the number is from the system-wide pool, else NULL
 * @pt_id: id of the attached object, or IOMMU_EXT_NONE; written under group->lock
 */
struct iommufd_pasid {
	struct iommufd_object obj;
	struct iommufd_device *idev;
	ioasid_t pasid;
	u32 virt_pasid;
	struct iommufd_pool_pasid *pool;
	u32 pt_id;
};

/* Get the attachment of a group, or of a PASID of it; NULL if there is none. */
static inline struct iommufd_attachment *iommufd_group_attachment(struct iommufd_group *group,
								  ioasid_t pasid)
{
	lockdep_assert_held(&group->lock);
	return xa_load(&group->attachments, pasid);
}

/* group.c */
struct iommufd_group *iommufd_group_get(struct iommufd_ctx *ctx, struct device *dev);
struct iommufd_group *iommufd_group_get_noiommu(struct iommufd_ctx *ctx);
void iommufd_group_put(struct iommufd_group *group);
bool iommufd_group_is_attached(struct iommufd_group *group, ioasid_t pasid);
bool iommufd_device_is_attached(struct iommufd_device *idev, ioasid_t pasid);
struct iommufd_attachment *iommufd_device_attachment(struct iommufd_device *idev, ioasid_t pasid);
struct iommufd_pasid *iommufd_pasid_find(struct iommufd_device *idev, ioasid_t pasid);

/* hw_info.c */
int iommufd_get_hw_info(struct iommufd_ucmd *ucmd);
void *iommufd_hw_info_data(struct device *dev, u32 *type, u32 *length);
bool iommufd_device_shares_pri(struct device *dev);
bool iommufd_device_has_pri(struct device *dev);
u64 iommufd_device_pci_caps(struct device *dev);

/* iommu_driver.c */

/**
 * struct iommufd_driver_list - IOMMU drivers that registered something with iommufd
 * @lock: protects @entries
 * @entries: struct iommufd_driver_entry
 */
struct iommufd_driver_list {
	struct mutex lock; /* entries */
	struct list_head entries;
};

#define IOMMUFD_DRIVER_LIST(name) \
	struct iommufd_driver_list name = { \
		.lock = __MUTEX_INITIALIZER((name).lock), \
		.entries = LIST_HEAD_INIT((name).entries), \
	}

int iommufd_driver_add(struct iommufd_driver_list *list, struct iommufd_driver_entry *entry);
void iommufd_driver_del(struct iommufd_driver_list *list, struct iommufd_driver_entry *entry);
struct iommufd_driver_entry *iommufd_driver_get(struct iommufd_driver_list *list,
						struct device *dev);
const struct iommufd_iommu_driver *iommufd_iommu_driver_get(struct device *dev);
void iommufd_iommu_driver_put(const struct iommufd_iommu_driver *driver);

#endif
