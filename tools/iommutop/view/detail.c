// SPDX-License-Identifier: GPL-2.0-only
/*
 * The view of one context: facts about it in words, graphs of its last refreshes, its
 * devices, and below these one of three lists: its last faults and refusals, the refusals with
 * policy and hook, or its payers.
 *
 * A context that is closed is shown as it was last seen, as long as the model keeps its history.
 */
#include <stdio.h>
#include <string.h>

#include "human.h"
#include "model/facts.h"
#include "term/term.h"
#include "text.h"
#include "view/graph.h"
#include "view/view.h"

static struct view_list devices, events, refusals, payers;
static unsigned int focus, below; /* indexes of view_detail.lists */
static __u32 listed; /* context of the rows in the lists */

static const struct view_column device_columns[] = {
	VIEW_DEVICE_COLUMN,	    { .name = "attached", .width = 16, .least = 12, .most = 24 },
	{ .name = "hwpt" },	    { .name = "ioas" },
	{ .name = "virt_pasid" },   { .name = "faults" },
	{ .name = "faults_total" }, { .name = "group" },
	{ .name = "nr_pasids" },    { .name = "id" },
};

static const struct view_column event_columns[] = {
	{ .name = "time", .width = 12, .least = 8, .left = true },
	{ .name = "what", .width = 9, .cell = view__what_cell, .left = true },
	{ .name = "name", .width = 12, .most = 20, .middle = true },
	{ .name = "pasid" },
	{ .name = "explanation",
	  .title = "REASON",
	  .width = 30,
	  .least = 12,
	  .most = 160,
	  .roomy = 60,
	  .cell = view__reason_cell,
	  .left = true,
	  .searched = true },
	{ .name = "latency" },
	{ .name = "addr" },
	{ .name = "access" },
	{ .name = "pid" },
	{ .name = "comm", .width = 12, .most = 15 },
};

static const struct view_column refusal_columns[] = {
	{ .name = "time", .width = 12, .least = 8, .left = true },
	{ .name = "policy", .width = 8, .most = 20 },
	{ .name = "hook", .width = 12, .least = 8, .most = 16 },
	{ .name = "object" },
	{ .name = "error", .width = 7, .most = 10 },
	{ .name = "reason", .width = 24, .least = 12, .roomy = 40, .most = 160 },
	{ .name = "what" },
	{ .name = "pid" },
	{ .name = "comm", .width = 12, .most = 15 },
};

static const struct view_column payer_columns[] = {
	{ .name = "pid" },     { .name = "comm", .width = 12, .most = 15 },
	{ .name = "uid" },     { .name = "pinned" },
	{ .name = "charged" }, { .name = "limit_used" },
	{ .name = "limit" },   { .name = "limit_share" },
	{ .name = "state" },   { .name = "cgroup", .width = 24, .most = 60 },
};

static void start(void)
{
	view_list__close(&devices);
	view_list__close(&events);
	view_list__close(&refusals);
	view_list__close(&payers);
	VIEW_LIST_INIT(&devices, MODEL_DEVICES, device_columns);
	VIEW_LIST_INIT(&events, MODEL_LINES, event_columns);
	VIEW_LIST_INIT(&refusals, MODEL_REFUSALS, refusal_columns);
	VIEW_LIST_INIT(&payers, MODEL_PAYERS, payer_columns);
	devices.empty = "no device is bound to it";
	events.empty = "new faults and refusals of it appear here";
	events.follows = true;
	events.descending = false;
	refusals.empty = "no call of it was refused since iommutop started";
	refusals.follows = true;
	payers.empty = "no process has mapped memory through it";
	listed = 0;
	focus = 0;
	below = 1;
}

/* ---- which context ---- */

