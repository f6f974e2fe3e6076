// SPDX-License-Identifier: GPL-2.0-only
/*
 * Translation of PASIDs, for those who program hardware on behalf of a guest; the rules for them
 * stand in include/linux/iommufd_driver.h.
 *
 * Two maps of the context, read under RCU alone. Their values are the numbers themselves, not
 * pointers, so a look-up touches no object and needs nothing to be kept from going away but the
 * context:
 *
 *	virt_pasids	device id << 20 | virtual PASID		-> PASID
 *	pt_pasids	device id << 32 | what is attached	-> PASID, the lowest of several
 *
 * At first an entry is reserved, which may fail; it gets its value when nothing can fail any more.
 * That of a virtual number is its object's; those of what is attached are written under the lock of
 * the device's group.
 */
#include <linux/iommu.h>

#include <trace/events/iommufd.h>

#include "attach/attach.h"

static_assert(sizeof(unsigned long) == sizeof(u64), "the keys are of 64 bits");

static unsigned long virt_key(u32 dev_id, u32 virt_pasid)
{
	return (unsigned long)dev_id << IOMMU_EXT_PASID_BITS | virt_pasid;
}

static unsigned long pt_key(u32 dev_id, u32 pt_id)
{
	return (unsigned long)dev_id << 32 | pt_id;
}

/**
 * iommufd_pasid_map_init() - a new context
 * @ctx: the context
 */
void iommufd_pasid_map_init(struct iommufd_ctx *ctx)
{
	xa_init_flags(&ctx->virt_pasids, XA_FLAGS_ACCOUNT);
	xa_init_flags(&ctx->pt_pasids, XA_FLAGS_ACCOUNT);
	BLOCKING_INIT_NOTIFIER_HEAD(&ctx->pasid_chain);
}

/**
 * iommufd_pasid_map_destroy() - the end of a context
 * @ctx: no PASID is left in it
 */
void iommufd_pasid_map_destroy(struct iommufd_ctx *ctx)
{
	WARN_ON(!xa_empty(&ctx->virt_pasids));
	WARN_ON(!xa_empty(&ctx->pt_pasids));
	WARN_ON(rcu_access_pointer(ctx->pasid_chain.head));
	xa_destroy(&ctx->virt_pasids);
	xa_destroy(&ctx->pt_pasids);
}

/**
 * iommufd_pasid_map_virt_reserve() - make sure that a virtual number can be mapped
 * @p: with its virtual number; one without needs nothing
 *
 * Return: 0; -EEXIST if the device has it already; -ENOMEM.
 */
int iommufd_pasid_map_virt_reserve(struct iommufd_pasid *p)
{
	struct iommufd_device *idev = p->idev;
	int ret;

	if (p->virt_pasid == IOMMU_EXT_NONE)
		return 0;
	ret = xa_insert(&idev->ctx->virt_pasids, virt_key(idev->obj.id, p->virt_pasid), NULL,
			GFP_KERNEL_ACCOUNT);
	return ret == -EBUSY ? -EEXIST : ret;
}

/**
 * iommufd_pasid_map_virt_release() - undo iommufd_pasid_map_virt_reserve()
 * @p: not mapped
 */
void iommufd_pasid_map_virt_release(struct iommufd_pasid *p)
{
	struct iommufd_device *idev = p->idev;

	if (p->virt_pasid != IOMMU_EXT_NONE)
		xa_release(&idev->ctx->virt_pasids, virt_key(idev->obj.id, p->virt_pasid));
}

/**
 * iommufd_pasid_map_virt() - let a virtual number be looked up
 * @p: iommufd_pasid_map_virt_reserve() was called
 */
void iommufd_pasid_map_virt(struct iommufd_pasid *p)
{
	struct iommufd_device *idev = p->idev;

	/* Cannot fail: the entry is there. */
	if (p->virt_pasid != IOMMU_EXT_NONE)
		WARN_ON(xa_err(xa_store(&idev->ctx->virt_pasids,
					virt_key(idev->obj.id, p->virt_pasid),
					xa_mk_value(p->pasid), GFP_KERNEL)));
}

/**
 * iommufd_pasid_unmap_virt() - undo iommufd_pasid_map_virt(), and the reservation
 * @p: no look-up finds it from now on
 */
