/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations shared by the files of iopt/ alone. Each file calls only those above it:
 *
 *	lock.c		tables_lock, and the totals
 *	space.c		the tree of areas, reserved and allowed ranges
 *	fill.c		an area in one page table
 *	dmabuf.c	areas of dma-bufs
 *	area.c		an area in all page tables
 *	table.c		page tables that come and go, alignment
 *	access.c	in-kernel accesses
 *	map.c		map, copy, unmap
 *	split.c		areas in two
 *	freeze.c	address spaces that must not change
 *	dirty.c		dirty tracking
 */
#ifndef _IOMMUFD_IOPT_INTERNAL_H
#define _IOMMUFD_IOPT_INTERNAL_H

#include <linux/compiler.h>
#include <linux/instruction_pointer.h>
#include <linux/iommu.h>
#include <linux/lockdep.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "iopt/iopt.h"

#define iopt_chain_for_each(pos, areas) for ((pos) = (areas)->first; (pos); (pos) = (pos)->chain)

static inline void iopt_chain_add(struct iopt_chain *chain, struct iopt_area *area)
{
	area->chain = NULL;
	*chain->end = area;
	chain->end = &area->chain;
}

/*
 * Let other tasks run after every so many steps of a loop. A process decides how many areas and
 * ranges there are, so each loop over them calls this; @step counts from 0.
 */
static inline void iopt_resched(unsigned long *step)
{
	if (!(++*step % 512))
		cond_resched();
}

/* Whether a map has finished with the area and no unmap has begun. */
static inline bool iopt_area_live(const struct iopt_area *area)
{
	/* Pairs with map_areas(): the page tables have an area that is seen to be live. */
	return smp_load_acquire(&area->state) == IOPT_AREA_LIVE;
}

/* The page of the umem that is mapped at @iova. */
static inline unsigned long iopt_area_page(const struct iopt_area *area, unsigned long iova)
{
	return iopt_area_first(area) + ((iova - area->start + area->page_offset) >> PAGE_SHIFT);
}

static inline bool iopt_area_is_dmabuf(const struct iopt_area *area)
{
	return area->prot & IOMMU_MMIO;
}

/* See struct iopt_area: it keeps its memory until iopt_table_freed() releases it. */
static inline void iopt_set_stuck(struct iopt *iopt, struct iopt_area *area)
{
	area->stuck = true;
	WRITE_ONCE(iopt->has_stuck, true);
}

/* lock.c */
void iopt_lock_tables_nest(struct iopt *iopt, struct mutex *nest);
void iopt_wait_for_tables(struct iopt *iopt);

/*
 * Take tables_lock for reading, without a write to a cache line that other processors use.
 *
 * The holders are counted per processor. A writer takes the rwsem, sets tables_taken, and waits
 * until the sum of all counts is 0. Of the barriers here and in lock.c, one is between the two
 * steps of each side: so this function sees tables_taken, or the writer sees the count. A count
 * that was too late is taken back on the same processor, because preemption is off: a writer that
 * sums up sees both or neither, or the first one alone, but never less than the holders. A holder
 * that ends on another processor than it began lowers a count there, after the writer could see it
 * raised here.
 */
static __always_inline void iopt_lock_tables_shared(struct iopt *iopt)
{
	rwsem_acquire_read(&iopt->tables_lock.dep_map, 0, 0, _THIS_IP_);
	preempt_disable();
	__this_cpu_inc(iopt->cpu->users);
	/* Count, then look; pairs with take_tables(). */
	smp_mb();
	/* Acquire: see all that the last writer did. */
	if (likely(!smp_load_acquire(&iopt->tables_taken))) {
		preempt_enable();
		return;
	}
	__this_cpu_dec(iopt->cpu->users);
	preempt_enable();
	iopt_wait_for_tables(iopt);
}

/* Undo iopt_lock_tables_shared(), perhaps on another processor. */
static __always_inline void iopt_unlock_tables_shared(struct iopt *iopt)
{
	rwsem_release(&iopt->tables_lock.dep_map, _THIS_IP_);
	/* All that was done under the lock is seen by a writer that sees the count. */
	smp_mb();
	this_cpu_dec(iopt->cpu->users);
	/* Count, then look; pairs with take_tables(). */
	smp_mb();
	if (unlikely(READ_ONCE(iopt->tables_taken)))
		wake_up_all(&iopt->tables_idle);
}

/* space.c */
int iopt_insert_areas(struct iopt *iopt, struct iopt_chain *areas, struct iopt_target *target);
void iopt_insert_upper(struct iopt *iopt, struct iopt_area *low, struct iopt_area *high);
void iopt_remove_area(struct iopt *iopt, struct iopt_area *area);
void iopt_remove_areas(struct iopt *iopt, struct iopt_chain *areas);

/* fill.c */
int iopt_fill_table(struct iopt *iopt, struct iopt_table *table, struct iopt_area *area);
int iopt_fill_phys(struct iopt *iopt, struct iopt_table *table, struct iopt_area *area,
		   phys_addr_t phys);
void iopt_report_stuck(unsigned long iova, unsigned long left);

/*
 * Unmap a range from a page table. Sets *@stuck if the IOMMU driver does not unmap all of it: then
 * devices may keep access to the memory.
 */
static inline void iopt_unmap_range(struct iopt_table *table, unsigned long iova,
				    unsigned long length, bool *stuck)
{
	size_t unmapped;

	if (!length)
		return;
	unmapped = iommu_unmap(table->domain, iova, length);
	if (unlikely(unmapped != length)) {
		iopt_report_stuck(iova, length - unmapped);
		*stuck = true;
	}
}

/* dmabuf.c */
int iopt_dmabuf_fill(struct iopt *iopt, struct iopt_table *table, struct iopt_area *area);
int iopt_dmabuf_fill_all(struct iopt *iopt, struct iopt_area *area);
void iopt_dmabuf_unmap(struct iopt *iopt, const struct iopt_table *table, struct iopt_area *area);
void iopt_dmabuf_forget(const struct iopt_table *table, struct iopt_area *area);

/* area.c */
int iopt_map_area(struct iopt *iopt, struct iopt_area *area, const struct umem_pin_options *options,
		  struct iopt_stats *stats);
void iopt_unmap_areas(struct iopt *iopt, struct iopt_area *first, struct iopt_area *end);
void iopt_unpin_areas(struct iopt *iopt, struct iopt_area *first, struct iopt_area *end,
		      struct umem_stats *stats);
int iopt_pin_area(struct iopt_area *area, const struct umem_pin_options *options,
		  struct umem_stats *stats);
void iopt_unpin_area(struct iopt *iopt, struct iopt_area *area, struct umem_stats *stats);
void iopt_release_area(struct iopt *iopt, struct iopt_area *area, struct umem_stats *stats);
void iopt_release_stuck(struct iopt *iopt, struct iopt_area *area, struct umem_stats *stats);
void iopt_count_area(struct iopt *iopt, struct iopt_area *area, bool add);

/* table.c */
int iopt_update_alignment(struct iopt *iopt, unsigned long wanted);

/* access.c */
void iopt_notify_unmap(struct iopt *iopt, unsigned long start, unsigned long length);

/* map.c */
struct iopt_area *iopt_area_alloc(void);
void iopt_area_free(struct iopt_area *area);

#endif
