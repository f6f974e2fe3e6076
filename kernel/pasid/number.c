// SPDX-License-Identifier: GPL-2.0-only
/*
 * PASID numbers: reserve them in the device's group, and some in the system-wide pool of the IOMMU
 * core first.
 *
 * The pool gives out its lowest numbers first, so the group's own begin in the middle of the range,
 * where the two collide late. The group's numbers are allocated cyclically, so that a freed number
 * is not reused soon. Otherwise leftovers of its old user, in the device or in user space, could
 * hit the new one.
 *
 * A number from the pool may be reserved in the group already. Then the pool is asked for another
 * one, up to POOL_TRIES times, and the unusable ones are freed at the end.
 */
#include <linux/iommu.h>
#include <linux/slab.h>

#include "pasid/pasid.h"

/**
 * struct iommufd_pool_pasid - a number of the system-wide pool that a context owns
 * @pasid: the number
 * @virt_pasid: the guest's number, or IOMMU_EXT_NONE
 * @owner: the user that it counts for
 * @users: PASID objects with the number, each of another device, published or not
 * @published: one of them was published, so notifiers must learn when the last one is freed
 *
 * Under ctx->pool_lock, except for @published.
 */
struct iommufd_pool_pasid {
	ioasid_t pasid;
	u32 virt_pasid;
	struct iommufd_pool_user *owner;
	unsigned int users;
	bool published;
};

static int device_limit(struct device *dev, void *data)
{
	u32 *limit = data;

	/* Like the core, skip devices without PASIDs. */
	if (dev->iommu && dev->iommu->max_pasids)
		*limit = min(*limit, dev->iommu->max_pasids);
	return 0;
}

/**
 * iommufd_pasid_limit() - get the limit of a device's PASIDs
 * @idev: the device
 *
 * All devices of a group are attached together, so the smallest limit among them applies.
 *
 * Context: may sleep.
 * Return: PASIDs must be below this; 0 if the device cannot use PASIDs.
 */
u32 iommufd_pasid_limit(struct iommufd_device *idev)
{
	u32 limit = 1 << IOMMU_EXT_PASID_BITS;

	if (!idev->group->group || !idev->dev->iommu->max_pasids ||
	    !port_has_pasids(iommu_core_ops(idev->dev)))
		return 0;
	iommu_group_for_each_dev(idev->group->group, &limit, device_limit);
	return limit;
}

/* Reserve a given number in the group. */
static int alloc_exact(struct iommufd_group *group, ioasid_t pasid)
{
	int ret = -EBUSY;

	mutex_lock(&group->lock);
	/* A driver may have attached it by number. */
	if (!xa_load(&group->attachments, pasid))
		ret = xa_insert(&group->pasids, pasid, NULL, GFP_KERNEL_ACCOUNT);
	mutex_unlock(&group->lock);
	return ret;
}

static void release_number(struct iommufd_group *group, ioasid_t pasid)
{
	mutex_lock(&group->lock);
	xa_release(&group->pasids, pasid);
	mutex_unlock(&group->lock);
}

/* Reserve any free number in the group. */
static int alloc_any(struct iommufd_group *group, u32 limit, ioasid_t *pasid)
{
	unsigned int tries;
	int ret;

	mutex_lock(&group->lock);
	if (!group->next_pasid)
		group->next_pasid = limit / 2;
	/* Each number that a driver attached without reserving it can be hit once. */
	tries = group->nr_attachments + 1;
	do {
		cond_resched();
		ret = xa_alloc_cyclic(&group->pasids, pasid, NULL, XA_LIMIT(1, limit - 1),
				      &group->next_pasid, GFP_KERNEL_ACCOUNT);
		if (ret < 0 || !xa_load(&group->attachments, *pasid))
			break;
		xa_release(&group->pasids, *pasid);
		ret = -EBUSY;
	} while (--tries);
	mutex_unlock(&group->lock);
	if (ret == -EBUSY)
		return -ENOSPC;
	return ret < 0 ? ret : 0;
}

