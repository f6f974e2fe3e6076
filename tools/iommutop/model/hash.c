// SPDX-License-Identifier: GPL-2.0-only
/*
 * Containers of iommutop: a hash of counters by key, and an array that grows; see source.h.
 */
#include <stdlib.h>
#include <string.h>

#include "source/source.h"

void tallies__init(struct tallies *tallies, size_t size)
{
	memset(tallies, 0, sizeof(*tallies));
	tallies->size = size;
}

void tallies__close(struct tallies *tallies)
{
	unsigned int i;

	for (i = 0; i < tallies->room; i++)
		free(tallies->slots[i].data);
	free(tallies->slots);
	tallies__init(tallies, tallies->size);
}

static unsigned int hash(struct tally_key key, unsigned int room)
{
	__u64 x = (key.a * 0x9e3779b97f4a7c15ULL) ^ key.b;

	x = (x * 0x9e3779b97f4a7c15ULL) ^ ((__u64)key.c << 32 | key.d);
	x *= 0x9e3779b97f4a7c15ULL;
	return (x >> 32) & (room - 1);
}

/* Its slot, or the free one where it would be; there is always a free one. */
static struct tally *find_slot(const struct tallies *tallies, struct tally_key key)
{
	unsigned int i = hash(key, tallies->room);

	while (tallies->slots[i].seen && memcmp(&tallies->slots[i].key, &key, sizeof(key)))
		i = (i + 1) & (tallies->room - 1);
	return &tallies->slots[i];
}

void *tallies__find(const struct tallies *tallies, struct tally_key key)
{
	struct tally *slot;

	if (!tallies->room)
		return NULL;
	slot = find_slot(tallies, key);
	return slot->seen ? slot->data : NULL;
}

/* Moves all that was seen since into a table of this room. */
static bool rebuild(struct tallies *tallies, unsigned int room, __u64 seen)
{
	struct tallies old = *tallies;
	unsigned int i;

	tallies->slots = calloc(room, sizeof(*tallies->slots));
	if (!tallies->slots) {
		*tallies = old;
		return false;
	}
	tallies->room = room;
	tallies->nr = 0;
	for (i = 0; i < old.room; i++) {
		struct tally *from = &old.slots[i];

		if (!from->seen)
			continue;
		if (from->seen < seen) {
			free(from->data);
			continue;
		}
		*find_slot(tallies, from->key) = *from;
		tallies->nr++;
	}
	free(old.slots);
	return true;
}

void *tallies__get(struct tallies *tallies, struct tally_key key, __u64 seen)
{
	struct tally *slot;

	if ((tallies->nr + 1) * 2 > tallies->room &&
	    !rebuild(tallies, tallies->room ? tallies->room * 2 : 64, 0))
		return NULL;
	slot = find_slot(tallies, key);
	if (!slot->seen) {
		slot->data = calloc(1, tallies->size);
		if (!slot->data)
			return NULL;
		slot->key = key;
		tallies->nr++;
	}
	slot->seen = seen;
	return slot->data;
}

void tallies__forget(struct tallies *tallies, __u64 seen)
{
	unsigned int i;

	for (i = 0; i < tallies->room; i++) {
		if (tallies->slots[i].seen && tallies->slots[i].seen < seen) {
			rebuild(tallies, tallies->room, seen);
			return;
		}
	}
}

void *list__add(struct list *list)
{
	unsigned int room;
	void *items;

	if (list->nr == list->room) {
		room = list->room ? list->room * 2 : 32;
		items = realloc(list->items, room * list->size);
		if (!items)
			return NULL;
		list->items = items;
		list->room = room;
	}
	return (char *)list->items + list->nr++ * list->size;
}

void *list__at(const struct list *list, unsigned int index)
{
	return (char *)list->items + index * list->size;
}

void list__close(struct list *list)
{
	free(list->items);
	list->items = NULL;
	list->nr = list->room = 0;
}
