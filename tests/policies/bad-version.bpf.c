// SPDX-License-Identifier: GPL-2.0-only
/* Invalid: no version. */
#include "iommufd_policy.bpf.h"

IOMMUFD_HOOK_NOSLEEP(ioas_map, check)
{
	return 0;
}

IOMMUFD_POLICY(version) = {
	.ioas_map = (void *)check,
	.name = "version",
};
