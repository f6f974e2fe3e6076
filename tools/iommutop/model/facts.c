// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sentences about a context, see facts.h.
 *
 * The driver's counts since the open are preferred. Where there are none, as in a recording without
 * snapshots, those since the start of iommutop are given, and the line says so.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "human.h"
#include "model/facts.h"
#include "text.h"

static struct fact *begin(struct facts *facts, const char *label)
{
	struct fact *fact = &facts->lines[facts->nr++];

	fact->label = label;
	fact->nr = 0;
	return fact;
}

__attribute__((format(printf, 2, 3))) static void say(struct fact *fact, const char *format, ...)
{
	va_list args;

	if (fact->nr == FACT_PHRASES)
		return;
	va_start(args, format);
	vsnprintf(fact->phrases[fact->nr++], FACT_MAX, format, args);
	va_end(args);
}

/* A name, which is cleaned and may be cut. */
static void say_cell(struct fact *fact, const struct model *model, const struct model_node *node,
		     const char *column, bool utf8)
{
	char cell[MODEL_CELL];

	model__format(cell, model, model__column(MODEL_NODES, column), node, utf8);
	text__clean(fact->phrases[fact->nr++], FACT_MAX, cell, sizeof(cell), FACT_MAX, utf8);
}

/* "23 maps", "1 map" */
static void say_count(struct fact *fact, __u64 count, const char *one, const char *more)
{
	char text[HUMAN_MAX];

	say(fact, "%s %s", human__count(text, count), count == 1 ? one : more);
}

static void put_memory(struct facts *facts, const struct model_node *node)
{
	struct fact *fact = begin(facts, "Memory");
	char text[HUMAN_MAX];

	say(fact, "%s pinned", human__bytes(text, node->pinned));
	say(fact, "%s mapped", human__bytes(text, node->mapped));
	say_count(fact, node->areas, "area", "areas");
	say_count(fact, node->nr_ioases, "IOAS", "IOASes");
	if (node->runs && node->runs != MODEL_NONE)
		say(fact, "runs of %s", human__bytes(text, node->run_size));
	if (node->huge_share != MODEL_NONE && node->runs)
		say(fact, "%llu.%llu%% huge", node->huge_share / 100, node->huge_share % 100 / 10);
	if (node->mediated && node->mediated != MODEL_NONE)
		say(fact, "%s by mediated devices", human__bytes(text, node->mediated));
	if (node->tracks_dirty == 1)
		say(fact, "dirty pages are tracked");
}

static void put_growth(struct fact *fact, const struct model_node *node)
{
	__s64 grown = node->grown_total;
	char text[HUMAN_MAX], time[HUMAN_MAX];

	if (!grown)
		say(fact, "no growth since the start");
	else
		say(fact, "%c%s since the start", grown < 0 ? '-' : '+',
		    human__bytes(text, grown < 0 ? -(__u64)grown : (__u64)grown));
	if (!node->growth_rate)
		return;
	say(fact, "%s/min for %s", human__bytes(text, node->growth_rate),
	    human__time(time, node->growth_ns));
	if (!node->limit_in_ns)
		say(fact, "limit reached");
	else if (node->limit_in_ns != MODEL_NONE)
		say(fact, "limit in %s", human__time(time, node->limit_in_ns));
}

static void put_limit(struct facts *facts, const struct model_node *node)
{
	struct fact *fact = begin(facts, "Limit");
	char limit[HUMAN_MAX], used[HUMAN_MAX];

	if (node->charged == MODEL_NONE)
		say(fact, "not known");
	else if (node->limit == MODEL_NONE)
		say(fact, "none");
	else
		say(fact, "%s of %s used", human__bytes(used, node->limit_used),
		    human__bytes(limit, node->limit));
	if (node->limit_share != MODEL_NONE)
		say(fact, "%llu.%llu%%", node->limit_share / 100, node->limit_share % 100 / 10);
	if (node->limit != MODEL_NONE)
		say(fact, "for the %s", node->per_process ? "process" : "user");
	if (node->nr_payers > 1)
		say_count(fact, node->nr_payers, "payer", "payers");
	if (node->areas_left != MODEL_NONE)
		say_count(fact, node->areas_left, "area left", "areas left");
	put_growth(fact, node);
}

