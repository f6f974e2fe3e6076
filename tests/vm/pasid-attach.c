// SPDX-License-Identifier: GPL-2.0-only
/*
 * PASID objects attached to all kinds of page table, checked with DMA and IOMMU_EXT_PASID_QUERY.
 *
 * Finds these faults: DMA reaches the page table from before, or another PASID's memory, or
 * nothing after a replace that failed; a page table is left over, or goes too early; attachments by
 * a driver's number and by an object do not see each other; an attachment, and its pinned memory,
 * outlives the object, the device or the file; a page request has a wrong PASID or no response.
 *
 * The contents identify page n of mem, and every address space has one at MOCK_BASE: an IOAS
 * or HWPT page 0 to 2, guest tables page 7, and the process itself page 3: there is memory of the
 * process at that address, too, with the same in it.
 *
 * vm: --mock --smp 2
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/ext.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define PAGES 8
#define PASID IOMMUFD_NEW_HWPT_ALLOC_PASID
#define FIXED IOMMU_EXT_PASID_FIXED
#define NONE IOMMU_EXT_NONE
#define MANY 60

static struct mock m;
static char *mem, *buf, *here;

/* Objects of one file. The device is attached to whole, a table made for PASIDs with nothing. */
static struct {
	uint32_t whole, ioas[3], hwpt[3], plain[3];
	uint32_t guest, nested, sva;
} t;

enum kind { IOAS, HWPT, NESTED, SVA, KINDS };

static const struct {
	const char *name;
	int page;
} kinds[KINDS] = {
	{ "an IOAS", 1 },
	{ "a HWPT", 2 },
	{ "guest tables", 7 },
	{ "the process", 3 },
};

static uint32_t table(enum kind kind)
{
	const uint32_t ids[KINDS] = { t.ioas[1], t.hwpt[2], t.nested, t.sva };

	return ids[kind];
}

/* Tables of a guest, whose memory is pages 4 to 7: its tables are 4, 5 and 6, and map page 7. */
static void guest_tables(void)
{
	volatile uint64_t *table = (void *)(mem + 4 * P);

	memset(mem + 4 * P, 0, 3 * P);
	table[MOCK_BASE >> 30 & 511] = (MOCK_BASE + P) | MOCK_S1_PRESENT;
	table[512 + (MOCK_BASE >> 21 & 511)] = (MOCK_BASE + 2 * P) | MOCK_S1_PRESENT;
	table[1024 + (MOCK_BASE >> 12 & 511)] = (MOCK_BASE + 3 * P) | MOCK_S1_PRESENT |
						MOCK_S1_WRITE;
}

static int open_nested(void)
{
	struct iommu_hwpt_mock_s1 data = { .table = MOCK_BASE };
	uint32_t parent;
	int ret;

	guest_tables();
	ret = ioas__alloc(m.fd, &t.guest);
	if (!ret)
		ret = ioas__map_at(m.fd, t.guest, mem + 4 * P, 4 * P, MOCK_BASE);
	if (!ret)
		ret = mock__hwpt(&m, t.guest, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &parent);
	if (!ret)
		ret = mock__hwpt(&m, parent, PASID, 0, IOMMU_HWPT_DATA_MOCK_S1, &data, sizeof(data),
				 &t.nested);
	return ret;
}

static bool open_all(const char *name)
{
	int ret = mock__open(&m, MOCK_FLAGS_DEVICE_PASID);

	tap__diag("%s", name);
	mem__fill(mem, PAGES * P, 1);
	memcpy(here, mem + 3 * P, P);
	if (!ret)
		ret = mock__hwpt(&m, m.ioas, PASID, 0, 0, NULL, 0, &t.whole);
	if (!ret)
		ret = mock__replace(&m, t.whole);
	for (unsigned int i = 0; i < 3 && !ret; i++) {
		ret = ioas__alloc(m.fd, &t.ioas[i]);
		if (!ret)
			ret = ioas__map_at(m.fd, t.ioas[i], mem + i * P, P, MOCK_BASE);
		if (!ret)
			ret = mock__hwpt(&m, t.ioas[i], PASID, 0, 0, NULL, 0, &t.hwpt[i]);
		if (!ret)
			ret = mock__hwpt(&m, t.ioas[i], 0, 0, 0, NULL, 0, &t.plain[i]);
	}
	if (!ret)
		ret = open_nested();
	if (!ret)
		ret = sva__alloc(m.fd, &t.sva);
	return tap__err(ret, 0, "%s: address spaces", name);
}

