// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command replace.
 */
#include <errno.h>
#include <unistd.h>

#include "command/command.h"
#include "kernel/kernel.h"
#include "msg.h"
#include "output/output.h"
#include "process.h"
#include "store/store.h"

/* Pin the new objects and update the link, or undo all of it. */
static int update_link(const struct object *object, const char *name, int link_fd)
{
	unsigned int removed = 0;
	int err;

	err = store__pin_objects(name, STORE_NEW, object);
	if (!err)
		err = load__update(object, link_fd);
	if (err) {
		store__remove(name, STORE_NEW, &removed);
		return err;
	}
	/* The new policy is loaded now, so an error here does not make the command fail. */
	store__commit_new(name);
	return 0;
}

static void report(const struct options *options, const struct object *object, __u32 link_id)
{
	char path[STORE_PATH_MAX];
	const struct change change = {
		.type = CHANGE_REPLACED,
		.name = object->values.name,
		.values = &object->values,
		.link_id = link_id,
		.path = store__path(path, object->values.name, ""),
	};

	output__choose(options->json)->change(&change);
}

static int replace(struct object *object, const struct options *options, const char *name)
{
	struct store_policy found;
	int link_fd, err;

	link_fd = store__look(name, &found);
	if (found.state == STORE_UNKNOWN)
		return open__explain_link(name, link_fd);
	if (link_fd < 0) {
		msg("%s: no policy of this name is pinned; see iopolicy list, or load it with "
		    "iopolicy load",
		    name);
		return -ENOENT;
	}
	store__recover(name, &found);
	err = options->keep_maps ? store__reuse_maps(name, object) : 0;
	if (!err)
		err = load__object(object, options->verbose);
	if (!err)
		err = load__fill(object);
	if (!err) {
		process__hold_signals();
		err = update_link(object, name, link_fd);
		if (!err)
			report(options, object, found.link_id);
		output__flush();
		process__release_signals();
	}
	close(link_fd);
	return err;
}

int command__replace(const struct options *options)
{
	struct store store = { .fd = -1 };
	struct object object;
	int err;

	err = open__object(&object, options, options->names[0]);
	if (!err)
		err = machine__check_bpffs();
	if (!err)
		err = store__open(&store, false);
	if (!err)
		err = replace(&object, options, options->names[0]);
	store__close(&store);
	object__close(&object);
	return err;
}
