/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of the kernel as kernel/umem and kernel/iopt/{space,dirty}.c need to run in a test
 * program. The script `headers` makes this file stand for every <linux/...> header that they
 * include.
 *
 * There is one thread, so locks are counted, not taken. It is a finding to take a lock twice, to
 * drop a lock that is not held, and to fail a lockdep assertion; so is a kernel warning.
 * kshim.findings counts findings, and the text of the first one is kept.
 *
 * Memory comes from malloc(), is filled with garbage unless zeroed, and fails as kshim.alloc_fails
 * says. The test program models the mm (pin_user_pages_fast() and similar functions) itself.
 */
#ifndef KSHIM_H
#define KSHIM_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* ---- types and arithmetic ---- */
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;
typedef u64 phys_addr_t;
typedef unsigned long pgoff_t;

#define __user
#define noinline __attribute__((noinline))
#define U32_MAX UINT32_MAX
#define BIT(nr) (1UL << (nr))
#define smp_load_acquire(ptr) __atomic_load_n(ptr, __ATOMIC_ACQUIRE)
#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define HPAGE_SIZE (1UL << 21)
#define TASK_SIZE_MAX ((1UL << 47) - PAGE_SIZE)
#define CONFIG_SPARSEMEM_VMEMMAP 1
#define CONFIG_TRANSPARENT_HUGEPAGE 1
#define CONFIG_DMA_SHARED_BUFFER 1
#define IS_ENABLED(option) (option)
#define static_assert _Static_assert

#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
#define unlikely(x) (x)
#define likely(x) (x)
#define DECLARE_STATIC_KEY_FALSE(key) extern bool key
#define static_branch_unlikely(key) (*(key))
#define READ_ONCE(x) (x)
#define WRITE_ONCE(x, val) ((x) = (val))
#define rcu_assign_pointer(p, val) ((p) = (val))
#define rcu_dereference_raw(p) (p)
#define rcu_access_pointer(p) (p)

#define kshim_pick(a, op, b) \
	({ \
		__typeof__(a) _a = (a); \
		__typeof__(b) _b = (b); \
		_a op _b ? _a : _b; \
	})
#define min(a, b) kshim_pick(a, <, b)
#define max(a, b) kshim_pick(a, >, b)
#define clamp(x, low, high) \
	({ \
		__typeof__(x) _at_least = max(x, low); \
		min(_at_least, high); \
	})
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define min_t(type, a, b) min((type)(a), (type)(b))
#define swap(a, b) \
	do { \
		__typeof__(a) _t = (a); \
		(a) = (b); \
		(b) = _t; \
	} while (0)
