// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life, users and accounting of memory; the idea stands in umem.h.
 *
 * The limit is checked, and the account charged, before the first page is pinned: which pages are
 * missing is known from the users that are there already. Pinning that fails half-way gives back
 * both, so a refused call leaves neither a pin nor an account behind.
 *
 * Memory of a file may be used when its owner is gone, and its account stays with the owner's mm,
 * whose struct lives as long as the umem. The mm of user memory takes pages and account with it.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/user.h>
#include <linux/slab.h>

#include <trace/events/iommufd.h>

#include "trace/refuse.h"
#include "umem/owner.h"
#include "umem/umem.h"

static __always_inline void set_owner(struct umem *umem, struct umem_owner *owner)
{
	/* Iterators look at it under RCU. */
	WRITE_ONCE(umem->owner, owner);
	umem->mm = owner->mm;
}

static __always_inline int init_common(struct umem *umem, enum umem_kind kind, unsigned long start,
				       unsigned long length, bool writable, bool account_mm,
				       struct umem_totals *totals,
				       void (*release)(struct umem *umem))
{
	struct umem_owner *owner = umem_owner_get(totals);
	unsigned long max;

	if (!owner)
		return -ENOMEM;
	refcount_set(&umem->refs, 1);
	mutex_init(&umem->lock);
	umem->users = RB_ROOT_CACHED;
	umem->uptr = ALIGN_DOWN(start, PAGE_SIZE);
	umem->npages = ((length - 1 + offset_in_page(start)) >> PAGE_SHIFT) + 1;
	if (kind == UMEM_USER) {
		/* What is beyond can be promised, but never be pinned. */
		max = umem->uptr < TASK_SIZE_MAX ? (TASK_SIZE_MAX - umem->uptr) >> PAGE_SHIFT : 0;
		umem->npages = min(umem->npages, max);
	}
	if (umem->npages > UMEM_SEG_PAGES)
		umem->lead = (umem->uptr >> PAGE_SHIFT) & (UMEM_SEG_PAGES - 1);
	umem->writable = writable;
	if (kind != UMEM_USER)
		umem->kind = kind;
	umem->totals = totals;
	umem->release = release;

	if (capable(CAP_IPC_LOCK))
		umem->account = UMEM_ACCOUNT_NONE;
	else
		umem->account = account_mm ? UMEM_ACCOUNT_MM : UMEM_ACCOUNT_USER;
	set_owner(umem, owner);
	return 0;
}

/**
 * umem_init() - make a umem for a range of the calling process
 * @umem: what to fill in, zeroed; @release frees it
 * @uptr: first user address, need not be page aligned
 * @length: bytes
 * @writable: whether pages will be written by devices, and so are pinned for writing
 * @account_mm: account to the process, not to the user
 * @totals: where pinned pages are summed up; outlives the umem
 * @release: called with the last reference gone and nothing pinned
 *
 * Context: may sleep; current->mm is the mm the memory belongs to from now on.
 * Return: 0, -EINVAL for a length of 0 or one that cannot be, -EOVERFLOW if the range wraps,
 * -ENOMEM.
 */
int umem_init(struct umem *umem, unsigned long uptr, unsigned long length, bool writable,
	      bool account_mm, struct umem_totals *totals, void (*release)(struct umem *umem))
{
	unsigned long end;

	if (!length || length > SIZE_MAX - PAGE_SIZE)
		return -EINVAL;
	if (check_add_overflow(uptr, length, &end))
		return -EOVERFLOW;
	return init_common(umem, UMEM_USER, uptr, length, writable, account_mm, totals, release);
}

/**
 * umem_init_common() - the part of umem_init() that is the same for all kinds
 * @umem: what to fill in, zeroed; @release frees it
 * @kind: what kind; the caller fills in what is particular to it
 * @start: user address or offset in the file, need not be page aligned
 * @length: bytes
 * @writable: as for umem_init()
 * @account_mm: as for umem_init()
 * @totals: as for umem_init()
 * @release: as for umem_init()
 *
 * Return: 0, -EINVAL for a length of 0 or one that cannot be, -ENOMEM.
 */
