// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IOMMU: its struct iommu_ops, and how the IOMMU core and iommufd learn of it.
 *
 * The IOMMU is a platform device with a software node, which the fwspecs of the mock devices name.
 * It has an MSI domain whose flag says that interrupts are remapped, because iommufd does not bind
 * a device without that. No interrupt is ever allocated in this MSI domain.
 */
#include <linux/irqdomain.h>
#include <linux/module.h>
#include <linux/property.h>
#include <linux/slab.h>

#include "mock.h"

/**
 * struct mock_iommu - the IOMMU
 * @iommu: for the IOMMU core
 * @pdev: its platform device
 * @msi_fwnode: the firmware node of @msi
 * @msi: the MSI domain of the devices
 */
static struct mock_iommu {
	struct iommu_device iommu;
	struct platform_device *pdev;
	struct fwnode_handle *msi_fwnode;
	struct irq_domain *msi;
} mock_iommu;

/**
 * mock_iommu_fwnode() - Get the firmware node that a fwspec has to name
 *
 * Return: the node.
 */
struct fwnode_handle *mock_iommu_fwnode(void)
{
	return mock_iommu.iommu.fwnode;
}

/**
 * mock_iommu_msi() - Get the MSI domain of the devices
 *
 * Return: the MSI domain.
 */
struct irq_domain *mock_iommu_msi(void)
{
	return mock_iommu.msi;
}

/**
 * mock_iommu_has() - Tell whether a device belongs to this IOMMU
 * @dev: any device
 *
 * Return: true if it does.
 */
bool mock_iommu_has(struct device *dev)
{
	return dev->iommu && dev->iommu->iommu_dev == &mock_iommu.iommu;
}

static bool mock_capable(struct device *dev, enum iommu_cap cap)
{
	switch (cap) {
	case IOMMU_CAP_CACHE_COHERENCY:
		return !(to_mock_dev(dev)->flags & MOCK_FLAGS_DEVICE_INCOHERENT);
	case IOMMU_CAP_DIRTY_TRACKING:
		return !(to_mock_dev(dev)->flags & MOCK_FLAGS_DEVICE_NO_DIRTY);
	default:
		return false;
	}
}

static void *mock_hw_info(struct device *dev, u32 *length, u32 *type)
{
	struct iommu_test_hw_info *info;

	info = kzalloc(sizeof(*info), GFP_KERNEL);
	if (!info)
		return ERR_PTR(-ENOMEM);
	info->test_reg = IOMMU_HW_INFO_SELFTEST_REGVAL;
	*length = sizeof(*info);
	*type = IOMMU_HW_INFO_TYPE_SELFTEST;
	return info;
}

static struct iommu_domain *mock_alloc_nested(struct device *dev, struct iommu_domain *parent,
					      u32 flags, const struct iommu_user_data *data)
{
	if (!mock_is_paging(parent))
		return ERR_PTR(-EINVAL);
	return mock_nested_alloc(to_mock_paging(parent), NULL, flags, data);
}

/* The core offers each device whose fwspec names no IOMMU to all drivers, so check the node. */
static struct iommu_device *mock_probe(struct device *dev)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);
	struct mock_dev *mdev = dev_get_drvdata(dev);

	if (!fwspec || fwspec->iommu_fwnode != mock_iommu_fwnode())
		return ERR_PTR(-ENODEV);
	dev_iommu_priv_set(dev, mdev);
	if (mdev->node)
		set_secondary_fwnode(dev, mdev->node);
	return &mock_iommu.iommu;
}

static void mock_release(struct device *dev)
{
	mock_iopf_release(to_mock_dev(dev));
}

/* Add copies of the reserved regions to the list, from which the core frees them. */
static void mock_get_resv(struct device *dev, struct list_head *list)
{
	struct mock_dev *mdev = to_mock_dev(dev);
	struct iommu_resv_region *region, *copy;

	mutex_lock(&mdev->resv_lock);
	list_for_each_entry(region, &mdev->resv, list) {
		copy = iommu_alloc_resv_region(region->start, region->length, region->prot,
					       region->type, GFP_KERNEL);
		if (!copy)
			break;
		list_add_tail(&copy->list, list);
	}
	mutex_unlock(&mdev->resv_lock);
}

/*
 * On 6.12, a driver enables page requests of a device before it attaches a domain with a fault
 * handler. It disables them after it has detached the last one and all requests have a response.
 * SVA needs page requests, so it is enabled after them. Newer kernels do not call these functions.
 */
static int __maybe_unused mock_enable_iopf(struct device *dev)
{
	return mock_iopf_get(to_mock_dev(dev));
}

static void __maybe_unused mock_disable_iopf(struct device *dev)
{
	mock_iopf_put(to_mock_dev(dev));
}

static int __maybe_unused mock_check_sva(struct device *dev)
{
	struct mock_dev *mdev = to_mock_dev(dev);

	if (!(mdev->flags & MOCK_FLAGS_DEVICE_PASID))
		return -ENODEV;
	return mock_iopf_enabled(mdev) ? 0 : -EINVAL;
}

