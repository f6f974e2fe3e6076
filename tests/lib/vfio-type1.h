/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VFIO as it was before iommufd: groups, and the container's type1 ioctls. The container is a file
 * of /dev/iommu here (or /dev/vfio/vfio, for comparison).
 *
 * All functions return 0 or -errno.
 */
#ifndef TESTS_LIB_VFIO_TYPE1_H
#define TESTS_LIB_VFIO_TYPE1_H

#include <stdint.h>

#include "vfio.h"

#define TYPE1_R VFIO_DMA_MAP_FLAG_READ
#define TYPE1_W VFIO_DMA_MAP_FLAG_WRITE
#define TYPE1_RW (TYPE1_R | TYPE1_W)

/* IOMMU_VFIO_IOAS; *id is input and output. */
int compat__ioas(int fd, uint16_t op, uint32_t *id);

int type1__map(int fd, const void *va, uint64_t size, uint32_t flags, uint64_t iova);
/* *size is the size to unmap on the way in, the size that the kernel stored on the way out. */
int type1__unmap(int fd, uint64_t iova, uint64_t *size, uint32_t flags);
/* The same when the unmapped size does not matter. */
int type1__unmap_at(int fd, uint64_t iova, uint64_t size);

/* Opens /dev/vfio/GROUP of a device that is bound to vfio-pci. A file descriptor or -errno. */
int group__open(const char *bdf);
int group__set_container(int group, int container);
int group__unset_container(int group);
/* VFIO_GROUP_FLAGS_*, or -errno. */
int group__status(int group);
/* The device; after the name there may be options. Its id is that of no object. */
int group__device(int group, const char *name, struct vfio_dev *dev);

#endif
