/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Read the driver's iterators and totals with the BPF programs of tests/bpf/look.bpf.c.
 *
 * One thread at a time may use a struct look. Functions return the number of records, or -errno.
 * The records, at most LOOK_MAX of them, stay until the next call.
 */
#ifndef TESTS_LIB_POLICY_LOOK_H
#define TESTS_LIB_POLICY_LOOK_H

#include <linux/types.h>

#include "iommufd_policy.h"

#define LOOK_MAX 256

struct bpf_object;

struct look {
	struct bpf_object *obj;
	const struct iommufd_ctx_info *ctxs;
	const struct iommufd_payer_info *payers;
	const struct iommufd_object_info *objects;
	const struct iommufd_area_info *areas;
	const struct iommufd_area_info *many;
	const struct iommufd_ctx_counts *counts; /* one */
};

/* A call of iommufd_list_areas(): the same struct as in the BPF program. */
struct look_many {
	struct iommufd_area_walk walk;
	__u32 room; /* bytes, at most LOOK_MANY */
	__s32 ret;
};

#define LOOK_MANY (2048 * sizeof(struct iommufd_area_info))

int look__open(struct look *look);
void look__close(struct look *look);
int look__ctxs(struct look *look);
int look__payers(struct look *look, __u32 ctx);
int look__objects(struct look *look, __u32 ctx, __u32 type);
int look__areas(struct look *look, __u32 ctx, __u32 ioas, __u64 iova);
/* The same at once, into look->many; what the function itself returns is in many->ret, too. */
int look__many(struct look *look, struct look_many *many);
/* Get the counts of a context. Returns 0, or -ENOENT if there is none. */
int look__counts(struct look *look, __u32 ctx);

/* Bytes pinned, or UINT64_MAX after an error. */
__u64 look__ctx(struct look *look, __u32 ctx);
__u64 look__process(struct look *look, __u32 tgid);
__u64 look__uid(struct look *look, __u32 uid);
__u64 look__cgroup(struct look *look, __u64 cgroup);

#endif
