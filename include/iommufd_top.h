/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What iommutop's BPF programs and its user side share: buckets of latencies, counters of an address
 * space, and records of what is there.
 *
 * Latencies are counted in log-linear buckets: each power of two is split into four, so a bucket is
 * at most a quarter as wide as its lowest value. Bucket 0 is all below TOP_LOWEST_NS, the last one
 * all from 80 s on.
 *
 * Lengths of maps are counted in classes, one for each power of two: class 0 is all below 4 KiB,
 * the last one all from 16 GiB on.
 *
 * Counters of 32 bits go round; who reads them takes differences modulo 2^32.
 *
 * Includers have the kernel's fixed-width types already (vmlinux.h or linux/types.h).
 */
#ifndef _IOMMUFD_TOP_H
#define _IOMMUFD_TOP_H

#define TOP_LOWEST_SHIFT	7
#define TOP_LOWEST_NS		(1u << TOP_LOWEST_SHIFT)
#define TOP_BUCKETS		120

#define TOP_SIZE_SHIFT		12
#define TOP_SIZES		24

/* The highest bit that is set; value is not 0. BPF has no instruction for it. */
static inline __attribute__((always_inline)) __u32 top_log2(__u64 value)
{
#ifdef __bpf__
	__u32 high = value >> 32, log = 0, low = value;

	if (high) {
		log = 32;
		low = high;
	}
	if (low >> 16) {
		log += 16;
		low >>= 16;
	}
	if (low >> 8) {
		log += 8;
		low >>= 8;
	}
	if (low >> 4) {
		log += 4;
		low >>= 4;
	}
	if (low >> 2) {
		log += 2;
		low >>= 2;
	}
	return log + (low >> 1);
#else
	return 63 - __builtin_clzll(value);
#endif
}

static inline __attribute__((always_inline)) __u32 top_bucket(__u64 ns)
{
	__u32 log, bucket;

	if (ns < TOP_LOWEST_NS)
		return 0;
	log = top_log2(ns);
	bucket = 1 + (log - TOP_LOWEST_SHIFT) * 4 + ((ns >> (log - 2)) & 3);
	return bucket < TOP_BUCKETS ? bucket : TOP_BUCKETS - 1;
}

static inline __attribute__((always_inline)) __u32 top_size(__u64 length)
{
	__u32 log;

	if (length < 1u << TOP_SIZE_SHIFT)
		return 0;
	log = top_log2(length) - TOP_SIZE_SHIFT + 1;
	return log < TOP_SIZES ? log : TOP_SIZES - 1;
}

#endif /* _IOMMUFD_TOP_H */
