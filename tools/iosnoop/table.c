// SPDX-License-Identifier: GPL-2.0-only
/*
 * iosnoop's text: a table of 80 columns with numbers for people, or with -w a wide one that has
 * everything, in full numbers.
 *
 * In the 80 columns, an event without a range says in words what it is about where a mapping has
 * its range (describe.c); the time in the driver stands under MAP, whatever the event. Why a call
 * was refused has a line of its own below, which begins with blanks. In the wide table fields
 * that only some events have follow as name=value in the last column, named as in the table of
 * events. "-" stands for what there is not, or was not measured.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cause.h"
#include "errname.h"
#include "human.h"
#include "iosnoop.h"
#include "text.h"

enum { TIME, PID, COMM, EVENT, IOAS, IOVA, LENGTH, PROT, PAGES, RUNS, PIN, MAP, RESULT };

/* clang-format off */
static const struct row_column narrow[] = {
	[TIME] = { "TIME", 8, true },
	[PID] = { "PID", 5, true },
	[COMM] = { "COMM", 8, false },
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
	W_MORE
};

/* clang-format off */
static const struct row_column wide[] = {
	[W_TIME] = { "TIME", 13, true },
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
	[W_MORE] = { "MORE", 0, false },
};
/* clang-format on */

#define COLUMNS(array) (array), sizeof(array) / sizeof((array)[0])

void table__init(struct output *output)
{
	if (output->options->wide)
		row__init(&output->row, COLUMNS(wide), 0);
	else
		row__init(&output->row, COLUMNS(narrow), NARROW_WIDTH);
}

void table__start(struct output *output)
{
	row__print_header(&output->row, stdout);
}

/* number / 10^decimals. By hand: this is done for every line. */
static void put_decimal(char text[TIME_MAX], __u64 number, unsigned int decimals)
{
	char digits[32], *digit = digits + sizeof(digits);
	unsigned int i;

	*--digit = '\0';
	for (i = 0; i < decimals; i++, number /= 10)
		*--digit = '0' + number % 10;
	*--digit = '.';
	do {
		*--digit = '0' + number % 10;
		number /= 10;
	} while (number);
	strcpy(text, digit);
}

/* Seconds since the start in eight characters as long as they suffice, or the time of day. */
void table__time(const struct output *output, __u64 time_ns, bool full, char text[TIME_MAX])
{
	__u64 since = time_ns > output->start_ns ? time_ns - output->start_ns : 0;
	unsigned int decimals = full ? 9 : 6;
	__u64 limit = 10 * NS_PER_SEC, unit = 1;
	char date[16];
	struct tm tm;

	if (output->options->timestamps) {
		__u64 wall_ns = time_ns + output->wall_offset_ns;
		time_t seconds = wall_ns / NS_PER_SEC;

		localtime_r(&seconds, &tm);
		strftime(date, sizeof(date), "%H:%M:%S", &tm);
		snprintf(text, TIME_MAX, full ? "%s.%09llu" : "%s.%03llu", date,
			 wall_ns % NS_PER_SEC / (full ? 1 : NS_PER_SEC / 1000));
		return;
	}
	if (!full)
		for (; since >= limit && decimals > 1; limit *= 10)
			decimals--;
	for (limit = 9 - decimals; limit; limit--)
		unit *= 10;
	put_decimal(text, since / unit, decimals);
}

static void put_time(struct output *output, __u64 time_ns)
{
	char text[TIME_MAX];

	table__time(output, time_ns, output->options->wide, text);
	row__put(&output->row, 0, text);
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

/* The time in the driver; of a map that of filling page tables. */
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
	const char *protection = output__protection(record);
	char text[HUMAN_MAX];

	row__hex(row, IOVA, *iova);
	row__put(row, LENGTH, *length == ~0ULL ? "all" : human__bytes(text, *length));
	row__put(row, PROT, protection ? protection : "-");
	if (record->event == EVENT_dirty_read)
		pages = &((const struct args_dirty_read *)record->args)->dirty;
	row__put(row, PAGES, pages ? human__count(text, *pages) : "-");
	row__put(row, RUNS, runs ? human__count(text, *runs) : "-");
}

static void put_narrow(struct output *output, const struct event_record *record)
{
	const __u64 *iova = event__arg(record, EVENT_ROLE_iova);
	const __u64 *length = event__arg(record, EVENT_ROLE_length);
	const __u64 *pin_ns = event__arg(record, EVENT_ROLE_pin_ns), *ns = ns_of(record);
	const __u64 *ioas = event__arg(record, EVENT_ROLE_ioas);
	const struct args_caller *caller = (const void *)record->args;
	char text[DESCRIBE_MAX], error[ERRNAME_MAX];
	struct row *row = &output->row;

	put_id(row, PID, &caller->tgid);
	output__comm(output, record, narrow[COMM].width, text, sizeof(text));
	row__put(row, COMM, text);
	row__put(row, EVENT, event__short_name(record->event));
	if (ioas)
		put_id(row, IOAS, ioas);
	if (iova && length) {
		put_range(row, record, iova, length);
	} else {
		describe__event(record, text);
		row__span(row, ioas ? IOVA : IOAS, pin_ns ? RUNS : ns ? PIN : MAP, text);
	}
	if (pin_ns || (iova && length))
		put_ns(row, PIN, pin_ns);
	if (ns || (iova && length))
		put_ns(row, MAP, ns);
	row__put(row, RESULT, describe__result(record, error));
}

