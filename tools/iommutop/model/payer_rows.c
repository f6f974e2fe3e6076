// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows of payers: the processes that memory is charged to, in each context that is shown.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/opener.h"
#include "model/rows.h"

static void put_state(struct model_payer *row, __u32 flags)
{
	const char *text = "";

	if (!(flags & IOMMUFD_PAYER_ALIVE))
		text = "ended";
	else if (flags & IOMMUFD_PAYER_EXEMPT)
		text = "exempt";
	snprintf(row->state, sizeof(row->state), "%s", text);
}

static int add_payer(struct model *model, const struct iommufd_payer_info *info)
{
	/* A process may be several payers of a context, so its id alone is no key. */
	const struct model_key key = {
		.kind = MODEL_KIND_PAYER, .ctx = info->ctx, .id = info->tgid, .number = info->id
	};
	struct model_payer *row = rows__add(model, MODEL_PAYERS, key);

	if (!row)
		return -ENOMEM;
	row->ctx = info->ctx;
	row->number = info->id;
	row->tgid = info->tgid;
	row->uid = info->uid;
	memcpy(row->comm, info->comm, sizeof(row->comm));
	row->cgroup = openers__cgroup(model->openers, info->cgroup);
	machine__name(row->machine, row->cgroup);
	row->pinned = info->pinned;
	row->charged = info->charged;
	row->limit = info->limit;
	row->limit_used = info->used;
	row->limit_share = MODEL_NONE;
	row->per_process = info->flags & IOMMUFD_PAYER_BY_PROCESS;
	put_state(row, info->flags);
	if (row->limit && payer__has_limit(info))
		row->limit_share = integer_of((double)row->limit_used * 10000 / row->limit);
	return 0;
}

static int add_payers(struct model *model, const struct group *group)
{
	unsigned int i;
	int err;

	for (i = 0; i < group->user.nr; i++) {
		err = add_payer(model, &group->user.payers[i]);
		if (err)
			return err;
	}
	return 0;
}

int rows__payers(struct model *model)
{
	rows__clear(model, MODEL_PAYERS);
	return groups__each(model, add_payers);
}
