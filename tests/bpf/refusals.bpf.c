// SPDX-License-Identifier: GPL-2.0-only
/* Copy the driver's history of refusals to a map, for tests/lib/policy/refusals.c. */
#include <iommufd_policy.bpf.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, IOMMUFD_REFUSALS);
	__type(key, __u32);
	__type(value, struct iommufd_refusal_info);
} refusals SEC(".maps");

struct args {
	__u32 nr;
};

SEC("syscall")
int list(struct args *args)
{
	struct iommufd_refusal_info *info, *to;
	__u32 n = 0;

	bpf_for_each(iommufd_refusal, info) {
		to = bpf_map_lookup_elem(&refusals, &n);
		if (to)
			bpf_probe_read_kernel(to, sizeof(*to), info);
		n++;
	}
	args->nr = n;
	return 0;
}