/* Whether a field has a column of its own in the wide table. */
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

static int put_more(char *text, size_t size, const struct event_field *field, __u64 value)
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

/* A text stands between quotes, which it must not end by itself. */
static void no_quotes(char *text)
{
	for (; *text; text++)
		if (*text == '"')
			*text = '\'';
}

static void put_all_more(struct output *output, const struct event_record *record)
{
	const struct event_info *info = &event_infos[record->event];
	char text[720], string[EVENT_TEXT_MAX], clean[4 * EVENT_TEXT_MAX], cause[CAUSE_MAX];
	const char *why;
	size_t length = 0;
	unsigned int i = 0, first;

	text[0] = text[1] = '\0';
	while (i < info->nr_fields) {
		first = i;
		if (info->fields[i].unit != EVENT_UNIT_text) {
			i++;
			if (!has_wide_column(&info->fields[first]))
				length += put_more(text + length, sizeof(text) - length,
						   &info->fields[first], record->args[first]);
			continue;
		}
		i += event__text(string, record, first);
		text__clean(clean, sizeof(clean), string, sizeof(string), sizeof(string),
			    output->utf8);
		no_quotes(clean);
		length += snprintf(text + length, sizeof(text) - length, " %.*s=\"%s\"",
				   (int)strlen(info->fields[first].name) - 1,
				   info->fields[first].name, clean);
	}
	if (record->event == EVENT_policy_verdict)
		length += snprintf(text + length, sizeof(text) - length, " hook_name=%s",
				   event__hook(record));
	why = record->event == EVENT_policy_verdict ? NULL :
						      cause__text(cause, record, output->utf8);
	if (why) {
		snprintf(clean, sizeof(clean), "%s", why);
		no_quotes(clean);
		snprintf(text + length, sizeof(text) - length, " cause=\"%s\"", clean);
	}
	row__put(&output->row, W_MORE, text + 1); /* after the first blank */
}

static void put_full(struct row *row, unsigned int column, const __u64 *value)
{
	if (value)
		row__number(row, column, *value);
	else
		row__put(row, column, "-");
}

static void put_wide(struct output *output, const struct event_record *record)
{
	const __u64 *pin_ns = event__arg(record, EVENT_ROLE_pin_ns), *ns = ns_of(record);
	const struct args_caller *caller = (const void *)record->args;
	const __u64 *iova = event__arg(record, EVENT_ROLE_iova);
	const char *protection = output__protection(record);
	char error[ERRNAME_MAX], comm[4 * EVENT_COMM_LEN];
	struct row *row = &output->row;

	put_id(row, W_PID, &caller->tgid);
	if (record->tid == EVENT_NONE)
		row__put(row, W_TID, "-");
	else
		row__number(row, W_TID, record->tid);
	output__comm(output, record, EVENT_COMM_LEN, comm, sizeof(comm));
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
	put_all_more(output, record);
}

#define CAUSE_INDENT 9

/* "ENOMEM: would pin ...", in as many lines as it takes. */
static void print_cause(const char *result, const char *cause)
{
	unsigned int room = NARROW_WIDTH - CAUSE_INDENT - strlen(result) - 2, size;

	printf("%*s%s: ", CAUSE_INDENT, "", result);
	while (text__columns(cause) > room) {
		for (size = room; size && cause[size] != ' '; size--)
			;
		if (!size)
			break;
		printf("%.*s\n%*s", (int)size, cause, CAUSE_INDENT + 2, "");
		cause += size + 1;
		room = NARROW_WIDTH - CAUSE_INDENT - 2;
	}
	printf("%s\n", cause);
}

void table__event(struct output *output, const struct event_record *record)
{
	char text[CAUSE_MAX], error[ERRNAME_MAX];
	const char *cause;

	row__begin(&output->row);
	put_time(output, record->time_ns);
	if (output->options->wide) {
		put_wide(output, record);
		row__print(&output->row, stdout);
		return;
	}
	put_narrow(output, record);
	row__print(&output->row, stdout);
	cause = cause__text(text, record, output->utf8);
	if (cause)
		print_cause(describe__result(record, error), cause);
}

void table__lost(struct output *output, __u64 time_ns, __u64 count, __u64 total)
{
	char text[128], size[HUMAN_MAX];

	snprintf(text, sizeof(text), "LOST %llu events (%llu in all): the buffer of %s was full",
		 count, total, human__bytes(size, output->buffer_bytes));
	row__begin(&output->row);
	put_time(output, time_ns);
	row__span(&output->row, 1, output->row.nr_columns - 1, text);
	row__print(&output->row, stdout);
}