/* Times since the open; without the driver's counts there are none. */
static void put_opened(struct facts *facts, const struct model_node *node)
{
	const struct iommufd_ctx_counts *open = &node->open;
	char text[HUMAN_MAX];
	struct fact *fact;

	if (open->age_ns == MODEL_NONE)
		return;
	fact = begin(facts, "Opened");
	say(fact, "%s ago", human__time(text, open->age_ns));
	if (node->opener_tgid != node->tgid && node->opener_tgid != EVENT_NONE)
		say(fact, "by PID %u", node->opener_tgid);
	if (open->last_map_ns == MODEL_NONE) {
		say(fact, "nothing was mapped yet");
		return;
	}
	say(fact, "first map %s later", human__time(text, open->first_map_ns));
	say(fact, "last map %s later", human__time(text, open->last_map_ns));
}

/* The same counts, since the open or since the start. */
static void put_calls(struct facts *facts, const struct model_node *node)
{
	const struct iommufd_ctx_counts *open = &node->open;
	const struct model_counts *total = &node->total;
	bool is_open = open->maps != MODEL_NONE;
	struct fact *fact;
	__u64 copies;

	if (!is_open && total->maps == MODEL_NONE)
		return;
	fact = begin(facts, "Calls");
	say(fact, is_open ? "since the open" : "since the start");
	say_count(fact, is_open ? open->maps : total->maps, "map", "maps");
	say(fact, "%llu failed", is_open ? open->maps_failed : total->map_failed);
	say_count(fact, is_open ? open->unmaps : total->unmaps, "unmap", "unmaps");
	say(fact, "%llu failed", is_open ? open->unmaps_failed : total->unmap_failed);
	copies = is_open ? open->copies : total->copies;
	if (copies != MODEL_NONE)
		say_count(fact, copies, "copy", "copies");
	if (!is_open)
		return;
	say(fact, "%llu refused by policies", open->refused_policy);
	say(fact, "%llu refused by limits", open->refused_limit);
}

static void put_pins(struct facts *facts, const struct model_node *node)
{
	const struct iommufd_ctx_counts *open = &node->open;
	char text[HUMAN_MAX], time[HUMAN_MAX];
	struct fact *fact;

	if (open->pinned == MODEL_NONE)
		return;
	fact = begin(facts, "Pins");
	say(fact, "since the open");
	say(fact, "%s pinned", human__bytes(text, open->pinned));
	say(fact, "%s unpinned", human__bytes(text, open->unpinned));
	if (!open->timed_pins)
		return;
	say(fact, "%s of it in %llu large pin%s took %s", human__bytes(text, open->timed_bytes),
	    open->timed_pins, open->timed_pins == 1 ? "" : "s", human__time(time, open->pin_ns));
	say(fact, "and %s to fill page tables", human__time(time, open->fill_ns));
}

static void put_latency(struct facts *facts, const struct model_node *node)
{
	static const char *const names[MODEL_OPS] = { "pin", "map", "unmap" };
	char p50[HUMAN_MAX], p99[HUMAN_MAX];
	struct fact *fact = NULL;
	unsigned int op;

	for (op = 0; op < MODEL_OPS; op++) {
		const struct model_latency *latency = &node->latency_total[op];

		if (!latency->count)
			continue;
		if (!fact) {
			fact = begin(facts, "Times");
			say(fact, "since the start");
		}
		say(fact, "%s p50 %s p99 %s", names[op], human__time(p50, latency->p50_ns),
		    human__time(p99, latency->p99_ns));
	}
}

static void put_name(struct facts *facts, const struct model *model, const struct model_node *node,
		     bool utf8)
{
	struct fact *fact = begin(facts, "Context");

	say(fact, "%u", node->ctx);
	if (*node->machine)
		say_cell(fact, model, node, "machine", utf8);
	say_cell(fact, model, node, "comm", utf8);
	if (node->tgid != EVENT_NONE)
		say(fact, "PID %u", node->tgid);
	if (node->uid != EVENT_NONE)
		say(fact, "uid %u", node->uid);
	if (node->cgroup)
		say_cell(fact, model, node, "cgroup", utf8);
}

void facts__of(struct facts *facts, const struct model *model, const struct model_node *node,
	       bool utf8)
{
	facts->nr = 0;
	put_name(facts, model, node, utf8);
	put_memory(facts, node);
	put_limit(facts, node);
	put_opened(facts, node);
	put_calls(facts, node);
	put_pins(facts, node);
	put_latency(facts, node);
	_Static_assert(FACTS_MAX == 7, "a line for each function above");
}
