// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test of kernel/iopt/space.c in user space against a model: areas come and go in an address space
 * with reserved and allowed ranges, at given or chosen addresses, and each result is compared with
 * that of a search through plain lists.
 *
 * For a chosen address, the model finds the lowest one by the rules of alloc_iova(): in each span
 * of allowed addresses it tries the free ranges from below. The address is aligned as the memory
 * is, up to its own size and that of a huge page, and is never in page 0 or the last page. The test
 * also compares order, gaps and largest gaps in the tree.
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
#include "iopt/internal.h"

#define MAX_AREAS 1024
#define MAX_RANGES 48
#define SMALL_TOP (1UL << 24) /* end of a small address space */

struct range {
	unsigned long start, last;
};

struct scenario {
	const char *name;
	unsigned int runs; /* seeds */
	unsigned int steps;
	bool small; /* so small that it becomes full */
	bool allowed; /* with allowed ranges */
	unsigned long alignment;
	unsigned int chain; /* up to this many areas are inserted together */
	unsigned int alloc_fails;
};

static const struct scenario scenarios[] = {
	{ "all addresses", 5, 1200, false, false, PAGE_SIZE, 1, 0 },
	{ "all addresses, without alignment", 5, 1200, false, false, 1, 1, 0 },
	{ "few addresses", 5, 1500, true, false, PAGE_SIZE, 1, 0 },
	{ "few addresses, small alignment", 5, 1500, true, false, 512, 3, 0 },
	{ "allowed ranges", 5, 1500, false, true, PAGE_SIZE, 1, 0 },
	{ "few addresses in allowed ranges", 6, 1500, true, true, PAGE_SIZE, 4, 0 },
	{ "out of memory for ranges", 5, 800, true, true, 512, 2, 3 },
};

static struct {
	const struct scenario *scenario;
	u32 seed;
	unsigned int step;
	struct iopt iopt;
	struct umem umem;
	struct umem_totals totals;
	struct umem_payer payer;
	unsigned long top;
	struct iopt_area *area[MAX_AREAS]; /* by address */
	unsigned int areas;
	struct range reserved[MAX_RANGES], allowed[MAX_RANGES];
	const void *owner[MAX_RANGES];
	unsigned int reserves, allows;
	struct list_head resv; /* of the device */
} m;

static struct {
	unsigned long fixed, chosen, exists, reserved, full, removed, device;
} total;

#define expect(cond) kshim_finding(!(cond), __FILE__, __LINE__, #cond)

void iommu_get_resv_regions(struct device *dev, struct list_head *list)
{
	(void)dev;
	while (m.resv.next != &m.resv) {
		struct list_head *item = m.resv.next;

		list_del(item);
		list_add_tail(item, list);
	}
}

void iommu_put_resv_regions(struct device *dev, struct list_head *list)
{
	(void)dev;
	while (list->next != list) {
		struct list_head *item = list->next;

		list_del(item);
		list_add_tail(item, &m.resv);
	}
}

/* ---- the model ---- */

static bool overlaps(const struct range *ranges, unsigned int n, unsigned long start,
		     unsigned long last)
{
	for (unsigned int i = 0; i < n; i++)
		if (ranges[i].start <= last && ranges[i].last >= start)
			return true;
	return false;
}

static bool is_mapped(unsigned long start, unsigned long last)
{
	for (unsigned int i = 0; i < m.areas; i++)
		if (m.area[i]->start <= last && m.area[i]->last >= start)
			return true;
	return false;
}

/* Find the first mapped or reserved range that ends at or above an address. */
static bool next_used(unsigned long at, struct range *used)
{
	bool found = false;

	for (unsigned int i = 0; i < m.areas + m.reserves; i++) {
		struct range r = i < m.areas ? (struct range){ m.area[i]->start, m.area[i]->last } :
					       m.reserved[i - m.areas];

		if (r.last >= at && (!found || r.start < used->start)) {
			*used = r;
			found = true;
		}
	}
	return found;
}

/*
 * Find the lowest address in [start, last], used or not. The bits of the offset are set in it
 * as upstream does, which is not an addition if the alignment is less than a page.
 */
static bool fits(unsigned long start, unsigned long last, unsigned long length, unsigned long align,
		 unsigned long offset, unsigned long *at)
{
	unsigned long up = (start + align - 1) / align * align | offset;

	if (start > ULONG_MAX - align + 1 || up >= last || last - up < length - 1)
		return false;
	*at = up;
	return true;
}

