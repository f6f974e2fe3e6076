// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test of kernel/umem with memory of a file, in user space against a model: random users of one
 * umem come and go while the file changes, and after each step every folio has to have one pin for
 * each of its pages that has a user.
 *
 * Model of the file: each page is in a folio of 1 to 512 pages. The file has several states, with
 * folios of other sizes at other frames, and goes from one state to another at any time, also while
 * memfd_pin_folios() runs, like a file in which holes are punched and filled again.
 * memfd_pin_folios() may fail, and may return fewer folios.
 *
 * The second part tests that the charge moves from process to process.
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

#define STATES 3
#define USERS 20
#define SEG UMEM_SEG_PAGES
#define STEPS 500

struct user {
	struct umem_user user;
	bool by_pages; /* made by umem_pin_pages() */
	bool in_use;
};

static struct {
	u32 seed;
	unsigned int step;
	struct umem umem;
	struct umem_totals totals;
	bool account_mm;
	struct mm_struct mm, other_mm;
	struct task_struct task, other_task;
	struct file file;
	struct super_block super;
	struct address_space mapping;
	unsigned long file_pages;
	unsigned long first; /* first page of the umem in the file */
	unsigned long pages; /* of the umem */
	unsigned int state;
	struct folio *folios[STATES];
	struct folio **of[STATES]; /* folio of each page */
	unsigned long nr_folios[STATES];
	unsigned int fails; /* memfd_pin_folios() fails once in this many calls */
	bool failed;
	unsigned long *frame; /* of each page of the umem with a user */
	u8 *cover; /* number of users of each page */
	struct umem_pins pins;
	struct page **pages_out; /* from umem_pin_pages() */
	struct user users[USERS];
} m;

static const struct umem_pin_options no_options;

static struct {
	unsigned long pinned, failed, large, changed, moved, refused;
} total;

#define expect(cond) kshim_finding(!(cond), __FILE__, __LINE__, #cond)

/* ---- the file ---- */

/* Each state has a range of frames of its own, with its folios in any order. */
static void make_state(unsigned int s)
{
	unsigned long page = 0, n = 0, pfn = 1000 + ((unsigned long)s << 32);

	while (page < m.file_pages) {
		unsigned int order = kshim_random(2) ? kshim_random(10) : 0;
		struct folio *folio = &m.folios[s][n++];

		while (page & ((1UL << order) - 1) || page + (1UL << order) > m.file_pages)
			order--;
		*folio = (struct folio){ .index = page, .nr = 1UL << order };
		for (unsigned long i = 0; i < folio->nr; i++)
			m.of[s][page++] = folio;
	}
	m.nr_folios[s] = n;
	/* Some folios are adjacent; state 1 exchanges folios of equal size. */
	for (unsigned long i = 0; i < n; i++) {
		struct folio *folio = &m.folios[s][i];

		folio->pfn = pfn;
		pfn += folio->nr + (kshim_random(3) ? kshim_random(5) : 0);
	}
	for (unsigned long i = n - 1; s == 1 && i > 0; i--) {
		unsigned long j = kshim_random(i + 1);

		if (m.folios[s][i].nr == m.folios[s][j].nr)
			swap(m.folios[s][i].pfn, m.folios[s][j].pfn);
	}
}

static struct folio *folio_at(unsigned long pfn, unsigned long *in_file)
{
	unsigned int s = pfn >> 32;

	if (s >= STATES)
		return NULL;
	for (unsigned long i = 0; i < m.nr_folios[s]; i++) {
		struct folio *folio = &m.folios[s][i];

		if (pfn >= folio->pfn && pfn < folio->pfn + folio->nr) {
			*in_file = folio->index + pfn - folio->pfn;
			return folio;
		}
	}
	return NULL;
}

