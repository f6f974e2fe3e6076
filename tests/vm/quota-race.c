// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quotas while other threads and processes try to exceed them, or to use them up.
 *
 * Finds these faults: totals wrap around, so that a huge reservation makes them small; a request
 * that is refused counts against others while it is decided on; a quota can be exceeded by requests
 * at the same time; reservations are left behind.
 *
 * vm: --mock
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/policy/load.h"

#define P MEM_PAGE
#define MIB (1ul << 20)
#define HUGE_MAP (0ul - 4 * MIB)

static struct policy pol;
static struct mock m;
static atomic_bool stop;
static atomic_ulong calls;

/* ---- totals that would wrap around ---- */

/* The address space holds a map that reserves nearly 2^52 pages for each new page table. */
static void *alloc_tables(void *arg)
{
	uint32_t ioas = *(uint32_t *)arg, hwpt;

	while (!atomic_load(&stop)) {
		if (!mock__hwpt(&m, ioas, 0, 0, 0, NULL, 0, &hwpt))
			iommu__destroy(m.fd, hwpt);
		atomic_fetch_add(&calls, 1);
	}
	return NULL;
}

static void *map_huge(void *arg)
{
	uint32_t ioas = *(uint32_t *)arg;

	while (!atomic_load(&stop)) {
		ioas__map_at(m.fd, ioas, NULL, HUGE_MAP, 0);
		atomic_fetch_add(&calls, 1);
	}
	return NULL;
}

static void try_wrap(const char *name, void *(*other)(void *), uint32_t ioas)
{
	void *mem = mem__small(4 * MIB);
	unsigned int i, passed = 0, wrong = 0;
	pthread_t thread;
	int err;

	atomic_store(&stop, false);
	atomic_store(&calls, 0);
	pthread_create(&thread, NULL, other, &ioas);
	/* Both at work for a while, however they are scheduled. */
	for (i = 0; i < 2000 || atomic_load(&calls) < 500; i++) {
		err = ioas__map_at(m.fd, m.ioas, mem, 4 * MIB, MOCK_BASE);
		passed += !err;
		wrong += err && err != -ENOMEM;
		if (!err)
			ioas__unmap_at(m.fd, m.ioas, MOCK_BASE, 4 * MIB);
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	tap__is(passed, 0, "%s: no map of 4 MiB succeeds with a limit of 1 MiB", name);
	tap__is(wrong, 0, "%s: each is refused with ENOMEM", name);
	mem__free(mem, 4 * MIB);
}

static void wrap(void)
{
	static const char name[] = "wrap-around";
	uint32_t ioas;

	if (!mock__start(&m, name, 0) || !policy__start(&pol, "quota", "process_limit=1048576"))
		return;
	tap__err(ioas__alloc(m.fd, &ioas), 0, "%s: an address space without a device", name);
	tap__err(ioas__map_at(m.fd, ioas, NULL, HUGE_MAP, 0), 0, "%s: nearly all of it is mapped",
		 name);
	try_wrap("page tables", alloc_tables, ioas);
	ioas__unmap_all(m.fd, ioas);
	try_wrap("maps", map_huge, m.ioas);
	policy__unload(&pol);
	close(m.fd);
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned after", name);
}

/* ---- requests that are refused ---- */

static pid_t start_refused(size_t size)
{
	pid_t pid = fork();
	struct mock own;
	void *mem;

	if (pid)
		return pid;
	if (mock__open(&own, 0))
		_exit(1);
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		   -1, 0);
	for (;;)
		if (ioas__map_at(own.fd, own.ioas, mem, size, MOCK_BASE) != -ENOMEM)
			_exit(2);
}

