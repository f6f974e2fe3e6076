/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page requests that wait for their response, so that the table shows both on one line.
 *
 * A request waits for a second, in the time of the events, and at most WAITING_MOST of them wait.
 */
#ifndef _IOSNOOP_WAITING_H
#define _IOSNOOP_WAITING_H

#include <stdbool.h>
#include <linux/types.h>

#include "machine.h"
#include "model/model.h"

#define WAITING_MOST 1024u
#define WAITING_NS 1000000000ULL

/* A request, with copies of all that the event points to. */
struct waiting_request {
	bool is_taken; /* a hole in the ring, until those before it are gone */
	struct snoop_event event;
	char machine[MACHINE_MAX];
	union {
		struct event_record record;
		char bytes[sizeof(struct event_record) + EVENT_MAX_ARGS * sizeof(__u64)];
	};
};

struct waiting {
	struct waiting_request *requests; /* a ring of WAITING_MOST; NULL before the first one */
	unsigned int first; /* the oldest one */
	unsigned int nr;
};

/* Keep a request. Returns false without memory, or if too many wait. */
bool waiting__add(struct waiting *waiting, const struct snoop_event *event);
/*
 * Take the request of a response; NULL if it does not wait. It is valid until the next call, like
 * that of waiting__expired().
 */
const struct snoop_event *waiting__take(struct waiting *waiting, const struct event_record *record);
/* Take the oldest request if it is from before this time; NULL if there is none. */
const struct snoop_event *waiting__expired(struct waiting *waiting, __u64 before_ns);
void waiting__free(struct waiting *waiting);

#endif /* _IOSNOOP_WAITING_H */