/*
 * Numbers of the pool that are tried. A process decides how many low numbers of its group are
 * taken, and each one that is unusable is missing for others meanwhile.
 */
#define POOL_TRIES 64

/* Allocate a number from the pool that is free in the group, and reserve it there. */
static int alloc_from_pool(struct iommufd_device *idev, u32 limit, ioasid_t *pasid)
{
	ioasid_t unusable[POOL_TRIES];
	unsigned int n = 0;
	int ret;

	do {
		*pasid = iommu_alloc_global_pasid(idev->dev);
		if (*pasid == IOMMU_PASID_INVALID) {
			ret = -ENOSPC;
			break;
		}
		ret = *pasid < limit ? alloc_exact(idev->group, *pasid) : -ENOSPC;
		if (!ret)
			break;
		unusable[n++] = *pasid;
	} while (ret == -EBUSY && n < POOL_TRIES);

	while (n)
		iommu_free_global_pasid(unusable[--n]);
	return ret == -EBUSY ? -ENOSPC : ret;
}

/* Record a number of the pool, which counts for @owner, in the context. pool_lock is held. */
static int add_to_pool(struct iommufd_pasid *p, ioasid_t pasid, struct iommufd_pool_user *owner)
{
	struct iommufd_ctx *ctx = p->idev->ctx;
	struct iommufd_pool_pasid *entry;
	int ret;

	entry = kzalloc(sizeof(*entry), GFP_KERNEL_ACCOUNT);
	if (!entry)
		return -ENOMEM;
	entry->pasid = pasid;
	entry->virt_pasid = p->virt_pasid;
	entry->owner = owner;
	entry->users = 1;
	ret = xa_insert(&ctx->pool, pasid, entry, GFP_KERNEL_ACCOUNT);
	if (ret)
		goto err_free;
	if (p->virt_pasid != IOMMU_EXT_NONE) {
		ret = xa_insert(&ctx->pool_virt, p->virt_pasid, entry, GFP_KERNEL_ACCOUNT);
		if (ret)
			goto err_erase;
	}
	p->pool = entry;
	return 0;

err_erase:
	xa_erase(&ctx->pool, pasid);
err_free:
	kfree(entry);
	return ret == -EBUSY ? -EEXIST : ret;
}

/* Allocate a new number from the pool. */
static int alloc_global(struct iommufd_pasid *p, u32 limit)
{
	struct iommufd_ctx *ctx = p->idev->ctx;
	struct iommufd_pool_user *owner;
	ioasid_t pasid;
	int ret;

	owner = iommufd_pool_charge(&ctx->totals);
	if (IS_ERR(owner))
		return PTR_ERR(owner);
	mutex_lock(&ctx->pool_lock);
	ret = alloc_from_pool(p->idev, limit, &pasid);
	if (ret)
		goto out_unlock;
	ret = add_to_pool(p, pasid, owner);
	if (ret) {
		release_number(p->idev->group, pasid);
		iommu_free_global_pasid(pasid);
		goto out_unlock;
	}
	p->pasid = pasid;
out_unlock:
	mutex_unlock(&ctx->pool_lock);
	if (ret)
		iommufd_pool_uncharge(owner);
	return ret;
}

/* Share a number of the pool that the context has for another device already. */
static int share_global(struct iommufd_pasid *p, ioasid_t pasid)
{
	struct iommufd_ctx *ctx = p->idev->ctx;
	struct iommufd_pool_pasid *entry;
	int ret = 0;

	mutex_lock(&ctx->pool_lock);
	entry = xa_load(&ctx->pool, pasid);
	if (!entry)
		ret = -EOPNOTSUPP;
	else if (entry->virt_pasid != p->virt_pasid)
		ret = -EEXIST;
	else
		ret = alloc_exact(p->idev->group, pasid);
	if (!ret) {
		entry->users++;
		p->pool = entry;
		p->pasid = pasid;
	}
	mutex_unlock(&ctx->pool_lock);
	return ret;
}

