// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording of iosnoop, or a folder of them, as a source. Each refresh applies one interval of
 * the recording's time. To go to another time, the recording is read again from the snapshot at the
 * beginning of the segment; a file, from its beginning.
 *
 * recorded.c keeps the contexts and objects.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "clock.h"
#include "device_name.h"
#include "event.h"
#include "msg.h"
#include "policy_name.h"
#include "recording.h"
#include "source/recorded.h"
#include "source/sources.h"
#include "when.h"

struct replay {
	struct source source;
	struct recording *recording;
	struct event_record *next; /* read, but not applied yet */
	size_t room; /* of next */
	bool has_next;
	bool has_snapshot; /* read, but not applied yet: see recorded.snapshot */
	bool has_why; /* the explanation of next */
	struct why_full why;
	__u64 interval_ns;
	__u64 time_ns; /* end of the last interval */
	__u64 lost;
	struct recorded recorded;
	const char *path;
	bool may_be_cut;
	__u64 read_ns; /* time of the last item */
	struct recording_segment gap; /* the last one; end_ns is 0 if there was none */
	bool has_end; /* the end was read */
	__u32 source_read; /* enum driver_kind, of what was read last */
	__u32 source_shown; /* in the note */
};

#define WITHOUT_SNAPSHOT "this recording lacks the objects from before its start, and limits"

/* Intervals before the time that is asked for, for histories and rates. */
#define INTERVALS_BEFORE 240

/* The time between two snapshots: nothing may be written in that time. */
#define SNAPSHOT_NS (60 * NS_PER_SEC)

/* ---- reading ---- */

static int keep_event(struct replay *replay, const struct recording_item *item)
{
	void *next;

	if (item->event_size > replay->room) {
		next = realloc(replay->next, item->event_size);
		if (!next)
			return model__no_memory();
		replay->next = next;
		replay->room = item->event_size;
	}
	memcpy(replay->next, item->event, item->event_size);
	replay->read_ns = item->event->time_ns;
	replay->has_next = true;
	return 1;
}

/* Read on to the next event or snapshot. Returns 1, 0 at the end, or -errno after a message. */
static int read_next(struct replay *replay)
{
	struct recording_item item;
	int got, done;

	while ((got = recording__next(replay->recording, &item)) > 0) {
		if (item.type == RECORDING_EVENT)
			return keep_event(replay, &item);
		if (item.type == RECORDING_POLICY)
			policy_name__add(item.policy->id, item.policy->name, item.policy_size);
		if (item.type == RECORDING_CGROUP)
			cgroup__add(item.cgroup->id, item.cgroup->path, item.cgroup_size);
		if (item.type == RECORDING_DEVICE)
			device_name__add(item.device->ctx, item.device->id, item.device->name,
					 item.device_size);
		if (item.type == RECORDING_WHY) {
			replay->why = *item.why;
			replay->has_why = true;
		}
		if (item.type == RECORDING_LOST)
			replay->lost += item.lost->count;
		if (item.type == RECORDING_SEGMENT) {
			replay->gap = *item.segment;
			replay->source_read = item.segment->source;
		}
		if (item.type == RECORDING_END) {
			replay->has_end = true;
			if (item.end->time_ns > replay->read_ns)
				replay->read_ns = item.end->time_ns;
		}
		if (item.type != RECORDING_STATE)
			continue;
		replay->read_ns = item.state->time_ns;
		done = recorded__take_state(&replay->recorded, item.state, item.state_size);
		replay->has_snapshot = done > 0;
		if (done)
			return done;
	}
	return got;
}

/* The time of the event or snapshot that was read and not applied yet. */
static __u64 next_ns(const struct replay *replay)
{
	return replay->has_snapshot ? replay->recorded.snapshot.time_ns : replay->next->time_ns;
}

/* Skip the intervals before the first event, so that a replay does not begin with empty samples. */
static int skip_idle(struct replay *replay)
{
	int err = read_next(replay);

	if (err > 0 && next_ns(replay) > replay->time_ns)
		replay->time_ns += (next_ns(replay) - 1 - replay->time_ns) / replay->interval_ns *
				   replay->interval_ns;
	return err < 0 ? err : 0;
}

