// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counts of a context since its file was opened, as fdinfo and the kfunc iommufd_ctx_counts()
 * report them: calls, memory, refusals, times.
 *
 * Finds these faults: the counts of an IOAS are lost when it is destroyed; a failed call counts as
 * a success, or not at all; pages of an attach, a detach, a copy or a failed call are missing, or
 * count twice; calls that run at once lose counts; a small pin is timed, or an attach is not; the
 * last map is before the first one; fdinfo and the kfunc differ.
 *
 * vm: --mock --smp 2
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include "../lib/account.h"
#include "../lib/ext.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/vfio-type1.h"
#include "../lib/policy/fixture.h"
#include "../lib/policy/hooks.h"
#include "../lib/policy/look.h"

#define P MEM_PAGE
#define TIMED IOMMUFD_TIMED_PAGES
#define NS 1000000000ULL
#define THREADS 4
#define ROUNDS 500

static struct policy pol;
static struct mock m;
static struct look look;
static char *mem;

/* The counts of the mock's context; in an error all are 0. */
static struct iommufd_ctx_counts counts(int fd)
{
	static const struct iommufd_ctx_counts none;
	uint64_t ctx = 0;

	iommu__fdinfo(fd, "iommufd-context", &ctx);
	return look__counts(&look, ctx) ? none : *look.counts;
}

struct want {
	unsigned int maps, maps_failed, unmaps, unmaps_failed, copies, copies_failed;
	unsigned int pinned, unpinned; /* pages */
};

static void counts_are(const struct want *want, const char *name)
{
	struct iommufd_ctx_counts got = counts(m.fd);

	tap__is(got.maps, want->maps, "%s: maps", name);
	tap__is(got.maps_failed, want->maps_failed, "%s: failed maps", name);
	tap__is(got.unmaps, want->unmaps, "%s: unmaps", name);
	tap__is(got.unmaps_failed, want->unmaps_failed, "%s: failed unmaps", name);
	tap__is(got.copies, want->copies, "%s: copies", name);
	tap__is(got.copies_failed, want->copies_failed, "%s: failed copies", name);
	tap__is(got.pinned / P, want->pinned, "%s: pages pinned", name);
	tap__is(got.unpinned / P, want->unpinned, "%s: pages unpinned", name);
}

static int map(unsigned int page, unsigned int pages)
{
	return fixture__map(&m, m.ioas, mem, page, pages);
}

static int unmap(unsigned int page, unsigned int pages)
{
	return ioas__unmap_at(m.fd, m.ioas, AT(page), pages * P);
}

/* ---- calls, and the end of an IOAS ---- */

static void calls(void)
{
	static const char name[] = "calls";
	struct want want = {};
	uint64_t iova = AT(100);
	uint32_t second;
	struct mock other;
	int i;

	if (!mock__start(&m, name, 0))
		return;
	counts_are(&want, "after the open");
	tap__ok(counts(m.fd).first_map_ns == ~0ULL && counts(m.fd).last_map_ns == ~0ULL,
		"without a map there is no time of one");

	for (i = 0; i < 23; i++)
		tap__err(map(i * 2, 2), 0, "map %d", i);
	for (i = 0; i < 5; i++)
		tap__err(map(1, 3), -EEXIST, "a map that overlaps");
	tap__err(ioas__map_at(m.fd, 77, mem, P, AT(0)), -ENOENT, "a map without an IOAS");
	for (i = 0; i < 7; i++)
		tap__err(unmap(i * 2, 2), 0, "unmap %d", i);
	tap__err(unmap(0, 2), -ENOENT, "an unmap of nothing");
	want = (struct want){ .maps = 23,
			      .maps_failed = 6,
			      .unmaps = 7,
			      .unmaps_failed = 1,
			      .pinned = 46,
			      .unpinned = 14 };
	counts_are(&want, name);

	tap__err(ioas__alloc(m.fd, &second), 0, "a second IOAS");
	tap__err(mock__add(&other, &m, second, 0), 0, "with a device");
	tap__err(ioas__copy(m.fd, second, m.ioas, AT(20), 4 * P, IOAS_RW | IOAS_FIXED, &iova), 0,
		 "copy two areas");
	tap__err(ioas__copy(m.fd, second, m.ioas, AT(20), 4 * P, IOAS_RW | IOAS_FIXED, &iova),
		 -EEXIST, "the same again");
	tap__err(ioas__map_at(m.fd, second, mem + 200 * P, 3 * P, AT(200)), 0, "map there");
	want.copies = want.copies_failed = 1;
	want.maps++;
	want.pinned += 3; /* the copied pages were pinned before */
	counts_are(&want, "after a copy");

	tap__err(iommu__destroy(m.fd, other.obj), 0, "take the device away");
	tap__err(iommu__destroy(m.fd, second), 0, "destroy the second IOAS");
	want.unpinned += 3;
	counts_are(&want, "after the end of an IOAS");
	tap__is(counts(m.fd).pinned - counts(m.fd).unpinned,
		(long long)look__ctx(&look, counts(m.fd).ctx), "the difference is pinned now");
	fixture__end(&m, &pol, name);
}

