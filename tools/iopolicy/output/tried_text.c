// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verdicts of a policy in BPF on a recording, as text for people.
 */
#include <stdio.h>

#include "clock.h"
#include "errname.h"
#include "output/replayed.h"
#include "output/rules.h"
#include "row.h"
#include "rules/members.h"
#include "rules/value.h"
#include "text.h"

enum { AT, REQUESTS, ALLOWED, DENIED, INVALID, UNSURE, FIRST, NR_COLUMNS };

static const struct row_column columns[NR_COLUMNS] = {
	[AT] = { "AT", 14, false },	    [REQUESTS] = { "REQUESTS", 8, true },
	[ALLOWED] = { "ALLOWED", 7, true }, [DENIED] = { "DENIED", 6, true },
	[INVALID] = { "INVALID", 7, true }, [UNSURE] = { "UNSURE", 6, true },
	[FIRST] = { "FIRST", 0, false },
};

#define TOTALS \
	(1ull << REQUEST_ctx_pinned | 1ull << REQUEST_process_pinned | \
	 1ull << REQUEST_uid_pinned | 1ull << REQUEST_cgroup_pinned | 1ull << REQUEST_ctx_after | \
	 1ull << REQUEST_process_after | 1ull << REQUEST_uid_after | 1ull << REQUEST_cgroup_after)

static void put_first(struct row *row, const struct tried_hook *hook)
{
	char comm[4 * IOMMUFD_POLICY_COMM_LEN], reason[4 * IOMMUFD_POLICY_REASON_LEN];
	char name[ERRNAME_MAX];
	bool utf8 = text__locale_is_utf8();

	text__clean(comm, sizeof(comm), hook->comm, sizeof(hook->comm), sizeof(comm), utf8);
	text__clean(reason, sizeof(reason), hook->reason, sizeof(hook->reason), sizeof(reason),
		    utf8);
	row__printf(row, FIRST, "%llu.%06llu s, %s (pid %u): %s%s%s", hook->time_ns / NS_PER_SEC,
		    hook->time_ns % NS_PER_SEC / 1000, comm, hook->tgid, errname(-hook->ret, name),
		    *reason ? ": " : "", reason);
}

static void print_hook(struct row *row, unsigned int number, const struct tried_hook *hook)
{
	row__begin(row);
	row__put(row, AT, value__hook_name(number));
	row__number(row, REQUESTS, hook->requests);
	row__number(row, ALLOWED, hook->allowed);
	row__number(row, DENIED, hook->denied);
	row__number(row, INVALID, hook->invalid);
	row__number(row, UNSURE, hook->unsure);
	if (hook->denied)
		put_first(row, hook);
	else
		row__put(row, FIRST, "-");
	row__print(row, stdout);
}

static void print_gaps(const struct tried *tried)
{
	__u64 missing = 0;
	char text[MEMBERS_MAX], hooks[HOOK_LIST_MAX];
	unsigned int i;

	for (i = 0; i < IOMMUFD_HOOKS; i++) {
		const struct tried_hook *hook = &tried->hooks[i];

		missing |= hook->missing;
		if (hook->unsure)
			printf("%s: %llu verdict%s may differ, because the program reads, and the "
			       "recording does not have, %s\n",
			       value__hook_name(i), hook->unsure, hook->unsure == 1 ? "" : "s",
			       members__list(text, hook->missing));
		if (hook->outside)
			printf("%s: %llu request%s not of the policy's cgroup\n",
			       value__hook_name(i), hook->outside,
			       hook->outside == 1 ? " is" : "s are");
		if (hook->slow)
			printf("%s: %llu request%s took longer than the budget\n",
			       value__hook_name(i), hook->slow, hook->slow == 1 ? "" : "s");
	}
	if (tried->reads->hooks & ~tried->recorded_hooks)
		printf("the recording has no events of %s\n",
		       value__hook_list(hooks, tried->reads->hooks & ~tried->recorded_hooks));
	if (tried->reads->clock)
		printf("the policy reads the clock, and a replay runs at its own speed: verdicts "
		       "that depend on time mean nothing\n");
	text__recording_gaps(missing & TOTALS && !tried->has_totals, tried->failed, tried->lost,
			     tried->is_cut);
}

void text__reads(const struct object_reads *reads)
{
	if (reads->driver[0])
		printf("the policy calls %s: the answer is about this machine now\n",
		       reads->driver);
	if (reads->process)
		printf("the policy asks for the calling process: in a test that is iopolicy\n");
}

void text__tried(const struct tried *tried)
{
	__u64 requests[IOMMUFD_HOOKS];
	struct row row;
	unsigned int i;

	row__init(&row, columns, NR_COLUMNS, 0);
	row__print_header(&row, stdout);
	for (i = 0; i < IOMMUFD_HOOKS; i++) {
		requests[i] = tried->hooks[i].requests;
		if (tried->reads->hooks >> i & 1)
			print_hook(&row, i, &tried->hooks[i]);
	}
	text__recorded(tried->recording, requests, tried->denied);
	if (tried->unsure)
		printf(", %llu not for sure", tried->unsure);
	printf("\n");
	print_gaps(tried);
	text__reads(tried->reads);
}
