// SPDX-License-Identifier: GPL-2.0-only
/*
 * Paging domains: page tables of the kernel, a radix tree of five levels with 512 entries each.
 *
 * An entry of level 0 maps 2 KiB; an entry of each higher level maps 512 times as much. A leaf maps
 * any power of two: it takes 1 to 256 entries of one table. Each of them holds the order of the
 * leaf and the physical address of its own part. The dirty bit of a leaf is in its first entry.
 *
 * Each table is a page; page_private() counts its entries in use. A table that becomes empty is
 * freed at once, which is safe because look-ups hold the lock. Except for the root, no table is
 * empty when the lock is free.
 *
 * An unmap of a part of a leaf unmaps the whole leaf and returns more bytes than it was asked for,
 * as the Intel driver does. A device never keeps a part of a range that was to be unmapped.
 *
 * DMA looks up addresses in the IOTLB first, and in the page table only if they are not there. Each
 * page that it reaches must be pinned, by iommufd or, in a dma-buf, by the exporter.
 *
 * All functions may sleep on mock->lock.
 */
#include <linux/bitfield.h>
#include <linux/highmem.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "mock.h"

#define LEVELS 5
#define ENTRIES 512
#define BASE_SHIFT 11
#define LEVEL_BITS 9

#define MOCK_PTE_PRESENT BIT_ULL(0)
#define MOCK_PTE_TABLE BIT_ULL(1)
#define MOCK_PTE_READ BIT_ULL(2)
#define MOCK_PTE_WRITE BIT_ULL(3)
#define MOCK_PTE_DIRTY BIT_ULL(4)
/* log2 of a leaf's size, above BASE_SHIFT */
#define MOCK_PTE_ORDER GENMASK_ULL(10, 5)
#define MOCK_PTE_ADDR GENMASK_ULL(55, BASE_SHIFT)

static_assert(1 << BASE_SHIFT == MOCK_PAGE_SIZE);
static_assert(BASE_SHIFT + LEVELS * LEVEL_BITS == MOCK_IOVA_BITS);
static_assert(ENTRIES * sizeof(u64) <= PAGE_SIZE);

/* The sizes that VFIO_IOMMU_GET_INFO shows with the mock of Linux 7.3: not all of level 2. */
#define DEFAULT_PGSIZES GENMASK_ULL(BASE_SHIFT + 3 * LEVEL_BITS - 2, BASE_SHIFT)
#define HUGE_PGSIZES (MOCK_HUGE_PAGE_SIZE | PAGE_SIZE)
/* As in the mock of Linux 7.3, which starts with three levels. */
#define HUGE_IOVA_BITS 38

/**
 * struct walk - the path from the root to an entry
 * @table: the table of each level, from the root down to @level
 * @level: level of the entry
 */
struct walk {
	u64 *table[LEVELS];
	unsigned int level;
};

static unsigned int level_shift(unsigned int level)
{
	return BASE_SHIFT + level * LEVEL_BITS;
}

static unsigned int level_index(u64 iova, unsigned int level)
{
	return (iova >> level_shift(level)) % ENTRIES;
}

static u64 *entry(const struct walk *walk, u64 iova)
{
	return &walk->table[walk->level][level_index(iova, walk->level)];
}

static unsigned int pte_shift(u64 pte)
{
	return BASE_SHIFT + FIELD_GET(MOCK_PTE_ORDER, pte);
}

static u64 *pte_table(u64 pte)
{
	return phys_to_virt(pte & MOCK_PTE_ADDR);
}

static u64 *table_alloc(gfp_t gfp)
{
	u64 *table = (u64 *)get_zeroed_page(gfp);

	if (table)
		set_page_private(virt_to_page(table), 0);
	return table;
}

static void table_free(u64 *table)
{
	set_page_private(virt_to_page(table), 0);
	free_page((unsigned long)table);
}

static void table_use(u64 *table, long entries)
{
	struct page *page = virt_to_page(table);

	set_page_private(page, page_private(page) + entries);
}

