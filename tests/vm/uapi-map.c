// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOAS_MAP and IOAS_UNMAP: flags, overflows, overlaps, ranges that one call may or may not unmap,
 * and kinds of memory that may be mapped. Without a device a map does not look at the memory; with
 * one it is pinned at once. That half needs the edu device.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/edu.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"

#define BASE 0x100000ull
#define P MEM_PAGE

static int fd;
static uint32_t ioas;
static char *mem;

static int map_raw(uint32_t flags, uint32_t reserved, uint64_t va, uint64_t length, uint64_t iova)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.ioas_id = ioas,
		.__reserved = reserved,
		.user_va = va,
		.length = length,
		.iova = iova,
	};

	return iommu__ioctl(fd, IOMMU_IOAS_MAP, &cmd);
}

static int map(uint64_t iova, uint64_t pages)
{
	return ioas__map_at(fd, ioas, mem, pages * P, iova);
}

/* Bytes unmapped, or -errno. */
static long long unmap(uint64_t iova, uint64_t length)
{
	int ret = ioas__unmap(fd, ioas, iova, &length);

	return ret ? ret : (long long)length;
}

static void test_flags(void)
{
	uint64_t va = (uintptr_t)mem;
	uint32_t id = ioas;

	tap__err(map_raw(IOAS_RW | 8, 0, va, P, 0), -EOPNOTSUPP, "map: flag 8");
	tap__err(map_raw(IOAS_RW | 1u << 31, 0, va, P, 0), -EOPNOTSUPP, "map: last flag");
	tap__err(map_raw(IOAS_RW, 1, va, P, 0), -EOPNOTSUPP, "map: reserved field");
	tap__err(map_raw(0, 0, va, P, 0), -EINVAL, "map: neither readable nor writable");
	tap__err(map_raw(IOAS_FIXED, 0, va, P, BASE), -EINVAL, "map: only fixed");
	ioas = 0;
	tap__err(map_raw(IOAS_RW | 8, 0, va, P, 0), -EOPNOTSUPP, "map: flag 8 before dead id");
	tap__err(map_raw(0, 0, va, P, 0), -EINVAL, "map: no access before dead id");
	tap__err(map_raw(IOAS_RW, 0, va, UINT64_MAX, 0), -EOVERFLOW, "map: length before dead id");
	tap__err(map_raw(0, 0, va, UINT64_MAX, 0), -EOVERFLOW, "map: length before no access");
	ioas = id;
	tap__is(unmap(0, UINT64_MAX), 0, "nothing was mapped");
}

static void test_map_numbers(void)
{
	uint64_t va = (uintptr_t)mem, f = IOAS_FIXED | IOAS_RW;

	tap__err(map_raw(f, 0, va, 0, BASE), -EINVAL, "map: length 0, fixed");
	tap__err(map_raw(IOAS_RW, 0, va, 0, 0), -EINVAL, "map: length 0");
	tap__err(map_raw(f, 0, va, UINT64_MAX, BASE), -EOVERFLOW, "map: length 2^64-1");
	tap__err(map_raw(f, 0, va, UINT64_MAX - 1, BASE), -EINVAL, "map: length 2^64-2");
	tap__err(map_raw(f, 0, va, P, UINT64_MAX), -EOVERFLOW, "map: IOVA 2^64-1");
	tap__err(map_raw(IOAS_RW, 0, va, P, UINT64_MAX), -EOVERFLOW,
		 "map: IOVA 2^64-1, though not used");
	tap__err(map_raw(f, 0, va, P, UINT64_MAX - 1), -EOVERFLOW, "map: IOVA wraps");
	tap__err(map_raw(f, 0, va, P, -P + 1), -EOVERFLOW, "map: IOVA wraps by one byte");
	tap__err(map_raw(f, 0, -P, 2 * P, BASE), -EOVERFLOW, "map: user address wraps");
	tap__err(map_raw(f, 0, -P, P, BASE), -EOVERFLOW, "map: user address ends at 2^64");
	tap__is(unmap(0, UINT64_MAX), 0, "nothing was mapped");

	tap__err(map_raw(f, 0, va, P, -P), 0, "map: the last page there is");
	tap__err(map_raw(f, 0, va, P, 0), 0, "map: the first page there is");
	tap__is(unmap(-P, P), P, "unmap: the last page");
	tap__is(unmap(0, P), P, "unmap: the first page");
}

