// SPDX-License-Identifier: GPL-2.0-only
/*
 * HWPT objects: page tables of the IOMMU. A paging one is filled by the kernel with an IOAS, a
 * nested one is written by user space and translates to addresses of a paging one.
 *
 * An attach to an IOAS takes any automatic HWPT of it that the device's IOMMU accepts, or makes a
 * new one. Automatic ones go with their last device. The others are made by IOMMU_HWPT_ALLOC, and
 * are filled from the start.
 */
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "hwpt/hwpt.h"
#include "policy/policy.h"

/* Two groups may come to one HWPT at once, and a domain takes one MSI page only. */
static DEFINE_MUTEX(msi_lock);

static void free_common(struct iommufd_hwpt *hwpt)
{
	iommu_domain_free(hwpt->domain);
	/* Nothing can fault through it any more, and what did has been answered at the detach. */
	iommufd_fault_clear(hwpt);
}

/**
 * iommufd_hwpt_paging_destroy() - the end of a paging HWPT
 * @obj: no device is attached to it, and nothing is nested on it
 */
void iommufd_hwpt_paging_destroy(struct iommufd_object *obj)
{
	struct iommufd_hwpt_paging *hwpt = to_hwpt_paging(obj);
	const struct iommu_ops *ops = hwpt->common.domain->owner;
	struct iommufd_ioas *ioas = hwpt->ioas;

	/* On the list once iopt_add_table() has been done. */
	if (!list_empty(&hwpt->item)) {
		mutex_lock(&ioas->hwpts_lock);
		list_del(&hwpt->item);
		mutex_unlock(&ioas->hwpts_lock);
		iopt_remove_table(&ioas->iopt, &hwpt->table);
	}
	free_common(&hwpt->common);
	iopt_table_freed(&ioas->iopt, &hwpt->table);
	if (ops)
		module_put(ops->owner);
	iommufd_object_unref(&ioas->obj);
}

/**
 * iommufd_hwpt_nested_destroy() - the end of a nested HWPT
 * @obj: no device is attached to it
 */
void iommufd_hwpt_nested_destroy(struct iommufd_object *obj)
{
	struct iommufd_hwpt_nested *hwpt = to_hwpt_nested(obj);

	free_common(&hwpt->common);
	if (hwpt->viommu)
		iommufd_object_unref(&hwpt->viommu->obj);
	else
		iommufd_object_unref(&hwpt->parent->common.obj);
}

/**
 * iommufd_hwpt_paging_show() - fdinfo of a paging HWPT
 * @m: where to
 * @obj: the HWPT
 */
void iommufd_hwpt_paging_show(struct seq_file *m, const struct iommufd_object *obj)
{
	const struct iommufd_hwpt_paging *hwpt = to_hwpt_paging(obj);

	seq_printf(m, " ioas=%u %s", hwpt->ioas->obj.id, hwpt->automatic ? "auto" : "manual");
	if (hwpt->common.fault)
		seq_puts(m, " faults");
}

/**
 * iommufd_hwpt_nested_show() - fdinfo of a nested HWPT
 * @m: where to
 * @obj: the HWPT
 */
void iommufd_hwpt_nested_show(struct seq_file *m, const struct iommufd_object *obj)
{
	const struct iommufd_hwpt_nested *hwpt = to_hwpt_nested(obj);

	seq_printf(m, " parent=%u", hwpt->parent->common.obj.id);
	if (hwpt->common.fault)
		seq_puts(m, " faults");
}

/**
 * iommufd_hwpt_paging_info() - what iterators see of a paging HWPT
 * @obj: the HWPT
 * @info: out
 */
void iommufd_hwpt_paging_info(const struct iommufd_object *obj, struct iommufd_object_info *info)
{
	info->parent = to_hwpt_paging(obj)->ioas->obj.id;
}

/**
 * iommufd_hwpt_nested_info() - what iterators see of a nested HWPT
 * @obj: the HWPT
 * @info: out
 */
void iommufd_hwpt_nested_info(const struct iommufd_object *obj, struct iommufd_object_info *info)
{
	info->parent = to_hwpt_nested(obj)->parent->common.obj.id;
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
	const struct iommu_ops *ops;

	if (!idev->group->group)
		return false;
	ops = iommu_core_ops(idev->dev);
	return !ops->domain_alloc_user && !ops->domain_alloc_paging;
}

/**
 * iommufd_hwpt_alloc_domain() - have an IOMMU driver make a page table
 * @dev: a device with an IOMMU, which it is for
 * @flags: IOMMU_HWPT_ALLOC_*, without IOMMU_HWPT_FAULT_ID_VALID
 * @data: what user space gives to the driver, or NULL
 *
 * Return: the domain, to be freed by iommu_domain_free(); ERR_PTR() of -EOPNOTSUPP, or of another
 * error of the driver.
 */
struct iommu_domain *iommufd_hwpt_alloc_domain(struct device *dev, u32 flags,
					       const struct iommu_user_data *data)
{
	const struct iommu_ops *ops = iommu_core_ops(dev);
	/* 6.12's drivers do not know this flag: whether they can is seen from the domain. */
	u32 driver_flags = flags & ~IOMMUFD_NEW_HWPT_ALLOC_PASID;
	struct iommu_domain *domain;

	if (!ops->domain_alloc_user && (driver_flags || data))
		return ERR_PTR(-EOPNOTSUPP);
	if (ops->domain_alloc_user)
		domain = ops->domain_alloc_user(dev, driver_flags, NULL, data);
	else
		domain = iommu_paging_domain_alloc(dev);
	if (IS_ERR(domain))
		return domain;

	domain->owner = ops;
	if ((flags & IOMMUFD_NEW_HWPT_ALLOC_PASID) && !domain->ops->set_dev_pasid) {
		iommu_domain_free(domain);
		return ERR_PTR(-EOPNOTSUPP);
	}
	return domain;
}

