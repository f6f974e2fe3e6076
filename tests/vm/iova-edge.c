// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses at the ends: of 64 bits, of a page table's range, and of reserved ranges.
 *
 * Finds these faults: a sum of address and length, or an address rounded up to an alignment,
 * wraps and is taken for a small one, so that something is mapped where it must not be, or a check
 * looks at the wrong range; the last address of a range is taken for its end.
 *
 * tests/vm/uapi-map.c and uapi-iova.c have these without a device, or with one whose page table
 * ends far away. Here the page table begins at 16 MiB and ends at 2 GiB.
 *
 * vm: --mock
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define LAST ((uint64_t)MOCK_APERTURE_LAST)
#define END (LAST + 1)

static struct mock m;
static char *mem, *huge, *buf;

/* Is a page of mem, or nothing, seen at an address? */
static int page_at(uint64_t iova)
{
	int ret = mock__dma(&m, 0, iova, buf, P, false), i;

	for (i = 0; !ret && i < 4; i++)
		if (!memcmp(buf, mem + i * P, P))
			return i;
	return ret ? ret : -1;
}

static void test_aperture(void)
{
	struct iommufd_mock_table_counts counts = {};
	uint64_t iova;

	tap__err(ioas__map_at(m.fd, m.ioas, mem, P, LAST + 1 - P), 0, "aperture: the last page");
	tap__is(page_at(LAST + 1 - P), 0, "aperture: a device sees it");
	tap__err(mock__dma(&m, 0, END, buf, P, false), -EFAULT, "aperture: and nothing behind it");
	tap__err(ioas__map_at(m.fd, m.ioas, mem, P, END), -EINVAL, "aperture: the page behind");
	tap__err(ioas__map_at(m.fd, m.ioas, mem, P, MOCK_BASE - P), -EINVAL,
		 "aperture: the page before");
	tap__err(ioas__map_at(m.fd, m.ioas, mem, 2 * P, MOCK_BASE - P), -EINVAL,
		 "aperture: over its begin");
	tap__err(ioas__map_at(m.fd, m.ioas, mem, P, MOCK_BASE), 0, "aperture: the first page");
	tap__is(page_at(MOCK_BASE), 0, "aperture: a device sees it");
	tap__err(ioas__unmap_at(m.fd, m.ioas, LAST + 1 - P, P), 0, "aperture: unmap the last");
	tap__err(ioas__map_at(m.fd, m.ioas, mem, 2 * P, LAST + 1 - P), -EINVAL,
		 "aperture: over its end");
	tap__err(ioas__map_at(m.fd, m.ioas, mem, P, -P), -EINVAL, "aperture: the last page of all");
	tap__err(ioas__map_at(m.fd, m.ioas, mem, P, 0), -EINVAL, "aperture: the first page of all");
	tap__err(ioas__map_at(m.fd, m.ioas, mem, 2 * P, -P), -EOVERFLOW, "aperture: wraps");
	tap__err(ioas__map_at(m.fd, m.ioas, mem, MOCK_PAGE_SIZE, MOCK_BASE + 16 * P), 0,
		 "aperture: half a page");
	tap__err(ioas__map_at(m.fd, m.ioas, mem, MOCK_PAGE_SIZE / 2, MOCK_BASE + 17 * P), -EINVAL,
		 "aperture: less than the page table's page");
	tap__err(ioas__map_at(m.fd, m.ioas, mem, MOCK_PAGE_SIZE, MOCK_BASE + 17 * P + 1), -EINVAL,
		 "aperture: an odd address");
	tap__err(ioas__unmap_all(m.fd, m.ioas), 0, "aperture: unmap everything");
	mock__table_counts(&m, m.hwpt, &counts);
	tap__is(counts.mapped, 0, "aperture: the page table is empty");

	/* Sums that wrap when they are made with the length, or the user address. */
	iova = LAST + 1 - P;
	tap__err(ioas__map(m.fd, m.ioas, mem, -(LAST + 1), IOAS_RW | IOAS_FIXED, &iova), -EOVERFLOW,
		 "aperture: a user range that wraps");
	tap__err(ioas__map(m.fd, m.ioas, (void *)-P, 2 * P, IOAS_RW, &iova), -EOVERFLOW,
		 "aperture: a user address that wraps");
	tap__err(ioas__map(m.fd, m.ioas, (void *)(-P - 1), P, IOAS_RW, &iova), -EINVAL,
		 "aperture: a user address at the end, odd");
	tap__err(ioas__map(m.fd, m.ioas, (void *)(-2 * P), P, IOAS_RW, &iova), -EFAULT,
		 "aperture: a user address of the kernel's");
	mock__table_counts(&m, m.hwpt, &counts);
	tap__is(counts.mapped, 0, "aperture: the page table is still empty");
}

