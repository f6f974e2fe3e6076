/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The filter in a BPF program: what it is, and the part of it that only the running thread tells.
 *
 * It lies in .rodata, so the verifier knows it: what is not asked for is not even compiled in.
 */
#ifndef _FILTER_BPF_H
#define _FILTER_BPF_H

#include "iommufd_filter.h"

const volatile struct iommufd_filter filter;

static __always_inline bool is_of_wanted_thread(void)
{
	__u64 comm[2] = {};

	if (filter.use & EVENT_FILTER_UID && (__u32)bpf_get_current_uid_gid() != filter.uid)
		return false;
	if (filter.use & EVENT_FILTER_CGROUP &&
	    bpf_get_current_ancestor_cgroup_id(filter.cgroup_level) != filter.cgroup)
		return false;
	if (filter.use & EVENT_FILTER_COMM) {
		bpf_get_current_comm(comm, sizeof(comm));
		if ((comm[0] & filter.comm_mask[0]) != filter.comm[0] ||
		    (comm[1] & filter.comm_mask[1]) != filter.comm[1])
			return false;
	}
	return true;
}

/*
 * The kernel may work in the name of a process (a fault is reported by a thread of its own): then
 * the thread tells nothing about it, and the event is not one that a thread can be asked for.
 */
static __always_inline bool is_wanted(const struct event_subject *subject, __u32 thread_tgid)
{
	if (!iommufd_filter__match(&filter, subject))
		return false;
	if (!(filter.use & EVENT_FILTER_THREAD))
		return true;
	return subject->tgid == thread_tgid && is_of_wanted_thread();
}

#endif /* _FILTER_BPF_H */
