/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VFIO containers.
 */
#ifndef _IOMMUFD_COMPAT_H
#define _IOMMUFD_COMPAT_H

#include "ioas/ioas.h"

/* vfio_compat.c, vfio_type1.c */
struct iommufd_ioas *iommufd_vfio_get_ioas(struct iommufd_ctx *ctx);
int iommufd_vfio_ioas(struct iommufd_ucmd *ucmd);
long iommufd_vfio_ioctl(struct iommufd_ctx *ctx, unsigned int cmd, unsigned long arg);

#endif
