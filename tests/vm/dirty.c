// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_HWPT_SET_DIRTY_TRACKING and IOMMU_HWPT_GET_DIRTY_BITMAP with page tables and devices of the
 * mock, whose driver is built as the kernel's are: read_and_clear_dirty() fills in no bitmap.
 *
 * Dirty bits come from DMA of a mock device, or from IOMMU_TEST_OP_DIRTY where there are many.
 * Memory is mapped so that the leaves of the page table are known: huge pages, or, with
 * IOMMU_OPTION_HUGE_PAGES off, pages of 4 KiB.
 *
 * vm: --mock
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../kernel/mock/iommufd_mock_uapi.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"

#define BASE ((uint64_t)MOCK_APERTURE_START)
#define PAGES 2048u   /* that are mapped */
#define SIZE (PAGES * MEM_PAGE)
#define KEEP IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR

static int fd;
static uint32_t ioas, device, hwpt;
static char *mem;
static unsigned char map[PAGES / 8 * 2], want[PAGES / 8 * 2];

static int alloc_hwpt(uint32_t dev, uint32_t flags, uint32_t *id)
{
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.dev_id = dev,
		.pt_id = ioas,
	};
	int ret = iommu__ioctl(fd, IOMMU_HWPT_ALLOC, &cmd);

	*id = cmd.out_hwpt_id;
	return ret;
}

static int add_device(uint32_t pt, uint32_t flags, uint32_t *dev)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS,
		.id = pt,
		.mock_domain_flags = { .dev_flags = flags },
	};
	int ret = iommu__ioctl(fd, IOMMU_TEST_CMD, &cmd);

	*dev = cmd.mock_domain_flags.out_idev_id;
	return ret;
}

static int track(uint32_t id, uint32_t flags)
{
	struct iommu_hwpt_set_dirty_tracking cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.hwpt_id = id,
	};

	return iommu__ioctl(fd, IOMMU_HWPT_SET_DIRTY_TRACKING, &cmd);
}

static int read_to(uint32_t id, uint32_t flags, uint64_t iova, uint64_t length, uint64_t page_size,
		   void *bitmap)
{
	struct iommu_hwpt_get_dirty_bitmap cmd = {
		.size = sizeof(cmd),
		.hwpt_id = id,
		.flags = flags,
		.iova = iova,
		.length = length,
		.page_size = page_size,
		.data = (uintptr_t)bitmap,
	};

	return iommu__ioctl(fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd);
}

static int read_dirty(uint32_t flags, uint64_t iova, uint64_t length, uint64_t page_size)
{
	memset(map, 0, sizeof(map));
	return read_to(hwpt, flags, iova, length, page_size, map);
}

static int dma(uint64_t iova, uint64_t length, uint32_t flags)
{
	static char data[64 * MEM_PAGE];
	struct iommufd_mock_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_DMA,
		.id = device,
		.dma = { .flags = flags, .iova = iova, .length = length, .uptr = (uintptr_t)data },
	};

	return iommu__ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

/* Make the pages dirty whose bits are set in want. */
static int set_dirty(void)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_DIRTY,
		.id = hwpt,
		.dirty = { .iova = BASE,
			   .length = SIZE,
			   .page_size = MEM_PAGE,
			   .uptr = (uintptr_t)want },
	};

	return iommu__ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

static struct iommufd_mock_table_counts table_counts(void)
{
	struct iommufd_mock_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_TABLE_COUNTS,
		.id = hwpt,
	};

	iommu__ioctl(fd, IOMMU_TEST_CMD, &cmd);
	return cmd.table_counts;
}

static int fail_reads(unsigned int skip, int error)
{
	struct iommufd_mock_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_FAIL,
		.id = hwpt,
		.fail = { .kind = MOCK_FAIL_DIRTY_READ, .skip = skip, .count = 1, .error = error },
	};

	return iommu__ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

static unsigned int count_bits(const unsigned char *bits, size_t size)
{
	unsigned int n = 0;

	for (size_t i = 0; i < size; i++)
		n += __builtin_popcount(bits[i]);
	return n;
}

