// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty tracking: which pages of an address space devices have written to.
 *
 * The IOMMU sets a bit in the entry of each leaf of the page table that a device writes through;
 * only we clear it. A leaf is what one entry maps: a power of 2 in size, aligned to it in IOVA, and
 * never across two areas. The drivers have one function to read: read_and_clear_dirty() walks a
 * range and hands each dirty leaf to iommu_dirty_bitmap_record(). It should set bits in a bitmap.
 * In a kernel without CONFIG_IOMMUFD it does not, since the drivers were compiled without the
 * bitmap: the bits in the page table are cleared, and nobody is told. That would be lost pages
 * in a migrated machine. But iommu_dirty_bitmap_record() (<linux/iommu.h>, inlined into every
 * driver) in any case adds the leaf to the gather of the IOTLB flush, if it is given one. So all
 * drivers are used in one way, without a bitmap:
 *
 *	query	IOMMU_DIRTY_NO_CLEAR on a range; what is gathered is the hull of its dirty leaves.
 *		The lower end of the hull is the first dirty leaf.
 *	probe	a query of the smallest page at a dirty leaf: what is gathered is the leaf, even
 *		where it is larger than the page.
 *	clear	of dirty leaves that lie next to each other: exactly the leaves that were found.
 *
 * Phase. Drivers step by the size of the leaf that they see, from wherever the range begins: where
 * it begins in the middle of a leaf they are out of step behind it, and may jump over small leaves.
 * (With a bitmap this is so, too, and such leaves are lost.) Therefore a query begins at a
 * boundary of leaves, or else is an aligned power of 2: that is a part of one leaf, or made of
 * whole ones. At the start of an area, and behind a leaf that a probe has found, is a boundary.
 *
 * Search. A window of up to WINDOW is queried. If it is not clean, then from the lower end of the
 * hull to the upper: probe; behind a dirty leaf probe again; where that is clean look ahead in
 * queries that grow by 4, until the next dirty leaf. A clean window costs one query, a dirty leaf
 * one to four, and a clean gap within a window up to two for each time it doubles.
 *
 * Nothing is lost. Dirty leaves are first reported, the bits written to user memory, and cleared
 * after that: where the copy fails they stay dirty. What is written to them between the two needs
 * no other report: the caller cannot have copied the pages yet. The IOTLB keeps the dirty state and
 * does not set it again in the page table, so it is flushed before the call returns, on every
 * path. A leaf that the requested range covers only in part is reported for that part and not
 * cleared, for the rest would be lost. It is reported again until somebody asks for all of it.
 * On error what was reported stands in the bitmap, in which bits are only ever set, with no
 * atomic operation: calls in parallel need bitmaps without common bytes.
 *
 * Locks: reading holds iopt->lock for reading, so that live areas stay live, also while it writes
 * to user memory (as accesses do), and lets others have it between windows if they want it.
 * Turning tracking on and off holds tables_lock for writing. Outside of both, table->dirty_lock
 * lets one reader at a time work on a page table: what it has seen dirty stays so until it
 * clears it.
 */
#include <linux/iommu.h>
#include <linux/log2.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include "iopt/iopt.h"

/* The driver walks at most this much (or one leaf) without giving others the CPU. */
#define WINDOW ((unsigned long)SZ_1G)
/* A piece of a bitmap that is written at once. */
#define ONES 256

/**
 * struct dirty_walk - a walk over the dirty leaves of a range
 * @domain: the page table
 * @ops: how to read it
 * @page: smallest page of the page table
 * @start: first address asked for
 * @last: last address asked for
 * @report: where dirty pages are reported, NULL for nowhere
 * @next_bit: bits below are done
 * @clear: clear what was reported
 * @run_start: dirty leaves of one size, next to each other, not reported yet, as far as they are
 *	within the range asked for
 * @run_last: the last address of them
 * @run_leaf: size of these leaves, 0 if there is no run
 * @run_whole: they are in the range with all they have
 * @found: end of the last leaf found
 * @bytes: dirty in the range
 * @gather: what was cleared and is to be flushed
 * @mixed: leaves of different sizes were cleared
 * @revocable: in memory of a dma-buf: its lock, under which the exporter takes it out of the page
 *	table at any time; NULL otherwise
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

/* The one call into the driver. No user memory is touched under the lock. */
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

/* The IOTLB must not keep as dirty what is clean in the page table. */
static void walk_flush(struct dirty_walk *walk)
{
	if (walk->gather.start > walk->gather.end)
		return;
	/* Some drivers flush leaves of the one size that they are given. */
	if (walk->mixed)
		iommu_flush_iotlb_all(walk->domain);
	iommu_iotlb_sync(walk->domain, &walk->gather);
}

static bool is_dirty(const struct iommu_iotlb_gather *hull)
{
	return hull->start <= hull->end;
}

/* The hull of the dirty leaves in [start, last]; see above for which ranges may be asked for. */
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
	/* Small leaves may share a bit. */
	if (first > last)
		return 0;
	ret = set_bits(report->bitmap, first, last);
	if (!ret)
		walk->next_bit = last + 1;
	return ret;
}

static int clear_run(struct dirty_walk *walk)
{
	/* Not iommu_dirty_bitmap_init(): what was gathered before is kept. */
	struct iommu_dirty_bitmap dirty = { .gather = &walk->gather };

	if (walk->gather.pgsize && walk->gather.pgsize != walk->run_leaf)
		walk->mixed = true;
	walk->gather.pgsize = walk->run_leaf;
	return call_driver(walk, walk->run_start, walk->run_last, 0, &dirty);
}