/* The calls of a context count until its close, so let the filter see it with all that it had. */
static int note_end(struct replay *replay, struct model *model)
{
	const struct args_caller *caller = (const void *)replay->next->args;
	int err;

	if (!model->state->filter.use ||
	    (replay->next->event != EVENT_ctx_close && replay->next->event != EVENT_device_unbind))
		return 0;
	err = recorded__copy(&replay->recorded, model->state);
	if (!err)
		model__wants_calls(model, caller->ctx, false);
	return err;
}

/* Apply events and snapshots until a time. Returns 0, or -errno after a message. */
static int apply_until(struct replay *replay, struct model *model, __u64 end_ns)
{
	struct state *state = model->state;
	int err = 0;

	while (replay->has_next || replay->has_snapshot || (err = read_next(replay)) > 0) {
		if (next_ns(replay) > end_ns)
			break;
		if (replay->has_snapshot) {
			recorded__apply_snapshot(&replay->recorded);
			replay->has_snapshot = false;
			continue;
		}
		err = note_end(replay, model);
		if (err)
			return err;
		recorded__apply(&replay->recorded, model, replay->next);
		history__note(&state->why.history, replay->next);
		state->why.has_objects = replay->recorded.state_ns;
		/* The line of a fault needs the names as they are now. */
		if (replay->next->event >= EVENT_fault_report) {
			err = recorded__copy(&replay->recorded, state);
			if (err)
				return err;
			model__add_event(model, replay->next,
					 replay->has_why ? &replay->why : NULL);
		}
		replay->has_next = replay->has_why = false;
	}
	if (replay->has_next || replay->has_snapshot || (err == -ENODATA && replay->may_be_cut))
		return 0;
	return err;
}

static void put_note(struct replay *replay, struct model *model)
{
	const struct recording_header *header = recording__header(replay->recording);
	const __u32 driver = replay->source_read;

	snprintf(model->note, sizeof(model->note), "recording, kernel %.64s%s%s", header->kernel,
		 driver ? ", source " : "", driver ? driver__name(driver) : "");
	replay->source_shown = driver;
}

static int replay_refresh(struct source *source, struct model *model)
{
	struct replay *replay = (struct replay *)source;
	const struct recording_header *header = recording__header(replay->recording);
	struct state *state = model->state;
	__u64 end_ns = replay->time_ns + replay->interval_ns;
	int err;

	err = apply_until(replay, model, end_ns);
	if (err)
		return err;
	model->ended = !replay->has_next && !replay->has_snapshot;
	if (replay->source_read != replay->source_shown)
		put_note(replay, model);
	if (replay->recorded.state_ns)
		model->missing[0] = '\0';
	model->time_ns = replay->time_ns = end_ns;
	model->wall_offset_ns = header->wall_offset_ns;
	state->has_counts = state->has_state = true;
	state->losses[LOSS_LINES] = replay->lost;
	state->losses[LOSS_CUT] = replay->recorded.is_cut;
	state->why.is_partial |= replay->lost || replay->gap.end_ns;
	err = recorded__copy(&replay->recorded, state);
	if (!err)
		recorded__sum_sizes(&replay->recorded, model);
	return err;
}

/* With a filter, a loss or a gap, unmaps may be missing: an address may have been mapped before. */
static int open_why(const struct replay *replay, struct model *model)
{
	struct why_source *why = &model->state->why;

	why->is_partial = !(recording__events(replay->recording) & EVENT_MASK(EVENT_ioas_unmap)) ||
			  recording__header(replay->recording)->filter.use;
	return history__open(&why->history, -1, recording__header(replay->recording)->start_ns);
}

/* ---- time ---- */

static int open_recording(struct replay *replay, struct model *model, __u64 time_ns)
{
	const struct recording_header *header;

	replay->recording = recording__open_at(replay->path, time_ns);
	if (!replay->recording)
		return -EINVAL;
	header = recording__header(replay->recording);
	recorded__init(&replay->recorded);
	replay->time_ns = replay->read_ns = header->start_ns;
	replay->gap = (struct recording_segment){};
	replay->has_next = replay->has_why = replay->has_snapshot = replay->has_end = false;
	replay->lost = 0;
	model->source = "recording";
	model->start_ns = model->time_ns = header->start_ns;
	model->wall_offset_ns = header->wall_offset_ns;
	replay->source_read = header->source;
	put_note(replay, model);
	return open_why(replay, model);
}

static void close_recording(struct replay *replay)
{
	recording__close(replay->recording);
	replay->recording = NULL;
	recorded__close(&replay->recorded);
	replay->recorded = (struct recorded){};
}

