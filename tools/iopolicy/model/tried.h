/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verdicts of a policy in BPF on recorded traffic, for the command test.
 */
#ifndef _IOPOLICY_TRIED_H
#define _IOPOLICY_TRIED_H

#include "iommufd_policy.h"
#include "object/reads.h"

struct tried_hook {
	__u64 requests;
	__u64 allowed;
	__u64 denied;
	__u64 invalid; /* of those, the program returned no error */
	__u64 slow; /* of those, it exceeded the budget */
	__u64 unsure; /* the program may read what the recording does not have */
	__u64 missing; /* that, bits of enum request_member */
	__u64 outside; /* of those allowed, not in the policy's cgroup */
	/* The first one that it refused. */
	__u64 time_ns; /* since the start of the recording */
	__u32 tgid;
	int ret;
	char comm[IOMMUFD_POLICY_COMM_LEN];
	char reason[IOMMUFD_POLICY_REASON_LEN];
};

struct tried {
	const char *file, *recording;
	const char *name; /* of the policy */
	const struct object_reads *reads;
	struct tried_hook hooks[IOMMUFD_HOOKS];
	__u32 recorded_hooks; /* bits of those whose requests the recording has */
	__u64 nr_requests;
	__u64 denied;
	__u64 unsure;
	__u64 failed; /* calls that failed for another reason */
	__u64 lost; /* events that the recording lost */
	bool has_totals;
	bool is_cut; /* the recording has no end */
};

#endif /* _IOPOLICY_TRIED_H */
