// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines of fields that the user chooses (--fields), and comma-separated values (--csv): a column for
 * each field, whatever the event; empty, or "-" in the table, where an event does not have it.
 *
 * Fields have the names that JSON has, and the values, but for --fields without -w, which has
 * numbers for people. Without --fields CSV has all fields that the traced events have: its columns
 * follow from -e, and a reader can go by the line with their names.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cause.h"
#include "errname.h"
#include "human.h"
#include "iosnoop.h"
#include "msg.h"
#include "text.h"

enum { TIME_NS, TIME, EVENT, PID, TID, COMM, ERROR, CAUSE, PROT, RESPONSE, HOOK, LOST, NR_SPECIAL };

/* Fields that are not simply an argument. */
static const struct {
	const char *name;
	unsigned int width;
/* clang-format off */
} special[NR_SPECIAL] = {
	[TIME_NS] = { "time_ns", 16 },
	[TIME] = { "time", 13 },
	[EVENT] = { "event", 8 },
	[PID] = { "pid", 7 },
	[TID] = { "tid", 7 },
	[COMM] = { "comm", 15 },
	[ERROR] = { "error", 8 },
	[CAUSE] = { "cause", 24 },
	[PROT] = { "prot", 4 },
	[RESPONSE] = { "response", 8 },
	[HOOK] = { "hook_name", 12 },
	[LOST] = { "lost", 4 },
};
/* clang-format on */

#define MAX_FIELDS ROW_MAX_COLUMNS
#define MAX_COLUMNS 80
#define VALUE_MAX 256

struct column {
	char name[EVENT_KEY_MAX];
	int special;   /* or -1 */
	enum event_unit unit;
	__s8 arg[NR_EVENTS];  /* which argument of the event it is, or -1 */
};

struct fields {
	unsigned int nr;
	struct column columns[MAX_COLUMNS];
	struct row_column row_columns[MAX_FIELDS];
	bool raw;	  /* as in JSON */
};

static bool is_first_of_text(const struct event_field *field)
{
	return field->unit != EVENT_UNIT_text || field->name[strlen(field->name) - 1] == '0';
}

/* Which argument of which event bears the name; by the table's name, too. */
static bool find_args(struct column *column, const char *name, size_t size)
{
	bool found = false;
	unsigned int event, i;
	char key[EVENT_KEY_MAX];

	for (event = 0; event < NR_EVENTS; event++) {
		column->arg[event] = -1;
		for (i = 0; i < event_infos[event].nr_fields; i++) {
			const struct event_field *field = &event_infos[event].fields[i];

			event__key(key, field);
			if (!is_first_of_text(field) ||
			    ((strlen(key) != size || memcmp(key, name, size)) &&
			     (strlen(field->name) != size || memcmp(field->name, name, size))))
				continue;
			column->arg[event] = i;
			column->unit = field->unit;
			strcpy(column->name, key);
			found = true;
		}
	}
	return found;
}

static bool find_field(struct column *column, const char *name, size_t size)
{
	unsigned int i;

	memset(column, 0, sizeof(*column));
	for (i = 0; i < NR_SPECIAL; i++) {
		if (strlen(special[i].name) != size || memcmp(special[i].name, name, size))
			continue;
		column->special = i;
		strcpy(column->name, special[i].name);
		return true;
	}
	column->special = -1;
	return find_args(column, name, size);
}

static bool has_column(const struct fields *fields, const char *name)
{
	unsigned int i;

	for (i = 0; i < fields->nr; i++)
		if (!strcmp(fields->columns[i].name, name))
			return true;
	return false;
}

/* All fields that these events have, each once. */
static void add_all(struct fields *fields, __u64 events)
{
	unsigned int event, i;
	char key[EVENT_KEY_MAX];

	for (i = 0; i < NR_SPECIAL; i++)
		find_field(&fields->columns[fields->nr++], special[i].name,
			   strlen(special[i].name));
	for (event = 0; event < NR_EVENTS; event++) {
		if (!(events & EVENT_MASK(event)))
			continue;
		for (i = 0; i < event_infos[event].nr_fields; i++) {
			const struct event_field *field = &event_infos[event].fields[i];

			event__key(key, field);
			/* The process is there as pid. */
			if (!is_first_of_text(field) || has_column(fields, key) ||
			    !strcmp(key, "tgid") || fields->nr == MAX_COLUMNS)
				continue;
			find_field(&fields->columns[fields->nr++], key, strlen(key));
		}
	}
}

