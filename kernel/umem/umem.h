/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * umem: memory that page tables and in-kernel accesses use.
 *
 * A struct umem is a linear range of memory of one kind:
 *
 *	UMEM_USER	addresses of a process
 *	UMEM_FILE	a part of a memfd
 *	UMEM_DMABUF	a part of a dma-buf: physical addresses, which may belong to a device
 *			and need not have struct pages; never pinned page by page, never charged
 *
 * A new umem pins nothing. Page tables and accesses are its users: each holds a struct umem_user
 * over the pages that it needs. From umem_pin() to umem_unpin() of a user all its pages are pinned,
 * charged to the owner, and stored as runs of physically contiguous pages. One invariant carries
 * all of this:
 *
 *	a page is pinned and charged, once, if and only if at least one user covers it
 *
 * So users may overlap in any way (a mapping, copies of parts of it, accesses), and the tree of
 * users alone tells which pages a new user has to pin and which pages the end of a user unpins.
 *
 *	owner		the process that the pages are charged to: the process that created
 *			the umem, until umem_change_owners() moves the charge
 *	payer		an owner in one context
 *	totals		the pages that one context has pinned
 *	reservation	the pages that one call may still pin, see struct umem_reservation
 *
 * All other folders but trace/ may call the functions below; only iopt/ creates and pins memory.
 * Functions for the files of this folder alone are in umem/internal.h.
 *
 * Locks:
 *
 *	umem->lock	users, segments, owner and charge of one umem. Taken inside the locks of
 *			address spaces and outside mmap_lock. Held while pages are pinned, so it
 *			waits for page faults of user memory. The lock of a dma-buf's umem is a
 *			class of its own, taken inside the dma-buf's reservation lock, which in
 *			turn may be taken inside mmap_lock (umem/dmabuf.c).
 *	exporters_lock	the exporters of dma-bufs; outside a dma-buf's reservation lock
 *	grants_lock	reservations being made, and moves of pages to other owners. Taken
 *			inside umem->lock; held for one walk over the tallies
 *	owners_lock	spinlock: writers of the owners and tallies; no lock is taken inside
 *	totals->lock	spinlock: the payers of one context; no lock is taken inside
 *	pins->lock	spinlock: the tree of pins of one address space; no lock is taken inside
 */
#ifndef _IOMMUFD_UMEM_H
#define _IOMMUFD_UMEM_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/interval_tree.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct cgroup;
struct device;
struct dma_buf;
struct file;
struct iommufd_dmabuf_exporter;
struct mm_struct;
struct page;
struct pid;
struct user_struct;

enum umem_kind {
	UMEM_USER,
	UMEM_FILE,
	UMEM_DMABUF,
};

/**
 * enum umem_account - the limit that pinned pages count against
 * @UMEM_ACCOUNT_NONE: none: the creator had CAP_IPC_LOCK
 * @UMEM_ACCOUNT_USER: RLIMIT_MEMLOCK, over all processes of the user
 * @UMEM_ACCOUNT_MM: RLIMIT_MEMLOCK, over the process (VmLck)
 *
 * In every mode, pinned pages show in the process's VmPin.
 */
enum umem_account {
	UMEM_ACCOUNT_NONE,
	UMEM_ACCOUNT_USER,
	UMEM_ACCOUNT_MM,
};

/**
 * struct umem_tally - the pages of all owners of one user in one cgroup
 * @owners: number of owners; under owners_lock
 * @uid: the user
 * @cgroup: the cgroup (version 2), referenced; or NULL
 * @pages: pages that are charged to them
 * @reserved: pages that calls in progress may still pin for them
 * @item: in the table of all tallies
 * @of_user: in the table of users
 * @of_cgroup: in place->tallies
 * @place: the entry of its cgroup
 * @rcu: they are read under RCU
 */
struct umem_tally {
	unsigned long owners;
	kuid_t uid;
	struct cgroup *cgroup;
	atomic_long_t pages;
	atomic_long_t reserved;
	struct hlist_node item;
	struct hlist_node of_user;
	struct list_head of_cgroup;
	struct umem_cgroup *place;
	struct rcu_head rcu;
};

