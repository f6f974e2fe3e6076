// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page requests of the devices, and the responses to them.
 *
 * The core has to be kept from meeting an attachment that is being taken apart: it looks one up
 * without a lock, and uses it. As hardware does, we give it only requests of a PASID, or of the
 * whole device, whose page table takes them; for others the response is "invalid" at once. Then
 *
 *	attach	The core knows an attachment before it calls us, so it is there when we begin.
 *	detach	We take the page table away, and wait for reports under way by report_rwsem, before
 *		the core forgets the attachment. What was requested before is answered by iommufd.
 *	replace	of a PASID's page table is a detach and an attach. For a whole device 6.12's core
 *		forgets the old attachment some time after we have changed page tables, so that we
 *		cannot tell when to go on. Hence who has it replaced holds iopf_rwsem for writing.
 *
 * A PASID without a page table of its own is one more case. If the whole device has a guest's page
 * table its requests go there, and yet the core looks for an attachment of the PASID first. It
 * still knows one just after a detach, or after we have refused it. So such a PASID is noted
 * (mdev->leaving), and its requests wait until the core is done: until they have had the group's
 * mutex. One note is enough, since all is done with that mutex held: with the next one the core is
 * done with the one before.
 *
 * A device is in the core's queue while it has users: attachments with a fault handler, and those
 * who switched the feature on. Taking it out frees the groups without a response, which iommufd
 * still has, and answers in its own time. So a device with such groups stays in, until somebody
 * comes again or the device goes. Nothing is lost by that: without a fault handler no request is
 * accepted.
 *
 * Every response is noted, with a number; the last MOCK_RESPONSES are kept.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "mock.h"

static struct iopf_queue *mock_queue;

/**
 * mock_fault_init() - at the module's begin
 *
 * Return: 0 or -ENOMEM
 */
int mock_fault_init(void)
{
	mock_queue = iopf_queue_alloc("iommufd-mock");
	return mock_queue ? 0 : -ENOMEM;
}

/**
 * mock_fault_exit() - at its end; no device is in the queue
 */
void mock_fault_exit(void)
{
	iopf_queue_free(mock_queue);
}

/**
 * mock_fault_get() - one more user of a device's page requests
 * @mdev: the device
 *
 * Return: 0, -ENOMEM, or what MOCK_OP_FAIL asked for
 */
int mock_fault_get(struct mock_dev *mdev)
{
	int ret = 0;

	mutex_lock(&mdev->iopf_lock);
	if (!mdev->iopf_queued) {
		ret = mock_fail_hit(&mdev->fail[MOCK_FAIL_IOPF]);
		if (!ret)
			ret = iopf_queue_add_device(mock_queue, &mdev->pdev->dev);
		mdev->iopf_queued = !ret;
	}
	if (!ret)
		mdev->iopf_users++;
	mutex_unlock(&mdev->iopf_lock);
	return ret;
}

static void dequeue(struct mock_dev *mdev)
{
	iopf_queue_remove_device(mock_queue, &mdev->pdev->dev);
	mdev->iopf_queued = false;
}

/**
 * mock_fault_put() - one user less
 * @mdev: the device
 */
void mock_fault_put(struct mock_dev *mdev)
{
	mutex_lock(&mdev->iopf_lock);
	if (!WARN_ON(!mdev->iopf_users) && !--mdev->iopf_users && !atomic_read(&mdev->iopf_open))
		dequeue(mdev);
	mutex_unlock(&mdev->iopf_lock);
}

/**
 * mock_fault_is_on() - has a device users of its page requests?
 * @mdev: the device
 *
 * Return: whether it has
 */
bool mock_fault_is_on(struct mock_dev *mdev)
{
	bool ret;

	mutex_lock(&mdev->iopf_lock);
	ret = mdev->iopf_users;
	mutex_unlock(&mdev->iopf_lock);
	return ret;
}

/**
 * mock_fault_release() - the device goes
 * @mdev: the device
 */
void mock_fault_release(struct mock_dev *mdev)
{
	mutex_lock(&mdev->iopf_lock);
	if (mdev->iopf_queued)
		dequeue(mdev);
	mutex_unlock(&mdev->iopf_lock);
}

/**
 * mock_fault_drain() - wait for page requests that are being reported
 * @mdev: the device, from which the page table that they are for has been taken away
 */
void mock_fault_drain(struct mock_dev *mdev)
{
	down_write(&mdev->report_rwsem);
	up_write(&mdev->report_rwsem);
}

