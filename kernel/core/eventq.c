// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of event queues, see eventq.h.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>

#include "core/eventq.h"

/**
 * iommufd_eventq_open() - initialise a queue and create its file
 * @q: part of an object that is not finalized
 * @ctx: its context
 * @name: name of the file in /proc
 * @fops: file operations; release must be iommufd_eventq_release()
 *
 * Return: a file descriptor, or a negative errno. The caller passes it to fd_install() with
 * q->file once the object is finalized, or to iommufd_eventq_abort().
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
	q->memcg = iommufd_memcg_get();
	iommufd_object_ref(&q->obj);
	iommufd_ctx_get(ctx);
	return fd;
}

/**
 * iommufd_eventq_abort() - undo iommufd_eventq_open() for an object that will not be finalized
 * @q: the queue
 * @fd: from iommufd_eventq_open()
 */
void iommufd_eventq_abort(struct iommufd_eventq *q, int fd)
{
	struct file *file = q->file;

	put_unused_fd(fd);
	/* fput() releases the file later, when the object has been freed. */
	file->private_data = NULL;
	fput(file);
	iommufd_eventq_fini(q);
	iommufd_object_unref(&q->obj);
	iommufd_ctx_put(q->ctx);
}

/**
 * iommufd_eventq_fini() - free the resources of a queue
 * @q: without events; its object is being destroyed
 */
void iommufd_eventq_fini(struct iommufd_eventq *q)
{
	iommufd_memcg_put(q->memcg);
}

/**
 * iommufd_eventq_release() - release the file of a queue
 * @inode: unused
 * @file: the file
 *
 * The object remains until user space destroys it.
 *
 * Return: 0
 */
int iommufd_eventq_release(struct inode *inode, struct file *file)
{
	struct iommufd_eventq *q = file->private_data;
	struct iommufd_ctx *ctx;

	if (!q)
		return 0;
	/* Read ctx first: after the unref the object may be freed. */
	ctx = q->ctx;
	iommufd_object_unref(&q->obj);
	iommufd_ctx_put(ctx);
	return 0;
}
