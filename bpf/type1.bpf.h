/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps and unmaps of VFIO type1, by kprobes: the programs type1_begin and type1_end. They need the
 * kernel's BTF, because the arguments of a kprobe are in struct pt_regs.
 *
 * type1_begin reads the caller's values, type1_end the driver's results.
 *
 * A call is counted when it begins. A call whose end is missed, because the number of active
 * kretprobes is limited, is lost. That is noticed when its thread makes the next call or, by user
 * space, when tracing ends.
 *
 * Include record.bpf.h before this header.
 */
#ifndef _TYPE1_BPF_H
#define _TYPE1_BPF_H

#include <bpf/bpf_tracing.h>

#include "type1_ioctl.bpf.h"

struct type1_call {
	__u32 cmd;
	__u32 flags;
	__u64 user; /* address of the struct */
	__u64 begin_ns;
	__u64 iova;
	__u64 length;
	__u64 vaddr;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32); /* thread */
	__type(value, struct type1_call);
} type1_calls SEC(".maps");

static __always_inline void end_type1(void *ctx, enum event_id event, const void *args,
				      __u32 nr_args, const struct type1_call *call, __u64 ns,
				      __s32 ret)
{
	struct event_counters *counter = get_counters();
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	const struct event_subject subject = {
		.ctx = EVENT_NONE,
		.tgid = pid_tgid >> 32,
		.ioas = EVENT_NONE,
		.sbdf = EVENT_NONE,
		.pasid = EVENT_NONE,
		.ret = ret,
		.latency_ns = ns,
		.length = call->length,
		.iova = call->iova,
	};

	if (!counter)
		return;
	if (is_wanted(&subject, pid_tgid >> 32, false))
		submit(ctx, event, args, nr_args, NULL, pid_tgid, NULL, counter);
	else
		count(&counter->filtered);
}

SEC("kretprobe")
int BPF_KRETPROBE(type1_end, long ret)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct type1_unmap unmap = {};
	struct type1_call *kept, call;
	__u32 tid = pid_tgid;
	__u64 ns;

	kept = bpf_map_lookup_elem(&type1_calls, &tid);
	if (!kept)
		return 0;
	call = *kept;
	bpf_map_delete_elem(&type1_calls, &tid);
	ns = bpf_ktime_get_ns() - call.begin_ns;
	if (call.cmd == TYPE1_MAP_DMA) {
		struct args_type1_map args = {
			.ctx = EVENT_NONE,
			.tgid = pid_tgid >> 32,
			.iova = call.iova,
			.length = call.length,
			.user_va = call.vaddr,
			.flags = call.flags,
			.ns = ns,
			.ret = (__u32)ret,
		};

		end_type1(ctx, EVENT_type1_map, &args, EVENT_NR_ARGS(type1_map), &call, ns, ret);
	} else {
		struct args_type1_unmap args = {
			.ctx = EVENT_NONE,
			.tgid = pid_tgid >> 32,
			.iova = call.iova,
			.length = call.length,
			.flags = call.flags,
			.ns = ns,
			.ret = (__u32)ret,
		};

		if (!ret)
			bpf_probe_read_user(&unmap, sizeof(unmap), (void *)call.user);
		args.unmapped = unmap.size;
		end_type1(ctx, EVENT_type1_unmap, &args, EVENT_NR_ARGS(type1_unmap), &call, ns,
			  ret);
	}
	return 0;
}

/*
 * Programs are attached in the order of this file. This one is the last, so that the end of each
 * counted call is seen.
 */
SEC("kprobe")
int BPF_KPROBE(type1_begin, void *iommu, unsigned int cmd, unsigned long arg)
{
	enum event_id event = cmd == TYPE1_MAP_DMA ? EVENT_type1_map : EVENT_type1_unmap;
	struct event_counters *counter = get_counters();
	struct type1_call call = { .cmd = cmd, .user = arg };
	__u32 tid = bpf_get_current_pid_tgid();
	struct type1_unmap unmap = {};
	struct type1_map map = {};

	if ((cmd != TYPE1_MAP_DMA && cmd != TYPE1_UNMAP_DMA) || !is_chosen(event) || !counter)
		return 0;
	count(&counter->seen);
	if (cmd == TYPE1_MAP_DMA) {
		bpf_probe_read_user(&map, sizeof(map), (void *)arg);
		call.flags = map.flags;
		call.iova = map.iova;
		call.length = map.size;
		call.vaddr = map.vaddr;
	} else {
		bpf_probe_read_user(&unmap, sizeof(unmap), (void *)arg);
		call.flags = unmap.flags;
		call.iova = unmap.iova;
		call.length = unmap.size;
	}
	call.begin_ns = bpf_ktime_get_ns();
	if (bpf_map_lookup_elem(&type1_calls, &tid))
		count(&counter->lost); /* the previous call of this thread */
	if (bpf_map_update_elem(&type1_calls, &tid, &call, BPF_ANY))
		count(&counter->lost);
	return 0;
}

#endif /* _TYPE1_BPF_H */
