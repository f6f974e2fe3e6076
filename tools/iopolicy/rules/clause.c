// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conjunctions of tests, see clause.h.
 *
 * Each list is kept short: a clause that is true only where another one is goes away, and two that
 * differ in one field become one. So "not" of a long list does not explode.
 */
#include <string.h>

#include "rules/clause.h"

static struct clauses *clauses_alloc(struct clause_maker *maker, unsigned int most)
{
	return arena__alloc(&maker->arena, sizeof(struct clauses) + most * sizeof(struct clause));
}

/* A list is made where it has room for all clauses, and copied when its size is known. */
static struct clauses *begin_list(struct clause_maker *maker)
{
	if (!maker->scratch)
		maker->scratch = clauses_alloc(maker, RULES_CLAUSES);
	if (maker->scratch)
		maker->scratch->nr = 0;
	return maker->scratch;
}

static const struct clauses *end_list(struct clause_maker *maker)
{
	struct clauses *clauses = clauses_alloc(maker, maker->scratch->nr);

	if (clauses)
		memcpy(clauses, maker->scratch,
		       sizeof(*clauses) + maker->scratch->nr * sizeof(clauses->list[0]));
	return clauses;
}

static struct clauses *one_clause(struct clause_maker *maker)
{
	struct clauses *clauses = clauses_alloc(maker, 1);

	if (!clauses)
		return NULL;
	clauses->nr = 1;
	memset(&clauses->list[0], 0, sizeof(clauses->list[0]));
	return clauses;
}

const struct clauses *clauses__all(struct clause_maker *maker)
{
	return one_clause(maker);
}

const struct clauses *clauses__field(struct clause_maker *maker, enum rules_field field,
				     const struct set *set)
{
	struct clauses *clauses = one_clause(maker);

	if (!clauses)
		return NULL;
	if (!set->nr)
		clauses->nr = 0;
	else if (!set__is_all(set))
		clauses->list[0].field[field] = set;
	return clauses;
}

const struct clauses *clauses__cgroups(struct clause_maker *maker, __u64 patterns)
{
	struct clauses *clauses = one_clause(maker);

	if (clauses)
		clauses->list[0].cgroups_in = patterns;
	return clauses;
}

const struct clauses *clauses__fact(struct clause_maker *maker, unsigned int fact)
{
	struct clauses *clauses = one_clause(maker);

	if (clauses)
		clauses->list[0].facts_in = 1u << fact;
	return clauses;
}

/* Whether each cgroup of the patterns a is one of the patterns b; 0 is all cgroups. */
static bool are_cgroups_within(const struct rules *rules, __u64 a, __u64 b)
{
	unsigned int i, j;

	if (!b)
		return true;
	if (!a)
		return false;
	for (i = 0; i < rules->nr_patterns; i++) {
		if (!(a >> i & 1))
			continue;
		for (j = 0; j < rules->nr_patterns; j++)
			if (b >> j & 1 && pattern__is_within(rules, i, j))
				break;
		if (j == rules->nr_patterns)
			return false;
	}
	return true;
}

bool clause__is_within(const struct rules *rules, const struct clause *a, const struct clause *b)
{
	unsigned int i;

	if ((a->facts_in & b->facts_in) != b->facts_in ||
	    (a->facts_out & b->facts_out) != b->facts_out ||
	    (a->cgroups_out & b->cgroups_out) != b->cgroups_out ||
	    !are_cgroups_within(rules, a->cgroups_in, b->cgroups_in))
		return false;
	for (i = 0; i < RULES_NR_FIELDS; i++)
		if (b->field[i] && (!a->field[i] || !set__is_within(a->field[i], b->field[i])))
			return false;
	return true;
}

/* If two clauses differ in one field only, make one of them. Return 1 if so, 0 or -ENOMEM. */
static int unite(struct clause_maker *maker, struct clause *a, const struct clause *b)
{
	unsigned int i, differs = RULES_NR_FIELDS;
	const struct set *set;

	if (a->cgroups_in != b->cgroups_in || a->cgroups_out != b->cgroups_out ||
	    a->facts_in != b->facts_in || a->facts_out != b->facts_out)
		return 0;
	for (i = 0; i < RULES_NR_FIELDS; i++) {
		if (!a->field[i] && !b->field[i])
			continue;
		if (!a->field[i] || !b->field[i])
			return 0;
		if (set__is_equal(a->field[i], b->field[i]))
			continue;
		if (differs != RULES_NR_FIELDS)
			return 0;
		differs = i;
	}
	if (differs == RULES_NR_FIELDS)
		return 1;
	set = set__union(&maker->arena, a->field[differs], b->field[differs]);
	if (!set)
		return -1;
	a->field[differs] = set__is_all(set) ? NULL : set;
	return 1;
}

/* Add a clause to a list that has room for RULES_CLAUSES. */
static bool add(struct clause_maker *maker, struct clauses *clauses, struct clause clause)
{
	unsigned int i = 0;
	int united;

	while (i < clauses->nr) {
		if (clause__is_within(maker->rules, &clause, &clauses->list[i]))
			return true;
		united = clause__is_within(maker->rules, &clauses->list[i], &clause) ?
				 1 :
				 unite(maker, &clause, &clauses->list[i]);
		if (united < 0)
			return false;
		if (united) {
			/* Keep the order of the others, which may be one of rules. */
			clauses->nr--;
			memmove(&clauses->list[i], &clauses->list[i + 1],
				(clauses->nr - i) * sizeof(clauses->list[0]));
			i = 0;
		} else {
			i++;
		}
	}
	if (clauses->nr == RULES_CLAUSES) {
		maker->arena.is_full = true;
		return false;
	}
	clauses->list[clauses->nr++] = clause;
	return true;
}

