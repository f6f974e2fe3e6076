/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How model__update() makes rows from the state. Private to model/.
 */
#ifndef _IOMMUTOP_ROWS_H
#define _IOMMUTOP_ROWS_H

#include "model/state.h"

/* ---- for all tables: rows.c ---- */

/* Round down; a value that is too large becomes the largest, because the cast is undefined then. */
static inline __u64 integer_of(double value)
{
	return value < 0x1p64 ? (__u64)value : ~0ULL;
}

/* Add a row, zeroed but for its key; NULL without memory. Rows may move. */
void *rows__add(struct model *model, enum model_table table, struct model_key key);
void rows__clear(struct model *model, enum model_table table);

/* Compute the figures of a histogram with MODEL_BUCKETS buckets. */
void latency__of(struct model_latency *latency, const __u64 *buckets);
/*
 * Do the same for counters since the start, of now and of the last refresh: for all of them and for
 * the interval. The buckets go to interval and total, MODEL_BUCKETS each. Counters wrap at 2^32.
 */
void latency__between(struct model_latency *of_interval, struct model_latency *of_total,
		      __u64 *interval, __u64 *total, const __u32 *now, const __u32 *before);

/* Bounds in bytes of a class of top_size(), both inclusive. */
void size_class__bounds(unsigned int index, __u64 *first, __u64 *last);

/* ---- a context and its objects: group.c ---- */

/* The objects of one context, which are sorted by id. */
struct group {
	const struct iommufd_ctx_info *ctx;
	struct ctx_user user;
	const struct iommufd_object_info *objects;
	unsigned int nr;
	__u32 nr_ioases;
	__u32 nr_devices;
	__u32 nr_pasids;
	unsigned int first_device; /* devices and PASIDs lie in [first_device, end_device) */
	unsigned int end_device;
	const char *cgroup;
	char machine[MODEL_TEXT];
};

/*
 * Call add() with the group of each context that passes the user's filter. Stops at the first
 * error and returns it.
 */
int groups__each(struct model *model, int (*add)(struct model *model, const struct group *group));

/*
 * A context with the filter's verdict on it, also one that was closed; NULL if it was never seen,
 * or without memory. Valid until the next call.
 */
const struct ctx_past *ctx_past__of(struct model *model, __u32 ctx);
/*
 * Note the process that opens a context or binds a device to it, if it passes the filter: the
 * context may be closed before the next refresh.
 */
void ctx_past__note(struct model *model, const struct event_record *record);
/* Forget contexts that were closed long ago. */
void ctx_pasts__forget(struct model *model);

const struct iommufd_object_info *group__object(const struct group *group, __u32 id);
/* The id of the page table that a device or PASID is attached to; EVENT_NONE if there is none. */
__u32 group__attached_to(const struct iommufd_object_info *object);
/* The IOAS behind a page table; EVENT_NONE if there is none. */
__u32 group__ioas_behind(const struct group *group, __u32 pt);

/* ---- the event stream: line_rows.c, requests.c ---- */

/* Append a line, and give it the next number. Returns NULL without memory. */
struct model_line *lines__add(struct model *model, const struct model_line *line);

/* Keep the line of a page request until its response comes. */
void requests__hold(struct model *model, const struct event_record *record,
		    const struct model_line *line);
/*
 * Put the request of a response, and the response in line, together in line. Returns false if the
 * request does not wait.
 */
bool requests__answer(struct model *model, const struct event_record *record,
		      struct model_line *line);
/* Add the lines of requests from before this time that have no response. */
void requests__flush(struct model *model, __u64 before_ns);
#define REQUESTS_WAIT_NS NS_PER_SEC

/* ---- the history of refusals: refusals.c ---- */

/* Add a refusal to the history; line has the names of its context. Other events are ignored. */
void refusals__add(struct model *model, const struct model_line *line,
		   const struct event_record *record);
/* Begin an interval. */
void refusals__begin(struct model *model);

/* ---- one function per table; each returns 0 or -ENOMEM ---- */

int rows__contexts(struct model *model);
int rows__history(struct model *model); /* needs the rows of contexts */
int rows__devices(struct model *model);
int rows__faults(struct model *model); /* needs the rows of devices */
int rows__policies(struct model *model);
int rows__payers(struct model *model);
int rows__sizes(struct model *model);
int rows__space(struct model *model); /* areas by length, ranges and model->space */
int rows__area_list(struct model *model); /* needs the rows of payers */

#endif /* _IOMMUTOP_ROWS_H */
