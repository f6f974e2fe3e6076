// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers of PASIDs: taken in the group of the device, and for some from the pool of the whole
 * system first, which the IOMMU core keeps.
 *
 * A number is taken by a reserved entry of group->pasids, which look-ups do not see, until the
 * object is published there.
 *
 * The system-wide pool gives its numbers from below, so the group's own begin in the middle: the
 * two get into each other's way late. They go round, that a number which was in use a moment ago
 * is not given again soon: what a device or user space has left over of it does not hit another.
 *
 * A number that the pool gives may be taken in the group. Then the next one is asked for, and those
 * in the way are given back in the end; there are no more of them than the group has numbers.
 */
#include <linux/iommu.h>
#include <linux/slab.h>

#include "pasid/pasid.h"

static int device_limit(struct device *dev, void *data)
{
	u32 *limit = data;

	/* The core skips devices without PASIDs: they raise none. */
	if (dev->iommu && dev->iommu->max_pasids)
		*limit = min(*limit, dev->iommu->max_pasids);
	return 0;
}

/**
 * iommufd_pasid_limit() - how many PASIDs a device can have
 * @idev: the device
 *
 * Return: all PASIDs are below that; 0 if there are none. All devices of the group count, as they
 * are attached together.
 */
u32 iommufd_pasid_limit(struct iommufd_device *idev)
{
	u32 limit = 1 << IOMMU_EXT_PASID_BITS;

	if (!idev->group->group || !idev->dev->iommu->max_pasids ||
	    !iommu_core_ops(idev->dev)->remove_dev_pasid)
		return 0;
	iommu_group_for_each_dev(idev->group->group, &limit, device_limit);
	return limit;
}

/* An exact number of the group. */
static int take_exact(struct iommufd_group *group, ioasid_t pasid)
{
	int ret = -EBUSY;

	mutex_lock(&group->lock);
	/* The driver may have attached it by number. */
	if (!xa_load(&group->attached, pasid))
		ret = xa_insert(&group->pasids, pasid, NULL, GFP_KERNEL_ACCOUNT);
	mutex_unlock(&group->lock);
	return ret;
}

static void release(struct iommufd_group *group, ioasid_t pasid)
{
	mutex_lock(&group->lock);
	xa_release(&group->pasids, pasid);
	mutex_unlock(&group->lock);
}

/* Any number of the group. */
static int take_any(struct iommufd_group *group, u32 limit, ioasid_t *pasid)
{
	struct iommufd_attach *attach;
	unsigned long index, tries = 1;
	int ret;

	mutex_lock(&group->lock);
	if (!group->next_pasid)
		group->next_pasid = limit / 2;
	/* Each number that is attached without being taken can be in the way once. */
	xa_for_each(&group->attached, index, attach)
		tries++;
	do {
		ret = xa_alloc_cyclic(&group->pasids, pasid, NULL, XA_LIMIT(1, limit - 1),
				      &group->next_pasid, GFP_KERNEL_ACCOUNT);
		if (ret < 0 || !xa_load(&group->attached, *pasid))
			break;
		xa_release(&group->pasids, *pasid);
		ret = -EBUSY;
	} while (--tries);
	mutex_unlock(&group->lock);
	if (ret == -EBUSY)
		return -ENOSPC;
	return ret < 0 ? ret : 0;
}

/* A number of the pool that is free in the group. */
static int take_pool(struct iommufd_device *idev, u32 limit, ioasid_t *pasid)
{
	struct xarray in_the_way;
	unsigned long index;
	void *entry;
	int ret;

	xa_init(&in_the_way);
	do {
		*pasid = iommu_alloc_global_pasid(idev->dev);
		if (*pasid == IOMMU_PASID_INVALID) {
			ret = -ENOSPC;
			break;
		}
		ret = *pasid < limit ? take_exact(idev->group, *pasid) : -ENOSPC;
		if (!ret)
			break;
		if (ret != -EBUSY || xa_insert(&in_the_way, *pasid, xa_mk_value(0), GFP_KERNEL)) {
			iommu_free_global_pasid(*pasid);
			ret = ret == -EBUSY ? -ENOMEM : ret;
			break;
		}
	} while (ret);

	xa_for_each(&in_the_way, index, entry)
		iommu_free_global_pasid(index);
	xa_destroy(&in_the_way);
	return ret;
}

