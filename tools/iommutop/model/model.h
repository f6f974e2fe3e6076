/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model: all data of iommutop, in one struct that sources fill and renderers read.
 *
 * This header is for readers: view/, screen/, output/ and the files above them. They change nothing
 * here but model->want. Sources fill the model through state.h. model/ itself calls only
 * tools/common: it knows no BPF map, no terminal and no output format.
 *
 * Rows. The model holds tables (enum model_table), each an array of rows of one struct. The table
 * of columns (columns.c) describes each field once: its name, which is the key in JSON and CSV, its
 * heading, unit and summary, its place in the row, and its kind of metric. Renderers iterate over
 * columns. They name fields only where they draw something other than a table: the heat map, the
 * IOVA map, the tree.
 *
 * Identity. A refresh may move, add and remove rows, so do not keep the address of a row across
 * refreshes. Keep its struct model_key; model__find() finds the row again.
 *
 * Time. Objects and their sizes (areas, pinned bytes) are the driver's own counts at the time of
 * the refresh, and so include those from before iommutop started. Calls and faults are counted
 * twice: "now" is the last interval, model->interval_ns long, and "total" is since iommutop
 * started. Rates are now / interval_ns. Latencies exist for the interval and since the start as
 * well.
 *
 * Absent values. Where a value does not exist, or cannot be known without privileges or from a
 * recording, ids are EVENT_NONE, numbers MODEL_NONE and pointers NULL. They are shown as "-" and
 * are null in JSON. An interval without events has latencies with count 0 and figures MODEL_NONE.
 *
 * Strings from the kernel and other processes are stored as they came. model__format() cleans them
 * and the JSON writer escapes them; nothing else prints them.
 */
#ifndef _IOMMUTOP_MODEL_H
#define _IOMMUTOP_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "clock.h"
#include "iommufd_policy.h"
#include "iommufd_record.h"
#include "iommufd_top.h"
#include "machine.h"
#include "why.h"

#define MODEL_NONE (~0ULL)

/* ---- counters and latencies ---- */

/* Calls in an interval or since the start. */
struct model_counts {
	__u64 maps; /* successful ones */
	__u64 map_bytes;
	__u64 map_pages; /* pinned by maps */
	__u64 map_failed;
	__u64 unmaps;
	__u64 unmap_bytes;
	__u64 unmap_failed;
	__u64 copies;
	__u64 copy_bytes;
	__u64 copy_failed;
};

/* Figures of a histogram: upper bounds of buckets, so up to 25 % too high. */
struct model_latency {
	__u64 count;
	__u64 p50_ns; /* MODEL_NONE if count is 0 */
	__u64 p90_ns;
	__u64 p99_ns;
	__u64 max_ns;
};

/* The operations whose latency is measured. */
enum model_op {
	MODEL_PIN, /* pinning, in maps that pinned pages */
	MODEL_MAP, /* filling page tables */
	MODEL_UNMAP, /* the whole unmap */
	MODEL_OPS
};

/* Log-linear buckets, see iommufd_top.h: each is at most 25 % wide. */
#define MODEL_BUCKETS TOP_BUCKETS
/* The lowest value of a bucket; for MODEL_BUCKETS, the upper bound of the last one. */
__u64 model__bucket_ns(unsigned int bucket);

struct model_histograms {
	__u64 buckets[MODEL_OPS][MODEL_BUCKETS];
};

/* ---- rows ---- */

