/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * umem: a linear range of memory that page tables and in-kernel accesses draw pages from. It is of
 * one kind:
 *
 *	UMEM_USER	addresses of a process
 *	UMEM_FILE	a part of a memfd (umem_file.c)
 *	UMEM_DMABUF	a part of a dma-buf: physical addresses, perhaps of a device, without pages
 *			(umem_dmabuf.c). What follows here does not concern it.
 *
 * A umem starts as a promise: it names a source and a range of pages, and pins nothing. Whoever
 * needs pages holds a struct umem_user over a part of the range; between umem_pin() and
 * umem_unpin() of a user all pages under it are pinned, accounted, and known as runs of physically
 * contiguous pages. The one invariant that everything rests on:
 *
 *	a page of a umem is pinned and accounted, once, if and only if at least one user covers it
 *
 * so users may overlap in any way (a mapping, partial copies of it, accesses), and which pages a
 * new user has to pin, or a leaving one has to give back, follows from the tree of users alone.
 *
 * Where page frames are kept: the range is cut into segments of UMEM_SEG_PAGES pages. A segment is
 * one 64-bit word, which either says all of it (its pages are physically contiguous: the rule for
 * huge pages) or points to an array of runs, or, when runs would need more room, to an array
 * with a frame number for each page. That is at most 4 bytes for each pinned 4 KiB page (8 beyond
 * 16 TiB of physical memory) and 8 bytes for a huge page. What a segment says about a page that is
 * not pinned has no meaning.
 *
 * Whom pages are accounted to, the owner, is the process that made the umem, until
 * umem_change_owners() moves the account to another.
 *
 * Lock: umem->lock covers users, segments, owner and accounting of one umem. It is taken inside the
 * address space's locks and outside of mmap_lock. Pinning sleeps under it: it waits for page
 * faults of user memory. For a dma-buf it is a class of its own, taken inside the dma-buf's
 * reservation lock, which in turn may be taken inside mmap_lock.
 */
#ifndef _IOMMUFD_UMEM_H
#define _IOMMUFD_UMEM_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/interval_tree.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/types.h>

struct device;
struct dma_buf;
struct file;
struct iommufd_dmabuf_exporter;
struct mm_struct;
struct page;
struct umem_owner;
struct umem_reservation;

#define UMEM_SEG_SHIFT 9
#define UMEM_SEG_PAGES BIT(UMEM_SEG_SHIFT)
/* Segments in one leaf of the table of segments. */
#define UMEM_LEAF_SHIFT 9
#define UMEM_LEAF_SEGS BIT(UMEM_LEAF_SHIFT)

enum umem_kind {
	UMEM_USER,
	UMEM_FILE,
	UMEM_DMABUF,
};

/**
 * enum umem_account - what pinned pages count against
 * @UMEM_ACCOUNT_NONE: nothing: the creator had CAP_IPC_LOCK
 * @UMEM_ACCOUNT_USER: RLIMIT_MEMLOCK, summed over all processes of the user
 * @UMEM_ACCOUNT_MM: RLIMIT_MEMLOCK, summed over the process (VmLck)
 *
 * Whatever the mode, pinned pages show in the process's VmPin.
 */
enum umem_account {
	UMEM_ACCOUNT_NONE,
	UMEM_ACCOUNT_USER,
	UMEM_ACCOUNT_MM,
};

/**
 * struct umem_totals - what is pinned through all umems of one context
 * @ctx_id: number of the context, for tracepoints
 * @pages: pages pinned; each counts once, however many users it has
 * @reserved: pages that calls in progress may still pin, see struct umem_reservation
 * @owner: the last one that mapped through it, most often the next one; see umem_owner.c
 */
struct umem_totals {
	u32 ctx_id;
	atomic_long_t pages;
	atomic_long_t reserved;
	struct umem_owner __rcu *owner;
};

/**
 * struct umem_user - a claim on the pages of a part of a umem
 * @node: first and last page within the umem, both closed
 * @is_pin: part of a struct umem_pin
 */
struct umem_user {
	struct interval_tree_node node;
	bool is_pin;
};

