// SPDX-License-Identifier: GPL-2.0-only
/* Invalid: a program that the policy does not use. */
#include "iommufd_policy.bpf.h"

IOMMUFD_HOOK_NOSLEEP(ioas_map, check)
{
	return 0;
}

IOMMUFD_HOOK(ioas_unmap, forgotten)
{
	return 0;
}

IOMMUFD_POLICY(unused) = {
	.ioas_map = (void *)check,
	.name = "unused",
	.version = IOMMUFD_POLICY_VERSION,
};
