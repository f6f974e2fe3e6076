/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The data of a report page (--report), in bounded memory: all that has a time goes into PAGE_BINS
 * bins, which become twice as long when the run gets longer.
 *
 *	page.c		the renderer, and the page around its parts
 *	page_data.c	latencies, contexts and failures
 *	page_charts.c	their charts and tables
 *	flame.c		the tree of stacks and its chart
 */
#ifndef _IOSNOOP_PAGE_H
#define _IOSNOOP_PAGE_H

#include "machine.h"
#include "render/format.h"
#include "render/stack.h"

#define PAGE_BINS 240u /* even */
#define PAGE_FIRST_BIN_NS 1000000 /* the length of a bin at first */

/* Latencies: a row for each power of two from PAGE_LEAST_NS on. */
#define PAGE_ROWS 26u
#define PAGE_LEAST_SHIFT 9u

enum page_op { PAGE_MAPS, PAGE_UNMAPS, PAGE_RESPONSES, PAGE_OPS };

struct page_latency {
	__u64 count;
	__u64 max_ns;
	__u64 cells[PAGE_BINS][PAGE_ROWS];
};

struct page_ctx {
	__u32 ctx;
	__u32 tgid;
	char comm[EVENT_COMM_LEN];
	char machine[MACHINE_MAX];
	__u64 maps;
	__u64 failures;
	__s64 pinned; /* bytes now */
	__s64 peak;
	__u64 state_ns; /* of the last snapshot, whose figure includes all events before */
	unsigned int filled; /* bins that have a value */
	__s64 bins[PAGE_BINS]; /* the most bytes in each */
};

/* Failures that are alike. */
struct page_failure {
	enum event_id event;
	__u32 tgid;
	__u32 ctx;
	char result[24]; /* EDQUOT, FAULT, INVALID */
	char cause[CAUSE_MAX]; /* clean, "" if not known */
	char what[96]; /* device and address, or range of the first one */
	char comm[EVENT_COMM_LEN];
	char machine[MACHINE_MAX];
	__u64 count;
	__u64 first_ns;
	__u64 last_ns;
};

struct page_data {
	__u64 start_ns;
	__u64 end_ns;
	__u64 bin_ns;
	__u64 events;
	__u64 lost;
	__u64 left_out; /* contexts and failures beyond the most */
	bool has_state; /* snapshots tell the amount pinned at the start */
	bool by_pins; /* pins are traced, so they are counted instead of maps */
	struct page_latency latency[PAGE_OPS];
	struct page_ctx **ctxs;
	unsigned int nr_ctxs;
	struct page_failure *failures;
	unsigned int nr_failures;
};

void page_data__init(struct page_data *data, const struct run *run);
void page_data__add(struct page_data *data, const struct snoop_event *event);
void page_data__state(struct page_data *data, __u64 time_ns, enum recording_state_kind kind,
		      const void *item, size_t size);
/* Order contexts and failures, the largest first, at the end. */
void page_data__finish(struct page_data *data, __u64 end_ns);
void page_data__close(struct page_data *data);
/* The pages that an event pins, negative if it unpins; false: none. */
bool page_data__pages(const struct page_data *data, const struct event_record *record,
		      __s64 *pages);

/* ---- charts: page_charts.c ---- */

/* Write text of others into HTML: no character of it is markup. */
void page__text(FILE *out, const char *text, size_t size);
void page__printf(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

void page_charts__latency(FILE *out, const struct format *format, const struct page_data *data,
			  enum page_op op);
void page_charts__pinned(FILE *out, const struct format *format, const struct page_data *data);
void page_charts__contexts(FILE *out, const struct page_data *data);
void page_charts__failures(FILE *out, const struct format *format, const struct page_data *data);

/* ---- pinned bytes by stack: flame.c ---- */

struct flame;

struct flame *flame__new(void);
/* Add the stack of an event, which pinned that many bytes. */
void flame__add(struct flame *flame, const struct format *format, const struct snoop_event *event,
		__u64 bytes);
__u64 flame__bytes(const struct flame *flame);
void flame__print(const struct flame *flame, FILE *out);
void flame__free(struct flame *flame);

#endif /* _IOSNOOP_PAGE_H */
