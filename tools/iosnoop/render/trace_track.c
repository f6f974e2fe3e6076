// SPDX-License-Identifier: GPL-2.0-only
/* The tracks of a trace, see trace_track.h. */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "human.h"
#include "json.h"
#include "render/trace_track.h"

static int compare_tracks(const void *a, const void *b)
{
	const struct trace_track *one = a, *other = b;

	if (one->pid != other->pid)
		return one->pid < other->pid ? -1 : 1;
	return one->tid == other->tid ? 0 : one->tid < other->tid ? -1 : 1;
}

static int compare_devices(const void *a, const void *b)
{
	const struct trace_device *one = a, *other = b;

	if (one->sbdf != other->sbdf)
		return one->sbdf < other->sbdf ? -1 : 1;
	if (one->ctx != other->ctx)
		return one->ctx < other->ctx ? -1 : 1;
	return one->device == other->device ? 0 : one->device < other->device ? -1 : 1;
}

static int compare_ctxs(const void *a, const void *b)
{
	const struct trace_ctx *one = a, *other = b;

	return one->ctx == other->ctx ? 0 : one->ctx < other->ctx ? -1 : 1;
}

/* Find a key in a tree, or add a copy of it. *is_new: it was added. NULL without memory. */
static void *find_or_add(void **tree, const void *key, size_t size,
			 int (*compare)(const void *a, const void *b), bool *is_new)
{
	void **found = tfind(key, tree, compare), *item;

	*is_new = !found;
	if (found)
		return *found;
	item = malloc(size);
	if (item)
		memcpy(item, key, size);
	if (item && tsearch(item, tree, compare))
		return item;
	free(item);
	return NULL;
}

/* Write the event that gives a process or a thread its name. */
static void put_name(struct json *json, const char *what, __u32 pid, __u32 tid, const char *name)
{
	json__newline(json);
	json__object(json, NULL);
	json__string(json, "name", what);
	json__string(json, "ph", "M");
	json__u64(json, "pid", pid);
	json__u64(json, "tid", tid);
	json__object(json, "args");
	json__string(json, "name", name);
	json__end(json);
	json__end(json);
}

void trace_track__name_none(struct trace_tracks *tracks, struct json *json)
{
	if (!tracks->has_none)
		put_name(json, "process_name", TRACE_NO_PROCESS, TRACE_NO_PROCESS,
			 "no known process");
	tracks->has_none = true;
}

struct trace_track *trace_track__get(struct trace_tracks *tracks, struct json *json, __u32 pid,
				     __u32 tid, const struct snoop_event *event)
{
	struct trace_track key = { .pid = pid, .tid = tid }, *track;
	char name[MACHINE_MAX + EVENT_COMM_LEN + 4];
	bool is_process = pid == tid, is_new;
	bool is_main = !is_process || event->record->tid == pid;

	track = find_or_add(&tracks->tracks, &key, sizeof(key), compare_tracks, &is_new);
	/* Another thread names the process only until the first one is seen. */
	if (!track || (track->is_named && !is_main) ||
	    (track->is_named && !memcmp(track->comm, event->comm, sizeof(track->comm)) &&
	     !strncmp(track->machine, event->machine, MACHINE_MAX - 1)))
		return track;
	memcpy(track->comm, event->comm, sizeof(track->comm));
	snprintf(track->machine, sizeof(track->machine), "%s", event->machine);
	track->is_named = true;
	if (pid == TRACE_NO_PROCESS) {
		trace_track__name_none(tracks, json);
		return track;
	}
	if (is_process && *track->machine)
		snprintf(name, sizeof(name), "%s: %.*s", track->machine, EVENT_COMM_LEN,
			 track->comm);
	else
		snprintf(name, sizeof(name), "%.*s", EVENT_COMM_LEN, track->comm);
	if (*name)
		put_name(json, is_process ? "process_name" : "thread_name", pid, tid, name);
	return track;
}

struct trace_device *trace_track__device(struct trace_tracks *tracks, struct json *json,
					 const struct event_record *record)
{
	const struct args_caller *caller = (const void *)record->args;
	const __u64 *sbdf = event__arg(record, EVENT_ROLE_sbdf);
	const __u64 *device = event__arg(record, EVENT_ROLE_device);
	struct trace_device key = { .sbdf = sbdf ? *sbdf : EVENT_NONE }, *found;
	char name[48], text[HUMAN_SBDF_MAX];
	bool is_new;

	if (key.sbdf == EVENT_NONE) {
		if (!device || (__u32)*device == EVENT_NONE)
			return NULL;
		key.ctx = caller->ctx;
		key.device = *device;
	}
	found = find_or_add(&tracks->devices, &key, sizeof(key), compare_devices, &is_new);
	if (!found || !is_new)
		return found;
	found->pid = TRACE_FIRST_DEVICE + tracks->nr_devices++;
	if (found->sbdf != EVENT_NONE)
		snprintf(name, sizeof(name), "device %s", human__sbdf(text, found->sbdf));
	else
		snprintf(name, sizeof(name), "device %u of context %u", found->device, found->ctx);
	put_name(json, "process_name", found->pid, found->pid, name);
	return found;
}

struct trace_ctx *trace_track__ctx(struct trace_tracks *tracks, __u32 ctx)
{
	const struct trace_ctx key = { .ctx = ctx };
	bool is_new;

	return find_or_add(&tracks->ctxs, &key, sizeof(key), compare_ctxs, &is_new);
}

void trace_track__close(struct trace_tracks *tracks)
{
	tdestroy(tracks->tracks, free);
	tdestroy(tracks->devices, free);
	tdestroy(tracks->ctxs, free);
}
