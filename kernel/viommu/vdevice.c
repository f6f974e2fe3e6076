// SPDX-License-Identifier: GPL-2.0-only
/*
 * VDEVICE objects: devices under the number by which a guest's IOMMU knows them.
 *
 * A device has at most one, idev->vdev, under group->lock. It holds no reference on the device,
 * because a driver may unbind its device at any time. Unbinding then destroys the VDEVICE and
 * leaves a tombstone, since user space does not know yet that it is gone. A VDEVICE that another
 * thread is destroying delays unbinding until it no longer uses the device and its group
 * (idev->dependents).
 */
#include <linux/iommu.h>
#include <linux/seq_file.h>

#include "viommu/viommu.h"

#define to_vdevice(ptr) container_of(ptr, struct iommufd_vdevice, obj)

/* Undo publish(). group->lock is held. */
static void unpublish(struct iommufd_vdevice *vdev)
{
	struct iommufd_viommu *viommu = vdev->viommu;

	xa_erase(&viommu->vdevs, vdev->virt_id);
	if (vdev->destroy)
		vdev->destroy(vdev);
	iommufd_object_unref(&viommu->obj);
	vdev->idev->vdev = NULL;
}

/**
 * iommufd_vdevice_destroy() - destroy a VDEVICE
 * @obj: the VDEVICE
 *
 * Context: may sleep; takes group->lock.
 */
void iommufd_vdevice_destroy(struct iommufd_object *obj)
{
	struct iommufd_vdevice *vdev = to_vdevice(obj);
	struct iommufd_device *idev = vdev->idev;
	struct iommufd_ctx *ctx = idev->ctx;

	mutex_lock(&idev->group->lock);
	unpublish(vdev);
	mutex_unlock(&idev->group->lock);
	/* From here on the device may be unbound and its group freed. */
	if (atomic_dec_and_test(&idev->dependents))
		wake_up_all(&ctx->idle);
}

/**
 * iommufd_device_destroy_vdevice() - destroy the VDEVICE of a device, if it has one
 * @idev: the device; idev->unbinding is set, so that no VDEVICE can be made for it
 *
 * A VDEVICE that another thread is destroying may remain; the caller waits for idev->dependents.
 *
 * Context: may sleep; takes group->lock; waits for calls on the VDEVICE, which end by themselves.
 */
void iommufd_device_destroy_vdevice(struct iommufd_device *idev)
{
	struct iommufd_vdevice *vdev;
	bool unlinked = false;

	mutex_lock(&idev->group->lock);
	vdev = idev->vdev;
	/* group->lock keeps it: idev->vdev is cleared before it is freed. */
	if (vdev)
		unlinked = iommufd_object_unlink(idev->ctx, &vdev->obj);
	mutex_unlock(&idev->group->lock);

	if (unlinked)
		iommufd_object_destroy_unlinked(idev->ctx, &vdev->obj);
}

/**
 * iommufd_vdevice_show() - show a VDEVICE in fdinfo
 * @m: the file
 * @obj: the VDEVICE
 *
 * Context: under the lock of ctx->objects.
 */
void iommufd_vdevice_show(struct seq_file *m, const struct iommufd_object *obj)
{
	const struct iommufd_vdevice *vdev = to_vdevice(obj);

	seq_printf(m, " viommu=%u virt_id=%#llx", vdev->viommu->obj.id, vdev->virt_id);
}

/* Allocate a VDEVICE of the size that the driver needs. */
static struct iommufd_vdevice *vdevice_alloc(struct iommufd_viommu *viommu)
{
	size_t size = sizeof(struct iommufd_vdevice);

	if (viommu->ops->vdevice_size) {
		if (WARN_ON_ONCE(viommu->ops->vdevice_size < size || !viommu->ops->vdevice_init))
			return ERR_PTR(-EOPNOTSUPP);
		size = viommu->ops->vdevice_size;
	}
	return iommufd_object_alloc_size(viommu->ictx, size, IOMMUFD_OBJ_VDEVICE);
}

