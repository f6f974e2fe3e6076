// SPDX-License-Identifier: GPL-2.0-only
/* The policy pasid_guard in user space, with parameters that its rules have as well. */
#include "iommufd_policy.bpf.h"

#define uids pasid_guard_uids
#define cgroups pasid_guard_cgroups
#include "../../../bpf/policies/pasid_guard.bpf.c"

static void begin(void)
{
	struct uid_key key = { IOMMUFD_NONE, IOMMUFD_NONE };
	struct ranges ranges = { { { 16, 31 } } };

	SHIPPED_MAP(uids);
	SHIPPED_MAP(cgroups);
	bpf_map_update_elem(&uids, &key, &ranges, BPF_ANY);
}

const struct shipped shipped_pasid_guard = { "pasid_guard", &pasid_guard, begin };
