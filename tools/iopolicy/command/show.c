// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command show.
 */
#include <errno.h>

#include "command/command.h"
#include "kernel/kernel.h"
#include "model/model.h"
#include "msg.h"
#include "output/output.h"
#include "store/former.h"
#include "store/store.h"

static int show(const struct options *options, const struct former *former, __u32 link_id)
{
	const struct store_policy pin = { .state = STORE_PINNED, .link_id = link_id };
	const char *name = options->names[0];
	const struct iommufd_policy_info *info;
	struct loaded loaded, one;
	struct list list = {};
	struct shown shown;
	int err;

	err = loaded__read(&loaded);
	if (err)
		return err;
	info = loaded__find_link(&loaded, link_id);
	if (!info) {
		msg("%s: another command has unloaded it meanwhile", name);
		err = -ENOENT;
	} else {
		one = (struct loaded){ (struct iommufd_policy_info *)info, 1 };
		err = list__make(&list, &one, &pin, 1);
	}
	if (!err) {
		err = shown__make(&shown, former, &list.rows[0]);
		if (!err)
			output__choose(options->json)->shown(&shown);
		shown__free(&shown);
	}
	list__free(&list);
	loaded__free(&loaded);
	return err;
}

int command__show(const struct options *options)
{
	struct former former = { .link_fd = -1, .ops_fd = -1 };
	const char *name = options->names[0];
	struct store store = { .fd = -1 };
	struct store_policy found;
	int fd, err;

	err = machine__check();
	if (!err)
		err = machine__check_bpffs();
	if (!err)
		err = store__open(&store, true);
	if (err)
		return err;
	fd = store__look(name, &found);
	if (found.state == STORE_UNKNOWN) {
		err = open__explain_link(name, fd);
	} else if (fd < 0) {
		msg("%s: no policy of this name is pinned; see iopolicy list", name);
		err = -ENOENT;
	} else {
		err = former__hold(&former, name, fd);
	}
	if (!err)
		err = show(options, &former, found.link_id);
	former__free(&former);
	store__close(&store);
	return err;
}
