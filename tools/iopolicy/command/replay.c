// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command test with a recording: decide the requests that iosnoop has recorded.
 *
 * The recording is read twice, if it is no pipe: events of a device do not have its ids, and the
 * first snapshot that has them can come later.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "command/replay.h"
#include "model/replayed.h"
#include "msg.h"
#include "output/output.h"
#include "rules/traffic.h"

struct replay {
	const struct options *options;
	const struct rules *rules;
	const struct rules_image *image;
	struct rules_state *state;
	struct traffic *traffic;
	struct replayed replayed;
	__u64 start_ns;
	struct partial partial;
	struct partial_verdict verdict;
};

static void note_refusal(struct replay *replay, int number, bool is_audit)
{
	struct replayed_rule *rule = &replay->replayed.rules[number];
	const struct iommufd_policy_request *request = &replay->partial.request;
	const struct rules_rule *own = &replay->rules->list[number].rule;
	char reason[IOMMUFD_POLICY_REASON_LEN];
	const struct replayed_request refused = {
		.time_ns = replay->partial.world.now_ns - replay->start_ns,
		.request = request,
		.rule = rule->name,
		.ret = -(int)own->error,
		.is_audit = is_audit,
		.reason = reason,
	};

	rules__reason(own, request, reason);
	if (!rule->denied && !rule->audited) {
		rule->time_ns = refused.time_ns;
		rule->tgid = request->tgid;
		memcpy(rule->comm, request->comm, sizeof(rule->comm));
		memcpy(rule->reason, reason, sizeof(rule->reason));
	}
	if (is_audit)
		rule->audited++;
	else
		rule->denied++;
	if (replay->options->all)
		output__choose(replay->options->json)->replayed_request(&refused);
}

static void decide(struct replay *replay)
{
	struct partial_verdict *verdict = &replay->verdict;
	struct replayed *replayed = &replay->replayed;
	unsigned int i;

	replayed->requests[replay->partial.request.hook]++;
	replayed->nr_requests++;
	replayed->has_totals |= traffic__has_totals(replay->traffic);
	partial__decide(replay->rules, replay->image, &replay->partial, replay->state, verdict);
	for (i = 0; i < verdict->nr_unknown; i++) {
		replayed->rules[verdict->unknown[i].rule].unknown++;
		replayed->rules[verdict->unknown[i].rule].missing |= verdict->unknown[i].missing;
	}
	for (i = 0; i < verdict->nr_audited; i++)
		note_refusal(replay, verdict->audited[i], true);
	if (verdict->ret) {
		replayed->denied++;
		note_refusal(replay, verdict->decided_by, false);
		return;
	}
	if (verdict->decided_by >= 0)
		replayed->rules[verdict->decided_by].allowed++;
	replayed->uncertain += verdict->nr_unknown > 0;
}

static void take(struct replay *replay, const struct recording_item *item)
{
	switch (item->type) {
	case RECORDING_EVENT:
		switch (traffic__request(replay->traffic, item->event, &replay->partial)) {
		case TRAFFIC_REQUEST:
			decide(replay);
			break;
		case TRAFFIC_FAILED:
			replay->replayed.failed++;
			break;
		case TRAFFIC_OTHER:
			break;
		}
		break;
	case RECORDING_LOST:
		replay->replayed.lost += item->lost->count;
		traffic__note(replay->traffic, item);
		break;
	case RECORDING_END:
		replay->replayed.is_cut = false;
		break;
	default:
		traffic__note(replay->traffic, item);
	}
}

/* Read all of it: learn, or decide. Return 0, or -errno after a message. */
static int pass(struct replay *replay, bool is_first)
{
	struct recording *recording = recording__open(replay->options->replay);
	struct recording_item item;
	int got;

	if (!recording)
		return -EIO;
	if (!replay->traffic)
		replay->traffic = traffic__new(recording__events(recording));
	if (!replay->traffic) {
		recording__close(recording);
		return -ENOMEM;
	}
	replay->replayed.hooks = traffic__hooks(recording__events(recording));
	replay->start_ns = recording__header(recording)->start_ns;
	/* The second pass tells about errors. */
	msg__hold(is_first);
	while ((got = recording__next(recording, &item)) > 0) {
		if (is_first)
			traffic__learn(replay->traffic, &item);
		else
			take(replay, &item);
	}
	msg__hold(false);
	recording__close(recording);
	if (is_first)
		return 0;
	/* A recording that goes on still has what it has. */
	return got == -ENODATA ? 0 : got;
}

static int make_rules(struct replay *replay)
{
	const struct rules *rules = replay->rules;
	unsigned int i;

	replay->replayed.rules = calloc(rules->nr, sizeof(*replay->replayed.rules));
	if (!replay->replayed.rules)
		return -ENOMEM;
	replay->replayed.nr = rules->nr;
	for (i = 0; i < rules->nr; i++) {
		replay->replayed.rules[i].name = rules->list[i].name;
		replay->replayed.rules[i].action = rules->list[i].rule.action;
		replay->replayed.rules[i].is_audit = rules->list[i].rule.is_audit;
		replay->replayed.rules[i].hooks = rules->list[i].hooks;
	}
	return 0;
}

int replay__run(const struct options *options, const struct rules *rules,
		const struct rules_image *image)
{
	struct replay *replay = calloc(1, sizeof(*replay));
	int err;

	if (!replay)
		return -ENOMEM;
	replay->options = options;
	replay->rules = rules;
	replay->image = image;
	replay->replayed.file = options->file;
	replay->replayed.recording = options->replay;
	replay->replayed.is_cut = true;
	replay->state = rules_state__new();
	cgroup__use_recording();
	err = replay->state ? make_rules(replay) : -ENOMEM;
	if (!err && strcmp(options->replay, "-"))
		err = pass(replay, true);
	if (!err && replay->traffic)
		traffic__begin(replay->traffic);
	if (!err)
		err = pass(replay, false);
	if (!err)
		output__choose(options->json)->replayed(&replay->replayed);
	if (err == -ENOMEM)
		msg("%s: not enough memory", options->replay);
	traffic__free(replay->traffic);
	rules_state__free(replay->state);
	free(replay->replayed.rules);
	free(replay);
	return err;
}
