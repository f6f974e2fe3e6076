// SPDX-License-Identifier: GPL-2.0-only
/*
 * Filling one page table with one area, and undoing it.
 *
 * Each run of physically contiguous memory is one call of the IOMMU core, which picks the largest
 * pages that fit. Short runs are collected, and a batch of them is one call with one flush. An
 * entry of a page table ("leaf") never reaches across two areas or two runs, because calls never
 * do.
 */
#include <linux/iommu.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "iopt/internal.h"
#include "port/unzeroed.h"

/* Runs mapped by one call: in a buffer of one page, or on the stack. */
#define FILL_BATCH (PAGE_SIZE / sizeof(struct scatterlist))
#define FILL_STACK 8
/* Runs of at least this size get a call of their own. */
#define FILL_LARGE SZ_2M

/**
 * struct fill - filling of a page table in progress
 * @domain: the page table
 * @prot: IOMMU_* bits
 * @small: map page by page
 * @iova: first address that is not mapped yet
 * @sg: a batch of runs to be mapped at @iova; NULL until there is one
 * @n: runs in the batch
 * @max: runs that the batch has room for
 * @bytes: length of the runs in the batch
 * @tried: length of the last call, which may have left a part mapped at @iova if it failed
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
};

static int fill_run(struct fill *fill, phys_addr_t phys, size_t bytes)
{
	size_t step = fill->small ? PAGE_SIZE : bytes, n;
	unsigned long calls = 0;
	int ret;

	for (; bytes; bytes -= n) {
		if (calls && fatal_signal_pending(current))
			return -EINTR;
		iopt_resched(&calls);
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
	/* sg_init_table() has marked the last entry. */
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

/* @stack: room for FILL_STACK runs */
static void fill_begin_batch(struct fill *fill, struct scatterlist *stack, bool large)
{
	unsigned long max = umem_buffer_entries(FILL_BATCH, sizeof(*fill->sg));

	if (large && max > FILL_STACK)
		fill->sg = kmalloc_array(max, sizeof(*fill->sg), GFP_KERNEL | __GFP_NOWARN);
	fill->max = fill->sg ? max : min(max, FILL_STACK);
	if (!fill->sg)
		fill->sg = stack;
	sg_init_table(fill->sg, fill->max);
}

/*
 * Map an area run by run. On error @begun->iova tells how far it came. umem->lock is held. Not
 * inlined, because an area of one run needs no arrays on the stack.
 */
static noinline int fill_runs(struct fill *begun, struct iopt_area *area)
{
	unsigned long offset = area->page_offset, left = iopt_area_length(area), total = 0,
		      huge = 0;
	/* sg_init_table() and umem_next_runs() fill in the entries that are used. */
	struct scatterlist stack[FILL_STACK] port_unzeroed;
	struct umem_run runs[UMEM_RUNS] port_unzeroed;
	struct fill fill = *begun;
	struct umem_iter it;
	unsigned int i, n;
	int ret = 0;

	umem_iter_start(&it, area->umem, area->user.node.start, area->user.node.last);
	while (!ret && (n = umem_next_runs(&it, runs, UMEM_RUNS))) {
		for (i = 0; i < n && !ret; i++) {
			size_t bytes = min(runs[i].npages * PAGE_SIZE - offset, left);

			huge += iopt_huge_pages(runs[i].pfn, runs[i].npages);
			if (fill.small || bytes >= FILL_LARGE) {
				ret = fill_flush(&fill);
				if (!ret)
					ret = fill_run(&fill, PFN_PHYS(runs[i].pfn) + offset,
						       bytes);
			} else {
				if (!fill.sg)
					fill_begin_batch(&fill, stack,
							 left > FILL_STACK * PAGE_SIZE);
				sg_set_page(&fill.sg[fill.n++], pfn_to_page(runs[i].pfn), bytes,
					    offset);
				fill.bytes += bytes;
				if (fill.n == fill.max)
					ret = fill_flush(&fill);
			}
			left -= bytes;
			offset = 0;
		}
		total += n;
		if (n == UMEM_RUNS)
			cond_resched();
	}
	if (!ret)
		ret = fill_flush(&fill);
	if (fill.sg != stack)
		kfree(fill.sg);
	if (!ret) {
		area->runs = min(total, U32_MAX);
		area->huge = huge;
	}
	*begun = fill;
	return ret;
}

/**
 * iopt_report_stuck() - warn that an IOMMU driver did not unmap all of a range
 * @iova: first address of the range
 * @left: bytes that are still mapped
 *
 * Not inline, because in newer kernels each copy would warn once.
 */
noinline void iopt_report_stuck(unsigned long iova, unsigned long left)
{
	WARN_ONCE(1,
		  "IOMMU driver left %#lx bytes at IOVA %#lx mapped; their memory stays pinned\n",
		  left, iova);
}

