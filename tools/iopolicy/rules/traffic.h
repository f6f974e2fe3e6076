/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recorded traffic as requests: an event of a call becomes the request that the driver would have
 * asked about.
 *
 * The events have less than a request. The facts that follow from the rest of the recording are
 * added: the vendor and group of a device from its snapshots, totals from a snapshot and the pins
 * after it. Everything else is not known, and struct partial says so.
 */
#ifndef _IOPOLICY_RULES_TRAFFIC_H
#define _IOPOLICY_RULES_TRAFFIC_H

#include "recording.h"
#include "rules/partial.h"

struct traffic;

/* events: recording__events(). NULL without memory. */
struct traffic *traffic__new(__u64 events);
void traffic__free(struct traffic *traffic);

/*
 * In a first pass over the recording, take the facts that do not change: ids and names of devices.
 */
void traffic__learn(struct traffic *traffic, const struct recording_item *item);
/* Forget all but that, before the second pass. */
void traffic__begin(struct traffic *traffic);
/* Take an item that is no event: snapshots, names, lost events. */
void traffic__note(struct traffic *traffic, const struct recording_item *item);

enum traffic_kind {
	TRAFFIC_OTHER, /* no policy is asked about such events */
	TRAFFIC_REQUEST,
	TRAFFIC_FAILED, /* the call failed, but no policy refused it, so perhaps none was asked */
};

/*
 * Make the request of an event. Its pointers are valid until the next call. Then the event has
 * happened: totals and bound devices include it.
 */
enum traffic_kind traffic__request(struct traffic *traffic, const struct event_record *record,
				   struct partial *partial);

/* The hooks whose requests a recording with these events has, as bits. */
__u32 traffic__hooks(__u64 events);

/* Whether the recording had a snapshot of all that was pinned. */
bool traffic__has_totals(const struct traffic *traffic);

#endif /* _IOPOLICY_RULES_TRAFFIC_H */