/* Note down a number of the pool in the context. pool_lock is held. */
static int add_to_pool(struct iommufd_pasid *p, ioasid_t pasid)
{
	struct iommufd_ctx *ctx = p->idev->ctx;
	struct iommufd_pool_pasid *entry;
	int ret;

	entry = kzalloc(sizeof(*entry), GFP_KERNEL_ACCOUNT);
	if (!entry)
		return -ENOMEM;
	entry->pasid = pasid;
	entry->virt_pasid = p->virt_pasid;
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

/* A new number of the pool. */
static int take_global(struct iommufd_pasid *p, u32 limit)
{
	struct iommufd_ctx *ctx = p->idev->ctx;
	ioasid_t pasid;
	int ret;

	mutex_lock(&ctx->pool_lock);
	ret = take_pool(p->idev, limit, &pasid);
	if (ret)
		goto out_unlock;
	ret = add_to_pool(p, pasid);
	if (ret) {
		release(p->idev->group, pasid);
		iommu_free_global_pasid(pasid);
		goto out_unlock;
	}
	p->pasid = pasid;
out_unlock:
	mutex_unlock(&ctx->pool_lock);
	return ret;
}

/* A number of the pool that the context has for another device already. */
static int take_shared(struct iommufd_pasid *p, ioasid_t pasid)
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
		ret = take_exact(p->idev->group, pasid);
	if (!ret) {
		entry->users++;
		p->pool = entry;
		p->pasid = pasid;
	}
	mutex_unlock(&ctx->pool_lock);
	return ret;
}

/**
 * iommufd_pasid_take() - take a number
 * @p: with its device and virtual number
 * @flags: enum iommu_ext_pasid_flags
 * @wanted: with IOMMU_EXT_PASID_FIXED: which
 *
 * Return: 0, and the number is in @p, to be given back by iommufd_pasid_give_back(); or an errno
 * that struct iommu_ext_pasid_alloc names for it.
 */
int iommufd_pasid_take(struct iommufd_pasid *p, u32 flags, u32 wanted)
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
		return flags & IOMMU_EXT_PASID_FIXED ? take_shared(p, wanted) :
						       take_global(p, limit);
	if (!(flags & IOMMU_EXT_PASID_FIXED))
		return take_any(group, limit, &p->pasid);
	ret = take_exact(group, wanted);
	if (!ret)
		p->pasid = wanted;
	return ret;
}

static void give_back_in_group(struct iommufd_pasid *p)
{
	struct iommufd_group *group = p->idev->group;

	mutex_lock(&group->lock);
	/* What stands there is the object, or the entry that took the number. */
	xa_erase(&group->pasids, p->pasid);
	mutex_unlock(&group->lock);
}

/**
 * iommufd_pasid_give_back() - undo iommufd_pasid_take()
 * @p: not attached, and no look-up finds it
 * @published: others know of it, and are told before the number is free
 */
void iommufd_pasid_give_back(struct iommufd_pasid *p, bool published)
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
	/*
	 * The last one to go may be one that nobody has seen: the number was told of all the same.
	 */
	if (published || (pool && change.last && pool->told))
		iommufd_pasid_notify(ctx, IOMMUFD_PASID_REMOVED, &change);
	give_back_in_group(p);
	if (!pool)
		return;
	if (!--pool->users) {
		xa_erase(&ctx->pool, pool->pasid);
		if (pool->virt_pasid != IOMMU_EXT_NONE)
			xa_erase(&ctx->pool_virt, pool->virt_pasid);
		iommu_free_global_pasid(pool->pasid);
		kfree(pool);
	}
	mutex_unlock(&ctx->pool_lock);
}
