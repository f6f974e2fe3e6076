// SPDX-License-Identifier: GPL-2.0-only
/*
 * The overview: contexts and their IOASes, what they hold and how fast that changes.
 *
 * Flat, it has IOASes, and contexts without any: so that each is there once.
 */
#include <stdio.h>
#include <string.h>

#include "human.h"
#include "view/view.h"

static struct view_list list;
static unsigned int focus;

/* "qemu-system-x86 812", "ioas 3" */
static void name_cell(struct view_cell *cell, const struct view_row *of)
{
	const struct model_node *node = of->row;
	char comm[MODEL_CELL];

	if (of->is_child) {
		snprintf(cell->text, sizeof(cell->text), "%s ioas %u",
			 term__sign(of->is_last ? SIGN_LAST_CHILD : SIGN_CHILD), node->ioas);
		return;
	}
	view__text(comm, of->model, MODEL_NODES, "comm", node);
	if (of->has_children)
		snprintf(cell->text, sizeof(cell->text), "%s %.64s %u",
			 term__sign(of->is_folded ? SIGN_CLOSED : SIGN_OPEN), comm, node->tgid);
	else if (node->ioas != EVENT_NONE)
		snprintf(cell->text, sizeof(cell->text), "%.64s %u ioas %u", comm, node->tgid,
			 node->ioas);
	else
		snprintf(cell->text, sizeof(cell->text), "  %.64s %u", comm, node->tgid);
}

#define SHARE_WARN 7500 /* 1/100 of a percent */
#define SHARE_BAD 9000

static void limit_cell(struct view_cell *cell, const struct view_row *of)
{
	const struct model_node *node = of->row;
	char share[MODEL_CELL];

	*cell->text = '\0';
	if (node->ioas != EVENT_NONE)
		return;
	if (node->limit_share == MODEL_NONE) {
		strcpy(cell->text, "-");
		cell->style = STYLE_DIM;
		return;
	}
	view__text(share, of->model, MODEL_NODES, "limit_share", node);
	strcat(share, "%");
	term__bar(cell->text, sizeof(cell->text), of->width, node->limit_share, 10000, share);
	if (node->limit_share >= SHARE_BAD)
		cell->style = STYLE_BAD;
	else if (node->limit_share >= SHARE_WARN)
		cell->style = STYLE_WARN;
	else
		cell->style = STYLE_GOOD;
}

static void growth_cell(struct view_cell *cell, const struct view_row *of)
{
	const struct model_node *node = of->row;
	char growth[MODEL_CELL];

	view__text(growth, of->model, MODEL_NODES, "grown_total", node);
	if (view__is_growing(node)) {
		snprintf(cell->text, sizeof(cell->text), "%s%.64s", term__sign(SIGN_GROWS), growth);
		cell->style = STYLE_BAD;
	} else {
		memcpy(cell->text, growth, sizeof(growth));
		if (view_list__is_nothing(growth))
			cell->style = STYLE_DIM;
	}
}

/* The machine, or where there is none the last part of the path of the cgroup. */
static void machine_cell(struct view_cell *cell, const struct view_row *of)
{
	const struct model_node *node = of->row;
	char text[MODEL_CELL];
	const char *last;

	*cell->text = '\0';
	if (of->is_child)
		return;
	view__text(text, of->model, MODEL_NODES, *node->machine ? "machine" : "cgroup", node);
	last = strrchr(text, '/');
	strcpy(cell->text, last && last[1] ? last + 1 : text);
}