#define ALIGN_DOWN(x, a) ((x) & ~((a) - 1))
#define offset_in_page(x) ((unsigned long)(x) & (PAGE_SIZE - 1))
static inline size_t size_add(size_t a, size_t b)
{
	size_t sum;

	return __builtin_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

#define check_add_overflow(a, b, sum) __builtin_add_overflow(a, b, sum)
#define __ffs(x) ((unsigned long)__builtin_ctzl(x))
#define ilog2(x) (63 - __builtin_clzl(x))
#define is_power_of_2(x) ((x) && !((x) & ((x) - 1)))
#define SZ_1G 0x40000000
#define SZ_2M 0x200000UL
#define U16_MAX UINT16_MAX
#define jiffies 0UL

static inline unsigned long roundup_pow_of_two(unsigned long n)
{
	return n <= 1 ? 1 : 1UL << (64 - __builtin_clzl(n - 1));
}

static inline unsigned long rounddown_pow_of_two(unsigned long n)
{
	return 1UL << (63 - __builtin_clzl(n));
}

#define ERR_PTR(err) ((void *)(long)(err))
#define PTR_ERR(ptr) ((long)(ptr))
#define IS_ERR(ptr) ((unsigned long)(ptr) >= -4095UL)

/* ---- set and read by the test program ---- */
struct kshim {
	unsigned int findings;
	char finding[160]; /* the first one */
	unsigned int alloc_fails; /* one allocation in this many fails, 0 for none */
	unsigned long failed; /* allocations that failed */
	unsigned long blocks; /* allocated now */
	unsigned long bytes; /* in these blocks */
	unsigned long refusals; /* reported by iommufd_refuse_...() */
	u32 seed; /* of kshim_random() */
	bool privileged; /* CAP_IPC_LOCK */
	bool killed; /* a fatal signal is pending */
	bool mm_dead; /* the mm has no users any more */
	unsigned long memlock; /* RLIMIT_MEMLOCK in bytes */
};

extern struct kshim kshim;

void kshim_reset(u32 seed);
/* Returns a number in [0, n). */
unsigned long kshim_random(unsigned long n);
bool kshim_finding(bool found, const char *file, int line, const char *text);

#define WARN_ON(cond) kshim_finding(!!(cond), __FILE__, __LINE__, #cond)
#define WARN_ONCE(cond, text) kshim_finding(!!(cond), __FILE__, __LINE__, text)

/* ---- memory ---- */
#define GFP_KERNEL 0
#define GFP_KERNEL_ACCOUNT 0
#define __GFP_NOWARN 0

void *kshim_alloc(size_t n, size_t size, bool zero);
void kshim_free(const void *mem);

#define kmalloc_array(n, size, flags) kshim_alloc(n, size, false)
#define kcalloc(n, size, flags) kshim_alloc(n, size, true)
#define kvcalloc(n, size, flags) kshim_alloc(n, size, true)
#define kzalloc(size, flags) kshim_alloc(1, size, true)
#define kfree kshim_free
/* There is one cache, whose objects are arrays of the pages of a segment. */
#define kmem_cache_create(name, size, align, flags, ctor) ((struct kmem_cache *)(ctor))
#define kmem_cache_destroy(cache) ((void)(cache))
#define kmem_cache_alloc(cache, flags) \
	((void)(cache), kshim_alloc(UMEM_SEG_PAGES, sizeof(struct page *), false))
#define kmem_cache_free(cache, object) kshim_free(object)
#define kvfree kshim_free

/* ---- counters and locks ---- */
typedef struct {
	int val;
} refcount_t;
typedef struct {
	int val;
} atomic_t;
typedef struct {
	long val;
} atomic_long_t;
#define atomic_add(n, a) ((void)((a)->val += (n)))
typedef struct {
	s64 val;
} atomic64_t;

#define refcount_set(r, n) ((r)->val = (n))
#define refcount_inc(r) ((void)(r)->val++)
#define refcount_dec_and_test(r) (!--(r)->val)
#define atomic_long_read(a) ((a)->val)
#define atomic_long_add(n, a) ((void)((a)->val += (n)))
#define atomic_long_sub(n, a) ((void)((a)->val -= (n)))
#define atomic_long_sub_return(n, a) ((a)->val -= (n))
#define atomic64_read(a) ((a)->val)
#define atomic64_inc(a) ((void)(a)->val++)
#define atomic64_add(n, a) ((void)((a)->val += (n)))
#define atomic64_sub(n, a) ((void)((a)->val -= (n)))

static inline bool atomic_long_try_cmpxchg(atomic_long_t *a, unsigned long *old, unsigned long val)
{
	if (a->val == (long)*old) {
		a->val = val;
		return true;
	}
	*old = a->val;
	return false;
}

/* ---- processors: there is one ---- */
#define __percpu
#define ____cacheline_aligned_in_smp
#define this_cpu_add(var, n) ((void)((var) += (n)))
#define this_cpu_inc(var) ((void)(var)++)
#define this_cpu_dec(var) ((void)(var)--)
#define __this_cpu_inc(var) ((void)(var)++)
#define __this_cpu_dec(var) ((void)(var)--)
#define per_cpu_ptr(ptr, cpu) ((void)(cpu), ptr)
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < 1; (cpu)++)
#define preempt_disable() ((void)0)
#define preempt_enable() ((void)0)
#define smp_mb() ((void)0)
#define smp_rmb() ((void)0)
#define smp_store_release(ptr, val) ((void)(*(ptr) = (val)))

typedef struct {
	int none;
} wait_queue_head_t;
#define wait_event(wq, cond) ((void)WARN_ON(!(cond)))
#define wake_up_all(wq) ((void)0)

struct mutex {
	int held;
};
struct rw_semaphore {
	int held;
};
#define TASK_COMM_LEN 16
#define task_tgid(task) ((struct pid *)(task))

typedef struct {
	int held;
} spinlock_t;