/* There is a moment before the first sample of the histories, as for a live source. */
static int begin_histories(struct replay *replay, struct model *model, __u64 time_ns)
{
	__u64 begin_ns = time_ns > replay->interval_ns ? time_ns - replay->interval_ns : 0;
	int err;

	err = apply_until(replay, model, begin_ns);
	replay->time_ns = begin_ns;
	if (err)
		return err;
	model__begin(model);
	err = replay_refresh(&replay->source, model);
	if (!err)
		err = model__update(model);
	model__forget_histories(model);
	return err;
}

static int replay_seek(struct source *source, struct model *model, __u64 time_ns)
{
	struct replay *replay = (struct replay *)source;
	const struct recording_header *header;
	char wanted[WHEN_MAX], start[WHEN_MAX];
	__u64 target, before;
	int err;

	if (!strcmp(replay->path, "-")) {
		msg("standard input cannot be read again; give the name of the recording");
		return -ESPIPE;
	}
	close_recording(replay);
	err = model__reset(model);
	if (!err)
		err = open_recording(replay, model, time_ns);
	if (err)
		return err;
	header = recording__header(replay->recording);
	if (time_ns < header->start_ns + header->wall_offset_ns) {
		msg("%s has no recording of %s: it begins at %s", replay->path,
		    when__text(wanted, time_ns),
		    when__text(start, header->start_ns + header->wall_offset_ns));
		return -ENOENT;
	}
	target = time_ns - header->wall_offset_ns;
	before = (target - header->start_ns) / replay->interval_ns;
	if (before > INTERVALS_BEFORE)
		before = INTERVALS_BEFORE;
	err = begin_histories(replay, model, target - before * replay->interval_ns);
	if (!err && !replay->recorded.state_ns)
		snprintf(model->missing, sizeof(model->missing), "%s", WITHOUT_SNAPSHOT);
	return err;
}

static int replay_check(struct source *source, __u64 time_ns)
{
	struct replay *replay = (struct replay *)source;
	__s64 offset = recording__header(replay->recording)->wall_offset_ns;
	const struct recording_segment *gap = &replay->gap;
	char wanted[WHEN_MAX], end[WHEN_MAX], start[WHEN_MAX];
	__u64 target = time_ns - offset;

	when__text(wanted, time_ns);
	if (gap->end_ns && target < gap->start_ns &&
	    target > gap->end_ns + (gap->is_cut ? SNAPSHOT_NS : 0)) {
		msg("%s has no recording of %s: it stops at %s and goes on at %s", replay->path,
		    wanted, when__text(end, gap->end_ns + offset),
		    when__text(start, gap->start_ns + offset));
		return -ENOENT;
	}
	if (!replay->has_next && !replay->has_snapshot && target > replay->read_ns + SNAPSHOT_NS) {
		msg("%s has no recording of %s: it ends at %s", replay->path, wanted,
		    when__text(end, replay->read_ns + offset));
		return -ENOENT;
	}
	return 0;
}

static __u64 replay_end_ns(const struct source *source)
{
	const struct replay *replay = (const struct replay *)source;

	return replay->read_ns + recording__header(replay->recording)->wall_offset_ns;
}

static void replay_close(struct source *source)
{
	struct replay *replay = (struct replay *)source;

	close_recording(replay);
	free(replay->next);
	free(replay);
}

int replay__open(struct source **source, struct model *model, const struct source_options *options)
{
	struct replay *replay = calloc(1, sizeof(*replay));
	int err;

	if (!replay)
		return model__no_memory();
	replay->source.refresh = replay_refresh;
	replay->source.seek = replay_seek;
	replay->source.check = replay_check;
	replay->source.end_ns = replay_end_ns;
	replay->source.close = replay_close;
	replay->source.has_own_time = true;
	replay->interval_ns = options->interval_ns;
	replay->path = options->recording;
	replay->may_be_cut = options->may_be_cut;
	err = open_recording(replay, model, options->at_ns);
	if (!err && !options->at_ns)
		err = skip_idle(replay);
	if (err) {
		replay_close(&replay->source);
		return err;
	}
	model->time_ns = replay->time_ns;
	if (!replay->has_snapshot && !options->at_ns)
		snprintf(model->missing, sizeof(model->missing), "%s", WITHOUT_SNAPSHOT);
	*source = &replay->source;
	return 0;
}
