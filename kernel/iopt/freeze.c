// SPDX-License-Identifier: GPL-2.0-only
/*
 * The steps of IOMMU_IOAS_CHANGE_PROCESS in each address space: keep it from changing, and list its
 * memory.
 *
 * While the charge of memory moves, nothing may be pinned or unpinned, mapped, copied or unmapped
 * in any address space of the context. tables_lock, held for writing, keeps out all but accesses,
 * and iopt->lock keeps those out. Only this code locks several address spaces at a time: first the
 * tables_lock of all, then the iopt->lock of all, in any order. It has one caller at a time, which
 * holds a mutex that tells lockdep so.
 */
#include <linux/iommu.h>
#include <linux/sched/signal.h>

#include "iopt/internal.h"

/* Whether a map, copy or unmap is in progress. */
static bool is_changing(struct iopt *iopt)
{
	struct iopt_area *area;
	unsigned long step = 0;

	down_read(&iopt->lock);
	for (area = iopt_find(iopt, 0); area; area = area->next) {
		if (!iopt_area_live(area) && !area->stuck)
			break;
		iopt_resched(&step);
	}
	up_read(&iopt->lock);
	return area;
}

/**
 * iopt_freeze_tables() - prevent maps, copies, unmaps and changes of page tables
 * @iopt: the address space
 * @nest: held, so that several address spaces may be locked
 *
 * Does not wait for page faults of a map's memory, unless the map begins at this very moment.
 *
 * Context: may sleep.
 * Return: 0, with tables_lock held until iopt_thaw_tables(); -EBUSY if a map, copy or unmap is in
 * progress.
 */
int iopt_freeze_tables(struct iopt *iopt, struct mutex *nest)
{
	if (is_changing(iopt))
		return -EBUSY;
	iopt_lock_tables_nest(iopt, nest);
	return 0;
}

/**
 * iopt_thaw_tables() - undo iopt_freeze_tables()
 * @iopt: the address space
 */
void iopt_thaw_tables(struct iopt *iopt)
{
	iopt_unlock_tables(iopt);
}

/**
 * iopt_count_files() - count the areas, and check that all are memory of files
 * @iopt: frozen by iopt_freeze_tables()
 * @n: out, added to: number of areas
 *
 * Return: 0; -EINVAL if an area is other memory; -EBUSY if a map, copy or unmap has begun before
 * the freeze; -EINTR if the caller is being killed.
 */
int iopt_count_files(struct iopt *iopt, unsigned long *n)
{
	struct iopt_area *area;
	unsigned long step = 0;

	for (area = iopt_find(iopt, 0); area; area = area->next) {
		/* A map drops tables_lock while policies decide on it. */
		if (!iopt_area_live(area) && !area->stuck)
			return -EBUSY;
		if (area->umem->kind != UMEM_FILE)
			return -EINVAL;
		if (fatal_signal_pending(current))
			return -EINTR;
		++*n;
		iopt_resched(&step);
	}
	return 0;
}

/**
 * iopt_freeze() - prevent accesses as well
 * @iopt: frozen by iopt_freeze_tables(); has only memory of files, so accesses do not hold the lock
 *	for long
 * @nest: held, so that several address spaces may be locked
 *
 * Context: may sleep; iopt->lock is held until iopt_thaw().
 */
void iopt_freeze(struct iopt *iopt, struct mutex *nest)
{
	down_write_nest_lock(&iopt->lock, nest);
}

/**
 * iopt_thaw() - undo iopt_freeze()
 * @iopt: the address space
 */
void iopt_thaw(struct iopt *iopt)
{
	up_write(&iopt->lock);
}

/**
 * iopt_list_files() - list the memory behind all areas, each umem once
 * @iopt: frozen by iopt_freeze(), as all address spaces of the list are
 * @list: out: room for one entry per area that iopt_count_files() has counted
 *
 * Return: number of entries; iopt_unlist_files() has to be called for them.
 */
unsigned long iopt_list_files(struct iopt *iopt, struct umem_owner_change *list)
{
	struct iopt_area *area;
	unsigned long n = 0, step = 0;

	for (area = iopt_find(iopt, 0); area; area = area->next) {
		iopt_resched(&step);
		if (area->umem->listed)
			continue;
		area->umem->listed = true;
		list[n++].umem = area->umem;
	}
	return n;
}

/**
 * iopt_unlist_files() - undo iopt_list_files()
 * @list: the entries
 * @n: number of entries
 */
void iopt_unlist_files(struct umem_owner_change *list, unsigned long n)
{
	unsigned long i, step = 0;

	for (i = 0; i < n; i++) {
		list[i].umem->listed = false;
		iopt_resched(&step);
	}
}
