/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat: a context in the role of a VFIO container, so that programs written for /dev/vfio/vfio
 * run on /dev/iommu.
 *
 * VFIO's container ioctls name no address space. They apply to the compatibility IOAS of the
 * context, which VFIO makes (vfio_container.c) or user space sets with IOMMU_VFIO_IOAS.
 * vfio_type1.c implements the ioctls of the type1 IOMMU on it.
 *
 * The folder owns no lock. ctx->vfio_ioas and ctx->no_iommu are protected by the lock of
 * ctx->objects. ctx->vfio_ioas holds no reference; removing the IOAS from ctx->objects clears it.
 *
 * main/ calls it; VFIO calls the exported functions.
 */
#ifndef _IOMMUFD_COMPAT_H
#define _IOMMUFD_COMPAT_H

#include "ioas/ioas.h"

/* vfio_container.c */
struct iommufd_ioas *iommufd_vfio_get_ioas(struct iommufd_ctx *ctx);
int iommufd_vfio_ioas(struct iommufd_ucmd *ucmd);

/* vfio_type1.c */
long iommufd_vfio_ioctl(struct iommufd_ctx *ctx, unsigned int cmd, unsigned long arg);

#endif
