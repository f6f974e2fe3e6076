// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test of kernel/umem in user space against a model: random users of one umem come and go, and
 * after each step the pages that are pinned, charged and returned are compared, page by page, with
 * the users.
 *
 * Model of the mm: a process maps its pages in one of several layouts, each of which assigns a
 * frame to every page. It changes the layout at any time, like a process that unmaps memory and
 * maps it again. frame[i] is the frame that pin_user_pages() returned for page i, or 0 if the page
 * is not pinned. It is a finding if a page is pinned twice, or a frame is unpinned that is not
 * pinned. As the scenario wants, calls for pages return fewer pages or fail, and allocations fail.
 *
 * Scenarios are random with fixed seeds; one that fails prints its seed and step.
 */
#include "../lib/tap.h"

#if !__has_include(<linux/rbtree_augmented.h>)
int main(void)
{
	tap__start();
	return tap__skip_all("no kernel headers with linux/rbtree_augmented.h where KDIR is");
}
#else
#include <stdio.h>

#include "kshim.h"
#include "umem/internal.h"

#define LAYOUTS 4
#define USERS 24
#define MAX_PAGES (1UL << 20)
#define UPTR 0x7f0000000000UL
#define SEG UMEM_SEG_PAGES
#define LEAF (UMEM_LEAF_SEGS * UMEM_SEG_PAGES)

enum layout { CONTIGUOUS, SCATTERED, HIGH, MIXED };

struct scenario {
	const char *name;
	unsigned int runs; /* seeds */
	unsigned int steps;
	unsigned long min_pages, max_pages;
	unsigned int alloc_fails; /* one in this many */
	unsigned int gup_fails; /* the same */
	unsigned int remote; /* percent of the steps in another process */
	unsigned int limit; /* RLIMIT_MEMLOCK in percent of the pages, 0 for none */
};

static const struct scenario scenarios[] = {
	{ "one segment", 25, 400, 1, SEG, 0, 0, 0, 0 },
	{ "some segments", 15, 400, SEG, 8 * SEG, 0, 0, 0, 0 },
	{ "more than one leaf of segments", 2, 60, LEAF - 2 * SEG, LEAF + LEAF / 8, 0, 0, 0, 0 },
	{ "pages that cannot be pinned", 15, 400, 1, 6 * SEG, 0, 4, 0, 0 },
	{ "out of memory", 15, 400, 1, 6 * SEG, 6, 0, 0, 0 },
	{ "out of memory, many segments", 2, 60, LEAF + 1, LEAF + LEAF / 8, 6, 20, 0, 0 },
	{ "limits", 25, 400, 1, 6 * SEG, 0, 0, 30, 40 },
	{ "another process, all kinds of errors", 25, 400, 1, 4 * SEG, 9, 9, 50, 60 },
};

/* A user of the umem in the model, made by umem_pin() or umem_pin_pages(). */
struct user {
	struct umem_user user;
	unsigned long first, last;
	unsigned int count; /* calls of umem_pin_pages(); 0 for umem_pin() */
	bool in_use;
};

static struct {
	const struct scenario *scenario;
	unsigned int step;
	u32 seed;
	struct umem umem;
	struct umem_totals totals;
	bool account_mm;
	struct mm_struct mm, other_mm;
	struct task_struct task, other_task;
	unsigned long pages;
	u32 *index[LAYOUTS]; /* page to index of its frame in the layout */
	u32 *page_at[LAYOUTS]; /* the inverse */
	unsigned long base[LAYOUTS]; /* first frame of the layout */
	enum layout layout;
	bool layout_fixed;
	unsigned long *frame;
	unsigned long *seen; /* last frame of the page, pinned or not */
	bool gup_failed;
	struct user users[USERS];
	u8 *cover; /* number of users of each page */
	struct umem_pins pins;
	struct page **pages_out; /* from umem_pin_pages() */
	unsigned int copies; /* calls of memcpy_to_page() and memcpy_from_page() */
	struct {
		unsigned long pfn;
		size_t offset, n;
		const void *data;
		bool write;
	} copy[8];
	u64 trace_pages, trace_runs;
} m;

static const struct umem_pin_options no_options;

/* Counts of events, to check that every case came up. */
static struct {
	unsigned long pinned, failed, short_gup, huge, copied, limited;
	bool tag[8];
} total;

#define expect(cond) kshim_finding(!(cond), __FILE__, __LINE__, #cond)

