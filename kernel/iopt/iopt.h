/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iopt: one I/O address space. It has areas (IOVA ranges with memory behind them), reserved and
 * allowed ranges, the page tables that it keeps filled with all areas, and the in-kernel accesses
 * that read, write and pin its memory. It knows nothing of ids, files and ioctls.
 *
 * An area is in one of three states:
 *
 *	IOPT_AREA_MAPPING	a map in progress has inserted it
 *	IOPT_AREA_LIVE		pinned and in every page table; without page tables, not
 *				pinned yet
 *	IOPT_AREA_UNMAPPING	an unmap is in progress
 *
 * It occupies its IOVA range in all three states, so nothing else is mapped there while a page
 * table may still have a part of it. Work that takes long or waits for page faults of user memory
 * is done in the first and last state, without iopt->lock.
 *
 * Memory is unpinned only in this order: unmap it from every page table, flush the IOTLB (both by
 * iommu_unmap()), then unpin. The area leaves the tree, and its IOVA range becomes free, when it is
 * in no page table. An area that an IOMMU driver did not unmap in full is stuck: devices may still
 * reach its memory, so it keeps its pages and its IOVA range until all page tables are freed.
 *
 * The area of a dma-buf has nothing to pin. Instead it has a struct iopt_dmabuf_map for each page
 * table that it is in, by which it can be unmapped under umem->lock alone when the exporter revokes
 * access. The area stays, with nothing mapped.
 *
 * ioas, hwpt, attach, viommu, bind, compat and the test hook of main change address spaces with the
 * functions below. ioas, compat and main also read areas, ranges and page tables under the locks
 * that protect them. Functions for the files of this folder alone are in iopt/internal.h.
 *
 * Locks, outermost first:
 *
 *	table->dirty_lock	one reader of the dirty bits of a page table at a time
 *	tables_lock		Held for reading by maps, copies and unmaps while they use
 *				areas. Held for writing to add or remove a page table or access,
 *				to change a mode, or to split an area. Then the tree does not
 *				change, and its areas are live, stuck, or inserted but not filled,
 *				because a map asks its approver without this lock. It is
 *				taken by iopt_lock_tables() and iopt_lock_tables_shared(),
 *				because maps count as its holders per processor. A plain
 *				down_read() is right, too, only slower for others.
 *	lock			Areas, ranges and the alignment. Maps and unmaps do not hold
 *				it while they wait for user memory. Accesses hold it for reading
 *				while they pin or copy, readers of dirty bits while they report
 *				them.
 *	umem->lock		see umem/umem.h
 *	tree_lock		Spinlock. Held, besides lock, to change what snapshots read:
 *				the tree of areas and the reserved ranges. lock may be held for
 *				as long as a process likes, because pinning and reporting wait
 *				for its memory. Observers must not wait for a process, so they
 *				take tree_lock alone. An area in the tree, its umem, and the links
 *				to its neighbours stay while tree_lock is held; see
 *				ioas/snapshot.c for the other data that observers read.
 */
#ifndef _IOMMUFD_IOPT_H
#define _IOMMUFD_IOPT_H

#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/interval_tree.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/rbtree.h>
#include <linux/rwsem.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "umem/umem.h"

struct device;
struct iommu_domain;
struct iopt_dmabuf_map;

enum iopt_area_state {
	IOPT_AREA_MAPPING,
	IOPT_AREA_LIVE,
	IOPT_AREA_UNMAPPING,
};

/**
 * struct iopt_area - an IOVA range and the part of a umem behind it
 * @node: in iopt->areas, by address
 * @prev: the area below, NULL for the lowest
 * @next: the area above, NULL for the highest
 * @start: first IOVA
 * @last: last IOVA
 * @gap: free addresses just below @start; reserved ones count as free
 * @max_gap: largest @gap in the subtree of this area
 * @umem: the memory; the area holds a reference
 * @page_offset: offset of @start in the first page
 * @prot: IOMMU_READ, IOMMU_WRITE; IOMMU_MMIO for a dma-buf, IOMMU_CACHE for all else
 * @state: enum iopt_area_state
 * @no_access: an unmap has asked accesses to unpin it, and they may not pin it any more
 * @stuck: an IOMMU driver did not unmap all of it
 * @copied: made by a copy (IOMMU_IOAS_COPY)
 * @access_pins: pins that accesses hold
 * @keep_pins: of these, the pins made with IOPT_PIN_KEEP, which an unmap cannot ask back
 * @runs: runs in a page table, 0 if there is none; U32_MAX stands for more, too
 * @huge: of these, whole huge pages, see iopt_huge_pages()
 * @user: keeps the memory pinned for the page tables; in use while there is one. Its node.start is
 *	the first page within the umem, always. Its tag is the time of the map, from iopt_time().
 * @dmabuf_maps: of a dma-buf, which has no pages: one for each page table that the area is in;
 *	under umem->lock
 * @chain: the next area that the same call works on
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
	u16 page_offset;
	u8 prot;
	u8 state;
	bool no_access;
	bool stuck;
	bool copied;
	atomic_t access_pins;
	atomic_t keep_pins;
	u32 runs;
	u32 huge;
	union {
		struct umem_user user;
		struct iopt_dmabuf_map *dmabuf_maps;
	};
	struct iopt_area *chain;
};

static_assert(PAGE_SIZE - 1 <= U16_MAX);
/* A dma-buf has no user, but a first page and the time of its map. */
static_assert(offsetof(struct iopt_area, user.node.start) >=
	      offsetof(struct iopt_area, dmabuf_maps) + sizeof(struct iopt_dmabuf_map *));
