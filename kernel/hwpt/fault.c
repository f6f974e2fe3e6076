// SPDX-License-Identifier: GPL-2.0-only
/*
 * FAULT objects: page requests of devices, read and answered by user space.
 *
 * A device that meets an address without translation may ask for it (PCI: page request interface).
 * Requests come in groups which are answered as a whole. The IOMMU core hands a group to the page
 * table that the device, or its PASID, is attached to; if that has a FAULT object, the group
 * becomes an entry of its queue. An entry is
 *
 *	in queue->events	until it is read
 *	in fault->waiting	from then until it is answered, by its cookie
 *
 * and belongs to whoever takes it out. fault->lock makes going from one to the other one step. It
 * is never held while user memory is touched: a reader that waits for a page fault of its own must
 * not keep a device from being detached. So what is read is copied first, and put back if user
 * space could not take it.
 *
 * At a detach or replace no more requests can come through the old attachment. Those that nobody
 * has answered by then are answered as invalid, and forgotten (iommufd_fault_drain()). A cookie is
 * not given again soon, so an answer that comes too late meets nothing, and is refused.
 */
#include <linux/file.h>
#include <linux/iommu.h>
#include <linux/ktime.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include <trace/events/iommufd.h>

#include "core/eventq.h"
#include "hwpt/hwpt.h"
#include "policy/policy.h"

/**
 * struct iommufd_fault - FAULT object
 * @queue: the object, its file, and the entries to be read
 * @lock: see above; taken outside of queue->lock
 * @waiting: struct entry by cookie
 * @next_cookie: where the search for a free cookie begins
 */
struct iommufd_fault {
	struct iommufd_eventq queue;
	struct mutex lock;  /* entries, from being read to being answered */
	struct xarray waiting;
	u32 next_cookie;
};

/**
 * struct entry - a group of page requests
 * @item: in queue->events, or on a list of whoever owns it
 * @group: the core's object
 * @dev_id: the device's id
 * @cookie: once it has been read
 * @ns: when it came; 0 if nobody listens
 */
struct entry {
	struct list_head item;
	struct iopf_group *group;
	u32 dev_id;
	u32 cookie;
	u64 ns;
};

static struct iommufd_fault *to_fault(struct iommufd_object *obj)
{
	return container_of(obj, struct iommufd_fault, queue.obj);
}

/* Called by the IOMMU driver through the core, in a thread: the group is ours if we return 0. */
static int handle_group(struct iopf_group *group)
{
	struct iommufd_attach_handle *handle =
		container_of(group->attach_handle, struct iommufd_attach_handle, handle);
	struct iommufd_hwpt *hwpt = group->attach_handle->domain->fault_data;
	struct iommufd_fault *fault = hwpt->fault;
	struct entry *entry;

	/* Another device of the group, which is not attached. */
	if (group->fault_param->dev != handle->idev->dev)
		return -ENODEV;
	if (iommufd_fault_refused(group, hwpt, fault->queue.obj.id))
		return 0;
	entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	if (!entry)
		return -ENOMEM;
	entry->group = group;
	entry->dev_id = handle->idev->obj.id;
	entry->ns = iommufd_fault_begin(group, hwpt, fault->queue.obj.id);

	/* From here on the core does not answer it for us. */
	iopf_group_dequeue(group);
	spin_lock(&fault->queue.lock);
	list_add_tail(&entry->item, &fault->queue.events);
	spin_unlock(&fault->queue.lock);
	wake_up_interruptible(&fault->queue.wait);
	return 0;
}

/* Answer a group whose entry nobody else can find; fault->lock is held, so the device is there. */
static void answer(struct iommufd_fault *fault, struct entry *entry,
		   enum iommu_page_response_code code)
{
	iommufd_fault_end(entry->group, fault->queue.ctx, entry->dev_id, fault->queue.obj.id,
			  entry->cookie, entry->ns, code);
	kfree(entry);
}

