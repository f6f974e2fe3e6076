// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks the JSON lines of iosnoop against the table of events: the keys of each record and their
 * types, nothing missing and nothing more, and that the counts in one stream agree.
 *
 *	iosnoop-schema [--open] <FILE
 *
 * What an event has follows from include/iommufd_events.h, so the table, the driver and this cannot
 * drift apart. The rest, per type of record:
 *
 *	start		first line, once; the events that are traced
 *	event		of a kind that the start names; an errno with its name, a cause only when
 *			refused or blocked, both stacks or none
 *	lost		the count since the one before, the total so far
 *	histogram	count, percentiles in order, buckets that make up the count
 *	summary		figures of a process
 *	error		why the stream could not go on; the end follows
 *	end		last line, once: seen is filtered, submitted and lost, shown is at most what
 *			was submitted, and as many as there are events if there is one at all
 *
 * --open: of a stream that was cut off, so there is no end. Prints "events=N lost=N" and exits with
 * 0 when all is well, 1 with the line and what is wrong with it, 2 for usage.
 */
#include <inttypes.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/jsonread.h"
#include "iommufd_record.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What a value has to be. */
enum form {
	STRING,
	COUNTED,	 /* a whole number, not negative */
	SIGNED,
	ID,   /* a whole number, or null */
	HEX,   /* "0x..." */
	BDF,   /* "0000:00:04.0", or null */
	TEXT_OR_NULL,
	BOOL,
	STRINGS,	 /* an array of them */
	NUMBERS,	 /* an array of arrays of them */
};

struct key {
	const char *name;
	enum form form;
};

/* ---- the table of events ---- */

enum unit { id, ns, bytes, pages, count, addr, flags, sbdf, errno_, text };
#define errno errno_ /* the unit's name is a macro of libc's */

struct field {
	const char *name; /* NULL: opens the event */
	const char *event;
	enum unit unit;
};

#define OPEN_EVENT(name, short, summary) { NULL, short, id },
#define ADD_FIELD(name, type, unit, summary) { #name, NULL, unit },
static const struct field table[] = { IOMMUFD_EVENTS(OPEN_EVENT, ADD_FIELD)
					      IOMMUFD_HOST_EVENTS(OPEN_EVENT, ADD_FIELD) };
#undef errno

/* clang-format off */
static const enum form unit_forms[] = {
	[id] = ID, [ns] = COUNTED, [bytes] = COUNTED, [pages] = COUNTED, [count] = COUNTED,
	[addr] = HEX, [flags] = HEX, [sbdf] = BDF, [errno_] = SIGNED, [text] = STRING,
};

/* clang-format on */

/* Where the event is in the table; NULL if there is no such event. */
static const struct field *find_event(const char *name, unsigned int *number)
{
	unsigned int i, n = 0;

	for (i = 0; i < COUNT(table); i++) {
		if (table[i].name)
			continue;
		if (!strcmp(table[i].event, name)) {
			*number = n;
			return &table[i];
		}
		n++;
	}
	return NULL;
}

/* ---- one record ---- */

static struct jsonread json;
static bool has_key[JSONREAD_PAIRS];

static bool wrong(const char *what, const char *key)
{
	fprintf(stderr, "iosnoop-schema: line %lu: %s%s%s\n%s\n", json.nr_line, what,
		key ? ": " : "", key ? key : "", json.line);
	return false;
}

static bool is_whole(const struct jsonread_pair *pair, bool may_be_negative)
{
	const char *digits = pair->value + (may_be_negative && *pair->value == '-');

	return pair->type == JSONREAD_NUMBER && digits[strspn(digits, "0123456789")] == '\0';
}

static bool is_hex(const struct jsonread_pair *pair)
{
	const char *digits = pair->value + 2;

	return pair->type == JSONREAD_STRING && !strncmp(pair->value, "0x", 2) && *digits &&
	       !digits[strspn(digits, "0123456789abcdef")];
}

static bool is_bdf(const struct jsonread_pair *pair)
{
	unsigned int segment, bus, device, function;
	char text_again[32];

	if (pair->type != JSONREAD_STRING ||
	    sscanf(pair->value, "%4x:%2x:%2x.%1x", &segment, &bus, &device, &function) != 4)
		return false;
	snprintf(text_again, sizeof(text_again), "%04x:%02x:%02x.%x", segment, bus, device,
		 function);
	return device < 32 && function < 8 && !strcmp(text_again, pair->value);
}

