// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists of iommutop's screen: order, selection that stays with its row, filter, folds, tags,
 * search. Nothing is drawn here.
 *
 * The rows: context 1 (nvme) with IOASes 1 and 2, context 2 (leaky) with IOAS 1, context 3 (idle)
 * without any. Orders are written as "1 1.1 1.2 2 2.1 3".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/view.h"
#include "../lib/tap.h"

static struct model_node nodes[8];
static struct model model;
static struct view_list list;

static const struct view_column columns[] = {
	{ .name = "comm" },
	{ .name = "pinned" },
	{ .name = "areas" },
};

/* The screen wants one; it is not used here. */
int model__refresh(struct model *of, struct source *source)
{
	(void)of;
	(void)source;
	return 0;
}

static void add(__u32 ctx, __u32 ioas, const char *comm, __u64 pinned)
{
	struct model_node *node = &nodes[model.tables[MODEL_NODES].nr++];

	memset(node, 0, sizeof(*node));
	node->key.kind = ioas == EVENT_NONE ? MODEL_KIND_CTX : MODEL_KIND_IOAS;
	node->key.ctx = node->ctx = ctx;
	node->ioas = ioas;
	node->key.id = ioas == EVENT_NONE ? 0 : ioas;
	node->tgid = 100 + ctx;
	strcpy(node->comm, comm);
	node->pinned = pinned;
	node->limit = node->limit_used = node->limit_share = MODEL_NONE;
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
	order_is("1 1.2 1.1 2 2.1 3", "by pinned");
	view_list__invert(&list);
	order_is("3 2 2.1 1 1.1 1.2", "the other way");
	view_list__sort(&list, model__column(MODEL_NODES, "comm"));
	order_is("3 2 2.1 1 1.1 1.2", "a text: from A on");
	view_list__sort(&list, model__column(MODEL_NODES, "comm"));
	order_is("1 1.1 1.2 2 2.1 3", "once more: from Z on");
	view_list__sort(&list, model__column(MODEL_NODES, "areas"));
	order_is("1 1.1 1.2 2 2.1 3", "all the same: as they are");
	view_list__sort_next(&list, -1);
	tap__ok(list.sort == model__column(MODEL_NODES, "pinned"), "the column to the left");
	view_list__sort_next(&list, -1);
	view_list__sort_next(&list, -1);
	tap__ok(list.sort == model__column(MODEL_NODES, "comm"), "none is left of the first");
	view_list__sort(&list, model__column(MODEL_NODES, "pinned"));
	list.flat = true;
	order_is("1.2 1.1 2.1 3", "flat: each once");
}

static void test_selection(void)
{
	start();
	view_list__update(&list, &model);
	selected_is(1, EVENT_NONE, "the first row");
	fill(900);
	view_list__update(&list, &model);
	selected_is(2, EVENT_NONE, "whichever is the first");
	fill(100);
	view_list__update(&list, &model);
	view_list__move(&list, &model, 3);
	selected_is(2, EVENT_NONE, "the fourth");
	fill(900);
	view_list__update(&list, &model);
	selected_is(2, EVENT_NONE, "the same row, which is the first now");
	tap__is(list.index, 0, "at its new place");
	view_list__move(&list, &model, 1);
	selected_is(2, 1, "the one below it");
	/* It goes away: what comes to its place is selected. */
	nodes[4] = nodes[5];
	model.tables[MODEL_NODES].nr--;
	view_list__update(&list, &model);
	selected_is(1, EVENT_NONE, "what has its place when it is gone");
	view_list__move(&list, &model, -100);
	tap__is(list.index, 0, "not above the first");
	view_list__move(&list, &model, 100);
	tap__is(list.index, list.nr - 1, "not below the last");
	view_list__home(&list, &model);
	tap__ok(!list.has_selected && !list.index, "home: the first, whichever it is");
	model.tables[MODEL_NODES].nr = 0;
	view_list__update(&list, &model);
	tap__ok(!view_list__row(&list, &model), "none of none");
	view_list__move(&list, &model, 1);
	tap__ok(!view_list__row(&list, &model), "and no way to one");
}