long memfd_pin_folios(struct file *file, loff_t start, loff_t end, struct folio **folios,
		      unsigned int max, pgoff_t *offset)
{
	unsigned long page = start >> PAGE_SHIFT, last = end >> PAGE_SHIFT;
	unsigned int n = 0;

	expect(file == &m.file && !offset_in_page(start) && offset_in_page(end + 1) == 0);
	expect(max && m.file.refs == 1);
	if (start > end || end >= file->inode.size)
		return -EINVAL;
	if (m.fails && !kshim_random(m.fails)) {
		m.failed = true;
		return -ENOMEM;
	}
	if (!kshim_random(4))
		m.state = kshim_random(STATES);
	while (page <= last && n < max) {
		struct folio *folio = m.of[m.state][page];

		if (!n)
			*offset = (page - folio->index) << PAGE_SHIFT;
		folio->refs++;
		folios[n++] = folio;
		page = folio->index + folio->nr;
		if (!kshim_random(20)) {
			m.state = kshim_random(STATES);
			total.changed++;
		}
	}
	return n;
}

void unpin_folios(struct folio **folios, unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		expect(folios[i]->refs-- > 0);
}

void kshim_pins_added(struct folio *folio, unsigned long n)
{
	expect(folio->refs > (int)n && folio->nr > n);
	expect(folio->_pincount.val >= (int)n);
	total.large++;
}

