// SPDX-License-Identifier: GPL-2.0-only
/*
 * Totals of pinned memory, as policies get them in a request and as BPF programs read them.
 *
 * Finds these faults: two calls at the same time both get the room for one; a call pins more
 * than its request said; memory is charged to another file, process, user or cgroup than the one
 * that mapped it; a policy that does not want totals gets some that look small, or one that asks
 * for them late is not taken into account; memory that is pinned without asking during a decision
 * is overlooked; the total of a process does not move with IOMMU_IOAS_CHANGE_PROCESS, is doubled
 * by a fork, or is not 0 at the end; a process that has ended keeps its task because memory is
 * charged to it.
 *
 * vm: --mock --smp 2
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/policy/fixture.h"
#include "../lib/policy/hooks.h"
#include "../lib/policy/look.h"

#define P MEM_PAGE
#define PAGES 128
#define THREADS 3
#define LIMIT 13 /* pages */
#define ROUNDS 1500
#define OTHER 1000 /* a user */
#define DEAD 200 /* processes */
#define CROWD 100000 /* the first of many users */
#define OWNERS 1024 /* users that a process may map for at a time */

static struct policy pol;
static struct mock m;
static struct look look;
static char *mem;

static int map_in(const struct mock *where, uint32_t ioas, unsigned int page, unsigned int pages)
{
	return fixture__map(where, ioas, mem, page, pages);
}

static uint64_t fdinfo(int fd, const char *key)
{
	uint64_t val = UINT64_MAX;

	iommu__fdinfo(fd, key, &val);
	return val;
}

static uint32_t ctx_of(int fd)
{
	return fdinfo(fd, "iommufd-context");
}

/* Set a limit at all hooks whose calls pin memory. */
static bool limit(unsigned int pages, const char *settings, const char *name)
{
	const unsigned int mask = HOOK(IOAS_MAP) | HOOK(DEVICE_ATTACH) | HOOK(HWPT_ALLOC) |
				  HOOK(PASID_ATTACH);
	int ret = hooks__load(&pol, mask, settings);

	for (int i = 0; i < IOMMUFD_HOOKS && !ret; i++)
		ret = hooks__limit(&pol, i, pages * P);
	return tap__err(ret, 0, "%s: a limit of %u pages", name, pages);
}

/* ---- calls at the same time ---- */

struct worker {
	pthread_t thread;
	unsigned int nr, mapped, refused, wrong;
};

/* Each thread maps and unmaps areas of various sizes at its own addresses. */
static void *work(void *arg)
{
	struct worker *w = arg;
	unsigned int first = w->nr * 16, pages;
	int ret;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		pages = 1 + (i * 7 + w->nr * 3) % 11;
		ret = map_in(&m, m.ioas, first, pages);
		w->mapped += !ret;
		w->refused += ret == -ENOMEM;
		w->wrong += ret && ret != -ENOMEM;
		if (!ret)
			w->wrong += !!ioas__unmap_at(m.fd, m.ioas, AT(first), pages * P);
	}
	return NULL;
}

static atomic_bool watching, ready;

/* Find the highest total of pinned memory. */
static void *watch(void *arg)
{
	struct look own;
	uint64_t most = 0, now;

	(void)arg;
	if (look__open(&own))
		return (void *)-1;
	ready = true;
	while (watching) {
		now = look__uid(&own, getuid());
		if (now > most)
			most = now;
	}
	look__close(&own);
	return (void *)(uintptr_t)(most / P);
}

