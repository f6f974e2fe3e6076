// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queue of page requests, and the responses to them.
 *
 * A device is in the core's queue while it has users: attachments with a fault handler, and callers
 * that enabled IOMMU_DEV_FEAT_IOPF. A device whose groups lack a response stays in the queue until
 * it gets a user again, or is released. This does no harm: page_request.c accepts no request unless
 * a fault handler is attached. With MOCK_FLAGS_DEVICE_EARLY_IOPF it is removed although groups lack
 * a response, as by the driver of AMD's IOMMU. Then the core answers and frees those that iommufd
 * has not taken off.
 *
 * Each response gets a sequence number; the newest MOCK_RESPONSES are kept for MOCK_OP_RESPONSES.
 * A DMA that waits for a response registers before it raises the request, because that array may
 * have wrapped around by the time it looks.
 */
#include <linux/sizes.h>
#include <linux/slab.h>

#include "mock.h"

static struct iopf_queue *mock_queue;

/**
 * mock_iopf_init() - Make the queue when the module is loaded
 *
 * Debian's kernels of arm64 have no page requests: then there is none, and no device can use it.
 *
 * Return: 0 or -ENOMEM.
 */
int mock_iopf_init(void)
{
	mock_queue = iopf_queue_alloc("iommufd-mock");
	return mock_queue || !IS_ENABLED(CONFIG_IOMMU_IOPF) ? 0 : -ENOMEM;
}

/**
 * mock_iopf_exit() - Free the queue; it has no devices any more
 */
void mock_iopf_exit(void)
{
	iopf_queue_free(mock_queue);
}

/**
 * mock_iopf_get() - Add a user of a device's page requests
 * @mdev: the device
 *
 * Context: takes iopf_lock.
 * Return: 0, -ENOMEM, or the error that MOCK_OP_FAIL chose.
 */
int mock_iopf_get(struct mock_dev *mdev)
{
	int ret = 0;

	mutex_lock(&mdev->iopf_lock);
	if (!mdev->iopf_users)
		ret = mock_fail_hit(&mdev->fail[MOCK_FAIL_IOPF]);
	/* It stays in the queue while groups have no response. */
	if (!ret && !mdev->iopf_queued) {
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
 * mock_iopf_put() - Undo mock_iopf_get()
 * @mdev: the device
 *
 * Context: takes iopf_lock.
 */
void mock_iopf_put(struct mock_dev *mdev)
{
	bool early = mdev->flags & MOCK_FLAGS_DEVICE_EARLY_IOPF;

	mutex_lock(&mdev->iopf_lock);
	if (!WARN_ON(!mdev->iopf_users) && !--mdev->iopf_users &&
	    (early || !atomic_read(&mdev->iopf_open)))
		dequeue(mdev);
	mutex_unlock(&mdev->iopf_lock);
}

/**
 * mock_iopf_enabled() - Tell whether a device's page requests have users
 * @mdev: the device
 *
 * Context: takes iopf_lock.
 * Return: true if they have.
 */
bool mock_iopf_enabled(struct mock_dev *mdev)
{
	bool ret;

	mutex_lock(&mdev->iopf_lock);
	ret = mdev->iopf_users;
	mutex_unlock(&mdev->iopf_lock);
	return ret;
}

/**
 * mock_iopf_release() - Remove a device that goes away from the queue
 * @mdev: the device
 *
 * Context: takes iopf_lock.
 */
void mock_iopf_release(struct mock_dev *mdev)
{
	mutex_lock(&mdev->iopf_lock);
	if (mdev->iopf_queued)
		dequeue(mdev);
	mutex_unlock(&mdev->iopf_lock);
}

/**
 * mock_iopf_drain() - Wait until page requests in progress have been reported
 * @mdev: the device, from which the domain of those requests is detached already
 *
 * Context: takes report_rwsem for writing.
 */
void mock_iopf_drain(struct mock_dev *mdev)
{
	down_write(&mdev->report_rwsem);
	up_write(&mdev->report_rwsem);
}

/**
 * mock_iopf_response() - Note a page response; page_response() of struct iommu_ops
 * @dev: the device
 * @evt: the last request of the group
 * @msg: the response
 *
 * Context: called under mutexes of the core's queue; takes only resp_lock.
 */
void mock_iopf_response(struct device *dev, struct iopf_fault *evt, struct iommu_page_response *msg)
{
	struct mock_dev *mdev = to_mock_dev(dev);
	struct iommufd_mock_response *resp;
	struct mock_iopf_wait *wait;

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
		/* Pairs with smp_load_acquire() in mock_iopf_wait(). */
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

/**
 * mock_iopf_wait_begin() - Register for the response to a new group
 * @mdev: the device
 * @wait: for mock_iopf_wait() or mock_iopf_wait_cancel(); wait->prm.grpid is filled in
 *
 * Context: takes resp_lock.
 */
void mock_iopf_wait_begin(struct mock_dev *mdev, struct mock_iopf_wait *wait)
{
	wait->done = false;
	spin_lock(&mdev->resp_lock);
	wait->prm.grpid = SZ_256 + mdev->grpid++ % SZ_256;
	list_add_tail(&wait->item, &mdev->resp_waits);
	spin_unlock(&mdev->resp_lock);
}

/**
 * mock_iopf_wait_cancel() - Undo mock_iopf_wait_begin()
 * @mdev: the device
 * @wait: as passed there
 *
 * Context: takes resp_lock.
 */
void mock_iopf_wait_cancel(struct mock_dev *mdev, struct mock_iopf_wait *wait)
{
	spin_lock(&mdev->resp_lock);
	list_del(&wait->item);
	spin_unlock(&mdev->resp_lock);
}

/**
 * mock_iopf_wait() - Wait for the response to a group, and unregister
 * @mdev: the device
 * @wait: from mock_iopf_wait_begin()
 * @timeout_ms: longest wait, in milliseconds
 *
 * Context: sleeps; takes resp_lock.
 * Return: 0 for the response "success", -EIO for any other, -ETIMEDOUT, or -EINTR if killed.
 */
int mock_iopf_wait(struct mock_dev *mdev, struct mock_iopf_wait *wait, unsigned int timeout_ms)
{
	long left;

	/* smp_load_acquire() orders the read of wait->code after that of wait->done. */
	left = wait_event_killable_timeout(mdev->resp_wait, smp_load_acquire(&wait->done),
					   msecs_to_jiffies(timeout_ms));
	mock_iopf_wait_cancel(mdev, wait);
	if (left < 0)
		return -EINTR;
	if (!left)
		return -ETIMEDOUT;
	return wait->code == IOMMU_PAGE_RESP_SUCCESS ? 0 : -EIO;
}

/**
 * mock_iopf_read() - Read and remove the oldest responses
 * @mdev: the device
 * @uptr: an array of struct iommufd_mock_response in user memory
 * @num: in: entries of @uptr; out: responses read
 * @lost: out: responses overwritten since the last call
 *
 * Context: may sleep; takes resp_lock, but not while it touches user memory.
 * Return: 0, -ENOMEM, or -EFAULT, in which case the responses are lost.
 */
int mock_iopf_read(struct mock_dev *mdev, void __user *uptr, u32 *num, u32 *lost)
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
