// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands test and show, as text for people.
 */
#include <stdio.h>
#include <string.h>

#include "errname.h"
#include "hook.h"
#include "human.h"
#include "output/replayed.h"
#include "output/rules.h"
#include "row.h"
#include "rules/value.h"
#include "text.h"

#define COLUMNS(array) (array), sizeof(array) / sizeof((array)[0])

enum { RULE, ACTION, AT, DENIED, AUDITED, ALLOWED, LAST };

static const struct row_column columns[] = {
	[RULE] = { "RULE", 16, false },
	[ACTION] = { "ACTION", 6, false },
	[AT] = { "AT", 12, false },
	[DENIED] = { "DENIED", 6, true },
	[AUDITED] = { "WOULD-DENY", 10, true },
	[ALLOWED] = { "ALLOWED", 7, true },
	[LAST] = { "LAST-REASON", 0, false },
};

void text__case_failed(const char *file, struct rules_place place, const char *text)
{
	char name[NAME_MAX_SIZE];

	printf("%s:%u:%u: %s\n", text__name(name, file), place.line, place.column, text);
}

void text__tested(const struct tested *tested)
{
	char name[NAME_MAX_SIZE];

	if (tested->is_program)
		text__reads(tested->reads);
	printf("%s:", text__name(name, tested->file));
	if (!tested->is_program)
		printf(" %u rule%s%s", tested->nr_rules, tested->nr_rules == 1 ? "" : "s",
		       tested->nr_cases ? "," : "");
	if (tested->nr_cases)
		printf(" %u case%s, %u failed", tested->nr_cases, tested->nr_cases == 1 ? "" : "s",
		       tested->nr_failed);
	printf("\n");
}

static const char *format_action(const struct rules_rule *rule)
{
	if (rule->action == RULES_ALLOW)
		return "allow";
	if (rule->is_audit)
		return "audit";
	return rule->action == RULES_LIMIT ? "limit" : "deny";
}

static void print_rule(struct row *row, const struct shown_rule *rule)
{
	char hooks[HOOK_LIST_MAX], text[4 * IOMMUFD_POLICY_REASON_LEN];

	row__begin(row);
	row__put(row, RULE, rule->name);
	row__put(row, ACTION, format_action(&rule->rule));
	row__put(row, AT,
		 rule->hooks == RULES_AT_ALL ? "all" : value__hook_list(hooks, rule->hooks));
	row__number(row, DENIED, rule->stat.denied);
	row__number(row, AUDITED, rule->stat.audited);
	row__number(row, ALLOWED, rule->stat.allowed);
	text__clean(text, sizeof(text), rule->stat.reason, sizeof(rule->stat.reason), sizeof(text),
		    false);
	if (*text)
		row__printf(row, LAST, "pid %u, uid %u: %s", rule->stat.tgid, rule->stat.uid, text);
	else
		row__put(row, LAST, "-");
	row__print(row, stdout);
}

static void print_rules(const struct shown *shown)
{
	struct row row;
	unsigned int i;

	printf("\n");
	row__init(&row, COLUMNS(columns), 0);
	row__print_header(&row, stdout);
	for (i = 0; i < shown->nr_rules; i++)
		print_rule(&row, &shown->rules[i]);
}

static void print_line(const char *title, const char *text)
{
	printf("%-11s %s\n", title, text);
}

void text__shown(const struct shown *shown)
{
	const struct iommufd_policy_info *info = &shown->row->info;
	char text[NAME_MAX_SIZE], hooks[HOOKS_MAX], value[PARAM_VALUE_MAX];
	unsigned int i, j;

	print_line("policy", text__name(text, shown->row->name));
	printf("%-11s %u\n%-11s %d\n", "id", info->id, "priority", info->priority);
	print_line("scope", text__scope(text, sizeof(text), &shown->row->scope));
	print_line("mode", info->flags & IOMMUFD_POLICY_AUDIT ? "audit only" : "enforce");
	print_line("hooks", hook__list(hooks, info->hooks));
	for (i = 0; i < shown->params.params.nr; i++) {
		const struct param *param = &shown->params.params.list[i];

		printf("%-11s %-24s %s\n", i ? "" : "parameters", text__name(text, param->name),
		       param__format(value, param));
	}
	for (i = 0; i < shown->nr_maps; i++)
		printf("%-11s %-24s %-14s %u entr%s\n", i ? "" : "maps",
		       text__name(text, shown->maps[i].name), shown->maps[i].type,
		       shown->maps[i].max_entries, shown->maps[i].max_entries == 1 ? "y" : "ies");
	for (i = 0; i < shown->nr_programs; i++) {
		printf("%-11s %-24s ", i ? "" : "programs",
		       text__name(text, shown->programs[i].name));
		for (j = 0; j < sizeof(shown->programs[i].tag); j++)
			printf("%02x", shown->programs[i].tag[j]);
		printf("\n");
	}
	if (shown->is_rules)
		print_rules(shown);
}