int umem_init_common(struct umem *umem, enum umem_kind kind, unsigned long start,
		     unsigned long length, bool writable, bool account_mm,
		     struct umem_totals *totals, void (*release)(struct umem *umem))
{
	if (!length || length > SIZE_MAX - PAGE_SIZE)
		return -EINVAL;
	return init_common(umem, kind, start, length, writable, account_mm, totals, release);
}

static __always_inline void fini_common(struct umem *umem)
{
	mutex_destroy(&umem->lock);
	umem_owner_put(umem->owner);
}

/**
 * umem_fini_common() - undo umem_init_common()
 * @umem: nobody has seen it
 */
void umem_fini_common(struct umem *umem)
{
	fini_common(umem);
}

/**
 * umem_put() - drop a reference
 * @umem: no user may be left when the last one goes
 */
void umem_put(struct umem *umem)
{
	if (!refcount_dec_and_test(&umem->refs))
		return;

	WARN_ON(!RB_EMPTY_ROOT(&umem->users.rb_root));
	umem_seg_free_all(umem);
	if (unlikely(umem->kind != UMEM_USER)) {
		if (umem->kind == UMEM_FILE)
			umem_release_file(umem);
		else
			umem_dmabuf_release(umem);
	}
	fini_common(umem);
	umem->release(umem);
}

static int charge_user(struct user_struct *user, struct task_struct *task, unsigned long npages)
{
	unsigned long limit = task_rlimit(task, RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	unsigned long locked = atomic_long_read(&user->locked_vm);

	do {
		if (npages > limit || locked > limit - npages)
			return -ENOMEM;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &locked, locked + npages));
	return 0;
}

/* @force: whatever the limit of @task is. */
static int charge_mm(struct mm_struct *mm, struct task_struct *task, unsigned long npages, bool inc,
		     bool force)
{
	int ret;

	mmap_write_lock(mm);
	ret = __account_locked_vm(mm, npages, inc, task, force);
	mmap_write_unlock(mm);
	return ret;
}

static int umem_charge_mm(struct umem *umem, unsigned long npages, bool inc)
{
	bool remote = umem->mm != current->mm && umem->kind == UMEM_USER;
	int ret;

	/* An mm without users has given up all its memory and its account with it. */
	if (remote && !mmget_not_zero(umem->mm))
		return inc ? -EFAULT : 0;

	ret = charge_mm(umem->mm, umem->owner->task, npages, inc, false);

	if (remote)
		mmput(umem->mm);
	return ret;
}

/* The limit stood against it. What is in use may have changed since, which nobody minds. */
static void refuse(u32 ctx_id, enum umem_account account, struct task_struct *task,
		   struct mm_struct *mm, struct user_struct *user, unsigned long npages)
{
	bool per_user = account == UMEM_ACCOUNT_USER;
	unsigned long present = per_user ? atomic_long_read(&user->locked_vm) : mm->locked_vm;

	iommufd_refuse_memlock(ctx_id, per_user, task_rlimit(task, RLIMIT_MEMLOCK),
			       npages << PAGE_SHIFT, present << PAGE_SHIFT);
}

static int umem_charge(struct umem *umem, unsigned long npages)
{
	int ret = 0;

	if (umem->account == UMEM_ACCOUNT_USER)
		ret = charge_user(umem->owner->user, umem->owner->task, npages);
	else if (umem->account == UMEM_ACCOUNT_MM)
		ret = umem_charge_mm(umem, npages, true);
	if (ret) {
		if (ret == -ENOMEM)
			refuse(umem->totals->ctx_id, umem->account, umem->owner->task, umem->mm,
			       umem->owner->user, npages);
		return ret;
	}

	atomic64_add(npages, &umem->mm->pinned_vm);
	atomic_long_add(npages, &umem->totals->pages);
	atomic_long_add(npages, &umem->owner->pages);
	return 0;
}

