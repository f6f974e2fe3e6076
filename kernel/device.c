// SPDX-License-Identifier: GPL-2.0-only
/*
 * DEVICE objects: the in-kernel API by which a driver (vfio) gives a device to user space.
 *
 * A driver binds a device to a context, attaches it to an IOAS or HWPT, replaces and detaches, and
 * unbinds. It makes these calls for one device one after the other. Bound, the device's DMA is
 * owned by the context and blocked unless attached; the device, and its group, belong to one
 * context at a time.
 */
#include <linux/iommu.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/seq_file.h>

#include <trace/events/iommufd.h>

#include "iommufd_private.h"

static bool allow_unsafe_interrupts;
module_param(allow_unsafe_interrupts, bool, 0644);
MODULE_PARM_DESC(allow_unsafe_interrupts,
		 "Bind devices even if their DMA can raise interrupts of others: a hole in the isolation");

/**
 * iommufd_device_sbdf() - the PCI address of a device, for tracepoints
 * @dev: any device
 *
 * Return: segment << 16 | bus << 8 | device << 3 | function, or IOMMUFD_TRACE_NONE.
 */
u32 iommufd_device_sbdf(const struct device *dev)
{
	struct pci_dev *pdev;

	if (!dev_is_pci(dev))
		return IOMMUFD_TRACE_NONE;
	pdev = to_pci_dev(dev);
	return pci_domain_nr(pdev->bus) << 16 | pci_dev_id(pdev);
}

/**
 * iommufd_device_destroy() - the end of a DEVICE
 * @obj: detached
 */
void iommufd_device_destroy(struct iommufd_object *obj)
{
	struct iommufd_device *idev = container_of(obj, struct iommufd_device, obj);

	WARN_ON(idev->attached);
	iommu_device_release_dma_owner(idev->dev);
	iommufd_group_put(idev->group);
}

/**
 * iommufd_device_show() - fdinfo of a DEVICE
 * @m: where to
 * @obj: the DEVICE
 */
void iommufd_device_show(struct seq_file *m, const struct iommufd_object *obj)
{
	const struct iommufd_device *idev = container_of(obj, struct iommufd_device, obj);

	seq_printf(m, " name=%s group=%d attached=%d", dev_name(idev->dev),
		   iommu_group_id(idev->group->group), READ_ONCE(idev->attached));
}

static int check_msi_isolation(struct iommufd_group *group, struct device *dev)
{
	if (iommu_group_has_isolated_msi(group->group))
		return 0;
	if (!allow_unsafe_interrupts) {
		dev_warn_ratelimited(dev, "not bound: its DMA can raise interrupts of others, since the platform does not remap interrupts; enable interrupt remapping, or accept the risk with iommufd.allow_unsafe_interrupts=1\n");
		return -EPERM;
	}
	dev_warn(dev, "bound although its DMA can raise interrupts of others, as allow_unsafe_interrupts asks for\n");
	return 0;
}

static struct iommufd_device *do_bind(struct iommufd_ctx *ctx, struct device *dev)
{
	struct iommufd_device *idev = NULL;
	struct iommufd_group *group;
	int ret;

	/* User space cannot flush CPU caches: DMA has to go through them. */
	if (!device_iommu_capable(dev, IOMMU_CAP_CACHE_COHERENCY))
		return ERR_PTR(-EINVAL);

	group = iommufd_group_get(ctx, dev);
	if (IS_ERR(group))
		return ERR_CAST(group);
	ret = check_msi_isolation(group, dev);
	if (ret)
		goto err_put_group;
	ret = iommu_device_claim_dma_owner(dev, ctx);
	if (ret)
		goto err_put_group;

	idev = iommufd_object_alloc(ctx, idev, IOMMUFD_OBJ_DEVICE);
	if (IS_ERR(idev)) {
		ret = PTR_ERR(idev);
		goto err_release_owner;
	}
	idev->ctx = ctx;
	idev->dev = dev;
	idev->group = group;
	idev->enforce_coherency = device_iommu_capable(dev, IOMMU_CAP_ENFORCE_CACHE_COHERENCY);
	/* The driver is a user until it unbinds: IOMMU_DESTROY cannot take the device from it. */
	refcount_inc(&idev->obj.users);
	iommufd_ctx_get(ctx);
	iommufd_object_finalize(ctx, &idev->obj);
	return idev;

err_release_owner:
	iommu_device_release_dma_owner(dev);
err_put_group:
	iommufd_group_put(group);
	return ERR_PTR(ret);
}