static void close_all(const char *name)
{
	close(m.fd);
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned after", name);
}

/* A PASID object of the device. */
struct pasid {
	uint32_t id, nr;
};

static struct pasid new_pasid(uint32_t fixed)
{
	struct pasid p = {};

	if (pasid__alloc(m.fd, m.dev, fixed ? FIXED : 0, fixed, 0, &p.id, &p.nr))
		tap__ok(false, "a PASID");
	return p;
}

/* Which page of mem DMA with a PASID finds at MOCK_BASE, or -errno. */
static int page(uint32_t number)
{
	int ret = mock__dma(&m, number, MOCK_BASE, buf, P, false), i;

	for (i = 0; !ret && i < PAGES; i++)
		if (!memcmp(buf, mem + i * P, P))
			return i;
	return ret ? ret : -1;
}

static bool exists(uint32_t id)
{
	char line[128];

	return !mock__object(m.fd, id, line, sizeof(line));
}

/* Check the attachment of the object and its page table; hwpt NONE: do not check that. */
static void check_state(struct pasid p, uint32_t state, uint32_t pt, uint32_t hwpt,
			const char *name)
{
	struct iommu_ext_pasid_query q = {};
	int ret = pasid__query(m.fd, p.id, &q);

	tap__ok(!ret && q.out_state == state && q.out_pt_id == pt && q.out_pasid == p.nr &&
			(hwpt == NONE || q.out_hwpt_id == hwpt) &&
			(q.out_hwpt_id == NONE) == (pt == NONE),
		"%s: state %x, attached to %d by %d", name, q.out_state, (int)q.out_pt_id,
		(int)q.out_hwpt_id);
}

#define ATTACHED IOMMU_EXT_PASID_IS_ATTACHED
#define BLOCKED IOMMU_EXT_PASID_IS_BLOCKED

static int attached(void)
{
	struct iommufd_mock_device_counts counts = {};

	mock__device_counts(&m, &counts);
	return counts.pasids;
}

/* ---- one at a time ---- */

static void test_kind(enum kind kind)
{
	const char *name = kinds[kind].name;
	struct pasid p, q;
	uint32_t hwpt = 0, hwpt2 = 0;
	int objects;

	if (!open_all(name))
		return;
	p = new_pasid(0);
	q = new_pasid(0);
	objects = mock__objects(m.fd);
	tap__is(page(p.nr), -EFAULT, "%s: DMA reaches nothing at first", name);
	tap__err(pasid__attach(m.fd, p.id, table(kind), &hwpt), 0, "%s: attach", name);
	tap__is(page(p.nr), kinds[kind].page, "%s: DMA reaches page %d", name, kinds[kind].page);
	tap__is(page(q.nr), -EFAULT, "%s: another PASID nothing", name);
	tap__is(page(0), -EFAULT, "%s: nor the device as a whole", name);
	check_state(p, ATTACHED, table(kind), hwpt, name);
	check_state(q, 0, NONE, NONE, name);
	tap__ok(exists(hwpt), "%s: the page table is an object", name);
	tap__ok((kind == HWPT || kind == NESTED) == (hwpt == table(kind)),
		"%s: it is the one that was named, or an automatic one", name);
	memset(buf, 0x5a + kind, P);
	tap__err(mock__dma(&m, p.nr, MOCK_BASE, buf, P, true), 0, "%s: DMA writes", name);
	tap__ok(!memcmp(kind == SVA ? here : mem + kinds[kind].page * P, buf, P),
		"%s: to that page", name);
	if (kind == SVA)
		memcpy(mem + 3 * P, here, P);

	tap__err(pasid__attach(m.fd, p.id, table(kind), NULL), -EBUSY, "%s: attach twice", name);
	tap__err(pasid__attach(m.fd, p.id, t.ioas[0], NULL), -EBUSY, "%s: or to another", name);
	tap__err(iommu__destroy(m.fd, p.id), -EBUSY, "%s: destroy an attached object", name);
	tap__err(iommu__destroy(m.fd, table(kind)), -EBUSY, "%s: or its page table", name);
	tap__is(page(p.nr), kinds[kind].page, "%s: all is as before", name);

	/* A second PASID. Only an automatic table of an IOAS is there already. */
	tap__err(pasid__attach(m.fd, q.id, table(kind), &hwpt2), 0, "%s: a second PASID", name);
	tap__is(page(q.nr), kinds[kind].page, "%s: reaches it, too", name);
	tap__ok(kind == SVA ? hwpt2 != hwpt : hwpt2 == hwpt, "%s: by the same table, but for SVA",
		name);
	tap__is(attached(), 2, "%s: two are attached", name);
	tap__err(pasid__detach(m.fd, p.id), 0, "%s: detach the first", name);
	tap__is(page(p.nr), -EFAULT, "%s: it reaches nothing", name);
	tap__is(page(q.nr), kinds[kind].page, "%s: the second still does", name);
	check_state(p, 0, NONE, NONE, name);
	tap__err(pasid__detach(m.fd, p.id), -EINVAL, "%s: detach it again", name);
	tap__ok(exists(hwpt2), "%s: the second's page table is there", name);
	tap__err(pasid__detach(m.fd, q.id), 0, "%s: detach the second", name);
	tap__is(mock__objects(m.fd), objects, "%s: no automatic page table is left", name);
	tap__is(attached(), 0, "%s: none is attached", name);
	tap__err(iommu__destroy(m.fd, p.id), 0, "%s: destroy the first", name);
	/* An IOAS has other tables here. */
	tap__err(iommu__destroy(m.fd, table(kind)), kind == IOAS ? -EBUSY : 0,
		 "%s: and its page table", name);
	close_all(name);
}

