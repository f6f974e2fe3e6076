// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of events as data, see event.h.
 *
 * The table is expanded twice: into an array of fields for each event (the macro that opens an
 * event closes the array before it), and into the array of events that points to them.
 */
#include <string.h>

#include "errname.h"
#include "event.h"
#include "hook.h"
#include "human.h"

#define OPEN_FIELDS(name, summary)	\
	};				\
	static const struct event_field fields_##name[] = {
#define ADD_FIELD(name, type, unit, summary) { #name, EVENT_UNIT_##unit, summary },
__attribute__((unused)) static const struct event_field fields_none[] = {
	IOMMUFD_EVENTS(OPEN_FIELDS, ADD_FIELD)
};

#define ADD_EVENT(name, summary)	\
	[EVENT_##name] = { #name, summary, fields_##name, EVENT_NR_ARGS(name) },
#define NO_FIELD(name, type, unit, summary)
const struct event_info event_infos[NR_EVENTS] = {
	IOMMUFD_EVENTS(ADD_EVENT, NO_FIELD)
};

const char *event__short_name(enum event_id event)
{
	const char *name = event_infos[event].name;

	if (!strncmp(name, "ioas_", 5))
		return name + 5;
	if (!strncmp(name, "device_", 7))
		return name + 7;
	if (!strcmp(name, "policy_verdict"))
		return "policy";
	return name;
}

static bool is_name(const char *name, const char *text, size_t size)
{
	return strlen(name) == size && !memcmp(name, text, size);
}

enum event_id event__by_name(const char *name, size_t size)
{
	unsigned int event;

	for (event = 0; event < NR_EVENTS; event++)
		if (is_name(event_infos[event].name, name, size) ||
		    is_name(event__short_name(event), name, size))
			break;
	return event;
}

bool event__is_valid(const struct event_record *record, size_t size)
{
	return size >= sizeof(*record) && record->event < NR_EVENTS &&
	       record->nr_args >= sizeof(struct args_caller) / sizeof(__u64) &&
	       record->nr_args <= (size - sizeof(*record)) / sizeof(__u64) &&
	       record->nr_args >= event_infos[record->event].nr_fields;
}

static void put_error(struct json *json, const char *key, __s32 ret)
{
	char buffer[ERRNAME_MAX];

	json__s64(json, key, ret);
	if (ret)
		json__string(json, "error", errname(-ret, buffer));
	else
		json__null(json, "error");
}

static void put_field(struct json *json, const struct event_field *field, __u64 value)
{
	char text[HUMAN_SBDF_MAX], key[32];

	switch (field->unit) {
	case EVENT_UNIT_id:
		if (value == EVENT_NONE)
			json__null(json, field->name);
		else
			json__u64(json, field->name, value);
		break;
	case EVENT_UNIT_ns:
	case EVENT_UNIT_pages:
	case EVENT_UNIT_count:
		json__u64(json, field->name, value);
		break;
	case EVENT_UNIT_bytes:
		snprintf(key, sizeof(key), "%s_bytes", field->name);
		json__u64(json, key, value);
		break;
	case EVENT_UNIT_addr:
	case EVENT_UNIT_flags:
		json__hex(json, field->name, value);
		break;
	case EVENT_UNIT_sbdf:
		if (value == EVENT_NONE)
			json__null(json, "bdf");
		else
			json__string(json, "bdf", human__sbdf(text, value));
		break;
	case EVENT_UNIT_errno:
		put_error(json, field->name, value);
		break;
	}
}

char *event__reason(char text[EVENT_REASON_MAX], const struct event_record *record)
{
	const struct args_policy_verdict *verdict = (const void *)record->args;

	_Static_assert(EVENT_REASON_MAX == 5 * sizeof(verdict->reason0) + 1, "five words");
	memcpy(text, &verdict->reason0, EVENT_REASON_MAX - 1);
	text[EVENT_REASON_MAX - 1] = '\0';
	return text;
}

const char *event__hook(const struct event_record *record)
{
	const struct args_policy_verdict *verdict = (const void *)record->args;

	return hook__name(verdict->hook);
}

bool event__is_reason(const struct event_field *field)
{
	return !strncmp(field->name, "reason", 6) && field->name[6];
}

void event__put_json(const struct event_record *record, struct json *json)
{
	const struct event_info *info = &event_infos[record->event];
	char reason[EVENT_REASON_MAX];
	unsigned int i;

	for (i = 0; i < info->nr_fields; i++)
		if (!event__is_reason(&info->fields[i]))
			put_field(json, &info->fields[i], record->args[i]);
	if (record->event != EVENT_policy_verdict)
		return;
	json__string(json, "hook_name", event__hook(record));
	json__string(json, "reason", event__reason(reason, record));
}
