// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recordings: the reader returns the written events; it understands files of versions with other
 * numbers and other fields by their names; and a file that is truncated or damaged in any byte
 * yields valid events or an error, and is never read beyond its end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "msg.h"
#include "recording.h"

#define DAMAGES 10000
#define EVENTS (EVENT_MASK(EVENT_ioas_map) | EVENT_MASK(EVENT_pin))

static char path[64];

struct stack_record {
	struct event_record head;
	__u64 args[12];
	struct event_cause cause;
	struct event_stack stack;
	struct event_thread thread;
};

static struct stack_record a_record(void)
{
	struct stack_record record = {
		.head = { .time_ns = 5000,
			  .tid = 78,
			  .event = EVENT_ioas_map,
			  .nr_args = 12,
			  .flags = EVENT_HAS_CAUSE | EVENT_HAS_STACK | EVENT_HAS_THREAD,
			  .comm = "qemu" },
		.args = { 3, 77, 5, 0x1000, 8192, 0x7f0000000000, 7, 2, 1, 1000, 500,
			  (__u32)-ENOMEM },
		.cause = { EVENT_CAUSE_REFUSED, 1, { 65536, 1ULL << 32, 0, EVENT_NONE } },
		.stack = { .nr_kernel = 1,
			   .nr_user = 1,
			   .kernel = { ~0xfffULL },
			   .user = { 0x1234 } },
		.thread = { 1000, 0, 77 },
	};

	return record;
}

static void write_one(void)
{
	const struct recording_header header = { .start_ns = 1000,
						 .wall_offset_ns = 99,
						 .buffer_bytes = 4096,
						 .kernel = "6.12",
						 .tool = "test" };
	const struct recording_end end = { .time_ns = 9000,
					   .counters = { 2, 0, 1, 1 },
					   .reason = 3 };
	const struct recording_lost lost = { 6000, 1, 1 };
	struct stack_record record = a_record();
	struct recording *recording;

	recording = recording__create(path, &header, EVENTS, true);
	recording__put_symbol(recording, 0x1233, 77, 3, "main");
	recording__put_policy(recording, 5, "quota");
	recording__put_cgroup(recording, 77, "/machine.slice");
	recording__put_state(recording, 4000, RECORDING_STATE_CTX, "12345678", 8);
	recording__put(recording, RECORDING_EVENT, &record, sizeof(record));
	recording__put(recording, RECORDING_LOST, &lost, sizeof(lost));
	recording__put(recording, 99, "an unknown chunk!", 17);
	recording__put(recording, RECORDING_END, &end, sizeof(end));
	tap__err(recording__flush(recording), 0, "a recording is written");
	recording__close(recording);
	tap__ok(!recording__create(path, &header, EVENTS, false),
		"a recording is overwritten only if asked for");
}

static void test_back(void)
{
	struct recording *recording = recording__open(path);
	struct stack_record record = a_record();
	struct recording_item item;

	tap__ok(recording && recording__header(recording)->wall_offset_ns == 99 &&
			!strcmp(recording__header(recording)->kernel, "6.12"),
		"the header is read");
	tap__ok(recording__events(recording) == EVENTS, "the set of events is read");
	tap__ok(recording__next(recording, &item) == 1 && item.type == RECORDING_SYMBOL &&
			item.symbol->address == 0x1233 && item.symbol->tgid == 77 &&
			!strcmp(item.symbol_name, "main"),
		"a symbol is read");
	tap__ok(recording__next(recording, &item) == 1 && item.type == RECORDING_POLICY &&
			item.policy->id == 5 && item.policy_size == 5 &&
			!memcmp(item.policy->name, "quota", 5),
		"the name of a policy is read");
	tap__ok(recording__next(recording, &item) == 1 && item.type == RECORDING_CGROUP &&
			item.cgroup->id == 77 && item.cgroup_size == 14 &&
			!memcmp(item.cgroup->path, "/machine.slice", 14),
		"a cgroup is read");
	tap__ok(recording__next(recording, &item) == 1 && item.type == RECORDING_STATE &&
			item.state->time_ns == 4000 && item.state->kind == RECORDING_STATE_CTX &&
			item.state_size == 8 && !memcmp(item.state->data, "12345678", 8),
		"an item of a snapshot is read");
	tap__ok(recording__next(recording, &item) == 1 && item.type == RECORDING_EVENT &&
			item.event_size == sizeof(record) &&
			!memcmp(item.event, &record, sizeof(record)),
		"an event is read with cause, stack and thread, byte for byte");
	tap__ok(event__stack(item.event)->user[0] == 0x1234 &&
			event__thread(item.event)->uid == 1000 &&
			event__thread(item.event)->cgroup == 77,
		"each of these is found");
	tap__ok(recording__next(recording, &item) == 1 && item.type == RECORDING_LOST &&
			item.lost->count == 1,
		"a loss is read");
	tap__ok(recording__next(recording, &item) == 1 && item.type == RECORDING_END &&
			item.end->reason == 3 && item.end->counters.seen == 2,
		"an unknown chunk is skipped and the end is read");
	tap__err(recording__next(recording, &item), 0, "nothing follows the end");
	recording__close(recording);
}

