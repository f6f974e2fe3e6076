// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IOTLB of the mock's page tables, and its check that devices reach only pinned pages. Other
 * tests rely on both to notice that iommufd forgets a flush, or unpins too early.
 *
 * Finds these faults: a translation does not stay in the IOTLB until the flush, or stays longer;
 * DMA reaches a page that is not pinned; an unmap flushes more than once for areas that touch; a
 * write through an entry that is known to be dirty
 * sets the dirty bit, so that a missing flush goes unnoticed.
 *
 * vm: --mock
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include <linux/iommufd_new.h>

#define P MEM_PAGE
#define BASE MOCK_BASE
#define PAGES 5
#define AREAS 23

static char *mem, *buf;

static struct iommufd_mock_table_counts counts(const struct mock *m)
{
	struct iommufd_mock_table_counts now = {};

	tap__err(mock__table_counts(m, m->hwpt, &now), 0, "counts of the page table");
	return now;
}

static int read_page(const struct mock *m)
{
	return mock__dma(m, 0, BASE, buf, P, false);
}

static void test_flush(void)
{
	struct iommufd_mock_table_counts before, after;
	struct mock m;

	if (!mock__start(&m, "flush", 0))
		return;
	mem__fill(mem, PAGES * P, 1);
	tap__err(ioas__map_at(m.fd, m.ioas, mem, PAGES * P, BASE), 0, "flush: map");
	tap__err(read_page(&m), 0, "flush: read");
	before = counts(&m);
	tap__err(read_page(&m), 0, "flush: read again");
	after = counts(&m);
	tap__ok(after.iotlb_hits - before.iotlb_hits >= P / MOCK_PAGE_SIZE,
		"flush: the translations come from the IOTLB");
	tap__err(ioas__unmap_at(m.fd, m.ioas, BASE, PAGES * P), 0, "flush: unmap");
	tap__is(counts(&m).syncs, before.syncs + 1, "flush: there is one");
	tap__err(read_page(&m), -EFAULT, "flush: nothing is mapped");
	tap__is(counts(&m).strays, 0, "flush: no DMA went astray");
	close(m.fd);
}

/* Map AREAS areas, whose distance is @step pages; unmap them at once and count the flushes. */
static void flushes_are(unsigned int step, bool all, unsigned int want, const char *name)
{
	struct iommufd_mock_table_counts before, after;
	int err = 0;
	struct mock m;

	if (!mock__start(&m, name, 0))
		return;
	for (unsigned int i = 0; i < AREAS && !err; i++)
		err = ioas__map_at(m.fd, m.ioas, mem, P, BASE + i * step * P);
	tap__err(err, 0, "%s: map %u areas", name, AREAS);
	before = counts(&m);
	err = all ? ioas__unmap_all(m.fd, m.ioas) :
		    ioas__unmap_at(m.fd, m.ioas, BASE, ((AREAS - 1) * step + 1) * P);
	tap__err(err, 0, "%s: unmap them by one call", name);
	after = counts(&m);
	tap__is(after.syncs - before.syncs, want, "%s: flushes", name);
	tap__err(read_page(&m), -EFAULT, "%s: nothing is mapped", name);
	tap__is(after.strays, 0, "%s: no DMA went astray", name);
	close(m.fd);
}

static void test_missing(void)
{
	struct mock m;

	if (!mock__start(&m, "no flush", 0))
		return;
	mem__fill(mem, P, 2);
	tap__err(ioas__map_at(m.fd, m.ioas, mem, P, BASE), 0, "no flush: map");
	tap__err(ioas__map_at(m.fd, m.ioas, mem, P, BASE + 7 * P), 0, "no flush: map it again");
	tap__err(read_page(&m), 0, "no flush: read");
	tap__err(mock__fail(&m, m.hwpt, MOCK_FAIL_SYNC, 0, 2), 0, "no flush: from now on");
	tap__err(ioas__unmap_at(m.fd, m.ioas, BASE, P), 0, "no flush: unmap");
	memset(buf, 0, P);
	tap__err(read_page(&m), 0, "no flush: DMA still reaches the page");
	tap__is(mem__check(buf, P, 2), -1, "no flush: and reads it");
	tap__is(counts(&m).strays, 0, "no flush: the page is pinned");

	tap__err(ioas__unmap_at(m.fd, m.ioas, BASE + 7 * P, P), 0, "no flush: unmap the other");
	tap__err(read_page(&m), -EBADE, "no flush: DMA to a page that is not pinned");
	tap__is(counts(&m).strays, 1, "no flush: is counted");

	tap__err(ioas__map_at(m.fd, m.ioas, mem, P, BASE), 0, "no flush: map");
	tap__err(ioas__unmap_at(m.fd, m.ioas, BASE, P), 0, "no flush: unmap, which flushes again");
	tap__err(read_page(&m), -EFAULT, "no flush: nothing is mapped");
	close(m.fd);
}

/* A map needs no flush: neither a missing page nor a forbidden write is cached. */
static void test_map(void)
{
	uint64_t iova = BASE;
	struct mock m;

	if (!mock__start(&m, "map", 0))
		return;
	tap__err(read_page(&m), -EFAULT, "map: nothing is mapped");
	tap__err(ioas__map(m.fd, m.ioas, mem, P, IOAS_R | IOAS_FIXED, &iova), 0,
		 "map: for reading");
	tap__err(read_page(&m), 0, "map: read");
	tap__err(mock__dma(&m, 0, BASE, buf, P, true), -EFAULT, "map: cannot write");
	tap__err(ioas__unmap_at(m.fd, m.ioas, BASE, P), 0, "map: unmap");
	tap__err(ioas__map_at(m.fd, m.ioas, mem, P, BASE), 0, "map: for both");
	tap__err(read_page(&m), 0, "map: read");
	tap__err(mock__dma(&m, 0, BASE, buf, P, true), 0, "map: write");
	close(m.fd);
}

