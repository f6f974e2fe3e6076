// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model as text for people.
 */
#include <stdio.h>
#include <string.h>

#include "errname.h"
#include "event.h"
#include "hook.h"
#include "human.h"
#include "output/map.h"
#include "output/output.h"
#include "output/refusals.h"
#include "output/replayed.h"
#include "output/rules.h"
#include "row.h"
#include "text.h"

#define NS_PER_SEC 1000000000ULL
#define COLUMNS(array) (array), sizeof(array) / sizeof((array)[0])

/* clang-format off */
enum { ID, NAME, PRIO, SCOPE, STATE, MODE, HOOKS, ALLOWED, DENIED, WOULD, REASON };

static const struct row_column narrow[] = {
	[ID] = { "ID", 3, true },
	[NAME] = { "NAME", 12, false },
	[PRIO] = { "PRIO", 4, true },
	[SCOPE] = { "SCOPE", 8, false },
	[STATE] = { "STATE", 6, false },
	[MODE] = { "MODE", 7, false },
	[HOOKS] = { "HOOKS", 8, false },
	[ALLOWED] = { "ALLOWED", 7, true },
	[DENIED] = { "DENIED", 6, true },
	[WOULD] = { "WOULD-DENY", 10, true },
	[REASON] = { "LAST-REASON", 0, false },
};

enum {
	W_ID, W_LINK, W_NAME, W_PRIO, W_SCOPE, W_STATE, W_MODE, W_HOOK, W_ALLOWED, W_DENIED,
	W_WOULD, W_INVALID, W_REASON
};

static const struct row_column wide[] = {
	[W_ID] = { "ID", 4, true },
	[W_LINK] = { "LINK", 4, true },
	[W_NAME] = { "NAME", 16, false },
	[W_PRIO] = { "PRIO", 5, true },
	[W_SCOPE] = { "SCOPE", 16, false },
	[W_STATE] = { "STATE", 6, false },
	[W_MODE] = { "MODE", 7, false },
	[W_HOOK] = { "HOOK", 13, false },
	[W_ALLOWED] = { "ALLOWED", 10, true },
	[W_DENIED] = { "DENIED", 10, true },
	[W_WOULD] = { "WOULD-DENY", 10, true },
	[W_INVALID] = { "INVALID", 7, true },
	[W_REASON] = { "LAST-REASON", 0, false },
};

enum { C_ID, C_NAME, C_MODE, C_HOOK, C_CALLS, C_P50, C_P99, C_TIME, C_SHARE };

static const struct row_column costs[] = {
	[C_ID] = { "ID", 3, true },
	[C_NAME] = { "NAME", 12, false },
	[C_MODE] = { "MODE", 7, false },
	[C_HOOK] = { "HOOK", 13, false },
	[C_CALLS] = { "CALLS", 8, true },
	[C_P50] = { "P50", 6, true },
	[C_P99] = { "P99", 6, true },
	[C_TIME] = { "TIME", 6, true },
	[C_SHARE] = { "%CALL", 6, true },
};

enum { R_TIME, R_PID, R_COMM, R_HOOK, R_CTX, R_OBJECT, R_RESULT, R_REASON };

static const struct row_column verdicts[] = {
	[R_TIME] = { "TIME", 10, true },
	[R_PID] = { "PID", 6, true },
	[R_COMM] = { "COMM", 15, false },
	[R_HOOK] = { "HOOK", 13, false },
	[R_CTX] = { "CTX", 4, true },
	[R_OBJECT] = { "OBJ", 4, true },
	[R_RESULT] = { "RESULT", 8, false },
	[R_REASON] = { "REASON", 0, false },
};

/* clang-format on */

/* ---- list ---- */

/* "EDQUOT over 1 GiB", "EPERM", "-" */
static char *format_reason(char *text, size_t size, const struct list_row *row)
{
	const struct iommufd_policy_info *info = &row->info;
	char name[ERRNAME_MAX];
	int at;

	if (row->scope.is_gone) {
		snprintf(text, size, "its cgroup was removed%s",
			 row->state == LIST_PINNED ? "; run iopolicy clean" : "");
		return text;
	}
	if (!info->last_ret)
		return strcpy(text, "-");
	at = snprintf(text, size, "%s%s", errname(-info->last_ret, name),
		      info->reason[0] ? " " : "");
	text__clean(text + at, size - at, info->reason, sizeof(info->reason), size, false);
	return text;
}

