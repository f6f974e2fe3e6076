// SPDX-License-Identifier: GPL-2.0-only
/*
 * The source of --replay: a recording, read as fast as possible. Filters, -e and -n choose among
 * the recorded events, and the others count as filtered. Times and losses are those of the
 * recording. An incomplete file is shown as far as it goes, and is an error.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cgroup.h"
#include "device_name.h"
#include "filter.h"
#include "msg.h"
#include "policy_name.h"
#include "process.h"
#include "source/source.h"
#include "when.h"

struct replay {
	const struct run_request *request;
	struct recording *recording;
	struct sink *sink;
	struct run_result *result;
	__u64 next_report_ns;
	__u64 last_ns; /* time of the last event or loss, then of the end */
	bool has_stacks;
	bool has_threads;
	bool has_names; /* of devices */
	bool has_match; /* an event is of the process, context and device of the filter */
	/* The request's, in the times of the recording; 0: no limit. */
	__u64 since_ns;
	__u64 until_ns;
	__u64 end_ns; /* of the last record read so far */
	bool is_covered; /* something was recorded between since and until */
	__u32 source; /* of the segment */
	bool has_why; /* the explanation of the next event */
	struct why_full why;
	struct why_source explainer; /* for a recording without explanations */
};

/* Conditions on the objects of an event. If no event passes, the user may have mistyped one. */
#define ON_SUBJECT \
	(EVENT_FILTER_TGID | EVENT_FILTER_CTX | EVENT_FILTER_IOAS | EVENT_FILTER_DEVICE | \
	 EVENT_FILTER_PASID | EVENT_FILTER_THREAD | EVENT_FILTER_MACHINE)

static bool has_subject(const struct replay *replay, const struct event_record *record)
{
	struct iommufd_filter filter = replay->request->filter;

	filter.use &= ON_SUBJECT;
	return filter__matches(&filter, record);
}

static bool is_wanted(const struct replay *replay, const struct event_record *record)
{
	const struct run_request *request = replay->request;

	if (!(request->events & EVENT_MASK(record->event)) && request->events_chosen)
		return false;
	return filter__matches(&request->filter, record);
}

/* Make the reports that are due before this time. */
static void report_until(struct replay *replay, __u64 time_ns)
{
	const __u64 interval_ns = replay->request->interval_ns;

	while (interval_ns && time_ns >= replay->next_report_ns && !process__signalled()) {
		replay->sink->report(replay->sink, replay->next_report_ns);
		replay->next_report_ns += interval_ns;
		/* Skip the reports of intervals without events, and keep the rhythm. */
		if (time_ns > replay->next_report_ns + interval_ns)
			replay->next_report_ns +=
				(time_ns - replay->next_report_ns) / interval_ns * interval_ns;
	}
}

static void take_event(struct replay *replay, const struct event_record *record)
{
	struct run_result *result = replay->result;

	result->counters.seen++;
	replay->has_threads |= !!event__thread(record);
	history__note(&replay->explainer.history, record);
	if (!replay->has_match)
		replay->has_match = has_subject(replay, record);
	if (record->time_ns < replay->since_ns || !is_wanted(replay, record)) {
		result->counters.filtered++;
		return;
	}
	result->counters.submitted++;
	if (replay->request->max_events && result->shown >= replay->request->max_events)
		return;
	report_until(replay, record->time_ns);
	replay->has_stacks |= !!event__stack(record);
	replay->last_ns = record->time_ns;
	if (!replay->has_why)
		replay->has_why = why__explain(&replay->explainer, record, &replay->why);
	replay->sink->event(replay->sink, record, replay->has_why ? &replay->why : NULL);
	result->shown++;
	if (result->shown == replay->request->max_events)
		result->reason = STOP_COUNT;
}

/* Note the name of a device in a snapshot. */
static void take_device(struct replay *replay, const struct recording_item *item)
{
	struct iommufd_object_info object = {};

	replay->has_names = true;
	if (item->state->kind != RECORDING_STATE_OBJECT)
		return;
	memcpy(&object, item->state->data,
	       item->state_size < sizeof(object) ? item->state_size : sizeof(object));
	if (object.type == IOMMUFD_INFO_DEVICE && object.sbdf == EVENT_NONE)
		device_name__add(object.ctx, object.id, object.name, sizeof(object.name));
}

/*
 * A source that shows less than our driver is named. Its contexts have numbers of their own, so
 * those of another source are others.
 */
