// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model as JSON lines. iopolicy(8) describes the records.
 */
#include <stdio.h>

#include "event.h"
#include "json.h"
#include "msg.h"
#include "output/map.h"
#include "output/output.h"
#include "output/refusals.h"
#include "output/replayed.h"
#include "output/rules.h"

static void put_values(struct json *json, const struct policy_values *values)
{
	json__string(json, "name", values->name);
	json__s64(json, "priority", values->priority);
	json__bool(json, "audit", values->flags & IOMMUFD_POLICY_AUDIT);
	json__u64(json, "cgroup", values->cgroup);
}

static void put_list(const struct list *list, bool wide)
{
	static const char *const states[] = {
		[LIST_PINNED] = "pinned",   [LIST_HELD] = "held",	[LIST_STALE] = "stale",
		[LIST_UNKNOWN] = "unknown", [LIST_MISSING] = "missing",
	};
	struct json json;
	unsigned int i;

	(void)wide;
	for (i = 0; i < list->nr; i++) {
		const struct list_row *row = &list->rows[i];

		json__begin_record(&json, "policy");
		json__string(&json, "name", row->name);
		json__string(&json, "state", states[row->state]);
		if (row->state == LIST_PINNED || row->state == LIST_HELD)
			json__put_loaded(&json, row);
		json__end_record(&json);
	}
	for (i = 0; i < list->nr_maps; i++) {
		json__begin_record(&json, "unused_map");
		json__string(&json, "name", list->maps[i].name);
		json__string(&json, "path", list->maps[i].path);
		json__end_record(&json);
	}
}

static void put_inspection(const struct inspection *inspection)
{
	struct json json;
	unsigned int i;

	json__begin_record(&json, "inspect");
	json__string(&json, "file", inspection->file);
	put_values(&json, &inspection->values);
	json__u64(&json, "interface", inspection->values.version);
	json__string(&json, "license", inspection->license);
	json__array(&json, "hooks");
	for (i = 0; i < inspection->nr_hooks; i++) {
		json__object(&json, NULL);
		json__string(&json, "hook", inspection->hooks[i].hook);
		json__string(&json, "program", inspection->hooks[i].program);
		json__bool(&json, "may_sleep", inspection->hooks[i].may_sleep);
		json__end(&json);
	}
	json__end(&json);
	json__array(&json, "parameters");
	for (i = 0; i < inspection->params.nr; i++)
		json__put_param(&json, &inspection->params.list[i]);
	json__end(&json);
	json__array(&json, "maps");
	for (i = 0; i < inspection->nr_maps; i++) {
		json__object(&json, NULL);
		json__string(&json, "name", inspection->maps[i].name);
		json__string(&json, "type", inspection->maps[i].type);
		json__u64(&json, "key_bytes", inspection->maps[i].key_bytes);
		json__u64(&json, "value_bytes", inspection->maps[i].value_bytes);
		json__u64(&json, "max_entries", inspection->maps[i].max_entries);
		json__end(&json);
	}
	json__end(&json);
	json__end_record(&json);
}

static void put_changes(struct json *json, const struct changes *changes)
{
	unsigned int i;

	json__array(json, "changes");
	for (i = 0; i < changes->nr; i++) {
		json__object(json, NULL);
		json__string(json, "what", changes->list[i].what);
		json__string(json, "from", changes->list[i].from);
		json__string(json, "to", changes->list[i].to);
		json__end(json);
	}
	json__end(json);
}

static void put_keep(struct json *json, const struct keep *keep)
{
	static const char *const states[] = {
		[KEEP_KEPT] = "kept",
		[KEEP_NEW] = "new",
		[KEEP_DROPPED] = "dropped",
		[KEEP_RESET] = "reset",
	};
	unsigned int i;

	json__array(json, "maps");
	for (i = 0; i < keep->nr; i++) {
		json__object(json, NULL);
		json__string(json, "name", keep->list[i].name);
		json__string(json, "state", states[keep->list[i].state]);
		json__end(json);
	}
	json__end(json);
}

static void put_change(const struct change *change)
{
	static const char *const types[] = {
		[CHANGE_LOADED] = "loaded",	[CHANGE_REPLACED] = "replaced",
		[CHANGE_UNLOADED] = "unloaded", [CHANGE_CLEANED] = "cleaned",
		[CHANGE_SEALED] = "sealed",
	};
	struct json json;

	json__begin_record(&json, types[change->type]);
	if (change->values) {
		put_values(&json, change->values);
		json__u64(&json, "link_id", change->link_id);
		json__string(&json, "path", change->path);
		if (change->changes)
			put_changes(&json, change->changes);
		if (change->keep)
			put_keep(&json, change->keep);
	} else {
		json__string(&json, "name", change->name);
		if (change->type != CHANGE_SEALED)
			json__u64(&json, "pins_removed", change->pins_removed);
		if (change->type == CHANGE_CLEANED)
			json__bool(&json, "is_map", change->is_map);
		if (change->why)
			json__string(&json, "why", change->why);
	}
	json__end_record(&json);
}

