/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The history of unmaps and attachments in user space: read from the BPF map of a live tool, or
 * kept from the events of a recording. See iommufd_past.h.
 */
#ifndef _COMMON_PAST_H
#define _COMMON_PAST_H

#include <stdbool.h>
#include <linux/types.h>

#include "iommufd_past.h"

struct history {
	__u64 since_ns; /* begin, in CLOCK_MONOTONIC */
	int fd; /* of the BPF map; -1: rings */
	struct past_ring *rings; /* PAST_RINGS + 1, or one as a buffer for the map */
};

/* Begin a history from a BPF map; fd -1: from events. Returns 0, or -ENOMEM after a message. */
int history__open(struct history *history, int fd, __u64 since_ns);
void history__close(struct history *history);

/* Keep an event of a recording. Most events are ignored. */
void history__note(struct history *history, const struct event_record *record);

/* The unmaps of an address; those whose time_ns is 0 are not there. */
struct past_unmaps {
	struct past before; /* the newest one that had begun at the time */
	struct past after; /* the oldest one that had not */
	struct past map; /* the newest map before the time; only of recordings */
	__u64 since_ns; /* unmaps are known from then on */
	bool is_whole; /* this is the begin of the history */
};

void history__find_unmaps(const struct history *history, __u32 ctx, __u32 ioas, __u64 addr,
			  __u64 time_ns, struct past_unmaps *unmaps);

/* A device or PASID in the history. */
struct past_device {
	__u32 ctx; /* EVENT_NONE: any; else that of device */
	__u32 device; /* object; EVENT_NONE: by sbdf */
	__u32 sbdf;
	__u32 pasid; /* EVENT_NONE: the whole device */
};

/*
 * Find the last change of an attachment that had begun at that time, and the first one after it.
 * Their time_ns is 0 if there is none.
 */
void history__find_device(const struct history *history, const struct past_device *device,
			  __u64 time_ns, struct past *before, struct past *after);

/* Whether the context was opened after the history began. */
bool history__saw_open(const struct history *history, __u32 ctx);

#endif /* _COMMON_PAST_H */