/* Give the lists the rows of the context. */
static void want(struct ui *ui)
{
	unsigned int i;

	ui->model->want.history = ui->ctx;
	for (i = 0; i < VIEW_LISTS && view_detail.lists[i]; i++) {
		struct view_list *list = view_detail.lists[i];

		list->only_ctx = ui->ctx ? ui->ctx : EVENT_NONE;
		if (ui->ctx == listed)
			continue;
		view_list__home(list, ui->model);
		if (list->follows)
			list->has_selected = false;
	}
	listed = ui->ctx;
}

/* Without a choice, the context with most memory pinned. */
static void choose(struct ui *ui)
{
	const struct model_node *best = NULL, *node;
	unsigned int i;

	for (i = 0; i < model__nr(ui->model, MODEL_NODES) && !ui->ctx; i++) {
		node = model__row(ui->model, MODEL_NODES, i);
		if (node->ioas == EVENT_NONE && (!best || node->pinned > best->pinned))
			best = node;
	}
	if (best)
		ui->ctx = best->ctx;
	want(ui);
}

static void enter(struct ui *ui)
{
	choose(ui);
	/* So that 9 shows its areas. */
	view_ioas__of(ui, ui->ctx);
}

static void leave(struct ui *ui)
{
	ui->model->want.history = 0;
}

static const struct model_node *find_node(const struct ui *ui)
{
	const struct model_key key = { .kind = MODEL_KIND_CTX, .ctx = ui->ctx };
	int index = model__find(ui->model, MODEL_NODES, &key);

	return index < 0 ? NULL : model__row(ui->model, MODEL_NODES, index);
}

static bool act(const struct view *view, struct ui *ui, enum action action)
{
	const struct model_node *shown = find_node(ui), *next;
	int index = shown ? (int)model__index(ui->model, MODEL_NODES, shown) : -1;

	if (action == ACTION_OPEN || action == ACTION_BACK) {
		ui->next_view = VIEW_OVERVIEW;
		return true;
	}
	next = view__neighbour(ui, index, action, false);
	if (!next)
		return view__switch_focus(view, ui, action);
	ui->ctx = next->ctx;
	ui->ctx_is_selected = true;
	ui->ioas_is_selected = false;
	enter(ui);
	return true;
}

/* ---- facts ---- */

#define LABEL 8

/*
 * Draw phrases, or only count their lines. A line ends before a phrase that does not fit; one that
 * is longer than a line is cut. If there are too few lines, a sign stands behind the last phrase
 * that fits.
 */
static int put_fact(const struct fact *fact, int y, int x, int lines, int width, bool is_drawn)
{
	int line = 0, at = LABEL;
	unsigned int i;

	if (is_drawn && lines > 0)
		term__printf(y, x, LABEL, STYLE_LABEL, "%-8s", fact->label);
	for (i = 0; i < fact->nr; i++) {
		const char *comma = i + 1 < fact->nr ? "," : "";
		int size = text__columns(fact->phrases[i]) + strlen(comma);

		if (at > LABEL && at + size > width) {
			line++;
			if (is_drawn && line == lines)
				term__printf(y + line - 1, x + (at < width ? at : width - 1), 1,
					     STYLE_DIM, "%s", term__sign(SIGN_MORE_RIGHT));
			at = LABEL;
		}
		if (is_drawn && line < lines)
			term__printf(y + line, x + at, width - at, i ? STYLE_NORMAL : STYLE_BOLD,
				     "%s%s", fact->phrases[i], comma);
		at += size + 1;
	}
	return line + 1;
}

#define TWO_COLUMNS 150

/* Draw as many facts as there are lines for, in a wide window two side by side. */
static int put_facts(const struct facts *facts, int y, int lines, int width, bool is_drawn)
{
	unsigned int columns = width >= TWO_COLUMNS ? 2 : 1, i, j;
	int part = width / columns, used = 0;

	for (i = 0; i < facts->nr && used < lines; i += columns) {
		int most = 0;

		for (j = 0; j < columns && i + j < facts->nr; j++) {
			int needed = put_fact(&facts->lines[i + j], y + used, j * part,
					      lines - used, part - (j + 1 < columns), is_drawn);

			most = needed > most ? needed : most;
		}
		used += most;
	}
	return used < lines ? used : lines;
}

