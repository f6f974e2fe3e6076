// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long the maps of a process took of the time from the first event of its context to its last
 * map: the second part of --summary, for the question why a virtual machine starts slowly.
 *
 * The time in pins and fills is that of all threads. Page faults during pins are known only live;
 * pins with a page fault are of memory that was not populated. A hint is given only if the
 * figures support it, see hints_of(); iosnoop(8) has the rules.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "human.h"
#include "machine.h"
#include "msg.h"
#include "render/startup.h"
#include "row.h"
#include "text.h"

/* A context; the first one has tgid 0. */
struct process {
	__u32 ctx;
	__u32 tgid; /* 0: the entry of the context, which has only first_ns */
	__u64 first_ns; /* when the first event of the context began */
	__u64 last_ns; /* when the last map ended */
	char comm[EVENT_COMM_LEN];
	char machine[MACHINE_MAX];
	__u64 maps;
	__u64 pages; /* pinned by them */
	__u64 runs;
	__u64 pin_ns;
	__u64 fill_ns;
	bool lacks_runs; /* the source of events cannot know these */
	bool lacks_pins; /* the pages and the time of pins */
	/* Of the report: */
	__u64 wall_ns;
	struct pins pins;
	bool has_pins;
};

static int compare(const void *a, const void *b)
{
	const struct process *one = a, *other = b;

	if (one->ctx != other->ctx)
		return one->ctx < other->ctx ? -1 : 1;
	return one->tgid == other->tgid ? 0 : one->tgid < other->tgid ? -1 : 1;
}

/* A figure that the source of the event may not know. */
static __u64 known(__u64 value)
{
	return value == EVENT_UNKNOWN ? 0 : value;
}

static struct process *get_process(struct startup *startup, __u32 ctx, __u32 tgid)
{
	struct process key = { .ctx = ctx, .tgid = tgid }, **found, *process;

	found = tfind(&key, &startup->tree, compare);
	if (found)
		return *found;
	process = calloc(1, sizeof(*process));
	if (!process)
		return NULL;
	process->ctx = ctx;
	process->tgid = tgid;
	if (tsearch(process, &startup->tree, compare))
		return process;
	free(process);
	return NULL;
}

void startup__add(struct startup *startup, const struct snoop_event *event)
{
	const struct event_record *record = event->record;
	const struct args_ioas_map *map = (const void *)record->args;
	struct event_subject subject;
	struct process *process;
	__u64 begin_ns;

	event__subject(record, &subject);
	if (subject.ctx == EVENT_NONE)
		return;
	process = get_process(startup, subject.ctx, 0);
	if (!process)
		return;
	begin_ns = record->time_ns;
	begin_ns -= subject.latency_ns < begin_ns ? subject.latency_ns : 0;
	if (!process->first_ns || begin_ns < process->first_ns)
		process->first_ns = begin_ns;
	if ((record->event != EVENT_ioas_map && record->event != EVENT_ioas_map_file) ||
	    subject.ret)
		return;
	process = get_process(startup, subject.ctx, subject.tgid);
	if (!process)
		return;
	if (!process->maps++) {
		memcpy(process->comm, event->comm, sizeof(process->comm));
		snprintf(process->machine, sizeof(process->machine), "%s", event->machine);
	}
	if (record->time_ns > process->last_ns)
		process->last_ns = record->time_ns;
	process->pages += known(map->pages);
	process->runs += known(map->runs);
	process->pin_ns += known(map->pin_ns);
	process->fill_ns += map->map_ns;
	process->lacks_runs |= map->runs == EVENT_UNKNOWN;
	process->lacks_pins |= map->pages == EVENT_UNKNOWN || map->pin_ns == EVENT_UNKNOWN;
}

/* ---- hints ---- */

#define SHARE_LEAST 10 /* percent of the time, below which nothing is worth a hint */
#define RUN_SHORT (64u << 10) /* bytes: huge pages are longer */
#define BYTES_LEAST (16u << 20) /* below which memory cannot be made of many huge pages */

static __u64 percent(__u64 part, __u64 whole)
{
	return whole ? (__u64)((double)part * 100 / whole + 0.5) : 0;
}

static __u64 each(__u64 sum, __u64 number)
{
	return number ? (sum + number / 2) / number : 0;
}

static __u64 mean_run(const struct process *process)
{
	return each(process->pages * event__page_size(), process->runs);
}

