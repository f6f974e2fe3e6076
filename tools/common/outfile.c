// SPDX-License-Identifier: GPL-2.0-only
/*
 * Output files, see outfile.h.
 *
 * A file that exists is opened by the name that the user gave, so that the kernel checks the
 * permissions and follows links. The path to rename to is the one that the kernel reports for the
 * opened file. A file without a path, because it was deleted or /proc is missing, is truncated and
 * written to.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "errname.h"
#include "msg.h"
#include "outfile.h"

static int no_memory(const struct outfile *out)
{
	msg("%s: not enough memory", out->name);
	return -ENOMEM;
}

static int refuse_existing(const char *path, const struct stat *status)
{
	if (!S_ISREG(status->st_mode) || !status->st_size)
		return 0;
	msg("%s exists and is not empty; --force overwrites it", path);
	return -EEXIST;
}

int outfile__check(const char *path)
{
	struct stat status;

	return stat(path, &status) ? 0 : refuse_existing(path, &status);
}

/* The path of an opened file; NULL if it has none, or without memory. */
static char *path_of(int fd, const struct stat *status)
{
	char link[32], path[PATH_MAX];
	struct stat found;
	ssize_t size;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	size = readlink(link, path, sizeof(path) - 1);
	if (size < 0)
		return NULL;
	path[size] = '\0';
	if (stat(path, &found) || found.st_dev != status->st_dev || found.st_ino != status->st_ino)
		return NULL;
	return strdup(path);
}

/* Set the owner, the group and the mode of the file that will be replaced. */
static void copy_owner(int fd, const struct stat *old)
{
	mode_t mode = old->st_mode & 0777;

	/* Another group must not get the rights of the old one. */
	if (fchown(fd, old->st_uid, old->st_gid) && fchown(fd, -1, old->st_gid))
		mode &= ~070 | (mode & 07) << 3;
	fchmod(fd, mode);
}

/* Create the temporary file. old: the file that it replaces; NULL: none. */
static int open_temporary(struct outfile *out, const struct stat *old, mode_t mode)
{
	const char *slash = strrchr(out->target, '/');
	char name[ERRNAME_MAX];
	int fd, err;

	if (asprintf(&out->temporary, "%.*s.iommuscope-XXXXXX",
		     slash ? (int)(slash + 1 - out->target) : 0, out->target) < 0) {
		out->temporary = NULL;
		return no_memory(out);
	}
	fd = mkostemp(out->temporary, O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		msg("cannot create a temporary file in the folder of %s: %s", out->name,
		    errname(-err, name));
		free(out->temporary);
		out->temporary = NULL;
		return err;
	}
	if (old)
		copy_owner(fd, old);
	else
		fchmod(fd, mode);
	return fd;
}

/* Connect to a socket, which cannot be opened. Returns a descriptor, or -1 with errno. */
static int connect_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || !connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	close(fd);
	return -1;
}

/* Open a file that exists, or the target of a link. Returns a descriptor or -errno. */
static int open_existing(struct outfile *out, mode_t mode)
{
	char name[ERRNAME_MAX];
	struct stat status;
	int fd, err;

	/* O_CREAT is for a link without a target, and for the checks of fs.protected_regular. */
	fd = open(out->name, O_WRONLY | O_CREAT | O_NOCTTY | O_CLOEXEC, mode);
	if (fd < 0 && errno == ENXIO && !stat(out->name, &status) && S_ISSOCK(status.st_mode))
		fd = connect_socket(out->name);
	if (fd < 0 || fstat(fd, &status))
		goto fail;
	if (!S_ISREG(status.st_mode))
		return fd;
	if (out->is_kept && refuse_existing(out->name, &status)) {
		close(fd);
		return -EEXIST;
	}
	out->is_kept = false;
	out->target = path_of(fd, &status);
	if (out->target) {
		close(fd);
		return open_temporary(out, &status, 0);
	}
	if (!ftruncate(fd, 0))
		return fd;
fail:
	err = -errno;
	msg("cannot open %s: %s", out->name, errname(-err, name));
	if (fd >= 0)
		close(fd);
	return err;
}

static int open_new(struct outfile *out, mode_t mode)
{
	out->target = strdup(out->name);
	return out->target ? open_temporary(out, NULL, mode) : no_memory(out);
}

int outfile__open(struct outfile *out, const char *path, mode_t mode,
		  enum outfile_existing existing)
{
	struct stat status;
	int fd;

	*out = (struct outfile){ .name = path, .is_kept = existing == OUTFILE_KEEP };
	if (lstat(path, &status) && errno == ENOENT)
		fd = open_new(out, mode);
	else
		fd = open_existing(out, mode);
	if (fd >= 0) {
		out->file = fdopen(fd, "w");
		if (out->file)
			return 0;
		close(fd);
		fd = no_memory(out);
	}
	outfile__close(out);
	return fd;
}

/* Give the temporary file its final name. */
static int replace(const struct outfile *out)
{
	if (!out->is_kept)
		return rename(out->temporary, out->target) ? -errno : 0;
	if (!renameat2(AT_FDCWD, out->temporary, AT_FDCWD, out->target, RENAME_NOREPLACE))
		return 0;
	/* Some network file systems lack the flag. */
	if (errno == EINVAL && !rename(out->temporary, out->target))
		return 0;
	return -errno;
}

int outfile__publish(struct outfile *out)
{
	char name[ERRNAME_MAX];
	int err;

	errno = EIO;
	if (fflush(out->file) || ferror(out->file)) {
		err = -errno;
		if (err != -EPIPE)
			msg("cannot write %s: %s", out->name, errname(-err, name));
		return err;
	}
	if (!out->temporary)
		return 0;
	err = replace(out);
	if (err) {
		msg("cannot replace %s: %s", out->name, errname(-err, name));
		return err;
	}
	free(out->temporary);
	out->temporary = NULL;
	return 0;
}

void outfile__close(struct outfile *out)
{
	if (out->file)
		fclose(out->file);
	if (out->temporary)
		unlink(out->temporary);
	free(out->temporary);
	free(out->target);
	*out = (struct outfile){ .name = out->name };
}
