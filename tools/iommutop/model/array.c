// SPDX-License-Identifier: GPL-2.0-only
/*
 * An array that grows, see array.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/array.h"

void *array__add(struct array *array)
{
	unsigned int room;
	void *items;

	if (array->nr == array->room) {
		room = array->room ? array->room * 2 : 32;
		items = realloc(array->items, room * array->size);
		if (!items)
			return NULL;
		array->items = items;
		array->room = room;
	}
	return array__at(array, array->nr++);
}

void *array__extend(struct array *array, unsigned int nr)
{
	unsigned int room = array->room ? array->room : 32;
	void *more;

	while (room < array->nr + nr)
		room *= 2;
	if (room > array->room) {
		more = realloc(array->items, room * array->size);
		if (!more)
			return NULL;
		array->items = more;
		array->room = room;
	}
	array->nr += nr;
	return nr ? array__at(array, array->nr - nr) : NULL;
}

int array__copy(struct array *to, const struct array *from)
{
	void *item;

	to->nr = 0;
	while (to->nr < from->nr) {
		item = array__add(to);
		if (!item)
			return -ENOMEM;
		memcpy(item, array__at(from, to->nr - 1), from->size);
	}
	return 0;
}

void array__close(struct array *array)
{
	free(array->items);
	array->items = NULL;
	array->nr = array->room = 0;
}
