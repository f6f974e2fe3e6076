// SPDX-License-Identifier: GPL-2.0-only
/*
 * Places in an I/O address space: the tree of areas, reserved and allowed ranges, and the search
 * for a free place.
 *
 * Areas do not overlap, so a plain red-black tree by address holds them. Each node also knows the
 * gap before it and the largest gap below it, and the lowest gap that is wide enough is found
 * without looking at the areas one by one. Reserved ranges are few and come from several owners
 * (each device and page table has its own, and they overlap), so they stay out of the gaps and
 * are looked at when a place is tried.
 *
 * All of it runs under iopt->lock, for writing where something changes.
 */
#include <linux/iommu.h>
#include <linux/overflow.h>
#include <linux/rbtree_augmented.h>
#include <linux/slab.h>

#include "iopt/iopt.h"
#include "trace/refuse.h"

static inline unsigned long area_gap(struct iopt_area *area)
{
	return area->gap;
}

RB_DECLARE_CALLBACKS_MAX(static, area_gap_cb, struct iopt_area, node, unsigned long, max_gap,
			 area_gap)

#define to_area(ptr) rb_entry_safe(ptr, struct iopt_area, node)

/**
 * iopt_find() - the area that holds an address, or else the next one above
 * @iopt: its lock is held, or tables_lock for writing
 * @iova: the address
 *
 * Return: the area, NULL if there is none at or above the address.
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

/**
 * iopt_insert_area() - put an area into the tree
 * @iopt: its lock is held for writing
 * @area: nothing is where it belongs
 */
void iopt_insert_area(struct iopt *iopt, struct iopt_area *area)
{
	struct rb_node **link = &iopt->areas.rb_node, *parent = NULL;
	struct iopt_area *prev = NULL, *next = NULL;

	lockdep_assert_held_write(&iopt->lock);
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
 * iopt_remove_area() - take an area out of the tree
 * @iopt: its lock is held for writing
 * @area: in the tree; no page table has anything of it
 */
void iopt_remove_area(struct iopt *iopt, struct iopt_area *area)
{
	struct iopt_area *prev = area->prev;
	struct iopt_area *next = area->next;

	lockdep_assert_held_write(&iopt->lock);
	rb_erase_augmented(&area->node, &iopt->areas, &area_gap_cb);
	if (prev)
		prev->next = next;
	if (next) {
		next->prev = prev;
		set_gap(next, next->start - (prev ? prev->last + 1 : 0));
	}
}

/*
 * The lowest area above @from with a gap of @length addresses before it. The recursion goes down
 * the left side only, as deep as the tree is high.
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
 * struct place - what is looked for
 * @length: bytes
 * @align: power of 2 that the place is rounded up to, at most PAGE_SIZE or that of a huge page
 * @offset: bits set in the place on top: where in its page the memory begins
 */
struct place {
	unsigned long length;
	unsigned long align;
	unsigned long offset;
};

/* Lowest place at or above *@start that ends at or below @last. */
static bool fit(const struct place *want, unsigned long *start, unsigned long last)
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

/* Lowest place in [@start, @last], where no areas are, that is not reserved. */
static bool fit_gap(struct iopt *iopt, const struct place *want, unsigned long start,
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

/* Lowest place in [@start, @last]: every gap between areas that is wide enough is tried. */
static bool fit_span(struct iopt *iopt, const struct place *want, unsigned long start,
		     unsigned long last, unsigned long *iova)
{
	struct iopt_area *area;

	while (start <= last) {
		unsigned long gap, gap_last;

		area = first_gap(iopt->areas.rb_node, start, want->length);
		if (area) {
			gap = area->start - area->gap;
			gap_last = area->start - 1;
		} else {
			struct iopt_area *top = to_area(rb_last(&iopt->areas));

			if (top && top->last == ULONG_MAX)
				return false;
			gap = top ? top->last + 1 : 0;
			gap_last = ULONG_MAX;
		}
		if (gap > last)
			return false;
		if (fit_gap(iopt, want, max(gap, start), min(gap_last, last), iova))
			return true;
		if (gap_last >= last)
			return false;
		start = gap_last + 1;
	}
	return false;
}

/*
 * Find a place. Address 0 is never chosen, nor the last page. Allowed ranges, if there are any,
 * confine the search; ranges that touch count as one.
 */
static int find_place(struct iopt *iopt, unsigned long uptr, unsigned long length,
		      unsigned long *iova)
{
	const unsigned long lowest = PAGE_SIZE, highest = ULONG_MAX - PAGE_SIZE;
	struct interval_tree_node *node, *next;
	struct place want = { .length = length, .offset = offset_in_page(uptr) };

	if (length >= ULONG_MAX / 2)
		return -EOVERFLOW;

	/* Keep what alignment the memory has: it lets huge pages stay huge. */
	want.align = roundup_pow_of_two(length);
	if (uptr)
		want.align = min(want.align, 1UL << __ffs(uptr));
	want.align =
		min(want.align, IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) ? HPAGE_SIZE : PAGE_SIZE);
	if (want.align < iopt->alignment)
		return -EINVAL;

	if (RB_EMPTY_ROOT(&iopt->allowed.rb_root)) {
		unsigned long start = lowest;

		if (fit(&want, &start, highest) && fit_span(iopt, &want, start, highest, iova))
			return 0;
		return -ENOSPC;
	}

	for (node = interval_tree_iter_first(&iopt->allowed, lowest, highest); node; node = next) {
		unsigned long start = max(node->start, lowest);
		unsigned long last = node->last;

		next = interval_tree_iter_next(node, lowest, highest);
		while (next && last != ULONG_MAX && next->start <= last + 1) {
			last = next->last;
			next = interval_tree_iter_next(next, lowest, highest);
		}
		last = min(last, highest);
		if (fit(&want, &start, last) && fit_span(iopt, &want, start, last, iova))
			return 0;
	}
	return -ENOSPC;
}

static int check_place(struct iopt *iopt, const struct umem *umem, unsigned long iova,
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
		iommufd_refuse_map(umem->totals->ctx_id, (struct iommufd_span){ iova, last },
				   (struct iommufd_span){ resv->start, resv->last });
		return -EINVAL;
	}
	area = iopt_find(iopt, iova);
	if (area && area->start <= last)
		return -EEXIST;
	return 0;
}

