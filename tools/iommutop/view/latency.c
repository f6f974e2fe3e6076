// SPDX-License-Identifier: GPL-2.0-only
/*
 * The view of latencies: a heat map over time with a column for each refresh, the newest on the
 * right; below, maps by their length, with a histogram each. 'o' switches between pins, maps and
 * unmaps.
 *
 * Heat map and histograms share a scale of times, in the model's buckets. The scale only ever
 * widens, so that nothing moves up or down without a reason. The heat of a cell is the logarithm of
 * its count, because this view is for finding outliers.
 */
#include <stdio.h>
#include <string.h>

#include "human.h"
#include "term/term.h"
#include "view/view.h"

#define LABEL 7 /* columns of the times on the left */
#define STEP 4 /* buckets per power of two */
#define SCALE_LEAST (4 * STEP)

static struct view_list sizes;
static unsigned int focus;
static enum model_op shown_op;

static struct {
	unsigned int first, end; /* buckets; end 0: nothing measured yet */
} scales[MODEL_OPS];

static __u64 seen_ns; /* end of the last interval that the scales include */

static const char *const op_names[MODEL_OPS] = {
	[MODEL_PIN] = "pin",
	[MODEL_MAP] = "map",
	[MODEL_UNMAP] = "unmap",
};

/* Classes of lengths have latencies of pins and maps, not of unmaps. */
static enum model_op size_op(void)
{
	return shown_op == MODEL_UNMAP ? MODEL_MAP : shown_op;
}

static void length_cell(struct view_cell *cell, const struct view_row *of)
{
	const struct model_size *size = of->row;

	view__length_class(cell->text, size->first, size->last);
}

static unsigned int log2_of(__u64 value)
{
	return value ? 63 - __builtin_clzll(value) : 0;
}

/* The buckets of one part of the scale, which is divided into parts; at least one. */
static void part_of_scale(enum model_op op, unsigned int part, unsigned int parts,
			  unsigned int *first, unsigned int *end)
{
	unsigned int buckets = scales[op].end - scales[op].first;

	*first = scales[op].first + part * buckets / parts;
	*end = scales[op].first + (part + 1) * buckets / parts;
	if (*end == *first)
		(*end)++;
}

static void histogram_cell(struct view_cell *cell, const struct view_row *of)
{
	const struct model_size *size = of->row;
	enum model_op op = size_op();
	__u64 sums[64], most = 0;
	unsigned int width = of->width < 64 ? of->width : 64, i, bucket, first, end, used = 0;

	*cell->text = '\0';
	cell->style = STYLE_GOOD;
	if (!scales[op].end)
		return;
	/* At most a column per bucket, because a bucket drawn twice looks like two. */
	if (width > scales[op].end - scales[op].first)
		width = scales[op].end - scales[op].first;
	for (i = 0; i < width; i++) {
		part_of_scale(op, i, width, &first, &end);
		sums[i] = 0;
		for (bucket = first; bucket < end && bucket < MODEL_BUCKETS; bucket++)
			sums[i] += size->buckets_total[op][bucket];
		most = sums[i] > most ? sums[i] : most;
	}
	for (i = 0; i < width; i++) {
		/* Even a count of one has a height. */
		const char *sign =
			term__height(sums[i] ? 1 + sums[i] * (TERM_HEIGHTS - 1) / most : 0);

		if (used + strlen(sign) >= sizeof(cell->text))
			break;
		used = stpcpy(cell->text + used, sign) - cell->text;
	}
}

static char histogram_title[48];

static const struct view_column columns[] = {
	{ .name = "first",
	  .title = "LENGTH",
	  .width = 13,
	  .cell = length_cell,
	  .left = true,
	  .searched = true },
	{ .name = "maps" },
	{ .name = "pin_p50" },
	{ .name = "pin_p99" },
	{ .name = "map_p50" },
	{ .name = "map_p99" },
	{ .title = histogram_title,
	  .width = 22,
	  .least = 16,
	  .most = 64,
	  .cell = histogram_cell,
	  .left = true },
	{ .name = "maps_total" },
	{ .name = "pin_p50_total" },
	{ .name = "pin_p99_total" },
	{ .name = "map_p50_total" },
	{ .name = "map_p99_total" },
	{ .name = "map_bytes" },
};

static void start(void)
{
	view_list__close(&sizes);
	VIEW_LIST_INIT(&sizes, MODEL_SIZES, columns);
	sizes.empty = "no maps since iommutop started";
	memset(scales, 0, sizeof(scales));
	seen_ns = 0;
	shown_op = MODEL_PIN;
	focus = 0;
}

static void widen(enum model_op op, unsigned int bucket)
{
	unsigned int first = bucket / STEP * STEP, end = first + STEP;

	if (!scales[op].end) {
		scales[op].first = first;
		scales[op].end = end;
	}
	if (first < scales[op].first)
		scales[op].first = first;
	if (end > scales[op].end)
		scales[op].end = end;
}

