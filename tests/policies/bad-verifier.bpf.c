// SPDX-License-Identifier: GPL-2.0-only
/* Rejected by the verifier: it writes the request. */
#include "iommufd_policy.bpf.h"

IOMMUFD_HOOK_NOSLEEP(ioas_map, scribble)
{
	((struct iommufd_policy_request *)req)->length = 4096;
	return 0;
}

IOMMUFD_POLICY(verifier) = {
	.ioas_map = (void *)scribble,
	.name = "verifier",
	.version = IOMMUFD_POLICY_VERSION,
};