static_assert(offsetof(struct iopt_area, user.tag) > offsetof(struct iopt_area, user.node.start));

/*
 * The time of maps: 32 bits in units of 16 jiffies, which wrap after years. Reading a clock would
 * make each map slower.
 */
#define IOPT_TIME_UNIT 16

static inline u32 iopt_time(void)
{
	return jiffies / IOPT_TIME_UNIT;
}

/* The pages of a huge page. */
#define IOPT_HUGE (SZ_2M >> PAGE_SHIFT)

/* The number of whole huge pages, aligned in physical memory as IOMMUs need them, in a run. */
static inline unsigned long iopt_huge_pages(unsigned long pfn, unsigned long npages)
{
	unsigned long first, end;

	if (likely(npages < IOPT_HUGE))
		return 0;
	first = (pfn + IOPT_HUGE - 1) / IOPT_HUGE;
	end = (pfn + npages) / IOPT_HUGE;
	return end > first ? end - first : 0;
}

/* The first page within the umem. */
static inline unsigned long iopt_area_first(const struct iopt_area *area)
{
	return area->user.node.start;
}

static inline unsigned long iopt_area_length(const struct iopt_area *area)
{
	return area->last - area->start + 1;
}

/* The byte of the umem that is mapped at @iova. */
static inline unsigned long iopt_area_byte(const struct iopt_area *area, unsigned long iova)
{
	return iopt_area_first(area) * PAGE_SIZE + area->page_offset + (iova - area->start);
}

/* Set the last address of a range. Returns -EINVAL if it has none, -EOVERFLOW if it wraps. */
static inline int iopt_last(unsigned long iova, unsigned long length, unsigned long *last)
{
	if (!length)
		return -EINVAL;
	return check_add_overflow(iova, length - 1, last) ? -EOVERFLOW : 0;
}

/**
 * struct iopt_chain - areas that one call works on, by address
 * @first: the first area, or NULL; the @chain of each points to the next one
 * @end: where to store a pointer to the next area
 */
struct iopt_chain {
	struct iopt_area *first;
	struct iopt_area **end;
};

#define DEFINE_IOPT_CHAIN(name) struct iopt_chain name = { .end = &name.first }

/**
 * struct iopt_table - a page table that is kept filled with all of an address space
 * @domain: the IOMMU core's object
 * @physical: it translates nothing: its devices use physical addresses
 * @item: in iopt->tables
 * @dirty_lock: held while dirty bits are read
 * @tracks_dirty: dirty tracking is on; changed with tables_lock and lock held for writing
 * @counted: counts in iopt->domains
 * @reservation: while it is being added: the pages that it may pin, or NULL for no limit
 */
struct iopt_table {
	struct iommu_domain *domain;
	bool physical;
	struct list_head item;
	struct mutex dirty_lock; /* readers of dirty bits */
	bool tracks_dirty;
	bool counted;
	struct umem_reservation *reservation;
};

/**
 * struct iopt_dirty - a range to read dirty bits of
 * @iova: first address, which bit 0 of @bitmap stands for
 * @length: bytes
 * @page_size: bytes that one bit stands for
 * @bitmap: in user memory: bits are set, never cleared
 * @clear: mark the reported pages as clean
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
 * @alignment: alignment that it needs of all areas, 1 for any
 * @get: called under a spinlock: keep the access; false if it is being destroyed
 * @put: undo @get
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
 * struct iopt_totals - totals of an address space
 * @areas: live areas
 * @mapped: bytes in them
 * @pinned: pages pinned for its page tables
 * @runs: runs of these pages in a page table
 * @huge: whole huge pages in these runs
 */
