// SPDX-License-Identifier: GPL-2.0-only
/*
 * PASID objects: their numbers, refusals and queries. pasid-attach.c tests DMA with them.
 *
 * Finds these faults: a number is given out twice, or while a driver has attached it; a number is
 * lost when its object goes or an allocation fails; a virtual PASID has two numbers of a device; a
 * system-wide number is allocated to a file that does not own it; an invalid flag, member or size
 * is accepted; an object outlives its device, or its id is used again.
 *
 * vm: --mock --smp 2
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/ext.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define GLOBAL IOMMU_EXT_PASID_GLOBAL
#define FIXED IOMMU_EXT_PASID_FIXED
#define VIRT IOMMU_EXT_PASID_VIRT
#define END (1U << MOCK_PASID_WIDTH) /* the first number that is none */
#define PASID IOMMUFD_NEW_HWPT_ALLOC_PASID
#define MANY 500

/* A device, and one more of the same file; both attached to a table that is made for PASIDs. */
static struct mock m, other;
static uint32_t whole;

static bool open_two(const char *name)
{
	int ret = mock__open(&m, MOCK_FLAGS_DEVICE_PASID);

	tap__diag("%s", name);
	if (!ret)
		ret = mock__hwpt(&m, m.ioas, PASID, 0, 0, NULL, 0, &whole);
	if (!ret)
		ret = mock__replace(&m, whole);
	if (!ret)
		ret = mock__add(&other, &m, whole, MOCK_FLAGS_DEVICE_PASID);
	return tap__err(ret, 0, "%s: two devices with PASIDs", name);
}

/* The result of an allocation whose object is not wanted: it is destroyed if there is one. */
static int try(const struct mock *dev, uint32_t flags, uint32_t pasid, uint32_t virt)
{
	uint32_t id, number;
	int ret = pasid__alloc(dev->fd, dev->dev, flags, pasid, virt, &id, &number);

	if (!ret)
		ret = iommu__destroy(dev->fd, id);
	return ret;
}

static int query(uint32_t id, struct iommu_ext_pasid_query *q)
{
	memset(q, 0, sizeof(*q));
	return pasid__query(m.fd, id, q);
}

/* Not attached, with these properties. */
static void check_query(const struct mock *dev, uint32_t id, uint32_t number, uint32_t virt,
			uint32_t state, const char *name)
{
	struct iommu_ext_pasid_query q;

	tap__err(query(id, &q), 0, "%s: query", name);
	tap__ok(q.out_dev_id == dev->dev && q.out_pasid == number && q.out_virt_pasid == virt &&
			q.out_width == MOCK_PASID_WIDTH && q.out_state == state &&
			q.out_pt_id == IOMMU_EXT_NONE && q.out_hwpt_id == IOMMU_EXT_NONE,
		"%s: its device, number, width and state", name);
}

/* ---- numbers of a device ---- */

