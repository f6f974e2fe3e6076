// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read the kernel's log. When the driver rejects a policy it writes one warning with the reason;
 * the errno alone does not tell the reason. Lines of a lower severity are about policies that other
 * processes load and unload meanwhile.
 *
 * Each read of /dev/kmsg returns one record, "level,number,time,flags;text", where the lowest three
 * bits of level are the severity and the others the writer. The record may be followed by
 * lines of details that begin with a blank. The kernel writes unprintable bytes as \xNN.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/kernel.h"

#define PREFIX "iommufd: "
#define WORD "policy" /* begins each line about a policy */
#define RECORD_MAX 8192
#define SEVERITY_MASK 7
#define SEVERITY_WARNING 4

static bool is_warning(const char *record)
{
	return (strtoul(record, NULL, 10) & SEVERITY_MASK) <= SEVERITY_WARNING;
}

int klog__open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

char *klog__read(int fd, char text[KLOG_MAX])
{
	char record[RECORD_MAX], *line, *found;
	ssize_t got;

	text[0] = '\0';
	if (fd < 0)
		return text;
	for (;;) {
		got = read(fd, record, sizeof(record) - 1);
		if (got < 0 && errno == EPIPE) /* the kernel has overwritten records */
			continue;
		if (got <= 0)
			break;
		record[got] = '\0';
		line = strchr(record, ';');
		found = line ? strstr(line, PREFIX WORD) : NULL;
		if (!found || !is_warning(record))
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
