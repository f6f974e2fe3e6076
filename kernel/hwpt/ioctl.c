// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_HWPT_ALLOC and IOMMU_HWPT_INVALIDATE.
 *
 * The object that a HWPT is made on decides its kind: an IOAS makes it a paging one; a paging HWPT
 * made with IOMMU_HWPT_ALLOC_NEST_PARENT, or a VIOMMU, makes it a nested one.
 */
#include <linux/iommu.h>
#include <linux/ktime.h>
#include <linux/sched/signal.h>

#include "hwpt/hwpt.h"
#include "policy/policy.h"
#include "trace/emit.h"
#include "trace/refuse.h"

/* Far more than a guest sends in one call. */
#define INVALIDATE_MAX BIT(19)

/* Entries that the driver of a nested page table gets at once. A kill ends the call after them. */
#define INVALIDATE_PIECE 1024

static int alloc_paging(struct iommufd_ioas *ioas, struct iommufd_device *idev, u32 flags,
			const struct iommu_user_data *data, struct umem_reservation *reservation,
			struct iommufd_hwpt **out)
{
	const u32 known = IOMMU_HWPT_ALLOC_NEST_PARENT | IOMMU_HWPT_ALLOC_DIRTY_TRACKING |
			  IOMMU_HWPT_FAULT_ID_VALID | IOMMUFD_NEW_HWPT_ALLOC_PASID;
	const u32 nest_fault = IOMMU_HWPT_ALLOC_NEST_PARENT | IOMMU_HWPT_FAULT_ID_VALID;
	struct iommufd_hwpt_paging *hwpt;
	int ret;

	if (flags & ~known)
		return -EOPNOTSUPP;
	if (!idev->group->group && (flags || data))
		return -EOPNOTSUPP;
	if ((flags & IOMMU_HWPT_ALLOC_DIRTY_TRACKING) &&
	    !device_iommu_capable(idev->dev, IOMMU_CAP_DIRTY_TRACKING))
		return -EOPNOTSUPP;
	/* Page requests come through the nested HWPT. */
	if ((flags & nest_fault) == nest_fault)
		return -EOPNOTSUPP;
	/* Otherwise the page table would be empty when a device is attached to it. */
	if (iommufd_hwpt_needs_attach_first(idev))
		return -EOPNOTSUPP;

	hwpt = iommufd_hwpt_paging_alloc(ioas, idev, flags & ~IOMMU_HWPT_FAULT_ID_VALID, data);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	hwpt->table.reservation = reservation;
	ret = iopt_add_table(&ioas->iopt, &hwpt->table);
	hwpt->table.reservation = NULL;
	if (ret) {
		iommufd_object_abort_and_destroy(hwpt->common.ctx, &hwpt->common.obj);
		return ret;
	}
	mutex_lock(&ioas->hwpts_lock);
	list_add_tail(&hwpt->item, &ioas->hwpts);
	mutex_unlock(&ioas->hwpts_lock);
	*out = &hwpt->common;
	return 0;
}

/* Make a nested HWPT. The IOMMU driver makes the domain from user space's description in @data. */
static int alloc_nested(struct iommufd_device *idev, struct iommufd_hwpt_paging *parent,
			struct iommufd_viommu *viommu, u32 flags,
			const struct iommu_user_data *data, struct iommufd_hwpt **out)
{
	const struct iommu_ops *ops = iommu_core_ops(idev->dev);
	struct iommufd_hwpt_nested *hwpt = NULL;
	struct iommu_domain *domain;
	int ret;

	hwpt = iommufd_object_alloc(idev->ctx, hwpt, IOMMUFD_OBJ_HWPT_NESTED, common.obj);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);

	if (viommu)
		domain = viommu->ops->alloc_domain_nested(viommu,
							  flags & ~IOMMU_HWPT_FAULT_ID_VALID, data);
	else
		domain = port_alloc_nested(ops, idev->dev, parent->common.domain, 0, data);
	if (IS_ERR(domain)) {
		ret = PTR_ERR(domain);
		goto err_abort;
	}
	domain->owner = ops;
	if (WARN_ON_ONCE(domain->type != IOMMU_DOMAIN_NESTED) ||
	    ((flags & IOMMUFD_NEW_HWPT_ALLOC_PASID) && !domain->ops->set_dev_pasid)) {
		ret = -EOPNOTSUPP;
		goto err_free_domain;
	}

	iommufd_object_ref(viommu ? &viommu->obj : &parent->common.obj);
	hwpt->viommu = viommu;
	hwpt->parent = parent;
	hwpt->data_type = data->type;
	hwpt->common.ctx = idev->ctx;
	hwpt->common.domain = domain;
	hwpt->common.pasid_compat = flags & IOMMUFD_NEW_HWPT_ALLOC_PASID;
	*out = &hwpt->common;
	return 0;

