// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty tracking: which pages of an address space devices have written to.
 *
 * A leaf is the range that one entry of the page table maps: a power of 2 in size, aligned to it
 * in IOVA, and never across two areas. The IOMMU sets a bit in the entry of each leaf that a
 * device writes to; only this file clears it. IOMMU drivers have one function to read the bits:
 * read_and_clear_dirty() walks a range and passes each dirty leaf to iommu_dirty_bitmap_record().
 * That should set bits in a bitmap, but does not in a kernel without CONFIG_IOMMUFD, whose drivers
 * were compiled without the bitmap: the bits in the page table would be cleared and reported
 * nowhere, and a migrated machine would lose pages. However, iommu_dirty_bitmap_record()
 * (<linux/iommu.h>, inlined into every driver) always adds the leaf to the gather of the IOTLB
 * flush, if there is one. So this file uses all drivers without a bitmap, in one of three ways:
 *
 *	query	IOMMU_DIRTY_NO_CLEAR on a range gathers the hull of its dirty leaves: the
 *		lower end of the hull is the first dirty leaf
 *	probe	a query of the smallest page at a dirty leaf gathers the leaf, even if the
 *		leaf is larger than the page
 *	clear	of adjacent dirty leaves: exactly the leaves that were found
 *
 * Phase. Drivers step by the size of the leaf that they see, from the start of the range. If that
 * is in the middle of a leaf they are out of step after it and may skip small leaves (with a bitmap
 * too, and such leaves are lost). So a query either starts at a leaf boundary or is an aligned
 * power of 2, which is a part of one leaf or consists of whole leaves. The start of an area and
 * the end of a leaf that a probe has found are boundaries.
 *
 * Search. A window of up to WINDOW bytes is queried. If it has dirty leaves, search from the lower
 * end of the hull to the upper end: probe, and after a dirty leaf probe again. Where a probe is
 * clean, look ahead in queries that grow by a factor of 4, until the next dirty leaf. A clean
 * window costs one query, a dirty leaf one to four, and a clean gap in a window up to two each time
 * it doubles.
 *
 * A generic page table of newer kernels adds no leaf to the gather that it does not clear, so this
 * cannot work, and tracking is refused (port_gathers_dirty()).
 *
 * Nothing is lost. Dirty leaves are reported first, that is their bits are written to user memory,
 * and cleared afterwards; if the copy fails they stay dirty. A write between the two needs no
 * report of its own, because the caller cannot have copied the page yet. The IOTLB caches the dirty
 * state and does not set the bit in the page table again, so it is flushed before the call returns,
 * on every path. A leaf that the range covers only in part is reported for that part and not
 * cleared, because the rest would be lost; it is reported again until a range covers all of it. On
 * error, the pages reported so far are in the bitmap. Bits are only ever set, without atomic
 * operations, so parallel calls need bitmaps without common bytes.
 *
 * Locks. A reader holds iopt->lock for reading, so that live areas stay live, also while it writes
 * to user memory (as accesses do); it drops the lock between windows if there are waiters. Turning
 * tracking on and off holds tables_lock for writing. Outside both, table->dirty_lock allows one
 * reader of a page table at a time, so that leaves that it has seen dirty stay dirty until it
 * clears them.
 */
#include <linux/iommu.h>
#include <linux/log2.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include "iopt/internal.h"

/* The driver walks at most this much, or one leaf, before other tasks may run. */
#define WINDOW ((unsigned long)SZ_1G)
/* Bytes of a bitmap that are written at once. */
#define ONES 256

/**
 * struct dirty_walk - a walk over the dirty leaves of a range
 * @domain: the page table
 * @ops: its operations
 * @page: its smallest page size
 * @start: first address of the range
 * @last: last address of the range
 * @report: where to report dirty pages; NULL for nowhere
 * @next_bit: bits below this one are set
 * @clear: clear leaves after they are reported
 * @run_start: first address of a run: adjacent dirty leaves of one size, not reported yet, as far
 *	as they are in the range
 * @run_last: last address of the run
 * @run_leaf: size of its leaves, 0 if there is no run
 * @run_whole: the range covers them in full
 * @found: last address of the last leaf found
 * @bytes: dirty bytes in the range
 * @gather: leaves that were cleared and have to be flushed from the IOTLB
 * @mixed: leaves of different sizes were cleared
 * @revocable: in an area of a dma-buf, its umem->lock, under which the exporter may revoke access
 *	at any time; otherwise NULL
 */
