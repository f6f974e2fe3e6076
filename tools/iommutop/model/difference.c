// SPDX-License-Identifier: GPL-2.0-only
/* The difference of two models, see difference.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "model/difference.h"

/* Boots differ by more in the offset of their clocks. */
#define SAME_BOOT_NS NS_PER_SEC

void difference__init(struct difference *difference)
{
	*difference = (struct difference){};
	difference->sides[0].rows.size = sizeof(struct difference_row);
	difference->sides[1].rows.size = sizeof(struct difference_row);
	difference->changes.size = sizeof(struct difference_change);
}

void difference__close(struct difference *difference)
{
	array__close(&difference->sides[0].rows);
	array__close(&difference->sides[1].rows);
	array__close(&difference->changes);
}

/* ---- taking rows ---- */

static struct difference_row *add(struct difference_side *side, const struct model_key *key)
{
	struct difference_row *row = array__add(&side->rows);

	if (!row)
		return NULL;
	memset(row, 0, sizeof(*row));
	row->key = *key;
	row->ctx = key->ctx;
	row->pinned = row->areas = row->limit = MODEL_NONE;
	return row;
}

static int take_context(struct difference_side *side, const struct model_node *node)
{
	struct difference_row *row;

	if (node->ioas != EVENT_NONE)
		return 0;
	row = add(side, &node->key);
	if (!row)
		return -ENOMEM;
	row->process = node->opener_tgid;
	row->tgid = node->tgid;
	memcpy(row->machine, node->machine, sizeof(row->machine));
	memcpy(row->comm, node->comm, sizeof(row->comm));
	row->pinned = node->pinned;
	row->areas = node->areas;
	row->limit = node->limit;
	if (node->pinned != MODEL_NONE)
		side->pinned += node->pinned;
	return 0;
}

static int take_payer(struct difference_side *side, const struct model_payer *payer)
{
	struct difference_row *row = add(side, &payer->key);

	if (!row)
		return -ENOMEM;
	row->process = row->tgid = payer->tgid;
	memcpy(row->machine, payer->machine, sizeof(row->machine));
	memcpy(row->comm, payer->comm, sizeof(row->comm));
	row->pinned = payer->pinned;
	row->limit = payer->limit;
	return 0;
}

static int take_device(struct difference_side *side, const struct model *model,
		       const struct model_device *device)
{
	struct difference_row *row = add(side, &device->key);

	if (!row)
		return -ENOMEM;
	row->tgid = device->tgid;
	memcpy(row->machine, device->machine, sizeof(row->machine));
	memcpy(row->comm, device->comm, sizeof(row->comm));
	memcpy(row->attached, device->attached, sizeof(row->attached));
	if (device->key.kind == MODEL_KIND_PASID)
		snprintf(row->name, sizeof(row->name), "%.32s PASID %u", device->name,
			 device->pasid);
	else
		snprintf(row->name, sizeof(row->name), "%.32s", device->name);
	(void)model;
	return 0;
}

int difference__take(struct difference *difference, unsigned int nr, const struct model *model,
		     __u64 time_ns)
{
	struct difference_side *side = &difference->sides[nr];
	unsigned int i;
	int err = 0;

	side->time_ns = time_ns;
	side->wall_offset_ns = model->wall_offset_ns;
	for (i = 0; i < model__nr(model, MODEL_NODES) && !err; i++)
		err = take_context(side, model__row(model, MODEL_NODES, i));
	for (i = 0; i < model__nr(model, MODEL_PAYERS) && !err; i++)
		err = take_payer(side, model__row(model, MODEL_PAYERS, i));
	for (i = 0; i < model__nr(model, MODEL_DEVICES) && !err; i++)
		err = take_device(side, model, model__row(model, MODEL_DEVICES, i));
	return err;
}

/* ---- comparing ---- */

/* Order by kind and name, which stay the same over a reboot. */
static int compare_names(const struct difference_row *one, const struct difference_row *other)
{
	int order;

	if (one->key.kind != other->key.kind)
		return one->key.kind < other->key.kind ? -1 : 1;
	order = strncmp(one->machine, other->machine, sizeof(one->machine));
	if (!order)
		order = strncmp(one->comm, other->comm, sizeof(one->comm));
	return order ? order : strncmp(one->name, other->name, sizeof(one->name));
}