#define kshim_lock(l) ((void)WARN_ON((l)->held++))
#define kshim_unlock(l) ((void)WARN_ON(!(l)->held--))
#define mutex_init(l) ((void)((l)->held = 0))
#define mutex_destroy(l) ((void)WARN_ON((l)->held))
#define mutex_lock(l) kshim_lock(l)
#define mutex_unlock(l) kshim_unlock(l)
#define mutex_lock_killable(l) (kshim_lock(l), 0)
#define spin_lock_init(l) ((void)((l)->held = 0))
#define spin_lock(l) kshim_lock(l)
#define spin_unlock(l) kshim_unlock(l)
#define spin_lock_irq(l) kshim_lock(l)
#define spin_unlock_irq(l) kshim_unlock(l)
#define down_write(l) kshim_lock(l)
#define up_write(l) kshim_unlock(l)
#define down_write_killable(l) (down_write(l), 0)
#define down_write_trylock(l) (!(l)->held && (kshim_lock(l), true))
#define down_write_nest_lock(l, nest) kshim_lock(l)
#define rwsem_acquire_read(map, sub, try, ip) ((void)0)
#define rwsem_release(map, ip) ((void)0)
#define down_read(l) kshim_lock(l)
#define up_read(l) kshim_unlock(l)
#define rcu_read_lock() ((void)0)
#define rcu_read_unlock() ((void)0)
#define lockdep_assert_held(l) ((void)WARN_ON(!(l)->held))
#define lockdep_assert_held_write(l) ((void)WARN_ON(!(l)->held))
#define cond_resched() ((void)0)

struct xarray {
	void *none;
};

/* ---- lists ---- */
struct list_head {
	struct list_head *next, *prev;
};
struct hlist_node {
	struct hlist_node *next;
};

#define LIST_HEAD(name) struct list_head name = { &(name), &(name) }
#define list_first_entry(head, type, member) container_of((head)->next, type, member)
#define list_for_each_entry(pos, head, member) \
	for (pos = container_of((head)->next, __typeof__(*pos), member); &pos->member != (head); \
	     pos = container_of(pos->member.next, __typeof__(*pos), member))

#define list_next_entry(pos, member) container_of((pos)->member.next, __typeof__(*(pos)), member)
#define list_prev_entry(pos, member) container_of((pos)->member.prev, __typeof__(*(pos)), member)
#define list_is_first(item, head) ((item)->prev == (head))
#define list_is_last(item, head) ((item)->next == (head))

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head->prev = head;
}

static inline void list_add(struct list_head *item, struct list_head *after)
{
	item->prev = after;
	item->next = after->next;
	after->next->prev = item;
	after->next = item;
}

static inline void list_add_tail(struct list_head *item, struct list_head *head)
{
	list_add(item, head->prev);
}

static inline void list_del(struct list_head *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	item->next = item->prev = NULL;
}

/* ---- tasks and their limits ---- */
struct mm_struct {
	atomic64_t pinned_vm;
	unsigned long locked_vm;
	struct rw_semaphore lock;
	int grabbed, users;
};

struct user_struct {
	atomic_long_t locked_vm;
	int refs;
};

/* Owners of memory, which umem/umem.h declares; kshim.c makes one for each umem. */
typedef struct {
	unsigned int val;
} kuid_t;
struct rcu_head {
	int unused;
};
#define __rcu

struct sighand_struct {
	spinlock_t siglock; /* signals */
};
struct task_struct {
	struct mm_struct *mm;
	struct task_struct *group_leader;
	struct sighand_struct *sighand; /* only for files of hugetlbfs, see struct inode */
	int tgid;
};

extern struct task_struct *current;
extern struct user_struct kshim_user;

#define CAP_IPC_LOCK 14
#define RLIMIT_MEMLOCK 8
#define capable(cap) (kshim.privileged)
#define task_rlimit(task, limit) (kshim.memlock)
#define fatal_signal_pending(task) (kshim.killed)
#define current_user() (&kshim_user)
#define get_uid(u) ((u)->refs++, (u))
#define free_uid(u) ((void)(u)->refs--)
#define mmgrab(mm) ((void)(mm)->grabbed++)
#define mmdrop(mm) ((void)(mm)->grabbed--)
#define mmget_not_zero(mm) (!kshim.mm_dead && ++(mm)->users)
#define mmput(mm) ((void)(mm)->users--)
#define mmap_read_lock(mm) kshim_lock(&(mm)->lock)
#define mmap_read_unlock(mm) kshim_unlock(&(mm)->lock)
#define mmap_write_lock(mm) kshim_lock(&(mm)->lock)
#define mmap_write_unlock(mm) kshim_unlock(&(mm)->lock)

