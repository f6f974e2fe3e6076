/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's educational PCI device (1234:11e8) as a DMA engine: 4096 bytes of its own memory, copied
 * from and to any IOVA. Tests use it to find out which DMA the IOMMU allows.
 *
 * The engine has no error status: a transfer that the IOMMU stopped looks finished. Only the data
 * differs, so callers put known bytes on both sides before.
 */
#ifndef TESTS_LIB_EDU_H
#define TESTS_LIB_EDU_H

#include <stddef.h>
#include <stdint.h>

#include "vfio.h"

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8
#define EDU_BUFFER 4096 /* bytes that one transfer may have */

struct edu {
	struct vfio_dev dev;
	volatile void *bar;
	size_t bar_size;
};

/* Opens the device, bound to vfio-pci, and binds it to the iommufd; not attached to anything. */
int edu__open(struct edu *edu, const char *bdf, int iommufd);
/* After the first attach; makes the device ready for DMA. */
int edu__start(struct edu *edu);
void edu__close(struct edu *edu);

/* Device memory (at offset off) <- IOVA, and IOVA <- device memory. -ETIMEDOUT if it hangs. */
int edu__read(struct edu *edu, uint64_t iova, unsigned int off, unsigned int len);
int edu__write(struct edu *edu, uint64_t iova, unsigned int off, unsigned int len);

#endif
