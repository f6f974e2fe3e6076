/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command test with a recording.
 */
#ifndef _IOPOLICY_REPLAY_H
#define _IOPOLICY_REPLAY_H

#include "options.h"
#include "rules/rules.h"

/* Decide the recorded requests, and print the verdicts of each rule. */
int replay__run(const struct options *options, const struct rules *rules,
		const struct rules_image *image);

#endif /* _IOPOLICY_REPLAY_H */
