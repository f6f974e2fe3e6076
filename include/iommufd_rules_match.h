/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The evaluator of compiled rules, the same code for the kernel (bpf/policies/rules.bpf.c) and for
 * iopolicy test (tools/iopolicy/rules/eval.c), so that both give the same verdicts.
 *
 * The includer defines, before it includes this header:
 *
 *	struct rules_env	data for the functions below, which get a pointer to it
 *	rules_find_key()	the same as below, for BPF a function of its own
 *	rules_total()		a total of the request
 *	rules_copied_kind()	the kind of the memory of a copy
 *	rules_patterns()	bits of the patterns that the caller's cgroup matches
 *	rules_facts()		bits of the facts that are true, of those wanted
 *
 * The last two return false if they cannot tell: then rules that refuse apply, and rules that allow
 * do not.
 */
#ifndef _IOMMUFD_RULES_MATCH_H
#define _IOMMUFD_RULES_MATCH_H

#include "iommufd_rules.h"

/* 8 characters of a string as a number, ordered as strings are. Little-endian machines only. */
#define rules_string(text, at) __builtin_bswap64(*(const __u64 *)((text) + (at)))

static __always_inline __u64 rules_last(const struct iommufd_policy_request *q)
{
	__u64 iova = q->iova, last = iova + q->length - 1;

	return last < iova ? -1ull : last;
}

static __always_inline __u64 rules_flags(const struct iommufd_policy_request *q)
{
	__u32 flags = q->flags & (RULES_FLAG_COPY - 1);

	return q->kind == IOMMUFD_MEMORY_COPY ? flags | RULES_FLAG_COPY : flags;
}

static __always_inline __u32 rules_kind(struct rules_env *env,
					const struct iommufd_policy_request *q)
{
	__u32 kind = q->kind;

	return kind == IOMMUFD_MEMORY_COPY ? rules_copied_kind(env, q) : kind;
}

/* Keep the clauses whose test of a field is true. */
static __always_inline void rules_keep(__u64 keep[RULES_WORDS], const volatile __u64 *bits,
				       __u32 words)
{
	keep[0] &= bits[0];
	if (words > 1)
		keep[1] &= bits[1];
	if (words > 2) {
		keep[2] &= bits[2];
		keep[3] &= bits[3];
	}
}

static __always_inline void rules_drop(__u64 keep[RULES_WORDS], const volatile __u64 *bits)
{
	keep[0] &= ~bits[0];
	keep[1] &= ~bits[1];
	keep[2] &= ~bits[2];
	keep[3] &= ~bits[3];
}

/* Whether a clause that is still possible is one of these. */
static __always_inline bool rules_has_any(const __u64 keep[RULES_WORDS], const volatile __u64 *bits,
					  __u32 words)
{
	__u64 any = keep[0] & bits[0];

	if (words > 1)
		any |= keep[1] & bits[1];
	if (words > 2)
		any |= (keep[2] & bits[2]) | (keep[3] & bits[3]);
	return any;
}

static __always_inline bool rules_look_up(const volatile struct rules_image *image, __u32 hook,
					  __u32 field, __u64 value, __u64 keep[RULES_WORDS])
{
	const volatile struct rules_table *table = &image->hook[hook].table[field];
	__u32 key = rules_find_key(image, table->first, table->nr, value);

	rules_keep(keep, image->bits[key & (RULES_KEYS - 1)], image->hook[hook].words);
	return true;
}

/* The caller's cgroup matches few patterns, so look at those alone. */
static __always_inline void rules_keep_cgroups(const volatile struct rules_image *image,
					       struct rules_env *env, __u32 hook,
					       const struct iommufd_policy_request *q,
					       __u64 keep[RULES_WORDS])
{
	const volatile struct rules_hook *set = &image->hook[hook];
	__u64 patterns = 0, in[RULES_WORDS];
	__u32 i, w;

	if (!rules_patterns(env, q, &patterns)) {
		rules_drop(keep, set->cgroup_allow);
		return;
	}
	for (w = 0; w < RULES_WORDS; w++)
		in[w] = set->cgroup_free[w];
	rules_for(i, RULES_PATTERNS) {
		__u32 n = i & (RULES_PATTERNS - 1);

		if (!(patterns >> n))
			break;
		if (!(patterns >> n & 1))
			continue;
		for (w = 0; w < RULES_WORDS; w++) {
			in[w] |= set->cgroup_in[n][w];
			keep[w] &= ~set->cgroup_out[n][w];
		}
	}
	for (w = 0; w < RULES_WORDS; w++)
		keep[w] &= in[w];
}

