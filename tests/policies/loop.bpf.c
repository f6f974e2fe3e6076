// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy for tests whose program for maps takes long: it counts in a loop. It refuses maps of one
 * length, so that one can see whether it enforces.
 */
#include "iommufd_policy.bpf.h"

IOMMUFD_PARAM(__u32, loops) = 200000;
IOMMUFD_PARAM(__u64, bad_bytes) = 3 * 4096;
IOMMUFD_PARAM(__u64, slow_bytes) = 0; /* loop for maps of this length only; 0: for all */

__u64 counted;

static int step(__u32 i, void *unused)
{
	counted += i;
	return 0;
}

IOMMUFD_HOOK_NOSLEEP(ioas_map, loop_map)
{
	if (!slow_bytes || req->length == slow_bytes)
		bpf_loop(loops, step, NULL, 0);
	if (req->length != bad_bytes)
		return 0;
	iommufd_reason(req, "bad length");
	return -EDQUOT;
}

IOMMUFD_POLICY(loop) = {
	.ioas_map = (void *)loop_map,
	.name = "loop",
	.budget_ms = IOMMUFD_POLICY_BUDGET_NONE,
	.version = IOMMUFD_POLICY_VERSION,
};
