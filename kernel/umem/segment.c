// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segments: where page frames are stored, in the least memory that still shows runs to a walk and
 * finds a page at once.
 *
 * A umem is divided into segments of UMEM_SEG_PAGES slots. Slot 0 of a segment is page (segment *
 * UMEM_SEG_PAGES - umem_lead()). A segment is one 64-bit word:
 *
 *	0			nothing is pinned
 *	SEG_CONTIG		every pinned slot s has the frame (word >> SEG_SHIFT) + s, as in
 *				a huge page
 *	SEG_RUNS		pointer to u64 runs[] by slot, each slot | frame << RUN_SLOT_BITS.
 *				A run ends at the slot of the next entry; the last entry has slot
 *				UMEM_SEG_PAGES.
 *	SEG_FLAT		pointer to u32 frames[], from slot 0 on
 *	SEG_WIDE		pointer to u64 frames[], if a frame needs more than 32 bits
 *
 * A umem of one segment holds the word itself, a larger one a table of words. The table has up to
 * UMEM_LEAF_SEGS words, or is divided into leaves of so many, which are allocated when needed.
 *
 * That is at most 4 bytes per pinned 4 KiB page (8 bytes beyond 16 TiB of physical memory) and 8
 * bytes per huge page. The tag is in the low bits, which are clear in a pointer from kmalloc(). In
 * SEG_CONTIG, frame minus slot may be negative: it is stored modulo 2^PFN_BITS. The frame stored
 * for a page that is not pinned has no meaning.
 *
 * Storing pages into a segment that has pinned pages rebuilds it from both. umem->lock protects all
 * segments.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "umem/internal.h"

#define SEG_CONTIG 1
#define SEG_RUNS 2
#define SEG_FLAT 4
#define SEG_WIDE 6
#define SEG_TAG 7UL
#define SEG_SHIFT 3
#define PFN_BITS (64 - RUN_SLOT_BITS)
#define PFN_MASK (~0ULL >> RUN_SLOT_BITS)
#define RUN_SLOT_BITS 10
#define RUN_SLOT(run) ((unsigned int)(run) & ((1U << RUN_SLOT_BITS) - 1))
#define RUN_PFN(run) ((unsigned long)((run) >> RUN_SLOT_BITS))

static void *seg_ptr(u64 word)
{
	return (void *)(unsigned long)(word & ~(u64)SEG_TAG);
}

static unsigned long seg_nr(const struct umem *umem)
{
	return ((umem->npages + umem_lead(umem) - 1) >> UMEM_SEG_SHIFT) + 1;
}

static unsigned long leaf_nr(const struct umem *umem)
{
	return ((seg_nr(umem) - 1) >> UMEM_LEAF_SHIFT) + 1;
}

/* Whether one leaf is enough, and no table of leaves is needed, wherever segments begin. */
static bool has_one_leaf(const struct umem *umem)
{
	return umem->npages <= (UMEM_LEAF_SEGS - 1) * UMEM_SEG_PAGES;
}

/* Find a segment; NULL if nothing near it was ever pinned. */
static __always_inline u64 *seg_find(struct umem *umem, unsigned long seg)
{
	u64 *leaf;

	if (umem_has_one_seg(umem))
		return &umem->seg;
	if (!umem->leaves)
		return NULL;
	if (has_one_leaf(umem))
		return umem->leaf + seg;
	leaf = umem->leaves[seg >> UMEM_LEAF_SHIFT];
	return leaf ? leaf + (seg & (UMEM_LEAF_SEGS - 1)) : NULL;
}

/* Find a segment; allocate its part of the table first if it has none. */
static u64 *seg_make(struct umem *umem, unsigned long seg)
{
	u64 **leaf;

	if (umem_has_one_seg(umem))
		return &umem->seg;
	if (has_one_leaf(umem)) {
		if (!umem->leaf)
			umem->leaf = kcalloc(seg_nr(umem), sizeof(u64), GFP_KERNEL_ACCOUNT);
		return umem->leaf ? umem->leaf + seg : NULL;
	}
	if (!umem->leaves)
		umem->leaves = kvcalloc(leaf_nr(umem), sizeof(*umem->leaves),
					GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!umem->leaves)
		return NULL;
	leaf = &umem->leaves[seg >> UMEM_LEAF_SHIFT];
	if (!*leaf)
		*leaf = kcalloc(UMEM_LEAF_SEGS, sizeof(u64), GFP_KERNEL_ACCOUNT);
	return *leaf ? *leaf + (seg & (UMEM_LEAF_SEGS - 1)) : NULL;
}