enum model_table {
	MODEL_NODES, /* contexts, each followed by its IOASes */
	MODEL_DEVICES, /* devices, each followed by its PASIDs */
	MODEL_FAULTS, /* faults by device and PASID */
	MODEL_LINES, /* the last events of the fault stream, oldest first */
	MODEL_SIZES, /* maps by their length, with latencies */
	MODEL_AREAS, /* of the wanted IOAS: areas by their length */
	MODEL_RANGES, /* of the wanted IOAS: used, free and reserved ranges, by address */
	MODEL_AREA_LIST, /* of the wanted IOAS: areas one by one, by address */
	MODEL_POLICIES, /* policies in the order in which the driver calls them */
	MODEL_HOOKS, /* verdicts of each policy by hook */
	MODEL_REFUSALS, /* the last refusals, oldest first */
	MODEL_VICTIMS, /* refusals by process */
	MODEL_PAYERS, /* processes that memory of a context is charged to */
	MODEL_HISTORY, /* of the wanted context: its figures at each refresh, oldest first */
	MODEL_SELF, /* one row: the cost of iommutop, and lost data */
	MODEL_TABLES
};

/* The kind of a row. A table has rows of one kind, or of two, the second being children. */
enum model_kind {
	MODEL_KIND_CTX,
	MODEL_KIND_IOAS,
	MODEL_KIND_DEVICE,
	MODEL_KIND_PASID,
	MODEL_KIND_FAULT,
	MODEL_KIND_LINE,
	MODEL_KIND_SIZE,
	MODEL_KIND_AREA,
	MODEL_KIND_RANGE,
	MODEL_KIND_MAPPED,
	MODEL_KIND_POLICY,
	MODEL_KIND_HOOK,
	MODEL_KIND_REFUSAL,
	MODEL_KIND_VICTIM,
	MODEL_KIND_PAYER,
	MODEL_KIND_MOMENT,
	MODEL_KIND_SELF,
	MODEL_KINDS
};

/* Identifies a row; each row begins with it. Compared as a whole, so unused members are 0. */
struct model_key {
	__u32 kind; /* enum model_kind */
	__u32 ctx;
	__u32 id; /* object or policy */
	__u32 sub; /* PASID or hook */
	__u64 number; /* of a line, a size class, an address, a payer, a moment */
};

#define MODEL_TEXT MACHINE_MAX

/* A context (one open file of /dev/iommu), or an IOAS in it. */
struct model_node {
	struct model_key key;
	__u32 ctx;
	__u32 ioas; /* EVENT_NONE for a context */
	__u32 tgid; /* process that uses the context, see state__user() */
	__u32 uid;
	char comm[EVENT_COMM_LEN];
	const char *cgroup; /* path, or NULL */
	__u32 opener_tgid; /* process that opened the context */
	__u32 nr_payers; /* processes that memory is charged to */
	char machine[MODEL_TEXT]; /* virtual machine or container, or "" */
	char devices[MODEL_TEXT]; /* "00:04.0 edu +2" */
	__u32 nr_devices;
	__u32 nr_pasids;
	__u32 nr_ioases; /* of a context */
	__u32 objects; /* of a context */
	__u64 areas;
	__u64 mapped; /* bytes */
	__u64 pinned; /* bytes; a context counts pages shared by its IOASes once */
	__u64 runs; /* MODEL_NONE if the driver does not know it */
	__u64 run_size; /* bytes of a run on average */
	__u64 huge; /* bytes of whole 2 MiB pages in the runs */
	__u64 huge_share; /* 1/100 percent of the memory in runs */
	__s64 grown; /* bytes pinned more than at the refresh before */
	__s64 grown_total; /* bytes pinned more than when first seen */
	__u64 charged; /* of a context: bytes of pinned that count against a limit */
	__u64 growth_rate; /* bytes per minute, if pinned memory grows steadily; else 0 */
	__u64 growth_ns; /* for how long it has been growing */
	__u64 limit_in_ns; /* of a context: time to its limit at that rate */
	__u64 limit; /* of a context: RLIMIT_MEMLOCK of the payer nearest to it, in bytes */
	__u64 limit_used; /* bytes that the kernel counts against the limit */
	__u64 limit_share; /* limit_used in 1/100 percent of limit */
	/* Of a container of VFIO type1, see struct state_container; else MODEL_NONE. */
	__u64 areas_left;
	__u64 tracks_dirty;
	__u64 mediated; /* bytes */
	bool per_process; /* pages are charged to the process, otherwise to its user */
	struct model_counts now;
	struct model_counts total;
	struct model_latency latency[MODEL_OPS];
	struct model_latency latency_total[MODEL_OPS];
	/* Of a context, since the start; NULL if nothing was counted. */
	const struct model_histograms *histograms;
	/* Of a context, since its open, as the driver counts; MODEL_NONE if it does not. */
	struct iommufd_ctx_counts open;
	const struct model_series *series; /* of a context; NULL if it has none */
};

