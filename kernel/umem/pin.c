// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinning and unpinning of pages, and reads and writes for in-kernel accesses.
 *
 * Pages are pinned with FOLL_LONGTERM, because devices may use them for as long as they like: the
 * kernel migrates them out of ZONE_MOVABLE and CMA first. Pages that devices may write are faulted
 * in writable, so that no later copy-on-write separates the device from the process. Each segment
 * is pinned, checked for contiguity and stored before the next one, so page pointers are needed for
 * one segment at a time, and for huge pages not at all. Pages are unpinned by run.
 *
 * The mm may be another process's, if the file descriptor was passed on or the memory was mapped
 * before a fork(). Then mmget_not_zero() keeps it alive only while pages are pinned. Memory of a
 * file needs no mm: umem_file_pin() finds the pages.
 */
#include <linux/highmem.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "port/unzeroed.h"
#include "umem/internal.h"

/* Page pointers on the stack, for small mappings. */
#define PIN_STACK_PAGES 16
/* So many pages are looked for in a huge page first: with fewer it would not pay. */
#define PIN_RUN_PAGES 32

size_t umem_buffer_limit;

/* Buffers of page pointers for larger mappings, one segment each. */
static struct kmem_cache *pages_cache;

/* With a constructor, the kernel does not clear them, which takes as long as to pin a huge page. */
static void construct_nothing(void *object)
{
}

/**
 * umem_module_init() - create the slab cache at module load
 *
 * Return: 0 or -ENOMEM.
 */
int umem_module_init(void)
{
	pages_cache = kmem_cache_create("umem_pages", UMEM_SEG_PAGES * sizeof(struct page *), 0, 0,
					construct_nothing);
	return pages_cache ? 0 : -ENOMEM;
}

/**
 * umem_module_exit() - destroy the slab cache at module unload
 */
void umem_module_exit(void)
{
	kmem_cache_destroy(pages_cache);
}

/**
 * umem_set_buffer_limit() - limit the temporary buffers of a call
 * @bytes: size of each buffer, which has at least one entry; 0 for the default
 *
 * For tests: with small buffers a call takes several rounds for little memory. Applies to calls
 * that begin after it.
 */
void umem_set_buffer_limit(size_t bytes)
{
	WRITE_ONCE(umem_buffer_limit, bytes);
}

/*
 * Pin up to @npages pages from @first on. Returns the number of pages, at least 1, or an error. The
 * caller holds a reference on the mm's users unless the mm is its own.
 */
static long pin_some(struct umem *umem, unsigned long first, unsigned int npages,
		     struct page **pages)
{
	unsigned int flags = FOLL_LONGTERM | (umem->writable ? FOLL_WRITE : 0);
	unsigned long address = umem->start + first * PAGE_SIZE;
	int locked = 1;
	long n;

	if (fatal_signal_pending(current))
		return -EINTR;

	if (unlikely(umem->kind == UMEM_FILE)) {
		n = umem_file_pin(umem, first, npages, pages);
	} else if (umem->mm == current->mm) {
		n = pin_user_pages_fast(address, npages, flags, pages);
	} else {
		mmap_read_lock(umem->mm);
		n = pin_user_pages_remote(umem->mm, address, npages, flags, pages, &locked);
		if (locked)
			mmap_read_unlock(umem->mm);
	}
	return n ? n : -EFAULT;
}

/**
 * struct piece - pages to be pinned next, all of one segment
 * @npages: number of pages
 * @run: how many of them are pinned and contiguous, but not stored yet
 * @page: the first of @run
 */
struct piece {
	unsigned int npages;
	unsigned int run;
	struct page *page;
};

/* Pin a page of the next piece, and all that follow it in a huge page. Returns 0 or an error. */
static int pin_run(struct umem *umem, const struct umem_progress *progress, struct piece *piece)
{
	long n = pin_some(umem, progress->end, 1, &piece->page);

	if (n < 0)
		return n;
	piece->run = 1 + umem_pin_huge(umem->mm, umem->start + progress->end * PAGE_SIZE,
				       piece->page, umem->writable, piece->npages - 1);
	return 0;
}

/* Pin the rest of the next piece and store all of it; all or nothing. */
static int pin_segment(struct umem *umem, const struct umem_progress *progress,
		       const struct piece *piece, struct page **pages)
{
	unsigned int have;
	long n;
	int ret;

	for (have = 0; have < piece->run; have++)
		pages[have] = pfn_to_page(page_to_pfn(piece->page) + have);
	while (have < piece->npages) {
		n = pin_some(umem, progress->end + have, piece->npages - have, pages + have);
		if (n < 0) {
			ret = n;
			goto err_unpin;
		}
		have += n;
	}
	ret = umem_seg_store(umem, progress, pages, piece->npages);
	if (ret)
		goto err_unpin;
	return 0;

err_unpin:
	if (have)
		unpin_user_pages(pages, have);
	return ret;
}