static void at_once(const char *settings, const char *name)
{
	struct worker w[THREADS] = {}, sum = {};
	pthread_t watcher;
	void *most;

	if (!mock__start(&m, name, 0) || !limit(LIMIT, settings, name))
		return;
	ready = false;
	watching = true;
	pthread_create(&watcher, NULL, watch, NULL);
	while (!ready)
		usleep(1000);
	for (unsigned int i = 0; i < THREADS; i++) {
		w[i].nr = i;
		pthread_create(&w[i].thread, NULL, work, &w[i]);
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		sum.mapped += w[i].mapped;
		sum.refused += w[i].refused;
		sum.wrong += w[i].wrong;
	}
	watching = false;
	pthread_join(watcher, &most);
	tap__is(sum.wrong, 0, "%s: calls succeed or are refused", name);
	tap__ok(sum.mapped && sum.refused, "%s: some succeed (%u), some are refused (%u)", name,
		sum.mapped, sum.refused);
	tap__ok((intptr_t)most > 0 && (intptr_t)most <= LIMIT,
		"%s: the total never exceeds the limit (%ld pages)", name, (long)most);
	hooks__counts_concurrent("hooks", IOMMUFD_HOOK_IOAS_MAP, sum.mapped, sum.refused, name);
	tap__err(map_in(&m, m.ioas, 0, LIMIT), 0, "%s: the whole limit is free again", name);
	fixture__end(&m, &pol, name);
}

/* ---- more pages than in the request ---- */

static void *attach_slowly(void *arg)
{
	struct mock dev;

	return (void *)(intptr_t)mock__add(&dev, &m, *(uint32_t *)arg, 0);
}

/* Map pages between the request and the attach, which then has to pin them, too. */
static void meanwhile(void)
{
	static const char name[] = "meanwhile";
	pthread_t thread;
	uint32_t bare;
	void *ret;

	if (!mock__start(&m, name, 0) || !limit(LIMIT, "", name))
		return;
	tap__err(ioas__alloc(m.fd, &bare), 0, "%s: alloc an IOAS without a device", name);
	hooks__hold(&pol, IOMMUFD_HOOK_DEVICE_ATTACH);
	pthread_create(&thread, NULL, attach_slowly, &bare);
	hooks__wait_held(&pol, IOMMUFD_HOOK_DEVICE_ATTACH);
	tap__err(map_in(&m, bare, 0, 3 * LIMIT), 0, "%s: map there, which pins nothing", name);
	hooks__release(&pol, IOMMUFD_HOOK_DEVICE_ATTACH);
	pthread_join(thread, &ret);
	tap__err((intptr_t)ret, -ENOMEM, "%s: the attach would pin it, so it is refused", name);
	tap__ok(mem__pinned(LIMIT) <= LIMIT, "%s: no more than the limit is pinned", name);
	policy__unload(&pol);
	close(m.fd);
}

static void *map_one(void *arg)
{
	return (void *)(intptr_t)map_in(&m, *(uint32_t *)arg, 0, 1);
}

/* Nobody asks about an attach here, so it pins without a reservation while a map is decided on. */
static void unasked(void)
{
	static const char name[] = "unasked";
	struct hooks_slot slot = {};
	pthread_t thread;
	struct mock dev;
	uint32_t bare;
	void *ret;

	if (!mock__start(&m, name, 0) ||
	    !tap__err(hooks__load(&pol, HOOK(IOAS_MAP), ""), 0, "%s: load a policy", name))
		return;
	tap__err(ioas__alloc(m.fd, &bare) ?: map_in(&m, bare, 40, 5), 0,
		 "%s: map five pages where no device is", name);
	hooks__limit(&pol, IOMMUFD_HOOK_IOAS_MAP, 5 * P);
	hooks__hold(&pol, IOMMUFD_HOOK_IOAS_MAP);
	pthread_create(&thread, NULL, map_one, &m.ioas);
	hooks__wait_held(&pol, IOMMUFD_HOOK_IOAS_MAP);
	tap__err(mock__add(&dev, &m, bare, 0), 0, "%s: attach a device, which pins them", name);
	hooks__release(&pol, IOMMUFD_HOOK_IOAS_MAP);
	pthread_join(thread, &ret);
	tap__err((intptr_t)ret, -ENOMEM, "%s: a page more would exceed the limit", name);
	hooks__get(&pol, IOMMUFD_HOOK_IOAS_MAP, &slot);
	tap__ok(slot.asked > 1, "%s: the policy was asked again", name);
	policy__unload(&pol);
	close(m.fd);
}