/* Pins that faulted pages in took much of the time, and more for a page than others. */
static bool needs_population(const struct process *process)
{
	const struct pins *pins = &process->pins;

	if (!process->has_pins || !pins->faults ||
	    percent(pins->faulted_ns, process->wall_ns) < SHARE_LEAST)
		return false;
	return !pins->populated_pages ||
	       each(pins->faulted_ns, pins->faulted_pages) >
		       2 * each(pins->populated_ns, pins->populated_pages);
}

/* Pins and fills took much of the time, and runs are much shorter than huge pages. */
static bool needs_huge_pages(const struct process *process)
{
	return process->runs && process->pages * event__page_size() >= BYTES_LEAST &&
	       mean_run(process) < RUN_SHORT &&
	       percent(process->pin_ns + process->fill_ns, process->wall_ns) >= SHARE_LEAST;
}

/* ---- text ---- */

enum { PID, COMM, CTX, MAPS, PINNED, RUN, WALL, PIN, FILL, PAGE, FAULTS, FAULTED };

/* clang-format off */
static const struct row_column columns[] = {
	[PID] = { "PID", 5, true },
	[COMM] = { "NAME", 8, false },
	[CTX] = { "CTX", 3, true },
	[MAPS] = { "MAPS", 5, true },
	[PINNED] = { "PINNED", 6, true },
	[RUN] = { "RUN", 5, true },
	[WALL] = { "WALL", 5, true },
	[PIN] = { "%PIN", 4, true },
	[FILL] = { "%FILL", 5, true },
	[PAGE] = { "NS/PG", 5, true },
	[FAULTS] = { "FAULTS", 6, true },
	[FAULTED] = { "%FLT", 4, true },
};

/* clang-format on */

#define HINT_INDENT 6
#define WIDTH 80

static void print_hint(FILE *out, const char *hint)
{
	unsigned int room = WIDTH - HINT_INDENT, size;

	fprintf(out, "%*s", HINT_INDENT, "");
	while (strlen(hint) > room) {
		for (size = room; size && hint[size] != ' '; size--)
			;
		if (!size)
			break;
		fprintf(out, "%.*s\n%*s", (int)size, hint, HINT_INDENT + 2, "");
		hint += size + 1;
		room = WIDTH - HINT_INDENT - 2;
	}
	fprintf(out, "%s\n", hint);
}

#define HINT_MAX 384

static void print_hints(FILE *out, const struct process *process)
{
	const struct pins *pins = &process->pins;
	char hint[HINT_MAX], time[HUMAN_MAX], bytes[HUMAN_SIZE_MAX], count[HUMAN_MAX];
	int size;

	if (needs_population(process)) {
		size = snprintf(
			hint, sizeof(hint),
			"populating the memory before would help (MAP_POPULATE, prealloc=on): "
			"%s page fault%s while pinning, %s or %llu%% of the time, %llu ns a page",
			human__count(count, pins->faults), pins->faults == 1 ? "" : "s",
			human__time(time, pins->faulted_ns),
			percent(pins->faulted_ns, process->wall_ns),
			each(pins->faulted_ns, pins->faulted_pages));
		if (pins->populated_pages)
			snprintf(hint + size, sizeof(hint) - size,
				 "; %llu ns where it was populated",
				 each(pins->populated_ns, pins->populated_pages));
		print_hint(out, hint);
	}
	if (needs_huge_pages(process)) {
		snprintf(hint, sizeof(hint),
			 "huge pages would help (transparent ones, hugetlbfs): a run has %s on "
			 "average, pinning and filling took %s or %llu%% of the time",
			 human__size(bytes, mean_run(process)),
			 human__time(time, process->pin_ns + process->fill_ns),
			 percent(process->pin_ns + process->fill_ns, process->wall_ns));
		print_hint(out, hint);
	}
}

static void put_percent(struct row *row, unsigned int column, __u64 part, __u64 whole)
{
	row__printf(row, column, "%llu%%", percent(part, whole));
}

