// SPDX-License-Identifier: GPL-2.0-only
/*
 * HWPT objects: page tables of the IOMMU that hold an IOAS.
 *
 * An attach to an IOAS takes any automatic HWPT of it that the device's IOMMU accepts, or makes a
 * new one. Automatic ones go with their last device.
 */
#include <linux/iommu.h>
#include <linux/seq_file.h>

#include "iommufd_private.h"

/* Two groups may come to one HWPT at once, and a domain takes one MSI page only. */
static DEFINE_MUTEX(msi_lock);

/**
 * iommufd_hwpt_destroy() - the end of a HWPT
 * @obj: no device is attached to it
 */
void iommufd_hwpt_destroy(struct iommufd_object *obj)
{
	struct iommufd_hwpt *hwpt = container_of(obj, struct iommufd_hwpt, obj);
	struct iommufd_ioas *ioas = hwpt->ioas;

	/* On the list once iopt_add_table() has been done. */
	if (!list_empty(&hwpt->item)) {
		mutex_lock(&ioas->hwpts_lock);
		list_del(&hwpt->item);
		mutex_unlock(&ioas->hwpts_lock);
		iopt_remove_table(&ioas->iopt, &hwpt->table);
	}
	iommu_domain_free(hwpt->table.domain);
	iommufd_object_drop_user(&ioas->obj);
}

/**
 * iommufd_hwpt_show() - fdinfo of a HWPT
 * @m: where to
 * @obj: the HWPT
 */
void iommufd_hwpt_show(struct seq_file *m, const struct iommufd_object *obj)
{
	const struct iommufd_hwpt *hwpt = container_of(obj, struct iommufd_hwpt, obj);

	seq_printf(m, " ioas=%u %s", hwpt->ioas->obj.id, hwpt->automatic ? "auto" : "manual");
}

/**
 * iommufd_hwpt_needs_attach_first() - whether a page table can only be filled once attached
 * @idev: the device it is for
 *
 * Older IOMMU drivers learn only from the attach which page sizes and addresses there are. With all
 * others a page table is filled first, and the device never sees it half full.
 *
 * Return: true for the older drivers.
 */
bool iommufd_hwpt_needs_attach_first(struct iommufd_device *idev)
{
	const struct iommu_ops *ops = iommu_core_ops(idev->dev);

	return !ops->domain_alloc_user && !ops->domain_alloc_paging;
}

static struct iommu_domain *alloc_domain(struct device *dev)
{
	const struct iommu_ops *ops = iommu_core_ops(dev);
	struct iommu_domain *domain;

	if (!ops->domain_alloc_user)
		return iommu_paging_domain_alloc(dev);

	domain = ops->domain_alloc_user(dev, 0, NULL, NULL);
	if (!IS_ERR(domain))
		domain->owner = ops;
	return domain;
}

/**
 * iommufd_hwpt_alloc() - make a HWPT that is empty and not visible yet
 * @ctx: the context
 * @ioas: the address space that it will hold; the HWPT is a user of it
 * @idev: a device that it will be attached to
 *
 * Coherency is settled here: it is in the page table's entries, and cannot be changed later.
 *
 * Return: the HWPT; ERR_PTR() of -ENOMEM, or of an error of the IOMMU driver.
 */
struct iommufd_hwpt *iommufd_hwpt_alloc(struct iommufd_ctx *ctx, struct iommufd_ioas *ioas,
					struct iommufd_device *idev)
{
	struct iommufd_hwpt *hwpt = NULL;
	struct iommu_domain *domain;
	int ret;

	hwpt = iommufd_object_alloc(ctx, hwpt, IOMMUFD_OBJ_HWPT);
	if (IS_ERR(hwpt))
		return hwpt;
	hwpt->ctx = ctx;
	INIT_LIST_HEAD(&hwpt->item);

	domain = alloc_domain(idev->dev);
	if (IS_ERR(domain)) {
		ret = PTR_ERR(domain);
		goto err_abort;
	}
	hwpt->table.domain = domain;

	if (idev->enforce_coherency) {
		hwpt->enforce_coherency = domain->ops->enforce_cache_coherency &&
					  domain->ops->enforce_cache_coherency(domain);
		if (WARN_ON(!hwpt->enforce_coherency)) {
			ret = -EINVAL;
			goto err_free_domain;
		}
	}
	refcount_inc(&ioas->obj.users);
	hwpt->ioas = ioas;
	return hwpt;

err_free_domain:
	iommu_domain_free(domain);
err_abort:
	iommufd_object_abort(ctx, &hwpt->obj);
	return ERR_PTR(ret);
}

/**
 * iommufd_hwpt_setup_msi() - let devices of a HWPT raise interrupts
 * @hwpt: the page table
 * @sw_msi_start: where the MSI page is to be mapped, or PHYS_ADDR_MAX
 *
 * Where the IOMMU translates MSIs as any other write, the kernel maps the MSI page into the domain
 * when an interrupt is requested, and has to be told where it may.
 *
 * Return: 0 or an error of iommu_get_msi_cookie().
 */
int iommufd_hwpt_setup_msi(struct iommufd_hwpt *hwpt, phys_addr_t sw_msi_start)
{
	int ret = 0;

	if (sw_msi_start == PHYS_ADDR_MAX)
		return 0;
	mutex_lock(&msi_lock);
	if (!hwpt->msi_cookie)
		ret = iommu_get_msi_cookie(hwpt->table.domain, sw_msi_start);
	if (!ret)
		hwpt->msi_cookie = true;
	mutex_unlock(&msi_lock);
	return ret;
}

/**
 * iommufd_hwpt_drop() - a device does not use a HWPT any more
 * @hwpt: the last device takes an automatic one with it
 *
 * Context: no lock of iommufd is held.
 */
void iommufd_hwpt_drop(struct iommufd_hwpt *hwpt)
{
	if (!hwpt->automatic)
		iommufd_object_drop_user(&hwpt->obj);
	else if (iommufd_object_drop_last(hwpt->ctx, &hwpt->obj))
		iommufd_object_finish(hwpt->ctx, &hwpt->obj);
}
