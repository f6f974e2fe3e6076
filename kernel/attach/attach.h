/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is attached.
 */
#ifndef _IOMMUFD_ATTACH_H
#define _IOMMUFD_ATTACH_H

#include "hwpt/hwpt.h"

/* group.c */
bool iommufd_device_takes_pasids(struct iommufd_device *idev);
int iommufd_group_attach(struct iommufd_device *idev, ioasid_t pasid, struct iommufd_hwpt *hwpt,
			 u32 pt_id);
int iommufd_group_replace(struct iommufd_device *idev, ioasid_t pasid, struct iommufd_hwpt *hwpt,
			  u32 pt_id, struct iommufd_hwpt **old, unsigned int *users);
struct iommufd_hwpt *iommufd_group_detach(struct iommufd_device *idev, ioasid_t pasid);

/**
 * struct iommufd_change - an attach or replace
 * @idev: the device
 * @pasid: the PASID in question, or IOMMU_NO_PASID
 * @replace: it is attached already
 * @for_pasids: an automatic page table that is made for it is one for PASIDs
 * @pt_id: what to attach, as it was named
 * @hwpt_id: out: the page table it is attached to now
 * @ioas_id: out: the address space in it
 * @old_id: out: the page table before
 * @old: out: the same, if it is another one
 * @old_users: out: uses of @old to be dropped
 * @drop: a page table that one use is to be dropped of
 * @reservation: what may be pinned for it; or NULL
 */
struct iommufd_change {
	struct iommufd_device *idev;
	ioasid_t pasid;
	bool replace;
	bool for_pasids;
	u32 pt_id;
	u32 hwpt_id;
	u32 ioas_id;
	u32 old_id;
	struct iommufd_hwpt *old;
	unsigned int old_users;
	struct iommufd_hwpt *drop;
	struct umem_reservation *reservation;
};

/* attach.c */
int iommufd_change_pt(struct iommufd_change *change);
bool iommufd_end_pt(struct iommufd_device *idev, ioasid_t pasid, u32 *ioas_id, u32 *hwpt_id);

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
