// SPDX-License-Identifier: GPL-2.0-only
/* Invalid: two policies in one file. */
#include "iommufd_policy.bpf.h"

IOMMUFD_HOOK_NOSLEEP(ioas_map, check)
{
	return 0;
}

IOMMUFD_POLICY(first) = {
	.ioas_map = (void *)check,
	.name = "first",
	.version = IOMMUFD_POLICY_VERSION,
};

SEC(".struct_ops.link")
struct iommufd_policy_ops second = {
	.ioas_map = (void *)check,
	.name = "second",
	.version = IOMMUFD_POLICY_VERSION,
};
