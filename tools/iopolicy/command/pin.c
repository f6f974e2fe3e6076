// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last steps of commands that change the policies in force: pins and link change together, or
 * not at all.
 */
#include <errno.h>
#include <unistd.h>

#include "command/command.h"
#include "errname.h"
#include "kernel/kernel.h"
#include "msg.h"
#include "store/shared.h"
#include "store/store.h"

int pin__remove_stale(const char *name)
{
	char path[STORE_PATH_MAX], error[ERRNAME_MAX];
	unsigned int removed = 0;
	int err;

	err = store__remove(name, "", &removed);
	if (err)
		msg("%s: cannot remove the leftovers of an interrupted load (%s)",
		    store__path(path, name, ""), errname(-err, error));
	return err;
}

int pin__load(struct object *object, __u32 *link_id)
{
	const char *name = object->values.name;
	unsigned int removed = 0;
	int fd = -1, err;
	__u32 map_id;

	err = store__pin_objects(name, "", object);
	if (!err)
		err = shared__remember(object);
	if (!err) {
		fd = load__attach(object);
		err = fd < 0 ? fd : 0;
	}
	if (!err)
		err = store__pin_link(name, fd);
	if (!err) {
		*link_id = link__id(fd, &map_id);
		object->new_shared = 0;
	} else {
		store__remove(name, "", &removed);
		shared__forget(object);
	}
	if (fd >= 0 && err)
		link__end(fd);
	else if (fd >= 0)
		close(fd);
	return err;
}

int pin__replace(struct object *object, const char *name, int link_fd)
{
	unsigned int removed = 0;
	int err;

	err = store__pin_objects(name, STORE_NEW, object);
	if (!err)
		err = shared__remember(object);
	if (!err)
		err = load__update(object, link_fd);
	if (err) {
		store__remove(name, STORE_NEW, &removed);
		shared__forget(object);
		return err;
	}
	object->new_shared = 0;
	/* The new policy is loaded now, so an error here does not make the command fail. */
	store__commit_new(name);
	return 0;
}
