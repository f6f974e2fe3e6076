/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Histograms in user space, with the buckets of include/iommufd_hist.h.
 *
 * A percentile is the greatest value of its bucket: at least the true one, at most 1/16 more, and
 * never more than the maximum. Count, sum, minimum and maximum are exact.
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
/* The percentile, per_mille of 1000 values being at most that; 0 for an empty histogram. */
__u64 hist__percentile(const struct hist *hist, unsigned int per_mille);

enum hist_unit { HIST_NS, HIST_BYTES, HIST_COUNT };

/* Print a bar for each power of two between the minimum and the maximum. */
void hist__print(const struct hist *hist, enum hist_unit unit, FILE *out);

/*
 * Write count, sum, min, p50, p90, p99 and max into the open object, with the suffix of the unit
 * (_ns, _bytes, or none), and "buckets", an array of [least, greatest, count] of the non-empty
 * buckets.
 */
void hist__put_json(const struct hist *hist, enum hist_unit unit, struct json *json);

#endif /* _COMMON_HIST_H */
