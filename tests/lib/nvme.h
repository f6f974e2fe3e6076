/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small NVMe driver in user space: one controller, one namespace, one I/O queue pair, one
 * command at a time, completions by MSI-X through eventfds. Enough for real DMA in both
 * directions, with interrupts, through an address space that the caller controls.
 *
 * The queues are in the driver's own memory, which nvme__open() maps by one IOAS_MAP and
 * nvme__close() unmaps by one IOAS_UNMAP. The caller maps the data and passes its IOVA.
 */
#ifndef TESTS_LIB_NVME_H
#define TESTS_LIB_NVME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vfio.h"

struct nvme_queue {
	volatile uint32_t *sq, *cq;
	uint64_t sq_iova, cq_iova;
	volatile uint32_t *sq_bell, *cq_bell;
	unsigned int id, entries, sq_tail, cq_head, phase;
	int event;
	uint16_t command;
};

struct nvme {
	struct vfio_dev dev;
	int iommufd;
	uint32_t ioas;
	bool attached;
	volatile char *bar;
	size_t bar_size;
	char *mem;   /* queues, PRP list, identify data */
	uint64_t mem_iova;
	struct nvme_queue admin, io;
	uint64_t interrupts;  /* eventfd counts taken */
	uint32_t nsid, block_size;
	uint64_t blocks;
	size_t max_transfer;  /* bytes in one command */
	char model[41], serial[21];
};

/* The device is bound to vfio-pci. Bind, attach, reset, queues, identify: ready for I/O. */
int nvme__open(struct nvme *nvme, const char *bdf, int iommufd, uint32_t ioas);
/* The same with a device that is attached to the IOAS; it is closed at the end, or on failure. */
int nvme__use(struct nvme *nvme, const struct vfio_dev *dev, int iommufd, uint32_t ioas);
void nvme__close(struct nvme *nvme);
/* Whether the controller is enabled: it is not after a reset. And ready for I/O again. */
bool nvme__enabled(struct nvme *nvme);
int nvme__restart(struct nvme *nvme);

/* len is a multiple of the block size. -EIO: the controller failed; -ETIMEDOUT: no completion. */
int nvme__read(struct nvme *nvme, uint64_t lba, uint64_t iova, size_t len);
int nvme__write(struct nvme *nvme, uint64_t lba, uint64_t iova, size_t len);

#endif
