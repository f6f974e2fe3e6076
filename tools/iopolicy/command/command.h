/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commands: each takes the options, calls the folders below, and writes the result with
 * output/.
 *
 * main.c calls command__*(). A command that changes pins locks the store first, and holds signals
 * back while it changes them, so that a change is either completed or undone. After SIGKILL, the
 * order of the steps keeps the pins consistent (see store/store.c), and the command clean removes
 * the leftovers.
 */
#ifndef _IOPOLICY_COMMAND_H
#define _IOPOLICY_COMMAND_H

#include "object/object.h"
#include "options.h"

int command__load(const struct options *options);
int command__unload(const struct options *options);
int command__replace(const struct options *options);
int command__list(const struct options *options);
int command__inspect(const struct options *options);
int command__verify(const struct options *options);
int command__run(const struct options *options);
int command__clean(const struct options *options);

/* ---- open.c: the first steps of load, replace, verify and run ---- */

/*
 * Open the object, configure it as the options say and check it; then check the machine. name
 * replaces the policy's own name, unless it is NULL. Close the object also after an error.
 */
int open__object(struct object *object, const struct options *options, const char *name);
/* Explain that the pin of a policy's link cannot be opened. Returns -EIO. */
int open__explain_link(const char *name, int err);

#endif /* _IOPOLICY_COMMAND_H */
