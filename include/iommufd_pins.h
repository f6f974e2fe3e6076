/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pins by process, divided by whether pages were faulted in meanwhile: for iosnoop --summary.
 *
 * Include vmlinux.h or linux/types.h before, for the fixed-width types.
 */
#ifndef _IOMMUFD_PINS_H
#define _IOMMUFD_PINS_H

struct pins_key {
	__u32 ctx;
	__u32 tgid; /* process that made the call */
};

struct pins {
	__u64 faults; /* page faults of the thread while it pinned */
	/* Pins without a page fault: of memory that was populated before. */
	__u64 populated_pages;
	__u64 populated_ns;
	/* Pins with one or more. */
	__u64 faulted_pages;
	__u64 faulted_ns;
};

_Static_assert(sizeof(struct pins) == 40, "pins have a fixed layout");

#endif /* _IOMMUFD_PINS_H */