static bool has_bit(const unsigned char *bits, unsigned int bit)
{
	return bits[bit / 8] & 1 << bit % 8;
}

static void random_pages(unsigned int one_in)
{
	memset(want, 0, sizeof(want));
	for (unsigned int i = 0; i < PAGES; i++)
		if (random() % one_in == 0)
			want[i / 8] |= 1 << i % 8;
}

/* An IOAS with all of mem, in huge pages if they are allowed, and a device that writes to it. */
static int set_up(bool huge)
{
	uint64_t val = huge;
	int ret;

	fd = iommu__open();
	ret = fd < 0 ? fd : ioas__alloc(fd, &ioas);
	if (!ret)
		ret = iommu__option(fd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_SET, ioas, &val);
	if (!ret)
		ret = ioas__map_at(fd, ioas, mem, SIZE, BASE);
	/* An attached device lends its IOMMU to make the page table, and another is put on it. */
	if (!ret)
		ret = add_device(ioas, 0, &device);
	if (!ret)
		ret = alloc_hwpt(device, IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &hwpt);
	if (!ret)
		ret = add_device(hwpt, 0, &device);
	return ret;
}

static void test_refusals(void)
{
	uint32_t plain = 0, none;

	tap__err(track(12345, 1), -ENOENT, "track: no such page table");
	tap__err(track(ioas, 1), -ENOENT, "track: an IOAS is no page table");
	tap__err(track(hwpt, 2), -EOPNOTSUPP, "track: a flag that is not known");
	tap__err(alloc_hwpt(device, 0, &plain), 0, "a page table without tracking");
	tap__err(track(plain, 1), -EOPNOTSUPP, "it cannot be turned on");
	tap__err(read_to(plain, 0, BASE, SIZE, MEM_PAGE, map), -EOPNOTSUPP, "nor read");
	tap__err(iommu__destroy(fd, plain), 0, "destroy it");
	tap__ok(add_device(hwpt, MOCK_FLAGS_DEVICE_NO_DIRTY, &none),
		"a device without tracking is not attached");

	tap__err(read_dirty(0, BASE, SIZE, MEM_PAGE), -EINVAL, "read: tracking is off");
	tap__err(track(hwpt, 1), 0, "turn it on");
	tap__err(read_to(12345, 0, BASE, SIZE, MEM_PAGE, map), -ENOENT, "read: no such page table");
	tap__err(read_dirty(2, BASE, SIZE, MEM_PAGE), -EOPNOTSUPP, "read: an unknown flag");
	tap__err(read_dirty(0, BASE, 0, MEM_PAGE), -EINVAL, "read: no length");
	tap__err(read_dirty(0, BASE, SIZE, 0), -EINVAL, "read: pages of no size");
	tap__err(read_dirty(0, BASE, 3 * MEM_PAGE, 3 * MEM_PAGE), -EINVAL,
		 "read: pages of a size that is not a power of 2");
	tap__err(read_dirty(0, BASE + MEM_PAGE, SIZE, 2 * MEM_PAGE), -EINVAL,
		 "read: start in the middle of a bit");
	tap__err(read_dirty(0, BASE, MEM_PAGE, 2 * MEM_PAGE), -EINVAL, "read: half a bit");
	tap__err(read_dirty(0, BASE + 1, SIZE, 1), -EINVAL, "read: start in the middle of a page");
	tap__err(read_dirty(0, -MEM_PAGE, 2 * MEM_PAGE, MEM_PAGE), -EOVERFLOW, "read: wraps");
	tap__err(read_dirty(0, BASE, SIZE + MEM_PAGE, MEM_PAGE), -EINVAL,
		 "read: a hole at the end");
	tap__err(read_dirty(0, BASE - MEM_PAGE, SIZE, MEM_PAGE), -EINVAL, "read: a hole before");
}

