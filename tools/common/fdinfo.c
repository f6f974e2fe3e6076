// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open files of /dev/iommu, see fdinfo.h.
 *
 * The link in /proc/PID/fd tells them from other files. It holds the path in the mount namespace of
 * the process, so that the name is the same in a container.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "fdinfo.h"
#include "iommufd_record.h"
#include "parse.h"

#define DEVICE "/dev/iommu"

_Bool fdinfo__number(const char *words, const char *key, __u64 *number)
{
	char why[PARSE_WHY_MAX], value[32];
	size_t size = strlen(key);
	const char *at = words;

	while ((at = strstr(at, key))) {
		if ((at == words || at[-1] == ' ' || at[-1] == '\t') && at[size] == '=') {
			snprintf(value, sizeof(value), "%.*s", (int)strcspn(at + size + 1, " \n"),
				 at + size + 1);
			return !parse__count(value, 0, ~0ULL, number, why);
		}
		at += size;
	}
	return false;
}

__u32 fdinfo__id(const char *words, const char *key)
{
	__u64 number;

	return fdinfo__number(words, key, &number) && number <= 0xffffffff ? number : EVENT_NONE;
}

__u32 fdinfo__device(const char *words, char *name, size_t size)
{
	const char *at = strstr(words, " name=");
	char why[PARSE_WHY_MAX];
	__u32 sbdf;

	name[0] = '\0';
	if (!at)
		return EVENT_NONE;
	at += strlen(" name=");
	snprintf(name, size, "%.*s", (int)strcspn(at, " \n"), at);
	return parse__sbdf(name, &sbdf, why) ? EVENT_NONE : sbdf;
}

struct walk {
	int (*take)(void *ctx, FILE *fdinfo);
	void *ctx;
};

static bool is_number(const char *name)
{
	return *name && strspn(name, "0123456789") == strlen(name);
}

/* @folder: of a process or a thread */
static int read_file(const struct walk *walk, int folder, const char *fd)
{
	char path[300];
	FILE *file;
	int at, err;

	snprintf(path, sizeof(path), "fdinfo/%s", fd);
	at = openat(folder, path, O_RDONLY | O_CLOEXEC);
	if (at < 0)
		return 0;
	file = fdopen(at, "r");
	if (!file) {
		close(at);
		return -ENOMEM;
	}
	err = walk->take(walk->ctx, file);
	fclose(file);
	return err;
}

/* Open a folder; NULL if it is gone, or not readable. */
static DIR *open_folder(int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !dir)
		close(fd);
	return dir;
}

/* Read the files of a process or a thread. *has_files: it has any. */
static int read_files(const struct walk *walk, int folder, bool *has_files)
{
	DIR *dir = open_folder(folder, "fd");
	char target[sizeof(DEVICE) + 1];
	struct dirent *entry;
	ssize_t size;
	int err = 0;

	while (dir && !err && (entry = readdir(dir))) {
		if (!is_number(entry->d_name))
			continue;
		*has_files = true;
		size = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target));
		if (size == sizeof(DEVICE) - 1 && !memcmp(target, DEVICE, size))
			err = read_file(walk, folder, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return err;
}

/* The first thread of a process may have ended; the files are those of the others then. */
static int read_threads(const struct walk *walk, int folder)
{
	DIR *tasks = open_folder(folder, "task"), *task;
	struct dirent *entry;
	bool has_files = false;
	int err = 0;

	while (tasks && !err && !has_files && (entry = readdir(tasks))) {
		task = is_number(entry->d_name) ? open_folder(dirfd(tasks), entry->d_name) : NULL;
		if (!task)
			continue;
		err = read_files(walk, dirfd(task), &has_files);
		closedir(task);
	}
	if (tasks)
		closedir(tasks);
	return err;
}

static int read_process(const struct walk *walk, int proc_fd, const char *pid)
{
	DIR *process = open_folder(proc_fd, pid);
	bool has_files = false;
	int err;

	if (!process)
		return 0;
	err = read_files(walk, dirfd(process), &has_files);
	if (!err && !has_files)
		err = read_threads(walk, dirfd(process));
	closedir(process);
	return err;
}

int fdinfo__each(int (*take)(void *ctx, FILE *fdinfo), void *ctx)
{
	const struct walk walk = { take, ctx };
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	int err = 0;

	while (proc && !err && (entry = readdir(proc)))
		if (is_number(entry->d_name))
			err = read_process(&walk, dirfd(proc), entry->d_name);
	if (proc)
		closedir(proc);
	return err;
}
