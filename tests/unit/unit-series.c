// SPDX-License-Identifier: GPL-2.0-only
/*
 * Histories of contexts in iommutop's model: their moments, how many of them are kept and of which
 * contexts, and the words about a context.
 */
#include <stdio.h>
#include <string.h>

#include "model/facts.h"
#include "model/rows.h"
#include "tap.h"

static void add_ctx(struct model *model, __u32 ctx, __u64 pinned)
{
	struct state_ctx *info = array__add(&model->state->ctxs);

	memset(info, 0, sizeof(*info));
	info->info.ctx = ctx;
	info->info.tgid = 100 + ctx;
	info->info.pinned = pinned;
	snprintf(info->info.comm, sizeof(info->info.comm), "p%u", ctx);
}

static void add_ioas(struct model *model, __u32 ctx, __u64 pinned)
{
	struct iommufd_object_info *object = array__add(&model->state->objects);

	memset(object, 0, sizeof(*object));
	object->ctx = ctx;
	object->id = 1;
	object->type = IOMMUFD_INFO_IOAS;
	object->areas = object->runs = pinned / 4096;
	object->mapped = object->pinned = pinned;
	object->huge = IOMMUFD_NONE;
}

/* A refresh with the contexts [first, first + nr), each with so many pages, a second later. */
static void refresh(struct model *model, __u32 first, unsigned int nr, __u64 pages)
{
	__u64 time_ns = model->time_ns + NS_PER_SEC;
	unsigned int i;

	model__begin(model);
	model->time_ns = time_ns;
	for (i = 0; i < nr; i++) {
		add_ctx(model, first + i, (pages + i) * 4096);
		add_ioas(model, first + i, (pages + i) * 4096);
	}
	model__update(model);
}

static void test_moments(void)
{
	const struct model_moment *row, *newest, *oldest;
	const struct model_series *series;
	struct model model;
	bool is_good = true;
	unsigned int i;

	if (model__init(&model))
		return;
	model.want.history = 7;
	for (i = 1; i <= 1000; i++)
		refresh(&model, 7, 1, i);
	series = model__series(&model, 7);
	if (!tap__ok(series && model__nr_moments(series) == MODEL_MOMENTS,
		     "after 1000 refreshes, the last %u moments are kept", MODEL_MOMENTS))
		goto close;
	newest = model__moment(series, 0);
	oldest = model__moment(series, MODEL_MOMENTS - 1);
	tap__ok(newest->pinned == 1000 * 4096 && newest->areas == 1000 &&
			oldest->pinned == (1000 - MODEL_MOMENTS + 1) * 4096,
		"from the newest to the oldest");
	tap__is(newest->time_ns - oldest->time_ns, (MODEL_MOMENTS - 1) * NS_PER_SEC,
		"with their times");
	tap__is(newest->interval_ns, NS_PER_SEC, "and intervals");
	tap__is(newest->maps, MODEL_NONE, "maps are unknown if the source does not count them");
	tap__is(model__nr(&model, MODEL_HISTORY), MODEL_MOMENTS, "the wanted one has rows");
	for (i = 0; i < MODEL_MOMENTS; i++) {
		row = model__row(&model, MODEL_HISTORY, i);
		is_good &= row->key.number == 1000 - MODEL_MOMENTS + 1 + i &&
			   row->pinned == row->key.number * 4096;
	}
	tap__ok(is_good, "oldest first, with numbers that go on");
	refresh(&model, 8, 1, 5);
	series = model__series(&model, 7);
	tap__ok(series && series->last.pinned == 1000 * 4096 && !series->last.histograms &&
			model.time_ns - series->seen_ns == NS_PER_SEC,
		"they stay when the context is closed, with its last state");
	model__forget_histories(&model);
	tap__ok(!model__nr_moments(model__series(&model, 7)) && !model__nr(&model, MODEL_HISTORY) &&
			!model.nr_heat,
		"forget all");
close:
	model__close(&model);
}

static unsigned int count(const struct model *model, __u32 first, unsigned int nr)
{
	unsigned int i, found = 0;

	for (i = 0; i < nr; i++)
		found += !!model__series(model, first + i);
	return found;
}

/* Whether each row of a context has the address of its series, or none. */
static bool rows_agree(const struct model *model)
{
	unsigned int i;

	for (i = 0; i < model__nr(model, MODEL_NODES); i++) {
		const struct model_node *node = model__row(model, MODEL_NODES, i);

		if (node->ioas == EVENT_NONE && node->series != model__series(model, node->ctx))
			return false;
	}
	return true;
}

