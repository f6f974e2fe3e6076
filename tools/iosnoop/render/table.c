// SPDX-License-Identifier: GPL-2.0-only
/*
 * iosnoop's text: a table of 80 columns with short numbers, or with -w a wide one with all fields
 * in full numbers.
 *
 * In the narrow table, an event without a range is described in words (describe.c) in the columns
 * where a mapping has its range. The time in the driver is under MAP for all events. The cause of a
 * failure has a line of its own below, which begins with blanks. In the wide table, the last column
 * has the fields that only some events have, as name=value, with the names of the table of events.
 * A page request and its response are one narrow line, which has the time of the request and
 * appears with the response; a request without a response appears after a second, or at the end.
 * The column NAME has the name of the machine or container, or of the thread if there is none.
 * "-" means that an event does not have the field, or that it was not measured.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "errname.h"
#include "human.h"
#include "machine.h"
#include "msg.h"
#include "policy_name.h"
#include "render/describe.h"
#include "render/render.h"
#include "render/stack.h"
#include "render/waiting.h"
#include "row.h"
#include "text.h"

struct table {
	struct renderer renderer;
	const struct format *format;
	struct row row;
	struct waiting waiting; /* in the narrow table without stacks */
};

enum { TIME, PID, COMM, EVENT, IOAS, IOVA, LENGTH, PROT, PAGES, RUNS, PIN, MAP, RESULT };

/* clang-format off */
static const struct row_column narrow[] = {
	[TIME] = { "TIME", 8, true },
	[PID] = { "PID", 5, true },
	[COMM] = { "NAME", 8, false },
	[EVENT] = { "EVENT", 6, false },
	[IOAS] = { "IOAS", 4, true },
	[IOVA] = { "IOVA", 9, true },
	[LENGTH] = { "LEN", 5, true },
	[PROT] = { "RW", 2, false },
	[PAGES] = { "PAGES", 4, true },
	[RUNS] = { "RUNS", 4, true },
	[PIN] = { "PIN", 5, true },
	[MAP] = { "MAP", 5, true },
	[RESULT] = { "RES", 0, false },
};

/* clang-format on */

#define NARROW_WIDTH 80

enum {
	W_TIME,
	W_MACHINE,
	W_PID,
	W_TID,
	W_COMM,
	W_EVENT,
	W_CTX,
	W_IOAS,
	W_IOVA,
	W_LENGTH,
	W_PROT,
	W_PAGES,
	W_RUNS,
	W_PIN,
	W_MAP,
	W_RESULT,
	W_OTHER
};

/* clang-format off */
static const struct row_column wide[] = {
	[W_TIME] = { "TIME", 13, true },
	[W_MACHINE] = { "MACHINE", 12, false },
	[W_PID] = { "PID", 7, true },
	[W_TID] = { "TID", 7, true },
	[W_COMM] = { "COMM", 15, false },
	[W_EVENT] = { "EVENT", 7, false },
	[W_CTX] = { "CTX", 4, true },
	[W_IOAS] = { "IOAS", 4, true },
	[W_IOVA] = { "IOVA", 18, true },
	[W_LENGTH] = { "LENGTH", 12, true },
	[W_PROT] = { "PROT", 4, false },
	[W_PAGES] = { "PAGES", 8, true },
	[W_RUNS] = { "RUNS", 8, true },
	[W_PIN] = { "PIN_NS", 10, true },
	[W_MAP] = { "MAP_NS", 10, true },
	[W_RESULT] = { "RESULT", 6, false },
	[W_OTHER] = { "MORE", 0, false },
};

/* clang-format on */

#define COLUMNS(array) (array), sizeof(array) / sizeof((array)[0])

static void put_time(struct table *table, __u64 time_ns)
{
	char text[TIME_MAX];

	format__time(table->format, time_ns, table->format->wide, text);
	row__put(&table->row, TIME, text);
}

static void put_ns(struct row *row, unsigned int column, const __u64 *ns)
{
	char text[HUMAN_MAX];

	row__put(row, column, ns && *ns ? human__time(text, *ns) : "-");
}

static void put_id(struct row *row, unsigned int column, const __u64 *id)
{
	if (!id || (__u32)*id == EVENT_NONE)
		row__put(row, column, "-");
	else
		row__number(row, column, *id);
}

