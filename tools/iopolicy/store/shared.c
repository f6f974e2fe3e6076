// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps that are pinned by their names, see shared.h.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "errname.h"
#include "kernel/maps.h"
#include "msg.h"
#include "store/shared.h"

#define BPFFS "/sys/fs/bpf"
#define GONE_TRIES 50
#define GONE_WAIT_US 20000

static char *place(char path[STORE_PATH_MAX], const char *folder, const char *name)
{
	snprintf(path, STORE_PATH_MAX, "%s/%.127s", folder, name);
	return path;
}

static int remember(const struct bpf_map *map)
{
	char path[STORE_PATH_MAX], error[ERRNAME_MAX];
	int err;

	place(path, SHARED, bpf_map__name(map));
	unlink(path); /* of a map that was removed by hand */
	err = bpf_obj_pin(bpf_map__fd(map), path);
	if (err)
		msg("%s: cannot pin (%s)", path, errname(-err, error));
	return err ? -EIO : 0;
}

int shared__remember(const struct object *object)
{
	char error[ERRNAME_MAX];
	struct bpf_map *map;
	unsigned int i = 0;
	int err = 0;

	if (!object->new_shared)
		return 0;
	if (mkdir(SHARED, 0700) && errno != EEXIST) {
		err = -errno;
		msg(SHARED ": cannot create the directory (%s)", errname(-err, error));
		return -EIO;
	}
	bpf_object__for_each_map(map, object->bpf) {
		if (!err && i < 64 && object->new_shared >> i & 1)
			err = remember(map);
		i++;
	}
	return err;
}

void shared__forget(const struct object *object)
{
	char path[STORE_PATH_MAX];
	struct bpf_map *map;
	unsigned int i = 0;

	bpf_object__for_each_map(map, object->bpf) {
		if (i < 64 && object->new_shared >> i & 1)
			unlink(place(path, SHARED, bpf_map__name(map)));
		i++;
	}
	rmdir(SHARED); /* if it is empty */
}

/* The id of a pinned map; 0 if there is none. */
static __u32 id_of(const char *path)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	int fd = bpf_obj_get(path);

	if (fd < 0)
		return 0;
	if (bpf_map_get_info_by_fd(fd, &info, &size))
		info.id = 0;
	close(fd);
	return info.id;
}

static void look(struct shared_map *map, const char *name, bool wait)
{
	char path[STORE_PATH_MAX];
	unsigned int i;
	__u32 id;

	memset(map, 0, sizeof(*map));
	snprintf(map->name, sizeof(map->name), "%.127s", name);
	id = id_of(place(path, SHARED, name));
	place(map->path, BPFFS, name);
	if (!id || id_of(map->path) != id)
		map->path[0] = '\0';
	for (i = 0; id && i < GONE_TRIES; i++) {
		map->is_used = map__is_used(id);
		if (!map->is_used || !wait)
			break;
		usleep(GONE_WAIT_US);
	}
}

int shared__list(struct shared_map **list, unsigned int *nr, bool wait)
{
	struct shared_map *grown;
	struct dirent *entry;
	int err = 0;
	DIR *dir;

	*list = NULL;
	*nr = 0;
	dir = opendir(SHARED);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!err && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || strlen(entry->d_name) > 127)
			continue;
		grown = realloc(*list, (*nr + 1) * sizeof(*grown));
		if (!grown) {
			err = -ENOMEM;
			break;
		}
		*list = grown;
		look(&grown[(*nr)++], entry->d_name, wait);
	}
	closedir(dir);
	return err;
}

int shared__remove(const struct shared_map *map, unsigned int *removed)
{
	char path[STORE_PATH_MAX];

	if (map->path[0]) {
		if (unlink(map->path))
			return -errno;
		++*removed;
	}
	if (unlink(place(path, SHARED, map->name)))
		return -errno;
	++*removed;
	rmdir(SHARED); /* if it is empty */
	return 0;
}
