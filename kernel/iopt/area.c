// SPDX-License-Identifier: GPL-2.0-only
/*
 * Areas in all page tables of an address space: pin and map them, unmap and unpin them.
 *
 * Areas that touch are unmapped by one iommu_unmap(), which flushes the IOTLB once. Their pages are
 * unpinned after that. Leaves of a page table never reach across two areas or two runs (fill.c),
 * so a long unmap may be split there, and is split about every UNMAP_BYTES to let other tasks run.
 */
#include <linux/iommu.h>
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "iopt/internal.h"

/* Unmapped between two chances for other tasks to run. */
#define UNMAP_BYTES SZ_1G

/* The pages of an area that is pinned. */
static unsigned long pages_of(const struct iopt_area *area)
{
	return area->user.node.last - area->user.node.start + 1;
}

/* Add to one of the two parts of the totals. */
static void count(struct iopt_totals __percpu *totals, unsigned long pages, unsigned long runs,
		  unsigned long huge)
{
	this_cpu_add(totals->pinned, pages);
	this_cpu_add(totals->runs, runs);
	if (huge)
		this_cpu_add(totals->huge, huge);
}

/**
 * iopt_count_area() - add an area to the totals, or subtract it
 * @iopt: the address space
 * @area: pinned; its number of runs is known
 * @add: add; otherwise subtract
 */
void iopt_count_area(struct iopt *iopt, struct iopt_area *area, bool add)
{
	unsigned long pages = pages_of(area), runs = area->runs, huge = area->huge;

	if (add)
		count(&iopt->cpu->added, pages, runs, huge);
	else
		count(&iopt->cpu->removed, pages, runs, huge);
}

/**
 * iopt_pin_area() - pin the memory of an area for the page tables
 * @area: not of a dma-buf
 * @options: how to pin
 * @stats: out: the results are added
 *
 * Context: may sleep, as umem_pin().
 * Return: 0; -EIO if the area is stuck in a page table that is not freed yet; an error of
 * umem_pin().
 */
int iopt_pin_area(struct iopt_area *area, const struct umem_pin_options *options,
		  struct umem_stats *stats)
{
	/* Its user is in use. */
	if (area->stuck)
		return -EIO;
	area->user.node.last = iopt_area_page(area, area->last);
	return umem_pin(area->umem, &area->user, options, stats);
}

/* Observers see these without a lock. */
static void clear_runs(struct iopt_area *area)
{
	WRITE_ONCE(area->runs, 0);
	WRITE_ONCE(area->huge, 0);
}

/**
 * iopt_unpin_area() - undo iopt_pin_area() for an area that is not counted in the totals
 * @iopt: the address space
 * @area: the area; if it is stuck it stays pinned, and is counted
 * @stats: out: the results are added
 *
 * Context: may sleep.
 */
void iopt_unpin_area(struct iopt *iopt, struct iopt_area *area, struct umem_stats *stats)
{
	if (area->stuck) {
		iopt_count_area(iopt, area, true);
		return;
	}
	clear_runs(area);
	umem_unpin(area->umem, &area->user, stats);
}

/**
 * iopt_release_area() - unpin an area that is counted in the totals
 * @iopt: the address space
 * @area: the area; if it is stuck it stays pinned and counted
 * @stats: out: the results are added
 *
 * Context: may sleep.
 */
void iopt_release_area(struct iopt *iopt, struct iopt_area *area, struct umem_stats *stats)
{
	if (area->stuck)
		return;
	iopt_count_area(iopt, area, false);
	clear_runs(area);
	umem_unpin(area->umem, &area->user, stats);
}

/**
 * iopt_release_stuck() - unpin an area that was stuck
 * @iopt: tables_lock is held for writing; all page tables are freed
 * @area: stuck; not any more on return
 * @stats: out: the results are added
 *
 * Context: may sleep.
 */
void iopt_release_stuck(struct iopt *iopt, struct iopt_area *area, struct umem_stats *stats)
{
	area->stuck = false;
	if (!iopt_area_is_dmabuf(area))
		iopt_release_area(iopt, area, stats);
}

/**
 * iopt_map_area() - pin an area and map it in all page tables
 * @iopt: tables_lock is held for reading
 * @area: IOPT_AREA_MAPPING
 * @options: how to pin; whether to measure the time
 * @stats: out: the results are added
 *
 * Without page tables there is nothing to do: iopt_add_table() will pin and map the area.
 *
 * Context: may sleep, as umem_pin().
 * Return: 0; an error of iopt_pin_area() or the IOMMU driver. On error it is in no page table and
 * not pinned, or stuck.
 */
int iopt_map_area(struct iopt *iopt, struct iopt_area *area, const struct umem_pin_options *options,
		  struct iopt_stats *stats)
{
	struct iopt_table *table, *done;
	bool stuck = false;
	u64 start = 0, ns;
	int ret;