void iommufd_pasid_unmap_virt(struct iommufd_pasid *p)
{
	struct iommufd_device *idev = p->idev;

	if (p->virt_pasid != IOMMU_EXT_NONE)
		xa_erase(&idev->ctx->virt_pasids, virt_key(idev->obj.id, p->virt_pasid));
}

/**
 * iommufd_pasid_map_pt_reserve() - make sure that an attachment can be mapped
 * @idev: the device; its group's lock is held
 * @pt_id: what is to be attached
 *
 * Return: 0 or -ENOMEM.
 */
int iommufd_pasid_map_pt_reserve(struct iommufd_device *idev, u32 pt_id)
{
	lockdep_assert_held(&idev->group->lock);
	return xa_reserve(&idev->ctx->pt_pasids, pt_key(idev->obj.id, pt_id), GFP_KERNEL_ACCOUNT);
}

/**
 * iommufd_pasid_map_pt_release() - undo iommufd_pasid_map_pt_reserve()
 * @idev: the device; its group's lock is held
 * @pt_id: as given there; if it is mapped it stays so
 */
void iommufd_pasid_map_pt_release(struct iommufd_device *idev, u32 pt_id)
{
	lockdep_assert_held(&idev->group->lock);
	xa_release(&idev->ctx->pt_pasids, pt_key(idev->obj.id, pt_id));
}

/**
 * iommufd_pasid_map_pt() - a PASID has been attached
 * @idev: the device; its group's lock is held
 * @pt_id: to what: iommufd_pasid_map_pt_reserve() was called
 * @pasid: the PASID
 */
void iommufd_pasid_map_pt(struct iommufd_device *idev, u32 pt_id, ioasid_t pasid)
{
	struct xarray *map = &idev->ctx->pt_pasids;
	unsigned long key = pt_key(idev->obj.id, pt_id);
	void *entry = xa_load(map, key);

	lockdep_assert_held(&idev->group->lock);
	/* Cannot fail: the entry is there. */
	if (!entry || xa_to_value(entry) > pasid)
		WARN_ON(xa_err(xa_store(map, key, xa_mk_value(pasid), GFP_KERNEL)));
}

/**
 * iommufd_pasid_unmap_pt() - a PASID is not attached to something any more
 * @idev: the device; its group's lock is held, and group->attached says so already
 * @pt_id: to what
 * @pasid: the PASID
 */
void iommufd_pasid_unmap_pt(struct iommufd_device *idev, u32 pt_id, ioasid_t pasid)
{
	struct xarray *map = &idev->ctx->pt_pasids;
	unsigned long key = pt_key(idev->obj.id, pt_id), next;
	void *entry = xa_load(map, key);
	struct iommufd_attach *attach;

	lockdep_assert_held(&idev->group->lock);
	if (!entry || xa_to_value(entry) != pasid)
		return;
	/* It was the lowest: another one is above. */
	xa_for_each_start(&idev->group->attached, next, attach, pasid + 1) {
		if (attach->pt_id != pt_id || !xa_load(&attach->devices, idev->obj.id))
			continue;
		WARN_ON(xa_err(xa_store(map, key, xa_mk_value(next), GFP_KERNEL)));
		return;
	}
	xa_erase(map, key);
}

static int look_up(struct xarray *map, unsigned long key, ioasid_t *pasid)
{
	void *entry = xa_load(map, key);

	if (!entry)
		return -ENOENT;
	*pasid = xa_to_value(entry);
	return 0;
}

/**
 * iommufd_pasid_from_virt() - the PASID that a guest knows by a virtual number
 * @ictx: the context, of which the caller has a reference
 * @dev_id: the DEVICE object
 * @virt_pasid: the guest's number
 * @pasid: out: the number to program into hardware
 *
 * Context: any but NMI; takes no lock.
 * Return: 0; -ENOENT if the device has no such PASID.
 */
int iommufd_pasid_from_virt(struct iommufd_ctx *ictx, u32 dev_id, u32 virt_pasid, ioasid_t *pasid)
{
	int ret = -ENOENT;

	/* A guest writes what it likes: more bits would be those of another device. */
	if (!(virt_pasid >> IOMMU_EXT_PASID_BITS))
		ret = look_up(&ictx->virt_pasids, virt_key(dev_id, virt_pasid), pasid);
	trace_iommufd_pasid_translate(ictx->totals.ctx_id, current->tgid, dev_id, virt_pasid,
				      IOMMU_EXT_NONE, ret ? IOMMU_EXT_NONE : *pasid, ret);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_pasid_from_virt, IOMMUFD);

