/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout of struct iommufd_policy_ops in the loaded module, which may be newer or older than
 * the one that a policy was compiled with.
 */
#ifndef _IOPOLICY_LAYOUT_H
#define _IOPOLICY_LAYOUT_H

#include <linux/types.h>

struct btf;
struct btf_member;
struct btf_type;

/* The value of a struct_ops map, which has the policy's struct as its member "data". */
struct layout {
	const struct btf *btf;
	const struct btf_type *ops;
	__u32 size, data_offset;
};

/* Return 0 or -errno without a message. */
int layout__find(struct layout *layout);
/* A member of the policy's struct; NULL if the module does not know it. */
const struct btf_member *layout__member(const struct layout *layout, const char *name);

#endif /* _IOPOLICY_LAYOUT_H */
