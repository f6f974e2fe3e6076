// SPDX-License-Identifier: GPL-2.0-only
/*
 * The recorder (-o): writes events to a file, see recording.h. It adds data that exist only now and
 * on this machine: the names of the addresses in stacks, and the name of a process that the kernel
 * worked for in a thread of its own.
 *
 * In a folder (segments.h) it begins a new segment between two batches of events: names are written
 * anew, and the source is asked for a snapshot. While the disk is full there is no segment: events
 * are dropped and counted, and the next segment begins with that loss.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "clock.h"
#include "device_name.h"
#include "errname.h"
#include "iommufd_policy.h"
#include "msg.h"
#include "policy_name.h"
#include "render/render.h"
#include "render/rotation.h"
#include "render/stack.h"
#include "version.h"

/* Cgroups whose path was written: a table by id, emptied when it gets full. */
#define CGROUPS_KNOWN 1024u

struct recorder {
	struct renderer renderer;
	__u64 cgroups[CGROUPS_KNOWN]; /* 0: free */
	unsigned int nr_cgroups;
	const struct format *format;
	struct recording *recording; /* NULL: the disk of the folder is full */
	struct recording_header header;
	/* In a folder: */
	bool has_folder;
	bool wants_state;
	bool has_ended;
	struct rotation rotation;
	struct event_counters counters; /* of the segment */
	__u64 unsynced; /* events that are not in the file for certain */
	__u64 dropped; /* events, while the disk is full */
	__u64 retry_ns;
};

/* How often to look whether a full disk has room again. */
#define RETRY_NS NS_PER_SEC
/* After a disk with room refused a file all the same, because of a quota. */
#define RETRY_REFUSED_NS (60 * NS_PER_SEC)

/* Write the names that differ from those written before; "" for none. */
static void record_names(const struct recorder *recorder, const struct stack_frames *frames)
{
	const char *name;
	unsigned int i;
	__u64 address;
	__u32 offset;
	bool is_new;

	for (i = 0; i < frames->nr; i++) {
		address = stack__call_address(frames, i);
		name = symbols__find(recorder->format->symbols, &frames->owner, address, &offset,
				     &is_new);
		if (is_new)
			recording__put_symbol(recorder->recording, address, frames->owner.tgid,
					      offset, name ? name : "");
	}
}

/* Write the name of the policy that decided or is the cause, before its first event. */
static void record_policy(const struct recorder *recorder, const struct event_record *record)
{
	const struct args_policy_verdict *verdict = (const void *)record->args;
	const struct event_cause *cause = event__cause(record);
	const char *name;
	bool is_new;
	__u32 id;

	if (record->event == EVENT_policy_verdict)
		id = verdict->policy;
	else if (cause && cause->kind == EVENT_CAUSE_POLICY)
		id = cause->code;
	else
		return;
	name = policy_name__find_new(id, &is_new);
	if (name && is_new)
		recording__put_policy(recorder->recording, id, name);
}

/* Write the name of a device that is not PCI, before its first event. */
static void record_device(const struct recorder *recorder, const struct event_record *record)
{
	const __u64 *id = event__arg(record, EVENT_ROLE_device);
	const __u64 *sbdf = event__arg(record, EVENT_ROLE_sbdf);
	const struct args_caller *caller = (const void *)record->args;
	const char *name;
	bool is_new;

	if (!id || *id == EVENT_NONE || !sbdf || *sbdf != EVENT_NONE)
		return;
	/* The id may have been that of another device. */
	if (record->event == EVENT_device_bind)
		device_name__forget(caller->ctx, *id);
	name = device_name__find_new(caller->ctx, *id, &is_new);
	if (name && is_new)
		recording__put_device(recorder->recording, caller->ctx, *id, name);
}

/* Remember a cgroup; false if it was known. */
static bool note_cgroup(struct recorder *recorder, __u64 id)
{
	unsigned int at = (id ^ id >> 32) * 2654435761u % CGROUPS_KNOWN;

	if (recorder->nr_cgroups >= CGROUPS_KNOWN / 2) {
		memset(recorder->cgroups, 0, sizeof(recorder->cgroups));
		recorder->nr_cgroups = 0;
	}
	for (; recorder->cgroups[at]; at = (at + 1) % CGROUPS_KNOWN)
		if (recorder->cgroups[at] == id)
			return false;
	recorder->cgroups[at] = id;
	recorder->nr_cgroups++;
	return true;
}

/* Write the path of a cgroup before its first use. */
static void record_cgroup(struct recorder *recorder, __u64 id)
{
	char path[CGROUP_PATH_MAX];

	if (id && note_cgroup(recorder, id) && !cgroup__path(id, path, sizeof(path)))
		recording__put_cgroup(recorder->recording, id, path);
}

