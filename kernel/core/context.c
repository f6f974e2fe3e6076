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
 * @ictx: a context that the caller holds a reference on
 */
void iommufd_ctx_get(struct iommufd_ctx *ictx)
{
	get_file(ictx->file);
}
EXPORT_SYMBOL_NS_GPL(iommufd_ctx_get, "IOMMUFD");

/**
 * iommufd_ctx_put() - drop a reference on a context
 * @ictx: the context; freed if the file is closed and this was the last reference
 */
void iommufd_ctx_put(struct iommufd_ctx *ictx)
{
	fput(ictx->file);
}
EXPORT_SYMBOL_NS_GPL(iommufd_ctx_put, "IOMMUFD");

/**
 * iommufd_set_importer() - set the device that iommufd_importer() returns
 * @dev: the device of /dev/iommu
 *
 * Called once at module load.
 */
void iommufd_set_importer(struct device *dev)
{
	WRITE_ONCE(importer, dev);
}

/**
 * iommufd_importer() - get the device that dma-bufs are attached to
 *
 * Exporters identify an importer by a device. No DMA is ever mapped for this one.
 *
 * Return: the device.
 */
struct device *iommufd_importer(void)
{
	return READ_ONCE(importer);
}
