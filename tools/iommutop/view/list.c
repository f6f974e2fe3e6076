// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists: order, filter, selection, tags; see list.h. list_draw.c draws them.
 *
 * In a tree, a child that passes the filter keeps its parent visible, and a parent that passes
 * keeps all its children. A folded parent hides its children.
 */
#include <stdlib.h>
#include <string.h>

#include "view/list.h"

/* ---- sets of rows ---- */

static int set_index(const struct row_set *set, const struct model_key *key)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		if (!memcmp(&set->keys[i], key, sizeof(*key)))
			return i;
	return -1;
}

/* Without memory the set does not change; a tag or fold is not worth an error. */
static void set_toggle(struct row_set *set, const struct model_key *key)
{
	int index = set_index(set, key);

	if (index >= 0) {
		set->keys[index] = set->keys[--set->nr];
		return;
	}
	if (set->nr == set->room) {
		unsigned int room = set->room ? set->room * 2 : 16;
		void *more = realloc(set->keys, room * sizeof(*key));

		if (!more)
			return;
		set->keys = more;
		set->room = room;
	}
	set->keys[set->nr++] = *key;
}

/* Drop rows that no longer exist, because the driver reuses ids. */
static void forget_gone(struct row_set *set, const struct model *model, enum model_table table)
{
	unsigned int i = 0;

	while (i < set->nr) {
		if (model__find(model, table, &set->keys[i]) >= 0)
			i++;
		else
			set->keys[i] = set->keys[--set->nr];
	}
}

/* ---- columns ---- */

static void add_column(struct view_list *list, const struct view_column *column,
		       const struct model_column *model)
{
	if (list->nr_columns == LIST_COLUMNS)
		return;
	list->columns[list->nr_columns] = *column;
	list->models[list->nr_columns++] = model;
}

void view_list__init(struct view_list *list, enum model_table table,
		     const struct view_column *columns, unsigned int nr_columns)
{
	const struct model_table_info *info = &model_tables[table];
	unsigned int i, j;

	memset(list, 0, sizeof(*list));
	list->table = table;
	for (i = 0; i < nr_columns; i++)
		add_column(list, &columns[i],
			   columns[i].name ? model__column(table, columns[i].name) : NULL);
	list->nr_usual = list->nr_columns;
	for (i = 0; i < info->nr_columns; i++) {
		struct view_column column = { .name = info->columns[i].name };

		for (j = 0; j < list->nr_usual; j++)
			if (list->models[j] == &info->columns[i] && !list->columns[j].cell)
				break;
		if (j == list->nr_usual)
			add_column(list, &column, &info->columns[i]);
	}
	if (info->sort) {
		list->sort = model__column(table, info->sort);
		list->descending = list->sort && model__is_number(list->sort);
	}
}

void view_list__close(struct view_list *list)
{
	free(list->order);
	free(list->tags.keys);
	free(list->unlike.keys);
	memset(list, 0, sizeof(*list));
}

/* ---- order ---- */

static bool is_tree(const struct view_list *list)
{
	return model_tables[list->table].is_tree && !list->flat;
}

static bool is_child_at(const struct view_list *list, const struct model *model, unsigned int index)
{
	return index < model__nr(model, list->table) &&
	       model__is_child(model__row(model, list->table, index));
}

/* index is that of a parent in the model. */
static bool is_folded(const struct view_list *list, const struct model *model, unsigned int index)
{
	const struct model_key *key = model__key(model__row(model, list->table, index));
	bool unlike = list->unlike.nr && set_index(&list->unlike, key) >= 0;
	bool is_single = list->hides_single && !is_child_at(list, model, index + 2);

	return (list->folded || is_single) != unlike;
}

bool view_list__is_alone(const struct view_list *list, const struct model *model,
			 unsigned int index)
{
	return list->hides_single && is_child_at(list, model, index + 1) &&
	       !is_child_at(list, model, index + 2) && is_folded(list, model, index);
}

/*
 * Search the cells of the columns that are shown, or are when the list is scrolled: a match that
 * cannot be seen would look like a fault.
 */
static bool has_text(const struct view_list *list, const struct model *model, const void *row,
		     const char *text)
{
	struct view_row of = { .list = list, .model = model, .row = row, .width = MODEL_CELL - 1 };
	unsigned int columns = list->wide ? list->nr_columns : list->nr_usual, i;
	struct view_cell cell;

	if (!*text)
		return true;
	of.is_child = is_tree(list) && model__is_child(row);
	for (i = 0; i < columns; i++) {
		if (list->columns[i].searched)
			list->columns[i].cell(&cell, &of);
		else if (list->models[i] && model__has(list->models[i], row))
			model__format(cell.text, model, list->models[i], row, true);
		else
			continue;
		if (strcasestr(cell.text, text))
			return true;
	}
	return false;
}