static void refused_is_invisible(void)
{
	static const char name[] = "refused requests";
	unsigned int i, failed = 0;
	void *mem = mem__small(P);
	int status = 0;
	pid_t pid;

	if (!mock__start(&m, name, 0) || !policy__start(&pol, "quota", "uid_limit=67108864"))
		return;
	pid = start_refused(512 * MIB);
	for (i = 0; i < 2000; i++) {
		if (ioas__map_at(m.fd, m.ioas, mem, P, MOCK_BASE)) {
			failed++;
			continue;
		}
		ioas__unmap_at(m.fd, m.ioas, MOCK_BASE, P);
		/* The other process gets its turn, also on one CPU. */
		if (!(i % 100))
			usleep(1000);
	}
	tap__is(waitpid(pid, &status, WNOHANG), 0, "%s: the other process was refused all the time",
		name);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	tap__is(failed, 0, "%s: of 2000 maps of a page none fails because of another's", name);
	policy__unload(&pol);
	close(m.fd);
	mem__free(mem, P);
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned after", name);
}

/* ---- requests at the same time ---- */

#define THREADS 4
#define EACH 64 /* pages */
#define LIMIT 96

struct racer {
	pthread_t thread;
	struct mock m;
	char *mem;
	unsigned long granted, refused, wrong;
};

static void *race_maps(void *arg)
{
	struct racer *r = arg;
	unsigned int i;
	int err;

	for (i = 0; i < 1500; i++) {
		err = ioas__map_at(r->m.fd, r->m.ioas, r->mem, EACH * P, MOCK_BASE);
		if (!err) {
			r->granted++;
			/* Never more than one at a time: two would be 128 of 96 pages. */
			ioas__unmap_at(r->m.fd, r->m.ioas, MOCK_BASE, EACH * P);
		} else if (err == -ENOMEM || err == -EBUSY) {
			r->refused++;
		} else {
			r->wrong++;
		}
	}
	return NULL;
}

/* The driver's own count, looked at as often as possible. */
static void *watch_pinned(void *arg)
{
	uint64_t *most = arg, now;

	while (!atomic_load(&stop)) {
		if (!iommu__fdinfo(m.fd, "iommufd-uid-pinned", &now) && now > *most)
			*most = now;
	}
	return NULL;
}

static void concurrent(void)
{
	static const char name[] = "at the same time";
	unsigned long granted = 0, wrong = 0;
	struct racer racers[THREADS] = {};
	pthread_t watcher;
	uint64_t most = 0;
	char settings[64];
	unsigned int i;

	snprintf(settings, sizeof(settings), "uid_limit=%lu", LIMIT * P);
	if (!mock__start(&m, name, 0) || !policy__start(&pol, "quota", settings))
		return;
	for (i = 0; i < THREADS; i++) {
		racers[i].mem = mem__small(EACH * P);
		if (mock__open(&racers[i].m, 0))
			tap__bail("no device");
	}
	atomic_store(&stop, false);
	pthread_create(&watcher, NULL, watch_pinned, &most);
	for (i = 0; i < THREADS; i++)
		pthread_create(&racers[i].thread, NULL, race_maps, &racers[i]);
	for (i = 0; i < THREADS; i++) {
		pthread_join(racers[i].thread, NULL);
		granted += racers[i].granted;
		wrong += racers[i].wrong;
		close(racers[i].m.fd);
		mem__free(racers[i].mem, EACH * P);
	}
	atomic_store(&stop, true);
	pthread_join(watcher, NULL);
	tap__ok(granted > 0, "%s: some are granted", name);
	tap__is(wrong, 0, "%s: the others are refused with ENOMEM, or EBUSY", name);
	tap__ok(most <= LIMIT * P, "%s: never more than the limit is pinned", name);
	tap__diag("%lu granted, at most %llu KiB pinned", granted, (unsigned long long)most >> 10);
	/* All reservations are gone: the whole limit is free again. */
	tap__err(ioas__map_at(m.fd, m.ioas, mem__small(LIMIT * P), LIMIT * P, MOCK_BASE), 0,
		 "%s: then the whole limit can be used", name);
	policy__unload(&pol);
	close(m.fd);
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned after", name);
}

int main(void)
{
	tap__start();
	wrap();
	refused_is_invisible();
	concurrent();
	return tap__done();
}
