// SPDX-License-Identifier: GPL-2.0-only
/*
 * Histograms: each value has one bucket, buckets are in order, the width of a bucket is at most
 * 1/16 of its values, and a percentile is at least the true one and at most 1/16 more.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>

#include "../lib/tap.h"
#include "hist.h"

#define NR_VALUES 10007

static void test_buckets(void)
{
	bool in_order = true, narrow = true, inverse = true;
	__u32 bucket;

	for (bucket = 0; bucket + 1 < HIST_BUCKETS; bucket++) {
		__u64 low = hist_lower(bucket), next = hist_lower(bucket + 1);

		in_order &= next > low;
		narrow &= (next - low) * HIST_SUB <= low || next - low == 1;
		inverse &= hist_bucket(low) == bucket && hist_bucket(next - 1) == bucket;
	}
	tap__ok(in_order, "buckets are in order");
	tap__ok(narrow, "the width of a bucket is at most 1/16 of its values");
	tap__ok(inverse, "each bucket contains its first and its last value");
	tap__ok(hist_bucket(~0ULL) == HIST_BUCKETS - 1,
		"the last bucket contains the greatest number");
	tap__ok(hist_log2(1) == 0 && hist_log2(2) == 1 && hist_log2(3) == 1 &&
			hist_log2(1ULL << 63) == 63,
		"logarithms");
}

static int compare(const void *a, const void *b)
{
	const __u64 *one = a, *other = b;

	return *one == *other ? 0 : *one < *other ? -1 : 1;
}

static void test_percentiles(void)
{
	static const unsigned int wanted[] = { 1, 500, 900, 990, 999, 1000 };
	static __u64 values[NR_VALUES];
	static struct hist hist;
	__u64 sum = 0, exact, got;
	bool good = true;
	unsigned int i;

	srandom(7);
	for (i = 0; i < NR_VALUES; i++) {
		values[i] = (__u64)random() >> (random() % 31);
		sum += values[i];
		hist__add(&hist, values[i]);
	}
	qsort(values, NR_VALUES, sizeof(values[0]), compare);
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		exact = values[(NR_VALUES * wanted[i] + 999) / 1000 - 1];
		got = hist__percentile(&hist, wanted[i]);
		if (got >= exact && got <= exact + exact / HIST_SUB)
			continue;
		tap__diag("%u of a thousand: %llu, exactly %llu", wanted[i], got, exact);
		good = false;
	}
	tap__ok(good, "percentiles are at least the true ones and at most 1/16 more");
	tap__ok(hist.max == values[NR_VALUES - 1] && hist.min == values[0] && hist.sum == sum &&
			hist.count == NR_VALUES,
		"count, sum, minimum and maximum are exact");
	tap__ok(hist__percentile(&hist, 1000) == hist.max, "the 100th percentile is the maximum");
}

static void test_print(void)
{
	static const char want[] =
		"       0 .. 2               1 |####################                    |\n"
		"       2 .. 4               0 |                                        |\n"
		"       4 .. 8               2 |########################################|\n";
	static struct hist hist;
	char text[2048] = "";
	FILE *file = fmemopen(text, sizeof(text), "w");

	tap__ok(!hist__percentile(&hist, 500), "percentiles of an empty histogram are 0");
	hist__print(&hist, HIST_NS, file);
	hist__add(&hist, 0);
	hist__add(&hist, 5);
	hist__add(&hist, 5);
	hist__print(&hist, HIST_COUNT, file);
	fclose(file);
	tap__ok(!strcmp(text, want), "a row is printed for each power of two");
}

int main(void)
{
	tap__start();
	test_buckets();
	test_percentiles();
	test_print();
	return tap__done();
}
