// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping, copying and unmapping in an I/O address space.
 *
 * A map makes one area, a copy makes a chain of them (one for each area it copies from); from
 * there on they are the same: place the chain, fill it, declare it live; or undo all of it. A umem
 * is allocated together with the area that the map made, so that a map costs one allocation;
 * copies hold a reference on it, and the memory of both is freed with the last of them.
 *
 * Memory of a file is mapped as user memory is; only its umem is made in another way.
 *
 * An unmap works in two passes. Under iopt->lock it goes up the areas of the range, as far as they
 * can be unmapped, and marks them. Then, without that lock, it empties all of them together. What
 * comes first in the range is unmapped even if what comes later cannot be; the error tells.
 */
#include <linux/iommu.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "iopt/iopt.h"

/* An area of at most this size is unmapped without dropping iopt->lock in between. */
#define UNMAP_LOCKED SZ_2M
/* An unmap asks accesses this many times to let go of an area before it gives up. */
#define NOTIFY_TRIES 100

/**
 * struct iopt_mapping - what a map allocates
 * @umem: the memory; its release frees the whole
 * @area: the area that was mapped; copies have areas of their own
 */
struct iopt_mapping {
	struct umem umem;
	struct iopt_area area;
};

static struct kmem_cache *mapping_cache;
static struct kmem_cache *area_cache;

/**
 * iopt_module_init() - at module load
 *
 * Return: 0 or -ENOMEM.
 */
int iopt_module_init(void)
{
	/* So aligned it fits well into slabs of one page, which cost least to give back. */
	mapping_cache = kmem_cache_create("iopt_mapping", sizeof(struct iopt_mapping), 32,
					  SLAB_ACCOUNT, NULL);
	area_cache = KMEM_CACHE(iopt_area, SLAB_ACCOUNT);
	if (mapping_cache && area_cache)
		return 0;
	iopt_module_exit();
	return -ENOMEM;
}

/**
 * iopt_module_exit() - at module unload
 */
void iopt_module_exit(void)
{
	kmem_cache_destroy(area_cache);
	kmem_cache_destroy(mapping_cache);
}

static void mapping_release(struct umem *umem)
{
	kmem_cache_free(mapping_cache, container_of(umem, struct iopt_mapping, umem));
}

/**
 * iopt_area_alloc() - memory for an area that shares the umem of another one
 *
 * Return: the area, zeroed, or NULL.
 */
struct iopt_area *iopt_area_alloc(void)
{
	return kmem_cache_zalloc(area_cache, GFP_KERNEL);
}

/**
 * iopt_area_free() - free what iopt_area_alloc() gave
 * @area: was not used, and holds no umem; or NULL
 */
void iopt_area_free(struct iopt_area *area)
{
	if (area)
		kmem_cache_free(area_cache, area);
}

/* Drop an area that is in no tree, and its reference on the memory. */
static void free_area(struct iopt_area *area)
{
	struct umem *umem = area->umem;
	struct iopt_mapping *mapping = container_of(umem, struct iopt_mapping, umem);
	bool own = area != &mapping->area;

	if (own)
		kmem_cache_free(area_cache, area);
	umem_put(umem);
}

static void free_areas(struct iopt_chain *areas)
{
	struct iopt_area *area, *next;

	for (area = areas->first; area; area = next) {
		next = area->chain;
		free_area(area);
	}
}

/*
 * Stuck areas stay in the tree, and are not the caller's any more: they may be freed as soon as
 * tables_lock, which is held, is dropped.
 */
static void leave_stuck(struct iopt_chain *areas)
{
	struct iopt_area **link = &areas->first, *area;

	while ((area = *link)) {
		if (area->stuck)
			*link = area->chain;
		else
			link = &area->chain;
	}
	areas->end = link;
}

/**
 * iopt_init() - a new, empty address space
 * @iopt: zeroed
 *
 * All addresses are usable and no alignment is needed until page tables or accesses come.
 */
void iopt_init(struct iopt *iopt)
{
	init_rwsem(&iopt->tables_lock);
	init_rwsem(&iopt->lock);
	INIT_LIST_HEAD(&iopt->tables);
	xa_init_flags(&iopt->accesses, XA_FLAGS_ALLOC | XA_FLAGS_ACCOUNT);
	iopt->areas = RB_ROOT;
	iopt->reserved = RB_ROOT_CACHED;
	iopt->allowed = RB_ROOT_CACHED;
	iopt->alignment = 1;
}

