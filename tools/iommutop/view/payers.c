// SPDX-License-Identifier: GPL-2.0-only
/*
 * The view of payers: the processes that map through each context, and the use of their limits.
 */
#include <stdio.h>

#include "term/term.h"
#include "view/view.h"

static struct view_list list;
static unsigned int focus;

static void limit_cell(struct view_cell *cell, const struct view_row *of)
{
	const struct model_payer *payer = of->row;
	char share[MODEL_CELL];

	view__text(share, of->model, MODEL_PAYERS, "limit_share", payer);
	if (payer->limit_share == MODEL_NONE) {
		snprintf(cell->text, sizeof(cell->text), "%.64s", share);
		cell->style = STYLE_DIM;
		return;
	}
	snprintf(cell->text, sizeof(cell->text), "%.16s%%", share);
	cell->style = view__share_style(payer->limit_share);
}

static const struct view_column columns[] = {
	{ .name = "machine", .width = 8, .least = 6, .most = 24 },
	{ .name = "ctx" },
	{ .name = "pid" },
	{ .name = "comm", .width = 12, .most = 15 },
	{ .name = "uid" },
	{ .name = "pinned" },
	{ .name = "charged" },
	{ .name = "limit_share", .title = "%LIM", .width = 6, .cell = limit_cell },
	{ .name = "state" },
	{ .name = "limit_used" },
	{ .name = "limit" },
	{ .name = "cgroup", .width = 24, .most = 120 },
};

static void start(void)
{
	view_list__close(&list);
	VIEW_LIST_INIT(&list, MODEL_PAYERS, columns);
	list.empty = "no process has mapped memory";
	focus = 0;
}

const struct view view_payers = {
	.name = "payers",
	.title = "Payers",
	.lists = { &list },
	.focus = &focus,
	.start = start,
	.draw = view__draw_one,
};
