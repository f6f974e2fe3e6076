// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_EXT_PT_INFO and IOMMU_EXT_DEVICE_INFO while other threads change the objects: claims are
 * exchanged, and a device with a reserved range comes and goes.
 *
 * Finds these faults: an answer that mixes two lists of claims, or claims and reserved ranges of
 * different moments; more ranges than were counted; a range whose device is gone already, or is
 * another by now; an unbind that waits for a reader's memory.
 *
 * vm: --mock --smp 2 --append preempt=full
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

#define P MEM_PAGE
#define A 0x20000000ull
#define B 0x30000000ull
#define SIZE (1ull << 20)
#define RACE_MS 4000

static struct {
	int fd;
	uint32_t ioas;
	_Atomic uint32_t dev;
	atomic_bool stop;
	atomic_ulong changes;
} race;

/* A few claims, or so many that they are counted for long enough to be exchanged meanwhile. */
#define MANY 2000
#define ROOM (MANY + 8)

/* The first claim says how many there are. */
static void *claim_main(void *arg)
{
	static struct iommu_iova_range list[MANY];
	uint32_t n, round = 0;

	(void)arg;
	while (!atomic_load(&race.stop)) {
		n = round % 2 ? MANY - round % 7 : 1 + round % 5;
		for (uint32_t i = 0; i < n; i++)
			list[i] = (struct iommu_iova_range){ A + i * P, A + i * P + P - 1 };
		list[0].start = A + n;
		if (!ioas__allow(race.fd, race.ioas, list, n))
			atomic_fetch_add(&race.changes, 1);
		round++;
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

/* All claims are of one list; B is a device's or absent; no usable range is reserved. */
static bool consistent(const struct iommu_ext_range *r, uint32_t num)
{
	uint32_t n = 0, usable;
	bool good = true;

	while (n < num && r[n].kind == IOMMU_EXT_RANGE_CLAIMED)
		n++;
	if (n)
		good = r[0].start == A + n;
	for (uint32_t i = 1; i < n; i++)
		good &= r[i].start == A + i * P && r[i].last == A + i * P + P - 1;
	usable = n;
	while (usable < num && r[usable].kind == IOMMU_EXT_RANGE_RESERVED)
		usable++;
	for (uint32_t i = n; i < usable; i++)
		good &= (r[i].start == B) == (r[i].dev_id != IOMMU_EXT_NONE);
	for (uint32_t i = usable; i < num; i++) {
		good &= r[i].kind == IOMMU_EXT_RANGE_USABLE;
		for (uint32_t j = n; j < usable; j++)
			good &= r[i].last < r[j].start || r[i].start > r[j].last;
	}
	return good && usable < num;
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
	static struct iommu_ext_range ranges[ROOM];
	struct iommu_ext_device_info dev;
	struct iommu_ext_pt_info info;
	struct info_ranges r;
	pthread_t threads[2];
	int ret;

	race.fd = iommu__open();
	ioas__alloc(race.fd, &race.ioas);
	pthread_create(&threads[0], NULL, claim_main, NULL);
	pthread_create(&threads[1], NULL, device_main, NULL);
	while (now_ms() < end || asked <= 10 || atomic_load(&race.changes) <= 10) {
		info = (struct iommu_ext_pt_info){
			.size = sizeof(info),
			.pt_id = race.ioas,
			.num_ranges = ROOM,
			.ranges = (uintptr_t)ranges,
		};
		ret = iommu__ioctl(race.fd, IOMMU_EXT_PT_INFO, &info);
		failed += ret != 0;
		torn += !ret && !consistent(ranges, info.num_ranges);
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
	tap__start();
	test_race();
	return tap__done();
}