static void test_numbers(void)
{
	static const char name[] = "numbers";
	uint32_t id[MANY], number[MANY], twice = 0, bad = 0, a, b;
	int objects, ret = 0;

	if (!open_two(name))
		return;
	objects = mock__objects(m.fd);
	for (int i = 0; i < MANY && !ret; i++)
		ret = pasid__new(m.fd, m.dev, &id[i], &number[i]);
	tap__err(ret, 0, "%s: %d PASIDs", name, MANY);
	for (int i = 0; i < MANY; i++) {
		bad += !number[i] || number[i] >= END || !id[i] || id[i] == IOMMU_EXT_NONE;
		for (int j = 0; j < i; j++)
			twice += number[i] == number[j] || id[i] == id[j];
	}
	tap__is(bad, 0, "%s: each is one that the device has, and not 0", name);
	tap__is(twice, 0, "%s: each is another", name);
	tap__is(mock__objects(m.fd), objects + MANY, "%s: each is an object", name);
	check_query(&m, id[7], number[7], IOMMU_EXT_NONE, 0, name);

	tap__err(try(&m, FIXED, number[3], 0), -EBUSY, "%s: one of them once more", name);
	tap__err(pasid__alloc(m.fd, other.dev, FIXED, number[3], 0, &a, &b), 0,
		 "%s: another device has its own", name);
	tap__is(b, number[3], "%s: it got that number", name);
	tap__err(iommu__destroy(m.fd, id[3]), 0, "%s: destroy the first", name);
	tap__err(query(id[3], &(struct iommu_ext_pasid_query){}), -ENOENT, "%s: it is gone", name);
	tap__err(iommu__destroy(m.fd, id[3]), -ENOENT, "%s: destroy it again", name);
	tap__err(pasid__alloc(m.fd, m.dev, FIXED, number[3], 0, &id[3], &number[3]), 0,
		 "%s: now the number is free", name);
	check_query(&other, a, number[3], IOMMU_EXT_NONE, 0, name);
	for (int i = 0; i < MANY; i++)
		bad += iommu__destroy(m.fd, id[i]) != 0;
	tap__is(bad, 0, "%s: destroy all", name);
	tap__is(mock__objects(m.fd), objects + 1, "%s: no object is left of them", name);
	for (int i = 0; i < MANY; i++)
		bad += try(&m, FIXED, number[i], 0) != 0;
	tap__is(bad, 0, "%s: all numbers are free again", name);
	close(m.fd);
}

static void test_fixed(void)
{
	static const char name[] = "exact";
	static const uint32_t some[] = { 1, 2, 1023, 1024, 4096, 65536, END / 2, END - 2, END - 1 };
	uint32_t id, number, next, next_id;

	if (!open_two(name))
		return;
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		tap__err(pasid__alloc(m.fd, m.dev, FIXED, some[i], 0, &id, &number), 0, "%s: %u",
			 name, some[i]);
		tap__is(number, some[i], "%s: it is %u", name, some[i]);
		tap__err(try(&m, FIXED, some[i], 0), -EBUSY, "%s: %u twice", name, some[i]);
	}
	tap__err(try(&m, FIXED, 0, 0), -ERANGE, "%s: 0", name);
	tap__err(try(&m, FIXED, END, 0), -ERANGE, "%s: one too large for the device", name);
	tap__err(try(&m, FIXED, UINT32_MAX, 0), -ERANGE, "%s: the largest of all", name);
	tap__err(try(&m, FIXED, 1U << 31, 0), -ERANGE, "%s: 1 << 31", name);

	/* The kernel chooses no requested number: the next one in turn is taken. */
	tap__err(pasid__new(m.fd, m.dev, &id, &number), 0, "%s: any", name);
	tap__err(iommu__destroy(m.fd, id), 0, "%s: back", name);
	for (uint32_t i = number; i < number + 40; i++)
		pasid__alloc(m.fd, m.dev, FIXED, i, 0, &id, &next);
	tap__err(pasid__new(m.fd, m.dev, &id, &next), 0, "%s: any", name);
	tap__ok(next < number || next >= number + 40, "%s: it is none of those (%u)", name, next);

	/* A driver that attaches by number has it, too, in front of any object. */
	tap__err(iommu__destroy(m.fd, id), 0, "%s: back", name);
	tap__err(mock__pasid(&m, IOMMU_TEST_OP_PASID_ATTACH, next, whole), 0,
		 "%s: a driver attaches that number", name);
	tap__err(try(&m, FIXED, next, 0), -EBUSY, "%s: it cannot be requested", name);
	tap__err(pasid__new(m.fd, m.dev, &next_id, &number), 0, "%s: any", name);
	tap__ok(number != next, "%s: it is not the driver's", name);
	tap__err(mock__pasid(&m, IOMMU_TEST_OP_PASID_DETACH, next, 0), 0, "%s: detach", name);
	tap__err(try(&m, FIXED, next, 0), 0, "%s: then it is free", name);
	close(m.fd);
}

/* ---- numbers of the whole system ---- */

