// SPDX-License-Identifier: GPL-2.0-only
/*
 * The type1 and type1v2 ioctls on a file of /dev/iommu, and IOMMU_VFIO_IOAS: arguments and errnos
 * without a device, then with the edu device attached, whose DMA checks the mappings after an area
 * was cut. The errnos are those of the kernel's own iommufd.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/account.h"
#include "../lib/edu.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"
#include "../lib/vfio-type1.h"

#define P MEM_PAGE
#define BASE 0x1000000ull
#define PAGES 32
#define LEN 1024

static char bdf[16];
static char *mem;  /* page n is filled with seed n */
static int fd;
static uint32_t ioas;

static int ext(unsigned long which)
{
	int ret = ioctl(fd, VFIO_CHECK_EXTENSION, which);

	return ret < 0 ? -errno : ret;
}

static int set_iommu(unsigned long type)
{
	return ioctl(fd, VFIO_SET_IOMMU, type) ? -errno : 0;
}

/* Bytes that the kernel says were unmapped; the result has to be want. */
static long long unmap(uint64_t iova, uint64_t size, uint32_t flags, int want, const char *name)
{
	uint64_t got = size;

	tap__err(type1__unmap(fd, iova, &got, flags), want, "%s", name);
	return got;
}

static void test_ioas(void)
{
	uint32_t id = 0, other;
	struct {
		struct iommu_vfio_ioas cmd;
		uint32_t more;
	} long_cmd = { .cmd = { .size = sizeof(long_cmd), .op = IOMMU_VFIO_IOAS_GET } };
	struct iommu_vfio_ioas bad = { .size = sizeof(bad), .op = 3 };

	tap__err(compat__ioas(fd, IOMMU_VFIO_IOAS_GET, &id), -ENODEV, "get: none");
	tap__err(compat__ioas(fd, IOMMU_VFIO_IOAS_SET, &id), -ENOENT, "set: id 0");
	tap__err(iommu__ioctl(fd, IOMMU_VFIO_IOAS, &bad), -EOPNOTSUPP, "unknown op");
	bad.op = IOMMU_VFIO_IOAS_CLEAR;
	bad.__reserved = 1;
	tap__err(iommu__ioctl(fd, IOMMU_VFIO_IOAS, &bad), -EOPNOTSUPP, "reserved field");
	bad.__reserved = 0;
	bad.size = 8;
	tap__err(iommu__ioctl(fd, IOMMU_VFIO_IOAS, &bad), -EINVAL, "size too small");
	tap__err(compat__ioas(fd, IOMMU_VFIO_IOAS_CLEAR, &id), 0, "clear: none");
	ioas__alloc(fd, &ioas);
	ioas__alloc(fd, &other);
	tap__err(compat__ioas(fd, IOMMU_VFIO_IOAS_SET, &ioas), 0, "set");
	tap__err(compat__ioas(fd, IOMMU_VFIO_IOAS_GET, &id), 0, "get");
	tap__is(id, ioas, "the one that was set");
	tap__err(iommu__ioctl(fd, IOMMU_VFIO_IOAS, &long_cmd), 0, "get: a longer struct");
	tap__is(long_cmd.cmd.ioas_id, ioas, "has it too");
	long_cmd.more = 1;
	tap__err(iommu__ioctl(fd, IOMMU_VFIO_IOAS, &long_cmd), -E2BIG, "get: an unknown tail");
	tap__err(compat__ioas(fd, IOMMU_VFIO_IOAS_SET, &other), 0, "set another");
	tap__err(compat__ioas(fd, IOMMU_VFIO_IOAS_GET, &id), 0, "get");
	tap__is(id, other, "the other one");
	id = UINT32_MAX;
	tap__err(compat__ioas(fd, IOMMU_VFIO_IOAS_SET, &id), -ENOENT, "set: dead id");
	tap__err(iommu__destroy(fd, other), 0, "destroy it");
	tap__err(compat__ioas(fd, IOMMU_VFIO_IOAS_GET, &id), -ENODEV, "get: none");
	tap__err(compat__ioas(fd, IOMMU_VFIO_IOAS_SET, &ioas), 0, "set");
	tap__err(compat__ioas(fd, IOMMU_VFIO_IOAS_CLEAR, &id), 0, "clear");
	tap__err(compat__ioas(fd, IOMMU_VFIO_IOAS_GET, &id), -ENODEV, "get: none");
}