/* ---- graphs ---- */

static __u64 per_second(__u64 calls, __u64 interval_ns)
{
	__u64 rate;

	if (calls == MODEL_NONE || !calls || !interval_ns)
		return calls == MODEL_NONE ? MODEL_NONE : 0;
	rate = ((double)calls * NS_PER_SEC + interval_ns / 2) / interval_ns;
	return rate ? rate : 1;
}

enum graph_of { PINNED, AREAS, MAPS, PIN_P99, MAP_P50, MAP_P99, NR_GRAPHS };

static __u64 value_of(const struct model_moment *moment, enum graph_of of)
{
	switch (of) {
	case PINNED:
		return moment->pinned;
	case AREAS:
		return moment->areas;
	case MAPS:
		return per_second(moment->maps, moment->interval_ns);
	case PIN_P99:
		return moment->pin_p99_ns;
	case MAP_P50:
		return moment->map_p50_ns;
	default:
		return moment->map_p99_ns;
	}
}

static const struct {
	const char *label;
	const char *column; /* of the newest value */
	char *(*human)(char *text, __u64 value);
	bool from_least;
} graphs[NR_GRAPHS] = {
	[PINNED] = { "Pinned", "pinned", human__bytes, true },
	[AREAS] = { "Areas", "areas", human__count, true },
	[MAPS] = { "Maps/s", "maps", human__count, false },
	[PIN_P99] = { "Pin p99", "pin_p99", human__time, false },
	[MAP_P50] = { "Map p50", "map_p50", human__time, false },
	[MAP_P99] = { "Map p99", "map_p99", human__time, false },
};

static void draw_graph(const struct ui *ui, const struct model_series *series, enum graph_of of,
		       int y, int x, int lines, int width)
{
	static __u64 values[MODEL_MOMENTS];
	char figure[MODEL_CELL];
	const struct graph graph = {
		.label = graphs[of].label,
		.figure = figure,
		.values = values,
		.nr = model__nr_moments(series),
		.from_least = graphs[of].from_least,
		.human = graphs[of].human,
	};
	unsigned int ago;

	for (ago = 0; ago < graph.nr; ago++)
		values[ago] = value_of(model__moment(series, ago), of);
	view__text(figure, ui->model, MODEL_HISTORY, graphs[of].column, model__moment(series, 0));
	graph__draw(&graph, y, x, lines, width);
}

#define GRAPHS_NARROW 60 /* below, there is one column of graphs */

static unsigned int graph_columns(int width)
{
	return width < GRAPHS_NARROW ? 1 : 2;
}

/* Draw graphs, and below them the time from the oldest column of a graph to the newest. */
static void draw_graphs(const struct ui *ui, const struct model_series *series, int y, int rows,
			int lines, int width)
{
	unsigned int columns = graph_columns(width), i;
	int part = columns > 1 ? width / 2 - 1 : width, row;

	if (!model__nr_moments(series))
		return;
	for (i = 0; i < NR_GRAPHS; i++) {
		row = i / columns;
		if (row < rows)
			draw_graph(ui, series, i, y + row * lines, i % columns ? width - part : 0,
				   lines, part);
	}
}

static void draw_axis(const struct model_series *series, int y, int width)
{
	unsigned int nr = model__nr_moments(series);
	const struct model_moment *oldest;
	char age[HUMAN_MAX];
	__u64 begin_ns;

	if (!nr)
		return;
	oldest = model__moment(series, nr - 1);
	begin_ns = oldest->time_ns - oldest->interval_ns;
	term__printf(y, 0, width, STYLE_LABEL,
		     "graphs: a column for each refresh, the last %u in %s", nr,
		     human__time(age, model__moment(series, 0)->time_ns - begin_ns));
}

/* ---- all ---- */

