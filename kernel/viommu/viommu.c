// SPDX-License-Identifier: GPL-2.0-only
/*
 * VIOMMU objects, and the registration of IOMMU drivers that support them.
 *
 * 6.12's struct iommu_ops has no callbacks for virtual IOMMUs, so drivers register them with
 * iommufd. IOMMU_VIOMMU_ALLOC fails with -EOPNOTSUPP for devices of other drivers.
 */
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "viommu/viommu.h"

static IOMMUFD_DRIVER_LIST(viommu_drivers);

/**
 * iommufd_viommu_driver_register() - register an IOMMU driver that supports virtual IOMMUs
 * @driver: filled in
 *
 * Context: may sleep.
 * Return: 0; -EBUSY if there is a registration for the same struct iommu_ops.
 */
int iommufd_viommu_driver_register(struct iommufd_viommu_driver *driver)
{
	return iommufd_driver_add(&viommu_drivers, &driver->entry);
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_driver_register, "IOMMUFD");

/**
 * iommufd_viommu_driver_unregister() - undo iommufd_viommu_driver_register()
 * @driver: has no virtual IOMMU any more, because each holds a reference on its module
 *
 * Context: may sleep.
 */
void iommufd_viommu_driver_unregister(struct iommufd_viommu_driver *driver)
{
	iommufd_driver_del(&viommu_drivers, &driver->entry);
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_driver_unregister, "IOMMUFD");

/* Find the registration for a device, with a reference on its module; NULL if there is none. */
static const struct iommufd_viommu_driver *get_driver(struct iommufd_device *idev)
{
	struct iommufd_driver_entry *entry;

	if (!idev->group->group)
		return NULL;
	entry = iommufd_driver_get(&viommu_drivers, idev->dev);
	return entry ? container_of(entry, struct iommufd_viommu_driver, entry) : NULL;
}

/**
 * iommufd_get_viommu() - look up a VIOMMU and begin a call on it
 * @ctx: the context
 * @id: its id
 *
 * Return: as iommufd_object_get().
 */
struct iommufd_viommu *iommufd_get_viommu(struct iommufd_ctx *ctx, u32 id)
{
	struct iommufd_object *obj = iommufd_object_get(ctx, id, IOMMUFD_OBJ_VIOMMU);

	return IS_ERR(obj) ? ERR_CAST(obj) : container_of(obj, struct iommufd_viommu, obj);
}

/**
 * iommufd_viommu_destroy() - destroy a VIOMMU
 * @obj: the VIOMMU; no other object refers to it
 *
 * Context: may sleep.
 */
void iommufd_viommu_destroy(struct iommufd_object *obj)
{
	struct iommufd_viommu *viommu = container_of(obj, struct iommufd_viommu, obj);

	if (viommu->ops->destroy)
		viommu->ops->destroy(viommu);
	xa_destroy(&viommu->vdevs);
	iommufd_object_unref(&viommu->hwpt->common.obj);
	module_put(viommu->owner);
}

/**
 * iommufd_viommu_show() - show a VIOMMU in fdinfo
 * @m: the file
 * @obj: the VIOMMU
 *
 * Context: under the lock of ctx->objects.
 */
void iommufd_viommu_show(struct seq_file *m, const struct iommufd_object *obj)
{
	const struct iommufd_viommu *viommu = container_of(obj, struct iommufd_viommu, obj);

	seq_printf(m, " parent=%u type=%#x", viommu->hwpt->common.obj.id, viommu->type);
}

static struct iommufd_viommu *alloc_viommu(struct iommufd_device *idev,
					   struct iommufd_hwpt_paging *hwpt,
					   const struct iommufd_viommu_driver *driver,
					   const struct iommu_user_data *data, u32 type)
{
	size_t size = driver->get_viommu_size(idev->dev, type);
	struct iommufd_viommu *viommu;
	int ret;

	if (!size || WARN_ON_ONCE(size < sizeof(*viommu)))
		return ERR_PTR(-EOPNOTSUPP);
	if (!hwpt->nest_parent || hwpt->common.domain->owner != iommu_core_ops(idev->dev))
		return ERR_PTR(-EINVAL);

	viommu = iommufd_object_alloc_size(idev->ctx, size, IOMMUFD_OBJ_VIOMMU);
	if (IS_ERR(viommu))
		return viommu;
	viommu->ictx = idev->ctx;
	viommu->iommu_dev = idev->dev->iommu->iommu_dev;
	viommu->hwpt = hwpt;
	viommu->type = type;
	viommu->owner = driver->entry.owner;
	xa_init_flags(&viommu->vdevs, XA_FLAGS_ACCOUNT);
	INIT_LIST_HEAD(&viommu->veventqs);
	init_rwsem(&viommu->veventqs_rwsem);

	ret = driver->viommu_init(viommu, hwpt->common.domain, data);
	if (!ret && WARN_ON_ONCE(!viommu->ops))
		ret = -EOPNOTSUPP;
	if (ret) {
		iommufd_object_abort(idev->ctx, &viommu->obj);
		return ERR_PTR(ret);
	}
	iommufd_object_ref(&hwpt->common.obj);
	return viommu;
}