/**
 * iopt_destroy() - the end of an address space
 * @iopt: without page tables and accesses; areas may be left
 */
void iopt_destroy(struct iopt *iopt)
{
	struct iopt_stats stats = {};

	WARN_ON(!list_empty(&iopt->tables) || !xa_empty(&iopt->accesses));
	WARN_ON(iopt_unmap(iopt, 0, ULONG_MAX, &stats));
	iopt_range_free_all(&iopt->allowed);
	iopt_range_free_all(&iopt->reserved);
	WARN_ON(!RB_EMPTY_ROOT(&iopt->areas));
}

/* iopt->lock is held for writing. */
static void remove_areas(struct iopt *iopt, struct iopt_chain *areas)
{
	struct iopt_area *area;

	iopt_chain_for_each(area, areas) {
		/* Nobody may be given the place while a page table has something there. */
		if (area->stuck)
			area->state = AREA_EMPTYING;
		else
			iopt_remove_area(iopt, area);
	}
}

/*
 * Ask for permission to fill areas that are in the tree, but not filled yet. Drop tables_lock
 * meanwhile, because adding or removing a page table must not wait for the answer; it leaves areas
 * in AREA_FILLING alone. Ask again if the first page table was added meanwhile: now the map pins.
 */
static int ask_permit(struct iopt *iopt, struct iopt_permit *permit, unsigned long iova,
		      unsigned long length)
{
	int ret;

	do {
		umem_reservation_end(&permit->reservation);
		permit->pins = !list_empty(&iopt->tables);
		up_read(&iopt->tables_lock);
		ret = permit->ask(permit, iova, length);
		down_read(&iopt->tables_lock);
	} while (!ret && !permit->pins && !list_empty(&iopt->tables));
	return ret;
}

/*
 * Map a chain of areas; see iopt_place() for what is to be filled in. On success they belong to
 * the address space, on failure to the caller.
 */
static int map_areas(struct iopt *iopt, struct iopt_chain *areas, unsigned long length,
		     unsigned long *iova, bool fixed, struct iopt_stats *stats)
{
	struct iopt_area *area, *next;
	long n = 0;
	int ret;

	down_read(&iopt->tables_lock);
	down_write(&iopt->lock);
	ret = iopt_place(iopt, areas, length, iova, fixed);
	up_write(&iopt->lock);
	if (ret)
		goto out_unlock;
	if (unlikely(stats->permit)) {
		area = areas->first;
		ret = ask_permit(iopt, stats->permit, *iova, length);
		if (ret)
			goto err_empty;
		stats->pin.reservation = &stats->permit->reservation;
	}

	iopt_chain_for_each(area, areas) {
		ret = iopt_fill(iopt, area, stats);
		if (ret)
			goto err_empty;
	}

	iopt_chain_for_each(area, areas)
		n++;
	atomic_long_add(n, &iopt->totals.areas);
	atomic_long_add(length, &iopt->totals.mapped);

	/* Once an area is live an unmap may free it: it is not touched after that. */
	for (area = areas->first; area; area = next) {
		next = area->chain;
		/* Pairs with iopt_area_live(): who sees it live sees it filled. */
		smp_store_release(&area->state, AREA_LIVE);
	}
	goto out_unlock;

err_empty:
	iopt_empty(iopt, areas->first, area);
	iopt_unpin(iopt, areas->first, area, stats);
	down_write(&iopt->lock);
	remove_areas(iopt, areas);
	up_write(&iopt->lock);
	stats->pin.pages = 0;
	if (unlikely(READ_ONCE(iopt->has_stuck)))
		leave_stuck(areas);
out_unlock:
	up_read(&iopt->tables_lock);
	return ret;
}

/* What a dma-buf has behind it may be registers of a device, which no CPU may cache. */
static u8 prot_for(const struct umem *umem, int prot)
{
	static_assert(IOMMU_MMIO <= U8_MAX);
	return umem->kind == UMEM_DMABUF ? (prot & ~IOMMU_CACHE) | IOMMU_MMIO : prot;
}

/* Map what has been allocated, whose umem is made; on failure it is freed. */
static __always_inline int map_mapping(struct iopt *iopt, struct iopt_mapping *mapping,
				       unsigned long *iova, bool fixed, unsigned int page_offset,
				       unsigned long length, int prot, struct iopt_stats *stats)
{
	struct iopt_area *area = &mapping->area;
	int ret;
	DEFINE_IOPT_CHAIN(areas);

	area->umem = &mapping->umem;
	area->last = length - 1;
	area->page_offset = page_offset;
	area->prot = prot;
	iopt_chain_add(&areas, area);

	ret = map_areas(iopt, &areas, length, iova, fixed, stats);
	if (ret)
		free_areas(&areas);
	return ret;
}

