// SPDX-License-Identifier: GPL-2.0-only
/* Copy the loaded policies from the driver's iterator to a map. */
#include <iommufd_policy.bpf.h>

#define MAX_INFOS 16

char LICENSE[] SEC("license") = "GPL";

__u32 nr_infos;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_INFOS);
	__type(key, __u32);
	__type(value, struct iommufd_policy_info);
} infos SEC(".maps");

SEC("syscall")
int list(void *ctx)
{
	struct iommufd_policy_info *info, *to;
	__u32 n = 0;

	bpf_for_each(iommufd_policy, info) {
		to = bpf_map_lookup_elem(&infos, &n);
		if (!to)
			break;
		bpf_probe_read_kernel(to, sizeof(*to), info);
		n++;
	}
	nr_infos = n;
	return 0;
}
