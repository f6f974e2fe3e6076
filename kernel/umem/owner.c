// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owners: whom pinned memory is accounted to, and how much each has pinned.
 *
 * An owner is a process as it was when it mapped: its memory, its limits, its user and its cgroup.
 * One that changes any of these is another owner from then on; what it has pinned before stays with
 * the old one until it is unpinned. Many maps of one process share one owner: a context keeps the
 * last one at hand (totals->owner), so that a map takes one reference, and not one on each of the
 * four.
 *
 * All owners are in a list, for sums over a process, a user or a cgroup. It is read under RCU, and
 * searched before another one is made: there are as many as processes, users and cgroups make
 * different ones, and no more.
 *
 * Sums. Readers read @reserved before @pages, and umem_reservation_use() adds a page to @pages before
 * it leaves @reserved, so a page may count twice for a moment, but is never missed. grants_lock is
 * held while a reservation is made, and while pages move from one owner to another, so that no
 * reservation is based on sums in which a page is missing.
 */
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/rculist.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "umem/owner.h"
#include "umem/umem.h"

static LIST_HEAD(owners);
static DEFINE_SPINLOCK(owners_lock); /* writers of owners */
static DEFINE_SPINLOCK(grants_lock); /* making reservations, and moving pages between owners */

static struct cgroup *current_cgroup(void)
{
#ifdef CONFIG_CGROUPS
	return task_dfl_cgroup(current);
#else
	return NULL;
#endif
}

/* All that it holds is held, so an address that is the same is the same thing. */
static bool is_current(const struct umem_owner *owner)
{
	return owner->mm == current->mm && owner->task == current->group_leader &&
	       owner->user == current_user() && owner->cgroup == current_cgroup();
}

/**
 * umem_cgroup_get() - the calling process's cgroup
 *
 * Return: the cgroup, to be given back by umem_cgroup_put(); NULL without cgroups.
 */
struct cgroup *umem_cgroup_get(void)
{
	struct cgroup *cgroup = NULL;

#ifdef CONFIG_CGROUPS
	/*
	 * The process may be moved, and the one it was in go, between the look and the reference.
	 */
	rcu_read_lock();
	do {
		cgroup = current_cgroup();
	} while (!cgroup_tryget(cgroup));
	rcu_read_unlock();
#endif
	return cgroup;
}

/**
 * umem_cgroup_put() - undo umem_cgroup_get()
 * @cgroup: what it returned
 */
void umem_cgroup_put(struct cgroup *cgroup)
{
#ifdef CONFIG_CGROUPS
	cgroup_put(cgroup);
#endif
}

/**
 * umem_cgroup_id() - number of a cgroup
 * @cgroup: held, or NULL
 *
 * Return: the number that cgroup_id() of BPF programs and the inode of its folder have; 0 for NULL.
 */
u64 umem_cgroup_id(struct cgroup *cgroup)
{
#ifdef CONFIG_CGROUPS
	if (cgroup)
		return cgroup_id(cgroup);
#endif
	return 0;
}

/* One that is there already, with a reference; for one that mapped through other contexts too. */
static struct umem_owner *owner_find(void)
{
	struct umem_owner *owner, *found = NULL;

