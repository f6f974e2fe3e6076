// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verdicts of rules on a recording, as text for people.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "errname.h"
#include "output/replayed.h"
#include "output/rules.h"
#include "row.h"
#include "rules/value.h"
#include "text.h"

#define COLUMNS(array) (array), sizeof(array) / sizeof((array)[0])

enum { RULE, ACTION, AT, DENIED, AUDITED, ALLOWED, UNKNOWN, FIRST };

static const struct row_column columns[] = {
	[RULE] = { "RULE", 16, false },	    [ACTION] = { "ACTION", 6, false },
	[AT] = { "AT", 12, false },	    [DENIED] = { "DENIED", 6, true },
	[AUDITED] = { "AUDITED", 7, true }, [ALLOWED] = { "ALLOWED", 7, true },
	[UNKNOWN] = { "UNKNOWN", 7, true }, [FIRST] = { "FIRST", 0, false },
};

enum { R_TIME, R_PID, R_COMM, R_HOOK, R_RULE, R_RESULT, R_REASON };

static const struct row_column request_columns[] = {
	[R_TIME] = { "TIME", 12, true },     [R_PID] = { "PID", 7, true },
	[R_COMM] = { "COMM", 15, false },    [R_HOOK] = { "HOOK", 12, false },
	[R_RULE] = { "RULE", 16, false },    [R_RESULT] = { "RESULT", 8, false },
	[R_REASON] = { "REASON", 0, false },
};

static char *format_time(char text[32], __u64 ns)
{
	snprintf(text, 32, "%llu.%06llu", ns / NS_PER_SEC, ns % NS_PER_SEC / 1000);
	return text;
}

static char *clean(char text[256], const char *from, size_t size)
{
	text__clean(text, 256, from, size, 255, text__locale_is_utf8());
	return text;
}

static const char *format_action(const struct replayed_rule *rule)
{
	if (rule->action == RULES_ALLOW)
		return "allow";
	if (rule->is_audit)
		return "audit";
	return rule->action == RULES_LIMIT ? "limit" : "deny";
}

static void print_rule(struct row *row, const struct replayed_rule *rule)
{
	char hooks[HOOK_LIST_MAX], comm[256], reason[256], time[32];

	row__begin(row);
	row__put(row, RULE, rule->name);
	row__put(row, ACTION, format_action(rule));
	row__put(row, AT,
		 rule->hooks == RULES_AT_ALL ? "all" : value__hook_list(hooks, rule->hooks));
	row__number(row, DENIED, rule->denied);
	row__number(row, AUDITED, rule->audited);
	row__number(row, ALLOWED, rule->allowed);
	row__number(row, UNKNOWN, rule->unknown);
	if (rule->denied || rule->audited)
		row__printf(row, FIRST, "%s s, %s (pid %u): %s", format_time(time, rule->time_ns),
			    clean(comm, rule->comm, sizeof(rule->comm)), rule->tgid,
			    clean(reason, rule->reason, sizeof(rule->reason)));
	else
		row__put(row, FIRST, "-");
	row__print(row, stdout);
}

void text__recorded(const char *recording, const __u64 requests[IOMMUFD_HOOKS], __u64 denied)
{
	const char *separator = " (";
	char file[NAME_MAX_SIZE];
	unsigned int i;
	__u64 nr = 0;

	for (i = 0; i < IOMMUFD_HOOKS; i++)
		nr += requests[i];
	printf("%s: %llu request%s", text__name(file, recording), nr, nr == 1 ? "" : "s");
	for (i = 0; i < IOMMUFD_HOOKS; i++) {
		if (!requests[i])
			continue;
		printf("%s%llu %s", separator, requests[i], value__hook_name(i));
		separator = ", ";
	}
	printf("%s, %llu would be refused", nr ? ")" : "", denied);
}

static void print_sum(const struct replayed *replayed)
{
	text__recorded(replayed->recording, replayed->requests, replayed->denied);
	if (replayed->uncertain)
		printf(", %llu cannot be told", replayed->uncertain);
	printf("\n");
}

void text__recording_gaps(bool lacks_totals, __u64 failed, __u64 lost, bool is_cut)
{
	if (lacks_totals)
		printf("it has no totals of pinned memory, because it has no snapshot of the "
		       "driver, or not all maps\n");
	if (failed)
		printf("%llu call%s left out, because %s failed for another reason\n", failed,
		       failed == 1 ? " is" : "s are", failed == 1 ? "it" : "they");
	if (lost)
		printf("%llu event%s missing: iosnoop had lost %s\n", lost,
		       lost == 1 ? " is" : "s are", lost == 1 ? "it" : "them");
	if (is_cut)
		printf("the recording has no end: iosnoop was killed, or still runs\n");
}

static void print_gaps(const struct replayed *replayed)
{
	char text[MISSING_MAX], hooks[HOOK_LIST_MAX];
	bool needs_totals = false;
	unsigned int i;

	for (i = 0; i < replayed->nr; i++) {
		const struct replayed_rule *rule = &replayed->rules[i];

		if (rule->unknown)
			printf("rule %s: %llu request%s cannot be told, because the recording does "
			       "not have %s\n",
			       rule->name, rule->unknown, rule->unknown == 1 ? "" : "s",
			       partial__list(text, rule->missing));
		if (rule->hooks & ~replayed->hooks)
			printf("rule %s: the recording has no events of %s\n", rule->name,
			       value__hook_list(hooks, rule->hooks & ~replayed->hooks));
		needs_totals |= rule->missing & PARTIAL_TOTALS;
	}
	text__recording_gaps(needs_totals && !replayed->has_totals, replayed->failed,
			     replayed->lost, replayed->is_cut);
}

void text__replayed(const struct replayed *replayed)
{
	struct row row;
	unsigned int i;

	row__init(&row, COLUMNS(columns), 0);
	row__print_header(&row, stdout);
	for (i = 0; i < replayed->nr; i++)
		print_rule(&row, &replayed->rules[i]);
	print_sum(replayed);
	print_gaps(replayed);
}

void text__replayed_request(const struct replayed_request *refused)
{
	const struct iommufd_policy_request *request = refused->request;
	char text[256], name[ERRNAME_MAX], time[32];
	static bool has_header;
	struct row row;

	row__init(&row, COLUMNS(request_columns), 0);
	if (!has_header)
		row__print_header(&row, stdout);
	has_header = true;
	row__begin(&row);
	row__put(&row, R_TIME, format_time(time, refused->time_ns));
	row__number(&row, R_PID, request->tgid);
	row__put(&row, R_COMM, clean(text, request->comm, sizeof(request->comm)));
	row__put(&row, R_HOOK, value__hook_name(request->hook));
	row__put(&row, R_RULE, refused->rule);
	row__put(&row, R_RESULT, refused->is_audit ? "audit" : errname(-refused->ret, name));
	row__put(&row, R_REASON, clean(text, refused->reason, strlen(refused->reason)));
	row__print(&row, stdout);
}
