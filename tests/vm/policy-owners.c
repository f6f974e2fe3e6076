// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits of a policy for memory that one process has mapped, and that a call of another process, or
 * of the same one in another cgroup, pins.
 *
 * Finds these faults: only the caller is checked, although the pages count for the owner of the
 * memory, so that an attach or a copy exceeds the owner's limit; the caller is refused for pages of
 * others; a policy that applies to the owner's cgroup is not asked; a limit of a cgroup above the
 * owner's does not hold, or holds for the caller's; while memory moves to another process it counts
 * twice, so that a third one is refused far below the limit.
 *
 * vm: --mock --smp 2
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
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
#define PAGES 12
#define SPACES 4
#define FILES 500
#define OTHER 1000 /* a user */

static struct policy pol;
static struct look look;
static struct mock m;
static uint32_t spaces[SPACES];
static int file;

/* Map PAGES pages of the file into each of several IOASes, none of which has a page table. */
static int map_all(void)
{
	uint64_t iova;
	int ret = 0;

	for (int i = 0; i < SPACES && !ret; i++) {
		iova = AT(0);
		ret = hooks__map_file(&m, spaces[i], file, i * PAGES * P, PAGES * P,
				      IOAS_RW | IOAS_FIXED, &iova);
	}
	return ret;
}

static bool start(const char *name)
{
	int ret = 0;

	if (!mock__start(&m, name, 0))
		return false;
	for (int i = 0; i < SPACES && !ret; i++)
		ret = ioas__alloc(m.fd, &spaces[i]);
	return tap__err(ret, 0, "%s: address spaces without a page table", name);
}

/* Attach a device to each address space; only the first one fits into the limit. */
static void attach_all(const char *name)
{
	struct mock dev;
	int ret = 0;

	tap__err(mock__add(&dev, &m, spaces[0], 0), 0, "%s: attach to the first", name);
	for (int i = 1; i < SPACES && (!ret || ret == -ENOMEM); i++) {
		ret = mock__add(&dev, &m, spaces[i], 0);
		if (!ret)
			break;
	}
	tap__err(ret, -ENOMEM, "%s: all others are refused", name);
}

/* Run a function in a child, and return its pid; its result must be 0. */
static pid_t in_child(int (*function)(void), const char *name)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		_exit(-function());
	waitpid(pid, &status, 0);
	tap__err(WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR, 0, "%s: in a child", name);
	return pid;
}

static int change_process(void)
{
	struct iommu_ioas_change_process cmd = { .size = sizeof(cmd) };

	return iommu__ioctl(m.fd, IOMMU_IOAS_CHANGE_PROCESS, &cmd);
}

static int map_all_as_other(void)
{
	return setresuid(OTHER, OTHER, OTHER) ? -errno : map_all();
}

/* ---- a process ---- */

static void by_process(void)
{
	static const char name[] = "a child maps";
	pid_t child;

	if (!start(name) || !policy__start(&pol, "quota", "process_limit=49152"))
		return;
	child = in_child(map_all, name);
	attach_all(name);
	tap__is(look__process(&look, child) / P, PAGES, "%s: it has its limit", name);
	tap__is(look__process(&look, getpid()) / P, 0, "%s: this process has nothing", name);
	policy__refused("quota", IOMMUFD_HOOK_DEVICE_ATTACH, -ENOMEM, "process: 96 of 48 KiB");
	fixture__end(&m, &pol, name);
}

static void taken_over(void)
{
	static const char name[] = "a child takes over unpinned memory";
	pid_t child;

	if (!start(name) || !tap__err(map_all(), 0, "%s: map", name) ||
	    !policy__start(&pol, "quota", "process_limit=49152"))
		return;
	child = in_child(change_process, name);
	attach_all(name);
	tap__is(look__process(&look, child) / P, PAGES, "%s: it has its limit", name);
	fixture__end(&m, &pol, name);
}

static void by_user(void)
{
	static const char name[] = "another user maps";

	if (!start(name) || !policy__start(&pol, "quota", "uid_limit=49152"))
		return;
	in_child(map_all_as_other, name);
	attach_all(name);
	tap__is(look__uid(&look, OTHER) / P, PAGES, "%s: the user has its limit", name);
	tap__is(look__uid(&look, getuid()) / P, 0, "%s: this user has nothing", name);
	fixture__end(&m, &pol, name);
}

/* ---- a cgroup that the process has left ---- */