/* Each kind by each kind, itself too. */
static void test_replace(void)
{
	static const char name[] = "replace";
	struct pasid p;
	int objects;

	if (!open_all(name))
		return;
	p = new_pasid(0);
	objects = mock__objects(m.fd);
	for (enum kind from = 0; from < KINDS; from++) {
		for (enum kind to = 0; to < KINDS; to++) {
			uint32_t hwpt = 0;

			tap__err(pasid__attach(m.fd, p.id, table(from), NULL), 0, "%s: %s", name,
				 kinds[from].name);
			tap__err(pasid__replace(m.fd, p.id, table(to), &hwpt), 0, "%s: by %s", name,
				 kinds[to].name);
			tap__is(page(p.nr), kinds[to].page, "%s: page %d", name, kinds[to].page);
			check_state(p, ATTACHED, table(to), hwpt, name);
			tap__is(attached(), 1, "%s: one PASID is attached", name);
			tap__err(pasid__detach(m.fd, p.id), 0, "%s: detach", name);
			tap__is(page(p.nr), -EFAULT, "%s: nothing", name);
			tap__is(mock__objects(m.fd), objects, "%s: no object is left", name);
		}
	}
	close_all(name);
}

/* ---- a failed call changes nothing ---- */

static void test_failed_replace(void)
{
	static const char name[] = "failed replace";
	bool gapless = mock__replaces_pasids();
	struct pasid p;
	uint32_t hwpt;

	if (!open_all(name))
		return;
	/* Of this one every second attachment fails. */
	p = new_pasid(IOMMU_TEST_PASID_RESERVED);
	for (enum kind from = 0; from < KINDS; from++) {
		for (enum kind to = 0; to < KINDS; to++) {
			/* By the same table there is nothing to attach, and nothing to fail. */
			bool same = from == to && to != SVA;
			int objects;

			tap__err(pasid__attach(m.fd, p.id, table(from), &hwpt), 0, "%s: %s", name,
				 kinds[from].name);
			objects = mock__objects(m.fd);
			tap__err(pasid__replace(m.fd, p.id, table(to), NULL), same ? 0 : -ENOMEM,
				 "%s: by %s", name, kinds[to].name);
			tap__is(page(p.nr), kinds[from].page, "%s: still page %d", name,
				kinds[from].page);
			check_state(p, ATTACHED, table(from), hwpt, name);
			tap__is(mock__objects(m.fd), objects, "%s: no object is left of it", name);
			tap__is(attached(), 1, "%s: one PASID is attached", name);
			tap__err(pasid__detach(m.fd, p.id), 0, "%s: detach", name);
			/* If the kernel can replace, it did not attach the old one again. */
			if (gapless && !same) {
				tap__err(pasid__attach(m.fd, p.id, table(from), NULL), 0,
					 "%s: the kernel kept the old one", name);
				tap__err(pasid__detach(m.fd, p.id), 0, "%s: detach", name);
			}
			/* That was an odd number of attachments: the next one fails. */
			tap__err(pasid__attach(m.fd, p.id, table(from), NULL), -ENOMEM,
				 "%s: attach again", name);
			check_state(p, 0, NONE, NONE, name);
		}
	}
	close_all(name);
}

