// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOAS_COPY: valid sources and targets, and that a copy outlives its source. The device tests
 * compare contents; this test checks results and areas. Needs no device.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"

#define BASE 0x1000000ull
#define TO 0x8000000ull
#define P MEM_PAGE

static int fd;
static uint32_t a, b;
static char *mem;

static int copy(uint32_t dst, uint32_t src, uint64_t src_iova, uint64_t len, uint32_t flags,
		uint64_t to)
{
	return ioas__copy(fd, dst, src, src_iova, len, flags | IOAS_FIXED, &to);
}

static int copy_raw(uint32_t flags, uint64_t length, uint64_t src_iova, uint64_t dst_iova)
{
	struct iommu_ioas_copy cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.dst_ioas_id = b,
		.src_ioas_id = a,
		.length = length,
		.src_iova = src_iova,
		.dst_iova = dst_iova,
	};

	return iommu__ioctl(fd, IOMMU_IOAS_COPY, &cmd);
}

static long long unmap(uint32_t ioas, uint64_t iova, uint64_t length)
{
	int ret = ioas__unmap(fd, ioas, iova, &length);

	return ret ? ret : (long long)length;
}

static void test_bad(void)
{
	uint32_t f = IOAS_FIXED | IOAS_RW;

	ioas__map_at(fd, a, mem, 4 * P, BASE);
	tap__err(copy_raw(f | 8, P, BASE, TO), -EOPNOTSUPP, "flag 8");
	tap__err(copy_raw(f | 1u << 31, P, BASE, TO), -EOPNOTSUPP, "last flag");
	tap__err(copy_raw(IOAS_FIXED, P, BASE, TO), -EINVAL, "neither readable nor writable");
	tap__err(copy_raw(f, 0, BASE, TO), -EINVAL, "length 0");
	tap__err(copy_raw(f, UINT64_MAX, BASE, TO), -EOVERFLOW, "length 2^64-1");
	tap__err(copy_raw(f, P, UINT64_MAX, TO), -EOVERFLOW, "from 2^64-1");
	tap__err(copy_raw(f, P, BASE, UINT64_MAX), -EOVERFLOW, "to 2^64-1");
	tap__err(copy_raw(f, UINT64_MAX - 1, BASE, TO), -EOVERFLOW, "source wraps");
	tap__err(copy_raw(f, 2 * P, BASE, -P), -EOVERFLOW, "destination wraps");
	tap__err(copy_raw(f, P, BASE - P, TO), -ENOENT, "from before the area");
	tap__err(copy_raw(f, P, BASE + 4 * P, TO), -ENOENT, "from after the area");
	tap__err(copy_raw(f, 5 * P, BASE, TO), -ENOENT, "more than the area");
	tap__err(copy_raw(f, 5 * P, BASE - P, TO), -ENOENT, "starting before the area");
	tap__is(unmap(b, 0, UINT64_MAX), 0, "nothing was copied");
	tap__is(unmap(a, 0, UINT64_MAX), 4 * P, "the source is whole");
}

static void test_permissions(void)
{
	uint64_t iova = BASE;

	ioas__map(fd, a, mem, 2 * P, IOAS_FIXED | IOAS_R, &iova);
	tap__err(copy(b, a, BASE, 2 * P, IOAS_RW, TO), -EPERM, "writable copy of readable");
	tap__err(copy(b, a, BASE, 2 * P, IOAS_W, TO), -EPERM, "write-only copy of readable");
	tap__is(unmap(b, 0, UINT64_MAX), 0, "nothing was copied");
	tap__err(copy(b, a, BASE, 2 * P, IOAS_R, TO), 0, "readable copy of readable");
	iova = BASE + 2 * P;
	ioas__map(fd, a, mem + 2 * P, 2 * P, IOAS_FIXED | IOAS_W, &iova);
	tap__err(copy(b, a, iova, 2 * P, IOAS_R, TO + 2 * P), 0, "readable copy of write-only");
	tap__err(copy(b, a, iova, 2 * P, IOAS_RW, TO + 4 * P), 0, "full copy of write-only");
	tap__err(copy(b, a, BASE, 4 * P, IOAS_RW, TO + 8 * P), -EPERM,
		 "writable copy of two areas, one only readable");
	tap__is(unmap(b, TO + 8 * P, 8 * P), -ENOENT, "of which nothing stays");
	tap__err(copy(b, b, TO, 2 * P, IOAS_RW, TO + 8 * P), -EPERM,
		 "writable copy of a readable copy");
	tap__err(copy(b, b, TO + 2 * P, 2 * P, IOAS_RW, TO + 8 * P), 0,
		 "writable copy of a readable copy of writable memory");
	tap__is(unmap(b, 0, UINT64_MAX), 8 * P, "unmap all copies");
	tap__is(unmap(a, 0, UINT64_MAX), 4 * P, "unmap the source");
}