static void by_cgroup(void)
{
	static const char name[] = "a cgroup maps";

	if (!start(name) || !tap__ok(fixture__join_cgroup("owners-1"), "%s: join it", name) ||
	    !tap__err(map_all(), 0, "%s: map", name) ||
	    !tap__ok(fixture__join_cgroup("owners-2"), "%s: leave it", name) ||
	    !policy__start(&pol, "quota", "cgroup_limit=49152"))
		return;
	attach_all(name);
	tap__is(look__cgroup(&look, fixture__cgroup_id("owners-1")) / P, PAGES,
		"%s: it has its limit", name);
	tap__is(look__cgroup(&look, fixture__cgroup_id("owners-2")) / P, 0,
		"%s: the cgroup of the attach has nothing", name);
	fixture__end(&m, &pol, name);
	fixture__join_cgroup("");
}

/* Limits of cgroups above that of the owner hold, and those above that of the caller do not. */
static void by_cgroup_above(void)
{
	static const char name[] = "a cgroup above";
	uint64_t id = fixture__cgroup_id("owners-1"), limit = PAGES * P;
	struct mock dev;

	if (!start(name) || !tap__ok(fixture__join_cgroup("owners-1/in"), "%s: join", name) ||
	    !tap__err(map_all(), 0, "%s: map", name) ||
	    !tap__ok(fixture__join_cgroup("owners-2/in"), "%s: leave", name) ||
	    !policy__start(&pol, "quota", ""))
		return;
	tap__err(policy__set(&pol, "cgroups", &id, &limit), 0, "%s: limit that of the owner", name);
	attach_all(name);
	tap__is(look__cgroup(&look, id) / P, PAGES, "%s: it has its limit", name);
	policy__set(&pol, "cgroups", &id, NULL);
	id = fixture__cgroup_id("owners-2");
	limit = P;
	tap__err(policy__set(&pol, "cgroups", &id, &limit), 0, "%s: limit that of the attach",
		 name);
	tap__err(mock__add(&dev, &m, spaces[1], 0), 0, "%s: the attach is allowed", name);
	fixture__end(&m, &pol, name);
	fixture__join_cgroup("");
}

/* A policy of a cgroup is asked about memory of that cgroup, whichever process makes the call. */
static void by_scope(void)
{
	static const char name[] = "a policy of the cgroup";
	struct hooks_slot slot = {};
	char settings[64];
	struct mock dev;

	snprintf(settings, sizeof(settings), "@cgroup=%llu",
		 (unsigned long long)fixture__cgroup_id("owners-1"));
	if (!start(name) || !tap__ok(fixture__join_cgroup("owners-1"), "%s: join it", name) ||
	    !tap__err(map_all(), 0, "%s: map", name) ||
	    !tap__ok(fixture__join_cgroup(""), "%s: leave it", name) ||
	    !tap__err(hooks__load(&pol, HOOK(DEVICE_ATTACH), settings), 0, "%s: load", name))
		return;
	hooks__say(&pol, IOMMUFD_HOOK_DEVICE_ATTACH, -EDOM);
	tap__err(mock__add(&dev, &m, spaces[0], 0), -EDOM, "%s: refuses an attach", name);
	hooks__get(&pol, IOMMUFD_HOOK_DEVICE_ATTACH, &slot);
	tap__is(slot.asked, 1, "%s: was asked once", name);
	tap__is(slot.last.cgroup, fixture__cgroup_id("owners-1"), "%s: about the owner", name);
	tap__is(slot.last.need / P, PAGES, "%s: and its pages", name);
	tap__hex(slot.last.flags, IOMMUFD_REQUEST_OWNER | IOMMUFD_REQUEST_DRIVER, "%s: flags",
		 name);
	fixture__end(&m, &pol, name);
}

/* ---- copies ---- */

static int copy_to(uint32_t to)
{
	uint64_t iova = AT(0);

	return ioas__copy(m.fd, to, spaces[0], AT(0), PAGES * P, IOAS_RW | IOAS_FIXED, &iova);
}

static void by_copy(void)
{
	static const char name[] = "a copy of what a child maps";
	struct mock dev;
	pid_t child;

	if (!start(name) || !policy__start(&pol, "quota", "process_limit=45056"))
		return;
	child = in_child(map_all, name);
	tap__err(ioas__unmap_all(m.fd, spaces[1]), 0, "%s: an empty address space", name);
	tap__err(mock__add(&dev, &m, spaces[1], 0), 0, "%s: with a device", name);
	tap__err(copy_to(spaces[1]), -ENOMEM, "%s: is refused, one page above the limit", name);
	tap__is(look__process(&look, child), 0, "%s: nothing is pinned", name);
	policy__unload(&pol);
	if (!policy__start(&pol, "quota", "process_limit=49152"))
		return;
	tap__err(copy_to(spaces[1]), 0, "%s: is allowed at the limit", name);
	tap__is(look__process(&look, child) / P, PAGES, "%s: the child has the pages", name);
	fixture__end(&m, &pol, name);
}

