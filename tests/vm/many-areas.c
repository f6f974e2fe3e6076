// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls on an address space with very many areas, on a file with very many address spaces, or on
 * very many files let other tasks run, and end when they are killed.
 *
 * An IOAS is copied onto itself, so that each copy doubles its areas. A thread of real-time
 * priority on the same CPU measures meanwhile how late it runs: the kernel, which only preempts
 * itself where it says so, runs it at the next chance. The guest's time counts instructions, one
 * ns each, so verdicts do not depend on how fast and how busy the host is.
 *
 * Finds these faults: a loop over areas or objects keeps the CPU from the first to the last; a call
 * that is killed goes on to its end; each pin of a page walks all areas that have the page; RCU
 * frees in one softirq what has waited for it.
 *
 * vm: --mock --icount --append preempt=voluntary
 * also none: --mock --icount --append preempt=none
 * takes: 20
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd_new.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/say.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define AREAS (1ul << doubles)
#define BASE MOCK_BASE
/*
 * A thread that sleeps for 1 ms may wake up so late. A kernel with lockdep and KASAN takes many
 * times as many instructions, but a loop over all areas would take seconds there.
 */
#define SLEEP_NS 1000000
#define LATE_NS 1000000
#define LATE_FILES_NS 5000000 /* 2.1 ms was seen once, and 10 to 300 us else */
#define LATE_DEBUG_NS 50000000

static unsigned int doubles = 16; /* 2^16 areas; another number is the first argument */

static atomic_bool stop;
static _Atomic uint64_t latest;

static bool has_lockdep(void)
{
	return !access("/proc/lockdep_stats", F_OK);
}

static void *watch(void *arg)
{
	const struct sched_param prio = { .sched_priority = 1 };
	const struct timespec ms = { .tv_nsec = SLEEP_NS };
	uint64_t before, late;

	(void)arg;
	pthread_setschedparam(pthread_self(), SCHED_FIFO, &prio);
	while (!atomic_load(&stop)) {
		before = say__now();
		nanosleep(&ms, NULL);
		late = say__now() - before - SLEEP_NS;
		if (late > atomic_load(&latest))
			atomic_store(&latest, late);
	}
	return NULL;
}

/* Give an IOAS so many areas by copies of all that it has. Returns 0 or -errno. */
static int grow(int fd, uint32_t ioas, void *mem)
{
	uint64_t iova = BASE;
	int ret = ioas__map(fd, ioas, mem, P, IOAS_RW | IOAS_FIXED, &iova);

	for (unsigned int i = 0; i < doubles && !ret; i++) {
		iova = BASE + (P << i);
		ret = ioas__copy(fd, ioas, ioas, BASE, P << i, IOAS_RW | IOAS_FIXED, &iova);
	}
	return ret;
}

/* Whether the areas fit below the end of the mock's addresses. */
static bool fits(void)
{
	return doubles <= 18;
}

#define PINS 4096 /* areas whose page a hardware queue pins */
/* Address spaces of the file that has many. Lockdep counts up to 2047 of their locks. */
#define SPACES (has_lockdep() ? 2000u : 10000u)

#define FILES 10000u

/* Those of address spaces first: the kernel frees areas later, when others may have to wait. */
enum op { CLOSE_FILES, CHANGE, CLOSE_SPACES, PIN, COPY, UNMAP, ATTACH, DETACH, CLOSE, OPS };

static const char *const names[] = {
	[CLOSE_FILES] = "close of files",
	[CHANGE] = "change of the process of address spaces",
	[CLOSE_SPACES] = "close of address spaces",
	[PIN] = "pin and unpin of pages for a driver",
	[COPY] = "copy of areas",
	[UNMAP] = "unmap of areas",
	[ATTACH] = "attach of areas",
	[DETACH] = "detach of areas",
	[CLOSE] = "close of areas",
};

static struct mock m;
static uint32_t other, viommu;
static int spaces; /* a file with many */
static int first_file;
static uint64_t times[OPS];

/* Open so many files, each of which is a context. */
static bool open_files(void)
{
	const struct rlimit limit = { .rlim_cur = FILES + 100, .rlim_max = FILES + 100 };
	int ret = setrlimit(RLIMIT_NOFILE, &limit) ? -errno : 0;

	for (unsigned int i = 0; i < FILES && ret >= 0; i++) {
		ret = open("/dev/iommu", O_RDWR | O_CLOEXEC);
		if (ret < 0)
			ret = -errno;
		else if (i == 0)
			first_file = ret;
	}
	return tap__err(ret < 0 ? ret : 0, 0, "%u files", FILES);
}

static bool open_spaces(void)
{
	uint32_t ioas;
	int ret = 0;

	spaces = iommu__open();
	for (unsigned int i = 0; i < SPACES && !ret; i++)
		ret = ioas__alloc(spaces, &ioas);
	return tap__err(ret, 0, "a file with %u address spaces", SPACES);
}

static int do_op(enum op op)
{
	struct iommu_ioas_change_process change = { .size = sizeof(change) };
	uint64_t iova = BASE;

	uint32_t queue;

	switch (op) {
	case CLOSE_FILES:
		return close_range(first_file, first_file + FILES - 1, 0) ? -errno : 0;
	case PIN:
		/* The same page again and again is not contiguous. */
		return mock__hw_queue(&m, viommu, 0, BASE, PINS * P, &queue) == -EFAULT ? 0 : -EIO;
	case COPY:
		return ioas__copy(m.fd, other, m.ioas, BASE, AREAS * P, IOAS_RW | IOAS_FIXED,
				  &iova);
	case UNMAP:
		return ioas__unmap_at(m.fd, other, BASE, AREAS * P);
	case ATTACH:
		return mock__replace(&m, m.ioas);
	case DETACH:
		return mock__replace(&m, other);
	case CHANGE:
		return iommu__ioctl(spaces, IOMMU_IOAS_CHANGE_PROCESS, &change);
	default:
		return close(op == CLOSE ? m.fd : spaces) ? -errno : 0;
	}
}

