// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command map: list, set and delete entries of a policy's maps, by their BTF.
 *
 * All entries on the command line are read before the first one is changed. Each change is atomic,
 * and the policy uses it from the next call on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "command/command.h"
#include "errname.h"
#include "kernel/kernel.h"
#include "kernel/maps.h"
#include "model/entries.h"
#include "msg.h"
#include "output/output.h"
#include "process.h"
#include "store/former.h"
#include "store/store.h"
#include "words.h"

struct mapping {
	const struct options *options;
	struct former former;
	const char *name; /* of the map */
	struct map map;
	char *keys, *values; /* of the entries on the command line */
};

static int explain_no_map(const struct mapping *mapping)
{
	const char *wanted = mapping->options->map, *policy = mapping->former.name;
	char text[1024] = "";
	struct words words = { .text = text, .size = sizeof(text) };
	unsigned int i;
	int fd;

	fd = former__find(&mapping->former, wanted, false);
	if (fd >= 0) {
		msg("%s: %s has no entries that can be listed or changed; see iopolicy show %s",
		    policy, wanted, policy);
		return -ENOENT;
	}
	for (i = 0; i < mapping->former.nr; i++)
		if (!mapping->former.pins[i].is_program &&
		    map__has_entries(mapping->former.pins[i].fd))
			words__add(&words, "%s%s", words.length ? ", " : "",
				   mapping->former.pins[i].name);
	if (words.length)
		msg("%s: no map '%s'; it has %s", policy, wanted, text);
	else
		msg("%s: no map '%s'; it has none", policy, wanted);
	return -ENOENT;
}

static int open_map(struct mapping *mapping)
{
	int fd = former__find(&mapping->former, mapping->options->map, false), err;
	char name[ERRNAME_MAX];

	mapping->name = mapping->options->map;
	if (fd < 0 || !map__has_entries(fd))
		return explain_no_map(mapping);
	err = map__open(&mapping->map, fd);
	if (err)
		msg("%s: cannot open map %s (%s)", mapping->former.name, mapping->name,
		    errname(-err, name));
	return err;
}

/* ---- reading of entries on the command line ---- */

static int read_entries(struct mapping *mapping)
{
	const struct map *map = &mapping->map;
	unsigned int nr = mapping->options->nr_entries, i;
	int err = 0;

	if (mapping->options->action == MAP_DELETE && map->is_array) {
		msg("%s: all %u entries of an array exist; set them to 0 instead", mapping->name,
		    map->max_entries);
		return -EINVAL;
	}
	mapping->keys = calloc(nr, map->key_size);
	mapping->values = calloc(nr, map->value_size);
	if (!mapping->keys || !mapping->values)
		return -ENOMEM;
	for (i = 0; i < nr && !err; i++)
		err = map__read_entry(map, mapping->name, mapping->options->entries[i],
				      mapping->keys + (size_t)i * map->key_size,
				      mapping->options->action == MAP_SET ?
					      mapping->values + (size_t)i * map->value_size :
					      NULL);
	return err;
}

/* ---- changes ---- */

static int explain_change(const struct mapping *mapping, const char *entry, int err)
{
	const char *verb = mapping->options->action == MAP_SET ? "set" : "delete";
	char name[ERRNAME_MAX];

	if (err == -E2BIG && mapping->map.is_array)
		msg("%s: cannot set '%s': the map has entries 0 to %u", mapping->name, entry,
		    mapping->map.max_entries - 1);
	else if (err == -E2BIG)
		msg("%s: cannot set '%s': all %u entries of the map are used; delete some",
		    mapping->name, entry, mapping->map.max_entries);
	else if (err == -ENOENT)
		msg("%s: no entry '%s'; iopolicy map %s %s lists them", mapping->name, entry,
		    mapping->former.name, mapping->name);
	else if (err == -EPERM)
		msg("%s: cannot %s '%s': the map is read-only", mapping->name, verb, entry);
	else
		msg("%s: cannot %s '%s' (%s)", mapping->name, verb, entry, errname(-err, name));
	return err == -ENOENT ? err : -EIO;
}

static int report(const struct mapping *mapping, const void *key, const void *value,
		  const void *old)
{
	bool is_deleted = mapping->options->action == MAP_DELETE;
	struct entry_change change;
	int err;

	err = entry_change__make(&change, &mapping->map, key, is_deleted ? old : value,
				 is_deleted ? NULL : old);
	change.policy = mapping->former.name;
	change.map = mapping->name;
	change.is_deleted = is_deleted;
	if (!err)
		output__choose(mapping->options->json)->entry_change(&change);
	entry_change__free(&change);
	return err;
}

static int change_one(const struct mapping *mapping, unsigned int i, char *old)
{
	const struct map *map = &mapping->map;
	const char *key = mapping->keys + (size_t)i * map->key_size;
	const char *value = mapping->values + (size_t)i * map->value_size;
	bool exists = !map__look_up(map, key, old);
	int err;

	err = mapping->options->action == MAP_SET ? map__set(map, key, value) :
						    map__delete(map, key);
	if (err)
		return explain_change(mapping, mapping->options->entries[i], err);
	return report(mapping, key, value, exists ? old : NULL);
}

static int change(struct mapping *mapping)
{
	char *old = NULL;
	unsigned int i;
	int err;

	err = read_entries(mapping);
	if (!err)
		old = calloc(mapping->map.nr_cpus, mapping->map.stride);
	if (!err && !old)
		err = -ENOMEM;
	process__hold_signals();
	for (i = 0; i < mapping->options->nr_entries && !err; i++)
		err = change_one(mapping, i, old);
	process__release_signals();
	free(old);
	return err;
}

/* ---- the command ---- */

static int list_maps(const struct mapping *mapping)
{
	struct map_list list;
	int err;

	err = map_list__make(&list, &mapping->former);
	if (!err)
		output__choose(mapping->options->json)->map_list(&list);
	map_list__free(&list);
	return err;
}

static int list_entries(const struct mapping *mapping)
{
	struct entries entries;
	int err;

	err = entries__make(&entries, mapping->former.name, mapping->name, &mapping->map);
	if (!err)
		output__choose(mapping->options->json)->entries(&entries);
	entries__free(&entries);
	return err;
}

int command__map(const struct options *options)
{
	struct mapping mapping = {
		.options = options,
		.former = { .link_fd = -1, .ops_fd = -1 },
	};
	struct store store = { .fd = -1 };
	__u32 link_id;
	int err;

	err = machine__check();
	if (!err)
		err = store__open(&store, options->action == MAP_LIST);
	if (!err)
		err = open__former(&mapping.former, options->names[0], &link_id);
	if (!err && options->map)
		err = open_map(&mapping);
	if (!err && !options->map)
		err = list_maps(&mapping);
	else if (!err && options->action == MAP_LIST)
		err = list_entries(&mapping);
	else if (!err)
		err = change(&mapping);
	map__close(&mapping.map);
	free(mapping.keys);
	free(mapping.values);
	former__free(&mapping.former);
	store__close(&store);
	return err;
}