static bool find_in_span(struct range span, unsigned long length, unsigned long align,
			 unsigned long offset, unsigned long *at)
{
	unsigned long from;
	struct range used;

	/* The search starts at the first address that would fit in an empty span. */
	if (!fits(span.start, span.last, length, align, offset, &from))
		return false;
	while (next_used(from, &used) && used.start <= span.last) {
		if (used.start > from && fits(from, used.start - 1, length, align, offset, at))
			return true;
		if (used.last >= span.last)
			return false;
		from = used.last + 1;
	}
	return fits(from, span.last, length, align, offset, at);
}

static int model_find(unsigned long uptr, unsigned long length, unsigned long *at)
{
	unsigned long align = 1, lowest = PAGE_SIZE, highest = ULONG_MAX - PAGE_SIZE;

	if (length >= ULONG_MAX / 2)
		return -EOVERFLOW;
	while (align < length && align < HPAGE_SIZE && !(uptr & align))
		align *= 2;
	if (align < m.iopt.alignment)
		return -EINVAL;
	if (!m.allows)
		return find_in_span((struct range){ lowest, highest }, length, align,
				    uptr % PAGE_SIZE, at) ?
			       0 :
			       -ENOSPC;
	for (unsigned int i = 0; i < m.allows; i++) {
		struct range span = m.allowed[i];

		while (i + 1 < m.allows && m.allowed[i + 1].start == span.last + 1)
			span.last = m.allowed[++i].last;
		span.start = max(span.start, lowest);
		span.last = min(span.last, highest);
		if (span.start <= span.last &&
		    find_in_span(span, length, align, uptr % PAGE_SIZE, at))
			return 0;
	}
	return -ENOSPC;
}

static int model_fixed(unsigned long at, unsigned long length)
{
	if (at % m.iopt.alignment)
		return -EINVAL;
	if (length - 1 > ULONG_MAX - at)
		return -EOVERFLOW;
	if (overlaps(m.reserved, m.reserves, at, at + length - 1))
		return -EINVAL;
	return is_mapped(at, at + length - 1) ? -EEXIST : 0;
}

/* ---- checks ---- */

static unsigned int check_subtree(struct rb_node *node, struct iopt_area **prev)
{
	struct iopt_area *area = container_of(node, struct iopt_area, node), *child;
	unsigned long most;
	unsigned int n = 1;

	if (node->rb_left)
		n += check_subtree(node->rb_left, prev);
	expect(area->gap == area->start - (*prev ? (*prev)->last + 1 : 0));
	expect(!*prev || (*prev)->last < area->start);
	expect(area->prev == *prev && (!*prev || (*prev)->next == area));
	*prev = area;
	if (node->rb_right)
		n += check_subtree(node->rb_right, prev);
	most = area->gap;
	for (int right = 0; right < 2; right++) {
		struct rb_node *below = right ? node->rb_right : node->rb_left;

		if (!below)
			continue;
		child = container_of(below, struct iopt_area, node);
		most = max(most, child->max_gap);
		expect(rb_parent(below) == node);
	}
	expect(area->max_gap == most);
	return n;
}

static void check_tree(void)
{
	struct iopt_area *prev = NULL;
	unsigned int n = 0;

	if (m.iopt.areas.rb_node)
		n = check_subtree(m.iopt.areas.rb_node, &prev);
	expect(n == m.areas && (!prev || !prev->next));
}

static unsigned long random_iova(void)
{
	unsigned long iova = kshim_random(m.top);

	/* Of all sizes. */
	if (!m.scenario->small)
		iova >>= kshim_random(40);
	return iova;
}

static void check_find(void)
{
	for (int i = 0; i < 4; i++) {
		unsigned long iova = random_iova();
		struct iopt_area *want = NULL;

		for (unsigned int k = 0; k < m.areas && !want; k++)
			if (m.area[k]->last >= iova)
				want = m.area[k];
		expect(iopt_find(&m.iopt, iova) == want);
	}
}

/* The usable ranges are everything that is not reserved. */
static void check_usable(void)
{
	unsigned long from = 0, start, last;

	while (iopt_next_usable(&m.iopt, from, &start, &last)) {
		expect(start >= from && start <= last);
		expect(!overlaps(m.reserved, m.reserves, start, last));
		expect(start == from || overlaps(m.reserved, m.reserves, start - 1, start - 1));
		for (unsigned long at = from; at < start;) {
			struct range used = { 0 };
			unsigned int k;

			for (k = 0; k < m.reserves; k++)
				if (m.reserved[k].start <= at && m.reserved[k].last >= at)
					used = m.reserved[k];
			if (expect(used.last >= at && used.last))
				return;
			at = used.last + 1;
		}
		if (last == ULONG_MAX)
			return;
		from = last + 1;
		expect(overlaps(m.reserved, m.reserves, from, from));
	}
}

