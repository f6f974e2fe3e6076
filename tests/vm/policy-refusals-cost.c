// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cost of a refusal: with a full history a refused map costs hardly more than with an empty one,
 * whether the history has the refusal, must forget another one of the same user, or one of one of
 * 256 users.
 *
 * Finds these faults: a search of all entries, for an equal one or for one to forget, under the
 * lock of the history, so that a process whose calls are refused holds up all others.
 *
 * The guest's time counts instructions, one ns each.
 *
 * vm: --mock --icount
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/policy/fixture.h"
#include "../lib/policy/hooks.h"
#include "../lib/policy/refusals.h"

#define P MEM_PAGE
#define MAP IOMMUFD_HOOK_IOAS_MAP
#define TIMES 41
#define FLOOD (IOMMUFD_REFUSALS + 7)
#define NOISY 1000 /* a user */
#define USERS 2000 /* the first of many */
/* A refusal with a full history may cost so many percent of one with an empty history. */
#define MARK 115

static struct iommufd_refusal_info infos[IOMMUFD_REFUSALS];
static struct policy pol;
static struct mock m;
static char *mem;

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Let the policy give another reason, so that the refusal equals none before. */
static void other_reason(void)
{
	static unsigned int n;
	char reason[32];

	snprintf(reason, sizeof(reason), "reason %u", ++n);
	hooks__reason(&pol, reason, strlen(reason));
}

/* The real user is that of the request; the effective one keeps the capabilities. */
static void become(uid_t uid)
{
	if (setresuid(uid, 0, 0))
		tap__bail("cannot become another user");
}

/* The instructions of a refused map, the median; each with another reason if @is_new. */
static int64_t cost(bool is_new)
{
	int64_t times[TIMES];

	for (unsigned int i = 0; i < TIMES; i++) {
		int64_t begin;

		if (is_new)
			other_reason();
		begin = now();
		if (fixture__map(&m, m.ioas, mem, 1, 1) != -EXDEV)
			tap__bail("a map is not refused");
		times[i] = now() - begin;
	}
	qsort(times, TIMES, sizeof(times[0]), compare);
	return times[TIMES / 2];
}

static void mark(int64_t is, int64_t base, const char *name)
{
	tap__diag("%s: %lld instructions, %lld %% of an empty history", name, (long long)is,
		  (long long)(is * 100 / base));
	tap__ok(is * 100 <= base * MARK, "%s: at most %d %% of an empty history", name, MARK);
}

int main(void)
{
	int64_t equal, new;

	tap__start();
	mem = mem__small(4 * P);
	if (!mem)
		return tap__bail("no memory");
	if (!fixture__start(&m, &pol, "cost", ""))
		return tap__done();
	hooks__say(&pol, MAP, -EXDEV);
	equal = cost(false);
	new = cost(true);
	tap__diag("with room: %lld instructions for an equal refusal, %lld for a new one",
		  (long long)equal, (long long)new);

	become(NOISY);
	for (unsigned int i = 0; i < FLOOD; i++) {
		other_reason();
		fixture__map(&m, m.ioas, mem, 1, 1);
	}
	become(0);
	tap__is(refusals__read(infos), IOMMUFD_REFUSALS, "the history is full");
	other_reason();
	mark(cost(false), equal, "an equal refusal");
	become(NOISY);
	mark(cost(true), new, "a new one of the user with the most entries");
	become(0);
	mark(cost(true), new, "a new one of another user");

	for (unsigned int i = 0; i < FLOOD; i++) {
		become(USERS + i);
		other_reason();
		fixture__map(&m, m.ioas, mem, 1, 1);
	}
	become(0);
	mark(cost(true), new, "a new one after those of many users");
	fixture__end(&m, &pol, "cost");
	return tap__done();
}
