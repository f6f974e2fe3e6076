// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life, users and accounting of user memory; the idea stands in umem.h.
 *
 * The limit is checked, and the account charged, before the first page is pinned: which pages are
 * missing is known from the users that are there already. Pinning that fails half-way gives back
 * both, so a refused call leaves neither a pin nor an account behind.
 */
#include <linux/cred.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/user.h>
#include <linux/slab.h>

#include <trace/events/iommufd.h>

#include "refuse.h"
#include "umem.h"

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
 * Return: 0, -EINVAL for a length of 0 or one that cannot be, -EOVERFLOW if the range wraps.
 */
int umem_init(struct umem *umem, unsigned long uptr, unsigned long length, bool writable,
	      bool account_mm, struct umem_totals *totals, void (*release)(struct umem *umem))
{
	unsigned long end, max;

	if (!length || length > SIZE_MAX - PAGE_SIZE)
		return -EINVAL;
	if (check_add_overflow(uptr, length, &end))
		return -EOVERFLOW;

	refcount_set(&umem->refs, 1);
	mutex_init(&umem->lock);
	umem->users = RB_ROOT_CACHED;
	umem->uptr = ALIGN_DOWN(uptr, PAGE_SIZE);
	umem->npages = ((length - 1 + offset_in_page(uptr)) >> PAGE_SHIFT) + 1;
	/* What is beyond can be promised, but never be pinned. */
	max = umem->uptr < TASK_SIZE_MAX ? (TASK_SIZE_MAX - umem->uptr) >> PAGE_SHIFT : 0;
	umem->npages = min(umem->npages, max);
	if (umem->npages > UMEM_SEG_PAGES)
		umem->lead = (umem->uptr >> PAGE_SHIFT) & (UMEM_SEG_PAGES - 1);
	umem->writable = writable;
	umem->totals = totals;
	umem->release = release;

	if (capable(CAP_IPC_LOCK))
		umem->account = UMEM_ACCOUNT_NONE;
	else
		umem->account = account_mm ? UMEM_ACCOUNT_MM : UMEM_ACCOUNT_USER;

	umem->mm = current->mm;
	mmgrab(umem->mm);
	umem->task = current->group_leader;
	get_task_struct(umem->task);
	umem->user = get_uid(current_user());
	return 0;
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
	mutex_destroy(&umem->lock);
	mmdrop(umem->mm);
	put_task_struct(umem->task);
	free_uid(umem->user);
	umem->release(umem);
}

