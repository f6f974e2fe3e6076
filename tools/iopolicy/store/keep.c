// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keep maps, see keep.h.
 *
 * The kernel cuts the names of maps after 15 characters. Pins have the whole names, so a map is
 * compared by its kernel's name only if its pin is gone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "errname.h"
#include "msg.h"
#include "store/keep.h"
#include "store/store.h"

static int add(struct keep *keep, enum keep_state state, const char *name)
{
	struct keep_map *grown;

	grown = realloc(keep->list, (keep->nr + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	keep->list = grown;
	grown[keep->nr].state = state;
	snprintf(grown[keep->nr++].name, KEEP_NAME_MAX, "%s", name);
	return 0;
}

/* The old policy's map of this name. Several can match if their pins are gone: then none does. */
static const struct former_pin *find_old(const struct former *former, const char *name)
{
	const struct former_pin *found = NULL;
	unsigned int i;

	for (i = 0; i < former->nr; i++) {
		if (former->pins[i].is_program || !former_pin__is_named(&former->pins[i], name))
			continue;
		if (found)
			return NULL;
		found = &former->pins[i];
	}
	return found;
}

/* Constants and variables belong to the programs, which are new. */
static bool is_kept(const struct object *object, const struct bpf_map *map)
{
	return map != object->ops && !bpf_map__is_internal(map);
}

static int reuse(const struct object *object, struct bpf_map *map, int fd)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	char name[ERRNAME_MAX];
	int err;

	err = bpf_map_get_info_by_fd(fd, &info, &size);
	if (!err && (info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
		     info.value_size != bpf_map__value_size(map) ||
		     info.max_entries != bpf_map__max_entries(map) ||
		     info.map_flags != bpf_map__map_flags(map))) {
		msg("%s: map %s has another type, size or flags than that of the loaded policy; "
		    "rename the map, or omit --keep-maps",
		    object->file, bpf_map__name(map));
		return -ENOEXEC;
	}
	if (!err)
		err = bpf_map__reuse_fd(map, fd);
	/* Otherwise libbpf would take a map that is pinned by its name instead. */
	if (!err)
		err = bpf_map__set_pin_path(map, NULL);
	if (err)
		msg("%s: cannot keep map %s (%s)", object->file, bpf_map__name(map),
		    errname(-err, name));
	return err ? -EIO : 0;
}

static int keep_new(struct keep *keep, const struct former *former, const struct object *object)
{
	const struct former_pin *old;
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, object->bpf) {
		if (!is_kept(object, map))
			continue;
		old = find_old(former, bpf_map__name(map));
		if (old)
			err = reuse(object, map, old->fd);
		if (!err)
			err = add(keep, old ? KEEP_KEPT : KEEP_NEW, bpf_map__name(map));
		if (err)
			return err;
	}
	return 0;
}

static bool is_taken(const struct former *former, const struct former_pin *old,
		     const struct object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object->bpf)
		if (is_kept(object, map) && find_old(former, bpf_map__name(map)) == old)
			return true;
	return false;
}

static bool may_drop(const struct former_pin *old, const char *const *drops, unsigned int nr_drops)
{
	unsigned int i;

	for (i = 0; i < nr_drops; i++)
		if (former_pin__is_named(old, drops[i]))
			return true;
	return false;
}

/* The kernel's names of constants and variables have dots, those of other maps have none. */
static bool is_internal(const struct bpf_map_info *info)
{
	return strchr(info->name, '.');
}

/* Whether the new policy does without a map of the old one. */
static bool is_left(const struct former *former, const struct former_pin *old,
		    const struct object *object, struct bpf_map_info *info)
{
	__u32 size = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return !old->is_program && !bpf_map_get_info_by_fd(old->fd, info, &size) &&
	       info->type != BPF_MAP_TYPE_STRUCT_OPS && !is_taken(former, old, object);
}

static int drop_old(struct keep *keep, const struct former *former, const struct object *object,
		    const char *const *drops, unsigned int nr_drops)
{
	struct bpf_map_info info;
	bool is_lost = false;
	unsigned int i;
	int err = 0;

	for (i = 0; i < former->nr && !err; i++) {
		const struct former_pin *old = &former->pins[i];

		if (!is_left(former, old, object, &info))
			continue;
		if (is_internal(&info)) {
			if (!strstr(info.name, ".rodata"))
				err = add(keep, KEEP_RESET, info.name);
			continue;
		}
		err = add(keep, KEEP_DROPPED, old->name);
		if (may_drop(old, drops, nr_drops))
			continue;
		msg("%s: has no map '%s', so the entries of the old policy's map would be lost; "
		    "name a map of the file so, or give --drop %s",
		    object->file, old->name, old->name);
		is_lost = true;
	}
	return err ? err : is_lost ? -ENOEXEC : 0;
}

/* A misspelt --drop must not look like one that was not needed. */
static int check_drops(const struct former *former, const struct object *object,
		       const char *const *drops, unsigned int nr_drops)
{
	struct bpf_map_info info;
	unsigned int i, j;

	for (i = 0; i < nr_drops; i++) {
		for (j = 0; j < former->nr; j++)
			if (former_pin__is_named(&former->pins[j], drops[i]) &&
			    is_left(former, &former->pins[j], object, &info))
				break;
		if (j < former->nr)
			continue;
		msg("--drop: '%s' is not a map of policy %s that the new one lacks", drops[i],
		    former->name);
		return -EINVAL;
	}
	return 0;
}

int keep__maps(struct keep *keep, const struct former *former, const struct object *object,
	       const char *const *drops, unsigned int nr_drops)
{
	int err;

	memset(keep, 0, sizeof(*keep));
	err = check_drops(former, object, drops, nr_drops);
	if (!err)
		err = keep_new(keep, former, object);
	if (!err)
		err = drop_old(keep, former, object, drops, nr_drops);
	if (err == -ENOMEM)
		msg("%s: not enough memory", object->file);
	return err;
}

void keep__free(struct keep *keep)
{
	free(keep->list);
	memset(keep, 0, sizeof(*keep));
}
