// SPDX-License-Identifier: GPL-2.0-only
/*
 * What IOMMU drivers say of themselves beyond 6.12's struct iommu_ops: see struct
 * iommufd_iommu_driver. They come and go with their modules.
 */
#include <linux/iommu.h>
#include <linux/module.h>

#include "device/device.h"

static DEFINE_MUTEX(drivers_lock);
static LIST_HEAD(drivers);

/**
 * iommufd_iommu_driver_register() - say what an IOMMU driver can do
 * @driver: filled in
 *
 * Context: may sleep.
 * Return: 0; -EBUSY if somebody does so for the same struct iommu_ops.
 */
int iommufd_iommu_driver_register(struct iommufd_iommu_driver *driver)
{
	struct iommufd_iommu_driver *cur;
	int ret = 0;

	mutex_lock(&drivers_lock);
	list_for_each_entry(cur, &drivers, item)
		if (cur->iommu_ops == driver->iommu_ops)
			ret = -EBUSY;
	if (!ret)
		list_add_tail(&driver->item, &drivers);
	mutex_unlock(&drivers_lock);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_iommu_driver_register, IOMMUFD);

/**
 * iommufd_iommu_driver_unregister() - end iommufd_iommu_driver_register()
 * @driver: no call of it is at work, as they hold its module
 *
 * Context: may sleep.
 */
void iommufd_iommu_driver_unregister(struct iommufd_iommu_driver *driver)
{
	mutex_lock(&drivers_lock);
	list_del(&driver->item);
	mutex_unlock(&drivers_lock);
}
EXPORT_SYMBOL_NS_GPL(iommufd_iommu_driver_unregister, IOMMUFD);

/**
 * iommufd_iommu_driver_get() - what the driver of a device's IOMMU has said
 * @dev: a device with an IOMMU
 *
 * Context: may sleep.
 * Return: the registration, with its module held, to be given back by iommufd_iommu_driver_put();
 * NULL if there is none.
 */
const struct iommufd_iommu_driver *iommufd_iommu_driver_get(struct device *dev)
{
	const struct iommufd_iommu_driver *cur, *found = NULL;

	mutex_lock(&drivers_lock);
	list_for_each_entry(cur, &drivers, item)
		if (cur->iommu_ops == iommu_core_ops(dev) && try_module_get(cur->owner))
			found = cur;
	mutex_unlock(&drivers_lock);
	return found;
}

/**
 * iommufd_iommu_driver_put() - undo iommufd_iommu_driver_get()
 * @driver: what it returned
 */
void iommufd_iommu_driver_put(const struct iommufd_iommu_driver *driver)
{
	if (driver)
		module_put(driver->owner);
}
