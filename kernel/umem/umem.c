// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of memory, and its users; umem/umem.h explains both.
 *
 * A new user pins only the holes of its range, which are the pages that no other user covers. They
 * are charged first, then pinned, and the user enters the tree last. A user that ends leaves the
 * tree first, and the holes that it leaves are unpinned and uncharged.
 */
#include <linux/capability.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "trace/emit.h"
#include "umem/internal.h"

static int check_range(const struct umem_source *source, unsigned long length)
{
	bool user = source->kind == UMEM_USER;
	unsigned long end;

	if (!user && length && check_add_overflow(source->start, length - 1, &end))
		return -EOVERFLOW;
	if (!length || length > SIZE_MAX - PAGE_SIZE)
		return -EINVAL;
	if (user && check_add_overflow(source->start, length, &end))
		return -EOVERFLOW;
	return 0;
}

static void fini_common(struct umem *umem)
{
	mutex_destroy(&umem->lock);
	umem_payer_put(umem->payer);
}

/**
 * umem_init() - initialize a umem for a range of memory
 * @umem: need not be zeroed
 * @source: the memory; that of a process belongs to the calling process
 * @length: bytes
 * @writable: devices may write to it
 *
 * The calling process becomes the owner. Nothing is pinned yet; only a dma-buf is attached.
 *
 * Context: may sleep; for a dma-buf, no lock of iommufd and no reservation lock is held.
 * Return: 0; -EINVAL for a length of 0 or an impossible one; -EOVERFLOW if the range wraps;
 * -ENOMEM; an error of umem_file_init() or umem_dmabuf_init().
 */
int umem_init(struct umem *umem, const struct umem_source *source, unsigned long length,
	      bool writable)
{
	unsigned long start = source->start, max;
	enum umem_kind kind = source->kind;
	struct umem_payer *payer;
	int ret;

	ret = check_range(source, length);
	if (ret)
		return ret;
	payer = umem_payer_get(source->totals);
	if (!payer)
		return -ENOMEM;

	refcount_set(&umem->refs, 1);
	mutex_init(&umem->lock);
	umem->users = RB_ROOT_CACHED;
	umem->start = ALIGN_DOWN(start, PAGE_SIZE);
	umem->npages = ((length - 1 + offset_in_page(start)) >> PAGE_SHIFT) + 1;
	if (kind == UMEM_USER) {
		/* Addresses above TASK_SIZE_MAX can be mapped, but never pinned. */
		max = umem->start < TASK_SIZE_MAX ? (TASK_SIZE_MAX - umem->start) >> PAGE_SHIFT : 0;
		umem->npages = min(umem->npages, max);
	}
	umem->seg = 0;
	umem->writable = writable;
	umem->listed = false;
	umem->kind = kind;
	umem_set_payer(umem, payer);

	if (capable(CAP_IPC_LOCK))
		umem->account = UMEM_ACCOUNT_NONE;
	else
		umem->account = source->account_mm ? UMEM_ACCOUNT_MM : UMEM_ACCOUNT_USER;

	if (likely(kind == UMEM_USER)) {
		umem->mm = payer->owner->mm;
		return 0;
	}
	if (kind == UMEM_FILE)
		ret = umem_file_init(umem, source->file);
	else
		ret = umem_dmabuf_init(umem, source, start + (length - 1));
	if (ret)
		fini_common(umem);
	return ret;
}

/**
 * umem_put() - drop a reference on a umem
 * @umem: has no users when the last reference goes
 *
 * Context: may sleep; for a dma-buf, no lock of iommufd and no reservation lock is held.
 * Return: true if it was the last one: the caller frees the struct.
 */
bool umem_put(struct umem *umem)
{
	if (!refcount_dec_and_test(&umem->refs))
		return false;

	WARN_ON(!RB_EMPTY_ROOT(&umem->users.rb_root));
	umem_seg_free_all(umem);
	if (unlikely(umem->kind != UMEM_USER)) {
		if (umem->kind == UMEM_FILE)
			umem_file_release(umem);
		else
			umem_dmabuf_release(umem);
	}
	fini_common(umem);
	return true;
}

/* Unpin pages that no user covers and drop their frames; returns the number of runs. */
static unsigned long drop_pages(struct umem *umem, unsigned long first, unsigned long last)
{
	unsigned long runs = umem_unpin_hole(umem, first, last);

	umem_seg_drop(umem, first, last);
	return runs;
}