struct iopt_totals {
	unsigned long areas;
	unsigned long mapped;
	unsigned long pinned;
	unsigned long runs;
	unsigned long huge;
};

/**
 * struct iopt_cpu - what one processor counts, so that calls share no cache line for it
 * @calls: calls on the object that has the address space, see iommufd_object_count_calls()
 * @users: holders of tables_lock, see iopt_lock_tables_shared()
 * @added: what calls have added to the totals
 * @removed: what they have removed; see iopt_get_totals()
 *
 * A call may begin on one processor and end on another, so only sums mean anything.
 */
struct iopt_cpu {
	unsigned int calls;
	unsigned int users;
	struct iopt_totals added;
	struct iopt_totals removed;
};

/**
 * struct iopt - an I/O address space
 * @tables_lock: see above
 * @tables_taken: tables_lock is held for writing, or about to be
 * @tables_idle: woken when a holder of tables_lock ends and @tables_taken is set
 * @cpu: what each processor counts; freed by the caller after iopt_destroy()
 * @tables: struct iopt_table
 * @accesses: struct iopt_access by id
 * @no_huge: map page by page
 * @has_dmabufs: there is or was an area of a dma-buf; set by maps
 * @has_stuck: there is an area that is stuck; set by maps and unmaps
 * @domains: page tables whose domains are not freed yet
 * @lock: see above
 * @areas: struct iopt_area by address
 * @reserved: struct iopt_range; may overlap
 * @allowed: struct iopt_range; do not overlap
 * @alignment: a power of 2 that IOVA, length and offset in the page are aligned to
 * @tree_lock: see above
 * @pins: pages that drivers have pinned
 *
 * All maps and unmaps change the members from @lock on; those before are only read.
 */
struct iopt {
	struct rw_semaphore tables_lock;
	bool tables_taken;
	wait_queue_head_t tables_idle;
	struct iopt_cpu __percpu *cpu;
	struct list_head tables;
	struct xarray accesses;
	bool no_huge;
	bool has_dmabufs;
	bool has_stuck;
	unsigned int domains;

	struct rw_semaphore lock ____cacheline_aligned_in_smp;
	struct rb_root areas;
	struct rb_root_cached reserved;
	struct rb_root_cached allowed;
	unsigned long alignment;
	spinlock_t tree_lock; /* changes that snapshots see */
	struct umem_pins pins;
};

/**
 * struct iopt_range - a reserved or allowed range
 * @node: first and last IOVA
 * @owner: the device or page table that it is reserved for, for comparison only
 * @key: that of iopt_unreserve()
 */
struct iopt_range {
	struct interval_tree_node node;
	const void *owner;
	const void *key;
};

struct iopt_target;

/**
 * struct iopt_approver - decides about a map once its address is known
 * @ask: return 0 to allow the map, or a negative errno. Called without locks of the address space;
 *	may sleep. Reserves the pages that the map may pin.
 * @reservation: zeroed; made by @ask; the caller of the map ends it in any case
 * @pins: out: the address space has page tables, so the map pins memory
 */
struct iopt_approver {
	int (*ask)(struct iopt_approver *approver, const struct iopt_target *target);
	struct umem_reservation reservation;
	bool pins;
};

/**
 * struct iopt_target - the IOVA range that memory is mapped or copied to
 * @iova: first address: an input if @fixed, otherwise an output
 * @length: bytes
 * @fixed: map at @iova; otherwise choose an address
 * @prot: IOMMU_READ, IOMMU_WRITE, IOMMU_CACHE
 * @pin: how to pin the memory; the map itself sets pin.reservation if there is an approver
 * @approver: has to allow the map; or NULL
 */
struct iopt_target {
	unsigned long iova;
	unsigned long length;
	bool fixed;
	int prot;
	struct umem_pin_options pin;
	struct iopt_approver *approver;
};

/**
 * struct iopt_stats - results of a call, for its tracepoint
 * @areas: areas unmapped
 * @bytes: bytes unmapped
 * @pin: pages pinned or unpinned, and the time it took to pin
 * @runs: runs put into a page table
 * @fill_ns: time it took to fill page tables, if target.pin.timed is set
 */
struct iopt_stats {
	unsigned long areas;
	unsigned long bytes;
	struct umem_stats pin;
	unsigned long runs;
	u64 fill_ns;
};