static void tell_source(__u32 source)
{
	if (source == DRIVER_UPSTREAM)
		msg("recorded on the kernel's own iommufd (source upstream)");
	else if (source == DRIVER_TYPE1)
		msg("recorded without iommufd: VFIO type1 and hardware faults only (source type1)");
}

static void change_source(struct replay *replay, __u32 source)
{
	if (source == replay->source)
		return;
	msg("from here on the recording has another source (%s, before: %s), whose context "
	    "numbers stand for other contexts",
	    source ? driver__name(source) : "unknown",
	    replay->source ? driver__name(replay->source) : "unknown");
	replay->source = source;
}

static void take_item(struct replay *replay, const struct recording_item *item)
{
	struct run_result *result = replay->result;

	switch (item->type) {
	case RECORDING_EVENT:
		take_event(replay, item->event);
		replay->has_why = false;
		break;
	case RECORDING_SEGMENT:
		/* Events between the two segments are not known. */
		replay->explainer.is_partial = true;
		change_source(replay, item->segment->source);
		break;
	case RECORDING_WHY:
		replay->why = *item->why;
		replay->has_why = true;
		break;
	case RECORDING_SYMBOL:
		replay->sink->symbol(replay->sink, item->symbol, item->symbol_name);
		break;
	case RECORDING_POLICY:
		policy_name__add(item->policy->id, item->policy->name, item->policy_size);
		break;
	case RECORDING_DEVICE:
		replay->has_names = true;
		device_name__add(item->device->ctx, item->device->id, item->device->name,
				 item->device_size);
		break;
	case RECORDING_CGROUP:
		cgroup__add(item->cgroup->id, item->cgroup->path, item->cgroup_size);
		break;
	case RECORDING_STATE:
		take_device(replay, item);
		replay->sink->state(replay->sink, item->state->time_ns, item->state->kind,
				    item->state->data, item->state_size);
		break;
	case RECORDING_LOST:
		if (item->lost->time_ns < replay->since_ns)
			break;
		result->counters.seen += item->lost->count;
		result->counters.lost += item->lost->count;
		replay->last_ns = item->lost->time_ns;
		replay->explainer.is_partial = true;
		replay->sink->lost(replay->sink, item->lost);
		break;
	default:
		break;
	}
}

/* While the recording is a pipe without data, show the events so far, and check for the end. */
static int on_idle(void *ctx)
{
	struct replay *replay = ctx;
	int err = replay->sink->flush(replay->sink);

	if (err)
		replay->result->reason = err == -EPIPE ? STOP_OUTPUT : STOP_ERROR;
	else if (process__signalled())
		replay->result->reason = STOP_SIGNAL;
	return replay->result->reason ? -ECANCELED : 0;
}

/* The time of an item; 0 if it has none. */
static __u64 item_ns(const struct recording_item *item)
{
	switch (item->type) {
	case RECORDING_EVENT:
		return item->event->time_ns;
	case RECORDING_STATE:
		return item->state->time_ns;
	case RECORDING_LOST:
		return item->lost->time_ns;
	case RECORDING_END:
		return item->end->time_ns;
	case RECORDING_SEGMENT:
		return item->segment->start_ns;
	default:
		return 0;
	}
}

/* Note that the span from one item to the next was recorded, unless it is a gap. */
static void note_time(struct replay *replay, const struct recording_item *item)
{
	const __u64 time_ns = item_ns(item);
	const __u64 last_ns = item->type == RECORDING_SEGMENT ? item->segment->end_ns : time_ns;

	if (!time_ns)
		return;
	if (last_ns >= replay->since_ns &&
	    (!replay->until_ns || replay->end_ns <= replay->until_ns))
		replay->is_covered = true;
	replay->end_ns = time_ns;
}

/* Deliver items until the recording or the request ends. */
static int read_items(struct replay *replay)
{
	struct run_result *result = replay->result;
	struct recording_item item;
	__u64 end_ns = ~0ULL;
	int got;

	if (replay->request->duration_ns)
		end_ns = replay->last_ns + replay->request->duration_ns;
	while (!result->reason) {
		got = recording__next(replay->recording, &item);
		if (result->reason) /* set by on_idle() */
			break;
		if (got <= 0) {
			result->reason = got ? STOP_FILE : STOP_NOT;
			return got;
		}
		note_time(replay, &item);
		if (replay->until_ns && item_ns(&item) > replay->until_ns) {
			replay->last_ns = replay->until_ns;
			result->reason = STOP_DURATION;
			break;
		}
		if (item.type == RECORDING_END) {
			if (item.end->time_ns > replay->last_ns)
				replay->last_ns = item.end->time_ns;
			result->reason = STOP_SIGNAL;
			if (item.end->reason > STOP_NOT && item.end->reason < NR_STOP_REASONS)
				result->reason = item.end->reason;
			break;
		}
		if (item.type == RECORDING_EVENT && item.event->time_ns > end_ns)
			result->reason = STOP_DURATION;
		else
			take_item(replay, &item);
		if (process__signalled())
			result->reason = STOP_SIGNAL;
	}
	return 0;
}

