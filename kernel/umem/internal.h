/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations shared by the files of umem/ alone. Each file calls only those above it:
 *
 *	cgroup.c	cgroups of processes
 *	owner.c		owners, sums and reservations
 *	payer.c		owners of memory in one context
 *	users.c		the tree of users: which pages are pinned
 *	segment.c	where page frames are stored
 *	file.c		memfds
 *	huge.c		huge pages of processes
 *	dmabuf.c	dma-bufs
 *	charge.c	accounting
 *	pin.c		pinning, unpinning, reading and writing
 *	umem.c		life and users of memory
 */
#ifndef _IOMMUFD_UMEM_INTERNAL_H
#define _IOMMUFD_UMEM_INTERNAL_H

#include <linux/bits.h>
#include <linux/cgroup.h>
#include <linux/compiler.h>
#include <linux/jump_label.h>
#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/sched.h>

#include "umem/umem.h"

/* Pages of a segment, and segments in one leaf of the table of segments. */
#define UMEM_SEG_SHIFT 9
#define UMEM_SEG_PAGES BIT(UMEM_SEG_SHIFT)
#define UMEM_LEAF_SHIFT 9
#define UMEM_LEAF_SEGS BIT(UMEM_LEAF_SHIFT)

/* The calling process's cgroup, which RCU keeps; NULL without cgroups. */
static inline struct cgroup *umem_current_cgroup(void)
{
#ifdef CONFIG_CGROUPS
	return task_dfl_cgroup(current);
#else
	return NULL;
#endif
}

/*
 * Whether the owner stands for the calling process. The owner holds references on all four, so
 * equal addresses mean the same objects.
 */
static __always_inline bool umem_owner_is_current(const struct umem_owner *owner)
{
	return owner->mm == current->mm && owner->pid == task_tgid(current) &&
	       owner->user == current_user() && owner->cgroup == umem_current_cgroup();
}

/* owner.c */
struct umem_owner *umem_owner_get(struct umem_totals *totals);
unsigned long umem_owner_memlock(struct umem_owner *owner);
void umem_owner_add_needs(const struct umem_owner *owner, const struct umem_scope *by,
			  unsigned long pages, struct umem_needs *needs);
int umem_owner_move_all(struct umem_owner *to, const struct umem_totals *totals,
			struct umem_shares *shares, struct umem_grant *grant);
void umem_owner_move(struct umem_owner *from, struct umem_owner *to, long pages);
bool umem_shares_add_owner(struct umem_shares *shares, struct umem_owner *owner,
			   unsigned long pages);
void umem_reservation_use(struct umem_reservation *reservation, const struct umem_owner *owner,
			  unsigned long pages);

/* payer.c */
struct umem_payer *umem_payer_get(struct umem_totals *totals);
void umem_payer_free(struct umem_payer *payer);

/* Drop a reference on a payer. */
static __always_inline void umem_payer_put(struct umem_payer *payer)
{
	if (unlikely(refcount_dec_and_test(&payer->refs)))
		umem_payer_free(payer);
}

/* Whether policies are loaded, so that each growth of a sum is counted. */
DECLARE_STATIC_KEY_FALSE(umem_growth_key);

/* Count a growth of a sum that no reservation has announced, after it has happened. */
void umem_note_growth(void);

/* Count pages of a umem for its payer alone. */
static __always_inline void umem_count_payer(struct umem *umem, struct umem_payer *payer,
					     long pages)
{
	atomic_long_add(pages,
			umem->account == UMEM_ACCOUNT_NONE ? &payer->exempt : &payer->charged);
}

/* Count pages as pinned, or no longer if @pages is negative. */
static __always_inline void umem_count_pages(struct umem *umem, long pages)
{
	struct umem_payer *payer = umem->payer;
	struct umem_owner *owner = payer->owner;

	umem_count_payer(umem, payer, pages);
	atomic_long_add(pages, &payer->totals->pages);
	atomic_long_add(pages, &owner->pages);
	atomic_long_add(pages, &owner->tally->pages);
}

static __always_inline void umem_set_payer(struct umem *umem, struct umem_payer *payer)
{
	/* Others read it under RCU. */
	WRITE_ONCE(umem->payer, payer);
}

/* The owner's mm: its struct is kept, its memory is not. umem->lock is held. */
static __always_inline struct mm_struct *umem_mm(const struct umem *umem)
{
	return umem->payer->owner->mm;
}

/**
 * struct umem_progress - the pages that a umem_pin() in progress has pinned
 * @first: first page of the range
 * @end: the page after the last one that is pinned; each page from @first on is
 *
 * The future user enters the tree when all of its pages are pinned, so the tree does not tell.
 */
struct umem_progress {
	unsigned long first;
	unsigned long end;
};

/* users.c */
bool umem_covered(struct umem *umem, unsigned long first, unsigned long last);

/**
 * struct umem_holes - a walk over the parts of a range that no user covers
 * @first: first page of the hole that umem_next_hole() found
 * @last: last page of it
 * @next: where the search goes on
 * @range_last: last page of the range
 */
struct umem_holes {
	unsigned long first;
	unsigned long last;
	unsigned long next;
	unsigned long range_last;
};

static __always_inline void umem_holes_start(struct umem_holes *holes, unsigned long first,
					     unsigned long last)
{
	holes->next = first;
	holes->range_last = last;
}

/* Whether no page has a user, so that each range is one hole: so it is for most maps and unmaps. */
static __always_inline bool umem_is_idle(const struct umem *umem)
{
	return RB_EMPTY_ROOT(&umem->users.rb_root);
}

