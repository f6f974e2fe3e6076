// SPDX-License-Identifier: GPL-2.0-only
/*
 * The in-kernel API that attaches devices, and PASIDs of them, to IOASes and HWPTs.
 *
 * An attach to an IOAS means one of its automatic HWPTs; which, and what becomes of those without
 * devices, is settled here. What is attached to a HWPT, group.c knows.
 */
#include <linux/iommu.h>
#include <linux/ktime.h>

#include <trace/events/iommufd.h>

#include "attach/attach.h"
#include "policy/policy.h"
#include "trace/refuse.h"

/* How often policies are asked about an address space that keeps changing. */
#define ASK_TRIES 8

static int change_to(struct iommufd_change *change, struct iommufd_hwpt *hwpt)
{
	int ret;

	if (change->replace)
		ret = iommufd_group_replace(change->idev, change->pasid, hwpt, change->pt_id,
					    &change->old, &change->old_users);
	else
		ret = iommufd_group_attach(change->idev, change->pasid, hwpt, change->pt_id);
	if (ret)
		return ret;
	/* The caller has a use of the page table; later another device may move the group on. */
	change->hwpt_id = hwpt->obj.id;
	change->ioas_id = iommufd_hwpt_ioas_id(hwpt);
	change->old_id = change->old ? change->old->obj.id : change->hwpt_id;
	return 0;
}

/*
 * A use of an automatic HWPT ends while hwpts_lock is held. If it was the last, the HWPT is
 * destroyed when the lock has been dropped: destruction takes it.
 */
static void drop_later(struct iommufd_hwpt_paging *hwpt, struct list_head *gone)
{
	if (iommufd_object_unref_unlink(hwpt->common.ctx, &hwpt->common.obj))
		list_move(&hwpt->item, gone);
}

/*
 * Detach the device from a page table that is not visible yet. Others of the group may have moved
 * it on meanwhile: then its use of that page table is dropped later, as one of the page table
 * before.
 */
static void undo_attach(struct iommufd_change *change, struct iommufd_hwpt *hwpt)
{
	struct iommufd_hwpt *last = iommufd_group_detach(change->idev, change->pasid);

	if (last == hwpt) {
		iommufd_object_unref(&hwpt->obj);
	} else {
		change->old = last;
		change->old_users = 1;
	}
}

/* Before a page table is made for nothing; group.c has the last word. */
static int check_attached(const struct iommufd_change *change)
{
	bool attached = iommufd_device_is_attached(change->idev, change->pasid);

	if (attached == change->replace)
		return 0;
	if (attached)
		return -EBUSY;
	/* A driver that does this hears first what else is wrong, as upstream. */
	return change->for_pasids ? -EINVAL : 0;
}

/* A new page table for the IOAS, filled, with the device attached. hwpts_lock is held. */
static int change_to_new(struct iommufd_change *change, struct iommufd_ioas *ioas,
			 struct list_head *gone)
{
	struct iommufd_device *idev = change->idev;
	bool attach_first = iommufd_hwpt_needs_attach_first(idev);
	struct iommufd_hwpt_paging *hwpt;
	int ret;

	ret = check_attached(change);
	if (ret)
		return ret;
	if (!change->replace && iommufd_group_is_attached(idev->group, change->pasid))
		return -EINVAL;
	/* It would not be one for PASIDs: there is no need to fill it to find that out. */
	if (change->pasid != IOMMU_NO_PASID &&
	    (change->for_pasids ? !iommufd_device_takes_pasids(idev) : !change->replace))
		return -EINVAL;
	/* The device would find the page table empty for a while; others may detach the PASID. */
	if (attach_first && (change->replace || change->pasid != IOMMU_NO_PASID))
		return -EOPNOTSUPP;
	/* What is mapped where the device cannot go is found before anything is pinned for it. */
	if (!change->replace && change->pasid == IOMMU_NO_PASID && idev->group->group) {
		ret = iopt_reserve_device(&ioas->iopt, idev->dev, NULL);
		if (ret)
			return ret;
		iopt_unreserve_device(&ioas->iopt, idev->dev);
	}

