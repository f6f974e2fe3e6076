// SPDX-License-Identifier: GPL-2.0-only
/*
 * VDEVICE objects: devices under the number by which a guest's IOMMU knows them.
 *
 * A device has one at most, idev->vdev, under the lock of its group. It is no user of the device,
 * which its driver can take away at any time: then the VDEVICE goes too, and leaves its id
 * unusable, since user space still believes to have it. So a VDEVICE that is on its way out keeps
 * the device's unbinding waiting until it is through with the device and its group
 * (idev->dependents).
 */
#include <linux/iommu.h>
#include <linux/seq_file.h>

#include "viommu/viommu.h"

#define to_vdevice(ptr) container_of(ptr, struct iommufd_vdevice, obj)

/* Undo publish(). The lock of the device's group is held. */
static void release(struct iommufd_vdevice *vdev)
{
	struct iommufd_viommu *viommu = vdev->viommu;

	xa_erase(&viommu->vdevs, vdev->virt_id);
	if (vdev->destroy)
		vdev->destroy(vdev);
	iommufd_object_unref(&viommu->obj);
	vdev->idev->vdev = NULL;
}

/**
 * iommufd_vdevice_destroy() - the end of a VDEVICE
 * @obj: the VDEVICE
 */
void iommufd_vdevice_destroy(struct iommufd_object *obj)
{
	struct iommufd_vdevice *vdev = to_vdevice(obj);
	struct iommufd_device *idev = vdev->idev;
	struct iommufd_ctx *ctx = idev->ctx;

	mutex_lock(&idev->group->lock);
	release(vdev);
	mutex_unlock(&idev->group->lock);
	/* The device may be unbound from here on, and its group be freed. */
	if (atomic_dec_and_test(&idev->dependents))
		wake_up_all(&ctx->idle);
}

/**
 * iommufd_vdevice_remove() - a device is about to be unbound
 * @idev: the device, marked as such: no VDEVICE can be made for it any more
 *
 * One that user space is destroying may still be there on return: who unbinds waits for
 * idev->dependents.
 */
void iommufd_vdevice_remove(struct iommufd_device *idev)
{
	struct iommufd_vdevice *vdev;
	bool mine = false;

	mutex_lock(&idev->group->lock);
	vdev = idev->vdev;
	/* It is not freed before idev->vdev is NULL. */
	if (vdev)
		mine = iommufd_object_unlink(idev->ctx, &vdev->obj);
	mutex_unlock(&idev->group->lock);

	if (mine)
		iommufd_object_destroy_unlinked(idev->ctx, &vdev->obj);
}

/**
 * iommufd_vdevice_show() - fdinfo of a VDEVICE
 * @m: where to
 * @obj: the VDEVICE
 */
void iommufd_vdevice_show(struct seq_file *m, const struct iommufd_object *obj)
{
	const struct iommufd_vdevice *vdev = to_vdevice(obj);

	seq_printf(m, " viommu=%u virt_id=%#llx", vdev->viommu->obj.id, vdev->virt_id);
}

/* Room for a VDEVICE and what the driver has around it. */
static struct iommufd_vdevice *alloc_for(struct iommufd_viommu *viommu)
{
	size_t size = sizeof(struct iommufd_vdevice);

	if (viommu->ops->vdevice_size) {
		if (WARN_ON_ONCE(viommu->ops->vdevice_size < size || !viommu->ops->vdevice_init))
			return ERR_PTR(-EOPNOTSUPP);
		size = viommu->ops->vdevice_size;
	}
	return iommufd_object_alloc_size(viommu->ictx, size, IOMMUFD_OBJ_VDEVICE);
}

/* Make it known to the virtual IOMMU and the device. The lock of the device's group is held. */
static int publish(struct iommufd_vdevice *vdev)
{
	struct iommufd_viommu *viommu = vdev->viommu;
	struct iommufd_device *idev = vdev->idev;
	int ret;

	if (idev->unbinding)
		return -ENOENT;
	if (idev->vdev)
		return -EEXIST;
	/* Nobody finds it in there before the driver has made it ready. */
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
	/* Cannot fail: the entry is there. */
	WARN_ON(xa_store(&viommu->vdevs, vdev->virt_id, vdev, GFP_KERNEL));
	idev->vdev = vdev;
	atomic_inc(&idev->dependents);
	/* Under the lock, so that who unbinds the device finds it complete. */
	iommufd_object_finalize(viommu->ictx, &vdev->obj);
	return 0;
}

/* Whether it can be made, as things stand: publish() has the last word. */
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
	vdev = alloc_for(viommu);
	if (IS_ERR(vdev))
		return PTR_ERR(vdev);
	vdev->viommu = viommu;
	vdev->idev = idev;
	vdev->virt_id = cmd->virt_id;

	/* User memory is not touched with the lock held: it would keep others from detaching. */
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
 * -EEXIST if the device has a VDEVICE, or the number is taken; -EFAULT; -ENOMEM; an error of the
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
 * iommufd_vdevice_to_device() - the device behind a VDEVICE
 * @vdev: the VDEVICE
 *
 * Return: the device, which stays as long as the VDEVICE.
 */
struct device *iommufd_vdevice_to_device(struct iommufd_vdevice *vdev)
{
	return vdev->idev->dev;
}
EXPORT_SYMBOL_NS_GPL(iommufd_vdevice_to_device, IOMMUFD);

/**
 * iommufd_viommu_find_dev() - the device with a guest's number
 * @viommu: the virtual IOMMU
 * @vdev_id: the number
 *
 * Context: xa_lock(&viommu->vdevs) is held, and as long as it is the device stays.
 * Return: the device, or NULL.
 */
struct device *iommufd_viommu_find_dev(struct iommufd_viommu *viommu, unsigned long vdev_id)
{
	struct iommufd_vdevice *vdev;

	lockdep_assert_held(&viommu->vdevs.xa_lock);
	vdev = xa_load(&viommu->vdevs, vdev_id);
	return vdev ? vdev->idev->dev : NULL;
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_find_dev, IOMMUFD);

/**
 * iommufd_viommu_get_vdev_id() - the guest's number of a device
 * @viommu: the virtual IOMMU
 * @dev: the device
 * @vdev_id: out: the number
 *
 * Context: does not sleep.
 * Return: 0; -ENOENT if it is not in this virtual IOMMU.
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
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_get_vdev_id, IOMMUFD);
