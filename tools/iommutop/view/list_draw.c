// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drawing of lists, see list.h.
 *
 * The first column of the screen is for tags. The first column of the list stays when the others
 * scroll. Column widths depend only on the width of the window, not on the cells, so that nothing
 * moves when figures change. Remaining width goes to the columns that can use it, in equal parts.
 */
#include <stdio.h>
#include <string.h>

#include "term/term.h"
#include "view/list.h"

#define MARK 1 /* screen columns for tags */
#define GAP 1
#define NARROW 60 /* below, columns take their least width */
#define ROOMY 100 /* from here on, some columns are wider */

static unsigned int usual_width(const struct view_list *list, unsigned int column, bool is_narrow)
{
	const struct view_column *of = &list->columns[column];
	unsigned int width;

	if (of->part)
		return list->width / of->part;
	width = of->width ? of->width : list->models[column]->width;
	if (of->roomy && list->width >= ROOMY)
		width = of->roomy;
	return is_narrow && of->least ? of->least : width;
}

static bool is_right(const struct view_list *list, unsigned int column)
{
	const struct model_column *model = list->models[column];

	return model && model__is_number(model) && !list->columns[column].left;
}

static void widen_columns(struct view_list *list, int left)
{
	bool is_any = true;
	unsigned int i;

	while (left > 0 && is_any) {
		is_any = false;
		for (i = 0; i < list->nr_drawn && left > 0; i++) {
			if (list->drawn[i].width >= list->columns[list->drawn[i].column].most)
				continue;
			list->drawn[i].width++;
			left--;
			is_any = true;
		}
	}
}

/* Choose the columns that fit, and return whether all of them do. */
static bool choose_columns(struct view_list *list, int *left)
{
	unsigned int columns = list->wide ? list->nr_columns : list->nr_usual, i;
	bool is_narrow = list->width < NARROW;

	list->nr_drawn = 0;
	for (i = 0; i < columns; i = i ? i + 1 : 1 + list->skip) {
		int width = usual_width(list, i, is_narrow), least = usual_width(list, i, true);
		int gap = i ? GAP : 0;

		if (list->width < list->columns[i].from)
			continue;
		if (*left < width + gap && *left >= least + gap)
			width = *left - gap;
		/* The first two are drawn in any case, even if they are cut. */
		if (*left < width + gap && (list->nr_drawn >= 2 || *left <= gap))
			return false;
		list->drawn[list->nr_drawn].column = i;
		list->drawn[list->nr_drawn++].width = width;
		*left -= width + gap;
	}
	return true;
}

/* Compute which columns are drawn, where, and how wide. */
static void lay_out(struct view_list *list)
{
	unsigned int columns = list->wide ? list->nr_columns : list->nr_usual, i;
	int left = list->width - MARK, x = list->x + MARK;

	if (list->skip + 1 >= columns)
		list->skip = columns > 1 ? columns - 2 : 0;
	list->more_right = !choose_columns(list, &left);
	if (list->more_right) {
		/* Reserve a column for the sign that there are more. */
		left = list->width - MARK - 1;
		choose_columns(list, &left);
	}
	widen_columns(list, left);
	for (i = 0; i < list->nr_drawn; i++) {
		list->drawn[i].x = x;
		x += list->drawn[i].width + GAP;
	}
}

static const char *title_of(const struct view_list *list, unsigned int column)
{
	return list->columns[column].title ? list->columns[column].title :
					     list->models[column]->title;
}

static void draw_heading(const struct view_list *list)
{
	unsigned int i;

	term__put(list->y, list->x, list->width, STYLE_HEAD, "");
	for (i = 0; i < list->nr_drawn; i++) {
		unsigned int column = list->drawn[i].column;
		bool sorted = list->sort && list->models[column] == list->sort;
		enum term_style style = sorted ? STYLE_SORT : STYLE_HEAD;
		int x = list->drawn[i].x, width = list->drawn[i].width;
		char text[64];

		snprintf(text, sizeof(text), "%s%s", title_of(list, column),
			 sorted ? term__sign(list->descending ? SIGN_DOWN : SIGN_UP) : "");
		if (is_right(list, column)) /* the sort sign may take the gap */
			term__put_right(list->y, x - GAP, width + GAP, style, text);
		else
			term__put(list->y, x, width, style, text);
	}
	if (list->skip)
		term__put(list->y, list->x, 1, STYLE_HEAD, term__sign(SIGN_MORE_LEFT));
	if (list->more_right)
		term__put(list->y, list->x + list->width - 1, 1, STYLE_HEAD,
			  term__sign(SIGN_MORE_RIGHT));
}