/**
 * struct umem_owner - a process as it was when it mapped memory
 * @refs: one for each context that it has memory in, for each call
 * @id: never reused
 * @tgid: its id in the initial PID namespace
 * @mm: its memory: keeps the struct, not the memory
 * @pid: its id; unlike the task, it is small, and many owners may outlive their processes
 * @memlock: its RLIMIT_MEMLOCK in bytes as it was last seen, for when the process is gone
 * @user: its user's account
 * @cgroup: its cgroup (version 2), or NULL; referenced by @tally
 * @tally: of its user and cgroup
 * @comm: its name when it first mapped
 * @pages: pages pinned
 * @reserved: pages that calls in progress may still pin
 * @item: in the table of all owners
 * @of_process: in the table of processes
 * @rcu: the tables are read under RCU
 */
struct umem_owner {
	refcount_t refs;
	pid_t tgid;
	u64 id;
	struct mm_struct *mm;
	struct pid *pid;
	unsigned long memlock;
	struct user_struct *user;
	struct cgroup *cgroup;
	struct umem_tally *tally;
	char comm[TASK_COMM_LEN];
	atomic_long_t pages;
	atomic_long_t reserved;
	struct hlist_node item;
	struct hlist_node of_process;
	struct rcu_head rcu;
};

/**
 * struct umem_payer - an owner in one context; see umem/payer.c
 * @refs: one for each umem, and for the context if it mapped last
 * @owner: the owner, referenced
 * @totals: of the context
 * @charged: pages pinned that count against the owner's limit
 * @exempt: pages pinned that count against no limit, because the process had CAP_IPC_LOCK
 * @node: in the tree of the context
 * @rcu: totals->payer and umem->payer are read under RCU
 */
struct umem_payer {
	refcount_t refs;
	struct umem_owner *owner;
	struct umem_totals *totals;
	atomic_long_t charged;
	atomic_long_t exempt;
	struct rb_node node;
	struct rcu_head rcu;
};

/*
 * Shorter ranges are not timed, because the clock would be too large a part of the call. Two reads
 * to pin and two to fill make 1.5 % of the map of one huge page, and less of other memory.
 */
#define UMEM_TIMED_PAGES 512

/**
 * struct umem_counts - what one processor has counted of the calls of one context
 * @maps: maps that succeeded
 * @pinned: pages pinned, by any user
 * @unpinned: pages unpinned
 * @last_map: when the last of @maps ended, in jiffies; 0 if there was none
 * @maps_failed: maps that failed
 * @unmaps: unmaps that succeeded
 * @unmaps_failed: unmaps that failed
 * @copies: copies of mappings that succeeded
 * @copies_failed: copies that failed
 * @refused_policy: calls that a policy refused
 * @refused_limit: calls that RLIMIT_MEMLOCK, or the limit of PASIDs, refused
 * @timed_pins: times that a range of at least UMEM_TIMED_PAGES was pinned for page tables
 * @timed_pages: pages that these have pinned
 * @pin_ns: time that these took
 * @fill_ns: time that it took to fill page tables with such ranges
 *
 * Calls on a context run at once, so each processor has counts of its own: threads that map at once
 * do not wait for each other's cache line. A count is raised once for each event and never lowered,
 * also when the IOAS is destroyed. So a sum over all processors is exact for all events that ended
 * before, and may lack events that happen meanwhile; nothing is decided on it.
 */
struct umem_counts {
	u64 maps;
	u64 pinned;
	u64 unpinned;
	unsigned long last_map;
	u64 maps_failed;
	u64 unmaps;
	u64 unmaps_failed;
	u64 copies;
	u64 copies_failed;
	u64 refused_policy;
	u64 refused_limit;
	u64 timed_pins;
	u64 timed_pages;
	u64 pin_ns;
	u64 fill_ns;
};

/**
 * struct umem_totals - pages pinned through one context
 * @ctx_id: id of the context, for tracepoints
 * @counts: calls of the context since its open
 * @first_map: when the first map ended, in jiffies; 0 if there was none
 * @opened: when the file was opened
 * @payer: the payer that mapped last, see umem_note_mapper(); most often the next one too
 * @payers: all payers, by the ids of their owners
 * @lock: of @payers
 * @pages: pages pinned; each counts once, however many users it has
 * @reserved: pages that calls in progress may still pin
 *
 * Policies decide on @pages and @reserved, so these are exact at any time. All calls change them;
 * that is why they have another cache line than the members that calls only read.
 */