/* Pin all pages of a umem without users in a range; all or nothing. */
static __always_inline int pin_idle(struct umem *umem, unsigned long first, unsigned long last)
{
	struct umem_progress progress = { .first = first, .end = first };
	int ret = umem_pin_hole(umem, &progress, last);

	if (unlikely(ret) && progress.end > first)
		drop_pages(umem, first, progress.end - 1);
	return ret;
}

/* Pin all holes of a range; all or nothing. */
static noinline int pin_holes(struct umem *umem, unsigned long first, unsigned long last)
{
	struct umem_progress progress = { .first = first };
	struct umem_holes holes, undo;
	int ret;

	umem_holes_start(&holes, first, last);
	while (umem_next_hole(umem, &holes)) {
		/* Users cover the pages between two holes. */
		progress.end = holes.first;
		ret = umem_pin_hole(umem, &progress, holes.last);
		if (ret)
			goto err_unpin;
	}
	return 0;

err_unpin:
	/* The part of this hole that was pinned, then the holes before it. */
	if (progress.end > holes.first)
		drop_pages(umem, holes.first, progress.end - 1);
	if (holes.first > first) {
		umem_holes_start(&undo, first, holes.first - 1);
		while (umem_next_hole(umem, &undo))
			drop_pages(umem, undo.first, undo.last);
	}
	return ret;
}

/* Count the runs in the holes, which are pinned although no user covers them yet. */
static unsigned long count_runs(struct umem *umem, unsigned long first, unsigned long last)
{
	struct umem_run runs[UMEM_RUNS];
	unsigned long n = 0, more;
	struct umem_holes holes;
	struct umem_iter it;

	umem_holes_start(&holes, first, last);
	while (umem_next_hole(umem, &holes)) {
		umem_iter_start(&it, umem, holes.first, holes.last);
		while ((more = umem_next_runs(&it, runs, UMEM_RUNS)))
			n += more;
	}
	return n;
}

/* Count a pin that was timed. umem->lock is held. */
static void count_pin(const struct umem *umem, unsigned long pages, u64 ns)
{
	struct umem_totals *totals = umem->payer->totals;

	umem_count(totals, timed_pins, 1);
	umem_count(totals, timed_pages, pages);
	umem_count(totals, pin_ns, ns);
}

/**
 * umem_count_fill() - count time that page tables were filled with a part of a umem
 * @umem: the memory
 * @ns: the time
 *
 * Context: any.
 */
void umem_count_fill(const struct umem *umem, u64 ns)
{
	/* IOMMU_IOAS_CHANGE_PROCESS may replace the payer. */
	rcu_read_lock();
	umem_count(READ_ONCE(umem->payer)->totals, fill_ns, ns);
	rcu_read_unlock();
}

/* umem_pin() with the lock held. Inlined, because umem_pin() is the usual caller. */
static __always_inline int pin_locked(struct umem *umem, struct umem_user *user,
				      const struct umem_pin_options *options,
				      struct umem_stats *stats)
{
	struct umem_reservation *reservation = options->reservation;
	bool traced = trace_iommufd_pin_enabled();
	unsigned long first = user->node.start;
	unsigned long last = user->node.last;
	unsigned long pages, runs = 0;
	u64 ns = 0;
	int ret = 0;

	if (options->timed || traced)
		ns = ktime_get_ns();

	pages = umem_count_holes(umem, first, last);
	if (pages) {
		if (unlikely(reservation) &&
		    !umem_reservation_covers(reservation, umem->payer->owner, pages)) {
			ret = -EBUSY;
			goto out_trace;
		}
		ret = umem_charge(umem, pages, reservation);
		if (unlikely(ret)) {
			if (ret == -ENOMEM)
				ret = umem_charge_refused(umem, first, last, pages);
			goto out_trace;
		}
		ret = likely(umem_is_idle(umem)) ? pin_idle(umem, first, last) :
						   pin_holes(umem, first, last);
		if (ret) {
			umem_uncharge(umem, pages);
			goto out_trace;
		}
		umem_count(umem->payer->totals, pinned, pages);
	}
	if (traced)
		runs = count_runs(umem, first, last);
	interval_tree_insert(&user->node, &umem->users);
	stats->pages += pages;
out_trace:
	if (ns) {
		stats->end = ktime_get_ns();
		ns = stats->end - ns;
		stats->ns += ns;
		if (!ret && options->timed && last - first >= UMEM_TIMED_PAGES - 1)
			count_pin(umem, pages, ns);
	}
	if (traced) {
		iommufd_trace(pin, umem_ctx_id(umem), current->tgid,
			      umem->start + first * PAGE_SIZE, pages, runs, ns, ret);
		/* The time that programs took is not the caller's. */
		stats->end = ktime_get_ns();
	}
	return ret;
}