/* The kernel never chooses a range that wraps, nor one that exceeds a usable range. */
static void test_choose(void)
{
	struct iommu_iova_range r = { .last = LAST };
	uint64_t iova = 1;
	int ret;

	/* 2 MiB of memory, so aligned; a range in which no address with that alignment fits. */
	r.start = END - MEM_HUGE - P;
	r.last = END - P - 1;
	tap__err(ioas__allow(m.fd, m.ioas, &r, 1), 0, "choose: 2 MiB that are not aligned");
	ret = ioas__map(m.fd, m.ioas, huge, MEM_HUGE, IOAS_RW, &iova);
	tap__err(ret, -ENOSPC, "choose: no aligned place: rounding up leaves the range");
	r.start = END - MEM_HUGE;
	r.last = LAST;
	tap__err(ioas__allow(m.fd, m.ioas, &r, 1), 0, "choose: the last 2 MiB");
	tap__err(ioas__map(m.fd, m.ioas, huge, MEM_HUGE, IOAS_RW, &iova), 0, "choose: it fits");
	tap__hex(iova, END - MEM_HUGE, "choose: up to the last byte");
	tap__err(ioas__map(m.fd, m.ioas, mem, P, IOAS_RW, &iova), -ENOSPC, "choose: full");
	tap__err(ioas__unmap_all(m.fd, m.ioas), 0, "choose: unmap");
	tap__err(ioas__allow(m.fd, m.ioas, NULL, 0), 0, "choose: no ranges");

	/* Longer than the address space, shorter than an invalid length. */
	tap__err(ioas__map(m.fd, m.ioas, huge, END, IOAS_RW, &iova), -ENOSPC, "choose: 2 GiB");
	tap__err(ioas__map(m.fd, m.ioas, huge, UINT64_MAX / 2 - P + 1, IOAS_RW, &iova), -ENOSPC,
		 "choose: nearly half of all");
}

/* Without a page table all 64 bits are usable, save the ranges of user space or a device. */
static void test_ends(void)
{
	struct iommu_iova_range r[3] = { { .start = -4 * P, .last = UINT64_MAX } };
	uint64_t iova = 0, align;
	uint32_t ioas, num = 3;

	tap__err(ioas__alloc(m.fd, &ioas), 0, "ends: an IOAS without page table");
	tap__err(ioas__allow(m.fd, ioas, r, 1), 0, "ends: the last four pages allowed");
	tap__err(ioas__map(m.fd, ioas, mem, 2 * P, IOAS_RW, &iova), 0, "ends: two chosen");
	tap__ok(iova >= -4 * P && iova <= -2 * P, "ends: in the range (0x%" PRIx64 ")", iova);
	tap__err(ioas__map(m.fd, ioas, huge, MEM_HUGE, IOAS_RW, &iova), -ENOSPC,
		 "ends: 2 MiB: rounding up wraps");
	tap__err(ioas__map(m.fd, ioas, mem, 4 * P, IOAS_RW, &iova), -ENOSPC, "ends: four more");
	tap__err(ioas__unmap_all(m.fd, ioas), 0, "ends: unmap");

	tap__err(ioas__map_at(m.fd, ioas, mem, P, -P), 0, "ends: fixed at the last page");
	iova = 0x100000;
	tap__err(ioas__copy(m.fd, ioas, ioas, -P, 2 * P, IOAS_RW | IOAS_FIXED, &iova), -EOVERFLOW,
		 "ends: copy beyond the end");
	tap__err(ioas__copy(m.fd, ioas, ioas, -P, P, IOAS_RW | IOAS_FIXED, &iova), 0,
		 "ends: copy the last page");
	iova = -P;
	tap__err(ioas__copy(m.fd, ioas, ioas, 0x100000, P, IOAS_RW | IOAS_FIXED, &iova), -EEXIST,
		 "ends: copy to the last page");
	iova = -P + 1;
	tap__err(ioas__copy(m.fd, ioas, ioas, 0x100000, P, IOAS_RW | IOAS_FIXED, &iova), -EOVERFLOW,
		 "ends: copy to a range that wraps");
	tap__err(ioas__unmap_at(m.fd, ioas, -P, P), 0, "ends: unmap the last page");
	tap__err(ioas__ranges(m.fd, ioas, r, &num, &align), 0, "ends: ranges");
	tap__ok(num == 1 && !r[0].start && r[0].last == UINT64_MAX, "ends: everything");
	tap__err(iommu__destroy(m.fd, ioas), 0, "ends: destroy it");
}