struct umem_totals {
	u32 ctx_id;
	struct umem_counts __percpu *counts;
	unsigned long first_map;
	unsigned long opened;
	struct umem_payer __rcu *payer;
	struct rb_root payers;
	spinlock_t lock; /* payers */
	atomic_long_t pages ____cacheline_aligned_in_smp;
	atomic_long_t reserved;
};

/* Add to a count of the context. */
#define umem_count(totals, count, n) this_cpu_add((totals)->counts->count, n)

/**
 * struct umem_payer_state - a description of a payer
 * @owner: the owner, with a reference for the caller
 * @charged: pages pinned that count against its limit
 * @exempted: pages pinned that count against no limit
 * @limit: RLIMIT_MEMLOCK in bytes, ULONG_MAX for none
 * @used: pages that the kernel counts against the limit, also for other pins and locks
 * @last: it mapped last in this context
 * @alive: the process exists, and has not called execve() since it mapped
 * @exempt: it has CAP_IPC_LOCK now
 * @comm: its name
 */
struct umem_payer_state {
	struct umem_owner *owner;
	unsigned long charged;
	unsigned long exempted;
	unsigned long limit;
	unsigned long used;
	bool last;
	bool alive;
	bool exempt;
	char comm[TASK_COMM_LEN];
};

/**
 * struct umem_scope - the process, user and cgroup to sum up for
 * @tgid: a process
 * @pid: the same, to tell it from one that has ended; NULL for all that had this id
 * @uid: a user
 * @cgroup: id of a cgroup, with all cgroups below it
 */
struct umem_scope {
	pid_t tgid;
	struct pid *pid;
	kuid_t uid;
	u64 cgroup;
};

/**
 * struct umem_sum - a sum over owners
 * @pages: pages pinned
 * @reserved: pages that calls in progress may still pin
 */
struct umem_sum {
	unsigned long pages;
	unsigned long reserved;
};

/* Pages that count against a limit; ULONG_MAX if it overflows. */
static inline unsigned long umem_sum_total(const struct umem_sum *sum)
{
	return size_add(sum->pages, sum->reserved);
}

struct umem_sums {
	struct umem_sum context;
	struct umem_sum process;
	struct umem_sum user;
	struct umem_sum cgroup;
};

/**
 * struct umem_needs - pages by which a call may make the sums grow
 */
struct umem_needs {
	unsigned long context;
	unsigned long process;
	unsigned long user;
	unsigned long cgroup;
};

/**
 * struct umem_grant - the pages that a decision allows a call
 * @by: the process, user and cgroup of the sums
 * @seen: the sums that the decision was based on, from umem_owner_see(); they may be larger
 * @growths: number of growths when they were read
 * @exact: they were not made larger
 * @needs: pages that the decision has allowed; out, after -EAGAIN: pages that the call needs
 * @growth: out: by how many pages a sum has grown above @seen
 */
struct umem_grant {
	struct umem_scope by;
	struct umem_sums seen;
	long growths;
	bool exact;
	struct umem_needs needs;
	unsigned long growth;
};

/**
 * struct umem_share - pages of one owner that a call pins or moves
 * @owner: the owner, referenced
 * @pages: pages that the call may pin, or moves
 * @reserved: of these, pages that are reserved and not pinned yet
 */
struct umem_share {
	struct umem_owner *owner;
	unsigned long pages;
	unsigned long reserved;
};

/* Owners whose memory one call pins or moves; more are rare. */
#define UMEM_SHARES 16

/**
 * struct umem_shares - the owners of the memory that a call pins or moves
 * @n: number of owners
 * @full: there are more than fit
 * @share: the owners, the first @n
 */
struct umem_shares {
	unsigned int n;
	bool full;
	struct umem_share share[UMEM_SHARES];
};

/* The pages of all shares. */
static inline unsigned long umem_shares_pages(const struct umem_shares *shares)
{
	unsigned long pages = 0;
	unsigned int i;

	for (i = 0; i < shares->n; i++)
		pages += shares->share[i].pages;
	return pages;
}

/* Does not zero the rest, which would cost more than all else on the way of a small copy. */
static inline void umem_shares_init(struct umem_shares *shares)
{
	shares->n = 0;
	shares->full = false;
}

