// SPDX-License-Identifier: GPL-2.0-only
/*
 * iosnoop's JSON lines: a start record, events, losses when they are noticed, an end record.
 *
 * The schema is described in iosnoop(8); its number changes when a key gets another meaning or
 * goes away, not when one is added. Units are in the keys, the keys of an event's own fields come
 * from the table in include/iommufd_events.h.
 */
#include <stdio.h>
#include <sys/utsname.h>
#include <time.h>

#include "iosnoop.h"
#include "version.h"

#define SCHEMA 1

static void begin(struct output *output, const char *type)
{
	json__object(&output->json, NULL);
	json__string(&output->json, "type", type);
}

static void end(struct output *output)
{
	json__end(&output->json);
	json__line(&output->json);
}

static void put_time(struct output *output, __u64 time_ns)
{
	__u64 wall_ns = time_ns + output->wall_offset_ns;
	time_t seconds = wall_ns / NS_PER_SEC;
	char date[40], text[64];
	struct tm tm;

	json__u64(&output->json, "time_ns", time_ns);
	if (!output->options->timestamps)
		return;
	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%09lluZ", date, wall_ns % NS_PER_SEC);
	json__string(&output->json, "time", text);
}

void jsonl__start(struct output *output, const struct session *session)
{
	const struct options *options = output->options;
	struct json *json = &output->json;
	struct utsname system = {};
	unsigned int i;

	begin(output, "start");
	json__u64(json, "schema", SCHEMA);
	json__string(json, "tool", "iosnoop");
	json__string(json, "version", IOMMUSCOPE_VERSION);
	uname(&system);
	json__string(json, "kernel", system.release);
	put_time(output, output->start_ns);
	json__u64(json, "realtime_ns", output->start_ns + output->wall_offset_ns);
	json__array(json, "events");
	for (i = 0; i < NR_EVENTS; i++)
		if (session->events & EVENT_MASK(i))
			json__string(json, NULL, event__short_name(i));
	json__end(json);
	json__object(json, "filter");
	if (options->tgid)
		json__u64(json, "tgid", options->tgid);
	else
		json__null(json, "tgid");
	json__bool(json, "failed", options->failed);
	json__u64(json, "min_latency_ns", options->min_latency_ns);
	json__end(json);
	json__u64(json, "buffer_bytes", options->buffer_size);
	end(output);
}

void jsonl__event(struct output *output, const struct event_record *record)
{
	struct json *json = &output->json;
	__u64 flags = 0;

	begin(output, "event");
	json__string(json, "event", event__short_name(record->event));
	put_time(output, record->time_ns);
	json__u64(json, "tid", record->tid);
	json__string_n(json, "comm", record->comm, sizeof(record->comm));
	event__put_json(record, json);
	if (record->event == EVENT_ioas_map)
		flags = ((const struct args_ioas_map *)record->args)->flags;
	else if (record->event == EVENT_ioas_copy)
		flags = ((const struct args_ioas_copy *)record->args)->flags;
	else
		goto done;
	json__string(json, "prot", output__protection(flags));
done:
	end(output);
}

void jsonl__lost(struct output *output, __u64 count, __u64 total)
{
	begin(output, "lost");
	put_time(output, output__now());
	json__u64(&output->json, "count", count);
	json__u64(&output->json, "total", total);
	end(output);
}

void jsonl__end(struct output *output, const struct event_counters *counters, __u64 shown,
		  enum stop_reason reason)
{
	static const char *const reasons[] = {
		[STOP_NOT] = "error",
		[STOP_SIGNAL] = "signal",
		[STOP_DURATION] = "duration",
		[STOP_COUNT] = "count",
		[STOP_OUTPUT] = "output",
		[STOP_ERROR] = "error",
	};
	struct json *json = &output->json;

	begin(output, "end");
	put_time(output, output__now());
	json__string(json, "reason", reasons[reason]);
	json__u64(json, "seen", counters->seen);
	json__u64(json, "filtered", counters->filtered);
	json__u64(json, "submitted", counters->submitted);
	json__u64(json, "lost", counters->lost);
	json__u64(json, "shown", shown);
	end(output);
}
