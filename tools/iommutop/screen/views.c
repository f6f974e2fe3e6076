// SPDX-License-Identifier: GPL-2.0-only
/*
 * The views in the order of their keys, and which of them is shown.
 */
#include "screen/screen_private.h"

/* clang-format off */
const struct view *const views[NR_VIEWS] = {
	[VIEW_OVERVIEW] = &view_overview,
	[VIEW_LATENCY] = &view_latency,
	[VIEW_FAULTS] = &view_faults,
	[VIEW_DEVICES] = &view_devices,
	[VIEW_SPACE] = &view_space,
	[VIEW_POLICIES] = &view_policies,
	[VIEW_PAYERS] = &view_payers,
	[VIEW_DETAIL] = &view_detail,
	[VIEW_AREAS] = &view_areas,
};

/* clang-format on */

struct view_list *views__focused(const struct ui *ui)
{
	return views[ui->view]->lists[*views[ui->view]->focus];
}

void views__update(struct ui *ui)
{
	const struct view *view = views[ui->view];
	unsigned int i;

	for (i = 0; i < VIEW_LISTS && view->lists[i]; i++)
		view_list__update(view->lists[i], ui->model);
	if (view->update)
		view->update(ui);
}

void views__go(struct ui *ui, enum view_number view)
{
	if (views[ui->view]->leave)
		views[ui->view]->leave(ui);
	ui->view = ui->next_view = view;
	if (views[view]->enter)
		views[view]->enter(ui);
	views__update(ui);
}
