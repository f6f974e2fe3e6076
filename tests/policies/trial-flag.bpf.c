// SPDX-License-Identifier: GPL-2.0-only
/* A policy that no call would ask, because its author has set the flag of trials. */
#include "iommufd_policy.bpf.h"

IOMMUFD_HOOK_NOSLEEP(ioas_map, refuse)
{
	return -EPERM;
}

IOMMUFD_POLICY(trial_flag) = {
	.ioas_map = (void *)refuse,
	.name = "trial-flag",
	.flags = IOMMUFD_POLICY_TRIAL,
	.version = IOMMUFD_POLICY_VERSION,
};
