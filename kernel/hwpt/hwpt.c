// SPDX-License-Identifier: GPL-2.0-only
/*
 * HWPT objects: making, destroying and describing the paging and nested ones.
 *
 * An attach to an IOAS uses any automatic HWPT of that IOAS which the device's IOMMU accepts, or
 * makes a new one. IOMMU_HWPT_ALLOC makes the others, which are filled before they become visible.
 */
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "hwpt/hwpt.h"
#include "policy/policy.h"

/* Two groups may be attached to one HWPT at the same time, and a domain takes one MSI page only. */
static DEFINE_MUTEX(msi_lock);

static void free_common(struct iommufd_hwpt *hwpt)
{
	iommu_domain_free(hwpt->domain);
	/* No page request can come any more, and each detach has drained those that came. */
	iommufd_fault_clear(hwpt);
}

/**
 * iommufd_hwpt_paging_destroy() - destroy a paging HWPT
 * @obj: the HWPT; no device is attached to it and nothing is nested on it
 *
 * Context: may sleep; takes ioas->hwpts_lock.
 */
void iommufd_hwpt_paging_destroy(struct iommufd_object *obj)
{
	struct iommufd_hwpt_paging *hwpt = to_hwpt_paging(obj);
	const struct iommu_ops *ops = hwpt->common.domain->owner;
	struct iommufd_ioas *ioas = hwpt->ioas;

	/* It is in ioas->hwpts if iopt_add_table() has succeeded. */
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
 * iommufd_hwpt_nested_destroy() - destroy a nested HWPT
 * @obj: the HWPT; no device is attached to it
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
 * iommufd_hwpt_paging_show() - show a paging HWPT in fdinfo
 * @m: the file
 * @obj: the HWPT
 *
 * Context: under the lock of ctx->objects.
 */
void iommufd_hwpt_paging_show(struct seq_file *m, const struct iommufd_object *obj)
{
	const struct iommufd_hwpt_paging *hwpt = to_hwpt_paging(obj);

	seq_printf(m, " ioas=%u %s", hwpt->ioas->obj.id, hwpt->automatic ? "auto" : "manual");
	if (hwpt->common.fault)
		seq_puts(m, " faults");
}

/**
 * iommufd_hwpt_nested_show() - show a nested HWPT in fdinfo
 * @m: the file
 * @obj: the HWPT
 *
 * Context: under the lock of ctx->objects.
 */
void iommufd_hwpt_nested_show(struct seq_file *m, const struct iommufd_object *obj)
{
	const struct iommufd_hwpt_nested *hwpt = to_hwpt_nested(obj);

	seq_printf(m, " parent=%u", hwpt->parent->common.obj.id);
	if (hwpt->common.fault)
		seq_puts(m, " faults");
}

/**
 * iommufd_hwpt_paging_info() - describe a paging HWPT to iterators
 * @obj: the HWPT
 * @info: out
 *
 * Context: under the lock of ctx->objects.
 */
void iommufd_hwpt_paging_info(const struct iommufd_object *obj, struct iommufd_object_info *info)
{
	info->parent = to_hwpt_paging(obj)->ioas->obj.id;
}

/**
 * iommufd_hwpt_nested_info() - describe a nested HWPT to iterators
 * @obj: the HWPT
 * @info: out
 *
 * Context: under the lock of ctx->objects.
 */
void iommufd_hwpt_nested_info(const struct iommufd_object *obj, struct iommufd_object_info *info)
{
	info->parent = to_hwpt_nested(obj)->parent->common.obj.id;
}

/**
 * iommufd_hwpt_needs_attach_first() - check whether a page table can only be filled once attached
 * @idev: the device it is for
 *
 * Some IOMMU drivers learn the page sizes and the aperture of a domain only when it is attached.
 * With all others iommufd fills a page table first, so that the device never sees a part of it
 * missing.
 *
 * Return: true for such a driver.
 */
bool iommufd_hwpt_needs_attach_first(struct iommufd_device *idev)
{
	const struct iommu_ops *ops;

	if (!idev->group->group)
		return false;
	ops = iommu_core_ops(idev->dev);
	return !port_has_alloc_flags(ops) && !ops->domain_alloc_paging;
}

/**
 * iommufd_hwpt_alloc_domain() - allocate a domain from a device's IOMMU driver
 * @dev: a device with an IOMMU
 * @flags: IOMMU_HWPT_ALLOC_*, without IOMMU_HWPT_FAULT_ID_VALID
 * @data: user space's data for the driver, or NULL
 *
 * Context: may sleep.
 * Return: the domain, for iommu_domain_free(); ERR_PTR(-EOPNOTSUPP) if the driver cannot; another
 * error of the driver.
 */
struct iommu_domain *iommufd_hwpt_alloc_domain(struct device *dev, u32 flags,
					       const struct iommu_user_data *data)
{
	const struct iommu_ops *ops = iommu_core_ops(dev);
	struct iommu_domain *domain;

	/* Not all drivers know the flag for PASIDs; the domain's operations tell their features. */
	if (!port_has_alloc_flags(ops) && (flags & ~IOMMUFD_NEW_HWPT_ALLOC_PASID || data))
		return ERR_PTR(-EOPNOTSUPP);
	if (port_has_alloc_flags(ops))
		domain = port_alloc_flags(ops, dev, flags, data);
	else
		domain = iommu_paging_domain_alloc(dev);
	if (IS_ERR(domain))
		return domain;

	domain->owner = ops;
	if (((flags & IOMMUFD_NEW_HWPT_ALLOC_PASID) && !domain->ops->set_dev_pasid) ||
	    ((flags & IOMMU_HWPT_ALLOC_DIRTY_TRACKING) && !port_gathers_dirty(domain))) {
		iommu_domain_free(domain);
		return ERR_PTR(-EOPNOTSUPP);
	}
	return domain;
}

/**
 * iommufd_hwpt_paging_alloc() - make a paging HWPT that is empty and not visible yet
 * @ioas: the IOAS it will hold; the HWPT takes a reference on it
 * @idev: a device that it will be attached to
 * @flags: IOMMU_HWPT_ALLOC_*, without IOMMU_HWPT_FAULT_ID_VALID
 * @data: user space's data for the IOMMU driver, or NULL
 *
 * Coherency is enforced now, if the device can: it is part of each page table entry, so it cannot
 * be changed once the page table is filled.
 *
 * Context: may sleep.
 * Return: the HWPT, for iommufd_object_finalize() or iommufd_object_abort_and_destroy();
 * ERR_PTR(-ENOMEM); ERR_PTR(-EOPNOTSUPP); another error of the IOMMU driver.
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
	/* Pin the IOMMU driver: it could be unloaded once its last device is gone. */
	if (domain->owner)
		__module_get(domain->owner->owner);
	iommufd_object_ref(&ioas->obj);
	hwpt->ioas = ioas;
	hwpt->common.ctx = idev->ctx;
	hwpt->common.domain = domain;
	hwpt->common.pasid_compat = flags & IOMMUFD_NEW_HWPT_ALLOC_PASID;
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
 * iommufd_hwpt_setup_msi() - prepare a HWPT for message-signalled interrupts of its devices
 * @hwpt: the HWPT
 * @sw_msi_start: IOVA for the MSI page, or PHYS_ADDR_MAX if none is needed
 *
 * Some IOMMUs translate MSIs like any other write. There the kernel maps the MSI page into the
 * domain when a driver requests an interrupt, at an IOVA that has to be set before.
 *
 * Context: may sleep; group->lock is held; takes msi_lock.
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
 * iommufd_hwpt_target() - find the IOAS and the page table behind the target of a call
 * @pt: the object; the caller holds a reference
 * @ioas: out: id of its address space; unchanged if it has none
 * @hwpt: out: id of the page table that it is or uses; likewise
 *
 * Context: any.
 */
void iommufd_hwpt_target(struct iommufd_object *pt, u32 *ioas, u32 *hwpt)
{
	struct iommufd_hwpt_paging *parent;

	switch (pt->type) {
	case IOMMUFD_OBJ_IOAS:
		*ioas = pt->id;
		break;
	case IOMMUFD_OBJ_HWPT_PAGING:
	case IOMMUFD_OBJ_HWPT_NESTED:
		*hwpt = pt->id;
		*ioas = iommufd_hwpt_ioas_id(to_hwpt(pt));
		break;
	case IOMMUFD_OBJ_VIOMMU:
		parent = container_of(pt, struct iommufd_viommu, obj)->hwpt;
		*hwpt = parent->common.obj.id;
		*ioas = parent->ioas->obj.id;
		break;
	default:
		break;
	}
}

/**
 * iommufd_hwpt_policy_target() - describe the object that a call attaches or builds on
 * @req: the request
 * @pt: an IOAS, HWPT, VIOMMU or SVA object
 * @shares: empty; out: the most pages that attaching @pt can pin, by their owners
 */
void iommufd_hwpt_policy_target(struct iommufd_policy_request *req, struct iommufd_object *pt,
				struct umem_shares *shares)
{
	iommufd_hwpt_target(pt, &req->ioas, &req->hwpt);
	if (pt->type == IOMMUFD_OBJ_IOAS)
		iopt_unpinned(&container_of(pt, struct iommufd_ioas, obj)->iopt, shares);
	if (pt->type == IOMMUFD_OBJ_SVA)
		req->flags |= IOMMUFD_REQUEST_SHARED;
}

/**
 * iommufd_hwpt_unref() - drop a device's reference on a HWPT
 * @hwpt: the HWPT
 *
 * If this was the last reference on an automatic HWPT, destroy it. If only calls hold references,
 * the last of them destroys it.
 *
 * Context: may sleep; the caller holds no lock of iommufd.
 */
void iommufd_hwpt_unref(struct iommufd_hwpt *hwpt)
{
	if (!iommufd_hwpt_is_automatic(hwpt))
		iommufd_object_unref(&hwpt->obj);
	else if (iommufd_object_unref_unlink(hwpt->ctx, &hwpt->obj))
		iommufd_object_destroy_unlinked(hwpt->ctx, &hwpt->obj);
}