/* ---- the mm ---- */

long pin_user_pages_fast(unsigned long start, int nr, unsigned int flags, struct page **pages)
{
	unsigned long first = (start - m.umem.start) >> PAGE_SHIFT;

	expect(!(start & (PAGE_SIZE - 1)) && nr > 0);
	expect(!(flags & FOLL_WRITE) || m.umem.writable);
	if (expect(first + nr <= m.pages))
		return -EFAULT;
	if (m.scenario->gup_fails && !kshim_random(m.scenario->gup_fails)) {
		m.gup_failed = true;
		return kshim_random(2) ? -EFAULT : kshim_random(2) ? -ENOMEM : 0;
	}
	if (!kshim_random(8) && nr > 1) {
		nr = 1 + kshim_random(nr);
		total.short_gup++;
	}
	if (!m.layout_fixed && !kshim_random(3))
		m.layout = kshim_random(LAYOUTS);
	for (int i = 0; i < nr; i++) {
		unsigned long page = first + i, pfn = m.base[m.layout] + m.index[m.layout][page];

		expect(!m.frame[page]);
		m.frame[page] = pfn;
		m.seen[page] = pfn;
		pages[i] = pfn_to_page(pfn);
	}
	return nr;
}

long pin_user_pages_remote(struct mm_struct *mm, unsigned long start, unsigned long nr,
			   unsigned int flags, struct page **pages, int *locked)
{
	expect(mm == &m.mm && mm->lock.held);
	/* The fault handler may drop the lock. */
	if (!kshim_random(4)) {
		mm->lock.held--;
		*locked = 0;
	}
	return pin_user_pages_fast(start, nr, flags, pages);
}

bool umem_may_be_huge(struct page *page)
{
	(void)page;
	return kshim_random(2);
}

/* In half of the cases, the layout is a huge page of which the process maps as much as it says. */
unsigned int umem_pin_huge(struct mm_struct *mm, unsigned long address, struct page *page,
			   bool writable, unsigned int max)
{
	unsigned long first = (address - m.umem.start) >> PAGE_SHIFT, pfn = page_to_pfn(page);
	unsigned int n = 0;

	expect(mm == m.umem.mm && m.frame[first] == pfn && writable == m.umem.writable);
	expect(first + max < m.pages);
	if (kshim_random(2))
		return 0;
	while (n < max && m.base[m.layout] + m.index[m.layout][first + n + 1] == pfn + n + 1) {
		n++;
		expect(!m.frame[first + n]);
		m.frame[first + n] = pfn + n;
		m.seen[first + n] = pfn + n;
	}
	total.huge += n > 0;
	return n;
}

static void unpin_frame(unsigned long pfn)
{
	for (int l = 0; l < LAYOUTS; l++) {
		if (pfn >= m.base[l] && pfn < m.base[l] + m.pages) {
			unsigned long page = m.page_at[l][pfn - m.base[l]];

			expect(m.frame[page] == pfn);
			m.frame[page] = 0;
			return;
		}
	}
	expect(!"a frame that was never pinned");
}

void unpin_user_pages(struct page **pages, unsigned long nr)
{
	for (unsigned long i = 0; i < nr; i++)
		unpin_frame(page_to_pfn(pages[i]));
}

void unpin_user_pages_dirty_lock(struct page **pages, unsigned long nr, bool dirty)
{
	(void)dirty;
	unpin_user_pages(pages, nr);
}

void unpin_user_page_range_dirty_lock(struct page *page, unsigned long nr, bool dirty)
{
	expect(dirty == m.umem.writable);
	for (unsigned long i = 0; i < nr; i++)
		unpin_frame(page_to_pfn(page) + i);
}

static void copied(struct page *page, size_t offset, const void *data, size_t n, bool write)
{
	if (expect(m.copies < 8))
		return;
	m.copy[m.copies].pfn = page_to_pfn(page);
	m.copy[m.copies].offset = offset;
	m.copy[m.copies].n = n;
	m.copy[m.copies].data = data;
	m.copy[m.copies].write = write;
	m.copies++;
}

void memcpy_to_page(struct page *page, size_t offset, const void *data, size_t n)
{
	copied(page, offset, data, n, true);
}

void memcpy_from_page(void *data, struct page *page, size_t offset, size_t n)
{
	copied(page, offset, data, n, false);
}

