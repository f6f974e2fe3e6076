/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queries of devices and page tables: IOMMU_EXT_DEVICE_INFO and IOMMU_EXT_PT_INFO.
 *
 * A struct info_ranges holds the answer. The functions fill it with 0xaa before, and check that
 * nothing is written behind the last entry. They return 0 or -errno.
 */
#ifndef TESTS_LIB_INFO_H
#define TESTS_LIB_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/iommufd_ext.h>

#define INFO_ROOM 64

struct info_ranges {
	uint32_t num;   /* as the kernel says */
	struct iommu_ext_range at[INFO_ROOM + 1];
};

struct info_formats {
	uint32_t num;
	struct iommu_ext_format at[INFO_ROOM + 1];
};

/* With no room if @ranges or @formats is NULL: @info then has the number that exists. */
int info__device(int fd, uint32_t dev, struct iommu_ext_device_info *info,
		 struct info_ranges *ranges, struct info_formats *formats);
int info__pt(int fd, uint32_t pt, struct iommu_ext_pt_info *info, struct info_ranges *ranges);

/* Copy the ranges of a kind, in their order; return their number. */
uint32_t info__of_kind(const struct info_ranges *ranges, uint32_t kind,
		       struct iommu_ext_range *found);
/* Whether the usable ranges are those of IOMMU_IOAS_IOVA_RANGES. */
bool info__usable_is(const struct info_ranges *ranges, int fd, uint32_t ioas);

#endif
