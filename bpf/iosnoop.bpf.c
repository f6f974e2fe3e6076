// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel side of iosnoop: a raw tracepoint program for each event of the driver. Programs that
 * need the kernel's BTF are in iosnoop_host.bpf.c.
 *
 * For tracepoints of a module, raw tracepoint programs are the only kind for which CAP_BPF and
 * CAP_PERFMON suffice: other kinds need the module's BTF, and so CAP_SYS_ADMIN. All arguments are
 * scalars, so the programs do not depend on the layout of any kernel struct.
 *
 * A program has the name of its event in iommufd_events.h. User space loads and attaches only the
 * chosen ones, so other events cost nothing. There are two exceptions. If calls that can be refused
 * are shown, refused and policy_verdict are attached, too: they keep the reason until the event of
 * the refused call takes it as its cause. If faults are shown, the programs of unmaps and of
 * attachments keep the last ones, which explain faults; see past.bpf.h.
 *
 * record.bpf.h has the code that counts an event and makes a record of it.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "record.bpf.h"
#include "owner.bpf.h"
#define PAST_WITH_STACKS
#include "owner_programs.bpf.h"
#include "past.bpf.h"
#include "show.bpf.h"
#include "subjects.bpf.h"
#include "iommufd_policy.h"
#include "iommufd_refusal.h"

char LICENSE[] SEC("license") = "GPL";

const volatile bool all_verdicts; /* show verdicts that allow a call, too */
const volatile bool with_past; /* keep the events that explain faults */
const volatile bool with_owners; /* note the processes that map */

/* An older cause belongs to another call, whose event was not shown. */
#define CAUSE_MAX_NS 1000000000ULL

#define BIT(event) (1ULL << EVENT_##event)
#define MAP_EVENTS (BIT(ioas_map) | BIT(ioas_map_file) | BIT(ioas_copy))
#define ATTACH_EVENTS (BIT(device_attach) | BIT(device_replace))
#define PASID_EVENTS (BIT(pasid_attach) | BIT(pasid_replace))

struct kept_cause {
	struct event_cause cause;
	__u64 events; /* that it can be the cause of */
	__u64 time_ns;
	__u32 ctx;
	__s32 ret;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32); /* thread */
	__type(value, struct kept_cause);
} causes SEC(".maps");

static __always_inline void keep_cause(struct kept_cause *kept)
{
	__u32 tid = bpf_get_current_pid_tgid();

	kept->time_ns = bpf_ktime_get_ns();
	bpf_map_update_elem(&causes, &tid, kept, BPF_ANY);
}

/* The events that can fail because a policy refused at this hook. */
static __always_inline __u64 events_of_hook(__u32 hook)
{
	switch (hook) {
	case IOMMUFD_HOOK_DEVICE_BIND:
		return BIT(device_bind);
	case IOMMUFD_HOOK_DEVICE_ATTACH:
		return ATTACH_EVENTS;
	case IOMMUFD_HOOK_IOAS_MAP:
		return MAP_EVENTS;
	case IOMMUFD_HOOK_IOAS_UNMAP:
		return BIT(ioas_unmap);
	case IOMMUFD_HOOK_IOAS_CHANGE_PROCESS:
		return BIT(ioas_change_process);
	case IOMMUFD_HOOK_HWPT_ALLOC:
		return BIT(hwpt_alloc);
	case IOMMUFD_HOOK_PASID_ALLOC:
		return BIT(pasid_alloc);
	case IOMMUFD_HOOK_PASID_ATTACH:
		return PASID_EVENTS | ATTACH_EVENTS;
	}
	return 0;
}

/* The events that can fail because the driver refused for this reason. */
static __always_inline __u64 events_of_refusal(__u32 reason)
{
	switch (reason) {
	case IOMMUFD_REFUSED_COHERENCY:
	case IOMMUFD_REFUSED_INTERRUPTS:
		return BIT(device_bind) | ATTACH_EVENTS;
	case IOMMUFD_REFUSED_SVA:
	case IOMMUFD_REFUSED_PASID:
		return PASID_EVENTS | ATTACH_EVENTS;
	case IOMMUFD_REFUSED_RESERVED:
		return MAP_EVENTS | ATTACH_EVENTS | PASID_EVENTS;
	case IOMMUFD_REFUSED_POOL:
		return BIT(pasid_alloc);
	case IOMMUFD_REFUSED_POLICY:
		return BIT(device_bind) | ATTACH_EVENTS | PASID_EVENTS | MAP_EVENTS |
		       BIT(hwpt_alloc) | BIT(pasid_alloc) | BIT(ioas_change_process);
	}
	return MAP_EVENTS | ATTACH_EVENTS | PASID_EVENTS | BIT(hwpt_alloc) | BIT(pin) |
	       BIT(access_pin) | BIT(access_rw) | BIT(ioas_change_process);
}

/*
 * Take the cause that the thread kept; return whether it belongs to this event. A failed pin leaves
 * the cause to the map that it is part of.
 */
