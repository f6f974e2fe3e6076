// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON lines: a start record, events, losses when they are noticed, an error record if something
 * went wrong, an end record. Reports write records of their own in between. A run that could not
 * begin has only the error record.
 *
 * iosnoop(8) describes the schema. Its number changes when a key is removed or gets another
 * meaning, not when one is added. Keys contain units; the keys of an event's fields come from the
 * table in include/iommufd_events.h.
 */
#include <stdlib.h>

#include "driver.h"
#include "filter.h"
#include "msg.h"
#include "render/render.h"
#include "render/stack.h"
#include "version.h"

#define SCHEMA 1

struct jsonl {
	struct renderer renderer;
	const struct format *format;
	struct json json;
};

static void start(struct renderer *renderer)
{
	struct jsonl *jsonl = (struct jsonl *)renderer;
	const struct run *run = jsonl->format->run;
	struct json *json = &jsonl->json;
	unsigned int i;

	json__object(json, NULL);
	json__string(json, "type", "start");
	json__u64(json, "schema", SCHEMA);
	json__string(json, "tool", "iosnoop");
	json__string(json, "version", IOMMUSCOPE_VERSION);
	json__string(json, "kernel", run->kernel);
	format__put_time(jsonl->format, json, run->start_ns);
	json__u64(json, "realtime_ns", run->start_ns + run->wall_offset_ns);
	json__array(json, "events");
	for (i = 0; i < NR_EVENTS; i++)
		if (run->events & EVENT_MASK(i))
			json__string(json, NULL, event__short_name(i));
	json__end(json);
	filter__put_json(&run->filter, json);
	json__u64(json, "buffer_bytes", run->buffer_bytes);
	json__u64(json, "page_size_bytes", event__page_size());
	json__bool(json, "replay", !run->is_live);
	if (run->driver)
		json__string(json, "source", driver__name(run->driver));
	format__end_record(json);
}

/* Write the explanation of a fault; null if there is none. */
static void put_why(const struct format *format, struct json *json, const struct snoop_event *event)
{
	if (!event->why) {
		json__null(json, "why");
		return;
	}
	json__object(json, "why");
	why__put_json(&event->why->why, json);
	json__string(json, "text", event->why_text);
	if (format->symbols)
		stack__put_why_json(format, json, event);
	json__end(json);
}

static void print_event(struct renderer *renderer, const struct snoop_event *event)
{
	struct jsonl *jsonl = (struct jsonl *)renderer;
	const struct event_record *record = event->record;
	struct json *json = &jsonl->json;

	json__object(json, NULL);
	json__string(json, "type", "event");
	json__string(json, "event", event__short_name(record->event));
	format__put_time(jsonl->format, json, record->time_ns);
	if (*event->machine)
		json__string(json, "machine", event->machine);
	event__put_id(json, "tid", record->tid);
	json__string_or_null(json, "comm", event->comm, sizeof(event->comm));
	format__put_event(json, event);
	if (why__is_fault(record))
		put_why(jsonl->format, json, event);
	if (jsonl->format->symbols)
		stack__put_json(jsonl->format, json, record);
	format__end_record(json);
}

static void print_lost(struct renderer *renderer, const struct recording_lost *lost)
{
	struct jsonl *jsonl = (struct jsonl *)renderer;

	format__begin_record(jsonl->format, &jsonl->json, "lost", lost->time_ns);
	json__u64(&jsonl->json, "count", lost->count);
	json__u64(&jsonl->json, "total", lost->total);
	format__end_record(&jsonl->json);
}

void jsonl__print_error(const struct format *format, __u64 time_ns)
{
	struct json json;

	json__init(&json, format->out);
	format__begin_record(format, &json, "error", time_ns);
	json__string(&json, "message", msg__last());
	format__end_record(&json);
}

static void end(struct renderer *renderer, __u64 now_ns, const struct run_result *result)
{
	/* clang-format off */
	static const char *const reasons[] = {
		[STOP_NOT] = "error",
		[STOP_SIGNAL] = "signal",
		[STOP_DURATION] = "duration",
		[STOP_COUNT] = "count",
		[STOP_OUTPUT] = "output",
		[STOP_ERROR] = "error",
		[STOP_FILE] = "file",
		[STOP_SEGMENT] = "segment",
	};
	/* clang-format on */
	const struct event_counters *counters = &result->counters;
	struct jsonl *jsonl = (struct jsonl *)renderer;
	struct json *json = &jsonl->json;

	if (result->reason == STOP_ERROR || result->reason == STOP_FILE)
		jsonl__print_error(jsonl->format, now_ns);
	format__begin_record(jsonl->format, json, "end", now_ns);
	json__string(json, "reason", reasons[result->reason]);
	json__u64(json, "seen", counters->seen);
	json__u64(json, "filtered", counters->filtered);
	json__u64(json, "submitted", counters->submitted);
	json__u64(json, "lost", counters->lost);
	json__u64(json, "shown", result->shown);
	format__end_record(json);
}

static void free_jsonl(struct renderer *renderer)
{
	free(renderer);
}

struct renderer *jsonl__new(const struct format *format)
{
	struct jsonl *jsonl = calloc(1, sizeof(*jsonl));

	if (!jsonl) {
		msg("not enough memory");
		return NULL;
	}
	jsonl->renderer = (struct renderer){
		.start = start,
		.event = print_event,
		.lost = print_lost,
		.end = end,
		.free = free_jsonl,
	};
	jsonl->format = format;
	json__init(&jsonl->json, format->out);
	return &jsonl->renderer;
}