static void test_global(void)
{
	static const char name[] = "system-wide";
	uint32_t a, b, c, id, number, shared, local;
	struct mock foreign;
	int objects;

	if (!open_two(name))
		return;
	objects = mock__objects(m.fd);
	tap__err(pasid__alloc(m.fd, m.dev, GLOBAL, 0, 0, &a, &shared), 0, "%s: one", name);
	tap__ok(shared && shared < END, "%s: a number for the device (%u)", name, shared);
	check_query(&m, a, shared, IOMMU_EXT_NONE, IOMMU_EXT_PASID_IS_GLOBAL, name);
	tap__err(try(&m, GLOBAL | FIXED, shared, 0), -EBUSY, "%s: twice on a device", name);
	tap__err(try(&m, FIXED, shared, 0), -EBUSY, "%s: as one of the device's own", name);
	tap__err(pasid__alloc(m.fd, other.dev, GLOBAL | FIXED, shared, 0, &b, &number), 0,
		 "%s: for another device", name);
	tap__is(number, shared, "%s: the same number", name);
	check_query(&other, b, shared, IOMMU_EXT_NONE, IOMMU_EXT_PASID_IS_GLOBAL, name);
	tap__err(pasid__alloc(m.fd, other.dev, GLOBAL, 0, 0, &c, &number), 0, "%s: one more", name);
	tap__ok(number != shared, "%s: is another", name);
	tap__err(try(&m, GLOBAL | FIXED, shared + 1000, 0), -EOPNOTSUPP,
		 "%s: a number that the file does not have", name);
	tap__err(try(&m, GLOBAL | FIXED, 0, 0), -ERANGE, "%s: 0", name);
	tap__err(try(&m, GLOBAL | FIXED, END, 0), -ERANGE, "%s: too large", name);

	/* Another file can have its own of the pool, and not this one. */
	if (!tap__err(mock__open(&foreign, MOCK_FLAGS_DEVICE_PASID), 0, "%s: another file", name))
		return;
	tap__err(try(&foreign, GLOBAL | FIXED, shared, 0), -EOPNOTSUPP, "%s: not this one", name);
	tap__err(pasid__alloc(foreign.fd, foreign.dev, GLOBAL, 0, 0, &id, &local), 0,
		 "%s: one of its own", name);
	tap__ok(local != shared && local != number, "%s: is not one of this file", name);
	tap__err(try(&m, GLOBAL | FIXED, local, 0), -EOPNOTSUPP, "%s: and is refused here", name);
	close(foreign.fd);

	/* The file keeps the number until the last device has released it. */
	tap__err(iommu__destroy(m.fd, a), 0, "%s: the first device's goes", name);
	tap__err(pasid__alloc(m.fd, m.dev, GLOBAL | FIXED, shared, 0, &a, &number), 0,
		 "%s: and comes back", name);
	tap__err(iommu__destroy(m.fd, a), 0, "%s: the first device's goes", name);
	tap__err(iommu__destroy(m.fd, b), 0, "%s: and the other's", name);
	tap__err(try(&m, GLOBAL | FIXED, shared, 0), -EOPNOTSUPP, "%s: then it is refused", name);
	tap__err(iommu__destroy(m.fd, c), 0, "%s: the last", name);
	tap__is(mock__objects(m.fd), objects, "%s: no object is left", name);

	/* The kernel allocates no system-wide number that the device uses already. */
	tap__err(pasid__alloc(m.fd, m.dev, GLOBAL, 0, 0, &a, &shared), 0, "%s: one", name);
	tap__err(iommu__destroy(m.fd, a), 0, "%s: back", name);
	tap__err(pasid__alloc(m.fd, m.dev, FIXED, shared, 0, &b, &number), 0,
		 "%s: the number as the device's own", name);
	tap__err(pasid__alloc(m.fd, m.dev, GLOBAL, 0, 0, &a, &number), 0, "%s: one", name);
	tap__ok(number != shared, "%s: is another", name);
	tap__err(pasid__alloc(m.fd, other.dev, GLOBAL, 0, 0, &c, &number), 0,
		 "%s: one for the other device", name);
	if (number == shared)
		tap__err(try(&m, GLOBAL | FIXED, shared, 0), -EBUSY, "%s: which this has", name);
	close(m.fd);
}

