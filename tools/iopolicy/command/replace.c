// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command replace.
 *
 * The new policy takes over scope, priority, mode and parameters from the old one where no option
 * gives them. Otherwise a policy for one cgroup would refuse the whole machine after a replace,
 * and one that only audits would begin to refuse.
 */
#include <errno.h>
#include <unistd.h>

#include "command/command.h"
#include "errname.h"
#include "kernel/kernel.h"
#include "model/model.h"
#include "msg.h"
#include "output/output.h"
#include "process.h"
#include "store/former.h"
#include "store/keep.h"
#include "store/store.h"

struct replacement {
	struct former former;
	struct inherited inherited;
	struct object object;
	struct changes changes;
	struct keep keep;
};

static void report(const struct options *options, const struct replacement *replacement,
		   __u32 link_id)
{
	const struct object *object = &replacement->object;
	char path[STORE_PATH_MAX];
	const struct change change = {
		.type = CHANGE_REPLACED,
		.name = object->values.name,
		.values = &object->values,
		.link_id = link_id,
		.path = store__path(path, object->values.name, ""),
		.changes = &replacement->changes,
		.keep = options->keep_maps ? &replacement->keep : NULL,
	};

	output__choose(options->json)->change(&change);
}

/* Find the old policy, and read the settings that the new one inherits from it. */
static int find_old(struct replacement *replacement, const struct options *options,
		    struct store_policy *found)
{
	struct inherited *inherited = &replacement->inherited;
	const char *name = options->names[0];
	char error[ERRNAME_MAX];
	int link_fd, err;

	link_fd = store__look(name, found);
	if (found->state == STORE_UNKNOWN)
		return open__explain_link(name, link_fd);
	if (link_fd < 0) {
		msg("%s: no policy of this name is pinned; see iopolicy list, or load it with "
		    "iopolicy load",
		    name);
		return -ENOENT;
	}
	if (loaded__is_sealed(name)) {
		close(link_fd);
		return -EBUSY;
	}
	store__recover(name, found);
	err = former__hold(&replacement->former, name, link_fd);
	if (!err)
		err = load__values(replacement->former.ops_fd, &inherited->values);
	if (err)
		return err;
	err = loaded_params__read(&inherited->params, former__params_fd(&replacement->former));
	if (err)
		msg("%s: cannot read its parameters (%s)", name, errname(-err, error));
	return err ? -EIO : 0;
}

static int replace(struct replacement *replacement, const struct options *options)
{
	struct object *object = &replacement->object;
	const char *name = options->names[0];
	struct store_policy found;
	int err;

	err = find_old(replacement, options, &found);
	if (!err)
		err = open__object(object, options, name,
				   options->no_inherit ? NULL : &replacement->inherited);
	if (!err && options->keep_maps)
		err = keep__maps(&replacement->keep, &replacement->former, object, options->drops,
				 options->nr_drops);
	if (!err)
		err = load__object(object, options->verbose);
	if (!err)
		err = load__fill(object);
	if (!err)
		err = changes__find(&replacement->changes, &replacement->former, object);
	if (err)
		return err;
	process__hold_signals();
	err = pin__replace(object, name, replacement->former.link_fd);
	if (!err)
		report(options, replacement, found.link_id);
	output__flush();
	process__release_signals();
	return err;
}

/* Find errors in the file before those of the machine, as load does. */
static int check_file(const struct options *options)
{
	struct object object;
	int err;

	if (options->keep_maps && rules__is_file(options->file)) {
		msg("%s: the maps of a rule file are made of its rules; omit --keep-maps",
		    options->file);
		return -EINVAL;
	}
	err = open__object(&object, options, options->names[0], NULL);
	object__close(&object);
	return err;
}

int command__replace(const struct options *options)
{
	struct replacement replacement = { .former = { .link_fd = -1, .ops_fd = -1 } };
	struct store store = { .fd = -1 };
	int err;

	err = check_file(options);
	if (!err)
		err = machine__check_bpffs();
	if (!err)
		err = store__open(&store, false);
	if (!err)
		err = replace(&replacement, options);
	store__close(&store);
	object__close(&replacement.object);
	changes__free(&replacement.changes);
	keep__free(&replacement.keep);
	loaded_params__free(&replacement.inherited.params);
	former__free(&replacement.former);
	return err;
}
