/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * main: the module, its device file /dev/iommu, and everything that looks across all other folders.
 *
 *	main.c		the file operations, the table of ioctls, module load and unload
 *	types.c		the table of object types
 *	fdinfo.c	/proc/PID/fdinfo: a context and all its objects
 *	device_info.c	IOMMU_EXT_DEVICE_INFO, which describes a device, its IOMMU and its
 *			PASIDs
 *	pt_info.c	IOMMU_EXT_PT_INFO, which describes any object that can be attached
 *	test_hook.c	the border to iommufd_mock.ko: all that it may see of iommufd's
 *			internals
 *
 * Nothing calls this folder but the kernel and, through the test hook, the mock module.
 *
 * Locks: hook_lock in test_hook.c, inside which no lock is taken. The rest takes locks of other
 * folders, one at a time, and never while it copies to user space.
 */
#ifndef _IOMMUFD_MAIN_H
#define _IOMMUFD_MAIN_H

#include "core/core.h"

/* types.c */
extern const struct iommufd_object_type_info iommufd_object_types[IOMMUFD_OBJ_TYPES];

/* fdinfo.c */
void iommufd_show_fdinfo(struct seq_file *m, struct file *file);

/* device_info.c */
int iommufd_ext_device_info(struct iommufd_ucmd *ucmd);

/* pt_info.c */
int iommufd_ext_pt_info(struct iommufd_ucmd *ucmd);

/* test_hook.c */
long iommufd_test_ioctl(struct iommufd_ctx *ctx, void __user *arg);
void iommufd_test_destroy(struct iommufd_object *obj);
void iommufd_test_show(struct seq_file *m, const struct iommufd_object *obj);

#endif