static u32 device_group_id(struct device *dev)
{
	struct iommu_group *group = iommu_group_get(dev);
	u32 id = IOMMUFD_TRACE_NONE;

	if (group) {
		id = iommu_group_id(group);
		iommu_group_put(group);
	}
	return id;
}

/**
 * iommufd_device_bind() - give a device to a context
 * @ictx: the context
 * @dev: a device whose driver sets driver_managed_dma, and has not touched it
 * @id: out: id of the DEVICE object, for user space
 *
 * Context: may sleep.
 * Return: the device, to be returned by iommufd_device_unbind(); ERR_PTR() of -EINVAL if its DMA is
 * not coherent with the CPU's caches, -ENODEV without IOMMU, -EPERM if it could raise interrupts
 * of others, -EBUSY if it or a device of its group belongs to somebody else, -ENOMEM.
 */
struct iommufd_device *iommufd_device_bind(struct iommufd_ctx *ictx, struct device *dev, u32 *id)
{
	struct iommufd_device *idev = do_bind(ictx, dev);

	if (trace_iommufd_device_bind_enabled())
		trace_iommufd_device_bind(ictx->totals.ctx_id, current->tgid,
					  IS_ERR(idev) ? IOMMUFD_TRACE_NONE : idev->obj.id,
					  iommufd_device_sbdf(dev), device_group_id(dev),
					  PTR_ERR_OR_ZERO(idev));
	if (!IS_ERR(idev))
		*id = idev->obj.id;
	return idev;
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_bind, IOMMUFD);

/**
 * iommufd_device_unbind() - take a device back
 * @idev: detached; invalid on return
 *
 * Its DMA is the kernel's again.
 *
 * Context: may sleep: waits for calls that user space makes on the object.
 */
void iommufd_device_unbind(struct iommufd_device *idev)
{
	struct iommufd_ctx *ctx = idev->ctx;

	if (trace_iommufd_device_unbind_enabled())
		trace_iommufd_device_unbind(ctx->totals.ctx_id, current->tgid, idev->obj.id,
					    iommufd_device_sbdf(idev->dev),
					    iommu_group_id(idev->group->group));
	iommufd_object_remove(ctx, &idev->obj);
	iommufd_ctx_put(ctx);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_unbind, IOMMUFD);

/**
 * iommufd_ctx_has_group() - whether a device of a group is bound to a context
 * @ictx: the context, or NULL
 * @group: the group, or NULL
 *
 * Return: true if one is.
 */
bool iommufd_ctx_has_group(struct iommufd_ctx *ictx, struct iommu_group *group)
{
	struct iommufd_group *cur;
	bool found = false;

	if (!ictx || !group)
		return false;
	mutex_lock(&ictx->groups_lock);
	list_for_each_entry(cur, &ictx->groups, item)
		found |= cur->group == group;
	mutex_unlock(&ictx->groups_lock);
	return found;
}
EXPORT_SYMBOL_NS_GPL(iommufd_ctx_has_group, IOMMUFD);

/**
 * iommufd_device_to_ictx() - the context of a device
 * @idev: the device
 *
 * Return: the context, without a reference for the caller.
 */
struct iommufd_ctx *iommufd_device_to_ictx(struct iommufd_device *idev)
{
	return idev->ctx;
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_to_ictx, IOMMUFD);

/**
 * iommufd_device_to_id() - the id of a device
 * @idev: the device
 *
 * Return: the id of the DEVICE object.
 */
u32 iommufd_device_to_id(struct iommufd_device *idev)
{
	return idev->obj.id;
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_to_id, IOMMUFD);

/**
 * struct change - an attach or replace
 * @idev: the device
 * @replace: it is attached already
 * @hwpt_id: out: the page table it is attached to now
 * @ioas_id: out: the address space in it
 * @old_id: out: the page table before
 * @old: out: the same, if it is another one
 * @old_users: out: uses of @old to be dropped
 */
struct change {
	struct iommufd_device *idev;
	bool replace;
	u32 hwpt_id;
	u32 ioas_id;
	u32 old_id;
	struct iommufd_hwpt *old;
	unsigned int old_users;
};

