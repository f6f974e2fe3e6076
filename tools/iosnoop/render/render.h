/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * render/: the formats of events: lines in several formats, reports, a recording. A renderer gets
 * the event and a description of the format, and never calls back into output.c, which calls it.
 * This folder uses model/ and common/, never source/.
 *
 *	format.c	common functions: times, names of threads, records of JSON lines
 *	table.c		lines of 80 columns, and wide ones; describe.c: events in words;
 *			waiting.c: page requests without a response
 *	field_table.c	lines of chosen fields; csv.c: the same as CSV; field.c: the fields
 *	jsonl.c		JSON lines
 *	histogram.c	latencies and sizes; summary.c: totals by process and IOAS;
 *			startup.c: the share of time that maps took
 *	folded.c	stacks for flame graphs; stack.c: stacks as text and JSON
 *	recorder.c	a recording; rotation.c: the folder of a recorder
 *	page.c		a page with charts; page_data.c, page_charts.c, flame.c: see page.h
 *	trace.c		a trace for Perfetto; trace_track.c: its processes, threads and devices
 */
#ifndef _IOSNOOP_RENDER_H
#define _IOSNOOP_RENDER_H

#include "render/format.h"

/*
 * A renderer has a struct of its own that begins with this one. It is called in the order start,
 * then event, lost and report, then end, then free; calls that are NULL are left out.
 */
struct renderer {
	void (*start)(struct renderer *renderer);
	void (*event)(struct renderer *renderer, const struct snoop_event *event);
	void (*lost)(struct renderer *renderer, const struct recording_lost *lost);
	/* An item of a snapshot, see struct recording_state. */
	void (*state)(struct renderer *renderer, __u64 time_ns, enum recording_state_kind kind,
		      const void *data, size_t size);
	/* Whether a snapshot is needed now, because a new segment begins. */
	bool (*wants_state)(struct renderer *renderer);
	/* Report the events since the last report. */
	void (*report)(struct renderer *renderer, __u64 now_ns);
	void (*end)(struct renderer *renderer, __u64 now_ns, const struct run_result *result);
	/* 0, or -errno after a message. */
	int (*flush)(struct renderer *renderer);
	void (*free)(struct renderer *renderer);
};

/* Each returns NULL after a message. The format must live as long as the renderer. */
struct renderer *table__new(const struct format *format);
/* list: the names of fields; NULL: all fields of these events. */
struct renderer *field_table__new(const struct format *format, const char *list);
struct renderer *csv__new(const struct format *format, const char *list);
struct renderer *jsonl__new(const struct format *format);
struct renderer *histogram__new(const struct format *format, bool latency, bool sizes);
struct renderer *summary__new(const struct format *format);
struct renderer *folded__new(const struct format *format);
/* These create the file. */
struct renderer *recorder__new(const struct format *format, const char *path, bool force);
/* Write segments to a folder: the limits of each and of all of them. */
struct segment_limits {
	__u64 rotate_bytes;
	__u64 rotate_ns;
	__u64 keep_bytes;
	__u64 keep_ns; /* 0: no limit */
};

struct renderer *recorder__new_folder(const struct format *format, const char *path,
				      const struct segment_limits *limits);
struct renderer *page__new(const struct format *format, const char *path, bool force);
struct renderer *trace__new(const struct format *format, const char *path, bool force);

/* Print an error record with the last message: for a run that could not begin, too. */
void jsonl__print_error(const struct format *format, __u64 time_ns);

#endif /* _IOSNOOP_RENDER_H */