/* Report what was found, and clear it only then. */
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
 * How far from @iova it is to where any leaf with @iova in its middle has a part as well, or 0 if
 * there can be no such leaf: it would be twice as large as @iova is aligned, or larger, and
 * all of it in the area.
 */
static unsigned long middle(const struct iopt_area *area, unsigned long iova)
{
	unsigned long low = iova & -iova;

	return low && iova - area->start >= low && (iova | (low - 1)) <= area->last ? low : 0;
}

/*
 * A probe at @iova has hit a leaf, which may begin before. Drivers give all its size, counted from
 * @iova or from where it begins, or only what is left of it: then where it begins is found by
 * probes before @iova.
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
	/* Leaves do not leave their area. A driver that says so is not believed anything. */
	if (start < area->start || start > iova || last > area->last || last < iova)
		return -EIO;
	return add_leaf(walk, start, last);
}

/*
 * The last address of a query of about @size, a power of 2, at @iova: before the next multiple of
 * it. Where @iova may be in the middle of a leaf, the size is what @iova is aligned to.
 */
static unsigned long query_last(const struct iopt_area *area, unsigned long iova, bool boundary,
				unsigned long size)
{
	unsigned long low = boundary ? 0 : middle(area, iova);

	return iova | ((low ? min(low, size) : size) - 1);
}

/*
 * From a clean page at *@iova on, look for the next dirty leaf up to @last, where one has been.
 * Return 1 with its address in *@iova, 0 if the driver says now that there is none, or an error.
 * *@boundary says, in and out, whether a leaf is known to begin at *@iova.
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
			/* What comes after something clean begins there. */
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
 * Find each dirty leaf from @iova, which is in the first, to @last, in the last. @boundary: the
 * first one begins there.
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
		/* The next leaf is likely to be as large as the one before. */
		ret = skip_clean(walk, area, &iova, last, &boundary,
				 clamp(leaf, walk->page * 4, WINDOW));
		if (ret <= 0)
			return ret;
	}
}

/*
 * Do one window of an area, from *@iova up to @last at most. Out: the address after it, and
 * whether @last was reached.
 */
static int walk_window(struct dirty_walk *walk, const struct iopt_area *area, unsigned long *iova,
		       unsigned long last, bool *done)
{
	unsigned long end = min(query_last(area, *iova, false, WINDOW), last);
	struct iommu_iotlb_gather hull;
	int ret;

	if (fatal_signal_pending(current))
		return -EINTR;
	/* A run ends with its window, so it is of this area. */
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
	/*
	 * The in-tree driver takes the lowest bit of a size that is not a power of 2: it sets
	 * other bits than the caller thinks, and more of them than he has room for.
	 */
	if (!is_power_of_2(dirty->page_size) || ((iova | (last + 1)) & (dirty->page_size - 1)))
		return -EINVAL;
	return 0;
}

/* Before anything is reported or cleared: there are no holes. */
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
		/* All would look clean: the IOMMU sets no bits. Drivers say so only to a bitmap. */
		if (!table->tracks_dirty)
			return -EINVAL;
		/* Checked before, but the lock may have been let go since. */
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
 * iopt_read_dirty() - report what devices have written to
 * @iopt: the address space
 * @table: a page table of it, which tracks
 * @dirty: what to read and where to; out: @pages
 *
 * A bit that is 0 after success means that no device has written to the page through this page
 * table since it was last reported, or since tracking was turned on.
 *
 * Context: may sleep for as long as page faults of the bitmap take; a fatal signal ends it.
 * Return: 0; -EINVAL for a length of 0, for what is not aligned to the page table's pages and to
 * page_size, for a page_size that is not a power of 2, if a part of the range is not mapped, or if
 * tracking is off; -EOVERFLOW; -EOPNOTSUPP if the page table cannot track; -EFAULT; -EINTR; -EIO
 * if the IOMMU driver says what cannot be; an error of that driver. On error bits may have been
 * set, and what they stand for be cleared.
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

/* Forget what was written to until now. The IOMMU sets no bits meanwhile, and nobody reads. */
static int clear_all(struct iopt *iopt, struct iommu_domain *domain)
{
	struct dirty_walk walk = { .clear = true };
	struct iopt_area *area;
	unsigned long iova;
	bool done;
	int ret = 0;

	walk_init(&walk, domain);
	for (area = iopt_find(iopt, 0); area && !ret; area = area->next) {
		/* What is not live here is stuck: unmapped in part, and never read again. */
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
 * @table: a page table of it
 * @on: whether to track
 *
 * Turning it on clears what is there from an earlier time: first the bits and the IOTLB, while
 * the IOMMU does not track, then it tracks; so each write after the call is seen. Where tracking is
 * on already nothing is cleared: pages written to since it was turned on are not forgotten.
 *
 * Context: may sleep.
 * Return: 0; -EOPNOTSUPP if the page table cannot track, or not be read; -EINTR; an error of the
 * IOMMU driver.
 */
int iopt_set_dirty_tracking(struct iopt *iopt, struct iopt_table *table, bool on)
{
	const struct iommu_dirty_ops *ops = table->domain->dirty_ops;
	int ret = 0;

	if (!ops || !ops->set_dirty_tracking || !ops->read_and_clear_dirty)
		return -EOPNOTSUPP;

	down_write(&iopt->tables_lock);
	if (on && !table->tracks_dirty)
		ret = clear_all(iopt, table->domain);
	if (!ret) {
		/* No reader takes for clean what is not tracked any more. */
		down_write(&iopt->lock);
		ret = ops->set_dirty_tracking(table->domain, on);
		if (!ret)
			table->tracks_dirty = on;
		up_write(&iopt->lock);
	}
	up_write(&iopt->tables_lock);
	return ret;
}
