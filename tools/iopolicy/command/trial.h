/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command test with a policy in BPF.
 */
#ifndef _IOPOLICY_COMMAND_TRIAL_H
#define _IOPOLICY_COMMAND_TRIAL_H

#include "options.h"

/* Whether a path has the suffix of object files. */
bool trial__is_object(const char *file);
/* Decide cases, and the requests of a recording. Return -EDOM if a case fails. */
int trial__run(const struct options *options);

#endif /* _IOPOLICY_COMMAND_TRIAL_H */
