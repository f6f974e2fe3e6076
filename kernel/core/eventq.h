/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event queues: an object with a file from which user space reads events. Page requests
 * (hwpt/fault.c) and events of virtual IOMMUs (viommu/veventq.c) use it.
 *
 * The file is a user of the object and keeps the context open. A caller finalizes the object when
 * the file can no longer fail, and installs the descriptor last; until then iommufd_eventq_abort()
 * undoes both, and user space has seen neither.
 */
#ifndef _IOMMUFD_EVENTQ_H
#define _IOMMUFD_EVENTQ_H

#include <linux/list.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "core/core.h"

/**
 * struct iommufd_eventq - a queue of events
 * @obj: the object
 * @ctx: its context
 * @file: the file, valid until its descriptor is installed
 * @memcg: that of the process that made the queue, which pays for the events; or NULL
 * @lock: protects @events and the fields that each kind of queue names
 * @events: unread events, oldest first
 * @wait: woken when there is something to read
 */
struct iommufd_eventq {
	struct iommufd_object obj;
	struct iommufd_ctx *ctx;
	struct file *file;
	struct mem_cgroup *memcg;
	spinlock_t lock;	 /* events */
	struct list_head events;
	wait_queue_head_t wait;
};

int iommufd_eventq_open(struct iommufd_eventq *q, struct iommufd_ctx *ctx, const char *name,
			const struct file_operations *fops);
void iommufd_eventq_abort(struct iommufd_eventq *q, int fd);
void iommufd_eventq_fini(struct iommufd_eventq *q);
int iommufd_eventq_release(struct inode *inode, struct file *file);

#endif
