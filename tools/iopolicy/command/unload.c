// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command unload.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "command/command.h"
#include "errname.h"
#include "kernel/kernel.h"
#include "msg.h"
#include "output/output.h"
#include "process.h"
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

static int unload(const struct options *options, const char *name)
{
	struct change change = { .type = CHANGE_UNLOADED, .name = name };
	char holders[LINK_HOLDERS_MAX], error[ERRNAME_MAX];
	struct store_policy found;
	int fd, err, detach_err;

	fd = store__look(name, &found);
	if (found.state == STORE_NONE)
		return explain_unpinned(name);
	if (found.state == STORE_UNKNOWN)
		return open__explain_link(name, fd);
	process__hold_signals();
	/* Detach explicitly, because other processes may hold the link besides the pin. */
	detach_err = fd < 0 ? 0 : bpf_link_detach(fd);
	if (fd >= 0)
		close(fd);
	err = store__remove(name, "", &change.pins_removed);
	if (err)
		msg("%s: cannot remove its pins (%s)", name, errname(-err, error));
	else
		output__choose(options->json)->change(&change);
	output__flush();
	process__release_signals();
	if (!detach_err || err || is_gone(found.link_id))
		return err;
	link__holders(holders, found.link_id);
	msg("%s: its pins are removed, but it is still loaded: %s holds its link", name,
	    *holders ? holders : "a pin elsewhere");
	return -EBUSY;
}

static int unload_all(const struct options *options, const struct store *store)
{
	struct store_policy *found;
	char name[ERRNAME_MAX];
	unsigned int nr, i;
	int err, ret;

	err = store__list(store, &found, &nr);
	if (err)
		msg(STORE ": cannot list the pins (%s)", errname(-err, name));
	for (i = 0; i < nr; i++) {
		ret = unload(options, found[i].name);
		err = err ? err : ret;
	}
	free(found);
	return err;
}

int command__unload(const struct options *options)
{
	struct store store = { .fd = -1 };
	unsigned int i;
	int err, ret;

	err = machine__check();
	if (!err)
		err = machine__check_bpffs();
	if (!err)
		err = store__open(&store, false);
	if (!err && options->all)
		err = unload_all(options, &store);
	else if (!err)
		for (i = 0; i < options->nr_names; i++) {
			ret = unload(options, options->names[i]);
			err = err ? err : ret;
		}
	store__close(&store);
	return err;
}
