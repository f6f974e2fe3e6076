// SPDX-License-Identifier: GPL-2.0-only
/*
 * Totals of pinned memory: as policies see them in a request, and as BPF programs ask for them.
 *
 * Faults these are for: two calls at once both get the room that is there for one; a call pins more
 * than the policy was told; memory counts for another file, process, user or cgroup than the one
 * that mapped it; the total of a process does not follow its files to the next one, is doubled by a
 * fork, or is not 0 in the end.
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
#include "policy/hooks.h"
#include "policy/look.h"

#define P MEM_PAGE
#define PAGES 128
#define AT(n) (MOCK_BASE + (n) * P)
#define CGROUP "/sys/fs/cgroup"
#define THREADS 3
#define LIMIT 13 /* pages */
#define ROUNDS 1500
#define OTHER 1000 /* a user */

static struct policy pol;
static struct mock m;
static struct look look;
static char *mem;

static int map_in(const struct mock *where, uint32_t ioas, unsigned int page, unsigned int pages)
{
	return ioas__map_at(where->fd, ioas, mem + page * P, pages * P, AT(page));
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

/* On all that pins. */
static bool limit(unsigned int pages, const char *settings, const char *name)
{
	const unsigned int mask = HOOK(IOAS_MAP) | HOOK(DEVICE_ATTACH) | HOOK(HWPT_ALLOC) |
				  HOOK(PASID_ATTACH);
	int ret = hooks__load(&pol, mask, settings);

	for (int i = 0; i < IOMMUFD_HOOKS && !ret; i++)
		ret = hooks__limit(&pol, i, pages * P);
	return tap__err(ret, 0, "%s: a limit of %u pages", name, pages);
}

/* ---- at once ---- */

struct worker {
	pthread_t thread;
	unsigned int nr, mapped, refused, wrong;
};

/* Each has its own addresses, and maps as much as it can at each turn. */
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

/* The most that was ever seen pinned. */
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

static void at_once(void)
{
	static const char name[] = "at once";
	struct worker w[THREADS] = {}, sum = {};
	pthread_t watcher;
	void *most;

	if (!mock__start(&m, name, 0) || !limit(LIMIT, "", name))
		return;
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
	tap__is(sum.wrong, 0, "%s: calls do or are refused", name);
	tap__ok(sum.mapped && sum.refused, "%s: some do, some are (%u, %u)", name, sum.mapped,
		sum.refused);
	tap__ok((intptr_t)most > 0 && (intptr_t)most <= LIMIT,
		"%s: never more than the limit was pinned (%ld pages)", name, (long)most);
	hooks__counts_concurrent("hooks", IOMMUFD_HOOK_IOAS_MAP, sum.mapped, sum.refused, name);
	tap__err(map_in(&m, m.ioas, 0, LIMIT), 0, "%s: all of it is free again", name);
	policy__unload(&pol);
	close(m.fd);
	tap__is(mem__pinned(0), 0, "%s: nothing is pinned after", name);
}

/* ---- more than was told ---- */

static void *attach_slowly(void *arg)
{
	struct mock dev;

	return (void *)(intptr_t)mock__add(&dev, &m, *(uint32_t *)arg, 0);
}

/* Between the question and the attach something is mapped, which then is pinned by the attach. */
static void meanwhile(void)
{
	static const char name[] = "meanwhile";
	pthread_t thread;
	uint32_t bare;
	void *ret;

	if (!mock__start(&m, name, 0) || !limit(LIMIT, "attach_spin_ms=1500", name))
		return;
	tap__err(ioas__alloc(m.fd, &bare), 0, "%s: an address space without a device", name);
	pthread_create(&thread, NULL, attach_slowly, &bare);
	while (hooks__asked(&pol, IOMMUFD_HOOK_DEVICE_ATTACH) == 0)
		usleep(1000);
	tap__err(map_in(&m, bare, 0, 3 * LIMIT), 0, "%s: a map there pins nothing", name);
	pthread_join(thread, &ret);
	tap__err((intptr_t)ret, -ENOMEM, "%s: the attach would pin it, and is refused", name);
	tap__ok(mem__pinned(LIMIT) <= LIMIT, "%s: no more than the limit is pinned", name);
	policy__unload(&pol);
	close(m.fd);
}

/* Pieces of half a page, each of another page: the mock's pages are so small. */
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
	tap__err(ret, 0, "%s: of 8 pages, where nothing is pinned", name);
	hooks__say(&pol, IOMMUFD_HOOK_IOAS_MAP, 0);
	iova = AT(40);
	tap__err(ioas__copy(m.fd, m.ioas, bare, MOCK_BASE, 4 * P, IOAS_RW | IOAS_FIXED, &iova), 0,
		 "%s: a copy", name);
	hooks__get(&pol, IOMMUFD_HOOK_IOAS_MAP, &slot);
	tap__is(fdinfo(m.fd, "iommufd-pinned"), 8 * P, "%s: pins 8 pages", name);
	tap__ok(slot.last.need >= 8 * P, "%s: of which the policy was told (%llu)", name,
		(unsigned long long)(slot.last.need / P));
	tap__err(ioas__unmap_all(m.fd, m.ioas), 0, "%s: unmap", name);
	hooks__say(&pol, IOMMUFD_HOOK_DEVICE_ATTACH, 0);
	tap__err(mock__add(&dev, &m, bare, 0), 0, "%s: an attach", name);
	hooks__get(&pol, IOMMUFD_HOOK_DEVICE_ATTACH, &slot);
	tap__is(fdinfo(m.fd, "iommufd-pinned"), 8 * P, "%s: pins them, too", name);
	tap__ok(slot.last.need >= 8 * P, "%s: of which the policy was told (%llu)", name,
		(unsigned long long)(slot.last.need / P));
	policy__unload(&pol);
	close(m.fd);
}