/* Figures of a context at a refresh. */
struct model_moment {
	struct model_key key; /* number: counts from 1 for each context */
	__u64 time_ns;
	__u64 interval_ns;
	__u64 pinned; /* bytes */
	__u64 areas;
	__u64 maps, unmaps; /* in the interval; MODEL_NONE if they are not counted */
	__u64 pin_p99_ns; /* MODEL_NONE without a pin or map, like the next two */
	__u64 map_p50_ns;
	__u64 map_p99_ns;
};

/*
 * The last moments of a context. They stay when it is closed, but only so many contexts have them:
 * a new one takes the place of the closed one that was closed first. As long as all exist, further
 * contexts have none, but for the wanted one, which takes the place of that with the least memory.
 */
#define MODEL_MOMENTS 256u
#define MODEL_SERIES 256u
struct model_series {
	struct model_node last; /* the row as it was last seen */
	__u64 seen_ns; /* when that was */
	__u64 nr_ever; /* moments ever added; the last MODEL_MOMENTS are kept */
	struct model_moment moments[MODEL_MOMENTS]; /* a ring, see model__moment() */
};

/* A device bound to a context, or a PASID of it. */
struct model_device {
	struct model_key key;
	__u32 ctx;
	__u32 id; /* object */
	__u32 device; /* object of the device; the same for its PASIDs */
	__u32 tgid;
	__u32 sbdf;
	char name[IOMMUFD_POLICY_DEVICE_LEN];
	char comm[EVENT_COMM_LEN];
	char machine[MODEL_TEXT];
	__u32 group;
	__u32 vendor;
	__u32 product;
	__u32 pasid; /* number on the bus */
	__u32 virt_pasid; /* number in the guest */
	__u32 nr_pasids; /* attached PASIDs of a device */
	__u32 hwpt;
	__u32 ioas;
	char attached[MODEL_TEXT]; /* "ioas 1", "hwpt 5 on ioas 1", "sva 6"; "" if detached */
	__u64 faults; /* in the interval */
	__u64 faults_total;
};

/* Page requests and DMA faults of a device and PASID. */
struct model_fault {
	struct model_key key;
	__u32 ctx; /* EVENT_NONE if unknown */
	__u32 device;
	__u32 pasid; /* EVENT_NONE or 0: the whole device */
	__u32 tgid;
	__u32 sbdf;
	char name[IOMMUFD_POLICY_DEVICE_LEN];
	char comm[EVENT_COMM_LEN];
	char machine[MODEL_TEXT];
	__u64 groups, groups_total; /* groups of page requests */
	__u64 done, done_total; /* responses: success */
	__u64 invalid, invalid_total; /* responses: invalid */
	__u64 failed, failed_total; /* responses: failure */
	__u64 dma, dma_total; /* DMA faults, which have no response */
	struct model_latency latency; /* from report to response */
	struct model_latency latency_total;
};