/**
 * umem_pin() - pin all pages of a range for a new user
 * @umem: the memory
 * @user: node.start and node.last are its first and last page; in use until umem_unpin()
 * @options: how to pin
 * @stats: out, added to: the pages that this call had to pin, and the time
 *
 * Pages that other users cover are neither pinned nor charged again.
 *
 * Context: may sleep for page faults of user memory; a fatal signal ends it.
 * Return: 0; -ENOMEM if the limit does not allow it, or if out of memory; -EFAULT if a part of the
 * range is not mapped in the mm or not writable, or if the mm is gone; -EINVAL if a file is not a
 * memfd or ends before the range; -EINTR; -EBUSY if it has to pin more pages than are reserved.
 */
int umem_pin(struct umem *umem, struct umem_user *user, const struct umem_pin_options *options,
	     struct umem_stats *stats)
{
	int ret;

	mutex_lock(&umem->lock);
	ret = pin_locked(umem, user, options, stats);
	mutex_unlock(&umem->lock);
	return ret;
}

/* Unpin the holes that a user leaves; returns the number of pages. */
static noinline unsigned long unpin_holes(struct umem *umem, const struct umem_user *user,
					  unsigned long *runs)
{
	unsigned long pages = 0;
	struct umem_holes holes;

	umem_holes_start(&holes, user->node.start, user->node.last);
	while (umem_next_hole(umem, &holes)) {
		*runs += drop_pages(umem, holes.first, holes.last);
		pages += holes.last - holes.first + 1;
	}
	return pages;
}

/* umem_unpin() with the lock held. */
static __always_inline void unpin_locked(struct umem *umem, struct umem_user *user,
					 struct umem_stats *stats)
{
	bool traced = trace_iommufd_unpin_enabled();
	unsigned long pages = 0, runs = 0;
	u64 start = traced ? ktime_get_ns() : 0;

	interval_tree_remove(&user->node, &umem->users);
	if (likely(umem_is_idle(umem))) {
		runs = drop_pages(umem, user->node.start, user->node.last);
		pages = user->node.last - user->node.start + 1;
	} else {
		pages = unpin_holes(umem, user, &runs);
	}
	if (pages) {
		umem_uncharge(umem, pages);
		umem_count(umem->payer->totals, unpinned, pages);
	}

	stats->pages += pages;
	stats->runs += runs;
	if (traced)
		iommufd_trace(unpin, umem_ctx_id(umem), current->tgid,
			      umem->start + user->node.start * PAGE_SIZE, pages, runs,
			      start ? ktime_get_ns() - start : 0);
}

/**
 * umem_unpin() - end a user and unpin the pages that only it covered
 * @umem: the memory
 * @user: the user, from umem_pin()
 * @stats: out, added to: pages and runs unpinned
 *
 * The caller makes sure that nothing uses the pages on the user's behalf any more: they are
 * unmapped from page tables, and the IOMMU's caches are flushed.
 *
 * Context: may sleep; cannot fail.
 */
void umem_unpin(struct umem *umem, struct umem_user *user, struct umem_stats *stats)
{
	mutex_lock(&umem->lock);
	unpin_locked(umem, user, stats);
	mutex_unlock(&umem->lock);
}

/**
 * struct page_pin - pages that umem_pin_pages() has returned
 * @user: keeps them pinned
 * @node: in the tree of struct umem_pins
 * @umem: the memory
 * @count: number of calls that returned them; protected by the lock of @umem
 */
struct page_pin {
	struct umem_user user;
	struct rb_node node;
	struct umem *umem;
	unsigned int count;
};

/**
 * umem_init_pins() - initialise a set of pins
 * @pins: will have none
 */
void umem_init_pins(struct umem_pins *pins)
{
	spin_lock_init(&pins->lock);
	pins->tree = RB_ROOT;
}

