/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decide requests of which not everything is known, as recordings have them: a rule applies, does
 * not apply, or it cannot be told, because it tests a field that is not known.
 *
 * Where all is known, the verdict is that of rules__decide(); a test compares the two.
 */
#ifndef _IOPOLICY_RULES_PARTIAL_H
#define _IOPOLICY_RULES_PARTIAL_H

#include "rules/rules.h"

/* Bits of values that can be missing, beside those of enum rules_field. */
#define MISSING_CGROUP 60
#define MISSING_BOUND 61
#define MISSING_MAPPED 62
_Static_assert(RULES_NR_FIELDS <= MISSING_CGROUP, "bits of fields and others differ");

#define PARTIAL_TOTALS ((1ull << (RULES_CGROUP_AFTER + 1)) - (1ull << RULES_CTX_PINNED))

struct partial {
	struct iommufd_policy_request request;
	struct rules_world world; /* its cgroup may be NULL */
	__u64 known; /* bits of enum rules_field */
	__u32 known_flags; /* bits of RULES_FLAGS */
	bool has_bound, has_mapped; /* the facts are known */
};

struct partial_unknown {
	int rule;
	__u64 missing; /* bits of what the rule tests and is not known */
};

struct partial_verdict {
	int ret; /* 0 or -errno */
	int decided_by; /* number of the rule; -1: none */
	unsigned int nr_audited, nr_unknown;
	int audited[RULES_MAX];
	struct partial_unknown unknown[RULES_MAX]; /* taken as not applying */
};

void partial__decide(const struct rules *rules, const struct rules_image *image,
		     const struct partial *partial, struct rules_state *state,
		     struct partial_verdict *verdict);

/* List the missing values, for people: "uid-after, cgroup". */
#define MISSING_MAX 512
char *partial__list(char text[MISSING_MAX], __u64 missing);

#endif /* _IOPOLICY_RULES_PARTIAL_H */