/* Whether pages that were just stored seem to be of a huge page: the next ones may be, too. */
static bool is_huge(struct umem *umem, unsigned long first, unsigned int npages)
{
	unsigned long pfn;

	return umem_seg_contig(umem, first, first + npages - 1, &pfn) &&
	       umem_may_be_huge(pfn_to_page(pfn));
}

/* Pin and store the next page, which is the calling process's: a short cut for small maps. */
static int pin_one(struct umem *umem, struct umem_progress *progress)
{
	unsigned int flags = FOLL_LONGTERM | (umem->writable ? FOLL_WRITE : 0);
	struct page *page;
	long n;
	int ret;

	if (fatal_signal_pending(current))
		return -EINTR;
	n = pin_user_pages_fast(umem->start + progress->end * PAGE_SIZE, 1, flags, &page);
	if (unlikely(n <= 0))
		return n ?: -EFAULT;
	ret = umem_seg_store(umem, progress, &page, 1);
	if (unlikely(ret))
		unpin_user_pages(&page, 1);
	else
		progress->end++;
	return ret;
}

/*
 * umem_pin_hole() for all else. Huge pages need no pointers to their pages, so memory for pointers
 * is allocated when the first other page comes. Not inlined, because it needs many registers and
 * much stack.
 */
static noinline int pin_pages(struct umem *umem, struct umem_progress *progress, unsigned long last)
{
	unsigned long index = progress->end, size = UMEM_SEG_PAGES, lead = umem_lead(umem);
	bool remote = umem->kind == UMEM_USER && umem->mm != current->mm;
	bool huge = umem->kind == UMEM_USER; /* the next piece may be of a huge page */
	struct page *stack_pages[PIN_STACK_PAGES] port_unzeroed;
	struct page **pages = last - index < PIN_STACK_PAGES ? stack_pages : NULL;
	int ret = 0;

	if (unlikely(umem->kind == UMEM_FILE) && !umem_file_holds(umem, last))
		return -EINVAL;

	if (unlikely(umem_buffer_limited()))
		size = rounddown_pow_of_two(umem_buffer_entries(size, sizeof(*pages)));
	if (remote && !mmget_not_zero(umem->mm))
		return -EFAULT;

	while (index <= last) {
		unsigned long piece_end = ((index + lead) | (size - 1)) - lead;
		struct piece piece = { .npages = min(piece_end, last) - index + 1 };

		if (huge && piece.npages >= PIN_RUN_PAGES) {
			ret = pin_run(umem, progress, &piece);
			if (ret)
				break;
		}
		if (piece.run < piece.npages || !umem_seg_store_run(umem, progress, piece.page)) {
			if (!pages)
				pages = kmem_cache_alloc(pages_cache, GFP_KERNEL);
			if (!pages) {
				if (piece.run)
					unpin_user_page_range_dirty_lock(piece.page, piece.run,
									 umem->writable);
				ret = -ENOMEM;
				break;
			}
			ret = pin_segment(umem, progress, &piece, pages);
			if (ret)
				break;
			huge = umem->kind == UMEM_USER && is_huge(umem, index, piece.npages);
		}
		/* Storing the rest of a segment keeps the pages before it. */
		index += piece.npages;
		progress->end = index;
		if (index <= last)
			cond_resched();
	}

	if (remote)
		mmput(umem->mm);
	if (pages && pages != stack_pages)
		kmem_cache_free(pages_cache, pages);
	return ret;
}

/**
 * umem_pin_hole() - pin pages and store their frames
 * @umem: its lock is held; the pages are charged
 * @progress: its @end is the first page; out, also on error: ends after the last page pinned
 * @last: last page; no page of the range is pinned
 *
 * Context: may sleep for page faults of user memory.
 * Return: 0; -EFAULT, -ENOMEM, -EINTR or another error of the fault handler; -EINVAL if a file ends
 * before the last page or is not a memfd.
 */
int umem_pin_hole(struct umem *umem, struct umem_progress *progress, unsigned long last)
{
	lockdep_assert_held(&umem->lock);
	if (last >= umem->npages)
		return -EFAULT;
	if (last == progress->end && umem->kind == UMEM_USER && umem->mm == current->mm)
		return pin_one(umem, progress);
	return pin_pages(umem, progress, last);
}

