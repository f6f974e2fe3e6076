/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clocks of the tools. Times are CLOCK_MONOTONIC in nanoseconds, like those of the BPF
 * programs.
 */
#ifndef _COMMON_CLOCK_H
#define _COMMON_CLOCK_H

#include <linux/types.h>

#define NS_PER_SEC 1000000000ULL

__u64 clock__now(void);

/* The offset of a time to CLOCK_REALTIME. It changes when the clock is set. */
__s64 clock__wall_offset(void);

#endif /* _COMMON_CLOCK_H */
