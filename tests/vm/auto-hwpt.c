// SPDX-License-Identifier: GPL-2.0-only
/*
 * Automatic page tables go with their last device, also if a call is using them just then.
 *
 * Finds these faults: the page table stays without a device, so its IOAS is busy for ever and its
 * memory pinned; the page table is freed under the call.
 *
 * vm: --mock --smp 2
 * takes: 10
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "../lib/info.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define SIZE (1ul << 20)
#define ROUNDS 60
/* So many that counting them takes a while. */
#define CLAIMS 2000
#define CLAIMED 0x20000000ull

static struct {
	int fd;
	_Atomic uint32_t hwpt;
	atomic_bool stop;
	atomic_ulong seen;
} race;

/* Calls that hold the page table for a while. */
static void *ask(void *arg)
{
	struct iommu_ext_pt_info info;

	(void)arg;
	while (!atomic_load(&race.stop))
		if (!info__pt(race.fd, atomic_load(&race.hwpt), &info, NULL))
			atomic_fetch_add(&race.seen, 1);
	return NULL;
}

static int claim(int fd, uint32_t ioas)
{
	static struct iommu_iova_range list[CLAIMS];

	list[0] = (struct iommu_iova_range){ MOCK_BASE, MOCK_BASE + SIZE - 1 };
	for (unsigned int i = 1; i < CLAIMS; i++)
		list[i] = (struct iommu_iova_range){ CLAIMED + i * P, CLAIMED + i * P + P - 2 };
	return ioas__allow(fd, ioas, list, CLAIMS);
}

/* Wait until the other thread has seen the page table, and so is about to look at it again. */
static void wait_seen(void)
{
	unsigned long before = atomic_load(&race.seen);

	for (unsigned int i = 0; i < 2000 && atomic_load(&race.seen) == before; i++)
		usleep(50);
}

static void races(void)
{
	static const char name[] = "race";
	unsigned int i, stayed = 0, failed = 0;
	struct mock m, dev;
	pthread_t threads[2];
	uint32_t ioas;
	char *mem = mem__small(SIZE);

	if (!mock__start(&m, name, 0))
		return;
	race.fd = m.fd;
	atomic_store(&race.stop, false);
	for (i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, ask, NULL);
	for (i = 0; i < ROUNDS; i++) {
		if (ioas__alloc(m.fd, &ioas) || claim(m.fd, ioas) ||
		    ioas__map_at(m.fd, ioas, mem, SIZE, MOCK_BASE) ||
		    mock__device(&dev, m.fd, ioas, 0)) {
			failed++;
			continue;
		}
		atomic_store(&race.hwpt, dev.hwpt);
		wait_seen();
		failed += iommu__destroy(m.fd, dev.obj) != 0;
		/* A call that is over in a moment may still have it. */
		for (unsigned int tries = 0; iommu__destroy(m.fd, ioas) == -EBUSY; tries++) {
			if (tries > 300) {
				stayed++;
				break;
			}
			usleep(100);
		}
	}
	atomic_store(&race.stop, true);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	tap__is(failed, 0, "%s: every device is attached and removed", name);
	tap__is(stayed, 0, "%s: no page table stays behind", name);
	tap__ok(atomic_load(&race.seen) > 0, "%s: they were looked at meanwhile", name);
	tap__is(mock__objects(m.fd), 4, "%s: only the first device's objects are left", name);
	close(m.fd);
	mem__free(mem, SIZE);
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned after", name);
}

int main(void)
{
	tap__start();
	races();
	return tap__done();
}
