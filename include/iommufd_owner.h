/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owners of contexts and devices, in maps that BPF programs and user space share; see
 * bpf/owner.bpf.h.
 *
 * Include vmlinux.h or linux/types.h before, for the fixed-width types.
 */
#ifndef _IOMMUFD_OWNER_H
#define _IOMMUFD_OWNER_H

#include "iommufd_record.h"

#define OWNER_NAME_LEN 32

/* The process that a context belongs to. */
struct owner {
	__u32 tgid;
	__u32 is_wanted; /* the filter's conditions on threads pass */
	char comm[EVENT_COMM_LEN];
	__u32 uid;
	__u32 __pad;
	__u64 cgroup;
};

/* A device: by its PCI address, or by its name if it has none. */
struct owner_device {
	__u32 sbdf; /* EVENT_NONE: by name */
	char name[OWNER_NAME_LEN]; /* padded with NULs; zeros with an address */
};

/* The object of a device in its context. */
struct owner_object {
	__u32 ctx;
	__u32 id;
};

_Static_assert(sizeof(struct owner) == 40, "owners have a fixed layout");
_Static_assert(sizeof(struct owner_device) == 36, "devices have a fixed layout");

#endif /* _IOMMUFD_OWNER_H */
