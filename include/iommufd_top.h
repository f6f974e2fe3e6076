/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What iommutop's BPF programs and its user side share: buckets of latencies, counters of an
 * address space, and records of what is there.
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

#include "iommufd_hist.h"

#define TOP_LOWEST_SHIFT 7
#define TOP_LOWEST_NS (1u << TOP_LOWEST_SHIFT)
#define TOP_BUCKETS 120

#define TOP_SIZE_SHIFT 12
#define TOP_SIZES 24

enum top_op { TOP_PIN, TOP_MAP, TOP_UNMAP, TOP_OPS };

/* Counters of an IOAS, by (context, IOAS). All of one field are written by one program. */
struct top_node_key {
	__u32 ctx;
	__u32 ioas;
};

struct top_node {
	__u64 maps;
	__u64 map_bytes;
	__u64 map_pages;
	__u64 map_failed;
	__u64 unmaps;
	__u64 unmap_bytes;
	__u64 unmap_failed;
	__u64 copies;
	__u64 copy_bytes;
	__u64 copy_failed;
	__u32 buckets[TOP_OPS][TOP_BUCKETS];
};

/* Maps of a class of lengths. */
struct top_size {
	__u64 maps;
	__u64 bytes;
	__u32 buckets[2][TOP_BUCKETS]; /* TOP_PIN, TOP_MAP */
};

/* Page requests of a device and PASID. */
struct top_fault_key {
	__u32 ctx;
	__u32 device;
	__u32 pasid;
	__u32 sbdf;   /* of DMA faults, whose context is not known */
};

struct top_fault {
	__u64 groups;
	__u64 done;
	__u64 invalid;
	__u64 failed;
	__u64 dma;
	__u32 buckets[TOP_BUCKETS];
};

/*
 * A walk over contexts and their objects. It goes on from where the one before ended, for lack of
 * room in the buffer, until done is set.
 */
struct top_walk {
	__u32 ctx;	   /* the context at which the walk goes on */
	__u32 object; /* its objects up to this id were reported */
	__u32 in_ctx; /* the context itself was reported */
	__u32 done;
};

/* A record of the walk: what follows is a struct iommufd_..._info. */
enum top_record_type { TOP_RECORD_CTX, TOP_RECORD_OBJECT, TOP_RECORD_POLICY };
struct top_record {
	__u32 type;
	__u32 __pad;
	__u64 data[];
};

/* A walk over the areas of an IOAS. */
struct top_area_walk {
	__u32 ctx;
	__u32 ioas;
	__u64 from;   /* lowest address of interest; where to go on */
	__u32 done;
	__u32 __pad;
};

#define TOP_UNKNOWN 2   /* of done: it cannot be told */
#define TOP_MAX_RANGES 256

/* An area, or a range; its length is 0 if it is all 2^64 addresses. */
struct top_area {
	__u64 iova;
	__u64 length;
};

#ifdef __bpf__
/* The highest bit of a byte: a look into memory is cheaper than three more comparisons. */
#define TOP_LOG2_2(n) n, n
#define TOP_LOG2_4(n) TOP_LOG2_2(n), TOP_LOG2_2(n)
#define TOP_LOG2_16(n) TOP_LOG2_4(n), TOP_LOG2_4(n), TOP_LOG2_4(n), TOP_LOG2_4(n)
#define TOP_LOG2_64(n) TOP_LOG2_16(n), TOP_LOG2_16(n), TOP_LOG2_16(n), TOP_LOG2_16(n)
static const __u8 top_log2_bytes[256] = {
	0,
	0,
	TOP_LOG2_2(1),
	TOP_LOG2_4(2),
	TOP_LOG2_4(3),
	TOP_LOG2_4(3),
	TOP_LOG2_16(4),
	TOP_LOG2_16(5),
	TOP_LOG2_16(5),
	TOP_LOG2_64(6),
	TOP_LOG2_64(7),
	TOP_LOG2_64(7),
};
#endif

/* The highest bit that is set; value is not 0. This runs for each map and unmap. */
static inline __attribute__((always_inline)) __u32 top_log2(__u64 value)
{
#ifdef __bpf__
	/* Written out: clang makes two comparisons of each condition that only changes a value. */
	if (value < 1ULL << 8)
		return top_log2_bytes[value & 0xff];
	if (value < 1ULL << 16)
		return 8 + top_log2_bytes[value >> 8 & 0xff];
	if (value < 1ULL << 24)
		return 16 + top_log2_bytes[value >> 16 & 0xff];
	if (value < 1ULL << 32)
		return 24 + top_log2_bytes[value >> 24 & 0xff];
	return hist_log2(value);
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