static void umem_uncharge(struct umem *umem, unsigned long npages)
{
	if (umem->account == UMEM_ACCOUNT_USER)
		WARN_ON(atomic_long_sub_return(npages, &umem->owner->user->locked_vm) < 0);
	else if (umem->account == UMEM_ACCOUNT_MM)
		umem_charge_mm(umem, npages, false);

	atomic64_sub(npages, &umem->mm->pinned_vm);
	atomic_long_sub(npages, &umem->totals->pages);
	atomic_long_sub(npages, &umem->owner->pages);
}

/**
 * umem_next_hole() - the next part of a range that no user covers
 * @umem: its lock is held
 * @from: first page to look at
 * @last: last page to look at
 * @first: out: first page of the hole
 * @hole_last: out: its last page; the search goes on from the next one
 *
 * Return: false if there is none.
 */
bool umem_next_hole(struct umem *umem, unsigned long from, unsigned long last, unsigned long *first,
		    unsigned long *hole_last)
{
	struct interval_tree_node *node;

	while (from <= last) {
		node = interval_tree_iter_first(&umem->users, from, last);
		if (!node || node->start > from) {
			*first = from;
			*hole_last = node ? node->start - 1 : last;
			return true;
		}
		if (node->last >= last)
			return false;
		from = node->last + 1;
	}
	return false;
}

/**
 * umem_covered() - whether a page of a range is pinned for anybody
 * @umem: its lock is held
 * @first: first page
 * @last: last page
 *
 * Return: true if one is.
 */
bool umem_covered(struct umem *umem, unsigned long first, unsigned long last)
{
	lockdep_assert_held(&umem->lock);
	if (first < umem->pin_end && last >= umem->pin_first && umem->pin_first < umem->pin_end)
		return true;
	return interval_tree_iter_first(&umem->users, first, last);
}

static unsigned long umem_count_holes(struct umem *umem, unsigned long first, unsigned long last)
{
	unsigned long from = first, hole, hole_last, n = 0;

	while (umem_next_hole(umem, from, last, &hole, &hole_last)) {
		n += hole_last - hole + 1;
		if (hole_last == last)
			break;
		from = hole_last + 1;
	}
	return n;
}

/* Unpin pages that no user covers and forget their frames; returns the number of runs. */
static unsigned long umem_release(struct umem *umem, unsigned long first, unsigned long last)
{
	unsigned long runs = umem_unpin_hole(umem, first, last);

	umem_seg_drop(umem, first, last);
	return runs;
}

/* Pin every hole of the range. On failure nothing of it stays pinned. */
static int umem_pin_holes(struct umem *umem, unsigned long first, unsigned long last)
{
	unsigned long from = first, hole, hole_last, done;
	int ret;

	umem->pin_first = first;
	while (umem_next_hole(umem, from, last, &hole, &hole_last)) {
		umem->pin_end = hole;
		ret = umem_pin_hole(umem, hole, hole_last, &done);
		if (ret)
			goto err_unpin;
		if (hole_last == last)
			break;
		from = hole_last + 1;
	}
	umem->pin_end = 0;
	return 0;

err_unpin:
	umem->pin_end = 0;
	/* The part of this hole that was done, then the holes before it. */
	if (done)
		umem_release(umem, hole, hole + done - 1);
	while (first < hole && umem_next_hole(umem, first, hole - 1, &from, &hole_last)) {
		umem_release(umem, from, hole_last);
		first = hole_last + 1;
	}
	return ret;
}

