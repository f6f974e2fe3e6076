/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What iommutop knows: one struct that sources fill and renderers read.
 *
 * A source (source.h: the running kernel, fdinfo, a recording) fills the model by model__refresh();
 * screen, batch text, JSON, CSV and OpenMetrics read it. Renderers touch no BPF map, no file of
 * /proc, and change nothing here but struct model_want.
 *
 * Rows. The model holds tables (enum model_table), each an array of rows of one struct. All that is
 * to be known about a field stands in the table of columns (columns.c): its name, which is the JSON
 * and CSV key, its heading, unit and summary, where it lies in the row, and what it is to
 * OpenMetrics. Renderers go over columns; they name fields only where they draw something that is no
 * table (heat map, IOVA map, tree).
 *
 * Identity. Rows may move, come and go with each refresh, and their addresses are not to be kept.
 * struct model_key says which one is meant; model__find() finds it again.
 *
 * Time. What is a state (areas, pinned bytes) is the kernel's own count at the time of the refresh,
 * right also for what existed before the tool started. What happens (maps, faults) is counted twice:
 * "now" is the last interval, model->interval_ns long, and "total" is since the tool started, which
 * is never shown as anything else. Rates are now / interval_ns. Latencies likewise: of the last
 * interval, and since the start.
 *
 * Not there. Ids are EVENT_NONE, numbers MODEL_NONE, pointers NULL where there is no such thing, or
 * where it cannot be known (without privileges, from a recording): shown as "-", null in JSON.
 * An interval without events has latencies with count 0, whose figures are not there.
 *
 * Texts that come from the kernel or other processes are kept as they came: model__format() cleans
 * them, the JSON writer escapes them. Nobody else prints them.
 */
#ifndef _IOMMUTOP_MODEL_H
#define _IOMMUTOP_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "iommufd_policy.h"
#include "iommufd_record.h"
#include "iommufd_top.h"

#define NS_PER_SEC 1000000000ULL
#define MODEL_NONE (~0ULL)

/* ---- what happened, and how long it took ---- */

/* Of an interval, or since the start. */
struct model_counts {
	__u64 maps;   /* that were done */
	__u64 map_bytes;
	__u64 map_pages;	 /* pinned by them */
	__u64 map_failed;  /* that were refused, or failed */
	__u64 unmaps;
	__u64 unmap_bytes;
	__u64 unmap_failed;
	__u64 copies;
	__u64 copy_bytes;
	__u64 copy_failed;
};

/* Figures of a histogram: upper bounds of the bucket in which each lies, off by 25 % at most. */
struct model_latency {
	__u64 count;
	__u64 p50_ns;   /* MODEL_NONE if count is 0 */
	__u64 p90_ns;
	__u64 p99_ns;
	__u64 max_ns;
};

/* What latencies are kept of. */
enum model_op {
	MODEL_PIN,   /* pinning, of maps that pinned anything */
	MODEL_MAP,   /* filling page tables */
	MODEL_UNMAP,   /* unmap, as a whole */
	MODEL_OPS
};

/* Log-linear buckets, see iommufd_top.h: each is at most 25 % wide. */
#define MODEL_BUCKETS TOP_BUCKETS
/* Lowest value that falls into the bucket; of MODEL_BUCKETS, what is above all. */
__u64 model__bucket_ns(unsigned int bucket);

/* ---- rows ---- */

enum model_table {
	MODEL_NODES,   /* contexts, each followed by its IOASes */
	MODEL_DEVICES,   /* devices, each followed by its PASIDs */
	MODEL_FAULTS,   /* who faults: device and PASID */
	MODEL_LINES,   /* the last faults, oldest first */
	MODEL_SIZES,   /* maps by their length, with latencies */
	MODEL_AREAS,   /* of the chosen IOAS: areas by their length */
	MODEL_RANGES,   /* of the chosen IOAS: used, free, reserved; by address */
	MODEL_POLICIES, /* policies, by the order in which they are asked */
	MODEL_HOOKS,   /* what each policy said at each hook that it has */
	MODEL_SELF,   /* one row: this program, and what was lost */
	MODEL_TABLES
};

