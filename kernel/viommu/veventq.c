// SPDX-License-Identifier: GPL-2.0-only
/*
 * VEVENTQ objects: user space reads events of an IOMMU driver for a guest from a file.
 *
 * Events have consecutive sequence numbers. When the queue is full or memory is short, an event is
 * lost, but its number is used up, so the reader sees a gap. While no event follows that would show
 * the gap, read() returns a header with IOMMU_VEVENTQ_FLAG_LOST_EVENTS at the end of the queue
 * (@lost).
 *
 * User memory is touched without locks. An event that could not be copied is read again first.
 */
#include <linux/file.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "core/eventq.h"
#include "viommu/viommu.h"

/* Far more than any hardware has. */
#define VEVENTQ_MAX_DEPTH BIT(19)

/**
 * struct iommufd_veventq - VEVENTQ object
 * @queue: the object, its file, and the unread events
 * @viommu: the virtual IOMMU; referenced
 * @item: in viommu->veventqs
 * @type: enum iommu_veventq_type
 * @depth: most events that are kept
 * @n: events kept, including those being read; under queue->lock
 * @sequence: number of the next event; under queue->lock
 * @lost: the newest event was lost; under queue->lock
 * @lost_sequence: its number; under queue->lock
 */
struct iommufd_veventq {
	struct iommufd_eventq queue;
	struct iommufd_viommu *viommu;
	struct list_head item;
	u32 type;
	u32 depth;
	u32 n;
	u32 sequence;
	bool lost;
	u32 lost_sequence;
};

/**
 * struct vevent - an event
 * @item: in queue->events
 * @header: precedes the data
 * @length: of @data, in bytes
 * @data: the driver's data
 */
struct vevent {
	struct list_head item;
	struct iommufd_vevent_header header;
	size_t length;
	u8 data[] __counted_by(length);
};

static struct iommufd_veventq *to_veventq(struct iommufd_object *obj)
{
	return container_of(obj, struct iommufd_veventq, queue.obj);
}

static struct iommufd_veventq *find(struct iommufd_viommu *viommu, u32 type)
{
	struct iommufd_veventq *vq;

	lockdep_assert_held(&viommu->veventqs_rwsem);
	list_for_each_entry(vq, &viommu->veventqs, item)
		if (vq->type == type)
			return vq;
	return NULL;
}

/**
 * iommufd_viommu_report_event() - queue an event for a guest
 * @viommu: its virtual IOMMU
 * @type: enum iommu_veventq_type
 * @event_data: the data that user space reads, laid out as the uAPI defines for the type
 * @data_len: its length, in bytes
 *
 * Context: may sleep for viommu->veventqs_rwsem, not for memory.
 * Return: 0, also if the event is lost because the queue is full; -EOPNOTSUPP if there is no queue
 * of the type; -ENOMEM if the event is lost for lack of memory; -EINVAL without data.
 */
int iommufd_viommu_report_event(struct iommufd_viommu *viommu, u32 type, void *event_data,
				size_t data_len)
{
	struct vevent *event;
	struct iommufd_veventq *vq;
	int ret = 0;

	if (WARN_ON_ONCE(!event_data || !data_len))
		return -EINVAL;

	down_read(&viommu->veventqs_rwsem);
	vq = find(viommu, type);
	if (!vq) {
		ret = -EOPNOTSUPP;
		goto out_unlock;
	}
	event = iommufd_memcg_alloc(vq->queue.memcg, struct_size(event, data, data_len));
	if (event) {
		event->length = data_len;
		memcpy(event->data, event_data, data_len);
	} else {
		ret = -ENOMEM;
	}

	spin_lock(&vq->queue.lock);
	if (event && vq->n < vq->depth) {
		event->header.flags = 0;
		event->header.sequence = vq->sequence;
		list_add_tail(&event->item, &vq->queue.events);
		event = NULL;
		vq->n++;
		vq->lost = false;
	} else {
		vq->lost = true;
		vq->lost_sequence = vq->sequence;
	}
	vq->sequence = (vq->sequence + 1) & INT_MAX;
	spin_unlock(&vq->queue.lock);
	kfree(event);
	wake_up_interruptible(&vq->queue.wait);
out_unlock:
	up_read(&viommu->veventqs_rwsem);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_report_event, "IOMMUFD");