/* ---- totals that are not needed ---- */

static bool has_no_totals(const struct iommufd_policy_request *req)
{
	const __u64 none = IOMMUFD_TOTAL_NONE;

	return req->ctx_pinned == none && req->process_pinned == none && req->uid_pinned == none &&
	       req->cgroup_pinned == none && req->ctx_after == none && req->process_after == none &&
	       req->uid_after == none && req->cgroup_after == none;
}

static bool has_totals(const struct iommufd_policy_request *req, unsigned int before)
{
	return req->ctx_pinned == before * P && req->process_pinned == before * P &&
	       req->uid_pinned == before * P && req->cgroup_pinned == before * P &&
	       req->ctx_after == before * P + req->need &&
	       req->process_after == before * P + req->need &&
	       req->uid_after == before * P + req->need &&
	       req->cgroup_after == before * P + req->need;
}

static void unneeded(void)
{
	static const char name[] = "unneeded";
	struct policy first, last;
	struct hooks_slot slot = {};

	if (!mock__start(&m, name, 0) ||
	    !tap__err(hooks__load(&first, HOOK(IOAS_MAP), "@flags=2 @name=first @priority=9"), 0,
		      "%s: load a policy that needs no totals", name))
		return;
	tap__err(map_in(&m, m.ioas, 0, 3), 0, "%s: map three pages", name);
	hooks__get(&first, IOMMUFD_HOOK_IOAS_MAP, &slot);
	tap__is(slot.last.need, 3 * P, "%s: it gets what the call needs", name);
	tap__ok(has_no_totals(&slot.last), "%s: but no totals", name);
	hooks__limit(&first, IOMMUFD_HOOK_IOAS_MAP, 1ull << 60);
	tap__err(map_in(&m, m.ioas, 3, 1), -ENOMEM, "%s: which exceed each limit", name);
	hooks__say(&first, IOMMUFD_HOOK_IOAS_MAP, 0);
	tap__err(hooks__load(&pol, HOOK(IOAS_MAP), "@flags=2 totals=1"), 0,
		 "%s: load another one, which asks for them", name);
	tap__err(hooks__load(&last, HOOK(IOAS_MAP), "@flags=2 @name=last @priority=-9"), 0,
		 "%s: and a third one like the first", name);
	tap__err(map_in(&m, m.ioas, 4, 2), 0, "%s: map two pages", name);
	hooks__get(&first, IOMMUFD_HOOK_IOAS_MAP, &slot);
	tap__ok(has_no_totals(&slot.last), "%s: the first one gets no totals", name);
	hooks__get(&pol, IOMMUFD_HOOK_IOAS_MAP, &slot);
	tap__ok(has_totals(&slot.last, 3), "%s: the second one does", name);
	hooks__get(&last, IOMMUFD_HOOK_IOAS_MAP, &slot);
	tap__ok(has_totals(&slot.last, 3), "%s: and so does the third, as they are known", name);
	policy__unload(&last);
	policy__unload(&pol);
	policy__unload(&first);
	close(m.fd);
}