void trace_iommufd_pin(u32 ctx, u32 tgid, u64 user_va, u64 pages, u64 runs, u64 ns, int ret)
{
	(void)ctx;
	expect(tgid == (u32)current->tgid && ns && !(user_va & (PAGE_SIZE - 1)));
	if (ret)
		return;
	m.trace_pages = pages;
	m.trace_runs = runs;
}

void trace_iommufd_unpin(u32 ctx, u32 tgid, u64 user_va, u64 pages, u64 runs, u64 ns)
{
	(void)ctx;
	expect(tgid == (u32)current->tgid && ns && !(user_va & (PAGE_SIZE - 1)));
	m.trace_pages = pages;
	m.trace_runs = runs;
}

/* Files are tested in unit-file. */
long memfd_pin_folios(struct file *file, loff_t start, loff_t end, struct folio **folios,
		      unsigned int max, pgoff_t *offset)
{
	(void)file, (void)start, (void)end, (void)folios, (void)max, (void)offset;
	expect(!"a file");
	return -EINVAL;
}

void unpin_folios(struct folio **folios, unsigned long n)
{
	(void)folios;
	(void)n;
	expect(!"a file");
}

void kshim_pins_added(struct folio *folio, unsigned long n)
{
	(void)folio;
	(void)n;
	expect(!"a file");
}

int umem_dmabuf_init(struct umem *umem, const struct umem_source *source, unsigned long end)
{
	(void)umem, (void)source, (void)end;
	expect(!"a dma-buf");
	return -EINVAL;
}

void umem_dmabuf_release(struct umem *umem)
{
	(void)umem;
	expect(!"a dma-buf");
}

/* ---- layouts ---- */

static void exchange(u32 *a, u32 *b)
{
	u32 t = *a;

	*a = *b;
	*b = t;
}

static void make_layout(enum layout l)
{
	u32 *index = m.index[l];
	unsigned long i;

	for (i = 0; i < m.pages; i++)
		index[i] = i;
	/* Random, or runs of some pages with single exchanged pages between them. */
	for (i = m.pages - 1; l == SCATTERED && i > 0; i--)
		exchange(&index[i], &index[kshim_random(i + 1)]);
	for (i = 8; l == MIXED && i < m.pages; i += 1 + kshim_random(60))
		exchange(&index[i], &index[i - kshim_random(8)]);
	for (i = 0; i < m.pages; i++)
		m.page_at[l][index[i]] = i;
}

/* Low and high frames: frames of 2^32 and above need wide entries; some layouts have both. */
static void make_layouts(void)
{
	m.base[CONTIGUOUS] = 1000;
	m.base[SCATTERED] = kshim_random(2) ? 1000 + 2 * MAX_PAGES : (1UL << 32) - m.pages / 2;
	m.base[HIGH] = (1UL << 33) + 5;
	m.base[MIXED] = kshim_random(2) ? 1UL << 34 : 1UL << 31;
	for (int l = 0; l < LAYOUTS; l++)
		make_layout(l);
}

static void model_init(unsigned long pages)
{
	m.pages = pages;
	m.frame = calloc(pages, sizeof(*m.frame));
	m.seen = calloc(pages, sizeof(*m.seen));
	m.cover = calloc(pages, 1);
	m.pages_out = calloc(pages, sizeof(*m.pages_out));
	for (int l = 0; l < LAYOUTS; l++) {
		m.index[l] = calloc(pages, sizeof(u32));
		m.page_at[l] = calloc(pages, sizeof(u32));
	}
	make_layouts();
	m.task = (struct task_struct){ .mm = &m.mm, .group_leader = &m.task, .tgid = 11 };
	m.other_task = (struct task_struct){
		.mm = &m.other_mm,
		.group_leader = &m.other_task,
		.tgid = 22,
	};
	current = &m.task;
	kshim_user = (struct user_struct){};
}

static void model_free(void)
{
	free(m.frame);
	free(m.seen);
	free(m.cover);
	free(m.pages_out);
	for (int l = 0; l < LAYOUTS; l++) {
		free(m.index[l]);
		free(m.page_at[l]);
	}
}

/* ---- checks ---- */

static unsigned long covered(unsigned long first, unsigned long last, u8 by)
{
	unsigned long n = 0;

	for (unsigned long i = first; i <= last; i++)
		n += m.cover[i] == by;
	return n;
}