static int reserve(uint32_t ioas, uint64_t start, uint64_t length)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_ADD_RESERVED,
		.id = ioas,
		.add_reserved = { .start = start, .length = length },
	};

	return mock__test(m.fd, &cmd);
}

static void test_reserved(void)
{
	struct iommu_iova_range r[4] = { 0 };
	uint64_t iova = 0, align;
	uint32_t ioas, num = 4;

	tap__err(ioas__alloc(m.fd, &ioas), 0, "reserved: an IOAS");
	tap__err(reserve(ioas, P, UINT64_MAX), -EOVERFLOW, "reserved: wraps");
	tap__err(reserve(ioas, -P, P + 1), -EOVERFLOW, "reserved: wraps by a byte");
	tap__err(reserve(ioas, UINT64_MAX, 2), -EOVERFLOW, "reserved: from the last byte on");
	tap__err(reserve(ioas, P, 0), -EINVAL, "reserved: nothing");
	tap__err(ioas__map_at(m.fd, ioas, mem, P, 0), 0, "reserved: no attempt left anything at 0");
	tap__err(ioas__map_at(m.fd, ioas, mem, P, -P), 0, "reserved: nor at the end");
	tap__err(reserve(ioas, -P, P), -EADDRINUSE, "reserved: a mapped range");
	tap__err(ioas__unmap_all(m.fd, ioas), 0, "reserved: unmap");

	tap__err(reserve(ioas, -P, P), 0, "reserved: the last page");
	tap__err(reserve(ioas, 0, P), 0, "reserved: the first page");
	tap__err(ioas__ranges(m.fd, ioas, r, &num, &align), 0, "reserved: ranges");
	tap__ok(num == 1 && r[0].start == P && r[0].last == -P - 1, "reserved: all between them");
	tap__err(ioas__map_at(m.fd, ioas, mem, 2 * P, -2 * P), -EINVAL, "reserved: into the last");
	tap__err(ioas__map_at(m.fd, ioas, mem, P, -2 * P), 0, "reserved: up to the last");
	tap__err(ioas__map_at(m.fd, ioas, mem, 2 * P, 0), -EINVAL, "reserved: from the first");
	tap__err(ioas__map_at(m.fd, ioas, mem, P, P), 0, "reserved: behind the first");
	tap__err(ioas__unmap_all(m.fd, ioas), 0, "reserved: unmap");
	tap__err(reserve(ioas, P, -2 * P), 0, "reserved: all between them, too");
	num = 4;
	tap__err(ioas__ranges(m.fd, ioas, r, &num, &align), 0, "reserved: ranges");
	tap__is(num, 0, "reserved: none");
	tap__err(ioas__map(m.fd, ioas, mem, P, IOAS_RW, &iova), -ENOSPC, "reserved: no place");
	tap__err(ioas__map_at(m.fd, ioas, mem, P, 0x100000), -EINVAL, "reserved: nor there");
	tap__err(iommu__destroy(m.fd, ioas), 0, "reserved: destroy it");
}

