// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mock as a driver of the IOMMU core: one IOMMU, what it can do, what is attached, and the
 * module.
 *
 * The IOMMU is a platform device with a software node, by which the devices name it. It has an MSI
 * domain with the flag of interrupt remapping, without which iommufd takes no devices; no interrupt
 * is ever made in it.
 *
 * Without a driver of their own the devices are blocked: mock_blocked is their default. Attaching
 * it never fails, nor does detaching a PASID.
 *
 * The module stays while a device is there (the core holds it) and while iommufd has objects of
 * ours or a call of ours is at work (the hook does). Everything that may be alive at its end is
 * gone then, so the end cannot fail. It waits for nothing but the memory of page tables of
 * processes, which is freed a while after they are.
 */
#include <linux/irqdomain.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/property.h>
#include <linux/slab.h>

#include "mock.h"

/**
 * struct mock_iommu - the IOMMU
 * @iommu: for the core
 * @pdev: its device
 * @msi_fwnode: the firmware node of @msi
 * @msi: where its devices' interrupts would be
 */
static struct mock_iommu {
	struct iommu_device iommu;
	struct platform_device *pdev;
	struct fwnode_handle *msi_fwnode;
	struct irq_domain *msi;
} mock_iommu;

static DEFINE_SPINLOCK(fail_lock);

/**
 * mock_fail_set() - let calls fail
 * @fail: which
 * @skip: after this many more
 * @count: this many; 0 takes back what was said before
 * @error: negative errno
 */
void mock_fail_set(struct mock_fail *fail, u32 skip, u32 count, int error)
{
	spin_lock(&fail_lock);
	*fail = (struct mock_fail){ .skip = skip, .count = count, .error = error };
	spin_unlock(&fail_lock);
}

/**
 * mock_fail_hit() - note a call
 * @fail: which
 *
 * Return: 0, or the error with which it has to fail
 */
int mock_fail_hit(struct mock_fail *fail)
{
	int ret = 0;

	spin_lock(&fail_lock);
	if (fail->skip && fail->count) {
		fail->skip--;
	} else if (fail->count) {
		fail->count--;
		ret = fail->error;
	}
	spin_unlock(&fail_lock);
	return ret;
}

/**
 * mock_iommu_fwnode() - the IOMMU's name for fwspecs
 *
 * Return: it
 */
struct fwnode_handle *mock_iommu_fwnode(void)
{
	return mock_iommu.iommu.fwnode;
}

/**
 * mock_iommu_msi() - where the devices' interrupts are
 *
 * Return: the MSI domain
 */
struct irq_domain *mock_iommu_msi(void)
{
	return mock_iommu.msi;
}

/**
 * mock_iommu_has() - is a device one of ours?
 * @dev: a device with an IOMMU
 *
 * Return: whether it is
 */
bool mock_iommu_has(struct device *dev)
{
	return dev->iommu && dev->iommu->iommu_dev == &mock_iommu.iommu;
}

/**
 * mock_attached() - the page table that DMA uses
 * @mdev: the device; table_rwsem is held
 * @pasid: the PASID, or IOMMU_NO_PASID
 *
 * A PASID without a page table of its own uses the guest's page table if the whole device is
 * attached to one: it stands for all that the guest's PASID table may say. Otherwise it is blocked.
 *
 * Return: the domain
 */
struct iommu_domain *mock_attached(struct mock_dev *mdev, ioasid_t pasid)
{
	struct iommu_domain *domain;

	lockdep_assert_held(&mdev->table_rwsem);
	if (pasid == IOMMU_NO_PASID)
		return mdev->domain;
	domain = xa_load(&mdev->pasids, pasid);
	if (!domain && mock_is_nested(mdev->domain))
		domain = mdev->domain;
	return domain ?: &mock_blocked;
}

static bool needs_fault(const struct iommu_domain *domain)
{
	return domain && domain->iopf_handler;
}

static int check_attach(struct mock_dev *mdev, struct iommu_domain *domain)
{
	if (domain->dirty_ops && mdev->flags & MOCK_FLAGS_DEVICE_NO_DIRTY)
		return -EINVAL;
	return mock_fail_hit(&mdev->fail[MOCK_FAIL_ATTACH]);
}

/**
 * mock_domain_attach() - attach_dev() of page tables
 * @domain: the page table
 * @dev: the device
 *
 * Called with the mutex of the device's group. On return no DMA of the device uses what was
 * attached before.
 *
 * Return: 0, -EINVAL for dirty tracking on a device without, -ENOENT if a virtual IOMMU does not
 * know the device, errors of the queue of page requests, what MOCK_OP_FAIL asked for
 */
