// SPDX-License-Identifier: GPL-2.0-only
/*
 * Order of rows.
 */
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

static int compare_texts(const struct model_column *column, const void *a, const void *b)
{
	const char *text_a, *text_b;
	size_t size_a, size_b;
	int order;

	text_a = model__text(column, a, &size_a);
	text_b = model__text(column, b, &size_b);
	order = strncasecmp(text_a, text_b, size_a < size_b ? size_a : size_b);
	return order ? order : (size_a > size_b) - (size_a < size_b);
}

int model__compare(const struct model_column *column, const void *a, const void *b, bool descending)
{
	bool has_a = model__has(column, a), has_b = model__has(column, b);
	__u64 x, y;
	int order;

	if (!has_a || !has_b)
		return has_b - has_a;
	if (column->type == MODEL_CHARS || column->type == MODEL_STRING) {
		order = compare_texts(column, a, b);
	} else {
		x = model__number(column, a);
		y = model__number(column, b);
		if (model__is_signed(column))
			order = ((__s64)x > (__s64)y) - ((__s64)x < (__s64)y);
		else
			order = (x > y) - (x < y);
	}
	return descending ? -order : order;
}

/* The context of compare_rows(). */
struct sorting {
	const struct model *model;
	enum model_table table;
	const struct model_column *column;
	bool descending;
};

static int compare_rows(const void *a, const void *b, void *context)
{
	const struct sorting *sorting = context;
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;
	int order;

	order = model__compare(sorting->column, model__row(sorting->model, sorting->table, x),
			       model__row(sorting->model, sorting->table, y), sorting->descending);
	/* Equal rows keep their order, so that they do not change places at each refresh. */
	return order ? order : (x > y) - (x < y);
}

/* Sort the parents, and below each of them its children. Returns 0 without memory. */
static unsigned int order_tree(const struct sorting *sorting, unsigned int *order)
{
	const struct model *model = sorting->model;
	unsigned int nr = model__nr(model, sorting->table), nr_parents = 0, at = 0, i, j, from;
	unsigned int *parents = malloc(nr * sizeof(*parents));

	if (!parents)
		return 0;
	for (i = 0; i < nr; i++)
		if (!i || !model__is_child(model__row(model, sorting->table, i)))
			parents[nr_parents++] = i;
	qsort_r(parents, nr_parents, sizeof(*parents), compare_rows, (void *)sorting);
	for (i = 0; i < nr_parents; i++) {
		order[at++] = parents[i];
		from = at;
		for (j = parents[i] + 1;
		     j < nr && model__is_child(model__row(model, sorting->table, j)); j++)
			order[at++] = j;
		qsort_r(order + from, at - from, sizeof(*order), compare_rows, (void *)sorting);
	}
	free(parents);
	return at;
}

/* A row with its number, so that a comparison calls nothing. */
struct keyed {
	__u64 key; /* in the order of unsigned numbers */
	unsigned int index;
	bool is_absent;
};

static int compare_keyed(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;

	if (x->is_absent != y->is_absent)
		return x->is_absent - y->is_absent;
	if (x->key != y->key)
		return x->key > y->key ? 1 : -1;
	return (x->index > y->index) - (x->index < y->index);
}

/* Sort by numbers; false without memory. */
static bool order_numbers(const struct sorting *sorting, unsigned int nr, unsigned int *order)
{
	const struct model_column *column = sorting->column;
	struct keyed *keyed = malloc(nr * sizeof(*keyed));
	/* Signed numbers: the negative ones come first. */
	const __u64 sign = model__is_signed(column) ? 1ULL << 63 : 0;
	const __u64 flip = sorting->descending ? ~sign : sign;
	unsigned int i;

	if (!keyed)
		return false;
	for (i = 0; i < nr; i++) {
		const void *row = model__row(sorting->model, sorting->table, i);

		keyed[i].index = i;
		keyed[i].is_absent = !model__has(column, row);
		keyed[i].key = keyed[i].is_absent ? 0 : model__number(column, row) ^ flip;
	}
	qsort(keyed, nr, sizeof(*keyed), compare_keyed);
	for (i = 0; i < nr; i++)
		order[i] = keyed[i].index;
	free(keyed);
	return true;
}

unsigned int model__order(const struct model *model, enum model_table table,
			  const struct model_column *column, bool descending, unsigned int *order)
{
	const struct sorting sorting = { model, table, column, descending };
	unsigned int nr = model__nr(model, table), i;

	for (i = 0; i < nr; i++)
		order[i] = i;
	if (!column || !nr)
		return nr;
	/* Without memory the rows keep their order. */
	if (model_tables[table].is_tree)
		order_tree(&sorting, order);
	else if (column->type == MODEL_CHARS || column->type == MODEL_STRING ||
		 !order_numbers(&sorting, nr, order))
		qsort_r(order, nr, sizeof(*order), compare_rows, (void *)&sorting);
	return nr;
}
