// SPDX-License-Identifier: GPL-2.0-only
/* Rejected by the driver: an unknown flag. */
#include "iommufd_policy.bpf.h"

IOMMUFD_HOOK_NOSLEEP(ioas_map, check)
{
	return 0;
}

IOMMUFD_POLICY(flags) = {
	.ioas_map = (void *)check,
	.name = "flags",
	.flags = 1u << 31,
	.version = IOMMUFD_POLICY_VERSION,
};
