/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hwpt: HWPT objects, which are the page tables of IOMMUs, and the page requests and dirty bits
 * that come through them.
 *
 *	paging		filled by the kernel with an IOAS (stage 2 of a parent, or the only
 *			stage)
 *	nested		stage 1, written by user space, which translates to IOVAs of a
 *			paging one
 *	SVA		the page table of a process, for one attachment to a PASID
 *	automatic	made by an attach to an IOAS or SVA object, destroyed with its last
 *			device
 *	domain		the IOMMU core's object for a page table; each HWPT has one
 *	FAULT		object through which user space reads page requests and responds to
 *			them
 *
 * Each kind begins with a struct iommufd_hwpt. Attached devices hold references on their HWPT; a
 * HWPT holds one on its IOAS, parent, VIOMMU, SVA or FAULT object.
 *
 * attach/ attaches devices to HWPTs, viommu/ makes nested ones through a VIOMMU, main/ serves the
 * ioctls. bpf/ does not look in here.
 *
 * Locks:
 *
 *	msi_lock	in hwpt.c: the MSI page of each domain; taken inside group->lock
 *	fault->lock	in fault.c: page requests between read and response; inside group->lock
 *	sva_queue->lock	in sva.c: page requests that the kernel resolves; inside
 *			group->lock
 *	user_works	in sva.c: spinlock of the xarray of work items by user; innermost
 *
 * ioas->hwpts_lock, which ioas/ owns, protects the list of an IOAS's HWPTs.
 */
#ifndef _IOMMUFD_HWPT_H
#define _IOMMUFD_HWPT_H

#include "device/device.h"
#include "ioas/ioas.h"

struct iommufd_policy_request;
struct iommufd_sva;
struct iommufd_sva_queue;

/*
 * How often policies are asked about one call: again, each time that the address space has grown
 * since they were asked, so that the call would pin more than they allowed.
 */
#define IOMMUFD_POLICY_TRIES 8

/**
 * struct iommufd_hwpt - HWPT object: a page table of the IOMMU
 * @obj: the object
 * @ctx: its context
 * @domain: the IOMMU core's object
 * @fault: receives page requests; referenced; or NULL
 * @pasid_compat: made with IOMMU_HWPT_ALLOC_PASID: may be attached to PASIDs, and to devices whose
 *	PASIDs are attached
 */
struct iommufd_hwpt {
	struct iommufd_object obj;
	struct iommufd_ctx *ctx;
	struct iommu_domain *domain;
	struct iommufd_fault *fault;
	bool pasid_compat;
};

/**
 * struct iommufd_hwpt_paging - a page table that the kernel keeps filled with an IOAS
 * @common: the object
 * @ioas: the IOAS; referenced
 * @table: represents the page table in @ioas->iopt
 * @item: in ioas->hwpts
 * @automatic: made for an attach to the IOAS, destroyed with the last device
 * @nest_parent: made with IOMMU_HWPT_ALLOC_NEST_PARENT
 * @enforce_coherency: DMA is coherent with CPU caches even if the device asks for no snooping
 * @msi_cookie: the domain maps MSI pages by itself; under msi_lock
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
 * struct iommufd_hwpt_nested - a page table that user space writes, nested on one of the kernel's
 * @common: the object
 * @parent: translates its output addresses; referenced unless @viommu is set
 * @viommu: the VIOMMU it was made on, referenced, which holds @parent; or NULL
 * @data_type: enum iommu_hwpt_data_type that it was made with
 */
struct iommufd_hwpt_nested {
	struct iommufd_hwpt common;
	struct iommufd_hwpt_paging *parent;
	struct iommufd_viommu *viommu;
	u32 data_type;
};

/**
 * struct iommufd_hwpt_sva - a process's page table, for one attachment to a PASID
 * @common: the object, destroyed with the attachment
 * @sva: the SVA object; referenced
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

static inline bool iommufd_hwpt_is_sva(const struct iommufd_hwpt *hwpt)
{
	return hwpt->obj.type == IOMMUFD_OBJ_HWPT_SVA;
}

/* Get the paging HWPT that DMA through @hwpt ends in; NULL for a process's page table. */
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

