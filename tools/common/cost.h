/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cost of policies: how long each took at each hook, while the programs of bpf/cost.bpf.c are
 * attached. The kernel ends the measurement with the process, however it ends.
 */
#ifndef _COMMON_COST_H
#define _COMMON_COST_H

#include <linux/types.h>

#include "iommufd_cost.h"

#define COST_UNKNOWN (~0ULL)

struct cost_watch;

/* Measure from now on. NULL with errno set: ENOENT if the driver has no such tracepoint. */
struct cost_watch *cost__open(void);

/*
 * Call store() for each policy and hook that was asked, with the cost since cost__open(), until it
 * returns an error. Return that, or -errno.
 */
int cost__read(struct cost_watch *watch,
	       int (*store)(void *ctx, const struct cost_key *key, const struct cost *cost),
	       void *ctx);

/* Drop a policy that is gone, to make room for others. */
void cost__drop(struct cost_watch *watch, const struct cost_key *key);

/* Decisions that are not counted, because there were too many policies or too little memory. */
__u64 cost__lost(const struct cost_watch *watch);

void cost__close(struct cost_watch *watch);

/* The upper bound of the bucket with a percentile of the times; COST_UNKNOWN without a call. */
__u64 cost__percentile(const struct cost *cost, unsigned int percent);

/* The share of the time of calls, in 1/100 percent; COST_UNKNOWN if no ioctl has ended. */
__u64 cost__share(__u64 share_ns, __u64 call_ns);

#endif /* _COMMON_COST_H */
