/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What passes from iopolicy's BPF programs to user space: a record for each verdict of a policy.
 *
 * Includers have the kernel's fixed-width types already.
 */
#ifndef _IOMMUFD_VERDICT_H
#define _IOMMUFD_VERDICT_H

#include "iommufd_policy.h"

/* Bits of flags of the tracepoint. */
#define VERDICT_AUDIT	(1u << 0)	/* of a policy for audit only: the call went on */

struct verdict {
	__u64 time_ns;			/* CLOCK_MONOTONIC */
	__u32 ctx;
	__u32 tgid;			/* process that asked */
	__u32 policy;			/* id */
	__u32 hook;			/* enum iommufd_policy_hook */
	__u32 object;			/* id of what is concerned, or IOMMUFD_NONE */
	__u32 flags;
	__s32 ret;			/* 0 or negative */
	__u32 tid;			/* thread that ran */
	char comm[IOMMUFD_POLICY_COMM_LEN];	/* its name, not to be trusted */
	char reason[IOMMUFD_POLICY_REASON_LEN];	/* need not end with a 0 */
};

struct verdict_counters {
	__u64 seen;			/* of the policy, or of any as long as it had no id */
	__u64 filtered;			/* allowed ones that nobody wants to see */
	__u64 submitted;
	__u64 lost;			/* no room in the buffer */
};

_Static_assert(sizeof(struct verdict) == 96, "records have a fixed layout");

#endif /* _IOMMUFD_VERDICT_H */
