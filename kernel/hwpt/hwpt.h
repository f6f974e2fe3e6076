/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables.
 */
#ifndef _IOMMUFD_HWPT_H
#define _IOMMUFD_HWPT_H

#include "device/device.h"
#include "ioas/ioas.h"

struct iommufd_policy_request;

/**
 * struct iommufd_hwpt - HWPT object: a page table of the IOMMU
 * @obj: the object
 * @ctx: its context
 * @domain: the IOMMU core's object
 * @fault: where page requests go, or NULL; a user of it
 * @pasid_ok: made with IOMMU_HWPT_ALLOC_PASID: for PASIDs, and for devices that use PASIDs
 */
struct iommufd_hwpt {
	struct iommufd_object obj;
	struct iommufd_ctx *ctx;
	struct iommu_domain *domain;
	struct iommufd_fault *fault;
	bool pasid_ok;
};

/**
 * struct iommufd_hwpt_paging - a page table that the kernel keeps filled with an IOAS
 * @common: the object
 * @ioas: the address space it holds; a user of it
 * @table: its place among the page tables of @ioas
 * @item: in ioas->hwpts
 * @automatic: made for an attach to the IOAS, and gone with the last device
 * @nest_parent: nested page tables may be put on it
 * @enforce_coherency: DMA is coherent with CPU caches whatever the device asks for
 * @msi_cookie: the domain maps MSI pages by itself; under msi_lock in hwpt.c
 */
struct iommufd_hwpt_paging {
	struct iommufd_hwpt common;
	struct iommufd_ioas *ioas;
	struct iopt_table table;
	struct list_head item;
	bool automatic;
	bool nest_parent;
	bool enforce_coherency;
	bool msi_cookie;
};

/**
 * struct iommufd_hwpt_nested - a page table that user space writes, on top of one of the kernel's
 * @common: the object
 * @parent: what translates its addresses
 * @viommu: the virtual IOMMU it belongs to, a user of it; or NULL, then a user of @parent
 * @data_type: enum iommu_hwpt_data_type of what it was made from
 */
struct iommufd_hwpt_nested {
	struct iommufd_hwpt common;
	struct iommufd_hwpt_paging *parent;
	struct iommufd_viommu *viommu;
	u32 data_type;
};

struct iommufd_sva;
struct iommufd_sva_queue;

/**
 * struct iommufd_hwpt_sva - a process's page table, as one attachment to a PASID uses it
 * @common: the object, which goes with the attachment
 * @sva: the SVA object; a user of it
 * @queue: page requests that are being resolved
 */
struct iommufd_hwpt_sva {
	struct iommufd_hwpt common;
	struct iommufd_sva *sva;
	struct iommufd_sva_queue *queue;
};

#define to_hwpt(ptr) container_of(ptr, struct iommufd_hwpt, obj)
#define to_hwpt_paging(ptr) container_of(ptr, struct iommufd_hwpt_paging, common.obj)
#define to_hwpt_nested(ptr) container_of(ptr, struct iommufd_hwpt_nested, common.obj)
#define to_hwpt_sva(ptr) container_of(ptr, struct iommufd_hwpt_sva, common.obj)

/* The kernel-managed page table that a DMA through @hwpt ends in; NULL if it is a process's. */
static inline struct iommufd_hwpt_paging *iommufd_hwpt_to_paging(struct iommufd_hwpt *hwpt)
{
	switch (hwpt->obj.type) {
	case IOMMUFD_OBJ_HWPT_NESTED:
		return to_hwpt_nested(&hwpt->obj)->parent;
	case IOMMUFD_OBJ_HWPT_SVA:
		return NULL;
	default:
		return to_hwpt_paging(&hwpt->obj);
	}
}

/* The address space that a DMA through @hwpt ends in, for tracepoints. */
static inline u32 iommufd_hwpt_ioas_id(struct iommufd_hwpt *hwpt)
{
	struct iommufd_hwpt_paging *paging = iommufd_hwpt_to_paging(hwpt);

	return paging ? paging->ioas->obj.id : IOMMU_EXT_NONE;
}

/* Made by an attach, and gone with the last device. */
static inline bool iommufd_hwpt_is_automatic(struct iommufd_hwpt *hwpt)
{
	switch (hwpt->obj.type) {
	case IOMMUFD_OBJ_HWPT_NESTED:
		return false;
	case IOMMUFD_OBJ_HWPT_SVA:
		return true;
	default:
		return to_hwpt_paging(&hwpt->obj)->automatic;
	}
}

/* Page requests of who is attached are delivered, or resolved. They name one device of a group. */
static inline bool iommufd_hwpt_has_faults(const struct iommufd_hwpt *hwpt)
{
	return hwpt->fault || hwpt->obj.type == IOMMUFD_OBJ_HWPT_SVA;
}

