// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command seal. The store is locked, so that no other command replaces the policies meanwhile.
 */
#include <errno.h>

#include "command/command.h"
#include "kernel/kernel.h"
#include "model/model.h"
#include "msg.h"
#include "output/output.h"
#include "store/store.h"

static int seal(const struct options *options, const struct loaded *loaded, const char *name)
{
	const struct iommufd_policy_info *info = loaded__find_name(loaded, name);
	const struct change change = { .type = CHANGE_SEALED, .name = name };
	int err;

	if (!info) {
		msg("%s: no policy of this name is loaded; see iopolicy list", name);
		return -ENOENT;
	}
	err = seal__policy(name, info->id);
	if (!err)
		output__choose(options->json)->change(&change);
	return err;
}

int command__seal(const struct options *options)
{
	struct store store = { .fd = -1 };
	struct loaded loaded = {};
	bool is_read;
	unsigned int i;
	int err, ret;

	err = machine__check();
	if (!err)
		err = machine__check_bpffs();
	if (!err)
		err = store__open(&store, false);
	if (!err)
		err = loaded__read(&loaded);
	is_read = !err;
	for (i = 0; is_read && i < options->nr_names; i++) {
		ret = seal(options, &loaded, options->names[i]);
		err = err ? err : ret;
	}
	loaded__free(&loaded);
	store__close(&store);
	return err;
}
