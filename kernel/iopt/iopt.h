/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iopt: one I/O address space. It knows areas (IOVA ranges with memory behind them), ranges
 * that may not or may be used, the page tables to be kept filled, and the accesses that look at
 * it from inside the kernel. It knows nothing of ids, files and ioctls.
 *
 * An area is in one of three states:
 *
 *	AREA_FILLING	it has its place, and a map is at work on it
 *	AREA_LIVE	pinned, and in every page table (without page tables: only promised)
 *	AREA_EMPTYING	an unmap is at work on it
 *
 * and it keeps its place in the tree through all of them, so nothing else can be put there while a
 * page table may still hold a part of it. Long stats, and work on user memory, which may wait for
 * page faults, is done in the first and last state without iopt->lock.
 *
 * Locks, outermost first:
 *
 *	tables_lock	held for reading by map, copy and unmap from the first look at an area to
 *			the last, for writing while a page table or access comes or goes, a mode
 *			changes, or an area is cut: who holds it for writing sees only live areas
 *			(and ones that are stuck, and ones that have their place only, since
 *			policies are asked about them), and their tree stands still.
 *	lock		the trees and the alignment. Maps and unmaps never hold it while they wait
 *			for user memory; accesses hold it for reading while they pin or copy.
 *	umem->lock	see umem.h.
 *
 * Outside of them all: table->dirty_lock, one reader of dirty pages at a time; see iopt_dirty.c.
 *
 * A page is given back only in this order: taken out of every page table, caches flushed (both by
 * iommu_unmap()), then unpinned. The area leaves the tree, and its place is free, once it is in no
 * page table.
 *
 * The area of a dma-buf has nothing to pin. Instead it has a struct iopt_dmabuf for each page table
 * it is in, by which it can be taken out of the page table under umem->lock alone, when access is
 * revoked. The area stays, empty.
 */
#ifndef _IOMMUFD_IOPT_H
#define _IOMMUFD_IOPT_H

#include <linux/interval_tree.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/rbtree.h>
#include <linux/rwsem.h>
#include <linux/xarray.h>

#include "umem/owner.h"
#include "umem/umem.h"

struct device;
struct iommu_domain;
struct iopt;
struct iopt_dmabuf;

enum iopt_area_state {
	AREA_FILLING,
	AREA_LIVE,
	AREA_EMPTYING,
};

/**
 * struct iopt_area - an IOVA range and the part of a umem behind it
 * @node: in iopt->areas, by address
 * @prev: the area below, NULL for the lowest
 * @next: the area above, NULL for the highest
 * @start: first IOVA
 * @last: last IOVA
 * @gap: free addresses just before @start (reserved ones count as free)
 * @max_gap: largest @gap in this subtree
 * @umem: the memory; the area holds a reference
 * @first: first page within the umem
 * @page_offset: where in that page @start is
 * @prot: IOMMU_READ, IOMMU_WRITE; IOMMU_MMIO for a dma-buf, IOMMU_CACHE for all else
 * @state: enum iopt_area_state
 * @no_access: being unmapped: accesses have been told, and may not pin any more
 * @stuck: an IOMMU driver could not unmap all of it: it keeps its memory, pinned, and its place,
 *	until all page tables are freed
 * @access_pins: pins that accesses hold in the area
 * @keeps: of these, the ones that an unmap cannot ask back
 * @runs: runs put into a page table, when there is one
 * @user: the page tables' claim on the memory; in use while there is a page table. A dma-buf has no
 *	pages to claim:
 * @dmabufs: of a dma-buf: one for each page table it is in; under umem->lock
 * @chain: the next of the areas that a call works on together
 */
struct iopt_area {
	struct rb_node node;
	struct iopt_area *prev;
	struct iopt_area *next;
	unsigned long start;
	unsigned long last;
	unsigned long gap;
	unsigned long max_gap;
	struct umem *umem;
	unsigned long first;
	unsigned int page_offset;
	u8 prot;
	u8 state;
	bool no_access;
	bool stuck;
	atomic_t access_pins;
	atomic_t keeps;
	unsigned long runs;
	union {
		struct umem_user user;
		struct iopt_dmabuf *dmabufs;
	};
	struct iopt_area *chain;
};

