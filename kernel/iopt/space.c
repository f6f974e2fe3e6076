// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IOVA ranges of an address space: the tree of areas, reserved and allowed ranges, and the
 * allocation of free ranges.
 *
 * Areas do not overlap, so a plain red-black tree holds them by address. Each node also knows the
 * gap below it and the largest gap in its subtree, so the lowest gap that is large enough is found
 * without a walk over the areas. Reserved ranges are few, come from several owners (each device and
 * each page table), and overlap. So they are not subtracted from the gaps; instead the allocation
 * checks each gap for them.
 *
 * iopt->lock protects all of this; it is held for writing to change anything. Changes of the data
 * that snapshots read hold tree_lock, too: the tree of areas, the bounds of areas in it, and
 * reserved ranges.
 */
#include <linux/iommu.h>
#include <linux/overflow.h>
#include <linux/rbtree_augmented.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "iopt/internal.h"
#include "trace/refuse.h"

/* Areas that are removed before others may take tree_lock. */
#define REMOVE_BATCH 32

static inline unsigned long area_gap(struct iopt_area *area)
{
	return area->gap;
}

RB_DECLARE_CALLBACKS_MAX(static, area_gap_cb, struct iopt_area, node, unsigned long, max_gap,
			 area_gap)

#define to_area(ptr) rb_entry_safe(ptr, struct iopt_area, node)

/**
 * iopt_find() - find the area that has an address, or else the next area above it
 * @iopt: its lock or tree_lock is held, or tables_lock for writing
 * @iova: the address
 *
 * Return: the area; NULL if there is none at or above the address.
 */
struct iopt_area *iopt_find(struct iopt *iopt, unsigned long iova)
{
	struct rb_node *n = iopt->areas.rb_node;
	struct iopt_area *found = NULL;

	while (n) {
		struct iopt_area *area = to_area(n);

		if (area->last >= iova) {
			found = area;
			n = n->rb_left;
		} else {
			n = n->rb_right;
		}
	}
	return found;
}

static void set_gap(struct iopt_area *area, unsigned long gap)
{
	area->gap = gap;
	area_gap_cb_propagate(&area->node, NULL);
}

/* Insert an area, which does not overlap another one. Both locks are held. */
static void insert(struct iopt *iopt, struct iopt_area *area)
{
	struct rb_node **link = &iopt->areas.rb_node, *parent = NULL;
	struct iopt_area *prev = NULL, *next = NULL;

	lockdep_assert_held_write(&iopt->lock);
	lockdep_assert_held(&iopt->tree_lock);
	while (*link) {
		parent = *link;
		if (area->start < to_area(parent)->start) {
			next = to_area(parent);
			link = &parent->rb_left;
		} else {
			prev = to_area(parent);
			link = &parent->rb_right;
		}
	}

	area->prev = prev;
	area->next = next;
	if (prev)
		prev->next = area;
	area->gap = area->start - (prev ? prev->last + 1 : 0);
	area->max_gap = area->gap;
	rb_link_node(&area->node, parent, link);
	if (parent)
		area_gap_cb_propagate(parent, NULL);
	rb_insert_augmented(&area->node, &iopt->areas, &area_gap_cb);
	if (next) {
		next->prev = area;
		set_gap(next, next->start - area->last - 1);
	}
}

/**
 * iopt_insert_upper() - insert the upper half of an area that is split
 * @iopt: its lock is held for writing
 * @low: the area; becomes the lower half
 * @high: the upper half
 */
void iopt_insert_upper(struct iopt *iopt, struct iopt_area *low, struct iopt_area *high)
{
	/* A snapshot sees either the whole area or both halves. */
	spin_lock(&iopt->tree_lock);
	low->last = high->start - 1;
	insert(iopt, high);
	spin_unlock(&iopt->tree_lock);
}

/*
 * Remove an area from the tree. Both locks are held. Without @widen, leave the gap of the next area
 * as it is, because that is removed before others look for a gap.
 */