/* ---- steps ---- */

static void insert_model(struct iopt_area *area)
{
	unsigned int i = m.areas++;

	for (; i && m.area[i - 1]->start > area->start; i--)
		m.area[i] = m.area[i - 1];
	m.area[i] = area;
}

static unsigned long random_length(void)
{
	unsigned long unit = m.iopt.alignment == 1 ? 1 + kshim_random(5000) : m.iopt.alignment;

	if (!kshim_random(40))
		return kshim_random(4);
	if (!kshim_random(40))
		return (1 + kshim_random(1000)) << kshim_random(50);
	/* So long that it rarely fits. */
	if (!kshim_random(40))
		return ULONG_MAX / 2 / PAGE_SIZE * PAGE_SIZE - PAGE_SIZE * kshim_random(2);
	return unit * (1 + kshim_random(kshim_random(3) ? 8 : m.scenario->small ? 400 : 20000));
}

/* The first area of a chain has an offset in its page; the others start at a page. */
static unsigned int make_chain(struct iopt_chain *areas, struct iopt_area **chain,
			       unsigned long first_length, unsigned long uptr,
			       unsigned long *length)
{
	unsigned int n = 1 + kshim_random(m.scenario->chain);

	*length = 0;
	for (unsigned int i = 0; i < n; i++) {
		struct iopt_area *area = calloc(1, sizeof(*area));
		unsigned long part = i ? PAGE_SIZE * (1 + kshim_random(5)) : first_length;

		area->umem = &m.umem;
		area->last = part - 1;
		area->page_offset = i ? 0 : uptr % PAGE_SIZE;
		area->prot = IOMMU_READ | IOMMU_WRITE;
		iopt_chain_add(areas, area);
		chain[i] = area;
		*length += part;
	}
	m.umem.start = uptr - uptr % PAGE_SIZE;
	m.payer.totals = &m.totals;
	m.umem.payer = &m.payer;
	return n;
}

static void check_chain(struct iopt_area **chain, unsigned int n, unsigned long at)
{
	for (unsigned int i = 0; i < n; i++) {
		expect(chain[i]->start == at && chain[i]->state == IOPT_AREA_MAPPING);
		at = chain[i]->last + 1;
		insert_model(chain[i]);
	}
}

static void step_insert(void)
{
	unsigned long length, iova = random_iova(), at = 0, uptr;
	bool fixed = !kshim_random(4), readonly = !kshim_random(30);
	struct iopt_area *chain[8];
	struct iopt_target target;
	DEFINE_IOPT_CHAIN(areas);
	unsigned int n;
	int want, ret;

	uptr = kshim_random(1UL << 28) << kshim_random(18);
	if (kshim_random(3))
		uptr &= ~(PAGE_SIZE - 1);
	n = make_chain(&areas, chain, random_length(), uptr, &length);
	if (!kshim_random(20))
		iova = ULONG_MAX - kshim_random(10000);
	if (kshim_random(2))
		iova -= iova % m.iopt.alignment;
	/* Up to the last address. */
	if (!kshim_random(20))
		iova = -length;

	if (!length || length % m.iopt.alignment)
		want = -EINVAL;
	else
		want = fixed ? model_fixed(iova, length) : model_find(uptr, length, &at);
	if (!want && readonly)
		want = -EPERM;
	if (!want && uptr % PAGE_SIZE % m.iopt.alignment)
		want = -EINVAL;

	m.umem.writable = !readonly;
	target = (struct iopt_target){ .iova = iova, .length = length, .fixed = fixed };
	down_write(&m.iopt.lock);
	ret = iopt_insert_areas(&m.iopt, &areas, &target);
	up_write(&m.iopt.lock);
	expect(ret == want);
	if (!ret && !fixed)
		expect(target.iova == at);
	total.fixed += !ret && fixed;
	total.chosen += !ret && !fixed;
	total.exists += ret == -EEXIST;
	total.full += ret == -ENOSPC;
	if (!ret)
		check_chain(chain, n, target.iova);
	for (unsigned int i = 0; ret && i < n; i++)
		free(chain[i]);
}

