// SPDX-License-Identifier: GPL-2.0-only
/*
 * The BPF programs of iommutop that need only CAP_BPF and CAP_PERFMON: counters of calls and
 * faults, and records of faults and refusals. driver_state.bpf.c lists contexts and objects.
 *
 * Maps and unmaps send no record to user space. Each adds to the counters of its IOAS, per CPU, in
 * a hash by (context, IOAS), which user space reads once per interval. Times are arguments of the
 * tracepoints; only an unmap reads a clock, because it may explain a later fault. Additions are
 * atomic although the counters are per CPU, because newer kernels may preempt a program and run
 * another one on the same counter. User space deletes the entries of destroyed IOASes.
 *
 * Faults and refusals are rare. Each sends a record of iosnoop's format through a ring buffer. An
 * event without room in the buffer is counted as lost, but its counters are right all the same.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "record.bpf.h"
#include "owner.bpf.h"
#include "owner_programs.bpf.h"
#include "past.bpf.h"
#include "iommufd_top.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct top_ioas_key);
	__type(value, struct top_ioas);
} ioases SEC(".maps");

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

const volatile __u8 top_table[TOP_TABLE]; /* for top_bucket_in() */

const volatile bool sizes_by_ctx; /* there is a filter, by which user space chooses contexts */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384); /* 1 without a filter */
	__type(key, struct top_size_key);
	__type(value, struct top_size);
} ctx_sizes SEC(".maps");

__u64 uncounted; /* events without a counter: the hash was full, or no memory */

/* The initial values of entries. */
static const struct top_ioas no_ioas;
static const struct top_fault no_fault;
static const struct top_size no_size;

static __noinline struct top_ioas *add_ioas(const struct top_ioas_key *key)
{
	struct top_ioas *counts;

	if (!key)
		return NULL;
	bpf_map_update_elem(&ioases, key, &no_ioas, BPF_NOEXIST);
	counts = bpf_map_lookup_elem(&ioases, key);
	if (!counts)
		count(&uncounted);
	return counts;
}

static __always_inline struct top_ioas *get_ioas(__u32 ctx, __u32 ioas)
{
	struct top_ioas_key key = { .ctx = ctx, .ioas = ioas };
	struct top_ioas *counts;

	counts = bpf_map_lookup_elem(&ioases, &key);
	return counts ? counts : add_ioas(&key);
}

static __always_inline void add(__u64 *counter, __u64 value)
{
	__sync_fetch_and_add(counter, value);
}

static __always_inline void count_latency(__u32 *buckets, __u32 *more, __u64 ns)
{
	__u32 bucket = top_bucket_in(top_table, ns);

	/* The verifier does not know the values in the table. */
	if (bucket >= TOP_BUCKETS)
		return;
	__sync_fetch_and_add(&buckets[bucket], 1);
	if (more)
		__sync_fetch_and_add(&more[bucket], 1);
}

static __noinline bool is_selected(__u32 ctx, __u32 tgid, __u32 ioas)
{
	const struct event_subject subject = { .ctx = ctx, .tgid = tgid, .ioas = ioas };

	return is_wanted(&subject, bpf_get_current_pid_tgid() >> 32, false);
}

/* Check the filter. Without one, the verifier removes this code. */
static __always_inline bool is_counted(const void *args, __u32 ioas)
{
	const struct args_caller *caller = args;

	return !filter.use || is_selected(caller->ctx, caller->tgid, ioas);
}

static __noinline struct top_size *add_size(const struct top_size_key *key)
{
	struct top_size *counts;

	if (!key)
		return NULL;
	bpf_map_update_elem(&ctx_sizes, key, &no_size, BPF_NOEXIST);
	counts = bpf_map_lookup_elem(&ctx_sizes, key);
	if (!counts)
		count(&uncounted);
	return counts;
}

/* Not inlined, so that programs without a filter do not fill in the key. */
static __noinline struct top_size *get_ctx_size(__u32 ctx, __u32 class)
{
	struct top_size_key key = { .ctx = ctx, .class = class };
	struct top_size *counts;

	counts = bpf_map_lookup_elem(&ctx_sizes, &key);
	return counts ? counts : add_size(&key);
}

static __always_inline struct top_size *get_size(__u32 ctx, __u32 class)
{
	if (!sizes_by_ctx)
		return bpf_map_lookup_elem(&sizes, &class);
	return get_ctx_size(ctx, class);
}

static __always_inline int count_map(const struct args_ioas_map *args)
{
	__u64 length = args->length, pages = args->pages;
	__u64 pin_ns = args->pin_ns, map_ns = args->map_ns;
	struct top_ioas *counts;
	struct top_size *size;
	__u32 class;

	if (!is_counted(args, args->ioas))
		return 0;
	counts = get_ioas(args->ctx, args->ioas);
	if (!counts)
		return 0;
	if (args->ret) {
		count(&counts->map_failed);
		return 0;
	}
	count(&counts->maps);
	add(&counts->map_bytes, length);
	add(&counts->map_pages, pages);
	class = top_size_in(top_table, length);
	size = get_size(args->ctx, class);
	if (!size)
		return 0;
	count(&size->maps);
	add(&size->bytes, length);
	/* A time of 0 means not done: before a device is attached, nothing is pinned. */
	if (pin_ns && pages)
		count_latency(counts->buckets[TOP_PIN], size->buckets[TOP_PIN], pin_ns);
	if (map_ns)
		count_latency(counts->buckets[TOP_MAP], size->buckets[TOP_MAP], map_ns);
	return 0;
}

