/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tables of events of include/iommufd_events.h as data: names, fields and units; and access to
 * the fields of a record.
 *
 * An event has two names: that of its tracepoint without "iommufd_" (ioas_map), and a short one
 * (map).
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

/* Write an id, or null for EVENT_NONE. */
static inline void event__put_id(struct json *json, const char *key, __u32 id)
{
	json__u64_or_null(json, key, id != EVENT_NONE, id);
}

/* The bit of an event in a set of events. */
#define EVENT_MASK(event) (1ULL << (event))
_Static_assert(NR_EVENTS <= 64, "sets of events have 64 bits");

extern const struct event_info event_infos[NR_EVENTS];

/* The fields that several events share. */
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

/* The index of that field in the event, or -1. */
int event__role(enum event_id event, enum event_role role);

/* Whether a value says that the source of the event cannot know it. */
bool event__is_unknown(const struct event_field *field, __u64 value);

/* That field of a valid record, or NULL if its event does not have it, or it is not known. */
const __u64 *event__arg(const struct event_record *record, enum event_role role);

/*
 * The bytes of a page, in which events count memory: of this machine, or of the one that a
 * recording is from, once one has been opened.
 */
__u64 event__page_size(void);
void event__set_page_size(__u32 bytes);

/* Fill in the fields that filters compare. A map's latency is pinning plus filling page tables. */
void event__subject(const struct event_record *record, struct event_subject *subject);

const char *event__short_name(enum event_id event);

/*
 * Put together a string from a field of unit text and the fields after it that belong to it. The
 * string is not cleaned. Returns the number of fields. The string's name is that of the field
 * without the digit.
 */
#define EVENT_TEXT_MAX 41
unsigned int event__text(char text[EVENT_TEXT_MAX], const struct event_record *record,
			 unsigned int field);

/*
 * The reason that a policy gave, not cleaned, and the name of the hook, of a policy_verdict record.
 */
#define EVENT_REASON_MAX EVENT_TEXT_MAX
char *event__reason(char text[EVENT_REASON_MAX], const struct event_record *record);
const char *event__hook(const struct event_record *record);
/* Whether a record is a verdict that refuses, of a policy that only audits: the call goes on. */
bool event__is_audit(const struct event_record *record);

/* The size of a valid record, with everything behind its arguments. */
size_t event__size(const struct event_record *record);

/* Cause and stacks behind the arguments of a valid record; NULL if it has none. */
const struct event_cause *event__cause(const struct event_record *record);
const struct event_stack *event__stack(const struct event_record *record);
/* The user and cgroup of the thread; NULL if the record does not have them. */
const struct event_thread *event__thread(const struct event_record *record);

/*
 * Find an event by either of its names; '-' and '_' are the same. Returns NR_EVENTS if there is
 * none.
 */
enum event_id event__by_name(const char *name, size_t size);

/*
 * Whether a record of that size has a known event, its arguments, and the parts its flags promise.
 */
bool event__is_valid(const struct event_record *record, size_t size);

/*
 * The key of a field in JSON and CSV: its name in the table, with "_bytes" for that unit, without
 * the digit for a text; "bdf" for a PCI address, and "type_code" for a type, because "type" is the
 * type of the JSON record.
 */
#define EVENT_KEY_MAX 32
char *event__key(char key[EVENT_KEY_MAX], const struct event_field *field);

/*
 * Write the fields of a record into the open JSON object, under their keys. Ids without a value,
 * and numbers that the source of the event cannot know, are null; addresses and flags are "0x..."
 * strings; a text is one string. A result adds "error", the name of the errno, and a verdict adds
 * "hook_name".
 */
void event__put_json(const struct event_record *record, struct json *json);

#endif /* _COMMON_EVENT_H */
