// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_EXT_PT_INFO and IOMMU_EXT_DEVICE_INFO while others change what is asked about: claims are
 * exchanged, and a device with a reserved range comes and goes.
 *
 * Faults these are for: an answer that mixes two lists of claims, or claims and reserved ranges of
 * different moments; more ranges than were counted; a range whose device is gone already, or is
 * another by now; an unbind that waits for a reader's memory.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../lib/info.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define P	MEM_PAGE
#define A	0x20000000ull
#define B	0x30000000ull
#define SIZE	(1ull << 20)
#define RACE_MS	4000

static struct {
	int fd;
	uint32_t ioas;
	_Atomic uint32_t dev;
	atomic_bool stop;
	atomic_ulong changes;
} race;

/* Lists of 1 to MOST claims; the first says how many there are. */
#define MOST 40

static void *claim_main(void *arg)
{
	struct iommu_iova_range list[MOST];
	uint32_t n = 1;

	(void)arg;
	while (!atomic_load(&race.stop)) {
		for (uint32_t i = 0; i < n; i++)
			list[i] = (struct iommu_iova_range) { A + i * P, A + i * P + P - 1 };
		list[0].start = A + n;
		if (!ioas__allow(race.fd, race.ioas, list, n))
			atomic_fetch_add(&race.changes, 1);
		n = n % MOST + 1;
	}
	return NULL;
}

/* A device that comes and goes, with B. */
static void *device_main(void *arg)
{
	struct mock dev;

	(void)arg;
	while (!atomic_load(&race.stop)) {
		if (mock__device_resv(&dev, race.fd, race.ioas, B, SIZE))
			continue;
		atomic_store(&race.dev, dev.dev);
		iommu__destroy(race.fd, dev.obj);
		atomic_fetch_add(&race.changes, 1);
	}
	return NULL;
}

/* All claims of one list; B is a device's or not there; what is usable is not reserved. */
static bool consistent(const struct info_ranges *r)
{
	struct iommu_ext_range found[INFO_ROOM], free[INFO_ROOM];
	uint32_t n = info__of_kind(r, IOMMU_EXT_RANGE_CLAIMED, found), reserved, usable;
	bool good = !n || found[0].start == A + n;

	for (uint32_t i = 1; i < n; i++)
		good &= found[i].start == A + i * P && found[i].last == A + i * P + P - 1;
	reserved = info__of_kind(r, IOMMU_EXT_RANGE_RESERVED, found);
	for (uint32_t i = 0; i < reserved; i++)
		good &= (found[i].start == B) == (found[i].dev_id != IOMMU_EXT_NONE);
	usable = info__of_kind(r, IOMMU_EXT_RANGE_USABLE, free);
	for (uint32_t i = 0; i < usable; i++)
		for (uint32_t j = 0; j < reserved; j++)
			good &= free[i].last < found[j].start || free[i].start > found[j].last;
	return good;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ull + t.tv_nsec / 1000000;
}

static void test_race(void)
{
	unsigned long asked = 0, torn = 0, failed = 0, device_failed = 0;
	uint64_t end = now_ms() + RACE_MS;
	struct iommu_ext_device_info dev;
	struct iommu_ext_pt_info info;
	struct info_ranges r;
	pthread_t threads[2];
	int ret;

	race.fd = iommu__open();
	ioas__alloc(race.fd, &race.ioas);
	pthread_create(&threads[0], NULL, claim_main, NULL);
	pthread_create(&threads[1], NULL, device_main, NULL);
	while (now_ms() < end) {
		ret = info__pt(race.fd, race.ioas, &info, &r);
		failed += ret != 0;
		torn += !ret && !consistent(&r);
		ret = info__device(race.fd, atomic_load(&race.dev), &dev, &r, NULL);
		device_failed += ret && ret != -ENOENT && ret != -EMSGSIZE;
		asked++;
	}
	atomic_store(&race.stop, true);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	close(race.fd);
	tap__diag("asked %lu times, %lu changes", asked, atomic_load(&race.changes));
	tap__ok(asked > 10 && atomic_load(&race.changes) > 10, "race: both happened");
	tap__is(failed, 0, "race: asking about the IOAS never fails");
	tap__is(device_failed, 0, "race: nor about a device that is there");
	tap__is(torn, 0, "race: each answer was true at one moment");
}

int main(void)
{
	struct iommu_test_cmd none = {};
	int fd;

	tap__start(120);
	fd = iommu__open();
	if (fd < 0)
		return tap__bail("/dev/iommu: %s", strerror(-fd));
	if (mock__test(fd, &none) == -ENOTTY)
		return tap__skip_all("iommufd_mock is not loaded");
	close(fd);
	test_race();
	return tap__done();
}
