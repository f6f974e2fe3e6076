// SPDX-License-Identifier: GPL-2.0-only
/*
 * A trace (--trace) in the JSON trace-event format, which Perfetto and Chrome's viewer open:
 *
 *	call	a slice on the thread that made the call; "pin" and "fill" of a map are slices
 *		within it
 *	pin, access	asynchronous slices of the process, because they overlap the slice of the
 *		call that causes them
 *	fault	a page request, from its report to its response: an asynchronous slice of the
 *		process and of the device
 *	device	a slice of a call about a device, again in the group of the device
 *
 * An event without a time is an instant. The driver reports a call when it is over, so a slice
 * begins that time before the event. Slices of a thread must not overlap: one that would, because
 * the clocks of event and duration differ, becomes asynchronous.
 *
 * The file gets its name at the end (see outfile.h), so there is never an incomplete one.
 */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "errname.h"
#include "msg.h"
#include "outfile.h"
#include "render/render.h"
#include "render/stack.h"
#include "render/trace_track.h"
#include "version.h"

#define BIT(name) EVENT_MASK(EVENT_##name)
#define ACCESS_EVENTS (BIT(access_pin) | BIT(access_unpin) | BIT(access_rw))
#define PIN_EVENTS (BIT(pin) | BIT(unpin))
#define DEVICE_EVENTS \
	(BIT(device_bind) | BIT(device_unbind) | BIT(device_attach) | BIT(device_replace) | \
	 BIT(device_detach) | BIT(pasid_alloc) | BIT(pasid_free) | BIT(pasid_attach) | \
	 BIT(pasid_replace) | BIT(pasid_detach) | BIT(dma_fault) | BIT(io_page_fault))
/* Their thread is one of the kernel. */
#define FAULT_EVENTS (BIT(fault_report) | BIT(dma_fault) | BIT(io_page_fault))

/* Page requests that wait for a response; further ones are instants. */
#define REQUESTS_KEPT 65536u

/* No machine has more; a damaged recording may have any number, and sums must not overflow. */
#define MAX_PAGES (1ULL << 36)
#define MAX_PINNED_PAGES (1LL << 48)

/* A page request group without a response yet. */
struct request {
	__u32 ctx;
	__u32 device;
	__u32 pasid;
	__u32 grpid;
	__u64 time_ns;
	__u32 pid; /* the tracks */
	__u32 device_pid; /* 0: none */
};

struct trace {
	struct renderer renderer;
	const struct format *format;
	struct outfile out;
	struct json json;
	struct trace_tracks tracks;
	void *requests;
	unsigned int nr_requests;
	__u64 nr_asyncs;
	bool has_ended;
};

/* One event of the file: where it goes, and its name. */
struct place {
	__u32 pid;
	__u32 tid;
	const char *category;
	const char *name;
	bool failed;
};

static void begin(struct trace *trace, const struct place *place, const char *phase, __u64 time_ns)
{
	struct json *json = &trace->json;

	json__newline(json);
	json__object(json, NULL);
	json__string(json, "name", place->name);
	json__string(json, "cat", place->category);
	json__string(json, "ph", phase);
	json__decimal(json, "ts", time_ns, 3);
	json__u64(json, "pid", place->pid);
	json__u64(json, "tid", place->tid);
	if (place->failed)
		json__string(json, "cname", "terrible");
}

static void put_args(struct trace *trace, const struct snoop_event *event)
{
	struct json *json = &trace->json;

	json__object(json, "args");
	format__put_event(json, event);
	if (trace->format->symbols)
		stack__put_json(trace->format, json, event->record);
	json__end(json);
}

static void put_instant(struct trace *trace, const struct place *place, const char *scope,
			__u64 time_ns, const struct snoop_event *event)
{
	begin(trace, place, "i", time_ns);
	json__string(&trace->json, "s", scope);
	if (event)
		put_args(trace, event);
	json__end(&trace->json);
}

static void put_slice(struct trace *trace, const struct place *place, __u64 start_ns, __u64 ns,
		      const struct snoop_event *event)
{
	begin(trace, place, "X", start_ns);
	json__decimal(&trace->json, "dur", ns, 3);
	if (event)
		put_args(trace, event);
	json__end(&trace->json);
}

