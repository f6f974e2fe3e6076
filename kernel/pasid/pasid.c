// SPDX-License-Identifier: GPL-2.0-only
/*
 * PASID objects: the ioctls of include/uapi/linux/iommufd_ext.h that allocate, attach, replace,
 * detach and query them. pasid.h describes their life; attach/ does the attaching.
 */
#include <linux/iommu.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/seq_file.h>

#include "pasid/pasid.h"
#include "policy/policy.h"
#include "trace/emit.h"
#include "trace/refuse.h"

static struct iommufd_pasid *to_pasid(struct iommufd_object *obj)
{
	return container_of(obj, struct iommufd_pasid, obj);
}

static struct iommufd_pasid *get_pasid(struct iommufd_ctx *ctx, u32 id)
{
	struct iommufd_object *obj = iommufd_object_get(ctx, id, IOMMUFD_OBJ_PASID);

	return IS_ERR(obj) ? ERR_CAST(obj) : to_pasid(obj);
}

/**
 * iommufd_pasid_destroy() - destroy a PASID object
 * @obj: the object, not attached
 *
 * End look-ups first, then notify, and free the number last. Until then a number that in-kernel
 * users may still have programmed into hardware is not given to anyone else.
 *
 * Context: may sleep; takes ctx->pool_lock and group->lock, and calls the notifiers.
 */
void iommufd_pasid_destroy(struct iommufd_object *obj)
{
	struct iommufd_pasid *p = to_pasid(obj);
	struct iommufd_device *idev = p->idev;
	struct iommufd_ctx *ctx = idev->ctx;

	iommufd_trace(pasid_free, ctx->totals.ctx_id, current->tgid, obj->id, idev->obj.id,
		      iommufd_device_sbdf(idev->dev), p->pasid, p->virt_pasid);
	iommufd_pasid_unmap_virt(p);
	iommufd_pasid_free_number(p, true);
	/* From here on the device may be unbound and its group freed. */
	if (atomic_dec_and_test(&idev->dependents))
		wake_up_all(&ctx->idle);
}

/**
 * iommufd_pasid_show() - show a PASID object in fdinfo
 * @m: the file
 * @obj: the object
 *
 * Context: under the lock of ctx->objects.
 */
void iommufd_pasid_show(struct seq_file *m, const struct iommufd_object *obj)
{
	const struct iommufd_pasid *p = container_of(obj, struct iommufd_pasid, obj);
	u32 pt_id = READ_ONCE(p->pt_id);

	/* An object in ctx->objects keeps its device. */
	seq_printf(m, " device=%u pasid=%u", p->idev->obj.id, p->pasid);
	if (p->virt_pasid != IOMMU_EXT_NONE)
		seq_printf(m, " virt_pasid=%u", p->virt_pasid);
	if (p->pool)
		seq_puts(m, " global");
	if (pt_id != IOMMU_EXT_NONE)
		seq_printf(m, " attached=%u", pt_id);
}

/**
 * iommufd_pasid_info() - describe a PASID object to iterators
 * @obj: the object
 * @info: out
 *
 * Context: under the lock of ctx->objects.
 */
void iommufd_pasid_info(const struct iommufd_object *obj, struct iommufd_object_info *info)
{
	const struct iommufd_pasid *p = container_of(obj, struct iommufd_pasid, obj);

	info->parent = p->idev->obj.id;
	info->sbdf = iommufd_device_sbdf(p->idev->dev);
	info->attached = READ_ONCE(p->pt_id);
	info->pasid = p->pasid;
	info->virt_pasid = p->virt_pasid;
}

/* Make the object visible to look-ups and to user space. */
static int publish(struct iommufd_pasid *p)
{
	struct iommufd_device *idev = p->idev;
	int ret = -ENODEV;

	mutex_lock(&idev->group->lock);
	if (xa_load(&idev->group->attachments, p->pasid)) {
		/* The driver has attached the number meanwhile, so it cannot be allocated. */
		ret = -EBUSY;
	} else if (!idev->unbinding) {
		iommufd_pasid_publish_number(p);
		/* Cannot fail: the entry exists. */
		ret = WARN_ON(xa_err(xa_store(&idev->group->pasids, p->pasid, p, GFP_KERNEL)));
		iommufd_pasid_map_virt(p);
		atomic_inc(&idev->dependents);
		/* Under group->lock, so that unbinding finds it complete or not at all. */
		iommufd_object_finalize(idev->ctx, &p->obj);
	}
	mutex_unlock(&idev->group->lock);
	return ret;
}