	hwpt = iommufd_hwpt_paging_alloc(
		ioas, idev, change->for_pasids ? IOMMUFD_NEW_HWPT_ALLOC_PASID : 0, NULL);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	hwpt->automatic = true;
	/* Once attached, another device of the group may take the group elsewhere at any time. */
	iommufd_object_ref(&hwpt->common.obj);

	if (attach_first) {
		ret = change_to(change, &hwpt->common);
		if (ret)
			goto err_free;
	}
	hwpt->table.reservation = change->reservation;
	ret = iopt_add_table(&ioas->iopt, &hwpt->table);
	hwpt->table.reservation = NULL;
	if (ret)
		goto err_detach;
	if (!attach_first) {
		ret = change_to(change, &hwpt->common);
		if (ret)
			goto err_remove_table;
	}
	list_add_tail(&hwpt->item, &ioas->hwpts);
	iommufd_object_finalize(idev->ctx, &hwpt->common.obj);
	drop_later(hwpt, gone);
	return 0;

err_remove_table:
	iopt_remove_table(&ioas->iopt, &hwpt->table);
err_detach:
	if (attach_first)
		undo_attach(change, &hwpt->common);
err_free:
	iommufd_object_abort_and_destroy(hwpt->common.ctx, &hwpt->common.obj);
	return ret;
}

/* Attach to an address space: any of its page tables that suits will do. */
static int change_to_ioas(struct iommufd_change *change, struct iommufd_ioas *ioas)
{
	struct iommufd_hwpt_paging *hwpt, *next;
	int ret = -EINVAL;
	LIST_HEAD(gone);

	mutex_lock(&ioas->hwpts_lock);
	list_for_each_entry_safe(hwpt, next, &ioas->hwpts, item) {
		if (!hwpt->automatic || !refcount_inc_not_zero(&hwpt->common.obj.users))
			continue;
		ret = change_to(change, &hwpt->common);
		drop_later(hwpt, &gone);
		/* -EINVAL says that this device cannot use this page table; the next one may do. */
		if (ret != -EINVAL)
			goto out_unlock;
	}
	ret = change_to_new(change, ioas, &gone);
out_unlock:
	mutex_unlock(&ioas->hwpts_lock);
	list_for_each_entry_safe(hwpt, next, &gone, item)
		iommufd_object_destroy_unlinked(hwpt->common.ctx, &hwpt->common.obj);
	return ret;
}

/* Attach a PASID to a process: by a page table of its own. */
static int change_to_sva(struct iommufd_change *change, struct iommufd_object *sva)
{
	struct iommufd_device *idev = change->idev;
	struct iommufd_hwpt_sva *hwpt;
	int ret;

	if (change->pasid == IOMMU_NO_PASID)
		return -EINVAL;
	ret = check_attached(change);
	if (ret)
		return ret;
	if (!iommufd_device_takes_pasids(idev))
		return -EINVAL;
	hwpt = iommufd_hwpt_sva_alloc(sva, idev);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	/* Once attached it can be detached at any time, and would go with that. */
	iommufd_object_ref(&hwpt->common.obj);
	ret = change_to(change, &hwpt->common);
	if (ret) {
		iommufd_object_abort_and_destroy(hwpt->common.ctx, &hwpt->common.obj);
		return ret;
	}
	iommufd_object_finalize(idev->ctx, &hwpt->common.obj);
	iommufd_hwpt_drop(&hwpt->common);
	return 0;
}

/* Ask policies about a device, or a PASID of it, that is about to be attached or moved. */
static int ask_attach(const struct iommufd_change *change, struct iommufd_object *pt,
		      struct umem_reservation *reservation)
{
	bool whole = change->pasid == IOMMU_NO_PASID;
	struct iommufd_device *idev = change->idev;
	struct iommufd_policy_request *req;
	struct iommufd_policy_call call;
	struct iommufd_pasid *p;

