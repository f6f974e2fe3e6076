// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fields by their names, see field.h.
 */
#include <errno.h>
#include <string.h>

#include "errname.h"
#include "human.h"
#include "machine.h"
#include "msg.h"
#include "policy_name.h"
#include "render/field.h"
#include "text.h"

/* clang-format off */
static const struct {
	const char *name;
	unsigned int width;
} derived_fields[NR_DERIVED_FIELDS] = {
	[FIELD_TIME_NS] = { "time_ns", 16 },
	[FIELD_TIME] = { "time", 13 },
	[FIELD_EVENT] = { "event", 8 },
	[FIELD_MACHINE] = { "machine", 12 },
	[FIELD_PID] = { "pid", 7 },
	[FIELD_TID] = { "tid", 7 },
	[FIELD_COMM] = { "comm", 15 },
	[FIELD_ERROR] = { "error", 8 },
	[FIELD_CAUSE] = { "cause", 24 },
	[FIELD_WHY] = { "why", 24 },
	[FIELD_PROT] = { "prot", 4 },
	[FIELD_RESPONSE] = { "response", 8 },
	[FIELD_HOOK] = { "hook_name", 12 },
	[FIELD_POLICY] = { "policy_name", 12 },
	[FIELD_LOST] = { "lost", 4 },
};

/* clang-format on */

/* A text takes several arguments, of which the first stands for all. */
static bool is_first_of_text(const struct event_field *field)
{
	return field->unit != EVENT_UNIT_text || field->name[strlen(field->name) - 1] == '0';
}

static bool is_name(const char *name, const char *text, size_t size)
{
	return strlen(name) == size && !memcmp(name, text, size);
}

/*
 * Find the arguments with this name, which may be the JSON key or the name in the table of events.
 */
static bool find_args(struct field *field, const char *name, size_t size)
{
	bool found = false;
	unsigned int event, i;
	char key[EVENT_KEY_MAX];

	for (event = 0; event < NR_EVENTS; event++) {
		field->arg[event] = -1;
		for (i = 0; i < event_infos[event].nr_fields; i++) {
			const struct event_field *info = &event_infos[event].fields[i];

			event__key(key, info);
			if (!is_first_of_text(info) ||
			    (!is_name(key, name, size) && !is_name(info->name, name, size)))
				continue;
			field->arg[event] = i;
			field->unit = info->unit;
			strcpy(field->name, key);
			found = true;
		}
	}
	return found;
}

static bool find_field(struct field *field, const char *name, size_t size)
{
	unsigned int i;

	memset(field, 0, sizeof(*field));
	for (i = 0; i < NR_DERIVED_FIELDS; i++) {
		if (!is_name(derived_fields[i].name, name, size))
			continue;
		field->derived = i;
		strcpy(field->name, derived_fields[i].name);
		return true;
	}
	field->derived = FIELD_ARGUMENT;
	return find_args(field, name, size);
}

static bool has_field(const struct field_list *list, const char *name)
{
	unsigned int i;

	for (i = 0; i < list->nr; i++)
		if (!strcmp(list->fields[i].name, name))
			return true;
	return false;
}

void field_list__fill(struct field_list *list, __u64 events)
{
	unsigned int event, i;
	char key[EVENT_KEY_MAX];

	list->nr = 0;
	for (i = 0; i < NR_DERIVED_FIELDS; i++)
		find_field(&list->fields[list->nr++], derived_fields[i].name,
			   strlen(derived_fields[i].name));
	for (event = 0; event < NR_EVENTS; event++) {
		if (!(events & EVENT_MASK(event)))
			continue;
		for (i = 0; i < event_infos[event].nr_fields; i++) {
			const struct event_field *info = &event_infos[event].fields[i];

			event__key(key, info);
			/* tgid is already there, as pid. */
			if (!is_first_of_text(info) || has_field(list, key) ||
			    !strcmp(key, "tgid") || list->nr == FIELD_LIST_MAX)
				continue;
			find_field(&list->fields[list->nr++], key, strlen(key));
		}
	}
}

static void list_known(char *text, size_t size)
{
	struct field_list all;
	size_t length = 0;
	unsigned int i;

	field_list__fill(&all, ALL_EVENTS);
	for (i = 0; i < all.nr && length < size; i++)
		length += snprintf(text + length, size - length, "%s%s", i ? ", " : "",
				   all.fields[i].name);
}

int field_list__parse(struct field_list *list, const char *names)
{
	char known[1024];
	size_t size;

	for (list->nr = 0;; names += size + 1) {
		size = strcspn(names, ",");
		if (list->nr == FIELD_LIST_MAX) {
			msg("--fields: more than %u fields; use --csv or --json", FIELD_LIST_MAX);
			return -EINVAL;
		}
		if (!find_field(&list->fields[list->nr], names, size)) {
			list_known(known, sizeof(known));
			msg("--fields: unknown field '%.*s'; the fields are %s",
			    (int)(size < 32 ? size : 32), names, known);
			return -EINVAL;
		}
		list->nr++;
		if (!names[size])
			return 0;
	}
}

int fields__check(const char *names)
{
	struct field_list list;

	return field_list__parse(&list, names);
}

void fields__print_known(FILE *out)
{
	char known[1024];

	list_known(known, sizeof(known));
	fprintf(out, "%s\n", known);
}

void fields__print_words(FILE *out)
{
	struct field_list all;
	unsigned int i;

	field_list__fill(&all, ALL_EVENTS);
	for (i = 0; i < all.nr; i++)
		fprintf(out, "%s\n", all.fields[i].name);
}

