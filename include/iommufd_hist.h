/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Log-linear histograms, for BPF programs and user space: each power of two is divided into
 * 2^HIST_SUB_BITS equal buckets, so that the width of a bucket is at most 1/16 of its values.
 * Values below 2^HIST_SUB_BITS have a bucket each.
 */
#ifndef _IOMMUFD_HIST_H
#define _IOMMUFD_HIST_H

#define HIST_SUB_BITS 4
#define HIST_SUB (1u << HIST_SUB_BITS)
#define HIST_BUCKETS ((64 - HIST_SUB_BITS + 1) * HIST_SUB)

static inline __attribute__((always_inline)) __u32 hist_log2(__u64 value)
{
	__u32 log = 0;

	/* BPF has no instruction that counts leading zeros. */
	if (value >> 32) {
		value >>= 32;
		log = 32;
	}
	if (value >> 16) {
		value >>= 16;
		log += 16;
	}
	if (value >> 8) {
		value >>= 8;
		log += 8;
	}
	if (value >> 4) {
		value >>= 4;
		log += 4;
	}
	if (value >> 2) {
		value >>= 2;
		log += 2;
	}
	return log + (value >> 1);
}

/* The bucket of a value, below HIST_BUCKETS. */
static inline __attribute__((always_inline)) __u32 hist_bucket(__u64 value)
{
	__u32 shift;

	if (value < HIST_SUB)
		return value;
	shift = hist_log2(value) - HIST_SUB_BITS;
	return shift * HIST_SUB + (value >> shift);
}

/* The least value of a bucket. Its greatest value is that of the next bucket minus 1. */
static inline __attribute__((always_inline)) __u64 hist_lower(__u32 bucket)
{
	__u32 shift;

	if (bucket < 2 * HIST_SUB)
		return bucket;
	shift = bucket / HIST_SUB - 1;
	return (__u64)(bucket - shift * HIST_SUB) << shift;
}

#endif /* _IOMMUFD_HIST_H */
