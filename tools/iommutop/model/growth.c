// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steady growth, see growth.h.
 */
#include <string.h>

#include "clock.h"
#include "model/growth.h"
#include "model/rows.h"

#define POINTS_LEAST 10 /* fewer rise by chance too often */
#define SPAN_LEAST_NS (5 * NS_PER_SEC)
#define SPACING_MOST_NS (30 * NS_PER_SEC)

/* Make room for a point: join pairs of periods, or drop the oldest one. */
static void make_room(struct growth *growth)
{
	struct growth_point *points = growth->points;
	__u64 span_ns = points[growth->nr - 1].time_ns - points[0].time_ns;
	unsigned int i;

	if (growth->spacing_ns >= SPACING_MOST_NS) {
		memmove(points, points + 1, --growth->nr * sizeof(*points));
		return;
	}
	growth->spacing_ns = 2 * span_ns / (growth->nr - 1);
	growth->nr /= 2;
	for (i = 0; i < growth->nr; i++) {
		const struct growth_point one = points[2 * i], other = points[2 * i + 1];

		points[i].time_ns = one.time_ns;
		points[i].least = one.least < other.least ? one.least : other.least;
	}
}

static void add_point(struct growth *growth, __u64 time_ns, __u64 bytes)
{
	struct growth_point *last = growth->nr ? &growth->points[growth->nr - 1] : NULL;

	if (last && time_ns - last->time_ns < growth->spacing_ns) {
		if (bytes < last->least)
			last->least = bytes;
		return;
	}
	if (growth->nr == GROWTH_POINTS)
		make_room(growth);
	growth->points[growth->nr++] = (struct growth_point){ time_ns, bytes };
}

/* Whether three quarters of all pairs of periods rise, and the last quarter does, too. */
static bool is_steady(const struct growth *growth)
{
	const struct growth_point *points = growth->points;
	unsigned int nr = growth->nr, i, j;
	int rises = 0;

	if (nr < POINTS_LEAST || points[nr - 1].time_ns - points[0].time_ns < SPAN_LEAST_NS ||
	    points[nr - 1].least <= points[nr - 1 - nr / 4].least)
		return false;
	for (i = 0; i < nr; i++)
		for (j = i + 1; j < nr; j++)
			rises += (points[j].least > points[i].least) -
				 (points[j].least < points[i].least);
	return rises * 4 >= (int)(nr * (nr - 1) / 2) * 3;
}

/* The slope between the means of the first and of the last quarter. */
static __u64 per_minute(const struct growth *growth)
{
	unsigned int quarter = growth->nr / 4, i;
	double bytes = 0, ns = 0;

	for (i = 0; i < quarter; i++) {
		const struct growth_point *first = &growth->points[i];
		const struct growth_point *last = &growth->points[growth->nr - quarter + i];

		bytes += (double)last->least - (double)first->least;
		ns += last->time_ns - first->time_ns;
	}
	return bytes > 0 ? integer_of(bytes / ns * 60 * NS_PER_SEC) : 0;
}

__u64 growth__add(struct growth *growth, __u64 time_ns, __u64 bytes)
{
	add_point(growth, time_ns, bytes);
	if (!is_steady(growth)) {
		growth->since_ns = 0;
		return 0;
	}
	if (!growth->since_ns)
		growth->since_ns = growth->points[0].time_ns;
	return per_minute(growth);
}
