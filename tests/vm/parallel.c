// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many threads on one context: map, unmap, copy, attach, replace, detach, allocate, destroy and
 * close at the same time, each phase for two seconds.
 *
 *	parallel [SECONDS [PHASE]]	2 for each phase if not given; only that phase, from 1
 *
 * Threads with addresses of their own must always succeed; threads that share addresses may get the
 * errors that this makes possible and no others. A thread keeps its first wrong result, the main
 * thread reports them. In the end nothing may be pinned. Uses the edu device; without one the
 * phases that need it are skipped.
 *
 * vm: --smp 2
 * takes: 20
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../lib/args.h"
#include "../lib/edu.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define MAX_THREADS 8
#define SLICE 0x10000000ull /* IOVAs of one thread */
#define PAGES 256

static struct {
	volatile bool stop;
	volatile int fd;
	uint32_t a, b;
	struct edu edu;
	bool device;
	char bdf[16];
	volatile uint32_t ids[4];
} shared;

struct worker {
	pthread_t thread;
	void (*work)(struct worker *w);
	unsigned int n;
	unsigned long calls;
	uint32_t seed;
	char *mem;
	int wrong;  /* first unexpected result */
	const char *what; /* of which call */
};

static uint32_t rnd(struct worker *w, uint32_t n)
{
	w->seed = w->seed * 1664525 + 1013904223;
	return (uint64_t)(w->seed >> 4) * n >> 28;
}

/* Records a result that is neither 0 nor one of up to four allowed errors; true for 0. */
static bool check(struct worker *w, const char *what, int ret, int e1, int e2, int e3, int e4)
{
	w->calls++;
	if (ret && ret != e1 && ret != e2 && ret != e3 && ret != e4 && !w->wrong) {
		w->wrong = ret;
		w->what = what;
	}
	return !ret;
}

static bool good(struct worker *w, const char *what, int ret)
{
	return check(w, what, ret, 0, 0, 0, 0);
}

/* Maps and unmaps in a slice of its own, several areas at a time. */
static void work_own(struct worker *w)
{
	uint64_t base = SLICE * (1 + w->n), length[8] = { 0 };

	while (!shared.stop) {
		unsigned int i = rnd(w, 8);
		uint64_t iova = base + i * (PAGES * P);

		if (length[i]) {
			uint64_t got = PAGES * P;

			good(w, "unmap", ioas__unmap(shared.fd, shared.a, iova, &got));
			if (got != length[i])
				good(w, "unmapped length", -EBADMSG);
			length[i] = 0;
		} else {
			length[i] = (1 + rnd(w, rnd(w, 4) ? 8 : PAGES)) * P;
			good(w, "map", ioas__map_at(shared.fd, shared.a, w->mem, length[i], iova));
		}
	}
}

/* Let the kernel choose the address, which no other thread may get meanwhile. */
static void work_auto(struct worker *w)
{
	while (!shared.stop) {
		uint64_t iova[4], length = (1 + rnd(w, 16)) * P;

		for (int i = 0; i < 4; i++)
			if (!good(w, "map",
				  ioas__map(shared.fd, shared.a, w->mem, length, IOAS_RW,
					    &iova[i])))
				return;
		for (int i = 0; i < 4; i++)
			good(w, "unmap", ioas__unmap_at(shared.fd, shared.a, iova[i], length));
	}
}

/* Copies between the two address spaces and unmaps original and copy in either order. */
static void work_copy(struct worker *w)
{
	uint64_t base = SLICE * (1 + w->n);

	while (!shared.stop) {
		uint64_t pages = 4 + rnd(w, 60), part = 1 + rnd(w, pages - 2), to = base;

		good(w, "map", ioas__map_at(shared.fd, shared.a, w->mem, pages * P, base));
		good(w, "copy",
		     ioas__copy(shared.fd, shared.b, shared.a, base + P, part * P,
				IOAS_RW | IOAS_FIXED, &to));
		if (rnd(w, 2)) {
			good(w, "unmap a", ioas__unmap_at(shared.fd, shared.a, base, pages * P));
			good(w, "unmap b", ioas__unmap_at(shared.fd, shared.b, base, part * P));
		} else {
			good(w, "unmap b", ioas__unmap_at(shared.fd, shared.b, base, part * P));
			good(w, "unmap a", ioas__unmap_at(shared.fd, shared.a, base, pages * P));
		}
	}
}

