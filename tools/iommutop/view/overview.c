// SPDX-License-Identifier: GPL-2.0-only
/*
 * The overview: contexts and their IOASes, their memory, and how fast it changes.
 *
 * The tree hides the IOAS of a context that has only one, until H or z shows it. The flat list has
 * IOASes, and contexts without an IOAS. So nothing is listed twice.
 */
#include <stdio.h>
#include <string.h>

#include "human.h"
#include "term/term.h"
#include "text.h"
#include "view/graph.h"
#include "view/view.h"

static struct view_list list;
static unsigned int focus;

/* "vm1 812 qemu-system-x86", "ioas 3" */
static void name_cell(struct view_cell *cell, const struct view_row *of)
{
	const struct model_node *node = of->row;
	char who[MODEL_CELL];

	if (of->is_child) {
		snprintf(cell->text, sizeof(cell->text), "%s ioas %u",
			 term__sign(of->is_last ? SIGN_LAST_CHILD : SIGN_CHILD), node->ioas);
		return;
	}
	view__who(who, of->model, node);
	if (of->has_children)
		snprintf(cell->text, sizeof(cell->text), "%s %.140s",
			 term__sign(of->is_folded ? SIGN_CLOSED : SIGN_OPEN), who);
	else if (node->ioas != EVENT_NONE)
		snprintf(cell->text, sizeof(cell->text), "%.140s ioas %u", who, node->ioas);
	else
		snprintf(cell->text, sizeof(cell->text), "  %.140s", who);
}

