// SPDX-License-Identifier: GPL-2.0-only
/* See inject.h, and Documentation/fault-injection of the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "inject.h"

#define DEBUGFS "/sys/kernel/debug"

/* Allocations that may wait, of any size, fail too. The log has no line for each. */
static const struct {
	const char *file, *value;
} knobs[] = {
	{ "failslab/ignore-gfp-wait", "N" },
	{ "failslab/cache-filter", "N" },
	{ "failslab/verbose", "0" },
	{ "fail_page_alloc/ignore-gfp-wait", "N" },
	{ "fail_page_alloc/ignore-gfp-highmem", "N" },
	{ "fail_page_alloc/min-order", "0" },
	{ "fail_page_alloc/verbose", "0" },
	{ "fail_usercopy/verbose", "0" },
};

static int nth_fd;

static int set_knob(const char *file, const char *value)
{
	char path[128];
	int fd, ret;

	snprintf(path, sizeof(path), DEBUGFS "/%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

int inject__start(void)
{
	int ret = 0;

	for (unsigned int i = 0; i < sizeof(knobs) / sizeof(knobs[0]) && !ret; i++)
		ret = set_knob(knobs[i].file, knobs[i].value);
	if (ret)
		return ret;
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	return nth_fd < 0 ? -errno : 0;
}

static void set_nth(unsigned int nth)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u", nth);

	/* The copy of the text can be the one that fails. */
	while (pwrite(nth_fd, text, n, 0) != n)
		;
}

void inject__arm(unsigned int nth)
{
	set_nth(nth);
}

bool inject__disarm(void)
{
	char text[16] = "";
	/* If the copy of this text is the one that fails, none has failed before. */
	bool failed = pread(nth_fd, text, sizeof(text) - 1, 0) > 0 && text[0] == '0';

	set_nth(0);
	return failed;
}
