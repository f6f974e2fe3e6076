// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested domains: page tables of a guest on top of a paging domain, the parent. Two kinds exist:
 *
 *	selftest	The kind of the kernel's selftests: four words that stand for an IOTLB.
 *			DMA is translated as if the guest had mapped each address to itself.
 *	stage 1		A page table in the guest's memory (struct iommu_hwpt_mock_s1) and
 *			a real IOTLB of a few entries. An entry keeps a translation until an
 *			invalidation, so a guest or a host that forgets to invalidate accesses the
 *			wrong page.
 *
 * The IOTLB holds guest addresses only. Each access looks them up in the parent, so an unmap there
 * needs no flush here.
 *
 * iommufd keeps the parent at least as long as the nested domain.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "mock.h"

#define TLB_ENTRIES 16
#define S1_LEVELS 3
#define S1_LEVEL_BITS 9

/* @page: the address >> 12; @pte: the entry of the guest's page table */
struct tlb_entry {
	bool valid;
	u64 page;
	u64 pte;
};

/**
 * struct mock_nested - a page table of a guest
 * @domain: for the IOMMU core
 * @parent: the paging domain that maps the guest's memory
 * @viommu: the virtual IOMMU it belongs to, or NULL
 * @stage1: whether it is of the kind "stage 1"
 * @table: stage 1: guest address of the first table
 * @lock: protects @iotlb and @tlb
 * @iotlb: selftest: the words that stand for an IOTLB
 * @tlb: stage 1: the IOTLB
 */
struct mock_nested {
	struct iommu_domain domain;
	struct mock_paging *parent;
	struct iommufd_viommu *viommu;
	bool stage1;
	u64 table;
	struct mutex lock; /* iotlb, tlb */
	u32 iotlb[MOCK_NESTED_DOMAIN_IOTLB_NUM];
	struct tlb_entry tlb[TLB_ENTRIES];
};

static const struct iommu_domain_ops mock_nested_ops;

static struct mock_nested *to_mock_nested(struct iommu_domain *domain)
{
	return container_of(domain, struct mock_nested, domain);
}

/**
 * mock_is_nested() - Tell whether a domain is a nested domain of the mock
 * @domain: any domain
 *
 * Return: true if it is.
 */
bool mock_is_nested(struct iommu_domain *domain)
{
	return domain->ops == &mock_nested_ops;
}

/**
 * mock_nested_parent() - Get the parent of a nested domain
 * @domain: a domain for which mock_is_nested() is true
 *
 * Return: the paging domain.
 */
struct mock_paging *mock_nested_parent(struct iommu_domain *domain)
{
	return to_mock_nested(domain)->parent;
}

/*
 * Walk the guest's page table, and set its dirty bit for a write. The caller holds the parent's
 * lock.
 */
static int walk_stage1(struct mock_nested *nested, u64 iova, bool write, u64 *pte)
{
	u64 addr = nested->table;
	int level, ret;

	for (level = S1_LEVELS - 1; level >= 0; level--) {
		addr += ((iova >> (12 + level * S1_LEVEL_BITS)) & 511) * sizeof(*pte);
		ret = mock_paging_copy(nested->parent, addr, pte, sizeof(*pte), false);
		if (ret)
			return -ENOENT;
		if (!(*pte & MOCK_S1_PRESENT))
			return -ENOENT;
		if (level)
			addr = *pte & MOCK_S1_ADDR;
	}
	if (write && !(*pte & MOCK_S1_WRITE))
		return -EACCES;
	if (write && !(*pte & MOCK_S1_DIRTY)) {
		*pte |= MOCK_S1_DIRTY;
		if (mock_paging_copy(nested->parent, addr, pte, sizeof(*pte), true))
			return -EACCES;
	}
	return 0;
}

/**
 * mock_nested_translate() - Translate an IOVA to a guest address
 * @domain: a domain for which mock_is_nested() is true
 * @iova: the IOVA
 * @write: true for a write access, false for a read access
 * @ipa: out: the guest address, which is an IOVA of the parent
 * @left: out: bytes to the end of the page
 *
 * Context: the caller holds the lock of the parent, at least for reading; takes nested->lock.
 * Return: 0, -ENOENT if @iova is not mapped, -EACCES if the mapping forbids the access.
 */
