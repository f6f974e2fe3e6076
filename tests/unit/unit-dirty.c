// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test of kernel/iopt/dirty.c in user space against a model of a page table with dirty bits.
 *
 * The model's read_and_clear_dirty() behaves like the drivers' in a kernel without CONFIG_IOMMUFD:
 * it gathers and records nothing. Like Intel's and AMD's it steps by the size of leaves from the
 * start of a range; or it gathers leaves from their start; or only the part from the start of the
 * range on. It checks each call: a walk that starts in the middle of a leaf must not leave the
 * leaf, and a leaf is cleared only if the range covers it in full and all its bits are set in the
 * caller's bitmap. The model's IOTLB caches dirty state: a leaf that it has as dirty does not
 * become dirty in the page table again before it is flushed, in its size.
 *
 * Without writes during a call, the bitmap must match the leaves exactly. With a device that
 * writes meanwhile, copies that fail, errors of the driver and signals, each write must be in the
 * bitmap or still in the page table. Layouts are random with fixed seeds. At the end, the number of
 * calls of the driver is measured for typical patterns.
 *
 * takes: 20
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
#include "iopt/internal.h"

#define MAX_LEAVES (1u << 18)
#define MAX_AREAS 8
#define MAX_BITS (1ul << 20)
#define SZ_4K 0x1000ul

struct leaf {
	unsigned long start, size;
	bool dirty; /* in the page table */
	bool cached; /* as dirty, in the IOTLB */
	bool written; /* and not reported yet */
	bool was_dirty; /* when the call began */
};

enum driver {
	X86, /* gathers the size of a leaf from the start of the range on */
	EXACT, /* gathers the leaf */
	CLIPS, /* gathers the part of the leaf from the start of the range on */
};

struct scenario {
	const char *name;
	u64 sizes; /* of leaves */
	unsigned int leaves; /* in all areas */
	unsigned int rounds;
	enum driver driver;
	unsigned int writes; /* the device writes once in this many calls */
	unsigned int faults; /* a copy fails once in this many calls */
	unsigned int errors; /* the driver fails once in this many leaves */
	unsigned int kills; /* a signal comes once in this many calls */
};

static const struct scenario scenarios[] = {
	{ "one size", SZ_4K, 60, 400, X86, 0, 0, 0, 0 },
	{ "Intel's sizes", SZ_4K | SZ_2M | SZ_1G, 3000, 150, X86, 0, 0, 0, 0 },
	{ "large leaves", SZ_2M | SZ_1G, 40, 400, X86, 0, 0, 0, 0 },
	{ "all sizes", 0xfffff000, 200, 600, X86, 0, 0, 0, 0 },
	{ "all sizes, exact driver", 0xfffff000, 200, 600, EXACT, 0, 0, 0, 0 },
	{ "all sizes, driver that clips", 0xfffff000, 200, 600, CLIPS, 0, 0, 0, 0 },
	{ "half pages", 0x00000800 | SZ_2M, 400, 200, X86, 0, 0, 0, 0 },
	{ "device writes", 0x01fff000, 200, 600, X86, 3, 0, 0, 0 },
	{ "device writes, Intel's sizes", SZ_4K | SZ_2M, 2000, 150, X86, 5, 0, 0, 0 },
	{ "device writes, driver that clips", 0x01fff000, 200, 600, CLIPS, 3, 0, 0, 0 },
	{ "device writes, bad bitmap", 0x01fff000, 200, 600, X86, 3, 40, 0, 0 },
	{ "device writes, errors of the driver", 0x01fff000, 200, 600, EXACT, 3, 0, 60, 0 },
	{ "device writes, signals", 0x01fff000, 200, 600, X86, 3, 0, 0, 50 },
	{ "device writes, few leaves", 0xfffff000, 12, 4000, X86, 1, 0, 0, 0 },
	{ "device writes, few leaves, clips", 0xfffff000, 12, 4000, CLIPS, 1, 0, 0, 0 },
	{ "all kinds of errors", SZ_4K | SZ_2M | SZ_1G, 1500, 300, X86, 3, 200, 200, 200 },
};

