// SPDX-License-Identifier: GPL-2.0-only
/*
 * The recorder of iosnoop in a folder: a segment ends by size, by time and by SIGHUP; the oldest
 * ones are removed; each can be replayed alone; while the disk is full, events are counted, and it
 * goes on with the next segment when there is room.
 *
 * The disk is a tmpfs in a mount namespace of the test.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "clock.h"
#include "iommufd_policy.h"
#include "policy_name.h"
#include "process.h"
#include "render/render.h"
#include "segments.h"

#define CGROUP 1 /* the root, which exists */
#define POLICY 5

static char folder[64];
static struct run run = { .events = EVENT_MASK(EVENT_ioas_map) | EVENT_MASK(EVENT_policy_verdict),
			  .kernel = "6.12" };
static const struct format format = { .run = &run };

struct map_record {
	struct event_record head;
	__u64 args[12];
	struct event_thread thread;
};

static void put_event(struct renderer *recorder)
{
	struct map_record map = {
		.head = { .time_ns = clock__now(),
			  .tid = 20,
			  .event = EVENT_ioas_map,
			  .nr_args = 12,
			  .flags = EVENT_HAS_THREAD,
			  .comm = "vmm" },
		.args = { 5, 20, 1, 0x1000, 4096, 0x7f0000000000, 3, 1, 1, 1000, 500, 0 },
		.thread = { 1000, 0, CGROUP },
	};
	struct snoop_event event = { .record = &map.head, .comm = "vmm", .machine = "" };

	recorder->event(recorder, &event);
}

static void put_verdict(struct renderer *recorder)
{
	struct {
		struct event_record head;
		struct args_policy_verdict args;
	} verdict = {
		.head = { .time_ns = clock__now(),
			  .tid = 20,
			  .event = EVENT_policy_verdict,
			  .nr_args = sizeof(struct args_policy_verdict) / sizeof(__u64) },
		.args = { .ctx = 5, .tgid = 20, .policy = POLICY },
	};
	struct snoop_event event = { .record = &verdict.head, .comm = "vmm", .machine = "" };

	recorder->event(recorder, &event);
}

static void put_state(struct renderer *recorder)
{
	const struct iommufd_ctx_info ctx = { .ctx = 5, .tgid = 10, .comm = "vmm" };
	const struct recording_state_end end = {};
	__u64 now = clock__now();

	recorder->state(recorder, now, RECORDING_STATE_BEGIN, NULL, 0);
	recorder->state(recorder, now, RECORDING_STATE_CTX, &ctx, sizeof(ctx));
	recorder->state(recorder, now, RECORDING_STATE_END, &end, sizeof(end));
}

/* A batch, as stream.c makes it. Returns the error of the flush. */
static int put_batch(struct renderer *recorder, unsigned int events)
{
	int err;

	while (events--)
		put_event(recorder);
	err = recorder->flush(recorder);
	if (!err && recorder->wants_state(recorder))
		put_state(recorder);
	return err;
}

static void end(struct renderer *recorder)
{
	const struct run_result result = { .reason = STOP_SIGNAL };

	recorder->end(recorder, clock__now(), &result);
	tap__err(recorder->flush(recorder), 0, "the end is written");
	recorder->free(recorder);
}

static struct renderer *open_recorder(const struct segment_limits *limits)
{
	struct renderer *recorder;

	run.start_ns = clock__now();
	run.wall_offset_ns = clock__wall_offset();
	recorder = recorder__new_folder(&format, folder, limits);
	if (!tap__ok(recorder, "a recorder is opened"))
		exit(tap__done());
	put_state(recorder);
	return recorder;
}

/* The items of a recording, or of the folder. */
struct found {
	unsigned int events;
	unsigned int snapshots;
	unsigned int policies;
	unsigned int cgroups;
	unsigned int segments;
	unsigned long long lost;
	unsigned int reason;
	int result;
};

static struct found read_recording(const char *path)
{
	struct recording *recording = recording__open(path);
	struct recording_item item;
	struct found found = { .segments = 1, .result = -1 };

	while (recording && (found.result = recording__next(recording, &item)) > 0) {
		found.events += item.type == RECORDING_EVENT;
		found.snapshots += item.type == RECORDING_STATE &&
				   item.state->kind == RECORDING_STATE_END;
		found.policies += item.type == RECORDING_POLICY;
		found.cgroups += item.type == RECORDING_CGROUP;
		found.segments += item.type == RECORDING_SEGMENT;
		if (item.type == RECORDING_LOST)
			found.lost += item.lost->count;
		if (item.type == RECORDING_END)
			found.reason = item.end->reason;
	}
	recording__close(recording);
	return found;
}

static struct segments list(void)
{
	struct segments segments;

	segments__list(&segments, folder);
	return segments;
}

static void remove_all(void)
{
	struct segments segments = list();
	char path[128];
	unsigned int i;

	for (i = 0; i < segments.nr; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, segments.at[i].name);
		unlink(path);
	}
	segments__free(&segments);
}

static const struct segment_limits wide_limits = { .rotate_bytes = 1 << 20,
						   .rotate_ns = 3600 * NS_PER_SEC,
						   .keep_bytes = 1 << 30 };

