// SPDX-License-Identifier: GPL-2.0-only
/* The policy iova_guard in user space, with parameters that its rules have as well. */
#include "iommufd_policy.bpf.h"

#define uids iova_guard_uids
#define cgroups iova_guard_cgroups
#include "../../../bpf/policies/iova_guard.bpf.c"

static void begin(void)
{
	SHIPPED_MAP(uids);
	SHIPPED_MAP(cgroups);
	start1 = 0x10000;
	last1 = 0x1ffff;
}

const struct shipped shipped_iova_guard = { "iova_guard", &iova_guard, begin };