/**
 * struct reading - the event being read
 * @event: an event that was removed from the queue, or NULL
 * @header: without an event: the header that reports lost events
 */
struct reading {
	struct vevent *event;
	struct iommufd_vevent_header header;
};

/*
 * Remove the next event or the report of lost events, if it fits into @room bytes. Return its size;
 * 0 if it does not fit or there is none (*@empty).
 */
static size_t read_begin(struct iommufd_veventq *vq, struct reading *reading, size_t room,
			 bool *empty)
{
	struct vevent *event;
	size_t size = sizeof(reading->header);

	*reading = (struct reading){};
	spin_lock(&vq->queue.lock);
	event = list_first_entry_or_null(&vq->queue.events, struct vevent, item);
	*empty = !event && !vq->lost;
	if (event)
		size += event->length;
	if (*empty || size > room) {
		size = 0;
	} else if (event) {
		list_del(&event->item);
		reading->event = event;
	} else {
		reading->header.flags = IOMMU_VEVENTQ_FLAG_LOST_EVENTS;
		reading->header.sequence = vq->lost_sequence;
		vq->lost = false;
	}
	spin_unlock(&vq->queue.lock);
	return size;
}

static void read_end(struct iommufd_veventq *vq, struct reading *reading, bool ok)
{
	spin_lock(&vq->queue.lock);
	if (reading->event && ok)
		vq->n--;
	else if (reading->event)
		list_add(&reading->event->item, &vq->queue.events);
	else if (!ok && reading->header.sequence == ((vq->sequence - 1) & INT_MAX))
		vq->lost = true; /* no event has followed that shows the gap */
	spin_unlock(&vq->queue.lock);
	if (ok)
		kfree(reading->event);
}

static bool read_copy(const struct reading *reading, char __user *buf)
{
	const struct vevent *event = reading->event;

	if (!event)
		return !copy_to_user(buf, &reading->header, sizeof(reading->header));
	return !copy_to_user(buf, &event->header, sizeof(event->header)) &&
	       !copy_to_user(buf + sizeof(event->header), event->data, event->length);
}

/* Read as many whole events as there are and as fit. */
static ssize_t veventq_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct iommufd_eventq *q = file->private_data;
	struct iommufd_veventq *vq = to_veventq(&q->obj);
	struct reading reading;
	size_t done = 0, size;
	bool empty, ok;

	if (*ppos)
		return -ESPIPE;
	if (count < sizeof(reading.header))
		return -EINVAL;

	for (;;) {
		size = read_begin(vq, &reading, count - done, &empty);
		if (!size)
			return done || empty ? done : -EINVAL;
		ok = read_copy(&reading, buf + done);
		read_end(vq, &reading, ok);
		if (!ok)
			return done ? done : -EFAULT;
		done += size;
	}
}

static __poll_t veventq_poll(struct file *file, struct poll_table_struct *wait)
{
	struct iommufd_eventq *q = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &q->wait, wait);
	spin_lock(&q->lock);
	if (!list_empty(&q->events) || to_veventq(&q->obj)->lost)
		mask = EPOLLIN | EPOLLRDNORM;
	spin_unlock(&q->lock);
	return mask;
}

static const struct file_operations veventq_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.read = veventq_read,
	.poll = veventq_poll,
	.release = iommufd_eventq_release,
};

/**
 * iommufd_veventq_destroy() - destroy a VEVENTQ
 * @obj: the VEVENTQ; its file is closed
 *
 * Context: may sleep; takes viommu->veventqs_rwsem.
 */
void iommufd_veventq_destroy(struct iommufd_object *obj)
{
	struct iommufd_veventq *vq = to_veventq(obj);
	struct iommufd_viommu *viommu = vq->viommu;
	struct vevent *event, *next;

	down_write(&viommu->veventqs_rwsem);
	list_del(&vq->item);
	up_write(&viommu->veventqs_rwsem);
	list_for_each_entry_safe(event, next, &vq->queue.events, item)
		kfree(event);
	iommufd_eventq_fini(&vq->queue);
	iommufd_object_unref(&viommu->obj);
}