/* Returns the bitmap of all pages, or -errno. */
static int get_dirty(const struct mock *m)
{
	uint64_t bits = 0;
	struct iommu_hwpt_get_dirty_bitmap cmd = {
		.size = sizeof(cmd),
		.hwpt_id = m->hwpt,
		.iova = BASE,
		.length = PAGES * P,
		.page_size = P,
		.data = (uintptr_t)&bits,
	};
	int ret = iommu__ioctl(m->fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd);

	return ret ? ret : (int)bits;
}

static int write_page(const struct mock *m, unsigned int page)
{
	return mock__dma(m, 0, BASE + page * P, buf, P, true);
}

static void test_dirty(void)
{
	struct iommu_hwpt_set_dirty_tracking cmd = { .size = sizeof(cmd), .flags = 1 };
	uint64_t off = 0;
	struct mock m;

	if (!mock__start(&m, "dirty", 0))
		return;
	tap__err(iommu__option(m.fd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_SET, m.ioas, &off), 0,
		 "dirty: small pages");
	tap__err(mock__hwpt(&m, m.ioas, IOMMU_HWPT_ALLOC_DIRTY_TRACKING, 0, 0, NULL, 0, &m.hwpt), 0,
		 "dirty: a page table");
	tap__err(mock__replace(&m, m.hwpt), 0, "dirty: attach");
	tap__err(ioas__map_at(m.fd, m.ioas, mem, PAGES * P, BASE), 0, "dirty: map");
	cmd.hwpt_id = m.hwpt;
	tap__err(iommu__ioctl(m.fd, IOMMU_HWPT_SET_DIRTY_TRACKING, &cmd), 0, "dirty: track");
	tap__err(write_page(&m, 1), 0, "dirty: write");
	tap__is(get_dirty(&m), 1 << 1, "dirty: one page is");
	tap__is(get_dirty(&m), 0, "dirty: not any more");
	tap__err(write_page(&m, 1), 0, "dirty: write again");
	tap__err(write_page(&m, 3), 0, "dirty: and another page");
	tap__err(mock__fail(&m, m.hwpt, MOCK_FAIL_SYNC, 0, 1), 0, "dirty: do not flush once");
	tap__is(get_dirty(&m), 1 << 1 | 1 << 3, "dirty: both are");
	tap__err(write_page(&m, 1), 0, "dirty: write once more");
	tap__is(get_dirty(&m), 0, "dirty: without the flush, the write is lost");
	close(m.fd);
}

static void test_dmabuf(void)
{
	struct iommu_test_cmd get = { .size = sizeof(get), .op = IOMMU_TEST_OP_DMABUF_GET };
	struct iommu_test_cmd revoke = { .op = IOMMU_TEST_OP_DMABUF_REVOKE };
	struct iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = IOAS_RW | IOAS_FIXED,
		.iova = BASE,
		.length = PAGES * P,
	};
	struct mock m;

	if (!mock__start(&m, "dma-buf", 0))
		return;
	get.dmabuf_get.length = PAGES * P;
	get.dmabuf_get.open_flags = O_CLOEXEC;
	map.ioas_id = m.ioas;
	map.fd = revoke.dmabuf_revoke.dmabuf_fd = ioctl(m.fd, IOMMU_TEST_CMD, &get);
	tap__err(iommu__ioctl(m.fd, IOMMU_IOAS_MAP_FILE, &map), 0, "dma-buf: map");
	tap__err(write_page(&m, 2), 0, "dma-buf: its pages count as pinned");
	for (int i = 0; i < 2; i++) {
		revoke.dmabuf_revoke.revoked = 1;
		tap__err(mock__test(m.fd, &revoke), 0, "dma-buf: revoke");
		tap__err(write_page(&m, 2), -EFAULT, "dma-buf: it is not mapped");
		revoke.dmabuf_revoke.revoked = 0;
		tap__err(mock__test(m.fd, &revoke), 0, "dma-buf: allow");
		tap__err(ioas__unmap_at(m.fd, m.ioas, BASE, PAGES * P), 0, "dma-buf: unmap");
		tap__err(iommu__ioctl(m.fd, IOMMU_IOAS_MAP_FILE, &map), 0, "dma-buf: map anew");
		tap__err(write_page(&m, 2), 0, "dma-buf: it is mapped");
	}
	tap__is(counts(&m).strays, 0, "dma-buf: no DMA went astray");
	close(map.fd);
	close(m.fd);
}

int main(void)
{
	tap__start();
	mem = mem__small(PAGES * P);
	buf = mem__small(P);
	if (!mem || !buf)
		return tap__bail("no memory");
	test_flush();
	flushes_are(1, false, 1, "areas that touch");
	flushes_are(1, true, 1, "areas that touch, all");
	flushes_are(2, false, AREAS, "areas with gaps");
	test_missing();
	test_map();
	test_dirty();
	test_dmabuf();
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	return tap__done();
}
