/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Calls of the test module vfio_pinner: one struct for each write() to its device. The result is
 * that of write(), or its errno.
 */
#ifndef _VFIO_PINNER_H
#define _VFIO_PINNER_H

#include <linux/types.h>

enum pinner_op {
	PINNER_PIN, /* to read and write */
	PINNER_UNPIN, /* a range that one pin had */
	PINNER_WRITE, /* write zeros, without a pin; length is at most a page */
	PINNER_READ, /* likewise */
};

struct pinner_call {
	__u32 op; /* enum pinner_op */
	__u32 length; /* bytes; whole pages for a pin */
	__u64 iova;
};

#endif /* _VFIO_PINNER_H */
