// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unmaps of several areas of which one is refused: devices cannot reach the areas that the call
 * reports as unmapped, and these are not pinned; all others are untouched.
 *
 * Finds these faults: the length counts an area that is still there, or misses one that is gone;
 * areas before the refused one are said to be there but are not in the page table, or the other way
 * round; an area that hardware works on (HW_QUEUE) is unmapped.
 *
 * An unmap goes up from the lowest area, and ends at the first that is refused. IOMMU_IOAS_UNMAP
 * stores a length only on success, type1 always.
 *
 * vm: --mock
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/vfio-type1.h"

#define P MEM_PAGE
#define AREAS 4
#define PAGES 4 /* of an area */
#define LEN (PAGES * P)
#define MARK 0x1122334455667788ull

static struct mock m;
static char *mem, *buf;

static uint64_t at(unsigned int area)
{
	return MOCK_BASE + area * LEN;
}

/* As bits: the areas that a device can read, with the right data. */
static unsigned int seen(void)
{
	unsigned int bits = 0;

	for (unsigned int i = 0; i < AREAS; i++) {
		int ret = mock__dma(&m, 0, at(i), buf, LEN, false);

		if (!ret && !memcmp(buf, mem + i * LEN, LEN))
			bits |= 1 << i;
	}
	return bits;
}

/* Areas that a device can write to; reading and writing are two rights, but one page table. */
static unsigned int written(void)
{
	unsigned int bits = 0;

	for (unsigned int i = 0; i < AREAS; i++) {
		uint64_t mark = MARK + i;

		if (!mock__dma(&m, 0, at(i), &mark, sizeof(mark), true))
			bits |= 1 << i;
		if (*(uint64_t *)(mem + i * LEN) == mark)
			bits |= 0x10 << i;
		mem__fill(mem + i * LEN, LEN, i);
	}
	return bits;
}

static void check(unsigned int left, const char *name)
{
	struct iommufd_mock_table_counts counts = {};
	long long pages = PAGES * __builtin_popcount(left);
	uint64_t pinned = 0;

	tap__hex(seen(), left, "%s: areas that devices can read", name);
	tap__hex(written(), left | left << 4, "%s: areas that devices can write", name);
	mock__table_counts(&m, m.hwpt, &counts);
	tap__is(counts.mapped, pages * P, "%s: in the page table", name);
	tap__is(mem__pinned(pages), pages, "%s: pinned", name);
	iommu__fdinfo(m.fd, "iommufd-pinned", &pinned);
	tap__is(pinned, pages * P, "%s: fdinfo has the same", name);
}

/* All areas that are not there. */
static void map_all(void)
{
	int ret = 0;

	for (unsigned int i = 0; i < AREAS; i++) {
		int one = ioas__map_at(m.fd, m.ioas, mem + i * LEN, LEN, at(i));

		mem__fill(mem + i * LEN, LEN, i);
		if (one && one != -EEXIST)
			ret = one;
	}
	tap__err(ret, 0, "map %d areas", AREAS);
}

/* The length that the kernel stored. */
static uint64_t unmap(uint64_t iova, uint64_t length, int want, const char *name)
{
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd),
		.ioas_id = m.ioas,
		.iova = iova,
		.length = length,
	};

	tap__err(iommu__ioctl(m.fd, IOMMU_IOAS_UNMAP, &cmd), want, "%s", name);
	return cmd.length;
}

static void test_partly(void)
{
	uint64_t length = 2 * LEN + P;

	map_all();
	tap__hex(unmap(at(0), length, -ENOENT, "two and a bit"), length,
		 "two and a bit: the length has not changed");
	check(0xc, "two and a bit");
	map_all();
	tap__hex(unmap(at(0) + P, 3 * LEN, -ENOENT, "but for a page of the first"), 3 * LEN,
		 "but for a page of the first: the length has not changed");
	check(0xf, "but for a page of the first");
	tap__hex(unmap(at(1), 2 * LEN, 0, "the middle"), 2 * LEN, "the middle: length");
	check(0x9, "the middle");
	tap__hex(unmap(at(0) - P, 3 * LEN, 0, "with holes"), LEN, "with holes: length of one");
	check(0x8, "with holes");
	tap__hex(unmap(0, UINT64_MAX, 0, "everything"), LEN, "everything: length of one");
	check(0, "everything");
}

