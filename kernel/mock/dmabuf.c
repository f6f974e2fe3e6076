// SPDX-License-Identifier: GPL-2.0-only
/*
 * An exporter of dma-bufs: physically contiguous memory, access to which can be revoked.
 *
 * An importer cannot map it through the DMA API. iommufd asks for the physical address instead,
 * which it does not get while the dma-buf is revoked. The reservation lock of the dma-buf protects
 * that state.
 *
 * While access is not revoked the exporter keeps its pages pinned, because the DMA engine checks
 * that each page it reaches is.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "mock.h"

#define DMABUF_MAX (PAGE_SIZE * 512)

/* @memory: @length bytes */
struct mock_dmabuf {
	void *memory;
	size_t length;
	bool revoked;
};

/* Pin or unpin the pages, as pin_user_pages() counts it in pages that are not compound. */
static void pin_pages(struct mock_dmabuf *mock, bool pin)
{
	size_t i;

	for (i = 0; i < mock->length; i += PAGE_SIZE)
		page_ref_add(virt_to_page(mock->memory + i),
			     pin ? GUP_PIN_COUNTING_BIAS : -GUP_PIN_COUNTING_BIAS);
}

static struct sg_table *dmabuf_map(struct dma_buf_attachment *attachment,
				   enum dma_data_direction dir)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static void dmabuf_unmap(struct dma_buf_attachment *attachment, struct sg_table *sgt,
			 enum dma_data_direction dir)
{
}

/* A dynamic importer needs these callbacks; the memory never moves. */
static int dmabuf_pin(struct dma_buf_attachment *attachment)
{
	return 0;
}

static void dmabuf_unpin(struct dma_buf_attachment *attachment)
{
}

static void dmabuf_release(struct dma_buf *dmabuf)
{
	struct mock_dmabuf *mock = dmabuf->priv;

	if (!mock->revoked)
		pin_pages(mock, false);
	free_pages_exact(mock->memory, mock->length);
	kfree(mock);
}

static const struct dma_buf_ops mock_dmabuf_ops = {
	.map_dma_buf = dmabuf_map,
	.unmap_dma_buf = dmabuf_unmap,
	.pin = dmabuf_pin,
	.unpin = dmabuf_unpin,
	.release = dmabuf_release,
};

static int dmabuf_get_phys(struct dma_buf_attachment *attachment, struct iommufd_phys_vec *phys)
{
	struct mock_dmabuf *mock = attachment->dmabuf->priv;

	dma_resv_assert_held(attachment->dmabuf->resv);
	if (mock->revoked)
		return -ENODEV;
	phys->paddr = virt_to_phys(mock->memory);
	phys->len = mock->length;
	return 0;
}

static struct iommufd_dmabuf_exporter mock_exporter = {
	.owner = THIS_MODULE,
	.ops = &mock_dmabuf_ops,
	.get_phys = dmabuf_get_phys,
};

/**
 * mock_dmabuf_get() - Create a dma-buf (IOMMU_TEST_OP_DMABUF_GET)
 * @length: bytes, rounded up to whole pages; at most 2 MiB
 * @open_flags: flags of the file
 *
 * Return: a file descriptor, -EINVAL for a bad length, -ENOMEM, or an error of dma-buf.
 */
int mock_dmabuf_get(u32 length, u32 open_flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct mock_dmabuf *mock;
	struct dma_buf *dmabuf;
	int ret;

	if (!length || length > DMABUF_MAX)
		return -EINVAL;
	mock = kzalloc(sizeof(*mock), GFP_KERNEL_ACCOUNT);
	if (!mock)
		return -ENOMEM;
	mock->length = PAGE_ALIGN(length);
	mock->memory = alloc_pages_exact(mock->length, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!mock->memory) {
		ret = -ENOMEM;
		goto err_mock;
	}
	pin_pages(mock, true);
	info.ops = &mock_dmabuf_ops;
	info.size = mock->length;
	info.flags = open_flags;
	info.priv = mock;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		ret = PTR_ERR(dmabuf);
		goto err_memory;
	}
	ret = dma_buf_fd(dmabuf, open_flags);
	if (ret < 0)
		dma_buf_put(dmabuf);
	return ret;

err_memory:
	pin_pages(mock, false);
	free_pages_exact(mock->memory, mock->length);
err_mock:
	kfree(mock);
	return ret;
}

/**
 * mock_dmabuf_revoke() - Revoke or allow access (IOMMU_TEST_OP_DMABUF_REVOKE)
 * @fd: file descriptor from mock_dmabuf_get()
 * @revoke: true to revoke access, false to allow it
 *
 * Context: takes the reservation lock.
 * Return: 0, -EBADF, or -EOPNOTSUPP for a dma-buf of another exporter.
 */
int mock_dmabuf_revoke(int fd, bool revoke)
{
	struct mock_dmabuf *mock;
	struct dma_buf *dmabuf;
	bool change;
	int ret = 0;

	dmabuf = dma_buf_get(fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	if (dmabuf->ops != &mock_dmabuf_ops) {
		ret = -EOPNOTSUPP;
		goto out_put;
	}
	mock = dmabuf->priv;
	dma_resv_lock(dmabuf->resv, NULL);
	change = mock->revoked != revoke;
	if (change && !revoke)
		pin_pages(mock, true);
	mock->revoked = revoke;
	dma_buf_invalidate_mappings(dmabuf);
	if (change && revoke)
		pin_pages(mock, false);
	dma_resv_unlock(dmabuf->resv);
out_put:
	dma_buf_put(dmabuf);
	return ret;
}

/**
 * mock_dmabuf_init() - Register the exporter with iommufd
 *
 * Return: 0 or an error of iommufd_dmabuf_exporter_register().
 */
int mock_dmabuf_init(void)
{
	return iommufd_dmabuf_exporter_register(&mock_exporter);
}

/**
 * mock_dmabuf_exit() - Undo mock_dmabuf_init(); no dma-buf is left
 */
void mock_dmabuf_exit(void)
{
	iommufd_dmabuf_exporter_unregister(&mock_exporter);
}