static inline unsigned long iopt_area_length(const struct iopt_area *area)
{
	return area->last - area->start + 1;
}

/* The last address of a range; -EINVAL if it has none, -EOVERFLOW if it wraps. */
static inline int iopt_last(unsigned long iova, unsigned long length, unsigned long *last)
{
	if (!length)
		return -EINVAL;
	return check_add_overflow(iova, length - 1, last) ? -EOVERFLOW : 0;
}

/* Whether a map has finished with the area, and no unmap has begun. */
static inline bool iopt_area_live(const struct iopt_area *area)
{
	/* Pairs with map_areas(): an area that is live is filled. */
	return smp_load_acquire(&area->state) == AREA_LIVE;
}

/* Page of the umem that holds @iova. */
static inline unsigned long iopt_area_page(const struct iopt_area *area, unsigned long iova)
{
	return area->first + ((iova - area->start + area->page_offset) >> PAGE_SHIFT);
}

/* Byte of the umem that @iova stands for. */
static inline unsigned long iopt_area_byte(const struct iopt_area *area, unsigned long iova)
{
	return area->first * PAGE_SIZE + area->page_offset + (iova - area->start);
}

/**
 * struct iopt_chain - areas that a call works on together, by address
 * @first: the first, or NULL; the others follow in @chain of each
 * @end: where the next one is to be noted down
 */
struct iopt_chain {
	struct iopt_area *first;
	struct iopt_area **end;
};

#define DEFINE_IOPT_CHAIN(name) struct iopt_chain name = { .end = &name.first }

#define iopt_chain_for_each(pos, areas) for ((pos) = (areas)->first; (pos); (pos) = (pos)->chain)

static inline void iopt_chain_add(struct iopt_chain *chain, struct iopt_area *area)
{
	area->chain = NULL;
	*chain->end = area;
	chain->end = &area->chain;
}

/**
 * struct iopt_table - a page table that is kept filled with all of an address space
 * @domain: the IOMMU core's object
 * @physical: nothing translates: the devices use physical addresses
 * @item: in iopt->tables
 * @dirty_lock: held by who reads dirty pages
 * @tracks_dirty: dirty tracking is on; changed with tables_lock and lock held for writing
 * @counted: in iopt->domains
 * @reservation: while it is being added: what may be pinned for it, or NULL
 */
struct iopt_table {
	struct iommu_domain *domain;
	bool physical;
	struct list_head item;
	struct mutex dirty_lock; /* readers of dirty pages */
	bool tracks_dirty;
	bool counted;
	struct umem_reservation *reservation;
};

/**
 * struct iopt_dirty - a range to be read for what devices have written to
 * @iova: first address, which bit 0 of @bitmap stands for
 * @length: bytes
 * @page_size: bytes that a bit stands for
 * @bitmap: in user memory, with a bit for each page; bits are set, never cleared
 * @clear: what was reported counts as clean from now on
 * @pages: out: pages of the CPU's size that were dirty
 */
struct iopt_dirty {
	unsigned long iova;
	unsigned long length;
	unsigned long page_size;
	u8 __user *bitmap;
	bool clear;
	unsigned long pages;
};

/**
 * struct iopt_access - an in-kernel access to an address space
 * @id: in iopt->accesses
 * @alignment: that IOVAs must have while it is there, 1 for any
 * @get: keep the access while it is called, under a spinlock; false if it is on its way out
 * @put: the counterpart
 * @unmap: stop using and unpin a range; called without locks
 */
struct iopt_access {
	u32 id;
	unsigned long alignment;
	bool (*get)(struct iopt_access *access);
	void (*put)(struct iopt_access *access);
	void (*unmap)(struct iopt_access *access, unsigned long iova, unsigned long length);
};

