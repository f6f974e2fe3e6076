// SPDX-License-Identifier: GPL-2.0-only
/* A policy for tests: as shared, but its map has another size. */
#include "iommufd_policy.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 128);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, __u64);
} shared SEC(".maps");

IOMMUFD_HOOK_NOSLEEP(ioas_map, check)
{
	__u32 tgid = req->tgid;

	return bpf_map_lookup_elem(&shared, &tgid) ? -EPERM : 0;
}

IOMMUFD_POLICY(sharing) = {
	.ioas_map = (void *)check,
	.name = "sharing",
	.version = IOMMUFD_POLICY_VERSION,
};