static void test_contexts(void)
{
	struct model model;
	unsigned int i;

	if (model__init(&model))
		return;
	for (i = 1; i <= 2000; i++)
		refresh(&model, i, 1, 1);
	tap__is(model.state->series.nr, MODEL_SERIES, "of 2000 contexts, %u have a history",
		MODEL_SERIES);
	tap__is(count(&model, 2000 - MODEL_SERIES + 1, MODEL_SERIES), MODEL_SERIES,
		"those that were there last");
	/* 300 at once: there is no room for the last 44. */
	refresh(&model, 5000, 300, 10);
	refresh(&model, 5000, 300, 20);
	tap__is(count(&model, 5000, MODEL_SERIES), MODEL_SERIES,
		"new contexts take the places of closed ones");
	tap__is(count(&model, 5256, 44), 0, "not of each other");
	tap__is(model__nr_moments(model__series(&model, 5000)), 2, "so that histories grow");
	tap__ok(rows_agree(&model), "rows have the histories of their contexts");
	model.want.history = 5299;
	refresh(&model, 5000, 300, 30);
	tap__ok(model__series(&model, 5299) && !model__series(&model, 5000),
		"the wanted one takes the place of that with the least memory");
	tap__ok(rows_agree(&model), "whose row has none then");
	refresh(&model, 5000, 300, 40);
	tap__is(model__nr_moments(model__series(&model, 5299)), 2, "and keeps it");
	tap__is(model.state->series.nr, MODEL_SERIES, "there are no more than before");
	model__close(&model);
}

static void test_drop(void)
{
	struct hash hash;
	bool is_good = true;
	__u32 *data, i, j;

	hash__init(&hash, sizeof(*data));
	for (i = 0; i < 500; i++) {
		data = hash__get(&hash, (struct hash_key){ .a = i }, 1);
		*data = i;
	}
	for (i = 0; i < 500; i += 3) {
		hash__drop(&hash, (struct hash_key){ .a = i });
		for (j = 0; j < 500; j++) {
			data = hash__find(&hash, (struct hash_key){ .a = j });
			is_good &= (j % 3 || j > i) ? data && *data == j : !data;
		}
	}
	hash__drop(&hash, (struct hash_key){ .a = 7000 });
	tap__ok(is_good && hash.nr == 333, "each drop leaves all others");
	hash__close(&hash);
}

static struct facts facts;

static bool says(const char *label, const char *phrase)
{
	unsigned int i, j;

	for (i = 0; i < facts.nr; i++)
		for (j = 0; j < facts.lines[i].nr; j++)
			if (!strcmp(facts.lines[i].label, label) &&
			    !strcmp(facts.lines[i].phrases[j], phrase))
				return true;
	for (i = 0; i < facts.nr; i++)
		for (j = 0; j < facts.lines[i].nr; j++)
			tap__diag("%s: %s", facts.lines[i].label, facts.lines[i].phrases[j]);
	return false;
}

static void test_facts(void)
{
	struct model_node node;
	struct model model;

	if (model__init(&model))
		return;
	refresh(&model, 7, 1, 1);
	node = *(const struct model_node *)model__row(&model, MODEL_NODES, 0);
	memcpy(node.comm, "a\033b", 4);
	facts__of(&facts, &model, &node, true);
	tap__ok(says("Context", "7") && says("Context", "a?b"), "names are cleaned");
	tap__ok(says("Memory", "1 area") && says("Memory", "1 IOAS"), "one is singular");
	tap__ok(says("Limit", "not known"), "without payers the limit is not known");
	tap__is(facts.nr, 3, "without counts there are no sentences about them");
	node.total = (struct model_counts){ .maps = 23, .map_failed = 7 };
	facts__of(&facts, &model, &node, true);
	tap__ok(says("Calls", "since the start") && says("Calls", "23 maps") &&
			says("Calls", "7 failed"),
		"without those since the open, the counts are since the start");
	memset(&node.open, 0, sizeof(node.open));
	node.open.maps = 1000;
	node.open.last_map_ns = MODEL_NONE;
	node.opener_tgid = 5;
	facts__of(&facts, &model, &node, true);
	tap__ok(says("Calls", "since the open") && says("Calls", "1000 maps"),
		"those since the open are preferred");
	tap__ok(says("Opened", "by PID 5") && says("Opened", "nothing was mapped yet"),
		"another process opened it");
	node.charged = 0;
	facts__of(&facts, &model, &node, true);
	tap__ok(says("Limit", "none"), "it has no limit");
	node.limit = node.limit_used = node.growth_rate = 1 << 20;
	node.growth_ns = NS_PER_SEC;
	node.limit_in_ns = 2 * NS_PER_SEC;
	facts__of(&facts, &model, &node, true);
	tap__ok(says("Limit", "limit in 2s"), "growth has the time to the limit");
	node.limit_in_ns = 0;
	facts__of(&facts, &model, &node, true);
	tap__ok(says("Limit", "limit reached"), "or says that it is reached");
	model__close(&model);
}

int main(void)
{
	test_moments();
	test_contexts();
	test_drop();
	test_facts();
	return tap__done();
}
