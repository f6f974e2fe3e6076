/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether pinned memory keeps growing, as it does with a leak, and how fast. Private to model/.
 *
 * A program that maps all its memory at its start grows, too, but it stops; and a busy one maps and
 * unmaps all the time, which hides a slow leak. So the least amounts in equal periods are compared:
 * with a leak, nearly each is higher than those before. The periods begin with one refresh and
 * become longer, up to half a minute, so that a fast leak is seen after some seconds and a slow one
 * after minutes.
 */
#ifndef _IOMMUTOP_GROWTH_H
#define _IOMMUTOP_GROWTH_H

#include <linux/types.h>

#define GROWTH_POINTS 24

struct growth {
	__u64 spacing_ns; /* length of a period; 0: one refresh */
	__u64 since_ns; /* the growth began no later; 0: there is none */
	__u32 nr;
	struct growth_point {
		__u64 time_ns; /* the period begins */
		__u64 least; /* bytes */
	} points[GROWTH_POINTS];
};

/* Note the amount at a time. Returns the growth in bytes per minute if it is steady, else 0. */
__u64 growth__add(struct growth *growth, __u64 time_ns, __u64 bytes);

#endif /* _IOMMUTOP_GROWTH_H */