static void record_state(struct renderer *renderer, __u64 time_ns, enum recording_state_kind kind,
			 const void *data, size_t size)
{
	struct recorder *recorder = (struct recorder *)renderer;

	if (!recorder->recording)
		return;
	if (kind == RECORDING_STATE_CTX)
		record_cgroup(recorder, ((const struct iommufd_ctx_info *)data)->cgroup);
	if (kind == RECORDING_STATE_PAYER)
		record_cgroup(recorder, ((const struct iommufd_payer_info *)data)->cgroup);
	recording__put_state(recorder->recording, time_ns, kind, data, size);
}

/* Write the explanation of a fault, with the names in its stack. */
static void record_why(const struct recorder *recorder, const struct snoop_event *event)
{
	const struct why_full *full = event->why;
	struct stack_frames kernel, user;

	if (full->why.flags & WHY_HAS_STACK && recorder->format->symbols) {
		stack__why_frames(full, event->record, &kernel, &user);
		record_names(recorder, &kernel);
		record_names(recorder, &user);
	}
	recording__put_why(recorder->recording, full);
}

static void record_event(struct renderer *renderer, const struct snoop_event *event)
{
	struct recorder *recorder = (struct recorder *)renderer;
	const struct event_stack *stack = event__stack(event->record);
	size_t size = event__size(event->record);
	union {
		struct event_record record;
		char bytes[EVENT_RECORD_MAX];
	} copy;

	if (!recorder->recording) {
		recorder->dropped++;
		return;
	}
	if (stack && recorder->format->symbols) {
		const struct stack_frames kernel = { stack->kernel, stack->nr_kernel, {} };
		const struct stack_frames user = stack__user_frames(event->record);

		record_names(recorder, &kernel);
		record_names(recorder, &user);
	}
	record_policy(recorder, event->record);
	record_device(recorder, event->record);
	if (event__thread(event->record))
		record_cgroup(recorder, event__thread(event->record)->cgroup);
	if (event->why)
		record_why(recorder, event);
	memcpy(copy.bytes, event->record, size);
	memcpy(copy.record.comm, event->comm, sizeof(event->comm));
	recording__put(recorder->recording, RECORDING_EVENT, copy.bytes, size);
	recorder->counters.submitted++;
	recorder->unsynced++;
}

static void put_lost(struct recorder *recorder, __u64 time_ns, __u64 count)
{
	struct recording_lost lost = { time_ns, count, 0 };

	recorder->counters.lost += count;
	lost.total = recorder->counters.lost;
	recording__put(recorder->recording, RECORDING_LOST, &lost, sizeof(lost));
}

static void record_lost(struct renderer *renderer, const struct recording_lost *lost)
{
	struct recorder *recorder = (struct recorder *)renderer;

	if (recorder->recording)
		put_lost(recorder, lost->time_ns, lost->count);
	else
		recorder->dropped += lost->count;
}

/* ---- segments ---- */

/* Begin a segment; names are new in it. False after a message. */
static bool begin_segment(struct recorder *recorder)
{
	struct recording_header *header = &recorder->header;

	header->start_ns = clock__now();
	header->wall_offset_ns = clock__wall_offset();
	recorder->recording =
		rotation__create(&recorder->rotation, header, recorder->format->run->events);
	if (!recorder->recording)
		return false;
	memset(recorder->cgroups, 0, sizeof(recorder->cgroups));
	recorder->nr_cgroups = 0;
	policy_name__renew();
	device_name__renew();
	if (recorder->format->symbols)
		symbols__renew(recorder->format->symbols);
	recorder->counters = (struct event_counters){};
	recorder->unsynced = 0;
	return true;
}

static void put_end(struct recorder *recorder, __u64 now_ns, enum stop_reason reason)
{
	struct recording_end end = { now_ns, recorder->counters, reason, 0 };

	if (recorder->has_folder)
		end.counters.seen = end.counters.submitted + end.counters.lost;
	recording__put(recorder->recording, RECORDING_END, &end, sizeof(end));
}

/* Close a segment that cannot be written. Returns 0, or the error if waiting does not help. */
static int pause_for_room(struct recorder *recorder, int err)
{
	char name[ERRNAME_MAX];

	if (err != -ENOSPC && err != -EDQUOT) {
		msg("cannot write %s/%s: %s", recorder->rotation.folder, recorder->rotation.current,
		    errname(-err, name));
		return err;
	}
	msg("cannot write %s/%s: the disk is full (%s); events are lost until there is room",
	    recorder->rotation.folder, recorder->rotation.current, errname(-err, name));
	recorder->dropped += recorder->unsynced;
	recorder->unsynced = 0;
	recording__close(recorder->recording);
	recorder->recording = NULL;
	recorder->retry_ns = clock__now() + RETRY_NS;
	return 0;
}

