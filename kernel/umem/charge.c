// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accounting of pinned memory: the charge against RLIMIT_MEMLOCK, of the user or of the process,
 * and the counters of pinned pages (VmPin of the process, totals of the context and the owner).
 *
 * umem_pin() knows from the tree of users how many pages are missing, so it charges all of them
 * before it pins the first one. If pinning fails half-way it unpins and uncharges, so a refused
 * call leaves neither behind.
 *
 * An mm without users has given up its pages and its account: no more of its memory is pinned, and
 * nothing is uncharged from it. Memory of a file may be pinned after its owner has exited, and its
 * charge stays with the owner's mm, whose struct lives as long as the umem.
 */
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>

#include "trace/refuse.h"
#include "umem/internal.h"

/* @limit: in bytes. */
static int charge_user(struct user_struct *user, unsigned long limit, unsigned long npages)
{
	unsigned long locked = atomic_long_read(&user->locked_vm);

	limit >>= PAGE_SHIFT;
	do {
		if (npages > limit || locked > limit - npages)
			return -ENOMEM;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &locked, locked + npages));
	return 0;
}

/* Add @change pages, or subtract them if it is negative. @limit: in bytes; ULONG_MAX for none. */
static int charge_mm(struct mm_struct *mm, unsigned long limit, long change)
{
	unsigned long npages = change < 0 ? -change : change;
	int ret = -ENOMEM;

	limit >>= PAGE_SHIFT;
	mmap_write_lock(mm);
	if (change < 0 || (npages <= limit && mm->locked_vm <= limit - npages))
		ret = __account_locked_vm(mm, npages, change > 0, current, true);
	mmap_write_unlock(mm);
	return ret;
}

static int charge_umem_mm(struct umem *umem, long change)
{
	struct mm_struct *mm = umem_mm(umem);
	bool remote = mm != current->mm && umem->kind == UMEM_USER;
	int ret;

	/* An mm without users has no account any more. */
	if (remote && !mmget_not_zero(mm))
		return change > 0 ? -EFAULT : 0;

	ret = charge_mm(mm, umem_owner_memlock(umem->payer->owner), change);

	if (remote)
		mmput(mm);
	return ret;
}

/*
 * Count and report that @owner's limit refuses @npages. The use may have changed since it was
 * compared with the limit, so the figures are approximate.
 */
static void report_refusal(struct umem_totals *totals, enum umem_account account,
			   struct umem_owner *owner, unsigned long npages)
{
	bool per_user = account == UMEM_ACCOUNT_USER;
	unsigned long present;

	present = per_user ? atomic_long_read(&owner->user->locked_vm) : owner->mm->locked_vm;
	umem_count(totals, refused_limit, 1);
	iommufd_refuse_memlock(totals->ctx_id, per_user, umem_owner_memlock(owner),
			       npages << PAGE_SHIFT, present << PAGE_SHIFT);
}

/**
 * umem_charge_limit() - charge pages against the limit of the owner
 * @umem: its lock is held; has a limit
 * @npages: number of pages
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM if the limit does not allow it, see umem_charge_refused(); -EFAULT if the
 * owner's mm is gone.
 */
int umem_charge_limit(struct umem *umem, unsigned long npages)
{
	struct umem_owner *owner = umem->payer->owner;

	if (umem->account == UMEM_ACCOUNT_USER)
		return charge_user(owner->user, umem_owner_memlock(owner), npages);
	return charge_umem_mm(umem, npages);
}

/*
 * Whether a process has memory that can be pinned in all of a range. The answer may be wrong as
 * soon as mmap_lock is released.
 */
static bool has_memory(const struct umem *umem, unsigned long first, unsigned long last)
{
	unsigned long addr = umem->start + first * PAGE_SIZE;
	unsigned long end = umem->start + last * PAGE_SIZE;
	vm_flags_t access = umem->writable ? VM_WRITE : VM_READ;
	bool remote = umem->mm != current->mm, has = true;

	if (remote && !mmget_not_zero(umem->mm))
		return false;
	mmap_read_lock(umem->mm);
	while (has && addr <= end) {
		struct vm_area_struct *vma = vma_lookup(umem->mm, addr);

		has = vma && !(vma->vm_flags & (VM_IO | VM_PFNMAP)) && vma->vm_flags & access;
		if (has)
			addr = vma->vm_end;
		cond_resched();
	}
	mmap_read_unlock(umem->mm);
	if (remote)
		mmput(umem->mm);
	return has;
}

