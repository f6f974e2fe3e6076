// SPDX-License-Identifier: GPL-2.0-only
/*
 * Translation of PASIDs for drivers that program hardware on behalf of a guest.
 * include/linux/iommufd_driver.h documents the rules for them.
 *
 * A context has two maps that are read under RCU only. Their values are the numbers themselves, not
 * pointers, so a look-up touches no object; it needs only the context to stay.
 *
 *	virt_pasids	device id << 20 | virtual PASID		-> PASID
 *	pt_pasids	device id << 32 | id of attached object	-> PASID, the lowest of
 *			several
 *
 * An entry is reserved first, which may fail, and gets its value once nothing can fail any more.
 * The entry of a virtual PASID belongs to its PASID object. Entries of pt_pasids are written under
 * group->lock. group->by_pt finds the next PASID when the lowest one is detached.
 */
#include <linux/iommu.h>

#include "attach/attach.h"
#include "trace/emit.h"

static_assert(sizeof(unsigned long) == sizeof(u64), "keys have 64 bits");

static unsigned long virt_key(u32 dev_id, u32 virt_pasid)
{
	return (unsigned long)dev_id << IOMMU_EXT_PASID_BITS | virt_pasid;
}

static unsigned long pt_key(u32 dev_id, u32 pt_id)
{
	return (unsigned long)dev_id << 32 | pt_id;
}

/**
 * iommufd_pasid_map_init() - initialise the maps of a new context
 * @ctx: the context
 */
void iommufd_pasid_map_init(struct iommufd_ctx *ctx)
{
	xa_init_flags(&ctx->virt_pasids, XA_FLAGS_ACCOUNT);
	xa_init_flags(&ctx->pt_pasids, XA_FLAGS_ACCOUNT);
	BLOCKING_INIT_NOTIFIER_HEAD(&ctx->pasid_chain);
}

/**
 * iommufd_pasid_map_destroy() - free the maps of a context
 * @ctx: the context; it has no PASID and no notifier any more
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
 * iommufd_pasid_map_virt_reserve() - reserve the map entry of a virtual PASID
 * @p: the PASID object, not visible yet; nothing is done if it has no virtual PASID
 *
 * Context: may sleep.
 * Return: 0; -EEXIST if the device has this virtual PASID already; -ENOMEM.
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
 * iommufd_pasid_map_virt() - make a virtual PASID visible to look-ups
 * @p: iommufd_pasid_map_virt_reserve() was called for it
 */
void iommufd_pasid_map_virt(struct iommufd_pasid *p)
{
	struct iommufd_device *idev = p->idev;

	/* Cannot fail: the entry exists. */
	if (p->virt_pasid != IOMMU_EXT_NONE)
		WARN_ON(xa_err(xa_store(&idev->ctx->virt_pasids,
					virt_key(idev->obj.id, p->virt_pasid),
					xa_mk_value(p->pasid), GFP_KERNEL)));
}

/**
 * iommufd_pasid_unmap_virt() - undo iommufd_pasid_map_virt() and the reservation
 * @p: look-ups do not find it from now on
 */
void iommufd_pasid_unmap_virt(struct iommufd_pasid *p)
{
	struct iommufd_device *idev = p->idev;

	if (p->virt_pasid != IOMMU_EXT_NONE)
		xa_erase(&idev->ctx->virt_pasids, virt_key(idev->obj.id, p->virt_pasid));
}

/* The place of an attachment in group->by_pt. */
static u64 place_of(u32 pt_id, ioasid_t pasid)
{
	return (u64)pt_id << 32 | pasid;
}

static u64 place_of_node(const struct rb_node *node)
{
	const struct iommufd_attachment *attach = rb_entry(node, struct iommufd_attachment, node);

	return place_of(attach->pt_id, attach->pasid);
}

static bool is_before(struct rb_node *a, const struct rb_node *b)
{
	return place_of_node(a) < place_of_node(b);
}

/**
 * iommufd_pasid_index_pt() - add an attachment to group->by_pt
 * @group: the group
 * @attach: the attachment of a PASID, not in it yet
 *
 * Context: group->lock is held.
 */
void iommufd_pasid_index_pt(struct iommufd_group *group, struct iommufd_attachment *attach)
{
	lockdep_assert_held(&group->lock);
	rb_add(&attach->node, &group->by_pt, is_before);
}