/* Each address has memory that can be pinned. */
typedef unsigned long vm_flags_t;
#define VM_READ 0x1
#define VM_WRITE 0x2
#define VM_PFNMAP 0x400
#define VM_IO 0x4000

struct vm_area_struct {
	unsigned long vm_end;
	vm_flags_t vm_flags;
};

static inline struct vm_area_struct *vma_lookup(struct mm_struct *mm, unsigned long addr)
{
	static struct vm_area_struct all = { ~0ul, VM_READ | VM_WRITE };

	(void)mm;
	(void)addr;
	return &all;
}

int __account_locked_vm(struct mm_struct *mm, unsigned long pages, bool inc,
			struct task_struct *task, bool bypass);

/* ---- pages: addresses without memory that stand for frame numbers ---- */
struct page {
	char room[64];
};

#define KSHIM_MEM_MAP ((uintptr_t)1 << 44)

static inline struct page *pfn_to_page(unsigned long pfn)
{
	return (struct page *)(KSHIM_MEM_MAP + pfn * sizeof(struct page));
}

static inline unsigned long page_to_pfn(const struct page *page)
{
	return ((uintptr_t)page - KSHIM_MEM_MAP) / sizeof(struct page);
}

#define FOLL_WRITE 0x1
#define FOLL_LONGTERM 0x100

long pin_user_pages_fast(unsigned long start, int nr, unsigned int flags, struct page **pages);
long pin_user_pages_remote(struct mm_struct *mm, unsigned long start, unsigned long nr,
			   unsigned int flags, struct page **pages, int *locked);
void unpin_user_pages(struct page **pages, unsigned long nr);

/*
 * Files and their folios, which the test program makes. A folio has the frames from pfn on, and
 * starts at page index of the file. As in the kernel, refs counts all pins, and _pincount those
 * beyond the first one.
 */
#define TMPFS_MAGIC 0x01021994
#define HUGETLBFS_MAGIC 0x958458f6
#define FMODE_READ 1
#define FMODE_WRITE 2
#define IS_APPEND(inode) 0
#define IOMMU_MMIO (1 << 4)
#define F_SEAL_FUTURE_WRITE 0x10
struct super_block {
	unsigned long s_magic;
};
struct address_space {
	int writable;
}; /* writers; negative if sealed */
struct inode {
	loff_t size;
	struct super_block *i_sb;
	unsigned int seals;
	/* The rest is for files of hugetlbfs, of which the tests make none. */
	struct rw_semaphore i_rwsem;
	struct address_space *i_mapping;
};
struct file;
struct file_operations {
	long (*fallocate)(struct file *file, int mode, loff_t offset, loff_t length);
};
struct file {
	struct inode inode;
	struct address_space *f_mapping;
	const struct file_operations *f_op;
	unsigned int f_mode;
	int refs;
};
struct folio {
	unsigned long index;
	unsigned long nr;
	unsigned long pfn;
	int refs;
	atomic_t _pincount;
};

#define NR_FOLL_PIN_ACQUIRED 0
#define get_file(f) ((f)->refs++, (f))
#define fput(f) ((void)(f)->refs--)
#define file_inode(f) (&(f)->inode)
#define SHMEM_I(inode) (inode)
#define HUGETLBFS_I(inode) (inode)
#define mapping_map_writable(m) ((m)->writable < 0 ? -EPERM : ((m)->writable++, 0))
#define mapping_unmap_writable(m) ((void)(m)->writable--)
#define i_size_read(inode) ((inode)->size)
#define i_blocksize(inode) 4096
#define round_down(x, y) ((x) & ~((__typeof__(x))(y) - 1))
#define filemap_get_folio(mapping, index) ((struct folio *)-ENOENT)
#define folio_put(f) ((void)(f)->refs--)
#define down_read_killable(sem) (down_read(sem), 0)
#define FALLOC_FL_KEEP_SIZE 1
#define TIF_SIGPENDING 0
#define TIF_NOTIFY_SIGNAL 1
#define test_and_clear_thread_flag(flag) false
#define set_thread_flag(flag) ((void)0)
#define __fatal_signal_pending(task) false
#define folio_nr_pages(f) ((f)->nr)
#define folio_page(f, n) pfn_to_page((f)->pfn + (n))
#define folio_ref_count(f) ((f)->refs)
#define folio_ref_add(f, n) ((void)((f)->refs += (n)))
#define node_stat_mod_folio(f, item, n) kshim_pins_added(f, n)