static const char *format_state(const struct list_row *row)
{
	if (row->scope.is_gone)
		return "gone";
	if (row->info.flags & IOMMUFD_POLICY_SEALED)
		return "sealed";
	switch (row->state) {
	case LIST_PINNED:
		return "pinned";
	case LIST_HELD:
		return "held";
	case LIST_STALE:
		return "stale";
	case LIST_MISSING:
		return "missing";
	case LIST_UNKNOWN:
		break;
	}
	return "unknown";
}

static const char *format_mode(const struct iommufd_policy_info *info)
{
	if (info->flags & IOMMUFD_POLICY_EJECTED)
		return "ejected";
	return info->flags & IOMMUFD_POLICY_AUDIT ? "audit" : "enforce";
}

static void put_name(struct row *row, unsigned int column, const char *name)
{
	char text[4 * IOMMUFD_POLICY_NAME_LEN];

	text__clean(text, sizeof(text), name, IOMMUFD_POLICY_NAME_LEN, sizeof(text), false);
	row__put(row, column, text);
}

static void print_narrow(struct row *row, const struct list_row *policy)
{
	const struct iommufd_policy_info *info = &policy->info;
	char text[512], hooks[HOOKS_MAX];

	row__begin(row);
	row__number(row, ID, info->id);
	put_name(row, NAME, policy->name);
	row__printf(row, PRIO, "%d", info->priority);
	row__put(row, SCOPE, text__scope(text, sizeof(text), &policy->scope));
	row__put(row, STATE, format_state(policy));
	row__put(row, MODE, format_mode(info));
	row__put(row, HOOKS, hook__list(hooks, info->hooks));
	row__number(row, ALLOWED, policy->sum.allowed);
	row__number(row, DENIED, policy->sum.denied);
	row__number(row, WOULD, policy->sum.would_deny);
	row__put(row, REASON, format_reason(text, sizeof(text), policy));
	row__print(row, stdout);
}

static void print_wide(struct row *row, const struct list_row *policy)
{
	const struct iommufd_policy_info *info = &policy->info;
	char text[512];
	unsigned int i;

	for (i = 0; i < IOMMUFD_HOOKS; i++) {
		const struct iommufd_policy_count *count = &info->counts[i];

		if (!(info->hooks & 1u << i))
			continue;
		row__begin(row);
		row__number(row, W_ID, info->id);
		row__number(row, W_LINK, info->link_id);
		put_name(row, W_NAME, policy->name);
		row__printf(row, W_PRIO, "%d", info->priority);
		row__put(row, W_SCOPE, text__scope(text, sizeof(text), &policy->scope));
		row__put(row, W_STATE, format_state(policy));
		row__put(row, W_MODE, format_mode(info));
		row__put(row, W_HOOK, hook_names[i]);
		row__number(row, W_ALLOWED, count->allowed);
		row__number(row, W_DENIED, count->denied);
		row__number(row, W_WOULD, count->would_deny);
		row__number(row, W_INVALID, count->invalid);
		row__put(row, W_REASON,
			 info->last_hook == i || policy->scope.is_gone ?
				 format_reason(text, sizeof(text), policy) :
				 "-");
		row__print(row, stdout);
	}
}

static void print_stale(struct row *row, const struct list_row *policy, bool is_wide)
{
	row__begin(row);
	row__put(row, ID, "-");
	put_name(row, is_wide ? (int)W_NAME : NAME, policy->name);
	row__put(row, is_wide ? (int)W_STATE : STATE, format_state(policy));
	row__put(row, is_wide ? (int)W_REASON : REASON,
		 policy->state == LIST_UNKNOWN ? "cannot open its link" :
		 policy->state == LIST_MISSING ? "it must be in force, so calls are refused" :
						 "not loaded; run iopolicy clean");
	row__print(row, stdout);
}

static void print_map(struct row *row, const struct list_map *map, bool is_wide)
{
	char text[4 * sizeof(map->name)];

	row__begin(row);
	row__put(row, ID, "-");
	text__clean(text, sizeof(text), map->name, sizeof(map->name), sizeof(text), false);
	row__put(row, is_wide ? (int)W_NAME : NAME, text);
	row__put(row, is_wide ? (int)W_STATE : STATE, "map");
	row__put(row, is_wide ? (int)W_REASON : REASON,
		 "no program uses this map; run iopolicy clean");
	row__print(row, stdout);
}

