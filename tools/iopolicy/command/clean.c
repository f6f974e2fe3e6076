// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command clean: remove pins that keep no policy loaded, and policies that apply to nothing any
 * more.
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
#include "store/shared.h"
#include "store/store.h"

/* Whether a pinned policy applies to a cgroup that was removed, so that it never applies again. */
static bool is_gone(const struct store_policy *found, int *fd)
{
	struct policy_values values = {};
	struct store_policy again;
	struct scope scope = {};
	int map_fd;

	*fd = store__look(found->name, &again);
	if (*fd < 0)
		return false;
	map_fd = bpf_map_get_fd_by_id(again.map_id);
	if (map_fd >= 0 && !load__values(map_fd, &values))
		scope__make(&scope, values.cgroup);
	if (map_fd >= 0)
		close(map_fd);
	scope__free(&scope);
	return scope.is_gone;
}

static int explain_remove(const char *path, int err)
{
	char name[ERRNAME_MAX];

	msg("%s: cannot remove the pins (%s)", path, errname(-err, name));
	return err;
}

static int clean_pinned(const struct options *options, const struct store_policy *found)
{
	struct change change = { .type = CHANGE_CLEANED, .name = found->name };
	char path[STORE_PATH_MAX];
	int fd, err = 0;

	if (store__recover(found->name, found))
		output__choose(options->json)->change(&change);
	if (!is_gone(found, &fd) || loaded__is_sealed(found->name)) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	change.why = "its cgroup was removed";
	process__hold_signals();
	err = store__remove(found->name, "", &change.pins_removed);
	if (err)
		close(fd);
	else
		err = link__end(fd);
	process__release_signals();
	if (err)
		return explain_remove(store__path(path, found->name, ""), err);
	output__choose(options->json)->change(&change);
	return 0;
}

static int clean(const struct options *options, const struct store_policy *found)
{
	struct change change = { .type = CHANGE_CLEANED, .name = found->name };
	char path[STORE_PATH_MAX];
	int err;

	if (found->state == STORE_PINNED)
		return clean_pinned(options, found);
	if (found->state == STORE_UNKNOWN) {
		msg("%s: cannot open the pin; nothing was changed",
		    store__path(path, found->name, "/link"));
		return -EIO;
	}
	process__hold_signals();
	err = store__remove(found->name, "", &change.pins_removed);
	process__release_signals();
	if (err)
		return explain_remove(store__path(path, found->name, ""), err);
	output__choose(options->json)->change(&change);
	return 0;
}

/* Remove the maps that are pinned by their names, and that no program uses. */
static int clean_shared(const struct options *options)
{
	struct shared_map *list;
	char name[ERRNAME_MAX];
	unsigned int nr, i;
	int err, ret;

	err = shared__list(&list, &nr, true);
	if (err)
		msg(SHARED ": cannot list the pins (%s)", errname(-err, name));
	for (i = 0; i < nr; i++) {
		struct change change = {
			.type = CHANGE_CLEANED,
			.name = list[i].name,
			.is_map = true,
			.why = "no program uses it",
		};

		if (list[i].is_used)
			continue;
		ret = shared__remove(&list[i], &change.pins_removed);
		if (ret)
			explain_remove(list[i].path, ret);
		else
			output__choose(options->json)->change(&change);
		err = err ? err : ret;
	}
	free(list);
	return err;
}

int command__clean(const struct options *options)
{
	struct store store = { .fd = -1 };
	struct store_policy *found = NULL;
	unsigned int nr = 0, i;
	char name[ERRNAME_MAX];
	int err, ret;

	err = machine__check_privileges();
	if (!err)
		err = machine__check_bpffs();
	if (!err)
		err = store__open(&store, false);
	if (err)
		return err;
	err = store__list(&store, &found, &nr);
	if (err)
		msg(STORE ": cannot list the pins (%s)", errname(-err, name));
	for (i = 0; i < nr; i++) {
		ret = clean(options, &found[i]);
		err = err ? err : ret;
	}
	ret = clean_shared(options);
	err = err ? err : ret;
	free(found);
	store__close(&store);
	return err;
}
