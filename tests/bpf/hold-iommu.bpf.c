// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests/vm/iommu-locks.c: hold a thread up in the IOMMU core, at the tracepoints iommu:map and
 * iommu:unmap. The latter is hit before the IOTLB is flushed.
 */
#include <iommufd_policy.bpf.h>

char LICENSE[] SEC("license") = "GPL";

/* The same as in the test. */
#define HOLD 1
#define HELD 2
#define EXPIRED 3
#define HOLD_MAX_NS 10000000000ull

/* @tid: the thread; @state: HOLD, then HELD, until the test writes 0, or EXPIRED */
struct hold {
	__u32 tid;
	__u32 state;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct hold);
} holds SEC(".maps");

struct spin {
	__u64 until;
};

static long spin_on(__u32 index, void *arg)
{
	const struct spin *spin = arg;
	__u32 zero = 0;
	volatile struct hold *hold = bpf_map_lookup_elem(&holds, &zero);

	return !hold || hold->state != HELD || bpf_ktime_get_ns() >= spin->until;
}

static long spin_more(__u32 index, void *arg)
{
	bpf_loop(1 << 23, spin_on, arg, 0);
	return spin_on(index, arg);
}

static __always_inline int hold_up(void)
{
	struct spin spin = { .until = bpf_ktime_get_ns() + HOLD_MAX_NS };
	__u32 zero = 0;
	volatile struct hold *hold = bpf_map_lookup_elem(&holds, &zero);

	if (!hold || hold->state != HOLD || hold->tid != (__u32)bpf_get_current_pid_tgid())
		return 0;
	hold->state = HELD;
	bpf_loop(1 << 10, spin_more, &spin, 0);
	if (hold->state == HELD)
		hold->state = EXPIRED;
	return 0;
}

SEC("raw_tp/map")
int hold_map(void *ctx)
{
	return hold_up();
}

SEC("raw_tp/unmap")
int hold_unmap(void *ctx)
{
	return hold_up();
}
