// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compile rules to an image, see iommufd_rules.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "msg.h"
#include "rules/clause.h"
#include "rules/value.h"

/* A hook that is being compiled. */
struct compiling {
	const struct rules *rules;
	struct rules_image *image;
	struct rules_hook *hook;
	const struct clause *clause[RULES_CLAUSES];
	__u64 cuts[RULES_KEYS]; /* where the tests of a field change */
	unsigned int nr_cuts;
};

static void set_bit(__u64 bits[RULES_WORDS], unsigned int clause)
{
	bits[clause / 64] |= 1ull << clause % 64;
}

static bool add_cut(struct compiling *compiling, __u64 cut)
{
	if (compiling->nr_cuts == RULES_KEYS)
		return false;
	compiling->cuts[compiling->nr_cuts++] = cut;
	return true;
}

static int compare(const void *a, const void *b)
{
	const __u64 *one = a, *two = b;

	return *one < *two ? -1 : *one > *two;
}

/* Find the values at which some test of the field changes; 0 is always one. */
static bool find_cuts(struct compiling *compiling, unsigned int field)
{
	const struct set *set;
	unsigned int i, j, nr = 1;

	compiling->nr_cuts = 0;
	add_cut(compiling, 0);
	for (i = 0; i < compiling->hook->nr; i++) {
		set = compiling->clause[i]->field[field];
		for (j = 0; set && j < set->nr; j++) {
			if (!add_cut(compiling, set->list[j].first))
				return false;
			if (set->list[j].last != ~0ull &&
			    !add_cut(compiling, set->list[j].last + 1))
				return false;
		}
	}
	qsort(compiling->cuts, compiling->nr_cuts, sizeof(compiling->cuts[0]), compare);
	for (i = 1; i < compiling->nr_cuts; i++)
		if (compiling->cuts[i] != compiling->cuts[nr - 1])
			compiling->cuts[nr++] = compiling->cuts[i];
	compiling->nr_cuts = nr;
	return true;
}

static bool add_table(struct compiling *compiling, unsigned int field)
{
	struct rules_image *image = compiling->image;
	struct rules_table *table = &compiling->hook->table[field];
	const struct set *set;
	unsigned int i, j;

	if (!find_cuts(compiling, field) || image->nr_keys + compiling->nr_cuts > RULES_KEYS)
		return false;
	table->first = image->nr_keys;
	table->nr = compiling->nr_cuts;
	for (i = 0; i < compiling->nr_cuts; i++) {
		image->keys[image->nr_keys] = compiling->cuts[i];
		for (j = 0; j < compiling->hook->nr; j++) {
			set = compiling->clause[j]->field[field];
			if (!set || set__has(set, compiling->cuts[i]))
				set_bit(image->bits[image->nr_keys], j);
		}
		image->nr_keys++;
	}
	for (j = 0; j < compiling->hook->nr; j++)
		if (compiling->clause[j]->field[field])
			set_bit(compiling->hook->testing[field], j);
	compiling->hook->fields |= 1ull << field;
	return true;
}

/* Set the bits of a clause that tests no field. */
static void add_clause(struct compiling *compiling, const struct clause *clause, unsigned int rule)
{
	bool allows = compiling->image->rule[rule].action == RULES_ALLOW;
	struct rules_hook *hook = compiling->hook;
	unsigned int number = hook->nr++, i;

	compiling->clause[number] = clause;
	hook->rule[number] = rule;
	set_bit(hook->all, number);
	if (!clause->cgroups_in)
		set_bit(hook->cgroup_free, number);
	if (clause->cgroups_in || clause->cgroups_out) {
		hook->has_cgroups = 1;
		set_bit(hook->cgroup_testing, number);
		if (allows)
			set_bit(hook->cgroup_allow, number);
	}
	for (i = 0; i < RULES_PATTERNS; i++) {
		if (clause->cgroups_in >> i & 1)
			set_bit(hook->cgroup_in[i], number);
		if (clause->cgroups_out >> i & 1)
			set_bit(hook->cgroup_out[i], number);
	}
	hook->facts |= clause->facts_in | clause->facts_out;
	if (allows && (clause->facts_in || clause->facts_out))
		set_bit(hook->fact_allow, number);
	for (i = 0; i < RULES_FACTS; i++) {
		if (clause->facts_in >> i & 1)
			set_bit(hook->fact_in[i], number);
		if (clause->facts_out >> i & 1)
			set_bit(hook->fact_out[i], number);
	}
}

static int compile_hook(struct compiling *compiling, unsigned int number)
{
	const struct rules *rules = compiling->rules;
	unsigned int i, j, field;

	compiling->hook = &compiling->image->hook[number];
	for (i = 0; i < rules->nr; i++) {
		const struct rules_def *def = &rules->list[i];

		if (!(def->hooks >> number & 1))
			continue;
		for (j = 0; j < def->clauses->nr; j++) {
			if (compiling->hook->nr == RULES_CLAUSES) {
				msg("%s:%u:%u: with rule '%s', the conditions of %s have more than "
				    "%d alternatives; make two files of this one",
				    rules->file, def->place.line, def->place.column, def->name,
				    value__hook_name(number), RULES_CLAUSES);
				return -ENOEXEC;
			}
			add_clause(compiling, &def->clauses->list[j], i);
		}
	}
	compiling->hook->words = (compiling->hook->nr + 63) / 64;
	for (field = 0; field < RULES_NR_FIELDS; field++) {
		for (i = 0; i < compiling->hook->nr; i++)
			if (compiling->clause[i]->field[field])
				break;
		if (i == compiling->hook->nr || add_table(compiling, field))
			continue;
		msg("%s: the rules test more than %d values and ranges in all; make two files of "
		    "this one",
		    rules->file, RULES_KEYS / 2);
		return -ENOEXEC;
	}
	return 0;
}

int rules__compile(const struct rules *rules, struct rules_image **image)
{
	struct compiling *compiling = calloc(1, sizeof(*compiling));
	unsigned int i;
	int err = 0;

	*image = calloc(1, sizeof(**image));
	if (!*image || !compiling) {
		msg("%s: not enough memory", rules->file);
		free(compiling);
		return -ENOMEM;
	}
	compiling->rules = rules;
	compiling->image = *image;
	for (i = 0; i < rules->nr; i++)
		(*image)->rule[i] = rules->list[i].rule;
	(*image)->nr_rules = rules->nr;
	(*image)->nr_patterns = rules->nr_patterns;
	(*image)->nr_boxes = rules->nr_boxes;
	memcpy((*image)->pattern, rules->pattern, sizeof(rules->pattern));
	memcpy((*image)->name, rules->name, sizeof(rules->name));
	memcpy((*image)->box, rules->box, sizeof(rules->box));
	for (i = 0; i < IOMMUFD_HOOKS && !err; i++)
		err = compile_hook(compiling, i);
	free(compiling);
	return err;
}
