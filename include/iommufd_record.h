/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface between the tools' BPF programs and user space: a record per event in a ring
 * buffer, and counters of events.
 *
 * The structs follow from the tables in iommufd_events.h. A record holds the raw arguments of its
 * tracepoint, each extended to 64 bits, in the order of the table. struct args_NAME gives them
 * their names; it is also the type of a raw tracepoint program's context:
 *
 *	const struct args_ioas_map *map = (const void *)record->args;
 *
 * All 32-bit arguments are zero-extended, so read a result as (__s32)map->ret. Arguments are only
 * appended to a tracepoint; nr_args is the number of those that a record has.
 *
 * Include vmlinux.h or linux/types.h before this header.
 */
#ifndef _IOMMUFD_RECORD_H
#define _IOMMUFD_RECORD_H

#include "iommufd_events.h"

/* No id, PASID or PCI address. */
#define EVENT_NONE 0xffffffffu

/* A number of unit ns, pages or count that the source of the event cannot know. */
#define EVENT_UNKNOWN 0xffffffffffffffffull

/* TASK_COMM_LEN of the kernel, fixed by its user-space interface. */
#define EVENT_COMM_LEN 16

#define _EVENT_ID(name, short, summary) EVENT_##name,
#define _EVENT_NO_FIELD(name, type, unit, summary)
enum event_id {
	IOMMUFD_EVENTS(_EVENT_ID, _EVENT_NO_FIELD) IOMMUFD_HOST_EVENTS(_EVENT_ID, _EVENT_NO_FIELD)
		NR_EVENTS,
	EVENT_FIRST_HOST = EVENT_type1_map, /* the first one from outside of the driver */
};

#undef _EVENT_ID
#undef _EVENT_NO_FIELD

/* struct args_NAME for each event; each EVENT() of the table ends the struct before it. */
#define _EVENT_ARGS(name, short, summary) \
	} \
	; \
	struct args_##name {
#define _EVENT_ARG(name, type, unit, summary) __u64 name;
struct args_none {
	IOMMUFD_EVENTS(_EVENT_ARGS, _EVENT_ARG)
	IOMMUFD_COST_EVENTS(_EVENT_ARGS, _EVENT_ARG)
	IOMMUFD_HOST_EVENTS(_EVENT_ARGS, _EVENT_ARG)
};

#undef _EVENT_ARGS
#undef _EVENT_ARG

/* The reason of a dma_fault of an SMMUv3: this, and the number of its event. */
#define EVENT_REASON_SMMU 0x100u

/* The beginning of each args_NAME. */
struct args_caller {
	__u64 ctx;
	__u64 tgid;
};

#define EVENT_NR_ARGS(name) (sizeof(struct args_##name) / sizeof(__u64))

/* The kernel's limit for the arguments of a raw tracepoint program. */
#define EVENT_MAX_ARGS 12

/* Flags: these structs follow the arguments of a record, in this order. */
#define EVENT_HAS_CAUSE (1u << 0) /* struct event_cause */
#define EVENT_HAS_STACK (1u << 1) /* struct event_stack */
#define EVENT_HAS_THREAD (1u << 2) /* struct event_thread */

struct event_record {
	__u64 time_ns; /* CLOCK_MONOTONIC, when the call ended */
	__u32 tid; /* the running thread, or EVENT_NONE; the process is in the arguments */
	__u16 event; /* enum event_id */
	__u8 nr_args;
	__u8 flags; /* EVENT_HAS_* */
	char comm[EVENT_COMM_LEN]; /* of the thread, not cleaned; "" if not known */
	__u64 args[];
};

/*
 * Why a call was refused: the reason that the driver (event refused) or a policy (event
 * policy_verdict) gave in the same thread just before.
 */
enum event_cause_kind {
	EVENT_CAUSE_NONE,
	EVENT_CAUSE_REFUSED,
	EVENT_CAUSE_POLICY,
};

struct event_cause {
	__u32 kind; /* enum event_cause_kind */
	__u32 code; /* enum iommufd_refusal; or the id of the policy */
	__u64 words[5]; /* limit, need, present and sbdf, or the missing policy; or the reason */
};

/* Return addresses, innermost first; deeper stacks are truncated. */
#define EVENT_KERNEL_FRAMES 48
#define EVENT_USER_FRAMES 80
struct event_stack {
	__u16 nr_kernel;
	__u16 nr_user;
	__u32 __pad;
	__u64 kernel[EVENT_KERNEL_FRAMES];
	__u64 user[EVENT_USER_FRAMES];
};

/*
 * The user and the cgroup of the running thread, or of the context's owner if another thread runs:
 * for recordings.
 */
struct event_thread {
	__u32 uid; /* EVENT_NONE if not known */
	__u32 __pad;
	__u64 cgroup; /* id in the hierarchy of version 2; 0 likewise */
};

/* The largest record. */
#define EVENT_RECORD_MAX \
	(sizeof(struct event_record) + EVENT_MAX_ARGS * sizeof(__u64) + \
	 sizeof(struct event_cause) + sizeof(struct event_stack) + sizeof(struct event_thread))

/*
 * Per CPU; user space adds them up. After all programs were detached, seen = filtered + submitted +
 * lost. Events without an attached program are not seen.
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
