/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Graphs over time: a column for each refresh, the newest on the right.
 *
 * An amount that is large all the time has a scale from its least value on, because its changes
 * would be too small to see otherwise. Only a value of 0 has no height, and one that is MODEL_NONE.
 */
#ifndef _IOMMUTOP_GRAPH_H
#define _IOMMUTOP_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

struct graph {
	const char *label;
	const char *figure; /* the newest value */
	const __u64 *values; /* newest first; MODEL_NONE: there is none */
	unsigned int nr;
	bool from_least;
	/* Writes a value for people, into a text of HUMAN_MAX. */
	char *(*human)(char *text, __u64 value);
};

/*
 * Draw label, figure and graph. With from_least, the change over the graph stands before it; with
 * more than one line, the highest value is below the figure.
 */
void graph__draw(const struct graph *graph, int y, int x, int lines, int width);

/* Write a graph of one line, aligned to the right, without label and figure. */
void graph__line(char *text, size_t size, unsigned int width, const __u64 *values, unsigned int nr,
		 bool from_least);

#endif /* _IOMMUTOP_GRAPH_H */
