// SPDX-License-Identifier: GPL-2.0-only
/* Invalid: a program of another type besides the policy. */
#include "iommufd_policy.bpf.h"

IOMMUFD_HOOK_NOSLEEP(ioas_map, check)
{
	return 0;
}

SEC("raw_tp/iommufd_ioas_map")
int watch(void *ctx)
{
	return 0;
}

IOMMUFD_POLICY(other) = {
	.ioas_map = (void *)check,
	.name = "other",
	.version = IOMMUFD_POLICY_VERSION,
};
