// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pins below /sys/fs/bpf/iommufd. A link keeps a policy loaded, and a pin keeps the link:
 *
 *	/sys/fs/bpf/iommufd/NAME/link
 *	/sys/fs/bpf/iommufd/NAME/maps/MAP	all maps, also the struct_ops map
 *	/sys/fs/bpf/iommufd/NAME/progs/PROGRAM
 *	/sys/fs/bpf/iommufd/,shared/MAP		see shared.h
 *
 * The top directory is locked, and never removed, because a lock on a removed directory would
 * exclude nobody. The link is pinned last and removed first: a directory without a link, or with a
 * link that has no policy any more, is the leftover of an interrupted command.
 *
 * A replace pins the new maps and programs in NAME/new/, then updates the link, then moves them to
 * their final place. After an interruption the id of the link's map tells whether the link was
 * updated: if so, store__recover() moves the objects of new/, else it removes them.
 *
 * Every user may create a directory in bpffs, whose root has the mode of /tmp. The store must
 * belong to root or to the user who runs iopolicy, and nobody else may write to it, because a user
 * who can remove a pin can unload a policy.
 *
 * bpffs does not allow dots in names. In the name of a directory a comma stands for a dot, as
 * policy names cannot contain commas; in the name of a map an underscore does, as libbpf does it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "errname.h"
#include "kernel/kernel.h"
#include "msg.h"
#include "store/store.h"

static void replace_char(char *text, char from, char to)
{
	for (; *text; text++)
		if (*text == from)
			*text = to;
}

void store__to_pin_name(char *name)
{
	replace_char(name, '.', '_');
}

char *store__path(char path[STORE_PATH_MAX], const char *name, const char *rest)
{
	int at = snprintf(path, STORE_PATH_MAX, STORE "/%.*s", IOMMUFD_POLICY_NAME_LEN, name);

	replace_char(path, '.', ',');
	snprintf(path + at, STORE_PATH_MAX - at, "%s", rest);
	return path;
}

static int check_owner(int fd)
{
	struct stat stat;

	if (fstat(fd, &stat))
		return -errno;
	if ((!stat.st_uid || stat.st_uid == geteuid()) && !(stat.st_mode & 022))
		return 0;
	msg(STORE ": owned by uid %u with mode %03o, so users other than root could unload "
		  "policies\n  remove it: rm -r " STORE,
	    stat.st_uid, stat.st_mode & 0777);
	return -EPERM;
}

int store__open(struct store *store, bool for_reading)
{
	char name[ERRNAME_MAX];
	int err;

	store->fd = -1;
	if (!for_reading && mkdir(STORE, 0700) && errno != EEXIST)
		goto fail;
	store->fd = open(STORE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->fd < 0 && for_reading && errno == ENOENT)
		return 0;
	if (store->fd < 0)
		goto fail;
	err = check_owner(store->fd);
	if (err) {
		store__close(store);
		return err;
	}
	while (flock(store->fd, for_reading ? LOCK_SH : LOCK_EX))
		if (errno != EINTR)
			goto fail;
	return 0;
fail:
	err = -errno;
	msg(STORE ": cannot open or lock the directory (%s)", errname(-err, name));
	store__close(store);
	return err == -EACCES ? -EPERM : err;
}

void store__close(struct store *store)
{
	if (store->fd >= 0)
		close(store->fd);
	store->fd = -1;
}

int store__look(const char *name, struct store_policy *found)
{
	char path[STORE_PATH_MAX];
	int fd;

	memset(found, 0, sizeof(*found));
	strncpy(found->name, name, sizeof(found->name) - 1);
	if (access(store__path(path, name, ""), F_OK))
		return -ENOENT;
	found->state = STORE_STALE;
	fd = bpf_obj_get(store__path(path, name, "/link"));
	if (fd < 0) {
		if (fd != -ENOENT)
			found->state = STORE_UNKNOWN;
		return fd;
	}
	found->link_id = link__id(fd, &found->map_id);
	if (!found->link_id || !found->map_id) {
		close(fd);
		return -ENOLINK;
	}
	found->state = STORE_PINNED;
	return fd;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct store_policy *)a)->name,
		      ((const struct store_policy *)b)->name);
}

int store__list(const struct store *store, struct store_policy **found, unsigned int *nr)
{
	struct store_policy *list = NULL, *grown;
	char name[IOMMUFD_POLICY_NAME_LEN];
	struct dirent *entry;
	int fd, err = 0;
	DIR *dir;

	*found = NULL;
	*nr = 0;
	if (store->fd < 0)
		return 0;
	dir = opendir(STORE);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		/* No policy's name begins with a dot, for which a comma stands. */
		if (entry->d_name[0] == '.' || entry->d_name[0] == ',' ||
		    strlen(entry->d_name) >= sizeof(name))
			continue;
		grown = realloc(list, (*nr + 1) * sizeof(*list));
		if (!grown) {
			err = -ENOMEM;
			break;
		}
		list = grown;
		strcpy(name, entry->d_name);
		replace_char(name, ',', '.');
		fd = store__look(name, &list[*nr]);
		if (fd >= 0)
			close(fd);
		(*nr)++;
	}
	closedir(dir);
	if (list)
		qsort(list, *nr, sizeof(*list), compare_names);
	*found = list;
	return err;
}

static int make_directory(char path[STORE_PATH_MAX], const char *name, const char *sub,
			  const char *last)
{
	char rest[STORE_PATH_MAX], error[ERRNAME_MAX];

	snprintf(rest, sizeof(rest), "%s%s", sub, last);
	if (!mkdir(store__path(path, name, rest), 0700) || errno == EEXIST)
		return 0;
	msg("%s: cannot create the directory (%s)", path, errname(errno, error));
	return -EIO;
}

