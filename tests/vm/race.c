// SPDX-License-Identifier: GPL-2.0-only
/*
 * Races for an object's last use: IOMMU_DESTROY from one thread while others make, attach, fill and
 * give back the very objects it names, and two devices of one IOMMU group that pull the group from
 * one page table to another.
 *
 *	race [SECONDS]	for each phase, 6 if not given
 *
 * Regression test of two uses after free: a device object was destroyed under the driver that was
 * giving it back, and an automatic HWPT under the thread that had just made it. An error shows in
 * the kernel's log (tests/vm/run reads it), in calls with impossible results, in objects that stay,
 * or in pages that stay pinned. That each kind of call also succeeded, so that there was a race at
 * all, is a test point of its own.
 *
 * The phases with one device use any edu device; two edu functions in one slot share a group.
 *
 * vm: --smp 2 --append preempt=full
 * vm: --qemu '-device edu,addr=0x9.0,multifunction=on,dma_mask=0xffffffff'
 * vm: --qemu '-device edu,addr=0x9.1,multifunction=on,dma_mask=0xffffffff'
 * takes: 25
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/args.h"
#include "../lib/edu.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/tap.h"
#include "../lib/vfio.h"

#define P MEM_PAGE
#define PAGES 64
#define MAX_THREADS 6
#define MAX_IDS 16 /* objects named by the threads that destroy blindly */
#define BASE 0x10000000ull
#define SLICE 0x01000000ull /* IOVAs of one thread */

static struct {
	volatile bool stop;
	int fd;
	uint32_t a, b;
	volatile uint32_t ids[4]; /* IOASes that come and go */
	struct vfio_dev dev[2];
	char bdf[2][16];	 /* of one group, or the same */
	unsigned int devices;
} shared = { .fd = -1 };

enum count { BINDS, DESTROYS, ALLOCS, ATTACHES, REPLACES, DETACHES, MAPS, UNMAPS, COPIES, COUNTS };

static const char *const count_names[COUNTS] = {
	"bind", "destroy", "alloc", "attach", "replace", "detach", "map", "unmap", "copy",
};

struct worker {
	pthread_t thread;
	void (*work)(struct worker *w);
	unsigned int n; /* its number, and that of its device */
	uint32_t seed;
	char *mem;
	unsigned long calls[COUNTS];
	unsigned long done[COUNTS]; /* the calls that succeeded */
	int wrong;   /* first result that cannot be */
	enum count what;	 /* of which call */
};

static uint32_t rnd(struct worker *w, uint32_t n)
{
	w->seed = w->seed * 1664525 + 1013904223;
	return (uint64_t)(w->seed >> 4) * n >> 28;
}

/* Counts a call. Beside 0 it may have two results; true for 0. */
static bool check(struct worker *w, enum count what, int ret, int e1, int e2)
{
	w->calls[what]++;
	if (!ret) {
		w->done[what]++;
	} else if (ret != e1 && ret != e2 && !w->wrong) {
		w->wrong = ret;
		w->what = what;
	}
	return !ret;
}

/* ---- a device is bound and given back while another thread destroys all objects ---- */

static void work_bind(struct worker *w)
{
	while (!shared.stop) {
		struct vfio_dev dev;
		int ret = vfio__open(&dev, shared.bdf[0]);

		if (!ret)
			ret = vfio__bind(&dev, shared.fd);
		check(w, BINDS, ret, 0, 0);
		vfio__close(&dev);
	}
}

/* The driver has a use of it all the time: it is busy, or not there. */
static void work_destroy_low(struct worker *w)
{
	while (!shared.stop)
		for (uint32_t id = 1; id <= 4; id++)
			check(w, DESTROYS, iommu__destroy(shared.fd, id), -ENOENT, -EBUSY);
}

/* ---- two devices of a group ---- */

/*
 * To run just after the other thread has released the group's lock: both on one processor, and
 * one of them a real-time thread that wakes up at odd times. It waits for the lock, and runs before
 * the other one gets any further (in a kernel with full preemption).
 */
static void take_turns(struct worker *w)
{
	struct sched_param param = { .sched_priority = 1 };
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	if (w->n)
		sched_setscheduler(0, SCHED_FIFO, &param);
}

/* An attach, other than a replace, must agree with where the other device has the group. */
static void work_replace(struct worker *w)
{
	struct vfio_dev *dev = &shared.dev[w->n];
	bool attached = true;

	take_turns(w);
	while (!shared.stop) {
		uint32_t to = rnd(w, 2) ? shared.a : shared.b;
		int ret = vfio__attach_ioas(dev, to);

		if (attached)
			check(w, REPLACES, ret, 0, 0);
		else
			attached = check(w, ATTACHES, ret, -EINVAL, 0);
		if (attached && !rnd(w, 8))
			attached = !check(w, DETACHES, vfio__detach(dev), 0, 0);
		if (w->n)
			usleep(rnd(w, 400));
	}
}

