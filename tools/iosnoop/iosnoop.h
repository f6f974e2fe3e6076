/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of iosnoop and what they give each other.
 *
 *	options.c	the command line
 *	events.c	names of events and of groups of them
 *	session.c	the BPF programs: loaded, attached, counted, detached
 *	explain.c	why that failed, and what would help
 *	check.c		--check: what is there and what is missing
 *	stream.c	the live source: waits, takes records from the ring buffer
 *	replay.c	the other source: a recording
 *	output.c	where both hand their events: lines, reports, a recording
 *	table.c		lines of 80 columns, and wide ones; describe.c what they say in words
 *	fields.c	lines of chosen fields, and CSV
 *	jsonl.c		JSON lines
 *	report.c	latencies and sizes as histograms; summary.c figures by process and IOAS
 *	stacks.c	stacks, as lines and folded; symbols.c their addresses' names
 *	main.c		their order, and the exit code
 *
 * Functions return 0 or -errno after a message on stderr. Two errors have a meaning throughout:
 * -EPERM is a lack of privileges, -ENODEV a kernel or module that iosnoop can't work with.
 */
#ifndef _IOSNOOP_H
#define _IOSNOOP_H

#include <stdbool.h>
#include <stdio.h>
#include <linux/types.h>

#include "event.h"
#include "filter.h"
#include "json.h"
#include "recording.h"
#include "row.h"

#define NS_PER_SEC 1000000000ULL

struct options {
	__u64 events;   /* a bit for each enum event_id */
	__u64 named;   /* those that -e called by their own name */
	bool events_chosen;  /* by -e */
	struct iommufd_filter filter;
	__u64 duration_ns;  /* 0: no end */
	__u64 interval_ns;  /* of reports; 0: one, at the end */
	__u64 max_events;  /* 0: no end */
	__u64 buffer_bytes; /* a power of two */
	const char *fields;  /* --fields; NULL: not given */
	const char *record;  /* file names; NULL: none */
	const char *replay;
	bool timestamps;
	bool wide;
	bool json;
	bool csv;
	bool histogram;
	bool sizes;
	bool summary;
	bool stacks;
	bool folded;
	bool quiet;
	bool strict;
	bool check;
	bool verbose;
	bool help;
	bool version;
};

/* Does anything else than lines come out: is there a report? */
static inline bool options__has_report(const struct options *options)
{
	return options->histogram || options->sizes || options->summary || options->folded;
}

int options__parse(struct options *options, int argc, char **argv);
void options__print_help(void);

/* -e: names and groups, with commas between; adds to *events, and to *named what has its own name. */
int events__parse(__u64 *events, __u64 *named, const char *list);
__u64 events__default(void);
/* What --help says of them. */
void events__print(FILE *out);
/* Events and groups for completion, one per line. */
void events__print_words(FILE *out);

/*
 * The programs of one object: those of the driver's tracepoints and of VFIO type1, or those that
 * look into the kernel's structs. links go with programs.
 */
struct iosnoop_bpf;
struct iosnoop_host_bpf;
struct bpf_link;
struct bpf_program;

struct session {
	struct iosnoop_bpf *bpf;
	struct iosnoop_host_bpf *host;
	struct bpf_link *links[NR_EVENTS];
	__u64 wanted; /* to be attached */
	__u64 events; /* those that are attached and chosen */
	int errors[NR_EVENTS]; /* why an event outside of the driver is not to be had */
	__u64 missed; /* programs not run by the kernel, known after detaching */
	__u64 unfinished; /* calls of type1 that were at work at the end, likewise */
	__u64 unended; /* calls of type1 whose end was missed, likewise */
};

int session__load(struct session *session, const struct options *options);
int session__attach(struct session *session, const struct options *options);
/* After this the counters don't change any more. */
void session__detach(struct session *session);
int session__ring_fd(const struct session *session);
int session__counters(const struct session *session, struct event_counters *sum);
void session__close(struct session *session);
/* The name of what a program is attached to. */
const char *session__target(enum event_id event, char text[64]);

/* Why loading or attaching failed: a message, and the error that iosnoop ends with. */
int explain__privileges(void);
int explain__no_module(void);
int explain__load(int err, const struct options *options);
int explain__attach(enum event_id event, bool is_first, int err);
/* The same for what is outside of the driver, in a few words, for --check and -e. */
const char *explain__host(enum event_id event, int err, char text[256]);

/* Prints what there is; 0, -EPERM or -ENODEV if iosnoop can't work. */
int check__run(void);

/* Why a stream came to its end; the numbers stand in recordings. */
enum stop_reason {
	STOP_NOT = 0,
	STOP_SIGNAL = 1,
	STOP_DURATION = 2,
	STOP_COUNT = 3,
	STOP_OUTPUT = 4, /* nobody reads it any more */
	STOP_ERROR = 5,
	STOP_FILE = 6, /* the recording breaks off */
};

struct symbols;
struct report;
struct summary;
struct stacks;
struct fields;

struct output {
	const struct options *options;
	__u64 events; /* that are traced */
	__u64 start_ns; /* CLOCK_MONOTONIC */
	__u64 last_ns; /* time of the last event or loss */
	__s64 wall_offset_ns; /* what makes it CLOCK_REALTIME */
	__u64 buffer_bytes;
	char kernel[64];
	bool live; /* from this kernel, now */
	bool utf8;
	bool ended; /* the end was written, or there will be none */
	bool lines; /* events are printed as they come */
	struct row row;
	struct json json;
	struct symbols *symbols;
	struct report *report;
	struct summary *summary;
	struct stacks *stacks;
	struct fields *fields;
	struct recording *recording;
};