/**
 * mock_fault_response() - page_response() of the devices
 * @dev: the device
 * @evt: the last request of the group
 * @msg: the response
 *
 * Called with mutexes of the core's queue, so it only takes a spinlock.
 */
void mock_fault_response(struct device *dev, struct iopf_fault *evt,
			 struct iommu_page_response *msg)
{
	struct mock_dev *mdev = to_mock_dev(dev);
	struct iommufd_mock_response *resp;
	struct mock_fault_wait *wait;

	spin_lock(&mdev->resp_lock);
	resp = &mdev->resp[mdev->resp_next % MOCK_RESPONSES];
	resp->sequence = mdev->resp_next++;
	resp->pasid = msg->pasid;
	resp->grpid = msg->grpid;
	resp->code = msg->code;
	list_for_each_entry(wait, &mdev->resp_waits, item) {
		if (wait->prm.pasid != msg->pasid || wait->prm.grpid != msg->grpid)
			continue;
		wait->code = msg->code;
		/* Publish @code; pairs with mock_fault_wait(). */
		smp_store_release(&wait->done, true);
	}
	if (mdev->resp_next - mdev->resp_first > MOCK_RESPONSES) {
		mdev->resp_first++;
		mdev->resp_lost++;
	}
	mdev->counts.responses++;
	atomic_dec(&mdev->iopf_open);
	wake_up_all(&mdev->resp_wait);
	spin_unlock(&mdev->resp_lock);
}

static bool takes_requests(struct mock_dev *mdev, ioasid_t pasid)
{
	bool ret;

	down_read(&mdev->table_rwsem);
	ret = mock_attached(mdev, pasid)->iopf_handler;
	up_read(&mdev->table_rwsem);
	return ret;
}

/* What the core does where nobody wants a request. */
static int refuse_one(struct mock_dev *mdev, struct iopf_fault *event)
{
	struct iommu_page_response resp = {
		.pasid = event->fault.prm.pasid,
		.grpid = event->fault.prm.grpid,
		.code = IOMMU_PAGE_RESP_INVALID,
	};

	mock_fault_response(&mdev->pdev->dev, event, &resp);
	return -EINVAL;
}

/* iopf_open counts the requests that may get a response before it can come. */
static int report_one(struct mock_dev *mdev, const struct iommu_fault_page_request *prm)
{
	struct iopf_fault event = { .fault = { .type = IOMMU_FAULT_PAGE_REQ, .prm = *prm } };
	int ret;

	spin_lock(&mdev->resp_lock);
	mdev->counts.requests++;
	spin_unlock(&mdev->resp_lock);
	atomic_inc(&mdev->iopf_open);
	if (!takes_requests(mdev, prm->pasid))
		return refuse_one(mdev, &event);
	ret = iommu_report_device_fault(&mdev->pdev->dev, &event);
	/* One in the middle of a group gets one only if nobody wants it. */
	if (!(prm->flags & IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE) && ret != -EINVAL)
		atomic_dec(&mdev->iopf_open);
	return ret;
}

static int pasid_left(struct device *dev, void *data)
{
	struct mock_dev *mdev = to_mock_dev(dev);

	down_write(&mdev->table_rwsem);
	mdev->leaving = IOMMU_PASID_INVALID;
	up_write(&mdev->table_rwsem);
	return 0;
}

static bool is_leaving(struct mock_dev *mdev, ioasid_t pasid)
{
	bool ret;

	down_read(&mdev->table_rwsem);
	ret = mdev->leaving == pasid && pasid != IOMMU_PASID_INVALID;
	up_read(&mdev->table_rwsem);
	return ret;
}

static void report_unlock(struct mock_dev *mdev, int queue)
{
	up_read(&mdev->report_rwsem);
	if (queue != MOCK_NO_QUEUE)
		mock_mdev_unlock(&mdev->mdrv);
	up_read(&mdev->iopf_rwsem);
}

/* From here on an attachment that a request meets stays until report_unlock(). */
static int report_lock(struct mock_dev *mdev, int queue, ioasid_t *pasid)
{
	int ret = 0;

	for (;;) {
		down_read(&mdev->iopf_rwsem);
		if (queue != MOCK_NO_QUEUE)
			ret = mock_mdev_lock(&mdev->mdrv, queue, pasid);
		if (ret) {
			up_read(&mdev->iopf_rwsem);
			return ret;
		}
		down_read(&mdev->report_rwsem);
		if (!is_leaving(mdev, *pasid))
			return 0;
		report_unlock(mdev, queue);
		/* It calls us with the group's mutex. */
		iommu_group_for_each_dev(mdev->pdev->dev.iommu_group, NULL, pasid_left);
	}
}

