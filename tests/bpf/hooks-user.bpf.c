// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies that read the memory of the calling process, which the driver must reject. The test
 * loads one of the two programs.
 */
#include <iommufd_policy.bpf.h>

int bpf_copy_from_user_str(void *dst, __u32 dst__sz, const void *unsafe_ptr__ign,
			   __u64 flags) __ksym;

IOMMUFD_HOOK(ioas_map, user_str)
{
	char text[8];

	return bpf_copy_from_user_str(text, sizeof(text), (const void *)req->start, 0) < 0 ?
		       -EPERM :
		       0;
}

IOMMUFD_HOOK(ioas_unmap, user_probe)
{
	char text[8];

	return bpf_probe_read_user(text, sizeof(text), (const void *)req->iova) ? -EPERM : 0;
}

IOMMUFD_POLICY(user) = {
	.ioas_map = (void *)user_str,
	.ioas_unmap = (void *)user_probe,
	.name = "user",
	.version = IOMMUFD_POLICY_VERSION,
};
