// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owners: the processes that pinned memory is charged to, and what each has pinned.
 *
 * An owner is a process as it was when it mapped: its memory, its limits, its user and its cgroup.
 * A process that changes any of these becomes another owner; its earlier pins stay with the
 * old owner until it is unpinned. All maps of a process share one owner, and a context caches the
 * owner that mapped last (totals->owner), so that a map takes one reference instead of four.
 *
 * All owners are in one hash table, by process. It is searched before an owner is made, so it has
 * one entry per combination of the four. A tally adds up the owners of one user in one cgroup, dead
 * processes included, so a sum over a user or a cgroup walks the few tallies and not the owners.
 * Both are read under RCU.
 *
 * Sums. Readers read @reserved before @pages, and umem_reservation_use() adds a page to @pages
 * before it leaves @reserved. So a page may count twice for a moment, but is never missed if both
 * counters belong to the same owner. grants_lock is held while a reservation is made, while one is
 * used for the memory of another owner, and while pages move to another owner, so that no
 * reservation is based on sums in which a page is missing.
 */
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/rculist.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "umem/internal.h"

#define OWNERS_BITS 10

static DEFINE_HASHTABLE(owners, OWNERS_BITS); /* by tgid */
static LIST_HEAD(tallies);
/* Writers of owners and tallies. */
static DEFINE_SPINLOCK(owners_lock);
/* Making reservations, and counting pages that leave one owner for another. */
static DEFINE_MUTEX(grants_lock);

/* The owner holds references on all four, so equal addresses mean the same objects. */
static bool is_current(const struct umem_owner *owner)
{
	return owner->mm == current->mm && owner->pid == task_tgid(current) &&
	       owner->user == current_user() && owner->cgroup == umem_current_cgroup();
}

/*
 * Find the owner, with a reference, if the process has mapped before, perhaps in another context.
 */
static struct umem_owner *owner_find(void)
{
	struct umem_owner *owner, *found = NULL;

