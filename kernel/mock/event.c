// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events that a device reports to its virtual IOMMU: the one whose nested domain is attached to the
 * whole device. An event holds the device's id in that virtual IOMMU, and nothing else.
 */
#include "mock.h"

/**
 * mock_event_route() - Set the virtual IOMMU that receives a device's events
 * @mdev: the device
 * @viommu: the virtual IOMMU, or NULL for none
 * @virt_id: id of the device in @viommu
 *
 * Context: takes viommu_rwsem for writing, and so waits for reports in progress.
 */
void mock_event_route(struct mock_dev *mdev, struct iommufd_viommu *viommu, unsigned long virt_id)
{
	down_write(&mdev->viommu_rwsem);
	mdev->viommu = viommu;
	mdev->virt_id = virt_id;
	up_write(&mdev->viommu_rwsem);
}

/**
 * mock_event_report() - Report an event of a device
 * @mdev: the device
 *
 * Context: takes viommu_rwsem for reading.
 * Return: 0; -ENOENT if no nested domain of a virtual IOMMU is attached; errors of
 * iommufd_viommu_report_event().
 */
int mock_event_report(struct mock_dev *mdev)
{
	struct iommu_viommu_event_selftest event = {};
	int ret = -ENOENT;

	down_read(&mdev->viommu_rwsem);
	if (mdev->viommu && mdev->virt_id) {
		event.virt_id = mdev->virt_id;
		ret = iommufd_viommu_report_event(mdev->viommu, IOMMU_VEVENTQ_TYPE_SELFTEST, &event,
						  sizeof(event));
	}
	up_read(&mdev->viommu_rwsem);
	return ret;
}

static void event_work(struct work_struct *work)
{
	struct mock_dev *mdev = container_of(work, struct mock_dev, event_work);

	while (atomic_add_unless(&mdev->events, -1, 0)) {
		if (mock_event_report(mdev))
			continue;
		spin_lock(&mdev->resp_lock);
		mdev->counts.events++;
		spin_unlock(&mdev->resp_lock);
	}
}

/**
 * mock_event_init() - Prepare a new device
 * @mdev: the device
 */
void mock_event_init(struct mock_dev *mdev)
{
	init_rwsem(&mdev->viommu_rwsem);
	INIT_WORK(&mdev->event_work, event_work);
}

/**
 * mock_event_start() - Report events from a worker thread
 * @mdev: the device
 * @num: events to report, in addition to those still to be reported
 */
void mock_event_start(struct mock_dev *mdev, unsigned int num)
{
	atomic_add(num, &mdev->events);
	queue_work(system_unbound_wq, &mdev->event_work);
}

/**
 * mock_event_stop() - Stop the worker thread
 * @mdev: the device, for which mock_event_start() is not called any more
 *
 * Context: sleeps until the worker is done.
 */
void mock_event_stop(struct mock_dev *mdev)
{
	atomic_set(&mdev->events, 0);
	cancel_work_sync(&mdev->event_work);
}