/* DMA with compared data through a page of its own. */
static void work_dma(struct worker *w)
{
	uint64_t iova = SLICE * (1 + w->n);

	for (unsigned int seed = 1; !shared.stop; seed++) {
		mem__fill(w->mem, P, seed);
		good(w, "map", ioas__map_at(shared.fd, shared.a, w->mem, 2 * P, iova));
		good(w, "DMA from memory", edu__read(&shared.edu, iova, 0, 1024));
		good(w, "DMA to memory", edu__write(&shared.edu, iova + P, 0, 1024));
		good(w, "unmap", ioas__unmap_at(shared.fd, shared.a, iova, 2 * P));
		if (memcmp(w->mem, w->mem + P, 1024))
			good(w, "DMA data", -EBADMSG);
	}
}

/* Moves the device from one address space to the other, and out of both. */
static void work_attach(struct worker *w)
{
	struct vfio_dev *dev = &shared.edu.dev;

	while (!shared.stop) {
		good(w, "attach", vfio__attach_ioas(dev, rnd(w, 2) ? shared.a : shared.b));
		good(w, "replace", vfio__attach_ioas(dev, rnd(w, 2) ? shared.a : shared.b));
		if (!rnd(w, 3))
			good(w, "detach", vfio__detach(dev));
	}
	good(w, "attach", vfio__attach_ioas(dev, shared.a));
}

/* All fight over the same few pages. */
static void work_fight(struct worker *w)
{
	while (!shared.stop) {
		uint64_t iova = SLICE + rnd(w, 8) * P, length = (1 + rnd(w, 4)) * P, to;
		uint32_t ioas = rnd(w, 2) ? shared.a : shared.b;

		switch (rnd(w, 4)) {
		case 0:
			check(w, "map", ioas__map_at(shared.fd, ioas, w->mem, length, iova),
			      -EEXIST, 0, 0, 0);
			break;
		case 1:
			check(w, "unmap", ioas__unmap_at(shared.fd, ioas, iova, length), -ENOENT,
			      -EBUSY, 0, 0);
			break;
		case 2:
			to = SLICE + rnd(w, 8) * P;
			check(w, "copy",
			      ioas__copy(shared.fd, shared.a, shared.b, iova, length,
					 IOAS_RW | IOAS_FIXED, &to),
			      -ENOENT, -EEXIST, 0, 0);
			break;
		default:
			if (!rnd(w, 16))
				/* Others may fill ranges that it has emptied: -EBUSY. */
				check(w, "unmap all", ioas__unmap_all(shared.fd, ioas), -EBUSY,
				      -ENOENT, 0, 0);
		}
	}
}

/* Address spaces are created and destroyed while threads use them. */
static void work_objects(struct worker *w)
{
	while (!shared.stop) {
		unsigned int slot = rnd(w, 4);
		uint32_t id = shared.ids[slot];
		uint64_t iova = SLICE, val = 0, to;

		switch (rnd(w, 6)) {
		case 0:
			if (good(w, "alloc", ioas__alloc(shared.fd, &id)))
				shared.ids[slot] = id;
			break;
		case 1:
			check(w, "destroy", iommu__destroy(shared.fd, id), -ENOENT, -EBUSY, 0, 0);
			break;
		case 2:
			check(w, "map", ioas__map_at(shared.fd, id, w->mem, 4 * P, iova), -ENOENT,
			      -EEXIST, 0, 0);
			break;
		case 3:
			check(w, "unmap", ioas__unmap_all(shared.fd, id), -ENOENT, -EBUSY, 0, 0);
			break;
		case 4:
			to = 2 * SLICE;
			check(w, "copy",
			      ioas__copy(shared.fd, id, shared.ids[rnd(w, 4)], iova, 4 * P,
					 IOAS_RW | IOAS_FIXED, &to),
			      -ENOENT, -EEXIST, 0, 0);
			break;
		default:
			check(w, "option",
			      iommu__option(shared.fd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_GET,
					    id, &val),
			      -ENOENT, 0, 0, 0);
		}
	}
}

/* The first thread closes and opens the context, the others use its current objects. */
static void work_close(struct worker *w)
{
	static const struct timespec moment = { .tv_nsec = 2000000 };
	uint64_t iova = SLICE * (1 + w->n);
	uint32_t id = 1;

	while (!shared.stop) {
		if (!w->n) {
			int fd = iommu__open(), old = shared.fd;

			shared.fd = fd;
			close(old);
			nanosleep(&moment, NULL);
			good(w, "open", fd < 0 ? fd : 0);
			continue;
		}
		check(w, "alloc", ioas__alloc(shared.fd, &id), -EBADF, 0, 0, 0);
		check(w, "map", ioas__map_at(shared.fd, id, w->mem, 16 * P, iova), -ENOENT, -EBADF,
		      -EEXIST, 0);
		check(w, "unmap", ioas__unmap_at(shared.fd, id, iova, 16 * P), -ENOENT, -EBADF,
		      -EBUSY, 0);
		check(w, "destroy", iommu__destroy(shared.fd, id), -ENOENT, -EBADF, -EBUSY, 0);
	}
}