static void seg_clear(u64 *seg)
{
	if (*seg & (SEG_TAG & ~SEG_CONTIG))
		kfree(seg_ptr(*seg));
	*seg = 0;
}

static u64 contig_word(unsigned long pfn, unsigned int slot)
{
	return ((pfn - slot) & PFN_MASK) << SEG_SHIFT | SEG_CONTIG;
}

/* Make the word for slots [slot, slot + n) with frames @pfns; 0 if out of memory. */
static u64 seg_encode(unsigned int slot, const unsigned long *pfns, unsigned int n)
{
	unsigned int i, runs = 1;
	bool wide = pfns[0] > U32_MAX;
	void *flat;

	for (i = 1; i < n; i++) {
		runs += pfns[i] != pfns[i - 1] + 1;
		wide |= pfns[i] > U32_MAX;
	}
	if (runs == 1)
		return contig_word(pfns[0], slot);

	if ((runs + 1) * sizeof(u64) <= (slot + n) * (wide ? sizeof(u64) : sizeof(u32))) {
		u64 *run = kmalloc_array(runs + 1, sizeof(u64), GFP_KERNEL_ACCOUNT);
		unsigned int r = 0;

		if (!run)
			return 0;
		for (i = 0; i < n; i++)
			if (!i || pfns[i] != pfns[i - 1] + 1)
				run[r++] = (u64)pfns[i] << RUN_SLOT_BITS | (slot + i);
		run[r] = UMEM_SEG_PAGES;
		return (unsigned long)run | SEG_RUNS;
	}

	flat = kmalloc_array(slot + n, wide ? sizeof(u64) : sizeof(u32), GFP_KERNEL_ACCOUNT);
	if (!flat)
		return 0;
	for (i = 0; i < n; i++)
		if (wide)
			((u64 *)flat)[slot + i] = pfns[i];
		else
			((u32 *)flat)[slot + i] = pfns[i];
	return (unsigned long)flat | (wide ? SEG_WIDE : SEG_FLAT);
}

/* First and last page of a segment that the umem has. */
static void seg_span(const struct umem *umem, unsigned long seg, unsigned long *first,
		     unsigned long *last)
{
	*first = seg ? (seg << UMEM_SEG_SHIFT) - umem_lead(umem) : 0;
	*last = min(((seg + 1) << UMEM_SEG_SHIFT) - umem_lead(umem), umem->npages) - 1;
}

/*
 * Copy the frames of pages [first, last], which are pinned, to @all, which begins with page @base.
 */
static void merge_old(struct umem *umem, unsigned long first, unsigned long last,
		      unsigned long *all, unsigned long base)
{
	unsigned long i, page = first;
	struct umem_iter it;
	struct umem_run run;

	umem_iter_start(&it, umem, first, last);
	while (umem_next_runs(&it, &run, 1))
		for (i = 0; i < run.npages; i++)
			all[page++ - base] = run.pfn + i;
}

/* The same for the pages in [first, last] that users or the umem_pin() in progress have pinned. */
static void merge_pinned(struct umem *umem, const struct umem_progress *progress,
			 unsigned long first, unsigned long last, unsigned long *all)
{
	unsigned long from = first;
	struct umem_holes holes;

	umem_holes_start(&holes, first, last);
	while (umem_next_hole(umem, &holes)) {
		if (holes.first > from)
			merge_old(umem, from, holes.first - 1, all, first);
		from = holes.last + 1;
	}
	if (from <= last)
		merge_old(umem, from, last, all, first);

	from = max(first, progress->first);
	last = min(last + 1, progress->end);
	if (from < last)
		merge_old(umem, from, last - 1, all, first);
}