static void print_policies(struct row *row, const struct list *list, bool is_wide)
{
	unsigned int i;

	row__print_header(row, stdout);
	for (i = 0; i < list->nr; i++) {
		const struct list_row *policy = &list->rows[i];

		if (policy->state != LIST_PINNED && policy->state != LIST_HELD)
			print_stale(row, policy, is_wide);
		else if (is_wide)
			print_wide(row, policy);
		else
			print_narrow(row, policy);
	}
	for (i = 0; i < list->nr_maps; i++)
		print_map(row, &list->maps[i], is_wide);
}

/* ---- list --cost ---- */

static const char *format_time(char text[HUMAN_MAX], __u64 ns)
{
	return ns == COST_UNKNOWN ? "-" : human__time(text, ns);
}

static void print_hook_cost(struct row *row, const struct list_row *policy, unsigned int hook)
{
	const struct cost *cost = &policy->costs[hook];
	__u64 share = cost__share(cost->share_ns, cost->call_ns);
	char text[HUMAN_MAX];

	row__begin(row);
	row__number(row, C_ID, policy->info.id);
	put_name(row, C_NAME, policy->name);
	row__put(row, C_MODE, format_mode(&policy->info));
	row__put(row, C_HOOK, hook_names[hook]);
	row__number(row, C_CALLS, cost->calls);
	row__put(row, C_P50, format_time(text, cost__percentile(cost, 50)));
	row__put(row, C_P99, format_time(text, cost__percentile(cost, 99)));
	row__put(row, C_TIME, format_time(text, cost->ns));
	if (share == COST_UNKNOWN)
		row__put(row, C_SHARE, "-");
	else
		row__printf(row, C_SHARE, "%llu.%02llu", share / 100, share % 100);
	row__print(row, stdout);
}

static void print_costs(struct row *row, const struct list *list)
{
	unsigned int i, hook;

	row__print_header(row, stdout);
	for (i = 0; i < list->nr; i++)
		for (hook = 0; list->rows[i].costs && hook < IOMMUFD_HOOKS; hook++)
			if (list->rows[i].info.hooks & 1u << hook)
				print_hook_cost(row, &list->rows[i], hook);
}

static void print_cost_list(const struct list *list)
{
	struct row_column columns[sizeof(costs) / sizeof(costs[0])];
	unsigned int widest[sizeof(costs) / sizeof(costs[0])] = {}, i;
	const unsigned int nr = sizeof(costs) / sizeof(costs[0]);
	struct row row;

	memcpy(columns, costs, sizeof(columns));
	row__init(&row, columns, nr, 0);
	row__measure(&row, widest);
	print_costs(&row, list);
	for (i = 0; i < nr; i++)
		if (widest[i] > columns[i].width)
			columns[i].width = widest[i];
	row__init(&row, columns, nr, 0);
	print_costs(&row, list);
	if (list->costs_lost)
		printf("LOST %llu decision%s: there are too many policies, or no memory\n",
		       list->costs_lost, list->costs_lost == 1 ? "" : "s");
}

/* Widen the columns to their widest cells, so that no cell moves those behind it. */
static void print_list(const struct list *list, bool is_wide)
{
	struct row_column columns[sizeof(wide) / sizeof(wide[0])];
	const unsigned int nr = is_wide ? sizeof(wide) / sizeof(wide[0]) :
					  sizeof(narrow) / sizeof(narrow[0]);
	unsigned int widest[sizeof(wide) / sizeof(wide[0])] = {}, i;
	struct row row;

	if (list->has_costs) {
		print_cost_list(list);
		return;
	}
	_Static_assert(sizeof(narrow) <= sizeof(wide), "the arrays have room for both");
	memcpy(columns, is_wide ? wide : narrow, nr * sizeof(columns[0]));
	row__init(&row, columns, nr, 0);
	row__measure(&row, widest);
	print_policies(&row, list, is_wide);
	for (i = 0; i + 1 < nr; i++)
		if (widest[i] > columns[i].width)
			columns[i].width = widest[i];
	row__init(&row, columns, nr, 0);
	print_policies(&row, list, is_wide);
}

/* ---- inspect ---- */

/* Print the title before the first line of a list, and blanks before the others. */
static void begin_line(const char **title)
{
	printf("%-11s ", *title);
	*title = "";
}

static void end_list(const char *title)
{
	if (*title)
		printf("%-11s none\n", title);
}

