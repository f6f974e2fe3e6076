// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is freed after a grace period, and takes long to free: it has parts per processor.
 * RCU would free all that has waited for a grace period in one softirq, which a user can make last
 * for milliseconds. kfree_rcu() does not know about parts.
 */
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "core/core.h"

static LLIST_HEAD(waiting);

static void free_waiting(struct work_struct *work)
{
	struct llist_node *all = llist_del_all(&waiting);
	struct iommufd_late *late, *next;

	synchronize_rcu();
	llist_for_each_entry_safe(late, next, all, node) {
		late->free(late);
		cond_resched();
	}
}

static DECLARE_WORK(work, free_waiting);

/**
 * iommufd_free_late() - free memory after a grace period of RCU
 * @late: in that memory
 * @free: frees it
 *
 * Context: any. @free is called in a work, and may sleep.
 */
void iommufd_free_late(struct iommufd_late *late, void (*free)(struct iommufd_late *late))
{
	late->free = free;
	/* The work takes all that it finds, so only the first has to queue it. */
	if (llist_add(&late->node, &waiting))
		queue_work(system_unbound_wq, &work);
}

/**
 * iommufd_late_exit() - wait until all memory given to iommufd_free_late() is freed
 *
 * Context: may sleep. Nobody calls iommufd_free_late() any more.
 */
void iommufd_late_exit(void)
{
	flush_work(&work);
}
