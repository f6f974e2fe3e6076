// SPDX-License-Identifier: GPL-2.0-only
/*
 * What views have in common, see view.h.
 */
#include <string.h>

#include "term/term.h"
#include "view/view.h"

/* clang-format off */
const struct view *const views[NR_VIEWS] = {
	[VIEW_OVERVIEW] = &view_overview,
	[VIEW_LATENCY] = &view_latency,
	[VIEW_FAULTS] = &view_faults,
	[VIEW_DEVICES] = &view_devices,
	[VIEW_SPACE] = &view_space,
	[VIEW_POLICIES] = &view_policies,
};

/* clang-format on */

void view__update(struct ui *ui)
{
	const struct view *view = views[ui->view];
	unsigned int i;

	for (i = 0; i < VIEW_LISTS && view->lists[i]; i++)
		view_list__update(view->lists[i], ui->model);
	if (view->update)
		view->update(ui);
}

void view__go(struct ui *ui, enum view_number view)
{
	if (views[ui->view]->leave)
		views[ui->view]->leave(ui);
	ui->view = view;
	if (views[view]->enter)
		views[view]->enter(ui);
	view__update(ui);
}

struct view_list *view__focused(const struct ui *ui)
{
	return views[ui->view]->lists[*views[ui->view]->focus];
}

/* Lines of a list that is drawn above another one, which needs some, too. */
#define FIRST_LEAST 4
#define BOTH_LEAST 8

void view__draw_two(struct ui *ui, int y, int lines, int columns)
{
	const struct view *view = views[ui->view];
	struct view_list *first = view->lists[0], *second = view->lists[1];
	int upper;

	if (lines < BOTH_LEAST) {
		struct view_list *focused = view__focused(ui), *other = view->lists[!*view->focus];

		other->lines = -1; /* not there for the mouse */
		view_list__draw(focused, ui->model, y, 0, lines, columns, true);
		return;
	}
	upper = first->nr + 1;
	if (upper < FIRST_LEAST)
		upper = FIRST_LEAST;
	if (upper > lines / 2)
		upper = lines / 2;
	view_list__draw(first, ui->model, y, 0, upper, columns, !*view->focus);
	view_list__draw(second, ui->model, y + upper, 0, lines - upper, columns, *view->focus);
}

bool view__switch_focus(struct ui *ui, enum action action)
{
	if (action != ACTION_OTHER)
		return false;
	*views[ui->view]->focus ^= 1;
	return true;
}

void view__text(char cell[MODEL_CELL], const struct model *model, enum model_table table,
		const char *column, const void *row)
{
	const struct model_column *of = model__column(table, column);

	if (of)
		model__format(cell, model, of, row, term__utf8());
	else
		*cell = '\0';
}

/*
 * A program that maps all it needs at its start grows, too, but not on and on: so there must have
 * been several steps up, none down, and the last one not long ago.
 */
#define GROWTH_WINDOW 16
#define GROWTH_LEAST 6   /* refreshes to judge by */
#define GROWTH_STEPS 4
#define GROWTH_RECENT 4

bool view__is_growing(const struct model_node *node)
{
	unsigned int known = node->nr_history, steps = 0, since = 0, i;

	if (known > MODEL_HISTORY)
		known = MODEL_HISTORY;
	if (known < GROWTH_LEAST)
		return false;
	for (i = known > GROWTH_WINDOW ? known - GROWTH_WINDOW + 1 : 1; i < known; i++) {
		if (node->history[i] < node->history[i - 1])
			return false;
		since++;
		if (node->history[i] > node->history[i - 1]) {
			steps++;
			since = 0;
		}
	}
	return steps >= GROWTH_STEPS && since < GROWTH_RECENT;
}
