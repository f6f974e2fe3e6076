// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owners: the processes that pinned memory is charged to, and the memory that each has pinned.
 *
 * An owner is a process as it was when it mapped: its memory, its limits, its user and its cgroup.
 * A process that changes any of these becomes another owner; its earlier pins stay with the
 * old owner until it is unpinned. All maps of a process share one owner, through any context.
 *
 * All owners are in one hash table. It is searched before an owner is made, so it has one entry per
 * combination of the four. A tally adds up the owners of one user in one cgroup, dead processes
 * included, so a sum over a user or a cgroup walks the few tallies and not the owners. All tables
 * are read under RCU.
 *
 * The root of a user namespace can take on many users, and a process many cgroups. Each pair is a
 * tally, even if nothing is pinned, so no sum of another process and no section under owners_lock
 * may walk them all. A sum over a user walks the tallies of that user, a sum over a cgroup all
 * cgroups and then the tallies of those below it, a sum over a process at most PROCESS_OWNERS
 * owners. The keys of the tables are not predictable, so that nobody can fill one chain.
 *
 * Sums. Readers read @reserved before @pages, and umem_reservation_use() adds a page to @pages
 * before it leaves @reserved. So a page may count twice for a moment, but is never missed, because
 * both counters belong to the same owner. grants_lock is held while a reservation is made, and
 * while pages move to another owner, so that no reservation is based on sums in which a page is
 * missing. Readers do not take it, and would count pages twice that move meanwhile; then a policy
 * would refuse a call far below its limit. So a sum during which pages moved is made again.
 *
 * A reservation is made only if no sum has grown since the policies saw it. To find that out
 * without another walk over all tallies, each growth of any sum raises the counter growths, after
 * the pages are counted: a reservation, a move, and, while policies are loaded, a pin without a
 * reservation. Pages of a reservation that are pinned make no sum grow. If the counter has changed,
 * the sums are compared.
 */
#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/jhash.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "port/unzeroed.h"
#include "umem/internal.h"

#define TABLE_BITS 10
/*
 * Owners that one process may be at a time. It maps in the name of another user or from another
 * cgroup, or after an execve(), for each of them.
 */
#define PROCESS_OWNERS 1024
/* How often a sum is made because pages move meanwhile. A process can move its own at any time. */
#define SUM_TRIES 64

/**
 * struct umem_cgroup - a cgroup that has tallies
 * @cgroup: the cgroup, which its tallies reference; or NULL
 * @tallies: its tallies, each of another user
 * @item: in the table of cgroups
 * @all: in the list of all cgroups
 * @rcu: they are read under RCU
 */
struct umem_cgroup {
	struct cgroup *cgroup;
	struct list_head tallies;
	struct hlist_node item;
	struct list_head all;
	struct rcu_head rcu;
};

static DEFINE_HASHTABLE(owners, TABLE_BITS); /* by process, user and cgroup */
static DEFINE_HASHTABLE(processes, TABLE_BITS); /* owners by tgid */
static DEFINE_HASHTABLE(tallies, TABLE_BITS); /* by user and cgroup */
static DEFINE_HASHTABLE(users, TABLE_BITS); /* tallies by user */
static DEFINE_HASHTABLE(cgroups, TABLE_BITS);
static LIST_HEAD(all_cgroups);
static u32 seed __read_mostly; /* of the keys */
/* Writers of the tables. */
static DEFINE_SPINLOCK(owners_lock);
/* Making reservations, and counting pages that leave one owner for another. */
static DEFINE_MUTEX(grants_lock);
/* Pages that leave one owner for another. Writers hold grants_lock. */
static seqcount_t moves = SEQCNT_ZERO(moves);
static const struct task_struct *mover; /* the task that moves them, for comparison only */
static atomic64_t last_id;
static atomic_long_t growths;

DEFINE_STATIC_KEY_FALSE(umem_growth_key);

static u32 owner_key(pid_t tgid, const struct user_struct *user, const struct cgroup *cgroup)
{
	return jhash_3words(tgid, hash_ptr(user, 32), hash_ptr(cgroup, 32), seed);
}

static u32 tally_key(kuid_t uid, const struct cgroup *cgroup)
{
	return jhash_2words(__kuid_val(uid), hash_ptr(cgroup, 32), seed);
}

/* Each sum uses this one and the next, so they are cheap; the tables hash them again. */
static u32 process_key(pid_t tgid)
{
	return tgid ^ seed;
}

static u32 user_key(kuid_t uid)
{
	return __kuid_val(uid) ^ seed;
}

