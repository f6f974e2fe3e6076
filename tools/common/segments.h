/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Folders of recordings, which iosnoop -o DIR writes: a recording for each span of time, a segment.
 *
 * A segment begins with a snapshot, so that it can be replayed alone. Its name has its start in
 * UTC: iosnoop-20261129T024843.123Z.rec. So the order of the names is that of time, and readers
 * choose a segment without opening the others.
 */
#ifndef _COMMON_SEGMENTS_H
#define _COMMON_SEGMENTS_H

#include <stdbool.h>
#include <linux/types.h>

#define SEGMENT_NAME_MAX 48

struct segment {
	__u64 start_ns; /* CLOCK_REALTIME, like all times here; whole milliseconds */
	__u64 size; /* bytes */
	__u64 changed_ns; /* time of the last write */
	char name[SEGMENT_NAME_MAX];
};

struct segments {
	struct segment *at; /* by start */
	unsigned int nr;
};

bool segments__is_folder(const char *path);

/* List the segments of a folder; other files are left out. Returns 0, or -errno after a message. */
int segments__list(struct segments *segments, const char *path);
void segments__free(struct segments *segments);

/*
 * The last write to a recording or a folder of them, which is the "now" of moments in it; now if it
 * is not known.
 */
__u64 segments__last_ns(const char *path);

/* The last segment that starts at or before a time, or the first one if all start later. */
unsigned int segments__find(const struct segments *segments, __u64 time_ns);

char *segment__name(char name[SEGMENT_NAME_MAX], __u64 start_ns);

#endif /* _COMMON_SEGMENTS_H */
