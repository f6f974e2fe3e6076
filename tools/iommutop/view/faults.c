// SPDX-License-Identifier: GPL-2.0-only
/*
 * The view of faults: counters by device and PASID, and the event stream, which follows its end
 * until another line is selected. Bad lines come last.
 */
#include "event.h"
#include "view/view.h"

static struct view_list rates, stream;
static unsigned int focus;

/* The explanation says more than the reason. */
void view__reason_cell(struct view_cell *cell, const struct view_row *of)
{
	const struct model_line *line = of->row;

	view__text(cell->text, of->model, MODEL_LINES,
		   line->explanation[0] ? "explanation" : "reason", line);
	cell->style = STYLE_NORMAL;
}

/* DMA faults have a colour of their own, so that other lines do not bury them. */
void view__what_cell(struct view_cell *cell, const struct view_row *of)
{
	const struct model_line *line = of->row;

	view__text(cell->text, of->model, MODEL_LINES, "what", line);
	if (line->event == EVENT_dma_fault || line->event == EVENT_io_page_fault)
		cell->style = STYLE_BAD;
	else
		cell->style = line->bad ? STYLE_WARN : STYLE_NORMAL;
}

static const struct view_column rate_columns[] = {
	{ .name = "machine", .width = 7, .least = 6, .most = 20 },
	{ .name = "name", .width = 12, .roomy = 14, .most = 20, .middle = true },
	{ .name = "pasid" },
	{ .name = "requests" },
	{ .name = "requests_total" },
	{ .name = "done_total" },
	{ .name = "invalid_total" },
	{ .name = "dma_faults_total", .width = 5 },
	{ .name = "response_p50" },
	{ .name = "response_p99" },
	{ .name = "dma_faults" },
	{ .name = "failed_total" },
	{ .name = "comm" },
	{ .name = "pid" },
	{ .name = "ctx" },
	{ .name = "done" },
	{ .name = "invalid" },
	{ .name = "response_max" },
	{ .name = "bdf" },
	{ .name = "response_p50_total" },
	{ .name = "response_p99_total" },
};

static const struct view_column stream_columns[] = {
	{ .name = "time", .width = 12, .least = 8, .left = true }, /* or without milliseconds */
	{ .name = "machine", .width = 7, .least = 6, .most = 20 },
	{ .name = "what", .cell = view__what_cell },
	{ .name = "name", .width = 12, .most = 20, .middle = true },
	{ .name = "pasid" },
	{ .name = "latency" },
	{ .name = "explanation",
	  .title = "REASON",
	  .width = 20,
	  .roomy = 40,
	  .least = 12,
	  .most = 160,
	  .cell = view__reason_cell,
	  .left = true,
	  .searched = true },
	{ .name = "comm", .width = 12, .most = 15 },
	{ .name = "addr" },
	{ .name = "access" },
	{ .name = "pid" },
	{ .name = "ctx" },
};

static void start(void)
{
	view_list__close(&rates);
	view_list__close(&stream);
	VIEW_LIST_INIT(&rates, MODEL_FAULTS, rate_columns);
	VIEW_LIST_INIT(&stream, MODEL_LINES, stream_columns);
	rates.empty = "no faults since iommutop started";
	stream.empty = "new faults and refusals appear here";
	/* Bad lines are at the end, which is shown: answered requests must not bury them. */
	stream.follows = true;
	stream.descending = false;
	focus = 0;
}

/* The selected reason, if there was no room for all of it. */
static bool hint(struct ui *ui, char *text, enum term_style *style)
{
	const struct view_list *list = view_faults.lists[focus];
	const struct model_line *line = view_list__row(list, ui->model);
	bool is_explained = list == &stream && line && line->explanation[0];

	*style = STYLE_NORMAL;
	return view__cut_text(&view_faults, ui, is_explained ? "explanation" : "reason", text);
}

const struct view view_faults = {
	.name = "faults",
	.title = "Faults",
	.lists = { &rates, &stream },
	.focus = &focus,
	.start = start,
	.draw = view__draw_two,
	.act = view__switch_focus,
	.hint = hint,
};
