/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface between user space and the BPF programs that list the contexts of the kernel's own
 * drivers: upstream's iommufd (bpf/upstream_state.bpf.c) and VFIO type1 (bpf/type1_state.bpf.c).
 *
 * A container of type1 is a context with one IOAS, FOREIGN_TYPE1_IOAS, and its devices. Contexts
 * have no number there. The tools number them in the order in which they find or see them, from 1
 * on; the map foreign_ctxs has the numbers by the address of the kernel's struct.
 *
 * Include vmlinux.h or linux/types.h before, for the fixed-width types.
 */
#ifndef _IOMMUFD_FOREIGN_H
#define _IOMMUFD_FOREIGN_H

#include "iommufd_policy.h"
#include "iommufd_record.h"
#include "iommufd_top.h"

/* A context. */
struct foreign_ctx {
	__u32 nr;
	/* The process that opened the file, or if that was earlier, the first one that has it. */
	__u32 tgid;
	__u32 uid;
	__u32 is_found; /* it was there before the programs */
	__u64 cgroup;
	char comm[EVENT_COMM_LEN];
};

/* An object of a context. */
struct foreign_object {
	struct iommufd_object_info info; /* of an IOAS without its sizes */
	__u64 address; /* of an IOAS: of the kernel's struct */
};

#define FOREIGN_TYPE1_IOAS 1 /* id of a container's address space */

/* A walk over the objects of a context, continued until done is set. */
struct foreign_walk {
	__u64 ictx; /* address of the context */
	__u64 id; /* objects below this one, or so many of them, were listed */
	__u64 pasid; /* upstream's: PASIDs of the next object below this one were counted */
	__u32 ctx; /* its number */
	__u32 done;
	__u32 nr_pasids; /* counted so far */
	/* Out, of a container of type1: */
	__u32 areas_left;
	__u32 tracks_dirty;
	__u32 has_mediated; /* devices that may pin pages */
};

/* A step of the count of pages that mediated devices have pinned in a container of type1. */
struct foreign_pins {
	__u64 ictx; /* address of the container */
	__u64 from; /* begin with the first page at this address or above; out: where to go on */
	__u64 nr; /* pages of this step */
	__u32 done; /* there are no more */
	__u32 __pad;
};

/*
 * A step over areas: sums of at most FOREIGN_AREAS of them, and with list set the areas
 * themselves in an array, as struct iommufd_area_info or as struct top_area, of list bytes each.
 */
struct foreign_areas {
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

#define FOREIGN_AREAS 2048

/* A search for the area at an address. */
struct foreign_find {
	struct top_area_find find;
	__u64 ioas; /* address of the IOAS */
};

/* A process that memory of an IOAS is charged to, as a walk without a list has found it. */
struct foreign_payer_key {
	__u64 ioas; /* address of the IOAS */
	__u64 task; /* of the struct task_struct */
};

struct foreign_payer {
	struct iommufd_payer_info info;
	__u64 nr; /* areas */
};

_Static_assert(sizeof(struct foreign_ctx) == 40, "layout");
_Static_assert(sizeof(struct foreign_object) == 128, "layout");
_Static_assert(sizeof(struct foreign_areas) == 56, "layout");

#endif /* _IOMMUFD_FOREIGN_H */
