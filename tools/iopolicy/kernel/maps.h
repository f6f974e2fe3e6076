/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A map of a loaded policy, with its entries.
 */
#ifndef _IOPOLICY_MAPS_H
#define _IOPOLICY_MAPS_H

#include <stdbool.h>
#include <linux/types.h>

#include "data/data.h"

struct btf;

struct map {
	int fd; /* not closed by map__close() */
	__u32 type, key_size, value_size, max_entries;
	unsigned int nr_cpus; /* values of an entry; 1 if the map is not per CPU */
	__u32 stride; /* bytes from the value of a CPU to the next one */
	bool is_array; /* all entries exist */
	struct btf *btf;
	struct data_shape key, value;
};

/* Whether the kernel's map is one that map__open() can open: not of variables, with entries. */
bool map__has_entries(int fd);
/* Whether a loaded BPF program uses the map, of whatever type the program is. */
bool map__is_used(__u32 map_id);
/* Return 0 or -errno without a message; close it in both cases. */
int map__open(struct map *map, int fd);
void map__close(struct map *map);

/* Entries: a key and its values behind each other, for each of them. */
struct map_entries {
	char *data;
	__u32 size; /* of an entry; the values begin at value_at */
	__u32 value_at;
	unsigned int nr;
};

/* Read all entries, sorted by their keys. Return 0 or -errno; free them in both cases. */
int map__read(const struct map *map, struct map_entries *entries);
void map_entries__free(struct map_entries *entries);
/* Count the entries; those of an array that are not all 0. */
unsigned int map__count(const struct map *map);

/*
 * Read an entry as the command line has it, KEY=VALUE, or KEY alone if value is NULL. name is that
 * of the map. Return 0, or -EINVAL after a message.
 */
int map__read_entry(const struct map *map, const char *name, const char *text, void *key,
		    void *value);
/* Look an entry up, set it for all CPUs, delete it. Return 0 or -errno. */
int map__look_up(const struct map *map, const void *key, void *values);
int map__set(const struct map *map, const void *key, const void *value);
int map__delete(const struct map *map, const void *key);

#endif /* _IOPOLICY_MAPS_H */