/* One event of the fault stream. */
struct model_line {
	struct model_key key; /* number: counts from 1, never reused */
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u32 event; /* enum event_id */
	__u32 ctx;
	__u32 tgid;
	__u32 device;
	__u32 sbdf;
	__u32 pasid;
	char name[IOMMUFD_POLICY_DEVICE_LEN];
	char comm[EVENT_COMM_LEN];
	char machine[MODEL_TEXT];
	__u64 addr;
	char access[8]; /* requested access: "r", "w", "rw", "rwx" */
	/* "request", "response" without its request, "dma fault", "denied", "refused" */
	char what[16];
	bool bad; /* a fault, a refusal, or a request that did not get what it asked for */
	char reason[160];
	__u64 latency_ns; /* from a request to its response */
	/* The explanation of a fault, see why.h; absent without. */
	__u32 ioas; /* address space of the device */
	char why[16]; /* "unmapped", "not mapped", ... */
	__u32 why_tgid; /* process that unmapped or detached */
	__u64 why_ago_ns; /* from that call to the fault */
	char explanation[WHY_MAX];
};

/* Maps with a length of [first, last] bytes. */
struct model_size {
	struct model_key key;
	__u64 first;
	__u64 last;
	__u64 maps, maps_total;
	__u64 bytes, bytes_total;
	struct model_latency latency[2]; /* MODEL_PIN, MODEL_MAP */
	struct model_latency latency_total[2];
	__u64 buckets_total[2][MODEL_BUCKETS];
};

/* Areas of the wanted IOAS with a length of [first, last] bytes. */
struct model_area {
	struct model_key key;
	__u64 first;
	__u64 last;
	__u64 areas;
	__u64 bytes;
};

enum model_range_kind {
	MODEL_RANGE_FREE,
	MODEL_RANGE_USED, /* one or more areas, possibly with small gaps: compare bytes */
	MODEL_RANGE_RESERVED, /* by a device, or outside of the IOMMU's address width */
};

/* Addresses [first, last] of the wanted IOAS. All ranges together cover all addresses. */
struct model_range {
	struct model_key key;
	__u32 kind; /* enum model_range_kind */
	__u64 first;
	__u64 last;
	__u64 areas;
	__u64 bytes; /* length; of a used range, the bytes in areas */
};

/* An area of the wanted IOAS: the range that one map or copy has mapped. */
struct model_mapped {
	struct model_key key;
	__u32 ctx;
	__u32 ioas;
	__u64 first;
	__u64 last;
	__u64 length;
	char prot[4]; /* "r", "w", "rw" */
	char memory[8]; /* "process", "memfd", "dma-buf" */
	char state[12]; /* "", "copy", "mapping", "unmapping", "stuck" */
	__u64 runs; /* MODEL_NONE without a page table, and of a dma-buf, like the next three */
	__u64 run_size; /* bytes */
	__u64 huge; /* bytes in whole 2 MiB pages */
	__u64 huge_share; /* 1/100 percent of length */
	__u32 tgid; /* owner */
	__u32 uid;
	const char *comm; /* NULL if the owner is not known, like machine */
	const char *machine; /* or "" */
	__u64 since_ns; /* CLOCK_MONOTONIC */
	__u64 age_ns;
	__u64 start; /* address in the process, or offset in the file or dma-buf */
};

/* Verdicts since the policy was loaded, as the driver counts them, and in the interval. */
struct model_verdicts {
	__u64 allowed, allowed_now;
	__u64 denied, denied_now;
	__u64 would_deny, would_deny_now;
};

/*
 * What a policy costs, measured by iommutop while it runs: its own time, and its share of the
 * ioctls that asked it. MODEL_NONE where it is not known.
 */
struct model_cost {
	__u64 asked, asked_total; /* times that the policy was asked */
	__u64 time_total_ns;
	struct model_latency latency; /* of the interval */
	__u64 share; /* 1/100 percent of the ioctls in the interval */
};

struct model_policy {
	struct model_key key;
	__u32 id;
	__s32 priority;
	bool audit;
	bool ejected;
	bool missing; /* it must be in force, and is not; members about a loaded one are unknown */
	char name[IOMMUFD_POLICY_NAME_LEN];
	const char *cgroup; /* path, or NULL for all */
	char hooks[128];
	struct model_verdicts verdicts;
	struct model_cost cost;
	char last_hook[16]; /* of the last refusal */
	char last_error[24];
	__u32 last_tgid;
	char reason[IOMMUFD_POLICY_REASON_LEN];
};