static const struct view_column columns[] = {
	{ "comm", "CONTEXT/IOAS", 23, 17, 32, 26, name_cell, true, true },
	{ .name = "pinned" },
	{ "limit_share", "LIMIT", 6, 6, 24, 16, limit_cell, true, false },
	{ "grown_total", "GROWTH", 7, 6, 0, 0, growth_cell, false, false },
	{ .name = "mapped" },
	{ .name = "areas" },
	{ .name = "maps" },
	{ .name = "unmaps" },
	{ .name = "pin_p50" },
	{ .name = "pin_p99" },
	{ .name = "map_p50" },
	{ .name = "map_p99" },
	{ .name = "devices", .width = 14, .most = 24 },
	{ "machine", "MACHINE/CGROUP", 14, 0, 32, 0, machine_cell, true, true },
	{ .name = "map_bytes" },
	{ .name = "ctx" },
};

static void start(void)
{
	view_list__close(&list);
	VIEW_LIST_INIT(&list, MODEL_NODES, columns);
	list.is_empty_of_parents = true;
	list.empty = "nobody has /dev/iommu open";
	focus = 0;
}

static void draw(struct ui *ui, int y, int lines, int width)
{
	view_list__draw(&list, ui->model, y, 0, lines, width, true);
}

/* Enter: the map of the IOAS, or of the context's first one. */
static bool act(struct ui *ui, enum action action)
{
	const struct model_node *node = view_list__row(&list, ui->model);
	unsigned int index;

	if (action != ACTION_OPEN)
		return false;
	if (!node)
		return true;
	if (node->ioas == EVENT_NONE) {
		index = list.order[list.index] + 1;
		if (index >= model__nr(ui->model, MODEL_NODES) ||
		    !view_list__is_child(model__row(ui->model, MODEL_NODES, index))) {
			snprintf(ui->message, sizeof(ui->message), "the context has no IOAS");
			return true;
		}
		node = model__row(ui->model, MODEL_NODES, index);
	}
	view_space__choose(ui, node->ctx, node->ioas);
	view__go(ui, VIEW_SPACE);
	return true;
}

static void sum_of_tags(struct ui *ui, char *text)
{
	__u64 mapped = 0, pinned = 0;
	char mapped_text[HUMAN_MAX], pinned_text[HUMAN_MAX];
	unsigned int i;

	for (i = 0; i < list.tags.nr; i++) {
		int index = model__find(ui->model, MODEL_NODES, &list.tags.keys[i]);
		const struct model_node *node;

		if (index < 0)
			continue;
		node = model__row(ui->model, MODEL_NODES, index);
		mapped += node->mapped == MODEL_NONE ? 0 : node->mapped;
		pinned += node->pinned == MODEL_NONE ? 0 : node->pinned;
	}
	snprintf(text, UI_TEXT, "%u tagged: mapped %s, pinned %s", list.tags.nr,
		 human__bytes(mapped_text, mapped), human__bytes(pinned_text, pinned));
}

/* The context that grows on and has grown most. */
static bool hint(struct ui *ui, char *text)
{
	const struct model_node *worst = NULL;
	unsigned int i, growing = 0;
	char comm[MODEL_CELL], more[32] = "", size[HUMAN_MAX];

	if (list.tags.nr) {
		sum_of_tags(ui, text);
		return true;
	}
	for (i = 0; i < model__nr(ui->model, MODEL_NODES); i++) {
		const struct model_node *node = model__row(ui->model, MODEL_NODES, i);

		if (node->ioas != EVENT_NONE || !view__is_growing(node))
			continue;
		growing++;
		if (!worst || node->grown_total > worst->grown_total)
			worst = node;
	}
	if (!worst)
		return false;
	view__text(comm, ui->model, MODEL_NODES, "comm", worst);
	if (growing > 1)
		snprintf(more, sizeof(more), "; %u others too", growing - 1);
	snprintf(text, UI_TEXT, "%s %.64s %u goes on growing: %s more pinned than at first%s",
		 term__sign(SIGN_GROWS), comm, worst->tgid,
		 human__bytes(size, worst->grown_total > 0 ? worst->grown_total : 0), more);
	return true;
}

const struct view view_overview = {
	.title = "Overview",
	.lists = { &list },
	.focus = &focus,
	.start = start,
	.draw = draw,
	.act = act,
	.hint = hint,
};
