// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel side of iommutop, as far as CAP_BPF and CAP_PERFMON suffice: counters of what happens,
 * and records of faults and refusals. What is there is told by iommutop_state.bpf.c.
 *
 * Counting. No event of a map or unmap goes to user space: each adds to counters of its IOAS, kept
 * per CPU in a hash by (context, IOAS), and user space reads them once an interval. The times are
 * arguments of the tracepoints; no clock is read here. Additions are atomic although the counters
 * are per CPU: newer kernels may preempt one program and run another one on the same counter. User
 * space takes the entries of contexts that are gone out of the hash.
 *
 * Faults, and what was refused by policies and limits, are rare and worth a line: they go through a
 * ring buffer, as iosnoop's records. What has no room there is counted as lost, and still in its
 * counters.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "record.bpf.h"
#include "iommufd_top.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct top_node_key);
	__type(value, struct top_node);
} nodes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8192);
	__type(key, struct top_fault_key);
	__type(value, struct top_fault);
} faults SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TOP_SIZES);
	__type(key, __u32);
	__type(value, struct top_size);
} sizes SEC(".maps");

__u64 uncounted;	 /* events without a counter: no room, or no memory for one */

/* What new entries begin with. */
static const struct top_node no_node;
static const struct top_fault no_fault;

static __noinline struct top_node *add_node(const struct top_node_key *key)
{
	struct top_node *node;

	if (!key)
		return NULL;
	bpf_map_update_elem(&nodes, key, &no_node, BPF_NOEXIST);
	node = bpf_map_lookup_elem(&nodes, key);
	if (!node)
		count(&uncounted);
	return node;
}

static __always_inline struct top_node *get_node(__u32 ctx, __u32 ioas)
{
	struct top_node_key key = { .ctx = ctx, .ioas = ioas };
	struct top_node *node;

	node = bpf_map_lookup_elem(&nodes, &key);
	return node ? node : add_node(&key);
}

static __always_inline void add(__u64 *counter, __u64 value)
{
	__sync_fetch_and_add(counter, value);
}

static __always_inline void count_latency(__u32 *buckets, __u32 *more, __u64 ns)
{
	__u32 bucket = top_bucket(ns);

	/* For the verifier, which does not follow the arithmetic. */
	if (bucket >= TOP_BUCKETS)
		return;
	__sync_fetch_and_add(&buckets[bucket], 1);
	if (more)
		__sync_fetch_and_add(&more[bucket], 1);
}

/* Is it a call that is to be counted? Without a filter there is no code for this. */
static __always_inline bool is_counted(const void *args, __u32 ioas)
{
	const struct args_caller *caller = args;
	const struct event_subject subject = {
		.ctx = caller->ctx,
		.tgid = caller->tgid,
		.ioas = ioas,
	};

	return !filter.use || is_wanted(&subject, bpf_get_current_pid_tgid() >> 32);
}

static __always_inline int count_map(const struct args_ioas_map *args)
{
	__u64 length = args->length, pin_ns = args->pin_ns, map_ns = args->map_ns;
	struct top_node *node;
	struct top_size *size;
	__u32 class;

	if (!is_counted(args, args->ioas))
		return 0;
	node = get_node(args->ctx, args->ioas);
	if (!node)
		return 0;
	if (args->ret) {
		count(&node->map_failed);
		return 0;
	}
	count(&node->maps);
	add(&node->map_bytes, length);
	add(&node->map_pages, args->pages);
	class = top_size(length);
	size = bpf_map_lookup_elem(&sizes, &class);
	if (!size)
		return 0;
	count(&size->maps);
	add(&size->bytes, length);
	/* 0 is what was not done: nothing is pinned before a device is attached. */
	if (pin_ns && args->pages)
		count_latency(node->buckets[TOP_PIN], size->buckets[TOP_PIN], pin_ns);
	if (map_ns)
		count_latency(node->buckets[TOP_MAP], size->buckets[TOP_MAP], map_ns);
	return 0;
}

