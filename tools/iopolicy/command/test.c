// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command test: a rule file without the kernel. trial.c has that of a policy in BPF.
 */
#include <errno.h>
#include <stdlib.h>

#include "command/command.h"
#include "command/replay.h"
#include "command/trial.h"
#include "msg.h"
#include "output/output.h"
#include "rules/cases.h"

static int run_cases(const struct options *options, const struct rules *rules,
		     const struct rules_image *image, struct tested *tested)
{
	const struct output *output = output__choose(options->json);
	struct rules_state *state = rules_state__new();
	char text[CASE_TEXT_MAX];
	struct rules_cases cases;
	unsigned int i;
	int err;

	err = cases__read(&cases, rules, options->cases);
	if (!err && !state)
		err = -ENOMEM;
	for (i = 0; !err && i < cases.nr; i++) {
		if (case__run(&cases.list[i], rules, image, state, text))
			continue;
		output->case_failed(cases.file, cases.list[i].place, text);
		tested->nr_failed++;
	}
	tested->nr_cases = cases.nr;
	cases__free(&cases);
	rules_state__free(state);
	return err;
}

int command__test(const struct options *options)
{
	struct tested tested = { .file = options->file };
	struct rules_image *image = NULL;
	struct rules rules;
	int err;

	if (trial__is_object(options->file))
		return trial__run(options);
	if (options->nr_entries) {
		msg("--entry: only for a policy in BPF; rules have no maps");
		return -EINVAL;
	}
	err = rules__read(&rules, options->file, options->sets, options->nr_sets);
	if (!err)
		err = rules__compile(&rules, &image);
	if (!err && !rules__check(&rules))
		msg("%s: load, apply and run ask for --force", options->file);
	tested.nr_rules = rules.nr;
	if (!err && options->cases)
		err = run_cases(options, &rules, image, &tested);
	if (!err && options->replay)
		err = replay__run(options, &rules, image);
	if (!err && (options->cases || !options->replay))
		output__choose(options->json)->tested(&tested);
	free(image);
	rules__free(&rules);
	if (!err && tested.nr_failed)
		return -EDOM;
	return err;
}