static void put_plan(const struct plan *plan)
{
	static const char *const actions[NR_PLAN_ACTIONS] = {
		[PLAN_LOAD] = "load",
		[PLAN_REPLACE] = "replace",
		[PLAN_UNLOAD] = "unload",
		[PLAN_KEEP] = "keep",
	};
	struct json json;
	unsigned int i;

	for (i = 0; i < plan->nr; i++) {
		const struct plan_row *row = &plan->rows[i];

		json__begin_record(&json, "step");
		json__string(&json, "action", actions[row->action]);
		if (row->values)
			put_values(&json, row->values);
		else
			json__string(&json, "name", row->name);
		if (row->file)
			json__string(&json, "file", row->file);
		if (row->action == PLAN_REPLACE)
			put_changes(&json, row->changes);
		json__end_record(&json);
	}
	json__begin_record(&json, "applied");
	json__string(&json, "folder", plan->folder);
	json__bool(&json, "dry_run", plan->is_dry);
	json__u64(&json, "loaded", plan->counts[PLAN_LOAD]);
	json__u64(&json, "replaced", plan->counts[PLAN_REPLACE]);
	json__u64(&json, "unloaded", plan->counts[PLAN_UNLOAD]);
	json__u64(&json, "unchanged", plan->counts[PLAN_KEEP]);
	json__end_record(&json);
}

static void put_verified(const char *file, const struct policy_values *values, bool accepted)
{
	struct json json;

	json__begin_record(&json, "verify");
	json__string(&json, "file", file);
	json__string(&json, "name", values->name);
	json__bool(&json, "ok", accepted);
	json__end_record(&json);
}

static void put_run_start(const struct run *run)
{
	struct json json;

	json__begin_record(&json, "start");
	put_values(&json, run->values);
	json__u64(&json, "id", run->id);
	json__u64(&json, "link_id", run->link_id);
	json__u64(&json, "time_ns", run->start_ns);
	json__end_record(&json);
}

static void put_run_verdict(const struct run *run, const struct event_record *record)
{
	struct json json;

	(void)run;
	json__begin_record(&json, "verdict");
	json__u64(&json, "time_ns", record->time_ns);
	json__u64(&json, "tid", record->tid);
	json__string_or_null(&json, "comm", record->comm, sizeof(record->comm));
	event__put_json(record, &json);
	json__end_record(&json);
}

static void put_run_lost(__u64 count, __u64 total)
{
	struct json json;

	json__begin_record(&json, "lost");
	json__u64(&json, "count", count);
	json__u64(&json, "total", total);
	json__end_record(&json);
}

static void put_run_end(const struct run *run)
{
	struct json json;

	json__begin_record(&json, "end");
	json__u64(&json, "seen", run->counters.seen);
	json__u64(&json, "filtered", run->counters.filtered);
	json__u64(&json, "submitted", run->counters.submitted);
	json__u64(&json, "lost", run->counters.lost);
	json__u64(&json, "shown", run->shown);
	json__end_record(&json);
}

static void put_created(const struct created *created)
{
	struct json json;

	json__begin_record(&json, "created");
	json__array(&json, "files");
	json__string(&json, NULL, created->files[0]);
	json__string(&json, NULL, created->files[1]);
	json__end(&json);
	json__string(&json, "command", created->command);
	json__end_record(&json);
}

void output__print_error(void)
{
	struct json json;

	json__begin_record(&json, "error");
	json__string(&json, "message", msg__last());
	json__end_record(&json);
}

const struct output output_json = {
	.list = put_list,
	.inspection = put_inspection,
	.change = put_change,
	.plan = put_plan,
	.verified = put_verified,
	.created = put_created,
	.case_failed = json__case_failed,
	.tried = json__tried,
	.tested = json__tested,
	.refusals = json__refusals,
	.replayed_request = json__replayed_request,
	.replayed = json__replayed,
	.shown = json__shown,
	.map_list = json__map_list,
	.entries = json__entries,
	.entry_change = json__entry_change,
	.run_start = put_run_start,
	.run_verdict = put_run_verdict,
	.run_lost = put_run_lost,
	.run_end = put_run_end,
};