static void print_hooks(const struct inspection *inspection)
{
	char name[NAME_MAX_SIZE], program[NAME_MAX_SIZE];
	const char *title = "hooks";
	unsigned int i;

	for (i = 0; i < inspection->nr_hooks; i++) {
		const struct inspected_hook *hook = &inspection->hooks[i];

		begin_line(&title);
		printf("%-13s %-24s %s\n", text__name(name, hook->hook),
		       text__name(program, hook->program),
		       hook->may_sleep ? "may sleep" : "does not sleep");
	}
	end_list(title);
}

static void print_params(const struct inspection *inspection)
{
	char name[NAME_MAX_SIZE], type[NAME_MAX_SIZE], text[PARAM_VALUE_MAX];
	const char *title = "parameters";
	unsigned int i;

	for (i = 0; i < inspection->params.nr; i++) {
		const struct param *param = &inspection->params.list[i];

		begin_line(&title);
		printf("%-24s %-16s %s\n", text__name(name, param->name),
		       text__name(type, param->type), param__format(text, param));
	}
	end_list(title);
}

static void print_maps(const struct inspection *inspection)
{
	const char *title = "maps";
	char name[NAME_MAX_SIZE];
	unsigned int i;

	for (i = 0; i < inspection->nr_maps; i++) {
		const struct inspected_map *map = &inspection->maps[i];

		begin_line(&title);
		printf("%-24s %-16s key %u byte%s, value %u byte%s, %u entr%s\n",
		       text__name(name, map->name), map->type, map->key_bytes,
		       map->key_bytes == 1 ? "" : "s", map->value_bytes,
		       map->value_bytes == 1 ? "" : "s", map->max_entries,
		       map->max_entries == 1 ? "y" : "ies");
	}
	end_list(title);
}

static void print_inspection(const struct inspection *inspection)
{
	const struct policy_values *values = &inspection->values;
	char scope[256], text[NAME_MAX_SIZE];

	printf("%-11s %s\n", "policy", text__name(text, values->name));
	printf("%-11s %s\n", "file", text__name(text, inspection->file));
	printf("%-11s %u\n", "interface", values->version);
	printf("%-11s %s\n", "license", text__name(text, inspection->license));
	printf("%-11s %d\n", "priority", values->priority);
	printf("%-11s %s\n", "scope", text__scope(scope, sizeof(scope), &inspection->scope));
	printf("%-11s %s\n", "mode",
	       values->flags & IOMMUFD_POLICY_AUDIT ? "audit only" : "enforce");
	print_hooks(inspection);
	print_params(inspection);
	print_maps(inspection);
}

/* ---- load, replace, unload, clean, verify ---- */

static void print_changes(const struct changes *changes)
{
	unsigned int i;

	for (i = 0; changes && i < changes->nr; i++)
		printf("    %s: %s -> %s\n", changes->list[i].what, changes->list[i].from,
		       changes->list[i].to);
}

static void print_keep(const struct keep *keep)
{
	static const char *const words[] = {
		[KEEP_KEPT] = "kept",
		[KEEP_NEW] = "new",
		[KEEP_DROPPED] = "dropped",
		[KEEP_RESET] = "not kept: variables of the old programs",
	};
	char name[NAME_MAX_SIZE];
	unsigned int i;

	for (i = 0; keep && i < keep->nr; i++)
		printf("    map %s: %s\n", text__name(name, keep->list[i].name),
		       words[keep->list[i].state]);
}

static void print_change(const struct change *change)
{
	static const char *const verbs[] = {
		[CHANGE_LOADED] = "loaded",
		[CHANGE_REPLACED] = "replaced",
		[CHANGE_UNLOADED] = "unloaded",
		[CHANGE_CLEANED] = "cleaned",
	};

	if (change->type == CHANGE_SEALED) {
		printf("%s sealed until the machine is rebooted\n", change->name);
		return;
	}
	if (change->values)
		printf("%s %s%s, pinned in %s\n", change->name, verbs[change->type],
		       change->values->flags & IOMMUFD_POLICY_AUDIT ? " for audit only" : "",
		       change->path);
	else
		printf("%s%s %s, %u pin%s removed%s%s\n", change->is_map ? "map " : "",
		       change->name, verbs[change->type], change->pins_removed,
		       change->pins_removed == 1 ? "" : "s", change->why ? ": " : "",
		       change->why ? change->why : "");
	print_changes(change->changes);
	print_keep(change->keep);
}

/* ---- apply: a line for each policy, as in a diff, and a sum ---- */

