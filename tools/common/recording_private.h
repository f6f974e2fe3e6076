/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by recording.c, the reader, and recording_write.c, the writer, and private to these. */
#ifndef _COMMON_RECORDING_PRIVATE_H
#define _COMMON_RECORDING_PRIVATE_H

#include "outfile.h"
#include "recording.h"
#include "segments.h"

#define MAX_CHUNK (64u << 10)
#define MAX_FILE_EVENTS 256

/* How to convert an event of the file to one of this tool. */
struct conversion {
	bool is_known;
	__u8 event;
	__u8 nr_args; /* in the file */
	__u8 from[EVENT_MAX_ARGS]; /* for each of our fields, its argument in the file */
};

struct recording {
	char path[256]; /* for messages */
	char *folder; /* NULL: a file */
	struct segments segments;
	unsigned int next_segment; /* its index */
	struct recording_segment segment; /* the last item of this type */
	__s64 shift_ns; /* to add to the times of this segment */
	__u64 last_ns; /* of the items so far */
	__u64 lost; /* in all segments */
	int damage; /* of an earlier segment */
	bool is_over; /* the end of the folder was delivered */
	FILE *file;
	struct outfile out; /* of a recording that is written; file belongs to it */
	struct recording_header header;
	__u64 events;
	__u64 unknown;
	__u64 done; /* bytes read, or written */
	__u64 synced; /* bytes of the chunks that are in the file */
	bool has_ended;
	bool is_pipe; /* or another file whose reading may block */
	int (*idle)(void *ctx); /* see recording__set_idle() */
	void *idle_ctx;
	struct conversion conversions[MAX_FILE_EVENTS];
	union { /* aligned for records */
		char data[MAX_CHUNK + 1];
		__u64 words[MAX_CHUNK / sizeof(__u64)];
	};
	union {
		char event[EVENT_RECORD_MAX];
		struct event_record record;
	};
	struct why_full why;
};

/* NULL after a message. */
struct recording *recording__new(const char *path);

#endif /* _COMMON_RECORDING_PRIVATE_H */
