// SPDX-License-Identifier: GPL-2.0-only
/* Seal the policy whose id user space sets. */
#include <iommufd_policy.bpf.h>

char LICENSE[] SEC("license") = "GPL";

__u32 policy;

SEC("syscall")
int seal(void *ctx)
{
	return iommufd_seal_policy(policy);
}
