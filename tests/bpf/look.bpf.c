// SPDX-License-Identifier: GPL-2.0-only
/* Read the driver's iterators and totals for tests/lib/policy/look.c. */
#include <iommufd_policy.bpf.h>

#define BPF_F_MMAPABLE (1u << 10)
#define MAX 256

char LICENSE[] SEC("license") = "GPL";

/* Arrays that the test reads with mmap(). Lookups by number need no bound for the verifier. */
#define RECORDS(name) \
	struct { \
		__uint(type, BPF_MAP_TYPE_ARRAY); \
		__uint(map_flags, BPF_F_MMAPABLE); \
		__uint(max_entries, MAX); \
		__type(key, __u32); \
		__type(value, struct iommufd_##name##_info); \
	} name##s SEC(".maps")

RECORDS(ctx);
RECORDS(payer);
RECORDS(object);
RECORDS(area);

/* Input and output of a call. nr counts all records, also those without room in the array. */
struct args {
	__u32 ctx;
	__u32 id; /* an IOAS, a type of objects, or a process */
	__u32 uid;
	__u32 nr;
	__u64 iova; /* or a cgroup */
	__u64 pinned[4];
};

SEC("syscall")
int list_ctxs(struct args *args)
{
	struct iommufd_ctx_info *info, *to;
	__u32 n = 0;

	bpf_for_each(iommufd_ctx, info) {
		to = bpf_map_lookup_elem(&ctxs, &n);
		if (to)
			bpf_probe_read_kernel(to, sizeof(*to), info);
		n++;
	}
	args->nr = n;
	return 0;
}

SEC("syscall")
int list_payers(struct args *args)
{
	struct iommufd_payer_info *info, *to;
	__u32 n = 0;

	bpf_for_each(iommufd_payer, info, args->ctx) {
		to = bpf_map_lookup_elem(&payers, &n);
		if (to)
			bpf_probe_read_kernel(to, sizeof(*to), info);
		n++;
	}
	args->nr = n;
	return 0;
}

SEC("syscall")
int list_objects(struct args *args)
{
	struct iommufd_object_info *info, *to;
	__u32 n = 0;

	bpf_for_each(iommufd_object, info, args->ctx, args->id) {
		to = bpf_map_lookup_elem(&objects, &n);
		if (to)
			bpf_probe_read_kernel(to, sizeof(*to), info);
		n++;
	}
	args->nr = n;
	return 0;
}

SEC("syscall")
int list_areas(struct args *args)
{
	struct iommufd_area_info *info, *to;
	__u32 n = 0;

	bpf_for_each(iommufd_area, info, args->ctx, args->id, args->iova) {
		to = bpf_map_lookup_elem(&areas, &n);
		if (to)
			bpf_probe_read_kernel(to, sizeof(*to), info);
		n++;
	}
	args->nr = n;
	return 0;
}

/* The records of list_many(), which the test reads with mmap(), too. */
char many[2048 * sizeof(struct iommufd_area_info)];

/* Input and output of list_many(); the same struct as in look.h. */
struct look_many {
	struct iommufd_area_walk walk;
	__u32 room; /* bytes */
	__s32 ret;
};

SEC("syscall")
int list_many(struct look_many *args)
{
	struct iommufd_area_walk walk = {
		.ctx = args->walk.ctx,
		.ioas = args->walk.ioas,
		.from = args->walk.from,
		.flags = args->walk.flags,
		.size = args->walk.size,
	};
	__u32 room = args->room;

	if (room > sizeof(many))
		room = sizeof(many);
	args->ret = iommufd_list_areas(&walk, many, room);
	args->walk.from = walk.from;
	args->walk.flags = walk.flags;
	args->walk.done = walk.done;
	return 0;
}

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct iommufd_ctx_counts);
} counts SEC(".maps");

SEC("syscall")
int count_ctx(struct args *args)
{
	struct iommufd_ctx_counts *to;
	__u32 zero = 0;

	to = bpf_map_lookup_elem(&counts, &zero);
	args->nr = to ? -iommufd_ctx_counts(args->ctx, to, sizeof(*to)) : 1;
	return 0;
}

SEC("syscall")
int totals(struct args *args)
{
	args->pinned[0] = iommufd_pinned_ctx(args->ctx);
	args->pinned[1] = iommufd_pinned_process(args->id);
	args->pinned[2] = iommufd_pinned_uid(args->uid);
	args->pinned[3] = iommufd_pinned_cgroup(args->iova);
	return 0;
}
