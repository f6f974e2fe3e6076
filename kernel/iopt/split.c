// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cutting areas in two, for VFIO's type1 (version 1), which may unmap any part of what is mapped.
 *
 * It needs page tables without huge pages: a leaf that reaches across the cut could not be taken
 * away by halves. Then page tables need no change. The upper half gets an area of its own over the
 * same umem, and the claim on the pinned pages is cut where the area is, so that the same pages are
 * covered by users before and after: nothing is pinned, unpinned or accounted.
 *
 * A cut holds tables_lock and iopt->lock for writing. Accesses know their pins by what they gave
 * to iopt_pin_pages(), which may reach across; an area with pins is not cut.
 *
 * "at" is the first address of an upper half, "low" and "high" are the halves.
 */
#include <linux/iommu.h>
#include <linux/mm.h>

#include "iopt/iopt.h"

/* The area to be cut at an address, NULL if none reaches across it. */
static struct iopt_area *area_across(struct iopt *iopt, unsigned long at)
{
	struct iopt_area *area;

	/* Nothing is below the first address, nor above the last one, which wraps to it. */
	if (!at)
		return NULL;
	area = iopt_find(iopt, at - 1);
	/* A single byte cannot be cut off; an unmap says then that the area is partly outside. */
	if (!area || area->start >= at - 1 || area->last < at)
		return NULL;
	return area;
}

static int check_cut(struct iopt *iopt, const struct iopt_area *area, unsigned long at)
{
	if (!iopt_area_live(area) || area->no_access || area->stuck)
		return -EBUSY;
	/* It has no claim on pages that could be cut. */
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

/* umem->lock is held, and all of the pages are pinned. */
static unsigned long count_runs(struct umem *umem, unsigned long first, unsigned long last)
{
	struct umem_run runs[UMEM_RUNS];
	unsigned long total = 0;
	struct umem_iter it;
	unsigned int n;

	umem_iter_start(&it, umem, first, last);
	while ((n = umem_next_runs(&it, runs, UMEM_RUNS))) {
		total += n;
		cond_resched();
	}
	return total;
}

/*
 * Runs are counted for each area. Only those of the shorter half are looked at: a large area that
 * is unmapped page by page is not walked each time.
 */
static void cut_runs(struct iopt *iopt, struct iopt_area *low, struct iopt_area *high)
{
	const struct interval_tree_node *l = &low->user.node, *h = &high->user.node;
	unsigned long all = low->runs;

	if (count_runs(low->umem, l->last, h->start) == 1) {
		all++;
		atomic_long_inc(&iopt->totals.runs);
	}
	if (l->last - l->start < h->last - h->start) {
		low->runs = count_runs(low->umem, l->start, l->last);
		high->runs = all - low->runs;
	} else {
		high->runs = count_runs(low->umem, h->start, h->last);
		low->runs = all - high->runs;
	}
}

static void cut(struct iopt *iopt, struct iopt_area *low, struct iopt_area *high, unsigned long at)
{
	struct umem *umem = low->umem;

	umem_get(umem);
	high->umem = umem;
	high->start = at;
	high->last = low->last;
	high->first = iopt_area_page(low, at);
	high->page_offset = offset_in_page(iopt_area_byte(low, at));
	high->prot = low->prot;
	high->state = AREA_LIVE;

	if (!list_empty(&iopt->tables)) {
		mutex_lock(&umem->lock);
		umem_split_user(umem, &low->user, &high->user, high->first);
		cut_runs(iopt, low, high);
		mutex_unlock(&umem->lock);
	}
	low->last = at - 1;
	iopt_insert_area(iopt, high);
	atomic_long_inc(&iopt->totals.areas);
}

static bool is_across(struct iopt *iopt, unsigned long start, unsigned long last)
{
	bool found;

	down_read(&iopt->lock);
	found = area_across(iopt, start) || area_across(iopt, last + 1);
	up_read(&iopt->lock);
	return found;
}

/**
 * iopt_split() - have no area that is only partly in a range
 * @iopt: the address space
 * @start: first address of the range
 * @last: last address of the range
 *
 * Areas that reach across its borders are cut there. What is mapped, pinned and accounted stays
 * as it is. On error nothing has changed.
 *
 * Context: may sleep; waits for maps and unmaps at stats.
 * Return: 0, also if nothing is to be cut; -EINVAL if a border is not aligned, an access has pins
 * in the area, or its leaves may be huge pages; -EOPNOTSUPP for a dma-buf; -EBUSY if the area is
 * being unmapped or could not be; -ENOMEM.
 */
int iopt_split(struct iopt *iopt, unsigned long start, unsigned long last)
{
	unsigned long at[] = { last + 1, start };
	struct iopt_area *high[ARRAY_SIZE(at)] = {};
	struct iopt_area *area;
	unsigned int i;
	int ret = 0;

	/* The common case, which need not wait for anybody. */
	if (!is_across(iopt, start, last))
		return 0;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		high[i] = iopt_area_alloc();
		if (!high[i]) {
			ret = -ENOMEM;
			goto out_free;
		}
	}

	down_write(&iopt->tables_lock);
	down_write(&iopt->lock);
	for (i = 0; i < ARRAY_SIZE(at) && !ret; i++) {
		area = area_across(iopt, at[i]);
		if (area)
			ret = check_cut(iopt, area, at[i]);
	}
	for (i = 0; i < ARRAY_SIZE(at) && !ret; i++) {
		/* Both may be in one area: this one is what the cut before it has left. */
		area = area_across(iopt, at[i]);
		if (area) {
			cut(iopt, area, high[i], at[i]);
			high[i] = NULL;
		}
	}
	up_write(&iopt->lock);
	up_write(&iopt->tables_lock);
out_free:
	for (i = 0; i < ARRAY_SIZE(at); i++)
		iopt_area_free(high[i]);
	return ret;
}