/* Areas of half a page, each in another page. The mock's pages have half the size. */
static void halves(void)
{
	static const char name[] = "halves";
	struct hooks_slot slot = {};
	uint64_t iova;
	struct mock dev;
	uint32_t bare;
	int ret;

	if (!mock__start(&m, name, 0) || !limit(0, "", name))
		return;
	ret = ioas__alloc(m.fd, &bare);
	for (unsigned int i = 0; i < 8 && !ret; i++) {
		iova = MOCK_BASE + i * P / 2;
		ret = ioas__map(m.fd, bare, mem + i * P + i % 2 * P / 2, P / 2,
				IOAS_RW | IOAS_FIXED, &iova);
	}
	tap__err(ret, 0, "%s: map halves of 8 pages, without pinning them", name);
	hooks__say(&pol, IOMMUFD_HOOK_IOAS_MAP, 0);
	iova = AT(40);
	tap__err(ioas__copy(m.fd, m.ioas, bare, MOCK_BASE, 4 * P, IOAS_RW | IOAS_FIXED, &iova), 0,
		 "%s: copy them", name);
	hooks__get(&pol, IOMMUFD_HOOK_IOAS_MAP, &slot);
	tap__is(fdinfo(m.fd, "iommufd-pinned"), 8 * P, "%s: 8 pages are pinned", name);
	tap__ok(slot.last.need >= 8 * P, "%s: the request had them all (%llu)", name,
		(unsigned long long)(slot.last.need / P));
	tap__err(ioas__unmap_all(m.fd, m.ioas), 0, "%s: unmap", name);
	hooks__say(&pol, IOMMUFD_HOOK_DEVICE_ATTACH, 0);
	tap__err(mock__add(&dev, &m, bare, 0), 0, "%s: attach a device", name);
	hooks__get(&pol, IOMMUFD_HOOK_DEVICE_ATTACH, &slot);
	tap__is(fdinfo(m.fd, "iommufd-pinned"), 8 * P, "%s: 8 pages are pinned", name);
	tap__ok(slot.last.need >= 8 * P, "%s: the request had them all (%llu)", name,
		(unsigned long long)(slot.last.need / P));
	policy__unload(&pol);
	close(m.fd);
}

/* ---- owners ---- */

/* Compare the totals in pages: of a process, of this process, of two users, and of all. */
static void pages_are(uint32_t tgid, int process, int own, int root, int other, const char *name)
{
	uint64_t got[] = {
		look__process(&look, tgid) / P, look__process(&look, getpid()) / P,
		look__uid(&look, 0) / P,	look__uid(&look, OTHER) / P,
		look__cgroup(&look, 1) / P,
	};

	tap__ok(got[0] == (uint64_t)process && got[1] == (uint64_t)own &&
			got[2] == (uint64_t)root && got[3] == (uint64_t)other &&
			got[4] == (uint64_t)root + other,
		"%s: process %" PRIu64 ", self %" PRIu64 ", root %" PRIu64 ", other user %" PRIu64
		", all %" PRIu64,
		name, got[0], got[1], got[2], got[3], got[4]);
}

static bool file_has(int fd, int pages, const char *name)
{
	uint64_t by_function = look__ctx(&look, ctx_of(fd));

	return tap__ok(by_function == pages * P && fdinfo(fd, "iommufd-pinned") == by_function,
		       "%s: the file has %" PRIu64 " pages", name, by_function / P);
}

/* A child that does something with the parent's file, and exits when the parent closes go. */
struct child {
	pid_t pid;
	int go, said;
};

static void child_start(struct child *c, int (*act)(void))
{
	int go[2], said[2], ret = -EIO;

	*c = (struct child){};
	if (pipe2(go, O_CLOEXEC) || pipe2(said, O_CLOEXEC))
		return;
	c->pid = fork();
	if (!c->pid) {
		close(go[1]);
		ret = act();
		if (write(said[1], &ret, sizeof(ret)) == sizeof(ret) && !read(go[0], &ret, 1))
			_exit(0);
		_exit(1);
	}
	close(go[0]);
	close(said[1]);
	if (read(said[0], &ret, sizeof(ret)) != sizeof(ret))
		ret = -EPIPE;
	c->go = go[1];
	c->said = ret;
	close(said[0]);
}

static void child_end(struct child *c)
{
	close(c->go);
	waitpid(c->pid, NULL, 0);
}

static int nothing(void)
{
	return 0;
}

static int map_three(void)
{
	return map_in(&m, m.ioas, 20, 3);
}

static int map_as_other(void)
{
	return setresuid(OTHER, OTHER, OTHER) ? -errno : map_in(&m, m.ioas, 24, 2);
}

