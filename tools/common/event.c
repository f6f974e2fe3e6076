// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tables of events as data, see event.h.
 *
 * They are expanded twice: into an array of fields for each event (the macro that begins an event
 * also ends the array before it), and into the array of events, which points to these.
 */
#include <string.h>
#include <unistd.h>

#include "errname.h"
#include "event.h"
#include "hook.h"
#include "human.h"
#include "policy_name.h"

#define OPEN_FIELDS(name, short, summary) \
	} \
	; \
	static const struct event_field fields_##name[] = {
#define ADD_FIELD(name, type, unit, summary) { #name, EVENT_UNIT_##unit, summary },
__attribute__((unused)) static const struct event_field fields_none[] = { IOMMUFD_EVENTS(
	OPEN_FIELDS, ADD_FIELD) IOMMUFD_HOST_EVENTS(OPEN_FIELDS, ADD_FIELD) };

#define ADD_EVENT(name, short, summary) \
	[EVENT_##name] = { #name, short, summary, fields_##name, EVENT_NR_ARGS(name) },
#define NO_FIELD(name, type, unit, summary)
const struct event_info event_infos[NR_EVENTS] = { IOMMUFD_EVENTS(
	ADD_EVENT, NO_FIELD) IOMMUFD_HOST_EVENTS(ADD_EVENT, NO_FIELD) };

/* clang-format off */
static const char *const role_names[NR_EVENT_ROLES] = {
	[EVENT_ROLE_ioas] = "ioas",
	[EVENT_ROLE_iova] = "iova",
	[EVENT_ROLE_length] = "length",
	[EVENT_ROLE_flags] = "flags",
	[EVENT_ROLE_pages] = "pages",
	[EVENT_ROLE_runs] = "runs",
	[EVENT_ROLE_pin_ns] = "pin_ns",
	[EVENT_ROLE_map_ns] = "map_ns",
	[EVENT_ROLE_ns] = "ns",
	[EVENT_ROLE_ret] = "ret",
	[EVENT_ROLE_device] = "device",
	[EVENT_ROLE_sbdf] = "sbdf",
	[EVENT_ROLE_pasid] = "pasid",
	[EVENT_ROLE_user_va] = "user_va",
	[EVENT_ROLE_addr] = "addr",
	[EVENT_ROLE_perm] = "perm",
};

/* clang-format on */

static __s8 roles[NR_EVENTS][NR_EVENT_ROLES];
static char keys[NR_EVENTS][EVENT_MAX_ARGS][EVENT_KEY_MAX];

/* Fill in roles and keys at the start, because they are needed several times for every line. */
__attribute__((constructor)) static void find_roles(void)
{
	unsigned int event, role, field;

	for (event = 0; event < NR_EVENTS; event++) {
		for (field = 0; field < event_infos[event].nr_fields; field++)
			event__key(keys[event][field], &event_infos[event].fields[field]);
		for (role = 0; role < NR_EVENT_ROLES; role++) {
			roles[event][role] = -1;
			for (field = 0; field < event_infos[event].nr_fields; field++)
				if (!strcmp(event_infos[event].fields[field].name,
					    role_names[role]))
					roles[event][role] = field;
		}
	}
}

int event__role(enum event_id event, enum event_role role)
{
	return roles[event][role];
}

bool event__is_unknown(const struct event_field *field, __u64 value)
{
	return value == EVENT_UNKNOWN &&
	       (field->unit == EVENT_UNIT_ns || field->unit == EVENT_UNIT_pages ||
		field->unit == EVENT_UNIT_count);
}

const __u64 *event__arg(const struct event_record *record, enum event_role role)
{
	int field = roles[record->event][role];

	if (field < 0 ||
	    event__is_unknown(&event_infos[record->event].fields[field], record->args[field]))
		return NULL;
	return &record->args[field];
}

static __u64 arg_or(const struct event_record *record, enum event_role role, __u64 otherwise)
{
	const __u64 *arg = event__arg(record, role);

	return arg ? *arg : otherwise;
}

void event__subject(const struct event_record *record, struct event_subject *subject)
{
	const struct args_caller *caller = (const void *)record->args;

	*subject = (struct event_subject){
		.ctx = caller->ctx,
		.tgid = caller->tgid,
		.ioas = arg_or(record, EVENT_ROLE_ioas, EVENT_NONE),
		.device = arg_or(record, EVENT_ROLE_device, EVENT_NONE),
		.sbdf = arg_or(record, EVENT_ROLE_sbdf, EVENT_NONE),
		.pasid = arg_or(record, EVENT_ROLE_pasid, EVENT_NONE),
		.ret = arg_or(record, EVENT_ROLE_ret, 0),
		.latency_ns = arg_or(record, EVENT_ROLE_pin_ns, 0) +
			      arg_or(record, EVENT_ROLE_map_ns, 0) +
			      arg_or(record, EVENT_ROLE_ns, 0),
		.length = arg_or(record, EVENT_ROLE_length, 0),
		.iova = arg_or(record, EVENT_ROLE_iova,
			       arg_or(record, EVENT_ROLE_addr, EVENT_IOVA_NONE)),
	};
	if (record->event == EVENT_pin || record->event == EVENT_unpin)
		subject->length = arg_or(record, EVENT_ROLE_pages, 0) * event__page_size();
	else if (record->event == EVENT_fault_response)
		subject->ret =
			-(__s64)(__s32)((const struct args_fault_response *)record->args)->code;
	else if (record->event == EVENT_dma_fault || record->event == EVENT_io_page_fault)
		subject->ret = -1;
	else if (event__is_audit(record))
		subject->ret = 0;
}

static __u32 page_size; /* of a recording */

__u64 event__page_size(void)
{
	return page_size ? page_size : (__u64)sysconf(_SC_PAGESIZE);
}

void event__set_page_size(__u32 bytes)
{
	page_size = bytes;
}

const char *event__short_name(enum event_id event)
{
	return event_infos[event].short_name;
}

static bool is_name(const char *name, const char *text, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (!name[i] ||
		    (name[i] == '-' ? '_' : name[i]) != (text[i] == '-' ? '_' : text[i]))
			return false;
	return size && !name[size];
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

size_t event__size(const struct event_record *record)
{
	return sizeof(*record) + record->nr_args * sizeof(__u64) +
	       (record->flags & EVENT_HAS_CAUSE ? sizeof(struct event_cause) : 0) +
	       (record->flags & EVENT_HAS_STACK ? sizeof(struct event_stack) : 0) +
	       (record->flags & EVENT_HAS_THREAD ? sizeof(struct event_thread) : 0);
}

bool event__is_valid(const struct event_record *record, size_t size)
{
	const struct event_stack *stack;

	if (size < sizeof(*record) || record->event >= NR_EVENTS ||
	    record->nr_args < event_infos[record->event].nr_fields || size < event__size(record))
		return false;
	stack = event__stack(record);
	return !stack ||
	       (stack->nr_kernel <= EVENT_KERNEL_FRAMES && stack->nr_user <= EVENT_USER_FRAMES);
}

const struct event_cause *event__cause(const struct event_record *record)
{
	const struct event_cause *cause = (const void *)&record->args[record->nr_args];

	return record->flags & EVENT_HAS_CAUSE && cause->kind != EVENT_CAUSE_NONE ? cause : NULL;
}

const struct event_stack *event__stack(const struct event_record *record)
{
	const char *end = (const char *)record + event__size(record);

	if (!(record->flags & EVENT_HAS_STACK))
		return NULL;
	if (record->flags & EVENT_HAS_THREAD)
		end -= sizeof(struct event_thread);
	return (const void *)(end - sizeof(struct event_stack));
}

const struct event_thread *event__thread(const struct event_record *record)
{
	const char *end = (const char *)record + event__size(record);

	if (!(record->flags & EVENT_HAS_THREAD))
		return NULL;
	return (const void *)(end - sizeof(struct event_thread));
}

static void put_error(struct json *json, const char *key, __s32 ret)
{
	char buffer[ERRNAME_MAX];

	json__s64(json, key, ret);
	if (ret)
		json__string(json, "error", errname(-(__s64)ret, buffer));
	else
		json__null(json, "error");
}

char *event__key(char key[EVENT_KEY_MAX], const struct event_field *field)
{
	int length = strlen(field->name);

	if (field->unit == EVENT_UNIT_sbdf)
		snprintf(key, EVENT_KEY_MAX, "bdf");
	else if (!strcmp(field->name, "type"))
		snprintf(key, EVENT_KEY_MAX, "type_code");
	else
		snprintf(key, EVENT_KEY_MAX, "%.*s%s",
			 field->unit == EVENT_UNIT_text ? length - 1 : length, field->name,
			 field->unit == EVENT_UNIT_bytes ? "_bytes" : "");
	return key;
}

static void put_field(struct json *json, const struct event_field *field, const char *key,
		      __u64 value)
{
	char text[HUMAN_SBDF_MAX];

	switch (field->unit) {
	case EVENT_UNIT_id:
		event__put_id(json, key, value);
		break;
	case EVENT_UNIT_ns:
	case EVENT_UNIT_pages:
	case EVENT_UNIT_count:
		if (event__is_unknown(field, value))
			json__null(json, key);
		else
			json__u64(json, key, value);
		break;
	case EVENT_UNIT_bytes:
		json__u64(json, key, value);
		break;
	case EVENT_UNIT_addr:
	case EVENT_UNIT_flags:
		json__hex(json, key, value);
		break;
	case EVENT_UNIT_sbdf:
		if (value == EVENT_NONE)
			json__null(json, key);
		else
			json__string(json, key, human__sbdf(text, value));
		break;
	case EVENT_UNIT_errno:
		put_error(json, key, value);
		break;
	case EVENT_UNIT_text:
		break; /* see put_text() */
	}
}

unsigned int event__text(char text[EVENT_TEXT_MAX], const struct event_record *record,
			 unsigned int field)
{
	const struct event_info *info = &event_infos[record->event];
	unsigned int first = field;
	size_t size = 0;

	do {
		if (size + sizeof(__u64) < EVENT_TEXT_MAX) {
			memcpy(text + size, &record->args[field], sizeof(__u64));
			size += sizeof(__u64);
		}
		field++;
	} while (field < info->nr_fields && info->fields[field].unit == EVENT_UNIT_text &&
		 info->fields[field].name[strlen(info->fields[field].name) - 1] != '0');
	text[size] = '\0';
	return field - first;
}

char *event__reason(char text[EVENT_REASON_MAX], const struct event_record *record)
{
	event__text(text, record, offsetof(struct args_policy_verdict, reason0) / sizeof(__u64));
	return text;
}

const char *event__hook(const struct event_record *record)
{
	const struct args_policy_verdict *verdict = (const void *)record->args;

	return hook__name(verdict->hook);
}

bool event__is_audit(const struct event_record *record)
{
	const struct args_policy_verdict *verdict = (const void *)record->args;

	return record->event == EVENT_policy_verdict && (__s32)verdict->ret &&
	       verdict->flags & IOMMUFD_POLICY_AUDIT;
}

static unsigned int put_text(struct json *json, const struct event_record *record,
			     unsigned int field)
{
	char text[EVENT_TEXT_MAX];
	unsigned int taken;

	taken = event__text(text, record, field);
	json__string_or_null(json, keys[record->event][field], text, sizeof(text));
	return taken;
}

void event__put_json(const struct event_record *record, struct json *json)
{
	const struct event_info *info = &event_infos[record->event];
	unsigned int i = 0;
	const char *name;

	while (i < info->nr_fields) {
		if (info->fields[i].unit == EVENT_UNIT_text) {
			i += put_text(json, record, i);
			continue;
		}
		put_field(json, &info->fields[i], keys[record->event][i], record->args[i]);
		i++;
	}
	if (record->event != EVENT_policy_verdict)
		return;
	name = policy_name__find(((const struct args_policy_verdict *)record->args)->policy);
	json__string(json, "hook_name", event__hook(record));
	json__string_or_null(json, "policy_name", name ? name : "", POLICY_NAME_MAX);
	json__bool(json, "audit", event__is_audit(record));
}
