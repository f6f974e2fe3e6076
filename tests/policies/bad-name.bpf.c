// SPDX-License-Identifier: GPL-2.0-only
/* Refused: a name with a blank, unless --name gives another. */
#include "iommufd_policy.bpf.h"

IOMMUFD_HOOK_NOSLEEP(ioas_map, check)
{
	return 0;
}

IOMMUFD_POLICY(name) = {
	.ioas_map = (void *)check,
	.name = "bad name",
	.version = IOMMUFD_POLICY_VERSION,
};
