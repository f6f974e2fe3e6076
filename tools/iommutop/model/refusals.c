// SPDX-License-Identifier: GPL-2.0-only
/*
 * The history of refusals, by policies and by limits, and their counts for each process.
 *
 * Rows are added when an event arrives, as in lines.c, and stay: the last refusals, and the
 * processes whose calls were refused last. If another process has taken the row of one, its counts
 * begin at 0 when a call of it is refused again.
 */
#include <stdio.h>
#include <string.h>

#include "errname.h"
#include "event.h"
#include "hook.h"
#include "iommufd_refusal.h"
#include "model/rows.h"
#include "policy_name.h"

/* Append a row and give it the next number. */
static struct model_refusal *new_refusal(struct model *model)
{
	const struct model_key key = { .kind = MODEL_KIND_REFUSAL, .number = ++model->nr_refusals };
	struct model_rows *rows = &model->tables[MODEL_REFUSALS];
	struct model_refusal *refusals = rows->rows;

	if (rows->nr >= 2 * MODEL_REFUSALS_KEPT) {
		memmove(refusals, refusals + MODEL_REFUSALS_KEPT,
			MODEL_REFUSALS_KEPT * sizeof(*refusals));
		rows->nr = MODEL_REFUSALS_KEPT;
	}
	return rows__add(model, MODEL_REFUSALS, key);
}

/* The policy that is missing and its hook; older drivers report neither. */
static void put_missing(struct model_refusal *refusal, const struct event_record *record)
{
	const struct args_refused *args = (const void *)record->args;
	char name[EVENT_TEXT_MAX];

	if (args->reason != IOMMUFD_REFUSED_POLICY || !args->missing0)
		return;
	event__text(name, record, offsetof(struct args_refused, missing0) / sizeof(__u64));
	snprintf(refusal->policy, sizeof(refusal->policy), "%.*s", (int)sizeof(refusal->policy) - 1,
		 name);
	snprintf(refusal->hook, sizeof(refusal->hook), "%s", hook__name(args->need));
}

static void put_refusal(struct model_refusal *refusal, const struct model_line *line,
			const struct event_record *record)
{
	const struct args_policy_verdict *verdict = (const void *)record->args;
	char name[ERRNAME_MAX], policy[POLICY_NAME_MAX];

	refusal->time_ns = line->time_ns;
	refusal->ctx = line->ctx;
	refusal->tgid = line->tgid;
	memcpy(refusal->comm, line->comm, sizeof(refusal->comm));
	memcpy(refusal->machine, line->machine, sizeof(refusal->machine));
	memcpy(refusal->what, line->what, sizeof(refusal->what));
	refusal->object = EVENT_NONE;
	snprintf(refusal->error, sizeof(refusal->error), "%s",
		 errname(-(__s64)(__s32)*event__arg(record, EVENT_ROLE_ret), name));
	if (record->event != EVENT_policy_verdict) {
		snprintf(refusal->reason, sizeof(refusal->reason), "%s", line->reason);
		if (record->event == EVENT_refused)
			put_missing(refusal, record);
		return;
	}
	refusal->object = verdict->object;
	snprintf(refusal->policy, sizeof(refusal->policy), "%s",
		 policy_name__text(policy, verdict->policy));
	snprintf(refusal->hook, sizeof(refusal->hook), "%s", hook__name(verdict->hook));
	event__reason(refusal->reason, record);
}

/* Find the row of a process, or the one that makes room for it. */
static struct model_victim *get_victim(struct model *model, const struct model_refusal *refusal)
{
	struct model_key key = { .kind = MODEL_KIND_VICTIM, .id = refusal->tgid };
	struct model_rows *rows = &model->tables[MODEL_VICTIMS];
	struct model_victim *victims = rows->rows, *oldest = victims, *victim;
	unsigned int i;

	for (i = 0; i < rows->nr; i++) {
		victim = &victims[i];
		if (victim->tgid == refusal->tgid &&
		    !strncmp(victim->machine, refusal->machine, sizeof(victim->machine)))
			return victim;
		if (victim->last_ns < oldest->last_ns)
			oldest = victim;
	}
	/* A process of another machine may have had the same id. */
	key.number = ++model->nr_victims;
	if (rows->nr >= MODEL_VICTIMS_KEPT) {
		memset(oldest, 0, sizeof(*oldest));
		oldest->key = key;
		victim = oldest;
	} else {
		victim = rows__add(model, MODEL_VICTIMS, key);
		if (!victim)
			return NULL;
	}
	victim->tgid = refusal->tgid;
	memcpy(victim->comm, refusal->comm, sizeof(victim->comm));
	memcpy(victim->machine, refusal->machine, sizeof(victim->machine));
	return victim;
}

static void count(struct model_victim *victim, const struct model_refusal *refusal,
		  const struct event_record *record)
{
	__u64 *now, *total;

	if (record->event != EVENT_policy_verdict) {
		now = &victim->refused;
		total = &victim->refused_total;
	} else if (event__is_audit(record)) {
		now = &victim->would_deny;
		total = &victim->would_deny_total;
	} else {
		now = &victim->denied;
		total = &victim->denied_total;
	}
	++*now;
	++*total;
	victim->last_ns = refusal->time_ns;
	memcpy(victim->policy, refusal->policy, sizeof(victim->policy));
	memcpy(victim->error, refusal->error, sizeof(victim->error));
	memcpy(victim->reason, refusal->reason, sizeof(victim->reason));
}

void refusals__add(struct model *model, const struct model_line *line,
		   const struct event_record *record)
{
	struct model_refusal *refusal;
	struct model_victim *victim;

	if (record->event != EVENT_policy_verdict && record->event != EVENT_refused)
		return;
	refusal = new_refusal(model);
	if (!refusal)
		return;
	put_refusal(refusal, line, record);
	victim = get_victim(model, refusal);
	if (victim)
		count(victim, refusal, record);
}

void refusals__begin(struct model *model)
{
	struct model_rows *rows = &model->tables[MODEL_VICTIMS];
	struct model_victim *victims = rows->rows;
	unsigned int i;

	for (i = 0; i < rows->nr; i++) {
		victims[i].denied = 0;
		victims[i].would_deny = 0;
		victims[i].refused = 0;
	}
}
