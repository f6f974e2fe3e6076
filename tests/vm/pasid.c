// SPDX-License-Identifier: GPL-2.0-only
/*
 * PASIDs of a device, each with a page table of its own, checked with DMA.
 *
 * Finds these faults: a PASID keeps access after a detach or sees another one's memory; a replace
 * that fails leaves neither table; a table that was not made for PASIDs is attached to one, or to a
 * device that has some; something stays attached, and pinned, when all is closed.
 *
 * The contents identify page n of mem. Every IOAS has one page mapped at MOCK_BASE.
 *
 * vm: --mock
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define PAGES 8
#define PASID IOMMUFD_NEW_HWPT_ALLOC_PASID
#define MANY 60

static struct mock m;
static char *mem, *buf;

/* Which page of mem is seen at MOCK_BASE, or -errno. */
static int page(uint32_t pasid)
{
	int ret = mock__dma(&m, pasid, MOCK_BASE, buf, P, false), i;

	for (i = 0; !ret && i < PAGES; i++)
		if (!memcmp(buf, mem + i * P, P))
			return i;
	return ret ? ret : -1;
}

static int attach(uint32_t pasid, uint32_t pt)
{
	return mock__pasid(&m, IOMMU_TEST_OP_PASID_ATTACH, pasid, pt);
}

static int replace(uint32_t pasid, uint32_t pt)
{
	return mock__pasid(&m, IOMMU_TEST_OP_PASID_REPLACE, pasid, pt);
}

static int detach(uint32_t pasid)
{
	return mock__pasid(&m, IOMMU_TEST_OP_PASID_DETACH, pasid, 0);
}

/* Objects of one file: an IOAS for each of the first pages, and tables for them. */
struct tables {
	uint32_t ioas[4], pasid[4], plain[4];
};

static bool open_all(struct tables *t, const char *name)
{
	int ret = mock__open(&m, MOCK_FLAGS_DEVICE_PASID);

	mem__fill(mem, PAGES * P, 1);
	for (unsigned int i = 0; i < 4 && !ret; i++) {
		ret = ioas__alloc(m.fd, &t->ioas[i]);
		if (!ret)
			ret = ioas__map_at(m.fd, t->ioas[i], mem + i * P, P, MOCK_BASE);
		if (!ret)
			ret = mock__hwpt(&m, t->ioas[i], PASID, 0, 0, NULL, 0, &t->pasid[i]);
		if (!ret)
			ret = mock__hwpt(&m, t->ioas[i], 0, 0, 0, NULL, 0, &t->plain[i]);
	}
	return tap__err(ret, 0, "%s: four address spaces", name);
}

static void close_all(const char *name)
{
	close(m.fd);
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned after", name);
}

/* Two PASIDs and the device as a whole. */
static void test_apart(void)
{
	static const char name[] = "apart";
	struct iommufd_mock_device_counts counts = {};
	struct tables t;

	if (!open_all(&t, name))
		return;
	tap__is(page(5), -EFAULT, "%s: 5 sees nothing at first", name);
	tap__err(mock__replace(&m, t.pasid[0]), 0, "%s: the device to table 0", name);
	tap__err(attach(5, t.pasid[1]), 0, "%s: 5 to table 1", name);
	tap__err(attach(6, t.pasid[2]), 0, "%s: 6 to table 2", name);
	tap__is(page(0), 0, "%s: the device sees page 0", name);
	tap__is(page(5), 1, "%s: 5 sees page 1", name);
	tap__is(page(6), 2, "%s: 6 sees page 2", name);
	tap__is(page(7), -EFAULT, "%s: 7 sees nothing", name);

	memset(buf, 0x5e, P);
	tap__err(mock__dma(&m, 5, MOCK_BASE, buf, P, true), 0, "%s: 5 writes", name);
	tap__ok(!memcmp(mem + P, buf, P), "%s: to page 1", name);
	mem__fill(buf, P, 1);
	tap__ok(!memcmp(mem, buf, P) && page(6) == 2, "%s: and to no other", name);

	tap__err(attach(5, t.pasid[2]), -EBUSY, "%s: 5 a second time", name);
	tap__is(page(5), 1, "%s: 5 still sees page 1", name);
	tap__err(ioas__unmap_all(m.fd, t.ioas[1]), 0, "%s: unmap page 1", name);
	tap__is(page(5), -EFAULT, "%s: 5 sees nothing", name);
	tap__is(page(6), 2, "%s: 6 still sees page 2", name);
	tap__err(detach(6), 0, "%s: detach 6", name);
	tap__is(page(6), -EFAULT, "%s: 6 sees nothing", name);
	tap__err(detach(6), 0, "%s: detach it again", name);
	tap__err(replace(6, t.pasid[1]), -EINVAL, "%s: replace when nothing is attached", name);
	tap__is(page(0), 0, "%s: the device still sees page 0", name);
	mock__device_counts(&m, &counts);
	tap__is(counts.pasids, 1, "%s: one PASID is attached", name);
	tap__err(iommu__destroy(m.fd, t.pasid[1]), -EBUSY, "%s: its table stays", name);
	tap__err(iommu__destroy(m.fd, t.pasid[2]), 0, "%s: the other can go", name);
	close_all(name);
}