static bool is_of_form(const struct jsonread_pair *pair, enum form form)
{
	switch (form) {
	case STRING:
		return pair->type == JSONREAD_STRING;
	case COUNTED:
		return is_whole(pair, false);
	case SIGNED:
		return is_whole(pair, true);
	case ID:
		return pair->type == JSONREAD_NULL || is_whole(pair, false);
	case HEX:
		return is_hex(pair);
	case BDF:
		return pair->type == JSONREAD_NULL || is_bdf(pair);
	case TEXT_OR_NULL:
		return pair->type == JSONREAD_STRING || pair->type == JSONREAD_NULL;
	case BOOL:
		return pair->type == JSONREAD_TRUE || pair->type == JSONREAD_FALSE;
	case STRINGS:
		return pair->type == JSONREAD_ARRAY &&
		       (pair->element == JSONREAD_STRING || pair->element == -1);
	case NUMBERS:
		return pair->type == JSONREAD_ARRAY &&
		       (pair->element == JSONREAD_ARRAY || pair->element == -1);
	}
	return false;
}

/* The pair, which counts as expected from now on; NULL when it is not there. */
static const struct jsonread_pair *take(const char *key)
{
	const struct jsonread_pair *pair = jsonread__find(&json, key);

	if (pair)
		has_key[pair - json.pair] = true;
	return pair;
}

static bool need(const char *key, enum form form)
{
	const struct jsonread_pair *pair = take(key);

	if (!pair)
		return wrong("a key is missing", key);
	return is_of_form(pair, form) || wrong("a value of another type", key);
}

static bool may(const char *key, enum form form)
{
	return !jsonread__find(&json, key) || need(key, form);
}

static bool need_all(const struct key *keys, unsigned int nr)
{
	bool good = true;
	unsigned int i;

	for (i = 0; i < nr; i++)
		good = need(keys[i].name, keys[i].form) && good;
	return good;
}

static bool nothing_else(void)
{
	unsigned int i;

	for (i = 0; i < json.nr; i++)
		if (!has_key[i])
			return wrong("a key that is not in the schema", json.pair[i].key);
	return true;
}

static uint64_t number(const char *key)
{
	const struct jsonread_pair *pair = jsonread__find(&json, key);

	return pair ? strtoull(pair->value, NULL, 10) : 0;
}

static const char *string(const char *key)
{
	const struct jsonread_pair *pair = jsonread__find(&json, key);

	return pair ? pair->value : "";
}

/* ---- the stream ---- */

static struct {
	bool traced[NR_EVENTS];
	bool has_started, has_ended;
	uint64_t events;
	uint64_t lost;
} stream;

static bool check_start(void)
{
	/* clang-format off */
	static const struct key keys[] = {
		{ "schema", COUNTED }, { "tool", STRING }, { "version", STRING },
		{ "kernel", STRING }, { "time_ns", COUNTED }, { "realtime_ns", COUNTED },
		{ "events", STRINGS }, { "filter.tgid", ID }, { "filter.comm", TEXT_OR_NULL },
		{ "filter.uid", ID }, { "filter.cgroup", ID }, { "filter.ctx", ID },
		{ "filter.ioas", ID }, { "filter.bdf", BDF }, { "filter.pasid", ID },
		{ "filter.failed", BOOL }, { "filter.min_latency_ns", COUNTED },
		{ "filter.min_length_bytes", COUNTED }, { "buffer_bytes", COUNTED },
		{ "replay", BOOL },
	};
	/* clang-format on */
	char list[2048], *name, *rest = list;
	unsigned int event;

	if (stream.has_started)
		return wrong("a second start", NULL);
	stream.has_started = true;
	if (!need_all(keys, COUNT(keys)))
		return false;
	if (number("schema") != 1)
		return wrong("another schema", string("schema"));
	snprintf(list, sizeof(list), "%s", string("events"));
	while ((name = strsep(&rest, ","))) {
		if (!find_event(name, &event))
			return wrong("it names an event that is none", name);
		stream.traced[event] = true;
	}
	return true;
}

