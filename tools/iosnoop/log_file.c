// SPDX-License-Identifier: GPL-2.0-only
/* The file of --log, see log_file.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errname.h"
#include "log_file.h"
#include "msg.h"
#include "process.h"

/* Put the file of this name in the place of standard output. Returns 0 or -errno. */
static int take_place(const char *path)
{
	int fd, err;

	/* The lines have addresses, like a recording. */
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0)
		return -errno;
	err = dup2(fd, STDOUT_FILENO) < 0 ? -errno : 0;
	close(fd);
	return err;
}

int log_file__open(struct log_file *log, const char *path, __u64 most_bytes)
{
	char name[ERRNAME_MAX];
	int err;

	*log = (struct log_file){ .path = path, .most_bytes = most_bytes };
	err = take_place(path);
	if (err)
		msg("cannot open the log %s: %s", path, errname(-err, name));
	return err;
}

/* Size of the open file; 0 if it is no regular file, which is never full. */
static __u64 size_of_open(void)
{
	struct stat status;

	return fstat(STDOUT_FILENO, &status) || !S_ISREG(status.st_mode) ? 0 : status.st_size;
}

static int put_aside(const struct log_file *log)
{
	char old[PATH_MAX];

	if (snprintf(old, sizeof(old), "%s.1", log->path) >= (int)sizeof(old))
		return -ENAMETOOLONG;
	return rename(log->path, old) ? -errno : 0;
}

bool log_file__renew(struct log_file *log)
{
	bool is_full = log->most_bytes && size_of_open() >= log->most_bytes;
	char name[ERRNAME_MAX];
	int err = 0;

	if (!process__hung_up() && (!is_full || log->has_failed))
		return false;
	if (is_full)
		err = put_aside(log);
	if (!err)
		err = take_place(log->path);
	/* Once, because a full file comes here after each batch. The next SIGHUP tries it again. */
	log->has_failed = err;
	if (err)
		msg("cannot begin a new log %s: %s; lines go on in the old one", log->path,
		    errname(-err, name));
	return !err && !size_of_open();
}
