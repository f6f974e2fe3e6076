// SPDX-License-Identifier: GPL-2.0-only
/*
 * All PASIDs of a device, to the last: 2^20 - 1 objects of a file.
 *
 * Finds these faults: the last number cannot be allocated, or one too many can; a full device has
 * no free number after one is freed; allocations take longer and longer as the device fills; the
 * file cannot be closed in reasonable time.
 *
 * vm: --mock --smp 2
 * takes: 15
 */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "../lib/ext.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define END (1U << MOCK_PASID_WIDTH)
#define GLOBAL IOMMU_EXT_PASID_GLOBAL
#define FIXED IOMMU_EXT_PASID_FIXED

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Take all PASIDs; return how many there were, and in ids their ids by number. */
static uint32_t fill(const struct mock *m, uint32_t *ids, int *ret)
{
	uint32_t id, number, n = 0;
	double start = now(), half = 0;

	for (*ret = 0; n < END; n++) {
		*ret = pasid__new(m->fd, m->dev, &id, &number);
		if (*ret || !number || number >= END || ids[number])
			break;
		ids[number] = id;
		if (n == END / 2)
			half = now() - start;
	}
	tap__diag("%u PASIDs in %.1f s, the first half in %.1f s", n, now() - start, half);
	return n;
}

static void test_full(const struct mock *m, uint32_t *ids)
{
	struct mock other;
	uint32_t id, number, n;
	double start;
	int ret;

	n = fill(m, ids, &ret);
	tap__err(ret, -ENOSPC, "then there is none left");
	tap__is(n, END - 1, "all numbers but 0 were given, each once");
	tap__err(pasid__alloc(m->fd, m->dev, GLOBAL, 0, 0, &id, &number), -ENOSPC,
		 "nor a system-wide one");
	tap__err(pasid__alloc(m->fd, m->dev, FIXED, 4711, 0, &id, &number), -EBUSY,
		 "an exact one is in use");
	tap__err(mock__add(&other, m, m->ioas, MOCK_FLAGS_DEVICE_PASID), 0, "another device");
	tap__err(pasid__new(m->fd, other.dev, &id, &number), 0, "has its own");
	tap__err(pasid__alloc(m->fd, other.dev, GLOBAL, 0, 0, &id, &number), 0,
		 "and a system-wide one: the failure has kept none");
	tap__ok(number < 100, "one of the first (%u)", number);

	tap__err(iommu__destroy(m->fd, ids[815]), 0, "give one back");
	tap__err(pasid__new(m->fd, m->dev, &id, &number), 0, "there is one again");
	tap__is(number, 815, "that one");
	tap__err(pasid__new(m->fd, m->dev, &id, &number), -ENOSPC, "and no other");
	tap__err(iommu__destroy(m->fd, ids[END - 1]), 0, "give back the last number");
	tap__err(pasid__alloc(m->fd, m->dev, FIXED, END - 1, 0, &id, &number), 0, "ask for it");

	start = now();
	tap__err(iommu__destroy(m->fd, m->obj), 0, "the device goes, with all of them");
	tap__diag("in %.1f s", now() - start);
	tap__is(mock__objects(m->fd), 6, "the other and its PASIDs are left, and the IOAS");
}

int main(void)
{
	static uint32_t ids[END];
	struct mock m;
	double start;

	tap__start();
	if (!access("/sys/kernel/debug/kmemleak", F_OK))
		return tap__skip_all("a million objects are too many for kmemleak");
	if (!tap__err(mock__open(&m, MOCK_FLAGS_DEVICE_PASID), 0, "a device"))
		return tap__done();
	test_full(&m, ids);
	start = now();
	close(m.fd);
	tap__diag("closed in %.1f s", now() - start);
	tap__is(mem__pinned(0), 0, "nothing is pinned");
	return tap__done();
}