/**
 * struct iopt_totals - what an address space holds now
 * @areas: live areas
 * @mapped: bytes in them
 * @pinned: pages pinned for its page tables
 * @runs: runs of these, as they were put into the page tables
 */
struct iopt_totals {
	atomic_long_t areas;
	atomic_long_t mapped;
	atomic_long_t pinned;
	atomic_long_t runs;
};

struct iopt {
	struct rw_semaphore tables_lock;
	struct list_head tables;
	struct xarray accesses; /* struct iopt_access */
	bool no_huge;   /* fill page by page */
	bool has_dmabufs;  /* there is, or was, an area of a dma-buf; set by maps */
	bool has_stuck; /* some area is stuck; set by maps and unmaps */
	unsigned int domains;  /* page tables whose domains are not freed yet */

	struct rw_semaphore lock;
	struct rb_root areas;
	struct rb_root_cached reserved; /* struct iopt_range; may overlap */
	struct rb_root_cached allowed; /* struct iopt_range; do not overlap */
	unsigned long alignment; /* of IOVA, length and place in the page; a power of 2 */

	struct iopt_totals totals;
};

/**
 * struct iopt_range - a reserved or allowed range
 * @node: first and last IOVA
 * @owner: what it is reserved for, to find it again
 */
struct iopt_range {
	struct interval_tree_node node;
	const void *owner;
};

/**
 * struct iopt_permit - somebody who may refuse a map when its address is known
 * @ask: return 0 to allow the map, or a negative errno. Called without locks of the address space;
 *	may sleep. It reserves what the map may pin, see struct umem_reservation.
 * @reservation: zeroed; set by @ask; the caller of the map ends it
 * @pins: out: the address space has page tables, so mapping the memory pins it
 */
struct iopt_permit {
	int (*ask)(struct iopt_permit *permit, unsigned long iova, unsigned long length);
	struct umem_reservation reservation;
	bool pins;
};

/**
 * struct iopt_stats - what a call did, for its tracepoint
 * @areas: areas unmapped
 * @bytes: bytes unmapped
 * @pin: pages pinned or unpinned, and the time of pinning
 * @runs: runs put into a page table
 * @fill_ns: time for filling page tables
 * @permit: in: who may refuse the map, or NULL
 */
struct iopt_stats {
	unsigned long areas;
	unsigned long bytes;
	struct umem_stats pin;
	unsigned long runs;
	u64 fill_ns;
	struct iopt_permit *permit;
};

/**
 * struct iopt_source - a file whose memory is mapped
 * @file: a memfd, unless @dmabuf is set
 * @dmabuf: a dma-buf
 * @importer: device that a dma-buf is attached to
 */
struct iopt_source {
	struct file *file;
	struct dma_buf *dmabuf;
	struct device *importer;
};

/* iopt.c: map, copy, unmap */
int iopt_module_init(void);
void iopt_module_exit(void);
void iopt_init(struct iopt *iopt);
void iopt_destroy(struct iopt *iopt);
int iopt_map_user(struct iopt *iopt, unsigned long *iova, bool fixed, unsigned long uptr,
		  unsigned long length, int prot, bool account_mm, struct umem_totals *totals,
		  struct iopt_stats *stats);
int iopt_map_file(struct iopt *iopt, unsigned long *iova, bool fixed,
		  const struct iopt_source *source, unsigned long start, unsigned long length,
		  int prot, bool account_mm, struct umem_totals *totals, struct iopt_stats *stats);
int iopt_copy_from(struct iopt *src, unsigned long iova, unsigned long length, int prot,
		   struct iopt_chain *areas);
int iopt_copy_to(struct iopt *dst, struct iopt_chain *areas, unsigned long length,
		 unsigned long *iova, bool fixed, struct iopt_stats *stats);
void iopt_copy_abort(struct iopt_chain *areas);
unsigned long iopt_copy_pages(const struct iopt_chain *areas);
unsigned long iopt_unpinned(struct iopt *iopt);
int iopt_unmap(struct iopt *iopt, unsigned long start, unsigned long last,
	       struct iopt_stats *stats);
