// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-bufs whose exporter can name their physical memory, as registers of a PCI device: one piece,
 * which need not have struct pages. Nothing of it is pinned page by page or accounted; the exporter
 * keeps it for as long as the attachment is pinned, which is as long as the umem lives.
 *
 * The exporter may revoke access at any time, by dma_buf_move_notify(). From then on the umem has
 * no memory, for good: areas that use it stay, with nothing behind them. When access is granted
 * again it can be mapped anew, which makes another umem.
 *
 * A place is where the addresses have been written to: a page table. Each is in the list of its
 * dma-buf from before somebody can see the addresses in it until it is emptied. All of that is
 * under umem->lock, and so is revoking: what comes first is in the list when the other looks.
 *
 * Locks: the exporter holds the dma-buf's reservation lock when it revokes, so umem->lock is taken
 * inside of it, and nothing of iommufd may be held when we take it, here or in the exporter's
 * callbacks. The reservation lock may be taken inside mmap_lock, and umem->lock of user memory is
 * taken outside of that: dma-bufs have a lock class of their own, and their umem->lock is taken
 * inside the locks of address spaces only to fill and empty page tables.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <linux/iommufd_driver.h>

#include "umem/umem.h"

/**
 * struct umem_dmabuf - what is particular to a dma-buf
 * @attach: we as an importer of it; holds a reference on the dma-buf
 * @phys: its first physical address
 * @live: not revoked
 * @places: struct umem_attachment
 *
 * All but @attach is protected by umem->lock.
 */
struct umem_dmabuf {
	struct dma_buf_attachment *attach;
	phys_addr_t phys;
	bool live;
	struct list_head places;
};

/* Held for reading while an exporter's callback is needed, so that it stays. */
static DECLARE_RWSEM(exporters_lock);
static LIST_HEAD(exporters);

/**
 * umem_exporter_register() - let the dma-bufs of an exporter be mapped
 * @exporter: filled in, all but item
 *
 * Context: may sleep; no reservation lock is held.
 * Return: 0; -EINVAL without ops, ops->pin() or get_phys(); -EEXIST if there is one for these ops.
 */
int umem_exporter_register(struct iommufd_dmabuf_exporter *exporter)
{
	struct iommufd_dmabuf_exporter *other;
	int ret = 0;

	/* Without pin() the core would map it for our device, which is none. */
	if (!exporter->ops || !exporter->ops->pin || !exporter->get_phys)
		return -EINVAL;

	down_write(&exporters_lock);
	list_for_each_entry(other, &exporters, item)
		if (other->ops == exporter->ops)
			ret = -EEXIST;
	if (!ret)
		list_add_tail(&exporter->item, &exporters);
	up_write(&exporters_lock);
	return ret;
}

/**
 * umem_exporter_unregister() - undo umem_exporter_register()
 * @exporter: as it was given
 *
 * What is mapped stays mapped; it holds references on its dma-bufs, and so on their exporter.
 *
 * Context: waits for get_phys(); no reservation lock is held.
 */
void umem_exporter_unregister(struct iommufd_dmabuf_exporter *exporter)
{
	down_write(&exporters_lock);
	list_del(&exporter->item);
	up_write(&exporters_lock);
}

static struct iommufd_dmabuf_exporter *find_exporter(const struct dma_buf *dmabuf)
{
	struct iommufd_dmabuf_exporter *exporter;

	lockdep_assert_held(&exporters_lock);
	list_for_each_entry(exporter, &exporters, item)
		if (exporter->ops == dmabuf->ops)
			return exporter;
	return NULL;
}

/* Called with the reservation lock held. On return nobody reaches the memory through us. */
static void move_notify(struct dma_buf_attachment *attach)
{
	struct umem *umem = attach->importer_priv;
	struct umem_attachment *place, *next;

	mutex_lock(&umem->lock);
	umem->dmabuf->live = false;
	list_for_each_entry_safe(place, next, &umem->dmabuf->places, item) {
		list_del_init(&place->item);
		place->revoke(place);
	}
	mutex_unlock(&umem->lock);
}

static const struct dma_buf_attach_ops importer_ops = {
	.allow_peer2peer = true,
	.move_notify = move_notify,
};

/* Ask for the memory, which has to be there until it is revoked. The reservation lock is held. */
static int get_memory(struct umem *umem, struct iommufd_dmabuf_exporter *exporter,
		      unsigned long end)
{
	struct umem_dmabuf *dmabuf = umem->dmabuf;
	struct iommufd_phys_vec phys;
	int ret;

	ret = dma_buf_pin(dmabuf->attach);
	if (ret)
		return ret;
	ret = exporter->get_phys(dmabuf->attach, &phys);
	if (!ret && (!PAGE_ALIGNED(phys.paddr) || phys.len < end))
		ret = -EINVAL;
	if (ret) {
		dma_buf_unpin(dmabuf->attach);
		return ret;
	}

	mutex_lock(&umem->lock);
	dmabuf->phys = phys.paddr;
	dmabuf->live = true;
	mutex_unlock(&umem->lock);
	return 0;
}