static __always_inline void rules_keep_facts(const volatile struct rules_image *image,
					     struct rules_env *env, __u32 hook,
					     const struct iommufd_policy_request *q,
					     __u64 keep[RULES_WORDS])
{
	const volatile struct rules_hook *set = &image->hook[hook];
	__u32 i, facts = 0;

	if (!rules_facts(env, q, set->facts, &facts)) {
		rules_drop(keep, set->fact_allow);
		return;
	}
	rules_for(i, RULES_FACTS) {
		__u32 n = i < RULES_FACTS ? i : 0;

		if (!(set->facts >> n & 1))
			continue;
		if (facts >> n & 1)
			rules_drop(keep, set->fact_out[n]);
		else
			rules_drop(keep, set->fact_in[n]);
	}
}

/* Find the clauses that are true. hook is a constant. Return whether there is any. */
static __always_inline bool rules_match(const volatile struct rules_image *image,
					struct rules_env *env, __u32 hook,
					const struct iommufd_policy_request *q,
					__u64 keep[RULES_WORDS])
{
	const volatile struct rules_hook *set = &image->hook[hook];
	__u64 fields = set->fields;
	__u32 w;

	for (w = 0; w < RULES_WORDS; w++)
		keep[w] = set->all[w];
#define RULES_LOOK_UP(ID, name, type, hooks, value, text) \
	(void)((hooks) >> hook & 1 && fields & 1ull << RULES_##ID && \
	       rules_has_any(keep, set->testing[RULES_##ID], set->words) && \
	       rules_look_up(image, hook, RULES_##ID, value, keep));
	RULES_FIELDS(RULES_LOOK_UP)
#undef RULES_LOOK_UP
	if (set->has_cgroups && rules_has_any(keep, set->cgroup_testing, set->words))
		rules_keep_cgroups(image, env, hook, q, keep);
	if (set->facts && !(keep[0] | keep[1] | keep[2] | keep[3]))
		return false;
	if (set->facts)
		rules_keep_facts(image, env, hook, q, keep);
	return keep[0] | keep[1] | keep[2] | keep[3];
}

/* The number of the lowest bit, which exists. BPF has no instruction for it. */
static __always_inline __u32 rules_lowest(__u64 word)
{
	__u64 x = (word & -word) - 1;

	x -= x >> 1 & 0x5555555555555555ull;
	x = (x & 0x3333333333333333ull) + (x >> 2 & 0x3333333333333333ull);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return x * 0x0101010101010101ull >> 56;
}

/* Take the first clause out of those that are true; RULES_CLAUSES if there is none. */
static __always_inline __u32 rules_take_clause(__u64 keep[RULES_WORDS])
{
	__u32 w;

	for (w = 0; w < RULES_WORDS; w++) {
		__u64 word = keep[w];

		if (!word)
			continue;
		keep[w] = word & (word - 1);
		return w * 64 + rules_lowest(word);
	}
	return RULES_CLAUSES;
}

/*
 * A token bucket, whose only state is the time at which it will be full. Return that time after n
 * tokens were taken, or 0 if it has fewer.
 */
static __always_inline __u64 rules_take_tokens(__u64 full_ns, __u64 now, __u64 n, __u64 each_ns,
					       __u64 burst)
{
	__u64 will;

	if (n > burst)
		return 0;
	will = (full_ns > now ? full_ns : now) + n * each_ns;
	return will - now > burst * each_ns ? 0 : will;
}

/* A page request group takes a token for each request, any other call takes one. */
static __always_inline __u64 rules_tokens(const struct iommufd_policy_request *q)
{
	return q->hook == IOMMUFD_HOOK_FAULT ? q->requests : 1;
}

/* The value that a limit counts by. */
static __always_inline __u64 rules_per(const struct iommufd_policy_request *q, __u32 per)
{
	switch (per) {
	case RULES_PER_CONTEXT:
		return q->ctx;
	case RULES_PER_PROCESS:
		return q->tgid;
	case RULES_PER_USER:
		return q->uid;
	case RULES_PER_CGROUP:
		return q->cgroup;
	case RULES_PER_DEVICE:
		return q->sbdf;
	}
	return 0;
}

/*
 * A field as a number, for a reason. The kind of a copy's memory is not looked up, because a
 * program that must not sleep cannot look at areas.
 */
static __attribute__((noinline)) __u64 rules_value(const struct iommufd_policy_request *q,
						   __u32 field)
{
	switch (field) {
#define rules_kind(env, q) (q)->kind
#define VALUE(ID, name, type, hooks, value, text) \
	case RULES_##ID: \
		return value;
		RULES_FIELDS(VALUE)
#undef VALUE
#undef rules_kind
	}
	return 0;
}

#endif /* _IOMMUFD_RULES_MATCH_H */
