// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices. Each is created together with an iommufd object, which also stands for its binding and
 * its attachment. The device lives until that object is destroyed, by IOMMU_DESTROY or by closing
 * the file.
 *
 * A device is a platform device without a driver, in an IOMMU group of its own. It names its IOMMU
 * in a fwspec. The fwspec must exist before the device is added, because the core reads it then. It
 * is allocated here because iommu_fwspec_init() must be called under a lock that is not exported.
 * After device_add() it belongs to the core.
 *
 * A device with PASIDs has the property "pasid-num-bits" while the core probes it. The property is
 * in a software node, which the probe attaches and which is removed afterwards. A node that stayed
 * would be shown in sysfs, and 6.12 drops one reference too many if that runs out of memory.
 *
 * A device without IOMMU has no fwspec. No other IOMMU driver takes it, because firmware does not
 * describe it.
 */
#include <linux/device.h>
#include <linux/property.h>
#include <linux/slab.h>

#include "mock.h"

static int fwspec_init(struct device *dev)
{
	struct iommu_fwspec *fwspec;
	struct dev_iommu *param;

	param = kzalloc(sizeof(*param), GFP_KERNEL);
	if (!param)
		return -ENOMEM;
	fwspec = kzalloc(struct_size(fwspec, ids, 1), GFP_KERNEL);
	if (!fwspec) {
		kfree(param);
		return -ENOMEM;
	}
	mutex_init(&param->lock);
	fwspec->iommu_fwnode = fwnode_handle_get(mock_iommu_fwnode());
	fwspec->num_ids = 1;
	param->fwspec = fwspec;
	dev->iommu = param;
	return 0;
}

static void fwspec_free(struct device *dev)
{
	struct dev_iommu *param = dev->iommu;

	if (!param)
		return;
	dev->iommu = NULL;
	fwnode_handle_put(param->fwspec->iommu_fwnode);
	kfree(param->fwspec);
	kfree(param);
}

static struct mock_dev *dev_alloc(u32 flags)
{
	struct mock_dev *mdev = kzalloc(sizeof(*mdev), GFP_KERNEL);

	if (!mdev)
		return NULL;
	mdev->flags = flags;
	mock_queues_init(&mdev->queues);
	init_rwsem(&mdev->iopf_rwsem);
	init_rwsem(&mdev->report_rwsem);
	mutex_init(&mdev->iopf_lock);
	init_rwsem(&mdev->table_rwsem);
	mdev->domain = &mock_blocked;
	xa_init(&mdev->pasids);
	mdev->detaching = IOMMU_PASID_INVALID;
	memset32(mdev->cache, IOMMU_TEST_DEV_CACHE_DEFAULT, ARRAY_SIZE(mdev->cache));
	mutex_init(&mdev->resv_lock);
	INIT_LIST_HEAD(&mdev->resv);
	spin_lock_init(&mdev->resp_lock);
	init_waitqueue_head(&mdev->resp_wait);
	INIT_LIST_HEAD(&mdev->resp_waits);
	mdev->resp_first = 1;
	mdev->resp_next = 1;
	mock_event_init(mdev);
	return mdev;
}

static void dev_free(struct mock_dev *mdev)
{
	struct iommu_resv_region *region, *next;

	list_for_each_entry_safe(region, next, &mdev->resv, list)
		kfree(region);
	mutex_destroy(&mdev->resv_lock);
	mutex_destroy(&mdev->iopf_lock);
	xa_destroy(&mdev->pasids);
	kfree(mdev);
}

static struct mock_dev *dev_create(u32 flags)
{
	const struct property_entry properties[] = {
		PROPERTY_ENTRY_U32("pasid-num-bits", MOCK_PASID_WIDTH), {}
	};
	bool has_iommu = !(flags & MOCK_FLAGS_DEVICE_NO_IOMMU);
	struct mock_dev *mdev;
	struct device *dev;
	int ret = -ENOMEM;

