// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables of an address space: filling them from runs of pinned pages, and emptying them.
 *
 * Filling: each run is one call of the IOMMU core, which picks the largest pages that fit. Short
 * runs are collected, and a batch of them is one call with one flush.
 *
 * Emptying: areas that touch are emptied by one iommu_unmap(), which flushes once, and only then
 * are their pages unpinned. Leaves of a page table never reach across two areas, nor across two
 * runs, since each was put in by a call of its own; so an unmap may be cut there, and is cut
 * after UNMAP_BYTES to let others have the CPU.
 *
 * Areas of dma-bufs are filled and emptied one by one, under the lock of their umem: it is what
 * keeps revoking, which comes at any time and holds no lock of the address space, from missing
 * a page table, or from looking into one that is gone.
 *
 * A page table that goes away is not emptied first. No device is attached to it any more, the IOMMU
 * driver flushed its caches at the detach, and freeing the domain frees what is in it.
 */
#include <linux/iommu.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "iopt/iopt.h"

/* Runs that are put into a page table by one call: in a buffer of a page, or on the stack. */
#define FILL_BATCH (PAGE_SIZE / sizeof(struct scatterlist))
#define FILL_STACK 8
/* Runs of this size are worth a call of their own. */
#define FILL_LARGE SZ_2M
/* Emptied between two chances for other tasks. */
#define UNMAP_BYTES SZ_1G

/**
 * struct fill - filling one area into one page table
 * @domain: the page table
 * @prot: IOMMU_* bits
 * @small: map page by page
 * @iova: everything below is in the page table, from the area's start on
 * @sg: a batch of runs, which begins at @iova; NULL until there is a run for it
 * @n: runs in it
 * @max: room for runs in it
 * @bytes: their length
 * @tried: bytes from @iova on that were given to the core last: what failed may have left some
 * @stack: the room, if the area is small
 */
struct fill {
	struct iommu_domain *domain;
	int prot;
	bool small;
	unsigned long iova;
	struct scatterlist *sg;
	unsigned int n;
	unsigned int max;
	size_t bytes;
	size_t tried;
	struct scatterlist stack[FILL_STACK];
};

static int fill_run(struct fill *fill, phys_addr_t phys, size_t bytes)
{
	size_t step = fill->small ? PAGE_SIZE : bytes, n;
	int ret;

	for (; bytes; bytes -= n) {
		n = min(step, bytes);
		fill->tried = n;
		ret = iommu_map(fill->domain, fill->iova, phys, n, fill->prot, GFP_KERNEL_ACCOUNT);
		if (ret)
			return ret;
		fill->iova += n;
		phys += n;
	}
	return 0;
}

static int fill_flush(struct fill *fill)
{
	unsigned int n = fill->n;
	ssize_t mapped;

	if (!n)
		return 0;
	/* The last entry has its mark from sg_init_table(). */
	if (n < fill->max)
		sg_mark_end(&fill->sg[n - 1]);
	fill->tried = fill->bytes;
	mapped =
		iommu_map_sg(fill->domain, fill->iova, fill->sg, n, fill->prot, GFP_KERNEL_ACCOUNT);
	if (n < fill->max)
		sg_unmark_end(&fill->sg[n - 1]);
	if (mapped < 0)
		return mapped;
	fill->iova += mapped;
	if (WARN_ON_ONCE(mapped != fill->bytes))
		return -EINVAL;
	fill->n = 0;
	fill->bytes = 0;
	return 0;
}

static void fill_begin_batch(struct fill *fill, bool large)
{
	unsigned long max = umem_buffer_entries(FILL_BATCH, sizeof(*fill->sg));

	if (large && max > FILL_STACK)
		fill->sg = kmalloc_array(max, sizeof(*fill->sg), GFP_KERNEL | __GFP_NOWARN);
	fill->max = fill->sg ? max : min(max, FILL_STACK);
	if (!fill->sg)
		fill->sg = fill->stack;
	sg_init_table(fill->sg, fill->max);
}