static bool make_room(struct view_list *list, unsigned int rows)
{
	unsigned int *more;

	if (rows <= list->room)
		return true;
	more = realloc(list->order, rows * sizeof(*more));
	if (!more)
		return false;
	list->order = more;
	list->room = rows;
	return true;
}

struct flat_sort {
	const struct view_list *list;
	const struct model *model;
};

static int compare_flat(const void *a, const void *b, void *arg)
{
	const unsigned int *left = a, *right = b;
	const struct flat_sort *sort = arg;
	const struct view_list *list = sort->list;
	int order = 0;

	if (list->sort)
		order = model__compare(
			list->sort, model__row_with(sort->model, list->table, *left, list->sort),
			model__row_with(sort->model, list->table, *right, list->sort),
			list->descending);
	return order ? order : (*left > *right) - (*left < *right);
}

static void order_flat(struct view_list *list, const struct model *model)
{
	struct flat_sort sort = { list, model };
	unsigned int rows = model__nr(model, list->table), i;

	list->nr = 0;
	for (i = 0; i < rows; i++) {
		const void *row = model__row(model, list->table, i);

		if (list->is_empty_of_parents && model__has_children(model, list->table, i))
			continue;
		if (!*list->filter || has_text(list, model, row, list->filter))
			list->order[list->nr++] = i;
	}
	qsort_r(list->order, list->nr, sizeof(*list->order), compare_flat, &sort);
}

/* In place: the write position never overtakes the read position. */
static void filter_plain(struct view_list *list, const struct model *model)
{
	unsigned int i, kept = 0;

	for (i = 0; i < list->nr; i++) {
		const void *row = model__row(model, list->table, list->order[i]);

		if (has_text(list, model, row, list->filter))
			list->order[kept++] = list->order[i];
	}
	list->nr = kept;
}

static void filter_tree(struct view_list *list, const struct model *model)
{
	unsigned int i, end, child, kept = 0;

	for (i = 0; i < list->nr; i = end) {
		const void *row = model__row(model, list->table, list->order[i]);
		unsigned int parent = list->order[i], place = kept;
		bool all, any, fold;

		all = any = !*list->filter || has_text(list, model, row, list->filter);
		fold = (list->folded || list->hides_single || list->unlike.nr) &&
		       is_folded(list, model, parent);
		kept++;
		for (end = i + 1; end < list->nr; end++) {
			child = list->order[end];
			row = model__row(model, list->table, child);
			if (!model__is_child(row))
				break;
			if (!all && !has_text(list, model, row, list->filter))
				continue;
			any = true;
			if (!fold)
				list->order[kept++] = child;
		}
		list->order[place] = parent;
		if (!any)
			kept = place;
	}
	list->nr = kept;
}

/* Keep the rows of one context. */
static void filter_ctx(struct view_list *list, const struct model *model)
{
	const struct model_column *column = model__column(list->table, "ctx");
	unsigned int i, kept = 0;

	for (i = 0; i < list->nr && column; i++)
		if (model__number(column, model__row(model, list->table, list->order[i])) ==
		    list->only_ctx)
			list->order[kept++] = list->order[i];
	list->nr = kept;
}

/* Find the row with a key among those shown; false: it is not. */
static bool find_row(struct view_list *list, const struct model *model, const struct model_key *key)
{
	unsigned int i;

	for (i = 0; i < list->nr; i++) {
		const void *row = model__row(model, list->table, list->order[i]);

		if (memcmp(model__key(row), key, sizeof(*key)))
			continue;
		list->index = i;
		return true;
	}
	return false;
}

/* If the selected row is a hidden child, its parent; false: it is not. */
static bool find_parent(struct view_list *list, const struct model *model)
{
	int index = list->hides_single ? model__find(model, list->table, &list->selected) : -1;
	const void *parent = index < 0 ? NULL : model__parent(model, list->table, index);

	return parent && find_row(list, model, model__key(parent));
}

static void find_selected(struct view_list *list, const struct model *model)
{
	if (!list->nr) {
		list->index = 0;
		return;
	}
	if (!list->has_selected) {
		list->index = list->follows ? list->nr - 1 : 0;
		return;
	}
	if (find_row(list, model, &list->selected))
		return;
	find_parent(list, model);
	view_list__select(list, model, list->index);
}