	lockdep_assert_held(&iopt->tables_lock);
	if (unlikely(iopt_area_is_dmabuf(area)))
		return iopt_dmabuf_fill_all(iopt, area);
	if (list_empty(&iopt->tables))
		return 0;

	ret = iopt_pin_area(area, options, &stats->pin);
	if (ret)
		return ret;

	if (options->timed)
		start = stats->pin.end;
	list_for_each_entry(table, &iopt->tables, item) {
		ret = iopt_fill_table(iopt, table, area);
		if (ret)
			goto err_unmap;
	}
	if (start) {
		ns = ktime_get_ns() - start;
		stats->fill_ns += ns;
		if (umem_is_timed(iopt_area_length(area)))
			umem_count_fill(area->umem, ns);
	}
	stats->runs += area->runs;
	iopt_count_area(iopt, area, true);
	return 0;

err_unmap:
	list_for_each_entry(done, &iopt->tables, item) {
		if (done == table)
			break;
		iopt_unmap_range(done, area->start, iopt_area_length(area), &stuck);
	}
	if (stuck)
		iopt_set_stuck(iopt, area);
	iopt_unpin_area(iopt, area, &stats->pin);
	return ret;
}

/* Unmap [start, end) from all page tables; false if an IOMMU driver did not unmap all of it. */
static bool unmap_span(struct iopt *iopt, unsigned long start, unsigned long end)
{
	struct iopt_table *table;
	bool stuck = false;

	if (start == end)
		return true;
	list_for_each_entry(table, &iopt->tables, item)
		iopt_unmap_range(table, start, end - start, &stuck);
	if (end - start >= UNMAP_BYTES)
		cond_resched();
	return !stuck;
}

/* Unmap an area that is too large for one unmap_span(), in parts that end between two runs. */
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

/* Whether an area is not unmapped together with its neighbours. */
static bool is_alone(const struct iopt_area *area)
{
	return iopt_area_is_dmabuf(area) || iopt_area_length(area) > UNMAP_BYTES;
}

static void set_stuck_areas(struct iopt *iopt, struct iopt_area *first, struct iopt_area *end)
{
	for (; first != end; first = first->chain)
		iopt_set_stuck(iopt, first);
}

/**
 * iopt_unmap_areas() - unmap areas from all page tables
 * @iopt: tables_lock is held for reading
 * @first: the first area of a chain, none of which is live
 * @end: the first area of the chain that is not unmapped; NULL for the whole chain
 *
 * Areas that an IOMMU driver does not unmap in full are stuck on return. Callers pass so few areas
 * at a time that other tasks need not run in between.
 *
 * Context: may sleep.
 */
void iopt_unmap_areas(struct iopt *iopt, struct iopt_area *first, struct iopt_area *end)
{
	struct iopt_area *area, *head = first;
	unsigned long start = 0, next = 0;

	lockdep_assert_held(&iopt->tables_lock);
	if (list_empty(&iopt->tables))
		return;
	if (likely(!first->chain && !is_alone(first))) {
		if (!unmap_span(iopt, first->start, first->last + 1))
			iopt_set_stuck(iopt, first);
		return;
	}

	/* [start, next) is the range of the areas from head on, to be unmapped at once. */
	for (area = first; area != end; area = area->chain) {
		bool alone = is_alone(area);

		if (alone || area->start != next || next - start >= UNMAP_BYTES) {
			if (!unmap_span(iopt, start, next))
				set_stuck_areas(iopt, head, area);
			start = area->start;
			head = area;
		}
		next = area->last + 1;
		if (likely(!alone))
			continue;
		if (iopt_area_is_dmabuf(area))
			iopt_dmabuf_unmap(iopt, NULL, area);
		else if (!unmap_large(iopt, area))
			iopt_set_stuck(iopt, area);
		start = next;
		head = area->chain;
	}
	if (!unmap_span(iopt, start, next))
		set_stuck_areas(iopt, head, end);
}

/**
 * iopt_unpin_areas() - unpin areas after iopt_unmap_areas()
 * @iopt: tables_lock is still held since then
 * @first: as in that call
 * @end: as in that call
 * @stats: out: the results are added
 *
 * Context: may sleep.
 */
void iopt_unpin_areas(struct iopt *iopt, struct iopt_area *first, struct iopt_area *end,
		      struct umem_stats *stats)
{
	unsigned long pages = 0, runs = 0, huge = 0;
	struct iopt_area *area;

	if (list_empty(&iopt->tables))
		return;
	for (area = first; area != end; area = area->chain) {
		if (unlikely(iopt_area_is_dmabuf(area) || area->stuck))
			continue;
		pages += pages_of(area);
		runs += area->runs;
		huge += area->huge;
		clear_runs(area);
		umem_unpin(area->umem, &area->user, stats);
	}
	count(&iopt->cpu->removed, pages, runs, huge);
}
