// SPDX-License-Identifier: GPL-2.0-only
/*
 * The overview: contexts and their IOASes, their memory, and how fast it changes.
 *
 * The flat list has IOASes, and contexts without an IOAS, so that nothing is listed twice.
 */
#include <stdio.h>
#include <string.h>

#include "human.h"
#include "term/term.h"
#include "view/view.h"

static struct view_list list;
static unsigned int focus;

/* "qemu-system-x86 812", "ioas 3" */
static void name_cell(struct view_cell *cell, const struct view_row *of)
{
	const struct model_node *node = of->row;
	char comm[MODEL_CELL], pid[MODEL_CELL];

	if (of->is_child) {
		snprintf(cell->text, sizeof(cell->text), "%s ioas %u",
			 term__sign(of->is_last ? SIGN_LAST_CHILD : SIGN_CHILD), node->ioas);
		return;
	}
	view__text(comm, of->model, MODEL_NODES, "comm", node);
	view__text(pid, of->model, MODEL_NODES, "pid", node);
	if (of->has_children)
		snprintf(cell->text, sizeof(cell->text), "%s %.64s %.10s",
			 term__sign(of->is_folded ? SIGN_CLOSED : SIGN_OPEN), comm, pid);
	else if (node->ioas != EVENT_NONE)
		snprintf(cell->text, sizeof(cell->text), "%.64s %.10s ioas %u", comm, pid,
			 node->ioas);
	else
		snprintf(cell->text, sizeof(cell->text), "  %.64s %.10s", comm, pid);
}

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
	cell->style = view__share_style(node->limit_share);
}

static void growth_cell(struct view_cell *cell, const struct view_row *of)
{
	const struct model_node *node = of->row;
	char growth[MODEL_CELL];

	view__text(growth, of->model, MODEL_NODES, "grown_total", node);
	if (model__is_growing(node)) {
		snprintf(cell->text, sizeof(cell->text), "%s%.64s", term__sign(SIGN_GROWS), growth);
		cell->style = STYLE_BAD;
	} else {
		memcpy(cell->text, growth, sizeof(growth));
		if (model__is_blank(growth))
			cell->style = STYLE_DIM;
	}
}

/* The machine, or the last component of the cgroup if there is none. */
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
	{ "grown_total", "GROWTH", 7, 7, 0, 0, growth_cell, false, false },
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
	list.empty = "no process has /dev/iommu open";
	focus = 0;
}

/* The view of the IOVA map may have selected another IOAS. */
static void enter(struct ui *ui)
{
	if (!ui->ioas_is_selected)
		return;
	list.selected = ui->ioas;
	list.has_selected = true;
}

static void leave(struct ui *ui)
{
	const struct model_node *node = view_list__row(&list, ui->model);

	ui->ioas_is_selected = list.has_selected && node && node->ioas != EVENT_NONE;
	if (ui->ioas_is_selected)
		ui->ioas = node->key;
}

/* Enter shows the map of the IOAS, or of the first IOAS of the context. */
static bool act(const struct view *view, struct ui *ui, enum action action)
{
	const struct model_node *node = view_list__row(&list, ui->model);
	unsigned int index;

	(void)view;
	if (action != ACTION_OPEN)
		return false;
	if (!node)
		return true;
	if (node->ioas == EVENT_NONE) {
		index = list.order[list.index];
		if (!model__has_children(ui->model, MODEL_NODES, index)) {
			snprintf(ui->message, sizeof(ui->message), "this context has no IOAS");
			return true;
		}
		node = model__row(ui->model, MODEL_NODES, index + 1);
	}
	ui->ioas = node->key;
	ui->next_view = VIEW_SPACE;
	return true;
}

static void sum_tags(struct ui *ui, char *text)
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

/* Of the contexts that keep growing, name the one that has grown most. */
static bool hint(struct ui *ui, char *text)
{
	const struct model_node *worst = NULL;
	unsigned int i, growing = 0;
	char comm[MODEL_CELL], pid[MODEL_CELL], more[32] = "", size[HUMAN_MAX];

	if (list.tags.nr) {
		sum_tags(ui, text);
		return true;
	}
	for (i = 0; i < model__nr(ui->model, MODEL_NODES); i++) {
		const struct model_node *node = model__row(ui->model, MODEL_NODES, i);

		if (node->ioas != EVENT_NONE || !model__is_growing(node))
			continue;
		growing++;
		if (!worst || node->grown_total > worst->grown_total)
			worst = node;
	}
	if (!worst)
		return false;
	view__text(comm, ui->model, MODEL_NODES, "comm", worst);
	view__text(pid, ui->model, MODEL_NODES, "pid", worst);
	if (growing > 1)
		snprintf(more, sizeof(more), "; %u other%s, too", growing - 1,
			 growing > 2 ? "s" : "");
	snprintf(text, UI_TEXT,
		 "%s %.64s %.10s keeps growing: %s more pinned since iommutop started%s",
		 term__sign(SIGN_GROWS), comm, pid,
		 human__bytes(size, worst->grown_total > 0 ? worst->grown_total : 0), more);
	return true;
}

const struct view view_overview = {
	.title = "Overview",
	.lists = { &list },
	.focus = &focus,
	.start = start,
	.enter = enter,
	.leave = leave,
	.draw = view__draw_one,
	.act = act,
	.hint = hint,
};
