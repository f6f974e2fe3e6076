// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read and change the entries of maps, see maps.h. Programs change them at the same time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "kernel/maps.h"
#include "msg.h"

static bool is_per_cpu(__u32 type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static bool is_array(__u32 type)
{
	return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static bool has_entries(const struct bpf_map_info *info)
{
	/* The names of maps of variables have a dot. */
	if (strchr(info->name, '.'))
		return false;
	return is_per_cpu(info->type) || is_array(info->type) || info->type == BPF_MAP_TYPE_HASH ||
	       info->type == BPF_MAP_TYPE_LRU_HASH || info->type == BPF_MAP_TYPE_LPM_TRIE;
}

bool map__has_entries(int fd)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	return !bpf_map_get_info_by_fd(fd, &info, &size) && has_entries(&info);
}

#define PROGRAM_MAPS_MAX 64 /* the verifier allows no more */

static bool uses_map(__u32 program_id, __u32 map_id)
{
	__u32 ids[PROGRAM_MAPS_MAX] = {}, i;
	struct bpf_prog_info info = {
		.map_ids = (__u64)(unsigned long)ids,
		.nr_map_ids = PROGRAM_MAPS_MAX,
	};
	int fd = bpf_prog_get_fd_by_id(program_id), err;
	__u32 size = sizeof(info);

	if (fd < 0)
		return false; /* it is gone */
	err = bpf_prog_get_info_by_fd(fd, &info, &size);
	close(fd);
	for (i = 0; !err && i < info.nr_map_ids && i < PROGRAM_MAPS_MAX; i++)
		if (ids[i] == map_id)
			return true;
	return err;
}

bool map__is_used(__u32 map_id)
{
	__u32 id = 0;

	while (!bpf_prog_get_next_id(id, &id))
		if (uses_map(id, map_id))
			return true;
	return false;
}

int map__open(struct map *map, int fd)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	int err;

	memset(map, 0, sizeof(*map));
	err = bpf_map_get_info_by_fd(fd, &info, &size);
	if (err)
		return err;
	map->fd = fd;
	map->type = info.type;
	map->key_size = info.key_size;
	map->value_size = info.value_size;
	map->max_entries = info.max_entries;
	map->is_array = is_array(info.type);
	map->nr_cpus = 1;
	map->stride = info.value_size;
	if (is_per_cpu(info.type)) {
		err = libbpf_num_possible_cpus();
		if (err < 0)
			return err;
		map->nr_cpus = err;
		map->stride = (info.value_size + 7) & ~7u;
	}
	if (info.btf_id)
		map->btf = btf__load_from_kernel_by_id(info.btf_id);
	data__shape(&map->key, map->btf, info.btf_key_type_id, info.key_size, "key");
	data__shape(&map->value, map->btf, info.btf_value_type_id, info.value_size, "value");
	return 0;
}

void map__close(struct map *map)
{
	btf__free(map->btf);
	memset(map, 0, sizeof(*map));
}

