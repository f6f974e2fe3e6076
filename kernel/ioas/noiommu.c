// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices without IOMMU: they do DMA to physical addresses, which user space writes into them.
 *
 * Nothing isolates such a device, so binding one requires the module parameter
 * enable_unsafe_noiommu and CAP_SYS_RAWIO. iommufd keeps the memory of its IOAS pinned and tells
 * user space the physical addresses (IOMMU_IOAS_NOIOMMU_GET_PA). So that the IOAS can treat it like
 * others, it gets a page table whose domain accepts every map and stores nothing.
 */
#include <linux/bits.h>
#include <linux/iommu.h>
#include <linux/slab.h>

#include "ioas/ioas.h"

static int map_pages(struct iommu_domain *domain, unsigned long iova, phys_addr_t paddr,
		     size_t pgsize, size_t pgcount, int prot, gfp_t gfp, size_t *mapped)
{
	*mapped = pgsize * pgcount;
	return 0;
}

static size_t unmap_pages(struct iommu_domain *domain, unsigned long iova, size_t pgsize,
			  size_t pgcount, struct iommu_iotlb_gather *gather)
{
	return pgsize * pgcount;
}

static phys_addr_t iova_to_phys(struct iommu_domain *domain, dma_addr_t iova)
{
	return 0;
}

static void free_domain(struct iommu_domain *domain)
{
	kfree(domain);
}

static const struct iommu_domain_ops noiommu_ops = {
	.map_pages = map_pages,
	.unmap_pages = unmap_pages,
	.iova_to_phys = iova_to_phys,
	.free = free_domain,
};

/**
 * iommufd_noiommu_alloc_domain() - allocate the domain of a device without IOMMU
 *
 * Its owner is NULL, which distinguishes it from domains of IOMMU drivers.
 *
 * Return: the domain, for iommu_domain_free(); ERR_PTR(-ENOMEM).
 */
struct iommu_domain *iommufd_noiommu_alloc_domain(void)
{
	struct iommu_domain *domain = kzalloc(sizeof(*domain), GFP_KERNEL_ACCOUNT);

	if (!domain)
		return ERR_PTR(-ENOMEM);
	domain->type = IOMMU_DOMAIN_UNMANAGED;
	domain->ops = &noiommu_ops;
	domain->pgsize_bitmap = GENMASK(BITS_PER_LONG - 2, PAGE_SHIFT);
	domain->geometry.aperture_end = ULONG_MAX;
	domain->geometry.force_aperture = true;
	return domain;
}

/**
 * iommufd_ioas_noiommu_get_pa() - IOMMU_IOAS_NOIOMMU_GET_PA
 * @ucmd: struct iommu_ioas_noiommu_get_pa
 *
 * Return: 0; -EPERM without CAP_SYS_RAWIO; -EOPNOTSUPP for unknown flags, or if no device without
 * IOMMU is attached to the IOAS; -EINVAL for a length of 0, or memory of a dma-buf; -EOVERFLOW;
 * -ENOENT for an unknown id, or if nothing is mapped at the address; -EFAULT.
 */
int iommufd_ioas_noiommu_get_pa(struct iommufd_ucmd *ucmd)
{
	struct iommu_ioas_noiommu_get_pa *cmd = ucmd->cmd;
	struct iommufd_ioas *ioas;
	unsigned long length;
	phys_addr_t phys;
	int ret;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (cmd->flags || cmd->__reserved)
		return -EOPNOTSUPP;
	if (!cmd->length)
		return -EINVAL;
	if (cmd->iova >= ULONG_MAX)
		return -EOVERFLOW;

	ioas = iommufd_get_ioas(ucmd->ctx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	length = cmd->length;
	ret = iopt_phys(&ioas->iopt, cmd->iova, &phys, &length);
	if (!ret) {
		cmd->out_phys = phys;
		cmd->length = length;
		ret = iommufd_ucmd_respond(ucmd, sizeof(*cmd));
	}
	iommufd_object_put(ucmd->ctx, &ioas->obj);
	return ret;
}
