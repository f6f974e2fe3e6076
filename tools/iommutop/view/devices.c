// SPDX-License-Identifier: GPL-2.0-only
/*
 * The view of devices that are bound to contexts, and of their PASIDs with the guest's numbers.
 */
#include <stdio.h>

#include "term/term.h"
#include "view/view.h"

static struct view_list list;
static unsigned int focus;

void view__device_cell(struct view_cell *cell, const struct view_row *of)
{
	const struct model_device *device = of->row;
	const char *sign = "";
	char name[MODEL_CELL];

	view__text(name, of->model, MODEL_DEVICES, "name", device);
	if (of->is_child)
		sign = term__sign(of->is_last ? SIGN_LAST_CHILD : SIGN_CHILD);
	else if (of->has_children)
		sign = term__sign(of->is_folded ? SIGN_CLOSED : SIGN_OPEN);
	else if (!of->list->flat)
		sign = " ";
	if (device->key.kind != MODEL_KIND_PASID)
		snprintf(cell->text, sizeof(cell->text), "%s%s%.64s", sign, *sign ? " " : "", name);
	else if (of->is_child)
		snprintf(cell->text, sizeof(cell->text), "%s PASID %u", sign, device->pasid);
	else
		snprintf(cell->text, sizeof(cell->text), "%.64s PASID %u", name, device->pasid);
}

static const struct view_column columns[] = {
	VIEW_DEVICE_COLUMN,
	{ .name = "machine", .width = 8, .least = 6, .most = 40 },
	{ .name = "attached", .width = 16, .least = 12, .most = 40 },
	{ .name = "virt_pasid" },
	{ .name = "faults" },
	{ .name = "faults_total" },
	{ .name = "comm", .width = 12, .most = 15 },
	{ .name = "pid" },
	{ .name = "ctx" },
	{ .name = "id" },
	{ .name = "group" },
	{ .name = "nr_pasids" },
	{ .name = "hwpt" },
	{ .name = "ioas" },
	{ .name = "bdf" },
	{ .name = "vendor" },
	{ .name = "product" },
};

static void start(void)
{
	view_list__close(&list);
	VIEW_LIST_INIT(&list, MODEL_DEVICES, columns);
	list.empty = "no device is bound to a context";
	focus = 0;
}

const struct view view_devices = {
	.name = "devices",
	.title = "Devices",
	.lists = { &list },
	.focus = &focus,
	.start = start,
	.draw = view__draw_one,
};