static int compare(unsigned long a, unsigned long b)
{
	return a < b ? -1 : a > b;
}

static int compare_pins(const void *key, const struct rb_node *node)
{
	const struct page_pin *a = key, *b = rb_entry(node, struct page_pin, node);

	return compare((unsigned long)a->umem, (unsigned long)b->umem) ?:
		       compare(a->user.node.start, b->user.node.start) ?:
		       compare(a->user.node.last, b->user.node.last);
}

static bool is_before(struct rb_node *node, const struct rb_node *other)
{
	return compare_pins(rb_entry(node, struct page_pin, node), other) < 0;
}

/* Find the pin of exactly this range. The lock of the umem keeps it. */
static struct page_pin *find_page_pin(struct umem *umem, struct umem_pins *pins,
				      unsigned long first, unsigned long last)
{
	const struct page_pin key = {
		.user.node = { .start = first, .last = last },
		.umem = umem,
	};
	struct rb_node *node;

	spin_lock(&pins->lock);
	node = rb_find(&key, &pins->tree, compare_pins);
	spin_unlock(&pins->lock);
	return node ? rb_entry(node, struct page_pin, node) : NULL;
}

/* Pin a range on behalf of umem_pin_pages(); returns the pin, without a count, or ERR_PTR(). */
static struct page_pin *make_page_pin(struct umem *umem, struct umem_pins *pins,
				      unsigned long first, unsigned long last)
{
	static const struct umem_pin_options options;
	struct umem_stats stats = {};
	struct page_pin *pin;
	int ret;

	pin = kzalloc(sizeof(*pin), GFP_KERNEL_ACCOUNT);
	if (!pin)
		return ERR_PTR(-ENOMEM);
	pin->user.node.start = first;
	pin->user.node.last = last;
	pin->umem = umem;
	ret = pin_locked(umem, &pin->user, &options, &stats);
	if (ret) {
		kfree(pin);
		return ERR_PTR(ret);
	}
	spin_lock(&pins->lock);
	rb_add(&pin->node, &pins->tree, is_before);
	spin_unlock(&pins->lock);
	return pin;
}

/**
 * umem_pin_pages() - pin a range and return its pages
 * @umem: the memory
 * @pins: the address space that the caller has found the memory in
 * @first: first page
 * @last: last page
 * @pages: out: one entry per page
 *
 * The same range may be pinned any number of times.
 *
 * Context: may sleep, as umem_pin().
 * Return: 0; -ENOMEM; -EINVAL for a dma-buf, which has no pages; an error of umem_pin().
 */
int umem_pin_pages(struct umem *umem, struct umem_pins *pins, unsigned long first,
		   unsigned long last, struct page **pages)
{
	struct page_pin *pin;
	struct umem_iter it;
	struct umem_run run;
	unsigned long i;
	int ret = 0;

	if (umem->kind == UMEM_DMABUF)
		return -EINVAL;

	mutex_lock(&umem->lock);
	pin = find_page_pin(umem, pins, first, last);
	if (!pin)
		pin = make_page_pin(umem, pins, first, last);
	if (IS_ERR(pin)) {
		ret = PTR_ERR(pin);
		goto out_unlock;
	}
	pin->count++;

	umem_iter_start(&it, umem, first, last);
	while (umem_next_runs(&it, &run, 1)) {
		for (i = 0; i < run.npages; i++)
			*pages++ = pfn_to_page(run.pfn + i);
		cond_resched();
	}
out_unlock:
	mutex_unlock(&umem->lock);
	return ret;
}

/**
 * umem_unpin_pages() - undo one umem_pin_pages()
 * @umem: the memory
 * @pins: the address space of that call
 * @first: first page of that call
 * @last: last page of that call
 *
 * Context: may sleep.
 * Return: true; false if there was no such call.
 */
bool umem_unpin_pages(struct umem *umem, struct umem_pins *pins, unsigned long first,
		      unsigned long last)
{
	struct umem_stats stats = {};
	struct page_pin *pin;

	mutex_lock(&umem->lock);
	pin = find_page_pin(umem, pins, first, last);
	if (pin && !--pin->count) {
		spin_lock(&pins->lock);
		rb_erase(&pin->node, &pins->tree);
		spin_unlock(&pins->lock);
		unpin_locked(umem, &pin->user, &stats);
		kfree(pin);
	}
	mutex_unlock(&umem->lock);
	return pin;
}
