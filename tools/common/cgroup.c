// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cgroups, see cgroup.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "cgroup.h"
#include "errname.h"
#include "parse.h"

#define NO_CGROUP2 "cgroup v2 is not mounted; mount it: mount -t cgroup2 none /sys/fs/cgroup"

/* The type of the 8-byte file handles of kernfs, FILEID_KERNFS in the kernel. */
#define HANDLE_TYPE 0xfe

struct handle {
	struct file_handle head;
	__u64 id;
};

int cgroup__mount_point(const char *mounts, char path[CGROUP_PATH_MAX])
{
	char line[2 * CGROUP_PATH_MAX];
	struct mntent entry;
	int err = -ENOENT;
	FILE *file;

	file = setmntent(mounts ? mounts : "/proc/self/mounts", "re");
	if (!file)
		return -ENOENT;
	while (getmntent_r(file, &entry, line, sizeof(line))) {
		if (strcmp(entry.mnt_type, "cgroup2"))
			continue;
		snprintf(path, CGROUP_PATH_MAX, "%s", entry.mnt_dir);
		err = 0;
		break;
	}
	endmntent(file);
	return err;
}

/* Get the id of a folder; -ENOTDIR if its file system is not cgroup2. */
static int id_of_folder(const char *path, __u64 *id)
{
	struct handle handle = { .head.handle_bytes = sizeof(handle.id) };
	struct statfs fs;
	int mount;

	if (statfs(path, &fs))
		return -errno;
	if (fs.f_type != CGROUP2_SUPER_MAGIC)
		return -ENOTDIR;
	if (name_to_handle_at(AT_FDCWD, path, &handle.head, &mount, 0))
		return -errno;
	memcpy(id, handle.head.f_handle, sizeof(*id));
	return 0;
}