/* Count the runs of the pages with @by users; other pages separate runs. */
static unsigned long runs(unsigned long first, unsigned long last, u8 by)
{
	unsigned long n = 0, next = 0;

	for (unsigned long i = first; i <= last; i++) {
		if (by && m.cover[i] != by) {
			next = 0;
			continue;
		}
		n += m.frame[i] != next;
		next = m.frame[i] + 1;
	}
	return n;
}

/* A page is pinned if and only if it has a user, and charged once. */
static void check_pinned(void)
{
	unsigned long n = 0;

	for (unsigned long i = 0; i < m.pages; i++) {
		expect(!m.frame[i] == !m.cover[i]);
		n += !!m.cover[i];
	}
	expect((unsigned long)m.totals.pages.val == n);
	expect((unsigned long)(m.totals.counts->pinned - m.totals.counts->unpinned) == n);
	expect((unsigned long)m.mm.pinned_vm.val == n);
	if (m.umem.account != UMEM_ACCOUNT_MM)
		expect(!m.mm.locked_vm);
	else if (!kshim.mm_dead)
		expect(m.mm.locked_vm == n);
	expect((unsigned long)kshim_user.locked_vm.val ==
	       (m.umem.account == UMEM_ACCOUNT_USER ? n : 0));
	expect(!m.umem.lock.held && !m.mm.lock.held && !m.mm.users);
}

/* A walk returns the pinned frames, in runs that are as long as possible. */
static void check_walk(unsigned long first, unsigned long last)
{
	struct umem_run run[UMEM_RUNS];
	unsigned long page = first, next = ULONG_MAX;
	struct umem_iter it;
	unsigned int n;

	mutex_lock(&m.umem.lock);
	umem_iter_start(&it, &m.umem, first, last);
	while ((n = umem_next_runs(&it, run, 1 + kshim_random(UMEM_RUNS)))) {
		for (unsigned int r = 0; r < n; r++) {
			expect(run[r].npages && run[r].pfn != next);
			if (expect(page + run[r].npages <= last + 1))
				goto out_unlock;
			for (unsigned long i = 0; i < run[r].npages; i++)
				expect(m.frame[page++] == run[r].pfn + i);
			next = run[r].pfn + run[r].npages;
		}
	}
	expect(page == last + 1);
out_unlock:
	mutex_unlock(&m.umem.lock);
}

static void check_walks(void)
{
	for (unsigned int i = 0; i < USERS; i++) {
		const struct user *user = &m.users[i];
		unsigned long first = user->first, last = user->last;

		if (!user->in_use || (m.pages > 8 * SEG && kshim_random(4)))
			continue;
		if (kshim_random(2)) {
			first += kshim_random(last - first + 1);
			last -= kshim_random(last - first + 1);
		}
		check_walk(first, last);
	}
}

static void note_tags(void)
{
	unsigned long segs = (m.pages + umem_lead(&m.umem) - 1) / SEG + 1;

	if (m.pages <= SEG) {
		total.tag[m.umem.seg & 7] = true;
		return;
	}
	for (unsigned long i = 0; m.umem.leaves && i < segs; i++) {
		const u64 *leaf = m.pages <= (UMEM_LEAF_SEGS - 1) * SEG ?
					  m.umem.leaf :
					  m.umem.leaves[i >> UMEM_LEAF_SHIFT];

		if (leaf)
			total.tag[leaf[i & (UMEM_LEAF_SEGS - 1)] & 7] = true;
	}
}

/* ---- steps ---- */

static void random_range(unsigned long *first, unsigned long *last)
{
	unsigned long n = 1 + kshim_random(kshim_random(2) ? 8 : kshim_random(3) ? 700 : m.pages);

	*first = kshim_random(m.pages);
	/* Often at the end of a segment or of a leaf. */
	if (!kshim_random(4) && m.pages > SEG)
		*first = (*first | (SEG - 1)) - umem_lead(&m.umem) - kshim_random(3);
	if (!kshim_random(3) && m.pages > LEAF)
		*first = LEAF - umem_lead(&m.umem) - kshim_random(1000);
	*first %= m.pages;
	*last = min(*first + n, m.pages) - 1;
}

