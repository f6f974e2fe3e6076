/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the model's contents come from: the running kernel by BPF (live.c), /proc/PID/fdinfo
 * without privileges (fdinfo.c), or a recording of iosnoop (replay.c).
 *
 * A source fills struct state: what there is, as the kernel's own records, and counters since the
 * start. model__refresh() (update.c) makes rows of it: differences to the refresh before, histories,
 * figures of histograms, names; that is the same for all sources.
 */
#ifndef _IOMMUTOP_SOURCE_H
#define _IOMMUTOP_SOURCE_H

#include "filter.h"
#include "model/model.h"

struct options;

/* Things found by a key of 16 bytes: open addressing, grows as needed. */
struct tally_key {
	__u32 a, b, c, d;
};

struct tally {
	struct tally_key key;
	__u64 seen;   /* number of the refresh that saw it last; 0: a free slot */
	void *data;   /* of the table's size */
};

struct tallies {
	struct tally *slots;
	unsigned int nr;
	unsigned int room;  /* a power of two */
	size_t size;   /* of data */
};

void tallies__init(struct tallies *tallies, size_t size);
void tallies__close(struct tallies *tallies);
/* NULL if it is not there. */
void *tallies__find(const struct tallies *tallies, struct tally_key key);
/* Made of zeros if it is not there; NULL without memory. Marks it as seen. */
void *tallies__get(struct tallies *tallies, struct tally_key key, __u64 seen);
/* Forgets those not seen since. */
void tallies__forget(struct tallies *tallies, __u64 seen);

/* Counters of an IOAS: now is what the source says, since the start; before is of the last refresh. */
struct node_tally {
	struct top_node now;
	struct top_node before;
	unsigned int unseen; /* refreshes that have not seen the IOAS */
};

/* What is remembered of a node, and of a policy. */
struct node_past {
	__u64 first_pinned;
	__u64 last_pinned;
	__u64 history[MODEL_HISTORY];
	__u32 nr;
	struct model_latency latency_total[MODEL_OPS]; /* good while nothing happens */
};

struct policy_past {
	struct iommufd_policy_count counts[IOMMUFD_HOOKS];
};

struct fault_tally {
	struct top_fault now;
	struct top_fault before;
	unsigned int unseen; /* refreshes that have not seen its context */
	__u32 tgid; /* what is known of one that is gone */
	__u32 sbdf;
	char name[IOMMUFD_POLICY_DEVICE_LEN];
	char comm[EVENT_COMM_LEN];
};

/* An array that grows. */
struct list {
	void *items;
	unsigned int nr;
	unsigned int room;
	size_t size; /* of an item */
};

/* The new item, not cleared; NULL without memory. */
void *list__add(struct list *list);
void *list__at(const struct list *list, unsigned int index);
void list__close(struct list *list);

struct state {
	struct list ctxs; /* struct iommufd_ctx_info, by number */
	struct list objects; /* struct iommufd_object_info, by context and id */
	struct list policies; /* struct iommufd_policy_info */
	struct iommufd_filter filter; /* what is to be shown */
	struct list areas; /* struct top_area, of the IOAS that is wanted; by address */
	struct list reserved; /* struct top_area, by address */
	struct event_counters counters; /* of records */
	struct tallies nodes; /* struct node_tally, by (ctx, ioas) */
	struct tallies faults; /* struct fault_tally, by struct top_fault_key */
	struct tallies pasts; /* struct node_past, by (ctx, ioas) */
	struct tallies policy_pasts; /* struct policy_past, by id */
	struct top_size sizes[TOP_SIZES];
	struct top_size sizes_before[TOP_SIZES];
	__u64 heat[MODEL_OPS][MODEL_BUCKETS]; /* of all nodes, in this interval */
	bool has_counts; /* nodes and sizes are counted */
	bool has_state; /* contexts of all processes */
	bool has_areas; /* the areas are those of want */
	bool has_reserved;
	__u64 areas_cut;
	__u64 losses[4]; /* lost lines, uncounted, missed, cut */
	__u64 maps_bytes;
	__u64 bpf_ns, bpf_runs; /* MODEL_NONE if not known */
};

enum { LOSS_LINES, LOSS_COUNTS, LOSS_MISSED, LOSS_CUT };

struct source {
	const char *name;
	/*
	 * Fills state anew, but for the tallies, which it brings up to date. time_ns is in: now; and
	 * may be changed by a source with a time of its own.
	 */
	int (*refresh)(struct source *source, struct model *model, struct state *state);
	void (*close)(struct source *source);
	bool own_time; /* the time of a recording: nobody need wait for it */
	__u64 interval_ns; /* of one: how far a refresh goes */
};

/*
 * What the options and privileges allow; tells the model what is missing. 0 or -errno after a
 * message: -EPERM and -ENODEV as in iommutop.h.
 */
int source__open(struct source **source, struct model *model, const struct options *options);
void source__close(struct source *source);

int live__open(struct source **source, struct model *model, const struct options *options);
int fdinfo__open(struct source **source, struct model *model, const struct options *options);
int replay__open(struct source **source, struct model *model, const struct options *options);

/* An event for the stream of lines, and, of one that is a DMA fault, for its counter; lines.c. */
void lines__add(struct model *model, struct state *state, const struct event_record *record);

/* ---- for update.c ---- */

/* The rows of nodes and devices, of faults, and of policies; rows.c. */
int rows__nodes(struct model *model, struct state *state);
int rows__devices(struct model *model, struct state *state);
int rows__faults(struct model *model, struct state *state);
int rows__policies(struct model *model, struct state *state);
int rows__sizes(struct model *model, struct state *state);
/* The map of the IOAS that is wanted; space.c. */
int space__update(struct model *model, struct state *state);
/* A new row, of zeros but for its key; NULL without memory. */
void *rows__add(struct model *model, enum model_table table, struct model_key key);
void rows__clear(struct model *model, enum model_table table);

/* Figures of a histogram. */
void latency__of(struct model_latency *latency, const __u64 *buckets);

/* Who is behind a context; who.c. */
struct who;
struct who *who__open(void);
void who__close(struct who *who);
/* The path of a cgroup, which lives as long as who; NULL if it can't be had. */
const char *who__cgroup(struct who *who, __u64 id);
/* "vm1" of /machine.slice/machine-qemu\x2d1\x2dvm1.scope; "" if it is no machine or container. */
void who__machine(char machine[MODEL_TEXT], const char *cgroup);
/* RLIMIT_MEMLOCK in bytes, MODEL_NONE if there is none, or the process is above it. */
__u64 who__limit(struct who *who, __u32 tgid, __u64 refresh);

#endif /* _IOMMUTOP_SOURCE_H */