static int umem_charge_user(struct umem *umem, unsigned long npages)
{
	unsigned long limit = task_rlimit(umem->task, RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	unsigned long locked = atomic_long_read(&umem->user->locked_vm);

	do {
		if (npages > limit || locked > limit - npages) {
			iommufd_refuse_memlock(umem->totals->ctx_id, true, limit << PAGE_SHIFT,
					       npages << PAGE_SHIFT, locked << PAGE_SHIFT);
			return -ENOMEM;
		}
	} while (!atomic_long_try_cmpxchg(&umem->user->locked_vm, &locked, locked + npages));
	return 0;
}

static int umem_charge_mm(struct umem *umem, unsigned long npages, bool inc)
{
	int ret;

	/* An mm without users has given up all its memory and its account with it. */
	if (umem->mm != current->mm && !mmget_not_zero(umem->mm))
		return inc ? -EFAULT : 0;

	mmap_write_lock(umem->mm);
	ret = __account_locked_vm(umem->mm, npages, inc, umem->task, false);
	if (ret)
		iommufd_refuse_memlock(umem->totals->ctx_id, false,
				       task_rlimit(umem->task, RLIMIT_MEMLOCK),
				       npages << PAGE_SHIFT, umem->mm->locked_vm << PAGE_SHIFT);
	mmap_write_unlock(umem->mm);

	if (umem->mm != current->mm)
		mmput(umem->mm);
	return ret;
}

static int umem_charge(struct umem *umem, unsigned long npages)
{
	int ret = 0;

	if (umem->account == UMEM_ACCOUNT_USER)
		ret = umem_charge_user(umem, npages);
	else if (umem->account == UMEM_ACCOUNT_MM)
		ret = umem_charge_mm(umem, npages, true);
	if (ret)
		return ret;

	atomic64_add(npages, &umem->mm->pinned_vm);
	atomic_long_add(npages, &umem->totals->pages);
	return 0;
}

static void umem_uncharge(struct umem *umem, unsigned long npages)
{
	if (umem->account == UMEM_ACCOUNT_USER)
		WARN_ON(atomic_long_sub_return(npages, &umem->user->locked_vm) < 0);
	else if (umem->account == UMEM_ACCOUNT_MM)
		umem_charge_mm(umem, npages, false);

	atomic64_sub(npages, &umem->mm->pinned_vm);
	atomic_long_sub(npages, &umem->totals->pages);
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
bool umem_next_hole(struct umem *umem, unsigned long from, unsigned long last,
		    unsigned long *first, unsigned long *hole_last)
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
static int pin_locked(struct umem *umem, struct umem_user *user, struct umem_work *work)
{
	bool traced = trace_iommufd_pin_enabled();
	unsigned long first = user->node.start;
	unsigned long last = user->node.last;
	unsigned long pages, runs = 0;
	u64 ns = 0;
	int ret = 0;

	if (work->timed || traced)
		ns = ktime_get_ns();

	pages = umem_count_holes(umem, first, last);
	if (pages) {
		ret = umem_charge(umem, pages);
		if (ret)
			goto out_trace;
		ret = umem_pin_holes(umem, first, last);
		if (ret) {
			umem_uncharge(umem, pages);
			goto out_trace;
		}
	}
	if (traced)
		runs = umem_count_runs(umem, first, last);
	interval_tree_insert(&user->node, &umem->users);
	work->pages += pages;
out_trace:
	if (ns) {
		ns = ktime_get_ns() - ns;
		work->ns += ns;
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
 * @work: out, added to: pages this call had to pin, and the time
 *
 * Pages that other users hold already are not touched and not accounted again.
 *
 * Context: may sleep, for as long as user memory takes to be faulted in; a fatal signal ends it.
 * Return: 0; -ENOMEM if the limit does not allow it or there is no memory; -EFAULT if a part of
 * the range is not mapped in the mm, may not be written, or the mm is gone; -EINTR.
 */
int umem_pin(struct umem *umem, struct umem_user *user, struct umem_work *work)
{
	int ret;

	mutex_lock(&umem->lock);
	ret = pin_locked(umem, user, work);
	mutex_unlock(&umem->lock);
	return ret;
}

static void unpin_locked(struct umem *umem, struct umem_user *user, struct umem_work *work)
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

	work->pages += pages;
	work->runs += runs;
	if (traced)
		trace_iommufd_unpin(umem->totals->ctx_id, current->tgid,
				    umem->uptr + user->node.start * PAGE_SIZE, pages, runs,
				    start ? ktime_get_ns() - start : 0);
}

/**
 * umem_unpin() - end a user, and give back the pages that only it held
 * @umem: the memory
 * @user: was given to umem_pin()
 * @work: out, added to: pages and runs given back
 *
 * The caller has made sure that nothing reaches the pages on the user's behalf any more: page
 * tables are emptied and the IOMMU's caches flushed.
 *
 * Context: may sleep; cannot fail.
 */
void umem_unpin(struct umem *umem, struct umem_user *user, struct umem_work *work)
{
	mutex_lock(&umem->lock);
	unpin_locked(umem, user, work);
	mutex_unlock(&umem->lock);
}

/**
 * umem_cut_user() - make two users of one
 * @umem: the memory; its lock is held
 * @low: was given to umem_pin(); out: ends below @at
 * @high: the new user, from @at on; ends with umem_unpin(), too
 * @at: page above the first one of @low
 *
 * The same pages are covered as before, so none is pinned, unpinned or accounted.
 */
void umem_cut_user(struct umem *umem, struct umem_user *low, struct umem_user *high,
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
 * Return: 0, -ENOMEM, or an error of umem_pin().
 */
int umem_pin_pages(struct umem *umem, unsigned long first, unsigned long last,
		   struct page **pages)
{
	struct umem_work work = {};
	struct umem_pin *pin;
	struct umem_iter it;
	struct umem_run run;
	int ret = 0;

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
		ret = pin_locked(umem, &pin->user, &work);
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
	struct umem_work work = {};
	struct umem_pin *pin;

	mutex_lock(&umem->lock);
	pin = find_pin(umem, first, last);
	if (pin && !--pin->count) {
		unpin_locked(umem, &pin->user, &work);
		kfree(pin);
	}
	mutex_unlock(&umem->lock);
	return pin;
}