static void test_replace(void)
{
	static const char name[] = "replace";
	const uint32_t bad = IOMMU_TEST_PASID_RESERVED;
	struct tables t;

	if (!open_all(&t, name))
		return;
	tap__err(mock__replace(&m, t.pasid[0]), 0, "%s: the device to table 0", name);
	tap__err(attach(5, t.pasid[1]), 0, "%s: 5 to table 1", name);
	tap__err(replace(5, t.pasid[2]), 0, "%s: by table 2", name);
	tap__is(page(5), 2, "%s: 5 sees page 2", name);
	tap__err(iommu__destroy(m.fd, t.pasid[1]), 0, "%s: table 1 is free", name);
	tap__err(replace(5, t.pasid[2]), 0, "%s: by itself", name);
	tap__is(page(5), 2, "%s: 5 sees page 2", name);
	tap__err(replace(5, t.plain[3]), -EINVAL, "%s: by a table not for PASIDs", name);
	tap__is(page(5), 2, "%s: 5 still sees page 2", name);
	tap__err(iommu__destroy(m.fd, t.plain[3]), 0, "%s: that one is free", name);

	/* Every second attachment of this PASID fails. */
	tap__err(attach(bad, t.pasid[2]), 0, "%s: 1024 to table 2", name);
	tap__is(page(bad), 2, "%s: it sees page 2", name);
	tap__err(replace(bad, t.pasid[3]), -ENOMEM, "%s: of 1024 fails", name);
	tap__is(page(bad), 2, "%s: it still sees page 2", name);
	memset(buf, 0x77, P);
	tap__err(mock__dma(&m, bad, MOCK_BASE, buf, P, true), 0, "%s: and writes to it", name);
	tap__ok(!memcmp(mem + 2 * P, buf, P), "%s: as before", name);
	tap__err(iommu__destroy(m.fd, t.pasid[3]), 0, "%s: table 3 is free", name);
	tap__err(ioas__unmap_all(m.fd, t.ioas[2]), 0, "%s: unmap page 2", name);
	tap__is(page(bad), -EFAULT, "%s: 1024 sees nothing then", name);
	tap__err(detach(bad), 0, "%s: detach 1024", name);
	close_all(name);
}

/* Tables for PASIDs and others are two kinds, which a device does not mix. */
static void test_kinds(void)
{
	static const char name[] = "kinds";
	struct tables t;

	if (!open_all(&t, name))
		return;
	/* It is attached to the IOAS, whose automatic table is not for PASIDs. */
	tap__err(attach(5, t.pasid[1]), -EINVAL, "%s: beside a table not for PASIDs", name);
	tap__is(page(5), -EFAULT, "%s: 5 sees nothing", name);
	tap__err(mock__replace(&m, t.pasid[0]), 0, "%s: the device to a table for them", name);
	tap__err(attach(5, t.plain[1]), -EINVAL, "%s: 5 to a table not for PASIDs", name);
	tap__err(attach(5, t.ioas[1]), -EINVAL, "%s: 5 to an address space", name);
	tap__err(attach(5, m.dev), -EINVAL, "%s: 5 to a device", name);
	tap__err(attach(5, 0x7fffffff), -ENOENT, "%s: 5 to nothing", name);
	tap__err(attach(1 << MOCK_PASID_WIDTH, t.pasid[1]), -EINVAL, "%s: too large a PASID", name);
	tap__err(attach(UINT32_MAX, t.pasid[1]), -EINVAL, "%s: PASID -1", name);
	tap__is(page(5), -EFAULT, "%s: 5 still sees nothing", name);
	tap__err(attach(5, t.pasid[1]), 0, "%s: 5 to a table for them", name);
	tap__err(replace(5, t.ioas[2]), -EINVAL, "%s: replace by an address space", name);
	tap__err(mock__replace(&m, t.plain[2]), -EINVAL, "%s: the device to a table not for them",
		 name);
	tap__err(mock__replace(&m, m.ioas), -EINVAL, "%s: the device to an address space", name);
	tap__is(page(0), 0, "%s: the device still sees page 0", name);
	tap__is(page(5), 1, "%s: 5 still sees page 1", name);
	tap__err(mock__replace(&m, t.pasid[3]), 0, "%s: the device to another for them", name);
	tap__is(page(0), 3, "%s: it sees page 3", name);
	tap__err(detach(5), 0, "%s: detach 5", name);
	tap__err(mock__replace(&m, t.plain[2]), 0, "%s: now the device may go anywhere", name);
	tap__is(page(0), 2, "%s: it sees page 2", name);
	tap__err(attach((1 << MOCK_PASID_WIDTH) - 1, t.pasid[1]), -EINVAL,
		 "%s: and no PASID can be attached", name);
	close_all(name);
}