static bool is_folder(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* ---- recorded names ---- */

#define RECORDED_MAX 4096
/* The id of a path that the user gave: no cgroup of a recording has it. */
#define WANTED_ID (1ULL << 63)

static struct {
	bool is_used;
	unsigned int nr;
	struct {
		__u64 id;
		char *path;
	} cgroups[RECORDED_MAX]; /* by id */
} recorded;

void cgroup__use_recording(void)
{
	recorded.is_used = true;
}

/* Find a recorded cgroup, or the place where it belongs. */
static unsigned int find_recorded(__u64 id)
{
	unsigned int low = 0, high = recorded.nr, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (recorded.cgroups[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void cgroup__add(__u64 id, const char *path, size_t size)
{
	unsigned int at = find_recorded(id);
	char *copy;

	if (!recorded.is_used || memchr(path, 0, size))
		return;
	copy = strndup(path, size);
	if (!copy)
		return;
	if (at < recorded.nr && recorded.cgroups[at].id == id) {
		free(recorded.cgroups[at].path);
	} else if (recorded.nr < RECORDED_MAX) {
		memmove(&recorded.cgroups[at + 1], &recorded.cgroups[at],
			(recorded.nr++ - at) * sizeof(recorded.cgroups[0]));
	} else {
		free(copy);
		return;
	}
	recorded.cgroups[at].id = id;
	recorded.cgroups[at].path = copy;
}

static int recorded_path(__u64 id, char *path, size_t size)
{
	unsigned int at = find_recorded(id);

	if (at == recorded.nr || recorded.cgroups[at].id != id)
		return -ENOENT;
	snprintf(path, size, "%s", recorded.cgroups[at].path);
	return 0;
}

/* Take a path as it stands, below the root of the hierarchy. */
static int parse_recorded(const char *text, __u64 *id)
{
	char path[CGROUP_PATH_MAX];
	size_t size = snprintf(path, sizeof(path), "%s%s", *text == '/' ? "" : "/", text);

	if (size >= sizeof(path))
		return -ENAMETOOLONG;
	while (size > 1 && path[size - 1] == '/')
		path[--size] = '\0';
	*id = WANTED_ID;
	cgroup__add(*id, path, size);
	return 0;
}

/* ---- this machine ---- */

int cgroup__parse(const char *text, __u64 *id, char *why)
{
	char root[CGROUP_PATH_MAX], path[2 * CGROUP_PATH_MAX], name[ERRNAME_MAX];
	int err;

	if (*text >= '0' && *text <= '9') {
		err = parse__count(text, 1, ~0ULL, id, why);
		return err;
	}
	if (!*text) {
		snprintf(why, CGROUP_WHY_MAX, "needs a path or a number");
		return -EINVAL;
	}
	if (recorded.is_used) {
		err = parse_recorded(text, id);
		if (err)
			snprintf(why, CGROUP_WHY_MAX, "the path is too long");
		return err;
	}
	err = cgroup__mount_point(NULL, root);
	if (err) {
		snprintf(why, CGROUP_WHY_MAX, NO_CGROUP2);
		return -ENODEV;
	}
	err = is_folder(text) ? id_of_folder(text, id) : -ENOENT;
	if (!err)
		return 0;
	snprintf(path, sizeof(path), "%s%s%s", root, *text == '/' ? "" : "/", text);
	if (is_folder(path) && !id_of_folder(path, id))
		return 0;
	if (err == -ENOTDIR)
		snprintf(why, CGROUP_WHY_MAX,
			 "'%.128s' is not a cgroup of version 2; these are the folders in "
			 "%.128s",
			 text, root);
	else
		snprintf(why, CGROUP_WHY_MAX,
			 "no cgroup '%.128s', neither as a path nor in %.128s (%s)", text, root,
			 errname(-err, name));
	return err;
}

int cgroup__path(__u64 id, char *path, size_t size)
{
	struct handle handle = {
		.head = { sizeof(handle.id), HANDLE_TYPE },
	};
	char root[CGROUP_PATH_MAX], link[64], full[CGROUP_PATH_MAX];
	int mount, fd, err;
	ssize_t length;
	size_t skip;

	if (recorded.is_used)
		return recorded_path(id, path, size);
	err = cgroup__mount_point(NULL, root);
	if (err)
		return err;
	mount = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mount < 0)
		return -errno;
	memcpy(handle.head.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(mount, &handle.head, O_PATH | O_CLOEXEC);
	err = fd < 0 ? -errno : 0;
	close(mount);
	if (err)
		return err;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, full, sizeof(full) - 1);
	err = length < 0 ? -errno : 0;
	close(fd);
	if (err)
		return err;
	full[length] = '\0';
	skip = strlen(root);
	if (strncmp(full, root, skip) || (full[skip] && full[skip] != '/'))
		skip = 0;
	snprintf(path, size, "%s", full[skip] ? full + skip : "/");
	return 0;
}

static unsigned int count_names(const char *path)
{
	unsigned int names = 0;

	for (; *path; path++)
		names += *path == '/' && path[1] && path[1] != '/';
	return names;
}

int cgroup__level(const char *text, __u64 id, unsigned int *level, char *why)
{
	char root[CGROUP_PATH_MAX], path[2 * CGROUP_PATH_MAX], name[ERRNAME_MAX];
	char *real = NULL;
	size_t skip;
	int err;

	/* Only BPF programs need it. */
	*level = 0;
	if (recorded.is_used)
		return 0;
	err = cgroup__path(id, path, sizeof(path));
	if (!err) {
		*level = count_names(path);
		return 0;
	}
	if (!cgroup__mount_point(NULL, root)) {
		skip = strlen(root);
		real = realpath(text, NULL);
		if (!real || strncmp(real, root, skip)) {
			free(real);
			snprintf(path, sizeof(path), "%s/%s", root, text);
			real = realpath(path, NULL);
		}
		if (real && !strncmp(real, root, skip) && (!real[skip] || real[skip] == '/')) {
			*level = count_names(real + skip);
			free(real);
			return 0;
		}
		free(real);
	}
	snprintf(why, CGROUP_WHY_MAX,
		 "cannot find cgroup '%.128s' in the tree (%s); give its path, or run this "
		 "as root",
		 text, errname(-err, name));
	return err;
}

_Bool cgroup__is_below(__u64 id, const char *path, __u64 above)
{
	char upper[CGROUP_PATH_MAX];
	size_t size;

	if (id == above)
		return true;
	if (!path || cgroup__path(above, upper, sizeof(upper)))
		return false;
	size = strlen(upper);
	return size == 1 || (!strncmp(path, upper, size) && (!path[size] || path[size] == '/'));
}