/* ---- memory that no map pins ---- */

static void attaches(void)
{
	static const char name[] = "attach";
	struct want want = { .maps = 2 };
	struct mock first, second;

	m.fd = iommu__open();
	tap__err(ioas__alloc(m.fd, &m.ioas), 0, "%s: an IOAS without a device", name);
	tap__err(map(0, TIMED), 0, "%s: map as much as is timed", name);
	tap__err(map(TIMED, 30), 0, "%s: map less", name);
	counts_are(&want, "without a page table");
	tap__is(counts(m.fd).timed_pins, 0, "%s: nothing is timed", name);

	tap__err(mock__device(&first, m.fd, m.ioas, 0), 0, "%s: attach a device", name);
	want.pinned = TIMED + 30;
	counts_are(&want, "after the attach");
	tap__is(counts(m.fd).timed_pins, 1, "%s: the large area is timed", name);
	tap__is(counts(m.fd).timed_bytes / P, TIMED, "%s: and its pages", name);
	tap__ok(counts(m.fd).pin_ns && counts(m.fd).fill_ns, "%s: with times", name);

	tap__err(mock__device(&second, m.fd, m.ioas, 0), 0, "%s: attach another one", name);
	counts_are(&want, "after the second attach");
	tap__err(iommu__destroy(m.fd, second.obj), 0, "%s: detach it", name);
	tap__err(iommu__destroy(m.fd, first.obj), 0, "%s: detach the first one", name);
	want.unpinned = TIMED + 30;
	counts_are(&want, "after the last detach");
	fixture__end(&m, &pol, name);
}

static void failed_pin(void)
{
	static const char name[] = "failed pin";
	struct want want = { .maps = 1, .maps_failed = 2, .pinned = 4 };
	char *hole = mem__small((TIMED + 16) * P);

	if (!mock__start(&m, name, 0))
		return;
	munmap(hole + 8 * P, P);
	tap__err(ioas__map_at(m.fd, m.ioas, hole, 16 * P, AT(0)), -EFAULT, "%s: map a hole", name);
	tap__err(ioas__map_at(m.fd, m.ioas, hole, TIMED * P, AT(0)), -EFAULT,
		 "%s: map as much as is timed, with a hole", name);
	tap__err(map(0, 4), 0, "%s: map 4 pages", name);
	counts_are(&want, name);
	tap__is(counts(m.fd).timed_pins, 0, "%s: a pin that fails is not timed", name);
	tap__is(counts(m.fd).pin_ns, 0, "%s: nor is its time added", name);
	munmap(hole, (TIMED + 16) * P);
	fixture__end(&m, &pol, name);
}

/* ---- refusals ---- */

static void refusals(void)
{
	static const char name[] = "refusals";
	struct want want = { .maps = 1, .maps_failed = 5, .pinned = 2 };
	int i;

	if (!fixture__start(&m, &pol, name, ""))
		return;
	hooks__say(&pol, IOMMUFD_HOOK_IOAS_MAP, -EACCES);
	for (i = 0; i < 3; i++)
		tap__err(map(0, 2), -EACCES, "%s: the policy refuses", name);
	hooks__say(&pol, IOMMUFD_HOOK_IOAS_MAP, 0);
	account__limit(8);
	account__become_user();
	for (i = 0; i < 2; i++)
		tap__err(map(0, 20), -ENOMEM, "%s: the limit refuses", name);
	tap__err(map(0, 2), 0, "%s: both allow", name);
	account__become_root();
	counts_are(&want, name);
	tap__is(counts(m.fd).refused_policy, 3, "%s: by a policy", name);
	tap__is(counts(m.fd).refused_limit, 2, "%s: by a limit", name);
	fixture__end(&m, &pol, name);
}

static void audit(void)
{
	static const char name[] = "audit";

	if (!mock__start(&m, name, MOCK_FLAGS_DEVICE_PASID) ||
	    !fixture__load(&pol, name, "@flags=1"))
		return;
	hooks__say(&pol, IOMMUFD_HOOK_IOAS_MAP, -EACCES);
	tap__err(map(0, 2), 0, "%s: a policy that only audits", name);
	tap__is(counts(m.fd).refused_policy, 0, "%s: is no refusal", name);
	fixture__end(&m, &pol, name);
}

/* ---- times ---- */

#define PAUSE_NS 50000000
#define TICK_NS 10000000 /* at most */

