/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recordings: what `iosnoop -o FILE` writes, and --replay of the tools reads.
 *
 * All numbers are little-endian. A file begins with struct recording_header; then come chunks, each
 * struct recording_chunk and its data, padded with zeros to a multiple of 8 bytes:
 *
 *	RECORDING_EVENTS	text, before any event: a line "ID NAME FIELD FIELD ..." for each event
 *				that was traced; ID is the number in the records, NAME that of the table
 *				in iommufd_events.h, and the fields are its record's arguments in their
 *				order. Readers go by names: the numbers of another version may differ.
 *	RECORDING_EVENT		struct event_record with its arguments, cause and stacks
 *	RECORDING_SYMBOL	struct recording_symbol and the name, of an address in the stacks of
 *				events that follow
 *	RECORDING_LOST		struct recording_lost
 *	RECORDING_END		struct recording_end: the run ended in order; nothing follows
 *
 * Chunks of other types are skipped. The version changes when a reader of the old one would
 * misunderstand. A reader trusts nothing: sizes, counts and texts are checked before use, and what is
 * wrong ends the reading with a reason.
 */
#ifndef _COMMON_RECORDING_H
#define _COMMON_RECORDING_H

#include <stddef.h>
#include <linux/types.h>

#include "event.h"

#define RECORDING_MAGIC "IOSNOOP\n"
#define RECORDING_VERSION 1

struct recording_header {
	char magic[8];
	__u32 version;
	__u32 size;   /* of this header; what is beyond the known members is skipped */
	__u64 start_ns; /* CLOCK_MONOTONIC, as all times */
	__s64 wall_offset_ns;  /* what makes it CLOCK_REALTIME */
	__u64 buffer_bytes;
	char kernel[64];	 /* texts end with a 0 */
	char tool[32];
	struct iommufd_filter filter; /* what was recorded */
};

enum recording_type {
	RECORDING_EVENTS = 1,
	RECORDING_EVENT = 2,
	RECORDING_SYMBOL = 3,
	RECORDING_LOST = 4,
	RECORDING_END = 5,
};

struct recording_chunk {
	__u32 type;
	__u32 size;   /* of the data, without padding */
};

struct recording_symbol {
	__u64 address;
	__u32 tgid;   /* process whose address it is; 0: the kernel's */
	__u32 offset;   /* of the address in what has the name */
	char name[];   /* to the end of the chunk, no 0 */
};

struct recording_lost {
	__u64 time_ns;
	__u64 count;   /* since the one before */
	__u64 total;
};

struct recording_end {
	__u64 time_ns;
	struct event_counters counters;
	__u32 reason;   /* why it ended, the tool's number */
	__u32 __pad;
};

struct recording;

/* Creates the file, or empties it, for its owner's eyes only. Messages name the file. */
struct recording *recording__create(const char *path, const struct recording_header *header,
				    __u64 events);
/* Errors of writing stay, and are told by the next flush. */
void recording__put(struct recording *recording, enum recording_type type, const void *data,
		    size_t size);
void recording__put_symbol(struct recording *recording, __u64 address, __u32 tgid, __u32 offset,
			   const char *name);
/* 0, or -errno after a message. */
int recording__flush(struct recording *recording);

/* What a recording holds next. Pointers are valid until the next call. */
struct recording_item {
	enum recording_type type; /* RECORDING_EVENT, _SYMBOL, _LOST or _END */
	const struct event_record *event;
	size_t event_size;
	const struct recording_symbol *symbol;
	char symbol_name[256];  /* not cleaned */
	const struct recording_lost *lost;
	const struct recording_end *end;
};

/* Opens a file ("-" is stdin), reads the header. NULL after a message. */
struct recording *recording__open(const char *path);
const struct recording_header *recording__header(const struct recording *recording);
/* Events that were traced, as this tool's EVENT_MASK()s. */
__u64 recording__events(const struct recording *recording);

/*
 * For a recording that is a pipe: idle() is called when nothing is there to be read, and each 50 ms
 * from then on. When it returns -ECANCELED the reading ends, and so does recording__next(). To be
 * called before that.
 */
void recording__set_idle(struct recording *recording, int (*idle)(void *ctx), void *ctx);

/*
 * Returns 1 with an item, 0 at the end, or -errno after a message: -ENODATA when the file breaks off
 * (the run was killed, or is still going on), -EBADMSG when it is damaged. Events that this tool does
 * not know are left out and counted.
 */
int recording__next(struct recording *recording, struct recording_item *item);
__u64 recording__unknown(const struct recording *recording);

void recording__close(struct recording *recording);

#endif /* _COMMON_RECORDING_H */
