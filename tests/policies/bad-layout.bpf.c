// SPDX-License-Identifier: GPL-2.0-only
/* Cannot replace limit with --keep-maps: its map of the same name has larger values. */
#include "iommufd_policy.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64[2]);
} lengths SEC(".maps");

IOMMUFD_HOOK_NOSLEEP(ioas_map, check)
{
	__u32 tgid = req->tgid;

	return bpf_map_lookup_elem(&lengths, &tgid) ? -EPERM : 0;
}

IOMMUFD_POLICY(layout) = {
	.ioas_map = (void *)check,
	.name = "layout",
	.version = IOMMUFD_POLICY_VERSION,
};
