// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registrations of IOMMU drivers.
 *
 * 6.12's struct iommu_ops has no room for virtual IOMMUs (viommu/viommu.c) or for the properties in
 * struct iommufd_iommu_driver, so IOMMU drivers register them with iommufd. A registration applies
 * to all devices whose IOMMU driver has the same struct iommu_ops. It comes and goes with the
 * driver's module; users hold a reference on that module, not on the registration.
 */
#include <linux/iommu.h>
#include <linux/module.h>

#include "device/device.h"

static IOMMUFD_DRIVER_LIST(iommu_drivers);

/**
 * iommufd_driver_add() - add a registration to a list
 * @list: the list
 * @entry: the registration, filled in by the driver
 *
 * Context: may sleep.
 * Return: 0; -EBUSY if the list has one for the same struct iommu_ops.
 */
int iommufd_driver_add(struct iommufd_driver_list *list, struct iommufd_driver_entry *entry)
{
	struct iommufd_driver_entry *cur;
	int ret = 0;

	mutex_lock(&list->lock);
	list_for_each_entry(cur, &list->entries, item)
		if (cur->iommu_ops == entry->iommu_ops)
			ret = -EBUSY;
	if (!ret)
		list_add_tail(&entry->item, &list->entries);
	mutex_unlock(&list->lock);
	return ret;
}

/**
 * iommufd_driver_del() - undo iommufd_driver_add()
 * @list: the list
 * @entry: nobody holds a reference from iommufd_driver_get()
 *
 * Context: may sleep.
 */
void iommufd_driver_del(struct iommufd_driver_list *list, struct iommufd_driver_entry *entry)
{
	mutex_lock(&list->lock);
	list_del(&entry->item);
	mutex_unlock(&list->lock);
}

/**
 * iommufd_driver_get() - find the registration of a device's IOMMU driver
 * @list: the list
 * @dev: a device with an IOMMU
 *
 * Context: may sleep.
 * Return: the registration, with a reference on its module for module_put(); NULL if there is none.
 */
struct iommufd_driver_entry *iommufd_driver_get(struct iommufd_driver_list *list,
						struct device *dev)
{
	struct iommufd_driver_entry *cur, *found = NULL;

	mutex_lock(&list->lock);
	list_for_each_entry(cur, &list->entries, item)
		if (cur->iommu_ops == iommu_core_ops(dev) && try_module_get(cur->owner))
			found = cur;
	mutex_unlock(&list->lock);
	return found;
}

/**
 * iommufd_iommu_driver_register() - describe an IOMMU driver to iommufd
 * @driver: filled in
 *
 * Context: may sleep.
 * Return: 0; -EBUSY if there is a registration for the same struct iommu_ops.
 */
int iommufd_iommu_driver_register(struct iommufd_iommu_driver *driver)
{
	return iommufd_driver_add(&iommu_drivers, &driver->entry);
}
EXPORT_SYMBOL_NS_GPL(iommufd_iommu_driver_register, "IOMMUFD");

/**
 * iommufd_iommu_driver_unregister() - undo iommufd_iommu_driver_register()
 * @driver: no callback of it is running, because callers hold a reference on its module
 *
 * Context: may sleep.
 */
void iommufd_iommu_driver_unregister(struct iommufd_iommu_driver *driver)
{
	iommufd_driver_del(&iommu_drivers, &driver->entry);
}
EXPORT_SYMBOL_NS_GPL(iommufd_iommu_driver_unregister, "IOMMUFD");

/**
 * iommufd_iommu_driver_get() - find the registration of a device's IOMMU driver
 * @dev: a device with an IOMMU
 *
 * Context: may sleep.
 * Return: the registration, for iommufd_iommu_driver_put(); NULL if there is none.
 */
const struct iommufd_iommu_driver *iommufd_iommu_driver_get(struct device *dev)
{
	struct iommufd_driver_entry *entry = iommufd_driver_get(&iommu_drivers, dev);

	return entry ? container_of(entry, struct iommufd_iommu_driver, entry) : NULL;
}

/**
 * iommufd_iommu_driver_put() - undo iommufd_iommu_driver_get()
 * @driver: the entry, or NULL
 */
void iommufd_iommu_driver_put(const struct iommufd_iommu_driver *driver)
{
	if (driver)
		module_put(driver->entry.owner);
}