/* Each freed number can be allocated again: a leaked number is missing sooner or later. */
static void test_global_leak(void)
{
	static const char name[] = "pool";
	uint32_t id, first = 0, highest = 0, number;
	int ret = 0;

	for (int round = 0; round < 40 && !ret; round++) {
		ret = mock__open(&m, MOCK_FLAGS_DEVICE_PASID);
		for (int i = 0; i < 20 && !ret; i++) {
			ret = pasid__alloc(m.fd, m.dev, GLOBAL, 0, 0, &id, &number);
			if (!first)
				first = number;
			if (number > highest)
				highest = number;
		}
		close(m.fd);
	}
	tap__err(ret, 0, "%s: 20 system-wide numbers, 40 times", name);
	tap__ok(highest < first + 60, "%s: the same ones each time (%u to %u)", name, first,
		highest);
}

/* ---- virtual PASIDs ---- */

static void test_virt(void)
{
	static const char name[] = "virtual";
	uint32_t a, b, number, n2;
	struct mock foreign;

	if (!open_two(name))
		return;
	tap__err(pasid__alloc(m.fd, m.dev, VIRT, 0, 5, &a, &number), 0, "%s: 5", name);
	check_query(&m, a, number, 5, IOMMU_EXT_PASID_IS_VIRT, name);
	tap__err(try(&m, VIRT, 0, 5), -EEXIST, "%s: 5 twice", name);
	tap__err(try(&m, VIRT | FIXED, number + 7, 5), -EEXIST, "%s: 5 with a number", name);
	tap__err(try(&m, FIXED, number + 7, 0), 0, "%s: which is not lost", name);
	tap__err(try(&m, VIRT | FIXED, number, 6), -EBUSY, "%s: 6 with that number", name);
	tap__err(try(&m, VIRT, 0, 6), 0, "%s: 6 is not lost", name);
	tap__err(pasid__alloc(m.fd, other.dev, VIRT, 0, 5, &b, &n2), 0, "%s: 5 of the other device",
		 name);
	check_query(&other, b, n2, 5, IOMMU_EXT_PASID_IS_VIRT, name);
	tap__err(try(&m, VIRT, 0, 1), 0, "%s: 1", name);
	tap__err(try(&m, VIRT, 0, END - 1), 0, "%s: the largest", name);
	tap__err(try(&m, VIRT, 0, 0), -ERANGE, "%s: 0", name);
	tap__err(try(&m, VIRT, 0, 1 << IOMMU_EXT_PASID_BITS), -ERANGE, "%s: too large", name);
	tap__err(try(&m, VIRT, 0, UINT32_MAX), -ERANGE, "%s: none", name);
	tap__err(try(&m, VIRT | FIXED, 4711, 4711), 0, "%s: with an exact number", name);
	tap__err(mock__open(&foreign, MOCK_FLAGS_DEVICE_PASID), 0, "%s: another file", name);
	tap__err(try(&foreign, VIRT, 0, 5), 0, "%s: has its own 5", name);
	close(foreign.fd);
	tap__err(iommu__destroy(m.fd, a), 0, "%s: destroy 5", name);
	tap__err(try(&m, VIRT, 0, 5), 0, "%s: it is free", name);
	tap__err(try(&other, VIRT, 0, 5), -EEXIST, "%s: that of the other device is not", name);
	close(m.fd);
}