/*
 * The driver's times are in jiffies, which fall behind if a busy host loses ticks of the guest. So
 * wait for jiffies, which times() returns in units of 10 ms.
 */
static void pause_jiffies(void)
{
	clock_t end = times(NULL) + PAUSE_NS / 10000000 + 1;

	while (times(NULL) < end)
		usleep(1000);
}

static void in_time(void)
{
	static const char name[] = "times";
	struct timespec before, after;
	struct iommufd_ctx_counts got;
	uint64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &before);
	if (!mock__start(&m, name, 0))
		return;
	pause_jiffies();
	tap__err(map(0, 2), 0, "%s: map", name);
	got = counts(m.fd);
	tap__ok(got.first_map_ns == got.last_map_ns, "%s: of one map, first and last are the same",
		name);
	tap__ok(got.first_map_ns >= PAUSE_NS, "%s: it was after the pause", name);
	pause_jiffies();
	tap__err(map(2, 2), 0, "%s: map again", name);
	tap__err(map(2, 2), -EEXIST, "%s: a map that fails", name);
	tap__ok(counts(m.fd).first_map_ns == got.first_map_ns, "%s: the first stays", name);
	got = counts(m.fd);
	tap__ok(got.last_map_ns >= got.first_map_ns + PAUSE_NS, "%s: the last is later", name);
	pause_jiffies();
	clock_gettime(CLOCK_MONOTONIC, &after);
	ns = (after.tv_sec - before.tv_sec) * NS + after.tv_nsec - before.tv_nsec;
	got = counts(m.fd);
	tap__ok(got.age_ns >= got.last_map_ns + PAUSE_NS, "%s: the age is larger", name);
	tap__ok(got.last_map_ns <= ns + TICK_NS, "%s: than the time that the test took", name);

	tap__is(got.timed_pins, 0, "%s: small maps are not timed", name);
	tap__err(map(10, TIMED - 1), 0, "%s: map one page less than is timed", name);
	tap__is(counts(m.fd).timed_pins, 0, "%s: it is not timed", name);
	tap__err(map(10 + TIMED, TIMED), 0, "%s: map as much as is timed", name);
	got = counts(m.fd);
	tap__is(got.timed_pins, 1, "%s: it is timed", name);
	tap__is(got.timed_bytes / P, TIMED, "%s: with its pages", name);
	tap__ok(got.pin_ns && got.fill_ns, "%s: %llu ns to pin, %llu ns to fill", name, got.pin_ns,
		got.fill_ns);
	fixture__end(&m, &pol, name);
}

/* ---- calls at once ---- */

static void *map_and_unmap(void *arg)
{
	unsigned int page = 100 * (uintptr_t)arg, i;
	long failed = 0;

	for (i = 0; i < ROUNDS; i++)
		failed += map(page, 3) || unmap(page, 3);
	return (void *)failed;
}

static void threads(void)
{
	static const char name[] = "threads";
	const unsigned int calls = THREADS * ROUNDS;
	const struct want want = {
		.maps = calls, .unmaps = calls, .pinned = 3 * calls, .unpinned = 3 * calls
	};
	pthread_t thread[THREADS];
	void *failed, *any = NULL;
	uintptr_t i;

	if (!mock__start(&m, name, 0))
		return;
	for (i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, map_and_unmap, (void *)i);
	for (i = 0; i < THREADS; i++) {
		pthread_join(thread[i], &failed);
		any = failed ? failed : any;
	}
	tap__ok(!any, "%s: %d threads map and unmap", name, THREADS);
	counts_are(&want, name);
	fixture__end(&m, &pol, name);
}

/* ---- VFIO, and fdinfo ---- */

static void type1(void)
{
	static const char name[] = "type1";
	struct want want = {
		.maps = 2,
		.maps_failed = 3,
		.unmaps = 1,
		.unmaps_failed = 2,
		.pinned = 5,
		.unpinned = 2,
	};

	if (!mock__start(&m, name, 0))
		return;
	tap__err(compat__ioas(m.fd, IOMMU_VFIO_IOAS_SET, &m.ioas), 0, "%s: choose the IOAS", name);
	tap__err(type1__map(m.fd, mem, 2 * P, TYPE1_RW, AT(0)), 0, "%s: map", name);
	tap__err(type1__map(m.fd, mem, 2 * P, TYPE1_RW, AT(0)), -EEXIST, "%s: the same", name);
	tap__err(type1__map(m.fd, mem, 3 * P, TYPE1_RW, AT(9)), 0, "%s: another one", name);
	tap__err(type1__unmap_at(m.fd, AT(0), 2 * P), 0, "%s: unmap", name);
	tap__err(type1__map(m.fd, mem, P, ~0u, AT(20)), -EINVAL, "%s: map with unknown flags",
		 name);
	tap__ok(ioctl(m.fd, VFIO_IOMMU_MAP_DMA, NULL) && errno == EFAULT, "%s: map nothing", name);
	tap__ok(ioctl(m.fd, VFIO_IOMMU_UNMAP_DMA, NULL) && errno == EFAULT, "%s: unmap nothing",
		name);
	tap__err(type1__unmap_at(m.fd, AT(9), P), -ENOENT, "%s: unmap a part", name);
	counts_are(&want, name);
	fixture__end(&m, &pol, name);
}