static u32 cgroup_key(const struct cgroup *cgroup)
{
	return jhash_1word(hash_ptr(cgroup, 32), seed);
}

/**
 * umem_owner_init() - make the keys of the tables unpredictable, at module load
 */
void umem_owner_init(void)
{
	seed = get_random_u32();
}

/*
 * Find the owner, with a reference, if the process has mapped before, perhaps in another context.
 */
static struct umem_owner *owner_find(void)
{
	struct umem_owner *owner, *found = NULL;
	u32 key;

	rcu_read_lock();
	key = owner_key(current->tgid, current_user(), umem_current_cgroup());
	hash_for_each_possible_rcu(owners, owner, item, key) {
		if (umem_owner_is_current(owner) && refcount_inc_not_zero(&owner->refs)) {
			found = owner;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

/* Make a tally, with an entry for its cgroup in case that has none. */
static struct umem_tally *tally_alloc(void)
{
	struct umem_tally *tally = kzalloc(sizeof(*tally), GFP_KERNEL_ACCOUNT);
	struct umem_cgroup *place = kzalloc(sizeof(*place), GFP_KERNEL_ACCOUNT);

	if (!tally || !place) {
		kfree(tally);
		kfree(place);
		return NULL;
	}
	tally->uid = current_uid();
	tally->cgroup = umem_cgroup_get();
	tally->place = place;
	place->cgroup = tally->cgroup;
	INIT_LIST_HEAD(&place->tallies);
	return tally;
}

/* @place: to be freed as well, or NULL. */
static void tally_free(struct umem_tally *tally, struct umem_cgroup *place)
{
	/* umem_owner_sums() may read it, and its cgroup, for another RCU grace period. */
	umem_cgroup_put(tally->cgroup);
	kfree_rcu(tally, rcu);
	if (place)
		kfree_rcu(place, rcu);
}

static struct umem_cgroup *cgroup_find(const struct cgroup *cgroup)
{
	struct umem_cgroup *place;

	hash_for_each_possible(cgroups, place, item, cgroup_key(cgroup))
		if (place->cgroup == cgroup)
			return place;
	return NULL;
}

/* Add a tally. Returns the entry of its cgroup that it came with, if another one is used. */
static struct umem_cgroup *tally_add(struct umem_tally *tally)
{
	struct umem_cgroup *new = tally->place, *place = cgroup_find(tally->cgroup);

	if (!place) {
		place = new;
		hash_add_rcu(cgroups, &place->item, cgroup_key(place->cgroup));
		list_add_tail_rcu(&place->all, &all_cgroups);
	}
	tally->place = place;
	hash_add_rcu(tallies, &tally->item, tally_key(tally->uid, tally->cgroup));
	hash_add_rcu(users, &tally->of_user, user_key(tally->uid));
	list_add_tail_rcu(&tally->of_cgroup, &place->tallies);
	return place == new ? NULL : new;
}

/* Undo tally_add(). Returns the entry of the cgroup if this was its last tally. */
static struct umem_cgroup *tally_remove(struct umem_tally *tally)
{
	struct umem_cgroup *place = tally->place;

	hash_del_rcu(&tally->item);
	hash_del_rcu(&tally->of_user);
	list_del_rcu(&tally->of_cgroup);
	if (!list_empty(&place->tallies))
		return NULL;
	hash_del_rcu(&place->item);
	list_del_rcu(&place->all);
	return place;
}

/*
 * Find the tally that is like @new, or add @new. owners_lock is held. @unused: out: memory of @new
 * that is not used because its cgroup has an entry.
 */
static struct umem_tally *tally_join(struct umem_tally *new, struct umem_cgroup **unused)
{
	u32 key = tally_key(new->uid, new->cgroup);
	struct umem_tally *tally;

	hash_for_each_possible(tallies, tally, item, key)
		if (uid_eq(tally->uid, new->uid) && tally->cgroup == new->cgroup)
			goto found;
	tally = new;
	*unused = tally_add(new);
found:
	tally->owners++;
	return tally;
}

/* Whether a process may not be another owner. owners_lock is held. */
static bool has_too_many(const struct pid *pid, pid_t tgid)
{
	const struct umem_owner *owner;
	unsigned int n = 0;

	hash_for_each_possible(processes, owner, of_process, process_key(tgid))
		n += owner->pid == pid;
	return n >= PROCESS_OWNERS;
}

/*
 * Add a new owner, which becomes one of a tally like @tally. owners_lock is held. Returns an owner
 * that another thread has added, NULL otherwise; owner->tally is NULL if there are too many.
 */
static struct umem_owner *owner_add(struct umem_owner *owner, struct umem_tally *tally,
				    struct umem_cgroup **unused)
{
	/* Reservations are for one owner of a process. */
	struct umem_owner *found = owner_find();

	if (unlikely(found) || has_too_many(owner->pid, owner->tgid))
		return found;
	owner->tally = tally_join(tally, unused);
	hash_add_rcu(owners, &owner->item, owner_key(owner->tgid, owner->user, owner->cgroup));
	hash_add_rcu(processes, &owner->of_process, process_key(owner->tgid));
	return NULL;
}

static struct umem_owner *owner_alloc(void)
{
	struct umem_owner *owner = kzalloc(sizeof(*owner), GFP_KERNEL_ACCOUNT), *found;
	struct umem_tally *tally = tally_alloc();
	struct umem_cgroup *unused = NULL;

	if (!owner || !tally)
		goto err_free;
	refcount_set(&owner->refs, 1);
	owner->id = atomic64_inc_return(&last_id);
	owner->mm = current->mm;
	mmgrab(owner->mm);
	owner->pid = get_pid(task_tgid(current));
	owner->memlock = rlimit(RLIMIT_MEMLOCK);
	owner->tgid = current->tgid;
	owner->user = get_uid(current_user());
	owner->cgroup = tally->cgroup;
	strscpy_pad(owner->comm, current->group_leader->comm, sizeof(owner->comm));
	spin_lock(&owners_lock);
	found = owner_add(owner, tally, &unused);
	spin_unlock(&owners_lock);
	if (unlikely(!owner->tally))
		goto out_drop;
	if (owner->tally != tally)
		tally_free(tally, tally->place);
	kfree(unused);
	return owner;

out_drop:
	mmdrop(owner->mm);
	put_pid(owner->pid);
	free_uid(owner->user);
	tally_free(tally, tally->place);
	kfree(owner);
	return found;

err_free:
	if (tally)
		tally_free(tally, tally->place);
	kfree(owner);
	return NULL;
}

/* Find the owner that stands for the calling process, with a reference; NULL if it has none. */
static struct umem_owner *owner_look_up(struct umem_totals *totals)
{
	struct umem_owner *owner = NULL;
	struct umem_payer *payer;

	rcu_read_lock();
	payer = rcu_dereference(totals->payer);
	if (likely(payer && umem_owner_is_current(payer->owner)) &&
	    likely(refcount_inc_not_zero(&payer->owner->refs)))
		owner = payer->owner;
	rcu_read_unlock();
	return owner ? owner : owner_find();
}

/**
 * umem_owner_get() - get the owner that stands for the calling process
 * @totals: of the context that it maps through
 *
 * Context: may sleep.
 * Return: the owner, with a reference for the caller; NULL if out of memory, or if the process is
 * too many owners.
 */
struct umem_owner *umem_owner_get(struct umem_totals *totals)
{
	struct umem_owner *owner = owner_look_up(totals);

	return owner ? owner : owner_alloc();
}

/**
 * umem_owner_put() - drop a reference on an owner
 * @owner: with the last reference, nothing is charged to it any more
 */
void umem_owner_put(struct umem_owner *owner)
{
	struct umem_tally *tally = owner->tally;
	struct umem_cgroup *place = NULL;
	bool last;

	if (likely(!refcount_dec_and_test(&owner->refs)))
		return;
	WARN_ON(atomic_long_read(&owner->pages) || atomic_long_read(&owner->reserved));
	spin_lock(&owners_lock);
	hash_del_rcu(&owner->item);
	hash_del_rcu(&owner->of_process);
	last = !--tally->owners;
	if (last)
		place = tally_remove(tally);
	spin_unlock(&owners_lock);
	if (last) {
		WARN_ON(atomic_long_read(&tally->pages) || atomic_long_read(&tally->reserved));
		tally_free(tally, place);
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

static void add(struct umem_sum *sum, const atomic_long_t *pages, const atomic_long_t *reserved)
{
	sum->reserved = size_add(sum->reserved, atomic_long_read(reserved));
	/* Pairs with umem_reservation_use(). */
	smp_rmb();
	/* Negative for a moment if pages are unpinned while umem_owner_move_all() moves them. */
	sum->pages += max(atomic_long_read(pages), 0L);
}

static void sum_up(const struct umem_totals *totals, const struct umem_scope *by,
		   struct umem_sums *sums)
{
	const struct umem_cgroup *place;
	const struct umem_owner *owner;
	const struct umem_tally *tally;

	memset(sums, 0, sizeof(*sums));
	if (totals)
		add(&sums->context, &totals->pages, &totals->reserved);
	rcu_read_lock();
	/* The id of a process that has ended may be that of another one now. */
	hash_for_each_possible_rcu(processes, owner, of_process, process_key(by->tgid))
		if (owner->tgid == by->tgid && (!by->pid || owner->pid == by->pid))
			add(&sums->process, &owner->pages, &owner->reserved);
	hash_for_each_possible_rcu(users, tally, of_user, user_key(by->uid))
		if (uid_eq(tally->uid, by->uid))
			add(&sums->user, &tally->pages, &tally->reserved);
	list_for_each_entry_rcu(place, &all_cgroups, all) {
		if (!umem_cgroup_within(place->cgroup, by->cgroup))
			continue;
		list_for_each_entry_rcu(tally, &place->tallies, of_cgroup)
			add(&sums->cgroup, &tally->pages, &tally->reserved);
	}
	rcu_read_unlock();
}

/**
 * umem_owner_sums() - sum up the pages that are pinned or reserved
 * @totals: of a context, or NULL
 * @by: the process, user and cgroup
 * @sums: out: the sums
 *
 * Does not wait for a move to end if a program has interrupted it on this CPU.
 *
 * Context: any; takes no lock.
 */
void umem_owner_sums(const struct umem_totals *totals, const struct umem_scope *by,
		     struct umem_sums *sums)
{
	unsigned int tries = 0, seq;

	do {
		seq = raw_read_seqcount(&moves);
		sum_up(totals, by, sums);
		/* It goes on only after this. */
		if (unlikely(seq & 1 && READ_ONCE(mover) == current))
			break;
	} while (unlikely(seq & 1 || read_seqcount_retry(&moves, seq)) && ++tries < SUM_TRIES);
}

/**
 * umem_watch_growth() - begin or end to count growths because of pins without a reservation
 * @on: begin, once more; otherwise end
 *
 * Context: may sleep. Begin before the first decision, so that it misses no pin.
 */
void umem_watch_growth(bool on)
{
	if (on)
		static_branch_inc(&umem_growth_key);
	else
		static_branch_dec(&umem_growth_key);
}

/**
 * umem_note_growth() - count a growth of a sum
 *
 * Context: any; the pages that make it grow are counted.
 */
void umem_note_growth(void)
{
	/* Pairs with umem_owner_see(). */
	smp_mb__before_atomic();
	atomic_long_inc(&growths);
}

/**
 * umem_owner_see() - sum up for a decision
 * @totals: of the context
 * @grant: the decision, with @by; out: the sums
 *
 * Context: any; takes no lock.
 */
void umem_owner_see(const struct umem_totals *totals, struct umem_grant *grant)
{
	grant->growths = atomic_long_read_acquire(&growths);
	grant->exact = true;
	umem_owner_sums(totals, &grant->by, &grant->seen);
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

/* grants_lock is held. The owner is NULL for a thread of the kernel. */
static void reserve(struct umem_totals *totals, struct umem_owner *owner, unsigned long pages)
{
	atomic_long_add(pages, &totals->reserved);
	if (owner)
		count_reserved(owner, pages);
	umem_note_growth();
}

/*
 * Check that no sum has grown since the decision, and that the counters have room for more pages.
 * grants_lock is held, and grant->growth is 0.
 */
static int check_grant(const struct umem_totals *totals, struct umem_grant *grant,
		       const struct umem_owner *owner, unsigned long pages)
{
	struct umem_sums now port_unzeroed;

	/* The process may have moved to another cgroup since the decision. */
	if (owner && umem_cgroup_id(owner->cgroup) != grant->by.cgroup)
		return -EAGAIN;
	if (likely(grant->exact && grant->growths == atomic_long_read(&growths)))
		return has_room(&grant->seen, pages) ? 0 : -ENOMEM;
	umem_owner_sums(totals, &grant->by, &now);
	grant->growth = largest_growth(&now, &grant->seen);
	if (grant->growth)
		return -EAGAIN;
	return has_room(&now, pages) ? 0 : -ENOMEM;
}

/**
 * umem_owner_scope() - get the process, user and cgroup of an owner
 * @owner: the owner
 * @scope: out
 */
void umem_owner_scope(const struct umem_owner *owner, struct umem_scope *scope)
{
	scope->tgid = owner->tgid;
	scope->pid = owner->pid;
	scope->uid = owner->tally->uid;
	scope->cgroup = umem_cgroup_id(owner->cgroup);
}

/**
 * umem_reservation_begin() - reserve pages of the calling process for a call that was allowed
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
		ret = check_grant(totals, grant, owner, pages);
		if (!ret)
			reserve(totals, owner, pages);
		mutex_unlock(&grants_lock);
	}
	if (ret) {
		if (owner)
			umem_owner_put(owner);
		return ret;
	}
	reservation->totals = totals;
	reservation->own.owner = owner;
	reservation->own.reserved = pages;
	reservation->exceeded = false;
	return 0;
}

/**
 * umem_reservation_add() - reserve pages of another owner for a call that was allowed
 * @reservation: begun; @share is one of @reservation->others
 * @share: the owner and the pages
 * @grant: the decision
 *
 * Context: may sleep; takes grants_lock.
 * Return: as umem_reservation_begin().
 */
int umem_reservation_add(struct umem_reservation *reservation, struct umem_share *share,
			 struct umem_grant *grant)
{
	int ret;

	grant->growth = 0;
	mutex_lock(&grants_lock);
	ret = check_grant(reservation->totals, grant, share->owner, share->pages);
	if (!ret) {
		reserve(reservation->totals, share->owner, share->pages);
		share->reserved = share->pages;
	}
	mutex_unlock(&grants_lock);
	return ret;
}

static struct umem_share *find_share(struct umem_shares *shares, const struct umem_owner *owner)
{
	unsigned int i;

	for (i = 0; i < shares->n; i++)
		if (shares->share[i].owner == owner)
			return &shares->share[i];
	return NULL;
}

static struct umem_share *share_of(struct umem_reservation *reservation,
				   const struct umem_owner *owner)
{
	if (likely(reservation->own.owner == owner))
		return &reservation->own;
	return reservation->others ? find_share(reservation->others, owner) : NULL;
}

/**
 * umem_reservation_covers() - check whether pages of an owner are reserved
 * @reservation: begun
 * @owner: the owner of the memory; the lock of the memory is held, so it does not change
 * @pages: number of pages
 *
 * Return: whether so many are reserved. Otherwise @reservation->exceeded is set.
 */
bool umem_reservation_covers(struct umem_reservation *reservation, const struct umem_owner *owner,
			     unsigned long pages)
{
	const struct umem_share *share = share_of(reservation, owner);

	if (share && pages <= share->reserved)
		return true;
	reservation->exceeded = true;
	return false;
}

static void use(struct umem_reservation *reservation, struct umem_share *share, unsigned long pages)
{
	/* Most often all of it is pinned by now. */
	if (!pages)
		return;
	share->reserved -= pages;
	/* Pages count as pinned before they stop counting as reserved. Pairs with add(). */
	smp_mb__before_atomic();
	if (share->owner)
		count_reserved(share->owner, -(long)pages);
	atomic_long_sub(pages, &reservation->totals->reserved);
}

/**
 * umem_reservation_use() - use up a part of a reservation
 * @reservation: begun
 * @owner: the owner of the memory
 * @pages: pages that were pinned and charged; umem_reservation_covers() was true for them
 */
void umem_reservation_use(struct umem_reservation *reservation, const struct umem_owner *owner,
			  unsigned long pages)
{
	use(reservation, share_of(reservation, owner), pages);
}

/**
 * umem_reservation_end() - give back the rest of a reservation
 * @reservation: begun, or zeroed
 */
void umem_reservation_end(struct umem_reservation *reservation)
{
	struct umem_shares *others = reservation->others;
	unsigned int i;

	if (!reservation->totals)
		return;
	use(reservation, &reservation->own, reservation->own.reserved);
	if (reservation->own.owner)
		umem_owner_put(reservation->own.owner);
	for (i = 0; others && i < others->n; i++)
		use(reservation, &others->share[i], others->share[i].reserved);
	reservation->totals = NULL;
	reservation->own.owner = NULL;
	reservation->others = NULL;
}

/* Add pages of an owner; return false if there is no room for another owner. */
static bool add_share(struct umem_shares *shares, struct umem_owner *owner, unsigned long pages)
{
	struct umem_share *share = find_share(shares, owner);

	if (!share) {
		if (shares->n == UMEM_SHARES) {
			shares->full = true;
			return false;
		}
		share = &shares->share[shares->n++];
		*share = (struct umem_share){ .owner = owner };
		refcount_inc(&owner->refs);
	}
	share->pages += pages;
	return true;
}

/**
 * umem_shares_add() - add pages that a call may pin to the share of their owner
 * @shares: in, out
 * @umem: the memory
 * @pages: number of pages
 *
 * Context: any.
 */
void umem_shares_add(struct umem_shares *shares, struct umem *umem, unsigned long pages)
{
	struct umem_owner *owner;

	/* An owner is freed by RCU. One without references is being replaced in the umem. */
	rcu_read_lock();
	do {
		owner = READ_ONCE(umem->payer)->owner;
	} while (unlikely(!refcount_inc_not_zero(&owner->refs)));
	rcu_read_unlock();
	add_share(shares, owner, pages);
	umem_owner_put(owner);
}

/**
 * umem_shares_take_own() - take the share of the calling process out of the shares
 * @shares: in, out: that share has no pages any more
 * @totals: of the context
 *
 * Return: its pages.
 */
unsigned long umem_shares_take_own(struct umem_shares *shares, struct umem_totals *totals)
{
	struct umem_owner *owner = current->mm ? owner_look_up(totals) : NULL;
	struct umem_share *share;
	unsigned long pages = 0;

	if (!owner)
		return 0;
	share = find_share(shares, owner);
	if (share)
		swap(pages, share->pages);
	umem_owner_put(owner);
	return pages;
}

/**
 * umem_shares_put() - drop the references on the owners of shares
 * @shares: none of their pages is reserved any more; empty on return
 */
void umem_shares_put(struct umem_shares *shares)
{
	while (shares->n)
		umem_owner_put(shares->share[--shares->n].owner);
	shares->full = false;
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
	if (owner->tgid != by->tgid || (by->pid && owner->pid != by->pid))
		needs->process += pages;
	if (!uid_eq(owner->tally->uid, by->uid))
		needs->user += pages;
	rcu_read_lock();
	if (!umem_cgroup_within(owner->cgroup, by->cgroup))
		needs->cgroup += pages;
	rcu_read_unlock();
}

/* grants_lock is held. @pages may be negative. */
static void move_pages(struct umem_owner *from, struct umem_owner *to, long pages)
{
	preempt_disable();
	WRITE_ONCE(mover, current);
	write_seqcount_begin(&moves);
	atomic_long_add(pages, &to->pages);
	atomic_long_sub(pages, &from->pages);
	if (from->tally != to->tally) {
		atomic_long_add(pages, &to->tally->pages);
		atomic_long_sub(pages, &from->tally->pages);
	}
	write_seqcount_end(&moves);
	WRITE_ONCE(mover, NULL);
	preempt_enable();
}

/**
 * umem_owner_move_all() - count pinned pages for another owner, in one step
 * @to: the new owner
 * @totals: of the context
 * @shares: the old owners, and the pages of each
 * @grant: the decision to be checked; NULL if no policy was asked
 *
 * No reservation that is being made misses the pages, or sees them twice.
 *
 * Context: may sleep; takes grants_lock.
 * Return: 0; -EAGAIN if a sum has grown since the decision; -ENOMEM. On error nothing has changed.
 */
int umem_owner_move_all(struct umem_owner *to, const struct umem_totals *totals,
			struct umem_shares *shares, struct umem_grant *grant)
{
	unsigned int i;
	int ret = 0;

	mutex_lock(&grants_lock);
	if (grant)
		ret = check_grant(totals, grant, to, umem_shares_pages(shares));
	for (i = 0; i < shares->n && !ret; i++)
		move_pages(shares->share[i].owner, to, shares->share[i].pages);
	umem_note_growth();
	mutex_unlock(&grants_lock);
	return ret;
}

/**
 * umem_owner_move() - count more, or fewer, pinned pages for another owner
 * @from: the old owner
 * @to: the new owner
 * @pages: pages; may be negative
 *
 * Context: may sleep; takes grants_lock.
 */
void umem_owner_move(struct umem_owner *from, struct umem_owner *to, long pages)
{
	mutex_lock(&grants_lock);
	move_pages(from, to, pages);
	umem_note_growth();
	mutex_unlock(&grants_lock);
}

/**
 * umem_shares_add_owner() - add pinned pages to the share of their owner
 * @shares: in, out
 * @owner: the owner
 * @pages: number of pages
 *
 * Return: false if there is no room for another owner.
 */
bool umem_shares_add_owner(struct umem_shares *shares, struct umem_owner *owner,
			   unsigned long pages)
{
	return add_share(shares, owner, pages);
}