/*
 * Build the word of a segment from the pages pinned in it and @n new pages, which are next after
 * those in @progress; 0 if out of memory. Pages that are not pinned get the frames that continue
 * the run before them, because that needs the least memory.
 */
static u64 seg_merge(struct umem *umem, const struct umem_progress *progress, unsigned long seg,
		     const unsigned long *pfns, unsigned int n)
{
	unsigned long first, last, i, begin = 0, end;
	unsigned long *all;
	u64 word;

	all = kcalloc(UMEM_SEG_PAGES, sizeof(*all), GFP_KERNEL_ACCOUNT);
	if (!all)
		return 0;

	seg_span(umem, seg, &first, &last);
	merge_pinned(umem, progress, first, last, all);
	for (i = 0; i < n; i++)
		all[progress->end - first + i] = pfns[i];

	/* Frame 0 means not pinned: no page that can be pinned has it. */
	end = last - first;
	while (!all[begin])
		begin++;
	while (!all[end])
		end--;
	for (i = begin + 1; i < end; i++)
		if (!all[i])
			all[i] = all[i - 1] + 1;
	word = seg_encode((first + begin + umem_lead(umem)) & (UMEM_SEG_PAGES - 1), all + begin,
			  end - begin + 1);
	kfree(all);
	return word;
}

#if defined(CONFIG_SPARSEMEM_VMEMMAP) || defined(CONFIG_FLATMEM)
/* All struct pages are in one array. */
static bool pages_contiguous(struct page **pages, unsigned int n)
{
	struct page **at = pages + 1, **end = pages + n, *want = pages[0] + 1;

	/* A huge page has 512, and this loop is a good part of its map: eight at a time. */
	for (; end - at >= 8; at += 8, want += 8)
		if (at[0] != want || at[1] != want + 1 || at[2] != want + 2 || at[3] != want + 3 ||
		    at[4] != want + 4 || at[5] != want + 5 || at[6] != want + 6 ||
		    at[7] != want + 7)
			return false;
	for (; at < end; at++, want++)
		if (*at != want)
			return false;
	return true;
}
#else
static bool pages_contiguous(struct page **pages, unsigned int n)
{
	unsigned int i;

	for (i = 1; i < n; i++)
		if (page_to_pfn(pages[i]) != page_to_pfn(pages[i - 1]) + 1)
			return false;
	return true;
}
#endif

/**
 * umem_seg_store_run() - store the frames of newly pinned pages that are contiguous
 * @umem: its lock is held
 * @progress: the pages come next after those
 * @page: the first of them; all are in one segment, and none was pinned before
 *
 * Return: true; false if the segment has frames already, or there is no memory, so that
 * umem_seg_store() has to store them.
 */
bool umem_seg_store_run(struct umem *umem, const struct umem_progress *progress, struct page *page)
{
	unsigned long slot = progress->end + umem_lead(umem);
	u64 *seg = seg_make(umem, slot >> UMEM_SEG_SHIFT);

	if (!seg || *seg)
		return false;
	*seg = contig_word(page_to_pfn(page), slot & (UMEM_SEG_PAGES - 1));
	return true;
}

/**
 * umem_seg_store() - store the frames of newly pinned pages
 * @umem: its lock is held
 * @progress: the pages come next after those
 * @pages: the pages, none of which was pinned before; overwritten on success
 * @npages: number of pages, all in one segment
 *
 * Return: 0; -ENOMEM, with @pages as they were.
 */
int umem_seg_store(struct umem *umem, const struct umem_progress *progress, struct page **pages,
		   unsigned int npages)
{
	unsigned long slot = progress->end + umem_lead(umem), seg_first, seg_last;
	unsigned long nr = slot >> UMEM_SEG_SHIFT;
	unsigned long *pfns = (unsigned long *)pages;
	u64 *seg = seg_make(umem, nr);
	u64 word;
	unsigned int i;

	if (!seg)
		return -ENOMEM;

	slot &= UMEM_SEG_PAGES - 1;
	if (!*seg && pages_contiguous(pages, npages)) {
		*seg = contig_word(page_to_pfn(pages[0]), slot);
		return 0;
	}

	static_assert(sizeof(*pfns) == sizeof(*pages));
	for (i = 0; i < npages; i++)
		pfns[i] = page_to_pfn(pages[i]);

	seg_span(umem, nr, &seg_first, &seg_last);
	if (*seg && (progress->end > max(progress->first, seg_first) ||
		     umem_covered(umem, seg_first, seg_last)))
		word = seg_merge(umem, progress, nr, pfns, npages);
	else
		word = seg_encode(slot, pfns, npages);
	if (!word) {
		for (i = 0; i < npages; i++)
			pages[i] = pfn_to_page(pfns[i]);
		return -ENOMEM;
	}
	seg_clear(seg);
	*seg = word;
	return 0;
}

