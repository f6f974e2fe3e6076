// SPDX-License-Identifier: GPL-2.0-only
/* Refused: no hook at all. */
#include "iommufd_policy.bpf.h"

IOMMUFD_POLICY(empty) = {
	.name = "empty",
	.version = IOMMUFD_POLICY_VERSION,
};