/* Find "key=" in a line of fdinfo. */
static unsigned long long field(int fd, const char *line, const char *key)
{
	char path[64], text[512], word[64];
	unsigned long long value = ~0ULL;
	FILE *file;
	char *at;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	snprintf(word, sizeof(word), "%s=", key);
	file = fopen(path, "r");
	while (file && fgets(text, sizeof(text), file)) {
		for (at = text; *at; at++)
			if (*at == '\t')
				*at = ' ';
		if (strncmp(text, line, strlen(line)))
			continue;
		at = strstr(text, word);
		if (at && at[-1] == ' ')
			value = strtoull(at + strlen(word), NULL, 10);
	}
	if (file)
		fclose(file);
	return value;
}

static void fdinfo(void)
{
	static const char name[] = "fdinfo";
	struct iommufd_ctx_counts got;

	if (!mock__start(&m, name, 0))
		return;
	tap__is(field(m.fd, "iommufd-since-open:", "first_map_ns"), -1, "%s: no first map yet",
		name);
	tap__err(map(0, TIMED), 0, "%s: map", name);
	tap__err(map(0, 1), -EEXIST, "%s: a map that fails", name);
	tap__err(unmap(0, TIMED), 0, "%s: unmap", name);
	got = counts(m.fd);
	tap__is(field(m.fd, "iommufd-calls:", "maps"), got.maps, "%s: maps", name);
	tap__is(field(m.fd, "iommufd-calls:", "maps_failed"), 1, "%s: failed maps", name);
	tap__is(field(m.fd, "iommufd-calls:", "unmaps"), 1, "%s: unmaps", name);
	tap__is(field(m.fd, "iommufd-calls:", "copies_failed"), 0, "%s: failed copies", name);
	tap__is(field(m.fd, "iommufd-memory:", "pinned"), TIMED * P, "%s: pinned", name);
	tap__is(field(m.fd, "iommufd-memory:", "unpinned"), TIMED * P, "%s: unpinned", name);
	tap__is(field(m.fd, "iommufd-refused:", "limit"), 0, "%s: refused", name);
	tap__is(field(m.fd, "iommufd-timed:", "pins"), 1, "%s: pins that were timed", name);
	tap__is(field(m.fd, "iommufd-timed:", "pin_ns"), got.pin_ns, "%s: their time", name);
	tap__is(field(m.fd, "iommufd-timed:", "fill_ns"), got.fill_ns, "%s: time to fill", name);
	tap__is(field(m.fd, "iommufd-since-open:", "last_map_ns"), got.last_map_ns,
		"%s: the last map", name);
	tap__err(look__counts(&look, got.ctx + 100), -ENOENT, "%s: a context that does not exist",
		 name);
	fixture__end(&m, &pol, name);
}

static void pasids(void)
{
	static const char parameter[] = "/sys/module/iommufd/parameters/pasid_user_limit";
	static const char name[] = "PASIDs";
	FILE *file = fopen(parameter, "r+");
	unsigned int old = 0;
	uint32_t id, number;

	if (!file || fscanf(file, "%u", &old) != 1)
		tap__bail("%s: %s", parameter, strerror(errno));
	rewind(file);
	fputs("0\n", file);
	fflush(file);
	if (!mock__start(&m, name, MOCK_FLAGS_DEVICE_PASID))
		return;
	account__become_user();
	tap__err(pasid__alloc(m.fd, m.dev, IOMMU_EXT_PASID_GLOBAL, 0, 0, &id, &number), -EDQUOT,
		 "%s: the limit refuses one", name);
	account__become_root();
	tap__is(counts(m.fd).refused_limit, 1, "%s: it is counted", name);
	fixture__end(&m, &pol, name);
	rewind(file);
	fprintf(file, "%u\n", old);
	fclose(file);
}

int main(void)
{
	tap__start();
	mem = mem__small(4 * TIMED * P);
	if (!mem || look__open(&look))
		return tap__bail("no memory, or no BPF");
	calls();
	attaches();
	failed_pin();
	refusals();
	audit();
	in_time();
	threads();
	type1();
	fdinfo();
	pasids();
	look__close(&look);
	return tap__done();
}