static struct {
	struct scenario s;
	u32 seed;
	unsigned int round;
	struct iopt iopt;
	struct iopt_cpu cpu;
	struct iommu_domain domain;
	struct iopt_table table;
	struct umem umem;
	struct iopt_area areas[MAX_AREAS];
	unsigned int nr_areas;
	struct leaf *leaves;
	unsigned int nr;
	bool tracking;
	bool relock; /* the lock has waiters */
	void (*relocked)(void);
	struct iopt_dirty *reading;
	unsigned char *map, *before, *want;
	unsigned long bytes; /* of the bitmap */
	unsigned long queries, clears, steps; /* calls of the driver, leaves that it read */
	unsigned int syncs;
} m;

static struct {
	unsigned long reads, dirty, kept, faults, errors, kills, refused;
} total;

#define expect(cond) kshim_finding(!(cond), __FILE__, __LINE__, #cond)

/* ---- the model ---- */

static struct leaf *find(unsigned long iova)
{
	unsigned int low = 0, high = m.nr;

	while (low < high) {
		unsigned int mid = (low + high) / 2;

		if (m.leaves[mid].start + (m.leaves[mid].size - 1) < iova)
			low = mid + 1;
		else
			high = mid;
	}
	return low < m.nr && m.leaves[low].start <= iova ? &m.leaves[low] : NULL;
}

static void device_write(struct leaf *leaf)
{
	if (!m.tracking)
		return;
	leaf->written = true;
	if (!leaf->cached)
		leaf->dirty = true;
	leaf->cached = true;
}

static void device_runs(void)
{
	if (m.s.writes && !kshim_random(m.s.writes))
		device_write(&m.leaves[kshim_random(m.nr)]);
	if (m.s.kills && !kshim_random(m.s.kills))
		kshim.killed = true;
}

static bool get_bit(const unsigned char *map, unsigned long bit)
{
	return map[bit / 8] & 1 << bit % 8;
}

/* The bits of the part of a leaf that is in the range. */
static bool leaf_bits(const struct leaf *leaf, unsigned long *first, unsigned long *last)
{
	const struct iopt_dirty *r = m.reading;
	unsigned long end = r->iova + (r->length - 1), leaf_last = leaf->start + (leaf->size - 1);

	if (leaf->start > end || leaf_last < r->iova)
		return false;
	*first = (max(leaf->start, r->iova) - r->iova) / r->page_size;
	*last = (min(leaf_last, end) - r->iova) / r->page_size;
	return true;
}

static bool leaf_whole(const struct leaf *leaf)
{
	const struct iopt_dirty *r = m.reading;

	return leaf->start >= r->iova &&
	       leaf->start + (leaf->size - 1) <= r->iova + (r->length - 1);
}

static bool leaf_reported(const struct leaf *leaf)
{
	unsigned long first, last;

	if (!leaf_bits(leaf, &first, &last))
		return false;
	for (; first <= last; first++)
		if (!get_bit(m.map, first))
			return false;
	return true;
}

static int model_read(struct iommu_domain *domain, unsigned long iova, size_t size,
		      unsigned long flags, struct iommu_dirty_bitmap *dirty)
{
	bool clear = !(flags & IOMMU_DIRTY_NO_CLEAR);
	unsigned long end = iova + size - 1, offset;
	struct leaf *leaf;

	expect(domain == &m.domain && size && !dirty->bitmap && dirty->gather);
	expect((m.iopt.lock.held && m.table.dirty_lock.held) || m.iopt.tables_lock.held);
	*(clear ? &m.clears : &m.queries) += 1;
	device_runs();
	do {
		if (m.s.errors && !kshim_random(m.s.errors))
			return -ENXIO;
		m.steps++;
		leaf = find(iova);
		if (expect(leaf))
			return 0;
		offset = iova - leaf->start;
		expect(!offset || end <= leaf->start + (leaf->size - 1));
		if (clear) {
			expect(!offset && end >= leaf->start + (leaf->size - 1));
			expect(!m.reading || (leaf_whole(leaf) && leaf_reported(leaf)));
		}
		if (leaf->dirty) {
			unsigned long start = m.s.driver == EXACT ? leaf->start : iova;
			unsigned long left = leaf->size - (m.s.driver == CLIPS ? offset : 0);

			dirty->gather->start = min(dirty->gather->start, start);
			dirty->gather->end = max(dirty->gather->end, start + (left - 1));
		}
		if (clear)
			leaf->dirty = false;
		iova += leaf->size - (m.s.driver == X86 ? 0 : offset);
	} while (iova < end);
	device_runs();
	return 0;
}

