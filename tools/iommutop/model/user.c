// SPDX-License-Identifier: GPL-2.0-only
/*
 * The process that uses a context, see state.h.
 *
 * A source lists payers by context, so those of a context are adjacent.
 */
#include <string.h>

#include "model/state.h"

/* The index of the first payer of a context, or of the place where it would be. */
static unsigned int first_payer(const struct array *payers, __u32 ctx)
{
	unsigned int low = 0, high = payers->nr, middle;
	const struct iommufd_payer_info *payer;

	while (low < high) {
		middle = (low + high) / 2;
		payer = array__at(payers, middle);
		if (payer->ctx < ctx)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Whether a is a better choice than b: it has more memory, or mapped last. */
static bool is_better(const struct iommufd_payer_info *a, const struct iommufd_payer_info *b)
{
	if (a->pinned != b->pinned)
		return a->pinned > b->pinned;
	return a->flags & IOMMUFD_PAYER_LAST;
}

bool payer__has_limit(const struct iommufd_payer_info *payer)
{
	if (payer->limit == MODEL_NONE || payer->used == MODEL_NONE)
		return false;
	return payer->charged || !(payer->flags & IOMMUFD_PAYER_EXEMPT);
}

/* Compare used / limit as fractions; a limit of 0 is used up. */
static bool is_nearer(const struct iommufd_payer_info *a, __u64 used, __u64 limit)
{
	if (limit == MODEL_NONE)
		return true;
	return (double)a->used * limit > (double)used * a->limit;
}

void state__user(const struct state *state, const struct iommufd_ctx_info *ctx,
		 struct ctx_user *user)
{
	const struct iommufd_payer_info *payer, *main = NULL;
	unsigned int first = first_payer(&state->payers, ctx->ctx), i;

	memset(user, 0, sizeof(*user));
	user->limit = user->used = MODEL_NONE;
	if (first < state->payers.nr)
		user->payers = array__at(&state->payers, first);
	for (i = first; i < state->payers.nr; i++) {
		payer = array__at(&state->payers, i);
		if (payer->ctx != ctx->ctx)
			break;
		user->nr++;
		user->charged += payer->charged;
		if (!main || is_better(payer, main))
			main = payer;
		if (payer__has_limit(payer) && is_nearer(payer, user->used, user->limit)) {
			user->limit = payer->limit;
			user->used = payer->used;
		}
	}
	user->tgid = main ? main->tgid : ctx->tgid;
	user->uid = main ? main->uid : ctx->uid;
	user->cgroup = main ? main->cgroup : ctx->cgroup;
	memcpy(user->comm, main ? main->comm : ctx->comm, sizeof(user->comm));
}
