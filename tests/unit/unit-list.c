// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists of iommutop's screen: order, selection, filter, folds, tags, search. Nothing is drawn.
 *
 * The rows: context 1 (nvme) with IOASes 1 and 2, context 2 (leaky) with IOAS 1, context 3 (idle)
 * without an IOAS. An order is written as "1 1.1 1.2 2 2.1 3".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "tap.h"
#include "view/list.h"

#define NR_POLICIES 64

static struct model_node nodes[8];
static struct model model;
static struct view_list list;

static const struct view_column columns[] = {
	{ .name = "comm" },
	{ .name = "pinned" },
	{ .name = "areas" },
};

static void add(__u32 ctx, __u32 ioas, const char *comm, __u64 pinned)
{
	struct model_node *node = &nodes[model.tables[MODEL_NODES].nr++];

	memset(node, 0, sizeof(*node));
	node->key.kind = ioas == EVENT_NONE ? MODEL_KIND_CTX : MODEL_KIND_IOAS;
	node->key.ctx = node->ctx = ctx;
	node->ioas = ioas;
	node->key.id = ioas == EVENT_NONE ? 0 : ioas;
	node->tgid = 100 + ctx;
	node->uid = 4242;
	strcpy(node->comm, comm);
	node->pinned = pinned;
	node->limit = node->limit_used = node->limit_share = node->limit_in_ns = MODEL_NONE;
}

static void fill(__u64 leaked)
{
	model.tables[MODEL_NODES].rows = nodes;
	model.tables[MODEL_NODES].nr = 0;
	add(1, EVENT_NONE, "nvme", 500);
	add(1, 1, "nvme", 200);
	add(1, 2, "nvme", 300);
	add(2, EVENT_NONE, "leaky", leaked);
	add(2, 1, "leaky", leaked);
	add(3, EVENT_NONE, "idle", 0);
}

static void order_is(const char *want, const char *what)
{
	char got[128] = "";
	unsigned int i, used = 0;

	view_list__update(&list, &model);
	for (i = 0; i < list.nr; i++) {
		const struct model_node *node = model__row(&model, MODEL_NODES, list.order[i]);

		used += sprintf(got + used, "%s%u", i ? " " : "", node->ctx);
		if (node->ioas != EVENT_NONE)
			used += sprintf(got + used, ".%u", node->ioas);
	}
	if (!tap__ok(!strcmp(got, want), "%s: %s", what, want))
		tap__diag("got %s", got);
}

static void selected_is(__u32 ctx, __u32 ioas, const char *what)
{
	const struct model_node *node = view_list__row(&list, &model);

	if (!tap__ok(node && node->ctx == ctx && node->ioas == ioas, "selected: %s", what) && node)
		tap__diag("it is %u.%u", node->ctx, node->ioas);
}

static void start(void)
{
	view_list__close(&list);
	view_list__init(&list, MODEL_NODES, columns, sizeof(columns) / sizeof(columns[0]));
	list.is_empty_of_parents = true;
	fill(100);
}

static void test_order(void)
{
	start();
	order_is("1 1.2 1.1 2 2.1 3", "sorted by pinned");
	view_list__invert(&list);
	order_is("3 2 2.1 1 1.1 1.2", "reversed");
	view_list__sort(&list, model__column(MODEL_NODES, "comm"));
	order_is("3 2 2.1 1 1.1 1.2", "a string: ascending");
	view_list__sort(&list, model__column(MODEL_NODES, "comm"));
	order_is("1 1.1 1.2 2 2.1 3", "the same column again: descending");
	view_list__sort(&list, model__column(MODEL_NODES, "areas"));
	order_is("1 1.1 1.2 2 2.1 3", "equal values: the order of the model");
	view_list__sort_next(&list, -1);
	tap__ok(list.sort == model__column(MODEL_NODES, "pinned"),
		"sort by the column to the left");
	view_list__sort_next(&list, -1);
	view_list__sort_next(&list, -1);
	tap__ok(list.sort == model__column(MODEL_NODES, "comm"),
		"the first column has none to its left");
	view_list__sort(&list, model__column(MODEL_NODES, "pinned"));
	list.flat = true;
	order_is("1.2 1.1 2.1 3", "flat: no context with IOASes");
}