/* Return the time in the driver; for a map, the time for filling page tables. */
static const __u64 *ns_of(const struct event_record *record)
{
	const __u64 *ns = event__arg(record, EVENT_ROLE_map_ns);

	return ns ? ns : event__arg(record, EVENT_ROLE_ns);
}

static void put_range(struct row *row, const struct event_record *record, const __u64 *iova,
		      const __u64 *length)
{
	const __u64 *pages = event__arg(record, EVENT_ROLE_pages);
	const __u64 *runs = event__arg(record, EVENT_ROLE_runs);
	const char *protection = snoop_event__protection(record);
	char text[HUMAN_MAX];

	row__hex(row, IOVA, *iova);
	row__put(row, LENGTH, *length == ~0ULL ? "all" : human__bytes(text, *length));
	row__put(row, PROT, protection ? protection : "-");
	if (record->event == EVENT_dirty_read)
		pages = &((const struct args_dirty_read *)record->args)->dirty;
	else if (record->event == EVENT_type1_dirty)
		pages = &((const struct args_type1_dirty *)record->args)->dirty;
	if (pages && *pages == EVENT_UNKNOWN)
		pages = NULL;
	row__put(row, PAGES, pages ? human__count(text, *pages) : "-");
	row__put(row, RUNS, runs ? human__count(text, *runs) : "-");
}

/* answer: the response to a page request, or NULL. */
static void put_narrow(struct table *table, const struct snoop_event *event,
		       const struct event_record *answer)
{
	const struct event_record *record = event->record;
	const __u64 *iova = event__arg(record, EVENT_ROLE_iova);
	const __u64 *length = event__arg(record, EVENT_ROLE_length);
	const __u64 *pin_ns = event__arg(record, EVENT_ROLE_pin_ns);
	const __u64 *ns = ns_of(answer ? answer : record);
	const __u64 *ioas = event__arg(record, EVENT_ROLE_ioas);
	const struct args_caller *caller = (const void *)record->args;
	char text[DESCRIBE_MAX], error[ERRNAME_MAX];
	struct row *row = &table->row;

	/* Dirty tracking is switched for no range. */
	if (record->event == EVENT_type1_dirty && !*length)
		iova = length = NULL;

	put_id(row, PID, &caller->tgid);
	format__name(table->format, event, narrow[COMM].width, text, sizeof(text));
	row__put(row, COMM, text);
	row__put(row, EVENT, event__short_name(record->event));
	if (ioas)
		put_id(row, IOAS, ioas);
	if (iova && length) {
		put_range(row, record, iova, length);
	} else {
		describe__event(record, answer, text);
		row__span(row, ioas ? IOVA : IOAS, pin_ns ? RUNS : ns ? PIN : MAP, text);
	}
	if (pin_ns || (iova && length))
		put_ns(row, PIN, pin_ns);
	if (ns || (iova && length))
		put_ns(row, MAP, ns);
	row__put(row, RESULT, describe__result(answer ? answer : record, error));
}

/* Whether a field has its own column in the wide table. */
static bool has_wide_column(const struct event_field *field)
{
	/* clang-format off */
	static const char *const names[] = {
		"ctx", "tgid", "ioas", "iova", "length", "pages", "runs", "pin_ns", "map_ns",
		"ns", "ret",
	};
	/* clang-format on */
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], field->name))
			return true;
	return false;
}

static int add_other(char *text, size_t size, const struct event_field *field, __u64 value)
{
	char address[HUMAN_SBDF_MAX];

	switch (field->unit) {
	case EVENT_UNIT_addr:
	case EVENT_UNIT_flags:
		return snprintf(text, size, " %s=0x%llx", field->name, value);
	case EVENT_UNIT_sbdf:
		if ((__u32)value == EVENT_NONE)
			return 0;
		return snprintf(text, size, " bdf=%s", human__sbdf(address, value));
	case EVENT_UNIT_id:
		if ((__u32)value == EVENT_NONE)
			return 0;
		break;
	default:
		break;
	}
	return snprintf(text, size, " %s=%llu", field->name, value);
}

/* Replace the quotes in a text that is going to be put between quotes. */
static void replace_quotes(char *text)
{
	for (; *text; text++)
		if (*text == '"')
			*text = '\'';
}

static int put_verdict_names(char *text, size_t size, const struct event_record *record)
{
	const struct args_policy_verdict *verdict = (const void *)record->args;
	const char *name = policy_name__find(verdict->policy);

	return snprintf(text, size, " hook_name=%s%s%s", event__hook(record),
			name ? " policy_name=" : "", name ? name : "");
}