static void put_async(struct trace *trace, const struct place *place, __u64 start_ns, __u64 ns,
		      const struct snoop_event *event)
{
	const __u64 id = ++trace->nr_asyncs;

	begin(trace, place, "b", start_ns);
	json__hex(&trace->json, "id", id);
	if (event)
		put_args(trace, event);
	json__end(&trace->json);
	begin(trace, place, "e", start_ns + ns);
	json__hex(&trace->json, "id", id);
	json__end(&trace->json);
}

/* ---- calls ---- */

static bool is_in(const struct event_record *record, __u64 events)
{
	return EVENT_MASK(record->event) & events;
}

static bool is_map(const struct event_record *record)
{
	return is_in(record, BIT(ioas_map) | BIT(ioas_map_file));
}

static void put_call(struct trace *trace, struct trace_track *track, const struct place *place,
		     __u64 ns, const struct snoop_event *event)
{
	const struct args_ioas_map *map = (const void *)event->record->args;
	const __u64 end_ns = event->record->time_ns;
	struct place part = *place;

	if (end_ns - ns < track->end_ns || ns > end_ns) {
		put_async(trace, place, end_ns - ns, ns, event);
		return;
	}
	track->end_ns = end_ns;
	put_slice(trace, place, end_ns - ns, ns, event);
	if (!is_map(event->record))
		return;
	part.category = part.name = "pin";
	if (map->pin_ns && map->pin_ns != EVENT_UNKNOWN)
		put_slice(trace, &part, end_ns - ns, map->pin_ns, NULL);
	part.category = part.name = "fill";
	if (map->map_ns)
		put_slice(trace, &part, end_ns - map->map_ns, map->map_ns, NULL);
}

/* Count the pages that calls pin, by pins if these are traced, because an attach pins, too. */
static void count_pages(struct trace *trace, const struct event_record *record, __u32 pid)
{
	const struct args_caller *caller = (const void *)record->args;
	const bool by_pins = (trace->format->run->events & PIN_EVENTS) == PIN_EVENTS;
	const __u64 *pages = event__arg(record, EVENT_ROLE_pages);
	const __u64 *ret = event__arg(record, EVENT_ROLE_ret);
	const bool is_less = is_in(record, BIT(unpin) | BIT(ioas_unmap));
	struct json *json = &trace->json;
	struct trace_ctx *ctx;
	char name[48];

	if (!is_in(record, by_pins ? PIN_EVENTS :
				     BIT(ioas_map) | BIT(ioas_map_file) | BIT(ioas_copy) |
					     BIT(ioas_unmap)) ||
	    !pages || !*pages || *pages > MAX_PAGES || (ret && *ret && !is_less))
		return;
	ctx = trace_track__ctx(&trace->tracks, caller->ctx);
	if (!ctx)
		return;
	ctx->pages += is_less ? -(__s64)*pages : (__s64)*pages;
	if (ctx->pages > MAX_PINNED_PAGES || ctx->pages < -MAX_PINNED_PAGES)
		ctx->pages = 0;
	snprintf(name, sizeof(name), "pinned since the start, context %llu", caller->ctx);
	begin(trace, &(struct place){ pid, pid, "pinned", name, false }, "C", record->time_ns);
	json__object(json, "args");
	json__s64(json, "bytes", ctx->pages * (__s64)event__page_size());
	json__end(json);
	json__end(json);
}

/* ---- page requests ---- */

static int compare_requests(const void *a, const void *b)
{
	return memcmp(a, b, offsetof(struct request, time_ns));
}

static struct request request_of(const struct event_record *record)
{
	const struct args_fault_response *response = (const void *)record->args;
	const struct args_fault_report *report = (const void *)record->args;

	if (record->event == EVENT_fault_response)
		return (struct request){ .ctx = response->ctx,
					 .device = response->device,
					 .pasid = response->pasid,
					 .grpid = response->grpid };
	return (struct request){ .ctx = report->ctx,
				 .device = report->device,
				 .pasid = report->pasid,
				 .grpid = report->grpid };
}

/* Write a request that got no response, as an instant. */
static void put_unanswered(struct trace *trace, const struct request *request)
{
	struct place place = { request->pid, request->pid, "fault", "page request without response",
			       true };

	put_instant(trace, &place, "p", request->time_ns, NULL);
	if (!request->device_pid)
		return;
	place.pid = place.tid = request->device_pid;
	put_instant(trace, &place, "p", request->time_ns, NULL);
}