/**
 * umem_seg_contig() - check whether pages are physically contiguous within one segment
 * @umem: its lock is held
 * @first: first page; all pages up to @last are pinned
 * @last: last page
 * @pfn: out: frame of @first, if they are
 *
 * A short cut for small mappings; umem_next_runs() serves all.
 *
 * Return: true if they are.
 */
bool umem_seg_contig(struct umem *umem, unsigned long first, unsigned long last, unsigned long *pfn)
{
	unsigned long slot = first + umem_lead(umem);
	const u64 *seg;

	if ((slot ^ (last + umem_lead(umem))) >> UMEM_SEG_SHIFT)
		return false;
	seg = seg_find(umem, slot >> UMEM_SEG_SHIFT);
	if (!seg || (*seg & SEG_TAG) != SEG_CONTIG)
		return false;
	*pfn = ((*seg >> SEG_SHIFT) + (slot & (UMEM_SEG_PAGES - 1))) & PFN_MASK;
	return true;
}

/**
 * umem_seg_drop() - drop the frames of pages that were unpinned
 * @umem: its lock is held
 * @first: first page
 * @last: last page
 *
 * Frees segments without pinned pages; other segments stay as they are.
 */
void umem_seg_drop(struct umem *umem, unsigned long first, unsigned long last)
{
	unsigned long nr = (first + umem_lead(umem)) >> UMEM_SEG_SHIFT;
	unsigned long end = ((last + umem_lead(umem)) >> UMEM_SEG_SHIFT) + 1;
	bool idle = umem_is_idle(umem);

	if (idle && umem_has_one_seg(umem)) {
		seg_clear(&umem->seg);
		return;
	}
	if (idle && has_one_leaf(umem)) {
		for (; umem->leaf && nr < end; nr++)
			seg_clear(umem->leaf + nr);
		return;
	}
	for (; nr < end; nr++) {
		u64 *seg = seg_find(umem, nr);
		unsigned long seg_first, seg_last;

		if (!seg || !*seg)
			continue;
		if (!idle) {
			seg_span(umem, nr, &seg_first, &seg_last);
			if (umem_covered(umem, seg_first, seg_last))
				continue;
		}
		seg_clear(seg);
	}
}

/**
 * umem_seg_free_table() - free the table of segments
 * @umem: has a table, and no users
 */
void umem_seg_free_table(struct umem *umem)
{
	unsigned long i, nr;

	if (has_one_leaf(umem)) {
		kfree(umem->leaf);
		return;
	}
	nr = leaf_nr(umem);
	for (i = 0; i < nr; i++)
		kfree(umem->leaves[i]);
	kvfree(umem->leaves);
}

/**
 * umem_iter_start() - start a walk over runs
 * @it: out: the walk
 * @umem: its lock is held during the walk
 * @first: first page; all pages up to @last are pinned
 * @last: last page
 */
void umem_iter_start(struct umem_iter *it, struct umem *umem, unsigned long first,
		     unsigned long last)
{
	lockdep_assert_held(&umem->lock);
	it->umem = umem;
	it->index = first;
	it->last = last;
}

/**
 * struct runs - the runs that umem_next_runs() has found so far
 * @run: where the next run goes
 * @end: end of the array
 * @next_pfn: the frame that would extend the last run
 */
struct runs {
	struct umem_run *run;
	struct umem_run *end;
	unsigned long next_pfn;
};