struct model_hook {
	struct model_key key;
	__u32 id;
	char name[IOMMUFD_POLICY_NAME_LEN];
	char hook[16];
	struct model_verdicts verdicts;
	struct model_cost cost;
};

/* A call that was refused, or would have been. */
struct model_refusal {
	struct model_key key; /* number: counts from 1, never reused */
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u32 ctx;
	__u32 tgid;
	__u32 object; /* that the call was about; EVENT_NONE if not known */
	char comm[EVENT_COMM_LEN];
	char machine[MODEL_TEXT];
	char what[16]; /* "denied", "would deny" by a policy; "refused" by the driver */
	char policy[IOMMUFD_POLICY_NAME_LEN + 1]; /* name, or "#3"; "" of the driver */
	char hook[16];
	char error[24];
	char reason[160];
};

/* A process that was refused something. */
struct model_victim {
	struct model_key key; /* number: counts from 1, never reused */
	__u32 tgid;
	char comm[EVENT_COMM_LEN]; /* of the first thread that was refused something */
	char machine[MODEL_TEXT];
	__u64 denied, denied_total; /* by policies */
	__u64 would_deny, would_deny_total; /* by policies that only audit */
	__u64 refused, refused_total; /* by the driver: limits, properties of the hardware */
	__u64 last_ns; /* the last refusal, CLOCK_MONOTONIC */
	char policy[IOMMUFD_POLICY_NAME_LEN + 1];
	char error[24];
	char reason[160];
};

/* A process that memory of a context is charged to. */
struct model_payer {
	struct model_key key;
	__u32 ctx;
	__u32 tgid;
	__u64 number; /* the driver's, never reused */
	__u32 uid;
	char comm[EVENT_COMM_LEN];
	char machine[MODEL_TEXT];
	const char *cgroup; /* path, or NULL */
	__u64 pinned; /* bytes, through this context */
	__u64 charged; /* of these, bytes that count against the limit */
	__u64 limit; /* RLIMIT_MEMLOCK in bytes; MODEL_NONE: none, or unknown */
	__u64 limit_used; /* bytes that the kernel counts against the limit */
	__u64 limit_share; /* 1/100 percent */
	bool per_process; /* the limit is for the process, otherwise for its user */
	char state[8]; /* "ended", "exempt" (it has CAP_IPC_LOCK), or "" */
};

struct model_self {
	struct model_key key;
	__u64 cpu_ns, cpu_total_ns; /* of this process */
	__u64 refresh_ns; /* duration of the last refresh, in real time */
	__u64 rss; /* bytes */
	__u64 maps_bytes; /* kernel memory of BPF maps */
	__u64 bpf_ns, bpf_total_ns; /* MODEL_NONE without --self-stats */
	__u64 bpf_runs, bpf_runs_total;
	/* Losses. cut is of the last refresh, the others are since the start. */
	__u64 lost_lines; /* events without a line, because the ring buffer was full */
	__u64 lost_counts; /* events without a counter, because the hash was full */
	__u64 missed; /* runs of BPF programs that the kernel skipped */
	__u64 cut; /* rows left out */
};

/* ---- totals and messages ---- */

/* Latencies of one interval. model->heat has the last ones, the oldest first. */
#define MODEL_HEAT 256
struct model_heat_column {
	__u64 time_ns; /* end of the interval */
	__u64 interval_ns;
	__u32 buckets[MODEL_OPS][MODEL_BUCKETS];
};

