/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The folder of a recorder (-o DIR): when a segment is full, and which ones are removed.
 *
 * Only files with names of segments (segments.h) are removed, the oldest first, never the one that
 * is written. A lock on the folder keeps a second recorder away.
 */
#ifndef _IOSNOOP_ROTATION_H
#define _IOSNOOP_ROTATION_H

#include "render/render.h"
#include "segments.h"

struct rotation {
	const char *folder;
	struct segment_limits limits;
	int folder_fd; /* holds the lock */
	__u64 begun_ns; /* CLOCK_MONOTONIC: of the segment */
	char current[SEGMENT_NAME_MAX];
};

/*
 * Make the folder if its name ends with a slash, and lock it. Returns 0, or -errno after a message.
 */
int rotation__open(struct rotation *rotation, const char *folder,
		   const struct segment_limits *limits);
void rotation__close(struct rotation *rotation);

/* Whether a segment of that size has to end, also because of SIGHUP. */
bool rotation__is_due(const struct rotation *rotation, __u64 size);
/* Create the segment that starts at header->start_ns, and remove old ones. NULL after a message. */
struct recording *rotation__create(struct rotation *rotation, const struct recording_header *header,
				   __u64 events);
/* Whether the disk has room to go on. */
bool rotation__has_room(const struct rotation *rotation);

#endif /* _IOSNOOP_ROTATION_H */