	rcu_read_lock();
	hash_for_each_possible_rcu(owners, owner, item, current->tgid) {
		if (is_current(owner) && refcount_inc_not_zero(&owner->refs)) {
			found = owner;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

static struct umem_tally *tally_alloc(void)
{
	struct umem_tally *tally = kzalloc(sizeof(*tally), GFP_KERNEL_ACCOUNT);

	if (!tally)
		return NULL;
	tally->uid = current_uid();
	tally->cgroup = umem_cgroup_get();
	return tally;
}

static void tally_free(struct umem_tally *tally)
{
	/* umem_owner_sums() may read it, and its cgroup, for another RCU grace period. */
	umem_cgroup_put(tally->cgroup);
	kfree_rcu(tally, rcu);
}

/* Find the tally that is like @new, or add @new. owners_lock is held. */
static struct umem_tally *tally_join(struct umem_tally *new)
{
	struct umem_tally *tally;

	list_for_each_entry(tally, &tallies, item)
		if (uid_eq(tally->uid, new->uid) && tally->cgroup == new->cgroup)
			goto found;
	tally = new;
	list_add_tail_rcu(&tally->item, &tallies);
found:
	tally->owners++;
	return tally;
}

static struct umem_owner *owner_alloc(void)
{
	struct umem_owner *owner = kzalloc(sizeof(*owner), GFP_KERNEL_ACCOUNT);
	struct umem_tally *tally = tally_alloc();

	if (!owner || !tally)
		goto err_free;
	refcount_set(&owner->refs, 1);
	owner->mm = current->mm;
	mmgrab(owner->mm);
	owner->pid = get_pid(task_tgid(current));
	owner->memlock = rlimit(RLIMIT_MEMLOCK);
	owner->tgid = current->tgid;
	owner->user = get_uid(current_user());
	owner->cgroup = tally->cgroup;
	spin_lock(&owners_lock);
	owner->tally = tally_join(tally);
	hash_add_rcu(owners, &owner->item, owner->tgid);
	spin_unlock(&owners_lock);
	if (owner->tally != tally)
		tally_free(tally);
	return owner;

err_free:
	if (tally)
		tally_free(tally);
	kfree(owner);
	return NULL;
}

/* Replace the cached owner: another process maps than the last time. */
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
 * umem_owner_get() - get the owner that stands for the calling process
 * @totals: of the context that it maps through
 *
 * Context: may sleep.
 * Return: the owner, with a reference for the caller; NULL if out of memory.
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
 * umem_owner_put() - drop a reference on an owner
 * @owner: with the last reference, nothing is charged to it any more
 */
void umem_owner_put(struct umem_owner *owner)
{
	struct umem_tally *tally = owner->tally;
	bool last;

	if (likely(!refcount_dec_and_test(&owner->refs)))
		return;
	WARN_ON(atomic_long_read(&owner->pages) || atomic_long_read(&owner->reserved));
	spin_lock(&owners_lock);
	hash_del_rcu(&owner->item);
	last = !--tally->owners;
	if (last)
		list_del_rcu(&tally->item);
	spin_unlock(&owners_lock);
	if (last) {
		WARN_ON(atomic_long_read(&tally->pages) || atomic_long_read(&tally->reserved));
		tally_free(tally);
	}
	mmdrop(owner->mm);
	put_pid(owner->pid);
	free_uid(owner->user);
	kfree_rcu(owner, rcu);
}

/**
 * umem_owner_memlock() - get the limit that an owner's pages are charged against
 * @owner: the owner
 *
 * Context: any.
 * Return: RLIMIT_MEMLOCK of the process in bytes; the last one seen if the process is gone.
 */
unsigned long umem_owner_memlock(struct umem_owner *owner)
{
	struct task_struct *task = current;

	rcu_read_lock();
	if (unlikely(owner->pid != task_tgid(current)))
		task = pid_task(owner->pid, PIDTYPE_TGID);
	if (task && READ_ONCE(owner->memlock) != task_rlimit(task, RLIMIT_MEMLOCK))
		WRITE_ONCE(owner->memlock, task_rlimit(task, RLIMIT_MEMLOCK));
	rcu_read_unlock();
	return READ_ONCE(owner->memlock);
}

/**
 * umem_totals_fini() - drop the owner that a context's totals hold
 * @totals: nothing is pinned through the context
 */
void umem_totals_fini(struct umem_totals *totals)
{
	struct umem_owner *owner = unrcu_pointer(xchg(&totals->owner, NULL));

	if (owner)
		umem_owner_put(owner);
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
 * @by: the process, user and cgroup
 * @sums: out: the sums
 *
 * Context: any; takes no lock.
 */
void umem_owner_sums(const struct umem_totals *totals, const struct umem_scope *by,
		     struct umem_sums *sums)
{
	const struct umem_owner *owner;
	const struct umem_tally *tally;

	memset(sums, 0, sizeof(*sums));
	if (totals)
		add(&sums->context, &totals->pages, &totals->reserved);
	rcu_read_lock();
	hash_for_each_possible_rcu(owners, owner, item, by->tgid)
		if (owner->tgid == by->tgid)
			add(&sums->process, &owner->pages, &owner->reserved);
	list_for_each_entry_rcu(tally, &tallies, item) {
		if (uid_eq(tally->uid, by->uid))
			add(&sums->user, &tally->pages, &tally->reserved);
		if (umem_cgroup_within(tally->cgroup, by->cgroup))
			add(&sums->cgroup, &tally->pages, &tally->reserved);
	}
	rcu_read_unlock();
}

/* By how much a sum has grown. */
static unsigned long growth_of(const struct umem_sum *now, const struct umem_sum *seen)
{
	unsigned long total = umem_sum_total(now), before = umem_sum_total(seen);

	return total > before ? total - before : 0;
}

static unsigned long largest_growth(const struct umem_sums *now, const struct umem_sums *seen)
{
	return max(max(growth_of(&now->context, &seen->context),
		       growth_of(&now->process, &seen->process)),
		   max(growth_of(&now->user, &seen->user), growth_of(&now->cgroup, &seen->cgroup)));
}

/* Whether the counters have room for more pages. */
static bool has_room(const struct umem_sums *now, unsigned long pages)
{
	unsigned long most = max3(umem_sum_total(&now->context), umem_sum_total(&now->process),
				  umem_sum_total(&now->user));

	return size_add(most, pages) <= LONG_MAX;
}

/* Count pages as reserved, or no longer if @pages is negative. */
static void count_reserved(struct umem_owner *owner, long pages)
{
	atomic_long_add(pages, &owner->reserved);
	atomic_long_add(pages, &owner->tally->reserved);
}

/*
 * Check that no sum has grown since the decision, and that the counters have room for more pages.
 * grants_lock is held.
 */
static int check_grant(const struct umem_totals *totals, struct umem_grant *grant,
		       unsigned long pages)
{
	struct umem_sums now;

	umem_owner_sums(totals, &grant->by, &now);
	grant->growth = largest_growth(&now, &grant->seen);
	if (grant->growth)
		return -EAGAIN;
	return has_room(&now, pages) ? 0 : -ENOMEM;
}

/**
 * umem_reservation_begin() - reserve pages for a call that was allowed
 * @reservation: zeroed
 * @totals: of the context
 * @grant: the decision; all needs are equal
 *
 * Context: may sleep; takes grants_lock.
 * Return: 0; -EAGAIN if a sum has grown since the decision, so the caller has to decide again;
 * -ENOMEM.
 */
int umem_reservation_begin(struct umem_reservation *reservation, struct umem_totals *totals,
			   struct umem_grant *grant)
{
	unsigned long pages = grant->needs.process;
	struct umem_owner *owner = NULL;
	int ret = 0;

	grant->growth = 0;
	/* A kernel thread has no memory to pin. */
	if (pages && current->mm) {
		owner = umem_owner_get(totals);
		if (!owner)
			return -ENOMEM;
	}
	if (pages) {
		mutex_lock(&grants_lock);
		ret = check_grant(totals, grant, pages);
		if (!ret)
			atomic_long_add(pages, &totals->reserved);
		if (!ret && owner)
			count_reserved(owner, pages);
		mutex_unlock(&grants_lock);
	}
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
 * umem_owner_add_needs() - add pages to the sums that do not include them
 * @owner: the owner of the pages
 * @by: the process, user and cgroup of the sums
 * @pages: number of pages
 * @needs: in, out
 */
void umem_owner_add_needs(const struct umem_owner *owner, const struct umem_scope *by,
			  unsigned long pages, struct umem_needs *needs)
{
	if (owner->tgid != by->tgid)
		needs->process += pages;
	if (!uid_eq(owner->tally->uid, by->uid))
		needs->user += pages;
	rcu_read_lock();
	if (!umem_cgroup_within(owner->cgroup, by->cgroup))
		needs->cgroup += pages;
	rcu_read_unlock();
}

/**
 * umem_owner_begin_move() - count pinned pages for an owner before they leave others
 * @to: the new owner
 * @totals: of the context
 * @pages: pages that belong to other owners
 * @tally_pages: of these, pages that are in other tallies
 * @grant: the decision to be checked; NULL if no policy was asked
 *
 * The pages count twice, each time for another process, until umem_owner_end_move(). A reservation
 * that is being made meanwhile sees them at one of the two at least.
 *
 * Context: may sleep; takes grants_lock.
 * Return: 0; -EAGAIN if a sum has grown since the decision; -ENOMEM. On error nothing has changed.
 */
int umem_owner_begin_move(struct umem_owner *to, const struct umem_totals *totals,
			  unsigned long pages, unsigned long tally_pages, struct umem_grant *grant)
{
	int ret = 0;

	mutex_lock(&grants_lock);
	if (grant)
		ret = check_grant(totals, grant, pages);
	if (!ret) {
		atomic_long_add(pages, &to->pages);
		atomic_long_add(tally_pages, &to->tally->pages);
	}
	mutex_unlock(&grants_lock);
	return ret;
}

/**
 * umem_owner_end_move() - count pinned pages for their old owner no longer
 * @from: the old owner
 * @to: the new owner
 * @counted: pages that umem_owner_begin_move() has counted for @to
 * @pages: pages that there are now
 *
 * Context: may sleep; takes grants_lock if @pages is not @counted.
 */
void umem_owner_end_move(struct umem_owner *from, struct umem_owner *to, unsigned long counted,
			 unsigned long pages)
{
	bool tally = from->tally != to->tally;

	if (from == to)
		return;
	if (pages != counted) {
		/* A reservation that is being made must see the pages at one of the two. */
		mutex_lock(&grants_lock);
		atomic_long_add(pages - counted, &to->pages);
		if (tally)
			atomic_long_add(pages - counted, &to->tally->pages);
	}
	atomic_long_sub(pages, &from->pages);
	if (tally)
		atomic_long_sub(pages, &from->tally->pages);
	if (pages != counted)
		mutex_unlock(&grants_lock);
}

/**
 * umem_reservation_use() - use up a part of a reservation
 * @reservation: begun
 * @pages: pages that were pinned and charged, at most reservation->pages
 */
void umem_reservation_use(struct umem_reservation *reservation, unsigned long pages)
{
	reservation->pages -= pages;
	/* Pages count as pinned before they stop counting as reserved. Pairs with add(). */
	smp_mb__before_atomic();
	if (reservation->owner)
		count_reserved(reservation->owner, -(long)pages);
	atomic_long_sub(pages, &reservation->totals->reserved);
}

/**
 * umem_reservation_use_for() - count pinned pages of another owner than the reservation's
 * @reservation: begun
 * @totals: of the context
 * @owner: the owner of the memory
 * @pages: pages that were charged to it, at most reservation->pages
 *
 * Context: may sleep; takes grants_lock.
 */
void umem_reservation_use_for(struct umem_reservation *reservation, struct umem_totals *totals,
			      struct umem_owner *owner, unsigned long pages)
{
	/* A reservation that is being made must see the pages at one of the two. */
	mutex_lock(&grants_lock);
	umem_count_pages(totals, owner, pages);
	umem_reservation_use(reservation, pages);
	mutex_unlock(&grants_lock);
}

/**
 * umem_reservation_end() - give back the rest of a reservation
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
