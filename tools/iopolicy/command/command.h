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

#include "kernel/kernel.h"
#include "object/object.h"
#include "options.h"
#include "rules/rules.h"
#include "store/former.h"

int command__load(const struct options *options);
int command__unload(const struct options *options);
int command__replace(const struct options *options);
int command__list(const struct options *options);
int command__inspect(const struct options *options);
int command__verify(const struct options *options);
int command__run(const struct options *options);
int command__clean(const struct options *options);
int command__apply(const struct options *options);
int command__confirm(const struct options *options);
int command__test(const struct options *options);
int command__show(const struct options *options);
int command__set(const struct options *options);
int command__map(const struct options *options);
int command__diff(const struct options *options);
int command__seal(const struct options *options);
int command__why(const struct options *options);
int command__new(const struct options *options);

/* ---- open.c: the first steps of load, replace, verify and run ---- */

/* The settings that a policy takes over from the one that it replaces, unless options give them. */
struct inherited {
	struct policy_values values;
	struct loaded_params params;
};

/*
 * Open the object, configure it as the options say and check it; then check the machine. name
 * replaces the policy's own name, unless it is NULL; inherited may be NULL. Close the object also
 * after an error.
 */
int open__object(struct object *object, const struct options *options, const char *name,
		 const struct inherited *inherited);
/*
 * Open an object, or a rule file, which fills in what the settings leave open; own keeps that.
 * Close the object also after an error.
 */
int open__file(struct object *object, const char *file, bool force,
	       struct object_settings *settings, struct rules_settings *own);
/*
 * Hold a policy, pinned or held by a process. Call it with the store locked. Return 0 or -errno
 * after a message; free the former in both cases.
 */
int open__former(struct former *former, const char *name, __u32 *link_id);
/* Explain that the pin of a policy's link cannot be opened. Returns -EIO. */
int open__explain_link(const char *name, int err);

/* ---- pin.c: the last steps of load, replace and apply ---- */

/* Remove the leftovers of an interrupted load. */
int pin__remove_stale(const char *name);
/* Pin everything and attach the policy, or undo all of it. */
int pin__load(struct object *object, __u32 *link_id);
/* Pin the new objects and update the link, or undo all of it. */
int pin__replace(struct object *object, const char *name, int link_fd);

#endif /* _IOPOLICY_COMMAND_H */
