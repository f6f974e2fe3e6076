/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Conditions as lists of clauses: a condition is true if one of its clauses is, and a clause is
 * true if all of its tests are.
 *
 * Sets of values and lists of clauses are never changed once they are made. Their memory belongs to
 * an arena, which is freed as a whole. All functions return NULL if there is no memory, or if the
 * result would have more than RULES_CLAUSES clauses; arena->is_full tells the latter.
 */
#ifndef _IOPOLICY_RULES_CLAUSE_H
#define _IOPOLICY_RULES_CLAUSE_H

#include "rules/rules.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;
	size_t left;
	bool is_full;
};

void *arena__alloc(struct arena *arena, size_t size);
void arena__free(struct arena *arena);

/* ---- interval.c: a set of values, as sorted intervals that do not touch ---- */

struct interval {
	__u64 first, last;
};

struct set {
	unsigned int nr;
	struct interval list[];
};

const struct set *set__interval(struct arena *arena, __u64 first, __u64 last);
const struct set *set__union(struct arena *arena, const struct set *a, const struct set *b);
const struct set *set__intersection(struct arena *arena, const struct set *a, const struct set *b);
const struct set *set__complement(struct arena *arena, const struct set *set);
bool set__is_all(const struct set *set);
bool set__is_equal(const struct set *a, const struct set *b);
bool set__has(const struct set *set, __u64 value);
/* Whether all values of a are in b. */
bool set__is_within(const struct set *a, const struct set *b);

/* ---- clause.c ---- */

struct clause {
	const struct set *field[RULES_NR_FIELDS]; /* NULL: any value */
	__u64 cgroups_in; /* matches one of these patterns; 0: any cgroup */
	__u64 cgroups_out; /* matches none of these */
	__u32 facts_in, facts_out; /* all of these are true; all of these are false */
};

struct clauses {
	unsigned int nr;
	struct clause list[];
};

/* rules has the patterns of cgroups. */
struct clause_maker {
	struct arena arena;
	const struct rules *rules;
	struct clauses *scratch; /* of clause.c */
};

const struct clauses *clauses__all(struct clause_maker *maker);
const struct clauses *clauses__field(struct clause_maker *maker, enum rules_field field,
				     const struct set *set);
const struct clauses *clauses__cgroups(struct clause_maker *maker, __u64 patterns);
const struct clauses *clauses__fact(struct clause_maker *maker, unsigned int fact);
const struct clauses *clauses__and(struct clause_maker *maker, const struct clauses *a,
				   const struct clauses *b);
const struct clauses *clauses__or(struct clause_maker *maker, const struct clauses *a,
				  const struct clauses *b);
const struct clauses *clauses__not(struct clause_maker *maker, const struct clauses *a);
/* Whether a is true only where b is. */
bool clause__is_within(const struct rules *rules, const struct clause *a, const struct clause *b);

/* ---- cgroup_path.c: patterns of cgroups ---- */

/*
 * Find or add the pattern of a path: "/", "/machine.slice", "/machine.slice/vm*". *bits gets the
 * pattern's bit, or 0 for the root. Return 0, or -EINVAL with a reason in why.
 */
#define CGROUP_PATTERN_WHY_MAX 256
int pattern__add(struct rules *rules, const char *path, __u64 *bits, char *why);
/* Whether each cgroup that matches a, or is below it, matches b, or is below it. */
bool pattern__is_within(const struct rules *rules, unsigned int a, unsigned int b);
/* Bits of the patterns that a path matches; a path that is not known matches all. */
__u64 pattern__match(const struct rules_image *image, const char *path);

#endif /* _IOPOLICY_RULES_CLAUSE_H */
