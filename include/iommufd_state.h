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
 * struct state_ctx - a context and its counts
 * @info: the context
 * @counts: since its open; all zero, also @counts.ctx, if the driver does not report them
 */
struct state_ctx {
	struct iommufd_ctx_info info;
	struct iommufd_ctx_counts counts;
};

_Static_assert(sizeof(struct state_ctx) == 200, "layout");

#endif /* _IOMMUFD_STATE_H */