	if (flags &
	    ~(MOCK_FLAGS_DEVICE_NO_DIRTY | MOCK_FLAGS_DEVICE_PASID | MOCK_FLAGS_DEVICE_EARLY_IOPF |
	      MOCK_FLAGS_DEVICE_INCOHERENT | MOCK_FLAGS_DEVICE_NO_IOMMU))
		return ERR_PTR(-EINVAL);
	mdev = dev_alloc(flags);
	if (!mdev)
		return ERR_PTR(-ENOMEM);
	mdev->pdev = platform_device_alloc("iommufd-mock", PLATFORM_DEVID_AUTO);
	if (!mdev->pdev)
		goto err_mdev;
	platform_set_drvdata(mdev->pdev, mdev);
	dev = &mdev->pdev->dev;
	if (has_iommu)
		dev_set_msi_domain(dev, mock_iommu_msi());
	if (flags & MOCK_FLAGS_DEVICE_PASID) {
		mdev->node = fwnode_create_software_node(properties, NULL);
		if (IS_ERR(mdev->node)) {
			ret = PTR_ERR(mdev->node);
			goto err_pdev;
		}
	}
	ret = has_iommu ? fwspec_init(dev) : 0;
	if (ret)
		goto err_node;
	ret = platform_device_add(mdev->pdev);
	if (ret)
		goto err_fwspec;
	set_secondary_fwnode(dev, NULL);
	fwnode_remove_software_node(mdev->node);
	mdev->node = NULL;

	/* The IOMMU core does not report a failed probe; here, the cause is lack of memory. */
	if (has_iommu && (!dev->iommu_group || !mock_iommu_has(dev))) {
		platform_device_unregister(mdev->pdev);
		ret = -ENOMEM;
		goto err_mdev;
	}
	return mdev;

err_fwspec:
	fwspec_free(dev);
err_node:
	set_secondary_fwnode(dev, NULL);
	fwnode_remove_software_node(mdev->node);
err_pdev:
	platform_device_put(mdev->pdev);
err_mdev:
	dev_free(mdev);
	return ERR_PTR(ret);
}

static void dev_destroy(struct mock_dev *mdev)
{
	platform_device_unregister(mdev->pdev);
	dev_free(mdev);
}

/**
 * mock_dev_reserve() - Add a reserved region
 * @mdev: the device; the region counts from its next attachment on
 * @start: first IOVA
 * @length: bytes
 *
 * Context: takes resv_lock.
 * Return: 0, -EINVAL for an empty or overflowing range, -ENOMEM.
 */
int mock_dev_reserve(struct mock_dev *mdev, u64 start, u64 length)
{
	struct iommu_resv_region *region;
	u64 last;

	if (!length || check_add_overflow(start, length - 1, &last))
		return -EINVAL;
	region = iommu_alloc_resv_region(start, length, 0, IOMMU_RESV_RESERVED, GFP_KERNEL);
	if (!region)
		return -ENOMEM;
	mutex_lock(&mdev->resv_lock);
	list_add_tail(&region->list, &mdev->resv);
	mutex_unlock(&mdev->resv_lock);
	return 0;
}

/**
 * mock_dev_get() - Look up a device
 * @ctx: the context
 * @id: id of its DEVICE object
 * @obj: out: the object, which is held until iommufd_test_put()
 *
 * Return: the device, -ENOENT, or -EINVAL if the device has another IOMMU.
 */
struct mock_dev *mock_dev_get(struct iommufd_ctx *ctx, u32 id, struct iommufd_object **obj)
{
	struct device *dev = iommufd_test_device_get(ctx, id, obj);

	if (IS_ERR(dev))
		return ERR_CAST(dev);
	if (!mock_iommu_has(dev)) {
		iommufd_test_put(ctx, *obj);
		return ERR_PTR(-EINVAL);
	}
	return to_mock_dev(dev);
}

