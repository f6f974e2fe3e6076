// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-bufs whose exporter knows their physical memory, such as registers of a PCI device: one
 * contiguous range, which need not have struct pages. It is neither pinned page by page nor
 * charged. The exporter keeps it while the dma-buf's attachment is pinned, which is as long as the
 * umem lives. Exporters register here; vfio-pci has a function of its own for iommufd.
 *
 * The exporter may revoke access at any time by dma_buf_move_notify(). From then on the umem has no
 * memory, for good: areas that use it stay, with nothing mapped. If the exporter grants access
 * again, the dma-buf can be mapped anew, which creates another umem.
 *
 * Each page table with the addresses of a dma-buf has a struct umem_dmabuf_map in the dma-buf's
 * list, from before a device can use the addresses until they are unmapped. Adding to the list and
 * revoking both hold umem->lock, so revoking misses no page table.
 *
 * Locks. The exporter revokes with the dma-buf's reservation lock held, so umem->lock is taken
 * inside it, and nothing of iommufd may be held when this file or an exporter's callback takes the
 * reservation lock. That lock may be taken inside mmap_lock, but the umem->lock of user memory is
 * taken outside mmap_lock. So the umem->lock of a dma-buf has a lock class of its own, and is taken
 * inside the locks of address spaces only to map and unmap.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vfio_pci_core.h>

#include <linux/iommufd_driver.h>

#include "umem/internal.h"

/**
 * struct umem_dmabuf - a dma-buf of a umem
 * @attach: iommufd's attachment as an importer; holds a reference on the dma-buf
 * @phys: first physical address of the dma-buf
 * @live: not revoked
 * @maps: struct umem_dmabuf_map
 *
 * umem->lock protects all but @attach.
 */
struct umem_dmabuf {
	struct dma_buf_attachment *attach;
	phys_addr_t phys;
	bool live;
	struct list_head maps;
};

/* Held for reading while an exporter's callback runs, so that the exporter stays. */
static DECLARE_RWSEM(exporters_lock);
static LIST_HEAD(exporters);

/**
 * umem_exporter_register() - allow the dma-bufs of an exporter to be mapped
 * @exporter: filled in except for @item
 *
 * Context: may sleep; no reservation lock is held.
 * Return: 0; -EINVAL without ops, ops->pin() or get_phys(); -EEXIST if the ops are registered.
 */
