/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The filter in BPF programs, with the conditions that need the running thread.
 *
 * It is in .rodata, so the verifier knows its values and removes the code of conditions that are
 * not set.
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
 * Whether an event passes the filter. thread_tgid is the process of the running thread. A kernel
 * thread or an interrupt handler may run for another process (to report a fault); then the
 * conditions on the thread are those on the owner of the context, of which owner_is_wanted tells
 * whether they pass.
 */
static __always_inline bool is_wanted(const struct event_subject *subject, __u32 thread_tgid,
				      bool owner_is_wanted)
{
	if (!iommufd_filter__match(&filter, subject))
		return false;
	if (!(filter.use & EVENT_FILTER_THREAD))
		return true;
	return subject->tgid == thread_tgid ? is_of_wanted_thread() : owner_is_wanted;
}

#endif /* _FILTER_BPF_H */
