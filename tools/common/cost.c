// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of policies, see cost.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cost.skel.h"
#include "cost.h"

struct cost_watch {
	struct cost_bpf *bpf;
	struct bpf_link *policy_time;
	struct bpf_link *ioctl_time;
	struct cost *values; /* of all CPUs */
	int nr_cpus;
};

static int attach(struct cost_watch *watch)
{
	int err;

	watch->nr_cpus = libbpf_num_possible_cpus();
	if (watch->nr_cpus < 0)
		return watch->nr_cpus;
	watch->values = calloc(watch->nr_cpus, sizeof(*watch->values));
	watch->bpf = watch->values ? cost_bpf__open() : NULL;
	if (!watch->bpf)
		return watch->values ? -errno : -ENOMEM;
	for (size_t i = 0; i < TOP_TABLE; i++)
		watch->bpf->rodata->cost_table[i] = top_bucket(i << TOP_TABLE_SHIFT);
	err = cost_bpf__load(watch->bpf);
	if (err)
		return err;
	/* The end of an ioctl first, so that it is known of each that asks a policy. */
	watch->ioctl_time =
		bpf_program__attach_raw_tracepoint(watch->bpf->progs.ioctl_time, "iommufd_ioctl");
	if (watch->ioctl_time)
		watch->policy_time = bpf_program__attach_raw_tracepoint(
			watch->bpf->progs.policy_time, "iommufd_policy_time");
	return watch->policy_time ? 0 : -errno;
}

struct cost_watch *cost__open(void)
{
	struct cost_watch *watch = calloc(1, sizeof(*watch));
	int err;

	if (!watch)
		return NULL;
	err = attach(watch);
	if (!err)
		return watch;
	cost__close(watch);
	errno = -err;
	return NULL;
}

static struct cost sum_cpus(const struct cost_watch *watch)
{
	struct cost sum = {};
	int cpu, i;

	for (cpu = 0; cpu < watch->nr_cpus; cpu++) {
		const struct cost *from = &watch->values[cpu];

		sum.calls += from->calls;
		sum.ns += from->ns;
		sum.share_ns += from->share_ns;
		sum.call_ns += from->call_ns;
		for (i = 0; i < TOP_BUCKETS; i++)
			sum.buckets[i] += from->buckets[i];
	}
	return sum;
}

int cost__read(struct cost_watch *watch,
	       int (*store)(void *ctx, const struct cost_key *key, const struct cost *cost),
	       void *ctx)
{
	int fd = bpf_map__fd(watch->bpf->maps.costs), err = 0;
	struct cost_key key, next;
	bool is_first = true;
	unsigned int i;
	struct cost sum;

	_Static_assert(sizeof(struct cost) % 8 == 0, "values of CPUs are 8 bytes apart");
	/* A key that is deleted meanwhile begins the walk anew, so end it. */
	for (i = 0; i < COST_KEYS && !err; i++) {
		if (bpf_map_get_next_key(fd, is_first ? NULL : &key, &next))
			break;
		is_first = false;
		key = next;
		if (bpf_map_lookup_elem(fd, &key, watch->values))
			continue;
		sum = sum_cpus(watch);
		err = store(ctx, &key, &sum);
	}
	return err;
}

void cost__drop(struct cost_watch *watch, const struct cost_key *key)
{
	bpf_map_delete_elem(bpf_map__fd(watch->bpf->maps.costs), key);
}

__u64 cost__lost(const struct cost_watch *watch)
{
	return __atomic_load_n(&watch->bpf->bss->costs_lost, __ATOMIC_RELAXED);
}

void cost__close(struct cost_watch *watch)
{
	if (!watch)
		return;
	bpf_link__destroy(watch->policy_time);
	bpf_link__destroy(watch->ioctl_time);
	cost_bpf__destroy(watch->bpf);
	free(watch->values);
	free(watch);
}

__u64 cost__percentile(const struct cost *cost, unsigned int percent)
{
	__u64 count = 0, sum = 0, rank;
	unsigned int i;

	for (i = 0; i < TOP_BUCKETS; i++)
		count += cost->buckets[i];
	if (!count)
		return COST_UNKNOWN;
	/* How many values must not be above it, rounded up. */
	rank = count - count * (100 - percent) / 100;
	for (i = 0; i < TOP_BUCKETS; i++) {
		sum += cost->buckets[i];
		if (sum >= rank)
			break;
	}
	return top_lower(i + 1);
}

__u64 cost__share(__u64 share_ns, __u64 call_ns)
{
	if (!call_ns)
		return COST_UNKNOWN;
	/* A policy that another driver's call has asked may be counted in an ioctl that follows. */
	return share_ns < call_ns ? (__u64)((double)share_ns * 10000 / call_ns) : 10000;
}