static __always_inline bool take_cause(struct event_cause *cause, enum event_id event, __u32 tid,
				       __u32 ctx, __s32 ret)
{
	struct kept_cause *kept = bpf_map_lookup_elem(&causes, &tid);
	bool is_ours;

	if (!kept)
		return false;
	is_ours = kept->ctx == ctx && kept->ret == ret && kept->events & 1ULL << event &&
		  bpf_ktime_get_ns() - kept->time_ns < CAUSE_MAX_NS;
	*cause = kept->cause;
	if (event != EVENT_pin)
		bpf_map_delete_elem(&causes, &tid);
	return is_ours;
}

static __always_inline int handle(void *ctx, enum event_id event, const void *args, __u32 nr_args,
				  struct event_subject *subject)
{
	struct event_cause cause;
	bool has_cause = false;

	if (with_past)
		note_past(ctx, event, args);
	if (with_owners && !subject->ret &&
	    (event == EVENT_ioas_map || event == EVENT_ioas_map_file ||
	     event == EVENT_ioas_change_process))
		note_owner(subject->ctx, bpf_get_current_pid_tgid() >> 32);
	if (!is_chosen(event))
		return 0;
	/* Take it even if the event is filtered out, because the next event must not get it. */
	if (subject->ret && event != EVENT_refused && event != EVENT_policy_verdict &&
	    event != EVENT_fault_response)
		has_cause = take_cause(&cause, event, bpf_get_current_pid_tgid(), subject->ctx,
				       subject->ret);
	show(ctx, event, args, nr_args, subject, has_cause ? &cause : NULL);
	return 0;
}

/* A program; the variable arguments are the members of struct event_subject that the event has. */
#define TRACE(name, ...) \
	SEC("raw_tp/iommufd_" #name) \
	int name(struct args_##name *args) \
	{ \
		struct event_subject subject = SUBJECT(__VA_ARGS__); \
\
		return handle(args, EVENT_##name, args, EVENT_NR_ARGS(name), &subject); \
	}

#pragma clang diagnostic push
/* A member in the variable arguments overrides its default. */
#pragma clang diagnostic ignored "-Winitializer-overrides"
SUBJECTS(TRACE)
#pragma clang diagnostic pop

SEC("raw_tp/iommufd_refused")
int refused(struct args_refused *args)
{
	struct event_subject subject = {
		.ctx = args->ctx,
		.tgid = args->tgid,
		.ioas = EVENT_NONE,
		.device = EVENT_NONE,
		.sbdf = args->sbdf,
		.pasid = EVENT_NONE,
		.iova = EVENT_IOVA_NONE,
		.ret = args->ret,
	};
	struct kept_cause kept = {
		.cause = {
			.kind = EVENT_CAUSE_REFUSED, .code = args->reason,
			.words = { args->limit, args->need, args->present, args->sbdf },
		},
		.events = events_of_refusal(args->reason), .ctx = args->ctx, .ret = args->ret,
	};

	if (args->reason == IOMMUFD_REFUSED_POLICY) {
		kept.cause.words[0] = args->missing0;
		kept.cause.words[1] = args->missing1;
		kept.cause.words[2] = args->missing2;
		kept.cause.words[3] = args->missing3;
	}
	keep_cause(&kept);
	if (!is_chosen(EVENT_refused))
		return 0;
	return handle(args, EVENT_refused, args, EVENT_NR_ARGS(refused), &subject);
}

/*
 * Verdicts that allow a call are shown only on request, because there is one per call and policy.
 * A policy that only audits makes no call fail.
 */
SEC("raw_tp/iommufd_policy_verdict")
int policy_verdict(struct args_policy_verdict *args)
{
	const bool refuses = args->ret && !(args->flags & IOMMUFD_POLICY_AUDIT);
	struct event_subject subject = {
		.ctx = args->ctx,
		.tgid = args->tgid,
		.ioas = EVENT_NONE,
		.device = EVENT_NONE,
		.sbdf = EVENT_NONE,
		.pasid = EVENT_NONE,
		.iova = EVENT_IOVA_NONE,
		.ret = refuses ? args->ret : 0,
	};
	struct kept_cause kept = {
		.cause = {
			.kind = EVENT_CAUSE_POLICY, .code = args->policy,
			.words = { args->reason0, args->reason1, args->reason2, args->reason3,
				   args->reason4 },
		},
		.events = events_of_hook(args->hook), .ctx = args->ctx, .ret = args->ret,
	};

	if (refuses)
		keep_cause(&kept);
	/* A verdict that was not asked for is not counted, like an event that was not chosen. */
	if (!is_chosen(EVENT_policy_verdict) || (!args->ret && !all_verdicts))
		return 0;
	return handle(args, EVENT_policy_verdict, args, EVENT_NR_ARGS(policy_verdict), &subject);
}

/*
 * When processes last called exec. User space looks up the names in a stack later, in the mappings
 * of that time, and must not name an address of the old program after a function of the new one.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32); /* process */
	__type(value, __u64); /* CLOCK_MONOTONIC in ns */
} execs SEC(".maps");

SEC("raw_tp/sched_process_exec")
int process_exec(void *ctx)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	__u64 now = bpf_ktime_get_ns();

	bpf_map_update_elem(&execs, &tgid, &now, BPF_ANY);
	return 0;
}