static int alloc_and_publish(struct iommufd_ucmd *ucmd, struct iommufd_pasid *p)
{
	struct iommu_ext_pasid_alloc *cmd = ucmd->cmd;
	struct iommufd_pasid_change change = {
		.ictx = ucmd->ctx,
		.dev_id = p->idev->obj.id,
		.virt_pasid = p->virt_pasid,
		.pt_id = IOMMU_EXT_NONE,
	};
	int ret;

	ret = iommufd_pasid_map_virt_reserve(p);
	if (ret)
		return ret;
	ret = iommufd_pasid_alloc_number(p, cmd->flags, cmd->pasid);
	if (ret)
		goto err_release;

	/* Copy before publishing: a page fault under group->lock would block a detach. */
	cmd->pasid = p->pasid;
	cmd->out_pasid_id = p->obj.id;
	change.pasid = p->pasid;
	change.global = p->pool;
	ret = iommufd_ucmd_respond(ucmd, sizeof(*cmd));
	if (!ret)
		ret = publish(p);
	if (ret)
		goto err_free;
	/* It may be destroyed already, so callbacks look it up. */
	iommufd_pasid_notify(ucmd->ctx, IOMMUFD_PASID_ADDED, &change);
	return 0;

err_free:
	iommufd_pasid_free_number(p, false);
err_release:
	iommufd_pasid_map_virt_release(p);
	return ret;
}

/* Ask policies about a PASID that is about to be allocated. */
static int ask_policies(struct iommufd_device *idev, u32 flags, u32 pasid, u32 virt_pasid)
{
	struct iommufd_policy_request *req;
	struct iommufd_policy_call call;

	iommufd_policy_begin(&call, IOMMUFD_HOOK_PASID_ALLOC, &idev->ctx->totals);
	req = &call.request;
	call.object = idev->obj.id;
	if (flags & IOMMU_EXT_PASID_FIXED) {
		req->flags |= IOMMUFD_REQUEST_FIXED;
		req->pasid = pasid;
	}
	if (flags & IOMMU_EXT_PASID_GLOBAL)
		req->flags |= IOMMUFD_REQUEST_GLOBAL;
	req->virt_pasid = virt_pasid;
	req->device = idev->obj.id;
	iommufd_policy_add_device(req, idev->dev);
	return iommufd_policy_decide(&call, NULL, 0);
}

static int alloc_for(struct iommufd_ucmd *ucmd, struct iommufd_device *idev)
{
	const struct iommu_ext_pasid_alloc *cmd = ucmd->cmd;
	bool virt = cmd->flags & IOMMU_EXT_PASID_VIRT;
	u32 virt_pasid = virt ? cmd->virt_pasid : IOMMU_EXT_NONE;
	struct iommufd_pasid *p = NULL;
	int ret;

	if (iommufd_policy_has(PASID_ALLOC)) {
		ret = ask_policies(idev, cmd->flags, cmd->pasid, virt_pasid);
		if (ret)
			return ret;
	}
	p = iommufd_object_alloc(ucmd->ctx, p, IOMMUFD_OBJ_PASID, obj);
	if (IS_ERR(p))
		return PTR_ERR(p);
	p->idev = idev;
	p->virt_pasid = virt_pasid;
	p->pt_id = IOMMU_EXT_NONE;
	ret = alloc_and_publish(ucmd, p);
	if (ret)
		iommufd_object_abort(ucmd->ctx, &p->obj);
	return ret;
}

static int check_alloc(const struct iommu_ext_pasid_alloc *cmd)
{
	bool virt = cmd->flags & IOMMU_EXT_PASID_VIRT;

	if (cmd->flags & ~(IOMMU_EXT_PASID_GLOBAL | IOMMU_EXT_PASID_FIXED | IOMMU_EXT_PASID_VIRT))
		return -EOPNOTSUPP;
	if ((cmd->pasid && !(cmd->flags & IOMMU_EXT_PASID_FIXED)) || (cmd->virt_pasid && !virt))
		return -EINVAL;
	if (virt && (!cmd->virt_pasid || cmd->virt_pasid >> IOMMU_EXT_PASID_BITS))
		return -ERANGE;
	return 0;
}

/**
 * iommufd_pasid_alloc_ioctl() - IOMMU_EXT_PASID_ALLOC
 * @ucmd: struct iommu_ext_pasid_alloc
 *
 * Return: 0, or an errno documented in <linux/iommufd_ext.h>.
 */
int iommufd_pasid_alloc_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_ext_pasid_alloc *cmd = ucmd->cmd;
	struct iommufd_device *idev;
	int ret;

	ret = check_alloc(cmd);
	if (ret)
		return ret;
	idev = iommufd_get_device(ucmd->ctx, cmd->dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	ret = alloc_for(ucmd, idev);
	iommufd_trace(pasid_alloc, ucmd->ctx->totals.ctx_id, current->tgid,
		      ret ? IOMMUFD_TRACE_NONE : cmd->out_pasid_id, idev->obj.id,
		      iommufd_device_sbdf(idev->dev),
		      ret && !cmd->pasid ? IOMMUFD_TRACE_NONE : cmd->pasid,
		      cmd->flags & IOMMU_EXT_PASID_VIRT ? cmd->virt_pasid : IOMMUFD_TRACE_NONE,
		      cmd->flags, ret);
	iommufd_object_put(ucmd->ctx, &idev->obj);
	return ret;
}