SEC("raw_tp/iommufd_ioas_map")
int ioas_map(const struct args_ioas_map *args)
{
	return count_map(args);
}

_Static_assert(sizeof(struct args_ioas_map_file) == sizeof(struct args_ioas_map), "alike");

SEC("raw_tp/iommufd_ioas_map_file")
int ioas_map_file(const struct args_ioas_map *args)
{
	return count_map(args);
}

SEC("raw_tp/iommufd_ioas_unmap")
int ioas_unmap(const struct args_ioas_unmap *args)
{
	struct top_node *node;

	if (!is_counted(args, args->ioas))
		return 0;
	node = get_node(args->ctx, args->ioas);
	if (!node)
		return 0;
	/* Of one that fails half-way the first half counts. */
	add(&node->unmap_bytes, args->unmapped);
	if (args->ret) {
		count(&node->unmap_failed);
		return 0;
	}
	count(&node->unmaps);
	if (args->ns)
		count_latency(node->buckets[TOP_UNMAP], NULL, args->ns);
	return 0;
}

SEC("raw_tp/iommufd_ioas_copy")
int ioas_copy(const struct args_ioas_copy *args)
{
	struct top_node *node;

	if (!is_counted(args, args->ioas))
		return 0;
	node = get_node(args->ctx, args->ioas);
	if (!node)
		return 0;
	if (args->ret) {
		count(&node->copy_failed);
		return 0;
	}
	count(&node->copies);
	add(&node->copy_bytes, args->length);
	return 0;
}

/* What is worth a line. User space picks what its filter asks for. */
static __always_inline void tell(void *ctx, enum event_id event, __u32 nr_args)
{
	struct event_counters *counter = get_counters();

	if (!counter)
		return;
	count(&counter->seen);
	submit(ctx, event, ctx, nr_args, NULL, bpf_get_current_pid_tgid(), counter);
}

static __always_inline struct top_fault *get_fault(__u32 ctx, __u32 device, __u32 pasid)
{
	struct top_fault_key key = {
		.ctx = ctx,
		.device = device,
		.pasid = pasid,
		.sbdf = EVENT_NONE,
	};
	struct top_fault *fault;

	fault = bpf_map_lookup_elem(&faults, &key);
	if (fault)
		return fault;
	bpf_map_update_elem(&faults, &key, &no_fault, BPF_NOEXIST);
	fault = bpf_map_lookup_elem(&faults, &key);
	if (!fault)
		count(&uncounted);
	return fault;
}

SEC("raw_tp/iommufd_fault_report")
int fault_report(const struct args_fault_report *args)
{
	struct top_fault *fault = get_fault(args->ctx, args->device, args->pasid);

	if (fault)
		count(&fault->groups);
	tell((void *)args, EVENT_fault_report, EVENT_NR_ARGS(fault_report));
	return 0;
}

SEC("raw_tp/iommufd_fault_response")
int fault_response(const struct args_fault_response *args)
{
	struct top_fault *fault = get_fault(args->ctx, args->device, args->pasid);

	if (fault) {
		if (!args->code)
			count(&fault->done);
		else if (args->code == 1)
			count(&fault->invalid);
		else
			count(&fault->failed);
		count_latency(fault->buckets, NULL, args->ns);
	}
	tell((void *)args, EVENT_fault_response, EVENT_NR_ARGS(fault_response));
	return 0;
}

SEC("raw_tp/iommufd_policy_verdict")
int policy_verdict(const struct args_policy_verdict *args)
{
	if ((__s32)args->ret)
		tell((void *)args, EVENT_policy_verdict, EVENT_NR_ARGS(policy_verdict));
	return 0;
}

SEC("raw_tp/iommufd_refused")
int refused(const struct args_refused *args)
{
	tell((void *)args, EVENT_refused, EVENT_NR_ARGS(refused));
	return 0;
}