int mock_domain_attach(struct iommu_domain *domain, struct device *dev)
{
	struct mock_dev *mdev = to_mock_dev(dev);
	struct mock_viommu *viommu = NULL;
	struct iommu_domain *old;
	unsigned long virt_id = 0;
	int ret;

	/* The core goes back to what was there if it cannot attach another: that must not fail. */
	if (domain == mdev->domain)
		return 0;
	ret = check_attach(mdev, domain);
	if (ret)
		return ret;
	if (mock_is_nested(domain))
		viommu = mock_nested_viommu(domain);
	if (viommu) {
		ret = mock_viommu_vdev_id(viommu, dev, &virt_id);
		if (ret)
			return ret;
	}
	if (needs_fault(domain)) {
		ret = mock_fault_get(mdev);
		if (ret)
			return ret;
	}

	down_write(&mdev->viommu_rwsem);
	mdev->viommu = viommu;
	mdev->virt_id = virt_id;
	up_write(&mdev->viommu_rwsem);

	down_write(&mdev->table_rwsem);
	old = mdev->domain;
	mdev->domain = domain;
	mdev->counts.attaches++;
	up_write(&mdev->table_rwsem);
	if (needs_fault(old))
		mock_fault_put(mdev);
	return 0;
}

static int mock_blocked_attach(struct iommu_domain *domain, struct device *dev)
{
	struct mock_dev *mdev = to_mock_dev(dev);
	struct iommu_domain *old;

	down_write(&mdev->viommu_rwsem);
	mdev->viommu = NULL;
	mdev->virt_id = 0;
	up_write(&mdev->viommu_rwsem);

	down_write(&mdev->table_rwsem);
	old = mdev->domain;
	mdev->domain = domain;
	up_write(&mdev->table_rwsem);
	mock_fault_drain(mdev);
	if (needs_fault(old))
		mock_fault_put(mdev);
	return 0;
}

static const struct iommu_domain_ops mock_blocked_ops = {
	.attach_dev = mock_blocked_attach,
};

struct iommu_domain mock_blocked = {
	.type = IOMMU_DOMAIN_BLOCKED,
	.ops = &mock_blocked_ops,
	.owner = &mock_ops,
};

/* Every second attachment fails; what comes between them, a detachment too, changes nothing. */
static int pasid_1024(struct mock_dev *mdev, ioasid_t pasid)
{
	if (pasid != IOMMU_TEST_PASID_RESERVED)
		return 0;
	mdev->pasid_armed = !mdev->pasid_armed;
	return mdev->pasid_armed ? 0 : -ENOMEM;
}

/**
 * mock_domain_set_pasid() - set_dev_pasid() of page tables
 * @domain: the page table
 * @dev: the device
 * @pasid: the PASID
 * @old: what it replaces, or NULL; 6.12 always says NULL
 *
 * Called with the mutex of the device's group.
 *
 * Return: 0, -EINVAL for dirty tracking on a device without, -ENOMEM, also for every second one of
 * PASID 1024, errors of the queue of page requests, what MOCK_OP_FAIL asked for
 */
int mock_domain_set_pasid(struct iommu_domain *domain, struct device *dev, ioasid_t pasid,
			  struct iommu_domain *old)
{
	struct mock_dev *mdev = to_mock_dev(dev);
	bool fault = false;
	int ret;

	ret = check_attach(mdev, domain);
	if (!ret)
		ret = pasid_1024(mdev, pasid);
	if (!ret && needs_fault(domain)) {
		ret = mock_fault_get(mdev);
		fault = !ret;
	}

	down_write(&mdev->table_rwsem);
	if (!ret)
		ret = xa_err(xa_store(&mdev->pasids, pasid, domain, GFP_KERNEL));
	if (!ret)
		mdev->counts.attaches++;
	if (!ret && !old)
		mdev->counts.pasids++;
	mdev->leaving = ret ? pasid : IOMMU_PASID_INVALID;
	up_write(&mdev->table_rwsem);
	if (ret)
		mock_fault_drain(mdev);
	if (ret ? fault : needs_fault(old))
		mock_fault_put(mdev);
	return ret;
}

static void mock_remove_pasid(struct device *dev, ioasid_t pasid, struct iommu_domain *domain)
{
	struct mock_dev *mdev = to_mock_dev(dev);
	struct iommu_domain *old;

	down_write(&mdev->table_rwsem);
	old = xa_erase(&mdev->pasids, pasid);
	if (old)
		mdev->counts.pasids--;
	mdev->leaving = pasid;
	up_write(&mdev->table_rwsem);
	mock_fault_drain(mdev);
	if (needs_fault(old))
		mock_fault_put(mdev);
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

static struct iommu_domain *mock_alloc_user(struct device *dev, u32 flags,
					    struct iommu_domain *parent,
					    const struct iommu_user_data *data)
{
	if (!parent)
		return mock_pt_alloc(dev, flags, data);
	if (!mock_is_paging(parent))
		return ERR_PTR(-EINVAL);
	return mock_nested_alloc(to_mock_domain(parent), NULL, flags, data);
}

/* The core asks all drivers about all devices that name no IOMMU; ours name us. */
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
	mock_fault_release(to_mock_dev(dev));
}