unsigned int field__width(const struct field *field, bool raw)
{
	if (field->derived != FIELD_ARGUMENT)
		return derived_fields[field->derived].width;
	switch (field->unit) {
	case EVENT_UNIT_addr:
		return 14;
	case EVENT_UNIT_sbdf:
		return 12;
	case EVENT_UNIT_text:
		return 16;
	case EVENT_UNIT_bytes:
	case EVENT_UNIT_ns:
		return raw ? 12 : 6;
	default:
		return 6;
	}
}

bool field__is_left(const struct field *field)
{
	switch (field->derived) {
	case FIELD_EVENT:
	case FIELD_MACHINE:
	case FIELD_COMM:
	case FIELD_ERROR:
	case FIELD_CAUSE:
	case FIELD_WHY:
	case FIELD_PROT:
	case FIELD_RESPONSE:
	case FIELD_HOOK:
	case FIELD_POLICY:
		return true;
	case FIELD_ARGUMENT:
		return field->unit == EVENT_UNIT_text;
	default:
		return false;
	}
}

static void format_arg(const struct field *field, const struct format *format,
		       const struct event_record *record, bool raw, char text[FIELD_VALUE_MAX])
{
	int arg = field->arg[record->event];
	char string[EVENT_TEXT_MAX];
	__u64 value;

	if (arg < 0)
		return;
	value = record->args[arg];
	if (event__is_unknown(&event_infos[record->event].fields[arg], value))
		return;
	switch (event_infos[record->event].fields[arg].unit) {
	case EVENT_UNIT_id:
		if ((__u32)value != EVENT_NONE)
			snprintf(text, FIELD_VALUE_MAX, "%llu", value);
		return;
	case EVENT_UNIT_sbdf:
		if ((__u32)value != EVENT_NONE)
			human__sbdf(text, value);
		return;
	case EVENT_UNIT_addr:
	case EVENT_UNIT_flags:
		snprintf(text, FIELD_VALUE_MAX, "0x%llx", value);
		return;
	case EVENT_UNIT_errno:
		snprintf(text, FIELD_VALUE_MAX, "%d", (__s32)value);
		return;
	case EVENT_UNIT_text:
		event__text(string, record, arg);
		text__clean(text, FIELD_VALUE_MAX, string, sizeof(string), sizeof(string),
			    format->utf8);
		return;
	case EVENT_UNIT_bytes:
		if (!raw) {
			human__bytes(text, value);
			return;
		}
		break;
	case EVENT_UNIT_ns:
		if (!raw) {
			human__time(text, value);
			return;
		}
		break;
	default:
		break;
	}
	snprintf(text, FIELD_VALUE_MAX, "%llu", value);
}

/*
 * Return the fields that are names; NULL if the event does not have the field, or it is a number.
 */
static const char *find_name(const struct field *field, const struct snoop_event *event,
			     char buffer[ERRNAME_MAX])
{
	const struct event_record *record = event->record;
	const __u64 *ret = event__arg(record, EVENT_ROLE_ret);

	switch (field->derived) {
	case FIELD_EVENT:
		return event__short_name(record->event);
	case FIELD_ERROR:
		/* As in JSON, the error of an audit policy is there, although the call went on. */
		return ret && (__s32)*ret ? errname(-(__s64)(__s32)*ret, buffer) : NULL;
	case FIELD_CAUSE:
		return event->cause;
	case FIELD_WHY:
		return event->why_text;
	case FIELD_PROT:
		return snoop_event__protection(record);
	case FIELD_RESPONSE:
		if (record->event != EVENT_fault_response)
			return NULL;
		return cause__response(((const struct args_fault_response *)record->args)->code);
	case FIELD_HOOK:
		return record->event == EVENT_policy_verdict ? event__hook(record) : NULL;
	case FIELD_POLICY:
		if (record->event != EVENT_policy_verdict)
			return NULL;
		return policy_name__find(
			((const struct args_policy_verdict *)record->args)->policy);
	default:
		return NULL;
	}
}

void field__format(const struct field *field, const struct format *format,
		   const struct snoop_event *event, bool raw, char text[FIELD_VALUE_MAX])
{
	const struct event_record *record = event->record;
	const struct args_caller *caller = (const void *)record->args;
	char buffer[ERRNAME_MAX];
	const char *name;

	text[0] = '\0';
	switch (field->derived) {
	case FIELD_ARGUMENT:
		format_arg(field, format, record, raw, text);
		break;
	case FIELD_TIME_NS:
		snprintf(text, FIELD_VALUE_MAX, "%llu", record->time_ns);
		break;
	case FIELD_TIME:
		format__time(format, record->time_ns, raw, text);
		break;
	case FIELD_MACHINE:
		text__clean(text, FIELD_VALUE_MAX, event->machine, MACHINE_MAX, MACHINE_MAX,
			    format->utf8);
		break;
	case FIELD_PID:
		if ((__u32)caller->tgid != EVENT_NONE)
			snprintf(text, FIELD_VALUE_MAX, "%llu", caller->tgid);
		break;
	case FIELD_TID:
		if (record->tid != EVENT_NONE)
			snprintf(text, FIELD_VALUE_MAX, "%u", record->tid);
		break;
	case FIELD_COMM:
		format__comm(format, event, EVENT_COMM_LEN, text, FIELD_VALUE_MAX);
		break;
	default:
		name = find_name(field, event, buffer);
		if (name)
			snprintf(text, FIELD_VALUE_MAX, "%s", name);
	}
}
