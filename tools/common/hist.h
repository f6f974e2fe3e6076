/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Histograms in user space, over the buckets of include/iommufd_hist.h.
 *
 * Percentiles are honest: what is given is the greatest value of the bucket that the wanted one lies
 * in, so at least the true one, and at most 1/16 more; and never more than the maximum, which is
 * exact, as the sum and the count are.
 */
#ifndef _COMMON_HIST_H
#define _COMMON_HIST_H

#include <stdio.h>
#include <linux/types.h>

#include "iommufd_hist.h"
#include "json.h"

struct hist {
	__u64 count;
	__u64 sum;
	__u64 min;
	__u64 max;
	__u64 buckets[HIST_BUCKETS];
};

void hist__add(struct hist *hist, __u64 value);
/* The value that so many of a thousand are not above; 0 of an empty one. */
__u64 hist__percentile(const struct hist *hist, unsigned int per_mille);

enum hist_unit { HIST_NS, HIST_BYTES, HIST_COUNT };

/* A bar for each power of two between the least and the greatest. */
void hist__print(const struct hist *hist, enum hist_unit unit, FILE *out);

/*
 * Into the open object: count, sum, min, p50, p90, p99, max, with the suffix of the unit (_ns, _bytes,
 * or none), and "buckets", an array of [least, greatest, count] of those that are not empty.
 */
void hist__put_json(const struct hist *hist, enum hist_unit unit, struct json *json);

#endif /* _COMMON_HIST_H */
