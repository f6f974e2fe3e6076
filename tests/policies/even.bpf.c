// SPDX-License-Identifier: GPL-2.0-only
/* A policy that replaces limit in tests: it refuses the same length with another error. */
#include "iommufd_policy.bpf.h"

IOMMUFD_PARAM(__u64, bad_pages) = 3;

IOMMUFD_HOOK_NOSLEEP(ioas_map, check)
{
	if (req->length / 4096 != bad_pages)
		return 0;
	iommufd_reason(req, "even");
	return -EACCES;
}

IOMMUFD_POLICY(even) = {
	.ioas_map = (void *)check,
	.name = "even.more",
	.version = IOMMUFD_POLICY_VERSION,
};