/* Without a compatibility IOAS. */
static void test_none(void)
{
	struct vfio_iommu_type1_info info = { .argsz = sizeof(info) };
	uint64_t size = P;

	tap__is(ioctl(fd, VFIO_GET_API_VERSION), VFIO_API_VERSION, "API version");
	tap__is(ext(VFIO_TYPE1_IOMMU), 1, "extension: type1");
	tap__is(ext(VFIO_TYPE1v2_IOMMU), 1, "extension: type1v2");
	tap__is(ext(VFIO_UNMAP_ALL), 1, "extension: unmap all");
	tap__is(ext(VFIO_NOIOMMU_IOMMU), 0, "extension: no-IOMMU");
	tap__is(ext(VFIO_TYPE1_NESTING_IOMMU), 0, "extension: nesting");
	tap__is(ext(VFIO_UPDATE_VADDR), 0, "extension: user addresses that move");
	tap__is(ext(VFIO_SPAPR_TCE_IOMMU), 0, "extension: another IOMMU");
	tap__is(ext(0), 0, "extension 0");
	tap__is(ext(~0ul), 0, "the last extension");
	tap__err(ext(VFIO_DMA_CC_IOMMU), -ENODEV, "extension: coherency, no IOAS");
	tap__err(set_iommu(VFIO_TYPE1_IOMMU), -ENODEV, "set type1, no IOAS");
	tap__err(set_iommu(VFIO_TYPE1v2_IOMMU), -ENODEV, "set type1v2, no IOAS");
	tap__err(set_iommu(VFIO_NOIOMMU_IOMMU), -EINVAL, "set no-IOMMU");
	tap__err(set_iommu(0), -EINVAL, "set type 0");
	tap__err(iommu__ioctl(fd, VFIO_IOMMU_GET_INFO, &info), -ENODEV, "info, no IOAS");
	tap__err(type1__map(fd, mem, P, TYPE1_RW, BASE), -ENODEV, "map, no IOAS");
	tap__err(type1__unmap(fd, BASE, &size, 0), -ENODEV, "unmap, no IOAS");
	tap__is(size, P, "it leaves the size alone");
	tap__err(iommu__ioctl(fd, VFIO_IOMMU_DIRTY_PAGES, &info), -ENOTTY, "dirty pages");
	tap__err(iommu__ioctl(fd, VFIO_GROUP_GET_STATUS, &info), -ENOTTY, "an ioctl of a group");
	tap__err(iommu__ioctl(fd, VFIO_IOMMU_ENABLE, &info), -ENOTTY, "an ioctl of another IOMMU");
	tap__err(iommu__ioctl(fd, _IO('X', 100), &info), -ENOTTY, "an unknown ioctl");
}

/* The chain is in bounds and complete; memory beyond argsz is untouched. */
static void check_info(unsigned int argsz, unsigned int *need, unsigned int ranges)
{
	static union {
		struct vfio_iommu_type1_info info;
		unsigned char bytes[8192];
	} u;
	struct vfio_iommu_type1_info_cap_iova_range *iova = NULL;
	struct vfio_iommu_type1_info_dma_avail *avail = NULL;
	const struct vfio_info_cap_header *cap;
	unsigned int beyond = 0, i;
	uint32_t at;
	int ret;

	memset(&u, 0xaa, sizeof(u));
	u.info.argsz = argsz;
	ret = iommu__ioctl(fd, VFIO_IOMMU_GET_INFO, &u);
	for (i = argsz; i < sizeof(u); i++)
		beyond += u.bytes[i] != 0xaa;
	if (ret || beyond) {
		tap__err(ret, 0, "info: argsz %u, %u bytes too many", argsz, beyond);
		return;
	}
	*need = u.info.argsz;
	if (argsz < sizeof(u.info)) {
		tap__is(u.info.flags, 3, "info: argsz %u: page sizes, capabilities", argsz);
		return;
	}
	if (!u.info.cap_offset) {
		if (argsz >= *need)
			tap__ok(false, "info: argsz %u: no capabilities", argsz);
		return;
	}
	for (at = u.info.cap_offset; at; at = cap->next) {
		cap = (void *)(u.bytes + at);
		if (at % 8 || at + sizeof(*cap) > argsz || cap->version != 1 ||
		    (cap->next && cap->next <= at))
			break;
		if (cap->id == VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE)
			iova = (void *)cap;
		else if (cap->id == VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL)
			avail = (void *)cap;
		else
			break;
	}
	tap__ok(!at && iova && avail, "info: argsz %u: a chain of both capabilities", argsz);
	if (!iova || !avail)
		return;
	tap__is(avail->avail, UINT32_MAX, "info: any number of maps");
	tap__is(iova->nr_iovas, ranges, "info: %u ranges", ranges);
	tap__is(iova->reserved, 0, "info: reserved field");
	tap__is(iova->iova_ranges[0].start, 0, "info: the first begins with 0");
	tap__is((char *)&iova->iova_ranges[ranges] - (char *)u.bytes, *need, "info: no more");
}

