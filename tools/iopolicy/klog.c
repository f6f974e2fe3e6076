// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's log. The driver says there, in a line of its own, why it did not take a policy;
 * errno alone does not tell.
 *
 * A read of /dev/kmsg gives one record: "level,number,time,flags;text", and lines of details after
 * it that begin with a blank. What is not printable is written as \xNN.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "iopolicy.h"

#define PREFIX "iommufd: "
#define WORD "policy"   /* of what is about policies */
#define RECORD_MAX 8192

int klog__open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

char *klog__sentence(int fd, char text[KLOG_MAX])
{
	char record[RECORD_MAX], *line, *found;
	ssize_t got;

	text[0] = '\0';
	if (fd < 0)
		return text;
	for (;;) {
		got = read(fd, record, sizeof(record) - 1);
		if (got < 0 && errno == EPIPE) /* overwritten before it was read */
			continue;
		if (got <= 0)
			break;
		record[got] = '\0';
		line = strchr(record, ';');
		found = line ? strstr(line, PREFIX WORD) : NULL;
		if (!found)
			continue;
		found += strlen(PREFIX);
		snprintf(text, KLOG_MAX, "%.*s", (int)strcspn(found, "\n"), found);
	}
	close(fd);
	return text;
}

void klog__close(int fd)
{
	if (fd >= 0)
		close(fd);
}
