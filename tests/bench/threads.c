// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two threads against one: how many maps and unmaps of 4 KiB a second, in disjoint ranges.
 *
 *	bench-threads [--rounds N] [--ms MS] [--size BYTES] [--host PERCENT]
 *
 * Meant for a guest with two processors and the mock, whose page tables without a lock
 * (MOCK_IOMMUPT_UNLOCKED) leave iommufd's own locks and counters to be measured:
 *
 *	tests/vm/run --mock --smp 2 -- build/tests/bench-threads
 *
 * Each round measures all rows, with one thread and with two, MS milliseconds each. The result of
 * a row is the median over all rounds of (two threads / one thread). Other work on the host makes
 * this ratio smaller, so the first row measures the host: system calls that share nothing. It is
 * measured before and after each row; only where both ratios are at least PERCENT, the row counts
 * in this round. So on a busy host, take many short rounds and --host 160. The last but one column
 * is the median of (a row's ratio / that of the host around it).
 *
 * Output: "name<TAB>calls a second of one thread<TAB>ratio<TAB>ratio to the host<TAB>rounds".
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../lib/args.h"
#include "iommu.h"
#include "mem.h"
#include "mock.h"

#define THREADS 2
#define MAX_ROUNDS 1000
/* The ranges of two threads share no page table of the lowest two levels. */
#define SLICE 0x80000000ULL

/* An address space with a page table. */
struct space {
	struct mock mock;
	uint32_t ioas;
};

/**
 * struct row - what threads use
 * @name: for the line
 * @space: of each thread, an index of spaces[]; -1 for none
 */
static const struct row {
	const char *name;
	int space[THREADS];
} rows[] = {
	{ "the host: system calls alone", { -1, -1 } },
	{ "one IOAS", { 0, 0 } },
	{ "two IOASes", { 0, 1 } },
	{ "two contexts", { 0, 2 } },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static struct space spaces[3];
static char *mem;
static size_t size = MEM_PAGE;
static atomic_bool go, stop;
static atomic_uint ready;

struct worker {
	pthread_t thread;
	unsigned int n;
	const struct space *space;
	unsigned long calls;
	int err;
};

static int die(const char *what, int err)
{
	fprintf(stderr, "bench-threads: %s: %s\n", what, strerror(-err));
	return err;
}

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	char *own = mem + w->n * MEM_HUGE;
	uint64_t iova = SLICE * (1 + w->n);
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(w->n, &cpu);
	w->err = sched_setaffinity(0, sizeof(cpu), &cpu) ? -errno : 0;
	atomic_fetch_add(&ready, 1);
	while (!go)
		sched_yield();
	while (!stop && !w->err) {
		if (w->space)
			w->err = ioas__map_at(w->space->mock.fd, w->space->ioas, own, size, iova) ?:
					 ioas__unmap_at(w->space->mock.fd, w->space->ioas, iova,
							size);
		else
			syscall(SYS_getppid);
		w->calls++;
	}
	return NULL;
}

/* Calls a second of the first @n threads of a row; negative on error. */
static double run(const struct row *row, unsigned int n, unsigned int ms)
{
	struct worker workers[THREADS] = {};
	unsigned long calls = 0;
	long long start;
	unsigned int i;
	int err = 0;

	ready = 0;
	stop = false;
	for (i = 0; i < n; i++) {
		workers[i].n = i;
		workers[i].space = row->space[i] < 0 ? NULL : &spaces[row->space[i]];
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			exit(1);
	}
	while (ready < n)
		sched_yield();
	start = now();
	go = true;
	usleep(ms * 1000);
	stop = true;
	start = now() - start;
	for (i = 0; i < n; i++) {
		pthread_join(workers[i].thread, NULL);
		calls += workers[i].calls;
		err = err ?: workers[i].err;
	}
	go = false;
	if (err)
		return die(row->name, err);
	return calls * 1e9 / start;
}

static int cmp(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v, unsigned int n)
{
	qsort(v, n, sizeof(*v), cmp);
	return v[n / 2];
}

/* One more IOAS of a file, with a page table of its own that has no lock. */
static int add_space(struct space *space, const struct mock *mock)
{
	static const struct iommu_hwpt_selftest type = { .pagetable_type = MOCK_IOMMUPT_UNLOCKED };
	uint32_t hwpt;
	int ret;

	space->mock = *mock;
	ret = ioas__alloc(mock->fd, &space->ioas);
	return ret   ?:
		       mock__hwpt(mock, space->ioas, 0, 0, IOMMU_HWPT_DATA_SELFTEST, &type,
				  sizeof(type), &hwpt);
}

static int prepare(void)
{
	struct mock first, second;
	int ret;

	mem = mem__small(THREADS * MEM_HUGE);
	if (!mem)
		return die("memory", -ENOMEM);
	ret = mock__open(&first, 0) ?: mock__open(&second, 0);
	ret = ret ?: add_space(&spaces[0], &first) ?: add_space(&spaces[1], &first);
	ret = ret ?: add_space(&spaces[2], &second);
	return ret ? die("an IOAS with a page table of the mock", ret) : 0;
}

/* The figures of a row in the rounds that count. */
struct result {
	double one[MAX_ROUNDS], ratio[MAX_ROUNDS], relative[MAX_ROUNDS];
	unsigned int n;
};

static struct result results[ROWS];

/* The ratio of a row, or 0 on error; alternately begin with one thread and with two. */
static double ratio_of(const struct row *row, unsigned int ms, unsigned int round, double *one)
{
	double two = round % 2 ? run(row, 2, ms) : 0;

	*one = run(row, 1, ms);
	if (!(round % 2))
		two = run(row, 2, ms);
	return *one > 0 && two > 0 ? two / *one : 0;
}

static bool measure(unsigned int rounds, unsigned int ms, double least)
{
	unsigned int round, i;
	double one, before, after;

	for (round = 0; round < rounds; round++) {
		before = ratio_of(&rows[0], ms, round, &one);
		for (i = 0; i < ROWS; i++, before = after) {
			struct result *r = &results[i];
			double ratio = i ? ratio_of(&rows[i], ms, round, &one) : before;

			after = i ? ratio_of(&rows[0], ms, round, &r->one[r->n]) : before;
			if (!ratio || !after)
				return false;
			if (before < least || after < least)
				continue;
			r->one[r->n] = one;
			r->ratio[r->n] = ratio;
			r->relative[r->n++] = 2 * ratio / (before + after);
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	unsigned int rounds = 21, ms = 100, percent = 0, i;

	for (i = 1; i + 1 < (unsigned int)argc; i += 2) {
		uint64_t n;

		if (args__number(argv[i + 1], MEM_HUGE, &n) || !n)
			break;
		if (!strcmp(argv[i], "--rounds"))
			rounds = n < MAX_ROUNDS ? n : MAX_ROUNDS;
		else if (!strcmp(argv[i], "--ms"))
			ms = n;
		else if (!strcmp(argv[i], "--size"))
			size = n;
		else if (!strcmp(argv[i], "--host"))
			percent = n;
		else
			break;
	}
	if (i < (unsigned int)argc) {
		fprintf(stderr, "usage: bench-threads [--rounds N] [--ms MS] [--size BYTES] "
				"[--host PERCENT]\n");
		return 2;
	}
	if (prepare() || !measure(rounds, ms, percent / 100.0))
		return 1;
	for (i = 0; i < ROWS; i++) {
		struct result *r = &results[i];

		if (r->n)
			printf("%s\t%.0f\t%.2f\t%.2f\t%u\n", rows[i].name, median(r->one, r->n),
			       median(r->ratio, r->n), median(r->relative, r->n), r->n);
		else
			printf("%s\t-\t-\t-\t0\n", rows[i].name);
	}
	return 0;
}
