// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last refusals, as text for people and as JSON lines.
 */
#include <stdio.h>

#include "errname.h"
#include "hook.h"
#include "human.h"
#include "output/refusals.h"
#include "output/rules.h"
#include "row.h"
#include "text.h"

enum { AGO, PID, COMM, POLICY, RULE, HOOK, RESULT, REASON };

static const struct row_column columns[] = {
	[AGO] = { "AGO", 6, true },	   [PID] = { "PID", 7, true },
	[COMM] = { "COMM", 15, false },	   [POLICY] = { "POLICY", 12, false },
	[RULE] = { "RULE", 12, false },	   [HOOK] = { "HOOK", 13, false },
	[RESULT] = { "RESULT", 8, false }, [REASON] = { "REASON", 0, false },
};

static void put_clean(struct row *row, unsigned int column, const char *from, size_t size)
{
	char text[256];

	text__clean(text, sizeof(text), from, size, columns[column].width ? 40 : 255,
		    text__locale_is_utf8());
	row__put(row, column, *text ? text : "-");
}

void text__refusals(const struct refusals *refusals)
{
	char name[ERRNAME_MAX], time[HUMAN_MAX];
	struct row row;
	unsigned int i;

	row__init(&row, columns, sizeof(columns) / sizeof(columns[0]), 0);
	row__print_header(&row, stdout);
	for (i = 0; i < refusals->nr; i++) {
		const struct refusal *one = &refusals->list[i];

		row__begin(&row);
		row__put(&row, AGO, one->is_rule ? human__time(time, one->ago_ns) : "-");
		row__number(&row, PID, one->tgid);
		put_clean(&row, COMM, one->comm, sizeof(one->comm));
		put_clean(&row, POLICY, one->policy, sizeof(one->policy));
		put_clean(&row, RULE, one->rule, sizeof(one->rule));
		row__put(&row, HOOK, hook__name(one->hook));
		row__printf(&row, RESULT, "%s%s", errname(one->error, name),
			    one->is_audit ? " (audit)" : "");
		put_clean(&row, REASON, one->reason, sizeof(one->reason));
		row__print(&row, stdout);
	}
}

void json__refusals(const struct refusals *refusals)
{
	char name[ERRNAME_MAX];
	struct json json;
	unsigned int i;

	for (i = 0; i < refusals->nr; i++) {
		const struct refusal *one = &refusals->list[i];

		json__begin_record(&json, "refusal");
		json__string(&json, "policy", one->policy);
		json__string_or_null(&json, "rule", one->rule, sizeof(one->rule));
		json__u64_or_null(&json, "time_ns", one->is_rule, one->time_ns);
		json__u64_or_null(&json, "ago_ns", one->is_rule, one->ago_ns);
		json__u64(&json, "tgid", one->tgid);
		json__u64_or_null(&json, "uid", one->is_rule, one->uid);
		json__string_or_null(&json, "comm", one->comm, sizeof(one->comm));
		json__string(&json, "hook", hook__name(one->hook));
		json__string(&json, "error", errname(one->error, name));
		json__bool(&json, "audit", one->is_audit);
		json__string_or_null(&json, "reason", one->reason, sizeof(one->reason));
		json__end_record(&json);
	}
}
