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

#include "iommufd_policy.h"
#include "iommufd_record.h"
#include "iommufd_top.h"

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

/* An object of a context, in the records of bpf/upstream_state.bpf.c. */
struct upstream_object {
	struct iommufd_object_info info; /* of an IOAS without its sizes */
	__u64 address; /* of the kernel's struct */
};

/* A walk over the objects of a context, continued until done is set. */
struct upstream_walk {
	__u64 ictx; /* address of the context */
	__u64 id; /* objects below this one were listed */
	__u32 ctx; /* its number */
	__u32 done;
};

/*
 * A step over areas: sums of at most UPSTREAM_AREAS of them, and with list set the areas
 * themselves in an array, as struct iommufd_area_info or as struct top_area, of list bytes each.
 */
struct upstream_areas {
	__u64 ioas; /* address of the IOAS */
	__u64 from; /* begin with the first area that ends here or above; out: where to go on */
	__u32 below; /* begin with the area below, if there is one */
	__u32 list; /* bytes of a record, or 0 */
	__u32 nr; /* areas of this step */
	__u32 done; /* there are no more */
	__u64 mapped; /* bytes */
	__u64 pinned; /* bytes pinned for page tables */
	__u64 unique; /* of these pages, and of those pinned for others, each counted once */
};

#define UPSTREAM_AREAS 2048

/* A search for the area at an address. */
struct upstream_find {
	struct top_area_find find;
	__u64 ioas; /* address of the IOAS */
};

_Static_assert(sizeof(struct upstream_ctx) == 40, "layout");
_Static_assert(sizeof(struct upstream_object) == 128, "layout");
_Static_assert(sizeof(struct upstream_areas) == 56, "layout");

#endif /* _IOMMUFD_UPSTREAM_H */