static int compare_numbers(const struct difference_row *one, const struct difference_row *other)
{
	int order = memcmp(&one->key, &other->key, sizeof(one->key));

	if (order || one->process == other->process)
		return order;
	return one->process < other->process ? -1 : 1;
}

static int compare_by_number(const void *a, const void *b)
{
	return compare_numbers(a, b);
}

static int compare_by_rank(const void *a, const void *b)
{
	const struct difference_row *one = a, *other = b;
	int order = compare_names(one, other);

	if (order || one->rank == other->rank)
		return order;
	return one->rank < other->rank ? -1 : 1;
}

static int compare_by_name(const void *a, const void *b)
{
	int order = compare_names(a, b);

	return order ? order : compare_numbers(a, b);
}

/* Number the rows of a kind and name. */
static void set_ranks(struct array *rows)
{
	struct difference_row *row, *before = NULL;
	unsigned int i;

	if (rows->nr)
		qsort(rows->items, rows->nr, rows->size, compare_by_name);
	for (i = 0; i < rows->nr; i++, before = row) {
		row = array__at(rows, i);
		row->rank = before && !compare_names(before, row) ? before->rank + 1 : 0;
	}
}

static bool is_same(const struct difference_row *before, const struct difference_row *after)
{
	return before->pinned == after->pinned && before->areas == after->areas &&
	       before->limit == after->limit &&
	       !strncmp(before->attached, after->attached, sizeof(before->attached));
}

static int add_change(struct difference *difference, const struct difference_row *before,
		      const struct difference_row *after)
{
	struct difference_change *change;

	if (before && after && is_same(before, after))
		return 0;
	change = array__add(&difference->changes);
	if (!change)
		return -ENOMEM;
	change->before = before;
	change->after = after;
	change->kind = !before ? DIFFERENCE_APPEARED :
		       !after  ? DIFFERENCE_GONE :
				 DIFFERENCE_CHANGED;
	return 0;
}

__s64 difference__pinned(const struct difference_change *change)
{
	__u64 before = change->before ? change->before->pinned : 0;
	__u64 after = change->after ? change->after->pinned : 0;

	return (after == MODEL_NONE ? 0 : after) - (before == MODEL_NONE ? 0 : before);
}

static __u64 size_of(const struct difference_change *change)
{
	__s64 pinned = difference__pinned(change);

	return pinned < 0 ? -(__u64)pinned : (__u64)pinned;
}

static int compare_changes(const void *a, const void *b)
{
	const struct difference_change *one = a, *other = b;
	__u64 size = size_of(one), other_size = size_of(other);
	const struct difference_row *row = one->after ? one->after : one->before;
	const struct difference_row *other_row = other->after ? other->after : other->before;

	if (size != other_size)
		return size > other_size ? -1 : 1;
	if (row->key.kind != other_row->key.kind)
		return row->key.kind < other_row->key.kind ? -1 : 1;
	if (one->kind != other->kind)
		return one->kind < other->kind ? -1 : 1;
	return compare_by_name(row, other_row);
}

int difference__compare(struct difference *difference)
{
	struct array *before = &difference->sides[0].rows, *after = &difference->sides[1].rows;
	/* In a recording they are any numbers. */
	const __s64 apart = (__u64)difference->sides[1].wall_offset_ns -
			    (__u64)difference->sides[0].wall_offset_ns;
	int (*compare)(const void *a, const void *b) = compare_by_number;
	unsigned int i = 0, j = 0;
	int order, err = 0;

	set_ranks(before);
	set_ranks(after);
	if (apart >= (__s64)SAME_BOOT_NS || apart <= -(__s64)SAME_BOOT_NS)
		compare = compare_by_rank;
	if (before->nr)
		qsort(before->items, before->nr, before->size, compare);
	if (after->nr)
		qsort(after->items, after->nr, after->size, compare);
	while (!err && (i < before->nr || j < after->nr)) {
		order = i == before->nr ? 1 :
			j == after->nr	? -1 :
					  compare(array__at(before, i), array__at(after, j));
		err = add_change(difference, order > 0 ? NULL : array__at(before, i),
				 order < 0 ? NULL : array__at(after, j));
		i += order <= 0;
		j += order >= 0;
	}
	if (difference->changes.nr)
		qsort(difference->changes.items, difference->changes.nr, difference->changes.size,
		      compare_changes);
	return err;
}