err_free_domain:
	iommu_domain_free(domain);
err_abort:
	iommufd_object_abort(idev->ctx, &hwpt->common.obj);
	return ret;
}

static int check_nested(struct iommufd_device *idev, u32 flags, const struct iommu_user_data *data)
{
	if (flags & ~(IOMMU_HWPT_FAULT_ID_VALID | IOMMUFD_NEW_HWPT_ALLOC_PASID))
		return -EOPNOTSUPP;
	if (!data || !idev->group->group)
		return -EOPNOTSUPP;
	return 0;
}

static int alloc_on_parent(struct iommufd_hwpt_paging *parent, struct iommufd_device *idev,
			   u32 flags, const struct iommu_user_data *data, struct iommufd_hwpt **out)
{
	int ret = check_nested(idev, flags, data);

	if (ret)
		return ret;
	if (!port_has_alloc_nested(iommu_core_ops(idev->dev)))
		return -EOPNOTSUPP;
	if (!parent->nest_parent || parent->common.domain->owner != iommu_core_ops(idev->dev))
		return -EINVAL;
	return alloc_nested(idev, parent, NULL, flags, data, out);
}

static int alloc_on_viommu(struct iommufd_viommu *viommu, struct iommufd_device *idev, u32 flags,
			   const struct iommu_user_data *data, struct iommufd_hwpt **out)
{
	int ret;

	if (!idev->group->group || viommu->iommu_dev != idev->dev->iommu->iommu_dev)
		return -EINVAL;
	ret = check_nested(idev, flags, data);
	if (ret)
		return ret;
	if (!viommu->ops->alloc_domain_nested)
		return -EOPNOTSUPP;
	return alloc_nested(idev, viommu->hwpt, viommu, flags, data, out);
}

static int alloc_on(struct iommufd_object *pt, struct iommufd_device *idev, u32 flags,
		    const struct iommu_user_data *data, struct umem_reservation *reservation,
		    struct iommufd_hwpt **out)
{
	switch (pt->type) {
	case IOMMUFD_OBJ_IOAS:
		return alloc_paging(container_of(pt, struct iommufd_ioas, obj), idev, flags, data,
				    reservation, out);
	case IOMMUFD_OBJ_HWPT_PAGING:
		return alloc_on_parent(to_hwpt_paging(pt), idev, flags, data, out);
	case IOMMUFD_OBJ_VIOMMU:
		return alloc_on_viommu(container_of(pt, struct iommufd_viommu, obj), idev, flags,
				       data, out);
	default:
		return -EINVAL;
	}
}

/* Ask policies about a HWPT that is about to be made. */
static int ask_policies(struct iommufd_device *idev, struct iommufd_object *pt,
			const struct iommu_hwpt_alloc *cmd, struct umem_reservation *reservation,
			struct umem_shares *shares)
{
	struct iommufd_policy_call call;

	iommufd_policy_begin(&call, IOMMUFD_HOOK_HWPT_ALLOC, &idev->ctx->totals);
	call.object = pt->id;
	call.request.pt = pt->id;
	call.request.hwpt_flags = cmd->flags;
	call.request.data_type = cmd->data_type;
	call.request.device = idev->obj.id;
	iommufd_policy_add_device(&call.request, idev->dev);
	iommufd_hwpt_policy_target(&call.request, pt, shares);
	return iommufd_policy_decide_shares(&call, reservation, shares);
}

/*
 * Ask policies, then make the HWPT. The IOAS may have grown in between, which is only known once it
 * is locked. Then ask again.
 */
