// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compare the loaded policies with the pins in the store.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

static bool is_pinned(const struct iommufd_policy_info *info, const struct store_policy *pins,
		      unsigned int nr_pins)
{
	unsigned int i;

	for (i = 0; i < nr_pins; i++)
		if (pins[i].state == STORE_PINNED && pins[i].link_id == info->link_id)
			return true;
	return false;
}

static struct iommufd_policy_count sum_counts(const struct iommufd_policy_info *info)
{
	struct iommufd_policy_count sum = {};
	unsigned int i;

	for (i = 0; i < IOMMUFD_HOOKS; i++) {
		sum.allowed += info->counts[i].allowed;
		sum.denied += info->counts[i].denied;
		sum.would_deny += info->counts[i].would_deny;
		sum.invalid += info->counts[i].invalid;
	}
	return sum;
}

static int add_loaded(struct list *list, const struct iommufd_policy_info *info, bool pinned)
{
	struct list_row *row = &list->rows[list->nr++];

	row->state = pinned ? LIST_PINNED : LIST_HELD;
	memcpy(row->name, info->name, sizeof(info->name));
	row->info = *info;
	row->sum = sum_counts(info);
	return scope__make(&row->scope, info->cgroup);
}

static void add_stale(struct list *list, const struct store_policy *pin)
{
	struct list_row *row = &list->rows[list->nr++];

	row->state = pin->state == STORE_UNKNOWN ? LIST_UNKNOWN : LIST_STALE;
	memcpy(row->name, pin->name, sizeof(pin->name));
}

int list__make(struct list *list, const struct loaded *loaded, const struct store_policy *pins,
	       unsigned int nr_pins)
{
	unsigned int i;
	int err;

	list->nr = 0;
	list->rows = calloc(loaded->nr + nr_pins + 1, sizeof(*list->rows));
	if (!list->rows)
		return -ENOMEM;
	for (i = 0; i < loaded->nr; i++) {
		err = add_loaded(list, &loaded->policies[i],
				 is_pinned(&loaded->policies[i], pins, nr_pins));
		if (err)
			return err;
	}
	for (i = 0; i < nr_pins; i++)
		if (pins[i].state != STORE_PINNED || !loaded__find_link(loaded, pins[i].link_id))
			add_stale(list, &pins[i]);
	return 0;
}

int list__add_maps(struct list *list, const struct shared_map *maps, unsigned int nr)
{
	struct list_map *to;
	unsigned int i;

	list->maps = calloc(nr + 1, sizeof(*list->maps));
	if (!list->maps)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		if (maps[i].is_used)
			continue;
		to = &list->maps[list->nr_maps++];
		memcpy(to->name, maps[i].name, sizeof(to->name));
		memcpy(to->path, maps[i].path, sizeof(to->path));
	}
	return 0;
}

int list__add_missing(struct list *list, const char *names)
{
	struct list_row *rows;
	size_t length;

	for (; *names; names += length + (names[length] == ',')) {
		length = strcspn(names, ",");
		rows = realloc(list->rows, (list->nr + 1) * sizeof(*rows));
		if (!rows)
			return -ENOMEM;
		list->rows = rows;
		memset(&rows[list->nr], 0, sizeof(*rows));
		rows[list->nr].state = LIST_MISSING;
		snprintf(rows[list->nr++].name, sizeof(rows->name), "%.*s", (int)length, names);
	}
	return 0;
}

static void put_cost(struct list *list, const struct policy_cost *cost)
{
	unsigned int i;

	for (i = 0; i < list->nr; i++)
		if (list->rows[i].costs && list->rows[i].info.id == cost->key.policy &&
		    cost->key.hook < IOMMUFD_HOOKS)
			list->rows[i].costs[cost->key.hook] = cost->cost;
}

int list__add_costs(struct list *list, const struct costs *costs)
{
	unsigned int i;

	for (i = 0; i < list->nr; i++) {
		struct list_row *row = &list->rows[i];

		if (row->state != LIST_PINNED && row->state != LIST_HELD)
			continue;
		row->costs = calloc(IOMMUFD_HOOKS, sizeof(*row->costs));
		if (!row->costs)
			return -ENOMEM;
	}
	/* A policy that was replaced meanwhile is not in the list. */
	for (i = 0; i < costs->nr; i++)
		put_cost(list, &costs->list[i]);
	list->has_costs = true;
	list->costs_lost = costs->lost;
	return 0;
}

void list__free(struct list *list)
{
	unsigned int i;

	for (i = 0; i < list->nr; i++) {
		scope__free(&list->rows[i].scope);
		free(list->rows[i].costs);
	}
	free(list->rows);
	free(list->maps);
}