static void put_other(struct table *table, const struct snoop_event *event)
{
	const struct event_record *record = event->record;
	const struct event_info *info = &event_infos[record->event];
	char text[720], string[EVENT_TEXT_MAX], clean[4 * EVENT_TEXT_MAX], why[WHY_MAX];
	size_t length = 0;
	unsigned int i = 0, first;

	text[0] = text[1] = '\0';
	while (i < info->nr_fields) {
		first = i;
		if (info->fields[i].unit != EVENT_UNIT_text) {
			i++;
			if (!has_wide_column(&info->fields[first]))
				length += add_other(text + length, sizeof(text) - length,
						    &info->fields[first], record->args[first]);
			continue;
		}
		i += event__text(string, record, first);
		text__clean(clean, sizeof(clean), string, sizeof(string), sizeof(string),
			    table->format->utf8);
		replace_quotes(clean);
		length += snprintf(text + length, sizeof(text) - length, " %.*s=\"%s\"",
				   (int)strlen(info->fields[first].name) - 1,
				   info->fields[first].name, clean);
	}
	if (record->event == EVENT_policy_verdict)
		length += put_verdict_names(text + length, sizeof(text) - length, record);
	/* The cause of a verdict is its reason, which is one of the fields above. */
	if (event->cause && record->event != EVENT_policy_verdict) {
		snprintf(clean, sizeof(clean), "%s", event->cause);
		replace_quotes(clean);
		length += snprintf(text + length, sizeof(text) - length, " cause=\"%s\"", clean);
	}
	if (event->why_text[0]) {
		snprintf(why, sizeof(why), "%s", event->why_text);
		replace_quotes(why);
		snprintf(text + length, sizeof(text) - length, " why=\"%s\"", why);
	}
	row__put(&table->row, W_OTHER, text + 1); /* without the first blank */
}

static void put_full(struct row *row, unsigned int column, const __u64 *value)
{
	if (value)
		row__number(row, column, *value);
	else
		row__put(row, column, "-");
}

static void put_wide(struct table *table, const struct snoop_event *event)
{
	const struct event_record *record = event->record;
	const __u64 *pin_ns = event__arg(record, EVENT_ROLE_pin_ns), *ns = ns_of(record);
	const struct args_caller *caller = (const void *)record->args;
	const __u64 *iova = event__arg(record, EVENT_ROLE_iova);
	const char *protection = snoop_event__protection(record);
	char error[ERRNAME_MAX], comm[4 * EVENT_COMM_LEN], machine[4 * MACHINE_MAX];
	struct row *row = &table->row;

	format__machine(table->format, event->machine, machine, sizeof(machine));
	row__put(row, W_MACHINE, machine);
	put_id(row, W_PID, &caller->tgid);
	if (record->tid == EVENT_NONE)
		row__put(row, W_TID, "-");
	else
		row__number(row, W_TID, record->tid);
	format__comm(table->format, event, EVENT_COMM_LEN, comm, sizeof(comm));
	row__put(row, W_COMM, comm);
	row__put(row, W_EVENT, event__short_name(record->event));
	put_id(row, W_CTX, &caller->ctx);
	put_id(row, W_IOAS, event__arg(record, EVENT_ROLE_ioas));
	if (iova)
		row__printf(row, W_IOVA, "0x%llx", *iova);
	else
		row__put(row, W_IOVA, "-");
	put_full(row, W_LENGTH, event__arg(record, EVENT_ROLE_length));
	row__put(row, W_PROT, protection ? protection : "-");
	put_full(row, W_PAGES, event__arg(record, EVENT_ROLE_pages));
	put_full(row, W_RUNS, event__arg(record, EVENT_ROLE_runs));
	put_full(row, W_PIN, pin_ns && *pin_ns ? pin_ns : NULL);
	put_full(row, W_MAP, ns && *ns ? ns : NULL);
	row__put(row, W_RESULT, describe__result(record, error));
	put_other(table, event);
}

#define CAUSE_INDENT 9

