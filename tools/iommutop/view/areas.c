// SPDX-License-Identifier: GPL-2.0-only
/*
 * The view of areas: all maps of one IOAS, with their memory, owner and age.
 *
 * The model collects them for one IOAS, and only while the view is shown: sums of all, and rows of
 * the first ones in the order of the list, because there may be hundreds of thousands. While a
 * filter is set, the model lists all of them, which costs more.
 */
#include <stdio.h>
#include <string.h>

#include "human.h"
#include "term/term.h"
#include "view/view.h"

static struct view_list list;
static unsigned int focus;
static struct model_key listed; /* IOAS of the rows in the list */

static void share_cell(struct view_cell *cell, const struct view_row *of)
{
	const struct model_mapped *area = of->row;
	char share[MODEL_CELL];

	view__text(share, of->model, MODEL_AREA_LIST, "huge_share", area);
	if (area->huge_share != MODEL_NONE)
		strcat(share, "%");
	else
		cell->style = STYLE_DIM;
	strcpy(cell->text, share);
}

static void state_cell(struct view_cell *cell, const struct view_row *of)
{
	const struct model_mapped *area = of->row;

	strcpy(cell->text, area->state);
	if (!strcmp(area->state, "stuck"))
		cell->style = STYLE_BAD;
}

static const struct view_column columns[] = {
	{ .name = "first", .left = false },
	{ .name = "length" },
	{ .name = "prot" },
	{ .name = "memory" },
	{ .name = "age" },
	{ .name = "pid" },
	{ .name = "comm", .width = 12, .most = 15 },
	{ .name = "runs" },
	{ .name = "run_size" },
	{ .name = "huge_share", .width = 6, .cell = share_cell },
	{ .name = "state", .width = 9, .cell = state_cell, .left = true, .searched = true },
	{ .name = "start" },
	{ .name = "machine", .width = 8, .least = 6, .most = 40 },
	{ .name = "uid" },
	{ .name = "last" },
	{ .name = "since" },
};

static void start(void)
{
	view_list__close(&list);
	VIEW_LIST_INIT(&list, MODEL_AREA_LIST, columns);
	list.descending = false;
	list.empty = "nothing is mapped in this IOAS";
	memset(&listed, 0, sizeof(listed));
	focus = 0;
}

/* Ask the model for the rows that the list shows. */
static void want(struct ui *ui)
{
	struct model_want *wanted = &ui->model->want;
	unsigned int most = *list.filter ? 0 : MODEL_AREAS_SHOWN;

	if (!ui->ioas.kind)
		view_ioas__choose(ui);
	if (memcmp(&ui->ioas, &listed, sizeof(listed)))
		view_list__home(&list, ui->model);
	listed = ui->ioas;
	if (wanted->areas && wanted->most == most && wanted->sort == list.sort &&
	    wanted->descending == list.descending)
		return;
	wanted->areas = true;
	wanted->most = most;
	wanted->sort = list.sort;
	wanted->descending = list.descending;
	ui->wants_refresh = true;
}

static void enter(struct ui *ui)
{
	view_ioas__choose(ui);
	want(ui);
}

static void leave(struct ui *ui)
{
	ui->model->want.areas = false;
}

static bool act(const struct view *view, struct ui *ui, enum action action)
{
	(void)view;
	if (action != ACTION_OPEN)
		return view_ioas__act(ui, action);
	ui->next_view = VIEW_SPACE;
	return true;
}

/* Draw two lines of figures. */
static void draw_figures(const struct ui *ui, int y, int width)
{
	const struct model_area_sums *sums = &ui->model->area_sums;
	const struct model_node *node = view_ioas__node(ui);
	char bytes[HUMAN_MAX], run[HUMAN_MAX], who[MODEL_CELL] = "";
	int x;

	if (node)
		view__who(who, ui->model, node);
	term__printf(y, 0, width, STYLE_BOLD, "ioas %u of context %u, %.140s: %s in %llu %s",
		     sums->ioas, sums->ctx, who, human__bytes(bytes, sums->bytes), sums->areas,
		     sums->areas == 1 ? "area" : "areas");
	x = 0;
	if (sums->runs && sums->runs != MODEL_NONE)
		x = term__printf(y + 1, 0, width, STYLE_NORMAL,
				 "runs of %s on average, %.1f%% in huge pages",
				 human__bytes(run, sums->in_runs / sums->runs),
				 100.0 * sums->huge / sums->in_runs);
	else if (sums->areas && !sums->runs)
		x = term__printf(y + 1, 0, width, STYLE_NORMAL, "in no page table");
	if (sums->shown < sums->areas && list.sort)
		term__printf(y + 1, x, width - x, STYLE_WARN,
			     "%sthe first %llu by %s are listed; F4 finds others", x ? "; " : "",
			     sums->shown, list.sort->title);
}

static void draw(const struct view *view, struct ui *ui, int y, int lines, int width)
{
	const struct model_area_sums *sums = &ui->model->area_sums;

	(void)view;
	if (!sums->is_there || sums->ctx != ui->ioas.ctx || sums->ioas != ui->ioas.id ||
	    !view_ioas__node(ui)) {
		view_list__hide(&list);
		term__put(y, 1, width - 1, STYLE_DIM,
			  view_ioas__why_absent(ui, ui->model->want.areas));
		if (*ui->model->missing)
			term__put(y + 1, 1, width - 1, STYLE_DIM, ui->model->missing);
		return;
	}
	draw_figures(ui, y, width);
	view_list__draw(&list, ui->model, y + 2, 0, lines - 2, width, true);
}

const struct view view_areas = {
	.name = "areas",
	.title = "Areas",
	.lists = { &list },
	.focus = &focus,
	.start = start,
	.enter = enter,
	.leave = leave,
	.update = want,
	.draw = draw,
	.act = act,
};
