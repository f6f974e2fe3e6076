// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping, copying and unmapping.
 *
 * A map creates one area, a copy a chain of them, one for each area that it copies from. From then
 * on both do the same: insert the chain, map it in all page tables, and mark it live; or undo all
 * of it. A map allocates its umem together with its area, so that it costs one allocation. Copies
 * hold references on the umem, and the last reference frees both.
 *
 * An unmap has two passes. Under iopt->lock it collects and marks the areas of the range, as far as
 * they can be unmapped. Then it unmaps all of them together without that lock. If an area cannot be
 * unmapped, the areas below it are unmapped nevertheless, and the error tells why it stopped. A
 * range with very many areas is unmapped in batches.
 *
 * A process can have millions of areas. So every loop over them lets other tasks run, and a fatal
 * signal ends a call at the next batch, area or copied area. A killed map or copy is undone.
 * After a killed unmap, the areas that it has unmapped stay unmapped.
 */
#include <linux/iommu.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "iopt/internal.h"

/* Areas that are unmapped at once, before other tasks may run. */
#define UNMAP_BATCH 1024
/* How often an unmap asks accesses to unpin an area before it gives up. */
#define NOTIFY_TRIES 100

/**
 * struct iopt_mapping - the allocation of one map
 * @umem: the memory; the last reference on it frees the mapping
 * @area: the mapped area; copies have areas of their own
 */
struct iopt_mapping {
	struct umem umem;
	struct iopt_area area;
};

static struct kmem_cache *mapping_cache;
static struct kmem_cache *area_cache;

/*
 * The kernel clears new objects with memset(), unless their cache has a constructor. The callers of
 * these caches fill in the struct instead, or at least the members that are read.
 */
static void construct_nothing(void *object)
{
}

/**
 * iopt_module_init() - create the slab caches at module load
 *
 * Return: 0 or -ENOMEM.
 */
int iopt_module_init(void)
{
	/*
	 * New slabs are cleared, so the size of a mapping counts in each map. With the pointer that
	 * SLUB adds to it, 15 fit into one page, unless locks are debugged.
	 */
	static_assert(sizeof(struct iopt_mapping) - sizeof(struct mutex) <= 232);
	mapping_cache = kmem_cache_create("iopt_mapping", sizeof(struct iopt_mapping),
					  __alignof__(struct iopt_mapping), SLAB_ACCOUNT,
					  construct_nothing);
	area_cache = kmem_cache_create("iopt_area", sizeof(struct iopt_area),
				       __alignof__(struct iopt_area), SLAB_ACCOUNT,
				       construct_nothing);
	if (mapping_cache && area_cache)
		return 0;
	iopt_module_exit();
	return -ENOMEM;
}

/**
 * iopt_module_exit() - destroy the slab caches at module unload
 */
void iopt_module_exit(void)
{
	kmem_cache_destroy(area_cache);
	kmem_cache_destroy(mapping_cache);
}

/**
 * iopt_area_alloc() - allocate an area that shares the umem of another area
 *
 * Return: the area, zeroed; NULL if out of memory.
 */
struct iopt_area *iopt_area_alloc(void)
{
	struct iopt_area *area = kmem_cache_alloc(area_cache, GFP_KERNEL);

	if (area)
		*area = (struct iopt_area){};
	return area;
}

/**
 * iopt_area_free() - free an unused area from iopt_area_alloc()
 * @area: without a umem; or NULL
 */
void iopt_area_free(struct iopt_area *area)
{
	if (area)
		kmem_cache_free(area_cache, area);
}

/* Free an area that is in no tree, and drop its reference on the umem. */
static void free_area(struct iopt_area *area)
{
	struct umem *umem = area->umem;
	struct iopt_mapping *mapping = container_of(umem, struct iopt_mapping, umem);
	bool own = area != &mapping->area;

	if (own)
		kmem_cache_free(area_cache, area);
	if (umem_put(umem))
		kmem_cache_free(mapping_cache, mapping);
}

