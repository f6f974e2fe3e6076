// SPDX-License-Identifier: GPL-2.0-only
/*
 * FAULT objects: user space reads page requests of devices from a file and writes responses to it.
 *
 * A device that meets an untranslated address may ask for it (PCI: page request interface).
 * Requests come in groups that get one response. The IOMMU core passes a group to the handler of
 * the page table that the device, or its PASID, is attached to. If the HWPT has a FAULT object, the
 * group becomes an entry, which is
 *
 *	in queue->events	until it is read
 *	in fault->waiting	by its cookie, from then until the response
 *
 * An entry belongs to the thread that removes it from there. fault->lock makes the move from one
 * to the other atomic. It is never held while user memory is touched, because a reader that waits
 * for its own page fault must not block a detach. So read() moves the entry first, copies then, and
 * moves it back if the copy fails.
 *
 * Detach and replace first keep new requests from coming through the old attachment, then answer
 * the remaining ones as invalid (iommufd_fault_drain()). A cookie is not reused soon, so a late
 * response finds no entry and fails with -EINVAL.
 */
#include <linux/file.h>
#include <linux/iommu.h>
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include <trace/events/iommufd.h>

#include "core/eventq.h"
#include "hwpt/hwpt.h"
#include "policy/policy.h"

/**
 * struct iommufd_fault - FAULT object
 * @queue: the object, its file, and the unread entries
 * @lock: protects entries from read to response; taken outside of queue->lock
 * @waiting: struct entry by cookie
 * @next_cookie: where the search for a free cookie begins
 */
struct iommufd_fault {
	struct iommufd_eventq queue;
	struct mutex lock;  /* waiting, and moves to and from it */
	struct xarray waiting;
	u32 next_cookie;
};

/**
 * struct entry - a group of page requests that user space is to answer
 * @item: in queue->events, or in a list of its owner
 * @req: the group; its cookie is set on read
 */
struct entry {
	struct list_head item;
	struct iommufd_page_request req;
};

static struct iommufd_fault *to_fault(struct iommufd_object *obj)
{
	return container_of(obj, struct iommufd_fault, queue.obj);
}

