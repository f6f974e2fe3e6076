// SPDX-License-Identifier: GPL-2.0-only
/*
 * Thin wrappers over the ioctls of <linux/iommufd.h>; see iommu.h.
 *
 * No wrapper checks its arguments, because tests pass wrong ones on purpose to see the kernel's
 * errno. Outputs are stored only when the call succeeded, apart from the number of ranges, which is
 * also an answer with -EMSGSIZE.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "iommu.h"

struct iommu_counts iommu_counts;

static void count(unsigned long *all, unsigned long *failed, int ret)
{
	__atomic_fetch_add(all, 1, __ATOMIC_RELAXED);
	if (ret)
		__atomic_fetch_add(failed, 1, __ATOMIC_RELAXED);
}

int iommu__open(void)
{
	int fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int iommu__ioctl(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) ? -errno : 0;
}

int iommu__destroy(int fd, uint32_t id)
{
	struct iommu_destroy cmd = { .size = sizeof(cmd), .id = id };

	return iommu__ioctl(fd, IOMMU_DESTROY, &cmd);
}

int iommu__option(int fd, uint32_t option, uint16_t op, uint32_t object, uint64_t *val)
{
	struct iommu_option cmd = {
		.size = sizeof(cmd),
		.option_id = option,
		.op = op,
		.object_id = object,
		.val64 = *val,
	};
	int ret = iommu__ioctl(fd, IOMMU_OPTION, &cmd);

	if (!ret)
		*val = cmd.val64;
	return ret;
}

int ioas__alloc(int fd, uint32_t *id)
{
	struct iommu_ioas_alloc cmd = { .size = sizeof(cmd) };
	int ret = iommu__ioctl(fd, IOMMU_IOAS_ALLOC, &cmd);

	if (!ret)
		*id = cmd.out_ioas_id;
	return ret;
}

int ioas__map(int fd, uint32_t ioas, const void *va, uint64_t length, uint32_t flags,
	      uint64_t *iova)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.ioas_id = ioas,
		.user_va = (uintptr_t)va,
		.length = length,
		.iova = flags & IOAS_FIXED ? *iova : 0,
	};
	int ret = iommu__ioctl(fd, IOMMU_IOAS_MAP, &cmd);

	count(&iommu_counts.maps, &iommu_counts.maps_failed, ret);
	if (!ret)
		*iova = cmd.iova;
	return ret;
}

int ioas__map_at(int fd, uint32_t ioas, const void *va, uint64_t length, uint64_t iova)
{
	return ioas__map(fd, ioas, va, length, IOAS_FIXED | IOAS_RW, &iova);
}

int ioas__unmap(int fd, uint32_t ioas, uint64_t iova, uint64_t *length)
{
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.iova = iova,
		.length = *length,
	};
	int ret = iommu__ioctl(fd, IOMMU_IOAS_UNMAP, &cmd);

	count(&iommu_counts.unmaps, &iommu_counts.unmaps_failed, ret);
	if (!ret)
		*length = cmd.length;
	return ret;
}

int ioas__unmap_at(int fd, uint32_t ioas, uint64_t iova, uint64_t length)
{
	return ioas__unmap(fd, ioas, iova, &length);
}

int ioas__unmap_all(int fd, uint32_t ioas)
{
	return ioas__unmap_at(fd, ioas, 0, UINT64_MAX);
}

int ioas__copy(int fd, uint32_t dst, uint32_t src, uint64_t src_iova, uint64_t length,
	       uint32_t flags, uint64_t *dst_iova)
{
	struct iommu_ioas_copy cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.dst_ioas_id = dst,
		.src_ioas_id = src,
		.length = length,
		.dst_iova = flags & IOAS_FIXED ? *dst_iova : 0,
		.src_iova = src_iova,
	};
	int ret = iommu__ioctl(fd, IOMMU_IOAS_COPY, &cmd);

	count(&iommu_counts.copies, &iommu_counts.copies_failed, ret);
	if (!ret)
		*dst_iova = cmd.dst_iova;
	return ret;
}

int ioas__ranges(int fd, uint32_t ioas, struct iommu_iova_range *ranges, uint32_t *num,
		 uint64_t *align)
{
	struct iommu_ioas_iova_ranges cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.num_iovas = *num,
		.allowed_iovas = (uintptr_t)ranges,
	};
	int ret = iommu__ioctl(fd, IOMMU_IOAS_IOVA_RANGES, &cmd);

	if (!ret || ret == -EMSGSIZE) {
		*num = cmd.num_iovas;
		*align = cmd.out_iova_alignment;
	}
	return ret;
}

int ioas__allow(int fd, uint32_t ioas, const struct iommu_iova_range *ranges, uint32_t num)
{
	struct iommu_ioas_allow_iovas cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.num_iovas = num,
		.allowed_iovas = (uintptr_t)ranges,
	};

	return iommu__ioctl(fd, IOMMU_IOAS_ALLOW_IOVAS, &cmd);
}

int iommu__fdinfo(int fd, const char *key, uint64_t *val)
{
	size_t len = strlen(key);
	char line[256];
	bool found = false;
	FILE *f;

	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", fd);
	f = fopen(line, "r");
	if (!f)
		return -errno;
	while (!found && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, len) && line[len] == ':')
			found = sscanf(line + len + 1, "%" SCNu64, val) == 1;
	fclose(f);
	return found ? 0 : -ENOENT;
}