static void test_virt_global(void)
{
	static const char name[] = "virtual, system-wide";
	uint32_t a, b, shared, number, id;

	if (!open_two(name))
		return;
	tap__err(pasid__alloc(m.fd, m.dev, GLOBAL | VIRT, 0, 9, &a, &shared), 0, "%s: 9", name);
	check_query(&m, a, shared, 9, IOMMU_EXT_PASID_IS_GLOBAL | IOMMU_EXT_PASID_IS_VIRT, name);
	tap__err(try(&other, GLOBAL | VIRT, 0, 9), -EEXIST,
		 "%s: 9 for another number of the other device", name);
	tap__err(try(&m, VIRT, 0, 9), -EEXIST, "%s: 9 of the device's own", name);
	tap__err(try(&other, GLOBAL | FIXED | VIRT, shared, 10), -EEXIST,
		 "%s: the number as 10 on the other", name);
	tap__err(try(&other, GLOBAL | VIRT, 0, 10), 0, "%s: 10 is not lost", name);

	/* The other device has 9 for one of its own: then the shared number cannot come to it. */
	tap__err(pasid__alloc(m.fd, other.dev, VIRT, 0, 9, &id, &number), 0,
		 "%s: 9 of the other device's own", name);
	tap__err(try(&other, GLOBAL | FIXED | VIRT, shared, 9), -EEXIST,
		 "%s: the shared one does not go with it", name);
	tap__err(iommu__destroy(m.fd, id), 0, "%s: without it", name);
	tap__err(pasid__alloc(m.fd, other.dev, GLOBAL | FIXED | VIRT, shared, 9, &b, &number), 0,
		 "%s: it does", name);
	check_query(&other, b, shared, 9, IOMMU_EXT_PASID_IS_GLOBAL | IOMMU_EXT_PASID_IS_VIRT,
		    name);
	tap__err(iommu__destroy(m.fd, a), 0, "%s: destroy the first", name);
	tap__err(try(&m, GLOBAL | VIRT, 0, 9), -EEXIST, "%s: 9 is still in use", name);
	tap__err(try(&m, GLOBAL | FIXED | VIRT, shared, 10), -EEXIST, "%s: and not 10", name);
	tap__err(try(&m, GLOBAL | FIXED | VIRT, shared, 9), 0, "%s: as before", name);
	tap__err(iommu__destroy(m.fd, b), 0, "%s: destroy the last", name);
	tap__err(try(&m, GLOBAL | VIRT, 0, 9), 0, "%s: 9 is free", name);

	/* One that has none does not get one by being shared, nor the other way. */
	tap__err(pasid__alloc(m.fd, m.dev, GLOBAL, 0, 0, &a, &shared), 0, "%s: one without", name);
	tap__err(try(&other, GLOBAL | FIXED | VIRT, shared, 11), -EEXIST, "%s: not as 11", name);
	tap__err(try(&other, GLOBAL | FIXED, shared, 0), 0, "%s: but without", name);
	tap__err(pasid__alloc(m.fd, m.dev, GLOBAL | VIRT, 0, 12, &a, &shared), 0, "%s: 12", name);
	tap__err(try(&other, GLOBAL | FIXED, shared, 0), -EEXIST, "%s: not without", name);
	close(m.fd);
}

/* ---- refusals ---- */