static int change_process(void)
{
	struct iommu_ioas_change_process cmd = { .size = sizeof(cmd) };

	return iommu__ioctl(m.fd, IOMMU_IOAS_CHANGE_PROCESS, &cmd);
}

static void owners(void)
{
	static const char name[] = "owners";
	struct child child, other;

	if (!mock__start(&m, name, 0))
		return;
	tap__err(map_in(&m, m.ioas, 0, 5), 0, "%s: map five pages", name);
	pages_are(1, 0, 5, 5, 0, name);
	file_has(m.fd, 5, name);
	child_start(&child, nothing);
	pages_are(child.pid, 0, 5, 5, 0, "owners, after a fork");
	child_end(&child);
	child_start(&child, map_three);
	tap__err(child.said, 0, "%s: a child maps three with the same file", name);
	pages_are(child.pid, 3, 5, 8, 0, name);
	child_start(&other, map_as_other);
	tap__err(other.said, 0, "%s: a child of another user maps two", name);
	pages_are(other.pid, 2, 5, 8, 2, name);
	file_has(m.fd, 10, name);
	child_end(&other);
	child_end(&child);
	pages_are(child.pid, 3, 5, 8, 2, "owners, after the children's exit");
	tap__err(ioas__unmap_at(m.fd, m.ioas, AT(20), 3 * P), 0, "%s: unmap the three", name);
	pages_are(child.pid, 0, 5, 5, 2, name);
	tap__err(ioas__unmap_at(m.fd, m.ioas, AT(24), 2 * P), 0, "%s: unmap the two", name);
	pages_are(other.pid, 0, 5, 5, 0, name);
	file_has(m.fd, 5, name);
	close(m.fd);
	pages_are(child.pid, 0, 0, 0, 0, "owners, closed");
}

/* The number of task_structs that the kernel has allocated, or -1. */
static long tasks(void)
{
	FILE *slabs = fopen("/proc/slabinfo", "r");
	char line[512];
	long n = -1;

	if (!slabs)
		return -1;
	while (n < 0 && fgets(line, sizeof(line), slabs))
		if (sscanf(line, "task_struct %ld", &n) != 1)
			n = -1;
	fclose(slabs);
	return n;
}

static int next_page;

static int map_next(void)
{
	return ioas__map_at(m.fd, m.ioas, mem, P, AT(PAGES + next_page));
}

/* Memory stays charged to a process that has ended, which must not keep more than its account. */
static void dead(void)
{
	static const char name[] = "dead";
	struct child child;
	long before;
	int err = 0;

	if (!mock__start(&m, name, 0))
		return;
	before = tasks();
	if (!tap__ok(before > 0, "%s: count the tasks", name))
		return;
	for (next_page = 0; next_page < DEAD; next_page++) {
		child_start(&child, map_next);
		err = err ?: child.said;
		child_end(&child);
	}
	tap__err(err, 0, "%s: %u processes map a page each, and end", name, DEAD);
	pages_are(child.pid, 1, 0, DEAD, 0, name);
	tap__ok(tap__until(tasks() < before + DEAD / 2), "%s: their tasks are freed", name);
	close(m.fd);
	pages_are(child.pid, 0, 0, 0, 0, "dead, closed");
}