/* Runs in the holes, which are pinned by now although no user covers them yet. */
static unsigned long umem_count_runs(struct umem *umem, unsigned long first, unsigned long last)
{
	unsigned long hole, hole_last, n = 0, more;
	struct umem_run runs[UMEM_RUNS];
	struct umem_iter it;

	while (umem_next_hole(umem, first, last, &hole, &hole_last)) {
		umem_iter_start(&it, umem, hole, hole_last);
		while ((more = umem_next_runs(&it, runs, UMEM_RUNS)))
			n += more;
		if (hole_last == last)
			break;
		first = hole_last + 1;
	}
	return n;
}

/* umem_pin() with the lock held. */
static int pin_locked(struct umem *umem, struct umem_user *user, struct umem_stats *stats)
{
	bool traced = trace_iommufd_pin_enabled();
	unsigned long first = user->node.start;
	unsigned long last = user->node.last;
	unsigned long pages, runs = 0;
	u64 ns = 0;
	int ret = 0;

	if (stats->timed || traced)
		ns = ktime_get_ns();

	pages = umem_count_holes(umem, first, last);
	if (pages) {
		if (unlikely(stats->reservation) && pages > stats->reservation->pages) {
			stats->reservation->exceeded = true;
			ret = -EBUSY;
			goto out_trace;
		}
		ret = umem_charge(umem, pages);
		if (ret)
			goto out_trace;
		if (unlikely(stats->reservation))
			umem_reservation_use(stats->reservation, pages);
		ret = umem_pin_holes(umem, first, last);
		if (ret) {
			umem_uncharge(umem, pages);
			goto out_trace;
		}
	}
	if (traced)
		runs = umem_count_runs(umem, first, last);
	interval_tree_insert(&user->node, &umem->users);
	stats->pages += pages;
out_trace:
	if (ns) {
		ns = ktime_get_ns() - ns;
		stats->ns += ns;
	}
	if (traced)
		trace_iommufd_pin(umem->totals->ctx_id, current->tgid,
				  umem->uptr + first * PAGE_SIZE, pages, runs, ns, ret);
	return ret;
}

/**
 * umem_pin() - have all pages of a range pinned for a new user
 * @umem: the memory
 * @user: node.start and node.last say which pages; in use until umem_unpin()
 * @stats: out, added to: pages this call had to pin, and the time
 *
 * Pages that other users hold already are not touched and not accounted again.
 *
 * Context: may sleep, for as long as user memory takes to be faulted in; a fatal signal ends it.
 * Return: 0; -ENOMEM if the limit does not allow it or there is no memory; -EFAULT if a part of
 * the range is not mapped in the mm, may not be written, or the mm is gone; -EINVAL if a file is
 * not a memfd or a part of the range is beyond its end; -EINTR; -EBUSY if that is more than is
 * reserved.
 */
int umem_pin(struct umem *umem, struct umem_user *user, struct umem_stats *stats)
{
	int ret;

	mutex_lock(&umem->lock);
	ret = pin_locked(umem, user, stats);
	mutex_unlock(&umem->lock);
	return ret;
}

static void unpin_locked(struct umem *umem, struct umem_user *user, struct umem_stats *stats)
{
	bool traced = trace_iommufd_unpin_enabled();
	unsigned long from = user->node.start;
	unsigned long last = user->node.last;
	unsigned long hole, hole_last, pages = 0, runs = 0;
	u64 start = traced ? ktime_get_ns() : 0;

	interval_tree_remove(&user->node, &umem->users);
	while (umem_next_hole(umem, from, last, &hole, &hole_last)) {
		runs += umem_release(umem, hole, hole_last);
		pages += hole_last - hole + 1;
		if (hole_last == last)
			break;
		from = hole_last + 1;
	}
	if (pages)
		umem_uncharge(umem, pages);

	stats->pages += pages;
	stats->runs += runs;
	if (traced)
		trace_iommufd_unpin(umem->totals->ctx_id, current->tgid,
				    umem->uptr + user->node.start * PAGE_SIZE, pages, runs,
				    start ? ktime_get_ns() - start : 0);
}