/* With room for all but the last byte, what fits is stored nevertheless, as upstream does it. */
static void check_part(unsigned int need, unsigned int ranges)
{
	struct {
		struct vfio_iommu_type1_info info;
		struct vfio_iommu_type1_info_dma_avail avail;
		uint32_t pad;
		struct vfio_iommu_type1_info_cap_iova_range iova;
		struct vfio_iova_range range[16];
	} u;

	memset(&u, 0xaa, sizeof(u));
	u.info.argsz = need - 1;
	tap__err(iommu__ioctl(fd, VFIO_IOMMU_GET_INFO, &u), 0, "info: argsz %u", need - 1);
	tap__is(u.avail.header.next, offsetof(typeof(u), iova), "info: the first capability");
	tap__hex(u.pad, 0xaaaaaaaa, "info: the padding is left alone");
	tap__hex(u.iova.nr_iovas, 0xaaaaaaaa, "info: no head of the second one");
	tap__hex(u.range[0].start, ranges > 1 ? 0 : 0xaaaaaaaaaaaaaaaaull, "info: its first range");
}

static void test_info(unsigned int ranges, uint64_t sizes)
{
	struct vfio_iommu_type1_info info = { .argsz = 8 };
	unsigned int need = 0, i;

	tap__err(iommu__ioctl(fd, VFIO_IOMMU_GET_INFO, &info), -EINVAL, "info: argsz 8");
	info.argsz = 15;
	tap__err(iommu__ioctl(fd, VFIO_IOMMU_GET_INFO, &info), -EINVAL, "info: argsz 15");
	tap__err(iommu__ioctl(fd, VFIO_IOMMU_GET_INFO, NULL), -EFAULT, "info: no struct");
	info.argsz = sizeof(info);
	iommu__ioctl(fd, VFIO_IOMMU_GET_INFO, &info);
	tap__hex(info.iova_pgsizes, sizes, "info: page sizes");
	tap__is(info.cap_offset, 0, "info: no capabilities where there is no room");
	check_info(16, &need, ranges);
	check_info(sizeof(info), &need, ranges);
	tap__is(need, sizeof(info) + 16 + 16 + 16 * ranges, "info: bytes needed");
	for (i = 16; i < need; i++) {
		unsigned int again;

		check_info(i, &again, ranges);
		if (again != need)
			tap__is(again, need, "info: argsz %u: bytes needed", i);
	}
	check_info(need, &i, ranges);
	check_info(4096, &i, ranges);
	check_part(need, ranges);
}

