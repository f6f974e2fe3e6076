// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ranges that devices reserve in address spaces, and waiting for the lock of these.
 */
#include <linux/slab.h>

#include "attach/attach.h"
#include "attach/spaces.h"

/**
 * struct iommufd_reserved - ranges reserved for a device in an address space
 * @iopt: the address space; a HWPT that the caller or the attachment holds keeps it
 * @old: during a replace: those in the old address space
 * @item: in spaces->unreserve
 */
struct iommufd_reserved {
	struct iopt *iopt;
	struct iommufd_reserved *old;
	struct list_head item;
};

void spaces_init(struct spaces *spaces)
{
	*spaces = (struct spaces){};
	INIT_LIST_HEAD(&spaces->unreserve);
}

void spaces_release(struct spaces *spaces)
{
	if (spaces->held)
		iopt_release(spaces->held);
	spaces->held = NULL;
}

/* Take group->lock; and first the lock that was busy. Returns 0, or -EINTR if killed. */
int spaces_lock(struct spaces *spaces, struct iommufd_group *group)
{
	int ret;

	if (spaces->busy) {
		ret = iopt_hold(spaces->busy);
		if (ret)
			return ret;
		swap(spaces->held, spaces->busy);
		if (mutex_trylock(&group->lock))
			return 0;
		spaces_release(spaces);
	}
	mutex_lock(&group->lock);
	return 0;
}

/* Drop group->lock, and undo what is to be undone. */
void spaces_unlock(struct spaces *spaces, struct iommufd_group *group)
{
	struct iommufd_reserved *reserved, *next;

	mutex_unlock(&group->lock);
	spaces_release(spaces);
	list_for_each_entry_safe(reserved, next, &spaces->unreserve, item) {
		iopt_unreserve_device(reserved->iopt, reserved);
		kfree(reserved);
	}
	INIT_LIST_HEAD(&spaces->unreserve);
}

/* Reserve the ranges of a device; those that it has become the old ones. */
int spaces_reserve(struct iommufd_device *idev, struct iommufd_hwpt_paging *hwpt,
		   phys_addr_t *sw_msi, struct spaces *spaces)
{
	struct iommufd_reserved *reserved = kzalloc(sizeof(*reserved), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!reserved)
		return -ENOMEM;
	reserved->iopt = &hwpt->ioas->iopt;
	ret = iopt_reserve_device(reserved->iopt, idev->dev, reserved, sw_msi,
				  spaces->held == reserved->iopt ? IOPT_LOCK_HELD : IOPT_LOCK_TRY);
	if (ret == -EAGAIN)
		spaces->busy = reserved->iopt;
	if (ret) {
		kfree(reserved);
		return ret;
	}
	reserved->old = idev->reserved;
	idev->reserved = reserved;
	return 0;
}

/* Undo spaces_reserve(). */
void spaces_unreserve(struct iommufd_device *idev, struct spaces *spaces)
{
	struct iommufd_reserved *reserved = idev->reserved;

	idev->reserved = reserved->old;
	list_add(&reserved->item, &spaces->unreserve);
}

void spaces_unreserve_old(struct iommufd_device *idev, struct spaces *spaces)
{
	list_add(&idev->reserved->old->item, &spaces->unreserve);
	idev->reserved->old = NULL;
}
