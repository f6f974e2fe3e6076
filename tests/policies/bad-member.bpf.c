// SPDX-License-Identifier: GPL-2.0-only
/* A program for one hook that is assigned to another one. */
#include "iommufd_policy.bpf.h"

IOMMUFD_HOOK(ioas_unmap, keep)
{
	return -EPERM;
}

IOMMUFD_POLICY(member) = {
	.ioas_map = (void *)keep,
	.name = "member",
	.version = IOMMUFD_POLICY_VERSION,
};
