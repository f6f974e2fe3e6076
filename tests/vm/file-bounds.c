// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_IOAS_MAP_FILE at the edges of files and of the numbers that describe a range: no
 * range beyond the end of a file or dma-buf can be mapped.
 *
 * Fault this is for: an offset plus a length of exactly 2^64 counted as 0, which is inside of every
 * dma-buf, and the device reached physical memory below the dma-buf's.
 *
 * vm: --mock
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define P ((uint64_t)MEM_PAGE)
#define FILE_PAGES 4

static int map(const struct mock *m, int file, uint64_t start, uint64_t length)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = IOAS_RW | IOAS_FIXED,
		.ioas_id = m->ioas,
		.fd = file,
		.start = start,
		.length = length,
		.iova = MOCK_BASE,
	};

	return iommu__ioctl(m->fd, IOMMU_IOAS_MAP_FILE, &cmd);
}

static void test_bounds(const struct mock *m, const char *kind, int file)
{
	/* The error tells whether the range wraps, which is checked first. */
	static const struct {
		const char *name;
		uint64_t start, length;
		int dmabuf, memfd;
	} ranges[] = {
		{ "all of it", 0, FILE_PAGES * P, 0, 0 },
		{ "its last page", (FILE_PAGES - 1) * P, P, 0, 0 },
		{ "one page more than it has", 0, (FILE_PAGES + 1) * P, -EINVAL, -EINVAL },
		{ "the page after it", FILE_PAGES * P, P, -EINVAL, -EINVAL },
		{ "to the last offset", -P, P, -EINVAL, -EINVAL },
		{ "a gigabyte to the last offset", -(1ull << 30), 1ull << 30, -EINVAL, -EINVAL },
		{ "all but one page of all offsets", P, -P, -EINVAL, -EINVAL },
		{ "an offset that wraps", -P, 2 * P, -EOVERFLOW, -EOVERFLOW },
		{ "no bytes at the last offset", -P, 0, -EINVAL, -EINVAL },
	};
	char name[120];

	for (unsigned int i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		int want = *kind == 'd' ? ranges[i].dmabuf : ranges[i].memfd;
		int got = map(m, file, ranges[i].start, ranges[i].length);

		snprintf(name, sizeof(name), "%s: %s", kind, ranges[i].name);
		tap__err(got, want, name);
		if (!got)
			ioas__unmap_at(m->fd, m->ioas, MOCK_BASE, ranges[i].length);
	}
}

int main(void)
{
	struct iommu_test_cmd get = {
		.size = sizeof(get),
		.op = IOMMU_TEST_OP_DMABUF_GET,
		.dmabuf_get = { .length = FILE_PAGES * P, .open_flags = O_RDWR | O_CLOEXEC },
	};
	struct mock m;
	int memfd, dmabuf;

	tap__start();
	if (!mock__start(&m, "file-bounds", 0))
		return tap__done();
	memfd = memfd_create("file-bounds", MFD_CLOEXEC);
	tap__ok(memfd >= 0 && !ftruncate(memfd, FILE_PAGES * P), "a memfd");
	test_bounds(&m, "memfd", memfd);
	dmabuf = ioctl(m.fd, IOMMU_TEST_CMD, &get);
	if (tap__ok(dmabuf >= 0, "a dma-buf"))
		test_bounds(&m, "dma-buf", dmabuf);
	close(dmabuf);
	close(memfd);
	close(m.fd);
	tap__is(mem__pinned(0), 0, "nothing stays pinned");
	return tap__done();
}
