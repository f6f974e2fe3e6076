// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands test and show, as JSON lines.
 */
#include <stdio.h>

#include "errname.h"
#include "hook.h"
#include "output/replayed.h"
#include "output/rules.h"
#include "rules/value.h"

void json__case_failed(const char *file, struct rules_place place, const char *text)
{
	struct json json;

	json__begin_record(&json, "case");
	json__string(&json, "file", file);
	json__u64(&json, "line", place.line);
	json__u64(&json, "column", place.column);
	json__bool(&json, "ok", false);
	json__string(&json, "text", text);
	json__end_record(&json);
}

void json__tested(const struct tested *tested)
{
	struct json json;

	json__begin_record(&json, "tested");
	json__string(&json, "file", tested->file);
	json__u64(&json, "rules", tested->nr_rules);
	json__u64(&json, "cases", tested->nr_cases);
	json__u64(&json, "failed", tested->nr_failed);
	if (tested->is_program)
		json__reads(&json, tested->reads);
	json__end_record(&json);
}

static void put_rule(struct json *json, const struct shown_rule *rule)
{
	static const char *const actions[] = {
		[RULES_DENY] = "deny", [RULES_ALLOW] = "allow", [RULES_LIMIT] = "limit"
	};
	const struct rules_stat *stat = &rule->stat;
	char name[ERRNAME_MAX];
	unsigned int i;

	json__object(json, NULL);
	json__string(json, "name", rule->name);
	json__string(json, "action", actions[rule->rule.action % RULES_NR_ACTIONS]);
	json__bool(json, "audit", rule->rule.is_audit);
	json__array(json, "hooks");
	for (i = 0; i < IOMMUFD_HOOKS; i++)
		if (rule->hooks >> i & 1)
			json__string(json, NULL, value__hook_name(i));
	json__end(json);
	json__u64(json, "denied", stat->denied);
	json__u64(json, "would_deny", stat->audited);
	json__u64(json, "allowed", stat->allowed);
	if (stat->time_ns) {
		json__object(json, "last");
		json__u64(json, "time_ns", stat->time_ns);
		json__string(json, "hook", hook__name(stat->hook));
		json__string(json, "error", errname(stat->error, name));
		json__u64(json, "tgid", stat->tgid);
		json__u64(json, "uid", stat->uid);
		json__string_n(json, "reason", stat->reason, sizeof(stat->reason));
		json__end(json);
	} else {
		json__null(json, "last");
	}
	json__end(json);
}

static void put_programs(struct json *json, const struct shown *shown)
{
	unsigned int i, j;
	char tag[17];

	json__array(json, "programs");
	for (i = 0; i < shown->nr_programs; i++) {
		for (j = 0; j < 8; j++)
			snprintf(tag + 2 * j, 3, "%02x", shown->programs[i].tag[j]);
		json__object(json, NULL);
		json__string(json, "name", shown->programs[i].name);
		json__string(json, "tag", tag);
		json__end(json);
	}
	json__end(json);
}

void json__shown(const struct shown *shown)
{
	struct json json;
	unsigned int i;

	json__begin_record(&json, "shown");
	json__string(&json, "name", shown->row->name);
	json__put_loaded(&json, shown->row);
	json__array(&json, "parameters");
	for (i = 0; i < shown->params.params.nr; i++)
		json__put_param(&json, &shown->params.params.list[i]);
	json__end(&json);
	json__array(&json, "maps");
	for (i = 0; i < shown->nr_maps; i++) {
		json__object(&json, NULL);
		json__string(&json, "name", shown->maps[i].name);
		json__string(&json, "type", shown->maps[i].type);
		json__u64(&json, "max_entries", shown->maps[i].max_entries);
		json__end(&json);
	}
	json__end(&json);
	put_programs(&json, shown);
	if (shown->is_rules) {
		json__array(&json, "rules");
		for (i = 0; i < shown->nr_rules; i++)
			put_rule(&json, &shown->rules[i]);
		json__end(&json);
		json__string_n(&json, "source", shown->source ? shown->source : "",
			       shown->source_size);
	}
	json__end_record(&json);
}