	iommufd_policy_begin(&call, whole ? IOMMUFD_HOOK_DEVICE_ATTACH : IOMMUFD_HOOK_PASID_ATTACH,
			     &idev->ctx->totals);
	req = &call.request;
	call.object = change->pt_id;
	req->pt = change->pt_id;
	req->flags = change->replace ? IOMMUFD_REQUEST_REPLACE : 0;
	/* An ioctl of the file asks for tables for PASIDs. */
	req->flags |= change->for_pasids ? 0 : IOMMUFD_REQUEST_DRIVER;
	req->device = idev->obj.id;
	iommufd_policy_add_device(req, idev->dev);
	if (!whole) {
		req->pasid = change->pasid;
		mutex_lock(&idev->group->lock);
		p = iommufd_pasid_find(idev, change->pasid);
		if (p) {
			req->virt_pasid = p->virt_pasid;
			req->flags |= p->pool ? IOMMUFD_REQUEST_GLOBAL : 0;
		}
		mutex_unlock(&idev->group->lock);
	}
	return iommufd_policy_decide(&call, reservation, iommufd_hwpt_policy_target(req, pt));
}

/* Policies on devices as a whole, and on PASIDs. */
static int ask(struct iommufd_change *change, struct iommufd_object *pt,
	       struct umem_reservation *reservation)
{
	bool asked = change->pasid == IOMMU_NO_PASID ? iommufd_policy_has(DEVICE_ATTACH) :
						       iommufd_policy_has(PASID_ATTACH);

	return asked ? ask_attach(change, pt, reservation) : 0;
}

static int change_to_object(struct iommufd_change *change, struct iommufd_object *obj)
{
	struct iommufd_hwpt *hwpt;
	int ret;

	switch (obj->type) {
	case IOMMUFD_OBJ_HWPT_PAGING:
	case IOMMUFD_OBJ_HWPT_NESTED:
		hwpt = to_hwpt(obj);
		/* An automatic one may lose its last device meanwhile, and then goes with us. */
		iommufd_object_ref(&hwpt->obj);
		ret = change_to(change, hwpt);
		change->drop = hwpt;
		return ret;
	case IOMMUFD_OBJ_IOAS:
		return change_to_ioas(change, container_of(obj, struct iommufd_ioas, obj));
	case IOMMUFD_OBJ_SVA:
		return change_to_sva(change, obj);
	default:
		return -EINVAL;
	}
}

/*
 * Ask, and do it. What is to be pinned for it is known for sure only when the address space is
 * locked, and policies are not asked then: if it has become more, they are asked again.
 */
static int ask_and_change(struct iommufd_change *change, struct iommufd_object *obj)
{
	struct umem_reservation reservation = {};
	unsigned int tries = 0;
	int ret;

	do {
		ret = ask(change, obj, &reservation);
		change->reservation = reservation.totals ? &reservation : NULL;
		if (!ret)
			ret = change_to_object(change, obj);
		change->reservation = NULL;
		umem_reservation_end(&reservation);
	} while (ret && reservation.exceeded && ++tries < ASK_TRIES);
	return ret;
}

/**
 * iommufd_change_pt() - attach or replace
 * @change: what to do, and what was done
 *
 * Context: may sleep, as long as pinning takes. Calls for one PASID may be made at the same time.
 * Return: as iommufd_device_pasid_attach() and iommufd_device_pasid_replace(); what a policy
 * refuses with; -EBUSY if maps kept coming while policies were asked.
 */
int iommufd_change_pt(struct iommufd_change *change)
{
	struct iommufd_ctx *ctx = change->idev->ctx;
	struct iommufd_object *obj;
	int ret;

	obj = iommufd_object_get(ctx, change->pt_id, IOMMUFD_OBJ_ANY);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	ret = ask_and_change(change, obj);
	iommufd_object_put(ctx, obj);

	/* Page tables may go now: their destruction takes locks of the address space. */
	if (change->drop)
		iommufd_hwpt_drop(change->drop);
	while (change->old_users--)
		iommufd_hwpt_drop(change->old);
	return ret;
}