static void free_areas(struct iopt_chain *areas)
{
	struct iopt_area *area, *next;
	unsigned long step = 0;

	for (area = areas->first; area; area = next) {
		next = area->chain;
		free_area(area);
		if (next)
			iopt_resched(&step);
	}
}

/*
 * Drop stuck areas from a chain. They stay in the tree, and may be freed as soon as the caller
 * drops tables_lock.
 */
static void drop_stuck(struct iopt_chain *areas)
{
	struct iopt_area **link = &areas->first, *area;
	unsigned long step = 0;

	while ((area = *link)) {
		iopt_resched(&step);
		if (area->stuck)
			*link = area->chain;
		else
			link = &area->chain;
	}
	areas->end = link;
}

/**
 * iopt_init() - initialize an empty address space
 * @iopt: zeroed
 *
 * All addresses are usable, with any alignment, until a page table or an access is added.
 *
 * Return: 0 or -ENOMEM.
 */
int iopt_init(struct iopt *iopt)
{
	iopt->cpu = alloc_percpu_gfp(struct iopt_cpu, GFP_KERNEL_ACCOUNT);
	if (!iopt->cpu)
		return -ENOMEM;
	init_rwsem(&iopt->tables_lock);
	init_waitqueue_head(&iopt->tables_idle);
	init_rwsem(&iopt->lock);
	spin_lock_init(&iopt->tree_lock);
	umem_init_pins(&iopt->pins);
	INIT_LIST_HEAD(&iopt->tables);
	xa_init_flags(&iopt->accesses, XA_FLAGS_ALLOC | XA_FLAGS_ACCOUNT);
	iopt->areas = RB_ROOT;
	iopt->reserved = RB_ROOT_CACHED;
	iopt->allowed = RB_ROOT_CACHED;
	iopt->alignment = 1;
	return 0;
}

/**
 * iopt_destroy() - unmap all areas of an address space and free its ranges
 * @iopt: without page tables and accesses; may have areas; the caller frees @iopt->cpu
 *
 * Context: may sleep.
 */
void iopt_destroy(struct iopt *iopt)
{
	struct iopt_stats stats = {};

	WARN_ON(!list_empty(&iopt->tables) || !xa_empty(&iopt->accesses));
	WARN_ON(iopt_unmap(iopt, 0, ULONG_MAX, &stats, false));
	iopt_range_free_all(&iopt->allowed);
	iopt_range_free_all(&iopt->reserved);
	WARN_ON(!RB_EMPTY_ROOT(&iopt->areas));
}

/*
 * Ask the approver about a map whose areas are inserted but not filled. Drop tables_lock meanwhile,
 * because adding or removing a page table must not wait for the answer; both leave areas in
 * IOPT_AREA_MAPPING alone. Ask again if the first page table was added meanwhile: now the map pins.
 */
static int ask_approver(struct iopt *iopt, struct iopt_target *target)
{
	struct iopt_approver *approver = target->approver;
	int ret;

	do {
		umem_reservation_end(&approver->reservation);
		approver->pins = !list_empty(&iopt->tables);
		iopt_unlock_tables_shared(iopt);
		ret = approver->ask(approver, target);
		iopt_lock_tables_shared(iopt);
	} while (!ret && !approver->pins && !list_empty(&iopt->tables));
	/* Without totals that a policy has seen, there is no limit to keep. */
	target->pin.reservation = approver->reservation.totals ? &approver->reservation : NULL;
	return ret;
}

/* Unmap and unpin the areas of a chain from @first on, up to @end. */
static void undo_areas(struct iopt *iopt, struct iopt_area *first, struct iopt_area *end,
		       struct umem_stats *stats)
{
	struct iopt_area *stop;
	unsigned int n;