struct stream_result {
	struct event_counters counters;
	__u64 shown;
	enum stop_reason reason;
};

/* header: of the recording that is replayed, NULL if live. */
int output__init(struct output *output, const struct options *options,
		 const struct recording_header *header);
int output__start(struct output *output, __u64 events);
void output__event(struct output *output, const struct event_record *record);
void output__lost(struct output *output, __u64 time_ns, __u64 count, __u64 total);
/* A report of what came since the last one. */
void output__report(struct output *output, __u64 now);
void output__end(struct output *output, __u64 now, const struct stream_result *result);
/* After an error: an error record, if JSON was asked for and the end is not written yet. */
void output__fail(struct output *output, const struct options *options);
/* Hands over what was written so far. -EPIPE comes without a message. */
int output__flush(struct output *output);
void output__close(struct output *output);

__u64 output__now(void);
/* "rw", "r-", "-w", "--" of an event with flags of a map, or rights of a fault; NULL without */
const char *output__protection(const struct event_record *record);
/* The thread's name, or the process's when the thread was the kernel's; "" if not known. */
void output__raw_comm(const struct output *output, const struct event_record *record,
		      char comm[EVENT_COMM_LEN]);
/* The same, clean, "-" if not known. */
void output__comm(const struct output *output, const struct event_record *record,
		  unsigned int columns, char *text, size_t size);

void table__init(struct output *output);
void table__start(struct output *output);
void table__event(struct output *output, const struct event_record *record);
void table__lost(struct output *output, __u64 time_ns, __u64 count, __u64 total);
/* The event's time as a text: since the start, or of the day. */
#define TIME_MAX 64
void table__time(const struct output *output, __u64 time_ns, bool full, char text[TIME_MAX]);

/* What an event without a range says in the table, and how it ended. */
#define DESCRIBE_MAX 256
void describe__event(const struct event_record *record, char text[DESCRIBE_MAX]);
const char *describe__result(const struct event_record *record, char *buffer);

/* list: of names, or NULL for all that these events have; raw: as in JSON, not for people. */
struct fields *fields__new(const char *list, __u64 events, bool raw);
/* Are all of them fields? Else -EINVAL after a message. */
int fields__check(const char *list);
void fields__print_known(FILE *out);
/* For completion, one per line. */
void fields__print_words(FILE *out);
void fields__start(struct output *output);
void fields__event(struct output *output, const struct event_record *record);
void fields__lost(struct output *output, __u64 time_ns, __u64 count, __u64 total);
void fields__free(struct fields *fields);

void jsonl__start(struct output *output);
void jsonl__event(struct output *output, const struct event_record *record);
void jsonl__lost(struct output *output, __u64 time_ns, __u64 count, __u64 total);
/* What went wrong: the message that stderr has, too. */
void jsonl__error(struct output *output, __u64 time_ns);
void jsonl__end(struct output *output, __u64 now, const struct stream_result *result);
/* Opens a record of that type with its time; the caller puts the rest and calls jsonl__close(). */
struct json *jsonl__open(struct output *output, const char *type, __u64 time_ns);
void jsonl__close(struct output *output);

/* Histograms; add() copes with a lack of memory and print() tells of it. */
struct report *report__new(bool latency, bool sizes);
void report__add(struct report *report, const struct event_record *record);
void report__print(struct report *report, struct output *output, __u64 now);
void report__free(struct report *report);

struct summary *summary__new(void);
void summary__add(struct summary *summary, const struct output *output,
		  const struct event_record *record);
void summary__print(struct summary *summary, struct output *output, __u64 now);
void summary__free(struct summary *summary);

/* Names of addresses: from this machine, now, or as the recording gives them. */
struct symbols *symbols__new(bool live);
/*
 * The name of an address of a process, or of the kernel (tgid 0): NULL if it is not known. *offset is
 * how far behind the name's beginning it is, *is_new whether this is the first time it was asked for.
 */
const char *symbols__find(struct symbols *symbols, __u32 tgid, __u64 address, __u32 *offset,
			  bool *is_new);
void symbols__add(struct symbols *symbols, __u32 tgid, __u64 address, __u32 offset,
		  const char *name);
void symbols__free(struct symbols *symbols);

/* The stacks of an event: below its line, as JSON in the open object, into a recording. */
void stacks__print(struct output *output, const struct event_record *record);
void stacks__put_json(struct output *output, const struct event_record *record);
void stacks__record(struct output *output, const struct event_record *record);
/* Folded: counted here, printed at the end. */
struct stacks *stacks__new(void);
void stacks__add(struct stacks *stacks, struct output *output, const struct event_record *record);
void stacks__print_folded(struct stacks *stacks, struct output *output);
void stacks__free(struct stacks *stacks);

/* Runs until something stops it, then detaches the session and writes what is left. */
int stream__run(struct session *session, struct output *output, const struct options *options,
		struct stream_result *result);
int replay__run(struct recording *recording, struct output *output, const struct options *options,
		struct stream_result *result);

#endif /* _IOSNOOP_H */