static void test_parts(void)
{
	ioas__map_at(fd, a, mem, 8 * P, BASE);
	tap__err(copy(b, a, BASE, 8 * P, IOAS_RW, TO), 0, "all of an area");
	tap__err(copy(b, a, BASE, 8 * P, IOAS_RW, TO), -EEXIST, "to a mapped range");
	tap__err(copy(b, a, BASE, P, IOAS_RW, TO + 7 * P), -EEXIST, "to the end of a mapped range");
	tap__err(copy(b, a, BASE, 2 * P, IOAS_RW, TO + 16 * P), 0, "its head");
	tap__err(copy(b, a, BASE + 6 * P, 2 * P, IOAS_RW, TO + 20 * P), 0, "its tail");
	tap__err(copy(b, a, BASE + 3 * P, P, IOAS_RW, TO + 24 * P), 0, "from its middle");
	tap__err(copy(b, a, BASE + 100, 10, IOAS_RW, TO + 28 * P + 100), 0, "a few bytes");
	tap__err(copy(a, a, BASE, 8 * P, IOAS_RW, TO), 0, "within one IOAS");
	tap__err(copy(a, a, BASE, 8 * P, IOAS_RW, BASE), -EEXIST, "onto itself");
	tap__is(unmap(a, BASE, 8 * P), 8 * P, "unmap the source");
	tap__err(copy(a, b, TO + 2 * P, 4 * P, IOAS_RW, BASE), 0, "a copy of a part of the copy");
	tap__is(unmap(b, TO, P), -ENOENT, "unmap a part of the copy");
	tap__is(unmap(b, TO, 8 * P), 8 * P, "unmap the copy");
	tap__is(unmap(b, 0, UINT64_MAX), 5 * P + 10, "unmap the parts");
	tap__is(unmap(a, 0, UINT64_MAX), 12 * P, "unmap the rest");
}

static void test_areas(void)
{
	for (int i = 0; i < 4; i++)
		ioas__map_at(fd, a, mem + 2 * i * P, P << (i & 1), BASE + 2 * i * P);
	/* Areas at pages 0, 2-3, 4, 6-7; holes at 1 and 5. */
	tap__err(copy(b, a, BASE, 3 * P, IOAS_RW, TO), -ENOENT, "over a hole");
	tap__err(copy(b, a, BASE + P, 2 * P, IOAS_RW, TO), -ENOENT, "starting in a hole");
	tap__err(copy(b, a, BASE + 4 * P, 2 * P, IOAS_RW, TO), -ENOENT, "ending in a hole");
	tap__err(copy(b, a, BASE + 2 * P, 3 * P, IOAS_RW, TO), 0, "two areas");
	tap__err(copy(b, a, BASE + 3 * P, 2 * P, IOAS_RW, TO + 8 * P), 0, "a part of two areas");
	tap__is(unmap(b, TO, P), -ENOENT, "unmap a part of the first");
	tap__is(unmap(b, TO, 2 * P), 2 * P, "unmap the first");
	tap__is(unmap(b, TO + 2 * P, P), P, "unmap the second");
	tap__is(unmap(b, TO + 8 * P, 2 * P), 2 * P, "unmap both parts at once");
	tap__err(copy(b, a, BASE + 2 * P, 3 * P, IOAS_RW, TO + 2 * P), 0, "two areas again");
	tap__err(copy(b, a, BASE + 2 * P, 3 * P, IOAS_RW, TO), -EEXIST, "where it only half fits");
	tap__is(unmap(b, 0, UINT64_MAX), 3 * P, "and leaves nothing half");
	tap__is(unmap(a, 0, UINT64_MAX), 6 * P, "unmap the source");
}

static void test_choice(void)
{
	struct iommu_iova_range range = { 0x40000000, 0x40000fff };
	uint64_t iova;

	ioas__map_at(fd, a, mem, 4 * P, BASE);
	tap__err(ioas__copy(fd, b, a, BASE, P, IOAS_RW, &iova), 0, "kernel's choice");
	tap__hex(iova, P, "is the first page");
	ioas__allow(fd, b, &range, 1);
	tap__err(ioas__copy(fd, b, a, BASE, P, IOAS_RW, &iova), 0, "kernel's choice, one page");
	tap__hex(iova, range.start, "is in the allowed range");
	tap__err(ioas__copy(fd, b, a, BASE, P, IOAS_RW, &iova), -ENOSPC, "allowed range is full");
	tap__err(copy(b, a, BASE, P, IOAS_RW, TO), 0, "fixed is not bound by allowed ranges");
	ioas__allow(fd, b, NULL, 0);
	tap__is(unmap(b, 0, UINT64_MAX), 3 * P, "unmap the copies");
	tap__is(unmap(a, 0, UINT64_MAX), 4 * P, "unmap the source");
}

static void test_chain(void)
{
	uint32_t first, id, prev;
	int failed = 0;

	/* Each copy is made from the one before, whose IOAS is then destroyed. */
	ioas__alloc(fd, &first);
	ioas__map_at(fd, first, mem, 4 * P, BASE);
	prev = first;
	for (int i = 0; i < 100; i++) {
		failed += ioas__alloc(fd, &id) != 0;
		failed += copy(id, prev, BASE, 4 * P, IOAS_RW, BASE) != 0;
		failed += iommu__destroy(fd, prev) != 0;
		prev = id;
	}
	tap__is(failed, 0, "a chain of a hundred copies, each IOAS destroyed after it");
	tap__is(unmap(prev, 0, UINT64_MAX), 4 * P, "the last of them");
	iommu__destroy(fd, prev);
}

int main(void)
{
	tap__start();
	fd = iommu__open();
	if (fd < 0)
		return tap__bail("/dev/iommu: %s", strerror(-fd));
	mem = mem__small(16 * P);
	tap__err(ioas__alloc(fd, &a), 0, "an IOAS");
	tap__err(ioas__alloc(fd, &b), 0, "another IOAS");
	test_bad();
	test_permissions();
	test_parts();
	test_areas();
	test_choice();
	test_chain();
	close(fd);
	return tap__done();
}
