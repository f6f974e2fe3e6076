// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's log and trace; see klog.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "klog.h"

#define TRACING "/sys/kernel/tracing"

int klog__open(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (log < 0)
		return -errno;
	return lseek(log, 0, SEEK_END) < 0 ? -errno : log;
}

/*
 * Read the next record. The message is the text after the first ';' up to the line feed; the lines
 * after it are properties of the device. Returns the message, NULL at the end.
 */
static char *next_record(int log, char *record, size_t size, char **properties)
{
	char *message, *end;
	ssize_t n;

	for (;;) {
		n = read(log, record, size - 1);
		/* The oldest records may be overwritten: go on with the next one. */
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			return NULL;
		record[n] = '\0';
		message = strchr(record, ';');
		if (!message)
			continue;
		end = strchr(++message, '\n');
		if (end)
			*end = '\0';
		*properties = end ? end + 1 : "";
		return message;
	}
}

int klog__find(int log, const char *text, char *line, size_t size)
{
	char record[8192], *message, *properties;
	int found = 0;

	if (size)
		line[0] = '\0';
	while ((message = next_record(log, record, sizeof(record), &properties))) {
		if (!strstr(message, text))
			continue;
		found++;
		snprintf(line, size, "%s", message);
	}
	return found;
}

int klog__find_property(int log, const char *text, const char *key, char *value, size_t size)
{
	char record[8192], start[64], *message, *properties, *at;
	int found = 0;

	value[0] = '\0';
	snprintf(start, sizeof(start), " %s=", key);
	while ((message = next_record(log, record, sizeof(record), &properties))) {
		at = strstr(properties, start);
		if (!strstr(message, text) || !at)
			continue;
		found++;
		at += strlen(start);
		snprintf(value, size, "%.*s", (int)strcspn(at, "\n"), at);
	}
	return found;
}

static int write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static int trace_switch(const char *event, const char *to)
{
	char path[128];

	snprintf(path, sizeof(path), TRACING "/events/iommufd/iommufd_%s/enable", event);
	return write_to(path, to);
}

int trace__start(const char *event)
{
	/* Opening it for writing empties it. */
	int ret = write_to(TRACING "/trace", "");

	return ret ? ret : trace_switch(event, "1");
}

void trace__stop(const char *event)
{
	trace_switch(event, "0");
}

int trace__find(const char *event, char *line, size_t size)
{
	char text[4096], key[64], *at;
	FILE *f = fopen(TRACING "/trace", "r");
	int found = 0;

	if (size)
		line[0] = '\0';
	snprintf(key, sizeof(key), ": iommufd_%s:", event);
	while (f && fgets(text, sizeof(text), f)) {
		at = strstr(text, key);
		if (!at)
			continue;
		found++;
		snprintf(line, size, "%.*s", (int)strcspn(at + strlen(key), "\n"),
			 at + strlen(key));
	}
	if (f)
		fclose(f);
	return found;
}

bool trace__value(const char *line, const char *key, uint64_t *val)
{
	char text[64];
	const char *at;

	snprintf(text, sizeof(text), " %s=", key);
	at = strstr(line, text);
	if (at)
		*val = strtoull(at + strlen(text), NULL, 0);
	return at;
}
