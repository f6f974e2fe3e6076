// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies and IOMMU_IOAS_CHANGE_PROCESS, by which a process takes over memory of files that
 * another one has pinned.
 *
 * Finds these faults: a limit by process, user or cgroup does not hold for memory that is taken
 * over; memory counts twice in a total that includes it already, so that a change between two
 * processes of one user is refused; a refused change has moved something; a change and a map at the
 * same time exceed a limit together.
 *
 * vm: --mock --smp 2
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/policy/fixture.h"
#include "../lib/policy/hooks.h"
#include "../lib/policy/look.h"

#define P MEM_PAGE
#define HOOK_ID IOMMUFD_HOOK_IOAS_CHANGE_PROCESS
#define OTHER 1000 /* a user */
#define FILE_PAGES 12
#define ROUNDS 300
#define MORE_ROUNDS 100000 /* until the parent has seen the child's pages */

static struct policy pol;
static struct mock m;
static struct look look;
static char *mem;
static int file;

static int change_process(void)
{
	struct iommu_ioas_change_process cmd = { .size = sizeof(cmd) };

	return iommu__ioctl(m.fd, IOMMU_IOAS_CHANGE_PROCESS, &cmd);
}

static pid_t last_child;

/* Run a function in a child. Returns its result: 0 or -errno. */
static int in_child(int (*function)(void))
{
	int status = 0;

	last_child = fork();
	if (!last_child)
		_exit(-function());
	waitpid(last_child, &status, 0);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

static int change_as_other(void)
{
	return setresuid(OTHER, OTHER, OTHER) ? -errno : change_process();
}

static int change_with_three(void)
{
	struct mock own;
	int ret = mock__open(&own, 0);

	if (!ret)
		ret = fixture__map(&own, own.ioas, mem, 0, 3);
	return ret ? ret : change_process();
}

static void pages_are(pid_t child, unsigned int mine, unsigned int its, const char *name)
{
	tap__is(look__process(&look, getpid()) / P, mine, "%s: pages of the parent", name);
	tap__is(look__process(&look, child) / P, its, "%s: pages of the child", name);
}

/* Open a device, and map the file. */
static bool start(const char *name)
{
	uint64_t iova = AT(0);

	return mock__start(&m, name, 0) &&
	       tap__err(hooks__map_file(&m, m.ioas, file, 0, FILE_PAGES * P, IOAS_RW | IOAS_FIXED,
					&iova),
			0, "%s: map %u pages of a memfd", name, FILE_PAGES);
}

static bool start_hooks(const char *name)
{
	return start(name) &&
	       tap__err(hooks__load(&pol, HOOK(IOAS_CHANGE_PROCESS), ""), 0, "%s: load", name);
}

/* ---- the request ---- */

static void request_is(uid_t uid, const unsigned int pinned[4], const unsigned int after[4],
		       unsigned int need, const char *name)
{
	struct iommufd_policy_request want = hooks__request(m.fd, HOOK_ID);

	want.tgid = last_child;
	want.uid = uid;
	want.kind = IOMMUFD_MEMORY_FILE;
	want.need = need * P;
	want.ctx_pinned = pinned[0] * P;
	want.process_pinned = pinned[1] * P;
	want.uid_pinned = pinned[2] * P;
	want.cgroup_pinned = pinned[3] * P;
	want.ctx_after = after[0] * P;
	want.process_after = after[1] * P;
	want.uid_after = after[2] * P;
	want.cgroup_after = after[3] * P;
	hooks__is(&pol, &want, name);
}

static void requests(void)
{
	static const char name[] = "request";

	if (!start_hooks(name))
		return;
	hooks__say(&pol, HOOK_ID, -EDOM);
	tap__err(in_child(change_with_three), -EDOM, "%s: a child is refused", name);
	request_is(0, (unsigned int[]){ 12, 3, 15, 15 }, (unsigned int[]){ 12, 15, 15, 15 }, 12,
		   "request of the same user");
	pages_are(last_child, 12, 0, "refused");
	hooks__say(&pol, HOOK_ID, -EDOM);
	tap__err(in_child(change_as_other), -EDOM, "%s: a child of another user is refused", name);
	request_is(OTHER, (unsigned int[]){ 12, 0, 0, 12 }, (unsigned int[]){ 12, 12, 12, 12 }, 12,
		   "request of another user");
	hooks__say(&pol, HOOK_ID, 0);
	tap__err(in_child(change_process), 0, "%s: a child is allowed", name);
	tap__is(hooks__asked(&pol, HOOK_ID), 1, "%s: the policy was asked once", name);
	pages_are(last_child, 0, 12, "allowed");
	tap__err(change_process(), 0, "%s: take them back", name);
	pages_are(last_child, 12, 0, "taken back");
	last_child = getpid();
	hooks__say(&pol, HOOK_ID, 0);
	tap__err(change_process(), 0, "%s: take over what one has", name);
	request_is(0, (unsigned int[]){ 12, 12, 12, 12 }, (unsigned int[]){ 12, 12, 12, 12 }, 0,
		   "request for what one has");
	hooks__counts("hooks", HOOK_ID, 3, 2, 0, 0, "request: the counts");
	fixture__end(&m, &pol, name);
}

/* ---- the limits of quota ---- */

/* @reason: of the refusal, NULL if the change is allowed */
static void limit(int (*function)(void), const char *settings, const char *reason, const char *name)
{
	if (!start(name) || !policy__start(&pol, "quota", settings))
		return;
	tap__err(in_child(function), reason ? -ENOMEM : 0, "%s: %s", name, settings);
	pages_are(last_child, reason ? 12 : 0, reason ? 0 : 12, name);
	if (reason)
		policy__refused("quota", HOOK_ID, -ENOMEM, reason);
	fixture__end(&m, &pol, name);
}

static void limits(void)
{
	limit(change_process, "process_limit=45056", "process: 48 of 44 KiB", "11 pages a process");
	limit(change_process, "process_limit=49152", NULL, "12 pages a process");
	limit(change_as_other, "uid_limit=45056", "uid 1000: 48 of 44 KiB", "11 pages a user");
	limit(change_process, "uid_limit=53248", NULL, "13 pages a user, the same user");
	limit(change_process, "cgroup_limit=53248", NULL, "13 pages a cgroup, the same cgroup");
}

/* ---- at the same time ---- */

static atomic_bool stop;
static atomic_bool *seen; /* shared: the parent has seen the pages that the child maps */

struct counters {
	unsigned int moved, refused, wrong;
};

static void *take_over(void *arg)
{
	struct counters *c = arg;
	int ret;

	while (!stop) {
		ret = change_process();
		c->moved += !ret;
		c->refused += ret == -ENOMEM;
		/* The other process may be changing it as well. */
		c->wrong += ret && ret != -ENOMEM && ret != -EBUSY;
	}
	return NULL;
}

/* Map and unmap eight pages, while another thread takes the file over. Runs in the child. */
static int map_and_take(void)
{
	struct counters c = {};
	pthread_t thread;
	struct mock own;
	unsigned int mapped = 0;
	int ret = mock__open(&own, 0);

	if (ret || pthread_create(&thread, NULL, take_over, &c))
		return -EIO;
	for (unsigned int i = 0; i < ROUNDS || (!*seen && i < MORE_ROUNDS); i++) {
		ret = fixture__map(&own, own.ioas, mem, 0, 8);
		if (!ret)
			ret = ioas__unmap_at(own.fd, own.ioas, AT(0), 8 * P);
		else
			ret = ret == -ENOMEM || ret == -EBUSY ? 0 : ret;
		if (ret)
			return -EPROTO;
		mapped++;
	}
	stop = true;
	pthread_join(thread, NULL);
	return c.wrong || !mapped ? -EPROTO : 0;
}

/* Until the child has ended, take the file back, and find the highest total of each process. */
static void compete(pid_t child, uint64_t most[2], int *status)
{
	uint64_t now;
	int ret;

	while (waitpid(child, status, WNOHANG) != child) {
		ret = change_process();
		if (ret && ret != -EBUSY && ret != -ENOMEM)
			*status = -1;
		now = look__process(&look, getpid());
		most[0] = now > most[0] ? now : most[0];
		now = look__process(&look, child);
		most[1] = now > most[1] ? now : most[1];
		if (now >= 8 * P)
			*seen = true;
	}
}

static void at_once(void)
{
	static const char name[] = "at once";
	uint64_t most[2] = {};
	int status = 0;
	pid_t child;

	if (!start(name) || !policy__start(&pol, "quota", "process_limit=65536"))
		return;
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED) {
		tap__ok(false, "%s: shared memory", name);
		return;
	}
	child = fork();
	if (!child)
		_exit(-map_and_take());
	compete(child, most, &status);
	tap__ok(WIFEXITED(status), "%s: the child ends", name);
	tap__err(-WEXITSTATUS(status), 0, "%s: its calls succeed or are refused", name);
	tap__diag("at most %u and %u pages", (unsigned int)(most[0] / P),
		  (unsigned int)(most[1] / P));
	tap__is(most[0] / P, FILE_PAGES, "%s: the parent has at most the file", name);
	tap__ok(most[1] / P >= 8 && most[1] / P <= 16, "%s: the child stays below its limit", name);
	munmap(seen, sizeof(*seen));
	fixture__end(&m, &pol, name);
}

int main(void)
{
	tap__start();
	file = memfd_create("change", MFD_CLOEXEC);
	mem = mem__small(8 * P);
	if (look__open(&look) || ftruncate(file, FILE_PAGES * P))
		return tap__bail("cannot set up");
	requests();
	limits();
	at_once();
	look__close(&look);
	mem__free(mem, 8 * P);
	return tap__done();
}
