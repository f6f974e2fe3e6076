// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hash table by a key of four numbers, see hash.h. At most half of the slots are in use.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "model/hash.h"

void hash__init(struct hash *hash, size_t size)
{
	memset(hash, 0, sizeof(*hash));
	hash->size = size;
}

void hash__close(struct hash *hash)
{
	unsigned int i;

	for (i = 0; i < hash->room; i++)
		free(hash->slots[i].data);
	free(hash->slots);
	hash__init(hash, hash->size);
}

static unsigned int slot_of(struct hash_key key, unsigned int room)
{
	__u64 x = (key.a * 0x9e3779b97f4a7c15ULL) ^ key.b;

	x = (x * 0x9e3779b97f4a7c15ULL) ^ ((__u64)key.c << 32 | key.d);
	x *= 0x9e3779b97f4a7c15ULL;
	return (x >> 32) & (room - 1);
}

/* Find the slot of a key, or the free slot where the key belongs. */
static struct hash_entry *find_slot(const struct hash *hash, struct hash_key key)
{
	unsigned int i = slot_of(key, hash->room);

	while (hash->slots[i].seen && memcmp(&hash->slots[i].key, &key, sizeof(key)))
		i = (i + 1) & (hash->room - 1);
	return &hash->slots[i];
}

void *hash__find(const struct hash *hash, struct hash_key key)
{
	struct hash_entry *slot;

	if (!hash->room)
		return NULL;
	slot = find_slot(hash, key);
	return slot->seen ? slot->data : NULL;
}

/* Move the entries seen since that refresh into a table with this many slots. */
static bool rebuild(struct hash *hash, unsigned int room, __u64 seen)
{
	struct hash old = *hash;
	unsigned int i;

	hash->slots = calloc(room, sizeof(*hash->slots));
	if (!hash->slots) {
		*hash = old;
		return false;
	}
	hash->room = room;
	hash->nr = 0;
	for (i = 0; i < old.room; i++) {
		struct hash_entry *from = &old.slots[i];

		if (!from->seen)
			continue;
		if (from->seen < seen) {
			free(from->data);
			continue;
		}
		*find_slot(hash, from->key) = *from;
		hash->nr++;
	}
	free(old.slots);
	return true;
}

void *hash__get(struct hash *hash, struct hash_key key, __u64 seen)
{
	struct hash_entry *slot;

	if ((hash->nr + 1) * 2 > hash->room && !rebuild(hash, hash->room ? hash->room * 2 : 64, 0))
		return NULL;
	slot = find_slot(hash, key);
	if (!slot->seen) {
		slot->data = calloc(1, hash->size);
		if (!slot->data)
			return NULL;
		slot->key = key;
		hash->nr++;
	}
	slot->seen = seen;
	return slot->data;
}

void hash__drop(struct hash *hash, struct hash_key key)
{
	struct hash_entry *slot = hash->room ? find_slot(hash, key) : NULL;
	unsigned int mask = hash->room - 1, gap, i;

	if (!slot || !slot->seen)
		return;
	free(slot->data);
	*slot = (struct hash_entry){};
	gap = slot - hash->slots;
	hash->nr--;
	/* Fill the gap from behind, because a search ends at a free slot. */
	for (i = (gap + 1) & mask; hash->slots[i].seen; i = (i + 1) & mask) {
		unsigned int home = slot_of(hash->slots[i].key, hash->room);

		if (((i - home) & mask) < ((i - gap) & mask))
			continue;
		hash->slots[gap] = hash->slots[i];
		hash->slots[i] = (struct hash_entry){};
		gap = i;
	}
}

void hash__forget(struct hash *hash, __u64 seen)
{
	unsigned int i;

	for (i = 0; i < hash->room; i++) {
		if (hash->slots[i].seen && hash->slots[i].seen < seen) {
			rebuild(hash, hash->room, seen);
			return;
		}
	}
}
