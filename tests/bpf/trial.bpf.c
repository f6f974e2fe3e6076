// SPDX-License-Identifier: GPL-2.0-only
/* Try a policy, and seal one, for tests/vm/policy-trial.c. */
#include <iommufd_policy.bpf.h>

#define ROOM 512 /* as in the test */

char LICENSE[] SEC("license") = "GPL";

struct room {
	char request[ROOM];
	char result[ROOM];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct room);
} rooms SEC(".maps");

struct args {
	__u32 id; /* of a link, or of a policy */
	__u32 request_size;
	__u32 result_size;
	__s32 ret;
};

SEC("syscall")
int try_request(struct args *args)
{
	__u32 request_size = args->request_size, result_size = args->result_size, zero = 0;
	struct room *room = bpf_map_lookup_elem(&rooms, &zero);

	if (!room)
		return 0;
	/* The verifier needs the bounds; the barriers keep the compiler from removing them. */
	barrier_var(request_size);
	barrier_var(result_size);
	if (request_size > ROOM || result_size > ROOM)
		return 0;
	args->ret = iommufd_policy_try(args->id, (void *)room->request, request_size,
				       (void *)room->result, result_size);
	return 0;
}

SEC("syscall")
int seal(struct args *args)
{
	args->ret = iommufd_seal_policy(args->id);
	return 0;
}