/* The driver takes neither the new one nor, one time, the old one back. */
static void test_blocked(void)
{
	static const char name[] = "blocked";
	uint32_t hwpt;
	struct pasid p;
	int objects;

	if (!open_all(name))
		return;
	p = new_pasid(0);
	objects = mock__objects(m.fd);
	for (enum kind kind = 0; kind < KINDS; kind++) {
		mock__fail(&m, m.dev, MOCK_FAIL_ATTACH, 0, 1);
		tap__ok(pasid__attach(m.fd, p.id, table(kind), NULL) < 0, "%s: attach fails: %s",
			name, kinds[kind].name);
		check_state(p, 0, NONE, NONE, name);
		tap__is(mock__objects(m.fd), objects, "%s: no object is left of it", name);
	}
	tap__err(pasid__attach(m.fd, p.id, t.ioas[1], &hwpt), 0, "%s: attach", name);
	mock__fail(&m, m.dev, MOCK_FAIL_ATTACH, 0, 1);
	tap__ok(pasid__replace(m.fd, p.id, t.hwpt[2], NULL) < 0, "%s: replace fails", name);
	tap__is(page(p.nr), 1, "%s: the old one stays", name);
	if (mock__replaces_pasids()) {
		check_state(p, ATTACHED, t.ioas[1], hwpt, name);
		tap__skip("this kernel replaces, and attaches no old one", "%s: both fail", name);
		close_all(name);
		return;
	}
	mock__fail(&m, m.dev, MOCK_FAIL_ATTACH, 0, 2);
	tap__ok(pasid__replace(m.fd, p.id, t.hwpt[2], NULL) < 0, "%s: both fail", name);
	tap__is(page(p.nr), -EFAULT, "%s: DMA reaches nothing", name);
	check_state(p, ATTACHED | BLOCKED, t.ioas[1], hwpt, name);
	tap__err(pasid__attach(m.fd, p.id, t.hwpt[2], NULL), -EBUSY, "%s: it is attached", name);
	tap__err(iommu__destroy(m.fd, p.id), -EBUSY, "%s: and is not destroyed", name);
	tap__err(pasid__replace(m.fd, p.id, t.hwpt[2], &hwpt), 0, "%s: replace", name);
	tap__is(page(p.nr), 2, "%s: page 2", name);
	check_state(p, ATTACHED, t.hwpt[2], hwpt, name);
	mock__fail(&m, m.dev, MOCK_FAIL_ATTACH, 0, 2);
	tap__ok(pasid__replace(m.fd, p.id, t.sva, NULL) < 0, "%s: both fail again", name);
	tap__err(pasid__detach(m.fd, p.id), 0, "%s: detach", name);
	check_state(p, 0, NONE, NONE, name);
	tap__is(attached(), 0, "%s: none is attached", name);
	tap__err(pasid__attach(m.fd, p.id, t.ioas[0], NULL), 0, "%s: attach", name);
	tap__is(page(p.nr), 0, "%s: page 0", name);
	mock__fail(&m, m.dev, MOCK_FAIL_ATTACH, 0, 2);
	tap__ok(pasid__replace(m.fd, p.id, t.nested, NULL) < 0, "%s: left blocked", name);
	close_all(name);
}