static void trace_attach(const struct iommufd_attach_args *args, const struct iommufd_pasid *p,
			 u64 start, int ret)
{
	struct iommufd_device *idev = args->idev;
	u32 ctx_id = idev->ctx->totals.ctx_id, sbdf = iommufd_device_sbdf(idev->dev);
	u32 hwpt_id = ret ? IOMMUFD_TRACE_NONE : args->hwpt_id;
	u64 ns = start ? ktime_get_ns() - start : 0;

	if (args->replace)
		iommufd_trace(pasid_replace, ctx_id, current->tgid, p->obj.id, idev->obj.id, sbdf,
			      p->pasid, p->virt_pasid, args->pt_id, hwpt_id,
			      ret ? IOMMUFD_TRACE_NONE : args->old_id, ns, ret);
	else
		iommufd_trace(pasid_attach, ctx_id, current->tgid, p->obj.id, idev->obj.id, sbdf,
			      p->pasid, p->virt_pasid, args->pt_id, hwpt_id, ns, ret);
}

static int attach_or_replace(struct iommufd_ucmd *ucmd, bool replace)
{
	bool traced = replace ? trace_iommufd_pasid_replace_enabled() :
				trace_iommufd_pasid_attach_enabled();
	struct iommu_ext_pasid_attach *cmd = ucmd->cmd;
	u64 start = traced ? ktime_get_ns() : 0;
	struct iommufd_attach_args args = {
		.replace = replace,
		.pasid_compat = true,
		.pt_id = cmd->pt_id,
	};
	struct iommufd_pasid *p;
	int ret;

	if (cmd->flags || cmd->__reserved)
		return -EOPNOTSUPP;
	p = get_pasid(ucmd->ctx, cmd->pasid_id);
	if (IS_ERR(p))
		return PTR_ERR(p);
	args.idev = p->idev;
	args.pasid = p->pasid;
	/* Find memory that cannot be written to before anything is changed. */
	cmd->out_hwpt_id = IOMMU_EXT_NONE;
	ret = iommufd_ucmd_respond(ucmd, sizeof(*cmd));
	if (ret)
		goto out_put;
	ret = iommufd_attach_pt(&args);
	if (ret == -EINVAL && !iommufd_device_allows_pasids(p->idev))
		iommufd_refuse_pasid(ucmd->ctx->totals.ctx_id, p->idev->dev, p->pasid);
	trace_attach(&args, p, start, ret);
	if (!ret)
		iommufd_pasid_notify_change(p->idev, p->pasid);
out_put:
	iommufd_object_put(ucmd->ctx, &p->obj);
	if (ret)
		return ret;
	/*
	 * Do not fail now that it is attached. A program that unmapped its struct meanwhile can
	 * query the id.
	 */
	cmd->out_hwpt_id = args.hwpt_id;
	if (iommufd_ucmd_respond(ucmd, sizeof(*cmd)))
		pr_debug("cannot copy the id of the HWPT to user space\n");
	return 0;
}

/**
 * iommufd_pasid_attach_ioctl() - IOMMU_EXT_PASID_ATTACH
 * @ucmd: struct iommu_ext_pasid_attach
 *
 * Return: 0, or an errno documented in <linux/iommufd_ext.h>.
 */
int iommufd_pasid_attach_ioctl(struct iommufd_ucmd *ucmd)
{
	return attach_or_replace(ucmd, false);
}

/**
 * iommufd_pasid_replace_ioctl() - IOMMU_EXT_PASID_REPLACE
 * @ucmd: struct iommu_ext_pasid_attach
 *
 * Return: 0, or an errno documented in <linux/iommufd_ext.h>.
 */
int iommufd_pasid_replace_ioctl(struct iommufd_ucmd *ucmd)
{
	return attach_or_replace(ucmd, true);
}

/* Return false if it is not attached. */
static bool detach(struct iommufd_pasid *p)
{
	u64 start = trace_iommufd_pasid_detach_enabled() ? ktime_get_ns() : 0;
	struct iommufd_device *idev = p->idev;
	u32 pt_id = READ_ONCE(p->pt_id), ioas_id, hwpt_id;

	if (!iommufd_detach_pt(idev, p->pasid, &ioas_id, &hwpt_id))
		return false;
	iommufd_trace(pasid_detach, idev->ctx->totals.ctx_id, current->tgid, p->obj.id,
		      idev->obj.id, iommufd_device_sbdf(idev->dev), p->pasid, p->virt_pasid, pt_id,
		      hwpt_id, start ? ktime_get_ns() - start : 0);
	iommufd_pasid_notify_change(idev, p->pasid);
	return true;
}