/* Contexts with the device in them; one thread gets the device, the others fail. */
static void work_bind(struct worker *w)
{
	while (!shared.stop) {
		struct edu edu;
		uint32_t ioas = 0;
		int fd = iommu__open();

		good(w, "open", fd < 0 ? fd : ioas__alloc(fd, &ioas));
		good(w, "map", ioas__map_at(fd, ioas, w->mem, 32 * P, SLICE));
		if (check(w, "bind", edu__open(&edu, shared.bdf, fd), -EINVAL, -EBUSY, 0, 0)) {
			good(w, "attach", vfio__attach_ioas(&edu.dev, ioas));
			good(w, "map", ioas__map_at(fd, ioas, w->mem, 32 * P, 2 * SLICE));
			if (rnd(w, 2))
				close(fd), fd = -1;
			edu__close(&edu);
		}
		if (fd >= 0)
			close(fd);
	}
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	w->work(w);
	return NULL;
}

struct phase {
	const char *name;
	bool device;
	void (*work[MAX_THREADS])(struct worker *w);
};

static const struct phase phases[] = {
	{ "map and unmap, no device",
	  false,
	  { work_own, work_own, work_own, work_auto, work_auto, work_copy, work_copy } },
	{ "the same addresses, no device", false, { work_fight, work_fight, work_fight } },
	{ "objects come and go", false, { work_objects, work_objects, work_objects } },
	{ "close under the others", false, { work_close, work_close, work_close } },
	{ "map and unmap with DMA",
	  true,
	  { work_dma, work_own, work_own, work_auto, work_copy, work_copy } },
	{ "attach, replace and detach",
	  true,
	  { work_attach, work_own, work_auto, work_copy, work_copy } },
	{ "the same addresses, with attach",
	  true,
	  { work_attach, work_fight, work_fight, work_fight } },
	{ "objects come and go, with attach",
	  true,
	  { work_attach, work_objects, work_objects, work_copy } },
	{ "bind and close", true, { work_bind, work_bind, work_bind } },
};

static int phase_open(const struct phase *phase)
{
	int ret;

	shared.fd = iommu__open();
	if (shared.fd < 0)
		return shared.fd;
	ret = ioas__alloc(shared.fd, &shared.a);
	if (!ret)
		ret = ioas__alloc(shared.fd, &shared.b);
	shared.device = phase->device && phase->work[0] != work_bind;
	if (ret || !shared.device)
		return ret;
	ret = edu__open(&shared.edu, shared.bdf, shared.fd);
	if (!ret)
		ret = vfio__attach_ioas(&shared.edu.dev, shared.a);
	if (!ret)
		ret = edu__start(&shared.edu);
	return ret;
}

static void run_phase(const struct phase *phase, unsigned int seconds)
{
	struct worker workers[MAX_THREADS] = { 0 };
	unsigned long calls = 0;
	unsigned int num = 0;

	if (!tap__err(phase_open(phase), 0, "%s: start", phase->name))
		return;
	shared.stop = false;
	for (; num < MAX_THREADS && phase->work[num]; num++) {
		workers[num].work = phase->work[num];
		workers[num].n = num;
		workers[num].seed = 1 + num * 77777;
		workers[num].mem = mem__small(PAGES * P);
		pthread_create(&workers[num].thread, NULL, worker_main, &workers[num]);
	}
	sleep(seconds);
	shared.stop = true;
	for (unsigned int i = 0; i < num; i++) {
		pthread_join(workers[i].thread, NULL);
		calls += workers[i].calls;
		if (workers[i].wrong)
			tap__diag("thread %u: %s: %s after %lu calls", i, workers[i].what,
				  tap__errname(workers[i].wrong), workers[i].calls);
		workers[0].wrong |= workers[i].wrong;
		mem__free(workers[i].mem, PAGES * P);
	}
	tap__is(workers[0].wrong, 0, "%s: %u threads had only results that can be", phase->name,
		num);
	tap__diag("%lu calls", calls);
	if (shared.device)
		edu__close(&shared.edu);
	close(shared.fd);
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned", phase->name);
}

int main(int argc, char **argv)
{
	uint64_t seconds = 2, only = 0;
	bool device;

	if (argc > 3 || (argc > 1 && args__number(argv[1], 3600, &seconds)) ||
	    (argc > 2 && args__number(argv[2], sizeof(phases) / sizeof(phases[0]), &only)))
		return 2;
	tap__start();
	device = !pci__find(EDU_VENDOR, EDU_DEVICE, 0, shared.bdf) && !pci__bind(shared.bdf);
	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		if (only && only != i + 1)
			continue;
		if (phases[i].device && !device)
			tap__skip("no edu device", "%s", phases[i].name);
		else
			run_phase(&phases[i], seconds);
	}
	return tap__done();
}