/**
 * iopt_map_user() - map memory of the calling process
 * @iopt: the address space
 * @iova: in with @fixed, out otherwise: first address
 * @fixed: map there and nowhere else
 * @uptr: user address
 * @length: bytes
 * @prot: IOMMU_READ, IOMMU_WRITE, IOMMU_CACHE
 * @account_mm: account pinned pages to the process, not to the user
 * @totals: where pinned pages are summed up
 * @stats: zeroed, with pin.timed set as wanted; out: what was done
 *
 * With page tables the memory is pinned and mapped on return; without, neither before one comes.
 *
 * Context: may sleep for as long as page faults of user memory take; a fatal signal ends it.
 * Return: 0 or an error of umem_init(), iopt_place(), umem_pin() or the IOMMU driver.
 */
int iopt_map_user(struct iopt *iopt, unsigned long *iova, bool fixed, unsigned long uptr,
		  unsigned long length, int prot, bool account_mm, struct umem_totals *totals,
		  struct iopt_stats *stats)
{
	struct iopt_mapping *mapping;
	int ret;

	mapping = kmem_cache_zalloc(mapping_cache, GFP_KERNEL);
	if (!mapping)
		return -ENOMEM;
	ret = umem_init(&mapping->umem, uptr, length, prot & IOMMU_WRITE, account_mm, totals,
			mapping_release);
	if (ret) {
		kmem_cache_free(mapping_cache, mapping);
		return ret;
	}

	return map_mapping(iopt, mapping, iova, fixed, offset_in_page(uptr), length, prot, stats);
}

/**
 * iopt_map_file() - map a part of a file
 * @iopt: the address space
 * @iova: in with @fixed, out otherwise: first address
 * @fixed: map there and nowhere else
 * @source: the file; what is mapped has a reference of its own
 * @start: first byte in the file
 * @length: bytes
 * @prot: as for iopt_map_user()
 * @account_mm: as for iopt_map_user()
 * @totals: as for iopt_map_user()
 * @stats: as for iopt_map_user()
 *
 * Context: may sleep; a fatal signal ends it.
 * Return: 0 or an error of umem_init_file(), umem_init_dmabuf(), iopt_place(), umem_pin() or the
 * IOMMU driver.
 */
int iopt_map_file(struct iopt *iopt, unsigned long *iova, bool fixed,
		  const struct iopt_source *source, unsigned long start, unsigned long length,
		  int prot, bool account_mm, struct umem_totals *totals, struct iopt_stats *stats)
{
	struct iopt_mapping *mapping;
	int ret;

	mapping = kmem_cache_zalloc(mapping_cache, GFP_KERNEL);
	if (!mapping)
		return -ENOMEM;
	if (source->dmabuf)
		ret = umem_init_dmabuf(&mapping->umem, source->dmabuf, source->importer, start,
				       length, prot & IOMMU_WRITE, totals, mapping_release);
	else
		ret = umem_init_file(&mapping->umem, source->file, start, length,
				     prot & IOMMU_WRITE, account_mm, totals, mapping_release);
	if (ret) {
		kmem_cache_free(mapping_cache, mapping);
		return ret;
	}
	return map_mapping(iopt, mapping, iova, fixed, offset_in_page(start), length,
			   prot_for(&mapping->umem, prot), stats);
}

/**
 * iopt_copy_from() - take hold of the memory behind a range
 * @src: the address space
 * @iova: first address
 * @length: bytes; any part of what is mapped, across areas if they touch
 * @prot: for the copy: IOMMU_READ, IOMMU_WRITE, IOMMU_CACHE
 * @areas: out: what iopt_copy_to() or iopt_copy_abort() takes
 *
 * Return: 0; -EINVAL for a length of 0; -EOVERFLOW; -ENOENT if a part of the range is not mapped,
 * or is being mapped or unmapped; -ENOMEM.
 */
int iopt_copy_from(struct iopt *src, unsigned long iova, unsigned long length, int prot,
		   struct iopt_chain *areas)
{
	struct iopt_area *from, *area;
	unsigned long last, end;
	int ret;

	ret = iopt_last(iova, length, &last);
	if (ret)
		return ret;

