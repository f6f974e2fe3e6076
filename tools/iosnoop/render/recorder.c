// SPDX-License-Identifier: GPL-2.0-only
/*
 * The recorder (-o): writes events to a file, see recording.h. It adds data that exist only now and
 * on this machine: the names of the addresses in stacks, and the name of a process that the kernel
 * worked for in a thread of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "iommufd_policy.h"
#include "msg.h"
#include "policy_name.h"
#include "render/render.h"
#include "render/stack.h"
#include "version.h"

/* Cgroups whose path was written: a table by id, emptied when it gets full. */
#define CGROUPS_KNOWN 1024u

struct recorder {
	struct renderer renderer;
	__u64 cgroups[CGROUPS_KNOWN]; /* 0: free */
	unsigned int nr_cgroups;
	const struct format *format;
	struct recording *recording;
};

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

	if (kind == RECORDING_STATE_CTX)
		record_cgroup(recorder, ((const struct iommufd_ctx_info *)data)->cgroup);
	if (kind == RECORDING_STATE_PAYER)
		record_cgroup(recorder, ((const struct iommufd_payer_info *)data)->cgroup);
	recording__put_state(recorder->recording, time_ns, kind, data, size);
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

	if (stack && recorder->format->symbols) {
		const struct stack_frames kernel = { stack->kernel, stack->nr_kernel, {} };
		const struct stack_frames user = stack__user_frames(event->record);

		record_names(recorder, &kernel);
		record_names(recorder, &user);
	}
	record_policy(recorder, event->record);
	if (event__thread(event->record))
		record_cgroup(recorder, event__thread(event->record)->cgroup);
	memcpy(copy.bytes, event->record, size);
	memcpy(copy.record.comm, event->comm, sizeof(event->comm));
	recording__put(recorder->recording, RECORDING_EVENT, copy.bytes, size);
}

static void record_lost(struct renderer *renderer, const struct recording_lost *lost)
{
	struct recorder *recorder = (struct recorder *)renderer;

	recording__put(recorder->recording, RECORDING_LOST, lost, sizeof(*lost));
}

static void record_end(struct renderer *renderer, __u64 now_ns, const struct run_result *result)
{
	const struct recording_end end = { now_ns, result->counters, result->reason, 0 };
	struct recorder *recorder = (struct recorder *)renderer;

	recording__put(recorder->recording, RECORDING_END, &end, sizeof(end));
}

static int flush_recording(struct renderer *renderer)
{
	return recording__flush(((struct recorder *)renderer)->recording);
}

static void free_recorder(struct renderer *renderer)
{
	struct recorder *recorder = (struct recorder *)renderer;

	recording__close(recorder->recording);
	free(recorder);
}

struct renderer *recorder__new(const struct format *format, const char *path, bool force)
{
	const struct run *run = format->run;
	struct recording_header header = {
		.start_ns = run->start_ns,
		.wall_offset_ns = run->wall_offset_ns,
		.buffer_bytes = run->buffer_bytes,
		.tool = "iosnoop " IOMMUSCOPE_VERSION,
		.filter = run->filter,
	};
	struct recorder *recorder = calloc(1, sizeof(*recorder));

	if (!recorder) {
		msg("not enough memory");
		return NULL;
	}
	recorder->renderer = (struct renderer){
		.event = record_event,
		.lost = record_lost,
		.state = record_state,
		.end = record_end,
		.flush = flush_recording,
		.free = free_recorder,
	};
	recorder->format = format;
	memcpy(header.kernel, run->kernel, sizeof(header.kernel));
	recorder->recording = recording__create(path, &header, run->events, force);
	if (!recorder->recording) {
		free_recorder(&recorder->renderer);
		return NULL;
	}
	return &recorder->renderer;
}
