// SPDX-License-Identifier: GPL-2.0-only
/*
 * What iosnoop writes to stdout, as a table or as JSON lines.
 *
 * Nothing is written before everything is attached, so the first line (the header, the start
 * record) tells a waiting script that tracing has begun. stdout is written in batches: the loop
 * calls output__flush() after each, at the latest a tick after an event, whatever stdout is.
 */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include <linux/iommufd.h>

#include "errname.h"
#include "iosnoop.h"
#include "msg.h"
#include "text.h"

__u64 output__now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

/* Anew for each batch: the clock of the day may be set meanwhile. */
static void read_wall_offset(struct output *output)
{
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	output->wall_offset_ns = wall.tv_sec * NS_PER_SEC + wall.tv_nsec - output__now();
}

void output__init(struct output *output, const struct options *options)
{
	output->options = options;
	output->start_ns = output__now();
	output->utf8 = text__locale_is_utf8();
	read_wall_offset(output);
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	if (options->json)
		json__init(&output->json, stdout);
	else
		table__init(output);
}

void output__start(struct output *output, const struct session *session)
{
	if (output->options->json)
		jsonl__start(output, session);
	else if (!output->options->quiet)
		table__start(output);
}

void output__event(struct output *output, const struct event_record *record)
{
	if (output->options->json)
		jsonl__event(output, record);
	else
		table__event(output, record);
}

void output__lost(struct output *output, __u64 count, __u64 total)
{
	if (output->options->json)
		jsonl__lost(output, count, total);
	else
		table__lost(output, count, total);
}

void output__end(struct output *output, const struct event_counters *counters, __u64 shown,
		 enum stop_reason reason)
{
	if (output->options->json)
		jsonl__end(output, counters, shown, reason);
}

int output__flush(struct output *output)
{
	char name[ERRNAME_MAX];
	int err;

	read_wall_offset(output);
	errno = EIO;
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	err = -errno;
	if (err != -EPIPE)
		msg("writing to stdout: %s", errname(-err, name));
	return err;
}

const char *output__protection(__u64 flags)
{
	static const char names[][3] = { "--", "-w", "r-", "rw" };

	return names[(flags & IOMMU_IOAS_MAP_READABLE ? 2 : 0) +
		     (flags & IOMMU_IOAS_MAP_WRITEABLE ? 1 : 0)];
}