static int change_to(struct change *change, struct iommufd_hwpt *hwpt)
{
	int ret;

	if (change->replace)
		ret = iommufd_group_replace(change->idev, hwpt, &change->old, &change->old_users);
	else
		ret = iommufd_group_attach(change->idev, hwpt);
	if (ret)
		return ret;
	/* The caller has a use of the page table; later another device may move the group on. */
	change->hwpt_id = hwpt->obj.id;
	change->ioas_id = hwpt->ioas->obj.id;
	change->old_id = change->old ? change->old->obj.id : change->hwpt_id;
	return 0;
}

/*
 * A use of an automatic HWPT ends while hwpts_lock is held. If it was the last, the HWPT is
 * destroyed when the lock has been dropped: destruction takes it.
 */
static void drop_later(struct iommufd_hwpt *hwpt, struct list_head *gone)
{
	if (iommufd_object_drop_last(hwpt->ctx, &hwpt->obj))
		list_move(&hwpt->item, gone);
}

/* A new page table for the IOAS, filled, with the device attached. hwpts_lock is held. */
static int change_to_new(struct change *change, struct iommufd_ioas *ioas, struct list_head *gone)
{
	struct iommufd_device *idev = change->idev;
	bool attach_first = iommufd_hwpt_needs_attach_first(idev);
	struct iommufd_hwpt *hwpt;
	int ret;

	if (!change->replace && iommufd_group_is_attached(idev->group))
		return -EINVAL;
	/* The device would find the page table empty for a while. */
	if (change->replace && attach_first)
		return -EOPNOTSUPP;
	/* What is mapped where the device cannot go is found before anything is pinned for it. */
	if (!change->replace) {
		ret = iopt_reserve_device(&ioas->iopt, idev->dev, NULL);
		if (ret)
			return ret;
		iopt_unreserve_device(&ioas->iopt, idev->dev);
	}

	hwpt = iommufd_hwpt_alloc(idev->ctx, ioas, idev);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	hwpt->automatic = true;
	/* Once attached, another device of the group may take the group elsewhere at any time. */
	refcount_inc(&hwpt->obj.users);

	if (attach_first) {
		ret = change_to(change, hwpt);
		if (ret)
			goto err_free;
	}
	ret = iopt_add_table(&ioas->iopt, &hwpt->table);
	if (ret)
		goto err_detach;
	if (!attach_first) {
		ret = change_to(change, hwpt);
		if (ret)
			goto err_remove_table;
	}
	list_add_tail(&hwpt->item, &ioas->hwpts);
	iommufd_object_finalize(idev->ctx, &hwpt->obj);
	drop_later(hwpt, gone);
	return 0;

err_remove_table:
	iopt_remove_table(&ioas->iopt, &hwpt->table);
err_detach:
	if (attach_first)
		iommufd_object_drop_user(&iommufd_group_detach(idev)->obj);
err_free:
	iommufd_hwpt_destroy(&hwpt->obj);
	iommufd_object_abort(idev->ctx, &hwpt->obj);
	return ret;
}

/* Attach to an address space: any of its page tables that suits will do. */
static int change_to_ioas(struct change *change, struct iommufd_ioas *ioas)
{
	struct iommufd_hwpt *hwpt, *next;
	int ret = -EINVAL;
	LIST_HEAD(gone);

	mutex_lock(&ioas->hwpts_lock);
	list_for_each_entry_safe(hwpt, next, &ioas->hwpts, item) {
		if (!hwpt->automatic || !refcount_inc_not_zero(&hwpt->obj.users))
			continue;
		ret = change_to(change, hwpt);
		drop_later(hwpt, &gone);
		/* -EINVAL says that this device cannot use this page table; the next one may do. */
		if (ret != -EINVAL)
			goto out_unlock;
	}
	ret = change_to_new(change, ioas, &gone);
out_unlock:
	mutex_unlock(&ioas->hwpts_lock);
	list_for_each_entry_safe(hwpt, next, &gone, item)
		iommufd_object_finish(hwpt->ctx, &hwpt->obj);
	return ret;
}