/**
 * iopt_place() - give a chain of areas a place, one after the other
 * @iopt: its lock is held for writing
 * @areas: areas with umem, first, page_offset, prot, and their lengths in last (start being 0)
 * @length: sum of their lengths
 * @iova: in with @fixed, out otherwise: the first address
 * @fixed: take @iova and no other
 *
 * On success the areas are in the tree, in state AREA_FILLING.
 *
 * Return: 0; -EINVAL if something is not aligned as the page tables need it, or the range is
 * reserved; -EEXIST; -EOVERFLOW; -ENOSPC; -EPERM for writing to memory that was given for reading.
 */
int iopt_place(struct iopt *iopt, struct iopt_chain *areas, unsigned long length,
	       unsigned long *iova, bool fixed)
{
	struct iopt_area *area = areas->first;
	unsigned long at;
	int ret;

	lockdep_assert_held_write(&iopt->lock);
	if (!length || length & (iopt->alignment - 1))
		return -EINVAL;

	if (fixed)
		ret = check_place(iopt, area->umem, *iova, length);
	else
		ret = find_place(iopt, area->umem->uptr + iopt_area_byte(area, 0), length, iova);
	if (ret)
		return ret;

	iopt_chain_for_each(area, areas) {
		if ((area->prot & IOMMU_WRITE) && !area->umem->writable)
			return -EPERM;
		if (area->page_offset & (iopt->alignment - 1))
			return -EINVAL;
	}

	at = *iova;
	iopt_chain_for_each(area, areas) {
		area->start = at;
		area->last += at;
		at = area->last + 1;
		area->state = AREA_FILLING;
		iopt_insert_area(iopt, area);
	}
	return 0;
}

/**
 * iopt_range_add() - add a range to a tree of ranges
 * @tree: iopt->reserved, or a tree to be handed to iopt_set_allowed()
 * @start: first IOVA
 * @last: last IOVA
 * @owner: for iopt_unreserve()
 *
 * Return: 0 or -ENOMEM.
 */
int iopt_range_add(struct rb_root_cached *tree, unsigned long start, unsigned long last,
		   const void *owner)
{
	struct iopt_range *range = kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);

	if (!range)
		return -ENOMEM;
	range->node.start = start;
	range->node.last = last;
	range->owner = owner;
	interval_tree_insert(&range->node, tree);
	return 0;
}

/**
 * iopt_range_free_all() - empty a tree of ranges
 * @tree: the tree
 */
void iopt_range_free_all(struct rb_root_cached *tree)
{
	struct interval_tree_node *node;

	while ((node = interval_tree_iter_first(tree, 0, ULONG_MAX))) {
		interval_tree_remove(node, tree);
		kfree(container_of(node, struct iopt_range, node));
	}
}

/**
 * iopt_reserve() - keep a range from being mapped
 * @iopt: its lock is held for writing
 * @start: first IOVA
 * @last: last IOVA
 * @owner: for iopt_unreserve()
 *
 * Return: 0; -EADDRINUSE if a part is mapped, or was promised by iopt_set_allowed(); -ENOMEM.
 */
int iopt_reserve(struct iopt *iopt, unsigned long start, unsigned long last, const void *owner)
{
	struct iopt_area *area = iopt_find(iopt, start);

	lockdep_assert_held_write(&iopt->lock);
	if (area && area->start <= last)
		return -EADDRINUSE;
	if (interval_tree_iter_first(&iopt->allowed, start, last))
		return -EADDRINUSE;
	return iopt_range_add(&iopt->reserved, start, last, owner);
}

