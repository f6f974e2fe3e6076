// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures policies: the time of each policy at each hook, and its share of the ioctls that asked
 * it. tools/common/cost.c attaches the programs only while a tool reads the times; otherwise the
 * driver reads no clock. When the tool ends, its links go, and the kernel detaches the programs.
 * They need only CAP_BPF and CAP_PERFMON.
 *
 * policy_time comes before the end of its ioctl, in the same thread. So the policies that a thread
 * has asked wait in a hash until its ioctl ends. An entry older than the ioctl belongs to a call of
 * another driver, for which no end comes.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "iommufd_cost.h"
#include "iommufd_record.h"

char LICENSE[] SEC("license") = "GPL";

const volatile __u8 cost_table[TOP_TABLE]; /* for top_bucket_in() */

/* Policies and hooks that an ioctl may ask; the shares of further ones are not known. */
#define COST_ASKED 8

struct cost_asked {
	__u32 nr;
	__u32 __pad;
	struct {
		__u64 time_ns; /* CLOCK_MONOTONIC, when the policy had decided */
		__u64 ns;
		struct cost_key key;
	} list[COST_ASKED];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, COST_KEYS);
	__type(key, struct cost_key);
	__type(value, struct cost);
} costs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32); /* thread */
	__type(value, struct cost_asked);
} costs_asked SEC(".maps");

__u64 costs_lost; /* decisions that are not counted: the hash was full, or no memory */

static const struct cost no_cost;
static const struct cost_asked none_asked;

static __always_inline struct cost *get_cost(const struct cost_key *key)
{
	struct cost *cost = bpf_map_lookup_elem(&costs, key);

	if (cost)
		return cost;
	bpf_map_update_elem(&costs, key, &no_cost, BPF_NOEXIST);
	cost = bpf_map_lookup_elem(&costs, key);
	if (!cost)
		__sync_fetch_and_add(&costs_lost, 1);
	return cost;
}

/* Let the end of the ioctl find the policy. */
static __always_inline void note_asked(const struct cost_key *key, __u64 ns)
{
	__u32 tid = bpf_get_current_pid_tgid(), i;
	struct cost_asked *asked = bpf_map_lookup_elem(&costs_asked, &tid);

	if (!asked) {
		bpf_map_update_elem(&costs_asked, &tid, &none_asked, BPF_ANY);
		asked = bpf_map_lookup_elem(&costs_asked, &tid);
		if (!asked)
			return;
	}
	for (i = 0; i < COST_ASKED; i++) {
		if (i >= asked->nr) {
			asked->nr = i + 1;
			asked->list[i].key = *key;
			asked->list[i].ns = 0;
		} else if (asked->list[i].key.policy != key->policy ||
			   asked->list[i].key.hook != key->hook) {
			continue;
		}
		asked->list[i].time_ns = bpf_ktime_get_ns();
		asked->list[i].ns += ns;
		return;
	}
}

SEC("raw_tp/iommufd_policy_time")
int policy_time(const struct args_policy_time *args)
{
	const struct cost_key key = { .policy = args->policy, .hook = args->hook };
	__u32 bucket = top_bucket_in(cost_table, args->ns);
	struct cost *cost = get_cost(&key);

	/* The verifier does not know the values in the table. */
	if (!cost || bucket >= TOP_BUCKETS)
		return 0;
	__sync_fetch_and_add(&cost->calls, 1);
	__sync_fetch_and_add(&cost->ns, args->ns);
	__sync_fetch_and_add(&cost->buckets[bucket], 1);
	note_asked(&key, args->ns);
	return 0;
}

SEC("raw_tp/iommufd_ioctl")
int ioctl_time(const struct args_ioctl *args)
{
	__u64 begin = bpf_ktime_get_ns() - args->ns;
	__u32 tid = bpf_get_current_pid_tgid(), i;
	struct cost_asked *asked = bpf_map_lookup_elem(&costs_asked, &tid);
	struct cost *cost;

	if (!asked)
		return 0;
	for (i = 0; i < COST_ASKED; i++) {
		if (i >= asked->nr)
			break;
		/* An older entry is of another call: an ioctl asks policies after its start. */
		if (asked->list[i].time_ns < begin)
			continue;
		cost = bpf_map_lookup_elem(&costs, &asked->list[i].key);
		if (!cost)
			continue;
		__sync_fetch_and_add(&cost->share_ns, asked->list[i].ns);
		__sync_fetch_and_add(&cost->call_ns, args->ns);
	}
	bpf_map_delete_elem(&costs_asked, &tid);
	return 0;
}
