/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * attach: attach, replace and detach devices and PASIDs, and translate PASIDs for other drivers.
 *
 * An attach names an object by its id: an IOAS, a HWPT, or an SVA object. attach.c finds or makes
 * the HWPT for it and asks policies; group.c attaches the IOMMU group to that HWPT; pasid_map.c
 * keeps the PASIDs that in-kernel users look up, and notifies these users.
 *
 *	attach, detach	a device, or a PASID of it; the group follows its first and last
 *			device
 *	replace		attach a device, and with it its whole group, to another HWPT
 *	pt_id		the id of the attached object as the caller named it
 *
 * Drivers call the exported functions, pasid/ calls iommufd_attach_pt() and iommufd_detach_pt() for
 * PASID objects. All of them may sleep, and are called without locks of iommufd.
 *
 * Locks: this folder owns none. It takes, outermost first,
 *
 *	ioas->hwpts_lock	while an automatic HWPT is chosen or made, including pinning
 *	group->lock		while the group is attached, replaced or detached
 *
 * and tries to take iopt->lock inside group->lock, to reserve the reserved ranges of devices; if
 * that is held, it drops group->lock, waits, and starts again. Policies are asked before, under
 * neither. HWPTs are destroyed after both were dropped.
 */
#ifndef _IOMMUFD_ATTACH_H
#define _IOMMUFD_ATTACH_H

#include "hwpt/hwpt.h"

/**
 * struct iommufd_attach_args - arguments and results of an attach or replace
 * @idev: in: the device
 * @pasid: in: the PASID, or IOMMU_NO_PASID
 * @replace: in: replace instead of attach
 * @pasid_compat: in: if an automatic HWPT has to be made, make it with IOMMU_HWPT_ALLOC_PASID
 * @pt_id: in: id of the object to attach
 * @hwpt_id: out: id of the HWPT that is attached now
 * @ioas_id: out: id of its IOAS, or IOMMU_EXT_NONE
 * @old_id: out: id of the HWPT before a replace
 * @old: internal: the HWPT before, if it is another one
 * @old_users: internal: number of references on @old to drop once no lock is held
 * @unref: internal: HWPT on which one more reference is to be dropped then, or NULL
 * @reservation: internal: pages that policies allowed the call to pin; NULL for no limit
 */
struct iommufd_attach_args {
	struct iommufd_device *idev;
	ioasid_t pasid;
	bool replace;
	bool pasid_compat;
	u32 pt_id;
	u32 hwpt_id;
	u32 ioas_id;
	u32 old_id;
	struct iommufd_hwpt *old;
	unsigned int old_users;
	struct iommufd_hwpt *unref;
	struct umem_reservation *reservation;
};

/* pasid_map.c */
void iommufd_pasid_map_init(struct iommufd_ctx *ctx);
void iommufd_pasid_map_destroy(struct iommufd_ctx *ctx);
int iommufd_pasid_map_virt_reserve(struct iommufd_pasid *p);
void iommufd_pasid_map_virt_release(struct iommufd_pasid *p);
void iommufd_pasid_map_virt(struct iommufd_pasid *p);
void iommufd_pasid_unmap_virt(struct iommufd_pasid *p);
void iommufd_pasid_index_pt(struct iommufd_group *group, struct iommufd_attachment *attach);
int iommufd_pasid_map_pt_reserve(struct iommufd_device *idev, u32 pt_id);
void iommufd_pasid_map_pt_release(struct iommufd_device *idev, u32 pt_id);
void iommufd_pasid_map_pt(struct iommufd_device *idev, u32 pt_id, ioasid_t pasid);
void iommufd_pasid_unmap_pt(struct iommufd_device *idev, u32 pt_id, ioasid_t pasid);
void iommufd_pasid_notify(struct iommufd_ctx *ctx, enum iommufd_pasid_event event,
			  struct iommufd_pasid_change *change);
void iommufd_pasid_notify_change(struct iommufd_device *idev, ioasid_t pasid);

/* group.c */
bool iommufd_device_allows_pasids(struct iommufd_device *idev);
int iommufd_group_attach(struct iommufd_attach_args *args, struct iommufd_hwpt *hwpt);
int iommufd_group_replace(struct iommufd_attach_args *args, struct iommufd_hwpt *hwpt);
struct iommufd_hwpt *iommufd_group_detach(struct iommufd_device *idev, ioasid_t pasid);

/* attach.c */
int iommufd_attach_pt(struct iommufd_attach_args *args);
bool iommufd_detach_pt(struct iommufd_device *idev, ioasid_t pasid, u32 *ioas_id, u32 *hwpt_id);

#endif
