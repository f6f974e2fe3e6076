/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recordings: iosnoop -o FILE writes them, --replay of the tools reads them. A folder of recordings
 * (segments.h) is read like one recording.
 *
 * All numbers are little-endian. A file begins with struct recording_header; then come chunks, each
 * struct recording_chunk and its data, padded with zeros to a multiple of 8 bytes:
 *
 *	RECORDING_EVENTS	text, before any event: a line "ID NAME FIELD FIELD ..." for each
 *				traced event. ID is its number in the records, NAME its name in
 *				iommufd_events.h; the fields are the arguments of its records, in
 *				that order. Readers use the names, because numbers differ between
 *				versions.
 *	RECORDING_EVENT		struct event_record with its arguments, cause and stacks
 *	RECORDING_SYMBOL	struct recording_symbol and a name, for an address in the stacks
 *				of later events
 *	RECORDING_POLICY	struct recording_policy and a name, before the first event of the
 *				policy
 *	RECORDING_LOST		struct recording_lost
 *	RECORDING_STATE		struct recording_state and a record of the driver: an item of a
 *				snapshot, taken at the start and then at intervals. A snapshot
 *				begins with RECORDING_STATE_BEGIN and is complete with
 *				RECORDING_STATE_END. Contexts, payers and objects come by
 *				ascending numbers.
 *	RECORDING_CGROUP	struct recording_cgroup and a path, before the first event or
 *				state of the cgroup
 *	RECORDING_WHY		struct recording_why and the explanation of the next event, a
 *				fault, with the stack of the call that caused it
 *	RECORDING_DEVICE	struct recording_device and the name of a device that is not PCI,
 *				before the first event of the device
 *	RECORDING_END		struct recording_end: the run ended regularly; nothing
 *				follows
 *
 * Readers skip chunks of other types. The version changes when readers of the old one would
 * misinterpret the file. The reader checks all sizes, counts and texts before it uses them, and
 * stops with a reason at the first invalid one.
 */
#ifndef _COMMON_RECORDING_H
#define _COMMON_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "driver.h"
#include "event.h"
#include "why.h"

#define RECORDING_MAGIC "IOSNOOP\n"
#define RECORDING_VERSION 1

/* The largest data of an item of a snapshot, in bytes. */
#define RECORDING_STATE_MAX 512

struct recording_header {
	char magic[8];
	__u32 version;
	__u32 size; /* of this header; readers skip members they do not know */
	__u64 start_ns; /* CLOCK_MONOTONIC, like all times */
	__s64 wall_offset_ns; /* to add for CLOCK_REALTIME */
	__u64 buffer_bytes;
	char kernel[64]; /* texts end with a NUL */
	char tool[32];
	struct iommufd_filter filter; /* of the recorded events; keeps its size */
	__u32 page_size; /* of the machine, in bytes; 0: 4096 */
	__u32 source; /* enum driver_kind: the driver of the events; 0: not known */
};

enum recording_type {
	RECORDING_EVENTS = 1,
	RECORDING_EVENT = 2,
	RECORDING_SYMBOL = 3,
	RECORDING_LOST = 4,
	RECORDING_END = 5,
	RECORDING_POLICY = 6,
	RECORDING_STATE = 7,
	RECORDING_CGROUP = 8,
	RECORDING_WHY = 9,
	RECORDING_DEVICE = 10,
	RECORDING_SEGMENT = 0x10000, /* not in files: see struct recording_segment */
};

struct recording_chunk {
	__u32 type;
	__u32 size; /* of the data, without padding */
};

struct recording_symbol {
	__u64 address;
	__u32 tgid; /* process; 0: the kernel */
	__u32 offset; /* of the address in the named function */
	char name[]; /* up to the end of the chunk, without a NUL */
};

struct recording_policy {
	__u32 id;
	__u32 __pad;
	char name[]; /* up to the end of the chunk, without a NUL */
};

/* The data of an item of a snapshot. Writers may append members, and readers ignore those. */
enum recording_state_kind {
	RECORDING_STATE_BEGIN = 0, /* no data */
	RECORDING_STATE_CTX = 1, /* struct state_ctx; at first, struct iommufd_ctx_info */
	RECORDING_STATE_PAYER = 2, /* struct iommufd_payer_info */
	RECORDING_STATE_OBJECT = 3, /* struct iommufd_object_info */
	RECORDING_STATE_END = 4, /* struct recording_state_end */
	RECORDING_STATE_CLOSED = 5, /* __u64: this context, the last one, may lack objects */
};

struct recording_state {
	__u64 time_ns;
	__u32 kind;
	__u32 __pad;
	__u64 data[]; /* up to the end of the chunk */
};