/* Report the parts that the recording lacks. */
static void explain_gaps(const struct replay *replay)
{
	const struct run_request *request = replay->request;
	__u64 unknown = recording__unknown(replay->recording);

	if (request->stacks && replay->result->shown && !replay->has_stacks)
		msg("this recording has no stacks; use --stacks with --record to record them");
	if (request->filter.use & FILTER_ON_THREAD && !replay->has_threads)
		msg("this recording has no users and cgroups, because an older iosnoop made it");
	if (iommufd_filter__has_name(&request->filter) && !replay->has_names)
		msg("this recording has no names of devices, because an older iosnoop made it");
	if (unknown)
		msg("left out %llu event%s of kinds that this iosnoop does not know", unknown,
		    unknown == 1 ? "" : "s");
}

/* Convert the request's moments to times of the recording. */
static void set_limits(struct replay *replay)
{
	const struct recording_header *header = recording__header(replay->recording);
	const struct run_request *request = replay->request;

	/* A moment before the machine started is before all events. */
	if (request->since_ns && (__s64)request->since_ns > header->wall_offset_ns)
		replay->since_ns = request->since_ns - header->wall_offset_ns;
	if (request->until_ns)
		replay->until_ns = (__s64)request->until_ns > header->wall_offset_ns ?
					   request->until_ns - header->wall_offset_ns :
					   1;
	if (replay->since_ns > replay->last_ns)
		replay->last_ns = replay->since_ns;
	replay->next_report_ns = replay->last_ns + request->interval_ns;
}

/* Refuse a span in which nothing was recorded. */
static int check_span(const struct replay *replay)
{
	const struct recording_header *header = recording__header(replay->recording);
	char from[WHEN_MAX], to[WHEN_MAX];

	if ((!replay->since_ns && !replay->until_ns) || replay->is_covered)
		return 0;
	when__text(from, header->start_ns + header->wall_offset_ns);
	when__text(to, replay->end_ns + header->wall_offset_ns);
	msg("nothing was recorded then; the part that was read begins at %s and ends at %s", from,
	    to);
	return -ENOENT;
}

static int check_match(const struct replay *replay)
{
	if (!(replay->request->filter.use & ON_SUBJECT) || replay->has_match ||
	    process__signalled() || replay->result->reason == STOP_OUTPUT)
		return 0;
	msg("the recording has no event of the process, context or device in the filter");
	return -ENOENT;
}

int replay__run(struct recording *recording, struct sink *sink, const struct run_request *request,
		struct run_result *result)
{
	const __u64 start_ns = recording__header(recording)->start_ns;
	struct replay replay = {
		.request = request,
		.recording = recording,
		.sink = sink,
		.result = result,
		.last_ns = start_ns,
		.end_ns = start_ns,
		.source = recording__header(recording)->source,
	};
	int err, flush_err;

	err = history__open(&replay.explainer.history, -1, start_ns);
	if (err)
		return err;
	replay.explainer.is_partial =
		!(recording__events(recording) & EVENT_MASK(EVENT_ioas_unmap)) ||
		recording__header(recording)->filter.use;
	set_limits(&replay);
	tell_source(replay.source);
	process__catch_signals();
	recording__set_idle(recording, on_idle, &replay);
	err = sink->start(sink, recording__events(recording) &
					(request->events_chosen ? request->events : ~0ULL));
	if (err)
		goto close;
	err = read_items(&replay);
	report_until(&replay, replay.last_ns);
	if (result->reason != STOP_OUTPUT)
		sink->end(sink, replay.last_ns, result);
	explain_gaps(&replay);
	if (!err)
		err = check_span(&replay);
	if (!err)
		err = check_match(&replay);
	flush_err = sink->flush(sink);
	if (!err && flush_err != -EPIPE)
		err = flush_err;
close:
	history__close(&replay.explainer.history);
	return err;
}
