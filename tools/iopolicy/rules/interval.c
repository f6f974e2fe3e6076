// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets of values, and the memory of conditions, see clause.h.
 */
#include <stdlib.h>
#include <string.h>

#include "rules/clause.h"

#define CHUNK_SIZE (256u << 10)
#define ALIGN 16

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	char data[] __attribute__((aligned(ALIGN)));
};

void *arena__alloc(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk = arena->chunks;
	size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;

	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (size > arena->left) {
		room = (room + ALIGN - 1) / ALIGN * ALIGN;
		chunk = calloc(1, sizeof(*chunk) + room);
		if (!chunk)
			return NULL;
		chunk->next = arena->chunks;
		chunk->size = room;
		arena->chunks = chunk;
		arena->left = room;
	}
	arena->left -= size;
	return chunk->data + chunk->size - arena->left - size;
}

void arena__free(struct arena *arena)
{
	struct arena_chunk *chunk, *next;

	for (chunk = arena->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	memset(arena, 0, sizeof(*arena));
}

static struct set *set_alloc(struct arena *arena, unsigned int most)
{
	return arena__alloc(arena, sizeof(struct set) + most * sizeof(struct interval));
}

const struct set *set__interval(struct arena *arena, __u64 first, __u64 last)
{
	struct set *set = set_alloc(arena, 1);

	if (!set)
		return NULL;
	set->nr = 1;
	set->list[0] = (struct interval){ first, last };
	return set;
}

/* Add an interval that begins at, or behind, all others; those that touch become one. */
static void append(struct set *set, struct interval interval)
{
	struct interval *last = set->nr ? &set->list[set->nr - 1] : NULL;

	if (!last || (last->last != ~0ull && interval.first > last->last + 1))
		set->list[set->nr++] = interval;
	else if (interval.last > last->last)
		last->last = interval.last;
}

const struct set *set__union(struct arena *arena, const struct set *a, const struct set *b)
{
	unsigned int i = 0, j = 0;
	struct set *set;

	set = set_alloc(arena, a->nr + b->nr);
	if (!set)
		return NULL;
	while (i < a->nr || j < b->nr) {
		if (j == b->nr || (i < a->nr && a->list[i].first <= b->list[j].first))
			append(set, a->list[i++]);
		else
			append(set, b->list[j++]);
	}
	return set;
}

const struct set *set__intersection(struct arena *arena, const struct set *a, const struct set *b)
{
	unsigned int i = 0, j = 0;
	__u64 first, last;
	struct set *set;

	set = set_alloc(arena, a->nr + b->nr);
	if (!set)
		return NULL;
	while (i < a->nr && j < b->nr) {
		first = a->list[i].first > b->list[j].first ? a->list[i].first : b->list[j].first;
		last = a->list[i].last < b->list[j].last ? a->list[i].last : b->list[j].last;
		if (first <= last)
			set->list[set->nr++] = (struct interval){ first, last };
		if (a->list[i].last < b->list[j].last)
			i++;
		else
			j++;
	}
	return set;
}

const struct set *set__complement(struct arena *arena, const struct set *set)
{
	struct set *rest = set_alloc(arena, set->nr + 1);
	unsigned int i;
	__u64 first = 0;

	if (!rest)
		return NULL;
	for (i = 0; i < set->nr; i++) {
		if (set->list[i].first > first)
			rest->list[rest->nr++] = (struct interval){ first, set->list[i].first - 1 };
		if (set->list[i].last == ~0ull)
			return rest;
		first = set->list[i].last + 1;
	}
	rest->list[rest->nr++] = (struct interval){ first, ~0ull };
	return rest;
}

bool set__is_all(const struct set *set)
{
	return set->nr == 1 && !set->list[0].first && set->list[0].last == ~0ull;
}

bool set__is_equal(const struct set *a, const struct set *b)
{
	return a->nr == b->nr && !memcmp(a->list, b->list, a->nr * sizeof(a->list[0]));
}

bool set__has(const struct set *set, __u64 value)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		if (value >= set->list[i].first && value <= set->list[i].last)
			return true;
	return false;
}

bool set__is_within(const struct set *a, const struct set *b)
{
	unsigned int i, j = 0;

	for (i = 0; i < a->nr; i++) {
		while (j < b->nr && b->list[j].last < a->list[i].first)
			j++;
		if (j == b->nr || b->list[j].first > a->list[i].first ||
		    b->list[j].last < a->list[i].last)
			return false;
	}
	return true;
}
