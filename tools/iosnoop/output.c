// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where events go, live or from a recording: to lines in one of their forms, to reports, or into a
 * recording.
 *
 * Nothing is written before everything is attached, so the first line (the header, the start
 * record) tells a waiting script that tracing has begun. stdout is written in batches: the loop
 * calls output__flush() after each, at the latest a tick after an event, whatever stdout is.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include <linux/iommufd.h>

#include "errname.h"
#include "iosnoop.h"
#include "msg.h"
#include "text.h"
#include "version.h"

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

static int make_reports(struct output *output)
{
	const struct options *options = output->options;

	if (options->histogram || options->sizes)
		output->report = report__new(options->histogram, options->sizes);
	if (options->summary)
		output->summary = summary__new();
	if (options->folded)
		output->stacks = stacks__new();
	if (options->stacks || options->folded)
		output->symbols = symbols__new(output->live);
	if (((options->histogram || options->sizes) && !output->report) ||
	    (options->summary && !output->summary) || (options->folded && !output->stacks) ||
	    ((options->stacks || options->folded) && !output->symbols)) {
		msg("not enough memory");
		return -ENOMEM;
	}
	return 0;
}

int output__init(struct output *output, const struct options *options,
		 const struct recording_header *header)
{
	struct utsname system = {};

	memset(output, 0, sizeof(*output));
	output->options = options;
	output->live = !header;
	output->utf8 = text__locale_is_utf8();
	output->lines = !options->histogram && !options->sizes && !options->folded &&
			!options->record;
	if (header) {
		output->start_ns = header->start_ns;
		output->wall_offset_ns = header->wall_offset_ns;
		output->buffer_bytes = header->buffer_bytes;
		text__clean(output->kernel, sizeof(output->kernel), header->kernel,
			    sizeof(header->kernel), sizeof(header->kernel), false);
	} else {
		output->start_ns = output__now();
		output->buffer_bytes = options->buffer_bytes;
		uname(&system);
		snprintf(output->kernel, sizeof(output->kernel), "%.63s", system.release);
		read_wall_offset(output);
	}
	output->last_ns = output->start_ns;
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	if (options->json)
		json__init(&output->json, stdout);
	else
		table__init(output);
	return make_reports(output);
}

static int start_recording(struct output *output)
{
	struct recording_header header = {
		.start_ns = output->start_ns,
		.wall_offset_ns = output->wall_offset_ns,
		.buffer_bytes = output->buffer_bytes,
		.tool = "iosnoop " IOMMUSCOPE_VERSION,
		.filter = output->options->filter,
	};

	memcpy(header.kernel, output->kernel, sizeof(header.kernel));
	output->recording = recording__create(output->options->record, &header, output->events);
	return output->recording ? recording__flush(output->recording) : -EIO;
}

int output__start(struct output *output, __u64 events)
{
	const struct options *options = output->options;

	output->events = events;
	if (options->record)
		return start_recording(output);
	if (options->fields || options->csv) {
		output->fields =
			fields__new(options->fields, events, options->wide || options->csv);
		if (!output->fields)
			return -ENOMEM;
	}
	if (options->json)
		jsonl__start(output);
	else if (!output->lines || options->quiet)
		return 0;
	else if (output->fields)
		fields__start(output);
	else
		table__start(output);
	return 0;
}

static void put_line(struct output *output, const struct event_record *record)
{
	if (output->options->json)
		jsonl__event(output, record);
	else if (output->fields)
		fields__event(output, record);
	else
		table__event(output, record);
	if (output->options->stacks && !output->options->json)
		stacks__print(output, record);
}

void output__event(struct output *output, const struct event_record *record)
{
	output->last_ns = record->time_ns;
	if (output->recording) {
		stacks__record(output, record);
		return;
	}
	if (output->lines)
		put_line(output, record);
	if (output->report)
		report__add(output->report, record);
	if (output->summary)
		summary__add(output->summary, output, record);
	if (output->stacks)
		stacks__add(output->stacks, output, record);
}

void output__lost(struct output *output, __u64 time_ns, __u64 count, __u64 total)
{
	const struct recording_lost lost = { time_ns, count, total };

	output->last_ns = time_ns;
	if (output->recording)
		recording__put(output->recording, RECORDING_LOST, &lost, sizeof(lost));
	else if (output->options->json)
		jsonl__lost(output, time_ns, count, total);
	else if (output->fields)
		fields__lost(output, time_ns, count, total);
	else if (!output->stacks)
		table__lost(output, time_ns, count, total);
}