/* Replace the file's table of events, which is the first chunk. */
static void write_other_version(const char *table, const void *record, size_t size)
{
	struct recording_header header = { .magic = RECORDING_MAGIC,
					   .version = RECORDING_VERSION,
					   .size = sizeof(header) };
	struct recording_chunk chunk = { RECORDING_EVENTS, strlen(table) };
	FILE *file = fopen(path, "w");

	fwrite(&header, sizeof(header), 1, file);
	fwrite(&chunk, sizeof(chunk), 1, file);
	fprintf(file, "%s", table);
	while (ftell(file) % 8)
		putc(0, file);
	chunk.type = RECORDING_EVENT;
	chunk.size = size;
	fwrite(&chunk, sizeof(chunk), 1, file);
	fwrite(record, size, 1, file);
	fclose(file);
}

static void test_other_version(void)
{
	struct {
		struct event_record head;
		__u64 args[5];
	} other = { .head = { .event = 200, .nr_args = 5 }, .args = { 4096, 42, 9, 8, 7 } };
	const struct args_ioas_unmap *unmap;
	struct recording *recording;
	struct recording_item item;

	write_other_version("200 ioas_unmap length new_field ioas tgid ctx\n", &other,
			    sizeof(other));
	recording = recording__open(path);
	tap__err(recording__next(recording, &item), 1, "an event with another number is read");
	unmap = (const void *)item.event->args;
	tap__ok(item.event->event == EVENT_ioas_unmap && unmap->length == 4096 &&
			unmap->ioas == 9 && unmap->tgid == 8 && unmap->ctx == 7 &&
			unmap->areas == EVENT_UNKNOWN &&
			item.event->nr_args == EVENT_NR_ARGS(ioas_unmap),
		"its fields are found by their names");
	recording__close(recording);

	write_other_version("200 quantum_leap from to\n", &other, sizeof(other));
	recording = recording__open(path);
	tap__err(recording__next(recording, &item), -ENODATA, "an unknown event is skipped");
	tap__is(recording__unknown(recording), 1, "the unknown event is counted");
	recording__close(recording);

	write_other_version("200 ioas_unmap a b c d e f\n", &other, sizeof(other));
	recording = recording__open(path);
	tap__err(recording__next(recording, &item), -EBADMSG,
		 "a record with too few arguments is refused");
	recording__close(recording);
	write_other_version("200 ioas_unmap 1 2 3 4 5 6 7 8 9 10 11 12 13\n", &other,
			    sizeof(other));
	tap__ok(!recording__open(path), "a table with too many fields is refused");
	write_other_version("999999 ioas_unmap a\n", &other, sizeof(other));
	tap__ok(!recording__open(path), "a table with a number out of range is refused");
}

