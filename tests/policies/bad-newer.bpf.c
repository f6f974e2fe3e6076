// SPDX-License-Identifier: GPL-2.0-only
/* Rejected by the current module: it sets a member that only a newer module could know. */
#include "iommufd_policy.bpf.h"

/* A newer header could define it like this. */
struct iommufd_policy_ops___newer {
	int (*ioas_map)(const struct iommufd_policy_request *req);
	__u32 colour;
	__u32 version;
	char name[IOMMUFD_POLICY_NAME_LEN];
};

char LICENSE[] SEC("license") = "GPL";

IOMMUFD_HOOK_NOSLEEP(ioas_map, check)
{
	return 0;
}

SEC(".struct_ops.link")
struct iommufd_policy_ops___newer newer = {
	.ioas_map = (void *)check,
	.colour = 3,
	.name = "newer",
	.version = IOMMUFD_POLICY_VERSION,
};