static int attach(struct umem *umem, struct dma_buf *buf, struct device *importer,
		  unsigned long end)
{
	struct iommufd_dmabuf_exporter *exporter;
	struct dma_buf_attachment *attach;
	int ret;

	down_read(&exporters_lock);
	exporter = find_exporter(buf);
	if (!exporter) {
		ret = -EOPNOTSUPP;
		goto out_unlock;
	}
	/* It may be revoked from here on. */
	attach = dma_buf_dynamic_attach(buf, importer, &importer_ops, umem);
	if (IS_ERR(attach)) {
		ret = PTR_ERR(attach);
		goto out_unlock;
	}
	umem->dmabuf->attach = attach;
	dma_resv_lock(buf->resv, NULL);
	ret = get_memory(umem, exporter, end);
	dma_resv_unlock(buf->resv);
	if (ret)
		dma_buf_detach(buf, attach);
	else
		get_dma_buf(buf);
out_unlock:
	up_read(&exporters_lock);
	return ret;
}

/**
 * umem_init_dmabuf() - make a umem for a part of a dma-buf
 * @umem: as for umem_init()
 * @buf: the dma-buf; the umem takes a reference
 * @importer: a device to be known by to the exporter
 * @start: first byte in the dma-buf, need not be page aligned
 * @length: bytes
 * @writable: as for umem_init()
 * @totals: as for umem_init(); nothing is added to them
 * @release: as for umem_init(); not called on error
 *
 * Context: may sleep; no lock of iommufd and no reservation lock is held.
 * Return: as umem_init(); -EINVAL beyond the end of the dma-buf, and for memory that does not begin
 * with a page; -EOPNOTSUPP if its exporter is not registered, or the memory is not one piece;
 * -ENODEV if access is revoked; another error of the exporter; -ENOMEM.
 */
int umem_init_dmabuf(struct umem *umem, struct dma_buf *buf, struct device *importer,
		     unsigned long start, unsigned long length, bool writable,
		     struct umem_totals *totals, void (*release)(struct umem *umem))
{
	static struct lock_class_key lock_key;
	unsigned long last;
	int ret;

	if (length && check_add_overflow(start, length - 1, &last))
		return -EOVERFLOW;
	if (!length || buf->size <= last)
		return -EINVAL;

	umem->dmabuf = kzalloc(sizeof(*umem->dmabuf), GFP_KERNEL_ACCOUNT);
	if (!umem->dmabuf)
		return -ENOMEM;
	INIT_LIST_HEAD(&umem->dmabuf->places);
	ret = umem_init_common(umem, UMEM_DMABUF, start, length, writable, false, totals, release);
	if (ret)
		goto err_free;
	umem->account = UMEM_ACCOUNT_NONE;
	lockdep_set_class(&umem->lock, &lock_key);

	ret = attach(umem, buf, importer, last + 1);
	if (ret)
		goto err_common;
	return 0;

err_common:
	umem_fini_common(umem);
err_free:
	kfree(umem->dmabuf);
	return ret;
}

/**
 * umem_dmabuf_release() - undo umem_init_dmabuf()
 * @umem: not in any page table
 *
 * Context: may sleep; no lock of iommufd and no reservation lock is held.
 */
void umem_dmabuf_release(struct umem *umem)
{
	struct dma_buf_attachment *attach = umem->dmabuf->attach;
	struct dma_buf *buf = attach->dmabuf;

	WARN_ON(!list_empty(&umem->dmabuf->places));
	dma_resv_lock(buf->resv, NULL);
	dma_buf_unpin(attach);
	dma_resv_unlock(buf->resv);
	dma_buf_detach(buf, attach);
	dma_buf_put(buf);
	kfree(umem->dmabuf);
}

/**
 * umem_dmabuf_phys() - physical address of a part of a dma-buf
 * @umem: its lock is held
 * @offset: byte within the umem
 * @phys: out: its address; all that follows in the umem follows there, too
 *
 * Return: false if access is revoked.
 */
bool umem_dmabuf_phys(const struct umem *umem, unsigned long offset, phys_addr_t *phys)
{
	lockdep_assert_held(&umem->lock);
	*phys = umem->dmabuf->phys + umem->uptr + offset;
	return umem->dmabuf->live;
}

/**
 * umem_dmabuf_add_attachment() - have a place emptied when access is revoked
 * @umem: its lock is held since umem_dmabuf_phys() said true
 * @place: revoke is set; list_del_init() of item under the lock ends it, whether or not revoked
 */
void umem_dmabuf_add_attachment(struct umem *umem, struct umem_attachment *place)
{
	lockdep_assert_held(&umem->lock);
	list_add_tail(&place->item, &umem->dmabuf->places);
}

MODULE_IMPORT_NS(DMA_BUF);