/* Tables of a guest, whose memory is pages 4 to 7: its tables are 4, 5 and 6, and map page 7. */
static void guest_tables(void)
{
	volatile uint64_t *t = (void *)(mem + 4 * P);

	memset(mem + 4 * P, 0, 3 * P);
	t[MOCK_BASE >> 30 & 511] = (MOCK_BASE + P) | MOCK_S1_PRESENT;
	t[512 + (MOCK_BASE >> 21 & 511)] = (MOCK_BASE + 2 * P) | MOCK_S1_PRESENT;
	t[1024 + (MOCK_BASE >> 12 & 511)] = (MOCK_BASE + 3 * P) | MOCK_S1_PRESENT;
}

static void test_nested(void)
{
	static const char name[] = "nested";
	struct iommu_hwpt_mock_s1 data = { .table = MOCK_BASE };
	uint32_t ioas, parent, nested, plain;
	struct tables t;

	if (!open_all(&t, name))
		return;
	guest_tables();
	tap__err(ioas__alloc(m.fd, &ioas), 0, "%s: guest memory", name);
	tap__err(ioas__map_at(m.fd, ioas, mem + 4 * P, 4 * P, MOCK_BASE), 0, "%s: mapped", name);
	tap__err(mock__hwpt(&m, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &parent), 0,
		 "%s: parent", name);
	tap__err(mock__hwpt(&m, parent, PASID, 0, IOMMU_HWPT_DATA_MOCK_S1, &data, sizeof(data),
			    &nested),
		 0, "%s: table for PASIDs", name);
	tap__err(mock__hwpt(&m, parent, 0, 0, IOMMU_HWPT_DATA_MOCK_S1, &data, sizeof(data), &plain),
		 0, "%s: table not for them", name);
	tap__err(mock__replace(&m, t.pasid[0]), 0, "%s: the device to table 0", name);
	tap__err(attach(5, plain), -EINVAL, "%s: 5 to the one not for PASIDs", name);
	tap__err(attach(5, nested), 0, "%s: 5 to the guest's", name);
	tap__is(page(5), 7, "%s: it sees page 7, through the guest's tables", name);
	tap__is(page(0), 0, "%s: the device sees page 0", name);
	tap__err(replace(5, t.pasid[1]), 0, "%s: replace by table 1", name);
	tap__is(page(5), 1, "%s: 5 sees page 1", name);
	tap__err(replace(5, nested), 0, "%s: and back", name);
	tap__is(page(5), 7, "%s: 5 sees page 7", name);
	tap__err(iommu__destroy(m.fd, nested), -EBUSY, "%s: the guest's table stays", name);
	tap__err(ioas__unmap_all(m.fd, ioas), 0, "%s: the guest loses its memory", name);
	tap__is(page(5), -EFAULT, "%s: 5 sees nothing", name);
	tap__err(detach(5), 0, "%s: detach", name);
	tap__err(iommu__destroy(m.fd, nested), 0, "%s: the guest's table can go", name);
	close_all(name);
}

/* All is left as it is: closing the file, or destroying the device, ends it. */
static void test_close(void)
{
	static const char name[] = "close";
	struct iommufd_mock_device_counts counts = {};
	struct tables t;
	int ret = 0;

	if (!open_all(&t, name))
		return;
	tap__err(mock__replace(&m, t.pasid[0]), 0, "%s: the device to table 0", name);
	for (uint32_t i = 0; i < MANY && !ret; i++)
		ret = attach(100 + i * 17001, t.pasid[i % 4]);
	tap__err(ret, 0, "%s: %d PASIDs", name, MANY);
	for (uint32_t i = 0; i < MANY && !ret; i++)
		ret = page(100 + i * 17001) == (int)(i % 4) ? 0 : -EBADMSG;
	tap__err(ret, 0, "%s: each sees its page", name);
	mock__device_counts(&m, &counts);
	tap__is(counts.pasids, MANY, "%s: so many are attached", name);
	/* Of the memory of four IOASes each page is pinned once. */
	tap__is(mem__pinned(4), 4, "%s: four pages are pinned", name);
	close_all(name);

	if (!open_all(&t, "destroy"))
		return;
	tap__err(mock__replace(&m, t.pasid[0]), 0, "destroy: the device to table 0");
	tap__err(attach(5, t.pasid[1]), 0, "destroy: 5 to table 1");
	tap__err(iommu__destroy(m.fd, m.obj), 0, "destroy: the device");
	for (unsigned int i = 0; i < 4 && !ret; i++)
		ret = iommu__destroy(m.fd, t.pasid[i]);
	tap__err(ret, 0, "destroy: then all tables are free");
	close_all("destroy");
}

int main(void)
{
	tap__start();
	mem = mem__small(PAGES * P);
	buf = mem__small(P);
	if (!mem || !buf)
		return tap__bail("no memory");
	test_apart();
	test_replace();
	test_kinds();
	test_nested();
	test_close();
	return tap__done();
}
