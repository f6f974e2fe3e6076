/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What passes from the tools' BPF programs to user space: one record per event, in a ring buffer,
 * and counters of what became of the events.
 *
 * All of it follows from the tables in iommufd_events.h. A record holds the raw arguments of its
 * tracepoint, each widened to 64 bits, in the order of the table; struct args_NAME gives them
 * their names, and serves as the type of a raw tracepoint program's context as well:
 *
 *	const struct args_ioas_map *map = (const void *)record->args;
 *
 * A 32-bit argument arrives zero-extended, a result too: read it as (__s32)map->ret. Arguments
 * are only ever appended to a tracepoint, so nr_args tells which of them a record has.
 *
 * Includers have the kernel's fixed-width types already (vmlinux.h or linux/types.h).
 */
#ifndef _IOMMUFD_RECORD_H
#define _IOMMUFD_RECORD_H

#include "iommufd_events.h"

/* An id, PASID or PCI address that is not there. */
#define EVENT_NONE 0xffffffffu

/* TASK_COMM_LEN of the kernel, fixed by its user-space interface. */
#define EVENT_COMM_LEN 16

#define _EVENT_ID(name, short, summary) EVENT_##name,
#define _EVENT_NO_FIELD(name, type, unit, summary)
enum event_id {
	IOMMUFD_EVENTS(_EVENT_ID, _EVENT_NO_FIELD) IOMMUFD_HOST_EVENTS(_EVENT_ID, _EVENT_NO_FIELD)
		NR_EVENTS,
	EVENT_FIRST_HOST = EVENT_type1_map, /* from here on none of the driver's own */
};

#undef _EVENT_ID
#undef _EVENT_NO_FIELD

/* struct args_NAME for each event; each EVENT() of the table closes the struct before it. */
#define _EVENT_ARGS(name, short, summary) \
	} \
	; \
	struct args_##name {
#define _EVENT_ARG(name, type, unit, summary) __u64 name;
struct args_none {
	IOMMUFD_EVENTS(_EVENT_ARGS, _EVENT_ARG)
	IOMMUFD_HOST_EVENTS(_EVENT_ARGS, _EVENT_ARG)
};

#undef _EVENT_ARGS
#undef _EVENT_ARG

/* How every args_NAME begins. */
struct args_caller {
	__u64 ctx;
	__u64 tgid;
};

#define EVENT_NR_ARGS(name) (sizeof(struct args_##name) / sizeof(__u64))

/* The most arguments that the kernel hands to a raw tracepoint program. */
#define EVENT_MAX_ARGS 12

/* What follows the arguments of a record, in this order. */
#define EVENT_HAS_CAUSE (1u << 0) /* struct event_cause */
#define EVENT_HAS_STACK (1u << 1) /* struct event_stack */

struct event_record {
	__u64 time_ns;   /* CLOCK_MONOTONIC, after the work was done */
	__u32 tid;   /* thread that ran, or none; the process is in the arguments */
	__u16 event;   /* enum event_id */
	__u8 nr_args;
	__u8 flags;   /* EVENT_HAS_* */
	char comm[EVENT_COMM_LEN]; /* name of that thread, not to be trusted; "" if not known */
	__u64 args[];
};

/*
 * Why a call was refused: what the driver said about it just before in the same thread, in an event
 * refused, or a policy in a policy_verdict.
 */
enum event_cause_kind {
	EVENT_CAUSE_NONE,
	EVENT_CAUSE_REFUSED,
	EVENT_CAUSE_POLICY,
};

struct event_cause {
	__u32 kind;   /* enum event_cause_kind */
	__u32 code;   /* enum iommufd_refusal; or the policy */
	__u64 words[5]; /* limit, need, present and sbdf; or the reason's text */
};

/* Return addresses, the innermost function first; as many as there are, or as there is room for. */
#define EVENT_KERNEL_FRAMES 48
#define EVENT_USER_FRAMES 80
struct event_stack {
	__u16 nr_kernel;
	__u16 nr_user;
	__u32 __pad;
	__u64 kernel[EVENT_KERNEL_FRAMES];
	__u64 user[EVENT_USER_FRAMES];
};

/* The largest record. */
#define EVENT_RECORD_MAX \
	(sizeof(struct event_record) + EVENT_MAX_ARGS * sizeof(__u64) + \
	 sizeof(struct event_cause) + sizeof(struct event_stack))

/*
 * Kept per CPU and summed by user space. At rest, seen = filtered + submitted + lost. Events
 * whose program was never attached are not seen.
 */
struct event_counters {
	__u64 seen;
	__u64 filtered;
	__u64 submitted;
	__u64 lost; /* no room in the ring buffer */
};

_Static_assert(sizeof(struct event_record) == 32, "records have a fixed layout");
_Static_assert(sizeof(struct event_cause) == 48, "causes have a fixed layout");
_Static_assert(sizeof(struct event_counters) == 32, "counters have a fixed layout");

#endif /* _IOMMUFD_RECORD_H */