/* Totals of the IOAS in model->want. */
struct model_space {
	bool is_there; /* collected in the last refresh */
	__u32 ctx;
	__u32 ioas;
	__u64 areas;
	__u64 used; /* bytes */
	__u64 reserved; /* bytes; MODEL_NONE if unknown */
	__u64 first; /* lowest and highest used address */
	__u64 last;
	__u64 holes; /* free ranges between first and last */
	__u64 hole_bytes;
	__u64 largest_hole; /* bytes */
	__u64 largest_hole_first; /* its address */
	__u64 fragmentation; /* 1/100 percent of hole_bytes outside of the largest hole */
	bool cut; /* there were too many areas to read all */
};

/* Totals of the areas of the IOAS in model->want, as the driver counts them. */
struct model_area_sums {
	bool is_there; /* collected in the last refresh */
	__u32 ctx;
	__u32 ioas;
	__u64 areas;
	__u64 bytes;
	__u64 in_runs; /* bytes pinned for page tables */
	__u64 runs;
	__u64 huge; /* bytes in whole 2 MiB pages; MODEL_NONE if unknown */
	__u64 shown; /* rows in the table, at most want.most */
	bool cut; /* there were too many areas to read all */
};

/* The choice of a renderer; set by renderers, effective from the next refresh on. */
struct model_want {
	bool space; /* the map of an IOAS, which costs a walk over its areas */
	bool areas; /* the areas of an IOAS one by one, likewise */
	__u32 ctx;
	__u32 ioas;
	/* Of the areas, the first ones in this order, because there may be a million of them. */
	unsigned int most; /* 0: all */
	const struct model_column *sort; /* NULL: by address */
	bool descending;
	__u32 history; /* context whose moments become rows; 0: none */
};

/* The rows of areas that a screen asks for. */
#define MODEL_AREAS_SHOWN 1000u

struct model_rows {
	void *rows;
	unsigned int nr;
	unsigned int room;
};

struct state; /* state.h; not for renderers */
struct openers;

struct model {
	const char *source; /* "live", "fdinfo", "recording" */
	char missing[256]; /* one sentence: missing data, and how to get it; or "" */
	char note[128]; /* about the source: "recording, kernel 6.12"; or "" */
	bool ended; /* at the end of the recording */
	bool is_filtered; /* the user gave a filter */
	bool has_match; /* a context, call or line passed the filter since the start */
	bool has_counts; /* maps, unmaps and latencies are known */
	__u64 refreshes; /* 0 before the first */
	__u64 start_ns; /* CLOCK_MONOTONIC; for a recording, in its time */
	__u64 time_ns; /* of the last refresh */
	__s64 wall_offset_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC */
	__u64 interval_ns; /* between the last two refreshes */
	struct model_rows tables[MODEL_TABLES];
	struct model_counts now; /* of all IOASes */
	struct model_counts total;
	struct model_latency latency[MODEL_OPS];
	struct model_latency latency_total[MODEL_OPS];
	__u64 buckets_total[MODEL_OPS][MODEL_BUCKETS];
	struct model_heat_column *heat; /* MODEL_HEAT of them */
	unsigned int nr_heat;
	struct model_space space;
	struct model_area_sums area_sums;
	struct model_want want;
	struct state *state;
	struct openers *openers;
	__u64 nr_lines; /* ever added; the last MODEL_LINES_KEPT or more are kept */
	__u64 nr_refusals; /* likewise */
	__u64 nr_victims;
	__u64 cpu_start_ns;
};

#define MODEL_LINES_KEPT 1024u
#define MODEL_BAD_LINES_KEPT 512u /* older ones, in addition */
#define MODEL_REFUSALS_KEPT 512u
#define MODEL_VICTIMS_KEPT 256u

/* Returns 0, or -ENOMEM after a message. */
int model__init(struct model *model);
/* Begin anew, with the same source and filter. Returns 0, or -ENOMEM after a message. */
int model__reset(struct model *model);
void model__close(struct model *model);

/* ---- reading rows: model.c ---- */

struct model_column;