static void test_map(void)
{
	struct vfio_iommu_type1_dma_map cmd = {
		.argsz = 31,
		.flags = TYPE1_RW,
		.vaddr = (uintptr_t)mem,
		.size = P,
		.iova = BASE,
	};

	tap__err(iommu__ioctl(fd, VFIO_IOMMU_MAP_DMA, &cmd), -EINVAL, "map: argsz 31");
	tap__err(iommu__ioctl(fd, VFIO_IOMMU_MAP_DMA, NULL), -EFAULT, "map: no struct");
	tap__err(type1__map(fd, mem, P, TYPE1_RW | 4, BASE), -EINVAL, "map: flag VADDR");
	tap__err(type1__map(fd, mem, P, TYPE1_RW | 1u << 31, BASE), -EINVAL, "map: last flag");
	tap__err(type1__map(fd, mem, 0, TYPE1_RW, BASE), -EINVAL, "map: size 0");
	tap__err(type1__map(fd, mem, ~0ull - 2 * P + 1, TYPE1_RW, BASE), -EOVERFLOW,
		 "map: size that wraps");
	tap__err(type1__map(fd, mem, 2 * P, TYPE1_RW, -P), -EOVERFLOW, "map: IOVA that wraps");
	tap__err(type1__map(fd, (void *)-P, 2 * P, TYPE1_RW, BASE), -EOVERFLOW,
		 "map: address that wraps");
	cmd.argsz = 4096;
	tap__err(iommu__ioctl(fd, VFIO_IOMMU_MAP_DMA, &cmd), 0, "map: a larger argsz");
	tap__err(type1__map(fd, mem, P, TYPE1_RW, BASE), -EEXIST, "map: taken");
	tap__err(type1__map(fd, mem, 2 * P, TYPE1_RW, BASE - P), -EEXIST, "map: taken in part");
	tap__err(type1__unmap_at(fd, BASE, P), 0, "unmap");
	/* Without a device this is valid. */
	tap__err(type1__map(fd, mem, P, 0, BASE), 0, "map: neither to be read nor written");
	tap__err(type1__unmap_at(fd, BASE, P), 0, "unmap");
}

static void test_unmap(bool cuts)
{
	struct vfio_iommu_type1_dma_unmap cmd = { .argsz = 23, .iova = BASE, .size = P };
	long long got;

	type1__map(fd, mem, 4 * P, TYPE1_RW, BASE);
	tap__err(iommu__ioctl(fd, VFIO_IOMMU_UNMAP_DMA, &cmd), -EINVAL, "unmap: argsz 23");
	tap__err(iommu__ioctl(fd, VFIO_IOMMU_UNMAP_DMA, NULL), -EFAULT, "unmap: no struct");
	got = unmap(BASE, P, VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP, -EINVAL, "unmap: dirty bitmap");
	tap__is(got, P, "it leaves the size alone");
	unmap(BASE, P, VFIO_DMA_UNMAP_FLAG_VADDR, -EINVAL, "unmap: user address");
	unmap(BASE, P, 1u << 31, -EINVAL, "unmap: last flag");
	tap__is(unmap(BASE, 0, 0, -EINVAL, "unmap: size 0"), 0, "size is 0");
	tap__is(unmap(BASE + P, 0, 0, -EINVAL, "unmap: size 0 within a map"), 0, "size is 0");
	tap__is(unmap(BASE + P, -P, 0, -EOVERFLOW, "unmap: a range that wraps"), 0,
		"nothing was unmapped");
	tap__is(unmap(BASE, P, VFIO_DMA_UNMAP_FLAG_ALL, -EINVAL, "unmap all: size and IOVA"), P,
		"it leaves the size alone");
	unmap(0, P, VFIO_DMA_UNMAP_FLAG_ALL, -EINVAL, "unmap all: size");
	unmap(P, 0, VFIO_DMA_UNMAP_FLAG_ALL, -EINVAL, "unmap all: IOVA");
	if (cuts) {
		tap__is(unmap(BASE + P, P + 1, 0, -EINVAL, "unmap: not aligned"), P + 1,
			"it leaves the size alone");
		unmap(BASE + P + 8, P - 8, 0, -EINVAL, "unmap: begin is not aligned");
		unmap(BASE, P + 8, 0, -EINVAL, "unmap: end is not aligned");
		tap__is(unmap(BASE, 1, 0, -ENOENT, "unmap: one byte"), 0, "nothing was unmapped");
	} else {
		tap__is(unmap(BASE + P, P, 0, -ENOENT, "unmap: middle"), 0, "nothing was unmapped");
		unmap(BASE, P, 0, -ENOENT, "unmap: head");
		unmap(BASE + 3 * P, P, 0, -ENOENT, "unmap: tail");
		unmap(BASE, P + 1, 0, -ENOENT, "unmap: not aligned");
	}
	got = unmap(BASE, 4 * P, 0, 0, "unmap: all of it, which no refused call has changed");
	tap__is(got, 4 * P, "as much");
	tap__is(unmap(BASE, 4 * P, 0, 0, "unmap: nothing there"), 0, "nothing was unmapped");
	if (cuts) {
		/* Like in upstream, what is split stays split. */
		type1__map(fd, mem, 4 * P, TYPE1_RW, BASE);
		unmap(BASE + P + 1, P - 1, 0, -EINVAL, "unmap: only the end can be split");
		tap__err(ioas__unmap_at(fd, ioas, BASE + 2 * P, 2 * P), 0, "it is split");
		unmap(BASE + P, 0, 0, -EINVAL, "unmap: size 0 within a map");
		tap__err(ioas__unmap_at(fd, ioas, BASE + P, P), 0, "it is split as well");
		tap__is(unmap(BASE, P, 0, 0, "unmap: the rest"), P, "a page");
	}

	type1__map(fd, mem, P, TYPE1_RW, BASE);
	type1__map(fd, mem, 2 * P, TYPE1_RW, BASE + 4 * P);
	tap__is(unmap(0, 1ull << 40, 0, 0, "unmap: two of them"), 3 * P, "both");
	type1__map(fd, mem, P, TYPE1_RW, BASE);
	type1__map(fd, mem, 2 * P, TYPE1_RW, BASE + P);
	if (!cuts)
		tap__is(unmap(BASE, 2 * P, 0, -ENOENT, "unmap: one, and a part of another"), P,
			"size is the unmapped length");
	else
		tap__is(unmap(BASE, 2 * P, 0, 0, "unmap: one, and a part of another"), 2 * P,
			"both");
	unmap(0, 0, VFIO_DMA_UNMAP_FLAG_ALL, 0, "unmap all");
	tap__is(unmap(0, 0, VFIO_DMA_UNMAP_FLAG_ALL, 0, "unmap all: nothing there"), 0, "nothing");
}

