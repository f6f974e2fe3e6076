/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows of a table of the model as a list: columns, order, filter, tree, selection, tags.
 *
 * Until the user moves, nothing is selected: the first row is marked, whichever it is (in a list
 * that follows its end, the last one). From then on the selection stays with its row, wherever that
 * goes; when the row is gone, the one that took its place is selected.
 *
 * view_list__update() is to be called after each refresh of the model and each change of what is
 * chosen here; it costs a sort. Cells are made only of rows that are drawn, or that a search or
 * filter looks at.
 */
#ifndef _IOMMUTOP_VIEW_LIST_H
#define _IOMMUTOP_VIEW_LIST_H

#include <stdbool.h>

#include "model/model.h"
#include "term/term.h"

struct view_list;

/* A row about to be drawn. */
struct view_row {
	const struct view_list *list;
	const struct model *model;
	const void *row;
	bool is_child;   /* drawn as one: below its parent */
	bool is_last;   /* of the children */
	bool is_folded; /* with children that are not shown */
	bool has_children;
	unsigned int width;  /* of the cell */
};

struct view_cell {
	char text[MODEL_CELL];  /* clean */
	enum term_style style;
};

struct view_column {
	const char *name;  /* of the model's column, by which it is sorted; or NULL */
	const char *title;  /* NULL: the model's */
	unsigned short width;  /* 0: the model's */
	unsigned short least;  /* in a narrow window; 0: the same */
	unsigned short most;  /* if there is room; 0: the same */
	unsigned short roomy;  /* in a wide window; 0: the same */
	/* NULL: the model's */
	void (*cell)(struct view_cell *cell, const struct view_row *row);
	bool left;   /* aligned so, although it is a number */
	bool searched;   /* cell() has texts to search in that the model has not */
};

/* Rows that something is true of. */
struct view_keys {
	struct model_key *keys;
	unsigned int nr;
	unsigned int room;
};

#define LIST_COLUMNS 100
#define LIST_TEXT 64

struct view_list {
	enum model_table table;
	bool follows;   /* its end */
	bool is_empty_of_parents; /* flat: rows that have children are left out */
	const char *empty;  /* what it says when there are no rows */
	struct view_column columns[LIST_COLUMNS];
	const struct model_column *models[LIST_COLUMNS]; /* theirs, or NULL */
	unsigned int nr_columns;
	unsigned int nr_usual;  /* the first ones */
	/* What the user chose. */
	const struct model_column *sort; /* NULL: as the rows are */
	bool descending;
	bool flat;
	bool wide;
	char filter[LIST_TEXT]; /* "": all */
	char search[LIST_TEXT];
	bool has_selected;
	struct model_key selected;
	struct view_keys tags;
	bool folded;   /* all parents, but */
	struct view_keys unlike; /* these, of which the contrary is true */
	unsigned int skip;  /* columns scrolled out, behind the first */
	/* What follows from that and the model. */
	unsigned int *order;
	unsigned int nr;
	unsigned int room;
	unsigned int index;  /* of the selected one, in order */
	unsigned int top;
	/* How it was drawn. */
	int y, lines, x, width; /* lines of rows, without the heading, which is at y */
	bool more_right;
	struct {
		unsigned int column;
		int x, width;
	} drawn[LIST_COLUMNS];
	unsigned int nr_drawn;
};

/* The columns shown usually; the table's others are in the wide set. */
void view_list__init(struct view_list *list, enum model_table table,
		     const struct view_column *columns, unsigned int nr_columns);
#define VIEW_LIST_INIT(list, table, columns) \
	view_list__init(list, table, columns, sizeof(columns) / sizeof((columns)[0]))
void view_list__close(struct view_list *list);

void view_list__update(struct view_list *list, const struct model *model);

/* The selected row, or NULL if there is none. */
const void *view_list__row(const struct view_list *list, const struct model *model);

/* Draws heading and rows into so many lines; returns how many were used. */
int view_list__draw(struct view_list *list, const struct model *model, int y, int x, int lines,
		    int width, bool focused);

/* ---- what keys do; each is followed by view_list__update() where it matters ---- */

void view_list__select(struct view_list *list, const struct model *model, unsigned int index);
void view_list__move(struct view_list *list, const struct model *model, int rows);
void view_list__page(struct view_list *list, const struct model *model, int pages);
void view_list__home(struct view_list *list, const struct model *model);
void view_list__end(struct view_list *list, const struct model *model);
void view_list__scroll(struct view_list *list, int columns);
/* Sorts by it: numbers with the highest first, texts from A to Z; once more: the other way. */
void view_list__sort(struct view_list *list, const struct model_column *column);
void view_list__sort_next(struct view_list *list, int step);
void view_list__invert(struct view_list *list);
void view_list__tag(struct view_list *list, const struct model *model);
void view_list__untag(struct view_list *list);
bool view_list__is_tagged(const struct view_list *list, const void *row);
void view_list__fold(struct view_list *list, const struct model *model);
void view_list__fold_all(struct view_list *list);
/* Selects the next row with the text searched for, from row start on; false if there is none. */
bool view_list__find(struct view_list *list, const struct model *model, unsigned int start,
		     int step);
/* A press of the mouse selects a row, or sorts by a heading; view_list__update() is to follow. */
void view_list__press(struct view_list *list, const struct model *model, int y, int x);
bool view_list__is_at(const struct view_list *list, int y, int x);

/* Is the row drawn below a parent of its own? */
bool view_list__is_child(const void *row);

/* Does the cell say that there is nothing: "-", "0"? Such ones are drawn dim. */
bool view_list__is_nothing(const char *text);

#endif /* _IOMMUTOP_VIEW_LIST_H */
