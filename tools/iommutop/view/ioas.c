// SPDX-License-Identifier: GPL-2.0-only
/*
 * The choice of the IOAS that the views of areas and of the IOVA map show, see view.h.
 */
#include <stdio.h>
#include <string.h>

#include "view/view.h"

const struct model_node *view_ioas__node(const struct ui *ui)
{
	int index = model__find(ui->model, MODEL_NODES, &ui->ioas);

	return ui->ioas.kind && index >= 0 ? model__row(ui->model, MODEL_NODES, index) : NULL;
}

static void choose(struct ui *ui, const struct model_node *node)
{
	ui->ioas = node->key;
	ui->model->want.ctx = node->ctx;
	ui->model->want.ioas = node->ioas;
	ui->wants_refresh = true;
}

void view_ioas__choose(struct ui *ui)
{
	const struct model_node *best = view_ioas__node(ui);
	unsigned int i;

	/* The default is the IOAS with most memory mapped. */
	for (i = 0; i < model__nr(ui->model, MODEL_NODES) && !ui->ioas.kind; i++) {
		const struct model_node *node = model__row(ui->model, MODEL_NODES, i);

		if (node->ioas != EVENT_NONE && (!best || node->mapped > best->mapped))
			best = node;
	}
	if (best)
		choose(ui, best);
}

void view_ioas__of(struct ui *ui, __u32 ctx)
{
	const struct model_node *node = view_ioas__node(ui);
	unsigned int i;

	if (node && node->ctx == ctx)
		return;
	for (i = 0; i < model__nr(ui->model, MODEL_NODES); i++) {
		node = model__row(ui->model, MODEL_NODES, i);
		if (node->ioas == EVENT_NONE || node->ctx != ctx)
			continue;
		ui->ioas = node->key;
		return;
	}
}

bool view_ioas__act(struct ui *ui, enum action action)
{
	int index = model__find(ui->model, MODEL_NODES, &ui->ioas);
	const struct model_node *node = view__neighbour(ui, index, action, true);

	if (node) {
		/* Select it in the overview as well. */
		ui->ioas_is_selected = true;
		choose(ui, node);
		return true;
	}
	if (action == ACTION_BACK)
		ui->next_view = VIEW_OVERVIEW;
	return action == ACTION_BACK;
}

const char *view_ioas__why_absent(const struct ui *ui, bool is_wanted)
{
	if (!ui->ioas.kind)
		return "there is no IOAS; Enter in the overview selects one";
	if (!view_ioas__node(ui))
		return "this IOAS was destroyed; [ and ] select another one";
	if (is_wanted && ui->is_paused)
		return "waiting for the next refresh; p resumes";
	if (is_wanted && ui->model->refreshes)
		return "the areas of this IOAS are not known";
	return "waiting for the next refresh";
}