static int ask_and_alloc(struct iommufd_object *pt, struct iommufd_device *idev,
			 const struct iommu_hwpt_alloc *cmd, const struct iommu_user_data *data,
			 struct iommufd_hwpt **out)
{
	struct umem_reservation reservation = {};
	struct umem_shares shares;
	unsigned int tries = 0;
	int ret;

	umem_shares_init(&shares);
	if (!iommufd_policy_has(HWPT_ALLOC))
		return alloc_on(pt, idev, cmd->flags, data, NULL, out);
	do {
		reservation.exceeded = false;
		ret = ask_policies(idev, pt, cmd, &reservation, &shares);
		if (!ret)
			ret = alloc_on(pt, idev, cmd->flags, data, &reservation, out);
		umem_reservation_end(&reservation);
		umem_shares_put(&shares);
	} while (ret && reservation.exceeded && ++tries < IOMMUFD_POLICY_TRIES);
	return ret;
}

/* The values of a call for the tracepoint; IOMMUFD_TRACE_NONE where one is not known. */
struct target {
	u32 sbdf;
	u32 ioas;
	u32 parent;
};

static int do_alloc(struct iommufd_ucmd *ucmd, struct target *target)
{
	struct iommu_hwpt_alloc *cmd = ucmd->cmd;
	const struct iommu_user_data data = {
		.type = cmd->data_type,
		.uptr = u64_to_user_ptr(cmd->data_uptr),
		.len = cmd->data_len,
	};
	bool no_data = data.type == IOMMU_HWPT_DATA_NONE;
	struct iommufd_device *idev;
	struct iommufd_object *pt;
	struct iommufd_hwpt *hwpt;
	int ret;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	if (!cmd->data_len != no_data)
		return -EINVAL;

	idev = iommufd_get_device(ucmd->ctx, cmd->dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	if (trace_iommufd_hwpt_alloc_enabled())
		target->sbdf = iommufd_device_sbdf(idev->dev);
	pt = iommufd_object_get(ucmd->ctx, cmd->pt_id, IOMMUFD_OBJ_ANY);
	if (IS_ERR(pt)) {
		ret = -EINVAL;
		goto out_put_device;
	}
	if (trace_iommufd_hwpt_alloc_enabled())
		iommufd_hwpt_target(pt, &target->ioas, &target->parent);

	ret = ask_and_alloc(pt, idev, cmd, cmd->data_len ? &data : NULL, &hwpt);
	if (ret)
		goto out_put_pt;
	if (cmd->flags & IOMMU_HWPT_FAULT_ID_VALID) {
		ret = iommufd_fault_set(hwpt, cmd->fault_id);
		if (ret)
			goto err_abort;
	}
	cmd->out_hwpt_id = hwpt->obj.id;
	ret = iommufd_ucmd_respond(ucmd, sizeof(*cmd));
	if (ret)
		goto err_abort;
	iommufd_object_finalize(ucmd->ctx, &hwpt->obj);
	goto out_put_pt;

err_abort:
	iommufd_object_abort_and_destroy(hwpt->ctx, &hwpt->obj);
out_put_pt:
	iommufd_object_put(ucmd->ctx, pt);
out_put_device:
	iommufd_object_put(ucmd->ctx, &idev->obj);
	return ret;
}

/**
 * iommufd_hwpt_alloc_ioctl() - IOMMU_HWPT_ALLOC
 * @ucmd: struct iommu_hwpt_alloc
 *
 * Return: 0, or an errno documented in <linux/iommufd.h>; -EOPNOTSUPP also for features the IOMMU
 * driver does not support.
 */
int iommufd_hwpt_alloc_ioctl(struct iommufd_ucmd *ucmd)
{
	u64 start = trace_iommufd_hwpt_alloc_enabled() ? ktime_get_ns() : 0;
	struct target target = {
		.sbdf = IOMMUFD_TRACE_NONE,
		.ioas = IOMMUFD_TRACE_NONE,
		.parent = IOMMUFD_TRACE_NONE,
	};
	const struct iommu_hwpt_alloc *cmd = ucmd->cmd;
	int ret = do_alloc(ucmd, &target);

	iommufd_trace(hwpt_alloc, ucmd->ctx->totals.ctx_id, current->tgid, cmd->dev_id, target.sbdf,
		      cmd->pt_id, target.ioas, target.parent,
		      ret ? IOMMUFD_TRACE_NONE : cmd->out_hwpt_id, cmd->flags, cmd->data_type,
		      start ? ktime_get_ns() - start : 0, ret);
	return ret;
}

/* Drivers of nested page tables read and do one entry after the other, so pieces add up. */
static int invalidate_nested(struct iommu_domain *domain, struct iommu_user_data_array *array)
{
	u32 left = array->entry_num, done = 0, piece;
	int ret;

	do {
		piece = min(left, INVALIDATE_PIECE);
		array->entry_num = piece;
		ret = domain->ops->cache_invalidate_user(domain, array);
		array->entry_num = min(array->entry_num, piece);
		array->uptr += array->entry_num * array->entry_len;
		done += array->entry_num;
		left -= piece;
		if (ret || !left || array->entry_num < piece)
			break;
		cond_resched();
		if (fatal_signal_pending(current))
			ret = -EINTR;
	} while (!ret);
	array->entry_num = done;
	return ret;
}

static int invalidate(struct iommufd_object *obj, struct iommu_user_data_array *array)
{
	struct iommufd_viommu *viommu;
	struct iommu_domain *domain;

	if (obj->type == IOMMUFD_OBJ_HWPT_NESTED) {
		domain = to_hwpt(obj)->domain;
		if (domain->ops->cache_invalidate_user)
			return invalidate_nested(domain, array);
	} else if (obj->type == IOMMUFD_OBJ_VIOMMU) {
		viommu = container_of(obj, struct iommufd_viommu, obj);
		/* At once, because drivers read all entries before they do the first one. */
		if (viommu->ops->cache_invalidate)
			return viommu->ops->cache_invalidate(viommu, array);
	}
	/* No driver has processed any entry. */
	array->entry_num = 0;
	return obj->type == IOMMUFD_OBJ_HWPT_NESTED || obj->type == IOMMUFD_OBJ_VIOMMU ?
		       -EOPNOTSUPP :
		       -EINVAL;
}

/* On return cmd->entry_num is the number of invalidations done, also on error. */
static int do_invalidate(struct iommufd_ctx *ctx, struct iommu_hwpt_invalidate *cmd)
{
	struct iommu_user_data_array array = {
		.type = cmd->data_type,
		.uptr = u64_to_user_ptr(cmd->data_uptr),
		.entry_len = cmd->entry_len,
		.entry_num = cmd->entry_num,
	};
	u32 requested = cmd->entry_num;
	struct iommufd_object *obj;
	int ret;

	cmd->entry_num = 0;
	if (cmd->__reserved)
		return -EOPNOTSUPP;
	if (requested && (!cmd->data_uptr || !cmd->entry_len || cmd->entry_len > PAGE_SIZE ||
			  requested > INVALIDATE_MAX))
		return -EINVAL;

	obj = iommufd_object_get(ctx, cmd->hwpt_id, IOMMUFD_OBJ_ANY);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	ret = invalidate(obj, &array);
	cmd->entry_num = min(array.entry_num, requested);
	iommufd_object_put(ctx, obj);
	return ret;
}

/**
 * iommufd_hwpt_invalidate() - IOMMU_HWPT_INVALIDATE
 * @ucmd: struct iommu_hwpt_invalidate
 *
 * Return: 0, or an errno documented in <linux/iommufd.h>. entry_num is written back on error, too.
 */
int iommufd_hwpt_invalidate(struct iommufd_ucmd *ucmd)
{
	struct iommu_hwpt_invalidate *cmd = ucmd->cmd;
	u32 requested = cmd->entry_num;
	int ret = do_invalidate(ucmd->ctx, cmd);

	iommufd_trace(hwpt_invalidate, ucmd->ctx->totals.ctx_id, current->tgid, cmd->hwpt_id,
		      cmd->data_type, requested, cmd->entry_num, ret);
	if (iommufd_ucmd_respond(ucmd, sizeof(*cmd)))
		return -EFAULT;
	return ret;
}
