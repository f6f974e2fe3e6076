/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps that a policy takes over from the one that it replaces, with their content.
 *
 * A policy that loses its lists may allow all that it refused, so a map is never dropped silently.
 */
#ifndef _IOPOLICY_KEEP_H
#define _IOPOLICY_KEEP_H

#include "object/object.h"
#include "store/former.h"

enum keep_state {
	KEEP_KEPT,
	KEEP_NEW, /* the old policy has no map of this name */
	KEEP_DROPPED, /* the new policy has no map of this name */
	KEEP_RESET, /* variables of the programs, which are new */
};

#define KEEP_NAME_MAX 128

struct keep_map {
	enum keep_state state;
	char name[KEEP_NAME_MAX];
};

struct keep {
	struct keep_map *list;
	unsigned int nr;
};

/*
 * Before the object is loaded, make it use the maps of the old policy that have the names of its
 * own. Refuse an object that does not have one of them, unless drops names it. Return 0 or -errno
 * after a message; free it in both cases.
 */
int keep__maps(struct keep *keep, const struct former *former, const struct object *object,
	       const char *const *drops, unsigned int nr_drops);
void keep__free(struct keep *keep);

#endif /* _IOPOLICY_KEEP_H */