/* What a row is. A table has rows of one kind, or of two, of which the second are children. */
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
	MODEL_KIND_POLICY,
	MODEL_KIND_HOOK,
	MODEL_KIND_SELF,
	MODEL_KINDS
};

/* Which row: compared as a whole; what does not apply is 0. Each row begins with it. */
struct model_key {
	__u32 kind;   /* enum model_kind */
	__u32 ctx;
	__u32 id;	  /* object, policy */
	__u32 sub;   /* PASID, hook */
	__u64 number;   /* of a line, a size class, an address */
};

#define MODEL_TEXT 64
#define MODEL_HISTORY 64

/* A context (one open file of /dev/iommu), or an IOAS in it. */
struct model_node {
	struct model_key key;
	__u32 ctx;
	__u32 ioas;   /* EVENT_NONE of a context */
	__u32 tgid;   /* who opened the file; the same for its IOASes */
	__u32 uid;
	char comm[EVENT_COMM_LEN];
	__u64 cgroup_id;
	const char *cgroup;  /* path, or NULL */
	char machine[MODEL_TEXT]; /* of a virtual machine or container; else "" */
	char devices[MODEL_TEXT]; /* attached ones: "00:04.0 edu +2" */
	__u32 nr_devices;
	__u32 nr_pasids;
	__u32 nr_ioases;	 /* of a context */
	__u32 objects;   /* of a context */
	__u64 areas;
	__u64 mapped;   /* bytes */
	__u64 pinned;   /* bytes; a context counts shared memory once */
	__u64 runs;
	__s64 grown;   /* pinned, in bytes, more than at the refresh before */
	__s64 grown_total;  /* more than when first seen: a leak is what goes on growing */
	__u64 limit;   /* of a context: RLIMIT_MEMLOCK of its process, in bytes */
	__u64 limit_used;  /* what counts against it, in bytes */
	__u64 limit_share;  /* limit_used in 1/100 of a percent of limit */
	bool per_process;  /* pinned counts for the process, else for its user */
	__u64 history[MODEL_HISTORY]; /* pinned at the last refreshes, the latest at the end */
	__u32 nr_history;
	struct model_counts now;
	struct model_counts total;
	struct model_latency latency[MODEL_OPS];
	struct model_latency latency_total[MODEL_OPS];
};

/* A device bound to a context, or a PASID of it. */
struct model_device {
	struct model_key key;
	__u32 ctx;
	__u32 id;	  /* object */
	__u32 device;   /* object of the device, of a PASID too */
	__u32 tgid;
	__u32 sbdf;
	char name[IOMMUFD_POLICY_DEVICE_LEN];
	char comm[EVENT_COMM_LEN];
	char machine[MODEL_TEXT];
	__u32 group;
	__u32 vendor;
	__u32 product;
	__u32 pasid;   /* number on the bus */
	__u32 virt_pasid;  /* number that the guest knows */
	__u32 nr_pasids;	 /* of a device: attached ones */
	__u32 hwpt;   /* page table in use */
	__u32 ioas;   /* address space behind it */
	char attached[MODEL_TEXT]; /* "ioas 1", "hwpt 5 on ioas 1", "process 812"; "" if not */
	__u64 faults;   /* in the interval */
	__u64 faults_total;
};

/* Page requests, and DMA faults, of a device and PASID. */
struct model_fault {
	struct model_key key;
	__u32 ctx;   /* EVENT_NONE if it belongs to nobody known */
	__u32 device;
	__u32 pasid;   /* EVENT_NONE or 0: the whole device */
	__u32 tgid;
	__u32 sbdf;
	char name[IOMMUFD_POLICY_DEVICE_LEN];
	char comm[EVENT_COMM_LEN];
	char machine[MODEL_TEXT];
	__u64 groups, groups_total; /* groups of page requests reported */
	__u64 done, done_total; /* answered with success */
	__u64 invalid, invalid_total; /* answered as invalid */
	__u64 failed, failed_total; /* answered as failure */
	__u64 dma, dma_total;  /* DMA faults, which nobody can answer */
	struct model_latency latency; /* from report to response */
	struct model_latency latency_total;
};

