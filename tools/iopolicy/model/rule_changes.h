/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between two rule files, one of which is in force.
 */
#ifndef _IOPOLICY_RULE_CHANGES_H
#define _IOPOLICY_RULE_CHANGES_H

#include "model/model.h"

/* ---- change_list.c ---- */

/* Add a change; from and to are cut if they are too long. Return 0 or -ENOMEM. */
int changes__add(struct changes *changes, const char *kind, const char *name, const char *from,
		 const char *to);

/* ---- rule_changes.c ---- */

/* Compare the rules of an object, which is loaded, with those in force. */
int rule_changes__find(struct changes *changes, const struct former *former,
		       const struct object *object);
/* Compare the text of rules in force with other rules. */
int rule_changes__compare(struct changes *changes, const char *text, size_t size,
			  const struct rules *after);
/* The text of the rules of a pinned policy; NULL if it has none. free() it. */
char *rule_changes__text(const struct former *former, __u32 *size);
/* Whether a map holds the text of rules, whose size differs each time. */
bool rule_changes__is_own_map(const struct object *object, const char *map);

#endif /* _IOPOLICY_RULE_CHANGES_H */
