// SPDX-License-Identifier: GPL-2.0-only
/*
 * References on contexts, and the device that dma-bufs are attached to.
 */
#include <linux/file.h>
#include <linux/fs.h>

#include "core/core.h"

static struct device *importer;

/**
 * iommufd_ctx_get() - take another reference on a context
 * @ictx: a context that the caller has a reference on
 */
void iommufd_ctx_get(struct iommufd_ctx *ictx)
{
	get_file(ictx->file);
}
EXPORT_SYMBOL_NS_GPL(iommufd_ctx_get, IOMMUFD);

/**
 * iommufd_ctx_put() - return a reference
 * @ictx: the context; gone if the file is closed and this was the last
 */
void iommufd_ctx_put(struct iommufd_ctx *ictx)
{
	fput(ictx->file);
}
EXPORT_SYMBOL_NS_GPL(iommufd_ctx_put, IOMMUFD);

/**
 * iommufd_set_importer() - set what iommufd_importer() returns
 * @dev: the device of /dev/iommu; set at module load, right after it was registered
 */
void iommufd_set_importer(struct device *dev)
{
	WRITE_ONCE(importer, dev);
}

/**
 * iommufd_importer() - the device that dma-bufs are attached to
 *
 * No DMA is ever mapped for it: exporters need some device to know an importer by.
 *
 * Return: the device.
 */
struct device *iommufd_importer(void)
{
	return READ_ONCE(importer);
}