static void print_plan_row(const struct plan_row *row)
{
	static const char signs[NR_PLAN_ACTIONS] = {
		[PLAN_LOAD] = '+',
		[PLAN_REPLACE] = '~',
		[PLAN_UNLOAD] = '-',
		[PLAN_KEEP] = '=',
	};
	char scope[NAME_MAX_SIZE], file[NAME_MAX_SIZE];

	printf("%c %s", signs[row->action], row->name);
	if (row->action == PLAN_LOAD)
		printf(": priority %d, scope %s, %s", row->values->priority,
		       text__scope(scope, sizeof(scope), &row->scope),
		       row->values->flags & IOMMUFD_POLICY_AUDIT ? "audit" : "enforce");
	if (row->file)
		printf(" (%s)", text__name(file, row->file));
	printf("\n");
	if (row->action == PLAN_REPLACE)
		print_changes(row->changes);
}

static void print_plan(const struct plan *plan)
{
	unsigned int i;

	for (i = 0; i < plan->nr; i++)
		print_plan_row(&plan->rows[i]);
	printf("%s%u loaded, %u replaced, %u unloaded, %u unchanged\n",
	       plan->is_dry ? "would be: " : "", plan->counts[PLAN_LOAD],
	       plan->counts[PLAN_REPLACE], plan->counts[PLAN_UNLOAD], plan->counts[PLAN_KEEP]);
}

/* A rejection has been explained on stderr. */
static void print_verified(const char *file, const struct policy_values *values, bool accepted)
{
	char text[NAME_MAX_SIZE];

	if (accepted)
		printf("ok: the kernel accepts %s (%s)\n", values->name, text__name(text, file));
}

/* ---- run ---- */

static void print_run_start(const struct run *run)
{
	struct row row;

	(void)run;
	row__init(&row, COLUMNS(verdicts), 0);
	row__print_header(&row, stdout);
}

static void print_run_verdict(const struct run *run, const struct event_record *record)
{
	const struct args_policy_verdict *verdict = (const void *)record->args;
	char reason[EVENT_REASON_MAX], text[4 * EVENT_REASON_MAX], name[ERRNAME_MAX];
	__u64 since = record->time_ns > run->start_ns ? record->time_ns - run->start_ns : 0;
	__s32 ret = verdict->ret;
	struct row row;

	row__init(&row, COLUMNS(verdicts), 0);
	row__begin(&row);
	row__printf(&row, R_TIME, "%llu.%06llu", since / NS_PER_SEC, since % NS_PER_SEC / 1000);
	row__number(&row, R_PID, verdict->tgid);
	text__clean(text, sizeof(text), record->comm, sizeof(record->comm), verdicts[R_COMM].width,
		    text__locale_is_utf8());
	row__put(&row, R_COMM, text);
	row__put(&row, R_HOOK, event__hook(record));
	row__number(&row, R_CTX, verdict->ctx);
	if (verdict->object == EVENT_NONE)
		row__put(&row, R_OBJECT, "-");
	else
		row__number(&row, R_OBJECT, verdict->object);
	row__printf(&row, R_RESULT, "%s%s", ret ? errname(-ret, name) : "ok",
		    ret && verdict->flags & IOMMUFD_POLICY_AUDIT ? " (audit)" : "");
	event__reason(reason, record);
	text__clean(text, sizeof(text), reason, sizeof(reason), sizeof(text), false);
	row__put(&row, R_REASON, text);
	row__print(&row, stdout);
}

static void print_created(const struct created *created)
{
	printf("%s and %s written; %s:\n  %s\n", created->files[0], created->files[1],
	       created->is_program ? "compile the first" : "test them", created->command);
}

static void print_run_lost(__u64 count, __u64 total)
{
	printf("LOST %llu verdict%s (%llu in all): the buffer was full\n", count,
	       count == 1 ? "" : "s", total);
}

static void print_run_end(const struct run *run)
{
	(void)run;
}

const struct output output_text = {
	.list = print_list,
	.inspection = print_inspection,
	.change = print_change,
	.plan = print_plan,
	.verified = print_verified,
	.created = print_created,
	.case_failed = text__case_failed,
	.tried = text__tried,
	.tested = text__tested,
	.refusals = text__refusals,
	.replayed_request = text__replayed_request,
	.replayed = text__replayed,
	.shown = text__shown,
	.map_list = text__map_list,
	.entries = text__entries,
	.entry_change = text__entry_change,
	.run_start = print_run_start,
	.run_verdict = print_run_verdict,
	.run_lost = print_run_lost,
	.run_end = print_run_end,
};
