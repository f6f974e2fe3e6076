/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ioas: IOAS objects, which are address spaces as user space sees them, and their ioctls.
 *
 *	ioas.c		map, copy, unmap, the ranges, and IOMMU_OPTION
 *	file.c		maps of memfds and dma-bufs; moving their account to another process
 *	noiommu.c	the page table of devices without IOMMU, and their physical addresses
 *	snapshot.c	the areas and usable ranges of an IOAS, for iterators
 *
 * An IOAS wraps a struct iopt, which does the work and knows no ids or ioctls. HWPTs and ACCESSes
 * hold references on their IOAS. hwpt/, attach/, bind/, compat/, bpf/ and main/ use this folder.
 *
 * Locks:
 *
 *	ioas->hwpts_lock	ioas->hwpts. Held while an automatic HWPT is looked for or made,
 *				including pinning, so that two attaches do not make two HWPTs.
 *				group->lock, iopt and umem locks are taken inside.
 *	ctx->change_lock	the list of IOMMU_IOAS_CHANGE_PROCESS. Only that ioctl locks more
 *				than one IOAS, all of the context; this lock makes it safe.
 *
 * User memory is copied without any of them.
 */
#ifndef _IOMMUFD_IOAS_H
#define _IOMMUFD_IOAS_H

#include <linux/jiffies.h>

#include "core/core.h"
#include "iopt/iopt.h"

/**
 * struct iommufd_ioas - IOAS object: an address space that user space maps memory into
 * @obj: the object
 * @iopt: the address space
 * @hwpts_lock: protects @hwpts; held while an automatic HWPT is looked for or made
 * @hwpts: struct iommufd_hwpt_paging, whose page tables are filled with this address space
 * @change_item: in the list of an IOMMU_IOAS_CHANGE_PROCESS; under ctx->change_lock
 */
struct iommufd_ioas {
	struct iommufd_object obj;
	struct iopt iopt;
	struct mutex hwpts_lock; /* hwpts */
	struct list_head hwpts;
	struct list_head change_item;
};

static inline struct iommufd_ioas *iommufd_get_ioas(struct iommufd_ctx *ctx, u32 id)
{
	struct iommufd_object *obj = iommufd_object_get_counted(ctx, id, IOMMUFD_OBJ_IOAS);

	return IS_ERR(obj) ? ERR_CAST(obj) : container_of(obj, struct iommufd_ioas, obj);
}

#define IOMMUFD_MAP_FLAGS \
	(IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE)

/*
 * Translate the flags of IOMMU_IOAS_MAP. IOMMU_CACHE is always set, because user space cannot flush
 * CPU caches; binding fails for devices whose IOMMU cannot keep DMA coherent.
 */
static inline int iommufd_map_prot(u32 flags)
{
	int prot = IOMMU_CACHE;

	if (flags & IOMMU_IOAS_MAP_WRITEABLE)
		prot |= IOMMU_WRITE;
	if (flags & IOMMU_IOAS_MAP_READABLE)
		prot |= IOMMU_READ;
	return prot;
}

/* Count a map that has ended. It must stay short, as most maps are small. */
static inline void iommufd_count_map(struct iommufd_ctx *ctx, int ret)
{
	struct umem_totals *totals = &ctx->totals;

	if (unlikely(ret)) {
		umem_count(totals, maps_failed, 1);
		return;
	}
	umem_count(totals, maps, 1);
	this_cpu_write(totals->counts->last_map, jiffies);
	if (unlikely(!READ_ONCE(totals->first_map)))
		cmpxchg(&totals->first_map, 0, jiffies);
}

static inline void iommufd_count_unmap(struct iommufd_ctx *ctx, int ret)
{
	if (unlikely(ret))
		umem_count(&ctx->totals, unmaps_failed, 1);
	else
		umem_count(&ctx->totals, unmaps, 1);
}

/* ioas.c */
struct iommufd_ioas *iommufd_ioas_alloc(struct iommufd_ctx *ctx);
int iommufd_ioas_alloc_ioctl(struct iommufd_ucmd *ucmd);
int iommufd_ioas_iova_ranges(struct iommufd_ucmd *ucmd);
int iommufd_ioas_allow_iovas(struct iommufd_ucmd *ucmd);
int iommufd_ioas_map(struct iommufd_ucmd *ucmd);
int iommufd_ioas_copy(struct iommufd_ucmd *ucmd);
int iommufd_ioas_unmap(struct iommufd_ucmd *ucmd);
int iommufd_option(struct iommufd_ucmd *ucmd);
void iommufd_ioas_destroy(struct iommufd_object *obj);
void iommufd_ioas_info(const struct iommufd_object *obj, struct iommufd_object_info *info);
void iommufd_ioas_show(struct seq_file *m, const struct iommufd_object *obj);

/* file.c */
int iommufd_ioas_map_file(struct iommufd_ucmd *ucmd);
int iommufd_ioas_change_process(struct iommufd_ucmd *ucmd);

/* noiommu.c */
struct iommu_domain *iommufd_noiommu_alloc_domain(void);
int iommufd_ioas_noiommu_get_pa(struct iommufd_ucmd *ucmd);

/* snapshot.c */
unsigned int iommufd_ioas_snapshot_areas(struct iommufd_ioas *ioas, struct iommufd_area_walk *walk,
					 void *areas, unsigned int max);
int iommufd_ioas_snapshot_usable(struct iommufd_ioas *ioas, u64 from, u64 *first, u64 *last);

#endif
