// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decide requests of which not everything is known, see partial.h.
 *
 * The rules are asked one after the other, by their conditions, and not by the compiled image,
 * which has no place for "not known".
 */
#include <string.h>

#include "rules/clause.h"
#include "rules/partial.h"
#include "rules/value.h"
#include "words.h"

enum truth { NO, YES, MAYBE };

/* A field of bits: it is true or false if that does not depend on the bits that are not known. */
static enum truth bits_are_in(const struct set *set, __u64 value, __u64 known, unsigned int bits)
{
	unsigned int nr_in = 0, nr = 0;
	__u64 other;

	for (other = 0; other < 1ull << bits; other++) {
		if ((other ^ value) & known)
			continue;
		nr++;
		nr_in += set__has(set, other);
	}
	return nr_in == nr ? YES : nr_in ? MAYBE : NO;
}

static enum truth field_is_in(const struct partial *partial, unsigned int field,
			      const struct set *set)
{
	__u64 value = rules__value(&partial->request, &partial->world, field);

	if (field == RULES_FLAGS)
		return bits_are_in(set, value, partial->known_flags, RULES_FLAG_BITS);
	if (partial->known >> field & 1)
		return set__has(set, value) ? YES : NO;
	return set__is_all(set) ? YES : MAYBE;
}

static enum truth cgroup_matches(const struct rules_image *image, const struct partial *partial,
				 const struct clause *clause)
{
	__u64 patterns;

	if (!clause->cgroups_in && !clause->cgroups_out)
		return YES;
	if (!partial->world.cgroup)
		return MAYBE;
	patterns = pattern__match(image, partial->world.cgroup);
	return (!clause->cgroups_in || patterns & clause->cgroups_in) &&
			       !(patterns & clause->cgroups_out) ?
		       YES :
		       NO;
}

static enum truth facts_are(const struct rules_image *image, const struct partial *partial,
			    const struct clause *clause, __u32 mask, bool is_known)
{
	__u32 in = clause->facts_in & mask, out = clause->facts_out & mask, facts;

	if (!in && !out)
		return YES;
	if (!is_known)
		return MAYBE;
	facts = rules__facts(image, &partial->request, &partial->world, in | out);
	return (facts & in) == in && !(facts & out) ? YES : NO;
}

/* Add one test to those before it. */
static void add(enum truth *all, enum truth one, unsigned int bit, __u64 *missing)
{
	if (one == NO)
		*all = NO;
	if (one != MAYBE || *all == NO)
		return;
	*all = MAYBE;
	*missing |= 1ull << bit;
}

static enum truth clause_is(const struct rules_image *image, const struct partial *partial,
			    const struct clause *clause, __u64 *missing)
{
	enum truth all = YES;
	unsigned int i;

	for (i = 0; i < RULES_NR_FIELDS && all != NO; i++)
		if (clause->field[i])
			add(&all, field_is_in(partial, i, clause->field[i]), i, missing);
	if (all != NO)
		add(&all, cgroup_matches(image, partial, clause), MISSING_CGROUP, missing);
	if (all != NO)
		add(&all, facts_are(image, partial, clause, RULES_FACTS_BOUND, partial->has_bound),
		    MISSING_BOUND, missing);
	if (all != NO)
		add(&all,
		    facts_are(image, partial, clause, ~RULES_FACTS_BOUND, partial->has_mapped),
		    MISSING_MAPPED, missing);
	return all;
}

/* A condition is true if one of its clauses is. */
static enum truth condition_is(const struct rules_image *image, const struct partial *partial,
			       const struct clauses *clauses, __u64 *missing)
{
	enum truth any = NO, one;
	__u64 need;
	unsigned int i;

	*missing = 0;
	for (i = 0; i < clauses->nr; i++) {
		need = 0;
		one = clause_is(image, partial, &clauses->list[i], &need);
		if (one == YES)
			return YES;
		if (one != MAYBE)
			continue;
		any = MAYBE;
		*missing |= need;
	}
	return any;
}

/* The field that a limit counts by may be missing, too. */
static bool is_counted(const struct partial *partial, const struct rules_rule *rule, __u64 *missing)
{
	unsigned int bit;

	if (rule->action != RULES_LIMIT)
		return true;
	switch (rule->per) {
	case RULES_PER_USER:
		bit = RULES_UID;
		break;
	case RULES_PER_DEVICE:
		bit = RULES_SBDF;
		break;
	case RULES_PER_CGROUP:
		*missing = 1ull << MISSING_CGROUP;
		return partial->request.cgroup;
	default:
		return true;
	}
	*missing = 1ull << bit;
	return partial->known >> bit & 1;
}

/* Apply a rule whose condition is true. Return whether it decides. */
static bool apply(const struct rules_rule *rule, unsigned int number, const struct partial *partial,
		  struct rules_state *state, struct partial_verdict *verdict)
{
	if (rule->action == RULES_LIMIT &&
	    rules__take(rule, number, &partial->request, &partial->world, state))
		return false;
	if (rule->action != RULES_ALLOW && rule->is_audit) {
		verdict->audited[verdict->nr_audited++] = number;
		return false;
	}
	verdict->decided_by = number;
	verdict->ret = rule->action == RULES_ALLOW ? 0 : -(int)rule->error;
	return true;
}

void partial__decide(const struct rules *rules, const struct rules_image *image,
		     const struct partial *partial, struct rules_state *state,
		     struct partial_verdict *verdict)
{
	const struct rules_def *def;
	enum truth truth;
	__u64 missing;
	unsigned int i;

	verdict->ret = 0;
	verdict->decided_by = -1;
	verdict->nr_audited = 0;
	verdict->nr_unknown = 0;
	for (i = 0; i < rules->nr; i++) {
		def = &rules->list[i];
		if (!(def->hooks >> partial->request.hook & 1))
			continue;
		truth = condition_is(image, partial, def->clauses, &missing);
		if (truth == YES && !is_counted(partial, &def->rule, &missing))
			truth = MAYBE;
		if (truth == MAYBE)
			verdict->unknown[verdict->nr_unknown++] =
				(struct partial_unknown){ i, missing };
		if (truth == YES && apply(&def->rule, i, partial, state, verdict))
			return;
	}
}

char *partial__list(char text[MISSING_MAX], __u64 missing)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} others[] = {
		{ RULES_FLAGS, "flags" },     { RULES_PROT, "read, write" },
		{ MISSING_CGROUP, "cgroup" }, { MISSING_BOUND, "bound" },
		{ MISSING_MAPPED, "mapped" },
	};
	struct words words = { .text = text, .size = MISSING_MAX };
	unsigned int i;

	text[0] = '\0';
	for (i = 0; i < RULES_NR_FIELDS; i++)
		if (missing >> i & 1 && rules_fields[i].name)
			words__add(&words, "%s%s", words.length ? ", " : "", rules_fields[i].name);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (missing >> others[i].bit & 1)
			words__add(&words, "%s%s", words.length ? ", " : "", others[i].name);
	return text;
}