/* Keep a request until its response. False if it cannot be kept. */
static bool keep_request(struct trace *trace, const struct event_record *record, __u32 pid,
			 __u32 device_pid)
{
	struct request key = request_of(record), **found, *request;

	if (!(trace->format->run->events & BIT(fault_response)))
		return false;
	found = tfind(&key, &trace->requests, compare_requests);
	if (found) {
		request = *found;
		put_unanswered(trace, request);
	} else {
		request = trace->nr_requests < REQUESTS_KEPT ? malloc(sizeof(*request)) : NULL;
		if (!request)
			return false;
		*request = key;
		if (!tsearch(request, &trace->requests, compare_requests)) {
			free(request);
			return false;
		}
		trace->nr_requests++;
	}
	request->time_ns = record->time_ns;
	request->pid = pid;
	request->device_pid = device_pid;
	return true;
}

/* Write a request as a slice, from its report to this response. */
static void put_response(struct trace *trace, const struct snoop_event *event, struct place place,
			 __u32 device_pid)
{
	const struct args_fault_response *response = (const void *)event->record->args;
	const __u64 end_ns = event->record->time_ns;
	struct request key = request_of(event->record), **found, *request;
	__u64 ns = response->ns <= end_ns ? response->ns : 0;

	found = tfind(&key, &trace->requests, compare_requests);
	if (found) {
		request = *found;
		if (!ns && request->time_ns < end_ns)
			ns = end_ns - request->time_ns;
		tdelete(&key, &trace->requests, compare_requests);
		free(request);
		trace->nr_requests--;
	}
	put_instant(trace, &place, "t", end_ns, event);
	place.tid = place.pid;
	place.name = "page request";
	place.category = "fault";
	put_async(trace, &place, end_ns - ns, ns, event);
	if (!device_pid)
		return;
	place.pid = place.tid = device_pid;
	put_async(trace, &place, end_ns - ns, ns, event);
}

/* ---- events ---- */

static void put_device_event(struct trace *trace, struct place place, __u32 device_pid, __u64 ns,
			     const struct snoop_event *event)
{
	place.pid = place.tid = device_pid;
	place.category = "device";
	if (ns)
		put_async(trace, &place, event->record->time_ns - ns, ns, event);
	else
		put_instant(trace, &place, "p", event->record->time_ns, event);
}

static const char *category_of(const struct event_record *record)
{
	if (is_in(record, FAULT_EVENTS | BIT(fault_response)))
		return "fault";
	if (is_in(record, ACCESS_EVENTS))
		return "access";
	if (is_in(record, PIN_EVENTS))
		return "pin";
	return "call";
}

static void put_event(struct trace *trace, const struct snoop_event *event, struct place place,
		      struct trace_track *track, __u32 device_pid)
{
	const struct event_record *record = event->record;
	struct event_subject subject;
	__u64 ns;

	event__subject(record, &subject);
	/* A damaged recording may have any number there. */
	ns = subject.latency_ns <= record->time_ns ? subject.latency_ns : 0;
	if (record->event == EVENT_fault_response) {
		put_response(trace, event, place, device_pid);
		return;
	}
	if (record->event == EVENT_fault_report &&
	    keep_request(trace, record, place.pid, device_pid))
		return;
	if (!ns)
		put_instant(trace, &place, is_in(record, FAULT_EVENTS) ? "p" : "t", record->time_ns,
			    event);
	else if (is_in(record, ACCESS_EVENTS | PIN_EVENTS))
		put_async(trace, &place, record->time_ns - ns, ns, event);
	else
		put_call(trace, track, &place, ns, event);
	if (device_pid && is_in(record, DEVICE_EVENTS | BIT(fault_report)))
		put_device_event(trace, place, device_pid, ns, event);
	count_pages(trace, record, place.pid);
}