/* Leave out the middle of an ASCII text that is too long: "iommuf…4.auto". */
static void shorten(char *text, int width)
{
	const char *sign = term__utf8() ? "…" : "~";
	int length = strlen(text), head = (width - 1) / 2, tail = width - 1 - head;
	char end[MODEL_CELL];

	if (length <= width || tail < 1)
		return;
	for (int i = 0; i < length; i++)
		if (text[i] & 0x80)
			return;
	strcpy(end, text + length - tail);
	snprintf(text + head, MODEL_CELL - head, "%s%s", sign, end);
}

static void draw_cell(const struct view_list *list, struct view_row *row, unsigned int drawn, int y)
{
	unsigned int column = list->drawn[drawn].column;
	int x = list->drawn[drawn].x, width = list->drawn[drawn].width;
	struct view_cell cell;

	row->width = width;
	cell.style = STYLE_NORMAL;
	if (list->columns[column].cell) {
		list->columns[column].cell(&cell, row);
	} else {
		model__format(cell.text, row->model, list->models[column], row->row, term__utf8());
		if (model__is_blank(cell.text))
			cell.style = STYLE_DIM;
	}
	if (list->columns[column].middle)
		shorten(cell.text, width);
	if (is_right(list, column))
		term__put_figure(y, x, width, cell.style, cell.text);
	else
		term__put(y, x, width, cell.style, cell.text);
}

/* Whether no further child of the same parent follows on the screen. */
static bool is_last_child(const struct view_list *list, const struct model *model,
			  unsigned int index)
{
	if (index + 1 >= list->nr)
		return true;
	return !model__is_child(model__row(model, list->table, list->order[index + 1]));
}

static void draw_row(const struct view_list *list, const struct model *model, unsigned int index,
		     int y, bool focused)
{
	const void *row = model__row(model, list->table, list->order[index]);
	bool is_tree = model_tables[list->table].is_tree && !list->flat;
	struct view_row of = { .list = list, .model = model, .row = row };
	unsigned int i;

	if (is_tree) {
		of.is_child = model__is_child(row);
		of.is_last = of.is_child && is_last_child(list, model, index);
		of.has_children = model__has_children(model, list->table, list->order[index]) &&
				  !view_list__is_alone(list, model, list->order[index]);
		of.is_folded = of.has_children && is_last_child(list, model, index);
	}
	for (i = 0; i < list->nr_drawn; i++)
		draw_cell(list, &of, i, y);
	if (view_list__is_tagged(list, row))
		term__put(y, list->x, 1, STYLE_TAG, "*");
	if (index == list->index && (list->has_selected || !list->follows))
		term__restyle(y, list->x, list->width, focused ? STYLE_SELECTED : STYLE_UNFOCUSED);
}

int view_list__draw(struct view_list *list, const struct model *model, int y, int x, int lines,
		    int width, bool focused)
{
	unsigned int i;

	list->y = y;
	list->x = x;
	list->width = width;
	list->lines = lines > 0 ? lines - 1 : 0;
	if (lines <= 0)
		return 0;
	lay_out(list);
	draw_heading(list);
	if (!list->lines)
		return 1;
	if (list->index < list->top)
		list->top = list->index;
	if (list->index >= list->top + list->lines)
		list->top = list->index - list->lines + 1;
	/* Do not leave lines empty while there are rows above. */
	if (list->top + list->lines > list->nr)
		list->top = list->nr > (unsigned int)list->lines ? list->nr - list->lines : 0;
	for (i = 0; i < (unsigned int)list->lines && list->top + i < list->nr; i++)
		draw_row(list, model, list->top + i, y + 1 + i, focused);
	if (!list->nr && list->lines) {
		term__put(y + 1, x + MARK, width - MARK, STYLE_DIM,
			  *list->filter ? "no row passes the filter" :
			  model->is_filtered && !model->has_match ?
					  "no context passes the filter of the command line" :
					  list->empty);
		i = 1;
	}
	return 1 + i;
}

void view_list__hide(struct view_list *list)
{
	list->lines = -1;
}

bool view_list__is_at(const struct view_list *list, int y, int x)
{
	return y >= list->y && y <= list->y + list->lines && x >= list->x &&
	       x < list->x + list->width;
}

void view_list__press(struct view_list *list, const struct model *model, int y, int x)
{
	unsigned int i, index = list->top + y - list->y - 1;

	if (y > list->y) {
		if (index < list->nr)
			view_list__select(list, model, index);
		return;
	}
	for (i = 0; i < list->nr_drawn; i++) {
		/* The gap before a heading belongs to it, because its sort sign may be there. */
		if (x >= list->drawn[i].x - GAP && x < list->drawn[i].x + list->drawn[i].width) {
			view_list__sort(list, list->models[list->drawn[i].column]);
			return;
		}
	}
}
