// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reports made of histograms: latencies by event and IOAS (-H), and of maps the lengths, the runs,
 * and the pages in a run, which tell how fragmented the memory is (--sizes).
 *
 * One is kept for each (kind, event, context, IOAS) in a search tree of libc's. Reports are of what
 * came since the last one.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "hist.h"
#include "human.h"
#include "iosnoop.h"

enum kind { LATENCY, LENGTH, RUNS, RUN_BYTES };

struct report_entry {
	enum kind kind;
	enum event_id event;
	__u32 ctx;
	__u32 ioas;
	__u64 untimed;   /* calls whose time was not taken: refused, or nothing to do */
	struct hist hist;
};

struct report {
	bool latency;
	bool sizes;
	void *tree;
	__u64 not_counted;  /* events for which there was no memory */
	struct output *output;  /* while it is printed */
	__u64 now;
};

static int compare(const void *a, const void *b)
{
	const struct report_entry *one = a, *other = b;

	if (one->kind != other->kind)
		return one->kind < other->kind ? -1 : 1;
	if (one->event != other->event)
		return one->event < other->event ? -1 : 1;
	if (one->ctx != other->ctx)
		return one->ctx < other->ctx ? -1 : 1;
	return one->ioas == other->ioas ? 0 : one->ioas < other->ioas ? -1 : 1;
}

struct report *report__new(bool latency, bool sizes)
{
	struct report *report = calloc(1, sizeof(*report));

	if (report) {
		report->latency = latency;
		report->sizes = sizes;
	}
	return report;
}

static void put(struct report_entry *entry, __u64 value)
{
	/* No call takes 0 ns: that is what says that no clock was read. */
	if (entry->kind == LATENCY && !value)
		entry->untimed++;
	else
		hist__add(&entry->hist, value);
}

static void add(struct report *report, const struct report_entry *key, __u64 value)
{
	struct report_entry **found = tfind(key, &report->tree, compare), *entry;

	if (found) {
		put(*found, value);
		return;
	}
	entry = calloc(1, sizeof(*entry));
	if (entry)
		memcpy(entry, key, offsetof(struct report_entry, untimed));
	if (!entry || !tsearch(entry, &report->tree, compare)) {
		report->not_counted++;
		free(entry);
		return;
	}
	put(entry, value);
}

/* Is the event timed at all? */
static bool is_timed(const struct event_record *record)
{
	return event__role(record->event, EVENT_ROLE_ns) >= 0 ||
	       event__role(record->event, EVENT_ROLE_map_ns) >= 0;
}

void report__add(struct report *report, const struct event_record *record)
{
	const __u64 *pages = event__arg(record, EVENT_ROLE_pages);
	const __u64 *runs = event__arg(record, EVENT_ROLE_runs);
	struct event_subject subject;
	struct report_entry key;

	event__subject(record, &subject);
	key.kind = LATENCY;
	key.event = record->event;
	key.ctx = subject.ctx;
	key.ioas = subject.ioas;
	if (report->latency && is_timed(record))
		add(report, &key, subject.latency_ns);
	if (!report->sizes || subject.ret ||
	    (record->event != EVENT_ioas_map && record->event != EVENT_ioas_map_file &&
	     record->event != EVENT_ioas_copy && record->event != EVENT_type1_map))
		return;
	key.kind = LENGTH;
	add(report, &key, subject.length);
	if (!runs || !*runs)
		return; /* nothing was put into a page table */
	key.kind = RUNS;
	add(report, &key, *runs);
	if (!pages || !*pages)
		return;
	key.kind = RUN_BYTES;
	add(report, &key, (*pages << 12) / *runs);
}

static enum hist_unit unit_of(enum kind kind)
{
	return kind == LATENCY ? HIST_NS : kind == RUNS ? HIST_COUNT : HIST_BYTES;
}

static char *format(char text[HUMAN_MAX], enum kind kind, __u64 value)
{
	switch (unit_of(kind)) {
	case HIST_NS:
		return human__time(text, value);
	case HIST_BYTES:
		return human__bytes(text, value);
	default:
		return human__count(text, value);
	}
}

static void print_text(const struct report_entry *entry)
{
	static const char *const names[] = { "latency", "length", "runs", "bytes in a run" };
	const struct hist *hist = &entry->hist;
	char text[5][HUMAN_MAX], count[HUMAN_MAX];

	printf("\n%s %s", event__short_name(entry->event), names[entry->kind]);
	if (entry->ctx != EVENT_NONE)
		printf(", context %u", entry->ctx);
	if (entry->ioas != EVENT_NONE)
		printf(", IOAS %u", entry->ioas);
	printf(": %s", human__count(count, hist->count));
	if (entry->untimed)
		printf(", and %s not timed", human__count(count, entry->untimed));
	printf("\n");
	if (!hist->count)
		return;
	printf("  p50 %s  p90 %s  p99 %s  max %s  mean %s\n",
	       format(text[0], entry->kind, hist__percentile(hist, 500)),
	       format(text[1], entry->kind, hist__percentile(hist, 900)),
	       format(text[2], entry->kind, hist__percentile(hist, 990)),
	       format(text[3], entry->kind, hist->max),
	       format(text[4], entry->kind, hist->sum / hist->count));
	hist__print(hist, unit_of(entry->kind), stdout);
}

static void print_json(struct report *report, const struct report_entry *entry)
{
	static const char *const names[] = { "latency", "length", "runs", "run_length" };
	struct json *json = jsonl__open(report->output, "histogram", report->now);

	json__string(json, "of", names[entry->kind]);
	json__string(json, "event", event__short_name(entry->event));
	if (entry->ctx == EVENT_NONE)
		json__null(json, "ctx");
	else
		json__u64(json, "ctx", entry->ctx);
	if (entry->ioas == EVENT_NONE)
		json__null(json, "ioas");
	else
		json__u64(json, "ioas", entry->ioas);
	if (entry->kind == LATENCY)
		json__u64(json, "untimed", entry->untimed);
	hist__put_json(&entry->hist, unit_of(entry->kind), json);
	jsonl__close(report->output);
}

static void visit(const void *node, VISIT which, void *closure)
{
	const struct report_entry *entry = *(struct report_entry *const *)node;
	struct report *report = closure;

	if (which != postorder && which != leaf)
		return;
	if (report->output->options->json)
		print_json(report, entry);
	else
		print_text(entry);
}

static void clear(struct report *report)
{
	tdestroy(report->tree, free);
	report->tree = NULL;
	report->not_counted = 0;
}

void report__print(struct report *report, struct output *output, __u64 now)
{
	char time[TIME_MAX];

	report->output = output;
	report->now = now;
	if (!output->options->json) {
		table__time(output, now, false, time);
		printf("%s%s %s\n", output->options->interval_ns ? "\n" : "", time,
		       report->tree ? "since the last report, or the start:" : "no such event");
	}
	twalk_r(report->tree, visit, report);
	if (report->not_counted && !output->options->json)
		printf("\n%llu values are left out: not enough memory\n", report->not_counted);
	clear(report);
}

void report__free(struct report *report)
{
	if (!report)
		return;
	clear(report);
	free(report);
}
