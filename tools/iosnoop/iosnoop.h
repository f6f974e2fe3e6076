/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of iosnoop and what they give each other.
 *
 *	options.c	the command line
 *	session.c	the BPF programs: loaded, attached, counters, detached; why that failed
 *	stream.c	the loop: waits, takes records from the ring buffer, hands them to the output
 *	output.c	what is written: a table (table.c) or JSON lines (jsonl.c)
 *	main.c		their order, and the exit code
 *
 * Functions return 0 or -errno after a message on stderr. Two errors have a meaning throughout:
 * -EPERM is a lack of privileges, -ENODEV a kernel or module that iosnoop can't work with.
 */
#ifndef _IOSNOOP_H
#define _IOSNOOP_H

#include <stdbool.h>
#include <linux/types.h>

#include "event.h"
#include "json.h"
#include "row.h"

#define NS_PER_SEC 1000000000ULL

struct options {
	__u64 events;			/* a bit for each enum event_id */
	bool events_chosen;		/* by -e */
	__u32 tgid;
	bool failed;
	__u64 min_latency_ns;
	__u64 duration_ns;		/* 0: no end */
	__u64 max_events;		/* 0: no end */
	__u32 buffer_size;		/* bytes, a power of two */
	bool timestamps;
	bool wide;
	bool json;
	bool quiet;
	bool strict;
	bool verbose;
	bool help;
	bool version;
};

int options__parse(struct options *options, int argc, char **argv);
void options__print_help(void);

struct iosnoop_bpf;
struct bpf_link;

struct session {
	struct iosnoop_bpf *bpf;
	struct bpf_link *links[NR_EVENTS];
	__u64 events;			/* those that are attached */
	__u64 missed;			/* programs not run by the kernel, known after detaching */
};

int session__load(struct session *session, const struct options *options);
int session__attach(struct session *session, const struct options *options);
/* After this the counters don't change any more. */
void session__detach(struct session *session);
int session__ring_fd(const struct session *session);
int session__counters(const struct session *session, struct event_counters *sum);
void session__close(struct session *session);

/* Why a stream came to its end. */
enum stop_reason {
	STOP_NOT,
	STOP_SIGNAL,
	STOP_DURATION,
	STOP_COUNT,
	STOP_OUTPUT,			/* nobody reads it any more */
	STOP_ERROR,
};

struct output {
	const struct options *options;
	__u64 start_ns;			/* CLOCK_MONOTONIC */
	__s64 wall_offset_ns;		/* what makes it CLOCK_REALTIME */
	bool utf8;
	struct row row;
	struct json json;
};

void output__init(struct output *output, const struct options *options);
void output__start(struct output *output, const struct session *session);
void output__event(struct output *output, const struct event_record *record);
void output__lost(struct output *output, __u64 count, __u64 total);
void output__end(struct output *output, const struct event_counters *counters, __u64 shown,
		 enum stop_reason reason);
/* Hands over what was written so far. -EPIPE comes without a message. */
int output__flush(struct output *output);

__u64 output__now(void);
/* "rw", "r-", "-w", "--" from IOMMU_IOAS_MAP_* */
const char *output__protection(__u64 flags);

void table__init(struct output *output);
void table__start(struct output *output);
void table__event(struct output *output, const struct event_record *record);
void table__lost(struct output *output, __u64 count, __u64 total);

void jsonl__start(struct output *output, const struct session *session);
void jsonl__event(struct output *output, const struct event_record *record);
void jsonl__lost(struct output *output, __u64 count, __u64 total);
void jsonl__end(struct output *output, const struct event_counters *counters, __u64 shown,
		  enum stop_reason reason);

struct stream_result {
	struct event_counters counters;
	__u64 shown;
	enum stop_reason reason;
};

/* Runs until something stops it, then detaches the session and writes what is left. */
int stream__run(struct session *session, struct output *output, const struct options *options,
		struct stream_result *result);

#endif /* _IOSNOOP_H */
