// SPDX-License-Identifier: GPL-2.0-only
/* The policy quota in user space, with parameters that its rules have as well. */
#include "iommufd_policy.bpf.h"

#define uids quota_uids
#define cgroups quota_cgroups
#include "../../../bpf/policies/quota.bpf.c"

static void begin(void)
{
	SHIPPED_MAP(uids);
	SHIPPED_MAP(cgroups);
	process_limit = 8192;
	uid_limit = 16384;
	cgroup_limit = 12288;
}

const struct shipped shipped_quota = { "quota", &quota, begin };
