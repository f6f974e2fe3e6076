/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * model/: an event and a run of iosnoop, as sources deliver them and renderers show them.
 *
 * Data flows one way, from a source (the kernel or a recording) to a sink, and from there to
 * renderers. Includes follow this order; each folder uses only those to its left:
 *
 *	common < model < source, render < iosnoop/ itself
 *
 * source/ and render/ do not know each other: a source knows the sink below, which output.c
 * implements with renderers.
 *
 *	snoop_event.c	a record and the values derived from it
 *	event_groups.c	names of events and of groups of them
 *	symbols.c	names of the addresses in stacks; mapping.c and function_table.c
 *			find files of processes and the functions in them
 *
 * Functions return 0 or -errno after a message on stderr. In all of iosnoop -EPERM means a lack of
 * privileges, and -ENODEV a kernel or module that iosnoop cannot work with.
 */
#ifndef _IOSNOOP_MODEL_H
#define _IOSNOOP_MODEL_H

#include <stdbool.h>
#include <stdio.h>
#include <linux/types.h>

#include "cause.h"
#include "driver.h"
#include "event.h"
#include "recording.h"
#include "why.h"

#define ALL_EVENTS (~0ULL >> (64 - NR_EVENTS))

/* ---- a run ---- */

/* The request to a source. */
struct run_request {
	enum driver_kind driver;
	__u64 events; /* EVENT_MASK() bits */
	__u64 named; /* those of them that the user gave by their own names */
	bool events_chosen; /* by the user; else the default */
	struct iommufd_filter filter;
	bool stacks;
	bool counts_pins; /* count page faults during pins */
	bool is_recorded; /* take snapshots, and the user and cgroup of each thread */
	bool is_checked; /* --check, which explains missing events itself */
	bool rotates; /* SIGHUP begins a segment instead of ending the run */
	/* Of a recording, CLOCK_REALTIME; 0: no limit. */
	__u64 since_ns;
	__u64 until_ns;
	__u64 buffer_bytes; /* of the ring buffer, a power of two */
	__u64 duration_ns; /* 0: no limit */
	__u64 interval_ns; /* between reports; 0: one at the end */
	__u64 max_events; /* 0: no limit */
};

/* Facts about a run that are known at its start. */
struct run {
	bool is_live; /* from this kernel, now; else a recording */
	enum driver_kind driver; /* DRIVER_AUTO: not known */
	__u64 events; /* those that are traced */
	struct iommufd_filter filter;
	__u64 start_ns;
	__s64 wall_offset_ns; /* from CLOCK_MONOTONIC to CLOCK_REALTIME */
	__u64 buffer_bytes;
	char kernel[64];
};

/* Why a run ended; recordings contain these numbers. */
enum stop_reason {
	STOP_NOT = 0,
	STOP_SIGNAL = 1,
	STOP_DURATION = 2,
	STOP_COUNT = 3,
	STOP_OUTPUT = 4, /* the reader of stdout went away */
	STOP_ERROR = 5,
	STOP_FILE = 6, /* the recording is incomplete or damaged */
	STOP_SEGMENT = 7, /* the recorder goes on in another file */
	NR_STOP_REASONS
};

struct run_result {
	struct event_counters counters;
	__u64 not_run; /* of the lost events, those for which the kernel ran no program */
	__u64 shown;
	enum stop_reason reason;
};

/* ---- an event ---- */

/* An event as renderers get it: the record, which the source owns, and values derived from it. */
struct snoop_event {
	const struct event_record *record;
	char comm[EVENT_COMM_LEN]; /* of the thread, not cleaned; "" if not known */
	const char *machine; /* virtual machine or container, not cleaned; "" if none is known */
	const char *cause; /* of a failure, clean; NULL if not known */
	char cause_text[CAUSE_MAX];
	const struct why_full *why; /* explanation of a fault; NULL if not known */
	char why_text[WHY_MAX]; /* clean; "" likewise */
};

/*
 * Derive an event from a valid record. Where a kernel thread ran for a process, a live event gets
 * the name of the process. The event is valid until the next call. utf8: the cause may hold
 * characters beyond ASCII.
 */
void snoop_event__init(struct snoop_event *event, const struct event_record *record,
		       const struct why_full *why, bool is_live, bool utf8);

/* "rw", "r-", "-w", "--" or "-x": the access that a map allows or a fault tried; NULL without. */
const char *snoop_event__protection(const struct event_record *record);

/* ---- where a source delivers ---- */

struct sink {
	/* Called once everything is attached, with the events that are traced. */
	int (*start)(struct sink *sink, __u64 events);
	/* why: the explanation of a fault; NULL: none. */
	void (*event)(struct sink *sink, const struct event_record *record,
		      const struct why_full *why);
	/* The name of an address in the stacks of later events. */
	void (*symbol)(struct sink *sink, const struct recording_symbol *symbol, const char *name);
	void (*lost)(struct sink *sink, const struct recording_lost *lost);
	/*
	 * An item of a snapshot of the driver's contexts and objects: of a recording, or if
	 * is_recorded.
	 */
	void (*state)(struct sink *sink, __u64 time_ns, enum recording_state_kind kind,
		      const void *data, size_t size);
	/* Whether a snapshot is needed now. */
	bool (*wants_state)(struct sink *sink);
	/* Report the events since the last report. */
	void (*report)(struct sink *sink, __u64 now_ns);
	void (*end)(struct sink *sink, __u64 now_ns, const struct run_result *result);
	/* Flush the buffer. -EPIPE, when the reader went away, comes without a message. */
	int (*flush)(struct sink *sink);
};

/* ---- groups of events ---- */

/* The events that are shown without -e. */
__u64 event_groups__default(void);
/*
 * Parse names and groups separated by commas. Add the events to *events, and to *named those given
 * by their own names.
 */
int event_groups__parse(const char *list, __u64 *events, __u64 *named);
/* Print events and groups for --help. */
void event_groups__print(FILE *out);
/* Print the names of events and groups, one per line. */
void event_groups__print_words(FILE *out);

/* ---- names of addresses ---- */

struct symbols;

struct symbols_options {
	/* Ask this machine for names; otherwise only those given by symbols__add() are known. */
	bool is_live;
	/* /proc shows other processes than the kernel's ids mean: no names of user functions. */
	bool no_processes;
	/* The time of the last exec of a process, 0 if there was none; may be NULL. */
	__u64 (*exec_ns)(void *ctx, __u32 tgid);
	void *ctx;
};

/* The address space that an address belongs to. */
struct symbols_owner {
	__u32 tgid; /* process; 0: the kernel */
	__u32 tid; /* a thread of it, or EVENT_NONE */
	__u64 time_ns; /* CLOCK_MONOTONIC: of the event */
};

struct symbols *symbols__new(const struct symbols_options *options);
/*
 * Find the name of an address. Return NULL if it is unknown. *offset is the distance from the
 * beginning of the named function, or in a file without functions there, whose name is in brackets,
 * the place in the file. *is_new: the last look-up, if any, had another result.
 */
const char *symbols__find(struct symbols *symbols, const struct symbols_owner *owner, __u64 address,
			  __u32 *offset, bool *is_new);
/* Set the name of an address from now on; "": it has none. */
void symbols__add(struct symbols *symbols, __u32 tgid, __u64 address, __u32 offset,
		  const char *name);
/* Forget all names, so that the next look-up of each is new. */
void symbols__renew(struct symbols *symbols);
void symbols__free(struct symbols *symbols);

#endif /* _IOSNOOP_MODEL_H */