/**
 * umem_charge_refused() - report that the limit refuses to charge pages
 * @umem: its lock is held; umem_charge_limit() has returned -ENOMEM
 * @first: first page of the range that was to be pinned
 * @last: last page
 * @npages: number of pages that were to be charged
 *
 * Pages are charged before they are pinned. So a BAR of a device, or an address without memory,
 * can exceed the limit, although a higher limit would not help: that is -EFAULT, as it is for a
 * short range. VMMs map BARs, and expect and ignore this error.
 *
 * Context: may sleep; takes mmap_lock for reading.
 * Return: -ENOMEM, which is counted and reported, or -EFAULT.
 */
int umem_charge_refused(struct umem *umem, unsigned long first, unsigned long last,
			unsigned long npages)
{
	if (umem->kind == UMEM_USER && !has_memory(umem, first, last))
		return -EFAULT;
	report_refusal(umem->payer->totals, umem->account, umem->payer->owner, npages);
	return -ENOMEM;
}

/**
 * umem_uncharge_limit() - undo umem_charge_limit()
 * @umem: its lock is held; has a limit
 * @npages: number of pages
 *
 * Context: may sleep.
 */
void umem_uncharge_limit(struct umem *umem, unsigned long npages)
{
	if (umem->account == UMEM_ACCOUNT_USER)
		WARN_ON(atomic_long_sub_return(npages, &umem->payer->owner->user->locked_vm) < 0);
	else
		charge_umem_mm(umem, -(long)npages);
}

/* The pages of a umem that are charged. */
static unsigned long charged_pages(struct umem *umem)
{
	return umem->npages - umem_count_holes(umem, 0, umem->npages - 1);
}

/* Whether a change of owner to the calling process moves the charge to another account. */
static bool charge_moves(const struct umem *umem)
{
	if (umem->account == UMEM_ACCOUNT_USER)
		return umem->payer->owner->user != current_user();
	return umem->account == UMEM_ACCOUNT_MM && umem_mm(umem) != current->mm;
}

/**
 * struct change - the counts of umem_change_owners()
 * @payer: the new owner
 * @user_pages: pages to be charged to its user
 * @mm_pages: pages to be charged to its mm
 * @moved: the old owners, and the pages that move from each
 * @needs: pages by which the sums grow
 */
struct change {
	struct umem_payer *payer;
	unsigned long user_pages;
	unsigned long mm_pages;
	struct umem_shares moved;
	struct umem_needs needs;
};

static void uncharge_current(const struct change *change)
{
	if (change->user_pages)
		atomic_long_sub(change->user_pages, &current_user()->locked_vm);
	if (change->mm_pages)
		charge_mm(current->mm, ULONG_MAX, -(long)change->mm_pages);
}

/* Charge both to the calling process, or nothing. */
static int charge_current(const struct change *change)
{
	unsigned long limit = umem_owner_memlock(change->payer->owner);
	int ret;

	if (change->user_pages) {
		ret = charge_user(current_user(), limit, change->user_pages);
		if (ret)
			return ret;
	}
	if (change->mm_pages) {
		ret = charge_mm(current->mm, limit, change->mm_pages);
		if (ret) {
			atomic_long_sub(change->user_pages, &current_user()->locked_vm);
			return ret;
		}
	}
	return 0;
}