/* Make the VDEVICE visible to the VIOMMU, the device and user space. group->lock is held. */
static int publish(struct iommufd_vdevice *vdev)
{
	struct iommufd_viommu *viommu = vdev->viommu;
	struct iommufd_device *idev = vdev->idev;
	int ret;

	if (idev->unbinding)
		return -ENOENT;
	if (idev->vdev)
		return -EEXIST;
	/* A zero entry reserves the number until the driver has initialised its part. */
	ret = xa_insert(&viommu->vdevs, vdev->virt_id, NULL, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret == -EBUSY ? -EEXIST : ret;
	if (viommu->ops->vdevice_init) {
		ret = viommu->ops->vdevice_init(vdev);
		if (ret) {
			xa_release(&viommu->vdevs, vdev->virt_id);
			return ret;
		}
	}
	iommufd_object_ref(&viommu->obj);
	/* Cannot fail: the entry exists. */
	WARN_ON(xa_store(&viommu->vdevs, vdev->virt_id, vdev, GFP_KERNEL));
	idev->vdev = vdev;
	atomic_inc(&idev->dependents);
	/* Under group->lock, so that unbinding finds it complete or not at all. */
	iommufd_object_finalize(viommu->ictx, &vdev->obj);
	return 0;
}

/* Check early for errors of publish(), which checks again under group->lock. */
static int check(struct iommufd_viommu *viommu, struct iommufd_device *idev, u64 virt_id)
{
	int ret = 0;

	mutex_lock(&idev->group->lock);
	if (idev->unbinding)
		ret = -ENOENT;
	else if (idev->vdev || xa_load(&viommu->vdevs, virt_id))
		ret = -EEXIST;
	mutex_unlock(&idev->group->lock);
	return ret;
}

static int do_alloc(struct iommufd_ucmd *ucmd, struct iommufd_viommu *viommu,
		    struct iommufd_device *idev)
{
	struct iommu_vdevice_alloc *cmd = ucmd->cmd;
	struct iommufd_vdevice *vdev;
	int ret;

	if (!idev->group->group || viommu->iommu_dev != idev->dev->iommu->iommu_dev)
		return -EINVAL;
	ret = check(viommu, idev, cmd->virt_id);
	if (ret)
		return ret;
	vdev = vdevice_alloc(viommu);
	if (IS_ERR(vdev))
		return PTR_ERR(vdev);
	vdev->viommu = viommu;
	vdev->idev = idev;
	vdev->virt_id = cmd->virt_id;

	/* Copy before publishing: a page fault under group->lock would block a detach. */
	cmd->out_vdevice_id = vdev->obj.id;
	ret = iommufd_ucmd_respond(ucmd, sizeof(*cmd));
	if (!ret) {
		mutex_lock(&idev->group->lock);
		ret = publish(vdev);
		mutex_unlock(&idev->group->lock);
	}
	if (ret)
		iommufd_object_abort(ucmd->ctx, &vdev->obj);
	return ret;
}

/**
 * iommufd_vdevice_alloc_ioctl() - IOMMU_VDEVICE_ALLOC
 * @ucmd: struct iommu_vdevice_alloc
 *
 * Return: 0; -ENOENT; -EINVAL if the device is behind another IOMMU, or the number is too large;
 * -EEXIST if the device has a VDEVICE, or the number is in use; -EFAULT; -ENOMEM; an error of the
 * IOMMU driver.
 */
int iommufd_vdevice_alloc_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_vdevice_alloc *cmd = ucmd->cmd;
	struct iommufd_viommu *viommu;
	struct iommufd_device *idev;
	int ret;

	if (cmd->virt_id > ULONG_MAX)
		return -EINVAL;
	viommu = iommufd_get_viommu(ucmd->ctx, cmd->viommu_id);
	if (IS_ERR(viommu))
		return PTR_ERR(viommu);
	idev = iommufd_get_device(ucmd->ctx, cmd->dev_id);
	if (IS_ERR(idev)) {
		ret = PTR_ERR(idev);
		goto out_put_viommu;
	}
	ret = do_alloc(ucmd, viommu, idev);
	iommufd_object_put(ucmd->ctx, &idev->obj);
out_put_viommu:
	iommufd_object_put(ucmd->ctx, &viommu->obj);
	return ret;
}

/**
 * iommufd_vdevice_to_device() - get the device of a VDEVICE
 * @vdev: the VDEVICE
 *
 * Context: any.
 * Return: the device, valid as long as the VDEVICE is.
 */
struct device *iommufd_vdevice_to_device(struct iommufd_vdevice *vdev)
{
	return vdev->idev->dev;
}
EXPORT_SYMBOL_NS_GPL(iommufd_vdevice_to_device, "IOMMUFD");

/**
 * iommufd_viommu_find_dev() - find the device with a guest's number
 * @viommu: the virtual IOMMU
 * @vdev_id: the number
 *
 * Context: xa_lock(&viommu->vdevs) is held and keeps the device.
 * Return: the device, or NULL.
 */
struct device *iommufd_viommu_find_dev(struct iommufd_viommu *viommu, unsigned long vdev_id)
{
	struct iommufd_vdevice *vdev;

	lockdep_assert_held(&viommu->vdevs.xa_lock);
	vdev = xa_load(&viommu->vdevs, vdev_id);
	return vdev ? vdev->idev->dev : NULL;
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_find_dev, "IOMMUFD");

/**
 * iommufd_viommu_get_vdev_id() - get the guest's number of a device
 * @viommu: the virtual IOMMU
 * @dev: the device
 * @vdev_id: out: the number
 *
 * Context: does not sleep; takes xa_lock(&viommu->vdevs).
 * Return: 0; -ENOENT if the device is not in this virtual IOMMU.
 */
int iommufd_viommu_get_vdev_id(struct iommufd_viommu *viommu, struct device *dev,
			       unsigned long *vdev_id)
{
	struct iommufd_vdevice *vdev;
	unsigned long index;
	int ret = -ENOENT;

	xa_lock(&viommu->vdevs);
	xa_for_each(&viommu->vdevs, index, vdev) {
		if (vdev->idev->dev == dev) {
			*vdev_id = index;
			ret = 0;
			break;
		}
	}
	xa_unlock(&viommu->vdevs);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_get_vdev_id, "IOMMUFD");
