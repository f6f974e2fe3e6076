// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel side of iopolicy: what is in force, and verdicts as they come.
 *
 * list_policies is run once by user space; it goes over the policies with the driver's iterator
 * and puts a record of each into a ring buffer. Fields are copied one by one: that takes no helper,
 * and so works under any lockdown, and each is found where the running module has it.
 *
 * verdict is a raw tracepoint program. It is attached before the policy whose verdicts it shall
 * show, so that none is missed; the policy's id is known only afterwards. Until user space has set
 * it, verdicts of all policies are passed on, and user space picks. At rest,
 * seen = filtered + submitted + lost.
 */
#include "iommufd_policy.bpf.h"
#include "iommufd_verdict.h"

char LICENSE[] SEC("license") = "GPL";

const volatile bool show_allowed;		/* not only refusals */

__u32 policy_id;				/* 0: not known yet */
struct verdict_counters counters;
__u64 policies_lost;				/* no room in the buffer: there are too many */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} records SEC(".maps");

SEC("syscall")
int list_policies(void *ctx)
{
	struct iommufd_policy_info *info, *record;

	bpf_for_each(iommufd_policy, info) {
		record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
		if (!record) {
			policies_lost++;
			continue;
		}
		record->id = info->id;
		record->link_id = info->link_id;
		record->hooks = info->hooks;
		record->flags = info->flags;
		record->priority = info->priority;
		record->last_hook = info->last_hook;
		record->last_ret = info->last_ret;
		record->last_tgid = info->last_tgid;
		record->cgroup = info->cgroup;
		__builtin_memcpy(record->name, info->name, sizeof(record->name));
		__builtin_memcpy(record->reason, info->reason, sizeof(record->reason));
		__builtin_memcpy(record->counts, info->counts, sizeof(record->counts));
		bpf_ringbuf_submit(record, 0);
	}
	return 0;
}

/* Arguments of the tracepoint, each widened to 64 bits. */
struct verdict_args {
	__u64 ctx;
	__u64 tgid;
	__u64 policy;
	__u64 hook;
	__u64 object;
	__u64 flags;
	__u64 ret;
	__u64 reason[IOMMUFD_POLICY_REASON_LEN / 8];
};

SEC("raw_tp/iommufd_policy_verdict")
int verdict(const struct verdict_args *args)
{
	struct verdict *record;

	if (policy_id && args->policy != policy_id)
		return 0;
	__sync_fetch_and_add(&counters.seen, 1);
	if (!(__s32)args->ret && !show_allowed) {
		__sync_fetch_and_add(&counters.filtered, 1);
		return 0;
	}
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		__sync_fetch_and_add(&counters.lost, 1);
		return 0;
	}
	record->time_ns = bpf_ktime_get_ns();
	record->ctx = args->ctx;
	record->tgid = args->tgid;
	record->policy = args->policy;
	record->hook = args->hook;
	record->object = args->object;
	record->flags = args->flags;
	record->ret = args->ret;
	record->tid = bpf_get_current_pid_tgid();
	bpf_get_current_comm(record->comm, sizeof(record->comm));
	__builtin_memcpy(record->reason, args->reason, sizeof(record->reason));
	__sync_fetch_and_add(&counters.submitted, 1);
	bpf_ringbuf_submit(record, 0);
	return 0;
}