/**
 * iommufd_pasid_detach_ioctl() - IOMMU_EXT_PASID_DETACH
 * @ucmd: struct iommu_ext_pasid_detach
 *
 * Return: 0, or an errno documented in <linux/iommufd_ext.h>.
 */
int iommufd_pasid_detach_ioctl(struct iommufd_ucmd *ucmd)
{
	const struct iommu_ext_pasid_detach *cmd = ucmd->cmd;
	struct iommufd_pasid *p;
	int ret;

	if (cmd->flags || cmd->__reserved)
		return -EOPNOTSUPP;
	p = get_pasid(ucmd->ctx, cmd->pasid_id);
	if (IS_ERR(p))
		return PTR_ERR(p);
	ret = detach(p) ? 0 : -EINVAL;
	iommufd_object_put(ucmd->ctx, &p->obj);
	return ret;
}

static void query_attach(struct iommufd_pasid *p, struct iommu_ext_pasid_query *cmd)
{
	struct iommufd_attachment *attach;

	cmd->out_pt_id = IOMMU_EXT_NONE;
	cmd->out_hwpt_id = IOMMU_EXT_NONE;
	mutex_lock(&p->idev->group->lock);
	attach = iommufd_device_attachment(p->idev, p->pasid);
	if (attach) {
		cmd->out_pt_id = attach->pt_id;
		cmd->out_hwpt_id = attach->hwpt->obj.id;
		cmd->out_state |= IOMMU_EXT_PASID_IS_ATTACHED;
		if (attach->blocked)
			cmd->out_state |= IOMMU_EXT_PASID_IS_BLOCKED;
	}
	mutex_unlock(&p->idev->group->lock);
}

/**
 * iommufd_pasid_query_ioctl() - IOMMU_EXT_PASID_QUERY
 * @ucmd: struct iommu_ext_pasid_query
 *
 * Return: 0, or an errno documented in <linux/iommufd_ext.h>.
 */
int iommufd_pasid_query_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_ext_pasid_query *cmd = ucmd->cmd;
	struct iommufd_pasid *p;

	if (cmd->flags)
		return -EOPNOTSUPP;
	p = get_pasid(ucmd->ctx, cmd->pasid_id);
	if (IS_ERR(p))
		return PTR_ERR(p);
	cmd->out_dev_id = p->idev->obj.id;
	cmd->out_pasid = p->pasid;
	cmd->out_virt_pasid = p->virt_pasid;
	cmd->out_width = ilog2(iommufd_pasid_limit(p->idev));
	cmd->out_state = 0;
	if (p->pool)
		cmd->out_state |= IOMMU_EXT_PASID_IS_GLOBAL;
	if (p->virt_pasid != IOMMU_EXT_NONE)
		cmd->out_state |= IOMMU_EXT_PASID_IS_VIRT;
	query_attach(p, cmd);
	iommufd_object_put(ucmd->ctx, &p->obj);
	return iommufd_ucmd_respond(ucmd, sizeof(*cmd));
}

/*
 * Unlink the next PASID object that no other thread is destroying. One pass over the group is
 * enough, because no more are made.
 */
static struct iommufd_pasid *unlink_next(struct iommufd_device *idev, unsigned long *pasid)
{
	struct iommufd_pasid *p, *found = NULL;

	mutex_lock(&idev->group->lock);
	/* group->lock keeps it: it is removed from group->pasids before it is freed. */
	xa_for_each_start(&idev->group->pasids, *pasid, p, *pasid) {
		if (p->idev == idev && iommufd_object_unlink(idev->ctx, &p->obj)) {
			found = p;
			break;
		}
	}
	mutex_unlock(&idev->group->lock);
	return found;
}

/**
 * iommufd_device_destroy_pasids() - detach and destroy the PASID objects of a device
 * @idev: the device; idev->unbinding is set, so that nothing is allocated or attached any more
 *
 * DMA with its PASIDs is blocked on return. Objects that another thread is destroying may remain;
 * the caller waits for idev->dependents.
 *
 * Context: may sleep; waits for calls on the objects, which end by themselves.
 */
void iommufd_device_destroy_pasids(struct iommufd_device *idev)
{
	unsigned long pasid = 0;
	struct iommufd_pasid *p;

	while ((p = unlink_next(idev, &pasid))) {
		detach(p);
		iommufd_object_destroy_unlinked(idev->ctx, &p->obj);
		cond_resched();
	}
}
