// SPDX-License-Identifier: GPL-2.0-only
/* Invalid: programs for hook fault must not sleep. */
#include "iommufd_policy.bpf.h"

IOMMUFD_HOOK(fault, dreams)
{
	return 0;
}

IOMMUFD_POLICY(sleep) = {
	.fault = (void *)dreams,
	.name = "sleep",
	.version = IOMMUFD_POLICY_VERSION,
};