/* Let user space respond to a group, or refuse it. */
static int take_group(struct iopf_group *group)
{
	struct iommufd_fault *fault = iommufd_iopf_hwpt(group)->fault;
	struct entry *entry;

	/* The attachment is that of another device in the IOMMU group. */
	if (group->fault_param->dev != iommufd_iopf_device(group)->dev)
		return -ENODEV;
	if (iommufd_page_request_refused(group, fault->queue.obj.id))
		return 0;
	entry = iommufd_memcg_alloc(fault->queue.memcg, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	iommufd_page_request_begin(&entry->req, group, fault->queue.obj.id);
	spin_lock(&fault->queue.lock);
	list_add_tail(&entry->item, &fault->queue.events);
	spin_unlock(&fault->queue.lock);
	wake_up_interruptible(&fault->queue.wait);
	return 0;
}

/* Called by the IOMMU core in a kernel thread. */
static int handle_group(struct iopf_group *group)
{
	return iommufd_page_request_take(group, take_group);
}

/*
 * Respond to a group whose entry was removed from the queue. fault->lock is held, so a detach waits
 * in drain() and the device stays valid.
 */
static void respond(struct entry *entry, enum iommu_page_response_code code)
{
	iommufd_page_request_respond(&entry->req, code);
	kfree(entry);
}

/* Respond as invalid to the entries of an attachment, or to all if @handle is NULL. */
static void drain(struct iommufd_fault *fault, struct iommu_attach_handle *handle)
{
	struct entry *entry, *next;
	unsigned long cookie;
	LIST_HEAD(drained);

	mutex_lock(&fault->lock);
	spin_lock(&fault->queue.lock);
	list_for_each_entry_safe(entry, next, &fault->queue.events, item)
		if (!handle || entry->req.group->attach_handle == handle)
			list_move_tail(&entry->item, &drained);
	spin_unlock(&fault->queue.lock);
	xa_for_each(&fault->waiting, cookie, entry) {
		if (handle && entry->req.group->attach_handle != handle)
			continue;
		xa_erase(&fault->waiting, cookie);
		list_add_tail(&entry->item, &drained);
	}
	list_for_each_entry_safe(entry, next, &drained, item)
		respond(entry, IOMMU_PAGE_RESP_INVALID);
	mutex_unlock(&fault->lock);
}

/**
 * iommufd_fault_drain() - respond as invalid to the page requests of an attachment that has ended
 * @hwpt: the HWPT that was attached, with a FAULT object
 * @handle: the attachment; no new request comes through it
 *
 * Context: may sleep; group->lock is held.
 */
void iommufd_fault_drain(struct iommufd_hwpt *hwpt, struct iommufd_attach_handle *handle)
{
	drain(hwpt->fault, &handle->handle);
}

/**
 * iommufd_fault_set() - deliver the page requests of a HWPT to a FAULT object
 * @hwpt: not visible yet; holds a reference on the object from now on
 * @fault_id: the object
 *
 * Return: 0 or -ENOENT.
 */
int iommufd_fault_set(struct iommufd_hwpt *hwpt, u32 fault_id)
{
	struct iommufd_object *obj = iommufd_object_get(hwpt->ctx, fault_id, IOMMUFD_OBJ_FAULT);

	if (IS_ERR(obj))
		return PTR_ERR(obj);
	iommufd_object_ref(obj);
	iommufd_object_put(hwpt->ctx, obj);
	hwpt->fault = to_fault(obj);
	hwpt->domain->iopf_handler = handle_group;
	return 0;
}

/**
 * iommufd_fault_clear() - undo iommufd_fault_set(), if it was called
 * @hwpt: its domain was freed
 */
void iommufd_fault_clear(struct iommufd_hwpt *hwpt)
{
	if (hwpt->fault)
		iommufd_object_unref(&hwpt->fault->queue.obj);
}

/* IOMMU drivers report missing SVA support as -ENODEV or -EINVAL; normalise it. */
static int sva_error(int ret)
{
	return ret == -ENODEV || ret == -EINVAL ? -EOPNOTSUPP : ret;
}

/**
 * iommufd_fault_id() - get the id of a FAULT object
 * @fault: the object, or NULL
 *
 * Return: its id; IOMMU_EXT_NONE for NULL.
 */
u32 iommufd_fault_id(const struct iommufd_fault *fault)
{
	return fault ? fault->queue.obj.id : IOMMU_EXT_NONE;
}

/**
 * iommufd_fault_enable() - enable page requests of a device, if a HWPT needs them
 * @hwpt: the HWPT that the device, or a PASID of it, is about to be attached to
 * @idev: the device
 *
 * Context: may sleep; group->lock is held.
 * Return: 0; -EINVAL for a virtual function, because an error on its page request interface would
 * affect other functions, too; -EOPNOTSUPP if the IOMMU driver does not support SVA; an error of
 * the driver.
 */
int iommufd_fault_enable(struct iommufd_hwpt *hwpt, struct iommufd_device *idev)
{
	bool sva = iommufd_hwpt_is_sva(hwpt);
	int ret = 0;

	lockdep_assert_held(&idev->group->lock);
	if (!iommufd_hwpt_has_faults(hwpt))
		return 0;
	if (iommufd_device_shares_pri(idev->dev))
		return -EINVAL;
	if (!IS_ENABLED(CONFIG_IOMMU_IOPF))
		return sva ? -EOPNOTSUPP : -ENODEV;
	/* A driver that finds it at the attach may leave the device without page table. */
	if (PORT_ATTACH_ENABLES_IOPF && dev_is_pci(idev->dev) && !iommufd_device_has_pri(idev->dev))
		return sva ? -EOPNOTSUPP : -ENODEV;
	if (!idev->fault_users)
		ret = port_enable_iopf(idev->dev);
	if (ret)
		return sva ? sva_error(ret) : ret;
	/* 6.12's drivers require IOPF to be enabled before SVA. */
	if (sva && !idev->sva_users)
		ret = port_enable_sva(idev->dev);
	if (ret) {
		if (!idev->fault_users)
			port_disable_iopf(idev->dev);
		return sva_error(ret);
	}
	idev->fault_users++;
	idev->sva_users += sva;
	return 0;
}

/**
 * iommufd_fault_disable() - undo iommufd_fault_enable()
 * @hwpt: the same HWPT; the attachment has ended and was drained
 * @idev: the same device
 *
 * Context: may sleep; group->lock is held.
 */
void iommufd_fault_disable(struct iommufd_hwpt *hwpt, struct iommufd_device *idev)
{
	if (!iommufd_hwpt_has_faults(hwpt))
		return;
	if (iommufd_hwpt_is_sva(hwpt) && !--idev->sva_users)
		port_disable_sva(idev->dev);
	if (!--idev->fault_users)
		port_disable_iopf(idev->dev);
}

/**
 * iommufd_fault_destroy() - destroy a FAULT object
 * @obj: the object; no HWPT refers to it and its file is closed
 */
void iommufd_fault_destroy(struct iommufd_object *obj)
{
	struct iommufd_fault *fault = to_fault(obj);

	/* Each detach has drained its entries. */
	WARN_ON(!list_empty(&fault->queue.events) || !xa_empty(&fault->waiting));
	drain(fault, NULL);
	iommufd_eventq_fini(&fault->queue);
	xa_destroy(&fault->waiting);
	mutex_destroy(&fault->lock);
}

/**
 * iommufd_fault_show() - show a FAULT object in fdinfo
 * @m: the file
 * @obj: the object
 *
 * unread=1 if there are entries to read, unanswered=1 if some that were read await a response.
 *
 * Context: under the lock of ctx->objects.
 */
void iommufd_fault_show(struct seq_file *m, const struct iommufd_object *obj)
{
	const struct iommufd_fault *fault = container_of(obj, struct iommufd_fault, queue.obj);

	seq_printf(m, " unread=%d unanswered=%d", !list_empty_careful(&fault->queue.events),
		   !xa_empty(&fault->waiting));
}

/**
 * struct reading - one group that is being read
 * @one: room for a group of one request, the usual case
 * @msg: the messages: @one, or allocated
 * @bytes: size of @msg in bytes
 * @cookie: of the entry, which is in fault->waiting
 */
struct reading {
	struct iommu_hwpt_pgfault one;
	struct iommu_hwpt_pgfault *msg;
	size_t bytes;
	u32 cookie;
};

static void compose(struct reading *reading, const struct entry *entry)
{
	struct iommu_hwpt_pgfault *msg = reading->msg;
	const struct iopf_fault *iopf;

	list_for_each_entry(iopf, &entry->req.group->faults, list) {
		const struct iommu_fault_page_request *prm = &iopf->fault.prm;

		*msg++ = (struct iommu_hwpt_pgfault){
			.flags = prm->flags,
			.dev_id = entry->req.dev_id,
			.pasid = prm->pasid,
			.grpid = prm->grpid,
			.perm = prm->perm,
			.addr = prm->addr,
			.cookie = entry->req.cookie,
		};
	}
}

/*
 * Move the oldest entry to fault->waiting, if its messages fit into @room bytes, and compose them.
 * Return 1; 0 if there is no entry; -EINVAL if it does not fit; -ENOMEM.
 */
static int read_begin(struct iommufd_fault *fault, struct reading *reading, size_t room)
{
	struct entry *entry;
	int ret = 0;

	mutex_lock(&fault->lock);
	/* Only holders of fault->lock remove entries, so the first one stays. */
	spin_lock(&fault->queue.lock);
	entry = list_first_entry_or_null(&fault->queue.events, struct entry, item);
	spin_unlock(&fault->queue.lock);
	if (!entry)
		goto out_unlock;

	reading->bytes = entry->req.group->fault_count * sizeof(*reading->msg);
	if (reading->bytes > room) {
		ret = -EINVAL;
		goto out_unlock;
	}
	reading->msg = &reading->one;
	if (entry->req.group->fault_count > 1)
		/* A device decides how many there are. */
		reading->msg = kvmalloc(reading->bytes, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!reading->msg) {
		ret = -ENOMEM;
		goto out_unlock;
	}
	ret = xa_alloc_cyclic(&fault->waiting, &entry->req.cookie, entry, xa_limit_32b,
			      &fault->next_cookie, GFP_KERNEL_ACCOUNT);
	if (ret < 0)
		goto err_free;
	reading->cookie = entry->req.cookie;
	compose(reading, entry);
	spin_lock(&fault->queue.lock);
	list_del(&entry->item);
	spin_unlock(&fault->queue.lock);
	ret = 1;
	goto out_unlock;

err_free:
	if (reading->msg != &reading->one)
		kvfree(reading->msg);
out_unlock:
	mutex_unlock(&fault->lock);
	return ret;
}

/* Make an entry the first to be read again, unless it was answered meanwhile. */
static void read_undo(struct iommufd_fault *fault, u32 cookie)
{
	struct entry *entry;

	mutex_lock(&fault->lock);
	entry = xa_erase(&fault->waiting, cookie);
	if (entry) {
		spin_lock(&fault->queue.lock);
		list_add(&entry->item, &fault->queue.events);
		spin_unlock(&fault->queue.lock);
	}
	mutex_unlock(&fault->lock);
}

/* Read as many whole groups as there are and as fit. */
static ssize_t fault_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct iommufd_eventq *q = file->private_data;
	struct iommufd_fault *fault = to_fault(&q->obj);
	struct reading reading;
	size_t done = 0;
	int ret;

	if (*ppos || count % sizeof(*reading.msg))
		return -ESPIPE;

	for (;;) {
		ret = read_begin(fault, &reading, count - done);
		if (ret <= 0)
			break;
		ret = copy_to_user(buf + done, reading.msg, reading.bytes) ? -EFAULT : 0;
		if (reading.msg != &reading.one)
			kvfree(reading.msg);
		if (ret) {
			read_undo(fault, reading.cookie);
			break;
		}
		done += reading.bytes;
	}
	return done ? done : ret;
}

