// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command clean.
 */
#include <errno.h>
#include <stdlib.h>

#include "command/command.h"
#include "errname.h"
#include "kernel/kernel.h"
#include "msg.h"
#include "output/output.h"
#include "process.h"
#include "store/store.h"

static int clean(const struct options *options, const struct store_policy *found)
{
	struct change change = { .type = CHANGE_CLEANED, .name = found->name };
	char name[ERRNAME_MAX], path[STORE_PATH_MAX];
	int err;

	if (found->state == STORE_PINNED) {
		if (store__recover(found->name, found))
			output__choose(options->json)->change(&change);
		return 0;
	}
	if (found->state == STORE_UNKNOWN) {
		msg("%s: cannot open the pin; nothing was changed",
		    store__path(path, found->name, "/link"));
		return -EIO;
	}
	process__hold_signals();
	err = store__remove(found->name, "", &change.pins_removed);
	process__release_signals();
	if (err)
		msg("%s: cannot remove the directory (%s)", store__path(path, found->name, ""),
		    errname(-err, name));
	else
		output__choose(options->json)->change(&change);
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
	free(found);
	store__close(&store);
	return err;
}