struct recording_state_end {
	__u32 has_payers; /* the driver reports payers */
	__u32 is_cut; /* some objects are missing */
};

struct recording_cgroup {
	__u64 id;
	char path[]; /* up to the end of the chunk, without a NUL */
};

struct recording_device {
	__u32 ctx;
	__u32 id; /* object */
	char name[]; /* up to the end of the chunk, without a NUL */
};

/* Between two segments of a folder. Times are those of recording__next(). */
struct recording_segment {
	__u64 end_ns; /* of the segment before: its end, or the last time in it */
	__u64 start_ns; /* of the next one */
	bool is_cut; /* the one before has no end */
	__u32 source; /* of the next one, see struct recording_header */
};

/* Writers may append members to struct why, and readers ignore those. */
struct recording_why {
	__u32 size; /* of struct why */
	__u32 __pad;
	__u64 data[]; /* struct why; then struct event_stack if it has WHY_HAS_STACK */
};

struct recording_lost {
	__u64 time_ns;
	__u64 count; /* since the last such chunk */
	__u64 total;
};

struct recording_end {
	__u64 time_ns;
	struct event_counters counters;
	__u32 reason; /* why it ended, a number of the tool */
	__u32 __pad;
};

struct recording;

/*
 * Create the file, which only its owner may read, or replace it as outfile.h describes. Without
 * force a file that is not empty is refused. NULL after a message.
 */
struct recording *recording__create(const char *path, const struct recording_header *header,
				    __u64 events, bool force);
/* Write a chunk. The next recording__flush() returns errors. */
void recording__put(struct recording *recording, enum recording_type type, const void *data,
		    size_t size);
void recording__put_symbol(struct recording *recording, __u64 address, __u32 tgid, __u32 offset,
			   const char *name);
void recording__put_state(struct recording *recording, __u64 time_ns,
			  enum recording_state_kind kind, const void *data, size_t size);
void recording__put_why(struct recording *recording, const struct why_full *full);
void recording__put_cgroup(struct recording *recording, __u64 id, const char *path);
void recording__put_policy(struct recording *recording, __u32 id, const char *name);
void recording__put_device(struct recording *recording, __u32 ctx, __u32 id, const char *name);
/* 0, or -errno after a message. */
int recording__flush(struct recording *recording);
/*
 * The same without a message, for a disk that may have room again: after a failure only
 * recording__close() is useful, and it leaves the chunks of all calls that succeeded.
 */
int recording__sync(struct recording *recording);
/* The bytes written. */
__u64 recording__size(const struct recording *recording);

/* An item of a recording. Pointers are valid until the next call. */
struct recording_item {
	enum recording_type type; /* any but RECORDING_EVENTS */
	const struct event_record *event;
	size_t event_size;
	const struct recording_symbol *symbol;
	char symbol_name[256]; /* not cleaned */
	const struct recording_policy *policy;
	size_t policy_size; /* of its name */
	const struct recording_state *state;
	size_t state_size; /* of its data */
	const struct recording_cgroup *cgroup;
	size_t cgroup_size; /* of its path */
	const struct recording_device *device;
	size_t device_size; /* of its name */
	const struct why_full *why; /* of the next event */
	const struct recording_lost *lost;
	const struct recording_end *end;
	const struct recording_segment *segment;
};

/*
 * Open a file ("-" is stdin) or a folder, and read the header and table of events. NULL after a
 * message.
 */
struct recording *recording__open(const char *path);
/* Of a folder, begin with the segment that has this CLOCK_REALTIME; a file begins anyway. */
struct recording *recording__open_at(const char *path, __u64 time_ns);
const struct recording_header *recording__header(const struct recording *recording);
/* The traced events, as EVENT_MASK() bits of this tool. */
__u64 recording__events(const struct recording *recording);

/*
 * Set a function that is called while a pipe has no data: at once, and then every 50 ms. If it
 * returns -ECANCELED, recording__next() returns that as well. Call this before recording__next().
 */
void recording__set_idle(struct recording *recording, int (*idle)(void *ctx), void *ctx);

/*
 * Read the next item. Returns 1 with an item, 0 at the end, or -errno after a message: -ENODATA if
 * the file is incomplete (the run was killed or is still going on), -EBADMSG if it is damaged.
 * Events that this tool does not know are skipped and counted.
 *
 * A folder has one RECORDING_END, also if the last segment has none. Times are continued over a
 * reboot and a clock that was set, so that recording__header()->wall_offset_ns is right for all of
 * them. A damaged segment is left out after a message, and makes the end -EBADMSG.
 */
int recording__next(struct recording *recording, struct recording_item *item);
__u64 recording__unknown(const struct recording *recording);

void recording__close(struct recording *recording);

#endif /* _COMMON_RECORDING_H */
