/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shows an event of the driver if the filter lets it pass: the last step of each program of
 * iosnoop that has made the arguments of an event.
 *
 * Include record.bpf.h and owner.bpf.h before this header.
 */
#ifndef _SHOW_BPF_H
#define _SHOW_BPF_H

/* The event is chosen. cause: NULL if none is known. */
static __always_inline void show(void *ctx, enum event_id event, const void *args, __u32 nr_args,
				 struct event_subject *subject, const struct event_cause *cause)
{
	struct event_counters *counter = get_counters();
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	const struct owner *owner = NULL;

	if (!counter)
		return;
	count(&counter->seen);
	if (subject->tgid != pid_tgid >> 32)
		owner = owner_of(subject->ctx);
	if (iommufd_filter__has_name(&filter))
		subject->is_named = is_of_named_device(subject);
	if (!is_wanted(subject, pid_tgid >> 32, owner && owner->is_wanted)) {
		count(&counter->filtered);
		return;
	}
	submit(ctx, event, args, nr_args, cause, pid_tgid, owner, counter);
}

#endif /* _SHOW_BPF_H */
