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

enum { AGO, TIMES, PID, COMM, MACHINE, POLICY, RULE, HOOK, OBJECT, RESULT, REASON };

static const struct row_column columns[] = {
	[AGO] = { "AGO", 6, true },	     [TIMES] = { "TIMES", 5, true },
	[PID] = { "PID", 7, true },	     [COMM] = { "COMM", 15, false },
	[MACHINE] = { "MACHINE", 8, false }, [POLICY] = { "POLICY", 12, false },
	[RULE] = { "RULE", 12, false },	     [HOOK] = { "HOOK", 13, false },
	[OBJECT] = { "OBJECT", 12, false },  [RESULT] = { "RESULT", 8, false },
	[REASON] = { "REASON", 0, false },
};

static void put_clean(struct row *row, unsigned int column, const char *from, size_t size)
{
	char text[256];

	text__clean(text, sizeof(text), from, size, columns[column].width ? 40 : 255,
		    text__locale_is_utf8());
	row__put(row, column, *text ? text : "-");
}

/* A device by its name, another object by its id. */
static void put_object(struct row *row, const struct refusal *one)
{
	if (*one->device || !one->has_object || one->object == IOMMUFD_NONE)
		put_clean(row, OBJECT, one->device, sizeof(one->device));
	else
		row__number(row, OBJECT, one->object);
}

void text__refusals(const struct refusals *refusals)
{
	char name[ERRNAME_MAX], time[HUMAN_MAX], count[HUMAN_MAX];
	struct row row;
	unsigned int i;

	row__init(&row, columns, sizeof(columns) / sizeof(columns[0]), 0);
	row__print_header(&row, stdout);
	for (i = 0; i < refusals->nr; i++) {
		const struct refusal *one = &refusals->list[i];

		row__begin(&row);
		row__put(&row, AGO, one->has_time ? human__time(time, one->ago_ns) : "-");
		row__put(&row, TIMES, human__count(count, one->times));
		row__number(&row, PID, one->tgid);
		put_clean(&row, COMM, one->comm, sizeof(one->comm));
		put_clean(&row, MACHINE, one->machine, sizeof(one->machine));
		put_clean(&row, POLICY, one->policy, sizeof(one->policy));
		put_clean(&row, RULE, one->rule, sizeof(one->rule));
		row__put(&row, HOOK, hook__name(one->hook));
		put_object(&row, one);
		row__printf(&row, RESULT, "%s%s", errname(one->error, name),
			    one->is_audit ? " (audit)" : "");
		put_clean(&row, REASON, one->reason, sizeof(one->reason));
		row__print(&row, stdout);
	}
	if (refusals->lost)
		printf("%llu older refusal%s not kept\n", refusals->lost,
		       refusals->lost == 1 ? " was" : "s were");
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
		json__u64(&json, "times", one->times);
		json__u64_or_null(&json, "first_ns", one->has_time, one->first_ns);
		json__u64_or_null(&json, "time_ns", one->has_time, one->time_ns);
		json__u64_or_null(&json, "ago_ns", one->has_time, one->ago_ns);
		json__u64(&json, "tgid", one->tgid);
		json__u64_or_null(&json, "uid", one->has_time, one->uid);
		json__string_or_null(&json, "comm", one->comm, sizeof(one->comm));
		json__string_or_null(&json, "machine", one->machine, sizeof(one->machine));
		json__string(&json, "hook", hook__name(one->hook));
		json__u64_or_null(&json, "ctx", one->has_object, one->ctx);
		json__u64_or_null(&json, "object", one->has_object && one->object != IOMMUFD_NONE,
				  one->object);
		json__string_or_null(&json, "device", one->device, sizeof(one->device));
		json__hex_or_null(&json, "iova", one->length, one->iova);
		json__u64_or_null(&json, "length_bytes", one->length, one->length);
		json__string(&json, "error", errname(one->error, name));
		json__bool(&json, "audit", one->is_audit);
		json__string_or_null(&json, "reason", one->reason, sizeof(one->reason));
		json__bool(&json, "missing", one->is_missing);
		json__end_record(&json);
	}
	if (refusals->lost) {
		json__begin_record(&json, "lost");
		json__u64(&json, "refusals", refusals->lost);
		json__end_record(&json);
	}
}
