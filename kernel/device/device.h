/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices, groups and PASIDs as objects know them.
 */
#ifndef _IOMMUFD_DEVICE_H
#define _IOMMUFD_DEVICE_H

#include <linux/iommu.h>

#include "core/core.h"
#include "device/iommu_core.h"

struct iommufd_hwpt;

/**
 * struct iommufd_device - DEVICE object: a device that a driver has bound
 * @obj: the object; the driver is a user until it unbinds
 * @ctx: its context
 * @dev: the device
 * @group: its IOMMU group, as this context sees it
 * @vdev: the VDEVICE that stands for it, or NULL; under group->lock
 * @dependents: VDEVICEs and PASIDs of it that are not through with it and its group
 * @unbinding: no VDEVICE or PASID may be made or attached any more; under group->lock
 * @attached: as a whole; under group->lock
 * @pasids: PASIDs of it that are attached; under group->lock
 * @faulting: attachments that deliver page requests; under group->lock
 * @sharing: of these, attachments of processes
 * @keeps_file: the context cannot be closed before the driver unbinds
 * @enforce_coherency: the IOMMU can enforce coherency for this device
 */
struct iommufd_device {
	struct iommufd_object obj;
	struct iommufd_ctx *ctx;
	struct device *dev;
	struct iommufd_group *group;
	struct iommufd_vdevice *vdev;
	atomic_t dependents;
	bool unbinding;
	bool attached;
	unsigned int pasids;
	unsigned int faulting;
	unsigned int sharing;
	bool keeps_file;
	bool enforce_coherency;
};

/* Mark 0 is the xarray's own. */
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
 * @bound: devices bound; under ctx->groups_lock
 * @lock: protects what follows, and what struct iommufd_device says is under it
 * @attached: struct iommufd_attach by PASID, IOMMU_NO_PASID for the devices as a whole
 * @pasids: struct iommufd_pasid by number
 * @next_pasid: where the search for a free number begins
 * @sw_msi_start: where software has to map the MSI page, PHYS_ADDR_MAX if it has not to
 */
struct iommufd_group {
	struct iommufd_ctx *ctx;
	struct iommu_group *group;
	struct list_head item;
	unsigned int bound;
	struct mutex lock;  /* what follows */
	struct xarray attached;
	struct xarray pasids;
	u32 next_pasid;
	phys_addr_t sw_msi_start;
};

/**
 * struct iommufd_attach - what a group, or a PASID of it, is attached to
 * @pasid: the PASID, or IOMMU_NO_PASID
 * @hwpt: the page table; each device in @devices is a user of it
 * @pt_id: what it was attached to, as user space or the driver named it
 * @owner: the PASID object of the number, if the device it is for is in @devices: a user of it
 * @devices: struct iommufd_device by id
 * @handle: what the IOMMU core knows the attachment by
 * @blocked: a replace of a PASID failed in a way that left it without page table
 * @rcu: iommufd_device_info() reads @pt_id under RCU
 */
struct iommufd_attach {
	ioasid_t pasid;
	struct iommufd_hwpt *hwpt;
	u32 pt_id;
	struct iommufd_pasid *owner;
	struct xarray devices;
	struct iommufd_attach_handle *handle;
	bool blocked;
	struct rcu_head rcu;
};

/**
 * struct iommufd_attach_handle - one attachment, as page requests see it
 * @handle: the IOMMU core's part
 * @idev: the device
 */
struct iommufd_attach_handle {
	struct iommu_attach_handle handle;
	struct iommufd_device *idev;
};

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

/* What a group, or a PASID of it, is attached to; NULL if it is not. group->lock is held. */
static inline struct iommufd_attach *iommufd_group_attached(struct iommufd_group *group,
							    ioasid_t pasid)
{
	lockdep_assert_held(&group->lock);
	return xa_load(&group->attached, pasid);
}

/* group.c */
struct iommufd_group *iommufd_group_get(struct iommufd_ctx *ctx, struct device *dev);
struct iommufd_group *iommufd_group_get_noiommu(struct iommufd_ctx *ctx);
void iommufd_group_put(struct iommufd_group *group);
bool iommufd_group_is_attached(struct iommufd_group *group, ioasid_t pasid);
bool iommufd_device_is_attached(struct iommufd_device *idev, ioasid_t pasid);
struct iommufd_attach *iommufd_group_find(struct iommufd_device *idev, ioasid_t pasid);
struct iommufd_pasid *iommufd_pasid_find(struct iommufd_device *idev, ioasid_t pasid);

/* hw_info.c */
int iommufd_get_hw_info(struct iommufd_ucmd *ucmd);
void *iommufd_hw_info_data(struct device *dev, u32 *type, u32 *length);
bool iommufd_device_shares_pri(struct device *dev);
bool iommufd_device_has_pri(struct device *dev);
u64 iommufd_device_pci_caps(struct device *dev);

/* iommu_driver.c */
const struct iommufd_iommu_driver *iommufd_iommu_driver_get(struct device *dev);
void iommufd_iommu_driver_put(const struct iommufd_iommu_driver *driver);

#endif