static int model_track(struct iommu_domain *domain, bool on)
{
	expect(domain == &m.domain);
	expect(m.iopt.tables_lock.held && m.iopt.lock.held);
	m.tracking = on;
	return 0;
}

static const struct iommu_dirty_ops model_ops = {
	.set_dirty_tracking = model_track,
	.read_and_clear_dirty = model_read,
};

void iommu_flush_iotlb_all(struct iommu_domain *domain)
{
	expect(domain == &m.domain);
	for (unsigned int i = 0; i < m.nr; i++)
		m.leaves[i].cached = false;
}

void iommu_iotlb_sync(struct iommu_domain *domain, struct iommu_iotlb_gather *gather)
{
	expect(domain == &m.domain && gather->start <= gather->end);
	for (unsigned int i = 0; i < m.nr; i++)
		if (m.leaves[i].start <= gather->end && m.leaves[i].size == gather->pgsize &&
		    m.leaves[i].start + (m.leaves[i].size - 1) >= gather->start)
			m.leaves[i].cached = false;
	m.syncs++;
	iommu_iotlb_gather_init(gather);
}

static bool user_fault(const void *ptr, unsigned long n)
{
	const unsigned char *at = ptr;

	expect(m.reading && at >= m.map && n <= m.bytes && at - m.map <= (long)(m.bytes - n));
	device_runs();
	return m.s.faults && !kshim_random(m.s.faults);
}

unsigned long copy_to_user(void *to, const void *from, unsigned long n)
{
	unsigned long fails = user_fault(to, n) ? 1 + kshim_random(n) : 0;

	memcpy(to, from, n - fails);
	return fails;
}

unsigned long copy_from_user(void *to, const void *from, unsigned long n)
{
	if (user_fault(from, n))
		return n;
	memcpy(to, from, n);
	return 0;
}

bool rwsem_is_contended(struct rw_semaphore *lock)
{
	bool relock = m.relock;

	expect(lock == &m.iopt.lock && lock->held == 1);
	if (relock && m.relocked)
		m.relocked();
	return relock;
}

void iommu_get_resv_regions(struct device *dev, struct list_head *list)
{
	(void)dev;
	(void)list;
}

void iommu_put_resv_regions(struct device *dev, struct list_head *list)
{
	(void)dev;
	(void)list;
}

/* ---- layouts ---- */

static void layout_init(const struct scenario *s, u32 seed)
{
	struct leaf *leaves = m.leaves;
	unsigned char *map = m.map, *before = m.before, *want = m.want;

	memset(&m, 0, sizeof(m));
	m.leaves = leaves;
	m.map = map;
	m.before = before;
	m.want = want;
	m.s = *s;
	m.seed = seed;
	kshim_reset(seed);
	m.domain.dirty_ops = &model_ops;
	m.domain.pgsize_bitmap = s->sizes;
	m.table.domain = &m.domain;
	m.iopt.cpu = &m.cpu;
	INIT_LIST_HEAD(&m.iopt.tables);
	m.iopt.areas = RB_ROOT;
	m.iopt.reserved = RB_ROOT_CACHED;
	m.iopt.allowed = RB_ROOT_CACHED;
	m.iopt.alignment = s->sizes & -s->sizes;
	m.tracking = m.table.tracks_dirty = true;
}

static void add_leaf(unsigned long start, unsigned long size)
{
	m.leaves[m.nr++] = (struct leaf){ .start = start, .size = size };
}

static void add_area(unsigned long start, unsigned long last)
{
	struct iopt_area *area = &m.areas[m.nr_areas++];
	struct iopt_target target = { .iova = start, .length = last - start + 1, .fixed = true };
	DEFINE_IOPT_CHAIN(chain);

	area->umem = &m.umem;
	area->last = last - start;
	iopt_chain_add(&chain, area);
	down_write(&m.iopt.lock);
	expect(!iopt_insert_areas(&m.iopt, &chain, &target));
	up_write(&m.iopt.lock);
	area->state = IOPT_AREA_LIVE;
}

/* The size of the largest leaf that fits at an address, or a smaller one. */
static unsigned long pick_size(unsigned long at)
{
	unsigned long fits = at ? (at & -at) : 1UL << 63, sizes;

	sizes = m.s.sizes & (fits | (fits - 1));
	while (kshim_random(3) == 0 && (sizes & (sizes - 1)))
		sizes &= ~(1UL << ilog2(sizes));
	return 1UL << ilog2(sizes);
}