	down_read(&src->lock);
	for (from = iopt_find(src, iova);; from = from->next) {
		if (!from || from->start > iova || !iopt_area_live(from)) {
			ret = -ENOENT;
			break;
		}
		area = iopt_area_alloc();
		if (!area) {
			ret = -ENOMEM;
			break;
		}
		end = min(last, from->last);
		umem_get(from->umem);
		area->umem = from->umem;
		area->first = iopt_area_page(from, iova);
		area->page_offset = offset_in_page(iopt_area_byte(from, iova));
		area->last = end - iova;
		area->prot = prot_for(from->umem, prot);
		iopt_chain_add(areas, area);
		if (end == last)
			break;
		iova = end + 1;
	}
	up_read(&src->lock);
	if (ret)
		iopt_copy_abort(areas);
	return ret;
}

/**
 * iopt_copy_abort() - let go of what iopt_copy_from() took
 * @areas: from iopt_copy_from()
 */
void iopt_copy_abort(struct iopt_chain *areas)
{
	free_areas(areas);
	areas->first = NULL;
}

/**
 * iopt_copy_pages() - how many pages a copy is of
 * @areas: from iopt_copy_from()
 *
 * Return: pages; those that are of two areas count twice.
 */
unsigned long iopt_copy_pages(const struct iopt_chain *areas)
{
	const struct iopt_area *area;
	unsigned long pages = 0;

	/* Not placed yet: they begin at 0. */
	iopt_chain_for_each(area, areas)
		pages += ((area->last + area->page_offset) >> PAGE_SHIFT) + 1;
	return pages;
}

/**
 * iopt_copy_to() - map what iopt_copy_from() took
 * @dst: where to map it; may be where it came from
 * @areas: from iopt_copy_from(); used up
 * @length: bytes, as given there
 * @iova: in with @fixed, out otherwise: first address
 * @fixed: map there and nowhere else
 * @stats: as for iopt_map_user()
 *
 * Memory that is pinned is neither pinned nor accounted again.
 *
 * Return: as iopt_map_user().
 */
int iopt_copy_to(struct iopt *dst, struct iopt_chain *areas, unsigned long length,
		 unsigned long *iova, bool fixed, struct iopt_stats *stats)
{
	int ret = map_areas(dst, areas, length, iova, fixed, stats);

	if (ret)
		iopt_copy_abort(areas);
	return ret;
}

/*
 * Go up the areas of [*@start, @last] and mark what can be unmapped now. An area that accesses
 * have pinned, and that is not preceded by others, is returned in *@busy for them to be told.
 */
static int collect(struct iopt *iopt, unsigned long start, unsigned long last,
		   struct iopt_chain *areas, struct iopt_area **busy)
{
	struct iopt_area *area;

	for (area = iopt_find(iopt, start); area && area->start <= last; area = area->next) {
		/* Unmapped as far as the IOMMU driver could: nothing more can be done. */
		if (area->stuck && area->state == AREA_EMPTYING)
			continue;
		if (!iopt_area_live(area))
			return -EBUSY;
		/* Hardware works on it: only who set that up can end it. */
		if (atomic_read(&area->keeps))
			return -EBUSY;
		if (area->start < start || area->last > last)
			return -ENOENT;
		if (atomic_read(&area->access_pins)) {
			/* Whoever pins needs iopt->lock and sees no_access from now on. */
			area->no_access = true;
			*busy = area;
			return 0;
		}
		area->state = AREA_EMPTYING;
		iopt_chain_add(areas, area);
	}
	return 0;
}

/*
 * Take marked areas out of the page tables, then out of the tree, then give their pages back.
 * Called with iopt->lock held for writing, and drops it; while there is much to do, at once.
 */
static int unmap_areas(struct iopt *iopt, struct iopt_chain *areas, struct iopt_stats *stats)
{
	struct iopt_area *area = areas->first;
	bool small = !area->chain && iopt_area_length(area) <= UNMAP_LOCKED;
	unsigned long n = 0, bytes = 0;
	int ret = 0;

	if (!small)
		up_write(&iopt->lock);
	iopt_empty(iopt, areas->first, NULL);
	if (!small)
		down_write(&iopt->lock);
	remove_areas(iopt, areas);
	up_write(&iopt->lock);

	iopt_chain_for_each(area, areas) {
		n++;
		bytes += iopt_area_length(area);
		if (likely(!area->stuck)) {
			stats->areas++;
			stats->bytes += iopt_area_length(area);
		} else {
			ret = -EIO;
		}
	}
	iopt_unpin(iopt, areas->first, NULL, stats);
	atomic_long_sub(n, &iopt->totals.areas);
	atomic_long_sub(bytes, &iopt->totals.mapped);
	return ret;
}