static ssize_t fault_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	struct iommufd_eventq *q = file->private_data;
	struct iommufd_fault *fault = to_fault(&q->obj);
	struct iommu_hwpt_page_response response;
	struct entry *entry;
	size_t done = 0;
	int ret = 0;

	static_assert((int)IOMMUFD_PAGE_RESP_SUCCESS == (int)IOMMU_PAGE_RESP_SUCCESS);
	static_assert((int)IOMMUFD_PAGE_RESP_INVALID == (int)IOMMU_PAGE_RESP_INVALID);
	if (*ppos || count % sizeof(response))
		return -ESPIPE;

	while (done < count && !ret) {
		if (copy_from_user(&response, buf + done, sizeof(response))) {
			ret = -EFAULT;
			break;
		}
		if (response.code != IOMMUFD_PAGE_RESP_SUCCESS &&
		    response.code != IOMMUFD_PAGE_RESP_INVALID) {
			ret = -EINVAL;
			break;
		}
		mutex_lock(&fault->lock);
		entry = xa_erase(&fault->waiting, response.cookie);
		if (entry)
			respond(entry, response.code);
		else
			ret = -EINVAL;
		mutex_unlock(&fault->lock);
		if (!ret)
			done += sizeof(response);
	}
	return done ? done : ret;
}