/**
 * umem_unpin() - end a user, and give back the pages that only it held
 * @umem: the memory
 * @user: was given to umem_pin()
 * @stats: out, added to: pages and runs given back
 *
 * The caller has made sure that nothing reaches the pages on the user's behalf any more: page
 * tables are emptied and the IOMMU's caches flushed.
 *
 * Context: may sleep; cannot fail.
 */
void umem_unpin(struct umem *umem, struct umem_user *user, struct umem_stats *stats)
{
	mutex_lock(&umem->lock);
	unpin_locked(umem, user, stats);
	mutex_unlock(&umem->lock);
}

/**
 * umem_split_user() - make two users of one
 * @umem: the memory; its lock is held
 * @low: was given to umem_pin(); out: ends below @at
 * @high: the new user, from @at on; ends with umem_unpin(), too
 * @at: page above the first one of @low
 *
 * The same pages are covered as before, so none is pinned, unpinned or accounted.
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

/* The pin that umem_pin_pages() made for just this range. */
static struct umem_pin *find_pin(struct umem *umem, unsigned long first, unsigned long last)
{
	struct interval_tree_node *node;

	for (node = interval_tree_iter_first(&umem->users, first, last); node;
	     node = interval_tree_iter_next(node, first, last)) {
		struct umem_user *user = container_of(node, struct umem_user, node);

		if (user->is_pin && node->start == first && node->last == last)
			return container_of(user, struct umem_pin, user);
	}
	return NULL;
}

/**
 * umem_pin_pages() - pin a range, and hand out its pages
 * @umem: the memory
 * @first: first page
 * @last: last page
 * @pages: out: room for as many
 *
 * The same range may be pinned any number of times.
 *
 * Context: may sleep, as umem_pin().
 * Return: 0, -ENOMEM, -EINVAL for a dma-buf, which has no pages, or an error of umem_pin().
 */
int umem_pin_pages(struct umem *umem, unsigned long first, unsigned long last, struct page **pages)
{
	struct umem_stats stats = {};
	struct umem_pin *pin;
	struct umem_iter it;
	struct umem_run run;
	int ret = 0;

	if (umem->kind == UMEM_DMABUF)
		return -EINVAL;

	mutex_lock(&umem->lock);
	pin = find_pin(umem, first, last);
	if (!pin) {
		pin = kzalloc(sizeof(*pin), GFP_KERNEL_ACCOUNT);
		if (!pin) {
			ret = -ENOMEM;
			goto out_unlock;
		}
		pin->user.node.start = first;
		pin->user.node.last = last;
		pin->user.is_pin = true;
		ret = pin_locked(umem, &pin->user, &stats);
		if (ret) {
			kfree(pin);
			goto out_unlock;
		}
	}
	pin->count++;

	umem_iter_start(&it, umem, first, last);
	while (umem_next_runs(&it, &run, 1)) {
		unsigned long i;

		for (i = 0; i < run.npages; i++)
			*pages++ = pfn_to_page(run.pfn + i);
	}
out_unlock:
	mutex_unlock(&umem->lock);
	return ret;
}

/**
 * umem_unpin_pages() - undo one umem_pin_pages()
 * @umem: the memory
 * @first: first page, as it was given
 * @last: last page, as it was given
 *
 * Return: false if there was no such pin.
 */
bool umem_unpin_pages(struct umem *umem, unsigned long first, unsigned long last)
{
	struct umem_stats stats = {};
	struct umem_pin *pin;

	mutex_lock(&umem->lock);
	pin = find_pin(umem, first, last);
	if (pin && !--pin->count) {
		unpin_locked(umem, &pin->user, &stats);
		kfree(pin);
	}
	mutex_unlock(&umem->lock);
	return pin;
}

