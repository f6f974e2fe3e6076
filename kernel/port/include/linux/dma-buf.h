/* SPDX-License-Identifier: GPL-2.0-only */
/* dma_buf_invalidate_mappings() of 7.3 has another name in 6.12, as has the importer's callback. */
#include_next <linux/dma-buf.h>

#if !defined(_IOMMUFD_PORT_DMA_BUF_H) && PORT_DMABUF_REVOKE == 1
#define _IOMMUFD_PORT_DMA_BUF_H

#define invalidate_mappings move_notify
#define dma_buf_invalidate_mappings dma_buf_move_notify

#endif