struct dirty_walk {
	struct iommu_domain *domain;
	const struct iommu_dirty_ops *ops;
	unsigned long page;
	unsigned long start;
	unsigned long last;
	struct iopt_dirty *report;
	unsigned long next_bit;
	bool clear;
	unsigned long run_start;
	unsigned long run_last;
	unsigned long run_leaf;
	bool run_whole;
	unsigned long found;
	unsigned long bytes;
	struct iommu_iotlb_gather gather;
	bool mixed;
	struct mutex *revocable; /* NULL: not in memory of a dma-buf */
};

/* Call the driver. The lock is not held while user memory is accessed. */
static int call_driver(struct dirty_walk *walk, unsigned long start, unsigned long last,
		       unsigned long flags, struct iommu_dirty_bitmap *dirty)
{
	int ret;

	if (walk->revocable)
		mutex_lock(walk->revocable);
	ret = walk->ops->read_and_clear_dirty(walk->domain, start, last - start + 1, flags, dirty);
	if (walk->revocable)
		mutex_unlock(walk->revocable);
	return ret;
}

static void walk_init(struct dirty_walk *walk, struct iommu_domain *domain)
{
	walk->domain = domain;
	walk->ops = domain->dirty_ops;
	walk->page = 1UL << __ffs(domain->pgsize_bitmap);
	iommu_iotlb_gather_init(&walk->gather);
}

/* Flush cleared leaves: a leaf that the IOTLB caches as dirty would not become dirty again. */
static void walk_flush(struct dirty_walk *walk)
{
	if (walk->gather.start > walk->gather.end)
		return;
	/* Some drivers only flush leaves of the size in the gather. */
	if (walk->mixed)
		iommu_flush_iotlb_all(walk->domain);
	iommu_iotlb_sync(walk->domain, &walk->gather);
}

static bool is_dirty(const struct iommu_iotlb_gather *hull)
{
	return hull->start <= hull->end;
}

/*
 * Get the hull of the dirty leaves in [start, last], which has to follow the rule of phase above.
 */
static int query(struct dirty_walk *walk, unsigned long start, unsigned long last,
		 struct iommu_iotlb_gather *hull)
{
	struct iommu_dirty_bitmap dirty;

	iommu_dirty_bitmap_init(&dirty, NULL, hull);
	return call_driver(walk, start, last, IOMMU_DIRTY_NO_CLEAR, &dirty);
}

static int set_user_bits(u8 __user *byte, u8 bits)
{
	u8 val;

	if (get_user(val, byte) || put_user(val | bits, byte))
		return -EFAULT;
	return 0;
}