/* Check that umem_pin() failed if it had to, and only if it might. */
static void check_pin_result(int ret, unsigned long missing, unsigned long had)
{
	unsigned long limit = kshim.memlock >> PAGE_SHIFT;
	bool limited = m.umem.account != UMEM_ACCOUNT_NONE && had + missing > limit;
	bool gone = kshim.mm_dead && current->mm != &m.mm;

	if (!missing)
		limited = gone = false;
	if (limited && !gone)
		expect(ret == -ENOMEM);
	else if (gone)
		expect(ret == -EFAULT || ret == -ENOMEM);
	else if (missing && kshim.killed)
		expect(ret == -EINTR || (ret == -ENOMEM && kshim.alloc_fails));
	else if (ret)
		expect((m.gup_failed && (ret == -EFAULT || ret == -ENOMEM)) ||
		       (kshim.failed && ret == -ENOMEM));
	/* Pages that the mm has refused cannot have been pinned. */
	expect(ret || !m.gup_failed);
	total.limited += limited;
	total.failed += !!ret;
	total.pinned += !ret;
}

/* Count the runs of the pages that had no user before. */
static unsigned long hole_runs(unsigned long first, unsigned long last)
{
	unsigned long n = 0;

	for (unsigned long i = first; i <= last; i++)
		if (!m.cover[i])
			n += i == first || m.cover[i - 1] || m.frame[i] != m.frame[i - 1] + 1;
	return n;
}

static void step_pin(struct user *user)
{
	unsigned long missing, had = m.totals.pages.val;
	const struct umem_pin_options options = { .timed = true };
	struct umem_stats stats = {};
	bool by_pages = kshim_random(3) == 0;
	int ret;

	random_range(&user->first, &user->last);
	missing = covered(user->first, user->last, 0);
	m.gup_failed = false;
	m.trace_pages = m.trace_runs = 0;
	kshim.failed = 0;
	if (by_pages) {
		ret = umem_pin_pages(&m.umem, &m.pins, user->first, user->last, m.pages_out);
	} else {
		user->user = (struct umem_user){};
		user->user.node.start = user->first;
		user->user.node.last = user->last;
		ret = umem_pin(&m.umem, &user->user, &options, &stats);
		expect(stats.pages == (ret ? 0 : missing) && stats.ns);
	}
	check_pin_result(ret, missing, had);
	if (ret)
		return;
	expect(!by_pages || m.trace_pages == missing);
	expect(m.trace_runs == hole_runs(user->first, user->last));
	for (unsigned long i = user->first; i <= user->last; i++) {
		m.cover[i]++;
		if (by_pages)
			expect(page_to_pfn(m.pages_out[i - user->first]) == m.frame[i]);
	}
	user->count = by_pages;
	user->in_use = true;
}

/* Pin the same pages once more. */
static void step_again(struct user *user)
{
	unsigned long had = m.totals.pages.val;

	expect(!umem_pin_pages(&m.umem, &m.pins, user->first, user->last, m.pages_out));
	expect((unsigned long)m.totals.pages.val == had);
	for (unsigned long i = user->first; i <= user->last; i++)
		expect(page_to_pfn(m.pages_out[i - user->first]) == m.frame[i]);
	user->count++;
}

static bool has_twin(const struct user *user)
{
	for (unsigned int i = 0; i < USERS; i++)
		if (&m.users[i] != user && m.users[i].in_use && m.users[i].count &&
		    m.users[i].first == user->first && m.users[i].last == user->last)
			return true;
	return false;
}

static void step_unpin(struct user *user)
{
	unsigned long alone = covered(user->first, user->last, 1);
	unsigned long alone_runs = runs(user->first, user->last, 1);
	struct umem_stats stats = {};

	m.trace_pages = m.trace_runs = 0;
	if (!user->count) {
		umem_unpin(&m.umem, &user->user, &stats);
		expect(stats.pages == alone && stats.runs == alone_runs);
	} else {
		bool shared = has_twin(user);

		for (; user->count; user->count--)
			expect(umem_unpin_pages(&m.umem, &m.pins, user->first, user->last));
		expect(shared || !umem_unpin_pages(&m.umem, &m.pins, user->first, user->last));
	}
	expect(m.trace_pages == alone && m.trace_runs == alone_runs);
	for (unsigned long i = user->first; i <= user->last; i++)
		m.cover[i]--;
	user->in_use = false;
}

