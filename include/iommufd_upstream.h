/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface between user space and the BPF programs that observe the kernel's own (upstream)
 * iommufd, see bpf/upstream.bpf.h.
 *
 * Upstream's contexts have no number. The tools number them in the order in which they find or see
 * them, from 1 on; the map upstream_ctxs has the numbers by the address of the kernel's struct.
 *
 * Include vmlinux.h or linux/types.h before, for the fixed-width types.
 */
#ifndef _IOMMUFD_UPSTREAM_H
#define _IOMMUFD_UPSTREAM_H

#include "iommufd_record.h"

/* A context. */
struct upstream_ctx {
	__u32 nr;
	/* The process that opened the file, or if that was earlier, the first one that has it. */
	__u32 tgid;
	__u32 uid;
	__u32 is_found; /* it was there before the programs */
	__u64 cgroup;
	char comm[EVENT_COMM_LEN];
};

_Static_assert(sizeof(struct upstream_ctx) == 40, "layout");

#endif /* _IOMMUFD_UPSTREAM_H */
