// SPDX-License-Identifier: GPL-2.0-only
/*
 * fdinfo of a context with 100,000 IOASes, while another thread uses the context.
 *
 * Faults these are for: a walk that keeps the lock of the objects from the first to the last, so
 * that every call on the context waits for it; a walk that shows an object twice or leaves one out
 * because others come and go.
 *
 * The output itself tells how many calls were completed during the walk, so that the verdict does
 * not depend on time: the other thread maps one page after the other, each into the first and then
 * into the last IOAS. Both have the same number of areas whenever nothing is in progress, so the
 * surplus of the last, which is shown last, are calls made since the first was shown. While the
 * walk holds the lock only a map that looked up its IOAS before can complete.
 *
 * One processor is enough, because the walk takes many time slices. With two, the result would
 * depend on the spinlock: that of emulated processors is not fair.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define IOASES 100000
#define HOLE 1000 /* one of so many ids is free at first */
#define BASE 0x10000000ull
#define LOCKED 2 /* calls that may complete while the lock is held */
#define MANY 10
#define READS 10

static struct {
	int fd;
	uint32_t first, last;
	void *page;
	unsigned char seen[IOASES + 3]; /* lines by id */
	atomic_bool stop;
	atomic_ulong maps, churned;
	atomic_int err;
} walk;

static bool is_hole(uint32_t id)
{
	return id != walk.first && id != walk.last && id % HOLE == 0;
}

static int fill(void)
{
	uint32_t id;
	int err;

	err = ioas__alloc(walk.fd, &walk.first);
	for (uint32_t i = 0; !err && i < IOASES; i++)
		err = ioas__alloc(walk.fd, &id);
	if (!err)
		err = ioas__alloc(walk.fd, &walk.last);
	for (id = walk.first; !err && id < walk.last; id++)
		if (is_hole(id))
			err = iommu__destroy(walk.fd, id);
	return err;
}

static void *map_main(void *arg)
{
	uint64_t iova = BASE;
	uint32_t id;
	int err = 0;

	(void)arg;
	while (!err && !atomic_load(&walk.stop)) {
		err = ioas__map_at(walk.fd, walk.first, walk.page, P, iova);
		if (!err)
			err = ioas__map_at(walk.fd, walk.last, walk.page, P, iova);
		iova += P;
		atomic_fetch_add(&walk.maps, 1);
		/* An id that was free, among those that are shown. */
		if (!err)
			err = ioas__alloc(walk.fd, &id);
		if (!err)
			err = iommu__destroy(walk.fd, id);
	}
	atomic_store(&walk.err, err);
	return NULL;
}

/* Read fdinfo once; returns the maps completed meanwhile, or -errno. */
static long read_once(void)
{
	unsigned long id, areas, first = 0, last = 0;
	char line[256];
	FILE *file;

	memset(walk.seen, 0, sizeof(walk.seen));
	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", walk.fd);
	file = fopen(line, "r");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "iommufd-object: ioas id=%lu areas=%lu", &id, &areas) != 2)
			continue;
		if (id < sizeof(walk.seen))
			walk.seen[id]++;
		if (id == walk.first)
			first = areas;
		else if (id == walk.last)
			last = areas;
	}
	fclose(file);
	return last > first ? last - first : 0;
}

/* Ids that stay and were not shown once; ids that come and go may be shown once or not. */
static unsigned long count_wrong(void)
{
	unsigned long wrong = 0;

	for (uint32_t id = walk.first; id <= walk.last; id++)
		wrong += is_hole(id) ? walk.seen[id] > 1 : walk.seen[id] != 1;
	return wrong;
}

static void test_walk(void)
{
	unsigned long reads = 0, wrong = 0;
	long maps, most = 0;
	pthread_t thread;

	pthread_create(&thread, NULL, map_main, NULL);
	tap__until(atomic_load(&walk.maps));
	/* A busy host may keep the other thread from running during one read, not during all. */
	while (most < MANY && reads < READS) {
		maps = read_once();
		if (maps < 0)
			break;
		most = maps > most ? maps : most;
		wrong += count_wrong();
		reads++;
	}
	atomic_store(&walk.stop, true);
	pthread_join(thread, NULL);
	tap__diag("%lu reads, at most %ld maps during one, %lu in all", reads, most,
		  atomic_load(&walk.maps));
	tap__err(atomic_load(&walk.err), 0, "no call of the other thread fails");
	tap__ok(most > LOCKED, "calls on the context complete while fdinfo walks its objects");
	tap__is(wrong, 0, "each IOAS that stays is shown once, none twice");
}

/* The text is larger than the buffer that seq_file begins with. */
static void test_whole(void)
{
	unsigned long shown = 0;

	tap__is(read_once(), 0, "idle: the first and the last IOAS have as many areas");
	for (uint32_t id = walk.first; id <= walk.last; id++)
		shown += walk.seen[id] == 1;
	tap__is(shown, IOASES + 2 - IOASES / HOLE, "idle: all IOASes are shown");
	tap__is(count_wrong(), 0, "idle: each of them once");
}

int main(void)
{
	tap__start();
	walk.fd = iommu__open();
	if (walk.fd < 0)
		return tap__bail("/dev/iommu: %s", strerror(-walk.fd));
	walk.page = mem__small(P);
	if (!tap__err(fill(), 0, "a context with many IOASes"))
		return tap__done();
	test_whole();
	test_walk();
	test_whole();
	close(walk.fd);
	mem__free(walk.page, P);
	return tap__done();
}
