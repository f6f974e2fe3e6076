// SPDX-License-Identifier: GPL-2.0-only
/* A program that is assigned to two hooks. */
#include "iommufd_policy.bpf.h"

IOMMUFD_HOOK(ioas_map, keep)
{
	return -EPERM;
}

IOMMUFD_POLICY(both) = {
	.ioas_map = (void *)keep,
	.ioas_unmap = (void *)keep,
	.name = "both",
	.version = IOMMUFD_POLICY_VERSION,
};