void view_list__update(struct view_list *list, const struct model *model)
{
	list->nr = 0;
	if (!make_room(list, model__nr(model, list->table)))
		return;
	forget_gone(&list->tags, model, list->table);
	forget_gone(&list->unlike, model, list->table);
	if (model_tables[list->table].is_tree && list->flat) {
		order_flat(list, model);
		if (list->only_ctx)
			filter_ctx(list, model);
	} else {
		list->nr =
			model__order(model, list->table, list->sort, list->descending, list->order);
		if (list->only_ctx)
			filter_ctx(list, model);
		if (is_tree(list) &&
		    (*list->filter || list->folded || list->hides_single || list->unlike.nr))
			filter_tree(list, model);
		else if (*list->filter)
			filter_plain(list, model);
	}
	find_selected(list, model);
}

/* ---- selection ---- */

const void *view_list__row(const struct view_list *list, const struct model *model)
{
	return list->index < list->nr ? model__row(model, list->table, list->order[list->index]) :
					NULL;
}

void view_list__select(struct view_list *list, const struct model *model, unsigned int index)
{
	const void *row;

	if (!list->nr)
		return;
	list->index = index < list->nr ? index : list->nr - 1;
	row = view_list__row(list, model);
	list->selected = *model__key(row);
	list->has_selected = true;
}

void view_list__move(struct view_list *list, const struct model *model, int rows)
{
	if (rows < 0 && list->index < (unsigned int)-rows)
		view_list__select(list, model, 0);
	else
		view_list__select(list, model, list->index + rows);
	/* At the end of a list that follows, follow again. */
	if (list->follows && rows > 0 && list->index + 1 == list->nr)
		list->has_selected = false;
}

void view_list__page(struct view_list *list, const struct model *model, int pages)
{
	view_list__move(list, model, pages * (list->lines > 1 ? list->lines - 1 : 1));
}

void view_list__home(struct view_list *list, const struct model *model)
{
	if (list->follows) {
		view_list__select(list, model, 0);
		return;
	}
	list->index = list->top = 0;
	list->has_selected = false;
}

void view_list__end(struct view_list *list, const struct model *model)
{
	view_list__select(list, model, list->nr ? list->nr - 1 : 0);
	if (list->follows)
		list->has_selected = false;
}

void view_list__scroll(struct view_list *list, int columns)
{
	if (columns > 0 && list->more_right)
		list->skip++;
	else if (columns < 0 && list->skip)
		list->skip--;
}

/* ---- sort column ---- */

void view_list__sort(struct view_list *list, const struct model_column *column)
{
	if (!column)
		return;
	if (column == list->sort) {
		list->descending = !list->descending;
		return;
	}
	list->sort = column;
	list->descending = model__is_number(column);
}

void view_list__sort_next(struct view_list *list, int step)
{
	unsigned int columns = list->wide ? list->nr_columns : list->nr_usual;
	int i, at = -1;

	for (i = 0; i < (int)columns; i++)
		if (list->models[i] && list->models[i] == list->sort)
			at = i;
	for (i = at + step; i >= 0 && i < (int)columns; i += step) {
		if (list->models[i]) {
			view_list__sort(list, list->models[i]);
			return;
		}
	}
}

void view_list__invert(struct view_list *list)
{
	if (list->sort)
		list->descending = !list->descending;
}

/* ---- tags and folds ---- */

void view_list__tag(struct view_list *list, const struct model *model)
{
	const void *row = view_list__row(list, model);

	if (!row)
		return;
	set_toggle(&list->tags, model__key(row));
	view_list__move(list, model, 1);
}

void view_list__untag(struct view_list *list)
{
	list->tags.nr = 0;
}

bool view_list__is_tagged(const struct view_list *list, const void *row)
{
	return list->tags.nr && set_index(&list->tags, model__key(row)) >= 0;
}

void view_list__fold(struct view_list *list, const struct model *model)
{
	const void *row = view_list__row(list, model);

	if (!row || !is_tree(list))
		return;
	if (model__is_child(row)) {
		row = model__parent(model, list->table, list->order[list->index]);
		if (!row)
			return;
	}
	set_toggle(&list->unlike, model__key(row));
	list->selected = *model__key(row);
	list->has_selected = true;
}

bool view_list__hide_single(struct view_list *list)
{
	if (!list->may_hide_single || !is_tree(list))
		return false;
	list->hides_single = !list->hides_single;
	list->unlike.nr = 0;
	return true;
}

void view_list__fold_all(struct view_list *list)
{
	list->folded = !list->folded;
	list->unlike.nr = 0;
}

/* ---- search ---- */

bool view_list__find(struct view_list *list, const struct model *model, unsigned int start,
		     int step)
{
	unsigned int i, at = start;

	if (!*list->search)
		return false;
	for (i = 0; i < list->nr; i++) {
		at = at < list->nr ? at : (step > 0 ? 0 : list->nr - 1);
		if (has_text(list, model, model__row(model, list->table, list->order[at]),
			     list->search)) {
			view_list__select(list, model, at);
			return true;
		}
		at += step;
	}
	return false;
}