/* Walk down to level @to, or to the last level that has a table. */
static void walk_down(struct mock_paging *mock, struct walk *walk, u64 iova, unsigned int to)
{
	walk->level = LEVELS - 1;
	walk->table[walk->level] = mock->root;
	while (walk->level > to) {
		u64 pte = *entry(walk, iova);

		if (!(pte & MOCK_PTE_TABLE))
			return;
		walk->table[--walk->level] = pte_table(pte);
	}
}

/* Free the empty tables of a walk, from the bottom up. */
static void walk_prune(struct mock_paging *mock, struct walk *walk, u64 iova)
{
	while (walk->level < LEVELS - 1 && !page_private(virt_to_page(walk->table[walk->level]))) {
		table_free(walk->table[walk->level++]);
		*entry(walk, iova) = 0;
		table_use(walk->table[walk->level], -1);
		mock->counts.tables--;
	}
}

/* Walk down to level @to, and allocate the tables that are missing. */
static int walk_make(struct mock_paging *mock, struct walk *walk, u64 iova, unsigned int to,
		     gfp_t gfp)
{
	u64 *table;

	walk_down(mock, walk, iova, to);
	while (walk->level > to) {
		if (*entry(walk, iova) & MOCK_PTE_PRESENT)
			return -EADDRINUSE;
		table = table_alloc(gfp);
		if (!table) {
			walk_prune(mock, walk, iova);
			return -ENOMEM;
		}
		*entry(walk, iova) = virt_to_phys(table) | MOCK_PTE_PRESENT | MOCK_PTE_TABLE;
		table_use(walk->table[walk->level], 1);
		walk->table[--walk->level] = table;
		mock->counts.tables++;
	}
	return 0;
}

/* Set a leaf at the end of a walk. */
static int leaf_set(struct walk *walk, u64 iova, phys_addr_t phys, unsigned int shift, u64 bits)
{
	unsigned int n = 1 << (shift - level_shift(walk->level)), i;
	u64 *pte = entry(walk, iova);

	for (i = 0; i < n; i++)
		if (WARN_ON_ONCE(pte[i] & MOCK_PTE_PRESENT))
			return -EADDRINUSE;
	bits |= FIELD_PREP(MOCK_PTE_ORDER, shift - BASE_SHIFT) | MOCK_PTE_PRESENT;
	for (i = 0; i < n; i++)
		pte[i] = (phys + ((u64)i << level_shift(walk->level))) | bits;
	table_use(walk->table[walk->level], n);
	return 0;
}

static int mock_paging_map(struct iommu_domain *domain, unsigned long iova, phys_addr_t phys,
			   size_t pgsize, size_t pgcount, int prot, gfp_t gfp, size_t *mapped)
{
	struct mock_paging *mock = to_mock_paging(domain);
	unsigned int shift = __ffs(pgsize), level = (shift - BASE_SHIFT) / LEVEL_BITS;
	size_t before = *mapped;
	struct walk walk = {};
	u64 bits = 0;
	int ret;

	if ((iova + pgsize * pgcount - 1) >> MOCK_IOVA_BITS || iova + pgsize * pgcount - 1 < iova)
		return -ERANGE;
	if (prot & IOMMU_READ)
		bits |= MOCK_PTE_READ;
	if (prot & IOMMU_WRITE)
		bits |= MOCK_PTE_WRITE;

	down_write(&mock->lock);
	mock->counts.maps++;
	ret = mock_fail_hit(&mock->fail[MOCK_FAIL_MAP]);
	while (!ret && pgcount--) {
		/* Walk again only for the first entry of a table. */
		if (!walk.table[level] || !level_index(iova, level))
			ret = walk_make(mock, &walk, iova, level, gfp);
		if (!ret)
			ret = leaf_set(&walk, iova, phys, shift, bits);
		if (ret)
			break;
		iova += pgsize;
		phys += pgsize;
		*mapped += pgsize;
		mock->counts.mapped += pgsize;
	}
	/* The Intel driver of 6.12 does the same when it runs out of memory halfway. */
	if (!ret && mock_fail_hit(&mock->fail[MOCK_FAIL_MAP_PART])) {
		*mapped = before;
		ret = -ENOMEM;
	}
	up_write(&mock->lock);
	return ret;
}

