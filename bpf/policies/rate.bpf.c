// SPDX-License-Identifier: GPL-2.0-only
/*
 * rate: how often a file of /dev/iommu may map, and how many page requests its devices may make.
 *
 * A program that maps and unmaps without a pause keeps the IOMMU's queues busy for all others, and
 * a device that makes page requests without a pause keeps a CPU busy. Each file has two token
 * buckets, one for maps and one for page requests. A bucket fills at the rate of its parameter, up
 * to the burst. When it is empty, the policy refuses.
 *
 *	iopolicy load build/policies/rate.bpf.o --set maps_per_second=1000 --set burst=5000
 *
 * Parameters:
 *	maps_per_second		maps and copies; 0: no limit
 *	burst			maps at once after a pause; 0: those of one second
 *	faults_per_second	page requests; 0: no limit
 *	fault_burst		page requests at once after a pause; 0: those of one second
 *
 * Maps: maps and faults hold the buckets by the number of the file: the time, in ns of
 * CLOCK_MONOTONIC, at which the bucket will be full.
 *
 *	iopolicy map rate maps
 *
 * A refused map fails with EAGAIN, and the program may try again. A group of page requests takes
 * one token for each request. A refused group is answered as invalid, which most devices treat as a
 * final error, so the rate must be above that of normal work. A group larger than the burst is
 * always refused.
 *
 * Restrictions: the policy counts calls, not bytes (see quota). If the driver asks again about a
 * map, because a total has grown, the map takes another token. A new file has full buckets, so a
 * program that may open many files can exceed the rate. Only the buckets of the 16384 files used
 * last are kept. Rates above 10^9 are no limit.
 *
 * Compare-and-swap needs -mcpu=v3; this type of map cannot contain spin locks.
 */
#include <iommufd_policy.bpf.h>

#define SECOND 1000000000ull
#define MAX_FILES 16384
#define MAX_TRIES 64
#define MAX_SIZE (1ull << 33) /* times SECOND, it fits into 64 bits */

IOMMUFD_PARAM(__u64, maps_per_second) = 0;
IOMMUFD_PARAM(__u64, burst) = 0;
IOMMUFD_PARAM(__u64, faults_per_second) = 0;
IOMMUFD_PARAM(__u64, fault_burst) = 0;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_FILES);
	__type(key, __u32);
	__type(value, __u64);
} maps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_FILES);
	__type(key, __u32);
	__type(value, __u64);
} faults SEC(".maps");

static __always_inline __u64 *find(void *buckets, __u32 ctx)
{
	__u64 *full_ns = bpf_map_lookup_elem(buckets, &ctx), always = 0;

	if (full_ns)
		return full_ns;
	/* If another CPU has created it meanwhile, use that one. */
	bpf_map_update_elem(buckets, &ctx, &always, BPF_NOEXIST);
	return bpf_map_lookup_elem(buckets, &ctx);
}

/*
 * Take n tokens from a bucket; return false if it has fewer. The only state of a bucket is the time
 * at which it will be full, so one compare-and-swap changes it. It lacks the tokens that flow in
 * until then.
 */
static __always_inline bool take(void *buckets, __u32 ctx, __u64 n, __u64 per_second, __u64 size)
{
	__u64 each_ns = SECOND / per_second, now = bpf_ktime_get_ns(), was, will;
	__u64 *full_ns = find(buckets, ctx);

	if (size > MAX_SIZE)
		size = MAX_SIZE;
	/* Allow if there is no memory for a bucket, rather than stop all programs. */
	if (!full_ns)
		return true;
	for (int i = 0; i < MAX_TRIES; i++) {
		was = *(volatile __u64 *)full_ns;
		will = (was > now ? was : now) + n * each_ns;
		if (will - now > size * each_ns)
			return false;
		if (__sync_val_compare_and_swap(full_ns, was, will) == was)
			return true;
	}
	/* Other threads of the file were faster each time. */
	return false;
}

IOMMUFD_HOOK(ioas_map, rate_map)
{
	__u64 per_second = maps_per_second, size = burst;

	if (!per_second)
		return 0;
	if (!size)
		size = per_second;
	if (take(&maps, req->ctx, 1, per_second, size))
		return 0;
	iommufd_reason_f(req, "over %llu maps/s, burst %llu", per_second, size);
	return -EAGAIN;
}

IOMMUFD_HOOK_NOSLEEP(fault, rate_fault)
{
	__u64 per_second = faults_per_second, size = fault_burst;

	if (!per_second)
		return 0;
	if (!size)
		size = per_second;
	if (take(&faults, req->ctx, req->requests, per_second, size))
		return 0;
	iommufd_reason_f(req, "over %llu faults/s, burst %llu", per_second, size);
	return -EAGAIN;
}

IOMMUFD_POLICY(rate) = {
	.ioas_map = (void *)rate_map,
	.fault = (void *)rate_fault,
	.name = "rate",
	.flags = IOMMUFD_POLICY_NO_TOTALS,
	.version = IOMMUFD_POLICY_VERSION,
};