/*
 * Unmap the remains of a failed call. The Intel driver of Linux 6.12 does not report how far
 * it came before it ran out of memory, and the core ignores the result of its own unmap. Look page
 * by page: if nothing is mapped at an address, that driver unmaps more than it is asked to.
 */
static void unmap_left(struct iopt_table *table, unsigned long iova, unsigned long end, bool *stuck)
{
	struct iommu_domain *domain = table->domain;
	unsigned long page = 1UL << __ffs(domain->pgsize_bitmap), stop;

	while (iova < end) {
		for (stop = iova; stop < end && iommu_iova_to_phys(domain, stop); stop += page)
			cond_resched();
		iopt_unmap_range(table, iova, stop - iova, stuck);
		iova = stop + page;
	}
}

/* Unmap the runs that were mapped before a call failed, and the remains of that call. */
static void fill_undo(struct iopt *iopt, struct iopt_table *table, const struct fill *fill,
		      struct iopt_area *area)
{
	unsigned long left = area->last - fill->iova + 1;
	bool stuck = false;

	iopt_unmap_range(table, area->start, fill->iova - area->start, &stuck);
	unmap_left(table, fill->iova, fill->iova + min(fill->tried, left), &stuck);
	if (stuck)
		iopt_set_stuck(iopt, area);
}

static void fill_begin(struct fill *fill, const struct iopt *iopt, const struct iopt_table *table,
		       const struct iopt_area *area)
{
	*fill = (struct fill){
		.domain = table->domain,
		.prot = area->prot,
		.small = iopt->no_huge,
		.iova = area->start,
	};
}

static void set_contig(struct iopt_area *area, unsigned long pfn)
{
	area->runs = 1;
	/* At most one, because it is within one segment. */
	area->huge = iopt_huge_pages(pfn, area->user.node.last - area->user.node.start + 1);
}

/*
 * Map an area of contiguous memory by one call: most small areas, so it is kept short. The pages
 * are pinned for the area, so they stay without umem->lock.
 */
static int fill_contig(struct iopt *iopt, struct iopt_table *table, struct iopt_area *area,
		       unsigned long pfn)
{
	unsigned long length = iopt_area_length(area);
	struct fill fill port_unzeroed;
	int ret;

	set_contig(area, pfn);
	ret = iommu_map(table->domain, area->start, PFN_PHYS(pfn) + area->page_offset, length,
			area->prot, GFP_KERNEL_ACCOUNT);
	if (likely(!ret))
		return 0;
	fill_begin(&fill, iopt, table, area);
	fill.tried = length;
	fill_undo(iopt, table, &fill, area);
	return ret;
}

/**
 * iopt_fill_table() - map an area in a page table
 * @iopt: its tables_lock is held, so that the page table stays
 * @table: the page table
 * @area: pinned
 *
 * Context: may sleep; takes umem->lock.
 * Return: 0; an error of the IOMMU driver. On error nothing of it is left in the page table, or the
 * area is stuck.
 */
int iopt_fill_table(struct iopt *iopt, struct iopt_table *table, struct iopt_area *area)
{
	struct interval_tree_node *pages = &area->user.node;
	struct umem *umem = area->umem;
	struct fill fill port_unzeroed;
	unsigned long pfn;
	bool contig;
	int ret;

	if (!port_can_map(table->domain, area->prot))
		return -EINVAL;
	mutex_lock(&umem->lock);
	contig = umem_seg_contig(umem, pages->start, pages->last, &pfn);
	if (likely(contig && !iopt->no_huge)) {
		mutex_unlock(&umem->lock);
		return fill_contig(iopt, table, area, pfn);
	}
	fill_begin(&fill, iopt, table, area);
	if (contig) {
		set_contig(area, pfn);
		ret = fill_run(&fill, PFN_PHYS(pfn) + area->page_offset, iopt_area_length(area));
	} else {
		ret = fill_runs(&fill, area);
	}
	mutex_unlock(&umem->lock);
	if (ret)
		fill_undo(iopt, table, &fill, area);
	return ret;
}

/**
 * iopt_fill_phys() - map an area of contiguous physical memory in a page table
 * @iopt: its tables_lock is held, so that the page table stays
 * @table: the page table
 * @area: the area of a dma-buf; its umem->lock is held
 * @phys: first physical address
 *
 * Context: may sleep.
 * Return: as iopt_fill_table().
 */
int iopt_fill_phys(struct iopt *iopt, struct iopt_table *table, struct iopt_area *area,
		   phys_addr_t phys)
{
	struct fill fill;
	int ret;

	if (!port_can_map(table->domain, area->prot))
		return -EINVAL;
	fill_begin(&fill, iopt, table, area);
	ret = fill_run(&fill, phys, iopt_area_length(area));
	if (ret)
		fill_undo(iopt, table, &fill, area);
	return ret;
}
