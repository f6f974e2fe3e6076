// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree of users tells which pages are pinned: those that a user covers and, while a umem_pin()
 * is in progress, those in its struct umem_progress. umem_next_hole() in umem/internal.h finds the
 * others.
 */
#include "umem/internal.h"

/**
 * umem_covered() - check whether a user covers any page of a range
 * @umem: its lock is held
 * @first: first page
 * @last: last page
 *
 * Return: true if one is.
 */
bool umem_covered(struct umem *umem, unsigned long first, unsigned long last)
{
	lockdep_assert_held(&umem->lock);
	return interval_tree_iter_first(&umem->users, first, last);
}

/**
 * umem_split_user() - split a user in two
 * @umem: its lock is held
 * @low: the user, from umem_pin(); ends below @at on return
 * @high: the new user, from @at on; to be ended by umem_unpin() as well
 * @at: a page above the first page of @low
 *
 * The two cover the same pages as before, so no page is pinned, unpinned or charged.
 */
void umem_split_user(struct umem *umem, struct umem_user *low, struct umem_user *high,
		     unsigned long at)
{
	lockdep_assert_held(&umem->lock);
	interval_tree_remove(&low->node, &umem->users);
	high->node.start = at;
	high->node.last = low->node.last;
	low->node.last = at - 1;
	interval_tree_insert(&low->node, &umem->users);
	interval_tree_insert(&high->node, &umem->users);
}
