// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clocks, see clock.h.
 */
#include <time.h>

#include "clock.h"

static __u64 read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

__u64 clock__now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

__s64 clock__wall_offset(void)
{
	return read_clock(CLOCK_REALTIME) - clock__now();
}
