/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An array that grows. Set .size to the size of an item and the rest to 0 to get an empty one.
 *
 * array__add() may move all items, so pointers into an array end with the next addition.
 */
#ifndef _IOMMUTOP_ARRAY_H
#define _IOMMUTOP_ARRAY_H

#include <stddef.h>

struct array {
	void *items;
	unsigned int nr;
	unsigned int room;
	size_t size; /* of an item */
};

/* Append an item and return it, not cleared; NULL without memory. */
void *array__add(struct array *array);

/* Append nr items, not cleared, and return the first one; NULL for 0, and without memory. */
void *array__extend(struct array *array, unsigned int nr);

/* NULL if the array is empty and has no memory yet: an offset to NULL would be undefined. */
static inline void *array__at(const struct array *array, unsigned int index)
{
	return array->items ? (char *)array->items + index * array->size : NULL;
}

/* Replace the contents with those of another array. Returns 0 or -ENOMEM. */
int array__copy(struct array *to, const struct array *from);

void array__close(struct array *array);

#endif /* _IOMMUTOP_ARRAY_H */