/* Copy across one or two page boundaries, to or from pinned pages where there are any. */
static void step_copy(void)
{
	unsigned long offset = kshim_random(m.pages * PAGE_SIZE), done = 0;
	bool write = kshim_random(2);
	static char data[2 * PAGE_SIZE + 100];
	unsigned long n = 1 + kshim_random(sizeof(data));
	int ret;

	n = min(n, m.pages * PAGE_SIZE - offset);
	m.copies = 0;
	m.gup_failed = false;
	ret = umem_rw(&m.umem, offset, data, n, write);
	if (write && !m.umem.writable) {
		expect(ret == -EPERM && !m.copies);
		return;
	}
	for (unsigned int i = 0; i < m.copies; i++) {
		expect(m.copy[i].data == data + done && m.copy[i].write == write);
		expect(m.copy[i].offset == ((offset + done) & (PAGE_SIZE - 1)));
		expect(m.copy[i].pfn == m.seen[(offset + done) >> PAGE_SHIFT]);
		done += m.copy[i].n;
	}
	expect(ret || done == n);
	expect(!ret || m.gup_failed || (kshim.mm_dead && current->mm != &m.mm));
	total.copied += !ret;
}

static void step(void)
{
	struct user *user = &m.users[kshim_random(USERS)];

	current = kshim_random(100) < m.scenario->remote ? &m.other_task : &m.task;
	if (m.scenario->remote && !m.mm.users && m.step > m.scenario->steps * 3 / 4 &&
	    m.seed % 3 == 0)
		kshim.mm_dead = true;
	/* A process that has exited makes no calls. */
	if (kshim.mm_dead)
		current = &m.other_task;
	kshim.killed = m.scenario->gup_fails && !kshim_random(20);
	if (!kshim_random(4))
		step_copy();
	else if (!user->in_use)
		step_pin(user);
	else if (user->count && kshim_random(3) == 0)
		step_again(user);
	else
		step_unpin(user);
}

/* umem_init() for memory of the calling process. */
static int init(struct umem *umem, unsigned long start, unsigned long length, bool writable)
{
	const struct umem_source source = {
		.kind = UMEM_USER,
		.start = start,
		.totals = &m.totals,
		.account_mm = m.account_mm,
	};

	umem_init_pins(&m.pins);
	return umem_init(umem, &source, length, writable);
}

/* End all users and the umem; nothing may be left. */
static void run_end(void)
{
	kshim.alloc_fails = 0;
	for (unsigned int i = 0; i < USERS; i++)
		if (m.users[i].in_use)
			step_unpin(&m.users[i]);
	check_pinned();
	expect(!m.totals.pages.val);
	expect(RB_EMPTY_ROOT(&m.pins.tree));
	expect(umem_put(&m.umem));
	expect(!m.mm.grabbed && !kshim_user.refs);
	expect(!kshim.blocks && !kshim.bytes);
}

static void run(const struct scenario *s, u32 seed)
{
	unsigned long pages, tail, every;

	memset(&m, 0, sizeof(m));
	m.scenario = s;
	m.seed = seed;
	kshim_reset(seed);
	pages = s->min_pages + kshim_random(s->max_pages - s->min_pages + 1);
	model_init(pages);
	kshim.privileged = !s->limit && kshim_random(2);
	if (s->limit)
		kshim.memlock = (pages * s->limit / 100) << PAGE_SHIFT;
	/* The range need not start or end at a page boundary. */
	tail = kshim_random(pages > 1 ? PAGE_SIZE : 1);
	m.account_mm = kshim_random(2);
	expect(!init(&m.umem,
		     UPTR + (kshim_random(SEG) << PAGE_SHIFT) +
			     (pages > 1 ? kshim_random(PAGE_SIZE - tail) : 0),
		     (pages - (pages > 1)) * PAGE_SIZE + (pages > 1 ? tail + 1 : 0),
		     kshim_random(2)));
	kshim.alloc_fails = s->alloc_fails;
	/* Small buffers pin in smaller parts. */
	umem_set_buffer_limit(kshim_random(3) ? 0 : 1 + kshim_random(600));
	/* Comparing many pages takes long, so do not do it after each step. */
	every = 1 + pages / (8 * SEG);
	for (m.step = 0; m.step < s->steps && !kshim.findings; m.step++) {
		step();
		if (m.step % every == 0)
			check_pinned();
		check_walks();
		note_tags();
	}
	if (!kshim.findings)
		run_end();
	umem_set_buffer_limit(0);
	model_free();
}