/* Areas that mostly touch, at addresses with random alignment. */
static void layout_random(void)
{
	unsigned long page = m.iopt.alignment, at, start;
	unsigned int areas = 1 + kshim_random(MAX_AREAS - 1), n;

	at = (1 + kshim_random(1UL << 20)) << (12 + kshim_random(20));
	at = (at + page - 1) & -page;
	while (areas--) {
		start = at;
		for (n = 1 + kshim_random(m.s.leaves / 2 + 1); n && m.nr < MAX_LEAVES; n--) {
			unsigned long size = pick_size(at);

			/* Small leaves come in rows. */
			do {
				add_leaf(at, size);
				at += size;
			} while (n > 1 && m.nr < MAX_LEAVES && at & size && n--);
		}
		add_area(start, at - 1);
		if (!kshim_random(4))
			at += page * (1 + kshim_random(100));
	}
}

/* A range of areas that touch. */
static void pick_stretch(unsigned long *start, unsigned long *last)
{
	unsigned int i = kshim_random(m.nr_areas);

	*start = m.areas[i].start;
	*last = m.areas[i].last;
	while (++i < m.nr_areas && m.areas[i].start == *last + 1 && kshim_random(4))
		*last = m.areas[i].last;
}

static bool pick_range(struct iopt_dirty *r)
{
	unsigned long start, last, unit;

	pick_stretch(&start, &last);
	if (kshim_random(3)) {
		unsigned long length = last - start + 1;

		start += kshim_random(length);
		last = start + kshim_random(kshim_random(2) ?
						    length - (start - m.areas[0].start) % length :
						    64 * SZ_4K);
	}
	r->page_size = 1UL << (9 + kshim_random(13));
	unit = max(r->page_size, m.iopt.alignment);
	while ((last - start) / r->page_size >= MAX_BITS - 64)
		last = start + (last - start) / 2;
	start = (start + unit - 1) & -unit;
	last = ((last + 1) & -unit) - 1;
	if (start >= last)
		return false;
	r->iova = start;
	r->length = last - start + 1;
	r->bitmap = m.map;
	r->clear = kshim_random(4);
	return true;
}

static bool is_mapped(const struct iopt_dirty *r)
{
	unsigned long at = r->iova, last = r->iova + r->length - 1;

	for (unsigned int i = 0; i < m.nr_areas; i++) {
		if (m.areas[i].start > at)
			return false;
		if (m.areas[i].last >= last)
			return true;
		if (m.areas[i].last >= at)
			at = m.areas[i].last + 1;
	}
	return false;
}

/* ---- reads and their checks ---- */

static void begin_read(struct iopt_dirty *r)
{
	unsigned long bits = r->length / r->page_size, first, last;

	m.reading = r;
	m.bytes = (bits + 7) / 8;
	for (unsigned long i = 0; i < m.bytes; i++)
		m.map[i] = kshim_random(8) ? 0 : kshim_random(256);
	/* A bit that is set already would hide a missing write. */
	if (m.s.writes)
		memset(m.map, 0, m.bytes);
	memcpy(m.before, m.map, m.bytes);
	memcpy(m.want, m.map, m.bytes);
	for (unsigned int i = 0; i < m.nr; i++) {
		struct leaf *leaf = &m.leaves[i];

		leaf->was_dirty = leaf->dirty;
		if (leaf->dirty && leaf_bits(leaf, &first, &last))
			for (; first <= last; first++)
				m.want[first / 8] |= 1 << first % 8;
	}
	m.queries = m.clears = m.steps = m.syncs = 0;
}

static void end_read(const struct iopt_dirty *r, int ret)
{
	bool exact = !m.s.writes && !ret;

	for (unsigned long i = 0; i < m.bytes; i++)
		expect(!(m.before[i] & ~m.map[i]));
	expect(!exact || !memcmp(m.map, m.want, m.bytes));
	expect(m.syncs <= 1 && (r->clear || !m.syncs));
	for (unsigned int i = 0; i < m.nr; i++) {
		struct leaf *leaf = &m.leaves[i];
		unsigned long first, last;

		/* Otherwise the next write would be lost. */
		expect(leaf->dirty || !leaf->cached);
		if (!leaf_bits(leaf, &first, &last)) {
			expect(leaf->dirty || !leaf->was_dirty);
			continue;
		}
		expect(!leaf->written || leaf->dirty || leaf_reported(leaf));
		if (!r->clear || !leaf_whole(leaf))
			expect(leaf->dirty || !leaf->was_dirty);
		else if (exact)
			expect(!leaf->dirty);
		total.kept += leaf->dirty;
		if (!leaf->dirty)
			leaf->written = false;
	}
	m.reading = NULL;
}

