// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables of an address space: adding and removing them, and the alignment that they need.
 *
 * A new page table is filled with all areas; the first one pins them. Until it is removed, maps and
 * unmaps keep it filled.
 *
 * A page table is not emptied when it is removed: no device is attached to its domain, the IOMMU
 * driver flushed its caches at the detach, and the caller frees the domain with all that it maps.
 */
#include <linux/iommu.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "iopt/internal.h"

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
 * @wanted: the alignment that one about to be added needs; 1 if there is none
 *
 * Context: may sleep; takes iopt->lock.
 * Return: 0; -EADDRINUSE if an area does not have that alignment, and nothing has changed.
 */
int iopt_update_alignment(struct iopt *iopt, unsigned long wanted)
{
	unsigned long alignment = iopt->no_huge ? PAGE_SIZE : 1;
	struct iopt_access *access;
	struct iopt_table *table;
	struct iopt_area *area;
	unsigned long id, step = 0;

	lockdep_assert_held_write(&iopt->tables_lock);
	alignment = max(alignment, wanted);
	list_for_each_entry(table, &iopt->tables, item)
		alignment = max(alignment, table_alignment(table));
	xa_for_each(&iopt->accesses, id, access)
		alignment = max(alignment, access->alignment);

	if (alignment > iopt->alignment)
		for (area = iopt_find(iopt, 0); area; area = area->next) {
			if (!area_aligned(area, alignment))
				return -EADDRINUSE;
			iopt_resched(&step);
		}

	down_write(&iopt->lock);
	iopt->alignment = alignment;
	up_write(&iopt->lock);
	return 0;
}

/* Reserve the addresses that a page table cannot map. */
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

/* Map all areas in a new page table; the first page table pins them. */
static int fill_all(struct iopt *iopt, struct iopt_table *table)
{
	bool first = list_empty(&iopt->tables), stuck;
	struct iopt_area *area, *done;
	struct umem_pin_options options = { .reservation = table->reservation };
	struct umem_stats stats = {};
	unsigned long step = 0;
	u64 start;
	int ret;

	for (area = iopt_find(iopt, 0); area; area = area->next) {
		iopt_resched(&step);
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			goto err_unmap;
		}
		/* It was unmapped but is stuck in another page table, or is not filled yet. */
		if (!iopt_area_live(area))
			continue;
		if (iopt_area_is_dmabuf(area)) {
			ret = iopt_dmabuf_fill(iopt, table, area);
			if (ret)
				goto err_unmap;
			continue;
		}
		options.timed = umem_is_timed(iopt_area_length(area));
		if (first) {
			ret = iopt_pin_area(area, &options, &stats);
			if (ret)
				goto err_unmap;
		}
		start = options.timed ? ktime_get_ns() : 0;
		ret = iopt_fill_table(iopt, table, area);
		if (ret) {
			if (first)
				iopt_unpin_area(iopt, area, &stats);
			goto err_unmap;
		}
		if (start)
			umem_count_fill(area->umem, ktime_get_ns() - start);
		if (first)
			iopt_count_area(iopt, area, true);
	}
	return 0;

err_unmap:
	for (done = iopt_find(iopt, 0); done != area; done = done->next) {
		iopt_resched(&step);
		if (!iopt_area_live(done))
			continue;
		if (iopt_area_is_dmabuf(done)) {
			iopt_dmabuf_unmap(iopt, table, done);
			continue;
		}
		stuck = false;
		iopt_unmap_range(table, done->start, iopt_area_length(done), &stuck);
		if (stuck)
			iopt_set_stuck(iopt, done);
		if (first)
			iopt_release_area(iopt, done, &stats);
	}
	return ret;
}

/**
 * iopt_add_table() - add a page table: fill it with all areas, and keep it filled
 * @iopt: the address space
 * @table: its domain is empty
 *
 * On success and on error, the caller has to call iopt_table_freed() after it frees the domain.
 *
 * Context: may sleep; the first page table waits until all of the address space is pinned.
 * Return: 0; -EINVAL if its smallest page is larger than the CPU's; -EADDRINUSE if an area does not
 * have its alignment or is beyond its addresses; -EINTR; an error of iopt_pin_area() or the IOMMU
 * driver.
 * On error nothing has changed.
 */
int iopt_add_table(struct iopt *iopt, struct iopt_table *table)
{
	int ret;

	if (table_alignment(table) > PAGE_SIZE)
		return -EINVAL;
	mutex_init(&table->dirty_lock);

	iopt_lock_tables(iopt);
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
	iopt_unlock_tables(iopt);
	return ret;
}

/**
 * iopt_remove_table() - undo iopt_add_table()
 * @iopt: the address space
 * @table: no device is attached to its domain, which the caller frees next
 *
 * With the last page table all areas are unpinned; they stay in the address space.
 *
 * Context: may sleep.
 */
void iopt_remove_table(struct iopt *iopt, struct iopt_table *table)
{
	struct umem_stats stats = {};
	struct iopt_area *area;
	unsigned long step = 0;
	bool last;

	iopt_lock_tables(iopt);
	list_del(&table->item);
	last = list_empty(&iopt->tables);
	if (last || iopt->has_dmabufs)
		for (area = iopt_find(iopt, 0); area; area = area->next) {
			iopt_resched(&step);
			/* Its map is asking the approver, so it is in no page table yet. */
			if (area->state == IOPT_AREA_MAPPING)
				continue;
			if (iopt_area_is_dmabuf(area))
				iopt_dmabuf_forget(table, area);
			else if (last)
				iopt_release_area(iopt, area, &stats);
		}
	unreserve_beyond(iopt, table);
	iopt_update_alignment(iopt, 1);
	iopt_unlock_tables(iopt);
}

/**
 * iopt_set_huge() - allow or forbid page tables to use larger pages than PAGE_SIZE
 * @iopt: the address space
 * @on: allow them, which is the default
 *
 * Return: 0; -EINVAL to forbid them while page tables have areas; -EADDRINUSE if an area is not
 * made of whole pages.
 */
int iopt_set_huge(struct iopt *iopt, bool on)
{
	bool old;
	int ret = 0;

	iopt_lock_tables(iopt);
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
	iopt_unlock_tables(iopt);
	return ret;
}