static void remove(struct iopt *iopt, struct iopt_area *area, bool widen)
{
	struct iopt_area *prev = area->prev;
	struct iopt_area *next = area->next;

	lockdep_assert_held_write(&iopt->lock);
	lockdep_assert_held(&iopt->tree_lock);
	rb_erase_augmented(&area->node, &iopt->areas, &area_gap_cb);
	if (prev)
		prev->next = next;
	if (next) {
		next->prev = prev;
		if (widen)
			set_gap(next, next->start - (prev ? prev->last + 1 : 0));
	}
}

/**
 * iopt_remove_area() - remove an area from the tree
 * @iopt: its lock is held for writing
 * @area: in the tree and in no page table
 */
void iopt_remove_area(struct iopt *iopt, struct iopt_area *area)
{
	spin_lock(&iopt->tree_lock);
	remove(iopt, area, true);
	spin_unlock(&iopt->tree_lock);
}

/**
 * iopt_remove_areas() - remove areas from the tree, except for stuck ones
 * @iopt: its lock is held for writing
 * @areas: in the tree; those that are not stuck are in no page table
 *
 * Context: may sleep.
 */
void iopt_remove_areas(struct iopt *iopt, struct iopt_chain *areas)
{
	struct iopt_area *area, *next;
	unsigned long n = 0;

	spin_lock(&iopt->tree_lock);
	iopt_chain_for_each(area, areas) {
		next = area->chain;
		if (unlikely(area->stuck))
			area->state = IOPT_AREA_UNMAPPING;
		else
			remove(iopt, area, !next || next != area->next || next->stuck);
		if (unlikely(!(++n % REMOVE_BATCH))) {
			spin_unlock(&iopt->tree_lock);
			cond_resched();
			spin_lock(&iopt->tree_lock);
		}
	}
	spin_unlock(&iopt->tree_lock);
}

/*
 * Find the lowest area above @from with a gap of @length addresses below it. It recurses into left
 * subtrees only, so at most as deep as the tree.
 */
static struct iopt_area *first_gap(struct rb_node *n, unsigned long from, unsigned long length)
{
	while (n) {
		struct iopt_area *area = to_area(n), *left;

		if (area->max_gap < length)
			return NULL;
		if (area->start > from) {
			left = first_gap(n->rb_left, from, length);
			if (left)
				return left;
			if (area->gap >= length)
				return area;
		}
		n = n->rb_right;
	}
	return NULL;
}

/**
 * struct want - a range to be allocated
 * @length: bytes
 * @align: power of 2 that the address is aligned to, at most PAGE_SIZE or the size of a huge page
 * @offset: bits set in the address on top of that: the offset of the memory in its page
 */
struct want {
	unsigned long length;
	unsigned long align;
	unsigned long offset;
};

/* Find the lowest address at or above *@start for a range that ends at or below @last. */
static bool fit(const struct want *want, unsigned long *start, unsigned long last)
{
	unsigned long at;

	if (check_add_overflow(*start, want->align - 1, &at))
		return false;
	at &= ~(want->align - 1);
	at |= want->offset;
	if (at >= last || last - at < want->length - 1)
		return false;
	*start = at;
	return true;
}

/*
 * Find the lowest address in [start, last], which has no areas, for a range that is not reserved.
 */
static bool fit_gap(struct iopt *iopt, const struct want *want, unsigned long start,
		    unsigned long last, unsigned long *iova)
{
	struct interval_tree_node *resv;

	for (;;) {
		resv = interval_tree_iter_first(&iopt->reserved, start, last);
		*iova = start;
		if (!resv)
			return fit(want, iova, last);
		if (resv->start > start && fit(want, iova, resv->start - 1))
			return true;
		if (resv->last >= last)
			return false;
		start = resv->last + 1;
	}
}