/* In the flat list there is no row of the context, so an IOAS has the limit of its context. */
static void limit_cell(struct view_cell *cell, const struct view_row *of)
{
	const struct model_column *column = model__column(MODEL_NODES, "limit_share");
	const struct model_node *node = of->row;
	char share[MODEL_CELL];

	*cell->text = '\0';
	if (of->list->flat)
		node = model__row_with(of->model, MODEL_NODES,
				       model__index(of->model, MODEL_NODES, node), column);
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

static enum term_style growth_style(enum model_growth growth)
{
	return growth == MODEL_GROWS_BAD  ? STYLE_BAD :
	       growth == MODEL_GROWS_WARN ? STYLE_WARN :
					    STYLE_NORMAL;
}

static void growth_cell(struct view_cell *cell, const struct view_row *of)
{
	enum model_growth grows = model__growth(of->row);
	char growth[MODEL_CELL];

	view__text(growth, of->model, MODEL_NODES, "grown_total", of->row);
	cell->style = growth_style(grows);
	if (grows != MODEL_STEADY) {
		snprintf(cell->text, sizeof(cell->text), "%s%.64s", term__sign(SIGN_GROWS), growth);
		/* The sign says that it is more. */
		if (text__columns(cell->text) > of->width && growth[0] == '+')
			snprintf(cell->text, sizeof(cell->text), "%s%.64s", term__sign(SIGN_GROWS),
				 growth + 1);
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

/* The pinned memory of a context at the last refreshes. */
static void trend_cell(struct view_cell *cell, const struct view_row *of)
{
	const struct model_node *node = of->row;
	const struct model_series *series = node->series;
	__u64 values[MODEL_MOMENTS];
	unsigned int ago;

	*cell->text = '\0';
	if (!series)
		return;
	cell->style = STYLE_GOOD;
	for (ago = 0; ago < model__nr_moments(series); ago++)
		values[ago] = model__moment(series, ago)->pinned;
	graph__line(cell->text, sizeof(cell->text), of->width, values, ago, true);
}

static const struct view_column columns[] = {
	{ .name = "comm",
	  .title = "CONTEXT/IOAS",
	  .width = 23,
	  .least = 17,
	  .most = 60,
	  .roomy = 26,
	  .cell = name_cell,
	  .left = true,
	  .searched = true },
	{ .name = "pinned" },
	{ .name = "limit_share",
	  .title = "LIMIT",
	  .width = 6,
	  .most = 24,
	  .roomy = 16,
	  .cell = limit_cell,
	  .left = true },
	{ .name = "grown_total", .title = "GROWTH", .width = 7, .cell = growth_cell },
	{ .title = "HISTORY", .most = 60, .from = 120, .part = 10, .cell = trend_cell },
	{ .name = "mapped" },
	{ .name = "areas" },
	{ .name = "maps" },
	{ .name = "unmaps" },
	{ .name = "pin_p50" },
	{ .name = "pin_p99" },
	{ .name = "map_p50" },
	{ .name = "map_p99" },
	{ .name = "devices", .width = 14, .most = 60 },
	{ .name = "machine",
	  .title = "MACHINE/CGROUP",
	  .width = 14,
	  .most = 60,
	  .cell = machine_cell,
	  .left = true,
	  .searched = true },
	{ .name = "run_size" },
	{ .name = "huge_share" },
	{ .name = "map_bytes" },
	{ .name = "uid" },
	{ .name = "ctx" },
	{ .name = "limit_in" },
	{ .name = "nr_pasids" },
	{ .name = "age" },
};

static void start(void)
{
	view_list__close(&list);
	VIEW_LIST_INIT(&list, MODEL_NODES, columns);
	list.is_empty_of_parents = true;
	list.may_hide_single = list.hides_single = true;
	list.empty = "no process has /dev/iommu open";
	focus = 0;
}

/* Another view may have selected another context or IOAS. */
static void enter(struct ui *ui)
{
	if (ui->ioas_is_selected)
		list.selected = ui->ioas;
	else if (ui->ctx_is_selected)
		list.selected = (struct model_key){ .kind = MODEL_KIND_CTX, .ctx = ui->ctx };
	else
		return;
	list.has_selected = true;
}

/* The views of an IOAS show the selected one, or the first one of the selected context. */
static void leave(struct ui *ui)
{
	const struct model_node *node = view_list__row(&list, ui->model);

	ui->ioas_is_selected = ui->ctx_is_selected = false;
	if (!list.has_selected || !node)
		return;
	ui->ctx = node->ctx;
	ui->ioas_is_selected = node->ioas != EVENT_NONE;
	ui->ctx_is_selected = !ui->ioas_is_selected;
	if (ui->ioas_is_selected)
		ui->ioas = node->key;
	else
		view_ioas__of(ui, node->ctx);
}

/* Enter shows the areas of an IOAS, and the details of a context. */
static bool act(const struct view *view, struct ui *ui, enum action action)
{
	const struct model_node *node = view_list__row(&list, ui->model);

	(void)view;
	if (action != ACTION_OPEN)
		return false;
	if (!node)
		return true;
	ui->ctx = node->ctx;
	if (node->ioas != EVENT_NONE)
		ui->ioas = node->key;
	ui->next_view = node->ioas != EVENT_NONE ? VIEW_AREAS : VIEW_DETAIL;
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

/* Find the context whose growth is most remarkable, and count those that grow. */
static const struct model_node *find_worst(const struct model *model, unsigned int *growing)
{
	const struct model_node *worst = NULL, *node;
	unsigned int i;

	*growing = 0;
	for (i = 0; i < model__nr(model, MODEL_NODES); i++) {
		node = model__row(model, MODEL_NODES, i);
		if (node->ioas != EVENT_NONE || model__growth(node) == MODEL_STEADY)
			continue;
		++*growing;
		if (!worst || model__growth(node) > model__growth(worst) ||
		    (model__growth(node) == model__growth(worst) &&
		     node->growth_rate > worst->growth_rate))
			worst = node;
	}
	return worst;
}

#define REFUSAL_SHOWN_NS (10 * NS_PER_SEC)
#define TURN_NS (4 * NS_PER_SEC)

/* Describe the last call that a policy has denied, if that was just now. */
static bool hint_refusal(const struct model *model, char *text)
{
	char policy[MODEL_CELL], who[MODEL_CELL], hook[MODEL_CELL], reason[MODEL_CELL];
	const struct model_refusal *last = NULL;
	unsigned int i;

	for (i = model__nr(model, MODEL_REFUSALS); i-- && !last;) {
		last = model__row(model, MODEL_REFUSALS, i);
		if (model->time_ns > last->time_ns + REFUSAL_SHOWN_NS)
			return false;
		if (strcmp(last->what, "denied"))
			last = NULL;
	}
	if (!last)
		return false;
	view__text(policy, model, MODEL_REFUSALS, "policy", last);
	view__text(who, model, MODEL_REFUSALS, *last->machine ? "machine" : "comm", last);
	view__text(hook, model, MODEL_REFUSALS, "hook", last);
	view__text(reason, model, MODEL_REFUSALS, *last->reason ? "reason" : "error", last);
	snprintf(text, UI_TEXT, "%s policy %.32s denied %.40s %u: %.16s %.100s",
		 term__sign(SIGN_WARNING), policy, who, last->tgid, hook, reason);
	return true;
}

/* Describe the context that grows worst. */
static bool hint_growth(struct ui *ui, char *text, enum term_style *style)
{
	char who[MODEL_CELL], rate[HUMAN_MAX], size[HUMAN_MAX], time[HUMAN_MAX];
	const struct model_node *worst;
	unsigned int growing;
	int used;

	worst = find_worst(ui->model, &growing);
	if (!worst)
		return false;
	*style = growth_style(model__growth(worst));
	view__who(who, ui->model, worst);
	used = snprintf(text, UI_TEXT, "%s %.140s grows: %s/min for %s, %s in all",
			term__sign(SIGN_GROWS), who, human__bytes(rate, worst->growth_rate),
			human__time(time, worst->growth_ns),
			human__bytes(size, worst->grown_total > 0 ? worst->grown_total : 0));
	if (!worst->limit_in_ns)
		used += snprintf(text + used, UI_TEXT - used, ", limit reached");
	else if (worst->limit_in_ns != MODEL_NONE)
		used += snprintf(text + used, UI_TEXT - used, ", limit in %s",
				 human__time(time, worst->limit_in_ns));
	if (growing > 1)
		snprintf(text + used, UI_TEXT - used, "; %u other%s, too", growing - 1,
			 growing > 2 ? "s" : "");
	return true;
}

/* If there are a refusal and growth, take turns. */
static bool hint(struct ui *ui, char *text, enum term_style *style)
{
	bool is_turn = ui->model->time_ns / TURN_NS % 2;

	if (list.tags.nr) {
		sum_tags(ui, text);
		return true;
	}
	if (is_turn && hint_growth(ui, text, style))
		return true;
	return hint_refusal(ui->model, text) || hint_growth(ui, text, style);
}

const struct view view_overview = {
	.name = "overview",
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