/* Find the next higher PASID of the group that an object is attached to. */
static struct iommufd_attachment *next_of_pt(struct iommufd_group *group, u32 pt_id, ioasid_t pasid)
{
	struct rb_node *node = group->by_pt.rb_node, *found = NULL;
	u64 place = place_of(pt_id, pasid);
	struct iommufd_attachment *attach;

	while (node) {
		if (place_of_node(node) > place) {
			found = node;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	if (!found)
		return NULL;
	attach = rb_entry(found, struct iommufd_attachment, node);
	return attach->pt_id == pt_id ? attach : NULL;
}

/**
 * iommufd_pasid_map_pt_reserve() - reserve the map entry of an attached object
 * @idev: the device
 * @pt_id: the object that is to be attached
 *
 * Context: may sleep; group->lock is held.
 * Return: 0 or -ENOMEM.
 */
int iommufd_pasid_map_pt_reserve(struct iommufd_device *idev, u32 pt_id)
{
	lockdep_assert_held(&idev->group->lock);
	return xa_reserve(&idev->ctx->pt_pasids, pt_key(idev->obj.id, pt_id), GFP_KERNEL_ACCOUNT);
}

/**
 * iommufd_pasid_map_pt_release() - undo iommufd_pasid_map_pt_reserve()
 * @idev: the device
 * @pt_id: as given there; an entry that has a value stays
 *
 * Context: group->lock is held.
 */
void iommufd_pasid_map_pt_release(struct iommufd_device *idev, u32 pt_id)
{
	lockdep_assert_held(&idev->group->lock);
	xa_release(&idev->ctx->pt_pasids, pt_key(idev->obj.id, pt_id));
}

/**
 * iommufd_pasid_map_pt() - make an attached PASID visible to look-ups by object
 * @idev: the device
 * @pt_id: the attached object; iommufd_pasid_map_pt_reserve() was called
 * @pasid: the PASID
 *
 * Context: group->lock is held.
 */
void iommufd_pasid_map_pt(struct iommufd_device *idev, u32 pt_id, ioasid_t pasid)
{
	struct xarray *map = &idev->ctx->pt_pasids;
	unsigned long key = pt_key(idev->obj.id, pt_id);
	void *entry = xa_load(map, key);

	lockdep_assert_held(&idev->group->lock);
	/* Cannot fail: the entry exists. */
	if (!entry || xa_to_value(entry) > pasid)
		WARN_ON(xa_err(xa_store(map, key, xa_mk_value(pasid), GFP_KERNEL)));
}

/**
 * iommufd_pasid_unmap_pt() - undo iommufd_pasid_map_pt()
 * @idev: the device
 * @pt_id: the object
 * @pasid: the PASID; group->attachments does not show it attached to @pt_id any more
 *
 * Context: may sleep; group->lock is held.
 */
void iommufd_pasid_unmap_pt(struct iommufd_device *idev, u32 pt_id, ioasid_t pasid)
{
	struct xarray *map = &idev->ctx->pt_pasids;
	unsigned long key = pt_key(idev->obj.id, pt_id);
	void *entry = xa_load(map, key);
	struct iommufd_attachment *attach;

	lockdep_assert_held(&idev->group->lock);
	if (!entry || xa_to_value(entry) != pasid)
		return;
	/* It was the lowest one, so look for another above it, of this device. */
	do {
		attach = next_of_pt(idev->group, pt_id, pasid);
		if (!attach) {
			xa_erase(map, key);
			return;
		}
		pasid = attach->pasid;
		cond_resched();
	} while (!xa_load(&attach->devices, idev->obj.id));
	WARN_ON(xa_err(xa_store(map, key, xa_mk_value(pasid), GFP_KERNEL)));
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
 * iommufd_pasid_from_virt() - translate a guest's virtual PASID
 * @ictx: the context; the caller holds a reference
 * @dev_id: id of the DEVICE object
 * @virt_pasid: the guest's number
 * @pasid: out: the number to program into hardware
 *
 * Context: any except NMI; takes no lock.
 * Return: 0; -ENOENT if the device has no such PASID.
 */
int iommufd_pasid_from_virt(struct iommufd_ctx *ictx, u32 dev_id, u32 virt_pasid, ioasid_t *pasid)
{
	int ret = -ENOENT;

	/* The number comes from a guest: excess bits would select the entry of another device. */
	if (!(virt_pasid >> IOMMU_EXT_PASID_BITS))
		ret = look_up(&ictx->virt_pasids, virt_key(dev_id, virt_pasid), pasid);
	iommufd_trace(pasid_translate, ictx->totals.ctx_id, current->tgid, dev_id, virt_pasid,
		      IOMMU_EXT_NONE, ret ? IOMMU_EXT_NONE : *pasid, ret);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_pasid_from_virt, "IOMMUFD");

/**
 * iommufd_pasid_from_pt() - find the PASID by which a device reaches an address space
 * @ictx: the context; the caller holds a reference
 * @dev_id: id of the DEVICE object
 * @pt_id: id of the IOAS, HWPT or SVA object, as it was named when it was attached
 * @pasid: out: the number to program into hardware; the lowest if there are several
 *
 * Context: any except NMI; takes no lock.
 * Return: 0; -ENOENT if no PASID of the device is attached to it.
 */
int iommufd_pasid_from_pt(struct iommufd_ctx *ictx, u32 dev_id, u32 pt_id, ioasid_t *pasid)
{
	int ret = look_up(&ictx->pt_pasids, pt_key(dev_id, pt_id), pasid);

	iommufd_trace(pasid_translate, ictx->totals.ctx_id, current->tgid, dev_id, IOMMU_EXT_NONE,
		      pt_id, ret ? IOMMU_EXT_NONE : *pasid, ret);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_pasid_from_pt, "IOMMUFD");

/**
 * iommufd_pasid_register_notifier() - register for changes of PASIDs
 * @ictx: the context; the caller holds a reference until it unregisters
 * @nb: its callback gets an enum iommufd_pasid_event and a struct iommufd_pasid_change. It may
 *	sleep and look up PASIDs. It must not wait for user memory, nor for a lock that is held
 *	around attach, detach, unbind or the two functions here. Its return value is ignored.
 *
 * PASIDs that exist already are not reported.
 *
 * Context: may sleep; must not be called from a callback.
 * Return: 0; -EEXIST if it is registered.
 */
int iommufd_pasid_register_notifier(struct iommufd_ctx *ictx, struct notifier_block *nb)
{
	return blocking_notifier_chain_register(&ictx->pasid_chain, nb);
}
EXPORT_SYMBOL_NS_GPL(iommufd_pasid_register_notifier, "IOMMUFD");

/**
 * iommufd_pasid_unregister_notifier() - undo iommufd_pasid_register_notifier()
 * @ictx: the context
 * @nb: registered; its callback does not run any more on return
 *
 * Context: may sleep; must not be called from a callback.
 */
void iommufd_pasid_unregister_notifier(struct iommufd_ctx *ictx, struct notifier_block *nb)
{
	WARN_ON(blocking_notifier_chain_unregister(&ictx->pasid_chain, nb));
}
EXPORT_SYMBOL_NS_GPL(iommufd_pasid_unregister_notifier, "IOMMUFD");

/**
 * iommufd_pasid_notify() - call the notifiers of a context
 * @ctx: the context
 * @event: the event; look-ups already reflect it
 * @change: the change
 *
 * Context: may sleep; the caller does not hold group->lock, because callbacks may look up and
 * sleep.
 */
void iommufd_pasid_notify(struct iommufd_ctx *ctx, enum iommufd_pasid_event event,
			  struct iommufd_pasid_change *change)
{
	blocking_notifier_call_chain(&ctx->pasid_chain, event, change);
}

/**
 * iommufd_pasid_notify_change() - report that a PASID was attached, replaced or detached
 * @idev: the device
 * @pasid: the PASID
 *
 * Context: may sleep; takes and drops group->lock, then calls the notifiers.
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
	struct iommufd_attachment *attach;
	struct iommufd_pasid *p;

	if (!rcu_access_pointer(idev->ctx->pasid_chain.head))
		return;
	mutex_lock(&idev->group->lock);
	p = iommufd_pasid_find(idev, pasid);
	if (p) {
		change.virt_pasid = p->virt_pasid;
		change.global = p->pool;
	}
	attach = iommufd_device_attachment(idev, pasid);
	if (attach)
		change.pt_id = attach->pt_id;
	mutex_unlock(&idev->group->lock);
	iommufd_pasid_notify(idev->ctx, IOMMUFD_PASID_CHANGED, &change);
}