/* The name of the key that a field has: its own, with the unit where that is not clear. */
static bool check_field(const struct field *field)
{
	char key[64];
	size_t length = strlen(field->name);

	if (field->unit == text) {
		if (field->name[length - 1] != '0')
			return true;
		snprintf(key, sizeof(key), "%.*s", (int)length - 1, field->name);
	} else if (field->unit == sbdf) {
		snprintf(key, sizeof(key), "bdf");
	} else if (!strcmp(field->name, "type")) {
		snprintf(key, sizeof(key), "type_code"); /* type is the record's */
	} else {
		snprintf(key, sizeof(key), "%s%s", field->name,
			 field->unit == bytes ? "_bytes" : "");
	}
	if (!need(key, unit_forms[field->unit]))
		return false;
	if (field->unit != errno_)
		return true;
	if (!need("error", TEXT_OR_NULL))
		return false;
	if ((jsonread__find(&json, "error")->type == JSONREAD_NULL) != !strcmp(string(key), "0"))
		return wrong("result and error differ", string("error"));
	return true;
}

static bool check_extras(const char *event, bool has_failed)
{
	static const char *const with_rights[] = {
		"map", "map-file", "copy", "type1-map", "fault", "dma-fault", "io-page-fault",
	};
	bool is_verdict = !strcmp(event, "policy"), is_fault = !strcmp(event, "dma-fault");
	unsigned int i;

	for (i = 0; i < COUNT(with_rights); i++)
		if (!strcmp(event, with_rights[i]) &&
		    (!need("prot", STRING) || strlen(string("prot")) != 2))
			return wrong("its rights are none", string("prot"));
	if (is_verdict && !need("hook_name", STRING))
		return false;
	if (!strcmp(event, "response") && !need("response", STRING))
		return false;
	if ((has_failed || is_fault) && !is_verdict && !may("cause", STRING))
		return false;
	if (is_fault && !*string("cause"))
		return wrong("a DMA fault without a reason", NULL);
	if (!jsonread__find(&json, "kernel_stack"))
		return true;
	return need("kernel_stack", STRINGS) && need("user_stack", STRINGS);
}

static bool check_event(void)
{
	/* clang-format off */
	static const struct key keys[] = {
		{ "event", STRING }, { "time_ns", COUNTED }, { "tid", ID }, { "comm", STRING },
	};
	/* clang-format on */
	const struct field *field;
	unsigned int event;

	if (!need_all(keys, COUNT(keys)))
		return false;
	field = find_event(string("event"), &event);
	if (!field)
		return wrong("no event of the table", string("event"));
	if (!stream.traced[event])
		return wrong("an event that the start does not name", string("event"));
	stream.events++;
	for (field++; field < table + COUNT(table) && field->name; field++)
		if (!check_field(field))
			return false;
	return check_extras(string("event"), *string("error") && strcmp(string("error"), "null"));
}

static bool check_lost(void)
{
	/* clang-format off */
	static const struct key keys[] = {
		{ "time_ns", COUNTED }, { "count", COUNTED }, { "total", COUNTED },
	};
	/* clang-format on */

	if (!need_all(keys, COUNT(keys)))
		return false;
	stream.lost += number("count");
	if (!number("count"))
		return wrong("it says that none was lost", NULL);
	return number("total") == stream.lost || wrong("the counts so far are not the total", NULL);
}

static bool check_buckets(void)
{
	char list[JSONREAD_LINE], *word, *rest = list;
	uint64_t value[3], least = 0, sum = 0;
	unsigned int i = 0, nr = 0;

	snprintf(list, sizeof(list), "%s", string("buckets"));
	while (number("count") && (word = strsep(&rest, ","))) {
		value[i++] = strtoull(word, NULL, 10);
		if (i < 3)
			continue;
		if (value[0] > value[1] || (nr && value[0] < least) || !value[2])
			return wrong("a bucket that cannot be", word);
		least = value[1] + 1;
		sum += value[2];
		nr++;
		i = 0;
	}
	return (!i && sum == number("count")) ||
	       wrong("the buckets do not make up the count", NULL);
}