/* Put an area into a page table run by run; fill->iova says how far it came. */
static int fill_runs(struct fill *fill, struct iopt_area *area)
{
	unsigned long offset = area->page_offset, left = iopt_area_length(area), total = 0;
	struct umem_run runs[UMEM_RUNS];
	struct umem_iter it;
	unsigned int i, n;
	int ret = 0;

	umem_iter_start(&it, area->umem, area->user.node.start, area->user.node.last);
	while (!ret && (n = umem_next_runs(&it, runs, UMEM_RUNS))) {
		for (i = 0; i < n && !ret; i++) {
			size_t bytes = min(runs[i].npages * PAGE_SIZE - offset, left);

			if (fill->small || bytes >= FILL_LARGE) {
				ret = fill_flush(fill);
				if (!ret)
					ret = fill_run(fill, PFN_PHYS(runs[i].pfn) + offset, bytes);
			} else {
				if (!fill->sg)
					fill_begin_batch(fill, left > FILL_STACK * PAGE_SIZE);
				sg_set_page(&fill->sg[fill->n++], pfn_to_page(runs[i].pfn), bytes,
					    offset);
				fill->bytes += bytes;
				if (fill->n == fill->max)
					ret = fill_flush(fill);
			}
			left -= bytes;
			offset = 0;
		}
		total += n;
		if (n == UMEM_RUNS)
			cond_resched();
	}
	if (!ret)
		ret = fill_flush(fill);
	if (fill->sg != fill->stack)
		kfree(fill->sg);
	if (!ret)
		area->runs = total;
	return ret;
}

/* The area keeps its memory until all page tables are freed; see iopt_table_freed(). */
static void set_stuck(struct iopt *iopt, struct iopt_area *area)
{
	area->stuck = true;
	WRITE_ONCE(iopt->has_stuck, true);
}

/* Nothing may be left behind in a page table, or a device would keep access to memory. */
static void unmap_or_keep(struct iopt_table *table, unsigned long iova, unsigned long length,
			  bool *stuck)
{
	size_t unmapped;

	if (!length)
		return;
	unmapped = iommu_unmap(table->domain, iova, length);
	if (WARN_ONCE(
		    unmapped != length,
		    "IOMMU driver left %#lx bytes at IOVA %#lx mapped; their memory stays pinned\n",
		    length - unmapped, iova))
		*stuck = true;
}

/*
 * A call that failed may have left a part of what it was given: 6.12's Intel driver does not say how
 * far it came before it ran out of memory, and the core does not look at what its own undoing
 * returns. What is there is found page by page: asked to unmap where nothing is, that driver takes
 * more than it is asked for.
 */
static void unmap_left(struct iopt_table *table, unsigned long iova, unsigned long end, bool *stuck)
{
	struct iommu_domain *domain = table->domain;
	unsigned long page = 1UL << __ffs(domain->pgsize_bitmap), stop;

	while (iova < end) {
		for (stop = iova; stop < end && iommu_iova_to_phys(domain, stop); stop += page)
			cond_resched();
		unmap_or_keep(table, iova, stop - iova, stuck);
		iova = stop + page;
	}
}

/* Undo what was filled, and what the call that failed has left. */
static bool fill_undo(struct iopt_table *table, const struct fill *fill,
		      const struct iopt_area *area)
{
	unsigned long left = area->last - fill->iova + 1;
	bool stuck = false;

	unmap_or_keep(table, area->start, fill->iova - area->start, &stuck);
	unmap_left(table, fill->iova, fill->iova + min(fill->tried, left), &stuck);
	return !stuck;
}

/*
 * Put an area, which is pinned, into a page table. On failure nothing of it is left there.
 * tables_lock is held, so the page table stays.
 */
static int fill_table(struct iopt *iopt, struct iopt_table *table, struct iopt_area *area)
{
	struct interval_tree_node *pages = &area->user.node;
	struct umem *umem = area->umem;
	unsigned long pfn;
	struct fill fill;
	int ret;

	fill.domain = table->domain;
	fill.prot = area->prot;
	fill.small = iopt->no_huge;
	fill.iova = area->start;
	fill.sg = NULL;
	fill.n = 0;
	fill.bytes = 0;
	fill.tried = 0;

	mutex_lock(&umem->lock);
	if (umem_seg_contig(umem, pages->start, pages->last, &pfn)) {
		area->runs = 1;
		ret = fill_run(&fill, PFN_PHYS(pfn) + area->page_offset, iopt_area_length(area));
	} else {
		ret = fill_runs(&fill, area);
	}
	mutex_unlock(&umem->lock);
	if (!ret)
		return 0;

	if (!fill_undo(table, &fill, area))
		set_stuck(iopt, area);
	return ret;
}