static int change_pt(struct change *change, u32 *pt_id)
{
	struct iommufd_ctx *ctx = change->idev->ctx;
	struct iommufd_hwpt *hwpt = NULL;
	struct iommufd_object *obj;
	int ret;

	obj = iommufd_object_get(ctx, *pt_id, IOMMUFD_OBJ_ANY);
	if (IS_ERR(obj))
		return PTR_ERR(obj);

	switch (obj->type) {
	case IOMMUFD_OBJ_HWPT:
		hwpt = container_of(obj, struct iommufd_hwpt, obj);
		/* An automatic one may lose its last device meanwhile, and then goes with us. */
		refcount_inc(&hwpt->obj.users);
		ret = change_to(change, hwpt);
		break;
	case IOMMUFD_OBJ_IOAS:
		ret = change_to_ioas(change, container_of(obj, struct iommufd_ioas, obj));
		break;
	default:
		ret = -EINVAL;
	}
	if (!ret)
		*pt_id = change->hwpt_id;
	iommufd_object_put(ctx, obj);

	/* Page tables may go now: their destruction takes locks of the address space. */
	if (hwpt)
		iommufd_hwpt_drop(hwpt);
	while (change->old_users--)
		iommufd_hwpt_drop(change->old);
	return ret;
}

/**
 * iommufd_device_attach() - let a device do DMA
 * @idev: bound, not attached
 * @pt_id: in: id of an IOAS or HWPT; out: id of the HWPT
 *
 * All that is mapped is pinned and in the page table when the device sees it, and what is mapped
 * later follows.
 *
 * Context: may sleep, as long as pinning takes.
 * Return: 0; -ENOENT for an id that is not there; -EINVAL for one of another type, or if the group
 * is attached elsewhere; -EADDRINUSE if something is mapped where the device cannot go; -ENOMEM,
 * -EFAULT from pinning; or an error of the IOMMU driver.
 */
int iommufd_device_attach(struct iommufd_device *idev, u32 *pt_id)
{
	u64 start = trace_iommufd_device_attach_enabled() ? ktime_get_ns() : 0;
	struct change change = { .idev = idev };
	int ret = change_pt(&change, pt_id);

	if (trace_iommufd_device_attach_enabled())
		trace_iommufd_device_attach(idev->ctx->totals.ctx_id, current->tgid, idev->obj.id,
					    iommufd_device_sbdf(idev->dev), IOMMUFD_TRACE_NONE,
					    ret ? *pt_id : change.ioas_id,
					    ret ? IOMMUFD_TRACE_NONE : change.hwpt_id,
					    start ? ktime_get_ns() - start : 0, ret);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_attach, IOMMUFD);

/**
 * iommufd_device_replace() - move a device to another page table
 * @idev: attached
 * @pt_id: as for iommufd_device_attach()
 *
 * On failure it stays where it was. If the IOMMU driver can, translation is never interrupted.
 *
 * Context: as iommufd_device_attach().
 * Return: as there; -EOPNOTSUPP if the IOMMU driver can only fill a page table that is attached,
 * and no other device of the IOAS has one yet: detach and attach instead.
 */
int iommufd_device_replace(struct iommufd_device *idev, u32 *pt_id)
{
	u64 start = trace_iommufd_device_replace_enabled() ? ktime_get_ns() : 0;
	struct change change = { .idev = idev, .replace = true };
	int ret = change_pt(&change, pt_id);

	if (trace_iommufd_device_replace_enabled())
		trace_iommufd_device_replace(idev->ctx->totals.ctx_id, current->tgid, idev->obj.id,
					     iommufd_device_sbdf(idev->dev), IOMMUFD_TRACE_NONE,
					     ret ? *pt_id : change.ioas_id,
					     ret ? IOMMUFD_TRACE_NONE : change.hwpt_id,
					     ret ? IOMMUFD_TRACE_NONE : change.old_id,
					     start ? ktime_get_ns() - start : 0, ret);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_replace, IOMMUFD);

/**
 * iommufd_device_detach() - end a device's DMA
 * @idev: attached
 *
 * With the last device of its group DMA is blocked on return.
 *
 * Context: may sleep.
 */
void iommufd_device_detach(struct iommufd_device *idev)
{
	u64 start = trace_iommufd_device_detach_enabled() ? ktime_get_ns() : 0;
	struct iommufd_hwpt *hwpt;
	u32 ioas_id, hwpt_id;

	hwpt = iommufd_group_detach(idev);
	ioas_id = hwpt->ioas->obj.id;
	hwpt_id = hwpt->obj.id;
	iommufd_hwpt_drop(hwpt);

	if (trace_iommufd_device_detach_enabled())
		trace_iommufd_device_detach(idev->ctx->totals.ctx_id, current->tgid, idev->obj.id,
					    iommufd_device_sbdf(idev->dev), IOMMUFD_TRACE_NONE,
					    ioas_id, hwpt_id,
					    start ? ktime_get_ns() - start : 0);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_detach, IOMMUFD);
