// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that pass a pointer to a function of the driver which may be NULL, for
 * tests/vm/kfunc-args.c. Their names begin with the function's; those that check the pointer end in
 * _checked.
 */
#include <iommufd_policy.bpf.h>

char LICENSE[] SEC("license") = "GPL";

struct room {
	struct iommufd_policy_request request;
	struct iommufd_policy_trial result;
	struct iommufd_area_walk walk;
	struct iommufd_ctx_counts counts;
	__u64 range[2];
	__u64 areas[16];
};

/* Never NULL. */
struct room room;

/* A map without entries, so that each look-up ends with NULL. */
#define DEFINE_MAP(member) \
	struct { \
		__uint(type, BPF_MAP_TYPE_HASH); \
		__uint(max_entries, 1); \
		__type(key, __u32); \
		__type(value, typeof(((struct room *)0)->member)); \
	} member##_map SEC(".maps"); \
\
	static __always_inline void *member##_or_null(void) \
	{ \
		__u32 zero = 0; \
\
		return bpf_map_lookup_elem(&member##_map, &zero); \
	}

DEFINE_MAP(request)
DEFINE_MAP(result)
DEFINE_MAP(walk)
DEFINE_MAP(counts)
DEFINE_MAP(range)
DEFINE_MAP(areas)

static __always_inline int try_with(void *request, void *result)
{
	return iommufd_policy_try(1, request, sizeof(room.request), result, sizeof(room.result));
}

SEC("syscall")
int iommufd_policy_try_request(void *ctx)
{
	return try_with(request_or_null(), &room.result);
}

SEC("syscall")
int iommufd_policy_try_result(void *ctx)
{
	return try_with(&room.request, result_or_null());
}

SEC("syscall")
int iommufd_policy_try_checked(void *ctx)
{
	void *request = request_or_null(), *result = result_or_null();

	return request && result ? try_with(request, result) : 0;
}

SEC("syscall")
int iommufd_ctx_counts_counts(void *ctx)
{
	return iommufd_ctx_counts(1, counts_or_null(), sizeof(room.counts));
}

SEC("syscall")
int iommufd_ctx_counts_checked(void *ctx)
{
	void *counts = counts_or_null();

	return counts ? iommufd_ctx_counts(1, counts, sizeof(room.counts)) : 0;
}

SEC("syscall")
int iommufd_usable_range_range(void *ctx)
{
	return iommufd_usable_range(1, 1, 0, range_or_null(), sizeof(room.range));
}

SEC("syscall")
int iommufd_usable_range_checked(void *ctx)
{
	__u64 *range = range_or_null();

	return range ? iommufd_usable_range(1, 1, 0, range, sizeof(room.range)) : 0;
}

SEC("syscall")
int iommufd_list_areas_null(void *ctx)
{
	return iommufd_list_areas(NULL, room.areas, sizeof(room.areas));
}

SEC("syscall")
int iommufd_list_areas_walk(void *ctx)
{
	return iommufd_list_areas(walk_or_null(), room.areas, sizeof(room.areas));
}

SEC("syscall")
int iommufd_list_areas_areas(void *ctx)
{
	return iommufd_list_areas(&room.walk, areas_or_null(), sizeof(room.areas));
}

SEC("syscall")
int iommufd_list_areas_checked(void *ctx)
{
	void *walk = walk_or_null(), *areas = areas_or_null();

	return walk && areas ? iommufd_list_areas(walk, areas, sizeof(room.areas)) : 0;
}