/**
 * struct umem_pin - pages handed out by umem_pin_pages()
 * @user: the claim on them
 * @count: how often they were
 */
struct umem_pin {
	struct umem_user user;
	unsigned int count;
};

/**
 * struct umem_stats - what a call did, and the clock if somebody listens
 * @pages: pages pinned or unpinned
 * @runs: runs of physically contiguous pages among them
 * @ns: time it took; 0 unless @timed
 * @timed: set by the caller to have @ns filled in
 * @reservation: set by the caller: what may be pinned; NULL for no limit
 */
struct umem_stats {
	unsigned long pages;
	unsigned long runs;
	u64 ns;
	bool timed;
	struct umem_reservation *reservation;
};

struct umem {
	refcount_t refs;
	struct mutex lock;  /* users, segments, accounting */
	struct rb_root_cached users; /* struct umem_user */
	/* Pages [pin_first, pin_end) are pinned for a umem_pin() at stats, whose user comes last. */
	unsigned long pin_first;
	unsigned long pin_end;

	/* Segments: @leafs[i] has up to UMEM_LEAF_SEGS of them. One or few need no extra memory. */
	u64 **leafs;
	u64 *one_leaf;
	u64 one_seg;
	/* Slot of page 0 in segment 0: large ranges have segments aligned as huge pages are. */
	unsigned int lead;

	unsigned long uptr; /* page aligned; of a file or dma-buf: offset in it */
	unsigned long npages; /* that can be pinned */
	bool writable;
	u8 account; /* enum umem_account */
	u8 kind; /* enum umem_kind */
	union {
		struct file *file; /* UMEM_FILE */
		struct umem_dmabuf *dmabuf; /* UMEM_DMABUF */
	};

	/* The owner, and what is looked at often of it. */
	struct umem_owner *owner;
	struct mm_struct *mm; /* grabbed, not kept alive */
	struct umem_totals *totals;
	void (*release)(struct umem *umem);
};

/* umem.c: life, accounting, users */
int umem_init(struct umem *umem, unsigned long uptr, unsigned long length, bool writable,
	      bool account_mm, struct umem_totals *totals, void (*release)(struct umem *umem));
int umem_init_common(struct umem *umem, enum umem_kind kind, unsigned long start,
		     unsigned long length, bool writable, bool account_mm,
		     struct umem_totals *totals, void (*release)(struct umem *umem));
void umem_fini_common(struct umem *umem);
void umem_put(struct umem *umem);
int umem_pin(struct umem *umem, struct umem_user *user, struct umem_stats *stats);
void umem_unpin(struct umem *umem, struct umem_user *user, struct umem_stats *stats);
void umem_split_user(struct umem *umem, struct umem_user *low, struct umem_user *high,
		     unsigned long at);
int umem_pin_pages(struct umem *umem, unsigned long first, unsigned long last, struct page **pages);
bool umem_unpin_pages(struct umem *umem, unsigned long first, unsigned long last);
bool umem_next_hole(struct umem *umem, unsigned long from, unsigned long last, unsigned long *first,
		    unsigned long *hole_last);
bool umem_covered(struct umem *umem, unsigned long first, unsigned long last);

/**
 * struct umem_moved - a umem whose account umem_change_owners() moves
 * @umem: UMEM_FILE; each is in the list once
 * @pages: for umem_change_owners()
 */
struct umem_moved {
	struct umem *umem;
	unsigned long pages;
};

int umem_change_owners(struct umem_moved *list, unsigned long n);

static inline void umem_get(struct umem *umem)
{
	refcount_inc(&umem->refs);
}

/* umem_pin.c: to and from the mm */
int umem_pin_hole(struct umem *umem, unsigned long first, unsigned long last, unsigned long *done);
unsigned long umem_unpin_hole(struct umem *umem, unsigned long first, unsigned long last);
int umem_rw(struct umem *umem, unsigned long offset, void *data, unsigned long length, bool write);
void umem_set_buffer_limit(size_t bytes);

extern size_t umem_buffer_limit;

