// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording of iosnoop as a source. Each refresh applies one interval of the recording's time.
 *
 * recorded.c keeps the contexts and objects.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "event.h"
#include "policy_name.h"
#include "recording.h"
#include "source/recorded.h"
#include "source/sources.h"

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
};

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
		if (item.type == RECORDING_WHY) {
			replay->why = *item.why;
			replay->has_why = true;
		}
		if (item.type == RECORDING_LOST)
			replay->lost += item.lost->count;
		if (item.type != RECORDING_STATE)
			continue;
		done = recorded__take_state(&replay->recorded, item.state, item.state_size);
		replay->has_snapshot = done > 0;
		if (done)
			return done;
	}
	return got;
}

/* The time of what was read and not applied yet. */
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

static int replay_refresh(struct source *source, struct model *model)
{
	struct replay *replay = (struct replay *)source;
	struct state *state = model->state;
	__u64 end_ns = replay->time_ns + replay->interval_ns;
	int err = 0;

	while (replay->has_next || replay->has_snapshot || (err = read_next(replay)) > 0) {
		if (next_ns(replay) > end_ns)
			break;
		if (replay->has_snapshot) {
			recorded__apply_snapshot(&replay->recorded);
			replay->has_snapshot = false;
			continue;
		}
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
	if (!replay->has_next && !replay->has_snapshot && err < 0)
		return err;
	model->ended = !replay->has_next && !replay->has_snapshot;
	if (replay->recorded.state_ns)
		model->missing[0] = '\0';
	model->time_ns = replay->time_ns = end_ns;
	model->wall_offset_ns = recording__header(replay->recording)->wall_offset_ns;
	state->has_counts = state->has_state = true;
	state->losses[LOSS_LINES] = replay->lost;
	state->why.is_partial |= replay->lost;
	return recorded__copy(&replay->recorded, state);
}

/* Events with a loss or a filter may lack unmaps, so a fault may have been mapped before. */
static int open_why(const struct replay *replay, struct model *model)
{
	struct why_source *why = &model->state->why;

	why->is_partial = !(recording__events(replay->recording) & EVENT_MASK(EVENT_ioas_unmap)) ||
			  recording__header(replay->recording)->filter.use;
	return history__open(&why->history, -1, recording__header(replay->recording)->start_ns);
}

static void replay_close(struct source *source)
{
	struct replay *replay = (struct replay *)source;

	recording__close(replay->recording);
	recorded__close(&replay->recorded);
	free(replay->next);
	free(replay);
}

int replay__open(struct source **source, struct model *model, const struct source_options *options)
{
	struct replay *replay = calloc(1, sizeof(*replay));
	const struct recording_header *header;
	int err;

	if (!replay)
		return model__no_memory();
	replay->recording = recording__open(options->recording);
	if (!replay->recording) {
		free(replay);
		return -EINVAL;
	}
	header = recording__header(replay->recording);
	replay->source.refresh = replay_refresh;
	replay->source.close = replay_close;
	replay->source.has_own_time = true;
	replay->interval_ns = options->interval_ns;
	replay->time_ns = header->start_ns;
	recorded__init(&replay->recorded);
	err = open_why(replay, model);
	if (!err)
		err = skip_idle(replay);
	if (err) {
		replay_close(&replay->source);
		return err;
	}
	model->source = "recording";
	model->start_ns = header->start_ns;
	model->time_ns = replay->time_ns;
	model->wall_offset_ns = header->wall_offset_ns;
	snprintf(model->note, sizeof(model->note), "recording, kernel %.64s", header->kernel);
	if (!replay->has_snapshot)
		snprintf(model->missing, sizeof(model->missing),
			 "this recording lacks what existed before it started, and limits");
	*source = &replay->source;
	return 0;
}