/**
 * iommufd_pasid_from_pt() - the PASID by which a device reaches an address space
 * @ictx: the context, of which the caller has a reference
 * @dev_id: the DEVICE object
 * @pt_id: an IOAS, HWPT or SVA object, as it was named when it was attached
 * @pasid: out: the number to program into hardware; the lowest, if there are several
 *
 * Context: any but NMI; takes no lock.
 * Return: 0; -ENOENT if no PASID of the device is attached to it.
 */
int iommufd_pasid_from_pt(struct iommufd_ctx *ictx, u32 dev_id, u32 pt_id, ioasid_t *pasid)
{
	int ret = look_up(&ictx->pt_pasids, pt_key(dev_id, pt_id), pasid);

	trace_iommufd_pasid_translate(ictx->totals.ctx_id, current->tgid, dev_id, IOMMU_EXT_NONE,
				      pt_id, ret ? IOMMU_EXT_NONE : *pasid, ret);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_pasid_from_pt, IOMMUFD);

/**
 * iommufd_pasid_register_notifier() - be told of changes of PASIDs
 * @ictx: the context, of which the caller has a reference until it unregisters
 * @nb: its callback gets an enum iommufd_pasid_event and a struct iommufd_pasid_change. It may
 *	sleep and look up, but may not wait for user memory, nor for a lock that is held around
 *	attach, detach, unbind or the two functions here. What it returns is ignored.
 *
 * PASIDs that are there already are not told of.
 *
 * Context: may sleep; not from a callback.
 * Return: 0; -EEXIST if it is registered.
 */
int iommufd_pasid_register_notifier(struct iommufd_ctx *ictx, struct notifier_block *nb)
{
	return blocking_notifier_chain_register(&ictx->pasid_chain, nb);
}
EXPORT_SYMBOL_NS_GPL(iommufd_pasid_register_notifier, IOMMUFD);

/**
 * iommufd_pasid_unregister_notifier() - be told no more
 * @ictx: the context
 * @nb: registered; its callback is not at work on return
 *
 * Context: may sleep; not from a callback.
 */
void iommufd_pasid_unregister_notifier(struct iommufd_ctx *ictx, struct notifier_block *nb)
{
	WARN_ON(blocking_notifier_chain_unregister(&ictx->pasid_chain, nb));
}
EXPORT_SYMBOL_NS_GPL(iommufd_pasid_unregister_notifier, IOMMUFD);

/**
 * iommufd_pasid_notify() - tell who wants to know
 * @ctx: the context
 * @event: what has happened; look-ups know it already
 * @change: to what
 *
 * Context: may sleep; without the lock of the group.
 */
void iommufd_pasid_notify(struct iommufd_ctx *ctx, enum iommufd_pasid_event event,
			  struct iommufd_pasid_change *change)
{
	blocking_notifier_call_chain(&ctx->pasid_chain, event, change);
}

/**
 * iommufd_pasid_notify_change() - a PASID was attached, replaced or detached
 * @idev: the device
 * @pasid: the PASID
 *
 * Context: may sleep; without the lock of the group.
 */
void iommufd_pasid_notify_change(struct iommufd_device *idev, ioasid_t pasid)
{
	struct iommufd_pasid_change change = {
		.ictx = idev->ctx,
		.dev_id = idev->obj.id,
		.pasid = pasid,
		.virt_pasid = IOMMU_EXT_NONE,
		.pt_id = IOMMU_EXT_NONE,
	};
	struct iommufd_attach *attach;
	struct iommufd_pasid *p;

	if (!rcu_access_pointer(idev->ctx->pasid_chain.head))
		return;
	mutex_lock(&idev->group->lock);
	p = iommufd_pasid_find(idev, pasid);
	if (p) {
		change.virt_pasid = p->virt_pasid;
		change.global = p->pool;
	}
	attach = iommufd_group_find(idev, pasid);
	if (attach)
		change.pt_id = attach->pt_id;
	mutex_unlock(&idev->group->lock);
	iommufd_pasid_notify(idev->ctx, IOMMUFD_PASID_CHANGED, &change);
}