static void step_remove(unsigned int i)
{
	struct iopt_area *area = m.area[i];

	down_write(&m.iopt.lock);
	iopt_remove_area(&m.iopt, area);
	up_write(&m.iopt.lock);
	for (m.areas--; i < m.areas; i++)
		m.area[i] = m.area[i + 1];
	free(area);
	total.removed++;
}

/* One of four owners, which are addresses. */
static const void *any_owner(void)
{
	static const char owners[4];

	return owners + kshim_random(4);
}

static void add_reserved(unsigned long start, unsigned long last, const void *owner)
{
	m.reserved[m.reserves] = (struct range){ start, last };
	m.owner[m.reserves++] = owner;
}

static void step_reserve(void)
{
	unsigned long start = random_iova(), last = start + kshim_random(1 << 16);
	const void *owner = any_owner();
	int want = 0, ret;

	if (kshim_random(2)) {
		start &= ~(PAGE_SIZE - 1);
		last |= PAGE_SIZE - 1;
	}
	if (last < start || m.reserves == MAX_RANGES)
		return;
	if (is_mapped(start, last) || overlaps(m.allowed, m.allows, start, last))
		want = -EADDRINUSE;
	kshim.failed = 0;
	down_write(&m.iopt.lock);
	ret = iopt_reserve(&m.iopt, start, last, owner);
	up_write(&m.iopt.lock);
	expect(ret == (kshim.failed && !want ? -ENOMEM : want));
	if (!ret)
		add_reserved(start, last, owner);
	total.reserved += !ret;
}

static void drop_owner(const void *owner)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < m.reserves; i++) {
		if (m.owner[i] == owner)
			continue;
		m.reserved[n] = m.reserved[i];
		m.owner[n++] = m.owner[i];
	}
	m.reserves = n;
}

static void step_unreserve(void)
{
	const void *owner = any_owner();

	down_write(&m.iopt.lock);
	iopt_unreserve(&m.iopt, owner);
	up_write(&m.iopt.lock);
	drop_owner(owner);
}

/* Reserve the regions of a device: all or none. */
static void step_device(void)
{
	struct iommu_resv_region resv[4] = {};
	phys_addr_t msi = 0, want_msi = 0;
	unsigned int n = 1 + kshim_random(4);
	struct range ranges[4];
	bool in_use = false, wait = kshim_random(2);
	char key;
	int ret;

	if (m.reserves + 4 > MAX_RANGES)
		return;
	INIT_LIST_HEAD(&m.resv);
	for (unsigned int i = 0; i < n; i++) {
		resv[i].start = random_iova();
		resv[i].length = 1 + kshim_random(1 << 16);
		resv[i].type = i ? kshim_random(IOMMU_RESV_MSI) : IOMMU_RESV_SW_MSI;
		if (resv[i].start > ULONG_MAX - resv[i].length)
			resv[i].start = 0;
		ranges[i] = (struct range){ resv[i].start, resv[i].start + resv[i].length - 1 };
		list_add_tail(&resv[i].list, &m.resv);
		if (resv[i].type == IOMMU_RESV_SW_MSI)
			want_msi = resv[i].start;
		if (resv[i].type != IOMMU_RESV_DIRECT_RELAXABLE)
			in_use |= is_mapped(ranges[i].start, ranges[i].last) ||
				  overlaps(m.allowed, m.allows, ranges[i].start, ranges[i].last);
	}
	kshim.failed = 0;
	if (wait) {
		ret = iopt_reserve_device(&m.iopt, (struct device *)&m, &key, &msi, IOPT_LOCK_WAIT);
	} else {
		down_write(&m.iopt.lock);
		ret = iopt_reserve_device(&m.iopt, (struct device *)&m, &key, &msi, IOPT_LOCK_TRY);
		expect(ret == -EAGAIN);
		if (kshim_random(2)) {
			ret = iopt_reserve_device(&m.iopt, (struct device *)&m, &key, &msi,
						  IOPT_LOCK_HELD);
			up_write(&m.iopt.lock);
		} else {
			up_write(&m.iopt.lock);
			ret = iopt_reserve_device(&m.iopt, (struct device *)&m, &key, &msi,
						  IOPT_LOCK_TRY);
		}
		expect(ret != -EAGAIN);
	}
	if (ret) {
		expect((in_use && ret == -EADDRINUSE) || (kshim.failed && ret == -ENOMEM));
		return;
	}
	expect(!in_use && msi == want_msi);
	total.device++;
	for (unsigned int i = 0; i < n; i++)
		if (resv[i].type != IOMMU_RESV_DIRECT_RELAXABLE)
			add_reserved(ranges[i].start, ranges[i].last, &m);
	check_usable();
	iopt_unreserve_device(&m.iopt, &key);
	drop_owner(&m);
}