/* One line of the stream of faults and refusals. */
struct model_line {
	struct model_key key;  /* number: counts from 1, never given again */
	__u64 time_ns;   /* CLOCK_MONOTONIC */
	__u32 event;   /* enum event_id */
	__u32 ctx;
	__u32 tgid;
	__u32 device;
	__u32 sbdf;
	__u32 pasid;
	char name[IOMMUFD_POLICY_DEVICE_LEN];
	char comm[EVENT_COMM_LEN];
	__u64 addr;
	char access[8]; /* "r", "w", "rw", "rwx"... as asked for */
	char what[16];   /* "request", "response", "dma fault", "refused" */
	char reason[96];	 /* decoded */
	__u64 latency_ns;  /* of a response */
};

/* Maps of a length between first and last bytes. */
struct model_size {
	struct model_key key;
	__u64 first;
	__u64 last;
	__u64 maps, maps_total;
	__u64 bytes, bytes_total;
	struct model_latency latency[2];	 /* MODEL_PIN, MODEL_MAP */
	struct model_latency latency_total[2];
	__u32 buckets[2][MODEL_BUCKETS];	 /* of the interval */
	__u64 buckets_total[2][MODEL_BUCKETS];  /* since the start */
};

#define MODEL_SIZE_CLASSES TOP_SIZES

/* Areas of the chosen IOAS with a length between first and last bytes. */
struct model_area {
	struct model_key key;
	__u64 first;
	__u64 last;
	__u64 areas;
	__u64 bytes;
};

enum model_range_kind {
	MODEL_RANGE_FREE,
	MODEL_RANGE_USED,  /* areas side by side, or nearly so: see bytes */
	MODEL_RANGE_RESERVED,  /* of devices, or beyond what their IOMMU can address */
};

/* A range of the chosen IOAS; together they cover all addresses without a gap. */
struct model_range {
	struct model_key key;
	__u32 kind;   /* enum model_range_kind */
	__u64 first;
	__u64 last;   /* inclusive */
	__u64 areas;
	__u64 bytes;   /* of a used one, in areas: less if gaps were left out */
};

struct model_policy {
	struct model_key key;
	__u32 id;
	__s32 priority;
	__u32 flags;
	bool audit;
	char name[IOMMUFD_POLICY_NAME_LEN];
	__u64 cgroup_id;
	const char *cgroup;  /* path, or NULL for all */
	char hooks[128];
	__u64 allowed, allowed_now; /* since it was loaded: the kernel's own count; and now */
	__u64 denied, denied_now;
	__u64 would_deny, would_deny_now;
	char last_hook[16];
	char last_error[24];
	__u32 last_tgid;
	char reason[IOMMUFD_POLICY_REASON_LEN];
};

struct model_hook {
	struct model_key key;
	__u32 id;
	char name[IOMMUFD_POLICY_NAME_LEN];
	char hook[16];
	__u64 allowed, allowed_now;
	__u64 denied, denied_now;
	__u64 would_deny, would_deny_now;
};

struct model_self {
	struct model_key key;
	__u64 cpu_ns, cpu_total_ns; /* of this process */
	__u64 refresh_ns;  /* how long the last refresh took, by the clock on the wall */
	__u64 rss;   /* bytes */
	__u64 maps_bytes;  /* of kernel memory for BPF maps */
	__u64 bpf_ns, bpf_total_ns; /* MODEL_NONE unless the kernel counts (--self-stats) */
	__u64 bpf_runs, bpf_runs_total;
	/* What was not counted or not shown; all since the start, 0 if all is well. */
	__u64 lost_lines;  /* faults that have no line: the buffer was full */
	__u64 lost_counts;  /* maps, unmaps and faults for which there was no counter */
	__u64 missed;   /* BPF programs that the kernel did not run */
	__u64 cut;   /* rows that did not fit into the last refresh */
};

/* ---- things that are no rows ---- */

/* The latencies of the last intervals: column 0 is the oldest. */
#define MODEL_HEAT 256
struct model_heat_column {
	__u64 time_ns;   /* end of the interval */
	__u64 interval_ns;
	__u32 buckets[MODEL_OPS][MODEL_BUCKETS];
};

