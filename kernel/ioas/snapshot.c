// SPDX-License-Identifier: GPL-2.0-only
/*
 * Snapshots of the areas and ranges of an IOAS, for observation (bpf/state.c).
 *
 * They take iopt->tree_lock, a spinlock, so they never wait for a process. iopt->lock would be the
 * wrong lock: accesses and GET_DIRTY_BITMAP hold it while they wait for memory of a process, which
 * can take any time, and a policy or a tool would wait as long.
 */
#include <linux/iommu.h>

#include "ioas/ioas.h"

static const u32 kinds[] = {
	[UMEM_USER] = IOMMUFD_MEMORY_USER,
	[UMEM_FILE] = IOMMUFD_MEMORY_FILE,
	[UMEM_DMABUF] = IOMMUFD_MEMORY_DMABUF,
};

static void area_snapshot(const struct iopt_area *area, struct iommufd_area_info *info)
{
	const struct umem *umem = area->umem;

	memset(info, 0, sizeof(*info));
	info->iova = area->start;
	info->length = iopt_area_length(area);
	info->start = umem->start + iopt_area_byte(area, area->start);
	info->prot = (area->prot & IOMMU_READ ? IOMMUFD_PROT_READ : 0) |
		     (area->prot & IOMMU_WRITE ? IOMMUFD_PROT_WRITE : 0);
	info->kind = kinds[umem->kind];
	info->runs = READ_ONCE(area->runs);
	info->tgid = umem_tgid(umem);
}

/**
 * iommufd_ioas_snapshot_area() - Describe the first area that ends at or above an IOVA
 * @ioas: the IOAS
 * @from: the IOVA
 * @info: out: the description
 *
 * An area that is still being filled counts, because devices may reach a part of it. An area whose
 * map policies are deciding on counts, too.
 *
 * Context: any that may spin; takes iopt->tree_lock.
 * Return: 0, or -ENOENT if there is no such area.
 */
int iommufd_ioas_snapshot_area(struct iommufd_ioas *ioas, u64 from, struct iommufd_area_info *info)
{
	struct iopt_area *area;

	spin_lock(&ioas->iopt.tree_lock);
	area = iopt_find(&ioas->iopt, from);
	if (area)
		area_snapshot(area, info);
	spin_unlock(&ioas->iopt.tree_lock);
	return area ? 0 : -ENOENT;
}

/**
 * iommufd_ioas_snapshot_usable() - Find the first usable range that ends at or above an IOVA
 * @ioas: the IOAS
 * @from: the IOVA
 * @first: out: first IOVA of the range
 * @last: out: last IOVA of the range
 *
 * Context: as iommufd_ioas_snapshot_area().
 * Return: as iommufd_ioas_snapshot_area().
 */
int iommufd_ioas_snapshot_usable(struct iommufd_ioas *ioas, u64 from, u64 *first, u64 *last)
{
	unsigned long start, end;
	bool found;

	spin_lock(&ioas->iopt.tree_lock);
	found = iopt_next_usable(&ioas->iopt, from, &start, &end);
	spin_unlock(&ioas->iopt.tree_lock);
	if (!found)
		return -ENOENT;
	*first = start;
	*last = end;
	return 0;
}