static inline bool umem_buffer_limited(void)
{
	return READ_ONCE(umem_buffer_limit);
}

/* How many entries of @size a temporary buffer may have that would have @n. */
static inline unsigned long umem_buffer_entries(unsigned long n, size_t size)
{
	size_t limit = READ_ONCE(umem_buffer_limit);

	return limit ? clamp(limit / size, 1UL, n) : n;
}

/* umem_file.c: to and from a memfd */
void umem_release_file(struct umem *umem);
int umem_init_file(struct umem *umem, struct file *file, unsigned long start, unsigned long length,
		   bool writable, bool account_mm, struct umem_totals *totals,
		   void (*release)(struct umem *umem));
bool umem_file_holds(const struct umem *umem, unsigned long last);
long umem_file_pin(struct umem *umem, unsigned long first, unsigned int npages,
		   struct page **pages);

/**
 * struct umem_attachment - a place that a dma-buf's addresses have been written to: a page table
 * @item: among the places of the dma-buf
 * @revoke: called with umem->lock held: remove the addresses. The place is off the list by then.
 */
struct umem_attachment {
	struct list_head item;
	void (*revoke)(struct umem_attachment *place);
};

/* umem_dmabuf.c: dma-bufs, where the kernel has them */
#ifdef CONFIG_DMA_SHARED_BUFFER
int umem_exporter_register(struct iommufd_dmabuf_exporter *exporter);
void umem_exporter_unregister(struct iommufd_dmabuf_exporter *exporter);
int umem_init_dmabuf(struct umem *umem, struct dma_buf *dmabuf, struct device *importer,
		     unsigned long start, unsigned long length, bool writable,
		     struct umem_totals *totals, void (*release)(struct umem *umem));
void umem_dmabuf_release(struct umem *umem);
bool umem_dmabuf_phys(const struct umem *umem, unsigned long offset, phys_addr_t *phys);
void umem_dmabuf_add_attachment(struct umem *umem, struct umem_attachment *place);
#else
static inline int umem_exporter_register(struct iommufd_dmabuf_exporter *exporter)
{
	return -EOPNOTSUPP;
}

static inline void umem_exporter_unregister(struct iommufd_dmabuf_exporter *exporter)
{
}

static inline int umem_init_dmabuf(struct umem *umem, struct dma_buf *dmabuf,
				   struct device *importer, unsigned long start,
				   unsigned long length, bool writable, struct umem_totals *totals,
				   void (*release)(struct umem *umem))
{
	return -EOPNOTSUPP;
}

static inline void umem_dmabuf_release(struct umem *umem)
{
}

static inline bool umem_dmabuf_phys(const struct umem *umem, unsigned long offset,
				    phys_addr_t *phys)
{
	return false;
}

static inline void umem_dmabuf_add_attachment(struct umem *umem, struct umem_attachment *place)
{
}
#endif

/* umem_seg.c: where page frames are kept */
int umem_seg_store(struct umem *umem, unsigned long first, struct page **pages,
		   unsigned int npages);
bool umem_seg_contig(const struct umem *umem, unsigned long first, unsigned long last,
		     unsigned long *pfn);
void umem_seg_drop(struct umem *umem, unsigned long first, unsigned long last);
void umem_seg_free_all(struct umem *umem);

/**
 * struct umem_iter - walks the runs of pinned pages
 * @umem: what is walked; its lock is held from umem_iter_start() to the last umem_next_runs()
 * @index: first page not returned yet
 * @last: last page to return
 */
struct umem_iter {
	struct umem *umem;
	unsigned long index;
	unsigned long last;
};

/**
 * struct umem_run - pages that follow each other in the umem and in physical memory
 * @pfn: frame of the first
 * @npages: how many
 */
struct umem_run {
	unsigned long pfn;
	unsigned long npages;
};

/* As many runs as are usefully looked at together; they fit on the stack. */
#define UMEM_RUNS 16

void umem_iter_start(struct umem_iter *it, struct umem *umem, unsigned long first,
		     unsigned long last);
unsigned int umem_next_runs(struct umem_iter *it, struct umem_run *run, unsigned int max);

#endif