/* Sums over all of MODEL_RANGES, of the IOAS chosen by model->want. */
struct model_space {
	bool is_there;   /* collected at the last refresh */
	__u32 ctx;
	__u32 ioas;
	__u64 areas;
	__u64 used;   /* bytes */
	__u64 reserved; /* bytes; MODEL_NONE if they are not known */
	__u64 first;   /* lowest and highest address used */
	__u64 last;
	__u64 holes;   /* free ranges between first and last */
	__u64 hole_bytes;  /* in them */
	__u64 largest_hole;  /* its bytes */
	__u64 largest_hole_first;
	__u64 fragmentation;  /* part of hole_bytes not in the largest one, 1/100 % */
	__u64 cut;   /* areas not looked at: too many */
};

/* What a renderer wants to see; changed by renderers, heeded at the next refresh. */
struct model_want {
	bool space;   /* the map of an IOAS, which costs a walk over its areas */
	__u32 ctx;
	__u32 ioas;
};

struct model_rows {
	void *rows;
	unsigned int nr;
	unsigned int room;
};

struct state;    /* what sources fill: source.h; not for renderers */
struct who;

struct model {
	const char *source;  /* "live", "fdinfo", "recording" */
	char missing[256];  /* one sentence: what is not shown and how to get it; or "" */
	char note[128]; /* about the source: "recording of host, 12 s"; or "" */
	bool ended;   /* the recording is at its end */
	bool has_counts;	 /* maps, unmaps and latencies are known */
	__u64 refreshes;	 /* 0 before the first */
	__u64 start_ns; /* CLOCK_MONOTONIC; of a recording, its own */
	__u64 time_ns;   /* of the last refresh */
	__s64 wall_offset_ns;  /* what makes these CLOCK_REALTIME */
	__u64 interval_ns;  /* from the refresh before, or the start, to the last */
	struct model_rows tables[MODEL_TABLES];
	struct model_counts now; /* of all nodes */
	struct model_counts total;
	struct model_latency latency[MODEL_OPS];
	struct model_latency latency_total[MODEL_OPS];
	__u64 buckets_total[MODEL_OPS][MODEL_BUCKETS]; /* of all nodes, since the start */
	struct model_heat_column *heat; /* MODEL_HEAT of them */
	unsigned int nr_heat;
	struct model_space space;
	struct model_want want;
	struct state *state;
	struct who *who;
	__u64 nr_lines; /* lines ever, of which the last MODEL_LINES_KEPT are kept */
	__u64 cpu_start_ns;  /* CPU time of this process at the start */
};

#define MODEL_LINES_KEPT 1024u

int model__init(struct model *model);
void model__close(struct model *model);

struct source;
/* A new state, of now: since the last refresh. The caller waits in between. */
int model__refresh(struct model *model, struct source *source);

/* ---- reading it ---- */

static inline unsigned int model__nr(const struct model *model, enum model_table table)
{
	return model->tables[table].nr;
}

const void *model__row(const struct model *model, enum model_table table, unsigned int index);
/* The index of the row with this key, or -1. */
int model__find(const struct model *model, enum model_table table, const struct model_key *key);
static inline const struct model_key *model__key(const void *row)
{
	return row;
}

/* Of a child (IOAS, PASID) the row it belongs to, which stands before it; else NULL. */
const void *model__parent(const struct model *model, enum model_table table, unsigned int index);

/* ---- columns ---- */

/* How a field lies in its row, and so how it is read. */
enum model_type {
	MODEL_U32,
	MODEL_U64,
	MODEL_S32,
	MODEL_S64,
	MODEL_BOOL,
	MODEL_CHARS,   /* an array, which need not end with a NUL */
	MODEL_STRING,   /* a pointer, NULL if there is none */
};

