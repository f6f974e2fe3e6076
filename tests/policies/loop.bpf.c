// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy for tests whose program for maps takes long: it counts in a loop. It refuses maps of one
 * length, so that one can see whether it enforces. loop-budget.bpf.c is the same with a budget.
 */
#include "iommufd_policy.bpf.h"

#ifndef LOOP_BUDGET_MS
#define LOOP_BUDGET_MS IOMMUFD_POLICY_BUDGET_NONE
#endif

IOMMUFD_PARAM(__u32, loops) = 200000;
IOMMUFD_PARAM(__u64, bad_bytes) = 3 * 4096;
IOMMUFD_PARAM(__u64, slow_bytes) = 0; /* loop for maps of this length only; 0: for all */
IOMMUFD_PARAM(__u64, spin_ms) = 0; /* go on until this time has passed */

__u64 counted;

static int step(__u32 i, void *unused)
{
	counted += i;
	return 0;
}

/* Millions of iterations, until the time has passed. */
static int spin(__u32 i, __u64 *end)
{
	counted += i;
	return bpf_ktime_get_ns() >= *end;
}

static int spin_again(__u32 i, __u64 *end)
{
	bpf_loop(8000000, spin, end, 0);
	return bpf_ktime_get_ns() >= *end;
}

IOMMUFD_HOOK_NOSLEEP(ioas_map, loop_map)
{
	__u64 end = bpf_ktime_get_ns() + spin_ms * 1000000;

	if (!slow_bytes || req->length == slow_bytes) {
		bpf_loop(loops, step, NULL, 0);
		if (spin_ms)
			bpf_loop(1000, spin_again, &end, 0);
	}
	if (req->length != bad_bytes)
		return 0;
	iommufd_reason(req, "bad length");
	return -EDQUOT;
}

IOMMUFD_POLICY(loop) = {
	.ioas_map = (void *)loop_map,
	.name = "loop",
	.budget_ms = LOOP_BUDGET_MS,
	.version = IOMMUFD_POLICY_VERSION,
};