static void list_known(char *text, size_t size)
{
	struct fields all = {};
	size_t length = 0;
	unsigned int i;

	add_all(&all, ~0ULL >> (64 - NR_EVENTS));
	for (i = 0; i < all.nr && length < size; i++)
		length += snprintf(text + length, size - length, "%s%s", i ? ", " : "",
				   all.columns[i].name);
}

static int add_list(struct fields *fields, const char *list)
{
	char known[1024];
	size_t size;

	for (;; list += size + 1) {
		size = strcspn(list, ",");
		if (fields->nr == MAX_FIELDS) {
			msg("--fields: more than %u fields; take --csv or --json", MAX_FIELDS);
			return -EINVAL;
		}
		if (!find_field(&fields->columns[fields->nr], list, size)) {
			list_known(known, sizeof(known));
			msg("--fields: '%.*s' is no field; there are %s",
			    (int)(size < 32 ? size : 32), list, known);
			return -EINVAL;
		}
		fields->nr++;
		if (!list[size])
			return 0;
	}
}

int fields__check(const char *list)
{
	struct fields fields = {};

	return add_list(&fields, list);
}

void fields__print_known(FILE *out)
{
	char known[1024];

	list_known(known, sizeof(known));
	fprintf(out, "%s\n", known);
}

void fields__print_words(FILE *out)
{
	struct fields all = {};
	unsigned int i;

	add_all(&all, ~0ULL >> (64 - NR_EVENTS));
	for (i = 0; i < all.nr; i++)
		fprintf(out, "%s\n", all.columns[i].name);
}