/**
 * struct umem_reservation - pages that one call may still pin
 * @totals: of the context; NULL if nothing is reserved, so that pinning has no limit of this kind
 * @own: pages of the calling process; the owner is NULL if it has no memory, or has none to pin
 * @others: pages of other owners, kept by the caller; NULL if there are none
 * @exceeded: pinning was refused because it needed more than is reserved for an owner
 *
 * A limit must hold when two calls are decided on at once, and a request that is refused must not
 * count against others. So a reservation is made after the decision, and only if no sum has grown
 * since the decision saw it. From then on it counts in all sums, until its pages are pinned and are
 * counted as such. Pages count for the owner of the memory, who need not be the calling process, so
 * each owner has a share. umem_pin() fails with -EBUSY if it would pin more than is reserved for
 * the owner, and sets @exceeded.
 */
struct umem_reservation {
	struct umem_totals *totals;
	struct umem_share own;
	struct umem_shares *others;
	bool exceeded;
};

/**
 * struct umem_source - the memory behind a new umem
 * @kind: the kind of memory
 * @start: user address, or offset in the file or dma-buf, in bytes; need not be page aligned
 * @file: UMEM_FILE: the file; pinning fails if it is not a memfd
 * @dmabuf: UMEM_DMABUF: the dma-buf
 * @importer: UMEM_DMABUF: the device that the exporter sees as the importer
 * @totals: of the context; outlives the umem
 * @account_mm: charge pages to the process, not to its user
 */
struct umem_source {
	enum umem_kind kind;
	bool account_mm;
	unsigned long start;
	struct umem_totals *totals;
	union {
		struct file *file;
		struct dma_buf *dmabuf;
	};
	struct device *importer;
};

/**
 * struct umem_user - keeps the pages of a part of a umem pinned
 * @node: first and last page within the umem, both included
 * @tag: for the owner of the user, which umem does not read or write: it fills padding
 */
struct umem_user {
	struct interval_tree_node node;
	u32 tag;
};

/**
 * struct umem_pins - the pins of umem_pin_pages() in an address space
 * @lock: see above
 * @tree: struct page_pin, by umem, first and last page
 *
 * A pin cannot be found quickly among the users of its umem, because copies of an area may make
 * millions. A tree in each umem would take memory for each map, although few are ever pinned so.
 */
struct umem_pins {
	spinlock_t lock; /* tree */
	struct rb_root tree;
};

/**
 * struct umem_pin_options - how to pin
 * @reservation: the pages that may be pinned; NULL for no limit
 * @timed: measure the time; it is counted if umem_is_timed()
 */
struct umem_pin_options {
	struct umem_reservation *reservation;
	bool timed;
};

/**
 * struct umem_stats - results of a call
 * @pages: pages pinned or unpinned
 * @runs: runs of physically contiguous pages among the unpinned ones
 * @ns: time it took to pin, if it was measured
 * @end: when the last pin that was measured ended, so that the caller need not read the clock
 */
struct umem_stats {
	unsigned long pages;
	unsigned long runs;
	u64 ns;
	u64 end;
};

/**
 * struct umem - memory of one kind
 * @refs: references
 * @kind: enum umem_kind
 * @account: enum umem_account
 * @writable: devices may write, so pages are pinned for writing
 * @listed: in the list of IOMMU_IOAS_CHANGE_PROCESS; see iopt_list_files()
 * @lock: see above
 * @users: struct umem_user, by the pages that they cover
 * @seg: the segment, if there is one, see umem/segment.c
 * @leaf: the segments, if they are few
 * @leaves: the table of segments otherwise
 * @start: user address, or offset in the file or dma-buf, page aligned
 * @npages: pages that can be pinned
 * @mm: UMEM_USER: the owner's; its struct is kept, its memory is not
 * @file: UMEM_FILE
 * @dmabuf: UMEM_DMABUF
 * @payer: the process that pages are charged to, and the context; read under RCU too
 */
struct umem {
	refcount_t refs;
	u8 kind;
	u8 account;
	bool writable;
	bool listed;
	struct mutex lock; /* users, segments, owner */
	struct rb_root_cached users;
	union {
		u64 seg;
		u64 *leaf;
		u64 **leaves;
	};
	unsigned long start;
	unsigned long npages;
	union {
		struct mm_struct *mm;
		struct file *file;
		struct umem_dmabuf *dmabuf;
	};
	struct umem_payer *payer;
};