static void test_refused(void)
{
	static const char name[] = "refused";
	uint32_t id, number, fault;
	struct mock plain;
	int fault_fd, objects;

	if (!open_two(name))
		return;
	tap__err(mock__add(&plain, &m, m.ioas, 0), 0, "%s: a device without PASIDs", name);
	tap__err(fault__alloc(m.fd, &fault, &fault_fd), 0, "%s: a fault queue", name);
	objects = mock__objects(m.fd);
	tap__err(try(&plain, 0, 0, 0), -EOPNOTSUPP, "%s: no PASIDs", name);
	tap__err(try(&plain, FIXED, 5, 0), -EOPNOTSUPP, "%s: no PASIDs, an exact number", name);
	tap__err(try(&plain, GLOBAL, 0, 0), -EOPNOTSUPP, "%s: no PASIDs, system-wide", name);
	tap__err(try(&plain, VIRT, 0, 5), -EOPNOTSUPP, "%s: no PASIDs, virtual", name);
	for (unsigned int bit = 3; bit < 32; bit++)
		if (try(&m, 1U << bit, 0, 0) != -EOPNOTSUPP)
			tap__ok(false, "%s: flag %u", name, bit);
	tap__err(try(&m, ~7U, 0, 0), -EOPNOTSUPP, "%s: all flags that are none", name);
	tap__err(try(&m, 0, 5, 0), -EINVAL, "%s: a number that was not asked for", name);
	tap__err(try(&m, GLOBAL, 5, 0), -EINVAL, "%s: a system-wide one likewise", name);
	tap__err(try(&m, 0, 0, 5), -EINVAL, "%s: a virtual one likewise", name);

	plain = m;
	plain.dev = m.ioas;
	tap__err(try(&plain, 0, 0, 0), -ENOENT, "%s: an IOAS for a device", name);
	plain.dev = m.obj;
	tap__err(try(&plain, 0, 0, 0), -ENOENT, "%s: the mock's object for a device", name);
	plain.dev = 0;
	tap__err(try(&plain, 0, 0, 0), -ENOENT, "%s: device 0", name);
	plain.dev = IOMMU_EXT_NONE;
	tap__err(try(&plain, 0, 0, 0), -ENOENT, "%s: no device", name);
	tap__is(mock__objects(m.fd), objects, "%s: no object came of it", name);

	tap__err(pasid__new(m.fd, m.dev, &id, &number), 0, "%s: a PASID", name);
	tap__err(pasid__attach(m.fd, m.dev, whole, NULL), -ENOENT, "%s: attach a device", name);
	tap__err(pasid__replace(m.fd, m.ioas, whole, NULL), -ENOENT, "%s: replace an IOAS", name);
	tap__err(pasid__detach(m.fd, whole), -ENOENT, "%s: detach a page table", name);
	tap__err(pasid__detach(m.fd, number + 100000), -ENOENT, "%s: detach nothing", name);
	tap__err(pasid__query(m.fd, m.dev, &(struct iommu_ext_pasid_query){}), -ENOENT,
		 "%s: query a device", name);
	tap__err(pasid__attach(m.fd, id, 0x7fffffff, NULL), -ENOENT, "%s: attach to nothing", name);
	tap__err(pasid__attach(m.fd, id, m.dev, NULL), -EINVAL, "%s: to a device", name);
	tap__err(pasid__attach(m.fd, id, id, NULL), -EINVAL, "%s: to itself", name);
	tap__err(pasid__attach(m.fd, id, fault, NULL), -EINVAL, "%s: to a fault queue", name);
	tap__err(pasid__attach(m.fd, id, m.obj, NULL), -EINVAL, "%s: to the mock's object", name);
	tap__err(pasid__replace(m.fd, id, whole, NULL), -EINVAL, "%s: replace nothing", name);
	tap__err(pasid__detach(m.fd, id), -EINVAL, "%s: detach when not attached", name);
	check_query(&m, id, number, IOMMU_EXT_NONE, 0, name);
	tap__is(mock__objects(m.fd), objects + 1, "%s: nor of that", name);
	close(fault_fd);
	close(m.fd);
}

/* ---- structs ---- */

union arg {
	struct iommu_ext_pasid_alloc alloc;
	struct iommu_ext_pasid_attach attach;
	struct iommu_ext_pasid_detach detach;
	struct iommu_ext_pasid_query query;
	struct iommu_ext_sva_alloc sva;
	uint32_t words[32];
};

struct rule {
	const char *name;
	unsigned long nr;
	unsigned int size;
	unsigned int flags, reserved; /* where in words; 0 for none */
};

#define AT(type, member) (offsetof(struct type, member) / 4)