	for (; first != end; first = stop) {
		for (n = 0, stop = first; stop != end && n < UNMAP_BATCH; n++)
			stop = stop->chain;
		iopt_unmap_areas(iopt, first, stop);
		iopt_unpin_areas(iopt, first, stop, stats);
		cond_resched();
	}
}

/*
 * Map a chain of areas, filled in as iopt_insert_areas() needs them. On success they belong to the
 * address space, on error to the caller.
 */
static int map_areas(struct iopt *iopt, struct iopt_chain *areas, struct iopt_target *target,
		     struct iopt_stats *stats)
{
	struct iopt_area *area, *next;
	unsigned long n = 0, step = 0;
	int ret;

	iopt_lock_tables_shared(iopt);
	down_write(&iopt->lock);
	ret = iopt_insert_areas(iopt, areas, target);
	up_write(&iopt->lock);
	if (ret)
		goto out_unlock;
	if (unlikely(target->approver)) {
		area = areas->first;
		ret = ask_approver(iopt, target);
		if (ret)
			goto err_unmap;
	}

	iopt_chain_for_each(area, areas) {
		/* The first one finds out by itself if it has to wait. */
		if (n++ && fatal_signal_pending(current)) {
			ret = -EINTR;
			goto err_unmap;
		}
		ret = iopt_map_area(iopt, area, &target->pin, stats);
		if (ret)
			goto err_unmap;
		iopt_resched(&step);
	}
	this_cpu_add(iopt->cpu->added.areas, n);
	this_cpu_add(iopt->cpu->added.mapped, target->length);

	/* An unmap may free an area once it is live, so do not use it after that. */
	for (area = areas->first; area; area = next) {
		next = area->chain;
		/*
		 * Pairs with iopt_area_live(): the page tables have an area that is seen to be
		 * live.
		 */
		smp_store_release(&area->state, IOPT_AREA_LIVE);
		iopt_resched(&step);
	}
	goto out_unlock;

err_unmap:
	undo_areas(iopt, areas->first, area, &stats->pin);
	down_write(&iopt->lock);
	iopt_remove_areas(iopt, areas);
	up_write(&iopt->lock);
	stats->pin.pages = 0;
	if (unlikely(READ_ONCE(iopt->has_stuck)))
		drop_stuck(areas);
out_unlock:
	iopt_unlock_tables_shared(iopt);
	return ret;
}

/*
 * Fill in the members that no other function sets before they are read. Not the whole struct:
 * insert() and umem_pin() fill in its nodes, which are two thirds of it.
 */
static void init_area(struct iopt_area *area, struct umem *umem)
{
	area->umem = umem;
	area->start = 0;
	area->state = IOPT_AREA_MAPPING;
	area->no_access = false;
	area->stuck = false;
	area->copied = false;
	atomic_set(&area->access_pins, 0);
	atomic_set(&area->keep_pins, 0);
	area->runs = 0;
	area->huge = 0;
	area->dmabuf_maps = NULL;
	area->user.node.start = 0;
}

/* A dma-buf may be registers of a device, which the CPU must not cache. */
static u8 prot_for(const struct umem *umem, int prot)
{
	static_assert(IOMMU_MMIO <= U8_MAX);
	return umem->kind == UMEM_DMABUF ? (prot & ~IOMMU_CACHE) | IOMMU_MMIO : prot;
}

/**
 * iopt_map() - map memory
 * @iopt: the address space
 * @target: where to map it, and how; out: the address
 * @source: the memory; the area holds a reference of its own on a file or dma-buf
 * @stats: zeroed; out: the results
 *
 * With page tables, the memory is pinned and mapped in them on return. Without, it is not pinned
 * before the first page table is added.
 *
 * Context: may sleep for page faults of user memory; a fatal signal ends it.
 * Return: 0; an error of umem_init(), iopt_insert_areas(), iopt_map_area() or the approver.
 */
