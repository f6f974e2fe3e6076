// SPDX-License-Identifier: GPL-2.0-only
/*
 * While one thread is in the IOMMU core, to fill a page table or to flush the IOTLB, other threads
 * map and unmap in the same address space. A flush of real hardware takes as long as many calls.
 *
 * Finds this fault: a lock that other maps and unmaps need is held across iommu_map(),
 * iommu_unmap() or a flush.
 *
 * vm: --mock --smp 2
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"

#define P MEM_PAGE
#define HUGE_PAGES (MEM_HUGE / P)
#define PAGES (3 * HUGE_PAGES)

/* The same as in tests/bpf/hold-iommu.bpf.c. */
#define HOLD 1
#define HELD 2

struct hold {
	__u32 tid;
	__u32 state;
};

/* A thread that is held up in a call. */
struct held {
	pthread_t thread;
	bool unmap;
	unsigned int pages;
	atomic_int tid;
	atomic_bool go;
	int ret;
};

static struct mock m;
static char *mem;
static int holds;

static int set_hold(__u32 tid, __u32 state)
{
	const struct hold hold = { .tid = tid, .state = state };
	__u32 zero = 0;

	return bpf_map_update_elem(holds, &zero, &hold, BPF_ANY);
}

static bool is_held(void)
{
	struct hold hold = {};
	__u32 zero = 0;

	return !bpf_map_lookup_elem(holds, &zero, &hold) && hold.state == HELD;
}

static int map(unsigned int page, unsigned int pages)
{
	return ioas__map_at(m.fd, m.ioas, mem + page * P, pages * P, MOCK_BASE + page * P);
}

static int unmap(unsigned int page, unsigned int pages)
{
	return ioas__unmap_at(m.fd, m.ioas, MOCK_BASE + page * P, pages * P);
}

static void *call(void *arg)
{
	struct held *held = arg;

	held->tid = gettid();
	while (!held->go)
		usleep(100);
	held->ret = held->unmap ? unmap(0, held->pages) : map(0, held->pages);
	return NULL;
}

static void hold_up(bool do_unmap, unsigned int pages, const char *name)
{
	struct held held = { .unmap = do_unmap, .pages = pages };
	unsigned int i;
	int err = 0;

	if (do_unmap)
		tap__err(map(0, pages), 0, "%s: map", name);
	pthread_create(&held.thread, NULL, call, &held);
	while (!held.tid)
		usleep(100);
	set_hold(held.tid, HOLD);
	held.go = true;
	tap__ok(tap__until(is_held()), "%s: a thread is in the IOMMU core", name);
	for (i = 0; i < 7 && !err; i++)
		err = map(HUGE_PAGES + i, 1) ?: unmap(HUGE_PAGES + i, 1);
	tap__err(err, 0, "%s: map and unmap %u pages meanwhile", name, i);
	err = map(2 * HUGE_PAGES, HUGE_PAGES) ?: unmap(2 * HUGE_PAGES, HUGE_PAGES);
	tap__err(err, 0, "%s: and 2 MiB", name);
	tap__ok(is_held(), "%s: the thread was held up all the time", name);
	set_hold(0, 0);
	pthread_join(held.thread, NULL);
	tap__err(held.ret, 0, "%s: its call succeeds", name);
	if (!do_unmap)
		tap__err(unmap(0, pages), 0, "%s: unmap", name);
}

int main(void)
{
	struct bpf_object *obj = bpf_object__open_file("build/tests/hold-iommu.bpf.o", NULL);
	struct bpf_program *program;

	tap__start();
	mem = mem__huge(PAGES * P);
	if (!mem || !obj || bpf_object__load(obj))
		return tap__bail("no memory, or no BPF");
	bpf_object__for_each_program(program, obj)
		if (!bpf_program__attach(program))
			return tap__bail("cannot attach to a tracepoint");
	holds = bpf_object__find_map_fd_by_name(obj, "holds");
	if (!mock__start(&m, "start", 0))
		return tap__done();
	hold_up(false, 1, "map of a page");
	hold_up(false, HUGE_PAGES, "map of 2 MiB");
	hold_up(true, 1, "unmap of a page");
	hold_up(true, HUGE_PAGES, "unmap of 2 MiB");
	close(m.fd);
	bpf_object__close(obj);
	tap__is(mem__pinned(0), 0, "nothing is pinned at the end");
	return tap__done();
}