/* Tables not made for PASIDs, and memory that cannot be pinned. */
static void test_unfit(void)
{
	static const char name[] = "unfit";
	char *gone = mem__small(P);
	struct pasid p, q;
	uint32_t ioas;
	int objects;

	if (!open_all(name))
		return;
	p = new_pasid(0);
	q = new_pasid(0);
	tap__err(pasid__attach(m.fd, p.id, t.plain[1], NULL), -EINVAL, "%s: a table", name);
	tap__err(pasid__attach(m.fd, p.id, t.hwpt[2], NULL), 0, "%s: one for PASIDs", name);
	tap__err(pasid__replace(m.fd, p.id, t.plain[1], NULL), -EINVAL, "%s: replace", name);
	tap__err(mock__replace(&m, t.plain[1]), -EINVAL, "%s: or the device's", name);
	tap__is(page(p.nr), 2, "%s: all is as before", name);

	/* Mapped, not used by any table yet, and then the memory goes: pinning fails. */
	tap__err(ioas__alloc(m.fd, &ioas), 0, "%s: an IOAS", name);
	tap__err(ioas__map_at(m.fd, ioas, gone, P, MOCK_BASE), 0, "%s: with a page", name);
	mem__free(gone, P);
	objects = mock__objects(m.fd);
	tap__err(pasid__replace(m.fd, p.id, ioas, NULL), -EFAULT, "%s: its memory is gone", name);
	tap__err(pasid__attach(m.fd, q.id, ioas, NULL), -EFAULT, "%s: for a new PASID, too", name);
	tap__is(page(p.nr), 2, "%s: page 2 is still there", name);
	check_state(q, 0, NONE, NONE, name);
	tap__is(mock__objects(m.fd), objects, "%s: no object is left of it", name);
	tap__err(pasid__detach(m.fd, p.id), 0, "%s: detach", name);

	/* The device as a whole at a table that is not for PASIDs. */
	tap__err(mock__replace(&m, t.plain[0]), 0, "%s: the device to such a table", name);
	for (enum kind kind = 0; kind < KINDS; kind++)
		tap__err(pasid__attach(m.fd, p.id, table(kind), NULL), -EINVAL, "%s: beside it %s",
			 name, kinds[kind].name);
	tap__is(page(p.nr), -EFAULT, "%s: DMA reaches nothing", name);
	tap__is(page(0), 0, "%s: but the device", name);
	tap__err(mock__replace(&m, t.hwpt[0]), 0, "%s: the device to one for PASIDs", name);
	tap__err(pasid__attach(m.fd, p.id, t.ioas[1], NULL), 0, "%s: beside that it can", name);
	tap__ok(page(p.nr) == 1 && page(0) == 0, "%s: each reaches its own", name);
	close_all(name);
}

/* ---- objects and drivers ---- */

static int driver(uint32_t op, uint32_t number, uint32_t pt)
{
	return mock__pasid(&m, op, number, pt);
}

static void test_driver(void)
{
	static const char name[] = "driver";
	struct pasid p;
	uint32_t hwpt;

	if (!open_all(name))
		return;
	p = new_pasid(0);
	tap__err(driver(IOMMU_TEST_OP_PASID_ATTACH, p.nr, t.hwpt[1]), 0, "%s: attaches", name);
	tap__is(page(p.nr), 1, "%s: page 1", name);
	check_state(p, ATTACHED, t.hwpt[1], t.hwpt[1], name);
	tap__err(iommu__destroy(m.fd, p.id), -EBUSY, "%s: the object is in use", name);
	tap__err(pasid__attach(m.fd, p.id, t.ioas[0], NULL), -EBUSY, "%s: and attached", name);
	tap__err(pasid__replace(m.fd, p.id, t.ioas[2], &hwpt), 0, "%s: the object replaces", name);
	tap__is(page(p.nr), 2, "%s: page 2", name);
	tap__err(driver(IOMMU_TEST_OP_PASID_REPLACE, p.nr, t.hwpt[0]), 0, "%s: replaces", name);
	check_state(p, ATTACHED, t.hwpt[0], t.hwpt[0], name);
	tap__ok(!exists(hwpt), "%s: the automatic table is gone", name);
	tap__err(pasid__detach(m.fd, p.id), 0, "%s: the object detaches", name);
	tap__is(page(p.nr), -EFAULT, "%s: nothing", name);
	tap__err(pasid__attach(m.fd, p.id, t.sva, NULL), 0, "%s: the object attaches", name);
	tap__err(driver(IOMMU_TEST_OP_PASID_ATTACH, p.nr, t.hwpt[1]), -EBUSY, "%s: is late", name);
	tap__is(page(p.nr), 3, "%s: page 3", name);
	tap__err(driver(IOMMU_TEST_OP_PASID_DETACH, p.nr, 0), 0, "%s: detaches", name);
	check_state(p, 0, NONE, NONE, name);
	tap__is(page(p.nr), -EFAULT, "%s: nothing", name);
	tap__err(iommu__destroy(m.fd, p.id), 0, "%s: the object is free", name);

	/* Without an object the number is the driver's alone. */
	tap__err(driver(IOMMU_TEST_OP_PASID_ATTACH, p.nr, t.hwpt[1]), 0, "%s: attaches", name);
	tap__err(pasid__alloc(m.fd, m.dev, FIXED, p.nr, 0, &p.id, &p.nr), -EBUSY,
		 "%s: no object for it then", name);
	tap__is(page(p.nr), 1, "%s: page 1", name);
	close_all(name);
}

