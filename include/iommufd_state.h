/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A context as the tools list it: in the records of bpf/driver_state.bpf.c, in recordings, and in
 * the model of iommutop. It begins with the driver's description, so that readers which know only
 * that need not change. It only grows at its end.
 */
#ifndef _IOMMUFD_STATE_H
#define _IOMMUFD_STATE_H

#include "iommufd_policy.h"

/**
 * struct state_container - a container of VFIO type1
 * @is_there: 1, or 0 of contexts of iommufd, which have none of the others
 * @tracks_dirty: 1 while it tracks dirty pages
 * @areas_left: areas that its limit leaves
 * @mediated: bytes that mediated devices have pinned in it, or all ones if there are too many to
 *	count
 */
struct state_container {
	__u32 is_there;
	__u32 tracks_dirty;
	__u64 areas_left;
	__u64 mediated;
};

/**
 * struct state_ctx - a context and its counts
 * @info: the context
 * @counts: since its open; all zero, also @counts.ctx, if the driver does not report them
 * @container: more about a container of VFIO type1
 */
struct state_ctx {
	struct iommufd_ctx_info info;
	struct iommufd_ctx_counts counts;
	struct state_container container;
};

_Static_assert(sizeof(struct state_ctx) == 224, "layout");

#endif /* _IOMMUFD_STATE_H */