int mock_nested_translate(struct iommu_domain *domain, u64 iova, bool write, u64 *ipa, size_t *left)
{
	struct mock_nested *nested = to_mock_nested(domain);
	u64 page = iova / SZ_4K, pte = 0;
	struct tlb_entry *tlb = &nested->tlb[page % TLB_ENTRIES];
	int ret = 0;

	*left = SZ_4K - iova % SZ_4K;
	*ipa = iova;
	if (!nested->stage1)
		return 0;
	if (iova >> MOCK_S1_BITS)
		return -ENOENT;

	mutex_lock(&nested->lock);
	if (tlb->valid && tlb->page == page &&
	    (!write || (tlb->pte & MOCK_S1_WRITE && tlb->pte & MOCK_S1_DIRTY))) {
		pte = tlb->pte;
	} else {
		/* An entry that forbids the access is looked up again, as in hardware. */
		ret = walk_stage1(nested, iova, write, &pte);
		if (!ret)
			*tlb = (struct tlb_entry){ .valid = true, .page = page, .pte = pte };
	}
	mutex_unlock(&nested->lock);
	*ipa = (pte & MOCK_S1_ADDR) + iova % SZ_4K;
	return ret;
}

/**
 * mock_nested_check_iotlb() - Compare a word that stands for the IOTLB
 * @domain: a domain for which mock_is_nested() is true
 * @id: index of the word
 * @want: the expected value
 *
 * Return: true if @id exists and the word has that value.
 */
bool mock_nested_check_iotlb(struct iommu_domain *domain, u32 id, u32 want)
{
	struct mock_nested *nested = to_mock_nested(domain);

	return id <= MOCK_NESTED_DOMAIN_IOTLB_ID_MAX && READ_ONCE(nested->iotlb[id]) == want;
}

static int invalidate_selftest(struct mock_nested *nested, struct iommu_user_data_array *array,
			       u32 index)
{
	struct iommu_hwpt_invalidate_selftest inv;
	int ret;

	ret = iommu_copy_struct_from_user_array(&inv, array, IOMMU_HWPT_INVALIDATE_DATA_SELFTEST,
						index, iotlb_id);
	if (ret)
		return ret;
	if (inv.flags & ~IOMMU_TEST_INVALIDATE_FLAG_ALL)
		return -EOPNOTSUPP;
	if (inv.iotlb_id > MOCK_NESTED_DOMAIN_IOTLB_ID_MAX)
		return -EINVAL;
	mutex_lock(&nested->lock);
	if (inv.flags & IOMMU_TEST_INVALIDATE_FLAG_ALL)
		memset(nested->iotlb, 0, sizeof(nested->iotlb));
	else
		nested->iotlb[inv.iotlb_id] = 0;
	mutex_unlock(&nested->lock);
	return 0;
}

static int invalidate_stage1(struct mock_nested *nested, struct iommu_user_data_array *array,
			     u32 index)
{
	struct iommu_hwpt_invalidate_mock_s1 inv;
	u64 last = U64_MAX;
	unsigned int i;
	int ret;

	ret = iommu_copy_struct_from_user_array(&inv, array, IOMMU_HWPT_INVALIDATE_DATA_MOCK_S1,
						index, length);
	if (ret)
		return ret;
	if (inv.flags & ~IOMMU_TEST_INVALIDATE_FLAG_ALL || inv.__reserved)
		return -EOPNOTSUPP;
	if (inv.flags & IOMMU_TEST_INVALIDATE_FLAG_ALL)
		inv.iova = 0;
	else if (!inv.length || check_add_overflow(inv.iova, inv.length - 1, &last))
		return -EINVAL;
	mutex_lock(&nested->lock);
	for (i = 0; i < TLB_ENTRIES; i++)
		if (nested->tlb[i].page >= inv.iova / SZ_4K && nested->tlb[i].page <= last / SZ_4K)
			nested->tlb[i].valid = false;
	mutex_unlock(&nested->lock);
	return 0;
}

static int mock_nested_invalidate(struct iommu_domain *domain, struct iommu_user_data_array *array)
{
	struct mock_nested *nested = to_mock_nested(domain);
	u32 type = nested->stage1 ? IOMMU_HWPT_INVALIDATE_DATA_MOCK_S1 :
				    IOMMU_HWPT_INVALIDATE_DATA_SELFTEST;
	u32 done = 0;
	int ret = array->type == type ? 0 : -EINVAL;

	while (!ret && done < array->entry_num) {
		ret = nested->stage1 ? invalidate_stage1(nested, array, done) :
				       invalidate_selftest(nested, array, done);
		if (!ret)
			done++;
	}
	array->entry_num = done;
	return ret;
}

