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
	__u32 link_id;
	int err;

	err = machine__check();
	if (!err)
		err = store__open(&store, true);
	if (!err)
		err = open__former(&former, name, &link_id);
	if (!err)
		err = show(options, &former, link_id);
	former__free(&former);
	store__close(&store);
	return err;
}