/* Each order of policies by a number agrees with the comparison of two rows. */
static void test_numbers(void)
{
	static const char *const names[] = { "priority", "denied", "last_pid" };
	unsigned int order[NR_POLICIES], i, name, wrong = 0;
	static struct model_policy rows[NR_POLICIES];

	for (i = 0; i < NR_POLICIES; i++) {
		rows[i].key = (struct model_key){ .kind = MODEL_KIND_POLICY, .id = i };
		rows[i].priority = (int)(i * 37 % 16) - 8;
		rows[i].verdicts.denied = (__u64)(i * 29 % 16) << 60;
		rows[i].last_tgid = i % 5 ? i * 31 % 8 : EVENT_NONE;
	}
	model.tables[MODEL_POLICIES].rows = rows;
	model.tables[MODEL_POLICIES].nr = NR_POLICIES;
	for (name = 0; name < 6; name++) {
		const struct model_column *column = model__column(MODEL_POLICIES, names[name / 2]);
		bool descending = name % 2;

		model__order(&model, MODEL_POLICIES, column, descending, order);
		for (i = 0; i + 1 < NR_POLICIES; i++) {
			int is = model__compare(column, &rows[order[i]], &rows[order[i + 1]],
						descending);

			wrong += is > 0 || (!is && order[i] > order[i + 1]);
		}
	}
	tap__is(wrong, 0, "numbers: signed, large, absent; equal ones keep their order");
}

static void test_selection(void)
{
	start();
	view_list__update(&list, &model);
	selected_is(1, EVENT_NONE, "the first row");
	fill(900);
	view_list__update(&list, &model);
	selected_is(2, EVENT_NONE, "the first row after a change of order");
	fill(100);
	view_list__update(&list, &model);
	view_list__move(&list, &model, 3);
	selected_is(2, EVENT_NONE, "the fourth row");
	fill(900);
	view_list__update(&list, &model);
	selected_is(2, EVENT_NONE, "the same row, which is the first one now");
	tap__is(list.index, 0, "its index follows");
	view_list__move(&list, &model, 1);
	selected_is(2, 1, "the row below it");
	/* The selected row disappears. */
	nodes[4] = nodes[5];
	model.tables[MODEL_NODES].nr--;
	view_list__update(&list, &model);
	selected_is(1, EVENT_NONE, "the row that took its place");
	view_list__move(&list, &model, -100);
	tap__is(list.index, 0, "no row above the first");
	view_list__move(&list, &model, 100);
	tap__is(list.index, list.nr - 1, "no row below the last");
	view_list__home(&list, &model);
	tap__ok(!list.has_selected && !list.index, "home: no selection, the first row is marked");
	model.tables[MODEL_NODES].nr = 0;
	view_list__update(&list, &model);
	tap__ok(!view_list__row(&list, &model), "an empty list has no selected row");
	view_list__move(&list, &model, 1);
	tap__ok(!view_list__row(&list, &model), "not even after a move");
}

static void test_follow(void)
{
	start();
	list.follows = true;
	view_list__update(&list, &model);
	tap__is(list.index, 5, "a list that follows marks the last row");
	view_list__move(&list, &model, -1);
	add(9, EVENT_NONE, "new", 0);
	view_list__update(&list, &model);
	tap__is(list.index, 4, "it stops following when another row is selected");
	view_list__end(&list, &model);
	add(10, EVENT_NONE, "new", 0);
	view_list__update(&list, &model);
	tap__is(list.index, 7, "at its end it follows again");
}

static void test_filter(void)
{
	start();
	strcpy(list.filter, "LEAK");
	order_is("2 2.1", "the filter ignores case");
	strcpy(list.filter, "300");
	order_is("1 1.2", "a match in an IOAS shows its context, too");
	list.flat = true;
	order_is("1.2", "flat: only the IOAS");
	strcpy(list.filter, "no such text");
	order_is("", "no match");
	list.flat = false;
	order_is("", "no match in the tree");
	/* The user is in a wide column, the name of an IOAS in the row of its context. */
	strcpy(list.filter, "4242");
	order_is("", "a column that is not shown is not searched");
	list.wide = true;
	order_is("1 1.2 1.1 2 2.1 3", "it is when it is shown");
}