int iopt_map(struct iopt *iopt, struct iopt_target *target, const struct umem_source *source,
	     struct iopt_stats *stats)
{
	const struct umem_payer *payer;
	struct iopt_mapping *mapping;
	struct iopt_area *area;
	int ret;
	DEFINE_IOPT_CHAIN(areas);

	mapping = kmem_cache_alloc(mapping_cache, GFP_KERNEL);
	if (!mapping)
		return -ENOMEM;
	ret = umem_init(&mapping->umem, source, target->length, target->prot & IOMMU_WRITE);
	if (ret) {
		kmem_cache_free(mapping_cache, mapping);
		return ret;
	}
	/* An unmap may free the umem as soon as its area is live. */
	payer = mapping->umem.payer;

	area = &mapping->area;
	init_area(area, &mapping->umem);
	area->last = target->length - 1;
	area->page_offset = offset_in_page(source->start);
	area->prot = prot_for(&mapping->umem, target->prot);
	iopt_chain_add(&areas, area);
	ret = map_areas(iopt, &areas, target, stats);
	if (ret)
		free_areas(&areas);
	else
		umem_note_mapper(source->totals, payer);
	return ret;
}

/**
 * iopt_copy_from() - make areas for a copy of a mapped range
 * @src: the address space
 * @iova: first address of a mapped range, which may span adjacent areas
 * @target: length and protection of the copy
 * @areas: empty; out: for iopt_copy_to() or iopt_copy_abort()
 *
 * Context: may sleep; takes src->lock.
 * Return: 0; -EINVAL for a length of 0; -EOVERFLOW if the range wraps; -ENOENT if a part of it is
 * not mapped, or is being mapped or unmapped; -ENOMEM; -EINTR.
 */
int iopt_copy_from(struct iopt *src, unsigned long iova, const struct iopt_target *target,
		   struct iopt_chain *areas)
{
	unsigned long last, end, step = 0;
	struct iopt_area *from, *area;
	int ret;

	ret = iopt_last(iova, target->length, &last);
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
		area->user.node.start = iopt_area_page(from, iova);
		area->page_offset = offset_in_page(iopt_area_byte(from, iova));
		area->last = end - iova;
		area->prot = prot_for(from->umem, target->prot);
		area->copied = true;
		iopt_chain_add(areas, area);
		if (end == last)
			break;
		iova = end + 1;
		iopt_resched(&step);
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
	}
	up_read(&src->lock);
	if (ret)
		iopt_copy_abort(areas);
	return ret;
}

/**
 * iopt_copy_abort() - free the areas of a copy
 * @areas: from iopt_copy_from()
 */
void iopt_copy_abort(struct iopt_chain *areas)
{
	free_areas(areas);
	areas->first = NULL;
}

/**
 * iopt_copy_pages() - count the pages of a copy, by their owners
 * @areas: from iopt_copy_from()
 * @shares: empty; out; a page that is in two areas counts twice
 */
void iopt_copy_pages(const struct iopt_chain *areas, struct umem_shares *shares)
{
	const struct iopt_area *area;
	unsigned long step = 0;

	/* They are not inserted yet, so start is 0. */
	iopt_chain_for_each(area, areas) {
		if (area->umem->kind != UMEM_DMABUF)
			umem_shares_add(shares, area->umem,
					((area->last + area->page_offset) >> PAGE_SHIFT) + 1);
		iopt_resched(&step);
	}
}

/**
 * iopt_copy_to() - map a copy
 * @dst: where to map it; may be the address space that it was copied from
 * @target: the range; out: the address
 * @areas: from iopt_copy_from() with the same @target; used up
 * @stats: zeroed; out: the results
 *
 * Memory that is pinned is neither pinned nor charged again.
 *
 * Context: as iopt_map().
 * Return: 0; an error of iopt_insert_areas(), iopt_map_area() or the approver.
 */
int iopt_copy_to(struct iopt *dst, struct iopt_target *target, struct iopt_chain *areas,
		 struct iopt_stats *stats)
{
	int ret = map_areas(dst, areas, target, stats);

