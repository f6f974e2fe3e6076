// SPDX-License-Identifier: GPL-2.0-only
/*
 * What IOMMU_IOAS_CHANGE_PROCESS needs of each address space: standing still, and the memory in it.
 *
 * While the account of memory moves, nothing may be pinned or unpinned, mapped, copied or unmapped
 * in any address space of the context. tables_lock, held for writing, keeps out all but accesses,
 * and with iopt->lock they are out, too. Several address spaces are locked at a time only here:
 * first the tables_lock of all, then iopt->lock of all, in any order, by one caller at a time, who
 * holds a lock that says so to lockdep.
 */
#include <linux/iommu.h>
#include <linux/sort.h>

#include "iopt/iopt.h"

/* Whether a map, copy or unmap is at stats. */
static bool in_the_making(struct iopt *iopt)
{
	struct iopt_area *area;

	down_read(&iopt->lock);
	for (area = iopt_find(iopt, 0); area; area = area->next)
		if (!iopt_area_live(area) && !area->stuck)
			break;
	up_read(&iopt->lock);
	return area;
}

/**
 * iopt_freeze_tables() - keep maps, copies, unmaps and changes of page tables out
 * @iopt: the address space
 * @nest: held; under it several address spaces may be locked
 *
 * Does not wait for a map whose memory is being faulted in, unless it begins in this very moment.
 *
 * Return: 0, to be undone by iopt_thaw_tables(); -EBUSY if a map, copy or unmap is at stats.
 */
int iopt_freeze_tables(struct iopt *iopt, struct mutex *nest)
{
	if (in_the_making(iopt))
		return -EBUSY;
	down_write_nest_lock(&iopt->tables_lock, nest);
	return 0;
}

/**
 * iopt_thaw_tables() - undo iopt_freeze_tables()
 * @iopt: the address space
 */
void iopt_thaw_tables(struct iopt *iopt)
{
	up_write(&iopt->tables_lock);
}

/**
 * iopt_count_files() - make sure that all areas are memory of files
 * @iopt: iopt_freeze_tables() was called
 * @n: added to: the number of areas
 *
 * Return: 0; -EINVAL if there is another area.
 */
int iopt_count_files(struct iopt *iopt, unsigned long *n)
{
	struct iopt_area *area;

	for (area = iopt_find(iopt, 0); area; area = area->next) {
		if (area->umem->kind != UMEM_FILE)
			return -EINVAL;
		++*n;
	}
	return 0;
}

/**
 * iopt_freeze() - keep accesses out, too
 * @iopt: iopt_freeze_tables() was called, and iopt_count_files(): accesses do not wait for long
 * @nest: held; under it several address spaces may be locked
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
 * iopt_list_files() - note down the memory behind all areas
 * @iopt: iopt_freeze_tables() was called
 * @list: out: room for as many as iopt_count_files() counted
 *
 * Return: how many entries were made, one for each area.
 */
unsigned long iopt_list_files(struct iopt *iopt, struct umem_moved *list)
{
	struct iopt_area *area;
	unsigned long n = 0;

	for (area = iopt_find(iopt, 0); area; area = area->next)
		list[n++].umem = area->umem;
	return n;
}

static int compare_umems(const void *left, const void *right)
{
	const struct umem_moved *l = left, *r = right;

	return l->umem < r->umem ? -1 : l->umem > r->umem;
}

/**
 * iopt_unique_files() - have memory that is behind several areas in the list once
 * @list: from iopt_list_files(); comes out in another order
 * @n: entries in it
 *
 * Return: how many are left.
 */
unsigned long iopt_unique_files(struct umem_moved *list, unsigned long n)
{
	unsigned long i, unique = 0;

	sort(list, n, sizeof(*list), compare_umems, NULL);
	for (i = 0; i < n; i++)
		if (!i || list[i].umem != list[i - 1].umem)
			list[unique++].umem = list[i].umem;
	return unique;
}
