/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of --summary that tells how much time the maps of each process took, see startup.c.
 */
#ifndef _IOSNOOP_STARTUP_H
#define _IOSNOOP_STARTUP_H

#include "render/format.h"

struct startup {
	const struct format *format;
	struct json json;
	void *tree; /* of processes, by context */
	/* Of the report that is being printed: */
	__u64 now_ns;
	__u64 first_ns; /* of the context */
	bool has_header;
};

/* Count an event; without memory it is left out. */
void startup__add(struct startup *startup, const struct snoop_event *event);
/* Print the processes that mapped since the last report, and forget them. */
void startup__report(struct startup *startup, __u64 now_ns);
void startup__clear(struct startup *startup);

#endif /* _IOSNOOP_STARTUP_H */