static void test_no_device(void)
{
	uint64_t f = IOAS_FIXED | IOAS_RW;
	char *absent = mem__absent(P);

	tap__err(map_raw(f, 0, (uintptr_t)mem + 1, 1, BASE + 5), 0, "map: one byte, odd addresses");
	tap__is(unmap(BASE, P), 1, "unmap: one byte");
	tap__err(map_raw(f, 0, 0, P, BASE), 0, "map: NULL is not looked at without a device");
	tap__err(map_raw(f, 0, (uintptr_t)absent, P, BASE + P), 0, "map: nor is absent memory");
	tap__err(map_raw(f, 0, P, 1ull << 40, BASE + 2 * P), 0, "map: a terabyte of it");
	tap__is(unmap(BASE, 2 * P + (1ull << 40)), 2 * P + (1ull << 40), "unmap: all of that");
	mem__free(absent, P);
}

static void test_overlap(void)
{
	tap__err(map(BASE + 4 * P, 4), 0, "map pages 4-7");
	tap__err(map(BASE + 4 * P, 4), -EEXIST, "map: the same");
	tap__err(map(BASE + 5 * P, 1), -EEXIST, "map: inside");
	tap__err(map(BASE + 2 * P, 3), -EEXIST, "map: over the head");
	tap__err(map(BASE + 7 * P, 3), -EEXIST, "map: over the tail");
	tap__err(map(BASE, 16), -EEXIST, "map: around");
	tap__err(map(BASE + 2 * P, 2), 0, "map: next to it, before");
	tap__err(map(BASE + 8 * P, 2), 0, "map: next to it, after");
	tap__is(unmap(BASE, 16 * P), 8 * P, "unmap: three areas in one range");
}

static void test_unmap(void)
{
	map(BASE, 4);
	tap__is(unmap(BASE, 2 * P), -ENOENT, "unmap: the first half");
	tap__is(unmap(BASE + 2 * P, 2 * P), -ENOENT, "unmap: the second half");
	tap__is(unmap(BASE + P, P), -ENOENT, "unmap: from the middle");
	tap__is(unmap(BASE, 4 * P - 1), -ENOENT, "unmap: all but a byte");
	tap__is(unmap(BASE + 1, 4 * P), -ENOENT, "unmap: from the second byte on");
	tap__err(map(BASE, 4), -EEXIST, "it is all still there");
	tap__is(unmap(BASE - P, 16 * P), 4 * P, "unmap: more than there is");
	tap__is(unmap(BASE, 4 * P), -ENOENT, "unmap: nothing there");
	tap__is(unmap(BASE, 0), -EINVAL, "unmap: length 0");
	tap__is(unmap(UINT64_MAX, P), -EOVERFLOW, "unmap: IOVA 2^64-1");
	tap__is(unmap(P, UINT64_MAX), -EOVERFLOW, "unmap: length 2^64-1, not from 0");
	tap__is(unmap(UINT64_MAX - 1, P), -EOVERFLOW, "unmap: wraps");
	tap__is(unmap(-P, P), -ENOENT, "unmap: the last page, nothing there");
	tap__is(unmap(0, UINT64_MAX - 1), -ENOENT, "unmap: nearly everything, nothing there");
	tap__is(unmap(0, UINT64_MAX), 0, "unmap everything: fine when empty");
	map(0, 1);
	map(BASE, 4);
	tap__is(unmap(0, UINT64_MAX), 5 * P, "unmap everything");
	tap__is(unmap(0, UINT64_MAX), 0, "unmap everything again");
}

static void test_unmap_last(void)
{
	map(-P, 1);
	tap__is(unmap(0, UINT64_MAX - 1), -ENOENT, "unmap: nearly everything cuts the last page");
	tap__is(unmap(-P, P), P, "which is still there");
	map(-P, 1);
	tap__is(unmap(0, UINT64_MAX), P, "unmap: everything has the last page in it");
}

static void test_many(void)
{
	int failed = 0;

	for (int i = 0; i < 1000; i++)
		failed += map(BASE + i * 3 * P, 2) != 0;
	tap__is(failed, 0, "a thousand areas");
	for (int i = 0; i < 1000; i += 2)
		failed += unmap(BASE + i * 3 * P, 2 * P) != 2 * P;
	tap__is(failed, 0, "every second one unmapped");
	tap__is(unmap(0, UINT64_MAX), 500 * 2 * P, "the rest with one call");
}

/* A result that must leave nothing pinned behind. */
static void refused(int ret, int want, const char *name)
{
	long long before = mem__pinned(0);

	tap__err(ret, want, "%s", name);
	tap__is(before, 0, "%s: nothing stays pinned", name);
}

