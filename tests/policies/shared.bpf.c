// SPDX-License-Identifier: GPL-2.0-only
/* A policy for tests, with a map that libbpf pins by its name in /sys/fs/bpf. */
#include "iommufd_policy.bpf.h"

#ifndef ENTRIES
#define ENTRIES 64
#endif

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ENTRIES);
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
