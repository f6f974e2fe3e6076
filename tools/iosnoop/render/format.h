/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The formats of events, and their common parts: times, names of threads, the records of JSON
 * lines.
 */
#ifndef _IOSNOOP_FORMAT_H
#define _IOSNOOP_FORMAT_H

#include <stdbool.h>
#include <stdio.h>
#include <linux/types.h>

#include "iommufd_pins.h"
#include "json.h"
#include "model/model.h"

struct format {
	FILE *out;
	const struct run *run;
	struct symbols *symbols; /* NULL: no stacks */
	bool utf8; /* text may hold characters beyond ASCII */
	bool json;
	bool header; /* a line with the names of columns */
	bool wide;
	bool time_of_day; /* else seconds since the start */
	bool has_interval; /* several reports follow each other */
	/* Take the pins of a process since the last call; false: not known. NULL: never. */
	bool (*take_pins)(void *ctx, const struct pins_key *key, struct pins *pins);
	void *pins_ctx;
};

/* The event's time: since the start, or of the day; full: with nanoseconds. */
#define TIME_MAX 64
void format__time(const struct format *format, __u64 time_ns, bool full, char text[TIME_MAX]);

/*
 * The name that tells processes apart where there is room for one: the machine, or else the thread.
 * Every virtual machine monitor of a host has the same thread name.
 */
void format__name(const struct format *format, const struct snoop_event *event,
		  unsigned int columns, char *text, size_t size);
void format__machine(const struct format *format, const char *machine, char *text, size_t size);

/* The name of the event's thread, clean; "-" if it is not known. */
void format__comm(const struct format *format, const struct snoop_event *event,
		  unsigned int columns, char *text, size_t size);

/* Begin a record of that type with its time; the caller adds the rest and ends it. */
void format__begin_record(const struct format *format, struct json *json, const char *type,
			  __u64 time_ns);
void format__end_record(struct json *json);
/* Write the time, as the keys time_ns and, if asked for, time. */
void format__put_time(const struct format *format, struct json *json, __u64 time_ns);
/* Write the fields of an event, and those that are derived from them, but no explanation. */
void format__put_event(struct json *json, const struct snoop_event *event);

#endif /* _IOSNOOP_FORMAT_H */