/* ---- whose ---- */

/* Pages that the functions give: of a process, of us, of a user, of the cgroup of us all. */
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
		"%s: a process has %" PRIu64 ", we %" PRIu64 ", root %" PRIu64
		", another user %" PRIu64 ", all %" PRIu64,
		name, got[0], got[1], got[2], got[3], got[4]);
}

static bool file_has(int fd, int pages, const char *name)
{
	uint64_t by_function = look__ctx(&look, ctx_of(fd));

	return tap__ok(by_function == pages * P && fdinfo(fd, "iommufd-pinned") == by_function,
		       "%s: the file has %" PRIu64 " pages", name, by_function / P);
}

/* A child that does something with our file, and then waits until it is told to end. */
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
	tap__err(map_in(&m, m.ioas, 0, 5), 0, "%s: we map five pages", name);
	pages_are(1, 0, 5, 5, 0, name);
	file_has(m.fd, 5, name);
	child_start(&child, nothing);
	pages_are(child.pid, 0, 5, 5, 0, "owners, after a fork");
	child_end(&child);
	child_start(&child, map_three);
	tap__err(child.said, 0, "%s: a child maps three with our file", name);
	pages_are(child.pid, 3, 5, 8, 0, name);
	child_start(&other, map_as_other);
	tap__err(other.said, 0, "%s: one of another user maps two", name);
	pages_are(other.pid, 2, 5, 8, 2, name);
	file_has(m.fd, 10, name);
	child_end(&other);
	child_end(&child);
	pages_are(child.pid, 3, 5, 8, 2, "owners, after their end");
	tap__err(ioas__unmap_at(m.fd, m.ioas, AT(20), 3 * P), 0, "%s: we unmap the three", name);
	pages_are(child.pid, 0, 5, 5, 2, name);
	tap__err(ioas__unmap_at(m.fd, m.ioas, AT(24), 2 * P), 0, "%s: and the two", name);
	pages_are(other.pid, 0, 5, 5, 0, name);
	file_has(m.fd, 5, name);
	close(m.fd);
	pages_are(child.pid, 0, 0, 0, 0, "owners, closed");
}

