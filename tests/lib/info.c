// SPDX-License-Identifier: GPL-2.0-only
/* Queries of devices and page tables; see info.h. */
#include <errno.h>
#include <string.h>

#include "info.h"
#include "iommu.h"
#include "tap.h"

#define FILLED 0xaa

/* Check that nothing is written behind the entries, nor behind the room. */
static int check_rest(const void *array, uint32_t num, size_t size)
{
	const unsigned char *at = array;

	if (num > INFO_ROOM)
		num = INFO_ROOM;
	for (size_t i = num * size; i < (INFO_ROOM + 1) * size; i++) {
		if (at[i] != FILLED) {
			tap__diag("byte %zu behind %u entries is written", i - num * size, num);
			return -EBADMSG;
		}
	}
	return 0;
}

int info__device(int fd, uint32_t dev, struct iommu_ext_device_info *info,
		 struct info_ranges *ranges, struct info_formats *formats)
{
	int ret;

	memset(info, FILLED, sizeof(*info));
	info->size = sizeof(*info);
	info->flags = 0;
	info->dev_id = dev;
	info->num_ranges = ranges ? INFO_ROOM : 0;
	info->ranges = ranges ? (uintptr_t)ranges->at : 0;
	info->num_formats = formats ? INFO_ROOM : 0;
	info->formats = formats ? (uintptr_t)formats->at : 0;
	if (ranges)
		memset(ranges, FILLED, sizeof(*ranges));
	if (formats)
		memset(formats, FILLED, sizeof(*formats));
	ret = iommu__ioctl(fd, IOMMU_EXT_DEVICE_INFO, info);
	if (!ret && ranges) {
		ranges->num = info->num_ranges;
		ret = check_rest(ranges->at, ranges->num, sizeof(ranges->at[0]));
	}
	if (!ret && formats) {
		formats->num = info->num_formats;
		ret = check_rest(formats->at, formats->num, sizeof(formats->at[0]));
	}
	return ret;
}

int info__pt(int fd, uint32_t pt, struct iommu_ext_pt_info *info, struct info_ranges *ranges)
{
	int ret;

	memset(info, FILLED, sizeof(*info));
	info->size = sizeof(*info);
	info->flags = 0;
	info->pt_id = pt;
	info->num_ranges = ranges ? INFO_ROOM : 0;
	info->ranges = ranges ? (uintptr_t)ranges->at : 0;
	if (ranges)
		memset(ranges, FILLED, sizeof(*ranges));
	ret = iommu__ioctl(fd, IOMMU_EXT_PT_INFO, info);
	if (!ret && ranges) {
		ranges->num = info->num_ranges;
		ret = check_rest(ranges->at, ranges->num, sizeof(ranges->at[0]));
	}
	return ret;
}

uint32_t info__of_kind(const struct info_ranges *ranges, uint32_t kind,
		       struct iommu_ext_range *found)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < ranges->num && i < INFO_ROOM; i++)
		if (ranges->at[i].kind == kind)
			found[n++] = ranges->at[i];
	return n;
}

bool info__usable_is(const struct info_ranges *ranges, int fd, uint32_t ioas)
{
	struct iommu_ext_range usable[INFO_ROOM];
	struct iommu_iova_range want[INFO_ROOM];
	uint32_t num = INFO_ROOM, n;
	uint64_t align;

	if (ioas__ranges(fd, ioas, want, &num, &align))
		return false;
	n = info__of_kind(ranges, IOMMU_EXT_RANGE_USABLE, usable);
	if (n != num)
		tap__diag("%u usable ranges, where the IOAS has %u", n, num);
	for (uint32_t i = 0; i < n && i < num; i++) {
		if (usable[i].start == want[i].start && usable[i].last == want[i].last &&
		    usable[i].dev_id == IOMMU_EXT_NONE)
			continue;
		tap__diag("usable: 0x%llx to 0x%llx, in the IOAS 0x%llx to 0x%llx",
			  (unsigned long long)usable[i].start, (unsigned long long)usable[i].last,
			  (unsigned long long)want[i].start, (unsigned long long)want[i].last);
		return false;
	}
	return n == num;
}
