// SPDX-License-Identifier: GPL-2.0-only
/* Rejected by the verifier: it writes the request. */
#include <iommufd_policy.bpf.h>

IOMMUFD_HOOK(ioas_map, write_map)
{
	((volatile struct iommufd_policy_request *)req)->uid = 0;
	return 0;
}

IOMMUFD_POLICY(hooks_write) = {
	.ioas_map = (void *)write_map,
	.name = "hooks-write",
	.version = IOMMUFD_POLICY_VERSION,
};
