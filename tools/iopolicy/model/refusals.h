/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last refusals of the loaded policies, for the command why.
 */
#ifndef _IOPOLICY_REFUSALS_H
#define _IOPOLICY_REFUSALS_H

#include <stdbool.h>
#include <linux/types.h>

#include "kernel/kernel.h"
#include "rules/rules.h"
#include "store/former.h"

struct refusal {
	char policy[IOMMUFD_POLICY_NAME_LEN + 1];
	char reason[IOMMUFD_POLICY_REASON_LEN + 1]; /* "": none was given */
	__u32 hook;
	__u32 tgid;
	int error; /* positive */
	bool is_audit;
	/* The rest is known of rules only. */
	bool is_rule;
	char rule[RULES_WHAT_MAX];
	char comm[IOMMUFD_POLICY_COMM_LEN + 1];
	__u32 uid;
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 ago_ns;
};

struct refusals {
	struct refusal *list;
	unsigned int nr;
};

/* Add the refusals of a loaded policy. Return 0 or -errno after a message. */
int refusals__add(struct refusals *refusals, const struct iommufd_policy_info *info,
		  const struct former *former, __u64 now_ns);
/*
 * Keep those of a process (0: all) and with an error (0: any), and sort them, the newest first;
 * those without a time come last.
 */
void refusals__choose(struct refusals *refusals, __u32 tgid, int error);
void refusals__free(struct refusals *refusals);

#endif /* _IOPOLICY_REFUSALS_H */