static int count_change(struct change *change, struct umem_owner_change *item,
			const struct umem_grant *grant)
{
	struct umem *umem = item->umem;
	struct umem_owner *owner;
	bool room = true;

	mutex_lock(&umem->lock);
	item->pages = charged_pages(umem);
	item->charged = charge_moves(umem) ? item->pages : 0;
	if (umem->account == UMEM_ACCOUNT_USER)
		change->user_pages += item->charged;
	else
		change->mm_pages += item->charged;
	owner = umem->payer->owner;
	if (owner != change->payer->owner)
		room = umem_shares_add_owner(&change->moved, owner, item->pages);
	if (grant)
		umem_owner_add_needs(owner, &grant->by, item->pages, &change->needs);
	mutex_unlock(&umem->lock);
	if (!room)
		return -EUSERS;
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/*
 * Move the charge of a umem to the calling process, which has been charged for it as @item says. If
 * the umem has more or fewer pages by now, correct the charge, whatever the limit is.
 */
static void move_charge(const struct umem_owner_change *item, struct umem_payer *payer)
{
	struct umem *umem = item->umem;
	struct umem_owner *old = umem->payer->owner, *new = payer->owner;
	unsigned long pages = charged_pages(umem);

	if (charge_moves(umem)) {
		if (umem->account == UMEM_ACCOUNT_USER) {
			atomic_long_add(pages - item->charged, &current_user()->locked_vm);
			atomic_long_sub(pages, &old->user->locked_vm);
		} else {
			if (pages != item->charged)
				charge_mm(current->mm, ULONG_MAX, pages - item->charged);
			charge_umem_mm(umem, -(long)pages);
		}
	}
	atomic64_add(pages, &current->mm->pinned_vm);
	atomic64_sub(pages, &umem_mm(umem)->pinned_vm);
	umem_count_payer(umem, payer, pages);
	umem_count_payer(umem, umem->payer, -(long)pages);
	if (unlikely(pages != item->pages) && old != new)
		umem_owner_move(old, new, pages - item->pages);
}

/**
 * umem_needs_of_change() - count the pages by which a change of owners makes the sums grow
 * @list: memory of files, all mapped through one context
 * @n: number of entries
 * @by: the process, user and cgroup of the sums
 * @needs: out
 *
 * Context: may sleep; takes the lock of each umem, one after the other.
 */
void umem_needs_of_change(const struct umem_owner_change *list, unsigned long n,
			  const struct umem_scope *by, struct umem_needs *needs)
{
	unsigned long i;

	memset(needs, 0, sizeof(*needs));
	for (i = 0; i < n; i++) {
		struct umem *umem = list[i].umem;

		mutex_lock(&umem->lock);
		umem_owner_add_needs(umem->payer->owner, by, charged_pages(umem), needs);
		mutex_unlock(&umem->lock);
		cond_resched();
	}
}

/* Whether the change needs more than was allowed. Returns the needs in the grant if so. */
static bool exceeds(const struct umem_needs *needs, struct umem_grant *grant)
{
	if (needs->process <= grant->needs.process && needs->user <= grant->needs.user &&
	    needs->cgroup <= grant->needs.cgroup)
		return false;
	grant->needs = *needs;
	grant->growth = 0;
	return true;
}

/* Charge the new owner, and count the pages for it. On error nothing has changed. */
static int begin_change(struct change *change, struct umem *first, struct umem_grant *grant)
{
	int ret;

	if (grant && exceeds(&change->needs, grant))
		return -EAGAIN;
	ret = charge_current(change);
	if (ret) {
		if (ret == -ENOMEM)
			report_refusal(first->payer->totals, first->account, change->payer->owner,
				       max(change->user_pages, change->mm_pages));
		return ret;
	}
	ret = umem_owner_move_all(change->payer->owner, first->payer->totals, &change->moved,
				  grant);
	if (ret)
		uncharge_current(change);
	return ret;
}

/**
 * umem_change_owners() - move the charge of memory to the calling process
 * @list: memory of files, all mapped through one context
 * @n: number of entries
 * @grant: the decision of the policies, to be checked; NULL if none was asked
 * @pages: out: pinned pages of other owners that moved; 0 on error
 *
 * Pages that count against the same user, or the same mm, before and after are not charged twice.
 *
 * The caller makes sure that no page of the list is pinned or unpinned meanwhile, with one
 * exception: a copy that was in progress when the call began may pin or unpin for an address space
 * that was created since. Pages that it pins between the charge and the move are charged without a
 * check of the limit, and move without being part of the decision; policies have allowed the copy
 * to pin them. Pages that it unpins are uncharged, so that the account is exact.
 *
 * Context: may sleep; takes the lock of each umem, one after the other.
 * Return: 0; -ENOMEM if the limit of the calling process does not allow it, or if out of memory;
 * -EAGAIN if the change needs more than was granted, or a sum has grown since; -EUSERS if the
 * memory has more than UMEM_SHARES owners; -EINTR. On error nothing has changed.
 */
int umem_change_owners(struct umem_owner_change *list, unsigned long n, struct umem_grant *grant,
		       unsigned long *pages)
{
	struct change change = {};
	struct umem_payer *old;
	unsigned long i;
	int ret = 0;

	*pages = 0;
	if (!n)
		return 0;
	change.payer = umem_payer_get(list->umem->payer->totals);
	if (!change.payer)
		return -ENOMEM;
	for (i = 0; i < n && !ret; i++) {
		ret = count_change(&change, &list[i], grant);
		cond_resched();
	}
	if (!ret)
		ret = begin_change(&change, list->umem, grant);
	if (ret)
		goto out_put;
	*pages = umem_shares_pages(&change.moved);

	for (i = 0; i < n; i++) {
		struct umem *umem = list[i].umem;

		mutex_lock(&umem->lock);
		move_charge(&list[i], change.payer);
		old = umem->payer;
		refcount_inc(&change.payer->refs);
		umem_set_payer(umem, change.payer);
		mutex_unlock(&umem->lock);
		umem_payer_put(old);
		cond_resched();
	}
	umem_note_mapper(change.payer->totals, change.payer);
out_put:
	umem_shares_put(&change.moved);
	umem_payer_put(change.payer);
	return ret;
}