/* umem.c: life and users of memory */
int umem_init(struct umem *umem, const struct umem_source *source, unsigned long length,
	      bool writable);
bool umem_put(struct umem *umem);
int umem_pin(struct umem *umem, struct umem_user *user, const struct umem_pin_options *options,
	     struct umem_stats *stats);
void umem_unpin(struct umem *umem, struct umem_user *user, struct umem_stats *stats);
void umem_count_fill(const struct umem *umem, u64 ns);
void umem_init_pins(struct umem_pins *pins);
int umem_pin_pages(struct umem *umem, struct umem_pins *pins, unsigned long first,
		   unsigned long last, struct page **pages);
bool umem_unpin_pages(struct umem *umem, struct umem_pins *pins, unsigned long first,
		      unsigned long last);

static inline void umem_get(struct umem *umem)
{
	refcount_inc(&umem->refs);
}

/* The number of the context that it was mapped through. */
static inline u32 umem_ctx_id(const struct umem *umem)
{
	u32 id;

	/* IOMMU_IOAS_CHANGE_PROCESS may replace the payer. */
	rcu_read_lock();
	id = READ_ONCE(umem->payer)->totals->ctx_id;
	rcu_read_unlock();
	return id;
}

/* The process that its pages are charged to. */
static inline pid_t umem_tgid(const struct umem *umem)
{
	pid_t tgid;

	rcu_read_lock();
	tgid = READ_ONCE(umem->payer)->owner->tgid;
	rcu_read_unlock();
	return tgid;
}

/* The owner that its pages are charged to, under rcu_read_lock(). */
static inline const struct umem_owner *umem_owner_rcu(const struct umem *umem)
{
	return READ_ONCE(umem->payer)->owner;
}

/* Whether the time that it takes to pin or map so many bytes is counted. */
static inline bool umem_is_timed(unsigned long bytes)
{
	return unlikely(bytes >= UMEM_TIMED_PAGES * PAGE_SIZE);
}

/* users.c: the tree of users */
void umem_split_user(struct umem *umem, struct umem_user *low, struct umem_user *high,
		     unsigned long at);

/* pin.c: module load; reads and writes; buffers of a limited size, for tests */
void umem_owner_init(void);
int umem_module_init(void);
void umem_module_exit(void);
int umem_rw(struct umem *umem, unsigned long offset, void *data, unsigned long length, bool write);
void umem_set_buffer_limit(size_t bytes);

extern size_t umem_buffer_limit;

static inline bool umem_buffer_limited(void)
{
	return READ_ONCE(umem_buffer_limit);
}

/* The number of entries of @size bytes in a temporary buffer that would otherwise have @n. */
static inline unsigned long umem_buffer_entries(unsigned long n, size_t size)
{
	size_t limit = READ_ONCE(umem_buffer_limit);

	return limit ? clamp(limit / size, 1UL, n) : n;
}

/**
 * struct umem_iter - a walk over runs of pinned pages
 * @umem: its lock is held from umem_iter_start() to the last umem_next_runs()
 * @index: first page not returned yet
 * @last: last page to return
 */
struct umem_iter {
	struct umem *umem;
	unsigned long index;
	unsigned long last;
};

/**
 * struct umem_run - pages that are contiguous in the umem and in physical memory
 * @pfn: frame of the first page
 * @npages: number of pages
 */
struct umem_run {
	unsigned long pfn;
	unsigned long npages;
};

/* Runs to ask for at a time: more would not fit well on the stack. */
#define UMEM_RUNS 16

/* segment.c: where page frames are stored */
void umem_iter_start(struct umem_iter *it, struct umem *umem, unsigned long first,
		     unsigned long last);
unsigned int umem_next_runs(struct umem_iter *it, struct umem_run *run, unsigned int max);
bool umem_seg_contig(struct umem *umem, unsigned long first, unsigned long last,
		     unsigned long *pfn);

/**
 * struct umem_owner_change - a umem whose charge umem_change_owners() moves
 * @umem: UMEM_FILE; each umem is listed once
 * @pages: for umem_change_owners(): pages that are pinned
 * @charged: for umem_change_owners(): of these, pages charged to another account before
 */
struct umem_owner_change {
	struct umem *umem;
	unsigned long pages;
	unsigned long charged;
};