static void test_dma(void)
{
	tap__err(read_dirty(0, BASE, SIZE, MEM_PAGE), 0, "nothing was written to");
	tap__is(count_bits(map, sizeof(map)), 0, "no bit is set");
	tap__err(dma(BASE + 5 * MEM_PAGE, 7 * MEM_PAGE, 0), 0, "a device reads 7 pages");
	tap__err(dma(BASE + 23 * MEM_PAGE + 4095, 2, MOCK_DMA_WRITE), 0, "and writes 2 bytes");
	tap__err(read_dirty(KEEP, BASE, SIZE, MEM_PAGE), 0, "read, and keep");
	tap__is(count_bits(map, sizeof(map)), 2, "two bits are set");
	tap__ok(has_bit(map, 23) && has_bit(map, 24), "of the pages written to");
	tap__err(read_dirty(0, BASE, SIZE, 8 * MEM_PAGE), 0, "read in pages of 32 KiB");
	tap__ok(count_bits(map, sizeof(map)) == 2 && has_bit(map, 2) && has_bit(map, 3),
		"the bits of the same pages");
	tap__err(read_dirty(0, BASE, SIZE, MEM_PAGE), 0, "read again");
	tap__is(count_bits(map, sizeof(map)), 0, "it was cleared");
	tap__err(dma(BASE + 9 * MEM_PAGE, 1, MOCK_DMA_WRITE), 0, "write a byte");
	tap__err(read_dirty(0, BASE + 8 * MEM_PAGE, 4 * MEM_PAGE, MEM_PAGE / 2), 0,
		 "read in pages of 2 KiB, from the middle");
	tap__ok(count_bits(map, sizeof(map)) == 2 && has_bit(map, 2) && has_bit(map, 3),
		"bit 0 is the first page asked for");

	tap__err(dma(BASE, 1, MOCK_DMA_WRITE), 0, "write again");
	tap__err(track(hwpt, 1), 0, "turn tracking on, which it is");
	tap__err(read_dirty(KEEP, BASE, SIZE, MEM_PAGE), 0, "read");
	tap__is(count_bits(map, sizeof(map)), 1, "nothing was forgotten");
	tap__err(track(hwpt, 0), 0, "turn it off");
	tap__err(track(hwpt, 1), 0, "and on");
	tap__err(read_dirty(0, BASE, SIZE, MEM_PAGE), 0, "read");
	tap__is(count_bits(map, sizeof(map)), 0, "a fresh start");
}

static void test_random(unsigned int one_in)
{
	unsigned int calls, dirty, bad = 0;
	int ret = 0;

	random_pages(one_in);
	dirty = count_bits(want, sizeof(want));
	tap__err(set_dirty(), 0, "%u of %u pages dirty", dirty, PAGES);
	calls = table_counts().dirty_reads;
	tap__err(read_dirty(0, BASE, SIZE, MEM_PAGE), 0, "read them");
	calls = table_counts().dirty_reads - calls;
	tap__ok(!memcmp(map, want, sizeof(map)), "exactly these have their bits set");
	tap__ok(calls <= 10 * dirty, "with %u calls of the driver", calls);

	/* In pieces, into a bitmap with bits of an earlier time. */
	random_pages(one_in);
	set_dirty();
	for (unsigned int at = 0, n; at < PAGES && !ret; at += n) {
		unsigned char part[PAGES / 8 + 1], was[PAGES / 8 + 1];

		n = 1 + random() % 100;
		n = n < PAGES - at ? n : PAGES - at;
		for (unsigned int i = 0; i < sizeof(part); i++)
			part[i] = was[i] = random();
		ret = read_to(hwpt, 0, BASE + at * MEM_PAGE, n * MEM_PAGE, MEM_PAGE, part);
		for (unsigned int i = 0; i < n; i++)
			bad += has_bit(part, i) != (has_bit(want, at + i) || has_bit(was, i));
		for (unsigned int i = n; i < 8 * sizeof(part); i++)
			bad += has_bit(part, i) != has_bit(was, i);
	}
	tap__err(ret, 0, "read other pages in pieces");
	tap__is(bad, 0, "bits are set, never cleared, and none outside");
	tap__err(read_dirty(0, BASE, SIZE, MEM_PAGE), 0, "read all");
	tap__is(count_bits(map, sizeof(map)), 0, "nothing is left");
}