static const struct rule rules[] = {
	{ "PASID_ALLOC", IOMMU_EXT_PASID_ALLOC, sizeof(struct iommu_ext_pasid_alloc),
	  AT(iommu_ext_pasid_alloc, flags), 0 },
	{ "PASID_ATTACH", IOMMU_EXT_PASID_ATTACH, sizeof(struct iommu_ext_pasid_attach),
	  AT(iommu_ext_pasid_attach, flags), AT(iommu_ext_pasid_attach, __reserved) },
	{ "PASID_REPLACE", IOMMU_EXT_PASID_REPLACE, sizeof(struct iommu_ext_pasid_attach),
	  AT(iommu_ext_pasid_attach, flags), AT(iommu_ext_pasid_attach, __reserved) },
	{ "PASID_QUERY", IOMMU_EXT_PASID_QUERY, sizeof(struct iommu_ext_pasid_query),
	  AT(iommu_ext_pasid_query, flags), 0 },
	{ "PASID_DETACH", IOMMU_EXT_PASID_DETACH, sizeof(struct iommu_ext_pasid_detach),
	  AT(iommu_ext_pasid_detach, flags), AT(iommu_ext_pasid_detach, __reserved) },
	{ "SVA_ALLOC", IOMMU_EXT_SVA_ALLOC, sizeof(struct iommu_ext_sva_alloc),
	  AT(iommu_ext_sva_alloc, flags), AT(iommu_ext_sva_alloc, __reserved) },
};

/* A correct call for a PASID, but for its size, in the state that it needs. */
static void fill(const struct rule *rule, union arg *arg, uint32_t id)
{
	memset(arg, 0, sizeof(*arg));
	arg->words[0] = rule->size;
	if (rule->nr == IOMMU_EXT_PASID_ALLOC) {
		arg->alloc.dev_id = m.dev;
	} else if (rule->nr != IOMMU_EXT_SVA_ALLOC) {
		arg->attach.pasid_id = id; /* all of them have it there */
		if (rule->nr == IOMMU_EXT_PASID_ATTACH || rule->nr == IOMMU_EXT_PASID_REPLACE)
			arg->attach.pt_id = whole;
	}
}

_Static_assert(offsetof(struct iommu_ext_pasid_attach, pasid_id) ==
			       offsetof(struct iommu_ext_pasid_query, pasid_id) &&
		       offsetof(struct iommu_ext_pasid_attach, pasid_id) ==
			       offsetof(struct iommu_ext_pasid_detach, pasid_id),
	       "pasid_id is in one place");

static void test_rule(const struct rule *rule, uint32_t id)
{
	int objects = mock__objects(m.fd);
	union arg arg;

	fill(rule, &arg, id);
	arg.words[0] = 0;
	tap__err(iommu__ioctl(m.fd, rule->nr, &arg), -EINVAL, "%s: size 0", rule->name);
	arg.words[0] = rule->size - 1;
	tap__err(iommu__ioctl(m.fd, rule->nr, &arg), -EINVAL, "%s: too small", rule->name);
	arg.words[0] = rule->size + 4;
	arg.words[rule->size / 4] = 1;
	tap__err(iommu__ioctl(m.fd, rule->nr, &arg), -E2BIG, "%s: more that is not 0", rule->name);
	fill(rule, &arg, id);
	arg.words[rule->flags] = 1U << 31;
	tap__err(iommu__ioctl(m.fd, rule->nr, &arg), -EOPNOTSUPP, "%s: a flag", rule->name);
	if (rule->reserved) {
		fill(rule, &arg, id);
		arg.words[rule->reserved] = 1;
		tap__err(iommu__ioctl(m.fd, rule->nr, &arg), -EOPNOTSUPP, "%s: reserved",
			 rule->name);
	}
	tap__err(iommu__ioctl(m.fd, rule->nr, NULL), -EFAULT, "%s: no struct", rule->name);
	tap__is(mock__objects(m.fd), objects, "%s: nothing came of that", rule->name);

	/* Read-only memory: the result cannot be written, so nothing may have been done. */
	if (rule->nr != IOMMU_EXT_PASID_DETACH) {
		union arg *page = mem__small(MEM_PAGE);
		struct iommu_ext_pasid_query before, after;

		fill(rule, page, id);
		mprotect(page, MEM_PAGE, PROT_READ);
		query(id, &before);
		tap__err(iommu__ioctl(m.fd, rule->nr, page), -EFAULT, "%s: read-only", rule->name);
		query(id, &after);
		tap__ok(!memcmp(&before, &after, sizeof(before)) && mock__objects(m.fd) == objects,
			"%s: nothing has changed", rule->name);
		mem__free(page, MEM_PAGE);
	}
	fill(rule, &arg, id);
	arg.words[0] = rule->size + 16;
	tap__err(iommu__ioctl(m.fd, rule->nr, &arg), 0, "%s: more that is 0", rule->name);
}