/* A length that cannot be stored is no reason to keep anything. */
static void test_unwritable(void)
{
	struct iommu_ioas_unmap *cmd = mem__small(P);

	map_all();
	*cmd = (struct iommu_ioas_unmap){
		.size = sizeof(*cmd),
		.ioas_id = m.ioas,
		.iova = at(0),
		.length = 2 * LEN,
	};
	mprotect(cmd, P, PROT_READ);
	tap__err(iommu__ioctl(m.fd, IOMMU_IOAS_UNMAP, cmd), -EFAULT, "unwritable length");
	check(0xc, "unwritable length");
	mem__free(cmd, P);
}

/* type1: size is the unmapped length, also on error. */
static void test_type1(void)
{
	uint64_t size;
	int ret;

	ret = compat__ioas(m.fd, IOMMU_VFIO_IOAS_SET, &m.ioas);
	tap__err(ret, 0, "type1: the IOAS");
	map_all();
	size = 2 * LEN + P;
	tap__err(type1__unmap(m.fd, at(0), &size, 0), -ENOENT, "type1: two and a bit");
	tap__is(size, 2 * LEN, "type1: two and a bit: the size is of two");
	check(0xc, "type1: two and a bit");
	size = 2 * LEN;
	tap__err(type1__unmap(m.fd, at(0), &size, 0), 0, "type1: nothing there");
	tap__is(size, 0, "type1: nothing there: size 0");
	size = LEN - P;
	tap__err(type1__unmap(m.fd, at(2), &size, 0), -ENOENT, "type1: a part of one");
	tap__is(size, 0, "type1: a part of one: size 0");
	check(0xc, "type1: a part of one");
	size = 0;
	tap__err(type1__unmap(m.fd, 0, &size, VFIO_DMA_UNMAP_FLAG_ALL), 0, "type1: everything");
	tap__is(size, 2 * LEN, "type1: everything: the size is of two");
	check(0, "type1: everything");
}

static void test_hw_queue(void)
{
	uint32_t parent, viommu, queue;
	uint64_t size;

	map_all();
	tap__err(mock__hwpt(&m, m.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &parent), 0,
		 "queue: parent");
	tap__err(mock__viommu(&m, parent, NULL, &viommu), 0, "queue: virtual IOMMU");
	tap__err(mock__hw_queue(&m, viommu, 0, at(2) + 8, 64, &queue), 0,
		 "queue: in the third area");
	tap__hex(unmap(at(0), AREAS * LEN, -EBUSY, "queue: all areas"), AREAS * LEN,
		 "queue: all areas: the length has not changed");
	check(0xc, "queue: all areas");
	map_all();
	size = AREAS * LEN;
	tap__err(type1__unmap(m.fd, at(0), &size, 0), -EBUSY, "queue: with type1");
	tap__is(size, 2 * LEN, "queue: with type1: the size is of two");
	check(0xc, "queue: with type1");
	unmap(0, UINT64_MAX, -EBUSY, "queue: everything");
	check(0xc, "queue: everything");
	tap__hex(unmap(at(3), LEN, 0, "queue: the area behind"), LEN, "queue: length of it");
	check(0x4, "queue: the area behind");
	tap__err(iommu__destroy(m.fd, queue), 0, "queue: destroy it");
	tap__hex(unmap(0, UINT64_MAX, 0, "queue: then it can go"), LEN, "queue: length of it");
	check(0, "queue: without it");
	tap__err(iommu__destroy(m.fd, viommu), 0, "queue: destroy the virtual IOMMU");
	tap__err(iommu__destroy(m.fd, parent), 0, "queue: destroy the parent");
}

int main(void)
{
	tap__start();
	mem = mem__small(AREAS * LEN);
	buf = mem__small(LEN);
	if (!mem || !buf)
		return tap__bail("no memory");
	if (!tap__err(mock__open(&m, 0), 0, "a device"))
		return tap__done();
	check(0, "at the start");
	test_partly();
	test_unwritable();
	test_type1();
	test_hw_queue();
	close(m.fd);
	tap__is(mem__pinned(0), 0, "nothing is pinned at the end");
	return tap__done();
}