/**
 * iommufd_veventq_show() - show a VEVENTQ in fdinfo
 * @m: the file
 * @obj: the VEVENTQ
 *
 * Context: under the lock of ctx->objects.
 */
void iommufd_veventq_show(struct seq_file *m, const struct iommufd_object *obj)
{
	const struct iommufd_veventq *vq = container_of(obj, struct iommufd_veventq, queue.obj);

	seq_printf(m, " viommu=%u type=%#x events=%u/%u lost=%d", vq->viommu->obj.id, vq->type,
		   READ_ONCE(vq->n), vq->depth, READ_ONCE(vq->lost));
}

static bool has_type(struct iommufd_viommu *viommu, u32 type)
{
	bool ret;

	down_read(&viommu->veventqs_rwsem);
	ret = find(viommu, type);
	up_read(&viommu->veventqs_rwsem);
	return ret;
}

/* Make the queue visible to the driver and user space, unless there is another one of its type. */
static int publish(struct iommufd_viommu *viommu, struct iommufd_veventq *vq)
{
	int ret = -EEXIST;

	down_write(&viommu->veventqs_rwsem);
	if (!find(viommu, vq->type)) {
		iommufd_object_ref(&viommu->obj);
		list_add_tail(&vq->item, &viommu->veventqs);
		iommufd_object_finalize(vq->queue.ctx, &vq->queue.obj);
		ret = 0;
	}
	up_write(&viommu->veventqs_rwsem);
	return ret;
}

static int do_alloc(struct iommufd_ucmd *ucmd, struct iommufd_viommu *viommu)
{
	struct iommu_veventq_alloc *cmd = ucmd->cmd;
	struct iommufd_veventq *vq = NULL;
	int fd, ret;

	if (has_type(viommu, cmd->type))
		return -EEXIST;
	vq = iommufd_object_alloc(ucmd->ctx, vq, IOMMUFD_OBJ_VEVENTQ, queue.obj);
	if (IS_ERR(vq))
		return PTR_ERR(vq);
	vq->viommu = viommu;
	vq->type = cmd->type;
	vq->depth = cmd->veventq_depth;

	fd = iommufd_eventq_open(&vq->queue, ucmd->ctx, "[iommufd-viommu-event]", &veventq_fops);
	if (fd < 0) {
		ret = fd;
		goto err_abort;
	}
	cmd->out_veventq_id = vq->queue.obj.id;
	cmd->out_veventq_fd = fd;
	ret = iommufd_ucmd_respond(ucmd, sizeof(*cmd));
	if (!ret)
		ret = publish(viommu, vq);
	if (ret)
		goto err_close;
	fd_install(fd, vq->queue.file);
	return 0;

err_close:
	iommufd_eventq_abort(&vq->queue, fd);
err_abort:
	iommufd_object_abort(ucmd->ctx, &vq->queue.obj);
	return ret;
}

/**
 * iommufd_veventq_alloc_ioctl() - IOMMU_VEVENTQ_ALLOC
 * @ucmd: struct iommu_veventq_alloc
 *
 * Return: 0; -EOPNOTSUPP for unknown flags or type 0; -EINVAL for a depth of 0 or beyond 2^19
 * events; -ENOENT; -EEXIST if the virtual IOMMU has a queue of the type; -EMFILE; -EFAULT; -ENOMEM.
 */
int iommufd_veventq_alloc_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_veventq_alloc *cmd = ucmd->cmd;
	struct iommufd_viommu *viommu;
	int ret;

	if (cmd->flags || cmd->__reserved || cmd->type == IOMMU_VEVENTQ_TYPE_DEFAULT)
		return -EOPNOTSUPP;
	if (!cmd->veventq_depth || cmd->veventq_depth > VEVENTQ_MAX_DEPTH)
		return -EINVAL;
	viommu = iommufd_get_viommu(ucmd->ctx, cmd->viommu_id);
	if (IS_ERR(viommu))
		return PTR_ERR(viommu);

	ret = do_alloc(ucmd, viommu);
	iommufd_object_put(ucmd->ctx, &viommu->obj);
	return ret;
}
