/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waiting for address spaces in group.c, which alone uses this.
 */
#ifndef _IOMMUFD_SPACES_H
#define _IOMMUFD_SPACES_H

#include <linux/list.h>
#include <linux/types.h>

struct iommufd_device;
struct iommufd_group;
struct iommufd_hwpt_paging;
struct iopt;

/**
 * struct spaces - address spaces in a call that takes group->lock
 * @unreserve: struct iommufd_reserved to undo and free without group->lock
 * @busy: the lock of this one was held; wait for it and start again
 * @held: the lock of this one is held, after a wait
 *
 * A process can hold back iopt->lock for as long as it likes (core.h). It must not delay a detach,
 * so nothing waits for it under group->lock. A call tries to take it there. If that fails, the call
 * drops group->lock, waits its turn for iopt->lock, and keeps that while it tries to take
 * group->lock, which others hold for a short time only. So those who take iopt->lock all the time
 * do not get ahead of it.
 */
struct spaces {
	struct list_head unreserve;
	struct iopt *busy;
	struct iopt *held;
};

void spaces_init(struct spaces *spaces);
void spaces_release(struct spaces *spaces);
int spaces_lock(struct spaces *spaces, struct iommufd_group *group);
void spaces_unlock(struct spaces *spaces, struct iommufd_group *group);
int spaces_reserve(struct iommufd_device *idev, struct iommufd_hwpt_paging *hwpt,
		   phys_addr_t *sw_msi, struct spaces *spaces);
void spaces_unreserve(struct iommufd_device *idev, struct spaces *spaces);
void spaces_unreserve_old(struct iommufd_device *idev, struct spaces *spaces);

#endif
