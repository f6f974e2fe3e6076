// SPDX-License-Identifier: GPL-2.0-only
/* See account.h. */
#include <sys/resource.h>
#include <unistd.h>

#include "account.h"
#include "mem.h"
#include "tap.h"

void account__become_user(void)
{
	if (setresuid(ACCOUNT_USER, ACCOUNT_USER, 0))
		tap__ok(false, "become user %d", ACCOUNT_USER);
}

void account__become_root(void)
{
	if (setresuid(0, 0, 0))
		tap__ok(false, "become root");
}

void account__limit(unsigned long pages)
{
	struct rlimit limit;

	getrlimit(RLIMIT_MEMLOCK, &limit);
	limit.rlim_cur = pages * MEM_PAGE;
	if (limit.rlim_max < limit.rlim_cur)
		limit.rlim_max = limit.rlim_cur;
	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		tap__ok(false, "limit of %lu pages", pages);
}

void account__counts(long pin, long lck, const char *when)
{
	tap__is(mem__status(0, "VmPin") / 4, pin, "%s: %ld pages in VmPin", when, pin);
	tap__is(mem__status(0, "VmLck") / 4, lck, "%s: %ld pages in VmLck", when, lck);
}

void account__pinned(long long pages, const char *when)
{
	tap__is(mem__pinned(pages), pages, "%s: %lld pages pinned", when, pages);
}