/* Take out the entries of an attachment, or all of them if @handle is NULL, and answer them. */
static void drain(struct iommufd_fault *fault, struct iommu_attach_handle *handle)
{
	struct entry *entry, *next;
	unsigned long cookie;
	LIST_HEAD(gone);

	mutex_lock(&fault->lock);
	spin_lock(&fault->queue.lock);
	list_for_each_entry_safe(entry, next, &fault->queue.events, item)
		if (!handle || entry->group->attach_handle == handle)
			list_move_tail(&entry->item, &gone);
	spin_unlock(&fault->queue.lock);
	xa_for_each(&fault->waiting, cookie, entry) {
		if (handle && entry->group->attach_handle != handle)
			continue;
		xa_erase(&fault->waiting, cookie);
		list_add_tail(&entry->item, &gone);
	}
	list_for_each_entry_safe(entry, next, &gone, item)
		answer(fault, entry, IOMMU_PAGE_RESP_INVALID);
	mutex_unlock(&fault->lock);
}

/**
 * iommufd_fault_drain() - answer what an attachment has left unanswered
 * @hwpt: the page table it was to, which has a FAULT object
 * @handle: the attachment, which has ended
 */
void iommufd_fault_drain(struct iommufd_hwpt *hwpt, struct iommufd_attach_handle *handle)
{
	drain(hwpt->fault, &handle->handle);
}

/**
 * iommufd_fault_set() - have the page requests of a HWPT go to a FAULT object
 * @hwpt: not visible yet; a user of the object from now on
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
	hwpt->domain->fault_data = hwpt;
	hwpt->domain->iopf_handler = handle_group;
	return 0;
}

/**
 * iommufd_fault_clear() - undo iommufd_fault_set(), if it was called
 * @hwpt: its domain is gone
 */
void iommufd_fault_clear(struct iommufd_hwpt *hwpt)
{
	if (hwpt->fault)
		iommufd_object_unref(&hwpt->fault->queue.obj);
}

/* An IOMMU driver without a switch sees to it when it attaches the page table. */
static int enable(struct iommufd_device *idev, enum iommu_dev_features feature)
{
	if (!iommu_core_ops(idev->dev)->dev_enable_feat)
		return 0;
	return iommu_dev_enable_feature(idev->dev, feature);
}

static void disable(struct iommufd_device *idev, enum iommu_dev_features feature)
{
	if (iommu_core_ops(idev->dev)->dev_enable_feat)
		WARN_ON(iommu_dev_disable_feature(idev->dev, feature));
}

/* Drivers say it in several ways that a device has not what sharing takes. */
static int cannot_share(int ret)
{
	return ret == -ENODEV || ret == -EINVAL ? -EOPNOTSUPP : ret;
}

/**
 * iommufd_fault_id() - the id of a FAULT object
 * @fault: the object, or NULL
 *
 * Return: its id; IOMMU_EXT_NONE if there is none.
 */
u32 iommufd_fault_id(const struct iommufd_fault *fault)
{
	return fault ? fault->queue.obj.id : IOMMU_EXT_NONE;
}

/**
 * iommufd_fault_enable() - let a device make page requests, if a HWPT wants them
 * @hwpt: the device, or a PASID of it, is about to be attached to it
 * @idev: the device; its group's lock is held
 *
 * Return: 0; -EINVAL for a virtual function that shares its page request interface with others: an
 * error there would hit them too; or what the IOMMU driver says if it cannot.
 */
int iommufd_fault_enable(struct iommufd_hwpt *hwpt, struct iommufd_device *idev)
{
	bool shares = hwpt->obj.type == IOMMUFD_OBJ_HWPT_SVA;
	int ret = 0;

	lockdep_assert_held(&idev->group->lock);
	if (!iommufd_hwpt_has_faults(hwpt))
		return 0;
	if (iommufd_device_shares_pri(idev->dev))
		return -EINVAL;
	if (!idev->faulting)
		ret = enable(idev, IOMMU_DEV_FEAT_IOPF);
	if (ret)
		return shares ? cannot_share(ret) : ret;
	/* 6.12's drivers want to hear of page requests first. */
	if (shares && !idev->sharing)
		ret = enable(idev, IOMMU_DEV_FEAT_SVA);
	if (ret) {
		if (!idev->faulting)
			disable(idev, IOMMU_DEV_FEAT_IOPF);
		return cannot_share(ret);
	}
	idev->faulting++;
	idev->sharing += shares;
	return 0;
}