/* Pages of a umem that are accounted; its lock is held. */
static unsigned long accounted(struct umem *umem)
{
	return umem->npages - umem_count_holes(umem, 0, umem->npages - 1);
}

/* What a new owner is charged for, and what goes back to the old one. */
static bool charge_moves(const struct umem *umem)
{
	if (umem->account == UMEM_ACCOUNT_USER)
		return umem->owner->user != current_user();
	return umem->account == UMEM_ACCOUNT_MM && umem->mm != current->mm;
}

/* Charge the calling process; both or nothing. */
static int charge_current(unsigned long user_pages, unsigned long mm_pages)
{
	struct task_struct *task = current->group_leader;
	int ret;

	if (user_pages) {
		ret = charge_user(current_user(), task, user_pages);
		if (ret)
			return ret;
	}
	if (mm_pages) {
		ret = charge_mm(current->mm, task, mm_pages, true, false);
		if (ret) {
			atomic_long_sub(user_pages, &current_user()->locked_vm);
			return ret;
		}
	}
	return 0;
}

/* Make the account what it is to be: @charged pages of the calling process are for this umem. */
static void move_account(struct umem *umem, struct umem_owner *owner, unsigned long charged)
{
	unsigned long pages = accounted(umem);

	if (charge_moves(umem)) {
		if (umem->account == UMEM_ACCOUNT_USER) {
			atomic_long_add(pages - charged, &current_user()->locked_vm);
			atomic_long_sub(pages, &umem->owner->user->locked_vm);
		} else {
			if (pages != charged)
				charge_mm(current->mm, current->group_leader,
					  pages > charged ? pages - charged : charged - pages,
					  pages > charged, true);
			umem_charge_mm(umem, pages, false);
		}
	}
	atomic64_add(pages, &current->mm->pinned_vm);
	atomic64_sub(pages, &umem->mm->pinned_vm);
	umem_owner_move(umem->owner, owner, pages);
}

/**
 * umem_change_owners() - account pinned memory to the calling process
 * @list: memory of files
 * @n: how many
 *
 * The caller has made sure that no page of the list is pinned or unpinned meanwhile. One case is
 * left to this function: a copy that was under way when the caller began, into an address space
 * that was made since. What it pins between the charge and the move is charged without a look at
 * the limit, what it unpins is given back, so that the account is exact.
 *
 * What counts for the same user, or the same mm, before and after is not charged a second time.
 *
 * Context: may sleep; takes the lock of each umem, one after the other.
 * Return: 0; -ENOMEM if the limit of the calling process does not allow it, or without memory:
 * nothing has changed.
 */
int umem_change_owners(struct umem_moved *list, unsigned long n)
{
	unsigned long user_pages = 0, mm_pages = 0, i;
	struct umem_owner *owner, *old;
	int ret;

	if (!n)
		return 0;
	owner = umem_owner_get(list->umem->totals);
	if (!owner)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		struct umem *umem = list[i].umem;

		mutex_lock(&umem->lock);
		list[i].pages = charge_moves(umem) ? accounted(umem) : 0;
		if (umem->account == UMEM_ACCOUNT_USER)
			user_pages += list[i].pages;
		else
			mm_pages += list[i].pages;
		mutex_unlock(&umem->lock);
	}

	ret = charge_current(user_pages, mm_pages);
	if (ret) {
		if (ret == -ENOMEM)
			refuse(list->umem->totals->ctx_id, list->umem->account, current,
			       current->mm, current_user(), max(user_pages, mm_pages));
		goto out_put;
	}

	for (i = 0; i < n; i++) {
		struct umem *umem = list[i].umem;

		mutex_lock(&umem->lock);
		move_account(umem, owner, list[i].pages);
		old = umem->owner;
		refcount_inc(&owner->refs);
		set_owner(umem, owner);
		mutex_unlock(&umem->lock);
		umem_owner_put(old);
	}
out_put:
	umem_owner_put(owner);
	return ret;
}
