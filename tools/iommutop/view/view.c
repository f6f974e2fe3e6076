// SPDX-License-Identifier: GPL-2.0-only
/*
 * Common functions of views, see view.h.
 */
#include <stdio.h>

#include "human.h"
#include "term/term.h"
#include "text.h"
#include "view/view.h"

void view__draw_one(const struct view *view, struct ui *ui, int y, int lines, int columns)
{
	view_list__draw(view->lists[0], ui->model, y, 0, lines, columns, true);
}

#define FIRST_LEAST 4 /* lines of the upper list */
#define BOTH_LEAST 8

void view__draw_with(const struct view *view, unsigned int other, struct ui *ui, int y, int lines,
		     int columns)
{
	struct view_list *first = view->lists[0], *second = view->lists[other];
	unsigned int focus = *view->focus, i;
	int upper;

	for (i = 0; i < VIEW_LISTS && view->lists[i]; i++)
		view_list__hide(view->lists[i]);
	if (lines < BOTH_LEAST) {
		view_list__draw(view->lists[focus], ui->model, y, 0, lines, columns, true);
		return;
	}
	upper = first->nr + 1;
	if (upper < FIRST_LEAST)
		upper = FIRST_LEAST;
	if (upper > lines / 2)
		upper = lines / 2;
	view_list__draw(first, ui->model, y, 0, upper, columns, !focus);
	view_list__draw(second, ui->model, y + upper, 0, lines - upper, columns, focus);
}

void view__draw_two(const struct view *view, struct ui *ui, int y, int lines, int columns)
{
	view__draw_with(view, 1, ui, y, lines, columns);
}

bool view__switch_focus(const struct view *view, struct ui *ui, enum action action)
{
	(void)ui;
	if (action != ACTION_OTHER)
		return false;
	if (++*view->focus == VIEW_LISTS || !view->lists[*view->focus])
		*view->focus = 0;
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

bool view__cut_text(const struct view *view, const struct ui *ui, const char *column, char *text)
{
	const struct view_list *list = view->lists[*view->focus];
	const void *row = view_list__row(list, ui->model);
	const struct model_column *of = model__column(list->table, column);
	char cell[MODEL_CELL];
	unsigned int i;

	if (!row || !of)
		return false;
	model__format(cell, ui->model, of, row, term__utf8());
	for (i = 0; i < list->nr_drawn; i++)
		if (list->models[list->drawn[i].column] == of &&
		    text__columns(cell) <= (unsigned int)list->drawn[i].width)
			return false;
	if (model__is_blank(cell))
		return false;
	snprintf(text, UI_TEXT, "%s: %.200s", of->title, cell);
	return true;
}

void view__length_class(char cell[MODEL_CELL], __u64 first, __u64 last)
{
	char from[HUMAN_MAX], to[HUMAN_MAX];

	human__bytes(from, first);
	if (last >= MODEL_NONE - 1)
		snprintf(cell, MODEL_CELL, "%s and more", from);
	else if (!first)
		snprintf(cell, MODEL_CELL, "below %s", human__bytes(to, last + 1));
	else
		snprintf(cell, MODEL_CELL, "%s to %s", from, human__bytes(to, last + 1));
}

void view__who(char who[MODEL_CELL], const struct model *model, const struct model_node *node)
{
	char machine[MODEL_CELL], comm[MODEL_CELL], pid[MODEL_CELL];

	view__text(machine, model, MODEL_NODES, "machine", node);
	view__text(comm, model, MODEL_NODES, "comm", node);
	view__text(pid, model, MODEL_NODES, "pid", node);
	if (*node->machine)
		snprintf(who, MODEL_CELL, "%.64s %.10s %.64s", machine, pid, comm);
	else
		snprintf(who, MODEL_CELL, "%.64s %.10s", comm, pid);
}

const struct model_node *view__neighbour(const struct ui *ui, int index, enum action action,
					 bool is_ioas)
{
	const unsigned int nr = model__nr(ui->model, MODEL_NODES);
	const int step = action == ACTION_NEXT_IOAS ? 1 : action == ACTION_PREVIOUS_IOAS ? -1 : 0;
	const struct model_node *node;
	unsigned int at = index < 0 ? 0 : index, i;
	bool has_ioas;

	for (i = 0; step && i < nr; i++) {
		at = (at + nr + step) % nr;
		node = model__row(ui->model, MODEL_NODES, at);
		has_ioas = node->ioas != EVENT_NONE;
		if (has_ioas == is_ioas)
			return node;
	}
	return NULL;
}

#define SHARE_WARN 7500 /* 1/100 percent */
#define SHARE_BAD 9000

enum term_style view__share_style(__u64 share)
{
	return share >= SHARE_BAD ? STYLE_BAD : share >= SHARE_WARN ? STYLE_WARN : STYLE_GOOD;
}
