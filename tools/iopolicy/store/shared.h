/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps that a policy pins by their names in /sys/fs/bpf, so that others use them, too, or that they
 * outlive it (LIBBPF_PIN_BY_NAME).
 *
 * Nothing tells from such a pin that it belongs to a policy. So those that iopolicy has made are
 * also pinned in SHARED. They stay when the policy is unloaded, and the command clean removes them
 * when no program uses them any more. Call all of this with the store locked.
 */
#ifndef _IOPOLICY_SHARED_H
#define _IOPOLICY_SHARED_H

#include <stdbool.h>
#include <linux/types.h>

#include "object/object.h"
#include "store/store.h"

/* A comma stands for a dot, with which no name of a policy begins. */
#define SHARED_FOLDER ",shared"
#define SHARED STORE "/" SHARED_FOLDER

struct shared_map {
	char name[128];
	char path[STORE_PATH_MAX]; /* of the pin by its name; "" if that is not this map any more */
	bool is_used;
};

/* Remember the pins that loading has made. Return 0 or -errno after a message. */
int shared__remember(const struct object *object);
/* Forget them again: the policy was not loaded after all. */
void shared__forget(const struct object *object);
/*
 * List them; free() the list. Programs of a policy that was just unloaded take a moment to go: with
 * wait, wait for them. No message.
 */
int shared__list(struct shared_map **list, unsigned int *nr, bool wait);
/* Remove both pins of a map. *removed is increased by their number. No message. */
int shared__remove(const struct shared_map *map, unsigned int *removed);

#endif /* _IOPOLICY_SHARED_H */
