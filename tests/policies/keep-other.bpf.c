// SPDX-License-Identifier: GPL-2.0-only
/* A policy for tests: as keep, but its map has another name. */
#include "iommufd_policy.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u64);
	__type(value, __u32);
} lengths_refused SEC(".maps");

IOMMUFD_HOOK_NOSLEEP(ioas_map, keep_map)
{
	__u64 length = req->length;

	return bpf_map_lookup_elem(&lengths_refused, &length) ? -EACCES : 0;
}

IOMMUFD_POLICY(keep) = {
	.ioas_map = (void *)keep_map,
	.name = "keep",
	.version = IOMMUFD_POLICY_VERSION,
};