/* The end of the bitmap is not writable: pages that were not reported are not cleared. */
static void test_bad_bitmap(void)
{
	unsigned char *pages = mmap(NULL, 2 * MEM_PAGE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *at = pages + MEM_PAGE - PAGES / 16;
	unsigned int lost = 0;

	mprotect(pages + MEM_PAGE, MEM_PAGE, PROT_READ);
	random_pages(3);
	set_dirty();
	tap__err(read_to(hwpt, 0, BASE, SIZE, MEM_PAGE, at), -EFAULT,
		 "a bitmap in read-only memory");
	tap__err(read_dirty(0, BASE, SIZE, MEM_PAGE), 0, "read again");
	for (unsigned int i = 0; i < PAGES; i++)
		lost += has_bit(want, i) && !has_bit(map, i) && !has_bit(at, i);
	tap__is(lost, 0, "each dirty page is in one of the two");
	tap__ok(count_bits(at, PAGES / 16) && count_bits(map + PAGES / 16, PAGES / 16),
		"the reported pages in the first, the rest in the second");
	munmap(pages, 2 * MEM_PAGE);

	random_pages(2);
	set_dirty();
	tap__err(fail_reads(500, EIO), 0, "let the driver fail");
	tap__err(read_dirty(0, BASE, SIZE, MEM_PAGE), -EIO, "its error is returned");
	tap__err(read_to(hwpt, 0, BASE, SIZE, MEM_PAGE, map), 0,
		 "read again, into the same bitmap");
	tap__ok(!memcmp(map, want, sizeof(map)), "nothing was lost");
}

/* Leaves that are larger than the requested page size. */
static void test_huge(void)
{
	unsigned int bits;

	tap__err(track(hwpt, 1), 0, "turn tracking on");
	tap__err(dma(BASE + 3 * MEM_PAGE, 1, MOCK_DMA_WRITE), 0, "write a byte into a huge page");
	tap__err(read_dirty(KEEP, BASE, SIZE, MEM_PAGE), 0, "read all, and keep");
	bits = count_bits(map, sizeof(map));
	if (bits < 2) {
		tap__skip("there were no huge pages", "a leaf larger than a page");
		return;
	}
	tap__ok(has_bit(map, 0) && has_bit(map, bits - 1), "a leaf of %u pages is dirty", bits);
	tap__err(read_dirty(0, BASE + bits / 2 * MEM_PAGE, SIZE / 2, MEM_PAGE), 0,
		 "read from its middle on");
	tap__is(count_bits(map, sizeof(map)), bits / 2, "the second half is reported");
	tap__err(read_dirty(0, BASE, bits / 2 * MEM_PAGE, MEM_PAGE), 0, "read the first half");
	tap__is(count_bits(map, sizeof(map)), bits / 2, "it was not forgotten");
	tap__err(read_dirty(0, BASE, SIZE, SIZE / 2), 0, "read all, in two bits");
	tap__is(count_bits(map, sizeof(map)), bits > PAGES / 2 ? 2 : 1,
		"those of the leaf are set");
	tap__err(read_dirty(0, BASE, SIZE, MEM_PAGE), 0, "read all again");
	tap__is(count_bits(map, sizeof(map)), 0, "now it is clean");
}

int main(void)
{
	tap__start();
	srandom(1);
	mem = mem__huge(SIZE);
	if (!mem)
		return tap__bail("no memory");
	if (!tap__err(set_up(false), 0, "pages of 4 KiB, and a device"))
		return tap__done();
	test_refusals();
	test_dma();
	test_random(2);
	test_random(50);
	test_bad_bitmap();
	close(fd);
	if (!tap__err(set_up(true), 0, "huge pages, and a device"))
		return tap__done();
	test_huge();
	close(fd);
	mem__free(mem, SIZE);
	return tap__done();
}
