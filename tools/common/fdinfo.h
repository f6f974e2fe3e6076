/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files of /proc/PID/fdinfo that belong to open files of /dev/iommu, in which the driver
 * describes a context and its objects; docs/uapi.md has the format. A process sees those of
 * processes that it may trace.
 */
#ifndef _COMMON_FDINFO_H
#define _COMMON_FDINFO_H

#include <stdio.h>
#include <linux/types.h>

/*
 * Call take() for each open file of /dev/iommu; a context that several processes have open comes
 * several times. Stops at the first error of take(), and returns it.
 */
int fdinfo__each(int (*take)(void *ctx, FILE *fdinfo), void *ctx);

/* Find the number after "key=" among the words of a line; false if there is none. */
_Bool fdinfo__number(const char *words, const char *key, __u64 *number);
/* The same of 32 bits; EVENT_NONE if there is none. */
__u32 fdinfo__id(const char *words, const char *key);

/* Copy the word after " name=", cut at size, and return its PCI address or EVENT_NONE. */
__u32 fdinfo__device(const char *words, char *name, size_t size);

#endif /* _COMMON_FDINFO_H */
