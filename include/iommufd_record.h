/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What passes from the tools' BPF programs to user space: one record per event, in a ring buffer,
 * and counters of what became of the events.
 *
 * All of it follows from the table in iommufd_events.h. A record holds the raw arguments of its
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

#define _EVENT_ID(name, summary) EVENT_##name,
#define _EVENT_NO_FIELD(name, type, unit, summary)
enum event_id {
	IOMMUFD_EVENTS(_EVENT_ID, _EVENT_NO_FIELD)
	NR_EVENTS
};

#undef _EVENT_ID
#undef _EVENT_NO_FIELD

/* struct args_NAME for each event; each EVENT() of the table closes the struct before it. */
#define _EVENT_ARGS(name, summary)	\
	};				\
	struct args_##name {
#define _EVENT_ARG(name, type, unit, summary) __u64 name;
struct args_none {
	IOMMUFD_EVENTS(_EVENT_ARGS, _EVENT_ARG)
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

struct event_record {
	__u64 time_ns;			/* CLOCK_MONOTONIC, after the work was done */
	__u32 tid;			/* thread that ran; the process is in the arguments */
	__u16 event;			/* enum event_id */
	__u16 nr_args;
	char comm[EVENT_COMM_LEN];	/* name of that thread, not to be trusted */
	__u64 args[];
};

/*
 * Kept per CPU and summed by user space. At rest, seen = filtered + submitted + lost. Events
 * whose program was never attached are not seen.
 */
struct event_counters {
	__u64 seen;
	__u64 filtered;
	__u64 submitted;
	__u64 lost;			/* no room in the ring buffer */
};

_Static_assert(sizeof(struct event_record) == 32, "records have a fixed layout");
_Static_assert(sizeof(struct event_counters) == 32, "counters have a fixed layout");

#endif /* _IOMMUFD_RECORD_H */