static __always_inline bool runs_add(struct runs *runs, unsigned long pfn, unsigned long npages)
{
	if (pfn == runs->next_pfn) {
		runs->run[-1].npages += npages;
	} else {
		if (runs->run == runs->end)
			return false;
		runs->run->pfn = pfn;
		runs->run->npages = npages;
		runs->run++;
	}
	runs->next_pfn = pfn + npages;
	return true;
}

/*
 * Add the runs of contiguous segments from @seg on, whose first page is in slot @slot. Those of one
 * leaf have their words side by side, and huge pages come in rows. Returns false if there was no
 * room for all of them.
 */
static bool runs_of_contig(struct runs *runs, struct umem_iter *it, const u64 *seg,
			   unsigned int slot)
{
	unsigned long nr = (it->index + umem_lead(it->umem)) >> UMEM_SEG_SHIFT, n;

	do {
		n = min(UMEM_SEG_PAGES - slot, it->last - it->index + 1);
		if (!runs_add(runs, ((*seg++ >> SEG_SHIFT) + slot) & PFN_MASK, n))
			return false;
		it->index += n;
		slot = 0;
	} while (it->index <= it->last && ++nr & (UMEM_LEAF_SEGS - 1) &&
		 (*seg & SEG_TAG) == SEG_CONTIG);
	return true;
}

/* Both add the runs of slots [slot, end) and return the first slot that there was no room for. */
static unsigned int runs_of_runs(struct runs *runs, const u64 *run, unsigned int slot,
				 unsigned int end)
{
	while (RUN_SLOT(run[1]) <= slot)
		run++;
	for (; slot < end; run++) {
		unsigned int next = min(end, RUN_SLOT(run[1]));

		if (!runs_add(runs, RUN_PFN(run[0]) + slot - RUN_SLOT(run[0]), next - slot))
			break;
		slot = next;
	}
	return slot;
}

static __always_inline unsigned int runs_of_frames(struct runs *runs, const void *frames, bool wide,
						   unsigned int slot, unsigned int end)
{
	unsigned long next_pfn = runs->next_pfn, pfn;
	struct umem_run *run = runs->run;

	for (; slot < end; slot++) {
		pfn = wide ? ((const u64 *)frames)[slot] : ((const u32 *)frames)[slot];
		if (pfn == next_pfn) {
			run[-1].npages++;
		} else {
			if (run == runs->end)
				break;
			run->pfn = pfn;
			run->npages = 1;
			run++;
		}
		next_pfn = pfn + 1;
	}
	runs->run = run;
	runs->next_pfn = next_pfn;
	return slot;
}

/**
 * umem_next_runs() - get the next runs of a walk
 * @it: the walk
 * @run: out: runs in the order of the pages, each as long as possible
 * @max: entries in @run
 *
 * Return: number of runs; 0 at the end of the walk.
 */
unsigned int umem_next_runs(struct umem_iter *it, struct umem_run *run, unsigned int max)
{
	struct runs runs = { .run = run, .end = run + max, .next_pfn = ULONG_MAX };
	struct umem *umem = it->umem;
	unsigned long lead = umem_lead(umem);

	while (it->index <= it->last) {
		unsigned long slot = it->index + lead;
		const u64 *seg = seg_find(umem, slot >> UMEM_SEG_SHIFT);
		u64 word = seg ? *seg : 0;
		unsigned int end, done;

		slot &= UMEM_SEG_PAGES - 1;
		end = min(UMEM_SEG_PAGES, slot + it->last - it->index + 1);
		switch (word & SEG_TAG) {
		case SEG_CONTIG:
			if (!runs_of_contig(&runs, it, seg, slot))
				return runs.run - run;
			continue;
		case SEG_RUNS:
			done = runs_of_runs(&runs, seg_ptr(word), slot, end);
			break;
		case SEG_FLAT:
			done = runs_of_frames(&runs, seg_ptr(word), false, slot, end);
			break;
		case SEG_WIDE:
			done = runs_of_frames(&runs, seg_ptr(word), true, slot, end);
			break;
		default:
			WARN_ONCE(1, "no frames stored for pinned pages\n");
			done = end;
		}
		it->index += done - slot;
		if (done != end)
			break;
	}
	return runs.run - run;
}
