/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Thin wrappers over the ioctls of <linux/iommufd.h>: one function per command, its fields as
 * arguments, 0 or -errno as result. A test sends an invalid structure with iommu__ioctl().
 *
 * Every call is counted in iommu_counts, so that a workload can print its calls afterwards. The
 * counters are atomic; they hold calls that reached the kernel, succeeded or not.
 */
#ifndef TESTS_LIB_IOMMU_H
#define TESTS_LIB_IOMMU_H

#include <stddef.h>
#include <stdint.h>
#include <linux/iommufd.h>

#define IOAS_R IOMMU_IOAS_MAP_READABLE
#define IOAS_W IOMMU_IOAS_MAP_WRITEABLE
#define IOAS_RW (IOAS_R | IOAS_W)
#define IOAS_FIXED IOMMU_IOAS_MAP_FIXED_IOVA

struct iommu_counts {
	unsigned long maps, maps_failed;
	unsigned long unmaps, unmaps_failed;
	unsigned long copies, copies_failed;
};

extern struct iommu_counts iommu_counts;

/* Returns a file descriptor or -errno. */
int iommu__open(void);
int iommu__ioctl(int fd, unsigned long cmd, void *arg);
int iommu__destroy(int fd, uint32_t id);
/* op is IOMMU_OPTION_OP_SET or _GET; *val is input and output. */
int iommu__option(int fd, uint32_t option, uint16_t op, uint32_t object, uint64_t *val);

int ioas__alloc(int fd, uint32_t *id);
/* With IOAS_FIXED in flags *iova is the input, else the output. */
int ioas__map(int fd, uint32_t ioas, const void *va, uint64_t length, uint32_t flags,
	      uint64_t *iova);
/* Readable and writable at exactly that IOVA. */
int ioas__map_at(int fd, uint32_t ioas, const void *va, uint64_t length, uint64_t iova);
/* *length is the length to unmap on the way in, the unmapped length on the way out. */
int ioas__unmap(int fd, uint32_t ioas, uint64_t iova, uint64_t *length);
/* The same when the length that was unmapped does not matter. */
int ioas__unmap_at(int fd, uint32_t ioas, uint64_t iova, uint64_t length);
int ioas__unmap_all(int fd, uint32_t ioas);
int ioas__copy(int fd, uint32_t dst, uint32_t src, uint64_t src_iova, uint64_t length,
	       uint32_t flags, uint64_t *dst_iova);
/* *num is the room in ranges on the way in, the number there is on the way out. */
int ioas__ranges(int fd, uint32_t ioas, struct iommu_iova_range *ranges, uint32_t *num,
		 uint64_t *align);
int ioas__allow(int fd, uint32_t ioas, const struct iommu_iova_range *ranges, uint32_t num);

/* A line "key:<tab>number" of the fdinfo of a file. Returns 0, -ENOENT without such a line. */
int iommu__fdinfo(int fd, const char *key, uint64_t *val);

#endif