static __poll_t fault_poll(struct file *file, struct poll_table_struct *wait)
{
	struct iommufd_eventq *q = file->private_data;
	__poll_t mask = EPOLLOUT;

	poll_wait(file, &q->wait, wait);
	spin_lock(&q->lock);
	if (!list_empty(&q->events))
		mask |= EPOLLIN | EPOLLRDNORM;
	spin_unlock(&q->lock);
	return mask;
}

static const struct file_operations fault_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.read = fault_read,
	.write = fault_write,
	.poll = fault_poll,
	.release = iommufd_eventq_release,
};

/**
 * iommufd_fault_alloc_ioctl() - IOMMU_FAULT_QUEUE_ALLOC
 * @ucmd: struct iommu_fault_alloc
 *
 * Return: 0, or an errno documented in <linux/iommufd.h>.
 */
int iommufd_fault_alloc_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_fault_alloc *cmd = ucmd->cmd;
	struct iommufd_fault *fault = NULL;
	int fd, ret;

	if (cmd->flags)
		return -EOPNOTSUPP;
	fault = iommufd_object_alloc(ucmd->ctx, fault, IOMMUFD_OBJ_FAULT, queue.obj);
	if (IS_ERR(fault))
		return PTR_ERR(fault);
	mutex_init(&fault->lock);
	xa_init_flags(&fault->waiting, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);

	fd = iommufd_eventq_open(&fault->queue, ucmd->ctx, "[iommufd-pgfault]", &fault_fops);
	if (fd < 0) {
		ret = fd;
		goto err_abort;
	}
	cmd->out_fault_id = fault->queue.obj.id;
	cmd->out_fault_fd = fd;
	ret = iommufd_ucmd_respond(ucmd, sizeof(*cmd));
	if (ret)
		goto err_close;
	iommufd_object_finalize(ucmd->ctx, &fault->queue.obj);
	fd_install(fd, fault->queue.file);
	return 0;

err_close:
	iommufd_eventq_abort(&fault->queue, fd);
err_abort:
	mutex_destroy(&fault->lock);
	iommufd_object_abort(ucmd->ctx, &fault->queue.obj);
	return ret;
}