/* The IOAS's count of something, from fdinfo; -1 if it is not shown. */
static long long ioas_count(const char *what)
{
	char path[64], line[512], key[64];
	long long val = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	snprintf(key, sizeof(key), "ioas id=%u ", ioas);
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		char *at = strstr(line, key);

		at = at ? strstr(at, what) : NULL;
		if (at && sscanf(at + strlen(what), "=%lld", &val) == 1)
			break;
	}
	fclose(f);
	return val;
}

static void counts(long long areas, long long pages, bool pinned, const char *when)
{
	if (ioas_count("areas") < 0)
		return;
	tap__is(ioas_count(" areas"), areas, "%s: areas", when);
	tap__is(ioas_count(" mapped"), pages * P, "%s: bytes mapped", when);
	tap__is(ioas_count(" pinned"), pinned ? pages * P : 0, "%s: bytes pinned", when);
	if (!pinned || !pages)
		tap__is(ioas_count(" runs"), 0, "%s: no runs", when);
}

/* Whether DMA from page n of the mapping at BASE brings that page. */
static bool reaches(struct edu *edu, unsigned int n, const char *want)
{
	static char got[LEN];
	bool hit;

	memset(mem + (PAGES - 1) * P, 0, LEN);
	if (edu__read(edu, BASE + n * P, 0, LEN) || edu__write(edu, 4 * BASE, 0, LEN))
		return false;
	memcpy(got, mem + (PAGES - 1) * P, LEN);
	hit = !memcmp(got, want, LEN);
	mem__fill(mem + (PAGES - 1) * P, P, PAGES - 1);
	return hit;
}

