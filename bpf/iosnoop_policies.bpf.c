// SPDX-License-Identifier: GPL-2.0-only
/*
 * The names of the loaded policies for iosnoop, whose events have ids only.
 *
 * An object of its own, because it calls functions of the module and therefore needs CAP_SYS_ADMIN.
 * User space runs the program once for a policy that it does not know.
 */
#include "iommufd_policy.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define MAX_POLICIES 256

__u32 nr_policies;
__u32 ids[MAX_POLICIES];
char names[MAX_POLICIES][IOMMUFD_POLICY_NAME_LEN] __attribute__((aligned(8)));

SEC("syscall")
int read_policies(void *ctx)
{
	struct iommufd_policy_info *info;

	nr_policies = 0;
	bpf_for_each(iommufd_policy, info) {
		__u32 nr = nr_policies;

		if (nr >= MAX_POLICIES)
			break;
		ids[nr] = info->id;
		__builtin_memcpy(names[nr], info->name, sizeof(info->name));
		nr_policies = nr + 1;
	}
	return 0;
}