/* The patterns of the cgroups that match one of a and one of b; false if there are none. */
static bool meet_cgroups(const struct rules *rules, __u64 a, __u64 b, __u64 *both)
{
	unsigned int i, j;

	*both = 0;
	if (!a || !b) {
		*both = a | b;
		return true;
	}
	/* Of two patterns, one is below the other, or they have no cgroup in common. */
	for (i = 0; i < rules->nr_patterns; i++) {
		for (j = 0; j < rules->nr_patterns; j++) {
			if (!(a >> i & 1) || !(b >> j & 1))
				continue;
			if (pattern__is_within(rules, i, j))
				*both |= 1ull << i;
			else if (pattern__is_within(rules, j, i))
				*both |= 1ull << j;
		}
	}
	return *both;
}

/* Remove patterns whose cgroups are all excluded. Return false if nothing is left. */
static bool exclude_cgroups(const struct rules *rules, struct clause *clause)
{
	unsigned int i, j;

	if (!clause->cgroups_in)
		return true;
	for (i = 0; i < rules->nr_patterns; i++)
		for (j = 0; j < rules->nr_patterns; j++)
			if (clause->cgroups_in >> i & 1 && clause->cgroups_out >> j & 1 &&
			    pattern__is_within(rules, i, j))
				clause->cgroups_in &= ~(1ull << i);
	return clause->cgroups_in;
}

/* Return 1, 0 if no request makes both true, or -1 without memory. */
static int both(struct clause_maker *maker, const struct clause *a, const struct clause *b,
		struct clause *result)
{
	unsigned int i;

	*result = *a;
	result->facts_in |= b->facts_in;
	result->facts_out |= b->facts_out;
	result->cgroups_out |= b->cgroups_out;
	if (result->facts_in & result->facts_out ||
	    !meet_cgroups(maker->rules, a->cgroups_in, b->cgroups_in, &result->cgroups_in) ||
	    !exclude_cgroups(maker->rules, result))
		return 0;
	for (i = 0; i < RULES_NR_FIELDS; i++) {
		if (!b->field[i])
			continue;
		result->field[i] =
			a->field[i] ? set__intersection(&maker->arena, a->field[i], b->field[i]) :
				      b->field[i];
		if (!result->field[i])
			return -1;
		if (!result->field[i]->nr)
			return 0;
	}
	return 1;
}

const struct clauses *clauses__and(struct clause_maker *maker, const struct clauses *a,
				   const struct clauses *b)
{
	struct clauses *result = a && b ? begin_list(maker) : NULL;
	struct clause clause;
	unsigned int i, j;
	int ret;

	if (!result)
		return NULL;
	for (i = 0; i < a->nr; i++) {
		for (j = 0; j < b->nr; j++) {
			ret = both(maker, &a->list[i], &b->list[j], &clause);
			if (ret < 0 || (ret && !add(maker, result, clause)))
				return NULL;
		}
	}
	return end_list(maker);
}

const struct clauses *clauses__or(struct clause_maker *maker, const struct clauses *a,
				  const struct clauses *b)
{
	struct clauses *result = a && b ? begin_list(maker) : NULL;
	unsigned int i;

	if (!result)
		return NULL;
	memcpy(result, a, sizeof(*a) + a->nr * sizeof(a->list[0]));
	for (i = 0; i < b->nr; i++)
		if (!add(maker, result, b->list[i]))
			return NULL;
	return end_list(maker);
}

/* One of the tests of the clause is false. */
static const struct clauses *negate(struct clause_maker *maker, const struct clause *clause)
{
	struct clauses *result = clauses_alloc(maker, RULES_NR_FIELDS + RULES_PATTERNS + 33);
	const struct set *set;
	unsigned int i;

	for (i = 0; result && i < RULES_NR_FIELDS; i++) {
		if (!clause->field[i])
			continue;
		set = set__complement(&maker->arena, clause->field[i]);
		if (!set)
			return NULL;
		result->list[result->nr] = (struct clause){};
		result->list[result->nr++].field[i] = set;
	}
	if (result && clause->cgroups_in)
		result->list[result->nr++] = (struct clause){ .cgroups_out = clause->cgroups_in };
	if (result && clause->cgroups_out)
		result->list[result->nr++] = (struct clause){ .cgroups_in = clause->cgroups_out };
	for (i = 0; result && i < RULES_FACTS; i++) {
		if (clause->facts_in >> i & 1)
			result->list[result->nr++] = (struct clause){ .facts_out = 1u << i };
		if (clause->facts_out >> i & 1)
			result->list[result->nr++] = (struct clause){ .facts_in = 1u << i };
	}
	return result;
}

const struct clauses *clauses__not(struct clause_maker *maker, const struct clauses *a)
{
	const struct clauses *result = a ? clauses__all(maker) : NULL;
	unsigned int i;

	for (i = 0; result && i < a->nr; i++)
		result = clauses__and(maker, result, negate(maker, &a->list[i]));
	return result;
}