static size_t mock_paging_unmap(struct iommu_domain *domain, unsigned long iova, size_t pgsize,
				size_t pgcount, struct iommu_iotlb_gather *gather)
{
	struct mock_paging *mock = to_mock_paging(domain);
	size_t size = pgsize * pgcount, unmapped = 0;
	u64 head, end, start = iova;
	unsigned int shift, n;
	struct walk walk;
	u64 *pte;

	down_write(&mock->lock);
	mock->counts.unmaps++;
	if (mock_fail_hit(&mock->fail[MOCK_FAIL_UNMAP]))
		size = 0;
	while (unmapped < size && !((iova + unmapped) >> MOCK_IOVA_BITS)) {
		walk_down(mock, &walk, iova + unmapped, 0);
		pte = entry(&walk, iova + unmapped);
		if (!(*pte & MOCK_PTE_PRESENT))
			break;
		shift = pte_shift(*pte);
		head = (iova + unmapped) & ~(BIT_ULL(shift) - 1);
		start = min(start, head);
		end = head + BIT_ULL(shift);
		n = 1 << (shift - level_shift(walk.level));
		memset(entry(&walk, head), 0, n * sizeof(*pte));
		table_use(walk.table[walk.level], -(long)n);
		mock->counts.mapped -= BIT_ULL(shift);
		walk_prune(mock, &walk, head);
		unmapped = end - iova;
	}
	up_write(&mock->lock);
	if (unmapped)
		iommu_iotlb_gather_add_range(gather, start, iova + unmapped - start);
	return unmapped;
}

/* Wait for the DMA that uses old translations, and drop them. */
static void flush(struct mock_paging *mock, u64 start, u64 last)
{
	down_write(&mock->lock);
	mock->counts.syncs++;
	if (!mock_fail_hit(&mock->fail[MOCK_FAIL_SYNC]))
		mock_iotlb_flush(&mock->iotlb, start, last);
	up_write(&mock->lock);
}

static void mock_paging_sync(struct iommu_domain *domain, struct iommu_iotlb_gather *gather)
{
	flush(to_mock_paging(domain), gather->start, gather->end);
}

static void mock_paging_flush_all(struct iommu_domain *domain)
{
	flush(to_mock_paging(domain), 0, U64_MAX - 1);
}

/* Translate an IOVA by the page table alone. The caller holds mock->lock. */
static bool walk_lookup(struct mock_paging *mock, u64 iova, struct mock_iotlb_entry *found)
{
	struct walk walk;
	u64 pte, size;

	lockdep_assert_held(&mock->lock);
	if (iova >> MOCK_IOVA_BITS)
		return false;
	iova = ALIGN_DOWN(iova, MOCK_PAGE_SIZE);
	walk_down(mock, &walk, iova, 0);
	pte = *entry(&walk, iova);
	if (!(pte & MOCK_PTE_PRESENT))
		return false;
	size = BIT_ULL(level_shift(walk.level));
	*found = (struct mock_iotlb_entry){
		.iova = iova,
		.phys = (pte & MOCK_PTE_ADDR) + (iova & (size - 1)),
		.read = pte & MOCK_PTE_READ,
		.write = pte & MOCK_PTE_WRITE,
	};
	return true;
}

/* Translate an IOVA as a device does. The caller holds mock->lock. */
static int device_lookup(struct mock_paging *mock, u64 iova, bool write,
			 struct mock_iotlb_entry *found)
{
	lockdep_assert_held(&mock->lock);
	if (mock_iotlb_find(&mock->iotlb, iova, write, found))
		return 0;
	if (!walk_lookup(mock, iova, found))
		return -ENOENT;
	if (!(write ? found->write : found->read))
		return -EACCES;
	mock_iotlb_add(&mock->iotlb, found);
	return 0;
}