	if (ret)
		iopt_copy_abort(areas);
	return ret;
}

/*
 * Mark the areas of [*@start, last] that can be unmapped now, and collect them in @areas. Stop at
 * an area that accesses have pinned and return it in *@busy, so that they can be asked to unpin it.
 * Stop after UNMAP_BATCH areas, too, and set *@start and *@more to go on from there.
 */
static int collect(struct iopt *iopt, unsigned long *from, unsigned long last,
		   struct iopt_chain *areas, struct iopt_area **busy, bool *more)
{
	unsigned long start = *from, n = 0, step = 0;
	struct iopt_area *area;

	for (area = iopt_find(iopt, start); area && area->start <= last; area = area->next) {
		/* The IOMMU driver did not unmap all of it, and will not the next time. */
		if (area->stuck && area->state == IOPT_AREA_UNMAPPING) {
			iopt_resched(&step);
			continue;
		}
		if (!iopt_area_live(area))
			return -EBUSY;
		/* Hardware uses it until the object that pinned it is destroyed. */
		if (atomic_read(&area->keep_pins))
			return -EBUSY;
		if (area->start < start || area->last > last)
			return -ENOENT;
		if (atomic_read(&area->access_pins)) {
			/* Pinning takes iopt->lock and sees no_access from now on. */
			area->no_access = true;
			*busy = area;
			return 0;
		}
		area->state = IOPT_AREA_UNMAPPING;
		iopt_chain_add(areas, area);
		if (unlikely(++n == UNMAP_BATCH) && area->last < last) {
			*from = area->last + 1;
			*more = true;
			return 0;
		}
	}
	return 0;
}

/*
 * Unmap marked areas from all page tables, remove them from the tree, then unpin them. No other map
 * or unmap waits for a flush of the IOTLB, because iopt->lock is held for the tree alone.
 */
static int unmap_areas(struct iopt *iopt, struct iopt_chain *areas, struct iopt_stats *stats)
{
	unsigned long n = 0, bytes = 0;
	struct iopt_area *area;
	int ret = 0;

	iopt_unmap_areas(iopt, areas->first, NULL);
	down_write(&iopt->lock);
	iopt_remove_areas(iopt, areas);
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
	iopt_unpin_areas(iopt, areas->first, NULL, &stats->pin);
	this_cpu_add(iopt->cpu->removed.areas, n);
	this_cpu_add(iopt->cpu->removed.mapped, bytes);
	return ret;
}

/**
 * iopt_unpinned() - count the pages that a new page table would pin, by their owners
 * @iopt: the address space
 * @shares: empty; out: they may change at any time; empty if there is a page table
 *
 * Context: may sleep; takes iopt->lock.
 */
void iopt_unpinned(struct iopt *iopt, struct umem_shares *shares)
{
	struct iopt_area *area;
	unsigned long step = 0;

	down_read(&iopt->lock);
	if (list_empty_careful(&iopt->tables))
		for (area = iopt_find(iopt, 0); area; area = area->next) {
			/* A map that is still being decided on may be refused. */
			if (iopt_area_live(area) && area->umem->kind != UMEM_DMABUF)
				umem_shares_add(shares, area->umem,
						iopt_area_page(area, area->last) -
							iopt_area_first(area) + 1);
			iopt_resched(&step);
		}
	up_read(&iopt->lock);
}

/* Undo the no_access of an area that will not be unmapped, if it is still there. */
static void allow_access(struct iopt *iopt, unsigned long start)
{
	struct iopt_area *area;

	down_write(&iopt->lock);
	area = iopt_find(iopt, start);
	/* Another unmap that waits for it sets it again. */
	if (area && area->start == start && iopt_area_live(area))
		area->no_access = false;
	up_write(&iopt->lock);
}