/* What a value means; it follows how it is shown, and the end of its name in JSON. */
enum model_unit {
	MODEL_UNIT_NONE,	 /* a text, a flag */
	MODEL_UNIT_ID,   /* EVENT_NONE: none */
	MODEL_UNIT_COUNT,
	MODEL_UNIT_BYTES,  /* _bytes */
	MODEL_UNIT_NS,   /* _ns */
	MODEL_UNIT_ADDR,	 /* "0x..." */
	MODEL_UNIT_HEX, /* "0x..." */
	MODEL_UNIT_SBDF,	 /* "0000:00:04.0" */
	MODEL_UNIT_SHARE,  /* in 1/100 of a percent; _percent */
	MODEL_UNIT_RATE,	 /* events in the interval; shown to people as so many a second */
	MODEL_UNIT_BYTE_RATE,  /* bytes in the interval; the same, _bytes */
	MODEL_UNIT_TIME,	 /* CLOCK_MONOTONIC, in ns; shown as the time of day; _ns */
	MODEL_UNIT_RANGE,  /* enum model_range_kind, by name */
};

/* What it is to OpenMetrics. */
enum model_metric {
	MODEL_NO_METRIC,
	MODEL_LABEL,   /* tells the row from others */
	MODEL_INFO,   /* a label of the row's _info metric */
	MODEL_GAUGE,
	MODEL_COUNTER,   /* since the start, or since the kernel began to count */
};

#define MODEL_COLUMN_WIDE (1u << 0) /* for those who have room: not in the usual set */
#define MODEL_COLUMN_EXACT (1u << 1) /* a number that people, too, want in full: an id */
#define MODEL_COLUMN_ALWAYS (1u << 2) /* all ones is a value as any other */

struct model_column {
	const char *name;  /* key: "pinned"; JSON and CSV add the unit */
	const char *title;  /* heading: "PINNED" */
	const char *summary;  /* one line, for help, manual page and metrics */
	enum model_type type;
	enum model_unit unit;
	enum model_metric metric;
	unsigned int offset;
	unsigned int size;  /* of the field */
	unsigned int kinds;  /* bit for each enum model_kind that has it */
	unsigned int width;  /* of the usual cell, in columns of the screen */
	unsigned int flags;  /* MODEL_COLUMN_* */
};

struct model_table_info {
	const char *name;  /* "nodes": of the key in JSON, of --view */
	const char *title;  /* of the view, for people */
	const struct model_column *columns;
	unsigned int nr_columns;
	unsigned int row_size;
	const char *sort;  /* column to sort by unless told otherwise; NULL: as it is */
	bool is_tree;   /* rows of two kinds: children stay with their parent */
};

extern const struct model_table_info model_tables[MODEL_TABLES];
/* "context", "ioas"...: "kind" in JSON, and how metrics of such rows begin, after "iommufd_" */
extern const char *const model_kind_names[MODEL_KINDS];

/* By name; -1 or NULL if there is none. */
int model__table_by_name(const char *name);
const struct model_column *model__column(enum model_table table, const char *name);

/* Is the column one of this row's kind, and is there a value? */
bool model__has(const struct model_column *column, const void *row);
/* Of a number, zero-extended or sign-extended; only if model__has(). */
__u64 model__number(const struct model_column *column, const void *row);
/* Of a text, as it came, and at most *size bytes long; only if model__has(). */
const char *model__text(const struct model_column *column, const void *row, size_t *size);

/* A cell for people, clean: "1.5M", "12/s", "-". utf8: characters beyond ASCII may stay. */
#define MODEL_CELL 256
char *model__format(char cell[MODEL_CELL], const struct model *model,
		    const struct model_column *column, const void *row, bool utf8);

/* Are numbers: right-aligned. */
bool model__is_number(const struct model_column *column);

/*
 * Order by a column: negative, 0 or positive. Numbers that are not there come last, whatever the
 * direction, texts are compared without regard to case.
 */
int model__compare(const struct model_column *column, const void *a, const void *b,
		   bool descending);

/*
 * Fills order[] with indexes of rows, sorted by the column (NULL: as they are); in a tree children
 * are sorted among themselves, below their parent. Returns how many; order has room for all.
 */
unsigned int model__order(const struct model *model, enum model_table table,
			  const struct model_column *column, bool descending, unsigned int *order);

/* Has any cell of the row, as people see it, this text in it? Without regard to case. */
bool model__matches(const struct model *model, enum model_table table, const void *row,
		    const char *text);

#endif /* _IOMMUTOP_MODEL_H */
