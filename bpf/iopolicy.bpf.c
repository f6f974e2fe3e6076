// SPDX-License-Identifier: GPL-2.0-only
/*
 * The BPF programs of iopolicy: list the loaded policies and the last refusals, seal a policy, try
 * one with a request, and record verdicts.
 *
 * User space runs list_policies, list_refusals or seal once. The first two put a record of each
 * policy, or of each entry of the driver's history, into a ring buffer, and copy the fields one by
 * one: that needs no helper, so it works under every lockdown mode, and CO-RE adjusts each field to
 * the loaded module.
 *
 * verdict is attached to a raw tracepoint before the policy to be watched is attached, so that no
 * verdict is missed. The policy's id is known only after that. Until user space sets it, the
 * program records the verdicts of all policies, and user space drops those of others. When nothing
 * is in progress, seen = filtered + submitted + lost. The records are those of iosnoop.
 */
#include "iommufd_policy.bpf.h"
#include "iommufd_record.h"

char LICENSE[] SEC("license") = "GPL";

const volatile bool show_allowed; /* record allowed requests, too */

__u32 policy_id; /* 0: not known yet */
struct event_counters counters;
__u64 policies_lost; /* policies, or refusals, that did not fit into the buffer */
bool has_history; /* the driver keeps refusals */

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

__u32 seal_policy; /* id */

SEC("syscall")
int seal(void *ctx)
{
	/* Older modules lack it. */
	if (!bpf_ksym_exists(iommufd_seal_policy))
		return -ENODEV;
	return iommufd_seal_policy(seal_policy);
}

/* A request for a policy that is loaded for tests, and its verdict. */
__u32 trial_link; /* id */
struct iommufd_policy_request trial_request;
struct iommufd_policy_trial trial;

/* Not loaded by default, because older modules lack the function and its types. */
SEC("?syscall")
int try_request(void *ctx)
{
	if (!bpf_ksym_exists(iommufd_policy_try))
		return -ENODEV;
	return iommufd_policy_try(trial_link, &trial_request, sizeof(trial_request), &trial,
				  sizeof(trial));
}

/* An older driver keeps no history. */
SEC("syscall")
int list_refusals(void *ctx)
{
	struct iommufd_refusal_info *info, *record;

	if (!bpf_ksym_exists(bpf_iter_iommufd_refusal_new))
		return 0;
	has_history = true;
	bpf_for_each(iommufd_refusal, info) {
		record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
		if (!record) {
			policies_lost++;
			continue;
		}
		record->number = info->number;
		record->times = info->times;
		record->lost = info->lost;
		record->first_ns = info->first_ns;
		record->last_ns = info->last_ns;
		record->cgroup = info->cgroup;
		record->iova = info->iova;
		record->length = info->length;
		record->policy = info->policy;
		record->flags = info->flags;
		record->hook = info->hook;
		record->ret = info->ret;
		record->ctx = info->ctx;
		record->tgid = info->tgid;
		record->uid = info->uid;
		record->object = info->object;
		record->sbdf = info->sbdf;
		record->pasid = info->pasid;
		__builtin_memcpy(record->name, info->name, sizeof(record->name));
		__builtin_memcpy(record->reason, info->reason, sizeof(record->reason));
		__builtin_memcpy(record->comm, info->comm, sizeof(record->comm));
		__builtin_memcpy(record->device_name, info->device_name,
				 sizeof(record->device_name));
		bpf_ringbuf_submit(record, 0);
	}
	return 0;
}

SEC("raw_tp/iommufd_policy_verdict")
int verdict(const struct args_policy_verdict *args)
{
	struct event_record *record;

	if (policy_id && args->policy != policy_id)
		return 0;
	__sync_fetch_and_add(&counters.seen, 1);
	if (!(__s32)args->ret && !show_allowed) {
		__sync_fetch_and_add(&counters.filtered, 1);
		return 0;
	}
	record = bpf_ringbuf_reserve(&records, sizeof(*record) + sizeof(*args), 0);
	if (!record) {
		__sync_fetch_and_add(&counters.lost, 1);
		return 0;
	}
	record->time_ns = bpf_ktime_get_ns();
	record->tid = bpf_get_current_pid_tgid();
	record->event = EVENT_policy_verdict;
	record->nr_args = EVENT_NR_ARGS(policy_verdict);
	record->flags = 0;
	bpf_get_current_comm(record->comm, sizeof(record->comm));
	__builtin_memcpy(record->args, args, sizeof(*args));
	__sync_fetch_and_add(&counters.submitted, 1);
	bpf_ringbuf_submit(record, 0);
	return 0;
}