static void unpin_frame(unsigned long pfn)
{
	unsigned long page;
	struct folio *folio = folio_at(pfn, &page);

	if (!expect(folio))
		expect(folio->refs-- > 0);
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

/* ---- stubs ---- */

long pin_user_pages_fast(unsigned long start, int nr, unsigned int flags, struct page **pages)
{
	(void)start, (void)nr, (void)flags, (void)pages;
	expect(!"user memory");
	return -EFAULT;
}

bool umem_may_be_huge(struct page *page)
{
	(void)page;
	expect(!"user memory");
	return false;
}

unsigned int umem_pin_huge(struct mm_struct *mm, unsigned long address, struct page *page,
			   bool writable, unsigned int max)
{
	(void)mm, (void)address, (void)page, (void)writable, (void)max;
	expect(!"user memory");
	return 0;
}

long pin_user_pages_remote(struct mm_struct *mm, unsigned long start, unsigned long nr,
			   unsigned int flags, struct page **pages, int *locked)
{
	(void)mm, (void)start, (void)nr, (void)flags, (void)pages, (void)locked;
	expect(!"user memory");
	return -EFAULT;
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

static void expect_page(unsigned long pfn, unsigned long page)
{
	unsigned long in_file;

	expect(folio_at(pfn, &in_file) && in_file == m.first + page);
}

static unsigned long copy_page;

void memcpy_to_page(struct page *page, size_t offset, const void *data, size_t n)
{
	(void)offset, (void)data, (void)n;
	expect_page(page_to_pfn(page), copy_page++);
}

void memcpy_from_page(void *data, struct page *page, size_t offset, size_t n)
{
	memcpy_to_page(page, offset, data, n);
}

void trace_iommufd_pin(u32 ctx, u32 tgid, u64 user_va, u64 pages, u64 runs, u64 ns, int ret)
{
	(void)ctx, (void)tgid, (void)user_va, (void)pages, (void)runs, (void)ns, (void)ret;
}

void trace_iommufd_unpin(u32 ctx, u32 tgid, u64 user_va, u64 pages, u64 runs, u64 ns)
{
	(void)ctx, (void)tgid, (void)user_va, (void)pages, (void)runs, (void)ns;
}

/* ---- checks ---- */

static const struct mm_struct *owner_mm(void)
{
	return m.umem.payer->owner->mm;
}

/* Compare umem with the model. */
static void check(void)
{
	unsigned long used = 0, pins = 0, refs = 0;

	for (unsigned long i = 0; i < m.pages; i++)
		used += !!m.cover[i];
	for (unsigned long i = 0; i < m.pages; i++) {
		unsigned long in_file;

		if (!m.cover[i])
			continue;
		expect_page(m.frame[i], i);
		pins += !!folio_at(m.frame[i], &in_file);
	}
	/* Each folio has one pin for each of its pages that has a user. */
	for (unsigned int s = 0; s < STATES; s++)
		for (unsigned long f = 0; f < m.nr_folios[s]; f++) {
			const struct folio *folio = &m.folios[s][f];
			unsigned long mine = 0, page = folio->index - m.first;

			for (unsigned long i = 0; i < folio->nr; i++, page++)
				mine += page < m.pages && m.cover[page] &&
					m.frame[page] == folio->pfn + i;
			expect((unsigned long)folio->refs == mine);
			refs += folio->refs;
		}
	expect(pins == used && refs == used);
	expect((unsigned long)m.totals.pages.val == used);
	expect((unsigned long)(m.mm.pinned_vm.val + m.other_mm.pinned_vm.val) == used);
	expect((unsigned long)owner_mm()->pinned_vm.val == used);
	expect(owner_mm()->locked_vm == (m.umem.account == UMEM_ACCOUNT_MM ? used : 0));
	expect((unsigned long)kshim_user.locked_vm.val ==
	       (m.umem.account == UMEM_ACCOUNT_USER ? used : 0));
	expect(!m.umem.lock.held && !m.mm.lock.held && !m.other_mm.lock.held && !m.mm.users);
}

/* ---- steps ---- */

static void step_pin(struct user *user)
{
	unsigned long first = kshim_random(m.pages), last, page;
	struct umem_stats stats = {};
	int ret;

	last = min(first + kshim_random(kshim_random(2) ? 8 : 1000), m.pages - 1);
	m.failed = false;
	kshim.failed = 0;
	user->user = (struct umem_user){ .node.start = first, .node.last = last };
	user->by_pages = !kshim_random(3);
	if (user->by_pages)
		ret = umem_pin_pages(&m.umem, &m.pins, first, last, m.pages_out);
	else
		ret = umem_pin(&m.umem, &user->user, &no_options, &stats);
	if (ret) {
		expect(ret == -EINTR ? kshim.killed : ret == -ENOMEM);
		expect(m.failed || kshim.failed || kshim.killed || kshim.memlock != ULONG_MAX);
		total.failed++;
		return;
	}
	expect(!m.failed);
	total.pinned++;
	user->in_use = true;
	if (!user->by_pages) {
		struct umem_run run;
		struct umem_iter it;

		mutex_lock(&m.umem.lock);
		umem_iter_start(&it, &m.umem, first, last);
		for (page = first; umem_next_runs(&it, &run, 1);)
			for (unsigned long i = 0; i < run.npages; i++)
				m.pages_out[page++ - first] = pfn_to_page(run.pfn + i);
		mutex_unlock(&m.umem.lock);
		expect(page == last + 1);
	}
	/* Pages that had a user keep their frames. */
	for (page = first; page <= last; page++) {
		unsigned long pfn = page_to_pfn(m.pages_out[page - first]);

		expect(!m.cover[page]++ || m.frame[page] == pfn);
		m.frame[page] = pfn;
	}
}

static void step_unpin(struct user *user)
{
	unsigned long first = user->user.node.start, last = user->user.node.last;
	struct umem_stats stats = {};

	if (user->by_pages)
		expect(umem_unpin_pages(&m.umem, &m.pins, first, last));
	else
		umem_unpin(&m.umem, &user->user, &stats);
	for (; first <= last; first++)
		m.cover[first]--;
	user->in_use = false;
}

static void step_copy(void)
{
	unsigned long offset = kshim_random(m.pages * PAGE_SIZE);
	static char data[3 * PAGE_SIZE];
	unsigned long n = min(1 + kshim_random(sizeof(data)), m.pages * PAGE_SIZE - offset);
	bool write = kshim_random(2);
	int ret;

	copy_page = offset >> PAGE_SHIFT;
	m.failed = false;
	ret = umem_rw(&m.umem, offset, data, n, write);
	expect(ret != -EPERM || (write && !m.umem.writable));
	expect(!ret || ret == -EPERM || m.failed);
}

/* Move the charge to one of two processes of the same user. */
static void step_change(void)
{
	struct umem_owner_change list = { .umem = &m.umem };
	unsigned long limit = kshim.memlock >> PAGE_SHIFT, moved;
	const struct mm_struct *old = owner_mm();
	int ret;

	current = kshim_random(2) ? &m.other_task : &m.task;
	ret = umem_change_owners(&list, 1, NULL, &moved);
	if (ret == -EINTR) {
		expect(kshim.killed && owner_mm() == old);
		return;
	}
	if (ret) {
		expect(ret == -ENOMEM && owner_mm() == old && m.umem.account == UMEM_ACCOUNT_MM);
		expect(old != current->mm && old->locked_vm > limit);
		total.refused++;
		return;
	}
	expect(owner_mm() == current->mm);
	expect(m.mm.grabbed + m.other_mm.grabbed == 1 && owner_mm()->grabbed == 1);
	expect(kshim_user.refs == 1);
	expect(moved == (unsigned long)owner_mm()->pinned_vm.val);
	total.moved++;
}

static void step(void)
{
	struct user *user = &m.users[kshim_random(USERS)];

	current = kshim_random(2) ? &m.other_task : &m.task;
	kshim.killed = m.fails && !kshim_random(30);
	if (!kshim_random(5))
		step_copy();
	else if (!kshim_random(5))
		step_change();
	else if (user->in_use)
		step_unpin(user);
	else
		step_pin(user);
}

/* umem_init() for a part of the file. */
static int init(unsigned long start, unsigned long length, bool writable)
{
	const struct umem_source source = {
		.kind = UMEM_FILE,
		.start = start,
		.file = &m.file,
		.totals = &m.totals,
		.account_mm = m.account_mm,
	};

	umem_init_pins(&m.pins);
	return umem_init(&m.umem, &source, length, writable);
}

static void model_init(unsigned long first, unsigned long pages)
{
	m.first = first;
	m.pages = pages;
	m.file_pages = first + pages + kshim_random(600);
	m.file.inode.size = m.file_pages * PAGE_SIZE + kshim_random(PAGE_SIZE);
	m.super.s_magic = TMPFS_MAGIC;
	m.file.inode.i_sb = &m.super;
	m.file.f_mapping = &m.mapping;
	m.file.f_mode = FMODE_READ | FMODE_WRITE;
	m.frame = calloc(pages, sizeof(*m.frame));
	m.cover = calloc(pages, 1);
	m.pages_out = calloc(pages, sizeof(*m.pages_out));
	for (unsigned int s = 0; s < STATES; s++) {
		m.folios[s] = calloc(m.file_pages, sizeof(*m.folios[s]));
		m.of[s] = calloc(m.file_pages, sizeof(*m.of[s]));
		make_state(s);
	}
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
	free(m.cover);
	free(m.pages_out);
	for (unsigned int s = 0; s < STATES; s++) {
		free(m.folios[s]);
		free(m.of[s]);
	}
}

static void run(u32 seed, unsigned long max_pages, bool fails, bool limit)
{
	unsigned long pages;

	memset(&m, 0, sizeof(m));
	m.seed = seed;
	kshim_reset(seed);
	pages = 1 + kshim_random(max_pages);
	model_init(kshim_random(2) ? kshim_random(1000) : 0, pages);
	m.fails = fails ? 5 : 0;
	kshim.privileged = !limit && kshim_random(2);
	if (limit)
		kshim.memlock = (pages / 2 + 1) * PAGE_SIZE;
	m.account_mm = kshim_random(2);
	expect(!init(m.first * PAGE_SIZE, pages * PAGE_SIZE, kshim_random(2)));
	kshim.alloc_fails = fails ? 8 : 0;
	umem_set_buffer_limit(kshim_random(2) ? 0 : 1 + kshim_random(600));
	for (m.step = 0; m.step < STEPS && !kshim.findings; m.step++) {
		/* If the limit falls below the number of pinned pages, a change of owner fails. */
		if (limit && !kshim_random(50))
			kshim.memlock = kshim_random(pages + 2) * PAGE_SIZE;
		step();
		if (m.step % (1 + pages / 256) == 0)
			check();
	}
	kshim.alloc_fails = 0;
	for (unsigned int i = 0; i < USERS && !kshim.findings; i++)
		if (m.users[i].in_use)
			step_unpin(&m.users[i]);
	if (!kshim.findings) {
		check();
		expect(umem_put(&m.umem));
		expect(!m.file.refs && !m.mm.grabbed && !m.other_mm.grabbed);
		expect(!kshim_user.refs);
		expect(!kshim.blocks && !kshim.bytes);
	}
	umem_set_buffer_limit(0);
	model_free();
}

static void test(const char *name, u32 seed, unsigned int runs, unsigned long max_pages, bool fails,
		 bool limit)
{
	for (unsigned int i = 0; i < runs; i++) {
		run(seed + i, max_pages, fails, limit);
		if (kshim.findings) {
			tap__diag("seed %u, step %u, %lu pages: %s (and %u more)", seed + i, m.step,
				  m.pages, kshim.finding, kshim.findings - 1);
			tap__ok(false, "%s", name);
			return;
		}
	}
	tap__ok(true, "%u runs: %s", runs, name);
}

/* A range beyond the end of the file is not pinned, not even the pages that are in the file. */
static void test_end(void)
{
	struct umem_user user = { .node.last = 9 };
	struct umem_stats stats = {};

	memset(&m, 0, sizeof(m));
	kshim_reset(1);
	model_init(0, 10);
	m.file.inode.size = 10 * PAGE_SIZE - 1;
	tap__err(init(0, 0, true), -EINVAL, "no length");
	tap__err(init(PAGE_SIZE, ULONG_MAX - 1, true), -EOVERFLOW, "a range that wraps");
	tap__ok(!m.file.refs && !m.mm.grabbed, "no references are kept after errors");
	expect(!init(100, 9 * PAGE_SIZE, true));
	tap__err(umem_pin(&m.umem, &user, &no_options, &stats), -EINVAL,
		 "a file that ends in the middle of the last page");
	m.file.inode.size++;
	tap__err(umem_pin(&m.umem, &user, &no_options, &stats), 0,
		 "a file that ends at the end of the last page");
	umem_unpin(&m.umem, &user, &stats);
	expect(umem_put(&m.umem));
	tap__ok(!kshim.findings && !m.file.refs, "all references are dropped");
	model_free();
}

/* Devices may only write to files that the process may write to. */
static void test_writing(void)
{
	memset(&m, 0, sizeof(m));
	kshim_reset(1);
	model_init(0, 1);
	m.file.f_mode = FMODE_WRITE;
	tap__err(init(0, PAGE_SIZE, false), -EPERM, "a file that is not open for reading");
	m.file.f_mode = FMODE_READ;
	tap__err(init(0, PAGE_SIZE, true), -EPERM, "a file that is not open for writing");
	m.file.f_mode = FMODE_READ | FMODE_WRITE;
	m.file.inode.seals = F_SEAL_FUTURE_WRITE;
	tap__err(init(0, PAGE_SIZE, true), -EPERM, "a file sealed against new writers");
	m.file.inode.seals = 0;
	m.mapping.writable = -1;
	tap__err(init(0, PAGE_SIZE, true), -EPERM, "a file sealed against writing");
	tap__ok(!m.file.refs && !m.mm.grabbed, "no references are kept after errors");
	tap__err(init(0, PAGE_SIZE, false), 0, "for reading");
	expect(umem_put(&m.umem));
	memset(&m.umem, 0, sizeof(m.umem));
	m.mapping.writable = 0;
	tap__err(init(0, PAGE_SIZE, true), 0, "for writing");
	tap__is(m.mapping.writable, 1, "which cannot be sealed meanwhile");
	expect(umem_put(&m.umem));
	tap__ok(!kshim.findings && !m.mapping.writable && !m.file.refs,
		"all references are dropped");
	model_free();
}

int main(void)
{
	tap__start();
	test("small ranges", 1, 60, 40, false, false);
	test("some segments", 1000, 12, 4 * SEG, false, false);
	test("out of memory", 2000, 25, 2 * SEG, true, false);
	test("limits", 3000, 25, SEG, false, true);
	test("all kinds of errors", 4000, 25, 2 * SEG, true, true);
	test_writing();
	test_end();
	tap__ok(total.pinned && total.failed && total.large && total.changed && total.moved &&
			total.refused,
		"%lu pinned, %lu failed, %lu large, %lu changes, %lu moved, %lu refused",
		total.pinned, total.failed, total.large, total.changed, total.moved, total.refused);
	return tap__done();
}
#endif