/**
 * iommufd_pasid_alloc_number() - allocate the number of a PASID object
 * @p: the object; @p->idev and @p->virt_pasid are set
 * @flags: enum iommu_ext_pasid_flags
 * @wanted: the number, with IOMMU_EXT_PASID_FIXED
 *
 * Context: may sleep; takes ctx->pool_lock and group->lock.
 * Return: 0, with the number in @p, for iommufd_pasid_free_number(); or an errno documented at
 * struct iommu_ext_pasid_alloc.
 */
int iommufd_pasid_alloc_number(struct iommufd_pasid *p, u32 flags, u32 wanted)
{
	struct iommufd_group *group = p->idev->group;
	u32 limit = iommufd_pasid_limit(p->idev);
	int ret;

	if (!limit)
		return -EOPNOTSUPP;
	if ((flags & IOMMU_EXT_PASID_FIXED) && (wanted == IOMMU_NO_PASID || wanted >= limit))
		return -ERANGE;
	if (limit == 1)
		return -ENOSPC;

	if (flags & IOMMU_EXT_PASID_GLOBAL)
		return flags & IOMMU_EXT_PASID_FIXED ? share_global(p, wanted) :
						       alloc_global(p, limit);
	if (!(flags & IOMMU_EXT_PASID_FIXED))
		return alloc_any(group, limit, &p->pasid);
	ret = alloc_exact(group, wanted);
	if (!ret)
		p->pasid = wanted;
	return ret;
}

/**
 * iommufd_pasid_publish_number() - note that notifiers will learn of a number
 * @p: about to be published
 *
 * Context: group->lock is held. It is that of one device only, but all callers write the same
 * value, and the reader in iommufd_pasid_free_number() is the last user of the number.
 */
void iommufd_pasid_publish_number(struct iommufd_pasid *p)
{
	if (p->pool)
		p->pool->published = true;
}

/* Remove the object, or the reserved entry, from the group. */
static void free_in_group(struct iommufd_pasid *p)
{
	struct iommufd_group *group = p->idev->group;

	mutex_lock(&group->lock);
	xa_erase(&group->pasids, p->pasid);
	mutex_unlock(&group->lock);
}

/**
 * iommufd_pasid_free_number() - undo iommufd_pasid_alloc_number()
 * @p: not attached; no look-up finds it
 * @published: it was published, so notifiers are called before the number is free
 *
 * Context: may sleep; takes ctx->pool_lock and group->lock, and calls the notifiers.
 */
void iommufd_pasid_free_number(struct iommufd_pasid *p, bool published)
{
	struct iommufd_pasid_change change = {
		.ictx = p->idev->ctx,
		.dev_id = p->idev->obj.id,
		.pasid = p->pasid,
		.virt_pasid = p->virt_pasid,
		.pt_id = IOMMU_EXT_NONE,
		.global = p->pool,
		.last = !p->pool,
	};
	struct iommufd_pool_pasid *pool = p->pool;
	struct iommufd_ctx *ctx = p->idev->ctx;

	if (pool) {
		mutex_lock(&ctx->pool_lock);
		change.last = pool->users == 1;
	}
	/* The last object may be unpublished, but notifiers know the number from an earlier one. */
	if (published || (pool && change.last && pool->published))
		iommufd_pasid_notify(ctx, IOMMUFD_PASID_REMOVED, &change);
	free_in_group(p);
	if (!pool)
		return;
	if (!--pool->users) {
		xa_erase(&ctx->pool, pool->pasid);
		if (pool->virt_pasid != IOMMU_EXT_NONE)
			xa_erase(&ctx->pool_virt, pool->virt_pasid);
		iommu_free_global_pasid(pool->pasid);
		iommufd_pool_uncharge(pool->owner);
		kfree(pool);
	}
	mutex_unlock(&ctx->pool_lock);
}