void output__report(struct output *output, __u64 now)
{
	if (output->report)
		report__print(output->report, output, now);
	if (output->summary)
		summary__print(output->summary, output, now);
}

void output__end(struct output *output, __u64 now, const struct stream_result *result)
{
	const struct recording_end end = { now, result->counters, result->reason, 0 };

	output->ended = true;
	if (output->recording) {
		recording__put(output->recording, RECORDING_END, &end, sizeof(end));
		return;
	}
	output__report(output, now);
	if (output->stacks)
		stacks__print_folded(output->stacks, output);
	if (output->options->json)
		jsonl__end(output, now, result);
}

/* A run that could not begin tells programs so, too. */
void output__fail(struct output *output, const struct options *options)
{
	if (!options->json || output->ended)
		return;
	output->options = options;
	json__init(&output->json, stdout);
	jsonl__error(output, output__now());
	fflush(stdout);
}

int output__flush(struct output *output)
{
	char name[ERRNAME_MAX];
	int err;

	if (output->live)
		read_wall_offset(output);
	if (output->recording) {
		err = recording__flush(output->recording);
		if (err)
			return err;
	}
	errno = EIO;
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	err = -errno;
	if (err != -EPIPE)
		msg("writing to stdout: %s", errname(-err, name));
	return err;
}

void output__close(struct output *output)
{
	recording__close(output->recording);
	fields__free(output->fields);
	report__free(output->report);
	summary__free(output->summary);
	stacks__free(output->stacks);
	symbols__free(output->symbols);
}

const char *output__protection(const struct event_record *record)
{
	static const char names[][3] = { "--", "-w", "r-", "rw" };
	const __u64 *flags = event__arg(record, EVENT_ROLE_flags);
	const __u64 *perm = event__arg(record, EVENT_ROLE_perm);
	bool reads, writes;

	if (perm && *perm & IOMMU_PGFAULT_PERM_EXEC && !(*perm & IOMMU_PGFAULT_PERM_WRITE))
		return "-x";
	if (perm) {
		reads = *perm & IOMMU_PGFAULT_PERM_READ;
		writes = *perm & IOMMU_PGFAULT_PERM_WRITE;
		return names[2 * reads + writes];
	}
	switch (record->event) {
	case EVENT_ioas_map:
	case EVENT_ioas_map_file:
	case EVENT_ioas_copy:
		reads = *flags & IOMMU_IOAS_MAP_READABLE;
		writes = *flags & IOMMU_IOAS_MAP_WRITEABLE;
		return names[2 * reads + writes];
	case EVENT_type1_map:
		/* VFIO_DMA_MAP_FLAG_READ and _WRITE */
		return names[2 * (*flags & 1) + (*flags >> 1 & 1)];
	}
	return NULL;
}

/* The process's own name, when the kernel worked for it in another thread. */
static void read_comm(__u32 tgid, char comm[EVENT_COMM_LEN])
{
	static char cached[EVENT_COMM_LEN];
	static __u32 cached_tgid;
	static __u64 cached_at;
	char path[32];
	FILE *file;

	if (cached_tgid != tgid || output__now() - cached_at > NS_PER_SEC) {
		memset(cached, 0, sizeof(cached));
		snprintf(path, sizeof(path), "/proc/%u/comm", tgid);
		file = fopen(path, "re");
		if (file && fgets(cached, sizeof(cached), file))
			cached[strcspn(cached, "\n")] = '\0';
		if (file)
			fclose(file);
		cached_tgid = tgid;
		cached_at = output__now();
	}
	memcpy(comm, cached, sizeof(cached));
}

void output__raw_comm(const struct output *output, const struct event_record *record,
		      char comm[EVENT_COMM_LEN])
{
	const struct args_caller *caller = (const void *)record->args;

	memcpy(comm, record->comm, EVENT_COMM_LEN);
	if (!comm[0] && output->live && (__u32)caller->tgid != EVENT_NONE)
		read_comm(caller->tgid, comm);
}

void output__comm(const struct output *output, const struct event_record *record,
		  unsigned int columns, char *text, size_t size)
{
	char comm[EVENT_COMM_LEN];

	output__raw_comm(output, record, comm);
	text__clean(text, size, comm[0] ? comm : "-", sizeof(comm), columns, output->utf8);
}