/* Get the id of the IOAS that DMA through @hwpt ends in, or IOMMU_EXT_NONE. */
static inline u32 iommufd_hwpt_ioas_id(struct iommufd_hwpt *hwpt)
{
	struct iommufd_hwpt_paging *paging = iommufd_hwpt_to_paging(hwpt);

	return paging ? paging->ioas->obj.id : IOMMU_EXT_NONE;
}

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

/* Check whether page requests through @hwpt are delivered to user space or resolved. */
static inline bool iommufd_hwpt_has_faults(const struct iommufd_hwpt *hwpt)
{
	return hwpt->fault || iommufd_hwpt_is_sva(hwpt);
}

/* hwpt.c */
struct iommufd_hwpt_paging *iommufd_hwpt_paging_alloc(struct iommufd_ioas *ioas,
						      struct iommufd_device *idev, u32 flags,
						      const struct iommu_user_data *data);
bool iommufd_hwpt_needs_attach_first(struct iommufd_device *idev);
struct iommu_domain *iommufd_hwpt_alloc_domain(struct device *dev, u32 flags,
					       const struct iommu_user_data *data);
int iommufd_hwpt_setup_msi(struct iommufd_hwpt_paging *hwpt, phys_addr_t sw_msi_start);
void iommufd_hwpt_target(struct iommufd_object *pt, u32 *ioas, u32 *hwpt);
void iommufd_hwpt_policy_target(struct iommufd_policy_request *req, struct iommufd_object *pt,
				struct umem_shares *shares);
void iommufd_hwpt_unref(struct iommufd_hwpt *hwpt);
void iommufd_hwpt_paging_destroy(struct iommufd_object *obj);
void iommufd_hwpt_nested_destroy(struct iommufd_object *obj);
void iommufd_hwpt_paging_info(const struct iommufd_object *obj, struct iommufd_object_info *info);
void iommufd_hwpt_nested_info(const struct iommufd_object *obj, struct iommufd_object_info *info);
void iommufd_hwpt_paging_show(struct seq_file *m, const struct iommufd_object *obj);
void iommufd_hwpt_nested_show(struct seq_file *m, const struct iommufd_object *obj);

/* ioctl.c */
int iommufd_hwpt_alloc_ioctl(struct iommufd_ucmd *ucmd);
int iommufd_hwpt_invalidate(struct iommufd_ucmd *ucmd);

/* dirty.c */
int iommufd_hwpt_set_dirty_tracking(struct iommufd_ucmd *ucmd);
int iommufd_hwpt_get_dirty_bitmap(struct iommufd_ucmd *ucmd);

/* page_request.c */

/**
 * struct iommufd_page_request - a group of page requests, from its report to the response
 * @group: the core's object; NULL after the response
 * @ctx: the context of the device
 * @dev_id: id of the DEVICE object
 * @fault_id: the FAULT object that it is delivered to; IOMMU_EXT_NONE if the kernel resolves it
 * @cookie: user space's name for it; 0 before it was read
 * @start: time of the report, in ns; 0 if no tracepoint needs it
 */
struct iommufd_page_request {
	struct iopf_group *group;
	struct iommufd_ctx *ctx;
	u32 dev_id;
	u32 fault_id;
	u32 cookie;
	u64 start;
};

int iommufd_page_request_take(struct iopf_group *group, int (*take)(struct iopf_group *group));
bool iommufd_page_request_refused(struct iopf_group *group, u32 fault_id);
void iommufd_page_request_begin(struct iommufd_page_request *req, struct iopf_group *group,
				u32 fault_id);
void iommufd_page_request_respond(struct iommufd_page_request *req,
				  enum iommu_page_response_code code);

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
int iommufd_device_check_sva(struct iommufd_device *idev);
struct iommufd_object *iommufd_hwpt_sva_parent(struct iommufd_hwpt_sva *hwpt);
bool iommufd_sva_is_dead(const struct iommufd_object *obj);

/* Respond as invalid to the unanswered page requests of an attachment that has ended. */
static inline void iommufd_hwpt_drain(struct iommufd_hwpt *hwpt,
				      struct iommufd_attach_handle *handle)
{
	if (iommufd_hwpt_is_sva(hwpt))
		iommufd_sva_drain(hwpt);
	else if (hwpt->fault)
		iommufd_fault_drain(hwpt, handle);
}

#endif
