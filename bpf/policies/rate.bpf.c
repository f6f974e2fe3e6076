// SPDX-License-Identifier: GPL-2.0-only
/*
 * rate: how often a file of /dev/iommu may map, and how many page requests its devices may make.
 *
 * A program that maps and unmaps without a pause keeps the IOMMU's queues busy for all others, and
 * a device that makes page requests without a pause keeps a CPU busy. Each file has two buckets,
 * one for maps and one for page requests, which fill at the rate of the parameters up to the burst;
 * what finds its bucket empty is refused.
 *
 *	iopolicy load build/policies/rate.bpf.o --set maps_per_second=1000 --set burst=5000
 *
 * Parameters:
 *	maps_per_second		maps and copies; 0 is no limit
 *	burst			so many at once after a pause; 0 is as many as in a second
 *	faults_per_second	page requests; 0 is no limit
 *	fault_burst		so many at once after a pause; 0 is as many as in a second
 *
 * Maps: maps and faults hold the buckets, by the number of the file: the time, in ns of
 * CLOCK_MONOTONIC, at which the bucket will be full.
 *
 *	bpftool map dump pinned /sys/fs/bpf/iommufd/rate/maps/maps
 *
 * A map that is refused fails with EAGAIN, and the program may try again; what it asks for is
 * counted only when it is allowed here. A group of page requests counts as so many as it has; one
 * that is refused is answered as invalid, which most devices take as a final error: the rate has to
 * be above what they do in normal work. A group larger than the burst is always refused.
 *
 * Limits: only the number of calls is looked at, not how much they map (see quota). A new file has
 * full buckets, so that opening many gets around the rate, if the program may. The buckets of the
 * 16384 files used last are kept. Rates above 10^9 are none.
 *
 * Compare and swap wants -mcpu=v3; a map of this type cannot have spin locks in it.
 */
#include <iommufd_policy.bpf.h>

#define SECOND 1000000000ull
#define MAX_FILES 16384
#define MAX_TRIES 64
#define MAX_SIZE (1ull << 33) /* times a second, it is a number of 64 bits */

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
	/* Another CPU may be first, and then it is there. */
	bpf_map_update_elem(buckets, &ctx, &always, BPF_NOEXIST);
	return bpf_map_lookup_elem(buckets, &ctx);
}

/*
 * Takes n from the bucket, or says no. A bucket that will be full at the time t holds as much less
 * than its size as flows in until t: this one number is all its state, and is changed in one step.
 */
static __always_inline bool take(void *buckets, __u32 ctx, __u64 n, __u64 per_second, __u64 size)
{
	__u64 each_ns = SECOND / per_second, now = bpf_ktime_get_ns(), was, will;
	__u64 *full_ns = find(buckets, ctx);

	if (size > MAX_SIZE)
		size = MAX_SIZE;
	/* Without memory for a bucket: too many files at once are no reason to stop all. */
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
	/* So many others of the file were allowed in this moment. */
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
	.version = IOMMUFD_POLICY_VERSION,
};