/*
 * Find the lowest address in [start, last]: try each gap between areas that is large enough.
 * Returns 1, 0 if there is none, or -EINTR.
 */
static int fit_span(struct iopt *iopt, const struct want *want, unsigned long start,
		    unsigned long last, unsigned long *iova)
{
	struct iopt_area *area;
	unsigned long step = 0;

	while (start <= last) {
		unsigned long gap, gap_last;

		/* A process can leave millions of gaps that fail for their alignment. */
		iopt_resched(&step);
		if (step > 1 && fatal_signal_pending(current))
			return -EINTR;

		area = first_gap(iopt->areas.rb_node, start, want->length);
		if (area) {
			gap = area->start - area->gap;
			gap_last = area->start - 1;
		} else {
			struct iopt_area *top = to_area(rb_last(&iopt->areas));

			if (top && top->last == ULONG_MAX)
				return 0;
			gap = top ? top->last + 1 : 0;
			gap_last = ULONG_MAX;
		}
		if (gap > last)
			return 0;
		if (fit_gap(iopt, want, max(gap, start), min(gap_last, last), iova))
			return 1;
		if (gap_last >= last)
			return 0;
		start = gap_last + 1;
	}
	return 0;
}

/*
 * Choose an address for memory at @addr. The first and the last page are never used. If there are
 * allowed ranges the address is in one of them; ranges that touch count as one.
 */
static int alloc_iova(struct iopt *iopt, unsigned long addr, unsigned long length,
		      unsigned long *iova)
{
	const unsigned long lowest = PAGE_SIZE, highest = ULONG_MAX - PAGE_SIZE;
	struct interval_tree_node *node, *next;
	unsigned long step = 0;
	int ret;
	struct want want = { .length = length, .offset = offset_in_page(addr) };

	if (length >= ULONG_MAX / 2)
		return -EOVERFLOW;

	/* Keep the alignment of the memory, so that huge pages are mapped as such. */
	want.align = roundup_pow_of_two(length);
	if (addr)
		want.align = min(want.align, 1UL << __ffs(addr));
	want.align =
		min(want.align, IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) ? HPAGE_SIZE : PAGE_SIZE);
	if (want.align < iopt->alignment)
		return -EINVAL;

	if (RB_EMPTY_ROOT(&iopt->allowed.rb_root)) {
		unsigned long start = lowest;

		ret = fit(&want, &start, highest) ? fit_span(iopt, &want, start, highest, iova) : 0;
		if (ret)
			return min(ret, 0);
		return -ENOSPC;
	}

	for (node = interval_tree_iter_first(&iopt->allowed, lowest, highest); node; node = next) {
		unsigned long start = max(node->start, lowest);
		unsigned long last = node->last;

		iopt_resched(&step);
		if (fatal_signal_pending(current))
			return -EINTR;
		next = interval_tree_iter_next(node, lowest, highest);
		while (next && last != ULONG_MAX && next->start <= last + 1) {
			last = next->last;
			next = interval_tree_iter_next(next, lowest, highest);
			iopt_resched(&step);
		}
		last = min(last, highest);
		ret = fit(&want, &start, last) ? fit_span(iopt, &want, start, last, iova) : 0;
		if (ret)
			return min(ret, 0);
	}
	return -ENOSPC;
}

/* Check that a given range is aligned, free and not reserved. */
static int check_iova(struct iopt *iopt, const struct umem *umem, unsigned long iova,
		      unsigned long length)
{
	struct interval_tree_node *resv;
	struct iopt_area *area;
	unsigned long last;

	if (iova & (iopt->alignment - 1))
		return -EINVAL;
	if (check_add_overflow(iova, length - 1, &last))
		return -EOVERFLOW;
	resv = interval_tree_iter_first(&iopt->reserved, iova, last);
	if (resv) {
		iommufd_refuse_map(umem_ctx_id(umem), (struct iommufd_span){ iova, last },
				   (struct iommufd_span){ resv->start, resv->last });
		return -EINVAL;
	}
	area = iopt_find(iopt, iova);
	if (area && area->start <= last)
		return -EEXIST;
	return 0;
}

