/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Snapshots of contexts, objects and areas; see info.c.
 */
#ifndef _IOMMUFD_INFO_H
#define _IOMMUFD_INFO_H

#include <linux/types.h>

#include <iommufd_policy.h>

struct iommufd_ctx;

bool iommufd_next_ctx(u32 after, struct iommufd_ctx_info *info);
bool iommufd_next_object(u32 ctx_id, u32 type, u32 after, struct iommufd_object_info *info);
int iommufd_next_area(u32 ctx_id, u32 ioas_id, u64 from, struct iommufd_area_info *info);
int iommufd_next_usable(u32 ctx_id, u32 ioas_id, u64 from, u64 *first, u64 *last);
u64 iommufd_ctx_pinned(u32 id);

/* info.c */
int iommufd_info_open(struct iommufd_ctx *ctx);
void iommufd_info_close(struct iommufd_ctx *ctx);

#endif
