// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading and unloading.
 *
 * The IOMMU core holds the module while a device exists. The hook of iommufd holds it while an
 * object or an ioctl of the mock exists. Therefore nothing of those is left when the module is
 * unloaded, and unloading cannot fail. It only waits until the MMU notifiers of SVA domains, which
 * outlive them for an SRCU grace period, have been freed.
 */
#include <linux/mmu_notifier.h>
#include <linux/module.h>

#include "mock.h"

static int __init mock_init(void)
{
	int ret;

	ret = mock_iopf_init();
	if (ret)
		return ret;
	ret = mock_iommu_init();
	if (ret)
		goto err_iopf;
	ret = mock_viommu_register();
	if (ret)
		goto err_iommu;
	ret = mock_dmabuf_init();
	if (ret)
		goto err_viommu;
	ret = iommufd_test_register(&mock_hook);
	if (ret)
		goto err_dmabuf;
	return 0;

err_dmabuf:
	mock_dmabuf_exit();
err_viommu:
	mock_viommu_unregister();
err_iommu:
	mock_iommu_exit();
err_iopf:
	mock_iopf_exit();
	return ret;
}

static void __exit mock_exit(void)
{
	iommufd_test_unregister(&mock_hook);
	mock_dmabuf_exit();
	mock_viommu_unregister();
	mock_iommu_exit();
	mock_iopf_exit();
	mmu_notifier_synchronize();
}

module_init(mock_init);
module_exit(mock_exit);

MODULE_DESCRIPTION("Software IOMMU and devices for testing iommufd");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("IOMMUFD");
MODULE_IMPORT_NS("IOMMUFD_TEST");