/* map.c: map, copy, unmap */
int iopt_module_init(void);
void iopt_module_exit(void);
int iopt_init(struct iopt *iopt);
void iopt_destroy(struct iopt *iopt);
int iopt_map(struct iopt *iopt, struct iopt_target *target, const struct umem_source *source,
	     struct iopt_stats *stats);
int iopt_copy_from(struct iopt *src, unsigned long iova, const struct iopt_target *target,
		   struct iopt_chain *areas);
int iopt_copy_to(struct iopt *dst, struct iopt_target *target, struct iopt_chain *areas,
		 struct iopt_stats *stats);
void iopt_copy_abort(struct iopt_chain *areas);
void iopt_copy_pages(const struct iopt_chain *areas, struct umem_shares *shares);
void iopt_unpinned(struct iopt *iopt, struct umem_shares *shares);
int iopt_unmap(struct iopt *iopt, unsigned long start, unsigned long last, struct iopt_stats *stats,
	       bool killable);
void iopt_table_freed(struct iopt *iopt, struct iopt_table *table);

/* split.c: areas in two */
int iopt_split(struct iopt *iopt, unsigned long at);

/* freeze.c: the steps of IOMMU_IOAS_CHANGE_PROCESS in each address space */
int iopt_freeze_tables(struct iopt *iopt, struct mutex *nest);
void iopt_thaw_tables(struct iopt *iopt);
int iopt_count_files(struct iopt *iopt, unsigned long *n);
void iopt_freeze(struct iopt *iopt, struct mutex *nest);
void iopt_thaw(struct iopt *iopt);
unsigned long iopt_list_files(struct iopt *iopt, struct umem_owner_change *list);
void iopt_unlist_files(struct umem_owner_change *list, unsigned long n);

/* space.c: areas, reserved and allowed ranges */
struct iopt_area *iopt_find(struct iopt *iopt, unsigned long iova);
int iopt_reserve(struct iopt *iopt, unsigned long start, unsigned long last, const void *owner);
void iopt_unreserve(struct iopt *iopt, const void *owner);

/* What iopt_reserve_device() does about iopt->lock: the last is for callers of iopt_hold(). */
enum iopt_lock_mode { IOPT_LOCK_WAIT, IOPT_LOCK_TRY, IOPT_LOCK_HELD };

int iopt_reserve_device(struct iopt *iopt, struct device *dev, const void *key,
			phys_addr_t *sw_msi_start, enum iopt_lock_mode lock);
void iopt_unreserve_device(struct iopt *iopt, const void *key);
int iopt_hold(struct iopt *iopt);
void iopt_release(struct iopt *iopt);
int iopt_range_add(struct rb_root_cached *tree, unsigned long start, unsigned long last);
void iopt_range_free_all(struct rb_root_cached *tree);
int iopt_set_allowed(struct iopt *iopt, struct rb_root_cached *allowed);
bool iopt_next_usable(struct iopt *iopt, unsigned long from, unsigned long *start,
		      unsigned long *last);

/* lock.c: tables_lock for writing; totals */
void iopt_lock_tables(struct iopt *iopt);
void iopt_unlock_tables(struct iopt *iopt);
void iopt_get_totals(const struct iopt *iopt, struct iopt_totals *totals);

/* table.c: page tables */
int iopt_add_table(struct iopt *iopt, struct iopt_table *table);
void iopt_remove_table(struct iopt *iopt, struct iopt_table *table);
int iopt_set_huge(struct iopt *iopt, bool on);

/* dirty.c: dirty tracking */
int iopt_read_dirty(struct iopt *iopt, struct iopt_table *table, struct iopt_dirty *dirty);
int iopt_set_dirty_tracking(struct iopt *iopt, struct iopt_table *table, bool on);

/* Flags of iopt_pin_pages(): pages will be written; no unmap before they are unpinned. */
#define IOPT_PIN_WRITE BIT(0)
#define IOPT_PIN_KEEP BIT(1)

/* access.c: in-kernel accesses */
int iopt_add_access(struct iopt *iopt, struct iopt_access *access);
void iopt_remove_access(struct iopt *iopt, u32 id);
int iopt_pin_pages(struct iopt *iopt, unsigned long iova, unsigned long length, struct page **pages,
		   unsigned int flags);
void iopt_unpin_pages(struct iopt *iopt, unsigned long iova, unsigned long length,
		      unsigned int flags);
int iopt_phys(struct iopt *iopt, unsigned long iova, phys_addr_t *phys, unsigned long *length);
int iopt_rw(struct iopt *iopt, unsigned long iova, void *data, unsigned long length, bool write);

#endif
