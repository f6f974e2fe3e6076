/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that the IOMMU core exports to iommufd (namespace IOMMUFD_INTERNAL) without a
 * declaration in include/linux. The prototypes are those of drivers/iommu/iommu-priv.h in Linux
 * 7.3. 6.12 does not export iommu_replace_device_pasid().
 */
#ifndef _IOMMUFD_IOMMU_CORE_H
#define _IOMMUFD_IOMMU_CORE_H

#include <linux/iommu.h>

/* Get the operations of a device's IOMMU driver. A device in an IOMMU group has one. */
static inline const struct iommu_ops *iommu_core_ops(struct device *dev)
{
	return dev->iommu->iommu_dev->ops;
}

int iommu_attach_group_handle(struct iommu_domain *domain, struct iommu_group *group,
			      struct iommu_attach_handle *handle);
void iommu_detach_group_handle(struct iommu_domain *domain, struct iommu_group *group);
int iommu_replace_group_handle(struct iommu_group *group, struct iommu_domain *new_domain,
			       struct iommu_attach_handle *handle);
int iommu_replace_device_pasid(struct iommu_domain *domain, struct device *dev, ioasid_t pasid,
			       struct iommu_attach_handle *handle);
struct iommu_attach_handle *iommu_attach_handle_get(struct iommu_group *group, ioasid_t pasid,
						    unsigned int type);

#endif
