// SPDX-License-Identifier: GPL-2.0-only
/* Invalid, unless --name gives another name: a blank in the name. */
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