void iopt_table_freed(struct iopt *iopt, struct iopt_table *table);

struct iopt_area *iopt_area_alloc(void);
void iopt_area_free(struct iopt_area *area);

/* iopt_split.c: cutting areas in two */
int iopt_split(struct iopt *iopt, unsigned long start, unsigned long last);

/* iopt_owner.c: account memory to another process */
int iopt_freeze_tables(struct iopt *iopt, struct mutex *nest);
void iopt_thaw_tables(struct iopt *iopt);
int iopt_count_files(struct iopt *iopt, unsigned long *n);
void iopt_freeze(struct iopt *iopt, struct mutex *nest);
void iopt_thaw(struct iopt *iopt);
unsigned long iopt_list_files(struct iopt *iopt, struct umem_moved *list);
unsigned long iopt_unique_files(struct umem_moved *list, unsigned long n);

/* iopt_space.c: places */
struct iopt_area *iopt_find(struct iopt *iopt, unsigned long iova);
int iopt_place(struct iopt *iopt, struct iopt_chain *areas, unsigned long length,
	       unsigned long *iova, bool fixed);
void iopt_insert_area(struct iopt *iopt, struct iopt_area *area);
void iopt_remove_area(struct iopt *iopt, struct iopt_area *area);
int iopt_reserve(struct iopt *iopt, unsigned long start, unsigned long last, const void *owner);
void iopt_unreserve(struct iopt *iopt, const void *owner);
int iopt_reserve_device(struct iopt *iopt, struct device *dev, phys_addr_t *sw_msi_start);
void iopt_unreserve_device(struct iopt *iopt, struct device *dev);
int iopt_range_add(struct rb_root_cached *tree, unsigned long start, unsigned long last,
		   const void *owner);
void iopt_range_free_all(struct rb_root_cached *tree);
int iopt_set_allowed(struct iopt *iopt, struct rb_root_cached *allowed);
bool iopt_next_usable(struct iopt *iopt, unsigned long from, unsigned long *start,
		      unsigned long *last);

/* iopt_table.c: page tables */
int iopt_fill(struct iopt *iopt, struct iopt_area *area, struct iopt_stats *stats);
void iopt_empty(struct iopt *iopt, struct iopt_area *first, struct iopt_area *end);
void iopt_unpin(struct iopt *iopt, struct iopt_area *first, struct iopt_area *end,
		struct iopt_stats *stats);
void iopt_release(struct iopt *iopt, struct iopt_area *area, struct iopt_stats *stats);
int iopt_add_table(struct iopt *iopt, struct iopt_table *table);
void iopt_remove_table(struct iopt *iopt, struct iopt_table *table);
int iopt_set_huge(struct iopt *iopt, bool on);

/* iopt_dirty.c: dirty tracking */
int iopt_read_dirty(struct iopt *iopt, struct iopt_table *table, struct iopt_dirty *dirty);
int iopt_set_dirty_tracking(struct iopt *iopt, struct iopt_table *table, bool on);

/* Flags of iopt_pin_pages(). */
#define IOPT_PIN_WRITE BIT(0)
#define IOPT_PIN_KEEP BIT(1)

/* iopt_access.c: in-kernel accesses */
int iopt_add_access(struct iopt *iopt, struct iopt_access *access);
void iopt_remove_access(struct iopt *iopt, u32 id);
void iopt_notify_unmap(struct iopt *iopt, unsigned long start, unsigned long length);
int iopt_pin_pages(struct iopt *iopt, unsigned long iova, unsigned long length, struct page **pages,
		   unsigned int flags);
void iopt_unpin_pages(struct iopt *iopt, unsigned long iova, unsigned long length,
		      unsigned int flags);
int iopt_phys(struct iopt *iopt, unsigned long iova, phys_addr_t *phys, unsigned long *length);
int iopt_rw(struct iopt *iopt, unsigned long iova, void *data, unsigned long length, bool write);
int iopt_update_alignment(struct iopt *iopt, unsigned long at_least);

#endif