static bool check_histogram(void)
{
	/* clang-format off */
	static const struct key keys[] = {
		{ "of", STRING }, { "event", STRING }, { "time_ns", COUNTED }, { "ctx", ID },
		{ "ioas", ID }, { "count", COUNTED }, { "buckets", NUMBERS },
	};
	/* clang-format on */
	static const char *const figures[] = { "min", "p50", "p90", "p99", "max", "sum" };
	bool is_latency;
	const char *suffix;
	uint64_t before = 0;
	char key[32];
	unsigned int i;

	if (!need_all(keys, COUNT(keys)))
		return false;
	is_latency = !strcmp(string("of"), "latency");
	suffix = is_latency ? "_ns" : strcmp(string("of"), "runs") ? "_bytes" : "";
	if (is_latency && !need("untimed", COUNTED))
		return false;
	for (i = 0; i < COUNT(figures); i++) {
		snprintf(key, sizeof(key), "%s%s", figures[i], suffix);
		if (!need(key, COUNTED))
			return false;
		if (number(key) < before)
			return wrong("figures are not in order", key);
		before = number(key);
	}
	return check_buckets();
}

static bool check_summary(void)
{
	/* clang-format off */
	static const struct key keys[] = {
		{ "time_ns", COUNTED }, { "tgid", ID }, { "comm", STRING }, { "ctx", ID },
		{ "ioas", ID }, { "maps", COUNTED }, { "unmaps", COUNTED }, { "others", COUNTED },
		{ "failed", COUNTED }, { "mapped_bytes", COUNTED }, { "unmapped_bytes", COUNTED },
		{ "pages", COUNTED }, { "runs", COUNTED }, { "ns", COUNTED }, { "max_ns", COUNTED },
	};
	/* clang-format on */

	return need_all(keys, COUNT(keys));
}

static bool check_error(void)
{
	return need("time_ns", COUNTED) && need("message", STRING);
}

static bool check_end(void)
{
	/* clang-format off */
	static const struct key keys[] = {
		{ "time_ns", COUNTED }, { "reason", STRING }, { "seen", COUNTED },
		{ "filtered", COUNTED }, { "submitted", COUNTED }, { "lost", COUNTED },
		{ "shown", COUNTED },
	};
	/* clang-format on */
	static const char *const reasons[] = {
		"signal", "duration", "count", "output", "error", "file",
	};
	unsigned int i;

	stream.has_ended = true;
	if (!need_all(keys, COUNT(keys)))
		return false;
	for (i = 0; i < COUNT(reasons); i++)
		if (!strcmp(reasons[i], string("reason")))
			break;
	if (i == COUNT(reasons))
		return wrong("a reason that is none", string("reason"));
	if (number("seen") != number("filtered") + number("submitted") + number("lost"))
		return wrong("seen is not filtered, submitted and lost", NULL);
	if (number("shown") > number("submitted"))
		return wrong("more was shown than submitted", NULL);
	if (stream.events && number("shown") != stream.events)
		return wrong("shown is not the number of events", NULL);
	return number("lost") == stream.lost || wrong("lost is not what was told as lost", NULL);
}

static bool check_line(void)
{
	static const struct {
		const char *type;
		bool (*check)(void);
	/* clang-format off */
	} checks[] = {
		{ "start", check_start }, { "event", check_event }, { "lost", check_lost },
		{ "histogram", check_histogram }, { "summary", check_summary },
		{ "error", check_error }, { "end", check_end },
	};
	/* clang-format on */
	unsigned int i;

	memset(has_key, 0, sizeof(has_key));
	if (!need("type", STRING))
		return false;
	if (stream.has_ended)
		return wrong("a line after the end", NULL);
	if (!stream.has_started && strcmp(string("type"), "start"))
		return wrong("a line before the start", NULL);
	for (i = 0; i < COUNT(checks); i++)
		if (!strcmp(checks[i].type, string("type")))
			return checks[i].check() && may("time", STRING) && nothing_else();
	return wrong("a record of another type", string("type"));
}

int main(int argc, char **argv)
{
	bool is_open = argc == 2 && !strcmp(argv[1], "--open");
	int more;

	if (argc > 2 || (argc == 2 && !is_open)) {
		fprintf(stderr, "usage: iosnoop-schema [--open] <FILE\n");
		return 2;
	}
	json.in = stdin;
	while ((more = jsonread__next(&json)) > 0)
		if (!check_line())
			return 1;
	if (more < 0) {
		jsonread__complain(&json, "iosnoop-schema");
		return 1;
	}
	if (!stream.has_started || stream.has_ended == is_open) {
		fprintf(stderr, "iosnoop-schema: %s\n",
			!stream.has_started ? "no start" :
			is_open		    ? "there is an end" :
					      "no end");
		return 1;
	}
	printf("events=%" PRIu64 " lost=%" PRIu64 "\n", stream.events, stream.lost);
	return 0;
}