/* A system-wide number of two devices: attached for each by itself. */
static void test_two_devices(void)
{
	static const char name[] = "two devices";
	uint32_t id, number, hwpt, hwpt2;
	struct mock one, two;
	struct pasid p;

	if (!open_all(name))
		return;
	one = m;
	tap__err(mock__add(&two, &m, t.whole, MOCK_FLAGS_DEVICE_PASID), 0, "%s: another", name);
	tap__err(pasid__alloc(m.fd, m.dev, IOMMU_EXT_PASID_GLOBAL, 0, 0, &p.id, &p.nr), 0,
		 "%s: a system-wide PASID", name);
	tap__err(pasid__alloc(m.fd, two.dev, IOMMU_EXT_PASID_GLOBAL | FIXED, p.nr, 0, &id, &number),
		 0, "%s: shared", name);
	tap__err(pasid__attach(m.fd, p.id, t.ioas[1], &hwpt), 0, "%s: attach the first", name);
	tap__is(page(p.nr), 1, "%s: page 1", name);
	m = two;
	tap__is(page(p.nr), -EFAULT, "%s: the other device reaches nothing", name);
	tap__err(pasid__attach(m.fd, id, t.ioas[1], &hwpt2), 0, "%s: attach the second", name);
	tap__is(page(p.nr), 1, "%s: page 1", name);
	tap__is(hwpt2, hwpt, "%s: by the same table", name);
	tap__err(pasid__replace(m.fd, id, t.sva, NULL), 0, "%s: the second to the process", name);
	tap__is(page(p.nr), 3, "%s: page 3", name);
	m = one;
	tap__is(page(p.nr), 1, "%s: the first stays where it is", name);
	tap__err(pasid__detach(m.fd, p.id), 0, "%s: detach the first", name);
	tap__is(page(p.nr), -EFAULT, "%s: nothing", name);
	m = two;
	tap__is(page(p.nr), 3, "%s: the second still page 3", name);
	close_all(name);
}

/* ---- the end ---- */

static void test_close(bool device_first)
{
	const char *name = device_first ? "device destroyed" : "closed";
	static struct pasid p[MANY];
	struct iommu_ext_pasid_query q;
	int ret = 0, left = 0;

	if (!open_all(name))
		return;
	for (int i = 0; i < MANY && !ret; i++) {
		p[i] = new_pasid(100 + i * 17001);
		ret = pasid__attach(m.fd, p[i].id, table(i % KINDS), NULL);
	}
	tap__err(ret, 0, "%s: %d PASIDs attached", name, MANY);
	for (int i = 0; i < MANY && !ret; i++)
		ret = page(p[i].nr) == kinds[i % KINDS].page ? 0 : -EBADMSG;
	tap__err(ret, 0, "%s: each reaches its page", name);
	tap__is(attached(), MANY, "%s: so many are attached", name);
	/* Three pages of IOASes, four of the guest; of the process itself none. */
	tap__is(mem__pinned(7), 7, "%s: seven pages are pinned", name);
	if (device_first) {
		tap__err(iommu__destroy(m.fd, m.obj), 0, "%s: with all attached", name);
		for (int i = 0; i < MANY; i++)
			left += pasid__query(m.fd, p[i].id, &q) != -ENOENT;
		tap__is(left, 0, "%s: its PASIDs are gone", name);
		for (enum kind kind = 0; kind < KINDS && !ret; kind++)
			ret = kind == IOAS ? 0 : iommu__destroy(m.fd, table(kind));
		tap__err(ret, 0, "%s: their page tables are free", name);
	}
	close_all(name);
	tap__ok(access("/sys/bus/platform/devices/iommufd-mock.0", F_OK) &&
			!system("! ls -d /sys/bus/platform/devices/iommufd-mock.* >/dev/null 2>&1"),
		"%s: no device is left", name);
}