static bool run_scenario(const struct scenario *s, u32 seed)
{
	for (unsigned int i = 0; i < s->runs; i++, seed++) {
		run(s, seed);
		if (kshim.findings) {
			tap__diag("seed %u, step %u, %lu pages: %s (and %u more)", seed, m.step,
				  m.pages, kshim.finding, kshim.findings - 1);
			return false;
		}
	}
	return true;
}

/*
 * Memory use: at most 4 bytes per pinned page, 8 bytes beyond 16 TiB; for contiguous memory only
 * the table of segments, which has 8 bytes per huge page.
 */
static void test_memory(enum layout layout, unsigned long base, unsigned int per_page,
			const char *name)
{
	static const struct scenario plain = { .name = "memory use" };
	const unsigned long pages = 64 * SEG, table = 65 * sizeof(u64);
	struct umem_user user = { .node.last = pages - 1 };
	struct umem_stats stats = {};

	memset(&m, 0, sizeof(m));
	m.scenario = &plain;
	kshim_reset(layout + 1);
	model_init(pages);
	m.base[layout] = base;
	m.layout = layout;
	m.layout_fixed = true;
	expect(!init(&m.umem, UPTR, pages * PAGE_SIZE, true));
	expect(!umem_pin(&m.umem, &user, &no_options, &stats));
	tap__ok(kshim.bytes <= pages * per_page + table && !kshim.findings,
		"memory for %s: %lu bytes for %lu pages", name, kshim.bytes, pages);
	umem_unpin(&m.umem, &user, &stats);
	expect(umem_put(&m.umem));
	tap__ok(!kshim.blocks && !kshim.findings, "memory for %s: all of it is freed", name);
	model_free();
}

/* Every other page of contiguous memory, each pinned on its own, needs no memory either. */
static void test_memory_of_parts(void)
{
	static const struct scenario plain = { .name = "memory of parts" };
	struct umem_user users[SEG / 2] = {};
	struct umem_stats stats = {};

	memset(&m, 0, sizeof(m));
	m.scenario = &plain;
	kshim_reset(1);
	model_init(SEG);
	m.layout_fixed = true;
	expect(!init(&m.umem, UPTR, SEG * PAGE_SIZE, true));
	for (unsigned long i = 0; i < SEG / 2; i++) {
		users[i].node.start = users[i].node.last = 2 * i;
		expect(!umem_pin(&m.umem, &users[i], &no_options, &stats));
		expect(!kshim.bytes);
	}
	for (unsigned long i = 0; i < SEG / 2; i++)
		umem_unpin(&m.umem, &users[i], &stats);
	expect(umem_put(&m.umem));
	tap__ok(!kshim.findings, "contiguous pages pinned one by one need no memory");
	model_free();
}

static void test_bad_ranges(void)
{
	struct umem umem = {};

	model_init(1);
	kshim_reset(1);
	tap__err(init(&umem, UPTR, 0, true), -EINVAL, "no length");
	tap__err(init(&umem, UPTR, ULONG_MAX, true), -EINVAL, "an impossible length");
	tap__err(init(&umem, ULONG_MAX - PAGE_SIZE, 2 * PAGE_SIZE, true), -EOVERFLOW,
		 "a range that wraps");
	tap__ok(!kshim.findings && !m.mm.grabbed && !kshim_user.refs,
		"no references are kept after errors");
	model_free();
}

int main(void)
{
	u32 seed = 1;

	tap__start();
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++, seed += 1000)
		tap__ok(run_scenario(&scenarios[i], seed), "%u runs: %s", scenarios[i].runs,
			scenarios[i].name);
	test_memory(CONTIGUOUS, 1000, 0, "contiguous pages");
	test_memory(CONTIGUOUS, 1UL << 33, 0, "contiguous pages beyond 16 TiB");
	test_memory(SCATTERED, 2 * MAX_PAGES, 4, "scattered pages");
	test_memory(SCATTERED, 1UL << 33, 8, "scattered pages beyond 16 TiB");
	test_memory_of_parts();
	test_bad_ranges();
	tap__ok(total.tag[0] && total.tag[1] && total.tag[2] && total.tag[4] && total.tag[6],
		"all kinds of segments came up");
	tap__ok(total.pinned && total.failed && total.short_gup && total.huge && total.copied &&
			total.limited,
		"%lu pinned, %lu failed, %lu over the limit, %lu short calls, %lu of huge pages, "
		"%lu copies",
		total.pinned, total.failed, total.limited, total.short_gup, total.huge,
		total.copied);
	return tap__done();
}
#endif