static inline unsigned int model__nr(const struct model *model, enum model_table table)
{
	return model->tables[table].nr;
}

const void *model__row(const struct model *model, enum model_table table, unsigned int index);
/* Find the index of the row with this key; -1 if there is none. */
int model__find(const struct model *model, enum model_table table, const struct model_key *key);
static inline const struct model_key *model__key(const void *row)
{
	return row;
}

/* Whether the row is a child (IOAS, PASID), which follows its parent in the table. */
bool model__is_child(const void *row);
/* Whether children follow the row. */
bool model__has_children(const struct model *model, enum model_table table, unsigned int index);
/* The index of a row of the table. */
unsigned int model__index(const struct model *model, enum model_table table, const void *row);
/* The parent of a child; NULL for other rows. */
const void *model__parent(const struct model *model, enum model_table table, unsigned int index);

/*
 * The row, or its parent if only that has the column: in a list without parents, an IOAS has the
 * limit of its context.
 */
const void *model__row_with(const struct model *model, enum model_table table, unsigned int index,
			    const struct model_column *column);

/* The last moments of a context, which may be closed; NULL if they are not kept. */
const struct model_series *model__series(const struct model *model, __u32 ctx);

/* Add the figures of a context at this refresh to its history, in place of the oldest if full. */
void model__add_moment(const struct model *model, struct model_series *series,
		       struct model_node *node);

static inline unsigned int model__nr_moments(const struct model_series *series)
{
	return series->nr_ever < MODEL_MOMENTS ? series->nr_ever : MODEL_MOMENTS;
}

/* The moment so many refreshes ago; ago is less than model__nr_moments(). */
static inline const struct model_moment *model__moment(const struct model_series *series,
						       unsigned int ago)
{
	return &series->moments[(series->nr_ever - 1 - ago) % MODEL_MOMENTS];
}

/* How remarkable the growth of pinned memory is, which a leak causes, from harmless on. */
enum model_growth {
	MODEL_STEADY,
	MODEL_GROWS, /* for a short time, or the limit is more than an hour away */
	MODEL_GROWS_WARN, /* for minutes */
	MODEL_GROWS_BAD, /* the limit is reached within 10 minutes */
};

enum model_growth model__growth(const struct model_node *node);

/* ---- columns: columns.c ---- */

/* The type of a field. */
enum model_type {
	MODEL_U32,
	MODEL_U64,
	MODEL_S32,
	MODEL_S64,
	MODEL_BOOL,
	MODEL_CHARS, /* an array, which need not end with a NUL */
	MODEL_STRING, /* a pointer, NULL if there is none */
};

/* The meaning of a value; it decides the format, and the suffix of the key in JSON and CSV. */
enum model_unit {
	MODEL_UNIT_NONE, /* a string or a flag */
	MODEL_UNIT_ID,
	MODEL_UNIT_COUNT,
	MODEL_UNIT_BYTES, /* _bytes */
	MODEL_UNIT_NS, /* _ns */
	MODEL_UNIT_ADDR, /* "0x..." */
	MODEL_UNIT_HEX, /* "0x..." */
	MODEL_UNIT_SBDF, /* "0000:00:04.0" */
	MODEL_UNIT_SHARE, /* 1/100 percent; _percent */
	MODEL_UNIT_RATE, /* events in the interval; on the screen, events per second */
	MODEL_UNIT_BYTE_RATE, /* bytes in the interval, likewise; _bytes */
	MODEL_UNIT_TIME, /* CLOCK_MONOTONIC in ns; on the screen, the time of day; _ns */
	MODEL_UNIT_RANGE, /* enum model_range_kind, by name */
};

/* The use of a column in OpenMetrics. */
enum model_metric {
	MODEL_NO_METRIC,
	MODEL_LABEL, /* distinguishes the row from others */
	MODEL_INFO, /* a label of the row's _info metric */
	MODEL_GAUGE,
	MODEL_COUNTER,
};