/* Widen the scales to include a column of the heat map. */
static void widen_by_column(const struct model_heat_column *heat)
{
	int op;
	unsigned int bucket;

	for (op = 0; op < MODEL_OPS; op++)
		for (bucket = 0; bucket < MODEL_BUCKETS; bucket++)
			if (heat->buckets[op][bucket])
				widen(op, bucket);
}

static void update(struct ui *ui)
{
	const struct model *model = ui->model;
	unsigned int i;
	int op;

	/* Only new columns, from the end on: there may be hundreds. */
	for (i = model->nr_heat; i > 0 && model->heat[i - 1].time_ns > seen_ns; i--)
		widen_by_column(&model->heat[i - 1]);
	if (model->nr_heat)
		seen_ns = model->heat[model->nr_heat - 1].time_ns;
	for (op = 0; op < MODEL_OPS; op++) {
		unsigned int buckets = scales[op].end - scales[op].first;

		if (scales[op].end && buckets < SCALE_LEAST)
			scales[op].end = scales[op].first + SCALE_LEAST;
		if (scales[op].end > MODEL_BUCKETS)
			scales[op].end = MODEL_BUCKETS;
	}
}

/* Write as many figures of an operation as fit into room columns, because a cut figure lies. */
static void put_figures(char text[128], int op, const struct model_latency *latency, int room)
{
	char p50[HUMAN_MAX], p99[HUMAN_MAX], max[HUMAN_MAX];
	int forms = 3;

	if (!latency->count) {
		snprintf(text, 128, "%s: none now", op_names[op]);
		return;
	}
	human__time(p50, latency->p50_ns);
	human__time(p99, latency->p99_ns);
	human__time(max, latency->max_ns);
	do {
		if (forms == 3)
			snprintf(text, 128, "%s p50 %s p99 %s max %s", op_names[op], p50, p99, max);
		else if (forms == 2)
			snprintf(text, 128, "%s p50 %s p99 %s", op_names[op], p50, p99);
		else
			snprintf(text, 128, "%s p99 %s", op_names[op], p99);
	} while ((int)strlen(text) > room && --forms);
}

/* Draw the figures of the operation that is shown, and of the others if there is room. */
static void draw_figures(const struct ui *ui, int y, int width)
{
	int op, x = 0, room;
	char text[128];

	for (op = 0; op < MODEL_OPS; op++) {
		bool is_shown = op == (int)shown_op;

		if (!is_shown && width < 78)
			continue;
		room = width < 78 || op + 1 == MODEL_OPS ? width - x : width / 3 - 1;
		put_figures(text, op, &ui->model->latency[op], room - 2);
		/* Brackets mark the shown one, because colours may be off. */
		if (is_shown)
			term__printf(y, x, room, STYLE_BOLD, "[%s]", text);
		else
			term__put(y, x + 1, room - 1, STYLE_NORMAL, text);
		x += width / 3;
	}
}

static __u64 heat_cell(const struct model_heat_column *heat, unsigned int first, unsigned int end)
{
	__u64 sum = 0;

	for (; first < end && first < MODEL_BUCKETS; first++)
		sum += heat->buckets[shown_op][first];
	return sum;
}

/* The highest count of a cell on the screen. */
static __u64 hottest(const struct model *model, unsigned int shown, unsigned int rows,
		     unsigned int per_row)
{
	unsigned int i, row, first;
	__u64 most = 0, sum;

	for (i = model->nr_heat - shown; i < model->nr_heat; i++) {
		for (row = 0; row < rows; row++) {
			first = scales[shown_op].first + row * per_row;
			sum = heat_cell(&model->heat[i], first, first + per_row);
			most = sum > most ? sum : most;
		}
	}
	return most;
}

static void draw_heat_row(const struct model *model, int y, int width, unsigned int shown,
			  unsigned int first, unsigned int end, __u64 most)
{
	char label[HUMAN_MAX];
	unsigned int i;

	term__put_right(y, 0, LABEL, STYLE_LABEL, human__time(label, model__bucket_ns(first)));
	for (i = 0; i < shown; i++) {
		__u64 sum = heat_cell(&model->heat[model->nr_heat - shown + i], first, end);
		unsigned int fill;

		if (!sum)
			continue;
		fill = 1 + log2_of(sum) * TERM_FILLS / (log2_of(most) + 1);
		if (fill > TERM_FILLS)
			fill = TERM_FILLS;
		term__put(y, width - shown + i, 1, STYLE_HEAT_1 + fill - 1, term__fill(fill));
	}
}