SEC("raw_tp/iommufd_ioas_map")
int ioas_map(const struct args_ioas_map *args)
{
	return count_map(args);
}

_Static_assert(sizeof(struct args_ioas_map_file) == sizeof(struct args_ioas_map),
	       "count_map() serves both");

SEC("raw_tp/iommufd_ioas_map_file")
int ioas_map_file(const struct args_ioas_map *args)
{
	return count_map(args);
}

static __always_inline int count_unmap(void *ctx, const struct args_ioas_unmap *args)
{
	struct top_ioas *counts;

	note_unmap(ctx, args);
	if (!is_counted(args, args->ioas))
		return 0;
	counts = get_ioas(args->ctx, args->ioas);
	if (!counts)
		return 0;
	/* An unmap that fails halfway has unmapped some areas. */
	add(&counts->unmap_bytes, args->unmapped);
	if (args->ret) {
		count(&counts->unmap_failed);
		return 0;
	}
	count(&counts->unmaps);
	if (args->ns)
		count_latency(counts->buckets[TOP_UNMAP], NULL, args->ns);
	return 0;
}

SEC("raw_tp/iommufd_ioas_unmap")
int ioas_unmap(const struct args_ioas_unmap *args)
{
	return count_unmap((void *)args, args);
}

static __always_inline int count_copy(const struct args_ioas_copy *args)
{
	struct top_ioas *counts;

	if (!is_counted(args, args->ioas))
		return 0;
	counts = get_ioas(args->ctx, args->ioas);
	if (!counts)
		return 0;
	if (args->ret) {
		count(&counts->copy_failed);
		return 0;
	}
	count(&counts->copies);
	add(&counts->copy_bytes, args->length);
	return 0;
}

SEC("raw_tp/iommufd_ioas_copy")
int ioas_copy(const struct args_ioas_copy *args)
{
	return count_copy(args);
}

/* Send a record. User space applies the filter to it. */
static __always_inline void send(void *ctx, enum event_id event, const void *args, __u32 nr_args)
{
	struct event_counters *counter = get_counters();

	if (!counter)
		return;
	count(&counter->seen);
	submit(ctx, event, args, nr_args, NULL, bpf_get_current_pid_tgid(), NULL, counter);
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

static __always_inline int count_report(void *ctx, const struct args_fault_report *args)
{
	struct top_fault *fault = get_fault(args->ctx, args->device, args->pasid);

	if (fault)
		count(&fault->groups);
	send(ctx, EVENT_fault_report, args, EVENT_NR_ARGS(fault_report));
	return 0;
}

SEC("raw_tp/iommufd_fault_report")
int fault_report(const struct args_fault_report *args)
{
	return count_report((void *)args, args);
}

static __always_inline int count_response(void *ctx, const struct args_fault_response *args)
{
	struct top_fault *fault = get_fault(args->ctx, args->device, args->pasid);

	if (fault) {
		if (!args->code)
			count(&fault->done);
		else if (args->code == 1)
			count(&fault->invalid);
		else
			count(&fault->failed);
		/* 0: the request came before iommutop started, so its time is not known. */
		if (args->ns)
			count_latency(fault->buckets, NULL, args->ns);
	}
	send(ctx, EVENT_fault_response, args, EVENT_NR_ARGS(fault_response));
	return 0;
}

SEC("raw_tp/iommufd_fault_response")
int fault_response(const struct args_fault_response *args)
{
	return count_response((void *)args, args);
}

SEC("raw_tp/iommufd_policy_verdict")
int policy_verdict(const struct args_policy_verdict *args)
{
	if ((__s32)args->ret)
		send((void *)args, EVENT_policy_verdict, args, EVENT_NR_ARGS(policy_verdict));
	return 0;
}

SEC("raw_tp/iommufd_refused")
int refused(const struct args_refused *args)
{
	send((void *)args, EVENT_refused, args, EVENT_NR_ARGS(refused));
	return 0;
}

/*
 * With a filter, user space has to know the processes of a context that is opened and closed
 * between two refreshes. Without one, these two are not loaded.
 */
SEC("raw_tp/iommufd_ctx_open")
int ctx_open(const struct args_ctx_open *args)
{
	send((void *)args, EVENT_ctx_open, args, EVENT_NR_ARGS(ctx_open));
	return 0;
}

SEC("raw_tp/iommufd_device_bind")
int device_bind(const struct args_device_bind *args)
{
	if (!(__s32)args->ret)
		send((void *)args, EVENT_device_bind, args, EVENT_NR_ARGS(device_bind));
	return 0;
}

/* Attachments explain faults, see past.bpf.h. */
#define NOTE(name) \
	SEC("raw_tp/iommufd_" #name) \
	int name(const struct args_##name *args) \
	{ \
		note_past((void *)args, EVENT_##name, args); \
		return 0; \
	}

NOTE(device_attach)
NOTE(device_replace)
NOTE(device_detach)
NOTE(device_unbind)
NOTE(pasid_attach)
NOTE(pasid_replace)
NOTE(pasid_detach)