/* Cut a map of 16 pages into pieces in an odd order, and put others into the holes. */
static void test_cut(struct edu *edu)
{
	static const struct {
		unsigned int first, pages;
	} steps[] = {
		{ 5, 1 }, { 0, 1 }, { 15, 1 }, { 6, 1 }, { 9, 4 }, { 3, 2 }, { 14, 1 }, { 1, 2 },
	};
	long long left = 16, areas[] = { 2, 2, 2, 2, 3, 3, 3, 2 };
	bool dev = edu;
	unsigned int i;

	tap__err(type1__map(fd, mem, 16 * P, TYPE1_RW, BASE), 0, "cut: map 16 pages");
	if (dev)
		type1__map(fd, mem + (PAGES - 1) * P, P, TYPE1_RW, 4 * BASE);
	counts(1 + dev, left + dev, dev, "cut: mapped");
	for (i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		uint64_t iova = BASE + steps[i].first * P, size = steps[i].pages * P;
		long long got = unmap(iova, size, 0, 0, "cut: unmap a part");

		tap__is(got, size, "cut: %u pages from %u", steps[i].pages, steps[i].first);
		left -= steps[i].pages;
		counts(areas[i] + dev, left + dev, dev, "cut");
		tap__is(mem__pinned(dev ? left + 1 : 0), dev ? left + 1 : 0, "cut: pinned");
		if (dev && i == 4) {
			tap__ok(reaches(edu, 7, mem + 7 * P), "cut: DMA from the middle");
			tap__ok(!reaches(edu, 5, mem + 5 * P), "cut: none from the pages cut out");
			tap__err(type1__map(fd, mem + 20 * P, P, TYPE1_RW, BASE + 5 * P), 0,
				 "cut: map another page there");
			tap__ok(reaches(edu, 5, mem + 20 * P), "cut: DMA from that");
			tap__ok(reaches(edu, 8, mem + 8 * P), "cut: and from its neighbours");
			tap__ok(reaches(edu, 4, mem + 4 * P), "cut: below as well");
			tap__err(type1__unmap_at(fd, BASE + 5 * P, P), 0, "cut: unmap it");
		}
	}
	tap__is(unmap(0, 0, VFIO_DMA_UNMAP_FLAG_ALL, 0, "cut: unmap all"), (left + dev) * P,
		"cut: the rest");
	counts(0, 0, dev, "cut: end");
	tap__is(mem__pinned(0), 0, "cut: nothing is pinned");
}

/* Huge pages, mapped in small ones, unmapped in 16 parts in any order; runs stay exact. */
static void test_cut_huge(bool dev)
{
	size_t size = 2 * MEM_HUGE, part = size / 16;
	char *kinds[] = { mem__huge(size), mem__scattered(size) };
	unsigned int i, k;

	for (k = 0; k < 2; k++) {
		int bad = 0;

		tap__err(type1__map(fd, kinds[k], size, TYPE1_RW, 4 * MEM_HUGE), 0, "map 4 MiB, %s",
			 k ? "scattered" : "huge");
		for (i = 0; i < 16; i++) {
			uint64_t got = part;

			bad += type1__unmap(fd, 4 * MEM_HUGE + (i * 7 % 16) * part, &got, 0) != 0;
			bad += got != part;
		}
		tap__is(bad, 0, "unmapped in 16 parts");
		counts(0, 0, dev, "unmapped");
		tap__is(mem__pinned(0), 0, "nothing is pinned");
		mem__free(kinds[k], size);
	}
}