/* What a later writer of the same version may do: more members in the header, other chunks. */
static void test_later_writer(void)
{
	struct recording_header header = { .magic = RECORDING_MAGIC,
					   .version = RECORDING_VERSION,
					   .size = sizeof(header) + 2 * sizeof(__u64),
					   .start_ns = 1234 };
	const __u64 members[2] = { ~0ULL, ~0ULL };
	const char table[] = "7 ioas_unmap ctx tgid ioas\n";
	struct {
		struct recording_chunk chunk;
		char text[32];
	} events = { .chunk = { RECORDING_EVENTS, sizeof(table) - 1 } };
	struct {
		struct recording_chunk chunk;
		struct event_record head;
		__u64 args[3];
	} unmap = { .chunk = { RECORDING_EVENT, sizeof(unmap) - sizeof(unmap.chunk) },
		    .head = { .event = 7, .nr_args = 3 },
		    .args = { 5, 6, 9 } };
	const struct {
		struct recording_chunk chunk;
		__u64 data[2];
	} other = { { 0xfff0, 13 }, { ~0ULL, ~0ULL } };
	const struct args_ioas_unmap *args;
	struct recording *recording;
	struct recording_item item;
	FILE *file = fopen(path, "w");

	memcpy(events.text, table, sizeof(table));
	fwrite(&header, sizeof(header), 1, file);
	fwrite(members, sizeof(members), 1, file);
	fwrite(&events, sizeof(events), 1, file);
	fwrite(&other, sizeof(other), 1, file);
	fwrite(&unmap, sizeof(unmap), 1, file);
	fclose(file);
	recording = recording__open(path);
	tap__ok(recording && recording__header(recording)->start_ns == 1234,
		"a header with more members is read");
	tap__err(recording__next(recording, &item), 1, "a chunk of another type is skipped");
	args = (const void *)item.event->args;
	tap__ok(item.event->event == EVENT_ioas_unmap && args->ctx == 5 && args->tgid == 6 &&
			args->ioas == 9,
		"the event behind it is read");
	recording__close(recording);
}

/* Read all items of the file. Returns their number. */
static unsigned int read_all(void)
{
	struct recording *recording = recording__open(path);
	struct recording_item item;
	unsigned int items = 0;

	if (!recording)
		return 0;
	while (recording__next(recording, &item) > 0) {
		items++;
		if (item.type == RECORDING_EVENT)
			items += event__is_valid(item.event, item.event_size) ? 0 : 1000000;
	}
	recording__close(recording);
	return items;
}

static void put_file(const char *bytes, size_t size)
{
	FILE *file = fopen(path, "w");

	fwrite(bytes, 1, size, file);
	fclose(file);
}

static void test_hostile(void)
{
	static char bytes[1 << 17], damaged[1 << 17];
	unsigned int i, j, items, most = 0;
	FILE *file;
	size_t size;

	write_one();
	file = fopen(path, "r");
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	tap__is(read_all(), 7, "the whole file has seven items");
	for (i = 0; i < size; i += 7) {
		put_file(bytes, i);
		items = read_all();
		most = items > most ? items : most;
	}
	tap__ok(most <= 7, "a truncated file yields no more items than the whole file");
	srandom(11);
	for (i = 0, most = 0; i < DAMAGES; i++) {
		memcpy(damaged, bytes, size);
		for (j = 0; j <= (unsigned int)random() % 4; j++)
			damaged[random() % size] = random();
		put_file(damaged, size);
		items = read_all();
		most = items > most ? items : most;
	}
	tap__ok(most < 1000000, "damaged files yield only valid events");
}

int main(void)
{
	int quiet;

	tap__start();
	snprintf(path, sizeof(path), "/tmp/unit-recording.%d", getpid());
	msg__set_tool("unit-recording");
	write_one();
	test_back();
	/* The following tests print thousands of messages. */
	fflush(stderr);
	quiet = dup(STDERR_FILENO);
	if (!freopen("/dev/null", "w", stderr))
		return tap__bail("cannot silence messages");
	test_other_version();
	test_later_writer();
	test_hostile();
	fflush(stderr);
	dup2(quiet, STDERR_FILENO);
	unlink(path);
	return tap__done();
}