/* Set bits [first, last] of a bitmap in user memory; bit 0 is the lowest one of the first byte. */
static int set_bits(u8 __user *map, unsigned long first, unsigned long last)
{
	unsigned long byte = first / 8, last_byte = last / 8, n;
	u8 head = 0xff << first % 8, tail = 0xff >> (7 - last % 8);
	u8 ones[ONES];
	int ret;

	if (byte == last_byte)
		return set_user_bits(map + byte, head & tail);
	ret = set_user_bits(map + byte++, head);
	if (ret)
		return ret;
	memset(ones, 0xff, sizeof(ones));
	for (; byte < last_byte; byte += n) {
		n = min(last_byte - byte, sizeof(ones));
		if (copy_to_user(map + byte, ones, n))
			return -EFAULT;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return set_user_bits(map + byte, tail);
}

static int report_run(struct dirty_walk *walk)
{
	struct iopt_dirty *report = walk->report;
	unsigned int shift;
	unsigned long first, last;
	int ret;

	if (!report)
		return 0;
	shift = ilog2(report->page_size);
	first = max((walk->run_start - walk->start) >> shift, walk->next_bit);
	last = (walk->run_last - walk->start) >> shift;
	/* Leaves smaller than page_size share a bit, which may be set already. */
	if (first > last)
		return 0;
	ret = set_bits(report->bitmap, first, last);
	if (!ret)
		walk->next_bit = last + 1;
	return ret;
}

static int clear_run(struct dirty_walk *walk)
{
	/* Not iommu_dirty_bitmap_init(), which would drop the earlier results. */
	struct iommu_dirty_bitmap dirty = { .gather = &walk->gather };

	if (walk->gather.pgsize && walk->gather.pgsize != walk->run_leaf)
		walk->mixed = true;
	walk->gather.pgsize = walk->run_leaf;
	return call_driver(walk, walk->run_start, walk->run_last, 0, &dirty);
}

/* Report the run, then clear it. */
static int end_run(struct dirty_walk *walk)
{
	int ret;

	if (!walk->run_leaf)
		return 0;
	if (fatal_signal_pending(current))
		return -EINTR;
	cond_resched();
	ret = report_run(walk);
	if (ret)
		return ret;
	walk->bytes += walk->run_last - walk->run_start + 1;
	if (walk->clear && walk->run_whole)
		ret = clear_run(walk);
	walk->run_leaf = 0;
	return ret;
}

static int add_leaf(struct dirty_walk *walk, unsigned long start, unsigned long last)
{
	bool whole = start >= walk->start && last <= walk->last;
	unsigned long size = last - start + 1;
	int ret;

	walk->found = last;
	start = max(start, walk->start);
	last = min(last, walk->last);
	if (walk->run_leaf == size && whole && walk->run_whole && walk->run_last + 1 == start &&
	    last - walk->run_start < WINDOW) {
		walk->run_last = last;
		return 0;
	}
	ret = end_run(walk);
	if (ret)
		return ret;
	walk->run_start = start;
	walk->run_last = last;
	walk->run_leaf = size;
	walk->run_whole = whole;
	return 0;
}

/*
 * Every leaf with @iova in its middle also has the address this many bytes below. Returns 0 if
 * there can be no such leaf: it would be at least twice as large as @iova is aligned, and lie in
 * the area.
 */
static unsigned long middle(const struct iopt_area *area, unsigned long iova)
{
	unsigned long low = iova & -iova;

	return low && iova - area->start >= low && (iova | (low - 1)) <= area->last ? low : 0;
}

/*
 * Add a leaf that a probe at @iova has hit. It may start below @iova. Drivers gather its full size,
 * either from @iova or from its start, or only the part from @iova on; then probes below @iova find
 * its start.
 */
static int add_probed(struct dirty_walk *walk, const struct iopt_area *area, unsigned long iova,
		      bool boundary, const struct iommu_iotlb_gather *hull)
{
	unsigned long start = hull->start, last = hull->end, low;
	struct iommu_iotlb_gather before;
	int ret;

	if (is_power_of_2(last - start + 1)) {
		start = ALIGN_DOWN(start, last - start + 1);
		last = start + (hull->end - hull->start);
	}
	while (!boundary && start <= iova && start >= area->start && (low = middle(area, start))) {
		ret = query(walk, start - low, start - low + (walk->page - 1), &before);
		if (ret)
			return ret;
		if (!is_dirty(&before) || before.end < start)
			break;
		start = min(before.start, start - low);
	}
	/* Leaves never reach across areas, so the driver returned nonsense. */
	if (start < area->start || start > iova || last > area->last || last < iova)
		return -EIO;
	return add_leaf(walk, start, last);
}

/*
 * The last address of a query at @iova, which ends at the next multiple of @size, a power of 2. If
 * @iova may be in the middle of a leaf, use the alignment of @iova if that is smaller.
 */
static unsigned long query_last(const struct iopt_area *area, unsigned long iova, bool boundary,
				unsigned long size)
{
	unsigned long low = boundary ? 0 : middle(area, iova);

	return iova | ((low ? min(low, size) : size) - 1);
}

/*
 * Find the next dirty leaf from a clean page at *@iova to @last, where there was one. Returns 1
 * with an address of it in *@iova, 0 if the driver finds none any more, or an error. *@boundary, in
 * and out, tells whether a leaf is known to start at *@iova.
 */
static int skip_clean(struct dirty_walk *walk, const struct iopt_area *area, unsigned long *iova,
		      unsigned long last, bool *boundary, unsigned long size)
{
	struct iommu_iotlb_gather hull;
	unsigned long end;
	int ret;

	for (;;) {
		end = min(query_last(area, *iova, *boundary, size), last);
		ret = query(walk, *iova, end, &hull);
		if (ret)
			return ret;
		if (is_dirty(&hull)) {
			/* A leaf after a clean page starts where it is found. */
			*boundary |= hull.start > *iova;
			*iova = max(hull.start, *iova);
			return 1;
		}
		if (end == last)
			return 0;
		*iova = end + 1;
		*boundary = false;
		size = min(size * 4, WINDOW);
	}
}

/*
 * Find each dirty leaf from @iova, which is in the first one, to @last, which is in the last one.
 * @boundary tells whether the first one starts at @iova.
 */
static int walk_hull(struct dirty_walk *walk, const struct iopt_area *area, unsigned long iova,
		     unsigned long last, bool boundary)
{
	unsigned long leaf = walk->page;
	struct iommu_iotlb_gather hull;
	int ret;

	for (;;) {
		ret = query(walk, iova, iova + (walk->page - 1), &hull);
		if (ret)
			return ret;
		if (is_dirty(&hull)) {
			ret = add_probed(walk, area, iova, boundary, &hull);
			if (ret)
				return ret;
			if (walk->found >= last)
				return 0;
			leaf = roundup_pow_of_two(walk->found - iova + 1);
			iova = walk->found + 1;
			boundary = true;
			continue;
		}
		/* The next leaf is probably as large as the one before. */
		ret = skip_clean(walk, area, &iova, last, &boundary,
				 clamp(leaf, walk->page * 4, WINDOW));
		if (ret <= 0)
			return ret;
	}
}

/*
 * Walk one window of an area, from *@iova to @last at most. Sets *@iova to the address after it,
 * and *@done if it has reached @last.
 */
static int walk_window(struct dirty_walk *walk, const struct iopt_area *area, unsigned long *iova,
		       unsigned long last, bool *done)
{
	unsigned long end = min(query_last(area, *iova, false, WINDOW), last);
	struct iommu_iotlb_gather hull;
	int ret;

	if (fatal_signal_pending(current))
		return -EINTR;
	/* Runs end with their window, so the driver is only called for this area. */
	walk->revocable = area->prot & IOMMU_MMIO ? &area->umem->lock : NULL;
	ret = query(walk, *iova, end, &hull);
	if (ret)
		return ret;
	if (is_dirty(&hull)) {
		ret = walk_hull(walk, area, max(hull.start, *iova), min(hull.end, end),
				hull.start > *iova);
		if (!ret)
			ret = end_run(walk);
		if (ret)
			return ret;
		end = clamp(walk->found, end, last);
	}
	*done = end == last;
	*iova = end + 1;
	return 0;
}

static struct iopt_area *find_live(struct iopt *iopt, unsigned long iova)
{
	struct iopt_area *area = iopt_find(iopt, iova);

	return area && area->start <= iova && iopt_area_live(area) ? area : NULL;
}

static int check_alignment(struct iopt *iopt, const struct iopt_dirty *dirty, unsigned long last)
{
	unsigned long iova = dirty->iova;

	if ((iova | (last + 1)) & (iopt->alignment - 1))
		return -EINVAL;
	if (!dirty->page_size || ((iova | (last + 1)) & (dirty->page_size - 1)))
		return -EINVAL;
	return 0;
}

/* Check for holes before anything is reported or cleared. */
static int check_mapped(struct iopt *iopt, unsigned long start, unsigned long last)
{
	struct iopt_area *area = find_live(iopt, start);

	while (area && area->last < last) {
		area = find_live(iopt, area->last + 1);
		cond_resched();
	}
	return area ? 0 : -EINVAL;
}

static int read_range(struct iopt *iopt, struct iopt_table *table, struct dirty_walk *walk)
{
	unsigned long iova = walk->start;
	struct iopt_area *area;
	bool done = false;
	int ret;

	while (!done) {
		/*
		 * All would look clean. Drivers only return an error for this if there is a bitmap.
		 */
		if (!table->tracks_dirty)
			return -EINVAL;
		/* Check again, because the lock may have been dropped since check_mapped(). */
		area = find_live(iopt, iova);
		if (!area)
			return -EINVAL;
		ret = walk_window(walk, area, &iova, min(walk->last, area->last), &done);
		if (ret)
			return ret;
		done = done && area->last >= walk->last;
		if (!done && rwsem_is_contended(&iopt->lock)) {
			up_read(&iopt->lock);
			cond_resched();
			down_read(&iopt->lock);
		} else {
			cond_resched();
		}
	}
	return 0;
}

/**
 * iopt_read_dirty() - report pages that devices have written to
 * @iopt: the address space
 * @table: its page table, which tracks dirty pages
 * @dirty: the range and the bitmap; out: @pages
 *
 * A bit that is 0 after success means that no device has written to the page through this page
 * table since the page was last reported, or since tracking was turned on.
 *
 * Context: may sleep for page faults of the bitmap; a fatal signal ends it. Takes table->dirty_lock
 * and iopt->lock.
 * Return: 0; -EINVAL for a length of 0, for a range that is not aligned to the page table's pages
 * and to page_size, for a page_size that is not a power of 2, if a part of the range is not mapped,
 * or if tracking is off; -EOVERFLOW if the range wraps; -EOPNOTSUPP if the page table cannot track;
 * -EFAULT; -EINTR; -EIO if the IOMMU driver returned nonsense; an error of that driver. On error,
 * bits may be set and their pages marked clean.
 */
int iopt_read_dirty(struct iopt *iopt, struct iopt_table *table, struct iopt_dirty *dirty)
{
	struct iommu_domain *domain = table->domain;
	struct dirty_walk walk = { .report = dirty, .clear = dirty->clear };
	int ret;

	ret = iopt_last(dirty->iova, dirty->length, &walk.last);
	if (ret)
		return ret;
	walk.start = dirty->iova;

	if (mutex_lock_killable(&table->dirty_lock))
		return -EINTR;
	down_read(&iopt->lock);
	ret = check_alignment(iopt, dirty, walk.last);
	if (ret)
		goto out_unlock;
	if (!domain->dirty_ops || !domain->dirty_ops->read_and_clear_dirty) {
		ret = -EOPNOTSUPP;
		goto out_unlock;
	}
	/*
	 * The in-tree driver uses the lowest bit of such a size, so it sets other bits than the
	 * caller expects, beyond the end of the bitmap too.
	 */
	if (!is_power_of_2(dirty->page_size)) {
		ret = -EINVAL;
		goto out_unlock;
	}
	ret = check_mapped(iopt, walk.start, walk.last);
	if (ret)
		goto out_unlock;
	walk_init(&walk, domain);
	ret = read_range(iopt, table, &walk);
	walk_flush(&walk);
	dirty->pages = DIV_ROUND_UP(walk.bytes, PAGE_SIZE);
out_unlock:
	up_read(&iopt->lock);
	mutex_unlock(&table->dirty_lock);
	return ret;
}

/* Mark all pages clean. The IOMMU sets no bits meanwhile, and there are no readers. */
static int clear_all(struct iopt *iopt, struct iommu_domain *domain)
{
	struct dirty_walk walk = { .clear = true };
	struct iopt_area *area;
	unsigned long iova;
	bool done;
	int ret = 0;

	walk_init(&walk, domain);
	for (area = iopt_find(iopt, 0); area && !ret; area = area->next) {
		/* It is stuck, which is never read again, or not in a page table yet. */
		if (!iopt_area_live(area))
			continue;
		walk.start = area->start;
		walk.last = area->last;
		for (iova = area->start, done = false; !done && !ret; cond_resched())
			ret = walk_window(&walk, area, &iova, area->last, &done);
	}
	walk_flush(&walk);
	return ret;
}

/**
 * iopt_set_dirty_tracking() - turn dirty tracking of a page table on or off
 * @iopt: the address space
 * @table: its page table
 * @on: turn it on
 *
 * Turning it on first clears the bits of an earlier time and flushes the IOTLB while the IOMMU does
 * not track, so every write after the call is tracked. If it is on already, nothing is cleared, so
 * no write since it was turned on is lost.
 *
 * Context: may sleep; takes tables_lock and iopt->lock.
 * Return: 0; -EOPNOTSUPP if the IOMMU driver cannot track or cannot read; -EINTR; an error of that
 * driver.
 */
int iopt_set_dirty_tracking(struct iopt *iopt, struct iopt_table *table, bool on)
{
	const struct iommu_dirty_ops *ops = table->domain->dirty_ops;
	int ret = 0;

	if (!ops || !ops->set_dirty_tracking || !ops->read_and_clear_dirty ||
	    !port_gathers_dirty(table->domain))
		return -EOPNOTSUPP;

	iopt_lock_tables(iopt);
	if (on && !table->tracks_dirty)
		ret = clear_all(iopt, table->domain);
	if (!ret) {
		/*
		 * Exclude readers: to them, pages that are not tracked any more would look clean.
		 */
		down_write(&iopt->lock);
		ret = ops->set_dirty_tracking(table->domain, on);
		if (!ret)
			table->tracks_dirty = on;
		up_write(&iopt->lock);
	}
	iopt_unlock_tables(iopt);
	return ret;
}
