// SPDX-License-Identifier: GPL-2.0-only
/*
 * Histograms, see hist.h.
 */
#include <string.h>

#include "hist.h"
#include "human.h"

#define BAR_WIDTH 40

void hist__add(struct hist *hist, __u64 value)
{
	if (!hist->count || value < hist->min)
		hist->min = value;
	if (value > hist->max)
		hist->max = value;
	hist->count++;
	hist->sum += value;
	hist->buckets[hist_bucket(value)]++;
}

static __u64 upper(__u32 bucket)
{
	return bucket + 1 < HIST_BUCKETS ? hist_lower(bucket + 1) - 1 : ~0ULL;
}

__u64 hist__percentile(const struct hist *hist, unsigned int per_mille)
{
	__u64 rank, below = 0;
	__u32 i;

	if (!hist->count)
		return 0;
	/* The rank of the value, from 1, rounded up, computed without overflow. */
	rank = hist->count / 1000 * per_mille + (hist->count % 1000 * per_mille + 999) / 1000;
	if (!rank)
		rank = 1;
	for (i = 0; i < HIST_BUCKETS; i++) {
		below += hist->buckets[i];
		if (below >= rank)
			return upper(i) < hist->max ? upper(i) : hist->max;
	}
	return hist->max;
}

static char *format(char text[HUMAN_MAX], enum hist_unit unit, __u64 value)
{
	switch (unit) {
	case HIST_NS:
		return human__time(text, value);
	case HIST_BYTES:
		return human__bytes(text, value);
	default:
		return human__count(text, value);
	}
}

/* Count the values in [2^power, 2^(power + 1)); power 0 includes the value 0. */
static __u64 count_power(const struct hist *hist, unsigned int power)
{
	__u64 least = power ? 1ULL << power : 0;
	__u64 last = power >= 63 ? ~0ULL : (2ULL << power) - 1;
	__u64 count = 0;
	__u32 i;

	for (i = hist_bucket(least); i <= hist_bucket(last); i++)
		count += hist->buckets[i];
	return count;
}

void hist__print(const struct hist *hist, enum hist_unit unit, FILE *out)
{
	unsigned int power, first, last, width;
	char low[HUMAN_MAX], high[HUMAN_MAX];
	__u64 most = 0, count;

	if (!hist->count)
		return;
	first = hist_log2(hist->min | 1);
	last = hist_log2(hist->max | 1);
	for (power = first; power <= last; power++) {
		count = count_power(hist, power);
		most = count > most ? count : most;
	}
	for (power = first; power <= last; power++) {
		count = count_power(hist, power);
		width = (double)count / most * BAR_WIDTH + 0.5;
		if (count && !width)
			width = 1;
		fprintf(out, "  %6s .. %-6s %10llu |%.*s%*s|\n",
			format(low, unit, power ? 1ULL << power : 0),
			power >= 63 ? "" : format(high, unit, 2ULL << power), count, (int)width,
			"########################################", (int)(BAR_WIDTH - width), "");
	}
}

void hist__put_json(const struct hist *hist, enum hist_unit unit, struct json *json)
{
	static const char *const suffixes[] = { "_ns", "_bytes", "" };
	const struct {
		const char *name;
		__u64 value;
	} values[] = {
		{ "sum", hist->sum },
		{ "min", hist->min },
		{ "p50", hist__percentile(hist, 500) },
		{ "p90", hist__percentile(hist, 900) },
		{ "p99", hist__percentile(hist, 990) },
		{ "max", hist->max },
	};
	char key[32];
	unsigned int i;

	json__u64(json, "count", hist->count);
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(key, sizeof(key), "%s%s", values[i].name, suffixes[unit]);
		json__u64(json, key, values[i].value);
	}
	json__array(json, "buckets");
	for (i = 0; i < HIST_BUCKETS; i++) {
		if (!hist->buckets[i])
			continue;
		json__array(json, NULL);
		json__u64(json, NULL, hist_lower(i));
		json__u64(json, NULL, upper(i));
		json__u64(json, NULL, hist->buckets[i]);
		json__end(json);
	}
	json__end(json);
}
