// SPDX-License-Identifier: GPL-2.0-only
/*
 * Graphs over time, see graph.h.
 */
#include <stdio.h>
#include <string.h>

#include "human.h"
#include "model/model.h"
#include "term/term.h"
#include "view/graph.h"

#define LABEL 8
#define FIGURE 7
#define CHANGE 7

struct scale {
	__u64 least;
	__u64 most;
};

/* The least and the highest of the values that are shown. */
static struct scale scale_of(const __u64 *values, unsigned int nr)
{
	struct scale scale = { MODEL_NONE, 0 };
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (values[i] == MODEL_NONE)
			continue;
		scale.least = values[i] < scale.least ? values[i] : scale.least;
		scale.most = values[i] > scale.most ? values[i] : scale.most;
	}
	return scale;
}

/* The height of a value, of at most so many. */
static unsigned int height_of(__u64 value, const struct scale *scale, bool from_least,
			      unsigned int heights)
{
	__u64 least = from_least ? scale->least : 0;

	if (!value || value == MODEL_NONE)
		return 0;
	if (scale->most == least)
		return heights > TERM_HEIGHTS ? heights / 2 : TERM_HEIGHTS / 2;
	/* In floating point, because the product may overflow. */
	return 1 + (double)(value - least) / (scale->most - least) * (heights - 1);
}

static void draw_columns(const struct graph *graph, int y, int x, int lines, int width,
			 const struct scale *scale)
{
	unsigned int shown = graph->nr < (unsigned int)width ? graph->nr : (unsigned int)width, i;
	int line;

	for (i = 0; i < shown; i++) {
		unsigned int height =
			height_of(graph->values[i], scale, graph->from_least, lines * TERM_HEIGHTS);

		for (line = lines - 1; line >= 0 && height; line--) {
			unsigned int part = height < TERM_HEIGHTS ? height : TERM_HEIGHTS;

			term__put(y + line, x + width - 1 - i, 1, STYLE_GOOD, term__height(part));
			height -= part;
		}
	}
}

/* Write the change from the oldest to the newest value that is shown. */
static void put_change(char text[CHANGE + HUMAN_MAX], const struct graph *graph, unsigned int shown)
{
	__u64 first = graph->values[shown - 1], last = graph->values[0];
	char change[HUMAN_MAX];

	graph->human(change, last < first ? first - last : last - first);
	sprintf(text, "%c%-6s", last < first ? '-' : '+', change);
}

void graph__draw(const struct graph *graph, int y, int x, int lines, int width)
{
	int before = LABEL + FIGURE + (graph->from_least ? CHANGE : 0), shown;
	char text[CHANGE + HUMAN_MAX];
	struct scale scale;

	term__printf(y, x, LABEL, STYLE_LABEL, "%-8s", graph->label);
	term__printf(y, x + LABEL, FIGURE, STYLE_BOLD, "%6s ", graph->figure);
	width -= before;
	if (width <= 0 || !graph->nr)
		return;
	shown = graph->nr < (unsigned int)width ? (int)graph->nr : width;
	scale = scale_of(graph->values, shown);
	if (graph->from_least) {
		put_change(text, graph, shown);
		term__put(y, x + LABEL + FIGURE, CHANGE, STYLE_LABEL, text);
	}
	if (lines > 1 && scale.least != MODEL_NONE) {
		term__put(y + 1, x, LABEL, STYLE_LABEL, " highest");
		term__printf(y + 1, x + LABEL, FIGURE, STYLE_LABEL, "%6s ",
			     graph->human(text, scale.most));
	}
	if (lines > 2 && scale.least != MODEL_NONE) {
		term__put(y + 2, x, LABEL, STYLE_LABEL, " lowest");
		term__printf(y + 2, x + LABEL, FIGURE, STYLE_LABEL, "%6s ",
			     graph->human(text, scale.least));
	}
	draw_columns(graph, y, x + before, lines, width, &scale);
}

void graph__line(char *text, size_t size, unsigned int width, const __u64 *values, unsigned int nr,
		 bool from_least)
{
	unsigned int shown = nr < width ? nr : width, i;
	const struct scale scale = scale_of(values, shown);
	size_t used = 0, length;
	const char *sign;

	*text = '\0';
	for (i = width; i--;) {
		sign = i < shown ? term__height(
					   height_of(values[i], &scale, from_least, TERM_HEIGHTS)) :
				   " ";
		length = strlen(sign);
		if (used + length >= size)
			return;
		memcpy(text + used, sign, length + 1);
		used += length;
	}
}
