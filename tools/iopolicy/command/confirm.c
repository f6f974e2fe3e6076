// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command confirm, and the socket through which it reaches the apply that waits for it.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "command/command.h"
#include "command/confirm.h"
#include "errname.h"
#include "kernel/kernel.h"
#include "msg.h"
#include "process.h"

#define RUN_FOLDER "/run/iopolicy"
#define TICK_MS 200
#define KEPT "kept"

static const struct sockaddr_un address = {
	.sun_family = AF_UNIX,
	.sun_path = RUN_FOLDER "/confirm",
};

static int open_socket(void)
{
	return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
}

static int reach(int fd)
{
	return connect(fd, (const struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
}

/* Remove the socket of an apply that was killed. */
static int remove_stale(void)
{
	int fd = open_socket(), err;

	if (fd < 0)
		return -errno;
	err = reach(fd);
	close(fd);
	if (!err) {
		msg("another apply waits for its confirmation; run iopolicy confirm, or wait");
		return -EBUSY;
	}
	if (err == -ECONNREFUSED)
		unlink(address.sun_path);
	return 0;
}

int confirm__listen(void)
{
	char name[ERRNAME_MAX];
	struct stat stat = {};
	int fd, err;

	if (mkdir(RUN_FOLDER, 0700) && errno != EEXIST)
		goto fail;
	if (lstat(RUN_FOLDER, &stat))
		goto fail;
	if (!S_ISDIR(stat.st_mode) || (stat.st_uid && stat.st_uid != geteuid()) ||
	    stat.st_mode & 077) {
		msg(RUN_FOLDER ": other users may enter it, so they could confirm; remove it");
		return -EPERM;
	}
	err = remove_stale();
	if (err)
		return err;
	fd = open_socket();
	if (fd < 0)
		goto fail;
	if (!bind(fd, (const struct sockaddr *)&address, sizeof(address)) && !listen(fd, 1))
		return fd;
	err = -errno;
	close(fd);
	errno = -err;
fail:
	err = -errno;
	msg("%s: cannot wait for a confirmation (%s)", address.sun_path, errname(-err, name));
	return err == -EACCES ? -EPERM : err;
}

bool confirm__wait(int listen_fd, __u64 until_ns, int *reply_fd)
{
	struct pollfd file = { .fd = listen_fd, .events = POLLIN };
	char order[sizeof("confirm")];

	while (!process__signalled() && clock__now() < until_ns) {
		if (poll(&file, 1, TICK_MS) <= 0)
			continue;
		*reply_fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (*reply_fd < 0)
			continue;
		/* Another apply connects, too, to see whether this one waits. */
		if (recv(*reply_fd, order, sizeof(order), 0) > 0)
			return true;
		close(*reply_fd);
	}
	return false;
}

void confirm__reply(int reply_fd)
{
	send(reply_fd, KEPT, sizeof(KEPT), MSG_NOSIGNAL);
	close(reply_fd);
}

void confirm__close(int listen_fd)
{
	unlink(address.sun_path);
	close(listen_fd);
	rmdir(RUN_FOLDER);
}

int command__confirm(const struct options *options)
{
	char reply[sizeof(KEPT)] = "", name[ERRNAME_MAX];
	int fd = open_socket(), err;

	(void)options;
	err = fd < 0 ? -errno : reach(fd);
	if (!err && (send(fd, "confirm", sizeof("confirm"), MSG_NOSIGNAL) < 0 ||
		     recv(fd, reply, sizeof(reply), 0) < 0))
		err = -errno;
	if (fd >= 0)
		close(fd);
	if (err == -ENOENT || err == -ECONNREFUSED) {
		msg("no apply waits for a confirmation");
	} else if (err) {
		msg("%s: cannot confirm (%s)", address.sun_path, errname(-err, name));
	} else if (strcmp(reply, KEPT)) {
		msg("too late: the former policies are in force again");
		err = -ETIME;
	}
	return err == -EACCES ? -EPERM : err;
}