/**
 * mock_paging_lookup() - Translate an IOVA, for DMA
 * @mock: the page table
 * @iova: the IOVA
 * @write: true for a write access, false for a read access
 * @phys: out: the physical address
 * @left: out: bytes to the end of the entry of the IOTLB
 *
 * Context: the caller holds mock->lock, at least for reading.
 * Return: 0, -ENOENT if @iova is not mapped, -EACCES if the mapping forbids the access.
 */
int mock_paging_lookup(struct mock_paging *mock, u64 iova, bool write, phys_addr_t *phys,
		       size_t *left)
{
	struct mock_iotlb_entry found;
	int ret = device_lookup(mock, iova, write, &found);

	if (ret)
		return ret;
	*phys = found.phys + iova % MOCK_PAGE_SIZE;
	*left = MOCK_PAGE_SIZE - iova % MOCK_PAGE_SIZE;
	return 0;
}

static phys_addr_t mock_paging_iova_to_phys(struct iommu_domain *domain, dma_addr_t iova)
{
	struct mock_paging *mock = to_mock_paging(domain);
	struct mock_iotlb_entry found;
	phys_addr_t phys = 0;

	down_read(&mock->lock);
	if (walk_lookup(mock, iova, &found))
		phys = found.phys + iova % MOCK_PAGE_SIZE;
	up_read(&mock->lock);
	return phys;
}

/* Return the first entry of the leaf at @iova, or NULL. */
static u64 *leaf_head(struct mock_paging *mock, u64 iova, struct walk *walk)
{
	u64 pte;

	if (iova >> MOCK_IOVA_BITS)
		return NULL;
	walk_down(mock, walk, iova, 0);
	pte = *entry(walk, iova);
	if (!(pte & MOCK_PTE_PRESENT))
		return NULL;
	return entry(walk, iova & ~(BIT_ULL(pte_shift(pte)) - 1));
}

/**
 * mock_paging_set_dirty() - Set the dirty bit, as a device's write does
 * @mock: the page table
 * @iova: the written IOVA
 *
 * Context: the caller holds mock->lock, at least for reading.
 * Return: false if @iova is not mapped.
 */
bool mock_paging_set_dirty(struct mock_paging *mock, u64 iova)
{
	struct walk walk;
	u64 *pte = leaf_head(mock, iova, &walk);

	if (!pte)
		return false;
	/* Atomic because other readers of the lock set bits, too. */
	if (!(READ_ONCE(*pte) & MOCK_PTE_DIRTY))
		set_bit(ilog2(MOCK_PTE_DIRTY), (unsigned long *)pte);
	return true;
}

/* Tell whether a page is in use and pinned. Many other references may look like a pin. */
static bool is_pinned(struct page *page)
{
	return page_count(page) && folio_maybe_dma_pinned(page_folio(page));
}

/* Set the dirty bit for a write, unless the IOTLB knows that it is set. */
static void write_dirty(struct mock_paging *mock, struct mock_iotlb_entry *found)
{
	if (found->dirty || !mock_paging_set_dirty(mock, found->iova))
		return;
	found->dirty = true;
	mock_iotlb_add(&mock->iotlb, found);
}

/**
 * mock_paging_copy() - Read or write memory as a device does
 * @mock: the page table
 * @iova: the IOVA
 * @buf: the device's buffer
 * @length: bytes; they must lie in one entry of the IOTLB and in one page of memory
 * @write: true to write memory, false to read it
 *
 * Context: the caller holds mock->lock, at least for reading.
 * Return: 0; errors of mock_paging_lookup(); -ENOENT if @iova is mapped to something that is not
 * memory; -EBADE if the page is not pinned, and nothing is copied.
 */