static void work_map(struct worker *w)
{
	uint64_t iova = BASE + SLICE * w->n;

	while (!shared.stop) {
		uint64_t length = (1 + rnd(w, PAGES)) * P, to = iova;
		uint32_t from = w->n & 1 ? shared.a : shared.b;
		uint32_t other = from == shared.a ? shared.b : shared.a;

		check(w, MAPS, ioas__map_at(shared.fd, from, w->mem, length, iova), 0, 0);
		check(w, COPIES,
		      ioas__copy(shared.fd, other, from, iova, length, IOAS_RW | IOAS_FIXED, &to),
		      0, 0);
		check(w, UNMAPS, ioas__unmap_at(shared.fd, from, iova, length), 0, 0);
		check(w, UNMAPS, ioas__unmap_at(shared.fd, other, iova, length), 0, 0);
	}
}

/* ---- address spaces and page tables are destroyed under everything ---- */

static uint32_t any_ioas(struct worker *w)
{
	return shared.ids[rnd(w, 4)];
}

/* Ids are used again, so a call for an IOAS may find an automatic HWPT, or the device. */
static void work_attach(struct worker *w)
{
	while (!shared.stop) {
		int ret = vfio__attach_ioas(&shared.dev[0], any_ioas(w));

		if (!check(w, ATTACHES, ret, -ENOENT, -EINVAL))
			continue;
		check(w, REPLACES, vfio__attach_ioas(&shared.dev[0], any_ioas(w)), -ENOENT,
		      -EINVAL);
		check(w, DETACHES, vfio__detach(&shared.dev[0]), 0, 0);
	}
}

static void work_alloc(struct worker *w)
{
	while (!shared.stop) {
		uint32_t id;

		if (check(w, ALLOCS, ioas__alloc(shared.fd, &id), 0, 0)) {
			uint32_t old = any_ioas(w);

			for (unsigned int i = 0; i < 4; i++) {
				if (shared.ids[i] == old) {
					shared.ids[i] = id;
					break;
				}
			}
			check(w, DESTROYS, iommu__destroy(shared.fd, old), -ENOENT, -EBUSY);
		}
		sched_yield();
	}
}

static void work_destroy_any(struct worker *w)
{
	while (!shared.stop) {
		check(w, DESTROYS, iommu__destroy(shared.fd, 1 + rnd(w, MAX_IDS)), -ENOENT, -EBUSY);
		sched_yield();
	}
}

static void work_fill(struct worker *w)
{
	uint64_t iova = BASE + SLICE * w->n;

	while (!shared.stop) {
		uint32_t from = any_ioas(w), to = any_ioas(w);
		uint64_t at = iova + PAGES * P, length = (1 + rnd(w, PAGES)) * P;

		check(w, MAPS, ioas__map_at(shared.fd, from, w->mem, length, iova), -ENOENT,
		      -EEXIST);
		check(w, COPIES,
		      ioas__copy(shared.fd, to, from, iova, P, IOAS_RW | IOAS_FIXED, &at), -ENOENT,
		      -EEXIST);
		/* The other thread's areas are in the way of no range but all. */
		check(w, UNMAPS, ioas__unmap_at(shared.fd, from, iova, 2 * PAGES * P), -ENOENT,
		      -EBUSY);
	}
}

/* ---- phases ---- */

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	w->work(w);
	return NULL;
}

struct phase {
	const char *name;
	unsigned int devices;
	bool bound;  /* the devices are bound and attached when it begins */
	unsigned int must; /* calls, as bits, that must have succeeded at least once */
	void (*work[MAX_THREADS])(struct worker *w);
};

#define BIT(n) (1u << (n))

static const struct phase phases[] = {
	{ "bind, give back and destroy", 1, false, BIT(BINDS), { work_bind, work_destroy_low } },
	{ "two devices of a group",
	  2,
	  true,
	  BIT(REPLACES) | BIT(ATTACHES) | BIT(DETACHES) | BIT(MAPS) | BIT(COPIES) | BIT(UNMAPS),
	  { work_replace, work_replace, work_map } },
	{ "destroy objects that are attached, mapped and copied",
	  1,
	  true,
	  BIT(REPLACES) | BIT(ATTACHES) | BIT(DETACHES) | BIT(MAPS) | BIT(COPIES) | BIT(UNMAPS) |
		  BIT(ALLOCS) | BIT(DESTROYS),
	  { work_attach, work_alloc, work_destroy_any, work_fill, work_fill } },
};

/* Objects that the context has, from its fdinfo. */
static int objects(void)
{
	char line[256];
	int n = 0;
	FILE *f;

	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", shared.fd);
	f = fopen(line, "r");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		n += !strncmp(line, "iommufd-object:", 15);
	fclose(f);
	return n;
}

