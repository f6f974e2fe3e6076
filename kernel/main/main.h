/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Main.
 */
#ifndef _IOMMUFD_MAIN_H
#define _IOMMUFD_MAIN_H

#include "core/core.h"

/* device_info.c, pt_info.c */
int iommufd_ext_device_info(struct iommufd_ucmd *ucmd);
int iommufd_ext_pt_info(struct iommufd_ucmd *ucmd);

/* types.c */
extern const struct iommufd_object_type_info iommufd_object_types[IOMMUFD_OBJ_TYPES];

/* test_hook.c */
long iommufd_test_ioctl(struct iommufd_ctx *ctx, void __user *arg, u32 size);
void iommufd_test_destroy(struct iommufd_object *obj);
void iommufd_test_show(struct seq_file *m, const struct iommufd_object *obj);

/* fdinfo.c */
void iommufd_show_fdinfo(struct seq_file *m, struct file *file);

#endif