static void test_memory(struct edu *edu)
{
	char *absent = mem__absent(P), *readonly = mem__readonly(4 * P);
	char *hole = mem__small(600 * P), *file;
	uint64_t iova = BASE;

	mprotect(hole + 599 * P, P, PROT_NONE);
	refused(map_raw(IOAS_RW, 0, 0, P, 0), -EFAULT, "device: NULL");
	refused(ioas__map_at(fd, ioas, absent, P, iova), -EFAULT, "device: absent memory");
	refused(ioas__map_at(fd, ioas, hole, 600 * P, iova), -EFAULT,
		"device: 599 pages and then none");
	refused(ioas__map_at(fd, ioas, readonly, 4 * P, iova), -EFAULT,
		"device: writable mapping of read-only memory");
	refused(ioas__map(fd, ioas, readonly, 4 * P, IOAS_FIXED | IOAS_W, &iova), -EFAULT,
		"device: write-only mapping of read-only memory");
	refused(ioas__map_at(fd, ioas, (void *)edu->bar, P, iova), -EFAULT, "device: a BAR");
	refused(map_raw(IOAS_RW, 0, 1ull << 63, P, 0), -EFAULT, "device: a kernel address");
	tap__err(ioas__map(fd, ioas, readonly, 4 * P, IOAS_FIXED | IOAS_R, &iova), 0,
		 "device: readable mapping of read-only memory");
	tap__is(mem__pinned(4), 4, "is pinned");
	tap__is(unmap(BASE, 4 * P), 4 * P, "unmap it");
	tap__is(mem__pinned(0), 0, "is not pinned any more");

	file = mmap(NULL, P, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	tap__err(ioas__map_at(fd, ioas, file, P, BASE), 0, "device: shared memory");
	tap__is(unmap(BASE, P), P, "unmap it");
	munmap(file, P);
	mem__free(absent, P);
	mem__free(readonly, 4 * P);
	mem__free(hole, 600 * P);
}

static void test_alignment(void)
{
	uint64_t va = (uintptr_t)mem, f = IOAS_FIXED | IOAS_RW;

	refused(map_raw(f, 0, va, P, BASE + 1), -EINVAL, "device: IOVA not aligned");
	refused(map_raw(f, 0, va, P - 1, BASE), -EINVAL, "device: length not aligned");
	refused(map_raw(f, 0, va + 8, P, BASE), -EINVAL, "device: user address not aligned");
	refused(map_raw(IOAS_RW, 0, va + 8, P, 0), -EINVAL, "device: the same, kernel's choice");
	refused(map_raw(f, 0, va, P, 0xfee00000), -EINVAL, "device: in the MSI window");
	refused(map_raw(f, 0, va, 2 * P, 0xfedff000), -EINVAL, "device: into the MSI window");
	refused(map_raw(f, 0, va, 2 * P, 0xfeeff000), -EINVAL, "device: out of the MSI window");
	refused(map_raw(f, 0, va, P, 1ull << 60), -EINVAL, "device: above the range of the table");
	refused(map_raw(f, 0, va, P, BASE + 1 + (1ull << 60)), -EINVAL, "device: both");
	map(BASE, 1);
	tap__err(map_raw(f, 0, va, P, BASE), -EEXIST, "device: overlap");
	tap__is(unmap(0, UINT64_MAX), P, "unmap everything");
}

static void test_device(void)
{
	struct edu edu;
	char bdf[16];
	int ret;

	ret = pci__find(EDU_VENDOR, EDU_DEVICE, 0, bdf);
	if (!ret)
		ret = pci__bind(bdf);
	if (!ret)
		ret = edu__open(&edu, bdf, fd);
	if (ret) {
		tap__skip("no edu device", "maps with a device attached");
		return;
	}
	tap__err(vfio__attach_ioas(&edu.dev, ioas), 0, "attach the edu device");
	tap__err(edu__start(&edu), 0, "start it");
	test_alignment();
	test_memory(&edu);
	test_unmap();
	test_overlap();
	test_many();
	tap__is(mem__pinned(0), 0, "nothing is pinned in the end");
	edu__close(&edu);
}

int main(void)
{
	tap__start();
	fd = iommu__open();
	if (fd < 0)
		return tap__bail("/dev/iommu: %s", strerror(-fd));
	mem = mem__small(16 * P);
	tap__err(ioas__alloc(fd, &ioas), 0, "an IOAS");
	test_flags();
	test_map_numbers();
	test_no_device();
	test_overlap();
	test_unmap();
	test_unmap_last();
	test_many();
	test_device();
	close(fd);
	return tap__done();
}
