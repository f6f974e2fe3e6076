/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pins that keep policies loaded after iopolicy has exited.
 *
 * The commands call it, and model/ reads its results. One lock, an flock() on the store's
 * directory, serialises all processes: exclusive for those that change pins, shared for those that
 * list them. Every function but store__path() runs with the lock held, from store__open() to
 * store__close().
 */
#ifndef _IOPOLICY_STORE_H
#define _IOPOLICY_STORE_H

#include <stdbool.h>
#include <linux/types.h>

#include "iommufd_policy.h"
#include "object/object.h"

#define STORE "/sys/fs/bpf/iommufd"
#define STORE_PATH_MAX 256

struct store {
	int fd; /* of the directory, locked; -1 if it does not exist */
};

enum store_state {
	STORE_NONE, /* the policy has no directory */
	STORE_STALE, /* a directory, but no link of a loaded policy in it */
	STORE_UNKNOWN, /* the link cannot be opened, so its pins are left as they are */
	STORE_PINNED,
};

/* The directory of a policy. */
struct store_policy {
	enum store_state state;
	__u32 link_id;
	__u32 map_id; /* of the struct_ops map that is loaded */
	char name[IOMMUFD_POLICY_NAME_LEN];
};

/*
 * Open and lock the store. For reading, a store that does not exist is empty; otherwise it is
 * created.
 */
int store__open(struct store *store, bool for_reading);
void store__close(struct store *store);

/*
 * Look at a policy's directory. Return the file descriptor of its link, or -errno without a
 * message; *found is filled in both cases.
 */
int store__look(const char *name, struct store_policy *found);
/* List all directories, sorted by name; the caller frees the list. No message. */
int store__list(const struct store *store, struct store_policy **found, unsigned int *nr);

/*
 * Pin the maps and programs of a loaded object. sub is "", or STORE_NEW for the objects of a
 * replace that is not done yet.
 */
#define STORE_NEW "/new"
int store__pin_objects(const char *name, const char *sub, const struct object *object);
int store__pin_link(const char *name, int link_fd);
/* The same in steps: the directories, then each object, in directory "/maps" or "/progs". */
int store__make_directories(const char *name, const char *sub);
int store__pin(const char *name, const char *sub, const char *directory, const char *object,
	       int fd);
/*
 * Remove a policy's directory, the link first, or only its sub-directory. *removed is increased by
 * the number of pins. No message.
 */
int store__remove(const char *name, const char *sub, unsigned int *removed);
/* Move the objects of STORE_NEW to their final place. */
int store__commit_new(const char *name);
/* Finish or undo a replace that was interrupted. Return false if there was none. */
bool store__recover(const char *name, const struct store_policy *found);
/* Make the name of a pin of the name of a map or program. */
void store__to_pin_name(char *name);
/* Make the path of a policy's directory, with rest behind it. */
char *store__path(char path[STORE_PATH_MAX], const char *name, const char *rest);

#endif /* _IOPOLICY_STORE_H */
