// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel side of iosnoop: one raw tracepoint program for each event it shows.
 *
 * Raw tracepoints, since they are the only kind of program that CAP_BPF and CAP_PERFMON suffice
 * for on the tracepoints of a module: everything else needs the module's BTF, and that needs
 * CAP_SYS_ADMIN. The arguments are scalars, so no layout of a kernel structure is built in here.
 *
 * A program bears the name of its event in iommufd_events.h; user space loads and attaches those
 * that were asked for, an event not chosen costs nothing. Of the chosen ones each is counted as
 * seen, then as exactly one of filtered, submitted or lost. The counters are per CPU and yet
 * updated atomically: newer kernels may preempt a program on a tracepoint.
 *
 * A record does not wake the reader, which looks by itself many times a second, unless it makes
 * the buffer's filling pass a multiple of 2^wakeup_shift bytes: the next look may come too late.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "iommufd_record.h"

char LICENSE[] SEC("license") = "GPL";

const volatile __u32 filter_tgid;		/* 0: every process */
const volatile bool filter_failed;		/* only what was refused */
const volatile bool all_verdicts;		/* of policies also those that agree */
const volatile __u64 filter_latency_ns;		/* only what took at least this long */
const volatile __u32 wakeup_shift = 20;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 23);		/* user space sets the size asked for */
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct event_counters);
} counters SEC(".maps");

static __always_inline void count(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

static __always_inline bool is_wanted(__u32 tgid, __s32 ret, __u64 latency_ns)
{
	if (filter_tgid && tgid != filter_tgid)
		return false;
	if (filter_failed && !ret)
		return false;
	return latency_ns >= filter_latency_ns;
}

/* For a record of this size, reserved and not yet submitted. */
static __always_inline __u64 wakeup_flags(__u64 size)
{
	__u64 filled = bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA);
	__u64 before = filled - size - BPF_RINGBUF_HDR_SZ;

	if (filled >> wakeup_shift != before >> wakeup_shift)
		return BPF_RB_FORCE_WAKEUP;
	return BPF_RB_NO_WAKEUP;
}

static __always_inline int handle(enum event_id event, const void *args, __u32 nr_args, __s32 ret,
				  __u64 latency_ns, bool wanted)
{
	const struct args_caller *caller = args;
	const __u32 size = sizeof(struct event_record) + nr_args * sizeof(__u64);
	struct event_counters *counter;
	struct event_record *record;
	__u32 zero = 0;

	counter = bpf_map_lookup_elem(&counters, &zero);
	if (!counter)
		return 0;
	count(&counter->seen);
	if (!wanted || !is_wanted(caller->tgid, ret, latency_ns)) {
		count(&counter->filtered);
		return 0;
	}
	record = bpf_ringbuf_reserve(&records, size, 0);
	if (!record) {
		count(&counter->lost);
		return 0;
	}
	record->time_ns = bpf_ktime_get_ns();
	record->tid = bpf_get_current_pid_tgid();
	record->event = event;
	record->nr_args = nr_args;
	bpf_get_current_comm(record->comm, sizeof(record->comm));
	__builtin_memcpy(record->args, args, nr_args * sizeof(__u64));
	count(&counter->submitted);
	bpf_ringbuf_submit(record, wakeup_flags(size));
	return 0;
}

#define TRACE(name, ret, latency_ns)							\
	SEC("raw_tp/iommufd_" #name)							\
	int name(const struct args_##name *args)					\
	{										\
		return handle(EVENT_##name, args, EVENT_NR_ARGS(name), ret, latency_ns, true);	\
	}

TRACE(ioas_map, args->ret, args->pin_ns + args->map_ns)
TRACE(ioas_unmap, args->ret, args->ns)
TRACE(ioas_copy, args->ret, args->ns)
TRACE(device_bind, args->ret, 0)
TRACE(device_unbind, 0, 0)
TRACE(device_attach, args->ret, args->ns)
TRACE(device_replace, args->ret, args->ns)
TRACE(device_detach, 0, args->ns)

/* One for each call and policy: those that agree are noise, unless they were asked for. */
SEC("raw_tp/iommufd_policy_verdict")
int policy_verdict(const struct args_policy_verdict *args)
{
	return handle(EVENT_policy_verdict, args, EVENT_NR_ARGS(policy_verdict), args->ret, 0,
		      all_verdicts || args->ret);
}