/**
 * iopt_insert_areas() - allocate the IOVA range of a map and insert its areas there
 * @iopt: its lock is held for writing
 * @areas: with umem, first page, page_offset and prot set, start = 0 and last = length - 1
 * @target: the range, whose length is the sum of theirs; out: the address, unless fixed
 *
 * On success the areas are in the tree, one after the other, as IOPT_AREA_MAPPING.
 *
 * Return: 0; -EINVAL if address, length or memory is not aligned as the page tables need it, or if
 * the range is reserved; -EEXIST if a part of it is mapped; -EOVERFLOW if it wraps; -ENOSPC if
 * there is no free range; -EPERM for a writable mapping of memory that was mapped for reading;
 * -EINTR.
 */
int iopt_insert_areas(struct iopt *iopt, struct iopt_chain *areas, struct iopt_target *target)
{
	struct iopt_area *area = areas->first;
	unsigned long length = target->length, addr, at, step = 0;
	struct umem *umem = area->umem;
	u32 now = iopt_time();
	int ret;

	lockdep_assert_held_write(&iopt->lock);
	if (!length || length & (iopt->alignment - 1))
		return -EINVAL;

	if (target->fixed) {
		ret = check_iova(iopt, umem, target->iova, length);
	} else {
		addr = umem->start + iopt_area_byte(area, 0);
		ret = alloc_iova(iopt, addr, length, &target->iova);
	}
	if (ret)
		return ret;

	iopt_chain_for_each(area, areas) {
		if ((area->prot & IOMMU_WRITE) && !area->umem->writable)
			return -EPERM;
		if (area->page_offset & (iopt->alignment - 1))
			return -EINVAL;
		if (area->chain)
			iopt_resched(&step);
	}

	at = target->iova;
	iopt_chain_for_each(area, areas) {
		area->start = at;
		area->last += at;
		at = area->last + 1;
		area->state = IOPT_AREA_MAPPING;
		area->user.tag = now;
		spin_lock(&iopt->tree_lock);
		insert(iopt, area);
		spin_unlock(&iopt->tree_lock);
		if (area->chain)
			iopt_resched(&step);
	}
	return 0;
}

static struct iopt_range *range_alloc(unsigned long start, unsigned long last, const void *owner,
				      const void *key)
{
	struct iopt_range *range = kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);

	if (!range)
		return NULL;
	range->node.start = start;
	range->node.last = last;
	range->owner = owner;
	range->key = key;
	return range;
}

/**
 * iopt_range_add() - add a range to a tree for iopt_set_allowed()
 * @tree: the tree
 * @start: first IOVA
 * @last: last IOVA
 *
 * Return: 0 or -ENOMEM.
 */
int iopt_range_add(struct rb_root_cached *tree, unsigned long start, unsigned long last)
{
	struct iopt_range *range = range_alloc(start, last, NULL, NULL);

	if (!range)
		return -ENOMEM;
	interval_tree_insert(&range->node, tree);
	return 0;
}

/**
 * iopt_range_free_all() - free all ranges of a tree
 * @tree: the tree; empty on return
 */
void iopt_range_free_all(struct rb_root_cached *tree)
{
	struct interval_tree_node *node;
	unsigned long step = 0;

	while ((node = interval_tree_iter_first(tree, 0, ULONG_MAX))) {
		interval_tree_remove(node, tree);
		kfree(container_of(node, struct iopt_range, node));
		iopt_resched(&step);
	}
}

