/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of events as data: names, fields and units, from include/iommufd_events.h.
 *
 * An event has the name of its tracepoint without "iommufd_" (ioas_map), and a short one for
 * people (map), which is the name without "ioas_" or "device_"; a verdict's is "policy".
 */
#ifndef _COMMON_EVENT_H
#define _COMMON_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "iommufd_record.h"
#include "json.h"

enum event_unit {
	EVENT_UNIT_id,
	EVENT_UNIT_ns,
	EVENT_UNIT_bytes,
	EVENT_UNIT_pages,
	EVENT_UNIT_count,
	EVENT_UNIT_addr,
	EVENT_UNIT_flags,
	EVENT_UNIT_sbdf,
	EVENT_UNIT_errno,
};

struct event_field {
	const char *name;
	enum event_unit unit;
	const char *summary;
};

struct event_info {
	const char *name;
	const char *summary;
	const struct event_field *fields;
	unsigned int nr_fields;
};

/* A set of events has a bit for each. */
#define EVENT_MASK(event) (1ULL << (event))
_Static_assert(NR_EVENTS <= 64, "sets of events have 64 bits");

extern const struct event_info event_infos[NR_EVENTS];

const char *event__short_name(enum event_id event);

/*
 * What a policy left as its reason, as it came (clean it before it is shown), and the name of a
 * hook; the record is a policy_verdict.
 */
#define EVENT_REASON_MAX 41
char *event__reason(char text[EVENT_REASON_MAX], const struct event_record *record);
const char *event__hook(const struct event_record *record);

/* Is the field one of the words of a reason? */
bool event__is_reason(const struct event_field *field);

/* By either name; NR_EVENTS when there is none. The name need not end with a NUL. */
enum event_id event__by_name(const char *name, size_t size);

/* Has the record a known event and no more arguments than it has room for? */
bool event__is_valid(const struct event_record *record, size_t size);

/*
 * Puts the fields of a record into the open JSON object. Keys are the names of the table, with
 * "_bytes" where the unit is that; the PCI address is "bdf", the error's name "error". What is not
 * there is null; addresses and flags are "0x..." strings. A verdict has "hook_name", and its reason
 * as one string, "reason".
 */
void event__put_json(const struct event_record *record, struct json *json);

#endif /* _COMMON_EVENT_H */
