/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table of the model as a list on the screen: columns, order, filter, tree, selection, tags.
 *
 * Until the user moves the selection, no row is selected. The mark is then on the first row after
 * each sort, or on the last row of a list that follows its end. From then on the selection stays
 * with its row, wherever the row moves. If the row disappears, the row in its place is selected.
 *
 * Call view_list__update() after each refresh of the model and after each change of order, filter
 * or folds. It sorts the rows. Cells are formatted only for rows that are drawn, searched or
 * filtered.
 *
 * A tree may hide the child of a parent that has only one, because the parent has its figures. The
 * parent is then selected in the place of the child.
 */
#ifndef _IOMMUTOP_LIST_H
#define _IOMMUTOP_LIST_H

#include <stdbool.h>

#include "model/model.h"
#include "term/term.h"

struct view_list;

/* A row to be drawn. */
struct view_row {
	const struct view_list *list;
	const struct model *model;
	const void *row;
	bool is_child; /* drawn below its parent */
	bool is_last; /* the last child */
	bool is_folded; /* its children are hidden */
	bool has_children;
	unsigned int width; /* of the cell */
};

struct view_cell {
	char text[MODEL_CELL]; /* clean */
	enum term_style style;
};

struct view_column {
	const char *name; /* of the model's column, the sort key; NULL: none */
	const char *title; /* NULL: the model's */
	unsigned short width; /* 0: the model's */
	unsigned short least; /* width in a narrow window; 0: width */
	unsigned short most; /* width if there is room; 0: width */
	unsigned short roomy; /* width in a wide window; 0: width */
	/* Formats the cell; NULL: the model does. */
	void (*cell)(struct view_cell *cell, const struct view_row *row);
	bool left; /* align to the left although it is a number */
	bool searched; /* search the text of cell(), not of the model */
	bool middle; /* leave out the middle of a long text: names of devices differ at the end */
	unsigned short from; /* shown in a list of at least this width */
	unsigned short part; /* width is this part of the list's, for graphs; 0: it is not */
};

struct row_set {
	struct model_key *keys;
	unsigned int nr;
	unsigned int room;
};

#define LIST_COLUMNS 100
#define LIST_TEXT 64

struct view_list {
	enum model_table table;
	bool follows; /* follow the end until a row is selected */
	bool is_empty_of_parents; /* leave out parents with children when flat */
	bool may_hide_single; /* a parent with a single child says all about it */
	const char *empty; /* message if there are no rows */
	struct view_column columns[LIST_COLUMNS];
	const struct model_column *models[LIST_COLUMNS]; /* of the columns, or NULL */
	unsigned int nr_columns;
	unsigned int nr_usual; /* the first columns; the others are shown when wide */
	/* Choices of the user. */
	const struct model_column *sort; /* NULL: the model's order */
	bool descending;
	bool flat;
	bool wide;
	char filter[LIST_TEXT]; /* "": none */
	char search[LIST_TEXT];
	__u32 only_ctx; /* rows of this context; 0: of all, EVENT_NONE: of none */
	bool has_selected;
	struct model_key selected;
	struct row_set tags;
	bool folded; /* all parents, except for unlike */
	bool hides_single; /* parents with a single child are folded as well */
	struct row_set unlike; /* parents whose state differs from these */
	unsigned int skip; /* columns after the first one that are scrolled out */
	/* The rows shown, made by view_list__update(). */
	unsigned int *order; /* indexes in the model */
	unsigned int nr;
	unsigned int room;
	unsigned int index; /* of the selected row in order */
	unsigned int top; /* index of the first row on the screen */
	/* Where it was drawn, for the mouse. */
	int y, lines, x, width; /* the heading is at y, followed by lines rows */
	bool more_right;
	struct {
		unsigned int column;
		int x, width;
	} drawn[LIST_COLUMNS];
	unsigned int nr_drawn;
};

/* The columns given are the usual ones; the other columns of the table follow them. */
void view_list__init(struct view_list *list, enum model_table table,
		     const struct view_column *columns, unsigned int nr_columns);
#define VIEW_LIST_INIT(list, table, columns) \
	view_list__init(list, table, columns, sizeof(columns) / sizeof((columns)[0]))
void view_list__close(struct view_list *list);

void view_list__update(struct view_list *list, const struct model *model);

/* The selected row; NULL if there is none. */
const void *view_list__row(const struct view_list *list, const struct model *model);

/* ---- drawing: list_draw.c ---- */

/* Draw heading and rows. Returns the number of lines used. */
int view_list__draw(struct view_list *list, const struct model *model, int y, int x, int lines,
		    int width, bool focused);
/* Note that the list is not on the screen, so that the mouse does not find it. */
void view_list__hide(struct view_list *list);
bool view_list__is_at(const struct view_list *list, int y, int x);

/* ---- actions of keys ---- */

void view_list__select(struct view_list *list, const struct model *model, unsigned int index);
void view_list__move(struct view_list *list, const struct model *model, int rows);
void view_list__page(struct view_list *list, const struct model *model, int pages);
void view_list__home(struct view_list *list, const struct model *model);
void view_list__end(struct view_list *list, const struct model *model);
void view_list__scroll(struct view_list *list, int columns);
/* Sort by a column: numbers descending, text ascending. The same column again: reverse. */
void view_list__sort(struct view_list *list, const struct model_column *column);
void view_list__sort_next(struct view_list *list, int step);
void view_list__invert(struct view_list *list);
void view_list__tag(struct view_list *list, const struct model *model);
void view_list__untag(struct view_list *list);
bool view_list__is_tagged(const struct view_list *list, const void *row);
void view_list__fold(struct view_list *list, const struct model *model);
void view_list__fold_all(struct view_list *list);
/* Hide or show single children; false: the list has none that say nothing. */
bool view_list__hide_single(struct view_list *list);
/* Whether the parent with this index in the model has a single child, which is hidden. */
bool view_list__is_alone(const struct view_list *list, const struct model *model,
			 unsigned int index);
/* Select the next match of the search from index start on; false if there is none. */
bool view_list__find(struct view_list *list, const struct model *model, unsigned int start,
		     int step);
/* Handle a mouse press: select a row, or sort by a heading. */
void view_list__press(struct view_list *list, const struct model *model, int y, int x);

#endif /* _IOMMUTOP_LIST_H */