/**
 * iommufd_fault_disable() - undo iommufd_fault_enable()
 * @hwpt: as given there; nothing is attached to it through this attachment any more
 * @idev: as given there
 */
void iommufd_fault_disable(struct iommufd_hwpt *hwpt, struct iommufd_device *idev)
{
	if (!iommufd_hwpt_has_faults(hwpt))
		return;
	if (hwpt->obj.type == IOMMUFD_OBJ_HWPT_SVA && !--idev->sharing)
		disable(idev, IOMMU_DEV_FEAT_SVA);
	if (!--idev->faulting)
		disable(idev, IOMMU_DEV_FEAT_IOPF);
}

/**
 * iommufd_fault_destroy() - the end of a FAULT
 * @obj: no HWPT uses it, and its file is closed
 */
void iommufd_fault_destroy(struct iommufd_object *obj)
{
	struct iommufd_fault *fault = to_fault(obj);

	/* Attachments have taken their entries with them. */
	WARN_ON(!list_empty(&fault->queue.events) || !xa_empty(&fault->waiting));
	drain(fault, NULL);
	xa_destroy(&fault->waiting);
	mutex_destroy(&fault->lock);
}

/**
 * iommufd_fault_show() - fdinfo of a FAULT
 * @m: where to
 * @obj: the FAULT
 *
 * Whether something is to be read, and whether something waits for an answer.
 */
void iommufd_fault_show(struct seq_file *m, const struct iommufd_object *obj)
{
	const struct iommufd_fault *fault = container_of(obj, struct iommufd_fault, queue.obj);

	seq_printf(m, " unread=%d unanswered=%d", !list_empty_careful(&fault->queue.events),
		   !xa_empty(&fault->waiting));
}

/**
 * struct reading - one group on its way to user space
 * @one: room for the usual group
 * @msg: the messages: @one, or allocated
 * @bytes: their length
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

	list_for_each_entry(iopf, &entry->group->faults, list) {
		const struct iommu_fault_page_request *prm = &iopf->fault.prm;

		*msg++ = (struct iommu_hwpt_pgfault){
			.flags = prm->flags,
			.dev_id = entry->dev_id,
			.pasid = prm->pasid,
			.grpid = prm->grpid,
			.perm = prm->perm,
			.addr = prm->addr,
			.cookie = entry->cookie,
		};
	}
}

/*
 * Take the oldest entry, if it fits into @room bytes, and note down what is to be read. Returns 1,
 * 0 if there is none, -EINVAL if it does not fit.
 */
static int read_begin(struct iommufd_fault *fault, struct reading *reading, size_t room)
{
	struct entry *entry;
	int ret = 0;

	mutex_lock(&fault->lock);
	/* With the lock held entries are only added, at the end. */
	spin_lock(&fault->queue.lock);
	entry = list_first_entry_or_null(&fault->queue.events, struct entry, item);
	spin_unlock(&fault->queue.lock);
	if (!entry)
		goto out_unlock;

	reading->bytes = entry->group->fault_count * sizeof(*reading->msg);
	if (reading->bytes > room) {
		ret = -EINVAL;
		goto out_unlock;
	}
	reading->msg = &reading->one;
	if (entry->group->fault_count > 1)
		reading->msg = kvmalloc(reading->bytes, GFP_KERNEL_ACCOUNT);
	if (!reading->msg) {
		ret = -ENOMEM;
		goto out_unlock;
	}
	ret = xa_alloc_cyclic(&fault->waiting, &entry->cookie, entry, xa_limit_32b,
			      &fault->next_cookie, GFP_KERNEL_ACCOUNT);
	if (ret < 0)
		goto err_free;
	reading->cookie = entry->cookie;
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

/* User space could not take it: it comes first again, unless it has been answered meanwhile. */
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

/* Whole groups only: as many as there are, or as fit. */
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
			answer(fault, entry, response.code);
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
 * Return: 0 or an errno that <linux/iommufd.h> names for it.
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