/* The caller holds a reference on the driver's module. On success the VIOMMU owns it. */
static int do_alloc(struct iommufd_ucmd *ucmd, struct iommufd_device *idev,
		    const struct iommufd_viommu_driver *driver)
{
	struct iommu_viommu_alloc *cmd = ucmd->cmd;
	const struct iommu_user_data data = {
		.type = cmd->type,
		.uptr = u64_to_user_ptr(cmd->data_uptr),
		.len = cmd->data_len,
	};
	struct iommufd_viommu *viommu;
	struct iommufd_object *obj;
	int ret;

	/* Report an unsupported type before other errors. */
	if (!driver->get_viommu_size(idev->dev, cmd->type))
		return -EOPNOTSUPP;
	obj = iommufd_object_get(ucmd->ctx, cmd->hwpt_id, IOMMUFD_OBJ_HWPT_PAGING);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	viommu = alloc_viommu(idev, to_hwpt_paging(obj), driver, cmd->data_len ? &data : NULL,
			      cmd->type);
	iommufd_object_put(ucmd->ctx, obj);
	if (IS_ERR(viommu))
		return PTR_ERR(viommu);

	cmd->out_viommu_id = viommu->obj.id;
	ret = iommufd_ucmd_respond(ucmd, sizeof(*cmd));
	if (ret) {
		__module_get(driver->entry.owner);
		iommufd_object_abort_and_destroy(ucmd->ctx, &viommu->obj);
		return ret;
	}
	iommufd_object_finalize(ucmd->ctx, &viommu->obj);
	return 0;
}

/**
 * iommufd_viommu_alloc_ioctl() - IOMMU_VIOMMU_ALLOC
 * @ucmd: struct iommu_viommu_alloc
 *
 * Return: 0; -EOPNOTSUPP if the device's IOMMU driver has no virtual IOMMU of the type; -ENOENT;
 * -EINVAL if the HWPT was not made with IOMMU_HWPT_ALLOC_NEST_PARENT, or is of another IOMMU;
 * -EFAULT; -ENOMEM; an error of the IOMMU driver.
 */
int iommufd_viommu_alloc_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_viommu_alloc *cmd = ucmd->cmd;
	const struct iommufd_viommu_driver *driver;
	struct iommufd_device *idev;
	int ret;

	if (cmd->flags || cmd->__reserved || cmd->type == IOMMU_VIOMMU_TYPE_DEFAULT)
		return -EOPNOTSUPP;
	idev = iommufd_get_device(ucmd->ctx, cmd->dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);

	driver = get_driver(idev);
	if (!driver) {
		ret = -EOPNOTSUPP;
		goto out_put_device;
	}
	ret = do_alloc(ucmd, idev, driver);
	if (ret)
		module_put(driver->entry.owner);
out_put_device:
	iommufd_object_put(ucmd->ctx, &idev->obj);
	return ret;
}

/**
 * _iommufd_object_depend() - keep an object from being destroyed before another one
 * @obj: the object that needs @on
 * @on: of the same type; the caller holds a reference
 *
 * Drivers call it through the helper for their type of object.
 *
 * Context: any.
 * Return: 0; -EINVAL if the objects are of different types, or the same object.
 */
int _iommufd_object_depend(struct iommufd_object *obj, struct iommufd_object *on)
{
	if (obj == on || obj->type != on->type)
		return -EINVAL;
	iommufd_object_ref(on);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(_iommufd_object_depend, "IOMMUFD");

/**
 * _iommufd_object_undepend() - undo _iommufd_object_depend()
 * @obj: as given there
 * @on: as given there
 *
 * Context: any.
 */
void _iommufd_object_undepend(struct iommufd_object *obj, struct iommufd_object *on)
{
	if (!WARN_ON_ONCE(obj == on || obj->type != on->type))
		iommufd_object_unref(on);
}
EXPORT_SYMBOL_NS_GPL(_iommufd_object_undepend, "IOMMUFD");