static void read_random(void)
{
	struct iopt_dirty r = {};
	int ret, want = 0;

	if (!pick_range(&r))
		return;
	if (!is_mapped(&r))
		want = -EINVAL;
	begin_read(&r);
	m.relock = !kshim_random(3);
	ret = iopt_read_dirty(&m.iopt, &m.table, &r);
	expect(!m.iopt.lock.held && !m.iopt.tables_lock.held && !m.table.dirty_lock.held);
	if (want)
		expect(ret == want && !m.queries && !memcmp(m.map, m.before, m.bytes));
	else
		expect(!ret || (ret == -EFAULT && m.s.faults) || (ret == -ENXIO && m.s.errors) ||
		       (ret == -EINTR && kshim.killed));
	kshim.killed = false;
	end_read(&r, ret);
	total.reads++;
	total.dirty += r.pages;
	total.refused += ret == -EINVAL;
	total.faults += ret == -EFAULT;
	total.errors += ret == -ENXIO;
	total.kills += ret == -EINTR;
}

static void toggle(void)
{
	struct scenario s = m.s;
	struct iopt_dirty r = {
		.iova = m.areas[0].start,
		.length = m.iopt.alignment,
		.page_size = m.iopt.alignment,
		.bitmap = m.map,
	};

	m.s.writes = m.s.faults = m.s.errors = m.s.kills = 0;
	m.reading = NULL;
	expect(!iopt_set_dirty_tracking(&m.iopt, &m.table, false));
	expect(iopt_read_dirty(&m.iopt, &m.table, &r) == -EINVAL);
	expect(!iopt_set_dirty_tracking(&m.iopt, &m.table, true));
	for (unsigned int i = 0; i < m.nr; i++) {
		expect(!m.leaves[i].dirty && !m.leaves[i].cached);
		m.leaves[i].written = false;
	}
	/* Turning it on again changes nothing. */
	device_write(&m.leaves[0]);
	expect(!iopt_set_dirty_tracking(&m.iopt, &m.table, true));
	expect(m.leaves[0].dirty);
	m.s = s;
}

static void write_random(void)
{
	unsigned int density = kshim_random(5), n = m.nr / (density * density * density + 1);
	unsigned int from = kshim_random(m.nr);

	while (n--) {
		device_write(&m.leaves[density & 1 ? from++ % m.nr : kshim_random(m.nr)]);
		if (!kshim_random(4))
			m.leaves[kshim_random(m.nr)].cached = false;
	}
	/* The IOTLB may evict dirty leaves at any time. */
	for (unsigned int i = 0; i < m.nr; i++)
		if (m.leaves[i].dirty && !kshim_random(3))
			m.leaves[i].cached = false;
}

static bool run_scenario(const struct scenario *s, u32 seed)
{
	for (unsigned int layout = 0; layout < 12; layout++, seed++) {
		layout_init(s, seed);
		layout_random();
		for (m.round = 0; m.round < s->rounds / 4 && !kshim.findings; m.round++) {
			write_random();
			read_random();
			if (!kshim_random(16))
				toggle();
		}
		if (kshim.findings) {
			tap__diag("seed %u, round %u, %u leaves in %u areas: %s (and %u more)",
				  seed, m.round, m.nr, m.nr_areas, kshim.finding,
				  kshim.findings - 1);
			return false;
		}
	}
	return true;
}

/* ---- number of calls of the driver ---- */

#define BASE (1UL << 40)

static const struct scenario fixed = { .sizes = SZ_4K | SZ_2M | SZ_1G };

static void layout_fixed(unsigned long start, unsigned int nr, unsigned long size)
{
	layout_init(&fixed, 1);
	while (m.nr < nr)
		add_leaf(start + m.nr * size, size);
	add_area(start, start + nr * size - 1);
}