static void print_text(const struct startup *startup, const struct process *process)
{
	const bool has_machine = process->machine[0];
	char name[4 * MACHINE_MAX], text[HUMAN_MAX];
	const struct format *format = startup->format;
	static struct row row; /* too large for the stack */

	row__init(&row, columns, sizeof(columns) / sizeof(columns[0]), WIDTH);
	row__begin(&row);
	row__number(&row, PID, process->tgid);
	text__clean(name, sizeof(name), has_machine ? process->machine : process->comm,
		    has_machine ? MACHINE_MAX : EVENT_COMM_LEN, columns[COMM].width, format->utf8);
	row__put(&row, COMM, name[0] ? name : "-");
	row__number(&row, CTX, process->ctx);
	row__put(&row, MAPS, human__count(text, process->maps));
	row__put(&row, PINNED, human__bytes(text, process->pages * event__page_size()));
	/* Not to the byte. */
	row__put(&row, RUN,
		 process->runs ? human__bytes(text, (mean_run(process) + 512) & ~1023ULL) : "-");
	row__put(&row, WALL, human__time(text, process->wall_ns));
	put_percent(&row, PIN, process->pin_ns, process->wall_ns);
	put_percent(&row, FILL, process->fill_ns, process->wall_ns);
	if (process->pages)
		row__number(&row, PAGE, each(process->pin_ns, process->pages));
	else
		row__put(&row, PAGE, "-");
	row__put(&row, FAULTS, process->has_pins ? human__count(text, process->pins.faults) : "-");
	if (process->has_pins)
		put_percent(&row, FAULTED, process->pins.faulted_ns, process->wall_ns);
	else
		row__put(&row, FAULTED, "-");
	row__print(&row, format->out);
	print_hints(format->out, process);
}

/* ---- JSON ---- */

static void print_json(struct startup *startup, const struct process *process)
{
	const struct pins *pins = &process->pins;
	struct json *json = &startup->json;

	format__begin_record(startup->format, json, "startup", startup->now_ns);
	if (process->machine[0])
		json__string(json, "machine", process->machine);
	json__u64(json, "tgid", process->tgid);
	json__string_or_null(json, "comm", process->comm, sizeof(process->comm));
	json__u64(json, "ctx", process->ctx);
	json__u64(json, "wall_ns", process->wall_ns);
	json__u64(json, "maps", process->maps);
	json__u64_or_null(json, "pages", !process->lacks_pins, process->pages);
	json__u64_or_null(json, "runs", !process->lacks_runs, process->runs);
	json__u64_or_null(json, "pin_ns", !process->lacks_pins, process->pin_ns);
	json__u64(json, "fill_ns", process->fill_ns);
	json__u64_or_null(json, "faults", process->has_pins, pins->faults);
	json__u64_or_null(json, "faulted_pages", process->has_pins, pins->faulted_pages);
	json__u64_or_null(json, "faulted_ns", process->has_pins, pins->faulted_ns);
	json__u64_or_null(json, "populated_pages", process->has_pins, pins->populated_pages);
	json__u64_or_null(json, "populated_ns", process->has_pins, pins->populated_ns);
	json__bool(json, "hint_populate", needs_population(process));
	json__bool(json, "hint_huge_pages", needs_huge_pages(process));
	format__end_record(json);
}

/* ---- a report ---- */

static void visit(const void *node, VISIT which, void *closure)
{
	struct process *process = *(struct process *const *)node;
	struct startup *startup = closure;
	const struct format *format = startup->format;
	const struct pins_key key = { process->ctx, process->tgid };

	if (which != postorder && which != leaf)
		return;
	/* The entry of a context comes before those of its processes. */
	if (!process->tgid) {
		startup->first_ns = process->first_ns;
		return;
	}
	process->wall_ns = process->last_ns - startup->first_ns;
	process->has_pins = format->take_pins &&
			    format->take_pins(format->pins_ctx, &key, &process->pins);
	if (format->json) {
		print_json(startup, process);
		return;
	}
	if (!startup->has_header) {
		static struct row row;

		fprintf(format->out, "\n");
		row__init(&row, columns, sizeof(columns) / sizeof(columns[0]), WIDTH);
		row__print_header(&row, format->out);
	}
	startup->has_header = true;
	print_text(startup, process);
}

void startup__report(struct startup *startup, __u64 now_ns)
{
	startup->now_ns = now_ns;
	startup->has_header = false;
	twalk_r(startup->tree, visit, startup);
	startup__clear(startup);
}

void startup__clear(struct startup *startup)
{
	tdestroy(startup->tree, free);
	startup->tree = NULL;
}