/* Without the rows of contexts, IOASes are sorted by the limits of their contexts. */
static void test_limit(void)
{
	start();
	nodes[0].limit_share = 1000;
	nodes[3].limit_share = 9000;
	view_list__sort(&list, model__column(MODEL_NODES, "limit_share"));
	list.flat = true;
	order_is("2.1 1.1 1.2 3", "flat, sorted by the limit");
}

static void test_fold(void)
{
	start();
	view_list__update(&list, &model);
	view_list__move(&list, &model, 1);
	view_list__fold(&list, &model);
	order_is("1 2 2.1 3", "fold the parent of the selected row");
	selected_is(1, EVENT_NONE, "the parent");
	view_list__fold(&list, &model);
	order_is("1 1.2 1.1 2 2.1 3", "unfold it");
	view_list__fold_all(&list);
	order_is("1 2 3", "fold all");
	view_list__fold(&list, &model);
	order_is("1 1.2 1.1 2 3", "unfold one of them");
	view_list__fold_all(&list);
	order_is("1 1.2 1.1 2 2.1 3", "unfold all");
}

static void test_single(void)
{
	start();
	tap__ok(!view_list__hide_single(&list), "not every list hides single children");
	list.may_hide_single = true;
	view_list__update(&list, &model);
	view_list__move(&list, &model, 4);
	selected_is(2, 1, "a single child");
	tap__ok(view_list__hide_single(&list), "hide it");
	order_is("1 1.2 1.1 2 3", "single children are hidden");
	selected_is(2, EVENT_NONE, "its parent is selected in its place");
	tap__ok(view_list__is_alone(&list, &model, 3) && !view_list__is_alone(&list, &model, 0),
		"the parent is alone");
	strcpy(list.filter, "leak");
	order_is("2", "the filter does not show it");
	*list.filter = '\0';
	view_list__fold(&list, &model);
	order_is("1 1.2 1.1 2 2.1 3", "unfolding its parent does");
	tap__ok(!view_list__is_alone(&list, &model, 3), "the parent is not alone then");
	view_list__fold(&list, &model);
	order_is("1 1.2 1.1 2 3", "folding hides it again");
	view_list__fold_all(&list);
	order_is("1 2 3", "all are folded");
	view_list__fold_all(&list);
	order_is("1 1.2 1.1 2 3", "all are unfolded but for single ones");
	list.flat = true;
	order_is("1.2 1.1 2.1 3", "the flat list has them");
	list.flat = false;
	view_list__hide_single(&list);
	order_is("1 1.2 1.1 2 2.1 3", "show them");
}

static void test_tags(void)
{
	start();
	view_list__update(&list, &model);
	view_list__tag(&list, &model);
	tap__ok(view_list__is_tagged(&list, &nodes[0]), "the row is tagged");
	tap__is(list.index, 1, "the selection moves on");
	view_list__tag(&list, &model);
	tap__is(list.tags.nr, 2, "two rows are tagged");
	/* The driver may reuse the id of a row that disappears. */
	nodes[2].key.id = 7;
	view_list__update(&list, &model);
	tap__is(list.tags.nr, 1, "the tag of a row that disappeared is dropped");
	view_list__untag(&list);
	tap__ok(!view_list__is_tagged(&list, &nodes[0]), "no row is tagged");
}

static void test_search(void)
{
	start();
	view_list__update(&list, &model);
	strcpy(list.search, "nvme");
	tap__ok(view_list__find(&list, &model, 1, 1), "a match");
	tap__is(list.index, 1, "the first one from the start on");
	view_list__find(&list, &model, list.index + 1, 1);
	tap__is(list.index, 2, "the next one");
	view_list__find(&list, &model, list.index + 1, 1);
	tap__is(list.index, 0, "after the last row, the first one");
	view_list__find(&list, &model, list.index - 1, -1);
	tap__is(list.index, 2, "backwards from the first row, the last one");
	strcpy(list.search, "nobody");
	tap__ok(!view_list__find(&list, &model, 0, 1), "no match");
	tap__is(list.index, 2, "the selection stays");
}

int main(void)
{
	tap__start();
	test_order();
	test_numbers();
	test_selection();
	test_follow();
	test_filter();
	test_fold();
	test_single();
	test_tags();
	test_search();
	test_limit();
	view_list__close(&list);
	return tap__done();
}