static int compare(const void *a, const void *b, void *arg)
{
	const struct data_shape *key = arg;
	unsigned int i;
	__u64 x, y;

	for (i = 0; i < key->nr; i++) {
		x = data__number(&key->slots[i], a);
		y = data__number(&key->slots[i], b);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return memcmp(a, b, key->size);
}

/* If a key is deleted meanwhile, the kernel begins again with the first one. */
static void drop_twins(struct map_entries *entries, __u32 key_size)
{
	unsigned int from, to = 0;
	char *last, *entry;

	for (from = 0; from < entries->nr; from++) {
		entry = entries->data + (size_t)from * entries->size;
		last = to ? entries->data + (size_t)(to - 1) * entries->size : NULL;
		if (last && !memcmp(last, entry, key_size))
			continue;
		memmove(entries->data + (size_t)to++ * entries->size, entry, entries->size);
	}
	entries->nr = to;
}

/* Entries that are removed meanwhile are left out. If a program never ends to add some, stop. */
int map__read(const struct map *map, struct map_entries *entries)
{
	const unsigned long long most = 2ull * map->max_entries + 16;
	char *key = NULL, *next = malloc(map->key_size), *grown, *entry;
	unsigned int room = 0;
	unsigned long long i;
	int err = next ? 0 : -ENOMEM;

	memset(entries, 0, sizeof(*entries));
	entries->value_at = (map->key_size + 7) & ~7u;
	entries->size = entries->value_at + ((map->stride * map->nr_cpus + 7) & ~7u);
	for (i = 0; i < most && !err; i++) {
		err = bpf_map_get_next_key(map->fd, key, next);
		if (err == -ENOENT)
			break;
		if (!err && entries->nr == room) {
			room = room ? 2 * room : 16;
			grown = reallocarray(entries->data, room, entries->size);
			err = grown ? 0 : -ENOMEM;
			entries->data = grown ? grown : entries->data;
		}
		if (err)
			break;
		entry = entries->data + (size_t)entries->nr * entries->size;
		memset(entry, 0, entries->size);
		memcpy(entry, next, map->key_size);
		if (!map__look_up(map, next, entry + entries->value_at))
			entries->nr++;
		/* The old key is where the next one goes. */
		if (!key)
			key = malloc(map->key_size);
		if (key)
			memcpy(key, next, map->key_size);
		else
			err = -ENOMEM;
	}
	free(key);
	free(next);
	if (entries->nr)
		qsort_r(entries->data, entries->nr, entries->size, compare, (void *)&map->key);
	drop_twins(entries, map->key_size);
	return err == -ENOENT ? 0 : err;
}

void map_entries__free(struct map_entries *entries)
{
	free(entries->data);
	memset(entries, 0, sizeof(*entries));
}

static bool is_zero(const char *bytes, __u32 size)
{
	while (size)
		if (bytes[--size])
			return false;
	return true;
}

unsigned int map__count(const struct map *map)
{
	struct map_entries entries;
	unsigned int nr = 0, i;

	if (map__read(map, &entries))
		entries.nr = 0;
	for (i = 0; i < entries.nr; i++)
		nr += !map->is_array ||
		      !is_zero(entries.data + (size_t)i * entries.size + entries.value_at,
			       map->stride * map->nr_cpus);
	map_entries__free(&entries);
	return nr;
}

int map__look_up(const struct map *map, const void *key, void *values)
{
	return bpf_map_lookup_elem(map->fd, key, values);
}

int map__set(const struct map *map, const void *key, const void *value)
{
	char *values = calloc(map->nr_cpus, map->stride);
	unsigned int i;
	int err;

	if (!values)
		return -ENOMEM;
	for (i = 0; i < map->nr_cpus; i++)
		memcpy(values + (size_t)i * map->stride, value, map->value_size);
	err = bpf_map_update_elem(map->fd, key, values, BPF_ANY);
	free(values);
	return err;
}

int map__delete(const struct map *map, const void *key)
{
	return bpf_map_delete_elem(map->fd, key);
}

/* A key may have a = in it, for instance in the path of a cgroup. */
static const char *find_equals(const struct map *map, const char *entry)
{
	unsigned int i;

	for (i = 0; i < map->value.nr; i++)
		if (map->value.slots[i].kind == DATA_TEXT)
			return strchr(entry, '=');
	return strrchr(entry, '=');
}

static int read_key(const struct map *map, const char *name, const char *text, size_t length,
		    void *key)
{
	char word[DATA_TEXT_MAX], why[DATA_WHY_MAX];

	if (length >= sizeof(word))
		length = sizeof(word) - 1;
	memcpy(word, text, length);
	word[length] = '\0';
	if (!data__parse(&map->key, word, key, why))
		return 0;
	msg("%s: key '%s': %s", name, word, why);
	return -EINVAL;
}

int map__read_entry(const struct map *map, const char *name, const char *text, void *key,
		    void *value)
{
	const char *equals = value ? find_equals(map, text) : NULL;
	char why[DATA_WHY_MAX];
	int err;

	err = read_key(map, name, text, equals ? (size_t)(equals - text) : strlen(text), key);
	if (err || !value)
		return err;
	if (!equals) {
		err = data__default(&map->value, value, why);
		if (err)
			msg("%s: '%s' %s", name, text, why);
		return err;
	}
	err = data__parse(&map->value, equals + 1, value, why);
	if (err)
		msg("%s: value '%s': %s", name, equals + 1, why);
	return err;
}
