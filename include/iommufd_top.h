/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the BPF programs of iommutop and its user side: buckets of latencies, counters of an
 * IOAS, and records of objects.
 *
 * Latencies are counted in log-linear buckets: each power of two is divided into four, so that a
 * bucket is at most a quarter as wide as its lowest value. Bucket 0 is [0, TOP_LOWEST_NS), the last
 * one begins at 80 s.
 *
 * Lengths of maps are counted in classes, one for each power of two. Class 0 is below 4 KiB, the
 * last one begins at 16 GiB.
 *
 * 32-bit counters wrap, so readers must compute differences modulo 2^32.
 *
 * Include vmlinux.h or linux/types.h before, for the fixed-width types.
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

/* Counters of an IOAS. */
struct top_ioas_key {
	__u32 ctx;
	__u32 ioas;
};

struct top_ioas {
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

/* With a filter, maps by length are counted for each context, because user space chooses them. */
struct top_size_key {
	__u32 ctx;
	__u32 class; /* top_size() */
};

/* Counters of maps in a class of lengths. */
struct top_size {
	__u64 maps;
	__u64 bytes;
	__u32 buckets[2][TOP_BUCKETS]; /* TOP_PIN, TOP_MAP */
};

/* Counters of page requests by context, device and PASID, or of DMA faults by PCI address. */
struct top_fault_key {
	__u32 ctx;
	__u32 device;
	__u32 pasid;
	__u32 sbdf; /* of DMA faults, otherwise EVENT_NONE */
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
 * A walk over contexts and their objects. It ends when the buffer is full, and the next one
 * continues from there, until done is set.
 */
struct top_walk {
	__u32 ctx; /* contexts before this one were listed */
	__u32 object; /* objects of ctx up to this one were listed */
	__u32 in_ctx; /* ctx itself was listed */
	__u32 done;
	__u64 payer; /* payers of ctx up to this one were listed */
	__u32 in_objects; /* all payers of ctx were listed */
	__u32 has_payers; /* the driver reports payers */
};

/*
 * A record of the walk; data is a struct state_ctx, iommufd_payer_info and so on. That of
 * TOP_RECORD_CLOSED is the number of the last context: it was closed while it was listed, so some
 * of its objects may be missing.
 */
enum top_record_type {
	TOP_RECORD_CTX,
	TOP_RECORD_PAYER,
	TOP_RECORD_OBJECT,
	TOP_RECORD_POLICY,
	TOP_RECORD_CLOSED,
};

struct top_record {
	__u32 type;
	__u32 __pad;
	__u64 data[];
};

/* A walk over the areas or usable ranges of an IOAS. */
struct top_area_walk {
	__u32 ctx;
	__u32 ioas;
	__u64 from; /* address to continue from */
	__u32 done; /* 1, or TOP_UNKNOWN */
	__u32 below; /* begin with the area below from, if there is one */
	__u32 nr; /* areas found by this step */
	__u32 size; /* bytes of each: of struct iommufd_area_info, or of struct top_area */
};

#define TOP_AREAS 2048 /* areas of a step; four times as many of struct top_area */

#define TOP_UNKNOWN 2 /* the driver cannot report it */
#define TOP_MAX_RANGES 256

/* An area, or a range; length 0 means all 2^64 addresses. */
struct top_area {
	__u64 iova;
	__u64 length;
};

/* How exact the driver's times of maps are: the difference of two stamps of 64 ms. */
#define TOP_SINCE_NS 134217728ULL

/* A search for the area at an address, and for its neighbours. */
struct top_area_find {
	__u32 ctx;
	__u32 ioas;
	__u64 addr;
	struct top_area inside; /* the area with the address */
	struct top_area below; /* the nearest ones without it */
	struct top_area above;
	__u64 since_ns; /* when inside was mapped, to TOP_SINCE_NS; 0 if not known */
	__u32 is_inside; /* members inside, since_ns and prot are set */
	__u32 has_below;
	__u32 has_above;
	__u32 prot; /* IOMMUFD_PROT_* */
};

/* The index of the bucket of a latency. */
#ifndef __bpf__
static inline __u32 top_bucket(__u64 ns)
{
	__u32 log, bucket;

	if (ns < TOP_LOWEST_NS)
		return 0;
	log = 63 - __builtin_clzll(ns);
	bucket = 1 + (log - TOP_LOWEST_SHIFT) * 4 + ((ns >> (log - 2)) & 3);
	return bucket < TOP_BUCKETS ? bucket : TOP_BUCKETS - 1;
}

/* The lowest value of a bucket; for TOP_BUCKETS, the upper bound of the last one. */
static inline __u64 top_lower(__u32 bucket)
{
	__u32 log = TOP_LOWEST_SHIFT + (bucket - 1) / 4;

	if (!bucket)
		return 0;
	return (4ULL + (bucket - 1) % 4) << (log - 2);
}

/* The class of a length. */
static inline __u32 top_size(__u64 length)
{
	__u32 log;

	if (length < 1u << TOP_SIZE_SHIFT)
		return 0;
	log = 63 - __builtin_clzll(length) - TOP_SIZE_SHIFT + 1;
	return log < TOP_SIZES ? log : TOP_SIZES - 1;
}
#endif

/*
 * BPF has no instruction that finds the highest bit. Its programs, which run for each map and
 * unmap, look buckets up in a table that user space fills: entry i is top_bucket(i * 32). Buckets
 * are at least 32 wide, so the table covers values below 2^16. A larger value is first shifted
 * right by 8, 16 or 24 bits: each power of two has 4 buckets, so 8 bits are 32 buckets.
 */
#define TOP_TABLE 2048
#define TOP_TABLE_SHIFT 5

static inline __attribute__((always_inline)) __u32 top_bucket_in(const volatile __u8 *table,
								 __u64 ns)
{
	__u32 bucket;

	if (ns < 1ULL << 16)
		return table[ns >> TOP_TABLE_SHIFT];
	if (ns < 1ULL << 24)
		return 8 * 4 + table[ns >> (TOP_TABLE_SHIFT + 8)];
	if (ns < 1ULL << 32)
		return 16 * 4 + table[ns >> (TOP_TABLE_SHIFT + 16)];
	if (ns >= 1ULL << 40)
		return TOP_BUCKETS - 1;
	bucket = 24 * 4 + table[ns >> (TOP_TABLE_SHIFT + 24)];
	return bucket < TOP_BUCKETS ? bucket : TOP_BUCKETS - 1;
}

static inline __attribute__((always_inline)) __u32 top_size_in(const volatile __u8 *table,
							       __u64 length)
{
	__u32 class;

	if (length < 1u << TOP_SIZE_SHIFT)
		return 0;
	/* A single page, without the table. */
	if (length < 2u << TOP_SIZE_SHIFT)
		return 1;
	class = (top_bucket_in(table, length) - 1) / 4 + TOP_LOWEST_SHIFT - TOP_SIZE_SHIFT + 1;
	return class < TOP_SIZES ? class : TOP_SIZES - 1;
}

#endif /* _IOMMUFD_TOP_H */