/* ---- many owners ---- */

static unsigned int turn;

static int map_one(void)
{
	uint64_t iova = AT(turn);

	return hooks__map_file(&m, spaces[0], file, turn * P, P, IOAS_RW | IOAS_FIXED, &iova);
}

static void many(void)
{
	static const char name[] = "many owners";
	struct mock dev;

	if (!start(name) || !policy__start(&pol, "quota", "process_limit=4096"))
		return;
	for (turn = 0; turn < 16; turn++)
		in_child(map_one, name);
	tap__err(mock__add(&dev, &m, spaces[0], 0), 0, "%s: 16, each within its limit", name);
	tap__err(iommu__destroy(m.fd, dev.obj), 0, "%s: detach", name);
	in_child(map_one, name);
	tap__err(mock__add(&dev, &m, spaces[0], 0), -EUSERS, "%s: 17 are too many", name);
	fixture__end(&m, &pol, name);
}

/* ---- a change while others map ---- */

static int map_many(void)
{
	struct mock own;
	char *mem = mem__small(P);
	int ret = mock__open(&own, 0);

	for (int i = 0; i < 1500 && !ret; i++) {
		ret = fixture__map(&own, own.ioas, mem, 0, 1);
		if (!ret)
			ret = ioas__unmap_at(own.fd, own.ioas, AT(0), P);
	}
	return ret;
}

static pid_t start_child(int (*function)(void), const char *cgroup)
{
	pid_t pid = fork();

	if (!pid) {
		fixture__join_cgroup(cgroup);
		_exit(-function());
	}
	return pid;
}

static int change_forever(void)
{
	for (;;)
		change_process();
	return 0;
}

/* The more files, the longer the change; the fewer, the more changes. */
static void twice(unsigned int files)
{
	char name[32], settings[64];
	int status = -1, ret = 0;
	unsigned int moved = 0;
	pid_t other, third;
	uint64_t iova;

	snprintf(name, sizeof(name), "%u files counted twice", files);
	if (!mock__start(&m, name, 0))
		return;
	for (unsigned int i = 0; i < files && !ret; i++) {
		unsigned int pages = FILES / files;

		iova = AT(i * pages);
		ret = hooks__map_file(&m, m.ioas, file, i * pages * P, pages * P,
				      IOAS_RW | IOAS_FIXED, &iova);
	}
	snprintf(settings, sizeof(settings), "uid_limit=%lu", (FILES + FILES / 2) * P);
	if (!tap__err(ret, 0, "%s: map", name) || !policy__start(&pol, "quota", settings))
		return;
	other = start_child(change_forever, "owners-1");
	third = start_child(map_many, "");
	fixture__join_cgroup("owners-2");
	while (waitpid(third, &status, WNOHANG) != third)
		moved += !change_process();
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	tap__diag("%u moves by this process", moved);
	tap__ok(WIFEXITED(status), "%s: a third process maps meanwhile", name);
	tap__err(-WEXITSTATUS(status), 0, "%s: and is never refused, far below the limit", name);
	fixture__join_cgroup("");
	fixture__end(&m, &pol, name);
}

static bool make_cgroups(void)
{
	return !mkdir(CGROUP "/owners-1", 0755) && !mkdir(CGROUP "/owners-2", 0755) &&
	       !mkdir(CGROUP "/owners-1/in", 0755) && !mkdir(CGROUP "/owners-2/in", 0755);
}

int main(void)
{
	tap__start();
	file = memfd_create("owners", MFD_CLOEXEC);
	if (look__open(&look) || ftruncate(file, FILES * P) || !make_cgroups())
		return tap__bail("cannot set up");
	by_process();
	taken_over();
	by_user();
	by_cgroup();
	by_cgroup_above();
	by_scope();
	by_copy();
	many();
	twice(FILES);
	twice(1);
	look__close(&look);
	rmdir(CGROUP "/owners-1/in");
	rmdir(CGROUP "/owners-2/in");
	rmdir(CGROUP "/owners-1");
	rmdir(CGROUP "/owners-2");
	return tap__done();
}