static void take_event(struct renderer *renderer, const struct snoop_event *event)
{
	struct trace *trace = (struct trace *)renderer;
	const struct event_record *record = event->record;
	const struct args_caller *caller = (const void *)record->args;
	char buffer[ERRNAME_MAX], name[64];
	const __u64 *ret = event__arg(record, EVENT_ROLE_ret);
	struct event_subject subject;
	struct trace_device *device;
	struct trace_track *track;
	struct place place = { .category = category_of(record), .name = name };

	event__subject(record, &subject);
	place.failed = subject.ret;
	place.pid = (__u32)caller->tgid == EVENT_NONE ? TRACE_NO_PROCESS : caller->tgid;
	place.tid = record->tid;
	if (place.tid == EVENT_NONE || is_in(record, FAULT_EVENTS))
		place.tid = place.pid;
	snprintf(name, sizeof(name), "%s%s%s", event__short_name(record->event),
		 ret && subject.ret ? " " : "",
		 ret && subject.ret ? errname(-(__s64)(__s32)*ret, buffer) : "");
	track = trace_track__get(&trace->tracks, &trace->json, place.pid, place.pid, event);
	if (track && place.tid != place.pid)
		track = trace_track__get(&trace->tracks, &trace->json, place.pid, place.tid, event);
	if (!track)
		return;
	device = trace_track__device(&trace->tracks, &trace->json, record);
	put_event(trace, event, place, track, device ? device->pid : 0);
}

static void take_lost(struct renderer *renderer, const struct recording_lost *lost)
{
	struct trace *trace = (struct trace *)renderer;
	struct place place = { TRACE_NO_PROCESS, TRACE_NO_PROCESS, "lost", "lost events", true };

	trace_track__name_none(&trace->tracks, &trace->json);
	begin(trace, &place, "i", lost->time_ns);
	json__string(&trace->json, "s", "g");
	json__object(&trace->json, "args");
	json__u64(&trace->json, "count", lost->count);
	json__end(&trace->json);
	json__end(&trace->json);
}

/* ---- the file ---- */

static void start(struct renderer *renderer)
{
	struct trace *trace = (struct trace *)renderer;
	const struct run *run = trace->format->run;
	struct json *json = &trace->json;

	json__object(json, NULL);
	json__string(json, "displayTimeUnit", "ns");
	json__object(json, "otherData");
	json__string(json, "tool", "iosnoop " IOMMUSCOPE_VERSION);
	json__string(json, "kernel", run->kernel);
	json__u64(json, "start_ns", run->start_ns);
	json__u64(json, "realtime_ns", run->start_ns + run->wall_offset_ns);
	json__end(json);
	json__array(json, "traceEvents");
}

static void visit_unanswered(const void *node, VISIT which, void *closure)
{
	if (which == postorder || which == leaf)
		put_unanswered(closure, *(struct request *const *)node);
}

static void end(struct renderer *renderer, __u64 now_ns, const struct run_result *result)
{
	struct trace *trace = (struct trace *)renderer;

	(void)now_ns;
	(void)result;
	twalk_r(trace->requests, visit_unanswered, trace);
	json__newline(&trace->json);
	json__end(&trace->json);
	json__end(&trace->json);
	json__line(&trace->json);
	trace->has_ended = true;
}

static int flush(struct renderer *renderer)
{
	struct trace *trace = (struct trace *)renderer;
	char name[ERRNAME_MAX];

	if (trace->has_ended) {
		trace->has_ended = false;
		return outfile__publish(&trace->out);
	}
	if (!ferror(trace->out.file))
		return 0;
	msg("cannot write %s: %s", trace->out.name, errname(errno ? errno : EIO, name));
	return -EIO;
}

static void free_trace(struct renderer *renderer)
{
	struct trace *trace = (struct trace *)renderer;

	outfile__close(&trace->out);
	trace_track__close(&trace->tracks);
	tdestroy(trace->requests, free);
	free(trace);
}

struct renderer *trace__new(const struct format *format, const char *path, bool force)
{
	struct trace *trace = calloc(1, sizeof(*trace));

	if (!trace) {
		msg("not enough memory");
		return NULL;
	}
	trace->renderer = (struct renderer){
		.start = start,
		.event = take_event,
		.lost = take_lost,
		.end = end,
		.flush = flush,
		.free = free_trace,
	};
	trace->format = format;
	if (outfile__open(&trace->out, path, 0600, force ? OUTFILE_REPLACE : OUTFILE_KEEP)) {
		free(trace);
		return NULL;
	}
	setvbuf(trace->out.file, NULL, _IOFBF, 1 << 18);
	json__init(&trace->json, trace->out.file);
	return &trace->renderer;
}