static int pin(const char *directory, const char *name, int fd)
{
	char path[STORE_PATH_MAX + 64], *last, error[ERRNAME_MAX];
	int err;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	last = strrchr(path, '/') + 1;
	store__to_pin_name(last);
	err = bpf_obj_pin(fd, path);
	if (err) {
		msg("%s: cannot pin (%s)", path, errname(-err, error));
		return -EIO;
	}
	return 0;
}

int store__make_directories(const char *name, const char *sub)
{
	char path[STORE_PATH_MAX];
	int err;

	err = make_directory(path, name, "", "");
	if (!err && *sub)
		err = make_directory(path, name, sub, "");
	if (!err)
		err = make_directory(path, name, sub, "/maps");
	if (!err)
		err = make_directory(path, name, sub, "/progs");
	return err;
}

int store__pin(const char *name, const char *sub, const char *directory, const char *object, int fd)
{
	char path[STORE_PATH_MAX], rest[STORE_PATH_MAX];

	snprintf(rest, sizeof(rest), "%s%s", sub, directory);
	return pin(store__path(path, name, rest), object, fd);
}

int store__pin_objects(const char *name, const char *sub, const struct object *object)
{
	struct bpf_program *program;
	struct bpf_map *map;
	int err;

	err = store__make_directories(name, sub);
	if (err)
		return err;
	bpf_object__for_each_map(map, object->bpf) {
		err = bpf_map__fd(map) < 0 ?
			      0 :
			      store__pin(name, sub, "/maps", bpf_map__name(map), bpf_map__fd(map));
		if (err)
			return err;
	}
	bpf_object__for_each_program(program, object->bpf) {
		err = bpf_program__fd(program) < 0 ?
			      0 :
			      store__pin(name, sub, "/progs", bpf_program__name(program),
					 bpf_program__fd(program));
		if (err)
			return err;
	}
	return 0;
}

int store__pin_link(const char *name, int link_fd)
{
	char path[STORE_PATH_MAX];

	return pin(store__path(path, name, ""), "link", link_fd);
}

/* Remove a file or a directory tree. It is no error if there is none. */
static int remove_tree(const char *path, unsigned int *removed)
{
	char below[2 * STORE_PATH_MAX];
	struct dirent *entry;
	int err = 0, ret;
	DIR *dir;

	if (!unlink(path)) {
		++*removed;
		return 0;
	}
	if (errno == ENOENT)
		return 0;
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		ret = -ENAMETOOLONG;
		if (strlen(path) + strlen(entry->d_name) + 2 <= STORE_PATH_MAX) {
			snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
			ret = remove_tree(below, removed);
		}
		err = err ? err : ret;
		rewinddir(dir); /* removing an entry moves others */
		if (err)
			break;
	}
	closedir(dir);
	if (!err && rmdir(path))
		err = -errno;
	return err;
}

int store__remove(const char *name, const char *sub, unsigned int *removed)
{
	char path[STORE_PATH_MAX];
	int err = 0;

	if (!*sub)
		err = remove_tree(store__path(path, name, "/link"), removed);
	if (!err)
		err = remove_tree(store__path(path, name, sub), removed);
	return err;
}

static int move_new(const char *name, const char *directory)
{
	char from[STORE_PATH_MAX], to[STORE_PATH_MAX], rest[32];
	unsigned int removed = 0;
	int err;

	snprintf(rest, sizeof(rest), STORE_NEW "%s", directory);
	if (access(store__path(from, name, rest), F_OK))
		return 0; /* moved already */
	err = remove_tree(store__path(to, name, directory), &removed);
	if (!err && rename(from, to))
		err = -errno;
	return err;
}

int store__commit_new(const char *name)
{
	char path[STORE_PATH_MAX], error[ERRNAME_MAX];
	int err;

	err = move_new(name, "/maps");
	if (!err)
		err = move_new(name, "/progs");
	if (!err && rmdir(store__path(path, name, STORE_NEW)))
		err = -errno;
	if (err)
		msg("%s: cannot move the new pins to their place (%s); iopolicy clean tries again",
		    name, errname(-err, error));
	return err;
}

static bool has_map(const char *directory, __u32 map_id)
{
	char path[2 * STORE_PATH_MAX];
	struct bpf_map_info info;
	struct dirent *entry;
	bool found = false;
	DIR *dir;
	__u32 size;
	int fd;

	dir = opendir(directory);
	while (dir && !found && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		fd = bpf_obj_get(path);
		if (fd < 0)
			continue;
		memset(&info, 0, sizeof(info));
		size = sizeof(info);
		found = !bpf_map_get_info_by_fd(fd, &info, &size) && info.id == map_id;
		close(fd);
	}
	if (dir)
		closedir(dir);
	return found;
}

bool store__recover(const char *name, const struct store_policy *found)
{
	char maps[STORE_PATH_MAX], progs[STORE_PATH_MAX], new[STORE_PATH_MAX];
	unsigned int removed = 0;

	if (found->state != STORE_PINNED || access(store__path(new, name, STORE_NEW), F_OK))
		return false;
	store__path(maps, name, STORE_NEW "/maps");
	store__path(progs, name, STORE_NEW "/progs");
	/* Programs without maps: the maps, which are moved first, have been moved. */
	if (has_map(maps, found->map_id) || (access(maps, F_OK) && !access(progs, F_OK)))
		store__commit_new(name);
	else
		store__remove(name, STORE_NEW, &removed);
	return true;
}