static int phase_open(const struct phase *phase)
{
	int ret;

	shared.fd = iommu__open();
	if (shared.fd < 0)
		return shared.fd;
	if (!phase->bound)
		return 0;
	ret = ioas__alloc(shared.fd, &shared.a);
	if (!ret)
		ret = ioas__alloc(shared.fd, &shared.b);
	for (unsigned int i = 0; i < 4; i++)
		shared.ids[i] = i & 1 ? shared.b : shared.a;
	for (unsigned int i = 0; i < phase->devices && !ret; i++) {
		ret = vfio__open(&shared.dev[i], shared.bdf[i]);
		if (!ret)
			ret = vfio__bind(&shared.dev[i], shared.fd);
		if (!ret && phase->devices > 1)
			ret = vfio__attach_ioas(&shared.dev[i], shared.a);
	}
	return ret;
}

static void phase_close(const struct phase *phase)
{
	if (phase->bound)
		for (unsigned int i = 0; i < phase->devices; i++)
			vfio__close(&shared.dev[i]);
	/* With no device left there is nothing but address spaces: none is busy. */
	for (uint32_t id = 1; phase->bound && id < 1000; id++)
		iommu__destroy(shared.fd, id);
	tap__is(objects(), 0, "%s: no object is left", phase->name);
	close(shared.fd);
	shared.fd = -1;
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned", phase->name);
}

/* The kinds of calls that have not yet succeeded. */
static unsigned int missing(const struct phase *phase, const struct worker *workers,
			    unsigned int num)
{
	unsigned int left = phase->must;

	for (unsigned int i = 0; i < num; i++)
		for (unsigned int c = 0; c < COUNTS; c++)
			if (workers[i].done[c])
				left &= ~BIT(c);
	return left;
}

static void report(const struct phase *phase, const struct worker *workers, unsigned int num)
{
	unsigned long done[COUNTS] = { 0 }, calls[COUNTS] = { 0 };
	int wrong = 0;

	for (unsigned int i = 0; i < num; i++) {
		const struct worker *w = &workers[i];

		for (unsigned int c = 0; c < COUNTS; c++) {
			done[c] += w->done[c];
			calls[c] += w->calls[c];
		}
		if (w->wrong)
			tap__diag("thread %u: %s: %s", i, count_names[w->what],
				  tap__errname(w->wrong));
		wrong |= w->wrong;
	}
	for (unsigned int c = 0; c < COUNTS; c++) {
		if (calls[c])
			tap__diag("%s: %lu of %lu", count_names[c], done[c], calls[c]);
	}
	tap__is(wrong, 0, "%s: only results that can be", phase->name);
	tap__hex(missing(phase, workers, num), 0, "%s: each kind of call succeeded at times",
		 phase->name);
	if (!phase->bound) {
		tap__ok(calls[DESTROYS], "%s: there were attempts to destroy", phase->name);
		tap__is(done[DESTROYS], 0, "%s: no object in use is destroyed", phase->name);
	}
}

static void run_phase(const struct phase *phase, unsigned int seconds)
{
	struct worker workers[MAX_THREADS] = { 0 };
	unsigned int num = 0;

	if (!tap__err(phase_open(phase), 0, "%s: start", phase->name))
		return;
	shared.stop = false;
	for (; num < MAX_THREADS && phase->work[num]; num++) {
		struct worker *w = &workers[num];

		w->work = phase->work[num];
		w->n = num;
		w->seed = 1 + num * 77777;
		w->mem = mem__small(PAGES * P);
		pthread_create(&w->thread, NULL, worker_main, w);
	}
	sleep(seconds);
	tap__until(!missing(phase, workers, num));
	shared.stop = true;
	for (unsigned int i = 0; i < num; i++) {
		pthread_join(workers[i].thread, NULL);
		mem__free(workers[i].mem, PAGES * P);
	}
	report(phase, workers, num);
	phase_close(phase);
}

/* Two edu devices of one group if there are; else one. Returns how many. */
static unsigned int find_devices(void)
{
	char bdf[8][16];
	unsigned int num = 0;

	while (num < 8 && !pci__find(EDU_VENDOR, EDU_DEVICE, num, bdf[num]))
		num++;
	for (unsigned int i = 0; i + 1 < num; i++) {
		if (pci__group(bdf[i]) < 0 || pci__group(bdf[i]) != pci__group(bdf[i + 1]))
			continue;
		memcpy(shared.bdf, bdf[i], sizeof(shared.bdf));
		return pci__bind(shared.bdf[0]) || pci__bind(shared.bdf[1]) ? 0 : 2;
	}
	if (!num || pci__bind(bdf[0]))
		return 0;
	memcpy(shared.bdf[0], bdf[0], sizeof(bdf[0]));
	return 1;
}

int main(int argc, char **argv)
{
	uint64_t seconds = 6;

	if (argc > 2 || (argc == 2 && args__number(argv[1], 3600, &seconds)))
		return 2;
	tap__start();
	shared.devices = find_devices();
	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		if (phases[i].devices > shared.devices)
			tap__skip(shared.devices ? "no two edu devices of one group" :
						   "no edu device that vfio-pci takes",
				  "%s", phases[i].name);
		else
			run_phase(&phases[i], seconds);
	}
	return tap__done();
}