/**
 * struct iopt_dmabuf - a dma-buf's area in a page table
 * @place: the umem knows it by; in no list once access is revoked, and nothing is left then
 * @next: the next one of the area
 * @table: the page table
 * @area: the area
 * @stuck: the IOMMU driver could not unmap all of it
 */
struct iopt_dmabuf {
	struct umem_attachment place;
	struct iopt_dmabuf *next;
	struct iopt_table *table;
	const struct iopt_area *area;
	bool stuck;
};

static bool is_dmabuf(const struct iopt_area *area)
{
	return area->prot & IOMMU_MMIO;
}

/* umem->lock is held, and no lock of the address space. */
static void revoke_place(struct umem_attachment *umem_attachment)
{
	struct iopt_dmabuf *place = container_of(umem_attachment, struct iopt_dmabuf, place);

	unmap_or_keep(place->table, place->area->start, iopt_area_length(place->area),
		      &place->stuck);
}

/* Put a dma-buf's area into a page table, if access is not revoked. */
static int fill_dmabuf(struct iopt *iopt, struct iopt_table *table, struct iopt_area *area)
{
	struct umem *umem = area->umem;
	struct fill fill = {
		.domain = table->domain,
		.prot = area->prot,
		.small = iopt->no_huge,
		.iova = area->start,
	};
	struct iopt_dmabuf *place;
	phys_addr_t phys;
	int ret = 0;

	place = kzalloc(sizeof(*place), GFP_KERNEL_ACCOUNT);
	if (!place)
		return -ENOMEM;
	place->place.revoke = revoke_place;
	place->table = table;
	place->area = area;

	mutex_lock(&umem->lock);
	if (!umem_dmabuf_phys(umem, iopt_area_byte(area, area->start), &phys))
		goto err_unlock;
	ret = fill_run(&fill, phys, iopt_area_length(area));
	if (ret) {
		if (!fill_undo(table, &fill, area))
			set_stuck(iopt, area);
		goto err_unlock;
	}
	umem_dmabuf_add_attachment(umem, &place->place);
	place->next = area->dmabufs;
	area->dmabufs = place;
	mutex_unlock(&umem->lock);
	return 0;

err_unlock:
	mutex_unlock(&umem->lock);
	kfree(place);
	return ret;
}

/*
 * Take a dma-buf's area out of @table, or out of all page tables if NULL. @gone: @table has no
 * device any more and is about to be freed, so it is not looked into.
 */
static bool empty_dmabuf(struct iopt_area *area, const struct iopt_table *table, bool gone)
{
	struct iopt_dmabuf **link = &area->dmabufs, *place;
	struct umem *umem = area->umem;
	bool stuck = false;

	mutex_lock(&umem->lock);
	while ((place = *link)) {
		if (table && place->table != table) {
			link = &place->next;
			continue;
		}
		if (!list_empty(&place->place.item)) {
			list_del(&place->place.item);
			if (!gone)
				unmap_or_keep(place->table, area->start, iopt_area_length(area),
					      &stuck);
		}
		if (!gone)
			stuck |= place->stuck;
		*link = place->next;
		kfree(place);
	}
	mutex_unlock(&umem->lock);
	return !stuck;
}

/* iopt_fill() for a dma-buf. */
static noinline int fill_dmabufs(struct iopt *iopt, struct iopt_area *area)
{
	struct iopt_table *table;
	int ret;

	WRITE_ONCE(iopt->has_dmabufs, true);
	list_for_each_entry(table, &iopt->tables, item) {
		ret = fill_dmabuf(iopt, table, area);
		if (ret) {
			if (!empty_dmabuf(area, NULL, false))
				set_stuck(iopt, area);
			return ret;
		}
	}
	return 0;
}

static void account_area(struct iopt *iopt, struct iopt_area *area, bool add)
{
	long pages = area->user.node.last - area->user.node.start + 1;
	long runs = area->runs;

	atomic_long_add(add ? pages : -pages, &iopt->totals.pinned);
	atomic_long_add(add ? runs : -runs, &iopt->totals.runs);
}

static int pin_area(struct iopt_area *area, struct umem_stats *stats)
{
	/* It still has its claim, from a page table that is not freed yet. */
	if (area->stuck)
		return -EIO;
	area->user.node.start = area->first;
	area->user.node.last = iopt_area_page(area, area->last);
	return umem_pin(area->umem, &area->user, stats);
}

