// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command test with a recording: decide the requests that iosnoop has recorded by rules.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command/recorded.h"
#include "command/replay.h"
#include "model/replayed.h"
#include "msg.h"
#include "output/output.h"

struct replay {
	const struct options *options;
	const struct rules *rules;
	const struct rules_image *image;
	struct rules_state *state;
	struct recorded recorded;
	struct replayed replayed;
	struct partial_verdict verdict;
};

static void note_refusal(struct replay *replay, int number, bool is_audit)
{
	struct replayed_rule *rule = &replay->replayed.rules[number];
	const struct iommufd_policy_request *request = &replay->recorded.partial.request;
	const struct rules_rule *own = &replay->rules->list[number].rule;
	char reason[IOMMUFD_POLICY_REASON_LEN];
	const struct replayed_request refused = {
		.time_ns = recorded__time_ns(&replay->recorded),
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

static int decide(void *arg)
{
	struct replay *replay = arg;
	struct partial_verdict *verdict = &replay->verdict;
	struct replayed *replayed = &replay->replayed;
	unsigned int i;

	replayed->requests[replay->recorded.partial.request.hook]++;
	replayed->nr_requests++;
	replayed->has_totals |= traffic__has_totals(replay->recorded.traffic);
	partial__decide(replay->rules, replay->image, &replay->recorded.partial, replay->state,
			verdict);
	for (i = 0; i < verdict->nr_unknown; i++) {
		replayed->rules[verdict->unknown[i].rule].unknown++;
		replayed->rules[verdict->unknown[i].rule].missing |= verdict->unknown[i].missing;
	}
	for (i = 0; i < verdict->nr_audited; i++)
		note_refusal(replay, verdict->audited[i], true);
	if (verdict->ret) {
		replayed->denied++;
		note_refusal(replay, verdict->decided_by, false);
		return 0;
	}
	if (verdict->decided_by >= 0)
		replayed->rules[verdict->decided_by].allowed++;
	replayed->uncertain += verdict->nr_unknown > 0;
	return 0;
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
	replay->state = rules_state__new();
	err = replay->state ? make_rules(replay) : -ENOMEM;
	if (err)
		msg("%s: not enough memory", options->replay);
	else
		err = recorded__read(&replay->recorded, options->replay, decide, replay);
	if (!err) {
		replay->replayed.hooks = replay->recorded.hooks;
		replay->replayed.failed = replay->recorded.failed;
		replay->replayed.lost = replay->recorded.lost;
		replay->replayed.is_cut = replay->recorded.is_cut;
		output__choose(options->json)->replayed(&replay->replayed);
	}
	recorded__free(&replay->recorded);
	rules_state__free(replay->state);
	free(replay->replayed.rules);
	free(replay);
	return err;
}