/**
 * iopt_unreserve() - free all ranges of an owner
 * @iopt: its lock is held for writing
 * @owner: as given to iopt_reserve()
 */
void iopt_unreserve(struct iopt *iopt, const void *owner)
{
	struct interval_tree_node *node, *next;

	lockdep_assert_held_write(&iopt->lock);
	for (node = interval_tree_iter_first(&iopt->reserved, 0, ULONG_MAX); node; node = next) {
		struct iopt_range *range = container_of(node, struct iopt_range, node);

		next = interval_tree_iter_next(node, 0, ULONG_MAX);
		if (range->owner == owner) {
			interval_tree_remove(node, &iopt->reserved);
			kfree(range);
		}
	}
}

/* Say what stood against a device's range: an area, or a promise. */
static void refuse_device(struct iopt *iopt, struct device *dev, unsigned long start,
			  unsigned long last)
{
	struct iopt_area *area = iopt_find(iopt, start);
	struct interval_tree_node *node;
	struct iommufd_span map = {};
	u32 ctx = 0; /* of no context, if nothing is mapped */

	if (area && area->start <= last) {
		map.start = area->start;
		map.last = area->last;
		ctx = area->umem->totals->ctx_id;
	} else {
		node = interval_tree_iter_first(&iopt->allowed, start, last);
		map.start = node ? node->start : 0;
		map.last = node ? node->last : 0;
	}
	iommufd_refuse_device(ctx, iommufd_refused_device(dev), map,
			      (struct iommufd_span){ start, last });
}

/**
 * iopt_reserve_device() - keep what a device cannot use from being mapped
 * @iopt: the address space it will be attached to
 * @dev: the device
 * @sw_msi_start: out, or NULL: where software has to map the MSI page, if it has to
 *
 * Context: may sleep, takes iopt->lock.
 * Return: 0; -EADDRINUSE if something is mapped there already; -ENOMEM; -EINVAL if the IOMMU
 * driver contradicts itself.
 */
int iopt_reserve_device(struct iopt *iopt, struct device *dev, phys_addr_t *sw_msi_start)
{
	unsigned int hw_msi = 0, sw_msi = 0;
	struct iommu_resv_region *resv;
	LIST_HEAD(regions);
	int ret = 0;

	iommu_get_resv_regions(dev, &regions);

	down_write(&iopt->lock);
	list_for_each_entry(resv, &regions, list) {
		/* Firmware's own use of it is over when a driver takes the device. */
		if (resv->type == IOMMU_RESV_DIRECT_RELAXABLE)
			continue;
		if (resv->type == IOMMU_RESV_MSI)
			hw_msi++;
		if (resv->type == IOMMU_RESV_SW_MSI) {
			sw_msi++;
			if (sw_msi_start)
				*sw_msi_start = resv->start;
		}
		ret = iopt_reserve(iopt, resv->start, resv->start + resv->length - 1, dev);
		if (ret == -EADDRINUSE)
			refuse_device(iopt, dev, resv->start, resv->start + resv->length - 1);
		if (ret)
			break;
	}
	if (!ret && sw_msi_start && WARN_ON((sw_msi && hw_msi) || sw_msi > 1))
		ret = -EINVAL;
	if (ret)
		iopt_unreserve(iopt, dev);
	up_write(&iopt->lock);

	iommu_put_resv_regions(dev, &regions);
	return ret;
}

/**
 * iopt_unreserve_device() - undo iopt_reserve_device()
 * @iopt: the address space
 * @dev: the device
 */
void iopt_unreserve_device(struct iopt *iopt, struct device *dev)
{
	down_write(&iopt->lock);
	iopt_unreserve(iopt, dev);
	up_write(&iopt->lock);
}

/**
 * iopt_set_allowed() - replace the list of allowed ranges
 * @iopt: the address space
 * @allowed: the new list; on return, whatever is to be freed
 *
 * Return: 0; -EADDRINUSE if a part of it is reserved, and nothing has changed.
 */
int iopt_set_allowed(struct iopt *iopt, struct rb_root_cached *allowed)
{
	struct interval_tree_node *node;
	int ret = 0;

	down_write(&iopt->lock);
	for (node = interval_tree_iter_first(allowed, 0, ULONG_MAX); node && !ret;
	     node = interval_tree_iter_next(node, 0, ULONG_MAX))
		if (interval_tree_iter_first(&iopt->reserved, node->start, node->last))
			ret = -EADDRINUSE;
	if (!ret)
		swap(*allowed, iopt->allowed);
	up_write(&iopt->lock);
	return ret;
}

/**
 * iopt_next_usable() - the next range that is not reserved
 * @iopt: its lock is held
 * @from: where to look from
 * @start: out: first IOVA
 * @last: out: last IOVA; go on from there plus 1, unless it is ULONG_MAX
 *
 * Return: false if there is none.
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