/* Print "ENOMEM: would pin ...", wrapped at the width of the table. */
static void print_cause(FILE *out, const char *result, const char *cause)
{
	int used = fprintf(out, "%*s%s%s", CAUSE_INDENT, "", result, *result ? ": " : "");
	unsigned int room = NARROW_WIDTH - used, size;

	while (text__columns(cause) > room) {
		for (size = room; size && cause[size] != ' '; size--)
			;
		if (!size)
			break;
		fprintf(out, "%.*s\n%*s", (int)size, cause, CAUSE_INDENT + 2, "");
		cause += size + 1;
		room = NARROW_WIDTH - CAUSE_INDENT - 2;
	}
	fprintf(out, "%s\n", cause);
}

static void start(struct renderer *renderer)
{
	struct table *table = (struct table *)renderer;

	if (table->format->header)
		row__print_header(&table->row, table->format->out);
}

/* Print the lines below that of the event: cause, explanation and stacks. */
static void print_below(const struct table *table, const struct snoop_event *event)
{
	const struct format *format = table->format;
	char error[ERRNAME_MAX];

	if (event->cause && !format->wide)
		print_cause(format->out, describe__result(event->record, error), event->cause);
	if (event->why_text[0] && !format->wide)
		print_cause(format->out, "", event->why_text);
	if (format->symbols) {
		stack__print_why(format, event);
		stack__print(format, event->record);
	}
}

/* answer: the response to a page request, or NULL. */
static void print_line(struct table *table, const struct snoop_event *event,
		       const struct event_record *answer)
{
	row__begin(&table->row);
	put_time(table, event->record->time_ns);
	if (table->format->wide)
		put_wide(table, event);
	else
		put_narrow(table, event, answer);
	row__print(&table->row, table->format->out);
}

/* Print the requests from before this time that have no response. */
static void print_expired(struct table *table, __u64 before_ns)
{
	const struct snoop_event *request;

	while ((request = waiting__expired(&table->waiting, before_ns)))
		print_line(table, request, NULL);
}

/* Whether requests and responses share a line. A stack would be of one of them. */
static bool has_pairs(const struct table *table)
{
	const __u64 both = EVENT_MASK(EVENT_fault_report) | EVENT_MASK(EVENT_fault_response);

	return !table->format->wide && !table->format->symbols &&
	       (table->format->run->events & both) == both;
}

static void print_event(struct renderer *renderer, const struct snoop_event *event)
{
	struct table *table = (struct table *)renderer;
	const struct event_record *record = event->record;
	const struct snoop_event *request = NULL;

	if (record->time_ns > WAITING_NS)
		print_expired(table, record->time_ns - WAITING_NS);
	if (record->event == EVENT_fault_report && has_pairs(table) &&
	    waiting__add(&table->waiting, event))
		return;
	if (record->event == EVENT_fault_response)
		request = waiting__take(&table->waiting, record);
	if (request)
		print_line(table, request, record);
	else
		print_line(table, event, NULL);
	print_below(table, event);
}

/* A request without a response must not wait for the next event. */
static int flush_table(struct renderer *renderer)
{
	struct table *table = (struct table *)renderer;

	if (table->format->run->is_live)
		print_expired(table, clock__now() - WAITING_NS);
	return 0;
}

static void end_table(struct renderer *renderer, __u64 now_ns, const struct run_result *result)
{
	(void)now_ns;
	(void)result;
	print_expired((struct table *)renderer, ~0ULL);
}

static void print_lost(struct renderer *renderer, const struct recording_lost *lost)
{
	struct table *table = (struct table *)renderer;
	char text[128], size[HUMAN_MAX];

	snprintf(text, sizeof(text), "LOST %llu event%s (%llu in all): the buffer of %s was full",
		 lost->count, lost->count == 1 ? "" : "s", lost->total,
		 human__bytes(size, table->format->run->buffer_bytes));
	row__begin(&table->row);
	put_time(table, lost->time_ns);
	row__span(&table->row, 1, table->row.nr_columns - 1, text);
	row__print(&table->row, table->format->out);
}

static void free_table(struct renderer *renderer)
{
	waiting__free(&((struct table *)renderer)->waiting);
	free(renderer);
}

struct renderer *table__new(const struct format *format)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table) {
		msg("not enough memory");
		return NULL;
	}
	table->renderer = (struct renderer){
		.start = start,
		.event = print_event,
		.lost = print_lost,
		.end = end_table,
		.flush = flush_table,
		.free = free_table,
	};
	table->format = format;
	if (format->wide)
		row__init(&table->row, COLUMNS(wide), 0);
	else
		row__init(&table->row, COLUMNS(narrow), NARROW_WIDTH);
	return &table->renderer;
}