void kshim_pins_added(struct folio *folio, unsigned long n);
long memfd_pin_folios(struct file *file, loff_t start, loff_t end, struct folio **folios,
		      unsigned int max, pgoff_t *offset);
void unpin_folios(struct folio **folios, unsigned long n);
void unpin_user_pages_dirty_lock(struct page **pages, unsigned long nr, bool dirty);
void unpin_user_page_range_dirty_lock(struct page *page, unsigned long nr, bool dirty);
void memcpy_to_page(struct page *page, size_t offset, const void *data, size_t n);
void memcpy_from_page(void *data, struct page *page, size_t offset, size_t n);

/* ---- tracepoints: enabled, so that code that runs only for them is tested ---- */
u64 ktime_get_ns(void);
void trace_iommufd_pin(u32 ctx, u32 tgid, u64 user_va, u64 pages, u64 runs, u64 ns, int ret);
void trace_iommufd_unpin(u32 ctx, u32 tgid, u64 user_va, u64 pages, u64 runs, u64 ns);

#define trace_iommufd_pin_enabled() true
#define trace_iommufd_unpin_enabled() true
#define preempt_disable_notrace() ((void)0)
#define preempt_enable_notrace() ((void)0)

/* ---- IOMMU ---- */
#define IOMMU_READ 1
#define IOMMU_WRITE 2

enum iommu_resv_type {
	IOMMU_RESV_DIRECT,
	IOMMU_RESV_DIRECT_RELAXABLE,
	IOMMU_RESV_RESERVED,
	IOMMU_RESV_MSI,
	IOMMU_RESV_SW_MSI,
};

struct iommu_resv_region {
	struct list_head list;
	phys_addr_t start;
	size_t length;
	enum iommu_resv_type type;
};

struct device;

void iommu_get_resv_regions(struct device *dev, struct list_head *list);
void iommu_put_resv_regions(struct device *dev, struct list_head *list);

struct iommu_domain {
	const struct iommu_dirty_ops *dirty_ops;
	unsigned long pgsize_bitmap;
	bool is_iommupt;
};

static inline bool port_gathers_dirty(const struct iommu_domain *domain)
{
	return !domain->is_iommupt;
}

struct iommu_iotlb_gather {
	unsigned long start, end;
	size_t pgsize;
};

struct iommu_dirty_bitmap {
	void *bitmap;
	struct iommu_iotlb_gather *gather;
};

#define IOMMU_DIRTY_NO_CLEAR 1

struct iommu_dirty_ops {
	int (*set_dirty_tracking)(struct iommu_domain *domain, bool enabled);
	int (*read_and_clear_dirty)(struct iommu_domain *domain, unsigned long iova, size_t size,
				    unsigned long flags, struct iommu_dirty_bitmap *dirty);
};

static inline void iommu_iotlb_gather_init(struct iommu_iotlb_gather *gather)
{
	*gather = (struct iommu_iotlb_gather){ .start = ULONG_MAX };
}

static inline void iommu_dirty_bitmap_init(struct iommu_dirty_bitmap *dirty, void *bitmap,
					   struct iommu_iotlb_gather *gather)
{
	iommu_iotlb_gather_init(gather);
	dirty->bitmap = bitmap;
	dirty->gather = gather;
}

/* Declared for iopt/internal.h, and not called. */
size_t iommu_unmap(struct iommu_domain *domain, unsigned long iova, size_t size);

void iommu_flush_iotlb_all(struct iommu_domain *domain);
void iommu_iotlb_sync(struct iommu_domain *domain, struct iommu_iotlb_gather *gather);

/* ---- defined by unit-dirty, which alone needs them ---- */
unsigned long copy_to_user(void *to, const void *from, unsigned long n);
unsigned long copy_from_user(void *to, const void *from, unsigned long n);
bool rwsem_is_contended(struct rw_semaphore *lock);

#define get_user(val, ptr) (copy_from_user(&(val), ptr, sizeof(*(ptr))) ? -EFAULT : 0)
#define put_user(val, ptr) \
	({ \
		__typeof__(*(ptr)) _val = (val); \
		copy_to_user(ptr, &_val, sizeof(_val)) ? -EFAULT : 0; \
	})

#endif