/* Find the next hole; false if there is none. umem->lock is held. */
static __always_inline bool umem_next_hole(struct umem *umem, struct umem_holes *holes)
{
	struct interval_tree_node *node;

	while (holes->next <= holes->range_last) {
		node = interval_tree_iter_first(&umem->users, holes->next, holes->range_last);
		if (!node || node->start > holes->next) {
			holes->first = holes->next;
			holes->last = node ? node->start - 1 : holes->range_last;
			holes->next = holes->last + 1;
			return true;
		}
		holes->next = node->last + 1;
		/* A process decides how many users there are. */
		cond_resched();
	}
	return false;
}

/* Count the pages of a range that no user covers. umem->lock is held. */
static inline unsigned long umem_count_holes(struct umem *umem, unsigned long first,
					     unsigned long last)
{
	struct umem_holes holes;
	unsigned long n = 0;

	if (likely(umem_is_idle(umem)))
		return last - first + 1;
	umem_holes_start(&holes, first, last);
	while (umem_next_hole(umem, &holes))
		n += holes.last - holes.first + 1;
	return n;
}

/* segment.c */
bool umem_seg_store_run(struct umem *umem, const struct umem_progress *progress, struct page *page);
int umem_seg_store(struct umem *umem, const struct umem_progress *progress, struct page **pages,
		   unsigned int npages);
void umem_seg_drop(struct umem *umem, unsigned long first, unsigned long last);
void umem_seg_free_table(struct umem *umem);

/* Whether the umem has a single segment, and no table of them. */
static __always_inline bool umem_has_one_seg(const struct umem *umem)
{
	return likely(umem->npages <= UMEM_SEG_PAGES);
}

/* The slot of page 0 in segment 0: segments of large ranges are aligned as huge pages are. */
static __always_inline unsigned long umem_lead(const struct umem *umem)
{
	if (umem_has_one_seg(umem))
		return 0;
	return (umem->start >> PAGE_SHIFT) & (UMEM_SEG_PAGES - 1);
}

/* Free the table of segments of a umem without users, if there is one. */
static __always_inline void umem_seg_free_all(struct umem *umem)
{
	if (!umem_has_one_seg(umem) && umem->leaves)
		umem_seg_free_table(umem);
}

/*
 * Pin a folio, which is pinned, @n more times; 0 or -ENOMEM. The kernel exports no function for
 * this. It counts as the kernel's try_grab_folio() does for large folios, which alone have @n > 0.
 */
static inline int umem_add_pins(struct folio *folio, unsigned int n)
{
	/* Each map of the same memory adds to the count. Fail long before it wraps. */
	if (folio_ref_count(folio) > INT_MAX / 2)
		return -ENOMEM;
	if (n) {
		folio_ref_add(folio, n);
		atomic_add(n, &folio->_pincount);
		node_stat_mod_folio(folio, NR_FOLL_PIN_ACQUIRED, n);
	}
	return 0;
}

/* huge.c */
bool umem_may_be_huge(struct page *page);
unsigned int umem_pin_huge(struct mm_struct *mm, unsigned long address, struct page *page,
			   bool writable, unsigned int max);

/* file.c */
int umem_file_init(struct umem *umem, struct file *file);
void umem_file_release(struct umem *umem);
bool umem_file_holds(const struct umem *umem, unsigned long last);
long umem_file_pin(struct umem *umem, unsigned long first, unsigned int npages,
		   struct page **pages);

/* dmabuf.c */
#ifdef CONFIG_DMA_SHARED_BUFFER
int umem_dmabuf_init(struct umem *umem, const struct umem_source *source, unsigned long last);
void umem_dmabuf_release(struct umem *umem);
#else
static inline int umem_dmabuf_init(struct umem *umem, const struct umem_source *source,
				   unsigned long last)
{
	return -EOPNOTSUPP;
}

static inline void umem_dmabuf_release(struct umem *umem)
{
}
#endif

/* charge.c */
int umem_charge_limit(struct umem *umem, unsigned long npages);
int umem_charge_refused(struct umem *umem, unsigned long first, unsigned long last,
			unsigned long npages);
void umem_uncharge_limit(struct umem *umem, unsigned long npages);

/*
 * Charge pages to the owner, and take them from the reservation, if there is one. Returns 0, or an
 * error of umem_charge_limit(). umem->lock is held.
 */
static inline int umem_charge(struct umem *umem, unsigned long npages,
			      struct umem_reservation *reservation)
{
	int ret;

	if (umem->account != UMEM_ACCOUNT_NONE) {
		ret = umem_charge_limit(umem, npages);
		if (ret)
			return ret;
	}
	atomic64_add(npages, &umem_mm(umem)->pinned_vm);
	umem_count_pages(umem, npages);
	if (unlikely(reservation))
		umem_reservation_use(reservation, umem->payer->owner, npages);
	else if (static_branch_unlikely(&umem_growth_key))
		umem_note_growth();
	return 0;
}

/* Undo umem_charge(), except for the reservation. umem->lock is held. */
static inline void umem_uncharge(struct umem *umem, unsigned long npages)
{
	if (umem->account != UMEM_ACCOUNT_NONE)
		umem_uncharge_limit(umem, npages);
	atomic64_sub(npages, &umem_mm(umem)->pinned_vm);
	umem_count_pages(umem, -(long)npages);
}

/* pin.c */
int umem_pin_hole(struct umem *umem, struct umem_progress *progress, unsigned long last);
unsigned long umem_unpin_hole(struct umem *umem, unsigned long first, unsigned long last);

#endif