/* Two address spaces that share pages by a copy, and two that map the same memory separately. */
static void shared(void)
{
	static const char name[] = "shared";
	uint64_t iova = AT(16);
	uint32_t ioas;
	struct mock dev;

	if (!mock__start(&m, name, 0))
		return;
	tap__err(map_in(&m, m.ioas, 0, 4), 0, "%s: map four pages", name);
	tap__err(ioas__alloc(m.fd, &ioas), 0, "%s: alloc another IOAS", name);
	tap__err(mock__add(&dev, &m, ioas, 0), 0, "%s: attach a device to it", name);
	tap__err(ioas__copy(m.fd, ioas, m.ioas, AT(0), 4 * P, IOAS_RW | IOAS_FIXED, &iova), 0,
		 "%s: copy them", name);
	pages_are(1, 0, 4, 4, 0, name);
	file_has(m.fd, 4, name);
	tap__err(map_in(&m, ioas, 0, 4), 0, "%s: map the pages again there", name);
	pages_are(1, 0, 8, 8, 0, name);
	tap__err(ioas__unmap_all(m.fd, m.ioas), 0, "%s: unmap all of the first IOAS", name);
	pages_are(1, 0, 8, 8, 0, name);
	tap__err(iommu__destroy(m.fd, dev.obj), 0, "%s: unbind the device", name);
	pages_are(1, 0, 0, 0, 0, name);
	tap__err(mock__add(&dev, &m, ioas, 0), 0, "%s: attach a device again", name);
	pages_are(1, 0, 8, 8, 0, name);
	close(m.fd);
	pages_are(1, 0, 0, 0, 0, "shared, closed");
}

static void moved(void)
{
	static const char name[] = "moved";
	int file = memfd_create("totals", MFD_CLOEXEC);
	uint64_t iova = AT(0);
	struct child child;
	int n;

	if (!mock__start(&m, name, 0) || !tap__ok(!ftruncate(file, 8 * P), "%s: a memfd", name))
		return;
	tap__err(hooks__map_file(&m, m.ioas, file, P, 6 * P, IOAS_RW | IOAS_FIXED, &iova), 0,
		 "%s: map six pages of it", name);
	pages_are(1, 0, 6, 6, 0, name);
	n = look__areas(&look, ctx_of(m.fd), m.ioas, 0);
	tap__ok(n == 1 && look.areas[0].tgid == (__u32)getpid(),
		"%s: the area belongs to this process", name);
	child_start(&child, change_process);
	tap__err(child.said, 0, "%s: a child takes them over", name);
	pages_are(child.pid, 6, 0, 6, 0, name);
	file_has(m.fd, 6, name);
	n = look__areas(&look, ctx_of(m.fd), m.ioas, 0);
	tap__ok(n == 1 && look.areas[0].tgid == (__u32)child.pid,
		"%s: the area belongs to the child", name);
	child_end(&child);
	pages_are(child.pid, 6, 0, 6, 0, "moved, after the child's exit");
	tap__err(change_process(), 0, "%s: take them back", name);
	pages_are(child.pid, 0, 6, 6, 0, name);
	close(file);
	close(m.fd);
	pages_are(child.pid, 0, 0, 0, 0, "moved, closed");
}

/* ---- cgroups ---- */

static int map_inside(void)
{
	return fixture__join_cgroup("totals/in") ? map_in(&m, m.ioas, 20, 7) : -EIO;
}