static int reserve(struct iopt *iopt, unsigned long start, unsigned long last, const void *owner,
		   const void *key)
{
	struct iopt_area *area = iopt_find(iopt, start);
	struct iopt_range *range;

	lockdep_assert_held_write(&iopt->lock);
	if (area && area->start <= last)
		return -EADDRINUSE;
	if (interval_tree_iter_first(&iopt->allowed, start, last))
		return -EADDRINUSE;
	range = range_alloc(start, last, owner, key);
	if (!range)
		return -ENOMEM;
	spin_lock(&iopt->tree_lock);
	interval_tree_insert(&range->node, &iopt->reserved);
	spin_unlock(&iopt->tree_lock);
	return 0;
}

/**
 * iopt_reserve() - reserve a range, so that it cannot be mapped
 * @iopt: its lock is held for writing
 * @start: first IOVA
 * @last: last IOVA
 * @owner: whose it is, and key for iopt_unreserve()
 *
 * Return: 0; -EADDRINUSE if a part of it is mapped or in an allowed range; -ENOMEM.
 */
int iopt_reserve(struct iopt *iopt, unsigned long start, unsigned long last, const void *owner)
{
	return reserve(iopt, start, last, owner, owner);
}

/**
 * iopt_unreserve() - free all ranges that were reserved with a key
 * @iopt: its lock is held for writing
 * @key: the key
 */
void iopt_unreserve(struct iopt *iopt, const void *key)
{
	struct interval_tree_node *node, *next;
	unsigned long step = 0;

	lockdep_assert_held_write(&iopt->lock);
	for (node = interval_tree_iter_first(&iopt->reserved, 0, ULONG_MAX); node; node = next) {
		struct iopt_range *range = container_of(node, struct iopt_range, node);

		iopt_resched(&step);
		next = interval_tree_iter_next(node, 0, ULONG_MAX);
		if (range->key == key) {
			spin_lock(&iopt->tree_lock);
			interval_tree_remove(node, &iopt->reserved);
			spin_unlock(&iopt->tree_lock);
			kfree(range);
		}
	}
}

/* Report the area or allowed range that overlaps a device's range. */
static void report_conflict(struct iopt *iopt, struct device *dev, unsigned long start,
			    unsigned long last)
{
	struct iopt_area *area = iopt_find(iopt, start);
	struct interval_tree_node *node;
	struct iommufd_span map = {};
	u32 ctx = 0; /* unknown if nothing is mapped */

	if (area && area->start <= last) {
		map.start = area->start;
		map.last = area->last;
		ctx = umem_ctx_id(area->umem);
	} else {
		node = interval_tree_iter_first(&iopt->allowed, start, last);
		map.start = node ? node->start : 0;
		map.last = node ? node->last : 0;
	}
	iommufd_refuse_device(ctx, dev, map, (struct iommufd_span){ start, last });
}

/**
 * iopt_reserve_device() - reserve the ranges that a device cannot use
 * @iopt: the address space that the device is about to be attached to
 * @dev: the device
 * @key: for iopt_unreserve_device(), which may come after the device was attached again
 * @sw_msi_start: out, or NULL: the address for the MSI page, if software has to map it
 * @lock: whether to wait for iopt->lock, to try to take it, or that iopt_hold() has taken it
 *
 * Context: may sleep; takes iopt->lock.
 * Return: 0; -EADDRINUSE if something is mapped or allowed there; -ENOMEM; -EINVAL if the IOMMU
 * driver contradicts itself; -EAGAIN if iopt->lock could not be taken.
 */