/**
 * iommufd_end_pt() - detach
 * @idev: the device
 * @pasid: the PASID, or IOMMU_NO_PASID
 * @ioas_id: out: the address space it was attached to
 * @hwpt_id: out: the page table
 *
 * Context: may sleep.
 * Return: false if it was not attached.
 */
bool iommufd_end_pt(struct iommufd_device *idev, ioasid_t pasid, u32 *ioas_id, u32 *hwpt_id)
{
	struct iommufd_hwpt *hwpt = iommufd_group_detach(idev, pasid);

	if (!hwpt)
		return false;
	*ioas_id = iommufd_hwpt_ioas_id(hwpt);
	*hwpt_id = hwpt->obj.id;
	iommufd_hwpt_drop(hwpt);
	return true;
}

static u32 trace_pasid(ioasid_t pasid)
{
	return pasid == IOMMU_NO_PASID ? IOMMUFD_TRACE_NONE : pasid;
}

/**
 * iommufd_device_pasid_attach() - let a device, or a PASID of it, do DMA
 * @idev: bound, the PASID not attached
 * @pasid: a PASID below what the device and its IOMMU have; IOMMU_NO_PASID for all other DMA
 * @pt_id: in: id of an IOAS or HWPT, for a PASID also of an SVA object; out: id of the HWPT
 *
 * All that is mapped is pinned and in the page table when the device sees it, and what is mapped
 * later follows. For a PASID the HWPT must have been made with IOMMU_HWPT_ALLOC_PASID, and so must
 * the one of the device as a whole, if it is attached.
 *
 * Context: may sleep, as long as pinning takes.
 * Return: 0; -ENOENT for an id that is not there; -EBUSY if it is attached; -EINVAL for an id of
 * another type, for a PASID or HWPT that does not suit, or if the group is attached elsewhere;
 * -EBUSY also for a PASID that is an object of another device of the group;
 * -EADDRINUSE if something is mapped where the device cannot go; -ENOMEM, -EFAULT from pinning; for
 * an SVA object -EOPNOTSUPP if the IOMMU driver cannot, or not safely, and -ESRCH if the process is
 * gone; or an error of the IOMMU driver.
 */
int iommufd_device_pasid_attach(struct iommufd_device *idev, ioasid_t pasid, u32 *pt_id)
{
	u64 start = trace_iommufd_device_attach_enabled() ? ktime_get_ns() : 0;
	struct iommufd_change change = {
		.idev = idev,
		.pasid = pasid,
		.pt_id = *pt_id,
	};
	int ret = iommufd_change_pt(&change);

	if (!ret)
		*pt_id = change.hwpt_id;
	if (!ret && pasid != IOMMU_NO_PASID)
		iommufd_pasid_notify_change(idev, pasid);
	if (trace_iommufd_device_attach_enabled())
		trace_iommufd_device_attach(idev->ctx->totals.ctx_id, current->tgid, idev->obj.id,
					    iommufd_device_sbdf(idev->dev), trace_pasid(pasid),
					    ret ? *pt_id : change.ioas_id,
					    ret ? IOMMUFD_TRACE_NONE : change.hwpt_id,
					    start ? ktime_get_ns() - start : 0, ret);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_pasid_attach, IOMMUFD);

/**
 * iommufd_device_pasid_replace() - move a device, or a PASID of it, to another page table
 * @idev: bound, the PASID attached
 * @pasid: as for iommufd_device_pasid_attach()
 * @pt_id: as for iommufd_device_pasid_attach()
 *
 * On failure it stays where it was. If the IOMMU driver can, translation of the device as a whole
 * is never interrupted; that of a PASID is blocked for a moment.
 *
 * Context: as iommufd_device_pasid_attach().
 * Return: as there; -EINVAL also if it is not attached; -EOPNOTSUPP if the IOMMU driver can only
 * fill a page table that is attached, and no other device of the IOAS has one yet: detach and
 * attach instead.
 */
