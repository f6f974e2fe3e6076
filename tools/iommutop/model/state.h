/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The input of the model: the findings of a source, and the state that is kept between refreshes.
 *
 * For source/ and the files of model/ only; renderers read model.h. One refresh is
 *
 *	model__begin(model);
 *	... the source fills model->state and calls model__add_event() ...
 *	model__update(model);
 *
 * The source describes contexts, objects and policies with the driver's own records (struct
 * iommufd_ctx_info and so on), anew at each refresh. It counts events since the start.
 * model__update() turns both into rows: differences to the refresh before, histories, figures of
 * histograms, names.
 */
#ifndef _IOMMUTOP_STATE_H
#define _IOMMUTOP_STATE_H

#include <linux/types.h>

#include "cost.h"
#include "driver.h"
#include "iommufd_filter.h"
#include "iommufd_state.h"
#include "model/array.h"
#include "model/growth.h"
#include "model/hash.h"
#include "model/model.h"

/* Counters of an IOAS since the start: the source writes now, model__update() writes before. */
struct ioas_counts {
	struct top_ioas now;
	struct top_ioas before; /* at the last refresh */
	unsigned int unseen; /* refreshes in a row that did not find the IOAS */
};

/* Counters of the faults of a device and PASID, and the last known state of the device. */
struct fault_counts {
	struct top_fault now;
	struct top_fault before;
	unsigned int unseen; /* refreshes in a row that did not find the context */
	__u32 ctx; /* EVENT_NONE if unknown */
	__u32 tgid;
	__u32 sbdf;
	char name[IOMMUFD_POLICY_DEVICE_LEN];
	char comm[EVENT_COMM_LEN];
	char machine[MODEL_TEXT];
};

/* A page request that has no response yet. */
struct waiting_request {
	__u32 ctx;
	__u32 device;
	__u32 pasid;
	__u32 grpid;
	struct model_line line;
};

/* The model's memory of a context or IOAS between refreshes. */
struct node_past {
	__u64 first_pinned; /* bytes */
	__u64 last_pinned;
	struct growth growth;
};

/*
 * The calls of a context since the start, also in IOASes that are destroyed by now, and its
 * histograms of the interval.
 */
struct ctx_sums {
	struct model_counts total;
	struct model_histograms buckets_total;
	struct model_histograms buckets_now;
	struct model_latency latency_total[MODEL_OPS];
	bool has_latency; /* latency_total is set */
	bool is_used; /* something was counted in the interval */
};

/* A context as it was last seen, which may be gone when a fault of it is shown. */
struct ctx_past {
	__u64 seen; /* the last refresh that found it */
	bool is_selected; /* it passes the filter's conditions on contexts and processes */
	bool is_wanted; /* and has the IOAS of the filter */
	bool has_device; /* it passes the conditions on devices */
	bool was_counted; /* it was selected with its devices, now or before */
	__u32 tgid;
	char comm[EVENT_COMM_LEN];
	char machine[MODEL_TEXT];
};

struct policy_past {
	struct iommufd_policy_count counts[IOMMUFD_HOOKS];
};

/* The cost of a policy at a hook: the source writes now, model__update() writes before. */
struct cost_counts {
	struct cost now;
	struct cost before; /* at the last refresh */
};

enum { LOSS_LINES, LOSS_COUNTS, LOSS_MISSED, LOSS_CUT, LOSSES };

struct state {
	struct iommufd_filter filter; /* the user's */
	/* Filled by the source; model__begin() clears these. */
	struct array ctxs; /* struct state_ctx, by number */
	struct array payers; /* struct iommufd_payer_info, by context and number */
	struct array objects; /* struct iommufd_object_info, by context and id */
	struct array policies; /* struct iommufd_policy_info */
	char missing_policies[DRIVER_MISSING_MAX]; /* their names */
	struct array areas; /* struct top_area of the IOAS in model->want, by address */
	struct array reserved; /* struct top_area of the same IOAS, by address */
	struct space_counts {
		__u64 areas[TOP_SIZES]; /* by length */
		__u64 bytes[TOP_SIZES];
		__u64 gaps[65]; /* by the logarithm of their size */
		__u64 holes, hole_bytes, largest_hole, largest_hole_first;
		__u64 used; /* bytes */
		__u64 next; /* address behind the last area */
	} counts; /* of areas */
	struct picker *picker; /* of the areas of the IOAS in model->want, see areas__begin() */
	bool has_areas;
	bool has_reserved;
	__u64 areas_cut;
	/* Kept up to date by the source. */
	struct hash ioases; /* struct ioas_counts by state__ioas_key() */
	/* struct fault_counts by (ctx, device, pasid, EVENT_NONE), or state__dma_key() */
	struct hash faults;
	struct hash costs; /* struct cost_counts by (policy, hook) */
	bool has_costs; /* policies are measured */
	struct top_size sizes[TOP_SIZES];
	struct event_counters counters; /* of records */
	bool has_counts; /* maps and unmaps are counted */
	bool lacks_copies; /* but copies are not */
	bool lacks_pasids; /* PASIDs are no objects, so no context knows their number */
	bool has_payers; /* payers holds those of all contexts */
	bool has_state; /* ctxs holds the contexts of all processes */
	struct why_source why; /* explains faults; the model fills in the objects */
	__u64 losses[LOSSES];
	__u64 maps_bytes;
	__u64 bpf_ns, bpf_runs; /* MODEL_NONE if unknown */
	/* The model's own. */
	struct hash node_pasts; /* struct node_past by state__ioas_key() */
	struct hash ctx_sums; /* struct ctx_sums by number */
	struct hash ctx_pasts; /* struct ctx_past by number */
	struct hash policy_pasts; /* struct policy_past by id */
	struct hash series; /* struct model_series by number of the context */
	struct array requests; /* struct waiting_request, oldest first */
	struct top_size sizes_before[TOP_SIZES];
	__u64 heat[MODEL_OPS][MODEL_BUCKETS]; /* of all IOASes, in this interval */
	__u64 began_ns; /* CLOCK_MONOTONIC at the begin of this refresh */
	__u64 before_ns; /* model->time_ns at the last refresh */
};