int iopt_reserve_device(struct iopt *iopt, struct device *dev, const void *key,
			phys_addr_t *sw_msi_start, enum iopt_lock_mode lock)
{
	unsigned int hw_msi = 0, sw_msi = 0;
	struct iommu_resv_region *resv;
	LIST_HEAD(regions);
	int ret = 0;

	iommu_get_resv_regions(dev, &regions);

	if (lock == IOPT_LOCK_WAIT)
		down_write(&iopt->lock);
	else if (lock == IOPT_LOCK_TRY && !down_write_trylock(&iopt->lock))
		ret = -EAGAIN;
	if (ret)
		goto out_put;
	list_for_each_entry(resv, &regions, list) {
		/* The firmware stops using it when a driver is bound to the device. */
		if (resv->type == IOMMU_RESV_DIRECT_RELAXABLE)
			continue;
		if (resv->type == IOMMU_RESV_MSI)
			hw_msi++;
		if (resv->type == IOMMU_RESV_SW_MSI) {
			sw_msi++;
			if (sw_msi_start)
				*sw_msi_start = resv->start;
		}
		ret = reserve(iopt, resv->start, resv->start + resv->length - 1, dev, key);
		if (ret == -EADDRINUSE)
			report_conflict(iopt, dev, resv->start, resv->start + resv->length - 1);
		if (ret)
			break;
	}
	if (!ret && sw_msi_start && WARN_ON((sw_msi && hw_msi) || sw_msi > 1))
		ret = -EINVAL;
	if (ret)
		iopt_unreserve(iopt, key);
	if (lock != IOPT_LOCK_HELD)
		up_write(&iopt->lock);
out_put:
	iommu_put_resv_regions(dev, &regions);
	return ret;
}

/**
 * iopt_unreserve_device() - undo iopt_reserve_device()
 * @iopt: the address space
 * @key: as given there
 *
 * Context: may sleep; waits for iopt->lock.
 */
void iopt_unreserve_device(struct iopt *iopt, const void *key)
{
	down_write(&iopt->lock);
	iopt_unreserve(iopt, key);
	up_write(&iopt->lock);
}

/**
 * iopt_hold() - take iopt->lock for IOPT_LOCK_HELD
 * @iopt: the address space
 *
 * Context: may sleep; no lock is held that a detach needs.
 * Return: 0; -EINTR if killed.
 */
int iopt_hold(struct iopt *iopt)
{
	return down_write_killable(&iopt->lock);
}

/**
 * iopt_release() - undo iopt_hold()
 * @iopt: the address space
 */
void iopt_release(struct iopt *iopt)
{
	up_write(&iopt->lock);
}

/**
 * iopt_set_allowed() - replace the allowed ranges
 * @iopt: the address space
 * @allowed: the new ranges; on return, the tree that the caller has to free
 *
 * Return: 0; -EADDRINUSE if a part of them is reserved. On error nothing has changed.
 */
int iopt_set_allowed(struct iopt *iopt, struct rb_root_cached *allowed)
{
	struct interval_tree_node *node;
	unsigned long step = 0;
	int ret = 0;

	down_write(&iopt->lock);
	/* There are fewer reserved ranges than a process may allow. */
	for (node = interval_tree_iter_first(&iopt->reserved, 0, ULONG_MAX); node && !ret;
	     node = interval_tree_iter_next(node, 0, ULONG_MAX)) {
		if (interval_tree_iter_first(allowed, node->start, node->last))
			ret = -EADDRINUSE;
		iopt_resched(&step);
	}
	if (!ret)
		swap(*allowed, iopt->allowed);
	up_write(&iopt->lock);
	return ret;
}

/**
 * iopt_next_usable() - find the next range that is not reserved
 * @iopt: its lock or tree_lock is held
 * @from: first IOVA of interest
 * @start: out: first IOVA of the range
 * @last: out: last IOVA of the range; the next search starts above it, unless it is ULONG_MAX
 *
 * Return: true if there is one.
 */
bool iopt_next_usable(struct iopt *iopt, unsigned long from, unsigned long *start,
		      unsigned long *last)
{
	struct interval_tree_node *node;

	while ((node = interval_tree_iter_first(&iopt->reserved, from, ULONG_MAX))) {
		if (node->start > from) {
			*start = from;
			*last = node->start - 1;
			return true;
		}
		if (node->last == ULONG_MAX)
			return false;
		from = node->last + 1;
	}
	*start = from;
	*last = ULONG_MAX;
	return true;
}