/* Undo pin_area(). Where a page table could not be emptied the area stays pinned, and counted. */
static void unpin_area(struct iopt *iopt, struct iopt_area *area, struct umem_stats *stats)
{
	if (area->stuck)
		account_area(iopt, area, true);
	else
		umem_unpin(area->umem, &area->user, stats);
}

/* The claim of an area that has been filled ends, unless a page table could not be emptied. */
static void release_area(struct iopt *iopt, struct iopt_area *area, struct umem_stats *stats)
{
	if (area->stuck)
		return;
	account_area(iopt, area, false);
	umem_unpin(area->umem, &area->user, stats);
}

/**
 * iopt_release() - give the memory of an area back that was stuck
 * @iopt: tables_lock is held for writing; there is no page table, and no domain of one
 * @area: stuck; not any more on return
 * @stats: out, added to: what was done
 */
void iopt_release(struct iopt *iopt, struct iopt_area *area, struct iopt_stats *stats)
{
	area->stuck = false;
	if (!is_dmabuf(area))
		release_area(iopt, area, &stats->pin);
}

/**
 * iopt_fill() - pin an area and put it into all page tables
 * @iopt: tables_lock is held for reading
 * @area: AREA_FILLING
 * @stats: out, added to: what was done
 *
 * Without page tables there is nothing to do yet: iopt_add_table() comes for it.
 *
 * Return: 0 or an error of umem_pin() or the IOMMU driver; then nothing is left behind.
 */
int iopt_fill(struct iopt *iopt, struct iopt_area *area, struct iopt_stats *stats)
{
	struct iopt_table *table, *done;
	bool stuck = false;
	u64 start = 0;
	int ret;

	lockdep_assert_held(&iopt->tables_lock);
	if (unlikely(is_dmabuf(area)))
		return fill_dmabufs(iopt, area);
	if (list_empty(&iopt->tables))
		return 0;

	ret = pin_area(area, &stats->pin);
	if (ret)
		return ret;

	if (stats->pin.timed)
		start = ktime_get_ns();
	list_for_each_entry(table, &iopt->tables, item) {
		ret = fill_table(iopt, table, area);
		if (ret)
			goto err_empty;
	}
	if (start)
		stats->fill_ns += ktime_get_ns() - start;
	stats->runs += area->runs;
	account_area(iopt, area, true);
	return 0;

err_empty:
	list_for_each_entry(done, &iopt->tables, item) {
		if (done == table)
			break;
		unmap_or_keep(done, area->start, iopt_area_length(area), &stuck);
	}
	if (stuck)
		set_stuck(iopt, area);
	unpin_area(iopt, area, &stats->pin);
	return ret;
}

static bool unmap_span(struct iopt *iopt, unsigned long start, unsigned long end)
{
	struct iopt_table *table;
	bool stuck = false;

	if (start == end)
		return true;
	list_for_each_entry(table, &iopt->tables, item)
		unmap_or_keep(table, start, end - start, &stuck);
	if (end - start >= UNMAP_BYTES)
		cond_resched();
	return !stuck;
}

/* An area that is too large to be unmapped at once is cut between two runs. */
static bool unmap_large(struct iopt *iopt, struct iopt_area *area)
{
	unsigned long start = area->start, end = start, index = 0;
	struct umem *umem = area->umem;
	struct umem_iter it;
	struct umem_run run;
	bool ok = true;

	mutex_lock(&umem->lock);
	umem_iter_start(&it, umem, area->user.node.start, area->user.node.last);
	while (umem_next_runs(&it, &run, 1)) {
		index += run.npages;
		end = min(area->start - area->page_offset + index * PAGE_SIZE - 1, area->last) + 1;
		if (end - start >= UNMAP_BYTES) {
			ok &= unmap_span(iopt, start, end);
			start = end;
		}
	}
	mutex_unlock(&umem->lock);
	return unmap_span(iopt, start, end) && ok;
}

static void set_stuck_areas(struct iopt *iopt, struct iopt_area *first, struct iopt_area *end)
{
	for (; first != end; first = first->chain)
		set_stuck(iopt, first);
}

/**
 * iopt_empty() - take areas out of all page tables
 * @iopt: tables_lock is held for reading
 * @first: the first of a chain; none of them is live
 * @end: the first that is left alone, or NULL for the whole chain
 *
 * Those that an IOMMU driver does not let go of are stuck on return.
 */
