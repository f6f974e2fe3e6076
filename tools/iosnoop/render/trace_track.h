/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracks of a trace: the processes, threads, devices and contexts that its events belong to.
 *
 * Viewers group tracks by process. A device is a process there, with a number that no process has.
 */
#ifndef _IOSNOOP_TRACE_TRACK_H
#define _IOSNOOP_TRACE_TRACK_H

#include "machine.h"
#include "model/model.h"

struct json;

/* Linux has at most 1 << 22 processes. */
#define TRACE_NO_PROCESS 10000000u
#define TRACE_FIRST_DEVICE 20000000u

struct trace_track {
	__u32 pid; /* of the viewer: a process, TRACE_NO_PROCESS, or a device */
	__u32 tid; /* a thread of it, or the same number for the whole */
	char comm[EVENT_COMM_LEN]; /* as written last */
	char machine[MACHINE_MAX];
	bool is_named;
	__u64 end_ns; /* of the last slice */
};

struct trace_device {
	__u32 sbdf; /* EVENT_NONE: known by context and object only */
	__u32 ctx;
	__u32 device;
	__u32 pid;
};

/* The pages that the calls of a context have pinned since the start. */
struct trace_ctx {
	__u32 ctx;
	__s64 pages;
};

struct trace_tracks {
	void *tracks; /* search trees */
	void *devices;
	void *ctxs;
	unsigned int nr_devices;
	bool has_none; /* TRACE_NO_PROCESS has its name */
};

/*
 * Find or create the track of a process or a thread; pid == tid: the process. Writes its name when
 * it is new or has changed. NULL without memory.
 */
struct trace_track *trace_track__get(struct trace_tracks *tracks, struct json *json, __u32 pid,
				     __u32 tid, const struct snoop_event *event);
/* Name the process of events without a process. */
void trace_track__name_none(struct trace_tracks *tracks, struct json *json);
/* The track of the device of an event; NULL if the event has none, or without memory. */
struct trace_device *trace_track__device(struct trace_tracks *tracks, struct json *json,
					 const struct event_record *record);
struct trace_ctx *trace_track__ctx(struct trace_tracks *tracks, __u32 ctx);
void trace_track__close(struct trace_tracks *tracks);

#endif /* _IOSNOOP_TRACE_TRACK_H */