static void try_to_resume(struct recorder *recorder)
{
	__u64 now = clock__now();

	if (now < recorder->retry_ns)
		return;
	recorder->retry_ns = now + RETRY_NS;
	if (!rotation__has_room(&recorder->rotation))
		return;
	if (!begin_segment(recorder)) {
		recorder->retry_ns = now + RETRY_REFUSED_NS;
		return;
	}
	recorder->wants_state = true;
	put_lost(recorder, recorder->header.start_ns, recorder->dropped);
	msg("recording to %s again; %llu event%s lost meanwhile", recorder->rotation.folder,
	    recorder->dropped, recorder->dropped == 1 ? " was" : "s were");
	recorder->dropped = 0;
}

static int sync_segment(struct recorder *recorder)
{
	int err = recording__sync(recorder->recording);

	if (err)
		return pause_for_room(recorder, err);
	recorder->unsynced = 0;
	return 0;
}

static int rotate(struct recorder *recorder)
{
	int err;

	put_end(recorder, clock__now(), STOP_SEGMENT);
	err = sync_segment(recorder);
	if (err || !recorder->recording)
		return err;
	recording__close(recorder->recording);
	recorder->recording = NULL;
	/* Without a new one, wait as for a full disk. */
	recorder->wants_state = begin_segment(recorder);
	if (!recorder->wants_state)
		recorder->retry_ns = clock__now() + RETRY_NS;
	return 0;
}

static int flush_folder(struct recorder *recorder)
{
	int err = 0;

	if (recorder->recording)
		err = sync_segment(recorder);
	if (err || recorder->has_ended)
		return err;
	if (!recorder->recording)
		try_to_resume(recorder);
	else if (rotation__is_due(&recorder->rotation, recording__size(recorder->recording)))
		err = rotate(recorder);
	return err;
}

static bool wants_state(struct renderer *renderer)
{
	struct recorder *recorder = (struct recorder *)renderer;
	bool wanted = recorder->wants_state;

	recorder->wants_state = false;
	return wanted;
}

/* ---- the renderer ---- */

static void record_end(struct renderer *renderer, __u64 now_ns, const struct run_result *result)
{
	struct recorder *recorder = (struct recorder *)renderer;

	recorder->has_ended = true;
	if (!recorder->has_folder)
		recorder->counters = result->counters;
	if (recorder->recording)
		put_end(recorder, now_ns, result->reason);
}

static int flush_recording(struct renderer *renderer)
{
	struct recorder *recorder = (struct recorder *)renderer;

	return recorder->has_folder ? flush_folder(recorder) :
				      recording__flush(recorder->recording);
}

static void free_recorder(struct renderer *renderer)
{
	struct recorder *recorder = (struct recorder *)renderer;

	recording__close(recorder->recording);
	if (recorder->has_folder)
		rotation__close(&recorder->rotation);
	free(recorder);
}

static struct recorder *new_recorder(const struct format *format)
{
	const struct run *run = format->run;
	struct recorder *recorder = calloc(1, sizeof(*recorder));

	if (!recorder) {
		msg("not enough memory");
		return NULL;
	}
	recorder->renderer = (struct renderer){
		.event = record_event,
		.lost = record_lost,
		.state = record_state,
		.wants_state = wants_state,
		.end = record_end,
		.flush = flush_recording,
		.free = free_recorder,
	};
	recorder->format = format;
	recorder->header = (struct recording_header){
		.start_ns = run->start_ns,
		.wall_offset_ns = run->wall_offset_ns,
		.buffer_bytes = run->buffer_bytes,
		.tool = "iosnoop " IOMMUSCOPE_VERSION,
		.filter = run->filter,
		.page_size = event__page_size(),
		.source = run->driver,
	};
	memcpy(recorder->header.kernel, run->kernel, sizeof(recorder->header.kernel));
	return recorder;
}

struct renderer *recorder__new(const struct format *format, const char *path, bool force)
{
	struct recorder *recorder = new_recorder(format);

	if (!recorder)
		return NULL;
	recorder->recording =
		recording__create(path, &recorder->header, format->run->events, force);
	if (recorder->recording)
		return &recorder->renderer;
	free_recorder(&recorder->renderer);
	return NULL;
}

struct renderer *recorder__new_folder(const struct format *format, const char *path,
				      const struct segment_limits *limits)
{
	struct recorder *recorder = new_recorder(format);

	if (!recorder)
		return NULL;
	recorder->has_folder = true;
	if (!rotation__open(&recorder->rotation, path, limits) && begin_segment(recorder))
		return &recorder->renderer;
	free_recorder(&recorder->renderer);
	return NULL;
}