int umem_exporter_register(struct iommufd_dmabuf_exporter *exporter)
{
	struct iommufd_dmabuf_exporter *other;
	int ret = 0;

	/* Without pin() the dma-buf core would map the buffer for our device, which does no DMA. */
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
 * @exporter: the exporter
 *
 * Mapped dma-bufs stay mapped. They hold references on the dma-bufs, and thereby on the exporter.
 *
 * Context: may sleep: waits for get_phys(); no reservation lock is held.
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

/* The reservation lock is held. On return no page table has addresses of the dma-buf. */
static void revoke_mappings(struct dma_buf_attachment *attach)
{
	struct umem *umem = attach->importer_priv;
	struct umem_dmabuf_map *map, *next;

	mutex_lock(&umem->lock);
	umem->dmabuf->live = false;
	list_for_each_entry_safe(map, next, &umem->dmabuf->maps, item) {
		list_del_init(&map->item);
		map->revoke(map);
	}
	mutex_unlock(&umem->lock);
}

static const struct dma_buf_attach_ops importer_ops = {
	.allow_peer2peer = true,
	.invalidate_mappings = revoke_mappings,
};

/* The reservation lock is held. @exporter: NULL if none is registered. */
static int get_phys(struct dma_buf_attachment *attach, struct iommufd_dmabuf_exporter *exporter,
		    struct iommufd_phys_vec *phys)
{
	if (!exporter)
		return port_vfio_dmabuf_phys(attach, &phys->paddr, &phys->len);
	return exporter->get_phys(attach, phys);
}

/* Get the memory, which the exporter keeps until it revokes it. The reservation lock is held. */
static int get_memory(struct umem *umem, struct iommufd_dmabuf_exporter *exporter,
		      unsigned long last)
{
	struct umem_dmabuf *dmabuf = umem->dmabuf;
	struct iommufd_phys_vec phys;
	int ret;

	ret = dma_buf_pin(dmabuf->attach);
	if (ret)
		return ret;
	ret = get_phys(dmabuf->attach, exporter, &phys);
	if (!ret && (!PAGE_ALIGNED(phys.paddr) || phys.len <= last))
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
		  unsigned long last)
{
	struct iommufd_dmabuf_exporter *exporter;
	struct dma_buf_attachment *attach;
	int ret;

	down_read(&exporters_lock);
	exporter = find_exporter(buf);
	if (!exporter && !PORT_HAS_VFIO_DMABUFS) {
		ret = -EOPNOTSUPP;
		goto out_unlock;
	}
	/* From here on the exporter may revoke access. */
	attach = dma_buf_dynamic_attach(buf, importer, &importer_ops, umem);
	if (IS_ERR(attach)) {
		ret = PTR_ERR(attach);
		goto out_unlock;
	}
	umem->dmabuf->attach = attach;
	dma_resv_lock(buf->resv, NULL);
	ret = get_memory(umem, exporter, last);
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
 * umem_dmabuf_init() - attach a umem to its dma-buf
 * @umem: otherwise initialized
 * @source: the dma-buf, and the device to attach as; the umem takes a reference on the dma-buf
 * @last: the last byte of the dma-buf that is in the umem
 *
 * Context: may sleep; no lock of iommufd and no reservation lock is held.
 * Return: 0; -EINVAL if @last is beyond the end of the dma-buf, or the memory is not page aligned;
 * -EOPNOTSUPP if the exporter is not known, or the memory is not contiguous; -ENODEV if access
 * is revoked; another error of the exporter; -ENOMEM.
 */
int umem_dmabuf_init(struct umem *umem, const struct umem_source *source, unsigned long last)
{
	static struct lock_class_key lock_key;
	int ret;

	if (source->dmabuf->size <= last)
		return -EINVAL;
	umem->dmabuf = kzalloc(sizeof(*umem->dmabuf), GFP_KERNEL_ACCOUNT);
	if (!umem->dmabuf)
		return -ENOMEM;
	INIT_LIST_HEAD(&umem->dmabuf->maps);
	umem->account = UMEM_ACCOUNT_NONE;
	lockdep_set_class(&umem->lock, &lock_key);

	ret = attach(umem, source->dmabuf, source->importer, last);
	if (ret)
		kfree(umem->dmabuf);
	return ret;
}

/**
 * umem_dmabuf_release() - undo umem_dmabuf_init()
 * @umem: no page table has its addresses
 *
 * Context: may sleep; no lock of iommufd and no reservation lock is held.
 */
void umem_dmabuf_release(struct umem *umem)
{
	struct dma_buf_attachment *attach = umem->dmabuf->attach;
	struct dma_buf *buf = attach->dmabuf;

	WARN_ON(!list_empty(&umem->dmabuf->maps));
	dma_resv_lock(buf->resv, NULL);
	dma_buf_unpin(attach);
	dma_resv_unlock(buf->resv);
	dma_buf_detach(buf, attach);
	dma_buf_put(buf);
	kfree(umem->dmabuf);
}

/**
 * umem_dmabuf_phys() - get the physical address of a byte of a dma-buf
 * @umem: UMEM_DMABUF; its lock is held
 * @offset: the byte, within the umem
 * @phys: out: its address; the rest of the umem follows it
 *
 * Return: true; false if access is revoked.
 */
bool umem_dmabuf_phys(const struct umem *umem, unsigned long offset, phys_addr_t *phys)
{
	lockdep_assert_held(&umem->lock);
	*phys = umem->dmabuf->phys + umem->start + offset;
	return umem->dmabuf->live;
}

/**
 * umem_dmabuf_add_map() - have a page table unmapped when access is revoked
 * @umem: UMEM_DMABUF; its lock is held since umem_dmabuf_phys() returned true
 * @map: revoke is set. Revoked or not, list_del_init() of its item under the lock ends it.
 */
void umem_dmabuf_add_map(struct umem *umem, struct umem_dmabuf_map *map)
{
	lockdep_assert_held(&umem->lock);
	list_add_tail(&map->item, &umem->dmabuf->maps);
}

MODULE_IMPORT_NS("DMA_BUF");