void iopt_empty(struct iopt *iopt, struct iopt_area *first, struct iopt_area *end)
{
	struct iopt_area *area, *head = first;
	unsigned long start = 0, next = 0;

	lockdep_assert_held(&iopt->tables_lock);
	if (list_empty(&iopt->tables))
		return;

	/* [start, next) is what is to be unmapped at once: the areas from head on. */
	for (area = first; area != end; area = area->chain) {
		bool alone = is_dmabuf(area) || iopt_area_length(area) > UNMAP_BYTES;

		if (alone || area->start != next || next - start >= UNMAP_BYTES) {
			if (!unmap_span(iopt, start, next))
				set_stuck_areas(iopt, head, area);
			start = area->start;
			head = area;
		}
		next = area->last + 1;
		if (likely(!alone))
			continue;
		if (!(is_dmabuf(area) ? empty_dmabuf(area, NULL, false) : unmap_large(iopt, area)))
			set_stuck(iopt, area);
		start = next;
		head = area->chain;
	}
	if (!unmap_span(iopt, start, next))
		set_stuck_areas(iopt, head, end);
}

/**
 * iopt_unpin() - give the pages of areas back
 * @iopt: tables_lock is still held since iopt_empty()
 * @first: as given there
 * @end: as given there
 * @stats: out, added to: what was done
 */
void iopt_unpin(struct iopt *iopt, struct iopt_area *first, struct iopt_area *end,
		struct iopt_stats *stats)
{
	struct iopt_area *area;

	if (list_empty(&iopt->tables))
		return;
	for (area = first; area != end; area = area->chain) {
		if (unlikely(is_dmabuf(area)))
			continue;
		release_area(iopt, area, &stats->pin);
	}
}

static unsigned long table_alignment(const struct iopt_table *table)
{
	return 1UL << __ffs(table->domain->pgsize_bitmap);
}

static bool area_aligned(const struct iopt_area *area, unsigned long alignment)
{
	return !((area->start | (area->last + 1) | area->page_offset) & (alignment - 1));
}

/**
 * iopt_update_alignment() - set the alignment that all page tables and accesses need
 * @iopt: tables_lock is held for writing
 * @at_least: what somebody who is not in a list yet needs; 1 if nobody
 *
 * Return: 0; -EADDRINUSE if an area does not have it, and nothing has changed.
 */
int iopt_update_alignment(struct iopt *iopt, unsigned long at_least)
{
	unsigned long alignment = iopt->no_huge ? PAGE_SIZE : 1;
	struct iopt_access *access;
	struct iopt_table *table;
	struct iopt_area *area;
	unsigned long id;

	lockdep_assert_held_write(&iopt->tables_lock);
	alignment = max(alignment, at_least);
	list_for_each_entry(table, &iopt->tables, item)
		alignment = max(alignment, table_alignment(table));
	xa_for_each(&iopt->accesses, id, access)
		alignment = max(alignment, access->alignment);

	if (alignment > iopt->alignment)
		for (area = iopt_find(iopt, 0); area; area = area->next)
			if (!area_aligned(area, alignment))
				return -EADDRINUSE;

	down_write(&iopt->lock);
	iopt->alignment = alignment;
	up_write(&iopt->lock);
	return 0;
}

/* The address space ends where the page table does. */
static int reserve_beyond(struct iopt *iopt, struct iopt_table *table)
{
	const struct iommu_domain_geometry *geometry = &table->domain->geometry;
	int ret = 0;

	down_write(&iopt->lock);
	if (geometry->aperture_start)
		ret = iopt_reserve(iopt, 0, geometry->aperture_start - 1, table);
	if (!ret && geometry->aperture_end != ULONG_MAX)
		ret = iopt_reserve(iopt, geometry->aperture_end + 1, ULONG_MAX, table);
	if (ret)
		iopt_unreserve(iopt, table);
	up_write(&iopt->lock);
	return ret;
}

static void unreserve_beyond(struct iopt *iopt, struct iopt_table *table)
{
	down_write(&iopt->lock);
	iopt_unreserve(iopt, table);
	up_write(&iopt->lock);
}