/**
 * iopt_unmap() - unmap all areas of a range
 * @iopt: the address space
 * @start: first address
 * @last: last address
 * @stats: zeroed; out: the results, also on error
 * @killable: a fatal signal ends it
 *
 * Asks accesses to unpin the areas. On return, no device reaches the memory through this address
 * space, and it is unpinned unless something else uses it.
 *
 * Context: may sleep.
 * Return: 0, also if nothing is mapped there. -ENOENT if an area is only partly in the range;
 * -EBUSY if one is being mapped or unmapped, or is pinned with IOPT_PIN_KEEP; -EDEADLOCK if an
 * access does not unpin one: the areas below it are unmapped. -EIO if an IOMMU driver did not unmap
 * all of an area, which is now stuck: all others are unmapped. -EINTR if killed: areas at the upper
 * end of the range are still mapped.
 */
int iopt_unmap(struct iopt *iopt, unsigned long start, unsigned long last, struct iopt_stats *stats,
	       bool killable)
{
	unsigned long asked = 0;
	unsigned int tries = 0;
	int stuck = 0;

	for (;;) {
		unsigned long busy_start = 0, busy_length = 0;
		struct iopt_area *busy = NULL;
		bool more = false;
		int ret;
		DEFINE_IOPT_CHAIN(areas);

		iopt_lock_tables_shared(iopt);
		down_write(&iopt->lock);
		ret = collect(iopt, &start, last, &areas, &busy, &more);
		if (busy) {
			busy_start = busy->start;
			busy_length = iopt_area_length(busy);
		}
		up_write(&iopt->lock);
		if (areas.first)
			stuck = unmap_areas(iopt, &areas, stats) ?: stuck;
		if (unlikely(READ_ONCE(iopt->has_stuck)))
			drop_stuck(&areas);
		iopt_unlock_tables_shared(iopt);
		free_areas(&areas);

		if (likely(!busy_length && !more))
			return ret ?: stuck;
		if (killable && fatal_signal_pending(current)) {
			if (busy_length)
				allow_access(iopt, busy_start);
			return -EINTR;
		}
		if (more)
			continue;
		if (busy_start != asked)
			tries = 0;
		asked = busy_start;
		if (WARN_ON(tries++ > NOTIFY_TRIES)) {
			allow_access(iopt, busy_start);
			return -EDEADLOCK;
		}
		/* An access that is being detached unpins by itself, but needs time for it. */
		if (tries > 1)
			schedule_timeout_uninterruptible(1);
		iopt_notify_unmap(iopt, busy_start, busy_length);
		/* Maps made below it meanwhile are not part of this unmap. */
		start = busy_start;
	}
}

/**
 * iopt_table_freed() - release stuck areas after the domain of a page table was freed
 * @iopt: the address space
 * @table: its page table, whether iopt_add_table() was called for it or not
 *
 * When the last domain is freed, no device can reach stuck areas any more. They are unpinned, and
 * removed if they were being unmapped.
 *
 * Context: may sleep.
 */
void iopt_table_freed(struct iopt *iopt, struct iopt_table *table)
{
	struct iopt_area *area, *next;
	struct umem_stats stats = {};
	unsigned long step = 0;
	DEFINE_IOPT_CHAIN(gone);

	if (!table->counted)
		return;
	iopt_lock_tables(iopt);
	if (--iopt->domains || likely(!iopt->has_stuck))
		goto out_unlock;
	down_write(&iopt->lock);
	for (area = iopt_find(iopt, 0); area; area = next) {
		next = area->next;
		iopt_resched(&step);
		if (!area->stuck)
			continue;
		iopt_release_stuck(iopt, area, &stats);
		if (iopt_area_live(area))
			continue;
		iopt_remove_area(iopt, area);
		iopt_chain_add(&gone, area);
	}
	up_write(&iopt->lock);
	iopt->has_stuck = false;
out_unlock:
	iopt_unlock_tables(iopt);
	free_areas(&gone);
}
