// SPDX-License-Identifier: GPL-2.0-only
/*
 * The source of --replay: a recording, as fast as it can be read. Filters, -e and -n choose anew
 * from what was recorded; what they leave out counts as filtered. Times, the clock of the day and
 * losses are the recording's. A file that breaks off is shown as far as it goes, and is a failure.
 */
#include <errno.h>
#include <stdio.h>

#include "iosnoop.h"
#include "msg.h"
#include "process.h"

struct replay {
	const struct options *options;
	struct recording *recording;
	struct output *output;
	struct stream_result *result;
	__u64 next_report_ns;
	bool has_stacks;
};

static bool is_wanted(const struct replay *replay, const struct event_record *record)
{
	const struct options *options = replay->options;

	if (!(options->events & EVENT_MASK(record->event)) && options->events_chosen)
		return false;
	return filter__matches(&options->filter, record);
}

/* Reports whose time came before this event. */
static void report_until(struct replay *replay, __u64 time_ns)
{
	const __u64 interval_ns = replay->options->interval_ns;

	while (interval_ns && time_ns >= replay->next_report_ns && !process__signalled()) {
		output__report(replay->output, replay->next_report_ns);
		replay->next_report_ns += interval_ns;
		/* Silence has no reports; those after it are where they would have been. */
		if (time_ns > replay->next_report_ns + interval_ns)
			replay->next_report_ns +=
				(time_ns - replay->next_report_ns) / interval_ns * interval_ns;
	}
}

static void take_event(struct replay *replay, const struct event_record *record)
{
	struct stream_result *result = replay->result;

	result->counters.seen++;
	if (!is_wanted(replay, record)) {
		result->counters.filtered++;
		return;
	}
	result->counters.submitted++;
	if (replay->options->max_events && result->shown >= replay->options->max_events)
		return;
	report_until(replay, record->time_ns);
	replay->has_stacks |= event__stack(record) != NULL;
	output__event(replay->output, record);
	result->shown++;
	if (result->shown == replay->options->max_events)
		result->reason = STOP_COUNT;
}

static void take_item(struct replay *replay, const struct recording_item *item)
{
	struct stream_result *result = replay->result;

	switch (item->type) {
	case RECORDING_EVENT:
		take_event(replay, item->event);
		break;
	case RECORDING_SYMBOL:
		if (replay->output->symbols)
			symbols__add(replay->output->symbols, item->symbol->tgid,
				     item->symbol->address, item->symbol->offset,
				     item->symbol_name);
		break;
	case RECORDING_LOST:
		result->counters.seen += item->lost->count;
		result->counters.lost += item->lost->count;
		output__lost(replay->output, item->lost->time_ns, item->lost->count,
			     item->lost->total);
		break;
	default:
		break;
	}
}

/* What came so far is shown while nothing more comes; a signal, or nobody reading, ends it. */
static int on_idle(void *ctx)
{
	struct replay *replay = ctx;
	int err = output__flush(replay->output);

	if (err)
		replay->result->reason = err == -EPIPE ? STOP_OUTPUT : STOP_ERROR;
	else if (process__signalled())
		replay->result->reason = STOP_SIGNAL;
	return replay->result->reason ? -ECANCELED : 0;
}

int replay__run(struct recording *recording, struct output *output, const struct options *options,
		struct stream_result *result)
{
	struct replay replay = {
		options, recording, output, result, output->start_ns + options->interval_ns, false
	};
	__u64 end_ns = options->duration_ns ? output->start_ns + options->duration_ns : ~0ULL;
	struct recording_item item;
	__u64 end_time_ns = 0;
	int more, err;

	process__catch_signals();
	recording__set_idle(recording, on_idle, &replay);
	err = output__start(output, recording__events(recording) &
					    (options->events_chosen ? options->events : ~0ULL));
	if (err)
		return err;
	while (!result->reason) {
		more = recording__next(recording, &item);
		if (result->reason)
			break;
		if (more <= 0) {
			err = more;
			result->reason = more ? STOP_FILE : STOP_NOT;
			break;
		}
		if (item.type == RECORDING_END) {
			end_time_ns = item.end->time_ns;
			result->reason = STOP_SIGNAL;
			if (item.end->reason > STOP_NOT && item.end->reason <= STOP_FILE)
				result->reason = item.end->reason;
			break;
		}
		if (item.type == RECORDING_EVENT && item.event->time_ns > end_ns)
			result->reason = STOP_DURATION;
		else
			take_item(&replay, &item);
		if (process__signalled())
			result->reason = STOP_SIGNAL;
	}
	report_until(&replay, end_time_ns > output->last_ns ? end_time_ns : output->last_ns);
	if (result->reason != STOP_OUTPUT)
		output__end(output, end_time_ns > output->last_ns ? end_time_ns : output->last_ns,
			    result);
	if ((options->stacks || options->folded) && result->shown && !replay.has_stacks)
		msg("this recording has no stacks; take them with iosnoop --stacks --record FILE");
	if (options->folded && result->counters.lost)
		msg("%llu events are missing: they were lost when it was recorded",
		    result->counters.lost);
	if (recording__unknown(recording))
		msg("%llu events left out, of kinds that this iosnoop does not know",
		    recording__unknown(recording));
	more = output__flush(output);
	if (more == -EPIPE)
		return err;
	return err ? err : more;
}