/* ---- page requests ---- */

struct dma {
	pthread_t thread;
	uint32_t number;
	char data[64];
	int ret;
};

static void *dma_main(void *arg)
{
	struct dma *dma = arg;

	dma->ret = mock__dma(&m, dma->number, MOCK_BASE + 16 * P, dma->data, 64, false);
	return NULL;
}

/* Two PASIDs at a table with a queue each ask for a page. */
static void test_requests(void)
{
	static const char name[] = "page requests";
	struct iommu_hwpt_pgfault got[4] = {};
	struct iommufd_mock_response resp[4];
	uint32_t fault[2], hwpt[2];
	struct dma dma[2] = {};
	struct pasid p[2];
	int fd[2];

	if (!open_all(name))
		return;
	for (int i = 0; i < 2; i++) {
		p[i] = new_pasid(0);
		tap__err(fault__alloc(m.fd, &fault[i], &fd[i]), 0, "%s: a queue", name);
		tap__err(mock__hwpt(&m, t.ioas[i], PASID | IOMMU_HWPT_FAULT_ID_VALID, fault[i], 0,
				    NULL, 0, &hwpt[i]),
			 0, "%s: a table with it", name);
		tap__err(pasid__attach(m.fd, p[i].id, hwpt[i], NULL), 0, "%s: attach", name);
		tap__is(page(p[i].nr), i, "%s: page %d", name, i);
		dma[i].number = p[i].nr;
		pthread_create(&dma[i].thread, NULL, dma_main, &dma[i]);
	}
	for (int i = 0; i < 2; i++) {
		tap__until(fault__read(fd[i], &got[i], 1) == 1);
		tap__ok(got[i].pasid == p[i].nr && got[i].dev_id == m.dev &&
				got[i].flags & IOMMU_PGFAULT_FLAGS_PASID_VALID &&
				got[i].addr == MOCK_BASE + 16 * P,
			"%s: of PASID %u, to its queue", name, p[i].nr);
	}
	mock__responses(&m, resp, 4);

	/* The first is served; the second is detached with its request open. */
	tap__err(ioas__map_at(m.fd, t.ioas[0], mem + 6 * P, P, MOCK_BASE + 16 * P), 0, "%s: a page",
		 name);
	tap__err(fault__answer(fd[0], got[0].cookie, IOMMUFD_PAGE_RESP_SUCCESS), 0, "%s: answer",
		 name);
	pthread_join(dma[0].thread, NULL);
	tap__err(dma[0].ret, 0, "%s: the DMA goes on", name);
	tap__ok(!memcmp(dma[0].data, mem + 6 * P, 64), "%s: and gets the data of the page", name);
	tap__is(mock__responses(&m, resp, 4), 1, "%s: one response", name);
	tap__ok(resp[0].pasid == p[0].nr && !resp[0].code, "%s: to that PASID", name);
	tap__err(pasid__detach(m.fd, p[1].id), 0, "%s: detach the second", name);
	tap__is(mock__responses(&m, resp, 4), 1, "%s: one response", name);
	tap__ok(resp[0].pasid == p[1].nr && resp[0].code == 1, "%s: it is: invalid", name);
	pthread_join(dma[1].thread, NULL);
	tap__ok(dma[1].ret < 0, "%s: that DMA has failed", name);
	tap__err(fault__answer(fd[1], got[1].cookie, IOMMUFD_PAGE_RESP_SUCCESS), -EINVAL,
		 "%s: a late answer", name);
	for (int i = 0; i < 2; i++)
		close(fd[i]);
	close_all(name);
}

int main(void)
{
	tap__start();
	mem = mem__small(PAGES * P);
	buf = mem__small(P);
	here = mmap((void *)MOCK_BASE, P, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (!mem || !buf || here != (void *)MOCK_BASE)
		return tap__bail("no memory");
	for (enum kind kind = 0; kind < KINDS; kind++)
		test_kind(kind);
	test_replace();
	test_failed_replace();
	test_blocked();
	test_unfit();
	test_driver();
	test_two_devices();
	test_close(false);
	test_close(true);
	test_requests();
	return tap__done();
}
