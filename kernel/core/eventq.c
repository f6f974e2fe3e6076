// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of event queues: making one, taking it back, and closing it; see eventq.h.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>

#include "core/eventq.h"

/**
 * iommufd_eventq_open() - make the file of a queue
 * @q: part of an object that is not finalized; filled in
 * @ctx: its context
 * @name: of the file, for /proc
 * @fops: its operations; release is iommufd_eventq_release()
 *
 * Return: a descriptor, to be given to fd_install() with q->file when the object is finalized, or
 * else to iommufd_eventq_abort(); a negative errno on failure.
 */
int iommufd_eventq_open(struct iommufd_eventq *q, struct iommufd_ctx *ctx, const char *name,
			const struct file_operations *fops)
{
	int fd;

	q->ctx = ctx;
	spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->events);
	init_waitqueue_head(&q->wait);

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	q->file = anon_inode_getfile(name, fops, q, O_RDWR);
	if (IS_ERR(q->file)) {
		put_unused_fd(fd);
		return PTR_ERR(q->file);
	}
	iommufd_object_ref(&q->obj);
	iommufd_ctx_get(ctx);
	return fd;
}

/**
 * iommufd_eventq_abort() - take back the file of a queue whose object will not be finalized
 * @q: from iommufd_eventq_open()
 * @fd: from there
 */
void iommufd_eventq_abort(struct iommufd_eventq *q, int fd)
{
	struct file *file = q->file;

	put_unused_fd(fd);
	/* The file is released later, when the object is freed already. */
	file->private_data = NULL;
	fput(file);
	iommufd_object_unref(&q->obj);
	iommufd_ctx_put(q->ctx);
}

/**
 * iommufd_eventq_release() - the file is closed
 * @inode: unused
 * @file: the file
 *
 * The object stays until it is destroyed.
 *
 * Return: 0
 */
int iommufd_eventq_release(struct inode *inode, struct file *file)
{
	struct iommufd_eventq *q = file->private_data;
	struct iommufd_ctx *ctx;

	if (!q)
		return 0;
	/* Without this use the object may be destroyed and freed at once. */
	ctx = q->ctx;
	iommufd_object_unref(&q->obj);
	iommufd_ctx_put(ctx);
	return 0;
}