	rcu_read_lock();
	list_for_each_entry_rcu(owner, &owners, item) {
		if (is_current(owner) && refcount_inc_not_zero(&owner->refs)) {
			found = owner;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

static struct umem_owner *owner_alloc(void)
{
	struct umem_owner *owner = kzalloc(sizeof(*owner), GFP_KERNEL_ACCOUNT);

	if (!owner)
		return NULL;
	refcount_set(&owner->refs, 1);
	owner->mm = current->mm;
	mmgrab(owner->mm);
	owner->task = get_task_struct(current->group_leader);
	owner->tgid = current->tgid;
	owner->user = get_uid(current_user());
	owner->uid = current_uid();
	owner->cgroup = umem_cgroup_get();
	spin_lock(&owners_lock);
	list_add_tail_rcu(&owner->item, &owners);
	spin_unlock(&owners_lock);
	return owner;
}

/* Another process than the last time. */
static noinline struct umem_owner *owner_change(struct umem_totals *totals)
{
	struct umem_owner *owner = owner_find(), *old;

	if (!owner)
		owner = owner_alloc();
	if (!owner)
		return NULL;
	refcount_inc(&owner->refs);
	old = unrcu_pointer(xchg(&totals->owner, RCU_INITIALIZER(owner)));
	if (old)
		umem_owner_put(old);
	return owner;
}

/**
 * umem_owner_get() - the calling process as an owner
 * @totals: of the context that it maps through
 *
 * Return: the owner, with a reference for the caller; NULL without memory.
 */
struct umem_owner *umem_owner_get(struct umem_totals *totals)
{
	struct umem_owner *owner;

	rcu_read_lock();
	owner = rcu_dereference(totals->owner);
	if (unlikely(!owner || !is_current(owner) || !refcount_inc_not_zero(&owner->refs)))
		owner = NULL;
	rcu_read_unlock();
	return owner ? owner : owner_change(totals);
}

/**
 * umem_owner_put() - drop a reference
 * @owner: nothing is accounted to it if it is the last
 */
void umem_owner_put(struct umem_owner *owner)
{
	if (likely(!refcount_dec_and_test(&owner->refs)))
		return;
	WARN_ON(atomic_long_read(&owner->pages) || atomic_long_read(&owner->reserved));
	spin_lock(&owners_lock);
	list_del_rcu(&owner->item);
	spin_unlock(&owners_lock);
	mmdrop(owner->mm);
	put_task_struct(owner->task);
	free_uid(owner->user);
	/* Its memory lives for an RCU grace period, for umem_owner_sums(). */
	umem_cgroup_put(owner->cgroup);
	kfree_rcu(owner, rcu);
}

/**
 * umem_totals_fini() - the end of a context
 * @totals: nothing is pinned through it
 */
void umem_totals_fini(struct umem_totals *totals)
{
	struct umem_owner *owner = unrcu_pointer(xchg(&totals->owner, NULL));

	if (owner)
		umem_owner_put(owner);
}

/**
 * umem_cgroup_within() - whether a cgroup is another one, or below it
 * @cgroup: the cgroup; rcu_read_lock() is held, or it is kept otherwise; NULL is in none
 * @id: number of the other
 *
 * Return: true if it is.
 */
bool umem_cgroup_within(struct cgroup *cgroup, u64 id)
{
#ifdef CONFIG_CGROUPS
	for (; cgroup; cgroup = cgroup_parent(cgroup))
		if (cgroup_id(cgroup) == id)
			return true;
#endif
	return false;
}

/**
 * umem_cgroup_current() - number of the calling process's cgroup
 *
 * Return: the number, 0 without cgroups.
 */
u64 umem_cgroup_current(void)
{
	u64 id;

	rcu_read_lock();
	id = umem_cgroup_id(current_cgroup());
	rcu_read_unlock();
	return id;
}

/**
 * umem_current_within() - whether the calling process is in a cgroup, or below it
 * @id: number of the cgroup
 *
 * Return: true if it is.
 */
bool umem_current_within(u64 id)
{
	bool ret;

	rcu_read_lock();
	ret = umem_cgroup_within(current_cgroup(), id);
	rcu_read_unlock();
	return ret;
}

static void add(struct umem_sum *sum, const atomic_long_t *pages, const atomic_long_t *reserved)
{
	sum->reserved = size_add(sum->reserved, atomic_long_read(reserved));
	/* Pairs with umem_reservation_use(). */
	smp_rmb();
	sum->pages += atomic_long_read(pages);
}

/**
 * umem_owner_sums() - sum up the pages that are pinned or reserved
 * @totals: of a context, or NULL
 * @by: the scopes
 * @sums: out
 *
 * Context: does not sleep; takes no lock.
 */
void umem_owner_sums(const struct umem_totals *totals, const struct umem_scope *by,
		     struct umem_sums *sums)
{
	const struct umem_owner *owner;

	memset(sums, 0, sizeof(*sums));
	if (totals)
		add(&sums->context, &totals->pages, &totals->reserved);
	rcu_read_lock();
	list_for_each_entry_rcu(owner, &owners, item) {
		if (owner->tgid == by->tgid)
			add(&sums->process, &owner->pages, &owner->reserved);
		if (uid_eq(owner->uid, by->uid))
			add(&sums->user, &owner->pages, &owner->reserved);
		if (umem_cgroup_within(owner->cgroup, by->cgroup))
			add(&sums->cgroup, &owner->pages, &owner->reserved);
	}
	rcu_read_unlock();
}

static bool has_grown(const struct umem_sum *now, const struct umem_sum *seen)
{
	return umem_sum_total(now) > umem_sum_total(seen);
}

/**
 * umem_reservation_begin() - reserve pages for a call that was allowed
 * @reservation: zeroed
 * @totals: of the context
 * @pages: pages that the call may pin
 * @by: the scopes of the limits
 * @seen: sums from umem_owner_sums() that the decision was based on
 *
 * Return: 0; -EAGAIN if a sum has grown since: decide again; -ENOMEM.
 */
int umem_reservation_begin(struct umem_reservation *reservation, struct umem_totals *totals,
			   unsigned long pages, const struct umem_scope *by,
			   const struct umem_sums *seen)
{
	struct umem_owner *owner = NULL;
	struct umem_sums now;
	int ret = 0;

	/* A kernel thread has no memory to pin. */
	if (pages && current->mm) {
		owner = umem_owner_get(totals);
		if (!owner)
			return -ENOMEM;
	}
	spin_lock(&grants_lock);
	umem_owner_sums(totals, by, &now);
	if (pages &&
	    (has_grown(&now.context, &seen->context) || has_grown(&now.process, &seen->process) ||
	     has_grown(&now.user, &seen->user) || has_grown(&now.cgroup, &seen->cgroup))) {
		ret = -EAGAIN;
	} else {
		atomic_long_add(pages, &totals->reserved);
		if (owner)
			atomic_long_add(pages, &owner->reserved);
	}
	spin_unlock(&grants_lock);
	if (ret) {
		if (owner)
			umem_owner_put(owner);
		return ret;
	}
	reservation->totals = totals;
	reservation->owner = owner;
	reservation->pages = pages;
	reservation->exceeded = false;
	return 0;
}

/**
 * umem_owner_move() - count pinned pages for another owner
 * @from: the old owner
 * @to: the new owner
 * @pages: number of pages
 */
void umem_owner_move(struct umem_owner *from, struct umem_owner *to, unsigned long pages)
{
	/* A reservation that is being made sees them at one of the two. */
	spin_lock(&grants_lock);
	atomic_long_add(pages, &to->pages);
	atomic_long_sub(pages, &from->pages);
	spin_unlock(&grants_lock);
}

/**
 * umem_reservation_use() - some of it is pinned and accounted
 * @reservation: begun
 * @pages: no more than its pages
 */
void umem_reservation_use(struct umem_reservation *reservation, unsigned long pages)
{
	reservation->pages -= pages;
	/* They are in the sums as pinned before they go from what is asked for. */
	smp_mb__before_atomic();
	if (reservation->owner)
		atomic_long_sub(pages, &reservation->owner->reserved);
	atomic_long_sub(pages, &reservation->totals->reserved);
}

/**
 * umem_reservation_end() - the call is over
 * @reservation: begun, or zeroed
 */
void umem_reservation_end(struct umem_reservation *reservation)
{
	if (!reservation->totals)
		return;
	umem_reservation_use(reservation, reservation->pages);
	if (reservation->owner)
		umem_owner_put(reservation->owner);
	reservation->totals = NULL;
	reservation->owner = NULL;
}
