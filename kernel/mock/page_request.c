// SPDX-License-Identifier: GPL-2.0-only
/*
 * Raising page requests.
 *
 * The core looks up an attachment without a lock and then uses it, so it must not find one that is
 * being detached. As hardware does, the mock reports a request only if the domain of its PASID, or
 * of the whole device, has a fault handler. To any other request it responds "invalid" at once.
 *
 *	attach	The core knows the attachment before it calls the driver, so a request finds
 *		it.
 *	detach	The driver removes the domain and then waits for reports in progress, with
 *		mock_iopf_drain(). Only after that, the core forgets the attachment. iommufd
 *		responds to requests that were reported before.
 *	replace	The core forgets the old attachment some time after the driver has switched
 *		domains, and the driver cannot tell when. Therefore the operation that replaces
 *		the domain of the whole device holds iopf_rwsem for writing. On 6.12, replacing
 *		a PASID's domain is a detach and an attach; if the core replaces it, the driver
 *		does as for a detach.
 *
 * A PASID without a domain, and its page requests, use the nested domain of the whole device, if
 * there is one. The core nevertheless looks for an attachment of the PASID first, and still
 * finds it shortly after a detach, or after the driver has refused to attach it. Therefore
 * mdev->detaching names that PASID, and its requests wait until the core has finished, which is
 * when they get the group's mutex. One field is enough because attach and detach run under that
 * mutex: at the next detach, the core has finished the previous one.
 */
#include <linux/sizes.h>

#include "mock.h"

static bool has_fault_handler(struct mock_dev *mdev, ioasid_t pasid)
{
	bool ret;

	down_read(&mdev->table_rwsem);
	ret = mock_attached(mdev, pasid)->iopf_handler;
	up_read(&mdev->table_rwsem);
	return ret;
}

/* Respond as the core does if there is no fault handler. */
static int refuse_one(struct mock_dev *mdev, struct iopf_fault *event)
{
	struct iommu_page_response resp = {
		.pasid = event->fault.prm.pasid,
		.grpid = event->fault.prm.grpid,
		.code = IOMMU_PAGE_RESP_INVALID,
	};

	mock_iopf_response(&mdev->pdev->dev, event, &resp);
	return -EINVAL;
}

static int report_one(struct mock_dev *mdev, const struct iommu_fault_page_request *prm)
{
	struct iopf_fault event = { .fault = { .type = IOMMU_FAULT_PAGE_REQ, .prm = *prm } };
	int ret;

	spin_lock(&mdev->resp_lock);
	mdev->counts.requests++;
	spin_unlock(&mdev->resp_lock);
	/* The response, which decrements it again, may arrive before the report returns. */
	atomic_inc(&mdev->iopf_open);
	if (!has_fault_handler(mdev, prm->pasid))
		return refuse_one(mdev, &event);
	ret = iommu_report_device_fault(&mdev->pdev->dev, &event);
	/* A request before the last of its group gets a response only if the core refuses it. */
	if (!(prm->flags & IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE) && ret != -EINVAL)
		atomic_dec(&mdev->iopf_open);
	return ret;
}

static bool is_detaching(struct mock_dev *mdev, ioasid_t pasid)
{
	bool ret;

	down_read(&mdev->table_rwsem);
	ret = mdev->detaching == pasid && pasid != IOMMU_PASID_INVALID;
	up_read(&mdev->table_rwsem);
	return ret;
}

/* Called under the group's mutex. */
static int clear_detaching(struct device *dev, void *data)
{
	struct mock_dev *mdev = to_mock_dev(dev);

	down_write(&mdev->table_rwsem);
	mdev->detaching = IOMMU_PASID_INVALID;
	up_write(&mdev->table_rwsem);
	return 0;
}

static void report_unlock(struct mock_dev *mdev, int queue)
{
	up_read(&mdev->report_rwsem);
	if (queue != MOCK_NO_QUEUE)
		mock_queues_unlock(&mdev->queues);
	up_read(&mdev->iopf_rwsem);
}

/* Keep the attachment that a request finds until report_unlock(). */
static int report_lock(struct mock_dev *mdev, int queue, ioasid_t *pasid)
{
	int ret = 0;

	for (;;) {
		down_read(&mdev->iopf_rwsem);
		if (queue != MOCK_NO_QUEUE)
			ret = mock_queues_lock(&mdev->queues, queue, pasid);
		if (ret) {
			up_read(&mdev->iopf_rwsem);
			return ret;
		}
		down_read(&mdev->report_rwsem);
		if (!is_detaching(mdev, *pasid))
			return 0;
		report_unlock(mdev, queue);
		iommu_group_for_each_dev(mdev->pdev->dev.iommu_group, NULL, clear_detaching);
	}
}

/**
 * mock_page_request() - Raise a group of page requests
 * @mdev: the device
 * @prm: pasid, grpid, perm and addr of the first request; for a queue, pasid is filled in
 * @queue: the queue that raises them, or MOCK_NO_QUEUE
 * @requests: number of requests, one for each 4 KiB
 * @last: whether the last of them ends the group
 *
 * Context: may sleep; takes iopf_rwsem, the queues' rwsem, report_rwsem and table_rwsem for
 * reading, and possibly the group's mutex.
 * Return: 0; -ENOMEM; -ENXIO if the queue has no PASID; -EINVAL if no fault handler is attached, in
 * which case the response is "invalid".
 */
int mock_page_request(struct mock_dev *mdev, struct iommu_fault_page_request *prm, int queue,
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
