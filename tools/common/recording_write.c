// SPDX-License-Identifier: GPL-2.0-only
/*
 * The writer of recordings, see recording.h. Chunks go through the buffer of stdio, so that a chunk
 * may be in the file in part; after a failure the file is cut behind the last one that is whole.
 */
#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "errname.h"
#include "msg.h"
#include "recording_private.h"

static void put_events(struct recording *recording, __u64 events)
{
	char text[NR_EVENTS * 256];
	size_t length = 0;
	unsigned int event, i;

	for (event = 0; event < NR_EVENTS; event++) {
		if (!(events & EVENT_MASK(event)))
			continue;
		length += snprintf(text + length, sizeof(text) - length, "%u %s", event,
				   event_infos[event].name);
		for (i = 0; i < event_infos[event].nr_fields; i++)
			length += snprintf(text + length, sizeof(text) - length, " %s",
					   event_infos[event].fields[i].name);
		length += snprintf(text + length, sizeof(text) - length, "\n");
	}
	recording__put(recording, RECORDING_EVENTS, text, length);
}

/*
 * The file gets its name with the header in it, so that readers can follow the run, and so that the
 * events of a run that is killed are kept.
 */
struct recording *recording__create(const char *path, const struct recording_header *header,
				    __u64 events, bool force)
{
	struct recording *recording = recording__new(path);
	int err;

	if (!recording)
		return NULL;
	if (outfile__open(&recording->out, path, 0600, force ? OUTFILE_REPLACE : OUTFILE_KEEP)) {
		free(recording);
		return NULL;
	}
	recording->file = recording->out.file;
	setvbuf(recording->file, NULL, _IOFBF, 1 << 18);
	recording->header = *header;
	memcpy(recording->header.magic, RECORDING_MAGIC, sizeof(recording->header.magic));
	recording->header.version = RECORDING_VERSION;
	recording->header.size = sizeof(*header);
	fwrite_unlocked(&recording->header, sizeof(*header), 1, recording->file);
	recording->done = sizeof(*header);
	put_events(recording, events);
	err = outfile__publish(&recording->out);
	if (!err) {
		recording->synced = recording->done;
		return recording;
	}
	if (err == -EPIPE)
		msg("cannot write %s: its reader went away", path);
	recording__close(recording);
	return NULL;
}

void recording__put(struct recording *recording, enum recording_type type, const void *data,
		    size_t size)
{
	const struct recording_chunk chunk = { type, size };
	static const char zeros[8];

	fwrite_unlocked(&chunk, sizeof(chunk), 1, recording->file);
	fwrite_unlocked(data, 1, size, recording->file);
	if (size % 8)
		fwrite_unlocked(zeros, 1, 8 - size % 8, recording->file);
	recording->done += sizeof(chunk) + ((size + 7) & ~7ULL);
}

void recording__put_symbol(struct recording *recording, __u64 address, __u32 tgid, __u32 offset,
			   const char *name)
{
	union {
		struct recording_symbol symbol;
		char bytes[sizeof(struct recording_symbol) + 256];
	} data = { .symbol = { address, tgid, offset } };
	size_t size = strnlen(name, 255);

	memcpy(data.symbol.name, name, size);
	recording__put(recording, RECORDING_SYMBOL, &data, sizeof(data.symbol) + size);
}

void recording__put_policy(struct recording *recording, __u32 id, const char *name)
{
	union {
		struct recording_policy policy;
		char bytes[sizeof(struct recording_policy) + 64];
	} data = { .policy = { .id = id } };
	size_t size = strnlen(name, 64);

	memcpy(data.policy.name, name, size);
	recording__put(recording, RECORDING_POLICY, &data, sizeof(data.policy) + size);
}

void recording__put_device(struct recording *recording, __u32 ctx, __u32 id, const char *name)
{
	union {
		struct recording_device device;
		char bytes[sizeof(struct recording_device) + 64];
	} data = { .device = { ctx, id } };
	size_t size = strnlen(name, 64);

	memcpy(data.device.name, name, size);
	recording__put(recording, RECORDING_DEVICE, &data, sizeof(data.device) + size);
}

void recording__put_state(struct recording *recording, __u64 time_ns,
			  enum recording_state_kind kind, const void *data, size_t size)
{
	union {
		struct recording_state state;
		char bytes[sizeof(struct recording_state) + RECORDING_STATE_MAX];
	} chunk = { .state = { time_ns, kind, 0 } };

	if (size > RECORDING_STATE_MAX)
		size = RECORDING_STATE_MAX;
	if (size)
		memcpy(chunk.state.data, data, size);
	recording__put(recording, RECORDING_STATE, &chunk, sizeof(chunk.state) + size);
}

void recording__put_why(struct recording *recording, const struct why_full *full)
{
	struct {
		struct recording_why head;
		struct why_full full;
	} chunk = { .head = { .size = sizeof(full->why) }, .full = *full };
	size_t size = sizeof(chunk.head) + sizeof(full->why);

	_Static_assert(offsetof(struct why_full, stack) == sizeof(struct why), "no padding");
	if (full->why.flags & WHY_HAS_STACK)
		size += sizeof(full->stack);
	recording__put(recording, RECORDING_WHY, &chunk, size);
}

void recording__put_cgroup(struct recording *recording, __u64 id, const char *path)
{
	union {
		struct recording_cgroup cgroup;
		char bytes[sizeof(struct recording_cgroup) + CGROUP_PATH_MAX];
	} chunk = { .cgroup = { .id = id } };
	size_t size = strnlen(path, CGROUP_PATH_MAX);

	memcpy(chunk.cgroup.path, path, size);
	recording__put(recording, RECORDING_CGROUP, &chunk, sizeof(chunk.cgroup) + size);
}

int recording__sync(struct recording *recording)
{
	int err;

	errno = EIO;
	if (!fflush(recording->file) && !ferror(recording->file)) {
		recording->synced = recording->done;
		return 0;
	}
	err = -errno;
	/* Cut off the chunk that is there in part; the buffer must not be written after it. */
	__fpurge(recording->file);
	if (!recording->is_pipe && ftruncate(fileno(recording->file), recording->synced))
		recording->is_pipe = true;
	return err;
}

__u64 recording__size(const struct recording *recording)
{
	return recording->done;
}

int recording__flush(struct recording *recording)
{
	char name[ERRNAME_MAX];
	int err = recording__sync(recording);

	if (err)
		msg("cannot write %s: %s", recording->path, errname(-err, name));
	return err;
}