/* The time from the beginning of a column to the newest end. */
static __u64 age_ns(const struct model *model, unsigned int column)
{
	const struct model_heat_column *oldest = &model->heat[column];
	__u64 begin_ns = oldest->time_ns - oldest->interval_ns;

	return model->heat[model->nr_heat - 1].time_ns - begin_ns;
}

#define LEGEND_X (LABEL + 12)
#define LEGEND_WIDTH 30

/*
 * Draw the age of the oldest column below it, and the legend beside it. Intervals may have had
 * other lengths, so the age is that of this column, not a multiple of the last interval.
 */
static void draw_axis(const struct model *model, int y, int width, unsigned int shown, __u64 most)
{
	char age[HUMAN_MAX], count[HUMAN_MAX], text[64];
	int x = LABEL + 1, legend = LEGEND_X, end, i;

	term__rule(y, x, width - x, STYLE_DIM);
	term__put_right(y, width - 4, 4, STYLE_LABEL, " now");
	if (!shown)
		return;
	x = width - shown;
	end = x;
	/* There is no room below the newest columns. */
	if (shown > 12) {
		snprintf(text, sizeof(text), "-%s ",
			 human__time(age, age_ns(model, model->nr_heat - shown)));
		end += term__put(y, x, strlen(text), STYLE_LABEL, text);
	}
	if (width < 60 || !most)
		return;
	if (end > legend && x < legend + LEGEND_WIDTH)
		legend = end + 2;
	if (legend + LEGEND_WIDTH > width - 4)
		return;
	legend += term__put(y, legend, 3, STYLE_LABEL, " 1 ");
	for (i = 1; i <= TERM_FILLS; i++)
		legend += term__put(y, legend, 1, STYLE_HEAT_1 + i - 1, term__fill(i));
	snprintf(text, sizeof(text), " %s in a column ", human__count(count, most));
	term__put(y, legend, strlen(text), STYLE_LABEL, text);
}

static void draw_heat(const struct ui *ui, int y, int lines, int width)
{
	const struct model *model = ui->model;
	unsigned int rows = lines - 1, row, per_row, shown = width - LABEL - 1, first;
	unsigned int buckets = scales[shown_op].end - scales[shown_op].first;
	__u64 most;

	if (shown > model->nr_heat)
		shown = model->nr_heat;
	if (!scales[shown_op].end) {
		term__printf(y, 1, width - 1, STYLE_DIM, "no %ss since iommutop started",
			     op_names[shown_op]);
		draw_axis(model, y + lines - 1, width, 0, 0);
		return;
	}
	/* The same number of buckets in each row: equal distances mean equal ratios. */
	per_row = (buckets + rows - 1) / rows;
	rows = (buckets + per_row - 1) / per_row;
	most = hottest(model, shown, rows, per_row);
	for (row = 0; row < rows; row++) {
		first = scales[shown_op].first + row * per_row;
		draw_heat_row(model, y + lines - 2 - row, width, shown, first, first + per_row,
			      most ? most : 1);
	}
	draw_axis(model, y + lines - 1, width, shown, most);
}

static void set_histogram_title(void)
{
	enum model_op op = size_op();
	char first[HUMAN_MAX], last[HUMAN_MAX];

	if (scales[op].end)
		snprintf(histogram_title, sizeof(histogram_title), "ALL %sS %s-%s",
			 op == MODEL_PIN ? "PIN" : "MAP",
			 human__time(first, model__bucket_ns(scales[op].first)),
			 human__time(last, model__bucket_ns(scales[op].end)));
	else
		strcpy(histogram_title, op == MODEL_PIN ? "ALL PINS" : "ALL MAPS");
}

#define HEAT_LEAST 4 /* lines, one of them the axis */
#define LIST_LEAST 4

static void draw(const struct view *view, struct ui *ui, int y, int lines, int width)
{
	int below, heat;

	(void)view;
	set_histogram_title();
	draw_figures(ui, y++, width);
	lines--;
	below = sizes.nr + 1 > LIST_LEAST ? (int)sizes.nr + 1 : LIST_LEAST;
	if (below > lines / 2)
		below = lines / 2;
	heat = lines - below;
	if (heat < HEAT_LEAST) {
		view_list__draw(&sizes, ui->model, y, 0, lines, width, true);
		return;
	}
	draw_heat(ui, y, heat, width);
	view_list__draw(&sizes, ui->model, y + heat, 0, below, width, true);
}

static bool act(const struct view *view, struct ui *ui, enum action action)
{
	(void)view;
	(void)ui;
	if (action != ACTION_OTHER)
		return false;
	shown_op = (shown_op + 1) % MODEL_OPS;
	return true;
}

const struct view view_latency = {
	.name = "latency",
	.title = "Latency",
	.lists = { &sizes },
	.focus = &focus,
	.start = start,
	.update = update,
	.draw = draw,
	.act = act,
};