/* charge.c: accounting */
void umem_needs_of_change(const struct umem_owner_change *list, unsigned long n,
			  const struct umem_scope *by, struct umem_needs *needs);
int umem_change_owners(struct umem_owner_change *list, unsigned long n, struct umem_grant *grant,
		       unsigned long *pages);

/* payer.c: owners of memory in one context */
int umem_totals_init(struct umem_totals *totals);
void umem_totals_free(struct umem_totals *totals);
void umem_totals_fini(struct umem_totals *totals);
void umem_set_mapper(struct umem_totals *totals);
struct umem_owner *umem_last_owner(struct umem_totals *totals);
pid_t umem_last_tgid(struct umem_totals *totals, pid_t otherwise);
bool umem_next_payer(struct umem_totals *totals, bool account_mm, u64 after,
		     struct umem_payer_state *state);

/**
 * umem_note_mapper() - note that the calling process has mapped memory through a context
 * @totals: of the context
 * @payer: the payer that the call began with; only compared, because it may be gone by now
 *
 * A call that fails must not end here: page requests count for the process that mapped last.
 *
 * Context: may sleep.
 */
static inline void umem_note_mapper(struct umem_totals *totals, const struct umem_payer *payer)
{
	if (unlikely(rcu_access_pointer(totals->payer) != payer))
		umem_set_mapper(totals);
}

/* owner.c: owners, sums and reservations */
void umem_owner_put(struct umem_owner *owner);
void umem_owner_sums(const struct umem_totals *totals, const struct umem_scope *by,
		     struct umem_sums *sums);
void umem_owner_see(const struct umem_totals *totals, struct umem_grant *grant);
void umem_watch_growth(bool on);
void umem_owner_scope(const struct umem_owner *owner, struct umem_scope *scope);
int umem_reservation_begin(struct umem_reservation *reservation, struct umem_totals *totals,
			   struct umem_grant *grant);
int umem_reservation_add(struct umem_reservation *reservation, struct umem_share *share,
			 struct umem_grant *grant);
bool umem_reservation_covers(struct umem_reservation *reservation, const struct umem_owner *owner,
			     unsigned long pages);
void umem_shares_add(struct umem_shares *shares, struct umem *umem, unsigned long pages);
unsigned long umem_shares_take_own(struct umem_shares *shares, struct umem_totals *totals);
void umem_shares_put(struct umem_shares *shares);
void umem_reservation_end(struct umem_reservation *reservation);

/* cgroup.c: cgroups of processes */
struct cgroup *umem_cgroup_get(void);
struct cgroup *umem_cgroup_find(u64 id);
void umem_cgroup_put(struct cgroup *cgroup);
u64 umem_cgroup_id(struct cgroup *cgroup);
bool umem_cgroup_within(struct cgroup *cgroup, u64 id);
u64 umem_cgroup_ancestor(struct cgroup *cgroup, u32 level);
u64 umem_cgroup_current(void);
bool umem_current_within(u64 id);

/**
 * struct umem_dmabuf_map - a page table that has the addresses of a dma-buf
 * @item: in the list of the umem; empty once it is revoked
 * @revoke: unmap the addresses, because the exporter revokes access. Called with umem->lock held
 *	and no lock of an address space; the map is off the list by then.
 */
struct umem_dmabuf_map {
	struct list_head item;
	void (*revoke)(struct umem_dmabuf_map *map);
};

/* dmabuf.c: dma-bufs, if the kernel has them */
#ifdef CONFIG_DMA_SHARED_BUFFER
int umem_exporter_register(struct iommufd_dmabuf_exporter *exporter);
void umem_exporter_unregister(struct iommufd_dmabuf_exporter *exporter);
bool umem_dmabuf_phys(const struct umem *umem, unsigned long offset, phys_addr_t *phys);
void umem_dmabuf_add_map(struct umem *umem, struct umem_dmabuf_map *map);
#else
static inline int umem_exporter_register(struct iommufd_dmabuf_exporter *exporter)
{
	return -EOPNOTSUPP;
}

static inline void umem_exporter_unregister(struct iommufd_dmabuf_exporter *exporter)
{
}

static inline bool umem_dmabuf_phys(const struct umem *umem, unsigned long offset,
				    phys_addr_t *phys)
{
	return false;
}

static inline void umem_dmabuf_add_map(struct umem *umem, struct umem_dmabuf_map *map)
{
}
#endif

#endif