PORT_DEFINE_ALLOC(mock_paging_alloc, mock_alloc_nested);
PORT_DEFINE_FEATURES(mock_enable_iopf, mock_disable_iopf, mock_check_sva);

const struct iommu_ops mock_ops = {
	.owner = THIS_MODULE,
	.capable = mock_capable,
	.hw_info = mock_hw_info,
	PORT_IOMMU_OPS(mock_paging_alloc, mock_alloc_nested, mock_enable_iopf, mock_disable_iopf,
		       mock_detach_pasid, MOCK_PAGE_SIZE),
	.domain_alloc_sva = mock_sva_alloc,
	.probe_device = mock_probe,
	.release_device = mock_release,
	.device_group = generic_device_group,
	.get_resv_regions = mock_get_resv,
	.page_response = mock_iopf_response,
	.default_domain = &mock_blocked,
	.blocked_domain = &mock_blocked,
	.release_domain = &mock_blocked,
	.user_pasid_table = 1,
};

/*
 * SVA is safe because sva.c does not walk the kernel's half of the page table. A test clears the
 * flag to see that iommufd respects it.
 */
static struct iommufd_iommu_driver mock_driver = {
	.entry.owner = THIS_MODULE,
	.entry.iommu_ops = &mock_ops,
	.sva_safe = true,
	.formats = mock_nested_formats,
};

module_param_named(sva_safe, mock_driver.sva_safe, bool, 0644);
MODULE_PARM_DESC(sva_safe, "Let iommufd attach page tables of processes (default: Y)");

static int msi_init(void)
{
	struct irq_domain_info info = {
		.domain_flags = IRQ_DOMAIN_FLAG_ISOLATED_MSI,
		.ops = &irq_domain_simple_ops,
	};

	info.fwnode = irq_domain_alloc_named_fwnode("iommufd-mock-msi");
	if (!info.fwnode)
		return -ENOMEM;
	mock_iommu.msi = irq_domain_instantiate(&info);
	if (IS_ERR(mock_iommu.msi)) {
		irq_domain_free_fwnode(info.fwnode);
		return PTR_ERR(mock_iommu.msi);
	}
	mock_iommu.msi_fwnode = info.fwnode;
	return 0;
}

static void msi_exit(void)
{
	irq_domain_remove(mock_iommu.msi);
	irq_domain_free_fwnode(mock_iommu.msi_fwnode);
}

static int iommu_init(void)
{
	const struct property_entry properties[] = {
		PROPERTY_ENTRY_STRING("compatible", "iommuscope,mock-iommu"), {}
	};
	struct platform_device_info info = {
		.name = "iommufd-mock-iommu",
		.id = PLATFORM_DEVID_NONE,
		.properties = properties,
	};
	struct device *dev;
	int ret;

	mock_iommu.pdev = platform_device_register_full(&info);
	if (IS_ERR(mock_iommu.pdev))
		return PTR_ERR(mock_iommu.pdev);
	dev = &mock_iommu.pdev->dev;
	/* Without a node, the core would give it devices whose fwspec names no IOMMU. */
	if (!dev_fwnode(dev)) {
		ret = -ENODEV;
		goto err_pdev;
	}
	mock_iommu.iommu.max_pasids = 1 << MOCK_PASID_WIDTH;
	ret = iommu_device_sysfs_add(&mock_iommu.iommu, dev, NULL, "%s", dev_name(dev));
	if (ret)
		goto err_pdev;
	ret = iommu_device_register(&mock_iommu.iommu, &mock_ops, dev);
	if (ret)
		goto err_sysfs;
	return 0;

err_sysfs:
	iommu_device_sysfs_remove(&mock_iommu.iommu);
err_pdev:
	platform_device_unregister(mock_iommu.pdev);
	return ret;
}

static void iommu_exit(void)
{
	iommu_device_unregister(&mock_iommu.iommu);
	iommu_device_sysfs_remove(&mock_iommu.iommu);
	platform_device_unregister(mock_iommu.pdev);
}

/**
 * mock_iommu_init() - Register the IOMMU with the IOMMU core and iommufd
 *
 * Return: 0 or a negative errno.
 */
int mock_iommu_init(void)
{
	int ret;

	mock_blocked.owner = &mock_ops;
	ret = msi_init();
	if (ret)
		return ret;
	ret = iommu_init();
	if (ret)
		goto err_msi;
	ret = iommufd_iommu_driver_register(&mock_driver);
	if (ret)
		goto err_iommu;
	return 0;

err_iommu:
	iommu_exit();
err_msi:
	msi_exit();
	return ret;
}

/**
 * mock_iommu_exit() - Undo mock_iommu_init(); no device is left
 */
void mock_iommu_exit(void)
{
	iommufd_iommu_driver_unregister(&mock_driver);
	iommu_exit();
	msi_exit();
}
