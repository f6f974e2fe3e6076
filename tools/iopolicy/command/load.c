// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command load.
 */
#include <errno.h>
#include <unistd.h>

#include "command/command.h"
#include "kernel/kernel.h"
#include "msg.h"
#include "output/output.h"
#include "process.h"
#include "store/store.h"

/* Check that the name is free, and remove the leftovers of an interrupted load. */
static int claim_name(const struct object *object)
{
	const char *name = object->values.name;
	struct store_policy found;
	int fd;

	fd = store__look(name, &found);
	if (fd >= 0) {
		close(fd);
		msg("%s: a policy named %s is already loaded; give another --name, or replace it: "
		    "iopolicy replace %s %s",
		    object->file, name, name, object->file);
		return -ENOEXEC;
	}
	if (found.state == STORE_NONE)
		return 0;
	if (found.state == STORE_UNKNOWN)
		return open__explain_link(name, fd);
	return pin__remove_stale(name);
}

static void report(const struct options *options, const struct object *object, __u32 link_id)
{
	char path[STORE_PATH_MAX];
	const struct change change = {
		.type = CHANGE_LOADED,
		.name = object->values.name,
		.values = &object->values,
		.link_id = link_id,
		.path = store__path(path, object->values.name, ""),
	};

	output__choose(options->json)->change(&change);
	if (machine__has_private_bpffs())
		msg("%s: the BPF file system belongs to this mount namespace alone, so the policy "
		    "is unloaded with the last process in it\n"
		    "  to keep the policy loaded, load it where process 1 is: "
		    "nsenter -t 1 -m iopolicy load ...",
		    object->values.name);
}

int command__load(const struct options *options)
{
	struct store store = { .fd = -1 };
	struct object object;
	__u32 link_id = 0;
	int err;

	err = open__object(&object, options, options->name, NULL);
	if (!err)
		err = machine__check_bpffs();
	if (!err)
		err = store__open(&store, false);
	if (!err)
		err = claim_name(&object);
	if (!err)
		err = load__object(&object, options->verbose);
	if (!err)
		err = load__fill(&object);
	if (!err) {
		process__hold_signals();
		err = pin__load(&object, &link_id);
		if (!err)
			report(options, &object, link_id);
		output__flush();
		process__release_signals();
	}
	store__close(&store);
	object__close(&object);
	return err;
}