int iommufd_device_pasid_replace(struct iommufd_device *idev, ioasid_t pasid, u32 *pt_id)
{
	u64 start = trace_iommufd_device_replace_enabled() ? ktime_get_ns() : 0;
	struct iommufd_change change = {
		.idev = idev,
		.pasid = pasid,
		.replace = true,
		.pt_id = *pt_id,
	};
	int ret = iommufd_change_pt(&change);

	if (!ret)
		*pt_id = change.hwpt_id;
	if (!ret && pasid != IOMMU_NO_PASID)
		iommufd_pasid_notify_change(idev, pasid);
	if (trace_iommufd_device_replace_enabled())
		trace_iommufd_device_replace(idev->ctx->totals.ctx_id, current->tgid, idev->obj.id,
					     iommufd_device_sbdf(idev->dev), trace_pasid(pasid),
					     ret ? *pt_id : change.ioas_id,
					     ret ? IOMMUFD_TRACE_NONE : change.hwpt_id,
					     ret ? IOMMUFD_TRACE_NONE : change.old_id,
					     start ? ktime_get_ns() - start : 0, ret);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_pasid_replace, IOMMUFD);

/**
 * iommufd_device_pasid_detach() - end the DMA of a device, or of a PASID of it
 * @idev: bound
 * @pasid: as for iommufd_device_pasid_attach(); nothing happens if it is not attached
 *
 * With the last device of its group DMA is blocked on return, and page requests that nobody has
 * answered have been answered as invalid.
 *
 * Context: may sleep.
 */
void iommufd_device_pasid_detach(struct iommufd_device *idev, ioasid_t pasid)
{
	u64 start = trace_iommufd_device_detach_enabled() ? ktime_get_ns() : 0;
	u32 ioas_id, hwpt_id;

	if (!iommufd_end_pt(idev, pasid, &ioas_id, &hwpt_id))
		return;
	if (pasid != IOMMU_NO_PASID)
		iommufd_pasid_notify_change(idev, pasid);
	if (trace_iommufd_device_detach_enabled())
		trace_iommufd_device_detach(idev->ctx->totals.ctx_id, current->tgid, idev->obj.id,
					    iommufd_device_sbdf(idev->dev), trace_pasid(pasid),
					    ioas_id, hwpt_id, start ? ktime_get_ns() - start : 0);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_pasid_detach, IOMMUFD);

/**
 * iommufd_device_attach() - let a device do DMA
 * @idev: bound, not attached
 * @pt_id: in: id of an IOAS or HWPT; out: id of the HWPT
 *
 * Return: as iommufd_device_pasid_attach() with IOMMU_NO_PASID.
 */
int iommufd_device_attach(struct iommufd_device *idev, u32 *pt_id)
{
	return iommufd_device_pasid_attach(idev, IOMMU_NO_PASID, pt_id);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_attach, IOMMUFD);

/**
 * iommufd_device_replace() - move a device to another page table
 * @idev: attached
 * @pt_id: as for iommufd_device_attach()
 *
 * Return: as iommufd_device_pasid_replace() with IOMMU_NO_PASID.
 */
int iommufd_device_replace(struct iommufd_device *idev, u32 *pt_id)
{
	return iommufd_device_pasid_replace(idev, IOMMU_NO_PASID, pt_id);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_replace, IOMMUFD);

/**
 * iommufd_device_detach() - end a device's DMA
 * @idev: attached
 *
 * As iommufd_device_pasid_detach() with IOMMU_NO_PASID.
 */
void iommufd_device_detach(struct iommufd_device *idev)
{
	iommufd_device_pasid_detach(idev, IOMMU_NO_PASID);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_detach, IOMMUFD);