static void test_rules(void)
{
	uint32_t id, number;

	if (!open_two("structs"))
		return;
	tap__err(pasid__new(m.fd, m.dev, &id, &number), 0, "structs: a PASID");
	/* In this order each finds the PASID attached or not, as it wants it. */
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		test_rule(&rules[i], id);
	close(m.fd);
}

/* ---- the device goes ---- */

static void test_unbind(void)
{
	static const char name[] = "device goes";
	uint32_t id[4], number[4], on_other, n, again;
	int ret = 0, reused = 0, objects;

	if (!open_two(name))
		return;
	tap__err(pasid__alloc(m.fd, m.dev, 0, 0, 0, &id[0], &number[0]), 0, "%s: one", name);
	tap__err(pasid__alloc(m.fd, m.dev, VIRT, 0, 3, &id[1], &number[1]), 0, "%s: 3", name);
	tap__err(pasid__alloc(m.fd, m.dev, GLOBAL | VIRT, 0, 4, &id[2], &number[2]), 0,
		 "%s: system-wide 4", name);
	tap__err(pasid__alloc(m.fd, m.dev, FIXED, 600000, 0, &id[3], &number[3]), 0, "%s: 600000",
		 name);
	tap__err(pasid__alloc(m.fd, other.dev, GLOBAL | FIXED | VIRT, number[2], 4, &on_other, &n),
		 0, "%s: 4 for the other device, too", name);
	tap__err(pasid__attach(m.fd, id[0], whole, NULL), 0, "%s: attach", name);
	tap__err(pasid__attach(m.fd, id[2], m.ioas, NULL), 0, "%s: attach", name);
	objects = mock__objects(m.fd);
	tap__err(iommu__destroy(m.fd, m.obj), 0, "%s: destroy it", name);
	for (int i = 0; i < 4; i++) {
		struct iommu_ext_pasid_query q;

		tap__err(query(id[i], &q), -ENOENT, "%s: object %d is gone", name, i);
		tap__err(pasid__attach(m.fd, id[i], whole, NULL), -ENOENT, "%s: attach %d", name,
			 i);
		tap__err(iommu__destroy(m.fd, id[i]), -ENOENT, "%s: destroy %d", name, i);
	}
	/* The device, its mock object, four PASIDs, and the automatic page table of the IOAS. */
	tap__is(mock__objects(m.fd), objects - 7, "%s: all its objects are gone", name);
	check_query(&other, on_other, number[2], 4,
		    IOMMU_EXT_PASID_IS_GLOBAL | IOMMU_EXT_PASID_IS_VIRT, name);

	/* An id is not reused before its owner has destroyed it. */
	for (int i = 0; i < 60 && !ret; i++) {
		ret = ioas__alloc(m.fd, &again);
		for (int j = 0; j < 4; j++)
			reused += again == id[j];
	}
	tap__err(ret, 0, "%s: 60 new objects", name);
	tap__is(reused, 0, "%s: none has an id of those", name);
	tap__err(iommu__destroy(m.fd, other.obj), 0, "%s: the other goes", name);
	tap__err(pasid__query(m.fd, on_other, &(struct iommu_ext_pasid_query){}), -ENOENT,
		 "%s: and its object", name);
	tap__err(iommu__destroy(m.fd, whole), 0, "%s: nothing is attached to the table", name);
	close(m.fd);
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned", name);
}

int main(void)
{
	tap__start();
	test_numbers();
	test_fixed();
	test_global();
	test_global_leak();
	test_virt();
	test_virt_global();
	test_refused();
	test_rules();
	test_unbind();
	return tap__done();
}
