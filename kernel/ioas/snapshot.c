// SPDX-License-Identifier: GPL-2.0-only
/*
 * Snapshots of the areas and ranges of an IOAS, for observation (bpf/state.c).
 *
 * They take iopt->lock, which maps and unmaps never hold while they wait for user memory. In-kernel
 * accesses do hold it for reading while they pin or copy, so the wait for it can be killed.
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
	/* IOMMU_IOAS_CHANGE_PROCESS may change the owner of file memory. */
	rcu_read_lock();
	info->tgid = READ_ONCE(umem->owner)->tgid;
	rcu_read_unlock();
}

/**
 * iommufd_ioas_snapshot_area() - Describe the first area that ends at or above an IOVA
 * @ioas: the IOAS
 * @from: the IOVA
 * @info: out: the description
 *
 * An area that is still being filled counts, because policies have allowed it and devices may
 * reach it soon.
 *
 * Context: sleeps; takes iopt->lock for reading, so the caller holds no lock of an address space.
 * Return: 0, -ENOENT if there is no such area, -EINTR if killed.
 */
int iommufd_ioas_snapshot_area(struct iommufd_ioas *ioas, u64 from, struct iommufd_area_info *info)
{
	struct iopt_area *area;
	int ret;

	ret = down_read_killable(&ioas->iopt.lock);
	if (ret)
		return ret;
	area = iopt_find(&ioas->iopt, from);
	if (area)
		area_snapshot(area, info);
	up_read(&ioas->iopt.lock);
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
	int ret;

	ret = down_read_killable(&ioas->iopt.lock);
	if (ret)
		return ret;
	found = iopt_next_usable(&ioas->iopt, from, &start, &end);
	up_read(&ioas->iopt.lock);
	if (!found)
		return -ENOENT;
	*first = start;
	*last = end;
	return 0;
}
