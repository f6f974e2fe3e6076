// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy for iopolicy test: it returns what is no error, asks for the calling process and for the
 * time, and counts its requests.
 */
#include "iommufd_policy.bpf.h"

__u64 asked;

IOMMUFD_HOOK(ioas_map, odd_map)
{
	if (req->length == 4096)
		return 7;
	if (req->length == 8192)
		return bpf_get_current_pid_tgid() ? -EACCES : 0;
	return bpf_ktime_get_ns() ? 0 : -EPERM;
}

/* The third unmap is refused. */
IOMMUFD_HOOK(ioas_unmap, odd_unmap)
{
	return __sync_fetch_and_add(&asked, 1) == 2 ? -EBUSY : 0;
}

IOMMUFD_POLICY(odd) = {
	.ioas_map = (void *)odd_map,
	.ioas_unmap = (void *)odd_unmap,
	.name = "odd",
	.version = IOMMUFD_POLICY_VERSION,
};