/**
 * mock_fault_report() - raise a group of page requests
 * @mdev: the device
 * @prm: pasid, grpid, perm and addr of the first; pasid is filled in for a queue
 * @queue: the queue that raises it, or MOCK_NO_QUEUE
 * @requests: how many, one for each 4 KiB
 * @last: the last of them is the last of the group
 *
 * Return: 0, -ENOMEM, -ENXIO if the queue has no PASID, -EINVAL if nobody wants them, which is then
 * the response, too
 */
int mock_fault_report(struct mock_dev *mdev, struct iommu_fault_page_request *prm, int queue,
		      unsigned int requests, bool last)
{
	struct iommu_fault_page_request one;
	unsigned int i;
	int ret;

	ret = report_lock(mdev, queue, &prm->pasid);
	if (ret)
		return ret;
	one = *prm;
	if (one.pasid != IOMMU_NO_PASID)
		one.flags |= IOMMU_FAULT_PAGE_REQUEST_PASID_VALID;
	for (i = 0; i < requests && !ret; i++) {
		if (last && i == requests - 1)
			one.flags |= IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE;
		ret = report_one(mdev, &one);
		one.addr += SZ_4K;
	}
	report_unlock(mdev, queue);
	return ret;
}

/**
 * mock_fault_begin() - look out for the response to a new group
 * @mdev: the device
 * @wait: for mock_fault_wait() or mock_fault_cancel(); wait->prm.grpid is set
 *
 * The last responses that mdev->resp keeps may be others' by the time when the waiter looks.
 */
void mock_fault_begin(struct mock_dev *mdev, struct mock_fault_wait *wait)
{
	wait->done = false;
	spin_lock(&mdev->resp_lock);
	wait->prm.grpid = SZ_256 + mdev->grpid++ % SZ_256;
	list_add_tail(&wait->item, &mdev->resp_waits);
	spin_unlock(&mdev->resp_lock);
}

/**
 * mock_fault_cancel() - undo mock_fault_begin()
 * @mdev: the device
 * @wait: as given there
 */
void mock_fault_cancel(struct mock_dev *mdev, struct mock_fault_wait *wait)
{
	spin_lock(&mdev->resp_lock);
	list_del(&wait->item);
	spin_unlock(&mdev->resp_lock);
}

/**
 * mock_fault_wait() - wait for the response to a group
 * @mdev: the device
 * @wait: of mock_fault_begin(); not to be cancelled any more
 * @timeout_ms: how long
 *
 * Return: 0 for success, -EIO for another response, -ETIMEDOUT, -EINTR if killed
 */
int mock_fault_wait(struct mock_dev *mdev, struct mock_fault_wait *wait, unsigned int timeout_ms)
{
	long left;

	/* @code is read after @done; pairs with the end of the wait in the response. */
	left = wait_event_killable_timeout(mdev->resp_wait, smp_load_acquire(&wait->done),
					   msecs_to_jiffies(timeout_ms));
	mock_fault_cancel(mdev, wait);
	if (left < 0)
		return -EINTR;
	if (!left)
		return -ETIMEDOUT;
	return wait->code == IOMMU_PAGE_RESP_SUCCESS ? 0 : -EIO;
}

/**
 * mock_fault_read() - take the oldest responses away
 * @mdev: the device
 * @uptr: room for them
 * @num: in: how many fit; out: how many there were
 * @lost: out: how many were overwritten since the last call
 *
 * Return: 0, -ENOMEM, or -EFAULT, and they are gone
 */
int mock_fault_read(struct mock_dev *mdev, void __user *uptr, u32 *num, u32 *lost)
{
	struct iommufd_mock_response *copy;
	u32 max = min_t(u32, *num, MOCK_RESPONSES), n = 0;
	int ret = 0;

	copy = kcalloc(MOCK_RESPONSES, sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	spin_lock(&mdev->resp_lock);
	while (n < max && mdev->resp_first != mdev->resp_next)
		copy[n++] = mdev->resp[mdev->resp_first++ % MOCK_RESPONSES];
	*lost = mdev->resp_lost;
	mdev->resp_lost = 0;
	spin_unlock(&mdev->resp_lock);
	if (copy_to_user(uptr, copy, n * sizeof(*copy)))
		ret = -EFAULT;
	kfree(copy);
	*num = n;
	return ret;
}
