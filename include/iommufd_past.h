/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last unmaps and the last changes of attachments, by which the tools explain faults. BPF
 * programs keep them while a tool listens to faults; the replay of a recording keeps the same, and
 * maps.
 *
 * Entries are in rings, of which the newest entry replaces the oldest one. The unmaps of an address
 * space are in one of PAST_RINGS rings, so that an address space that unmaps all the time does not
 * drop those of most others. Devices and PASIDs have one more ring, because they change seldom.
 *
 * Include vmlinux.h or linux/types.h before, for the fixed-width types.
 */
#ifndef _IOMMUFD_PAST_H
#define _IOMMUFD_PAST_H

#include "iommufd_record.h"

#define PAST_RINGS 64u /* of unmaps; a power of two */
#define PAST_DEVICES PAST_RINGS /* the index of the ring of devices and PASIDs */
#define PAST_ENTRIES 128u /* entries of a ring; a power of two */

/* One of these events. Members that the event does not have are 0. */
struct past {
	__u64 time_ns; /* CLOCK_MONOTONIC, when the call ended; 0: the entry is being written */
	__u64 ns; /* time in the driver */
	__u64 iova; /* of an unmap */
	__u64 length;
	__u32 event; /* enum event_id */
	__u32 ctx;
	__u32 ioas; /* of an unmap, or behind the page table; EVENT_NONE if not known */
	__u32 tgid; /* process that made the call */
	__u32 device; /* object */
	__u32 sbdf;
	__u32 pasid;
	__u32 pt; /* object that is attached or detached: HWPT, or of a PASID as the caller said */
	__u32 old_pt; /* of a replace */
	__s32 kernel_stack; /* ids in a map of stacks; negative, or 0 without stacks: none */
	__s32 user_stack;
	__u32 prot; /* IOMMUFD_PROT_* of a map, which only the replay of a recording keeps */
	char comm[EVENT_COMM_LEN]; /* of the thread, in a replay; "" otherwise */
};

struct past_ring {
	__u64 nr; /* ever written */
	struct past items[PAST_ENTRIES];
};

/* The ring of an address space. */
static inline __attribute__((always_inline)) __u32 past_ring_of(__u32 ctx, __u32 ioas)
{
	return (ctx * 5 + ioas) & (PAST_RINGS - 1);
}

_Static_assert(sizeof(struct past) == 96, "entries have a fixed layout");

#endif /* _IOMMUFD_PAST_H */