static void test_follow(void)
{
	start();
	list.follows = true;
	view_list__update(&list, &model);
	tap__is(list.index, 5, "a list that follows: the last row");
	view_list__move(&list, &model, -1);
	add(9, EVENT_NONE, "new", 0);
	view_list__update(&list, &model);
	tap__is(list.index, 4, "not any more when another one is selected");
	view_list__end(&list, &model);
	add(10, EVENT_NONE, "new", 0);
	view_list__update(&list, &model);
	tap__is(list.index, 7, "at its end it follows again");
}

static void test_filter(void)
{
	start();
	strcpy(list.filter, "LEAK");
	order_is("2 2.1", "filter, whatever the case");
	strcpy(list.filter, "300");
	order_is("1 1.2", "a figure of an IOAS: its context is shown, too");
	list.flat = true;
	order_is("1.2", "flat: it alone");
	strcpy(list.filter, "no such text");
	order_is("", "nothing has it");
	list.flat = false;
	order_is("", "nor in the tree");
}

static void test_fold(void)
{
	start();
	view_list__update(&list, &model);
	view_list__move(&list, &model, 1);
	view_list__fold(&list, &model);
	order_is("1 2 2.1 3", "folded from below");
	selected_is(1, EVENT_NONE, "the context then");
	view_list__fold(&list, &model);
	order_is("1 1.2 1.1 2 2.1 3", "and unfolded");
	view_list__fold_all(&list);
	order_is("1 2 3", "all folded");
	view_list__fold(&list, &model);
	order_is("1 1.2 1.1 2 3", "but one");
	view_list__fold_all(&list);
	order_is("1 1.2 1.1 2 2.1 3", "none folded");
}

static void test_tags(void)
{
	start();
	view_list__update(&list, &model);
	view_list__tag(&list, &model);
	tap__ok(view_list__is_tagged(&list, &nodes[0]), "tagged");
	tap__is(list.index, 1, "and on to the next row");
	view_list__tag(&list, &model);
	tap__is(list.tags.nr, 2, "two of them");
	/* Its number may be given to somebody else. */
	nodes[2].key.id = 7;
	view_list__update(&list, &model);
	tap__is(list.tags.nr, 1, "the tag of what is gone goes, too");
	view_list__untag(&list);
	tap__ok(!view_list__is_tagged(&list, &nodes[0]), "untagged");
}

static void test_search(void)
{
	start();
	view_list__update(&list, &model);
	strcpy(list.search, "nvme");
	tap__ok(view_list__find(&list, &model, 1, 1), "found");
	tap__is(list.index, 1, "from where it began");
	view_list__find(&list, &model, list.index + 1, 1);
	tap__is(list.index, 2, "the next");
	view_list__find(&list, &model, list.index + 1, 1);
	tap__is(list.index, 0, "and round to the first");
	view_list__find(&list, &model, list.index - 1, -1);
	tap__is(list.index, 2, "and back round");
	strcpy(list.search, "nobody");
	tap__ok(!view_list__find(&list, &model, 0, 1), "not found");
	tap__is(list.index, 2, "which changes nothing");
}

/* history: what was pinned, the latest comes last. */
static void grows(bool want, const char *what, unsigned int nr, const unsigned int *history)
{
	struct model_node node = { .nr_history = nr };
	unsigned int i;

	for (i = 0; i < nr; i++)
		node.history[i] = history[i];
	tap__ok(view__is_growing(&node) == want, "%s %s", what, want ? "grows on" : "does not");
}

static void test_growth(void)
{
	grows(false, "what is just seen", 3, (unsigned int[]){ 1, 2, 3 });
	grows(true, "a bit more each time", 7, (unsigned int[]){ 1, 2, 3, 4, 5, 6, 7 });
	grows(true, "a bit more every second time", 9,
	      (unsigned int[]){ 1, 1, 2, 2, 3, 3, 4, 4, 5 });
	grows(false, "all at once", 8, (unsigned int[]){ 1, 900, 900, 900, 900, 900, 900, 900 });
	grows(false, "up and down", 8, (unsigned int[]){ 1, 2, 3, 4, 5, 4, 5, 6 });
	grows(false, "what stopped", 10, (unsigned int[]){ 1, 2, 3, 4, 5, 5, 5, 5, 5, 5 });
}

int main(void)
{
	tap__start(10);
	test_order();
	test_selection();
	test_follow();
	test_filter();
	test_fold();
	test_tags();
	test_search();
	test_growth();
	view_list__close(&list);
	return tap__done();
}
