/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What queues of events have in common: an object with a file from which user space reads. The
 * queues of page requests (fault.c) and of a virtual IOMMU's events (veventq.c) are made of it.
 *
 * The file is a user of the object, and keeps the context open. The object is visible only when the
 * file cannot fail any more, and the file gets its descriptor last of all; until then
 * iommufd_eventq_abort() takes both back, and nobody has seen either.
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
 * @file: while it is being made
 * @lock: protects @events, and what the kinds of queue say is under it
 * @events: what has not been read yet, oldest first
 * @wait: woken when there is something to read
 */
struct iommufd_eventq {
	struct iommufd_object obj;
	struct iommufd_ctx *ctx;
	struct file *file;
	spinlock_t lock;	 /* events */
	struct list_head events;
	wait_queue_head_t wait;
};

int iommufd_eventq_open(struct iommufd_eventq *q, struct iommufd_ctx *ctx, const char *name,
			const struct file_operations *fops);
void iommufd_eventq_abort(struct iommufd_eventq *q, int fd);
int iommufd_eventq_release(struct inode *inode, struct file *file);

#endif
