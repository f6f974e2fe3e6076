// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_EXT_PT_INFO: how an IOAS, HWPT or SVA object was made, and its state now.
 *
 * The ranges of an IOAS are listed under its lock, which must not be held while user memory is
 * touched. So they are copied to kernel memory first. If they have become more than were counted,
 * they are listed again.
 */
#include <linux/iommu.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "bind/bind.h"
#include "hwpt/hwpt.h"
#include "main/main.h"

/**
 * struct range_list - ranges that are to be copied out
 * @ranges: the array
 * @room: number of entries that fit
 * @num: number of ranges that exist
 */
struct range_list {
	struct iommu_ext_range *ranges;
	u32 room;
	u32 num;
};

static void append_range(struct range_list *list, unsigned long start, unsigned long last, u32 kind,
			 u32 dev_id)
{
	if (list->num < list->room)
		list->ranges[list->num] = (struct iommu_ext_range){
			.start = start,
			.last = last,
			.kind = kind,
			.dev_id = dev_id,
		};
	list->num++;
	cond_resched();
}

/*
 * List the ranges with iopt->lock held. A device that owns a reserved range is attached, or was
 * until a moment ago, so its object need not exist. Other owners are page tables and the test hook.
 */
static void list_ranges(struct iommufd_ctx *ctx, struct iopt *iopt, struct range_list *list)
{
	unsigned long from = 0, start, last;
	struct interval_tree_node *node;

	list->num = 0;
	for (node = interval_tree_iter_first(&iopt->allowed, 0, ULONG_MAX); node;
	     node = interval_tree_iter_next(node, 0, ULONG_MAX))
		append_range(list, node->start, node->last, IOMMU_EXT_RANGE_CLAIMED,
			     IOMMU_EXT_NONE);

	for (node = interval_tree_iter_first(&iopt->reserved, 0, ULONG_MAX); node;
	     node = interval_tree_iter_next(node, 0, ULONG_MAX)) {
		struct iopt_range *range = container_of(node, struct iopt_range, node);

		append_range(list, node->start, node->last, IOMMU_EXT_RANGE_RESERVED,
			     list->num < list->room ? iommufd_device_find_id(ctx, range->owner) :
						      IOMMU_EXT_NONE);
	}

	while (iopt_next_usable(iopt, from, &start, &last)) {
		append_range(list, start, last, IOMMU_EXT_RANGE_USABLE, IOMMU_EXT_NONE);
		if (last == ULONG_MAX)
			break;
		from = last + 1;
	}
}