/* A device whose own reserved range is at an end, or goes over it. */
static void test_device(void)
{
	struct iommufd_mock_cmd cmd = {
		.op = MOCK_OP_DEVICE,
		.id = m.ioas,
		.device = { .start = -P, .length = 2 * P },
	};
	struct iommufd_mock_cmd more = { .op = MOCK_OP_RESERVE, .id = m.dev };

	tap__err(mock__ext(m.fd, &cmd), -EINVAL, "device: a range that wraps");
	more.reserve.start = 2;
	more.reserve.length = UINT64_MAX;
	tap__err(mock__ext(m.fd, &more), -EINVAL, "device: one more that wraps by a byte");
	cmd.device.length = P;
	tap__err(mock__ext(m.fd, &cmd), 0, "device: the last page of all");
	tap__err(ioas__map_at(m.fd, m.ioas, mem, P, LAST + 1 - P), 0, "device: map the last page");
	tap__err(iommu__destroy(m.fd, cmd.device.out_stdev_id), 0, "device: destroy it");
	tap__is(page_at(LAST + 1 - P), 0, "device: the other one still sees that");

	cmd.device.start = LAST + 1 - 2 * P;
	cmd.device.length = P;
	tap__err(mock__ext(m.fd, &cmd), 0, "device: the page before it");
	tap__err(ioas__map_at(m.fd, m.ioas, mem, P, LAST + 1 - 2 * P), -EINVAL,
		 "device: which cannot be mapped");
	tap__err(iommu__destroy(m.fd, cmd.device.out_stdev_id), 0, "device: destroy it");
	cmd.device.start = LAST + 1 - 2 * P;
	cmd.device.length = 3 * P;
	tap__err(mock__ext(m.fd, &cmd), -EADDRINUSE, "device: from there over the end");
	tap__err(ioas__unmap_all(m.fd, m.ioas), 0, "device: unmap everything");
}

/* Files have offsets, too. */
static void test_file(void)
{
	int file = memfd_create("edge", 0);
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = IOAS_RW,
		.ioas_id = m.ioas,
		.fd = file,
		.start = -P,
		.length = 2 * P,
	};

	if (!tap__ok(file >= 0 && !ftruncate(file, 2 * P), "file: a memfd"))
		return;
	tap__err(iommu__ioctl(m.fd, IOMMU_IOAS_MAP_FILE, &cmd), -EOVERFLOW, "file: wraps");
	cmd.length = UINT64_MAX - P;
	cmd.start = 2 * P;
	tap__err(iommu__ioctl(m.fd, IOMMU_IOAS_MAP_FILE, &cmd), -EOVERFLOW, "file: length wraps");
	cmd.start = P;
	cmd.length = 2 * P;
	tap__err(iommu__ioctl(m.fd, IOMMU_IOAS_MAP_FILE, &cmd), -EINVAL, "file: over its end");
	cmd.length = P;
	tap__err(iommu__ioctl(m.fd, IOMMU_IOAS_MAP_FILE, &cmd), 0, "file: its last page");
	tap__err(ioas__unmap_all(m.fd, m.ioas), 0, "file: unmap");
	close(file);
}

int main(void)
{
	struct iommufd_mock_table_counts counts = {};

	tap__start();
	mem = mem__small(4 * P);
	buf = mem__small(P);
	huge = mem__huge(MEM_HUGE);
	if (!mem || !buf || !huge)
		return tap__bail("no memory");
	mem__fill(mem, 4 * P, 1);
	if (!tap__err(mock__open(&m, 0), 0, "a device"))
		return tap__done();
	test_aperture();
	test_choose();
	test_ends();
	test_reserved();
	test_device();
	test_file();
	mock__table_counts(&m, m.hwpt, &counts);
	tap__is(counts.mapped, 0, "the page table is empty");
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	close(m.fd);
	return tap__done();
}
