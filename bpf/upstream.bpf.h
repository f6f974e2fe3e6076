/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The structs of the kernel's own (upstream) iommufd, and look-ups in them.
 *
 * Only the members that the programs read are declared. Their places come from the BTF of the
 * running kernel or module (CO-RE), and so do the numbers of enum iommufd_object_type. A member
 * that some kernels lack is only read after bpf_core_field_exists(). The suffixes ___up and ___old
 * are not a part of the names; they keep these structs apart from those of vmlinux.h.
 *
 * The programs hold no lock. An object may be freed while they read it: reads then give other
 * values, but never fault, and every loop has a limit.
 */
#ifndef _UPSTREAM_BPF_H
#define _UPSTREAM_BPF_H

#include <bpf/bpf_core_read.h>

#include "foreign.bpf.h"
#include "iommufd_policy.h"

enum iommufd_object_type___up {
	IOMMUFD_OBJ_DEVICE___up = 1,
	IOMMUFD_OBJ_HW_PAGETABLE___up, /* before 6.7 */
	IOMMUFD_OBJ_HWPT_PAGING___up,
	IOMMUFD_OBJ_HWPT_NESTED___up,
	IOMMUFD_OBJ_IOAS___up,
	IOMMUFD_OBJ_ACCESS___up,
	IOMMUFD_OBJ_FAULT___up,
	IOMMUFD_OBJ_VIOMMU___up,
	IOMMUFD_OBJ_VDEVICE___up,
	IOMMUFD_OBJ_VEVENTQ___up,
	IOMMUFD_OBJ_HW_QUEUE___up,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct iommufd_ctx___up {
	struct file *file;
	struct xarray objects;
	unsigned char account_mode;
};

struct iommufd_ucmd___up {
	struct iommufd_ctx___up *ictx;
	void *cmd;
};

struct iommufd_object___up {
	enum iommufd_object_type___up type;
	unsigned int id;
};

struct io_pagetable___up {
	struct rb_root_cached area_itree;
};

struct iopt_pages___up {
	unsigned long npinned;
	struct task_struct *source_task;
	struct mm_struct *source_mm;
	struct user_struct *source_user;
	void *uptr;
	unsigned char account_mode;
	struct rb_root_cached domains_itree; /* areas that are in a page table */
};

struct iopt_area___up {
	struct interval_tree_node node;
	struct interval_tree_node pages_node; /* indices of pages */
	struct iopt_pages___up *pages;
	struct iommu_domain *storage_domain; /* NULL: in no page table */
	unsigned int page_offset;
	int iommu_prot;
};

struct iommufd_ioas___up {
	struct iommufd_object___up obj;
	struct io_pagetable___up iopt;
};

struct iommufd_hw_pagetable___up {
	struct iommufd_object___up obj;
	struct iommufd_fault___up *fault;
};

struct iommufd_attach_handle___up {
	struct iommufd_device___up *idev;
};

struct iommufd_hwpt_paging___up {
	struct iommufd_hw_pagetable___up common;
	struct iommufd_ioas___up *ioas;
};

struct iommufd_hwpt_nested___up {
	struct iommufd_hw_pagetable___up common;
	struct iommufd_hwpt_paging___up *parent;
};

/* Before 6.15 */
struct iommufd_group___old {
	struct iommufd_hw_pagetable___up *hwpt;
};

struct iommufd_group___up {
	struct iommu_group *group;
	struct xarray pasid_attach;
};

struct iommufd_attach___up {
	struct iommufd_hw_pagetable___up *hwpt;
	struct xarray device_array; /* by object id */
};

/* The driver's page table; one of them is there. */
struct iommu_domain___up {
	void *fault_data; /* before 6.15 */
	struct iommufd_hw_pagetable___up *iommufd_hwpt;
};

struct iommufd_device___up {
	struct iommufd_object___up obj;
	struct iommufd_ctx___up *ictx;
	struct iommufd_group___up *igroup;
	struct device *dev;
};

struct iommufd_access___up {
	struct iommufd_object___up obj;
	struct iommufd_ctx___up *ictx;
	struct iommufd_ioas___up *ioas;
};

#pragma clang attribute pop

static __always_inline __u32 number_of(const struct iommufd_ctx___up *ictx)
{
	return number_of_ctx((__u64)ictx);
}

/* Whether an object's type is this one of upstream's, which some kernels lack. */
#define IS_TYPE(type, theirs) \
	(bpf_core_enum_value_exists(enum iommufd_object_type___up, theirs) && \
	 (type) == bpf_core_enum_value(enum iommufd_object_type___up, theirs))

/* The type in the driver of iommuscope, enum iommufd_info_type, for upstream's. */
static __always_inline __u32 type_of(__u32 type)
{
	if (IS_TYPE(type, IOMMUFD_OBJ_DEVICE___up))
		return IOMMUFD_INFO_DEVICE;
	if (IS_TYPE(type, IOMMUFD_OBJ_HW_PAGETABLE___up) ||
	    IS_TYPE(type, IOMMUFD_OBJ_HWPT_PAGING___up))
		return IOMMUFD_INFO_HWPT;
	if (IS_TYPE(type, IOMMUFD_OBJ_HWPT_NESTED___up))
		return IOMMUFD_INFO_NESTED;
	if (IS_TYPE(type, IOMMUFD_OBJ_IOAS___up))
		return IOMMUFD_INFO_IOAS;
	if (IS_TYPE(type, IOMMUFD_OBJ_ACCESS___up))
		return IOMMUFD_INFO_ACCESS;
	if (IS_TYPE(type, IOMMUFD_OBJ_FAULT___up))
		return IOMMUFD_INFO_FAULT;
	if (IS_TYPE(type, IOMMUFD_OBJ_VIOMMU___up))
		return IOMMUFD_INFO_VIOMMU;
	if (IS_TYPE(type, IOMMUFD_OBJ_VDEVICE___up))
		return IOMMUFD_INFO_VDEVICE;
	if (IS_TYPE(type, IOMMUFD_OBJ_VEVENTQ___up))
		return IOMMUFD_INFO_VEVENTQ;
	if (IS_TYPE(type, IOMMUFD_OBJ_HW_QUEUE___up))
		return IOMMUFD_INFO_HW_QUEUE;
	return IOMMUFD_INFO_TEST;
}

/*
 * The entry of an xarray, or NULL. An entry whose lowest bits are 10 is a node of 64 slots, except
 * for small numbers, which have other meanings.
 */
#define XA_SLOT_BITS 6
#define XA_MAX_HEIGHT 11

static __always_inline bool is_xa_node(__u64 entry)
{
	return (entry & 3) == 2 && entry > 4096;
}

static __noinline __u64 xa_entry(__u64 xa, __u64 index)
{
	__u64 entry = (__u64)BPF_CORE_READ((const struct xarray *)xa, xa_head), slot;
	const struct xa_node *node;
	int i;

	if (!is_xa_node(entry))
		return index || entry & 3 ? 0 : entry;
	for (i = 0; i < XA_MAX_HEIGHT && is_xa_node(entry); i++) {
		node = (const void *)(entry - 2);
		slot = index >> (BPF_CORE_READ(node, shift) & 63);
		/* Only the uppermost node can be too small. */
		if (!i && slot >> XA_SLOT_BITS)
			return 0;
		slot &= (1 << XA_SLOT_BITS) - 1;
		bpf_core_read(&entry, sizeof(entry), &node->slots[slot]);
	}
	return entry & 3 ? 0 : entry;
}

static __always_inline const struct iommufd_object___up *
object_of(const struct iommufd_ctx___up *ictx, __u32 id)
{
	return (const void *)xa_entry((__u64)&ictx->objects, id);
}

/* The address space of a page table, or EVENT_NONE. */
static __always_inline __u32 ioas_of_hwpt(const struct iommufd_object___up *hwpt)
{
	const struct iommufd_hwpt_nested___up *nested = (const void *)hwpt;
	const struct iommufd_hwpt_paging___up *paging = (const void *)hwpt;
	__u32 type = type_of(BPF_CORE_READ(hwpt, type));

	if (type == IOMMUFD_INFO_NESTED)
		paging = BPF_CORE_READ(nested, parent);
	else if (type != IOMMUFD_INFO_HWPT)
		return EVENT_NONE;
	return BPF_CORE_READ(paging, ioas, obj.id);
}

/* The same for an object that a device can be attached to, by its id. */
static __noinline __attribute__((unused)) __u32 ioas_of_pt(__u64 ictx, __u32 id)
{
	const struct iommufd_object___up *object =
		object_of((const struct iommufd_ctx___up *)ictx, id);

	if (!object)
		return EVENT_NONE;
	if (type_of(BPF_CORE_READ(object, type)) == IOMMUFD_INFO_IOAS)
		return id;
	return ioas_of_hwpt(object);
}

/* The page table that a device is attached to, or NULL. pasid: 0 for the whole device. */
static __noinline __u64 find_hwpt(__u64 address, __u32 pasid)
{
	const struct iommufd_device___up *idev = (const void *)address;
	const struct iommufd_hw_pagetable___up *hwpt = NULL;
	const struct iommufd_attach___up *attach;

	if (bpf_core_field_exists(struct iommufd_group___old, hwpt)) {
		const struct iommufd_group___old *igroup =
			(const void *)BPF_CORE_READ(idev, igroup);

		hwpt = BPF_CORE_READ(igroup, hwpt);
	} else if (bpf_core_field_exists(struct iommufd_group___up, pasid_attach)) {
		const struct iommufd_group___up *igroup = BPF_CORE_READ(idev, igroup);

		attach = (const void *)xa_entry((__u64)&igroup->pasid_attach, pasid);
		if (attach)
			hwpt = BPF_CORE_READ(attach, hwpt);
	}
	return (__u64)hwpt;
}

/* Its id, or EVENT_NONE. */
static __always_inline __u32 hwpt_of_device(const struct iommufd_device___up *idev, __u32 pasid)
{
	const struct iommufd_hw_pagetable___up *hwpt = (const void *)find_hwpt((__u64)idev, pasid);

	return hwpt ? BPF_CORE_READ(hwpt, obj.id) : EVENT_NONE;
}

#endif /* _UPSTREAM_BPF_H */