/* Another IOAS has copies of the pages that are cut out, and keeps them. */
static void test_cut_copies(struct edu *edu)
{
	uint32_t other;
	uint64_t iova = 0;

	ioas__alloc(fd, &other);
	tap__err(type1__map(fd, mem, 8 * P, TYPE1_RW, BASE), 0, "copies: map 8 pages");
	tap__err(ioas__copy(fd, other, ioas, BASE + P, 6 * P, IOAS_RW | IOAS_FIXED, &iova), 0,
		 "copies: copy 6 of them");
	tap__err(type1__unmap_at(fd, BASE + 3 * P, 2 * P), 0, "copies: cut two out");
	iova = 16 * BASE;
	tap__err(ioas__copy(fd, other, ioas, BASE + 2 * P, 4 * P, IOAS_RW, &iova), -ENOENT,
		 "copies: they cannot be copied any more");
	tap__err(ioas__copy(fd, other, ioas, BASE + 5 * P, 3 * P, IOAS_RW | IOAS_FIXED, &iova), 0,
		 "copies: the pages above can");
	tap__err(ioas__unmap_at(fd, other, 0, 6 * P), 0, "copies: the copy is whole");
	tap__err(ioas__unmap_at(fd, other, 16 * BASE, 3 * P), 0, "copies: so is the other one");
	/* The first part of a map goes first: its memory has to stay for the others. */
	tap__err(type1__unmap_at(fd, BASE, 3 * P), 0, "copies: unmap the pages below");
	type1__map(fd, mem + (PAGES - 1) * P, P, TYPE1_RW, 4 * BASE);
	if (edu)
		tap__ok(reaches(edu, 6, mem + 6 * P), "copies: DMA from the pages above");
	unmap(0, 0, VFIO_DMA_UNMAP_FLAG_ALL, 0, "copies: unmap all");
	tap__err(iommu__destroy(fd, other), 0, "copies: destroy the other IOAS");
	tap__is(mem__pinned(0), 0, "copies: nothing is pinned");
}

/* Against the user by default; against the process if the context says so. */
static void test_account(uint64_t mode)
{
	uint64_t size;

	account__limit(8);
	account__become_user();
	tap__err(type1__map(fd, mem, 9 * P, TYPE1_RW, BASE), -ENOMEM, "account: 9 pages of 8");
	tap__err(type1__map(fd, mem, 8 * P, TYPE1_RW, BASE), 0, "account: 8 pages");
	tap__is(mem__status(0, "VmPin") / 4, 8, "account: VmPin");
	tap__is(mem__status(0, "VmLck") / 4, mode ? 8 : 0, "account: VmLck");
	tap__err(type1__map(fd, mem, P, TYPE1_RW, 2 * BASE), -ENOMEM, "account: one more");
	tap__err(type1__unmap_at(fd, BASE + 2 * P, 3 * P), 0, "account: cut three out");
	tap__is(mem__status(0, "VmPin") / 4, 5, "account: VmPin");
	tap__is(mem__status(0, "VmLck") / 4, mode ? 5 : 0, "account: VmLck");
	tap__err(type1__map(fd, mem, 3 * P, TYPE1_RW, 2 * BASE), 0, "account: three again");
	tap__err(type1__map(fd, mem, P, TYPE1_RW, 3 * BASE), -ENOMEM, "account: one more");
	size = 0;
	tap__err(type1__unmap(fd, 0, &size, VFIO_DMA_UNMAP_FLAG_ALL), 0, "account: unmap all");
	tap__is(mem__status(0, "VmPin"), 0, "account: nothing in VmPin");
	tap__is(mem__status(0, "VmLck"), 0, "account: nothing in VmLck");
	account__become_root();
}

