// SPDX-License-Identifier: GPL-2.0-only
/* A program for a hook that does not exist. */
#include "iommufd_policy.bpf.h"

IOMMUFD_HOOK(ioas_mapp, keep)
{
	return -EPERM;
}

IOMMUFD_POLICY(misspelt) = {
	.ioas_map = (void *)keep,
	.name = "misspelt",
	.version = IOMMUFD_POLICY_VERSION,
};
