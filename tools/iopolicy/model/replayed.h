/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verdicts that rules would have given in recorded traffic, for the command test.
 */
#ifndef _IOPOLICY_REPLAYED_H
#define _IOPOLICY_REPLAYED_H

#include "rules/partial.h"

struct replayed_rule {
	const char *name;
	enum rules_action action;
	bool is_audit;
	__u32 hooks;
	__u64 denied; /* requests that it would have refused */
	__u64 audited; /* the same, in audit mode */
	__u64 allowed; /* by an allow */
	__u64 unknown; /* the recording does not tell */
	__u64 missing; /* what it lacks for those */
	/* The first one that it refused, also in audit mode; time_ns is 0 if there was none. */
	__u64 time_ns; /* since the start of the recording */
	__u32 tgid;
	char comm[IOMMUFD_POLICY_COMM_LEN];
	char reason[IOMMUFD_POLICY_REASON_LEN];
};

struct replayed {
	const char *file, *recording;
	struct replayed_rule *rules;
	unsigned int nr;
	__u64 requests[IOMMUFD_HOOKS];
	__u64 nr_requests;
	__u64 denied;
	__u64 uncertain; /* allowed, but some rule cannot be told */
	__u64 failed; /* calls that failed for another reason */
	__u64 lost; /* events that the recording lost */
	__u32 hooks; /* bits of those whose requests the recording has */
	bool has_totals;
	bool is_cut; /* the recording has no end */
};

/* A request that would have been refused. */
struct replayed_request {
	__u64 time_ns; /* since the start of the recording */
	const struct iommufd_policy_request *request;
	const char *rule;
	int ret;
	bool is_audit;
	const char *reason;
};

#endif /* _IOPOLICY_REPLAYED_H */
