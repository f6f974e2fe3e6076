/* SPDX-License-Identifier: GPL-2.0-only */
/* vfio-pci of 7.3 reports the memory of its dma-bufs to iommufd; that of 6.12 has no dma-bufs. */
#include_next <linux/vfio_pci_core.h>

#ifndef _IOMMUFD_PORT_VFIO_PCI_CORE_H
#define _IOMMUFD_PORT_VFIO_PCI_CORE_H

#include <linux/module.h>

struct dma_buf_attachment;

/* Check whether vfio-pci may be the exporter of a dma-buf that nobody else has exported. */
#define PORT_HAS_VFIO_DMABUFS (PORT_VFIO_DMABUF == 2)

/*
 * Get the memory of a dma-buf of vfio-pci. The module, if it is there, stays only during the call.
 * The dma-buf's reservation lock is held. -EOPNOTSUPP if it is another exporter's, or not
 * contiguous; -ENODEV while access is revoked.
 */
static inline int port_vfio_dmabuf_phys(struct dma_buf_attachment *attach, phys_addr_t *paddr,
					size_t *len)
{
#if PORT_VFIO_DMABUF == 2
	int (*map)(struct dma_buf_attachment *attach, struct phys_vec *phys);
	struct phys_vec phys = {};
	int ret;

	map = symbol_get(vfio_pci_dma_buf_iommufd_map);
	if (!map)
		return -EOPNOTSUPP;
	ret = map(attach, &phys);
	symbol_put(vfio_pci_dma_buf_iommufd_map);
	*paddr = phys.paddr;
	*len = phys.len;
	return ret;
#else
	return -EOPNOTSUPP;
#endif
}

#endif