static noinline unsigned long unpin_runs(struct umem *umem, unsigned long first, unsigned long last)
{
	struct umem_run runs[UMEM_RUNS] port_unzeroed;
	unsigned long total = 0;
	struct umem_iter it;
	unsigned int i, n;

	umem_iter_start(&it, umem, first, last);
	while ((n = umem_next_runs(&it, runs, UMEM_RUNS))) {
		for (i = 0; i < n; i++)
			unpin_user_page_range_dirty_lock(pfn_to_page(runs[i].pfn), runs[i].npages,
							 umem->writable);
		total += n;
		if (n == UMEM_RUNS)
			cond_resched();
	}
	return total;
}

/**
 * umem_unpin_hole() - unpin pages, run by run
 * @umem: its lock is held
 * @first: first page
 * @last: last page; all pages are pinned, and no user covers any of them
 *
 * Marks pages dirty that a device could write.
 *
 * Context: may sleep.
 * Return: number of runs.
 */
unsigned long umem_unpin_hole(struct umem *umem, unsigned long first, unsigned long last)
{
	unsigned long pfn;

	if (!umem_seg_contig(umem, first, last, &pfn))
		return unpin_runs(umem, first, last);
	unpin_user_page_range_dirty_lock(pfn_to_page(pfn), last - first + 1, umem->writable);
	return 1;
}

static void rw_page(struct page *page, unsigned int offset, void *data, unsigned int n, bool write)
{
	if (write)
		memcpy_to_page(page, offset, data, n);
	else
		memcpy_from_page(data, page, offset, n);
}

/* Pin a page for a copy. Returns 1 or an error. */
static long pin_transient(struct umem *umem, unsigned long index, bool write, struct page **page)
{
	int locked = 1;
	bool remote;
	long got;

	if (umem->kind == UMEM_FILE)
		return umem_file_holds(umem, index) ? umem_file_pin(umem, index, 1, page) : -EINVAL;
	remote = umem->mm != current->mm;
	if (remote && !mmget_not_zero(umem->mm))
		return -EFAULT;
	mmap_read_lock(umem->mm);
	got = pin_user_pages_remote(umem->mm, umem->start + index * PAGE_SIZE, 1,
				    write ? FOLL_WRITE : 0, page, &locked);
	if (locked)
		mmap_read_unlock(umem->mm);
	if (remote)
		mmput(umem->mm);
	return got;
}

/* Copy to or from a page that is not pinned: pin it for the copy alone. */
static int rw_transient(struct umem *umem, unsigned long index, unsigned int offset, void *data,
			unsigned int n, bool write)
{
	struct page *page;
	long got = pin_transient(umem, index, write, &page);

	if (got == 1) {
		rw_page(page, offset, data, n, write);
		unpin_user_pages_dirty_lock(&page, 1, write);
	}
	if (got < 0)
		return got;
	return got == 1 ? 0 : -EFAULT;
}

/**
 * umem_rw() - copy between a kernel buffer and memory
 * @umem: the memory
 * @offset: byte of @umem to start at, from umem->start on
 * @data: the kernel buffer
 * @length: bytes, at least 1, within the range
 * @write: copy to the memory; otherwise from it
 *
 * Copies to and from pinned pages where there are any, because devices use these, even if the
 * process has mapped other memory there since. Looks up other pages in the mm or the file.
 *
 * Context: may sleep.
 * Return: 0; -EPERM for a write to memory that was mapped for reading; -EINVAL for a dma-buf, which
 * has no pages, or beyond the end of a file; -EFAULT.
 */
int umem_rw(struct umem *umem, unsigned long offset, void *data, unsigned long length, bool write)
{
	int ret = 0;

	if (write && !umem->writable)
		return -EPERM;
	if (umem->kind == UMEM_DMABUF)
		return -EINVAL;

	while (length && !ret) {
		unsigned long index = offset >> PAGE_SHIFT;
		unsigned int in_page = offset_in_page(offset);
		unsigned int n = min(length, PAGE_SIZE - in_page);
		struct umem_iter it;
		struct umem_run run;

		mutex_lock(&umem->lock);
		if (umem_covered(umem, index, index)) {
			umem_iter_start(&it, umem, index, index);
			umem_next_runs(&it, &run, 1);
			rw_page(pfn_to_page(run.pfn), in_page, data, n, write);
		} else {
			ret = rw_transient(umem, index, in_page, data, n, write);
		}
		mutex_unlock(&umem->lock);

		offset += n;
		data += n;
		length -= n;
	}
	return ret;
}
