// SPDX-License-Identifier: GPL-2.0-only
/*
 * iosnoop's JSON lines: a start record, events, losses when they are noticed, reports, an error
 * record if something went wrong, an end record. A run that could not begin has the error alone.
 *
 * The schema is described in iosnoop(8); its number changes when a key gets another meaning or
 * goes away, not when one is added. Units are in the keys, the keys of an event's own fields come
 * from the table in include/iommufd_events.h.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cause.h"
#include "iosnoop.h"
#include "msg.h"
#include "version.h"

#define SCHEMA 1

static void put_time(struct output *output, __u64 time_ns)
{
	__u64 wall_ns = time_ns + output->wall_offset_ns;
	time_t seconds = wall_ns / NS_PER_SEC;
	char date[40], text[64];
	struct tm tm;

	json__u64(&output->json, "time_ns", time_ns);
	if (!output->options->timestamps)
		return;
	if (!gmtime_r(&seconds, &tm)) {
		json__null(&output->json, "time");
		return;
	}
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%09lluZ", date, wall_ns % NS_PER_SEC);
	json__string(&output->json, "time", text);
}

static void begin(struct output *output, const char *type)
{
	json__object(&output->json, NULL);
	json__string(&output->json, "type", type);
}

struct json *jsonl__open(struct output *output, const char *type, __u64 time_ns)
{
	begin(output, type);
	put_time(output, time_ns);
	return &output->json;
}

void jsonl__close(struct output *output)
{
	json__end(&output->json);
	json__line(&output->json);
}

void jsonl__start(struct output *output)
{
	struct json *json = &output->json;
	unsigned int i;

	begin(output, "start");
	json__u64(json, "schema", SCHEMA);
	json__string(json, "tool", "iosnoop");
	json__string(json, "version", IOMMUSCOPE_VERSION);
	json__string(json, "kernel", output->kernel);
	put_time(output, output->start_ns);
	json__u64(json, "realtime_ns", output->start_ns + output->wall_offset_ns);
	json__array(json, "events");
	for (i = 0; i < NR_EVENTS; i++)
		if (output->events & EVENT_MASK(i))
			json__string(json, NULL, event__short_name(i));
	json__end(json);
	filter__put_json(&output->options->filter, json);
	json__u64(json, "buffer_bytes", output->buffer_bytes);
	json__bool(json, "replay", !output->live);
	jsonl__close(output);
}

void jsonl__event(struct output *output, const struct event_record *record)
{
	const char *protection = output__protection(record), *cause;
	struct json *json = &output->json;
	char comm[EVENT_COMM_LEN], text[CAUSE_MAX];

	begin(output, "event");
	json__string(json, "event", event__short_name(record->event));
	put_time(output, record->time_ns);
	if (record->tid == EVENT_NONE)
		json__null(json, "tid");
	else
		json__u64(json, "tid", record->tid);
	output__raw_comm(output, record, comm);
	json__string_n(json, "comm", comm, sizeof(comm));
	event__put_json(record, json);
	if (protection)
		json__string(json, "prot", protection);
	if (record->event == EVENT_fault_response)
		json__string(
			json, "response",
			cause__response(((const struct args_fault_response *)record->args)->code));
	if (record->event != EVENT_policy_verdict) {
		cause = cause__text(text, record, true);
		if (cause)
			json__string(json, "cause", cause);
	}
	stacks__put_json(output, record);
	jsonl__close(output);
}

void jsonl__lost(struct output *output, __u64 time_ns, __u64 count, __u64 total)
{
	jsonl__open(output, "lost", time_ns);
	json__u64(&output->json, "count", count);
	json__u64(&output->json, "total", total);
	jsonl__close(output);
}

void jsonl__error(struct output *output, __u64 time_ns)
{
	jsonl__open(output, "error", time_ns);
	json__string(&output->json, "message", msg__last());
	jsonl__close(output);
}

void jsonl__end(struct output *output, __u64 now, const struct stream_result *result)
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
	};
	/* clang-format on */
	const struct event_counters *counters = &result->counters;
	struct json *json = &output->json;

	if (result->reason == STOP_ERROR || result->reason == STOP_FILE)
		jsonl__error(output, now);
	jsonl__open(output, "end", now);
	json__string(json, "reason", reasons[result->reason]);
	json__u64(json, "seen", counters->seen);
	json__u64(json, "filtered", counters->filtered);
	json__u64(json, "submitted", counters->submitted);
	json__u64(json, "lost", counters->lost);
	json__u64(json, "shown", result->shown);
	jsonl__close(output);
}
