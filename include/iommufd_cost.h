/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the BPF programs that measure policies (bpf/cost.bpf.c) and their user side: the cost
 * of a policy at a hook, since the programs were attached.
 *
 * The share of a call is share_ns / call_ns. Both include only ioctls of /dev/iommu that asked the
 * policy at this hook, from the start of the ioctl to its end. They do not include binds and
 * attaches by vfio, and page requests of devices.
 *
 * Include vmlinux.h or linux/types.h before, for the fixed-width types.
 */
#ifndef _IOMMUFD_COST_H
#define _IOMMUFD_COST_H

#include "iommufd_top.h"

struct cost_key {
	__u32 policy; /* id */
	__u32 hook; /* enum iommufd_policy_hook */
};

/* The 64-bit counters come first, the buckets last. */
struct cost {
	__u64 calls; /* times that the policy was asked */
	__u64 ns; /* time that these took */
	__u64 share_ns; /* of ns, the part in call_ns */
	__u64 call_ns; /* time of whole ioctls */
	__u32 buckets[TOP_BUCKETS]; /* times, see iommufd_top.h */
};

/* Policies and hooks whose cost is counted at a time. */
#define COST_KEYS 1024

#endif /* _IOMMUFD_COST_H */
