// SPDX-License-Identifier: GPL-2.0-only
/* Invalid: no hook. */
#include "iommufd_policy.bpf.h"

IOMMUFD_POLICY(empty) = {
	.name = "empty",
	.version = IOMMUFD_POLICY_VERSION,
};
