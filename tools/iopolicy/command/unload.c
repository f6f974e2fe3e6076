// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command unload. It first removes the pins, with the store locked. Then it ends the policies,
 * which waits for programs that are running, without that lock: a slow policy delays no other
 * command.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "command/command.h"
#include "errname.h"
#include "kernel/kernel.h"
#include "msg.h"
#include "output/output.h"
#include "process.h"
#include "store/shared.h"
#include "store/store.h"

#define GONE_TRIES 200
#define GONE_WAIT_US 10000

/* Explain where a policy without a directory in the store is held, if it is loaded at all. */
static int explain_unpinned(const char *name)
{
	const struct iommufd_policy_info *info;
	char holders[LINK_HOLDERS_MAX];
	struct loaded loaded;
	int err;

	err = loaded__read(&loaded);
	if (err)
		return err;
	info = loaded__find_name(&loaded, name);
	if (!info)
		msg("%s: no policy of this name is loaded; see iopolicy list", name);
	else if (*link__holders(holders, info->link_id))
		msg("%s: not pinned in " STORE ", but held by %s; end the process", name, holders);
	else
		msg("%s: not pinned in " STORE ", but elsewhere; remove the pin of link %u "
		    "(bpftool link show id %u -f)",
		    name, info->link_id, info->link_id);
	loaded__free(&loaded);
	return -ENOENT;
}

/* The kernel frees a link a moment after its last file or pin was closed. */
static bool is_gone(__u32 link_id)
{
	unsigned int i;
	int fd;

	for (i = 0; i < GONE_TRIES; i++) {
		fd = bpf_link_get_fd_by_id(link_id);
		if (fd < 0)
			return true;
		close(fd);
		usleep(GONE_WAIT_US);
	}
	return false;
}

/* A policy whose pins are removed. */
struct ending {
	int fd; /* of its link; negative if it has none any more */
	__u32 link_id;
	unsigned int pins_removed;
	char name[IOMMUFD_POLICY_NAME_LEN];
};

struct endings {
	struct ending *list;
	unsigned int nr;
};

/* Remove the pins of a policy, and remember its link. */
static int remove_pins(struct endings *endings, const char *name)
{
	struct ending *ending = &endings->list[endings->nr];
	struct store_policy found;
	char error[ERRNAME_MAX];
	int fd = store__look(name, &found), err;

	*ending = (struct ending){ .fd = fd, .link_id = found.link_id };
	memcpy(ending->name, found.name, sizeof(ending->name));
	if (found.state == STORE_NONE)
		return explain_unpinned(name);
	if (found.state == STORE_UNKNOWN)
		return open__explain_link(name, fd);
	if (fd >= 0 && loaded__is_sealed(name)) {
		close(fd);
		return -EBUSY;
	}
	err = store__remove(name, "", &ending->pins_removed);
	if (!err) {
		endings->nr++;
		return 0;
	}
	if (fd >= 0)
		link__end(fd);
	msg("%s: cannot remove its pins (%s)", name, errname(-err, error));
	return err;
}

static int end(const struct options *options, struct ending *ending)
{
	struct change change = {
		.type = CHANGE_UNLOADED,
		.name = ending->name,
		.pins_removed = ending->pins_removed,
	};
	int err = ending->fd < 0 ? 0 : link__end(ending->fd);
	char holders[LINK_HOLDERS_MAX];

	output__choose(options->json)->change(&change);
	output__flush();
	if (!err || is_gone(ending->link_id))
		return 0;
	link__holders(holders, ending->link_id);
	msg("%s: its pins are removed, but it is still loaded: %s holds its link", ending->name,
	    *holders ? holders : "a pin elsewhere");
	return -EBUSY;
}

/* Remove the pins of the policies on the command line, or of all. */
static int remove_named(const struct options *options, const struct store *store,
			struct endings *endings)
{
	struct store_policy *found = NULL;
	char name[ERRNAME_MAX];
	unsigned int nr = options->nr_names, i;
	int err = 0, ret;

	if (options->all)
		err = store__list(store, &found, &nr);
	if (err)
		msg(STORE ": cannot list the pins (%s)", errname(-err, name));
	endings->list = calloc(nr + 1, sizeof(*endings->list));
	for (i = 0; i < nr && endings->list; i++) {
		ret = remove_pins(endings, options->all ? found[i].name : options->names[i]);
		err = err ? err : ret;
	}
	free(found);
	return endings->list ? err : -ENOMEM;
}

/* Name the maps that are pinned by their names, and that no program uses any more. */
static void report_shared(void)
{
	struct store store = { .fd = -1 };
	struct shared_map *list = NULL;
	unsigned int nr = 0, i;

	if (!store__open(&store, true) && !shared__list(&list, &nr, true))
		for (i = 0; i < nr; i++)
			if (!list[i].is_used && list[i].path[0])
				msg("map %s stays pinned in %s, with its content, for the next "
				    "policy; iopolicy clean removes it",
				    list[i].name, list[i].path);
	free(list);
	store__close(&store);
}

int command__unload(const struct options *options)
{
	struct store store = { .fd = -1 };
	struct endings endings = {};
	unsigned int i;
	int err, ret;

	err = machine__check();
	if (!err)
		err = machine__check_bpffs();
	if (!err)
		err = store__open(&store, false);
	if (err)
		return err;
	process__hold_signals();
	err = remove_named(options, &store, &endings);
	store__close(&store);
	for (i = 0; i < endings.nr; i++) {
		ret = end(options, &endings.list[i]);
		err = err ? err : ret;
	}
	process__release_signals();
	if (endings.nr)
		report_shared();
	free(endings.list);
	return err;
}
