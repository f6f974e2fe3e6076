/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes a record of an event and submits it to the ring buffer: for the programs of iosnoop, which
 * are in two objects that share these maps, and for the faults that iommutop shows.
 *
 * Each event is counted as seen, and then as exactly one of filtered, submitted or lost. The
 * counters are per CPU, but updated atomically because newer kernels may preempt a program on a
 * tracepoint.
 *
 * The reader polls many times a second, so records do not wake it. The exception is a record with
 * which the used size of the buffer passes a multiple of 2^wakeup_shift bytes, because the buffer
 * might be full before the next poll.
 */
#ifndef _RECORD_BPF_H
#define _RECORD_BPF_H

#include "filter.bpf.h"
#include "iommufd_owner.h"

const volatile __u64 chosen_events = ~0ULL; /* 1 << enum event_id */
const volatile __u32 wakeup_shift = 20;
const volatile bool with_stacks;
const volatile bool with_threads;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 23); /* overridden by user space */
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct event_counters);
} counters SEC(".maps");

static __always_inline bool is_chosen(enum event_id event)
{
	return chosen_events & 1ULL << event;
}

static __always_inline struct event_counters *get_counters(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&counters, &zero);
}

static __always_inline void count(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

/* The flags for submitting a record of this size, which is reserved. */
static __always_inline __u64 wakeup_flags(__u64 size)
{
	__u64 filled = bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA);
	__u64 before = filled - size - BPF_RINGBUF_HDR_SZ;

	if (filled >> wakeup_shift != before >> wakeup_shift)
		return BPF_RB_FORCE_WAKEUP;
	return BPF_RB_NO_WAKEUP;
}

static __always_inline void fill_stack(struct event_stack *stack, void *ctx, bool of_thread)
{
	long size;

	stack->__pad = 0;
	size = bpf_get_stack(ctx, stack->kernel, sizeof(stack->kernel), 0);
	stack->nr_kernel = size > 0 ? size / sizeof(stack->kernel[0]) : 0;
	size = 0;
	if (of_thread)
		size = bpf_get_stack(ctx, stack->user, sizeof(stack->user), BPF_F_USER_STACK);
	stack->nr_user = size > 0 ? size / sizeof(stack->user[0]) : 0;
}

/*
 * Fill in a record up to its arguments; cause and stacks follow them. owner: of the context, if the
 * running thread is not of its process; NULL if it is not known.
 */
static __always_inline void fill_record(struct event_record *record, enum event_id event,
					const __u64 *args, __u32 nr_args, __u64 pid_tgid,
					const struct owner *owner)
{
	const struct args_caller *caller = (const void *)args;

	record->time_ns = bpf_ktime_get_ns();
	/* In an interrupt, the running thread has nothing to do with the event. */
	record->tid = pid_tgid;
	if ((__u32)caller->tgid == EVENT_NONE || event == EVENT_dma_fault ||
	    event == EVENT_io_page_fault)
		record->tid = EVENT_NONE;
	record->event = event;
	record->nr_args = nr_args;
	record->flags = 0;
	if ((__u32)caller->tgid == pid_tgid >> 32)
		bpf_get_current_comm(record->comm, sizeof(record->comm));
	else if (owner)
		__builtin_memcpy(record->comm, owner->comm, sizeof(record->comm));
	else
		__builtin_memset(record->comm, 0, sizeof(record->comm));
	__builtin_memcpy(record->args, args, nr_args * sizeof(__u64));
}

/* Add the thread behind the rest of a record. */
static __always_inline void fill_thread(struct event_record *record, void *at, __u64 pid_tgid,
					const struct owner *owner)
{
	const struct args_caller *caller = (const void *)record->args;
	struct event_thread *thread = at;

	thread->uid = EVENT_NONE;
	thread->__pad = 0;
	thread->cgroup = 0;
	if ((__u32)caller->tgid == pid_tgid >> 32) {
		thread->uid = bpf_get_current_uid_gid();
		thread->cgroup = bpf_get_current_cgroup_id();
	} else if (owner) {
		thread->uid = owner->uid;
		thread->cgroup = owner->cgroup;
	}
	record->flags |= EVENT_HAS_THREAD;
}

/*
 * Submit a record in one of three sizes, because the verifier requires constants: the event alone;
 * with a cause; with a cause and stacks. In recordings, each has the thread, too.
 */
static __always_inline void submit(void *ctx, enum event_id event, const void *args, __u32 nr_args,
				   const struct event_cause *cause, __u64 pid_tgid,
				   const struct owner *owner, struct event_counters *counter)
{
	const __u32 plain = sizeof(struct event_record) + nr_args * sizeof(__u64);
	const __u32 caused = plain + sizeof(*cause);
	const __u32 full = caused + sizeof(struct event_stack);
	const __u32 thread = with_threads ? sizeof(struct event_thread) : 0;
	const struct args_caller *caller = args;
	struct event_record *record;
	struct event_cause *to;
	__u32 size;

	/* Each size has its own code, because the verifier must know the size at every access. */
	if (with_stacks) {
		size = full + thread;
		record = bpf_ringbuf_reserve(&records, full + thread, 0);
		if (!record)
			goto lost;
		fill_record(record, event, args, nr_args, pid_tgid, owner);
		record->flags = EVENT_HAS_CAUSE | EVENT_HAS_STACK;
		to = (struct event_cause *)&record->args[nr_args];
		if (cause)
			*to = *cause;
		else
			__builtin_memset(to, 0, sizeof(*to));
		fill_stack((struct event_stack *)(to + 1), ctx,
			   (__u32)caller->tgid == pid_tgid >> 32);
		if (with_threads)
			fill_thread(record, (void *)record + full, pid_tgid, owner);
	} else if (cause) {
		size = caused + thread;
		record = bpf_ringbuf_reserve(&records, caused + thread, 0);
		if (!record)
			goto lost;
		fill_record(record, event, args, nr_args, pid_tgid, owner);
		record->flags = EVENT_HAS_CAUSE;
		*(struct event_cause *)&record->args[nr_args] = *cause;
		if (with_threads)
			fill_thread(record, (void *)record + caused, pid_tgid, owner);
	} else {
		size = plain + thread;
		record = bpf_ringbuf_reserve(&records, plain + thread, 0);
		if (!record)
			goto lost;
		fill_record(record, event, args, nr_args, pid_tgid, owner);
		if (with_threads)
			fill_thread(record, (void *)record + plain, pid_tgid, owner);
	}
	count(&counter->submitted);
	bpf_ringbuf_submit(record, wakeup_flags(size));
	return;
lost:
	count(&counter->lost);
}

#endif /* _RECORD_BPF_H */