static void test_hangup(void)
{
	struct renderer *recorder = open_recorder(&wide_limits);
	struct segments segments;
	struct found found;
	char path[128];
	unsigned int i;

	policy_name__add(POLICY, "quota", 5);
	process__catch_hangup();
	put_verdict(recorder);
	put_batch(recorder, 7);
	raise(SIGHUP);
	put_batch(recorder, 3);
	put_verdict(recorder);
	put_batch(recorder, 5);
	put_batch(recorder, 0);
	end(recorder);
	segments = list();
	tap__is(segments.nr, 2, "SIGHUP begins a segment, once");
	for (i = 0; i < segments.nr; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, segments.at[i].name);
		found = read_recording(path);
		tap__err(found.result, 0, "segment %u can be read alone", i);
		tap__is(found.events, i ? 6 : 11, "segment %u has its events", i);
		tap__is(found.snapshots, 1, "it begins with a snapshot");
		tap__is(found.policies, 1, "it has the names of policies");
		tap__is(found.cgroups, 1, "it has the paths of cgroups");
		tap__is(found.reason, i ? STOP_SIGNAL : STOP_SEGMENT, "it says why it ended");
	}
	segments__free(&segments);
	found = read_recording(folder);
	tap__is(found.events, 17, "the folder has the events of both");
	tap__is(found.segments, 2, "the reader tells when the next one begins");
	remove_all();
}

static void test_size(void)
{
	const struct segment_limits limits = { .rotate_bytes = 64 << 10,
					       .rotate_ns = 3600 * NS_PER_SEC,
					       .keep_bytes = 256 << 10 };
	struct renderer *recorder = open_recorder(&limits);
	unsigned long long most = 0, total;
	struct segments segments;
	unsigned int i, batch, written = 0, oldest;
	struct found found;

	for (batch = 0; batch < 300; batch++) {
		put_batch(recorder, 23);
		written += 23;
		segments = list();
		for (i = 0, total = 0; i < segments.nr; i++)
			total += segments.at[i].size;
		if (total > most)
			most = total;
		segments__free(&segments);
	}
	end(recorder);
	tap__ok(most <= limits.keep_bytes + (8 << 10), "the folder keeps its size: %llu KiB",
		most >> 10);
	tap__ok(most > limits.keep_bytes / 2, "it is used");
	segments = list();
	for (i = 0, oldest = 0; i < segments.nr; i++)
		oldest += segments.at[i].size > limits.rotate_bytes + (8 << 10);
	tap__is(oldest, 0, "no segment is larger than its size");
	segments__free(&segments);
	found = read_recording(folder);
	tap__err(found.result, 0, "what is left can be read");
	tap__ok(found.events > 1000 && found.events < written, "it has the last events");
	tap__is(found.snapshots, found.segments, "each segment has a snapshot");
	remove_all();
}

static void test_age(void)
{
	const struct segment_limits limits = { .rotate_bytes = 1 << 20,
					       .rotate_ns = 1,
					       .keep_bytes = 1 << 30,
					       .keep_ns = 3600 * NS_PER_SEC };
	const struct timespec old[2] = { { 1000000000, 0 }, { 1000000000, 0 } };
	char old_path[128], other[128];
	struct renderer *recorder;
	struct segments segments;

	snprintf(old_path, sizeof(old_path), "%s/iosnoop-20010909T014640.000Z.rec", folder);
	snprintf(other, sizeof(other), "%s/iosnoop-of-a-user.rec", folder);
	close(open(old_path, O_CREAT | O_WRONLY, 0600));
	close(open(other, O_CREAT | O_WRONLY, 0600));
	utimensat(AT_FDCWD, old_path, old, 0);
	utimensat(AT_FDCWD, other, old, 0);
	recorder = open_recorder(&limits);
	tap__ok(access(old_path, F_OK), "a segment that is too old is removed");
	tap__ok(!access(other, F_OK), "a file that is no segment is kept");
	tap__ok(!recorder__new_folder(&format, folder, &limits), "a second recorder is refused");
	put_batch(recorder, 1);
	end(recorder);
	segments = list();
	tap__is(segments.nr, 2, "a segment ends by time");
	segments__free(&segments);
	unlink(other);
	remove_all();
}

/* Fill the disk, but for this much. */
static int fill_disk(void)
{
	static char zeros[4096];
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/filler", folder);
	fd = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	return fd;
}

static void free_disk(int fd)
{
	char path[128];

	close(fd);
	snprintf(path, sizeof(path), "%s/filler", folder);
	unlink(path);
}

static void test_full_disk(void)
{
	struct renderer *recorder = open_recorder(&wide_limits);
	unsigned int put = 23, batch;
	struct found found;
	int fd;

	tap__err(put_batch(recorder, 23), 0, "events are written");
	fd = fill_disk();
	for (batch = 0; batch < 50; batch++, put += 1000)
		if (put_batch(recorder, 1000))
			break;
	tap__is(batch, 50, "a full disk does not end the run");
	found = read_recording(folder);
	tap__err(found.result, 0, "what was written can be read");
	tap__ok(found.events >= 23 && found.events < put, "it has the events before");
	free_disk(fd);
	/* It looks once a second. */
	for (batch = 0; batch < 400 && found.segments < 2; batch++, put++) {
		usleep(10000);
		put_batch(recorder, 1);
		found = read_recording(folder);
	}
	tap__is(found.segments, 2, "with room it goes on in another segment");
	put += 7;
	put_batch(recorder, 7);
	end(recorder);
	found = read_recording(folder);
	tap__is(found.snapshots, 2, "which begins with a snapshot");
	tap__is(found.events + found.lost, put, "all events are there or counted as lost");
	remove_all();
}

int main(void)
{
	const bool has_mount = !unshare(CLONE_NEWNS) &&
			       !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);

	tap__start();
	snprintf(folder, sizeof(folder), "/tmp/unit-recorder.XXXXXX");
	if (!tap__ok(mkdtemp(folder), "a folder"))
		return tap__done();
	test_hangup();
	test_size();
	test_age();
	if (has_mount && !mount("none", folder, "tmpfs", 0, "size=2M")) {
		test_full_disk();
		umount(folder);
	} else {
		tap__skip("cannot mount a tmpfs here", "a full disk");
	}
	rmdir(folder);
	return tap__done();
}