static void draw_absent(const struct ui *ui, int y, int width)
{
	unsigned int i;

	for (i = 0; i < VIEW_LISTS && view_detail.lists[i]; i++)
		view_list__hide(view_detail.lists[i]);
	term__put(y, 1, width - 1, STYLE_DIM,
		  !ui->model->refreshes ? "waiting for the next refresh" :
		  !ui->ctx && ui->model->is_filtered ?
					  "no context passes the filter of the command line" :
		  !ui->ctx ? "no process has /dev/iommu open" :
			     "this context was closed; [ and ] select another one");
}

#define LISTS_LEAST 8
#define GRAPH_ROWS 3
#define GRAPH_MOST 8 /* lines of a graph */
#define FACTS_LEAST 2

/* Divide the lines among facts, graphs and lists; the lists get the rest. */
static void divide(int lines, int needed, int *facts, int *graph_rows, int *graph_lines)
{
	int lists = devices.nr + 1 + view_detail.lists[below]->nr + 1, left;

	lists = lists < LISTS_LEAST ? LISTS_LEAST : lists;
	lists = lists > lines / 2 ? lines / 2 : lists;
	*graph_rows = lines >= 10 ? GRAPH_ROWS : lines >= 6 ? 1 : 0;
	left = lines - lists - *graph_rows;
	*facts = needed < left ? needed : left;
	if (*facts < FACTS_LEAST)
		*facts = FACTS_LEAST;
	left -= *facts + 1; /* a line for the legend */
	*graph_lines = 1;
	if (*graph_rows && left > 0)
		*graph_lines += left / *graph_rows;
	if (*graph_lines > GRAPH_MOST)
		*graph_lines = GRAPH_MOST;
}

static void draw(const struct view *view, struct ui *ui, int y, int lines, int width)
{
	const struct model_node *node = find_node(ui);
	const struct model_series *series = node ? node->series : model__series(ui->model, ui->ctx);
	int fact_lines, graph_rows, graph_lines, needed;
	static struct facts facts; /* too large for the stack */
	bool is_closed = !node;
	char age[HUMAN_MAX];

	if (!node && series)
		node = &series->last;
	if (!node) {
		draw_absent(ui, y, width);
		return;
	}
	if (focus)
		below = focus;
	facts__of(&facts, ui->model, node, term__utf8());
	needed = put_facts(&facts, y, lines, width, false) + is_closed;
	divide(lines, needed, &fact_lines, &graph_rows, &graph_lines);
	if (is_closed) {
		term__printf(y++, 0, width, STYLE_WARN, "closed %s ago; this is its last state",
			     human__time(age, ui->model->time_ns - series->seen_ns));
		fact_lines--;
		lines--;
	}
	put_facts(&facts, y, fact_lines, width, true);
	y += fact_lines;
	lines -= fact_lines;
	if (series && graph_rows) {
		draw_graphs(ui, series, y, graph_rows, graph_lines, width);
		y += graph_rows * graph_lines;
		lines -= graph_rows * graph_lines;
	}
	if (series && graph_lines > 1) {
		draw_axis(series, y++, width);
		lines--;
	}
	view__draw_with(view, below, ui, y, lines, width);
}

/* The selected reason, if there was no room for all of it. */
static bool hint(struct ui *ui, char *text, enum term_style *style)
{
	const struct view_list *list = view_detail.lists[focus];
	const struct model_line *line = view_list__row(list, ui->model);
	bool is_explained = list == &events && line && line->explanation[0];

	*style = STYLE_NORMAL;
	return view__cut_text(&view_detail, ui, is_explained ? "explanation" : "reason", text);
}

const struct view view_detail = {
	.name = "detail",
	.title = "Detail",
	.lists = { &devices, &events, &refusals, &payers },
	.focus = &focus,
	.start = start,
	.enter = enter,
	.leave = leave,
	.update = choose,
	.draw = draw,
	.act = act,
	.hint = hint,
};