static void mock_nested_free(struct iommu_domain *domain)
{
	struct mock_nested *nested = to_mock_nested(domain);

	mutex_destroy(&nested->lock);
	kfree(nested);
}

static int mock_nested_attach(struct iommu_domain *domain, struct device *dev,
			      struct iommu_domain *old)
{
	return mock_attach_viommu(domain, dev, to_mock_nested(domain)->viommu);
}

PORT_DEFINE_ATTACH_DEV(mock_nested_attach);
PORT_DEFINE_SET_DEV_PASID(mock_attach_pasid);

static const struct iommu_domain_ops mock_nested_ops = {
	.attach_dev = PORT_ATTACH_DEV_OP(mock_nested_attach),
	.set_dev_pasid = PORT_SET_DEV_PASID_OP(mock_attach_pasid),
	.cache_invalidate_user = mock_nested_invalidate,
	.free = mock_nested_free,
};

static int read_config(struct mock_nested *nested, const struct iommu_user_data *data)
{
	struct iommu_hwpt_selftest selftest;
	struct iommu_hwpt_mock_s1 s1;
	int ret;

	switch (data->type) {
	case IOMMU_HWPT_DATA_SELFTEST:
		ret = iommu_copy_struct_from_user(&selftest, data, IOMMU_HWPT_DATA_SELFTEST, iotlb);
		if (ret)
			return ret;
		memset32(nested->iotlb, selftest.iotlb, ARRAY_SIZE(nested->iotlb));
		return 0;
	case IOMMU_HWPT_DATA_MOCK_S1:
		ret = iommu_copy_struct_from_user(&s1, data, IOMMU_HWPT_DATA_MOCK_S1, table);
		if (ret)
			return ret;
		if (s1.flags || s1.__reserved)
			return -EOPNOTSUPP;
		if (s1.table & ~MOCK_S1_ADDR)
			return -EINVAL;
		nested->table = s1.table;
		nested->stage1 = true;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/**
 * mock_nested_alloc() - Allocate a nested domain
 * @parent: the paging domain that maps the guest's memory
 * @viommu: the virtual IOMMU it belongs to, or NULL
 * @flags: IOMMU_HWPT_ALLOC_PASID or 0
 * @data: struct iommu_hwpt_selftest or struct iommu_hwpt_mock_s1
 *
 * Return: the domain; -EOPNOTSUPP for unknown flags and data types; -EINVAL without @data; -ENOMEM;
 * errors of copying @data.
 */
struct iommu_domain *mock_nested_alloc(struct mock_paging *parent, struct iommufd_viommu *viommu,
				       u32 flags, const struct iommu_user_data *data)
{
	struct mock_nested *nested;
	int ret;

	if (flags & ~IOMMUFD_NEW_HWPT_ALLOC_PASID)
		return ERR_PTR(-EOPNOTSUPP);
	if (!data)
		return ERR_PTR(-EINVAL);
	nested = kzalloc(sizeof(*nested), GFP_KERNEL_ACCOUNT);
	if (!nested)
		return ERR_PTR(-ENOMEM);
	ret = read_config(nested, data);
	if (ret) {
		kfree(nested);
		return ERR_PTR(ret);
	}
	mutex_init(&nested->lock);
	nested->parent = parent;
	nested->viommu = viommu;
	nested->domain.type = IOMMU_DOMAIN_NESTED;
	nested->domain.ops = &mock_nested_ops;
	nested->domain.owner = parent->domain.owner;
	return &nested->domain;
}

/**
 * mock_nested_formats() - List the formats of nested domains; formats() of the IOMMU driver
 * @dev: a device
 * @formats: out: the formats, neither of which needs a virtual IOMMU
 *
 * Return: the number of formats.
 */
unsigned int mock_nested_formats(struct device *dev, const struct iommu_ext_format **formats)
{
	static const struct iommu_ext_format formats_of_mock[] = {
		{
			.data_type = IOMMU_HWPT_DATA_SELFTEST,
			.invalidate_type = IOMMU_HWPT_INVALIDATE_DATA_SELFTEST,
			.name = "mock-selftest",
		},
		{
			.data_type = IOMMU_HWPT_DATA_MOCK_S1,
			.invalidate_type = IOMMU_HWPT_INVALIDATE_DATA_MOCK_S1,
			.name = "mock-s1",
		},
	};

	*formats = formats_of_mock;
	return ARRAY_SIZE(formats_of_mock);
}
