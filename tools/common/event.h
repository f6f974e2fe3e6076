/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tables of events as data: names, fields and units, from include/iommufd_events.h; and what a
 * record has of them.
 *
 * An event has the name of its tracepoint without "iommufd_" (ioas_map), and a short one for
 * people (map).
 */
#ifndef _COMMON_EVENT_H
#define _COMMON_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "iommufd_filter.h"
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
	EVENT_UNIT_text,
};

struct event_field {
	const char *name;
	enum event_unit unit;
	const char *summary;
};

struct event_info {
	const char *name;
	const char *short_name;
	const char *summary;
	const struct event_field *fields;
	unsigned int nr_fields;
};

/* A set of events has a bit for each. */
#define EVENT_MASK(event) (1ULL << (event))
_Static_assert(NR_EVENTS <= 64, "sets of events have 64 bits");

extern const struct event_info event_infos[NR_EVENTS];

/* Fields that many events have, by what they mean. */
enum event_role {
	EVENT_ROLE_ioas,
	EVENT_ROLE_iova,
	EVENT_ROLE_length,
	EVENT_ROLE_flags,
	EVENT_ROLE_pages,
	EVENT_ROLE_runs,
	EVENT_ROLE_pin_ns,
	EVENT_ROLE_map_ns,
	EVENT_ROLE_ns,
	EVENT_ROLE_ret,
	EVENT_ROLE_device,
	EVENT_ROLE_sbdf,
	EVENT_ROLE_pasid,
	EVENT_ROLE_user_va,
	EVENT_ROLE_addr,
	EVENT_ROLE_perm,
	NR_EVENT_ROLES
};

/* Where the event has it among its fields, or -1. */
int event__role(enum event_id event, enum event_role role);

/* The argument of a valid record, or NULL if its event has none. */
const __u64 *event__arg(const struct event_record *record, enum event_role role);

/* What filters look at. The latency of a map is that of pinning and of filling page tables. */
void event__subject(const struct event_record *record, struct event_subject *subject);

const char *event__short_name(enum event_id event);

/*
 * A field of unit text and the ones after it that belong to it: the string, as it came (clean it
 * before it is shown). Returns how many fields it takes. Its name is the field's without the digit.
 */
#define EVENT_TEXT_MAX 41
unsigned int event__text(char text[EVENT_TEXT_MAX], const struct event_record *record,
			 unsigned int field);

/*
 * What a policy left as its reason, as it came, and the name of a hook; the record is a
 * policy_verdict.
 */
#define EVENT_REASON_MAX EVENT_TEXT_MAX
char *event__reason(char text[EVENT_REASON_MAX], const struct event_record *record);
const char *event__hook(const struct event_record *record);

/* Bytes of a valid record, with all that follows its arguments. */
size_t event__size(const struct event_record *record);

/* What follows the arguments of a valid record; NULL if it has none. */
const struct event_cause *event__cause(const struct event_record *record);
const struct event_stack *event__stack(const struct event_record *record);

/*
 * By either name, with '-' or '_' in it; NR_EVENTS when there is none. The name need not end with a
 * NUL.
 */
enum event_id event__by_name(const char *name, size_t size);

/* Has the record a known event, its arguments, and room for all that it says it has? */
bool event__is_valid(const struct event_record *record, size_t size);

/*
 * Puts the fields of a record into the open JSON object. Keys are the names of the table, with
 * "_bytes" where the unit is that; the PCI address is "bdf", the error's name "error". What is not
 * there is null; addresses and flags are "0x..." strings, texts one string. A verdict has "hook_name"
 * besides.
 */
void event__put_json(const struct event_record *record, struct json *json);

#endif /* _COMMON_EVENT_H */