/* hwpt.c */
struct iommufd_hwpt_paging *iommufd_hwpt_paging_alloc(struct iommufd_ioas *ioas,
						      struct iommufd_device *idev, u32 flags,
						      const struct iommu_user_data *data);
bool iommufd_hwpt_needs_attach_first(struct iommufd_device *idev);
struct iommu_domain *iommufd_hwpt_alloc_domain(struct device *dev, u32 flags,
					       const struct iommu_user_data *data);
int iommufd_hwpt_setup_msi(struct iommufd_hwpt_paging *hwpt, phys_addr_t sw_msi_start);
unsigned long iommufd_hwpt_policy_target(struct iommufd_policy_request *req,
					 struct iommufd_object *pt);
void iommufd_hwpt_drop(struct iommufd_hwpt *hwpt);
void iommufd_hwpt_paging_destroy(struct iommufd_object *obj);
void iommufd_hwpt_nested_destroy(struct iommufd_object *obj);
void iommufd_hwpt_paging_info(const struct iommufd_object *obj, struct iommufd_object_info *info);
void iommufd_hwpt_nested_info(const struct iommufd_object *obj, struct iommufd_object_info *info);
void iommufd_hwpt_paging_show(struct seq_file *m, const struct iommufd_object *obj);
void iommufd_hwpt_nested_show(struct seq_file *m, const struct iommufd_object *obj);

/* hwpt_ioctl.c */
int iommufd_hwpt_alloc_ioctl(struct iommufd_ucmd *ucmd);
int iommufd_hwpt_invalidate(struct iommufd_ucmd *ucmd);

/* page_request.c */
bool iommufd_fault_refused(struct iopf_group *group, struct iommufd_hwpt *hwpt, u32 fault_id);
u64 iommufd_fault_begin(struct iopf_group *group, struct iommufd_hwpt *hwpt, u32 fault_id);
void iommufd_fault_end(struct iopf_group *group, struct iommufd_ctx *ctx, u32 dev_id, u32 fault_id,
		       u32 cookie, u64 start, enum iommu_page_response_code code);

/* fault.c */
int iommufd_fault_alloc_ioctl(struct iommufd_ucmd *ucmd);
int iommufd_fault_set(struct iommufd_hwpt *hwpt, u32 fault_id);
void iommufd_fault_clear(struct iommufd_hwpt *hwpt);
u32 iommufd_fault_id(const struct iommufd_fault *fault);
int iommufd_fault_enable(struct iommufd_hwpt *hwpt, struct iommufd_device *idev);
void iommufd_fault_disable(struct iommufd_hwpt *hwpt, struct iommufd_device *idev);
void iommufd_fault_drain(struct iommufd_hwpt *hwpt, struct iommufd_attach_handle *handle);
void iommufd_fault_destroy(struct iommufd_object *obj);
void iommufd_fault_show(struct seq_file *m, const struct iommufd_object *obj);

/* sva.c */
int iommufd_sva_init(void);
void iommufd_sva_exit(void);
int iommufd_sva_alloc_ioctl(struct iommufd_ucmd *ucmd);
void iommufd_sva_destroy(struct iommufd_object *obj);
void iommufd_sva_show(struct seq_file *m, const struct iommufd_object *obj);
struct iommufd_hwpt_sva *iommufd_hwpt_sva_alloc(struct iommufd_object *sva,
						struct iommufd_device *idev);
void iommufd_hwpt_sva_destroy(struct iommufd_object *obj);
void iommufd_hwpt_sva_info(const struct iommufd_object *obj, struct iommufd_object_info *info);
void iommufd_hwpt_sva_show(struct seq_file *m, const struct iommufd_object *obj);
void iommufd_sva_drain(struct iommufd_hwpt *hwpt);
int iommufd_device_can_share(struct iommufd_device *idev);
struct iommufd_object *iommufd_hwpt_sva_parent(struct iommufd_hwpt_sva *hwpt);
bool iommufd_sva_is_dead(const struct iommufd_object *obj);

/* Answer the page requests that an attachment, which has ended, left unanswered. */
static inline void iommufd_hwpt_drain(struct iommufd_hwpt *hwpt,
				      struct iommufd_attach_handle *handle)
{
	if (hwpt->obj.type == IOMMUFD_OBJ_HWPT_SVA)
		iommufd_sva_drain(hwpt);
	else if (hwpt->fault)
		iommufd_fault_drain(hwpt, handle);
}

/* dirty.c */
int iommufd_hwpt_set_dirty_tracking(struct iommufd_ucmd *ucmd);
int iommufd_hwpt_get_dirty_bitmap(struct iommufd_ucmd *ucmd);

#endif
