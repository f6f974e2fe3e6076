// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables without a lock, to measure how calls on disjoint ranges run at once
 * (tests/bench/threads.c): three levels, and each entry of the lowest one maps a page.
 *
 * As in real IOMMU drivers, iommufd makes sure that no two calls work on one IOVA, so each call
 * changes its own entries. Calls may need the same table at once: the first to put it there by
 * cmpxchg() wins. Tables are freed with the domain alone, so whoever finds one may use it.
 *
 * No device can be attached. So there is no DMA, no IOTLB and nothing to flush.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "mock.h"

#define LEVELS 3
#define LEVEL_BITS 9
#define ENTRIES BIT(LEVEL_BITS)
#define IOVA_BITS (PAGE_SHIFT + LEVELS * LEVEL_BITS)
#define PRESENT BIT_ULL(0)

static_assert(ENTRIES * sizeof(u64) <= PAGE_SIZE);

/**
 * struct mock_unlocked - a page table without a lock
 * @domain: for the IOMMU core
 * @root: table of the highest level
 */
struct mock_unlocked {
	struct iommu_domain domain;
	u64 *root;
};

static struct mock_unlocked *to_unlocked(struct iommu_domain *domain)
{
	return container_of(domain, struct mock_unlocked, domain);
}

static u64 *table_of(u64 entry)
{
	return phys_to_virt(entry & ~PRESENT);
}

/* Put a new table into an entry, unless another call is faster. Returns the entry; 0 on error. */
static u64 add_table(u64 *entry, gfp_t gfp)
{
	u64 *table = (u64 *)get_zeroed_page(gfp), old, new;

	if (!table)
		return 0;
	new = virt_to_phys(table) | PRESENT;
	/* A full barrier: who sees the table sees that it is empty. */
	old = cmpxchg64(entry, 0, new);
	if (!old)
		return new;
	free_page((unsigned long)table);
	return old;
}

/* Find the entry of a page. Without @make, return NULL if there is none. */
static u64 *walk(struct mock_unlocked *mock, u64 iova, bool make, gfp_t gfp)
{
	unsigned int level = LEVELS - 1;
	u64 *table = mock->root;

	for (;; level--) {
		u64 *entry = &table[iova >> (PAGE_SHIFT + level * LEVEL_BITS) & (ENTRIES - 1)];
		u64 value;

		if (!level)
			return entry;
		value = READ_ONCE(*entry);
		if (!value && make)
			value = add_table(entry, gfp);
		if (!value)
			return NULL;
		table = table_of(value);
	}
}

static int mock_unlocked_map(struct iommu_domain *domain, unsigned long iova, phys_addr_t phys,
			     size_t pgsize, size_t pgcount, int prot, gfp_t gfp, size_t *mapped)
{
	struct mock_unlocked *mock = to_unlocked(domain);

	for (; pgcount; pgcount--, iova += pgsize, phys += pgsize) {
		u64 *entry = walk(mock, iova, true, gfp);

		if (!entry)
			return -ENOMEM;
		if (WARN_ON_ONCE(READ_ONCE(*entry)))
			return -EADDRINUSE;
		WRITE_ONCE(*entry, phys | PRESENT);
		*mapped += pgsize;
	}
	return 0;
}

static size_t mock_unlocked_unmap(struct iommu_domain *domain, unsigned long iova, size_t pgsize,
				  size_t pgcount, struct iommu_iotlb_gather *gather)
{
	struct mock_unlocked *mock = to_unlocked(domain);
	size_t n;

	for (n = 0; n < pgcount; n++) {
		u64 *entry = walk(mock, iova + n * pgsize, false, 0);

		if (!entry || !READ_ONCE(*entry))
			break;
		WRITE_ONCE(*entry, 0);
	}
	return n * pgsize;
}

static phys_addr_t mock_unlocked_iova_to_phys(struct iommu_domain *domain, dma_addr_t iova)
{
	u64 *entry = NULL, value;

	if (!(iova >> IOVA_BITS))
		entry = walk(to_unlocked(domain), iova, false, 0);
	value = entry ? READ_ONCE(*entry) : 0;
	return value ? (value & ~PRESENT) + offset_in_page(iova) : 0;
}

static void free_tables(u64 *table, unsigned int level)
{
	unsigned int i;

	for (i = 0; level && i < ENTRIES; i++)
		if (table[i])
			free_tables(table_of(table[i]), level - 1);
	free_page((unsigned long)table);
	cond_resched();
}

static void mock_unlocked_free(struct iommu_domain *domain)
{
	struct mock_unlocked *mock = to_unlocked(domain);

	free_tables(mock->root, LEVELS - 1);
	kfree(mock);
}

static int mock_unlocked_attach(struct iommu_domain *domain, struct device *dev,
				struct iommu_domain *old)
{
	return -EOPNOTSUPP;
}

PORT_DEFINE_ATTACH_DEV(mock_unlocked_attach);

static const struct iommu_domain_ops mock_unlocked_ops = {
	.attach_dev = PORT_ATTACH_DEV_OP(mock_unlocked_attach),
	.map_pages = mock_unlocked_map,
	.unmap_pages = mock_unlocked_unmap,
	.iova_to_phys = mock_unlocked_iova_to_phys,
	.free = mock_unlocked_free,
};

/**
 * mock_unlocked_alloc() - Allocate a page table without a lock
 * @dev: a device of the mock
 *
 * Return: the domain, or ERR_PTR(-ENOMEM).
 */
struct iommu_domain *mock_unlocked_alloc(struct device *dev)
{
	struct mock_unlocked *mock = kzalloc(sizeof(*mock), GFP_KERNEL_ACCOUNT);

	if (!mock)
		return ERR_PTR(-ENOMEM);
	mock->root = (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!mock->root) {
		kfree(mock);
		return ERR_PTR(-ENOMEM);
	}
	mock->domain.type = IOMMU_DOMAIN_UNMANAGED;
	mock->domain.ops = &mock_unlocked_ops;
	mock->domain.owner = dev->iommu->iommu_dev->ops;
	mock->domain.pgsize_bitmap = PAGE_SIZE;
	mock->domain.geometry.force_aperture = true;
	mock->domain.geometry.aperture_end = BIT_ULL(IOVA_BITS) - 1;
	return &mock->domain;
}