/* Allowed ranges in ascending order, some touching; the last one may go to the end. */
static void step_allow(void)
{
	struct rb_root_cached tree = RB_ROOT_CACHED;
	struct range ranges[MAX_RANGES];
	unsigned long at = kshim_random(m.top / 8);
	unsigned int n = 0;
	bool in_use = false;
	int ret = 0;

	while (n < 20 && at < m.top - m.top / 8 && kshim_random(20)) {
		unsigned long start = at + (kshim_random(2) ? 0 : kshim_random(m.top / 32));
		unsigned long last = start + kshim_random(m.top / 16);

		if (last < start || (!m.scenario->small && !kshim_random(30)))
			last = ULONG_MAX;
		ret = iopt_range_add(&tree, start, last);
		if (ret)
			break;
		ranges[n++] = (struct range){ start, last };
		in_use |= overlaps(m.reserved, m.reserves, start, last);
		if (last == ULONG_MAX)
			break;
		at = last + 1;
	}
	if (!ret) {
		ret = iopt_set_allowed(&m.iopt, &tree);
		expect(ret == (in_use ? -EADDRINUSE : 0));
		if (!ret) {
			memcpy(m.allowed, ranges, sizeof(ranges));
			m.allows = n;
		}
	}
	iopt_range_free_all(&tree);
}

static void step(void)
{
	unsigned int what = kshim_random(100);

	if (what < 60) {
		if (m.areas < MAX_AREAS - 8)
			step_insert();
	} else if (what < 90) {
		if (m.areas)
			step_remove(kshim_random(m.areas));
	} else if (what < 94) {
		step_reserve();
	} else if (what < 96) {
		step_unreserve();
	} else if (what < 98) {
		step_device();
	} else if (m.scenario->allowed) {
		step_allow();
	}
}

/* Remove and free everything; nothing may be left. */
static void run_end(void)
{
	kshim.alloc_fails = 0;
	while (m.areas)
		step_remove(kshim_random(m.areas));
	expect(!m.iopt.areas.rb_node && !iopt_find(&m.iopt, 0));
	iopt_range_free_all(&m.iopt.reserved);
	iopt_range_free_all(&m.iopt.allowed);
	expect(!kshim.blocks && !m.iopt.lock.held);
}

static void run(const struct scenario *s, u32 seed)
{
	memset(&m, 0, sizeof(m));
	m.scenario = s;
	m.seed = seed;
	kshim_reset(seed);
	INIT_LIST_HEAD(&m.iopt.tables);
	m.iopt.areas = RB_ROOT;
	m.iopt.reserved = RB_ROOT_CACHED;
	m.iopt.allowed = RB_ROOT_CACHED;
	m.iopt.alignment = s->alignment;
	m.top = s->small ? SMALL_TOP : ULONG_MAX;
	if (s->small && !expect(!iopt_range_add(&m.iopt.reserved, SMALL_TOP, ULONG_MAX)))
		add_reserved(SMALL_TOP, ULONG_MAX, NULL);
	kshim.alloc_fails = s->alloc_fails;
	for (m.step = 0; m.step < s->steps && !kshim.findings; m.step++) {
		step();
		check_tree();
		check_find();
		if (m.step % 16 == 0)
			check_usable();
	}
	if (!kshim.findings)
		run_end();
}

static bool run_scenario(const struct scenario *s, u32 seed)
{
	for (unsigned int i = 0; i < s->runs; i++, seed++) {
		run(s, seed);
		if (kshim.findings) {
			tap__diag("seed %u, step %u, %u areas: %s (and %u more)", seed, m.step,
				  m.areas, kshim.finding, kshim.findings - 1);
			return false;
		}
	}
	return true;
}

int main(void)
{
	u32 seed = 1;

	tap__start();
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++, seed += 1000)
		tap__ok(run_scenario(&scenarios[i], seed), "%u runs: %s", scenarios[i].runs,
			scenarios[i].name);
	tap__ok(total.fixed && total.chosen && total.exists && total.full && total.reserved &&
			total.removed && total.device,
		"%lu addresses given, %lu chosen, %lu in use, %lu did not fit, %lu ranges reserved",
		total.fixed, total.chosen, total.exists, total.full, total.reserved);
	return tap__done();
}
#endif