#define MODEL_COLUMN_WIDE (1u << 0) /* only in wide output */
#define MODEL_COLUMN_EXACT (1u << 1) /* never abbreviate the number: it is an id */
#define MODEL_COLUMN_ALWAYS (1u << 2) /* MODEL_NONE is a value, too */

struct model_column {
	const char *name; /* "pinned"; see column__key() */
	const char *title; /* heading: "PINNED" */
	const char *summary; /* one line, for --sort help, the manual and metrics */
	enum model_type type;
	enum model_unit unit;
	enum model_metric metric;
	unsigned int offset; /* of the field in the row */
	unsigned int size;
	unsigned int kinds; /* a bit for each enum model_kind that has the field */
	unsigned int width; /* of a usual cell, in screen columns */
	unsigned int flags; /* MODEL_COLUMN_* */
};

struct model_table_info {
	const char *name; /* key in JSON: "contexts" */
	const char *title;
	const struct model_column *columns;
	unsigned int nr_columns;
	unsigned int row_size;
	const char *sort; /* column of the default order; NULL: as the rows are */
	bool is_tree; /* rows of two kinds: children stay with their parent */
};

extern const struct model_table_info model_tables[MODEL_TABLES];
/* "context", "ioas": the value of "kind" in JSON; "iommufd_" and this begin a metric's name. */
extern const char *const model_kind_names[MODEL_KINDS];

/* Find by name; NULL if there is none. */
const struct model_column *model__column(enum model_table table, const char *name);

/* The key of a column in JSON and CSV, with its unit: "pin_p50_ns". */
#define COLUMN_KEY_MAX 48
char *column__key(char key[COLUMN_KEY_MAX], const struct model_column *column);

/*
 * The views of --view, a list that ends with NULL, and the tables of one as bits of enum
 * model_table. Without a name (NULL) all tables but those that need an IOAS; 0 for an unknown name.
 */
extern const char *const view_names[];
unsigned int view__tables(const char *name);

/* ---- cells: format.c ---- */

/* Whether the row's kind has the column, and the row a value. */
bool model__has(const struct model_column *column, const void *row);
/* A number, zero-extended or sign-extended. Only if model__has(). */
__u64 model__number(const struct model_column *column, const void *row);
/* A string as it came, *size bytes long. Only if model__has(). */
const char *model__text(const struct model_column *column, const void *row, size_t *size);
/* Whether cells are aligned to the right. */
bool model__is_number(const struct model_column *column);
/* Whether the type is signed, so that model__number() is to be read as __s64. */
bool model__is_signed(const struct model_column *column);

/* Format a cell for people: "1.5M", "12", "-". utf8: keep characters beyond ASCII. */
#define MODEL_CELL 256
char *model__format(char cell[MODEL_CELL], const struct model *model,
		    const struct model_column *column, const void *row, bool utf8);

/* Whether a cell is "0" or "-", so that it is drawn dim. */
bool model__is_blank(const char *cell);

/* Format a time of CLOCK_MONOTONIC as time of day: "12:34:56", with milliseconds if asked for. */
#define MODEL_TIME 16
char *model__time_of_day(char text[MODEL_TIME], const struct model *model, __u64 time_ns,
			 bool with_ms);

/* ---- order: sort.c ---- */

/*
 * Compare two rows by a column: negative, 0 or positive. Absent values come last in both
 * directions; strings compare without regard to case.
 */
int model__compare(const struct model_column *column, const void *a, const void *b,
		   bool descending);

/*
 * Fill order[], which has room for all rows, with the indexes of the rows sorted by the column
 * (NULL: as they are). In a tree, children are sorted below their parent. Returns the number.
 */
unsigned int model__order(const struct model *model, enum model_table table,
			  const struct model_column *column, bool descending, unsigned int *order);

#endif /* _IOMMUTOP_MODEL_H */
