// SPDX-License-Identifier: GPL-2.0-only
/*
 * Histograms: latencies by event and IOAS (-H); lengths of maps, their runs, and the bytes in a
 * run, which show how fragmented the memory is (--sizes).
 *
 * A search tree holds a histogram for each (kind, event, context, IOAS). It is emptied after each
 * report.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "hist.h"
#include "human.h"
#include "msg.h"
#include "render/render.h"

enum kind { LATENCY, LENGTH, RUNS, RUN_BYTES };

struct histogram {
	enum kind kind;
	enum event_id event;
	__u32 ctx;
	__u32 ioas;
	__u64 untimed; /* calls without a time: refused, or nothing to do */
	struct hist hist;
};

struct histograms {
	struct renderer renderer;
	const struct format *format;
	struct json json;
	bool latency;
	bool sizes;
	void *tree;
	__u64 not_counted; /* values, for lack of memory */
	__u64 now_ns; /* of the report that is being printed */
};

static int compare(const void *a, const void *b)
{
	const struct histogram *one = a, *other = b;

	if (one->kind != other->kind)
		return one->kind < other->kind ? -1 : 1;
	if (one->event != other->event)
		return one->event < other->event ? -1 : 1;
	if (one->ctx != other->ctx)
		return one->ctx < other->ctx ? -1 : 1;
	return one->ioas == other->ioas ? 0 : one->ioas < other->ioas ? -1 : 1;
}

static void put(struct histogram *histogram, __u64 value)
{
	/* 0 ns means that no clock was read. */
	if (histogram->kind == LATENCY && !value)
		histogram->untimed++;
	else
		hist__add(&histogram->hist, value);
}

static void add(struct histograms *histograms, const struct histogram *key, __u64 value)
{
	struct histogram **found = tfind(key, &histograms->tree, compare), *histogram;

	if (found) {
		put(*found, value);
		return;
	}
	histogram = calloc(1, sizeof(*histogram));
	if (histogram)
		memcpy(histogram, key, offsetof(struct histogram, untimed));
	if (!histogram || !tsearch(histogram, &histograms->tree, compare)) {
		histograms->not_counted++;
		free(histogram);
		return;
	}
	put(histogram, value);
}

/* Whether events of this kind have a time. */
static bool is_timed(const struct event_record *record)
{
	return event__role(record->event, EVENT_ROLE_ns) >= 0 ||
	       event__role(record->event, EVENT_ROLE_map_ns) >= 0;
}

static void add_event(struct renderer *renderer, const struct snoop_event *event)
{
	struct histograms *histograms = (struct histograms *)renderer;
	const struct event_record *record = event->record;
	const __u64 *pages = event__arg(record, EVENT_ROLE_pages);
	const __u64 *runs = event__arg(record, EVENT_ROLE_runs);
	struct event_subject subject;
	struct histogram key;

	event__subject(record, &subject);
	key.kind = LATENCY;
	key.event = record->event;
	key.ctx = subject.ctx;
	key.ioas = subject.ioas;
	if (histograms->latency && is_timed(record))
		add(histograms, &key, subject.latency_ns);
	if (!histograms->sizes || subject.ret ||
	    (record->event != EVENT_ioas_map && record->event != EVENT_ioas_map_file &&
	     record->event != EVENT_ioas_copy && record->event != EVENT_type1_map))
		return;
	key.kind = LENGTH;
	add(histograms, &key, subject.length);
	if (!runs || !*runs)
		return; /* no page table was filled */
	key.kind = RUNS;
	add(histograms, &key, *runs);
	if (!pages || !*pages)
		return;
	key.kind = RUN_BYTES;
	add(histograms, &key, *pages * event__page_size() / *runs);
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

static void print_text(FILE *out, const struct histogram *histogram)
{
	static const char *const names[] = { "latency", "length", "runs", "bytes in a run" };
	const struct hist *hist = &histogram->hist;
	char text[5][HUMAN_MAX], count[HUMAN_MAX];

	fprintf(out, "\n%s %s", event__short_name(histogram->event), names[histogram->kind]);
	if (histogram->ctx != EVENT_NONE)
		fprintf(out, ", context %u", histogram->ctx);
	if (histogram->ioas != EVENT_NONE)
		fprintf(out, ", IOAS %u", histogram->ioas);
	fprintf(out, ": %s", human__count(count, hist->count));
	if (histogram->untimed)
		fprintf(out, ", and %s not timed", human__count(count, histogram->untimed));
	fprintf(out, "\n");
	if (!hist->count)
		return;
	fprintf(out, "  p50 %s  p90 %s  p99 %s  max %s  mean %s\n",
		format(text[0], histogram->kind, hist__percentile(hist, 500)),
		format(text[1], histogram->kind, hist__percentile(hist, 900)),
		format(text[2], histogram->kind, hist__percentile(hist, 990)),
		format(text[3], histogram->kind, hist->max),
		format(text[4], histogram->kind, hist->sum / hist->count));
	hist__print(hist, unit_of(histogram->kind), out);
}

static void print_json(struct histograms *histograms, const struct histogram *histogram)
{
	static const char *const names[] = { "latency", "length", "runs", "run_length" };
	struct json *json = &histograms->json;

	format__begin_record(histograms->format, json, "histogram", histograms->now_ns);
	json__string(json, "of", names[histogram->kind]);
	json__string(json, "event", event__short_name(histogram->event));
	event__put_id(json, "ctx", histogram->ctx);
	event__put_id(json, "ioas", histogram->ioas);
	if (histogram->kind == LATENCY)
		json__u64(json, "untimed", histogram->untimed);
	hist__put_json(&histogram->hist, unit_of(histogram->kind), json);
	format__end_record(json);
}

static void visit(const void *node, VISIT which, void *closure)
{
	const struct histogram *histogram = *(struct histogram *const *)node;
	struct histograms *histograms = closure;

	if (which != postorder && which != leaf)
		return;
	if (histograms->format->json)
		print_json(histograms, histogram);
	else
		print_text(histograms->format->out, histogram);
}

static void clear(struct histograms *histograms)
{
	tdestroy(histograms->tree, free);
	histograms->tree = NULL;
	histograms->not_counted = 0;
}

static void report(struct renderer *renderer, __u64 now_ns)
{
	struct histograms *histograms = (struct histograms *)renderer;
	const struct format *format = histograms->format;
	char time[TIME_MAX];

	histograms->now_ns = now_ns;
	if (!format->json) {
		format__time(format, now_ns, false, time);
		fprintf(format->out, "%s%s %s\n", format->has_interval ? "\n" : "", time,
			histograms->tree ? "since the last report, or the start:" :
					   "no such event");
	}
	twalk_r(histograms->tree, visit, histograms);
	if (histograms->not_counted && !format->json)
		fprintf(format->out, "\nleft out %llu value%s: not enough memory\n",
			histograms->not_counted, histograms->not_counted == 1 ? "" : "s");
	clear(histograms);
}

static void free_histograms(struct renderer *renderer)
{
	clear((struct histograms *)renderer);
	free(renderer);
}

struct renderer *histogram__new(const struct format *format, bool latency, bool sizes)
{
	struct histograms *histograms = calloc(1, sizeof(*histograms));

	if (!histograms) {
		msg("not enough memory");
		return NULL;
	}
	histograms->renderer = (struct renderer){
		.event = add_event,
		.report = report,
		.free = free_histograms,
	};
	histograms->format = format;
	histograms->latency = latency;
	histograms->sizes = sizes;
	json__init(&histograms->json, format->out);
	return &histograms->renderer;
}