static unsigned int width_of(const struct column *column, bool raw)
{
	if (column->special >= 0)
		return special[column->special].width;
	switch (column->unit) {
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

struct fields *fields__new(const char *list, __u64 events, bool raw)
{
	struct fields *fields = calloc(1, sizeof(*fields));
	unsigned int i, width;
	int err = 0;

	if (!fields) {
		msg("not enough memory");
		return NULL;
	}
	fields->raw = raw;
	if (list)
		err = add_list(fields, list);
	else
		add_all(fields, events);
	if (err) {
		free(fields);
		return NULL;
	}
	for (i = 0; i < fields->nr && i < MAX_FIELDS; i++) {
		const struct column *column = &fields->columns[i];
		bool left = column->special == EVENT || column->special == COMM ||
			    (column->special >= ERROR && column->special != LOST) ||
			    column->unit == EVENT_UNIT_text;

		width = width_of(column, raw);
		if (width < strlen(column->name))
			width = strlen(column->name);
		fields->row_columns[i].name = column->name;
		fields->row_columns[i].width = i + 1 == fields->nr && left ? 0 : width;
		fields->row_columns[i].right = !left;
	}
	return fields;
}

void fields__free(struct fields *fields)
{
	free(fields);
}

/* "" for what is not there. Numbers are as in JSON if raw, else for people. */
static void format_arg(const struct column *column, const struct event_record *record, bool raw,
		       const struct output *output, char text[VALUE_MAX])
{
	int arg = column->arg[record->event];
	char string[EVENT_TEXT_MAX];
	__u64 value;

	text[0] = '\0';
	if (arg < 0)
		return;
	value = record->args[arg];
	switch (event_infos[record->event].fields[arg].unit) {
	case EVENT_UNIT_id:
		if ((__u32)value != EVENT_NONE)
			snprintf(text, VALUE_MAX, "%llu", value);
		return;
	case EVENT_UNIT_sbdf:
		if ((__u32)value != EVENT_NONE)
			human__sbdf(text, value);
		return;
	case EVENT_UNIT_addr:
	case EVENT_UNIT_flags:
		snprintf(text, VALUE_MAX, "0x%llx", value);
		return;
	case EVENT_UNIT_errno:
		snprintf(text, VALUE_MAX, "%d", (__s32)value);
		return;
	case EVENT_UNIT_text:
		event__text(string, record, arg);
		text__clean(text, VALUE_MAX, string, sizeof(string), sizeof(string), output->utf8);
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
	snprintf(text, VALUE_MAX, "%llu", value);
}

static void format_special(const struct column *column, const struct event_record *record, bool raw,
			   const struct output *output, char text[VALUE_MAX])
{
	const struct args_caller *caller = (const void *)record->args;
	const __u64 *ret = event__arg(record, EVENT_ROLE_ret);
	char buffer[CAUSE_MAX];
	const char *found = NULL;

	text[0] = '\0';
	switch (column->special) {
	case TIME_NS:
		snprintf(text, VALUE_MAX, "%llu", record->time_ns);
		break;
	case TIME:
		table__time(output, record->time_ns, raw, text);
		break;
	case EVENT:
		found = event__short_name(record->event);
		break;
	case PID:
		if ((__u32)caller->tgid != EVENT_NONE)
			snprintf(text, VALUE_MAX, "%llu", caller->tgid);
		break;
	case TID:
		if (record->tid != EVENT_NONE)
			snprintf(text, VALUE_MAX, "%u", record->tid);
		break;
	case COMM:
		output__comm(output, record, EVENT_COMM_LEN, text, VALUE_MAX);
		break;
	case ERROR:
		if (ret && (__s32)*ret)
			found = errname(-(__s64)(__s32)*ret, buffer);
		break;
	case CAUSE:
		found = cause__text(buffer, record, output->utf8);
		break;
	case PROT:
		found = output__protection(record);
		break;
	case RESPONSE:
		if (record->event == EVENT_fault_response)
			found = cause__response(
				((const struct args_fault_response *)record->args)->code);
		break;
	case HOOK:
		if (record->event == EVENT_policy_verdict)
			found = event__hook(record);
		break;
	}
	if (found)
		snprintf(text, VALUE_MAX, "%s", found);
}

static void format(const struct column *column, const struct event_record *record, bool raw,
		   const struct output *output, char text[VALUE_MAX])
{
	if (column->special < 0)
		format_arg(column, record, raw, output, text);
	else
		format_special(column, record, raw, output, text);
}

/* RFC 4180: quotes around what has a comma, a quote or a line break in it; quotes doubled. */
static void put_csv(const char *text, bool is_last)
{
	if (text[strcspn(text, ",\"\r\n")]) {
		putc_unlocked('"', stdout);
		for (; *text; text++) {
			if (*text == '"')
				putc_unlocked('"', stdout);
			putc_unlocked(*text, stdout);
		}
		putc_unlocked('"', stdout);
	} else {
		fputs_unlocked(text, stdout);
	}
	putc_unlocked(is_last ? '\n' : ',', stdout);
}

void fields__start(struct output *output)
{
	struct fields *fields = output->fields;
	unsigned int i;

	if (output->options->csv) {
		for (i = 0; i < fields->nr; i++)
			put_csv(fields->columns[i].name, i + 1 == fields->nr);
		return;
	}
	row__init(&output->row, fields->row_columns, fields->nr, 0);
	row__print_header(&output->row, stdout);
}

void fields__event(struct output *output, const struct event_record *record)
{
	struct fields *fields = output->fields;
	char text[VALUE_MAX];
	unsigned int i;

	if (!output->options->csv) {
		row__init(&output->row, fields->row_columns, fields->nr, 0);
		row__begin(&output->row);
	}
	for (i = 0; i < fields->nr; i++) {
		format(&fields->columns[i], record, fields->raw, output, text);
		if (output->options->csv)
			put_csv(text, i + 1 == fields->nr);
		else
			row__put(&output->row, i, text[0] ? text : "-");
	}
	if (!output->options->csv)
		row__print(&output->row, stdout);
}

/* In CSV a line with nothing but the time, "lost" as event, and how many. */
void fields__lost(struct output *output, __u64 time_ns, __u64 count, __u64 total)
{
	struct fields *fields = output->fields;
	char text[TIME_MAX];
	unsigned int i;

	if (!output->options->csv) {
		printf("LOST %llu events (%llu in all)\n", count, total);
		return;
	}
	for (i = 0; i < fields->nr; i++) {
		text[0] = '\0';
		if (fields->columns[i].special == TIME_NS)
			snprintf(text, sizeof(text), "%llu", time_ns);
		else if (fields->columns[i].special == TIME)
			table__time(output, time_ns, true, text);
		else if (fields->columns[i].special == EVENT)
			strcpy(text, "lost");
		else if (fields->columns[i].special == LOST)
			snprintf(text, sizeof(text), "%llu", count);
		put_csv(text, i + 1 == fields->nr);
	}
}
