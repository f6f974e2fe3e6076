// SPDX-License-Identifier: GPL-2.0-only
/*
 * Find rules that cannot be meant: those that never apply, and those that would lock root out.
 */
#include <string.h>

#include "msg.h"
#include "rules/clause.h"
#include "rules/value.h"

static bool is_final(const struct rules_def *def)
{
	return def->rule.action == RULES_ALLOW ||
	       (def->rule.action == RULES_DENY && !def->rule.is_audit);
}

/* The rule before this one that decides all requests of the clause at the hook; NULL: none. */
static const struct rules_def *find_shadow(const struct rules *rules, unsigned int number,
					   unsigned int hook, const struct clause *clause)
{
	const struct rules_def *def;
	unsigned int i, j;

	for (i = 0; i < number; i++) {
		def = &rules->list[i];
		if (!(def->hooks >> hook & 1) || !is_final(def))
			continue;
		for (j = 0; j < def->clauses->nr; j++)
			if (clause__is_within(rules, clause, &def->clauses->list[j]))
				return def;
	}
	return NULL;
}

/* Whether earlier rules decide all requests of a rule, each clause at each hook. */
static const struct rules_def *find_all_shadows(const struct rules *rules, unsigned int number)
{
	const struct rules_def *def = &rules->list[number], *shadow = NULL;
	unsigned int hook, i;

	for (hook = 0; hook < IOMMUFD_HOOKS; hook++) {
		for (i = 0; def->hooks >> hook & 1 && i < def->clauses->nr; i++) {
			shadow = find_shadow(rules, number, hook, &def->clauses->list[i]);
			if (!shadow)
				return NULL;
		}
	}
	return shadow;
}

/* Whether a clause holds for all requests of root: it tests nothing but perhaps the user. */
static bool is_all_of_root(const struct clause *clause)
{
	unsigned int i;

	if (clause->cgroups_in || clause->cgroups_out || clause->facts_in || clause->facts_out)
		return false;
	for (i = 0; i < RULES_NR_FIELDS; i++)
		if (clause->field[i] && (i != RULES_UID || !set__has(clause->field[i], 0)))
			return false;
	return true;
}

/* The rule that refuses all requests of root at a hook; NULL: none. The first for all decides. */
static const struct rules_def *find_lock_out(const struct rules *rules, unsigned int hook)
{
	const struct rules_def *def;
	unsigned int i, j;

	for (i = 0; i < rules->nr; i++) {
		def = &rules->list[i];
		if (!(def->hooks >> hook & 1) || !is_final(def))
			continue;
		for (j = 0; j < def->clauses->nr; j++)
			if (is_all_of_root(&def->clauses->list[j]))
				return def->rule.action == RULES_DENY ? def : NULL;
	}
	return NULL;
}

bool rules__check(const struct rules *rules)
{
	const struct rules_def *other;
	bool is_safe = true;
	unsigned int i;

	for (i = 0; i < rules->nr; i++) {
		other = find_all_shadows(rules, i);
		if (other)
			msg("%s:%u:%u: warning: rule '%s' never applies, because rule '%s' in line "
			    "%u decides all of its calls",
			    rules->file, rules->list[i].place.line, rules->list[i].place.column,
			    rules->list[i].name, other->name, other->place.line);
	}
	if (rules->audit || rules->force)
		return true;
	for (i = 0; i < IOMMUFD_HOOKS; i++) {
		other = find_lock_out(rules, i);
		if (!other)
			continue;
		msg("%s:%u:%u: rule '%s' refuses every %s, also those of root", rules->file,
		    other->place.line, other->place.column, other->name, value__hook_name(i));
		is_safe = false;
	}
	return is_safe;
}