/*
 * On 6.12 the user of a device switches page requests on before it attaches a page table with a
 * fault handler, and off after the last is detached and all requests are answered. Page tables of
 * processes are switched on after that.
 */
static int mock_enable_feature(struct device *dev, enum iommu_dev_features feature)
{
	struct mock_dev *mdev = to_mock_dev(dev);

	switch (feature) {
	case IOMMU_DEV_FEAT_IOPF:
		return mock_fault_get(mdev);
	case IOMMU_DEV_FEAT_SVA:
		if (!(mdev->flags & MOCK_FLAGS_DEVICE_PASID))
			return -ENODEV;
		return mock_fault_is_on(mdev) ? 0 : -EINVAL;
	default:
		return -ENODEV;
	}
}

static int mock_disable_feature(struct device *dev, enum iommu_dev_features feature)
{
	switch (feature) {
	case IOMMU_DEV_FEAT_IOPF:
		mock_fault_put(to_mock_dev(dev));
		return 0;
	case IOMMU_DEV_FEAT_SVA:
		return 0;
	default:
		return -ENODEV;
	}
}

const struct iommu_ops mock_ops = {
	.owner = THIS_MODULE,
	.capable = mock_capable,
	.hw_info = mock_hw_info,
	.domain_alloc_user = mock_alloc_user,
	.domain_alloc_sva = mock_sva_alloc,
	.probe_device = mock_probe,
	.release_device = mock_release,
	.device_group = generic_device_group,
	.get_resv_regions = mock_dev_get_resv,
	.dev_enable_feat = mock_enable_feature,
	.dev_disable_feat = mock_disable_feature,
	.page_response = mock_fault_response,
	.remove_dev_pasid = mock_remove_pasid,
	.default_domain = &mock_blocked,
	.blocked_domain = &mock_blocked,
	.release_domain = &mock_blocked,
	.pgsize_bitmap = MOCK_PAGE_SIZE,
	.user_pasid_table = 1,
};

/*
 * Page tables of processes are walked by software that does not look at the kernel's half. That
 * this is asked for at all can be tested by saying that they are not.
 */
static struct iommufd_iommu_driver mock_driver = {
	.entry.owner = THIS_MODULE,
	.entry.iommu_ops = &mock_ops,
	.sva_safe = true,
	.formats = mock_nested_formats,
};

module_param_named(sva_safe, mock_driver.sva_safe, bool, 0644);
MODULE_PARM_DESC(sva_safe, "Page tables of processes can be attached (default: Y)");

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
	/* Without a node of its own it would answer for devices that name no IOMMU. */
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

static int __init mock_init(void)
{
	int ret;

	ret = mock_fault_init();
	if (ret)
		return ret;
	ret = msi_init();
	if (ret)
		goto err_fault;
	ret = iommu_init();
	if (ret)
		goto err_msi;
	ret = mock_viommu_register();
	if (ret)
		goto err_iommu;
	ret = iommufd_iommu_driver_register(&mock_driver);
	if (ret)
		goto err_viommu;
	ret = mock_dmabuf_init();
	if (ret)
		goto err_driver;
	ret = iommufd_test_register(&mock_hook);
	if (ret)
		goto err_dmabuf;
	return 0;

err_dmabuf:
	mock_dmabuf_exit();
err_driver:
	iommufd_iommu_driver_unregister(&mock_driver);
err_viommu:
	mock_viommu_unregister();
err_iommu:
	iommu_exit();
err_msi:
	msi_exit();
err_fault:
	mock_fault_exit();
	return ret;
}

static void __exit mock_exit(void)
{
	iommufd_test_unregister(&mock_hook);
	mock_dmabuf_exit();
	iommufd_iommu_driver_unregister(&mock_driver);
	mock_viommu_unregister();
	iommu_exit();
	msi_exit();
	mock_fault_exit();
	mmu_notifier_synchronize();
}

module_init(mock_init);
module_exit(mock_exit);

MODULE_DESCRIPTION("Software IOMMU and devices for testing iommufd");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(DMA_BUF);
MODULE_IMPORT_NS(IOMMUFD);
MODULE_IMPORT_NS(IOMMUFD_TEST);
