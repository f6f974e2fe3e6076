/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Drivers.
 */
#ifndef _IOMMUFD_BIND_H
#define _IOMMUFD_BIND_H

#include "device/device.h"

/* device.c */
u32 iommufd_device_find_id(struct iommufd_ctx *ctx, const void *dev);
struct iommufd_device *iommufd_device_do_bind(struct iommufd_ctx *ctx, struct device *dev,
					      bool keeps_file);
void iommufd_device_destroy(struct iommufd_object *obj);
void iommufd_device_info(const struct iommufd_object *obj, struct iommufd_object_info *info);
void iommufd_device_show(struct seq_file *m, const struct iommufd_object *obj);

/* access.c */
void iommufd_access_destroy_object(struct iommufd_object *obj);
void iommufd_access_show(struct seq_file *m, const struct iommufd_object *obj);

#endif
