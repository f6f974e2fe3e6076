// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO's groups and type1 ioctls; see vfio-type1.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "iommu.h"
#include "vfio-type1.h"

int compat__ioas(int fd, uint16_t op, uint32_t *id)
{
	struct iommu_vfio_ioas cmd = { .size = sizeof(cmd), .op = op, .ioas_id = *id };
	int ret = iommu__ioctl(fd, IOMMU_VFIO_IOAS, &cmd);

	if (!ret)
		*id = cmd.ioas_id;
	return ret;
}

int type1__map(int fd, const void *va, uint64_t size, uint32_t flags, uint64_t iova)
{
	struct vfio_iommu_type1_dma_map cmd = {
		.argsz = sizeof(cmd),
		.flags = flags,
		.vaddr = (uintptr_t)va,
		.iova = iova,
		.size = size,
	};

	return iommu__ioctl(fd, VFIO_IOMMU_MAP_DMA, &cmd);
}

int type1__unmap(int fd, uint64_t iova, uint64_t *size, uint32_t flags)
{
	struct vfio_iommu_type1_dma_unmap cmd = {
		.argsz = sizeof(cmd),
		.flags = flags,
		.iova = iova,
		.size = *size,
	};
	int ret = iommu__ioctl(fd, VFIO_IOMMU_UNMAP_DMA, &cmd);

	*size = cmd.size;
	return ret;
}

int type1__unmap_at(int fd, uint64_t iova, uint64_t size)
{
	return type1__unmap(fd, iova, &size, 0);
}

int group__open(const char *bdf)
{
	int nr = pci__group(bdf), fd;
	char path[64];

	if (nr < 0)
		return nr;
	snprintf(path, sizeof(path), "/dev/vfio/%d", nr);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int group__set_container(int group, int container)
{
	return ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ? -errno : 0;
}

int group__unset_container(int group)
{
	return ioctl(group, VFIO_GROUP_UNSET_CONTAINER) ? -errno : 0;
}

int group__status(int group)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };

	return ioctl(group, VFIO_GROUP_GET_STATUS, &status) ? -errno : (int)status.flags;
}

int group__device(int group, const char *name, struct vfio_dev *dev)
{
	memset(dev, 0, sizeof(*dev));
	snprintf(dev->bdf, sizeof(dev->bdf), "%.12s", name);
	dev->fd = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name);
	return dev->fd < 0 ? -errno : 0;
}