/**
 * iommufd_hwpt_paging_alloc() - make a paging HWPT that is empty and not visible yet
 * @ioas: the address space that it will hold; the HWPT is a user of it
 * @idev: a device that it will be attached to
 * @flags: IOMMU_HWPT_ALLOC_*, without IOMMU_HWPT_FAULT_ID_VALID
 * @data: what user space gives to the IOMMU driver, or NULL
 *
 * Coherency is settled here: it is in the page table's entries, and cannot be changed later.
 *
 * Return: the HWPT, to be taken back by iommufd_hwpt_abort(); ERR_PTR() of -ENOMEM, -EOPNOTSUPP, or
 * of another error of the IOMMU driver.
 */
struct iommufd_hwpt_paging *iommufd_hwpt_paging_alloc(struct iommufd_ioas *ioas,
						      struct iommufd_device *idev, u32 flags,
						      const struct iommu_user_data *data)
{
	struct iommufd_hwpt_paging *hwpt = NULL;
	struct iommu_domain *domain;

	hwpt = iommufd_object_alloc(idev->ctx, hwpt, IOMMUFD_OBJ_HWPT_PAGING, common.obj);
	if (IS_ERR(hwpt))
		return hwpt;

	domain = idev->group->group ? iommufd_hwpt_alloc_domain(idev->dev, flags, data) :
				      iommufd_noiommu_alloc_domain();
	if (IS_ERR(domain)) {
		iommufd_object_abort(idev->ctx, &hwpt->common.obj);
		return ERR_CAST(domain);
	}
	/* Without its last device the IOMMU driver may be removed, but not with a page table. */
	if (domain->owner)
		__module_get(domain->owner->owner);
	iommufd_object_ref(&ioas->obj);
	hwpt->ioas = ioas;
	hwpt->common.ctx = idev->ctx;
	hwpt->common.domain = domain;
	hwpt->common.pasid_ok = flags & IOMMUFD_NEW_HWPT_ALLOC_PASID;
	hwpt->table.domain = domain;
	hwpt->table.physical = !idev->group->group;
	hwpt->nest_parent = flags & IOMMU_HWPT_ALLOC_NEST_PARENT;
	INIT_LIST_HEAD(&hwpt->item);

	if (idev->enforce_coherency) {
		hwpt->enforce_coherency = domain->ops->enforce_cache_coherency &&
					  domain->ops->enforce_cache_coherency(domain);
		if (WARN_ON(!hwpt->enforce_coherency)) {
			iommufd_object_abort_and_destroy(hwpt->common.ctx, &hwpt->common.obj);
			return ERR_PTR(-EINVAL);
		}
	}
	return hwpt;
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
int iommufd_hwpt_setup_msi(struct iommufd_hwpt_paging *hwpt, phys_addr_t sw_msi_start)
{
	int ret = 0;

	if (sw_msi_start == PHYS_ADDR_MAX)
		return 0;
	mutex_lock(&msi_lock);
	if (!hwpt->msi_cookie)
		ret = iommu_get_msi_cookie(hwpt->common.domain, sw_msi_start);
	if (!ret)
		hwpt->msi_cookie = true;
	mutex_unlock(&msi_lock);
	return ret;
}

/**
 * iommufd_hwpt_policy_target() - say in a policy request what is to be attached, or built on
 * @req: the request
 * @pt: an IOAS, HWPT, virtual IOMMU or SVA object
 *
 * Return: pages that attaching it will pin at most.
 */
unsigned long iommufd_hwpt_policy_target(struct iommufd_policy_request *req,
					 struct iommufd_object *pt)
{
	struct iommufd_hwpt_paging *parent;
	struct iommufd_ioas *ioas;

	switch (pt->type) {
	case IOMMUFD_OBJ_IOAS:
		ioas = container_of(pt, struct iommufd_ioas, obj);
		req->ioas = pt->id;
		return iopt_unpinned(&ioas->iopt);
	case IOMMUFD_OBJ_HWPT_PAGING:
	case IOMMUFD_OBJ_HWPT_NESTED:
		req->hwpt = pt->id;
		req->ioas = iommufd_hwpt_ioas_id(to_hwpt(pt));
		return 0;
	case IOMMUFD_OBJ_VIOMMU:
		parent = container_of(pt, struct iommufd_viommu, obj)->hwpt;
		req->hwpt = parent->common.obj.id;
		req->ioas = parent->ioas->obj.id;
		return 0;
	case IOMMUFD_OBJ_SVA:
		req->flags |= IOMMUFD_REQUEST_SHARED;
		return 0;
	default:
		return 0;
	}
}

/**
 * iommufd_hwpt_drop() - a device does not use a HWPT any more
 * @hwpt: the last device takes an automatic one with it
 *
 * Context: no lock of iommufd is held.
 */
void iommufd_hwpt_drop(struct iommufd_hwpt *hwpt)
{
	if (!iommufd_hwpt_is_automatic(hwpt))
		iommufd_object_unref(&hwpt->obj);
	else if (iommufd_object_unref_unlink(hwpt->ctx, &hwpt->obj))
		iommufd_object_destroy_unlinked(hwpt->ctx, &hwpt->obj);
}