/* A context has ioas EVENT_NONE. */
static inline struct hash_key state__ioas_key(__u32 ctx, __u32 ioas)
{
	return (struct hash_key){ .a = ctx, .b = ioas };
}

/* More about a container of VFIO type1. @info is in state->ctxs, as in the next function. */
static inline const struct state_container *state__container(const struct iommufd_ctx_info *info)
{
	return &((const struct state_ctx *)(const void *)info)->container;
}

/* The driver's counts of a context; their ctx is 0 if it has none. */
static inline const struct iommufd_ctx_counts *state__counts(const struct iommufd_ctx_info *info)
{
	return &((const struct state_ctx *)(const void *)info)->counts;
}

/* Remove the last context and its objects, if it has this number. */
void state__drop_ctx(struct array *ctxs, struct array *payers, struct array *objects, __u32 ctx);
/* Find a context or an object by binary search; NULL if there is none. */
const struct iommufd_ctx_info *state__ctx(const struct state *state, __u32 ctx);
/* Find the index of the first object of a context, or where it would be. */
unsigned int state__first_object(const struct state *state, __u32 ctx);
const struct iommufd_object_info *state__object(const struct state *state, __u32 ctx, __u32 id);

/*
 * The process that uses a context: the payer with the most memory, of equal ones the one that
 * mapped last, or the opener while there is no payer.
 */
struct ctx_user {
	__u32 tgid;
	__u32 uid;
	__u64 cgroup;
	char comm[EVENT_COMM_LEN];
	const struct iommufd_payer_info *payers; /* of the context */
	unsigned int nr; /* of payers */
	__u64 charged; /* bytes, of all payers */
	/* Of the payer that is nearest to its limit; MODEL_NONE if none has a limit. */
	__u64 limit;
	__u64 used;
};

/* Whether the limit can refuse a map of the process, or counts memory that it has mapped. */
bool payer__has_limit(const struct iommufd_payer_info *payer);

void state__user(const struct state *state, const struct iommufd_ctx_info *ctx,
		 struct ctx_user *user);

/*
 * Find the device that a DMA fault names by its PCI address, or by its name in sysfs if it is not
 * PCI; NULL if it is not bound to a context.
 */
const struct iommufd_object_info *state__faulting_device(const struct state *state, __u32 sbdf,
							 const char *name);
/* The key of the counters of DMA faults. */
struct hash_key state__dma_key(__u32 sbdf, const char *name, __u32 pasid);

/* Add the counters of a class of lengths. */
void size__add(struct top_size *sum, const struct top_size *counts);

/*
 * Whether the calls of a context count: it passes the filter, but for the condition on IOASes, or
 * did so until it was closed. of_past: or did so at any time, for sums that must not fall.
 */
bool model__wants_calls(struct model *model, __u32 ctx, bool of_past);

/*
 * Start a refresh: count it and clear the members that the source fills. The source may change
 * model->time_ns and model->wall_offset_ns, which are taken from the clocks here, if it has a time
 * of its own.
 */
void model__begin(struct model *model);

/*
 * Add a line for an event that is a fault or a refusal, and count a DMA fault. Looks up the device
 * and the opener in the state as it is now. Of an open and a bind, note the process. Other events
 * are ignored. why: the explanation of a fault, if it is known already; NULL: explain it here.
 */
void model__add_event(struct model *model, const struct event_record *record,
		      const struct why_full *why);

/*
 * Take the areas of the IOAS in model->want one batch after the other, by address, and keep those
 * that become rows. areas__begin() is called before, and areas__again() after the last one: it is
 * true if the source has to begin again, because a guess was wrong. Each returns 0 or -ENOMEM.
 */
int areas__begin(struct model *model);
int areas__take(struct model *model, const struct iommufd_area_info *areas, unsigned int nr);
bool areas__is_full(const struct model *model); /* further areas are not wanted */
bool areas__again(struct model *model);
void areas__close(struct state *state);

/* Take areas for the address map, one batch after the other, by address. Likewise. */
int space__take(struct model *model, const struct top_area *areas, unsigned int nr);

/* Finish a refresh: make the rows. Returns 0, or -ENOMEM after a message. */
int model__update(struct model *model);

/* Drop the histories, because the last refresh has counted the calls of more than one interval. */
void model__forget_histories(struct model *model);

/* Print a message, and return -ENOMEM. */
int model__no_memory(void);

#endif /* _IOMMUTOP_STATE_H */
