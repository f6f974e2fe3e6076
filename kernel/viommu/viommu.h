/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual IOMMUs.
 */
#ifndef _IOMMUFD_VIOMMU_H
#define _IOMMUFD_VIOMMU_H

#include "hwpt/hwpt.h"

/* viommu.c, vdevice.c, veventq.c, hw_queue.c */
int iommufd_viommu_alloc_ioctl(struct iommufd_ucmd *ucmd);
struct iommufd_viommu *iommufd_get_viommu(struct iommufd_ctx *ctx, u32 id);
void iommufd_viommu_destroy(struct iommufd_object *obj);
void iommufd_viommu_show(struct seq_file *m, const struct iommufd_object *obj);
int iommufd_vdevice_alloc_ioctl(struct iommufd_ucmd *ucmd);
void iommufd_vdevice_destroy(struct iommufd_object *obj);
void iommufd_vdevice_show(struct seq_file *m, const struct iommufd_object *obj);
void iommufd_vdevice_remove(struct iommufd_device *idev);
int iommufd_veventq_alloc_ioctl(struct iommufd_ucmd *ucmd);
void iommufd_veventq_destroy(struct iommufd_object *obj);
void iommufd_veventq_show(struct seq_file *m, const struct iommufd_object *obj);
int iommufd_hw_queue_alloc_ioctl(struct iommufd_ucmd *ucmd);
void iommufd_hw_queue_destroy(struct iommufd_object *obj);
void iommufd_hw_queue_show(struct seq_file *m, const struct iommufd_object *obj);

#endif