/* Bring all areas into a new page table; the first one makes them pinned. */
static int fill_all(struct iopt *iopt, struct iopt_table *table)
{
	bool first = list_empty(&iopt->tables), stuck;
	struct iopt_area *area, *done;
	struct umem_stats stats = { .reservation = table->reservation };
	int ret;

	for (area = iopt_find(iopt, 0); area; area = area->next) {
		/* What is not live was unmapped and is stuck elsewhere, or is still to be filled. */
		if (!iopt_area_live(area))
			continue;
		if (is_dmabuf(area)) {
			ret = fill_dmabuf(iopt, table, area);
			if (ret)
				goto err_empty;
			continue;
		}
		if (first) {
			ret = pin_area(area, &stats);
			if (ret)
				goto err_empty;
		}
		ret = fill_table(iopt, table, area);
		if (ret) {
			if (first)
				unpin_area(iopt, area, &stats);
			goto err_empty;
		}
		if (first)
			account_area(iopt, area, true);
	}
	return 0;

err_empty:
	for (done = iopt_find(iopt, 0); done != area; done = done->next) {
		if (!iopt_area_live(done))
			continue;
		if (is_dmabuf(done)) {
			if (!empty_dmabuf(done, table, false))
				set_stuck(iopt, done);
			continue;
		}
		stuck = false;
		unmap_or_keep(table, done->start, iopt_area_length(done), &stuck);
		if (stuck)
			set_stuck(iopt, done);
		if (first)
			release_area(iopt, done, &stats);
	}
	return ret;
}

/**
 * iopt_add_table() - have a page table filled, and kept filled
 * @iopt: the address space
 * @table: its domain is empty
 *
 * Whatever comes of it, iopt_table_freed() is to be called when the domain is freed.
 *
 * Context: may sleep, for as long as pinning all of the address space takes if it is the first.
 * Return: 0; -EINVAL if its smallest page is larger than the CPU's; -EADDRINUSE if an area does
 * not fit; an error of umem_pin() or of the IOMMU driver. On error nothing has changed.
 */
int iopt_add_table(struct iopt *iopt, struct iopt_table *table)
{
	int ret;

	if (table_alignment(table) > PAGE_SIZE)
		return -EINVAL;
	mutex_init(&table->dirty_lock);

	down_write(&iopt->tables_lock);
	table->counted = true;
	iopt->domains++;
	ret = iopt_update_alignment(iopt, table_alignment(table));
	if (ret)
		goto out_unlock;
	ret = reserve_beyond(iopt, table);
	if (ret)
		goto err_alignment;
	ret = fill_all(iopt, table);
	if (ret)
		goto err_unreserve;
	list_add_tail(&table->item, &iopt->tables);
	goto out_unlock;

err_unreserve:
	unreserve_beyond(iopt, table);
err_alignment:
	iopt_update_alignment(iopt, 1);
out_unlock:
	up_write(&iopt->tables_lock);
	return ret;
}

/**
 * iopt_remove_table() - end what iopt_add_table() began
 * @iopt: the address space
 * @table: no device is attached to its domain, which the caller frees without looking into it
 *
 * With the last page table the areas are unpinned, and stay as promises.
 */
void iopt_remove_table(struct iopt *iopt, struct iopt_table *table)
{
	struct umem_stats stats = {};
	struct iopt_area *area;
	bool last;

	down_write(&iopt->tables_lock);
	list_del(&table->item);
	last = list_empty(&iopt->tables);
	if (last || iopt->has_dmabufs)
		for (area = iopt_find(iopt, 0); area; area = area->next) {
			/* One that policies are being asked about is in no page table yet. */
			if (area->state == AREA_FILLING)
				continue;
			if (is_dmabuf(area))
				empty_dmabuf(area, table, true);
			else if (last)
				release_area(iopt, area, &stats);
		}
	unreserve_beyond(iopt, table);
	iopt_update_alignment(iopt, 1);
	up_write(&iopt->tables_lock);
}

/**
 * iopt_set_huge() - whether page tables may use pages larger than the CPU's smallest
 * @iopt: the address space
 * @on: true is the default
 *
 * Return: 0; -EINVAL for turning it off when something is in page tables already; -EADDRINUSE if
 * there are areas that are not made of whole pages.
 */
int iopt_set_huge(struct iopt *iopt, bool on)
{
	bool old;
	int ret = 0;

	down_write(&iopt->tables_lock);
	old = iopt->no_huge;
	if (!on && !old && !list_empty(&iopt->tables) && !RB_EMPTY_ROOT(&iopt->areas)) {
		ret = -EINVAL;
		goto out_unlock;
	}
	iopt->no_huge = !on;
	ret = iopt_update_alignment(iopt, 1);
	if (ret)
		iopt->no_huge = old;
out_unlock:
	up_write(&iopt->tables_lock);
	return ret;
}