/* Destroy the device, its binding and its attachment, but not the object. */
static void object_teardown(struct mock_object *mobj, bool attached)
{
	struct mock_dev *mdev = mobj->mdev;
	unsigned long pasid;
	void *domain;

	mock_queues_stop(&mdev->queues);
	/* Operations on the object have ended, but PASID objects may attach until the unbind. */
	xa_for_each(&mdev->pasids, pasid, domain)
		iommufd_device_pasid_detach(mobj->idev, pasid);
	if (attached)
		iommufd_device_pasid_detach(mobj->idev, IOMMU_NO_PASID);
	iommufd_device_unbind(mobj->idev);
	/* After the unbind, no operation finds the device to start more events. */
	mock_event_stop(mdev);
	dev_destroy(mdev);
}

/**
 * mock_object_create() - Create a device, bind it and attach it
 * @ctx: the context
 * @pt_id: in: id of the IOAS or HWPT to attach to; out: id of the HWPT
 * @flags: MOCK_FLAGS_DEVICE_*
 * @resv_start: first IOVA of a reserved region
 * @resv_length: bytes of the region, 0 for none
 * @idev_id: out: id of the DEVICE object
 *
 * Return: the object, which is not visible before mock_object_finalize(); -EINVAL for unknown
 * flags; -ENOMEM; errors of binding and attaching.
 */
struct mock_object *mock_object_create(struct iommufd_ctx *ctx, u32 *pt_id, u32 flags,
				       u64 resv_start, u64 resv_length, u32 *idev_id)
{
	struct iommufd_test_object *tobj;
	struct mock_object *mobj;
	struct mock_dev *mdev;
	int ret;

	BUILD_BUG_ON(offsetof(struct mock_object, tobj));
	tobj = iommufd_test_object_alloc(ctx, sizeof(*mobj));
	if (IS_ERR(tobj))
		return ERR_CAST(tobj);
	mobj = container_of(tobj, struct mock_object, tobj);

	mdev = dev_create(flags);
	if (IS_ERR(mdev)) {
		ret = PTR_ERR(mdev);
		goto err_object;
	}
	mobj->mdev = mdev;
	if (resv_length) {
		ret = mock_dev_reserve(mdev, resv_start, resv_length);
		if (ret)
			goto err_dev;
	}
	mobj->idev = iommufd_test_device_bind(ctx, &mdev->pdev->dev, idev_id);
	if (IS_ERR(mobj->idev)) {
		ret = PTR_ERR(mobj->idev);
		goto err_dev;
	}
	ret = mock_queues_start(&mdev->queues, ctx, *idev_id);
	if (ret)
		goto err_unbind;
	ret = iommufd_device_pasid_attach(mobj->idev, IOMMU_NO_PASID, pt_id);
	if (ret) {
		object_teardown(mobj, false);
		goto err_object;
	}
	return mobj;

err_unbind:
	iommufd_device_unbind(mobj->idev);
err_dev:
	dev_destroy(mdev);
err_object:
	iommufd_test_object_abort(tobj);
	return ERR_PTR(ret);
}

/**
 * mock_object_finalize() - Make the object visible
 * @mobj: the object
 */
void mock_object_finalize(struct mock_object *mobj)
{
	iommufd_test_object_finalize(&mobj->tobj);
}

/**
 * mock_object_abort() - Undo mock_object_create() before the object is visible
 * @mobj: the object
 */
void mock_object_abort(struct mock_object *mobj)
{
	object_teardown(mobj, true);
	iommufd_test_object_abort(&mobj->tobj);
}

/**
 * mock_object_destroy() - Destroy the device of an object; destroy() of the hook
 * @tobj: the object, which iommufd frees afterwards
 */
void mock_object_destroy(struct iommufd_test_object *tobj)
{
	object_teardown(container_of(tobj, struct mock_object, tobj), true);
}