static void cgroups(void)
{
	static const char name[] = "cgroups";
	uint64_t upper, lower;
	struct child child;

	if (mkdir(CGROUP "/totals", 0755) || mkdir(CGROUP "/totals/in", 0755)) {
		tap__skip("cgroup2 is not mounted", "%s", name);
		return;
	}
	upper = fixture__cgroup_id("totals");
	lower = fixture__cgroup_id("totals/in");
	if (!mock__start(&m, name, 0))
		return;
	tap__ok(fixture__join_cgroup("totals"), "%s: join a cgroup", name);
	tap__err(map_in(&m, m.ioas, 0, 4), 0, "%s: map four pages", name);
	child_start(&child, map_inside);
	tap__err(child.said, 0, "%s: a child in a cgroup below maps seven", name);
	tap__is(look__cgroup(&look, lower), 7 * P, "%s: the lower cgroup has seven", name);
	tap__is(look__cgroup(&look, upper), 11 * P, "%s: the upper cgroup has eleven", name);
	tap__is(look__cgroup(&look, 1), 11 * P, "%s: the root cgroup has eleven", name);
	tap__ok(fixture__join_cgroup(""), "%s: leave the cgroup", name);
	tap__is(look__cgroup(&look, upper), 11 * P, "%s: the pinned pages stay charged to it",
		name);
	tap__err(map_in(&m, m.ioas, 10, 2), 0, "%s: map two more", name);
	tap__is(look__cgroup(&look, upper), 11 * P, "%s: the two are not charged to it", name);
	tap__is(look__cgroup(&look, 1), 13 * P, "%s: but to the root cgroup", name);
	child_end(&child);
	tap__ok(!rmdir(CGROUP "/totals/in"), "%s: remove the lower cgroup", name);
	tap__is(look__cgroup(&look, lower), 7 * P, "%s: its pages are still counted", name);
	tap__is(look__cgroup(&look, upper), 11 * P, "%s: also in the upper cgroup", name);
	close(m.fd);
	tap__is(look__cgroup(&look, lower), 0, "%s: the lower cgroup has nothing after the close",
		name);
	tap__is(look__cgroup(&look, upper), 0, "%s: nor has the upper cgroup", name);
	tap__ok(!rmdir(CGROUP "/totals"), "%s: remove the upper cgroup", name);
	tap__is(look__cgroup(&look, 0), 0, "%s: there is no cgroup 0", name);
	tap__is(look__process(&look, 0), 0, "%s: no process 0", name);
	tap__is(look__ctx(&look, 0), 0, "%s: no context 0", name);
	tap__is(look__ctx(&look, UINT32_MAX), 0, "%s: no context 4294967295", name);
	tap__is(look__uid(&look, UINT32_MAX), 0, "%s: no user 4294967295", name);
}

/* Map a page of its own in the name of a user. Root stays the effective one. */
static int map_as(unsigned int n, unsigned int page)
{
	int ret = setresuid(CROWD + n, -1, -1) ? -errno : 0;

	if (!ret)
		ret = ioas__map_at(m.fd, m.ioas, mem, P, AT(page));
	return setresuid(0, -1, -1) ? -errno : ret;
}

/* A process maps in the name of many users, so that sums have many owners to add up. */
static void crowd(void)
{
	static const char name[] = "crowd";
	unsigned int n = 0;

	if (!mock__start(&m, name, 0))
		return;
	while (n < OWNERS && !map_as(n, n))
		n++;
	tap__is(n, OWNERS, "%s: a process maps a page for each of many users", name);
	tap__err(map_as(n, n), -ENOMEM, "%s: but not for one more", name);
	tap__is(look__process(&look, getpid()) / P, OWNERS, "%s: pages of the process", name);
	tap__is(look__uid(&look, CROWD + 7) / P, 1, "%s: of one of the users", name);
	tap__is(look__uid(&look, CROWD + OWNERS) / P, 0, "%s: of another one", name);
	tap__is(look__cgroup(&look, 1) / P, OWNERS, "%s: of all", name);
	tap__err(map_as(7, n), 0, "%s: one of them maps another page", name);
	tap__is(look__uid(&look, CROWD + 7) / P, 2, "%s: it has two", name);
	tap__err(ioas__unmap_at(m.fd, m.ioas, AT(0), P), 0, "%s: the first one unmaps", name);
	tap__err(map_as(n, 0), 0, "%s: now there is room for one more", name);
	close(m.fd);
	tap__is(look__process(&look, getpid()), 0, "%s: nothing is left", name);
}

int main(void)
{
	tap__start();
	mem = mem__small(PAGES * P);
	if (!mem || look__open(&look))
		return tap__bail("no memory, or no BPF");
	owners();
	dead();
	shared();
	moved();
	cgroups();
	at_once("", "at once");
	at_once("@flags=2 totals=1", "at once, totals on demand");
	meanwhile();
	unasked();
	unneeded();
	halves();
	crowd();
	tap__is(mem__pinned(0), 0, "nothing is pinned at the end");
	return tap__done();
}