int mock_paging_copy(struct mock_paging *mock, u64 iova, void *buf, size_t length, bool write)
{
	struct mock_iotlb_entry found;
	struct page *page;
	phys_addr_t phys;
	int ret;

	ret = device_lookup(mock, iova, write, &found);
	if (ret)
		return ret;
	phys = found.phys + iova % MOCK_PAGE_SIZE;
	if (!pfn_valid(PHYS_PFN(phys)) ||
	    WARN_ON_ONCE(iova % MOCK_PAGE_SIZE + length > MOCK_PAGE_SIZE) ||
	    WARN_ON_ONCE(offset_in_page(phys) + length > PAGE_SIZE))
		return -ENOENT;
	page = pfn_to_page(PHYS_PFN(phys));
	if (!is_pinned(page)) {
		atomic64_inc(&mock->strays);
		return -EBADE;
	}
	if (write) {
		memcpy_to_page(page, offset_in_page(phys), buf, length);
		if (mock->tracking)
			write_dirty(mock, &found);
	} else {
		memcpy_from_page(buf, page, offset_in_page(phys), length);
	}
	return 0;
}

static int mock_paging_set_tracking(struct iommu_domain *domain, bool enable)
{
	struct mock_paging *mock = to_mock_paging(domain);
	int ret;

	down_write(&mock->lock);
	ret = mock_fail_hit(&mock->fail[MOCK_FAIL_DIRTY_SET]);
	if (!ret)
		mock->tracking = enable;
	up_write(&mock->lock);
	return ret;
}

/* A leaf that starts below @iova is recorded from @iova on, but its dirty bit is cleared. */
static int mock_paging_read_dirty(struct iommu_domain *domain, unsigned long iova, size_t size,
				  unsigned long flags, struct iommu_dirty_bitmap *dirty)
{
	struct mock_paging *mock = to_mock_paging(domain);
	u64 pos = iova, last, end;
	struct walk walk;
	u64 *pte;
	int ret;

	if (!size)
		return 0;
	last = min(iova + size - 1, BIT_ULL(MOCK_IOVA_BITS) - 1);

	down_write(&mock->lock);
	mock->counts.dirty_reads++;
	ret = mock_fail_hit(&mock->fail[MOCK_FAIL_DIRTY_READ]);
	if (!ret && !mock->tracking && dirty->bitmap)
		ret = -EINVAL;
	while (!ret && pos <= last) {
		pte = leaf_head(mock, pos, &walk);
		if (!pte) {
			pos = (pos | (BIT_ULL(level_shift(walk.level)) - 1)) + 1;
			continue;
		}
		end = (pos | (BIT_ULL(pte_shift(*pte)) - 1)) + 1;
		if (*pte & MOCK_PTE_DIRTY) {
			if (!(flags & IOMMU_DIRTY_NO_CLEAR))
				*pte &= ~MOCK_PTE_DIRTY;
			iommu_dirty_bitmap_record(dirty, pos, end - pos);
		}
		pos = end;
	}
	up_write(&mock->lock);
	return ret;
}

/* Mappings that are left are freed, too, because nothing is attached any more. */
static void free_tables(u64 *table, unsigned int level)
{
	unsigned int i;

	for (i = 0; level && i < ENTRIES; i++)
		if (table[i] & MOCK_PTE_TABLE)
			free_tables(pte_table(table[i]), level - 1);
	table_free(table);
	cond_resched();
}

static void mock_paging_free(struct iommu_domain *domain)
{
	struct mock_paging *mock = to_mock_paging(domain);

	free_tables(mock->root, LEVELS - 1);
	kfree(mock);
}

PORT_DEFINE_ATTACH_DEV(mock_attach);
PORT_DEFINE_SET_DEV_PASID(mock_attach_pasid);

static const struct iommu_domain_ops mock_paging_ops = {
	.attach_dev = PORT_ATTACH_DEV_OP(mock_attach),
	.set_dev_pasid = PORT_SET_DEV_PASID_OP(mock_attach_pasid),
	.map_pages = mock_paging_map,
	.unmap_pages = mock_paging_unmap,
	.flush_iotlb_all = mock_paging_flush_all,
	.iotlb_sync = mock_paging_sync,
	.iova_to_phys = mock_paging_iova_to_phys,
	.free = mock_paging_free,
};