static void test_device(unsigned long type, uint64_t mode)
{
	uint64_t huge = 3;
	uint32_t id;
	struct edu edu;

	tap__diag("type %lu with a device, accounting %d", type, (int)mode);
	fd = iommu__open();
	iommu__option(fd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_SET, 0, &mode);
	ioas__alloc(fd, &ioas);
	id = ioas;
	compat__ioas(fd, IOMMU_VFIO_IOAS_SET, &id);
	tap__err(edu__open(&edu, bdf, fd), 0, "bind");
	tap__err(vfio__attach_ioas(&edu.dev, ioas), 0, "attach");
	tap__err(edu__start(&edu), 0, "start");
	tap__err(type1__map(fd, mem, P, TYPE1_RW, BASE), 0, "map");
	if (type == VFIO_TYPE1_IOMMU) {
		tap__err(set_iommu(type), -EINVAL, "set type1 with something mapped");
		unmap(BASE, 0, VFIO_DMA_UNMAP_FLAG_ALL, -EINVAL, "unmap all");
		type1__unmap_at(fd, BASE, P);
	}
	tap__err(set_iommu(type), 0, "set the type");
	tap__err(set_iommu(type), 0, "again");
	iommu__option(fd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_GET, ioas, &huge);
	tap__is(huge, type != VFIO_TYPE1_IOMMU, "huge pages");
	unmap(0, 0, VFIO_DMA_UNMAP_FLAG_ALL, 0, "unmap all");
	/* The IOMMU of this machine cannot force devices that ask for it not to be coherent. */
	tap__is(ext(VFIO_DMA_CC_IOMMU), 0, "extension: coherency");
	test_info(2, -P & (P | 1ul << 21 | 1ul << 30));
	tap__err(type1__map(fd, mem, P, 0, BASE), -EINVAL, "map: neither to be read nor written");
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	tap__err(type1__map(fd, mem, P, TYPE1_RW, 0xfee00000), -EINVAL, "map: reserved");
	tap__err(type1__map(fd, (void *)P, P, TYPE1_RW, BASE), -EFAULT, "map: no memory");
	test_unmap(type == VFIO_TYPE1_IOMMU);
	if (type == VFIO_TYPE1_IOMMU) {
		test_cut(&edu);
		test_cut_huge(true);
		test_cut_copies(&edu);
		test_account(mode);
	}
	tap__err(type1__map(fd, mem, 4 * P, TYPE1_RW, BASE), 0, "map");
	if (type == VFIO_TYPE1_IOMMU)
		tap__err(type1__unmap_at(fd, BASE + P, P), 0, "cut a page out");
	tap__err(vfio__detach(&edu.dev), 0, "detach");
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	if (type == VFIO_TYPE1_IOMMU)
		tap__err(type1__unmap_at(fd, BASE + 3 * P, P), 0, "cut with nothing pinned");
	tap__err(vfio__attach_ioas(&edu.dev, ioas), 0, "attach again");
	if (type == VFIO_TYPE1_IOMMU)
		tap__is(mem__pinned(2), 2, "the rest is pinned");
	else
		tap__is(mem__pinned(4), 4, "all is pinned");
	edu__close(&edu);
	close(fd);
	tap__is(mem__pinned(0), 0, "nothing is pinned after close");
}

static void test_plain(unsigned long type)
{
	uint32_t id;

	tap__diag("type %lu without a device", type);
	fd = iommu__open();
	ioas__alloc(fd, &ioas);
	id = ioas;
	compat__ioas(fd, IOMMU_VFIO_IOAS_SET, &id);
	tap__err(set_iommu(type), 0, "set the type");
	tap__is(ext(VFIO_DMA_CC_IOMMU), 1, "extension: coherency");
	test_info(1, -P);
	test_map();
	test_unmap(type == VFIO_TYPE1_IOMMU);
	if (type == VFIO_TYPE1_IOMMU) {
		tap__err(type1__map(fd, mem + 8, P, TYPE1_RW, BASE), -EINVAL,
			 "map: address within a page");
		test_cut(NULL);
		test_cut_huge(false);
		test_cut_copies(NULL);
	} else {
		tap__err(type1__map(fd, mem + 8, P, TYPE1_RW, BASE + 8), 0,
			 "map: address within a page");
		tap__err(set_iommu(VFIO_TYPE1_IOMMU), -EADDRINUSE, "set type1 with that mapped");
		tap__err(type1__unmap_at(fd, BASE + 8, P), 0, "unmap it");
	}
	close(fd);
}

int main(void)
{
	int ret;

	tap__start();
	fd = iommu__open();
	if (fd < 0)
		return tap__bail("/dev/iommu: %s", strerror(-fd));
	mem = mem__small((PAGES + 1) * P);
	mprotect(mem + PAGES * P, P, PROT_NONE);
	for (int i = 0; i < PAGES; i++)
		mem__fill(mem + i * P, P, i);
	test_ioas();
	test_none();
	close(fd);
	test_plain(VFIO_TYPE1v2_IOMMU);
	test_plain(VFIO_TYPE1_IOMMU);

	ret = pci__find(EDU_VENDOR, EDU_DEVICE, 0, bdf);
	if (!ret)
		ret = pci__bind(bdf);
	if (ret) {
		tap__skip(strerror(-ret), "type1 with the edu device");
		return tap__done();
	}
	test_device(VFIO_TYPE1v2_IOMMU, 0);
	test_device(VFIO_TYPE1_IOMMU, 0);
	test_device(VFIO_TYPE1_IOMMU, 1);
	return tap__done();
}
