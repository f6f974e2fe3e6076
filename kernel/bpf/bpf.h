/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf: the part of the driver that BPF programs use.
 *
 *	state.c		all open contexts, and snapshots of their contents
 *	kfunc.c		functions that BPF programs call: iterators, totals, a policy's
 *			reason
 *	policy_ops.c	loading policies as a BPF struct_ops; policy/ runs them
 *
 * Only main/ calls this folder: when the module is loaded, and to add and remove each context when
 * its file is opened and released.
 *
 * This folder reads the driver's state only through accessors of the folder that owns it:
 * core/snapshot.c for contexts and objects, ioas/snapshot.c for areas and ranges, umem/umem.h for
 * totals, iommufd_policy_next() for policies. Each fills in a plain struct in one step. Nothing is
 * held between two steps of an iterator, so a program may stop anywhere, and a snapshot may be out
 * of date when the program reads it.
 *
 * No accessor touches user memory or waits for a process: snapshots of contexts take no lock, and
 * those of objects, areas and ranges a spinlock that is held for one look-up or one change at a
 * time. Unloading a policy waits for the programs that are running, so they must not wait either.
 *
 * Lock owned here: the xarray of contexts; its spinlock is taken without any other lock.
 */
#ifndef _IOMMUFD_BPF_H
#define _IOMMUFD_BPF_H

#include <linux/types.h>

#include <iommufd_policy.h>

struct iommufd_ctx;

/* state.c */
int iommufd_state_add(struct iommufd_ctx *ctx);
void iommufd_state_remove(struct iommufd_ctx *ctx);
bool iommufd_next_ctx(u32 after, struct iommufd_ctx_info *info);
bool iommufd_next_payer(u32 ctx_id, u64 after, struct iommufd_payer_info *info);
bool iommufd_next_object(u32 ctx_id, u32 type, u32 after, struct iommufd_object_info *info);
int iommufd_next_areas(struct iommufd_area_walk *walk, void *areas, unsigned int max);
int iommufd_next_usable(u32 ctx_id, u32 ioas_id, u64 from, u64 *first, u64 *last);
u64 iommufd_ctx_pinned(u32 id);
bool iommufd_get_ctx_counts(u32 id, struct iommufd_ctx_counts *info);

/* kfunc.c */
int iommufd_kfunc_init(void);

/* policy_ops.c */
int iommufd_policy_init(void);

#endif