static void test_resched(enum op first, enum op last)
{
	uint64_t start, took, mark;
	pthread_t watcher;
	enum op op;
	int ret;

	for (op = first; op <= last; op++) {
		mark = op == CLOSE_FILES ? LATE_FILES_NS : LATE_NS;
		if (has_lockdep())
			mark = LATE_DEBUG_NS;
		if (!fits() && (op == PIN || op == ATTACH || op == DETACH))
			continue;
		atomic_store(&stop, false);
		atomic_store(&latest, 0);
		pthread_create(&watcher, NULL, watch, NULL);
		usleep(20000);
		start = say__now();
		ret = do_op(op);
		times[op] = took = say__now() - start;
		/* What the kernel frees after a grace period. */
		usleep(50000);
		atomic_store(&stop, true);
		pthread_join(watcher, NULL);
		tap__err(ret, 0, "%s", names[op]);
		tap__diag("%s: %llu us in all, at most %llu us at once", names[op],
			  (unsigned long long)took / 1000,
			  (unsigned long long)atomic_load(&latest) / 1000);
		tap__ok(atomic_load(&latest) < mark, "%s: other tasks run meanwhile", names[op]);
	}
}

/* A driver's pin of all areas, each of which has the same page, ends early when it is killed. */
static void test_kill_pin(void)
{
	uint64_t start, whole, took;
	uint32_t queue;
	int status;
	pid_t pid;

	start = say__now();
	tap__err(mock__hw_queue(&m, viommu, 0, BASE, AREAS * P, &queue), -EFAULT,
		 "pin and unpin all areas");
	whole = say__now() - start;
	pid = fork();
	if (!pid) {
		mock__hw_queue(&m, viommu, 0, BASE, AREAS * P, &queue);
		_exit(0);
	}
	usleep(whole / 1000 / 20);
	start = say__now();
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	took = say__now() - start;
	tap__ok(WIFSIGNALED(status), "another one is killed");
	tap__diag("ended after %llu us, a whole one takes %llu us", (unsigned long long)took / 1000,
		  (unsigned long long)whole / 1000);
	tap__ok(took < whole / 2, "it ends early");
}

/* A killed copy ends long before the time that a whole copy takes, and leaves nothing. */
static void test_kill(void)
{
	uint64_t start, whole;
	void *mem = mem__small(P);
	int fd = iommu__open(), status;
	uint32_t ioas, to;
	uint64_t iova = BASE;
	pid_t pid;

	ioas__alloc(fd, &ioas);
	ioas__alloc(fd, &to);
	tap__err(grow(fd, ioas, mem), 0, "an IOAS with %lu areas", AREAS);
	start = say__now();
	tap__err(ioas__copy(fd, to, ioas, BASE, AREAS * P, IOAS_RW | IOAS_FIXED, &iova), 0,
		 "copy all of it");
	whole = say__now() - start;
	tap__err(ioas__unmap_all(fd, to), 0, "unmap the copy");
	pid = fork();
	if (!pid) {
		ioas__copy(fd, to, ioas, BASE, AREAS * P, IOAS_RW | IOAS_FIXED, &iova);
		_exit(0);
	}
	usleep(whole / 1000 / 10);
	start = say__now();
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	tap__ok(WIFSIGNALED(status), "a copy is killed");
	tap__diag("ended after %llu us, a whole copy takes %llu us",
		  (unsigned long long)(say__now() - start) / 1000,
		  (unsigned long long)whole / 1000);
	tap__ok(say__now() - start < whole / 2, "it ends early");
	tap__err(ioas__map(fd, to, mem, P, IOAS_RW | IOAS_FIXED, &iova), 0,
		 "and has left nothing mapped");
	close(fd);
	mem__free(mem, P);
}

int main(int argc, char **argv)
{
	uint32_t parent;
	cpu_set_t one;
	void *mem;

	if (argc > 1)
		doubles = strtoul(argv[1], NULL, 0);
	tap__start();
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	if (open_files())
		test_resched(CLOSE_FILES, CLOSE_FILES);
	if (open_spaces())
		test_resched(CHANGE, CLOSE_SPACES);
	test_kill();
	if (!mock__start(&m, "many areas", 0))
		return tap__done();
	mem = mem__small(P);
	tap__err(ioas__alloc(m.fd, &other), 0, "another IOAS");
	tap__err(mock__replace(&m, other), 0, "the device is attached to it");
	if (!fits())
		tap__err(ioas__alloc(m.fd, &other), 0, "and one for addresses beyond the device's");
	tap__err(grow(m.fd, m.ioas, mem), 0, "an IOAS with %lu areas", AREAS);
	if (fits()) {
		tap__err(mock__hwpt(&m, m.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0,
				    &parent),
			 0, "a page table for a virtual IOMMU");
		tap__err(mock__viommu(&m, parent, NULL, &viommu), 0, "a virtual IOMMU");
		test_kill_pin();
	}
	test_resched(PIN, CLOSE);
	tap__ok(times[PIN] < times[COPY], "pins do not look at all areas with the page");
	tap__is(mem__pinned(0), 0, "nothing stays pinned");
	return tap__done();
}
