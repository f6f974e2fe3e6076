// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommutop's programs for the kernel's own (upstream) iommufd, which has no tracepoints: fentry and
 * fexit programs on its functions. They count with the functions of iommutop.bpf.c, which is
 * therefore included; its own programs, on our tracepoints, are not loaded from this object. User
 * space lets both objects share their maps. It needs CAP_SYS_ADMIN, because it uses the BTF of a
 * module.
 */
#include "iommutop.bpf.c"

/* Events that iommutop does not count. */
#define IGNORE(name) \
	static __always_inline void emit_##name(void *ctx, const struct args_##name *args) \
	{ \
	}

IGNORE(ctx_close)
IGNORE(object_alloc)
IGNORE(object_destroy)
IGNORE(dirty_read)
IGNORE(hwpt_alloc)
IGNORE(hwpt_invalidate)
IGNORE(access_pin)
IGNORE(access_unpin)
IGNORE(access_rw)

/* With a filter, user space has to know the processes of each context. */
#define EMIT_FILTERED(name) \
	static __always_inline void emit_##name(void *ctx, const struct args_##name *args) \
	{ \
		if (sizes_by_ctx) \
			send(ctx, EVENT_##name, args, EVENT_NR_ARGS(name)); \
	}

EMIT_FILTERED(ctx_open)
EMIT_FILTERED(device_bind)

/* Attachments explain faults, see past.bpf.h. */
#define EMIT_PAST(name) \
	static __always_inline void emit_##name(void *ctx, const struct args_##name *args) \
	{ \
		note_past(ctx, EVENT_##name, args); \
	}

EMIT_PAST(device_attach)
EMIT_PAST(device_replace)
EMIT_PAST(device_detach)
EMIT_PAST(device_unbind)

/* Figures that are not known count as 0, which stands for not done. */
static __always_inline void emit_ioas_map(void *ctx, struct args_ioas_map *args)
{
	if (args->pages == EVENT_UNKNOWN)
		args->pages = 0;
	if (args->pin_ns == EVENT_UNKNOWN)
		args->pin_ns = 0;
	count_map(args);
}

static __always_inline void emit_ioas_map_file(void *ctx, struct args_ioas_map_file *args)
{
	emit_ioas_map(ctx, (void *)args);
}

static __always_inline void emit_ioas_unmap(void *ctx, const struct args_ioas_unmap *args)
{
	count_unmap(ctx, args);
}

static __always_inline void emit_ioas_copy(void *ctx, const struct args_ioas_copy *args)
{
	count_copy(args);
}

static __always_inline void emit_fault_report(void *ctx, const struct args_fault_report *args)
{
	count_report(ctx, args);
}

static __always_inline void emit_fault_response(void *ctx, const struct args_fault_response *args)
{
	count_response(ctx, args);
}

#include "upstream_events.bpf.h"
#include "upstream_table.bpf.h"