static void measure(const char *name, unsigned long iova, unsigned long length,
		    unsigned long max_queries, unsigned long max_clears, unsigned long max_steps)
{
	struct iopt_dirty r = {
		.iova = iova,
		.length = length,
		.page_size = SZ_4K,
		.bitmap = m.map,
		.clear = true,
	};
	int ret;

	begin_read(&r);
	ret = iopt_read_dirty(&m.iopt, &m.table, &r);
	expect(!ret && m.queries <= max_queries && m.clears <= max_clears && m.steps <= max_steps);
	end_read(&r, ret);
	if (!tap__ok(!kshim.findings, "%s: %lu queries, %lu clears, %lu leaves read", name,
		     m.queries, m.clears, m.steps))
		tap__diag("%s; at most %lu, %lu, %lu are allowed", kshim.finding, max_queries,
			  max_clears, max_steps);
	kshim.findings = 0;
}

static unsigned int write_half(unsigned int step)
{
	unsigned int dirty = 0;

	for (unsigned int i = 0; i < m.nr; i++)
		if (step ? i % step == 0 : kshim_random(2)) {
			device_write(&m.leaves[i]);
			dirty++;
		}
	return dirty;
}

static void test_figures(void)
{
	const unsigned int n = 32768;
	unsigned int dirty;

	layout_fixed(BASE, MAX_LEAVES, SZ_4K);
	measure("1 GiB of small leaves, all clean", BASE, SZ_1G, 1, 0, MAX_LEAVES);
	device_write(&m.leaves[12345]);
	measure("1 GiB, one small leaf dirty", BASE, SZ_1G, 2, 1, MAX_LEAVES + 2);
	device_write(&m.leaves[0]);
	device_write(&m.leaves[MAX_LEAVES - 1]);
	measure("1 GiB, the first and the last dirty", BASE, SZ_1G, 24, 2, 3 * MAX_LEAVES);
	device_write(&m.leaves[4099]);
	measure("128 MiB in the middle, one dirty", BASE + (4097 << 12), 128 << 20, 20, 1,
		MAX_LEAVES);

	layout_fixed(BASE, 1, SZ_1G);
	device_write(&m.leaves[0]);
	measure("a huge leaf, dirty", BASE, SZ_1G, 2, 1, 3);
	device_write(&m.leaves[0]);
	measure("a part of a huge leaf, dirty", BASE + 5 * SZ_4K, 77 * SZ_4K, 8, 0, 8);

	layout_fixed(BASE, n, SZ_4K);
	write_half(1);
	measure("32768 small leaves, all dirty", BASE, n * SZ_4K, n + 1, 1, 3 * n + 1);
	dirty = write_half(0);
	measure("32768 small leaves, half of them dirty at random", BASE, n * SZ_4K,
		2 * dirty + dirty / 2, dirty, 6 * n);
	dirty = write_half(2);
	measure("32768 small leaves, every other dirty", BASE, n * SZ_4K, 4 * dirty, dirty, 6 * n);
	dirty = write_half(100);
	measure("32768 small leaves, each 100th dirty", BASE, n * SZ_4K, 14 * dirty, dirty, 6 * n);

	layout_fixed(BASE, 1024, SZ_2M);
	dirty = write_half(0);
	measure("1024 leaves of 2 MiB, half of them dirty at random", BASE, 1024 * SZ_2M, 4 * dirty,
		dirty, 10 * 1024);
}

/* ---- refusals ---- */

static void unmap_last(void)
{
	m.areas[m.nr_areas - 1].state = IOPT_AREA_UNMAPPING;
}

static int read_at(unsigned long iova, unsigned long length, unsigned long page_size)
{
	struct iopt_dirty r = {
		.iova = iova,
		.length = length,
		.page_size = page_size,
		.bitmap = m.map,
		.clear = true,
	};
	int ret;

	m.reading = &r;
	m.bytes = MAX_BITS / 8;
	memset(m.map, 0, m.bytes);
	ret = iopt_read_dirty(&m.iopt, &m.table, &r);
	m.reading = NULL;
	expect(!m.iopt.lock.held);
	return ret;
}

static int driver_lies(struct iommu_domain *domain, unsigned long iova, size_t size,
		       unsigned long flags, struct iommu_dirty_bitmap *dirty)
{
	(void)domain;
	(void)flags;
	dirty->gather->start = iova;
	dirty->gather->end = iova + size + (1UL << 41) - 1;
	return 0;
}