/**
 * iopt_unpinned() - what a new page table would have pinned
 * @iopt: the address space
 *
 * Return: pages, as things stand; 0 if there is a page table already.
 */
unsigned long iopt_unpinned(struct iopt *iopt)
{
	struct iopt_area *area;
	unsigned long pages = 0;

	down_read(&iopt->lock);
	if (list_empty_careful(&iopt->tables))
		for (area = iopt_find(iopt, 0); area; area = area->next)
			if (area->umem->kind != UMEM_DMABUF)
				pages += iopt_area_page(area, area->last) - area->first + 1;
	up_read(&iopt->lock);
	return pages;
}

/**
 * iopt_unmap() - unmap all areas in a range
 * @iopt: the address space
 * @start: first address
 * @last: last address
 * @stats: zeroed; out: what was done, also on error
 *
 * Accesses are told to unpin what they hold. When this returns no device can reach the memory
 * through this address space, and it is unpinned unless it is in use elsewhere.
 *
 * Context: may sleep.
 * Return: 0, also if nothing is mapped there; -ENOENT if an area is only partly in the range;
 * -EBUSY if one is being mapped or unmapped by somebody else, or kept; -EDEADLOCK if an access does
 * not unpin; then areas below the one that is the reason are unmapped. -EIO if the IOMMU driver did
 * not let go of an area: devices may still reach it, so it stays pinned and keeps its place until
 * all page tables are freed; all others are unmapped.
 */
int iopt_unmap(struct iopt *iopt, unsigned long start, unsigned long last, struct iopt_stats *stats)
{
	unsigned long told = 0;
	unsigned int tries = 0;
	int stuck = 0;

	for (;;) {
		unsigned long busy_start = 0, busy_length = 0;
		struct iopt_area *busy = NULL;
		int ret;
		DEFINE_IOPT_CHAIN(areas);

		down_read(&iopt->tables_lock);
		down_write(&iopt->lock);
		ret = collect(iopt, start, last, &areas, &busy);
		if (busy) {
			busy_start = busy->start;
			busy_length = iopt_area_length(busy);
		}
		if (!areas.first)
			up_write(&iopt->lock);
		else
			stuck = unmap_areas(iopt, &areas, stats) ?: stuck;
		if (unlikely(READ_ONCE(iopt->has_stuck)))
			leave_stuck(&areas);
		up_read(&iopt->tables_lock);
		free_areas(&areas);

		if (!busy_length)
			return ret ?: stuck;
		if (busy_start != told)
			tries = 0;
		told = busy_start;
		if (WARN_ON(tries++ > NOTIFY_TRIES))
			return -EDEADLOCK;
		/* An access that is being detached unpins by itself, but needs the time for it. */
		if (tries > 1)
			schedule_timeout_uninterruptible(1);
		iopt_notify_unmap(iopt, busy_start, busy_length);
		/* What was mapped below in the meantime belongs to somebody else. */
		start = busy_start;
	}
}

/**
 * iopt_table_freed() - the domain of a page table has been freed
 * @iopt: the address space
 * @table: not used any more, whether iopt_add_table() was called for it or not
 *
 * With the last one, what an IOMMU driver did not unmap cannot be reached any more. Its memory is
 * given back, and so is its place if it was to be unmapped.
 */
void iopt_table_freed(struct iopt *iopt, struct iopt_table *table)
{
	struct iopt_area *area, *next;
	struct iopt_stats stats = {};
	DEFINE_IOPT_CHAIN(gone);

	if (!table->counted)
		return;
	down_write(&iopt->tables_lock);
	if (--iopt->domains || likely(!iopt->has_stuck))
		goto out_unlock;
	down_write(&iopt->lock);
	for (area = iopt_find(iopt, 0); area; area = next) {
		next = area->next;
		if (!area->stuck)
			continue;
		iopt_release(iopt, area, &stats);
		if (iopt_area_live(area))
			continue;
		iopt_remove_area(iopt, area);
		iopt_chain_add(&gone, area);
	}
	up_write(&iopt->lock);
	iopt->has_stuck = false;
out_unlock:
	up_write(&iopt->tables_lock);
	free_areas(&gone);
}