/* Two address spaces that share memory, and two that have the same memory by chance. */
static void shared(void)
{
	static const char name[] = "shared";
	uint64_t iova = AT(16);
	uint32_t ioas;
	struct mock dev;

	if (!mock__start(&m, name, 0))
		return;
	tap__err(map_in(&m, m.ioas, 0, 4), 0, "%s: four pages", name);
	tap__err(ioas__alloc(m.fd, &ioas), 0, "%s: another address space", name);
	tap__err(mock__add(&dev, &m, ioas, 0), 0, "%s: with a device", name);
	tap__err(ioas__copy(m.fd, ioas, m.ioas, AT(0), 4 * P, IOAS_RW | IOAS_FIXED, &iova), 0,
		 "%s: a copy", name);
	pages_are(1, 0, 4, 4, 0, name);
	file_has(m.fd, 4, name);
	tap__err(map_in(&m, ioas, 0, 4), 0, "%s: mapped once more", name);
	pages_are(1, 0, 8, 8, 0, name);
	tap__err(ioas__unmap_all(m.fd, m.ioas), 0, "%s: unmap the first", name);
	pages_are(1, 0, 8, 8, 0, name);
	tap__err(iommu__destroy(m.fd, dev.obj), 0, "%s: without a device", name);
	pages_are(1, 0, 0, 0, 0, name);
	tap__err(mock__add(&dev, &m, ioas, 0), 0, "%s: with one again", name);
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
		 "%s: six pages of it", name);
	pages_are(1, 0, 6, 6, 0, name);
	n = look__areas(&look, ctx_of(m.fd), m.ioas, 0);
	tap__ok(n == 1 && look.areas[0].tgid == (__u32)getpid(), "%s: the area is ours", name);
	child_start(&child, change_process);
	tap__err(child.said, 0, "%s: a child takes them over", name);
	pages_are(child.pid, 6, 0, 6, 0, name);
	file_has(m.fd, 6, name);
	n = look__areas(&look, ctx_of(m.fd), m.ioas, 0);
	tap__ok(n == 1 && look.areas[0].tgid == (__u32)child.pid, "%s: the area is its", name);
	child_end(&child);
	pages_are(child.pid, 6, 0, 6, 0, "moved, after its end");
	tap__err(change_process(), 0, "%s: we take them back", name);
	pages_are(child.pid, 0, 6, 6, 0, name);
	close(file);
	close(m.fd);
	pages_are(child.pid, 0, 0, 0, 0, "moved, closed");
}

/* ---- cgroups ---- */

static bool join(const char *cgroup)
{
	char path[128];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), CGROUP "/%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, "0", 1) == 1;
	close(fd);
	return ok;
}

static uint64_t cgroup_id(const char *cgroup)
{
	struct stat st = {};
	char path[128];

	snprintf(path, sizeof(path), CGROUP "/%s", cgroup);
	return stat(path, &st) ? 0 : st.st_ino;
}

static int map_inside(void)
{
	return join("totals/in") ? map_in(&m, m.ioas, 20, 7) : -EIO;
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
	upper = cgroup_id("totals");
	lower = cgroup_id("totals/in");
	if (!mock__start(&m, name, 0))
		return;
	tap__ok(join("totals"), "%s: we join one", name);
	tap__err(map_in(&m, m.ioas, 0, 4), 0, "%s: and map four pages", name);
	child_start(&child, map_inside);
	tap__err(child.said, 0, "%s: a child below it maps seven", name);
	tap__is(look__cgroup(&look, lower), 7 * P, "%s: seven in the lower", name);
	tap__is(look__cgroup(&look, upper), 11 * P, "%s: eleven in the upper", name);
	tap__is(look__cgroup(&look, 1), 11 * P, "%s: and in the one of all", name);
	tap__ok(join(""), "%s: we leave", name);
	tap__is(look__cgroup(&look, upper), 11 * P, "%s: what is pinned stays there", name);
	tap__err(map_in(&m, m.ioas, 10, 2), 0, "%s: map two more", name);
	tap__is(look__cgroup(&look, upper), 11 * P, "%s: they do not count there", name);
	tap__is(look__cgroup(&look, 1), 13 * P, "%s: but for all", name);
	child_end(&child);
	tap__ok(!rmdir(CGROUP "/totals/in"), "%s: the lower one goes", name);
	tap__is(look__cgroup(&look, lower), 7 * P, "%s: what it has is counted yet", name);
	tap__is(look__cgroup(&look, upper), 11 * P, "%s: for the upper one as well", name);
	close(m.fd);
	tap__is(look__cgroup(&look, lower), 0, "%s: nothing after the close", name);
	tap__is(look__cgroup(&look, upper), 0, "%s: nowhere", name);
	tap__ok(!rmdir(CGROUP "/totals"), "%s: the upper one goes", name);
	tap__is(look__cgroup(&look, 0), 0, "%s: number 0 is none", name);
	tap__is(look__process(&look, 0), 0, "%s: nor is it a process", name);
	tap__is(look__ctx(&look, 0), 0, "%s: nor a file", name);
	tap__is(look__ctx(&look, UINT32_MAX), 0, "%s: nor is the last number", name);
	tap__is(look__uid(&look, UINT32_MAX), 0, "%s: nor a user", name);
}

int main(void)
{
	tap__start(280);
	mem = mem__small(PAGES * P);
	if (!mem || look__open(&look))
		return tap__bail("no memory, or no BPF");
	owners();
	shared();
	moved();
	cgroups();
	at_once();
	meanwhile();
	halves();
	tap__is(mem__pinned(0), 0, "nothing is pinned at the end");
	return tap__done();
}