/* List as many ranges as exist or as user space has room for. The caller frees list->ranges. */
static int get_ranges(struct iommufd_ctx *ctx, struct iopt *iopt, struct iommu_ext_pt_info *cmd,
		      struct range_list *list)
{
	for (;;) {
		down_read(&iopt->lock);
		list_ranges(ctx, iopt, list);
		cmd->out_alignment = iopt->alignment;
		up_read(&iopt->lock);
		if (list->room >= min(list->num, cmd->num_ranges))
			return 0;

		if (fatal_signal_pending(current))
			return -EINTR;
		kvfree(list->ranges);
		list->room = min(list->num, cmd->num_ranges);
		/*
		 * User space decides how many exist, so a failing allocation is no reason to warn.
		 */
		list->ranges = kvmalloc_array(list->room, sizeof(*list->ranges),
					      GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
		if (!list->ranges)
			return -ENOMEM;
	}
}

static int describe_ioas(struct iommufd_ctx *ctx, struct iommufd_ioas *ioas,
			 struct iommu_ext_pt_info *cmd, struct range_list *list)
{
	cmd->out_kind = IOMMU_EXT_PT_IOAS;
	if (!READ_ONCE(ioas->iopt.no_huge))
		cmd->out_flags |= IOMMU_EXT_PT_HUGE;
	cmd->out_ioas_id = ioas->obj.id;
	return get_ranges(ctx, &ioas->iopt, cmd, list);
}

static void describe_common(struct iommufd_hwpt *hwpt, struct iommu_ext_pt_info *cmd)
{
	struct iommufd_hwpt_paging *paging = iommufd_hwpt_to_paging(hwpt);

	cmd->out_ioas_id = iommufd_hwpt_ioas_id(hwpt);
	cmd->out_fault_id = iommufd_fault_id(hwpt->fault);
	if (iommufd_hwpt_has_faults(hwpt))
		cmd->out_flags |= IOMMU_EXT_PT_FAULTS;
	if (hwpt->pasid_compat)
		cmd->out_flags |= IOMMU_EXT_PT_PASID;
	if (paging && paging->enforce_coherency)
		cmd->out_flags |= IOMMU_EXT_PT_ENFORCE_COHERENT;
}

static void describe_paging(struct iommufd_hwpt_paging *hwpt, struct iommu_ext_pt_info *cmd)
{
	const struct iommu_domain *domain = hwpt->common.domain;

	cmd->out_kind = IOMMU_EXT_PT_PAGING;
	describe_common(&hwpt->common, cmd);
	if (hwpt->automatic)
		cmd->out_flags |= IOMMU_EXT_PT_AUTO;
	if (hwpt->nest_parent)
		cmd->out_flags |= IOMMU_EXT_PT_NEST_PARENT;
	if (domain->dirty_ops)
		cmd->out_flags |= IOMMU_EXT_PT_DIRTY;
	cmd->out_page_sizes = domain->pgsize_bitmap;
	cmd->out_aperture_start = domain->geometry.aperture_start;
	cmd->out_aperture_last = domain->geometry.aperture_end;
}

static void describe_nested(struct iommufd_hwpt_nested *hwpt, struct iommu_ext_pt_info *cmd)
{
	cmd->out_kind = IOMMU_EXT_PT_NESTED;
	describe_common(&hwpt->common, cmd);
	cmd->out_data_type = hwpt->data_type;
	cmd->out_parent_id = hwpt->parent->common.obj.id;
}

static void describe_sva(const struct iommufd_object *sva, struct iommu_ext_pt_info *cmd)
{
	cmd->out_kind = IOMMU_EXT_PT_SVA;
	if (iommufd_sva_is_dead(sva))
		cmd->out_flags |= IOMMU_EXT_PT_DEAD;
}

/* The HWPT of one attachment to a process. */
static void describe_hwpt_sva(struct iommufd_hwpt_sva *hwpt, struct iommu_ext_pt_info *cmd)
{
	struct iommufd_object *sva = iommufd_hwpt_sva_parent(hwpt);

	describe_common(&hwpt->common, cmd);
	describe_sva(sva, cmd);
	cmd->out_flags |= IOMMU_EXT_PT_AUTO;
	cmd->out_parent_id = sva->id;
}

static int describe(struct iommufd_ctx *ctx, struct iommufd_object *obj,
		    struct iommu_ext_pt_info *cmd, struct range_list *list)
{
	switch (obj->type) {
	case IOMMUFD_OBJ_IOAS:
		return describe_ioas(ctx, container_of(obj, struct iommufd_ioas, obj), cmd, list);
	case IOMMUFD_OBJ_HWPT_PAGING:
		describe_paging(to_hwpt_paging(obj), cmd);
		return 0;
	case IOMMUFD_OBJ_HWPT_NESTED:
		describe_nested(to_hwpt_nested(obj), cmd);
		return 0;
	case IOMMUFD_OBJ_SVA:
		describe_sva(obj, cmd);
		return 0;
	case IOMMUFD_OBJ_HWPT_SVA:
		describe_hwpt_sva(to_hwpt_sva(obj), cmd);
		return 0;
	default:
		return -EINVAL;
	}
}

static int respond(struct iommufd_ucmd *ucmd, struct iommu_ext_pt_info *cmd,
		   const struct range_list *list)
{
	u32 room = cmd->num_ranges;
	int ret;

	ret = iommufd_copy_array(cmd->ranges, room, list->ranges, list->num, sizeof(*list->ranges));
	if (ret)
		return ret;
	cmd->num_ranges = list->num;
	ret = iommufd_ucmd_respond(ucmd, sizeof(*cmd));
	return !ret && list->num > room ? -EMSGSIZE : ret;
}

/**
 * iommufd_ext_pt_info() - IOMMU_EXT_PT_INFO
 * @ucmd: struct iommu_ext_pt_info
 *
 * Return: 0, or an errno documented in <linux/iommufd_ext.h>; -EINTR if the process is killed while
 * the ranges of an IOAS keep changing.
 */
int iommufd_ext_pt_info(struct iommufd_ucmd *ucmd)
{
	struct iommu_ext_pt_info *cmd = ucmd->cmd;
	struct iommufd_object *obj;
	struct range_list list = {};
	int ret;

	if (cmd->flags)
		return -EOPNOTSUPP;
	obj = iommufd_object_get(ucmd->ctx, cmd->pt_id, IOMMUFD_OBJ_ANY);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	/* Outputs that do not apply are 0 or IOMMU_EXT_NONE, whatever user space passed in. */
	cmd->out_flags = 0;
	cmd->out_data_type = 0;
	cmd->out_ioas_id = IOMMU_EXT_NONE;
	cmd->out_parent_id = IOMMU_EXT_NONE;
	cmd->out_fault_id = IOMMU_EXT_NONE;
	cmd->out_page_sizes = 0;
	cmd->out_aperture_start = 0;
	cmd->out_aperture_last = 0;
	cmd->out_alignment = 0;
	ret = describe(ucmd->ctx, obj, cmd, &list);
	iommufd_object_put(ucmd->ctx, obj);
	if (!ret)
		ret = respond(ucmd, cmd, &list);
	kvfree(list.ranges);
	return ret;
}