static const struct iommu_dirty_ops mock_paging_dirty_ops = {
	.set_dirty_tracking = mock_paging_set_tracking,
	.read_and_clear_dirty = mock_paging_read_dirty,
};

/**
 * mock_is_paging() - Tell whether a domain is a paging domain of the mock
 * @domain: any domain
 *
 * Return: true if to_mock_paging() may be called.
 */
bool mock_is_paging(struct iommu_domain *domain)
{
	return domain->ops == &mock_paging_ops;
}

/**
 * mock_paging_alloc() - Allocate a paging domain
 * @dev: a device that will be attached to it
 * @flags: IOMMU_HWPT_ALLOC_*
 * @data: NULL, or a struct iommu_hwpt_selftest
 *
 * Return: the domain; -EOPNOTSUPP for unknown flags, data types and page table types, and for dirty
 * tracking if @dev has none; -ENOMEM; errors of copying @data.
 */
struct iommu_domain *mock_paging_alloc(struct device *dev, u32 flags,
				       const struct iommu_user_data *data)
{
	struct iommu_hwpt_selftest config = {};
	struct mock_paging *mock;
	int ret;

	if (flags & ~(IOMMU_HWPT_ALLOC_NEST_PARENT | IOMMU_HWPT_ALLOC_DIRTY_TRACKING |
		      IOMMUFD_NEW_HWPT_ALLOC_PASID))
		return ERR_PTR(-EOPNOTSUPP);
	if (flags & IOMMU_HWPT_ALLOC_DIRTY_TRACKING &&
	    to_mock_dev(dev)->flags & MOCK_FLAGS_DEVICE_NO_DIRTY)
		return ERR_PTR(-EOPNOTSUPP);
	if (data) {
		if (data->type != IOMMU_HWPT_DATA_SELFTEST && data->type != IOMMU_HWPT_DATA_NONE)
			return ERR_PTR(-EOPNOTSUPP);
		ret = iommu_copy_struct_from_user(&config, data, IOMMU_HWPT_DATA_SELFTEST, iotlb);
		if (ret)
			return ERR_PTR(ret);
	}
	if (config.pagetable_type == MOCK_IOMMUPT_UNLOCKED && !flags)
		return mock_unlocked_alloc(dev);
	if (config.pagetable_type > MOCK_IOMMUPT_HUGE)
		return ERR_PTR(-EOPNOTSUPP);

	mock = kzalloc(sizeof(*mock), GFP_KERNEL_ACCOUNT);
	if (!mock)
		return ERR_PTR(-ENOMEM);
	mock->root = table_alloc(GFP_KERNEL_ACCOUNT);
	if (!mock->root) {
		kfree(mock);
		return ERR_PTR(-ENOMEM);
	}
	mock->counts.tables = 1;
	init_rwsem(&mock->lock);
	mock_iotlb_init(&mock->iotlb);
	mock_fail_copy(&mock->fail[MOCK_FAIL_MAP], &to_mock_dev(dev)->fail[MOCK_FAIL_NEW_TABLE]);
	mock->domain.type = IOMMU_DOMAIN_UNMANAGED;
	mock->domain.ops = &mock_paging_ops;
	mock->domain.owner = dev->iommu->iommu_dev->ops;
	mock->domain.geometry.force_aperture = true;
	if (config.pagetable_type == MOCK_IOMMUPT_HUGE) {
		mock->domain.pgsize_bitmap = HUGE_PGSIZES;
		mock->domain.geometry.aperture_end = BIT_ULL(HUGE_IOVA_BITS) - 1;
	} else {
		mock->domain.pgsize_bitmap = DEFAULT_PGSIZES;
		mock->domain.geometry.aperture_start = MOCK_APERTURE_START;
		mock->domain.geometry.aperture_end = MOCK_APERTURE_LAST;
	}
	if (flags & IOMMU_HWPT_ALLOC_DIRTY_TRACKING)
		mock->domain.dirty_ops = &mock_paging_dirty_ops;
	return &mock->domain;
}
