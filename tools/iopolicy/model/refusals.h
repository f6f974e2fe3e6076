/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last refusals, for the command why: those in the driver's history, and those of rules in mode
 * audit, which the driver does not see. An older driver has no history; then they are those that
 * rules keep, and the last one of each other policy.
 */
#ifndef _IOPOLICY_REFUSALS_H
#define _IOPOLICY_REFUSALS_H

#include <stdbool.h>
#include <linux/types.h>

#include "kernel/kernel.h"
#include "machine.h"
#include "rules/rules.h"
#include "store/former.h"

struct refusal {
	char policy[IOMMUFD_POLICY_NAME_LEN + 1];
	char reason[IOMMUFD_POLICY_REASON_LEN + 1]; /* "": none was given */
	char rule[RULES_WHAT_MAX]; /* "": it was no rule */
	__u32 hook;
	__u32 tgid;
	int error; /* positive */
	bool is_audit;
	__u64 times; /* equal ones */
	/* These are not known of the last refusal that an older driver has. */
	bool has_time;
	char comm[IOMMUFD_POLICY_COMM_LEN + 1];
	__u32 uid;
	__u64 first_ns; /* CLOCK_MONOTONIC */
	__u64 time_ns; /* of the last one */
	__u64 ago_ns;
	/* These are known of refusals in the history only. */
	bool is_missing; /* the policy must be in force, and was not */
	bool has_object;
	char machine[MACHINE_MAX]; /* "": in none, or its cgroup is gone */
	char device[IOMMUFD_POLICY_DEVICE_LEN + 1]; /* "": none */
	__u32 ctx;
	__u32 object; /* IOMMUFD_NONE: none */
	__u64 iova, length; /* 0: none */
};

struct refusals {
	struct refusal *list;
	unsigned int nr;
	__u64 lost; /* refusals that are not in the history any more */
};

/*
 * Add the refusals that a loaded policy keeps; *is_rules: it has rules. Return 0 or -errno after a
 * message.
 */
int refusals__add(struct refusals *refusals, const struct iommufd_policy_info *info,
		  const struct former *former, const struct kept_refusals *history, __u64 now_ns,
		  bool *is_rules);
/* Add an entry of the history. Return 0 or -ENOMEM. */
int refusals__add_history(struct refusals *refusals, const struct iommufd_refusal_info *info,
			  bool is_rules, __u64 now_ns);
/*
 * Keep those of a process (0: all) and with an error (0: any), and sort them, the newest first;
 * those without a time come last.
 */
void refusals__choose(struct refusals *refusals, __u32 tgid, int error);
void refusals__free(struct refusals *refusals);

#endif /* _IOPOLICY_REFUSALS_H */
