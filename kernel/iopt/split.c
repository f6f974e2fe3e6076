// SPDX-License-Identifier: GPL-2.0-only
/*
 * Splitting of areas, for VFIO's type1 (version 1), which may unmap any part of a map.
 *
 * It needs page tables without huge pages, because a leaf that reaches across the split could not
 * be unmapped in halves. Then page tables do not change. The upper half becomes an area of its own
 * over the same umem, and the user that keeps the pages pinned is split at the same page, so the
 * same pages are covered as before: none is pinned, unpinned or charged.
 *
 * A split holds tables_lock and iopt->lock for writing. An area that accesses have pinned is not
 * split, because they unpin the range that they pinned, which may reach across.
 *
 * "at" is the first address of an upper half; "low" and "high" are the halves.
 */
#include <linux/iommu.h>
#include <linux/mm.h>

#include "iopt/internal.h"

/* Find the area to be split at an address; NULL if no area reaches across it. */
static struct iopt_area *area_across(struct iopt *iopt, unsigned long at)
{
	struct iopt_area *area;

	/* @at is 0 for the first address, and wraps to 0 above the last address. */
	if (!at)
		return NULL;
	area = iopt_find(iopt, at - 1);
	/* Do not split off a single byte; the unmap fails because the area is partly outside. */
	if (!area || area->start >= at - 1 || area->last < at)
		return NULL;
	return area;
}

static int check_split(struct iopt *iopt, const struct iopt_area *area, unsigned long at)
{
	if (!iopt_area_live(area) || area->no_access || area->stuck)
		return -EBUSY;
	/* It has no pages, so no user to split. */
	if (area->umem->kind == UMEM_DMABUF)
		return -EOPNOTSUPP;
	if ((at | iopt_area_byte(area, at)) & (iopt->alignment - 1))
		return -EINVAL;
	if (atomic_read(&area->access_pins))
		return -EINVAL;
	if (!iopt->no_huge && !list_empty(&iopt->tables))
		return -EINVAL;
	return 0;
}

/*
 * Count runs, and whole huge pages in them unless @huge is NULL. umem->lock is held, and all of the
 * pages are pinned.
 */
static unsigned long count_runs(struct umem *umem, unsigned long first, unsigned long last,
				unsigned long *huge)
{
	struct umem_run runs[UMEM_RUNS];
	unsigned long total = 0, whole = 0;
	struct umem_iter it;
	unsigned int n, i;

	umem_iter_start(&it, umem, first, last);
	while ((n = umem_next_runs(&it, runs, UMEM_RUNS))) {
		total += n;
		for (i = 0; huge && i < n; i++)
			whole += iopt_huge_pages(runs[i].pfn, runs[i].npages);
		cond_resched();
	}
	if (huge)
		*huge = whole;
	return total;
}

/* Whether the first page of the upper half is in the middle of a huge page of the whole area. */
static bool splits_huge(struct umem *umem, const struct interval_tree_node *low,
			const struct interval_tree_node *high)
{
	unsigned long below, above;
	struct umem_iter it;
	struct umem_run run;

	umem_iter_start(&it, umem, high->start, high->start);
	if (!umem_next_runs(&it, &run, 1))
		return false;
	below = run.pfn % IOPT_HUGE;
	above = IOPT_HUGE - 1 - below;
	return below && high->start - low->start >= below && high->last - high->start >= above &&
	       count_runs(umem, high->start - below, high->start + above, NULL) == 1;
}

/*
 * Split the counts of runs and huge pages. Walk only the shorter half, so that unmapping a large
 * area page by page does not walk all of it each time.
 */
static void split_runs(struct iopt *iopt, struct iopt_area *low, struct iopt_area *high)
{
	const struct interval_tree_node *l = &low->user.node, *h = &high->user.node;
	unsigned long all = low->runs, huge = low->huge, runs, part;

	if (count_runs(low->umem, l->last, h->start, NULL) == 1) {
		all++;
		this_cpu_inc(iopt->cpu->added.runs);
		if (huge && splits_huge(low->umem, l, h)) {
			huge--;
			this_cpu_inc(iopt->cpu->removed.huge);
		}
	}
	if (l->last - l->start < h->last - h->start) {
		runs = count_runs(low->umem, l->start, l->last, &part);
		low->runs = runs;
		low->huge = part;
		high->runs = all - runs;
		high->huge = huge - part;
	} else {
		runs = count_runs(low->umem, h->start, h->last, &part);
		high->runs = runs;
		high->huge = part;
		low->runs = all - runs;
		low->huge = huge - part;
	}
}

static void split_area(struct iopt *iopt, struct iopt_area *low, struct iopt_area *high,
		       unsigned long at)
{
	struct umem *umem = low->umem;

	umem_get(umem);
	high->umem = umem;
	high->start = at;
	high->last = low->last;
	high->user.node.start = iopt_area_page(low, at);
	high->page_offset = offset_in_page(iopt_area_byte(low, at));
	high->prot = low->prot;
	high->state = IOPT_AREA_LIVE;
	high->copied = low->copied;
	high->user.tag = low->user.tag;

	if (!list_empty(&iopt->tables)) {
		mutex_lock(&umem->lock);
		umem_split_user(umem, &low->user, &high->user, iopt_area_first(high));
		split_runs(iopt, low, high);
		mutex_unlock(&umem->lock);
	}
	iopt_insert_upper(iopt, low, high);
	this_cpu_inc(iopt->cpu->added.areas);
}

static bool needs_split(struct iopt *iopt, unsigned long at)
{
	bool found;

	down_read(&iopt->lock);
	found = area_across(iopt, at);
	up_read(&iopt->lock);
	return found;
}

/**
 * iopt_split() - split the area that reaches across an address
 * @iopt: the address space
 * @at: first address of the upper half
 *
 * The same memory is mapped, pinned and charged as before.
 *
 * Context: may sleep; waits for maps and unmaps in progress.
 * Return: 0, also if there is nothing to split; -EINVAL if the address is not aligned, an access
 * has pinned the area, or it may be mapped by huge pages; -EOPNOTSUPP for a dma-buf; -EBUSY if the
 * area is being mapped or unmapped, or is stuck; -ENOMEM. On error nothing has changed.
 */
int iopt_split(struct iopt *iopt, unsigned long at)
{
	struct iopt_area *area, *high;
	int ret = 0;

	/* In the common case, do not wait for maps and unmaps. */
	if (!needs_split(iopt, at))
		return 0;
	high = iopt_area_alloc();
	if (!high)
		return -ENOMEM;

	iopt_lock_tables(iopt);
	down_write(&iopt->lock);
	area = area_across(iopt, at);
	if (area)
		ret = check_split(iopt, area, at);
	if (area && !ret) {
		split_area(iopt, area, high, at);
		high = NULL;
	}
	up_write(&iopt->lock);
	iopt_unlock_tables(iopt);
	iopt_area_free(high);
	return ret;
}