static void test_refusals(void)
{
	struct iommu_dirty_ops ops = { .set_dirty_tracking = model_track };

	layout_fixed(BASE, 16, SZ_4K);
	tap__err(read_at(BASE, 0, SZ_4K), -EINVAL, "no length");
	tap__err(read_at(-SZ_4K, 2 * SZ_4K, SZ_4K), -EOVERFLOW, "length that wraps");
	tap__err(read_at(BASE + 2048, SZ_4K, 2048), -EINVAL, "start in the middle of a page");
	tap__err(read_at(BASE, 2048, 2048), -EINVAL, "end in the middle of a page");
	tap__err(read_at(BASE, SZ_4K, 0), -EINVAL, "a page size of 0");
	tap__err(read_at(BASE, 3 * SZ_4K, 3 * SZ_4K), -EINVAL, "a page size of three pages");
	tap__err(read_at(BASE, SZ_4K, 2 * SZ_4K), -EINVAL, "half a page");
	tap__err(read_at(BASE, 17 * SZ_4K, SZ_4K), -EINVAL, "a hole at the end");
	tap__err(read_at(BASE - SZ_4K, 2 * SZ_4K, SZ_4K), -EINVAL, "a hole at the start");
	tap__err(read_at(BASE, 16 * SZ_4K, SZ_4K), 0, "the whole area");

	for (unsigned int i = 0; i < 16; i++)
		add_leaf(BASE + (16 + i) * SZ_4K, SZ_4K);
	add_area(BASE + 16 * SZ_4K, BASE + 32 * SZ_4K - 1);
	m.areas[1].state = IOPT_AREA_MAPPING;
	tap__err(read_at(BASE, 32 * SZ_4K, SZ_4K), -EINVAL, "an area that is being mapped");
	m.areas[1].state = IOPT_AREA_LIVE;
	m.relock = true;
	m.relocked = unmap_last;
	device_write(&m.leaves[3]);
	tap__err(read_at(BASE, 32 * SZ_4K, SZ_4K), -EINVAL, "an area unmapped meanwhile");
	tap__ok(get_bit(m.map, 3) && !m.leaves[3].dirty && !m.leaves[3].cached,
		"leaves cleared by then are in the bitmap, and flushed");
	m.relock = false;

	tap__err(iopt_set_dirty_tracking(&m.iopt, &m.table, false), 0, "turn tracking off");
	tap__err(read_at(BASE, SZ_4K, SZ_4K), -EINVAL, "tracking is off, so reading fails");
	m.table.tracks_dirty = true;
	ops.read_and_clear_dirty = driver_lies;
	m.domain.dirty_ops = &ops;
	tap__err(read_at(BASE, SZ_4K, SZ_4K), -EIO, "a leaf that reaches across areas");
	m.domain.is_iommupt = true;
	tap__err(iopt_set_dirty_tracking(&m.iopt, &m.table, true), -EOPNOTSUPP,
		 "a generic page table, which gathers only what it clears");
	m.domain.is_iommupt = false;
	ops.read_and_clear_dirty = NULL;
	tap__err(read_at(BASE, SZ_4K, SZ_4K), -EOPNOTSUPP, "a driver that cannot read");
	tap__err(iopt_set_dirty_tracking(&m.iopt, &m.table, true), -EOPNOTSUPP,
		 "a driver that cannot read is not asked to track");
	m.domain.dirty_ops = NULL;
	tap__err(read_at(BASE, SZ_4K, SZ_4K), -EOPNOTSUPP, "a page table without tracking");
	tap__err(iopt_set_dirty_tracking(&m.iopt, &m.table, true), -EOPNOTSUPP,
		 "and it cannot be turned on");
	tap__ok(!kshim.findings, "no findings%s%s", kshim.findings ? ": " : "", kshim.finding);
}

int main(void)
{
	u32 seed = 1;

	tap__start();
	m.leaves = calloc(MAX_LEAVES, sizeof(*m.leaves));
	m.map = malloc(MAX_BITS / 8);
	m.before = malloc(MAX_BITS / 8);
	m.want = malloc(MAX_BITS / 8);
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++, seed += 1000)
		tap__ok(run_scenario(&scenarios[i], seed), "%s", scenarios[i].name);
	tap__ok(total.dirty && total.kept && total.faults && total.errors && total.kills &&
			total.refused,
		"%lu reads, %lu pages dirty, %lu copies failed, %lu errors, %lu signals, %lu holes",
		total.reads, total.dirty, total.faults, total.errors, total.kills, total.refused);
	test_figures();
	test_refusals();
	free(m.leaves);
	free(m.map);
	free(m.before);
	free(m.want);
	return tap__done();
}
#endif
