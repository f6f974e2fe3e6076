// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of columns: what there is to say about each row of the model, see model.h.
 *
 * Screen, batch text, JSON, CSV and metrics are made from it, and a test compares it with the
 * manual page. Names are an interface: one may be added, none changes its meaning.
 *
 * A column of what happened is there twice: as it was in the last interval, and with "_total"
 * behind its name since the start.
 */
#include <string.h>

#include "model/model.h"

#define TYPE_OF(field) \
	_Generic((field), \
		__u32: MODEL_U32, \
		__s32: MODEL_S32, \
		__u64: MODEL_U64, \
		__s64: MODEL_S64, \
		bool: MODEL_BOOL, \
		char *: MODEL_CHARS, \
		const char *: MODEL_STRING)
#define FIELD(row, field) \
	TYPE_OF(((row *)0)->field), offsetof(row, field), sizeof(((row *)0)->field)
#define MAKE(name, title, unit, metric, kinds, width, flags, type, offset, size, summary) \
	{ name, title, summary, type, MODEL_UNIT_##unit, metric, offset, size, kinds, width, flags }
/* Expanded once more, since FIELD() stands for three arguments. */
#define EXPAND(...) MAKE(__VA_ARGS__)
#define COLUMN(row, field, name, title, unit, metric, kinds, width, flags, summary) \
	EXPAND(name, title, unit, metric, kinds, width, flags, FIELD(row, field), summary)

#define NOT MODEL_NO_METRIC
#define LABEL MODEL_LABEL
#define INFO MODEL_INFO
#define GAUGE MODEL_GAUGE
#define COUNTER MODEL_COUNTER
#define CTX (1u << MODEL_KIND_CTX)
#define IOAS (1u << MODEL_KIND_IOAS)
#define BOTH (CTX | IOAS)
#define DEVICE (1u << MODEL_KIND_DEVICE)
#define PASID (1u << MODEL_KIND_PASID)
#define ALL (~0u)
#define WIDE MODEL_COLUMN_WIDE
#define EXACT MODEL_COLUMN_EXACT

#define NODE(field, ...) COLUMN(struct model_node, field, __VA_ARGS__)

#define NODE_LATENCY(op, name, title, what, usual) \
	NODE(latency[op].count, name "_count", title "-N", COUNT, NOT, BOTH, 6, WIDE, \
	     what " measured, in the interval"), \
		NODE(latency[op].p50_ns, name "_p50", title "-P50", NS, GAUGE, BOTH, 7, usual, \
		     "half of all " what " took no longer, in the interval"), \
		NODE(latency[op].p90_ns, name "_p90", title "-P90", NS, NOT, BOTH, 7, WIDE, \
		     "nine of ten " what " took no longer, in the interval"), \
		NODE(latency[op].p99_ns, name "_p99", title "-P99", NS, GAUGE, BOTH, 7, usual, \
		     "99 of 100 " what " took no longer, in the interval"), \
		NODE(latency[op].max_ns, name "_max", title "-MAX", NS, NOT, BOTH, 7, WIDE, \
		     "the longest of " what ", in the interval"), \
		NODE(latency_total[op].p50_ns, name "_p50_total", title "-P50T", NS, NOT, BOTH, 7, \
		     WIDE, "half of all " what " took no longer, since the start"), \
		NODE(latency_total[op].p99_ns, name "_p99_total", title "-P99T", NS, NOT, BOTH, 7, \
		     WIDE, "99 of 100 " what " took no longer, since the start")

static const struct model_column nodes[] = {
	NODE(ctx, "ctx", "CTX", ID, LABEL, BOTH, 4, EXACT, "context: one open file of /dev/iommu"),
	NODE(ioas, "ioas", "IOAS", ID, LABEL, IOAS, 4, EXACT, "address space"),
	NODE(tgid, "pid", "PID", ID, INFO, BOTH, 7, EXACT, "process that opened the file"),
	NODE(comm, "comm", "COMM", NONE, INFO, BOTH, 15, 0, "name of the thread that opened it"),
	NODE(uid, "uid", "UID", ID, INFO, BOTH, 6, WIDE | EXACT, "user that opened it"),
	NODE(machine, "machine", "MACHINE", NONE, INFO, BOTH, 12, 0,
	     "virtual machine or container, from the cgroup"),
	NODE(cgroup, "cgroup", "CGROUP", NONE, INFO, CTX, 24, WIDE, "cgroup of the process"),
	NODE(devices, "devices", "DEVICES", NONE, NOT, BOTH, 14, 0,
	     "devices bound to the context, or attached to the address space"),
	NODE(nr_devices, "nr_devices", "DEVS", COUNT, GAUGE, BOTH, 4, WIDE, "how many devices"),
	NODE(nr_pasids, "nr_pasids", "PASIDS", COUNT, GAUGE, BOTH, 6, WIDE, "how many PASIDs"),
	NODE(nr_ioases, "nr_ioases", "IOASES", COUNT, GAUGE, CTX, 6, WIDE, "address spaces"),
	NODE(objects, "objects", "OBJECTS", COUNT, GAUGE, CTX, 7, WIDE, "objects of all types"),
	NODE(areas, "areas", "AREAS", COUNT, GAUGE, BOTH, 6, 0, "areas mapped"),
	NODE(mapped, "mapped", "MAPPED", BYTES, GAUGE, BOTH, 7, 0, "memory in them"),
	NODE(pinned, "pinned", "PINNED", BYTES, GAUGE, BOTH, 7, 0,
	     "memory pinned; a context counts what its address spaces share once"),
	NODE(runs, "runs", "RUNS", COUNT, GAUGE, BOTH, 6, WIDE,
	     "pieces of contiguous memory in page tables"),
	NODE(grown, "grown", "GROWN", BYTES, NOT, BOTH, 7, WIDE,
	     "change of pinned in the interval"),
	NODE(grown_total, "grown_total", "GROWTH", BYTES, NOT, BOTH, 7, 0,
	     "change of pinned since the start"),
	NODE(limit, "limit", "LIMIT", BYTES, GAUGE, CTX, 6, WIDE, "RLIMIT_MEMLOCK of the process"),
	NODE(limit_used, "limit_used", "USED", BYTES, GAUGE, CTX, 6, WIDE,
	     "what counts against it: pinned by the user, or by the process"),
	NODE(limit_share, "limit_share", "%LIM", SHARE, NOT, CTX, 5, 0,
	     "share of the limit that is in use"),
	NODE(now.maps, "maps", "MAP/S", RATE, NOT, BOTH, 6, 0, "maps, in the interval"),
	NODE(total.maps, "maps_total", "MAPS", COUNT, COUNTER, BOTH, 7, WIDE,
	     "maps, since the start"),
	NODE(now.map_bytes, "map_bytes", "MAPB/S", BYTE_RATE, NOT, BOTH, 7, 0,
	     "memory mapped, in the interval"),
	NODE(total.map_bytes, "map_bytes_total", "MAPPED-T", BYTES, COUNTER, BOTH, 8, WIDE,
	     "memory mapped, since the start"),
	NODE(now.map_pages, "map_pages", "PAGES/S", RATE, NOT, BOTH, 7, WIDE,
	     "pages pinned by maps, in the interval"),
	NODE(total.map_pages, "map_pages_total", "PAGES", COUNT, COUNTER, BOTH, 7, WIDE,
	     "pages pinned by maps, since the start"),
	NODE(now.map_failed, "maps_failed", "MAPX/S", RATE, NOT, BOTH, 6, WIDE,
	     "maps that failed, in the interval"),
	NODE(total.map_failed, "maps_failed_total", "MAPX", COUNT, COUNTER, BOTH, 6, WIDE,
	     "maps that failed, since the start"),
	NODE(now.unmaps, "unmaps", "UNM/S", RATE, NOT, BOTH, 6, 0, "unmaps, in the interval"),
	NODE(total.unmaps, "unmaps_total", "UNMAPS", COUNT, COUNTER, BOTH, 7, WIDE,
	     "unmaps, since the start"),
	NODE(now.unmap_bytes, "unmap_bytes", "UNMB/S", BYTE_RATE, NOT, BOTH, 7, WIDE,
	     "memory unmapped, in the interval"),
	NODE(total.unmap_bytes, "unmap_bytes_total", "UNMAPPED-T", BYTES, COUNTER, BOTH, 8, WIDE,
	     "memory unmapped, since the start"),
	NODE(now.unmap_failed, "unmaps_failed", "UNMX/S", RATE, NOT, BOTH, 6, WIDE,
	     "unmaps that failed, in the interval"),
	NODE(total.unmap_failed, "unmaps_failed_total", "UNMX", COUNT, COUNTER, BOTH, 6, WIDE,
	     "unmaps that failed, since the start"),
	NODE(now.copies, "copies", "COPY/S", RATE, NOT, BOTH, 6, WIDE,
	     "mappings copied here, in the interval"),
	NODE(total.copies, "copies_total", "COPIES", COUNT, COUNTER, BOTH, 6, WIDE,
	     "mappings copied here, since the start"),
	NODE(now.copy_bytes, "copy_bytes", "COPYB/S", BYTE_RATE, NOT, BOTH, 7, WIDE,
	     "memory copied here, in the interval"),
	NODE(total.copy_bytes, "copy_bytes_total", "COPIED-T", BYTES, COUNTER, BOTH, 8, WIDE,
	     "memory copied here, since the start"),
	NODE(now.copy_failed, "copies_failed", "COPYX/S", RATE, NOT, BOTH, 7, WIDE,
	     "copies that failed, in the interval"),
	NODE(total.copy_failed, "copies_failed_total", "COPYX", COUNT, COUNTER, BOTH, 6, WIDE,
	     "copies that failed, since the start"),
	NODE_LATENCY(MODEL_PIN, "pin", "PIN", "pins", 0),
	NODE_LATENCY(MODEL_MAP, "map", "MAP", "maps", 0),
	NODE_LATENCY(MODEL_UNMAP, "unmap", "UNM", "unmaps", WIDE),
};

#define DEV(field, ...) COLUMN(struct model_device, field, __VA_ARGS__)

static const struct model_column devices[] = {
	DEV(ctx, "ctx", "CTX", ID, LABEL, ALL, 4, EXACT, "context that it is bound to"),
	DEV(id, "id", "ID", ID, LABEL, ALL, 4, EXACT, "object: a device, or a PASID of it"),
	DEV(tgid, "pid", "PID", ID, INFO, ALL, 7, EXACT, "process that opened the context"),
	DEV(comm, "comm", "COMM", NONE, INFO, ALL, 15, 0, "name of the thread that opened it"),
	DEV(machine, "machine", "MACHINE", NONE, INFO, ALL, 12, 0,
	    "virtual machine or container, from the cgroup"),
	DEV(device, "device", "DEV", ID, NOT, ALL, 4, WIDE | EXACT, "object of the device"),
	DEV(name, "name", "DEVICE", NONE, INFO, ALL, 14, 0, "name of the device"),
	DEV(sbdf, "bdf", "BDF", SBDF, INFO, ALL, 12, WIDE, "its PCI address"),
	DEV(group, "group", "GROUP", ID, INFO, DEVICE, 5, EXACT, "IOMMU group"),
	DEV(vendor, "vendor", "VEN", HEX, INFO, ALL, 6, WIDE, "PCI vendor"),
	DEV(product, "product", "PROD", HEX, INFO, ALL, 6, WIDE, "PCI device number"),
	DEV(pasid, "pasid", "PASID", ID, INFO, PASID, 6, EXACT, "PASID: the number on the bus"),
	DEV(virt_pasid, "virt_pasid", "VPASID", ID, INFO, PASID, 6, EXACT,
	    "the number that a guest knows it by"),
	DEV(nr_pasids, "nr_pasids", "PASIDS", COUNT, GAUGE, DEVICE, 6, 0, "PASIDs attached"),
	DEV(attached, "attached", "ATTACHED", NONE, INFO, ALL, 20, 0, "what it is attached to"),
	DEV(hwpt, "hwpt", "HWPT", ID, NOT, ALL, 4, WIDE | EXACT, "page table in use"),
	DEV(ioas, "ioas", "IOAS", ID, NOT, ALL, 4, WIDE | EXACT, "address space behind it"),
	DEV(faults, "faults", "FAULT/S", RATE, NOT, ALL, 7, 0, "faults, in the interval"),
	DEV(faults_total, "faults_total", "FAULTS", COUNT, COUNTER, ALL, 7, 0,
	    "faults, since the start"),
};

#define FLT(field, ...) COLUMN(struct model_fault, field, __VA_ARGS__)

static const struct model_column faults[] = {
	FLT(ctx, "ctx", "CTX", ID, LABEL, ALL, 4, EXACT, "context of the device"),
	FLT(device, "device", "DEV", ID, LABEL, ALL, 4, WIDE | EXACT, "object of the device"),
	FLT(pasid, "pasid", "PASID", ID, LABEL, ALL, 6, EXACT, "PASID, 0 for the whole device"),
	FLT(name, "name", "DEVICE", NONE, INFO, ALL, 14, 0, "name of the device"),
	FLT(sbdf, "bdf", "BDF", SBDF, LABEL, ALL, 12, WIDE, "its PCI address"),
	FLT(tgid, "pid", "PID", ID, INFO, ALL, 7, EXACT, "process that opened the context"),
	FLT(comm, "comm", "COMM", NONE, INFO, ALL, 15, 0, "name of the thread that opened it"),
	FLT(machine, "machine", "MACHINE", NONE, INFO, ALL, 12, WIDE,
	    "virtual machine or container, from the cgroup"),
	FLT(groups, "requests", "REQ/S", RATE, NOT, ALL, 6, 0,
	    "groups of page requests, in the interval"),
	FLT(groups_total, "requests_total", "REQS", COUNT, COUNTER, ALL, 6, 0,
	    "groups of page requests, since the start"),
	FLT(done, "done", "DONE/S", RATE, NOT, ALL, 6, WIDE,
	    "answered with success, in the interval"),
	FLT(done_total, "done_total", "DONE", COUNT, COUNTER, ALL, 6, 0,
	    "answered with success, since the start"),
	FLT(invalid, "invalid", "INV/S", RATE, NOT, ALL, 6, WIDE,
	    "answered as invalid, in the interval"),
	FLT(invalid_total, "invalid_total", "INVALID", COUNT, COUNTER, ALL, 7, 0,
	    "answered as invalid, since the start"),
	FLT(failed, "failed", "FAIL/S", RATE, NOT, ALL, 6, WIDE,
	    "answered as failure, in the interval"),
	FLT(failed_total, "failed_total", "FAILED", COUNT, COUNTER, ALL, 6, WIDE,
	    "answered as failure, since the start"),
	FLT(dma, "dma_faults", "DMA/S", RATE, NOT, ALL, 6, 0,
	    "DMA that the IOMMU stopped, in the interval"),
	FLT(dma_total, "dma_faults_total", "DMA", COUNT, COUNTER, ALL, 6, 0,
	    "DMA that the IOMMU stopped, since the start"),
	FLT(latency.p50_ns, "response_p50", "P50", NS, GAUGE, ALL, 7, 0,
	    "half of the responses came no later, in the interval"),
	FLT(latency.p99_ns, "response_p99", "P99", NS, GAUGE, ALL, 7, 0,
	    "99 of 100 responses came no later, in the interval"),
	FLT(latency.max_ns, "response_max", "MAX", NS, NOT, ALL, 7, WIDE,
	    "the latest response, in the interval"),
	FLT(latency_total.p50_ns, "response_p50_total", "P50T", NS, NOT, ALL, 7, WIDE,
	    "half of the responses came no later, since the start"),
	FLT(latency_total.p99_ns, "response_p99_total", "P99T", NS, NOT, ALL, 7, WIDE,
	    "99 of 100 responses came no later, since the start"),
};

#define LINE(field, ...) COLUMN(struct model_line, field, __VA_ARGS__)

static const struct model_column lines[] = {
	LINE(key.number, "number", "N", COUNT, NOT, ALL, 6, WIDE | EXACT,
	     "number of the line, from 1"),
	LINE(time_ns, "time", "TIME", TIME, NOT, ALL, 12, 0, "when it happened"),
	LINE(what, "what", "WHAT", NONE, NOT, ALL, 9, 0,
	     "request, response, DMA fault, or refused"),
	LINE(tgid, "pid", "PID", ID, NOT, ALL, 7, EXACT, "process"),
	LINE(comm, "comm", "COMM", NONE, NOT, ALL, 15, 0, "its name"),
	LINE(ctx, "ctx", "CTX", ID, NOT, ALL, 4, EXACT, "context"),
	LINE(device, "device", "DEV", ID, NOT, ALL, 4, WIDE | EXACT, "object of the device"),
	LINE(name, "name", "DEVICE", NONE, NOT, ALL, 14, 0, "name of the device"),
	LINE(sbdf, "bdf", "BDF", SBDF, NOT, ALL, 12, WIDE, "its PCI address"),
	LINE(pasid, "pasid", "PASID", ID, NOT, ALL, 6, EXACT, "PASID"),
	LINE(addr, "addr", "ADDRESS", ADDR, NOT, ALL, 18, 0, "address asked for"),
	LINE(access, "access", "ACC", NONE, NOT, ALL, 4, 0,
	     "access asked for: r, w, x; p: as the kernel"),
	LINE(latency_ns, "latency", "LATENCY", NS, NOT, ALL, 7, 0,
	     "of a response: time since the request"),
	LINE(reason, "reason", "REASON", NONE, NOT, ALL, 30, 0, "why, or how it ended"),
};

#define SIZE(field, ...) COLUMN(struct model_size, field, __VA_ARGS__)
#define SIZE_LATENCY(op, name, title, what) \
	SIZE(latency[op].p50_ns, name "_p50", title "-P50", NS, NOT, ALL, 7, 0, \
	     "half of all " what " took no longer, in the interval"), \
		SIZE(latency[op].p90_ns, name "_p90", title "-P90", NS, NOT, ALL, 7, WIDE, \
		     "nine of ten " what " took no longer, in the interval"), \
		SIZE(latency[op].p99_ns, name "_p99", title "-P99", NS, NOT, ALL, 7, 0, \
		     "99 of 100 " what " took no longer, in the interval"), \
		SIZE(latency[op].max_ns, name "_max", title "-MAX", NS, NOT, ALL, 7, WIDE, \
		     "the longest of " what ", in the interval"), \
		SIZE(latency_total[op].p50_ns, name "_p50_total", title "-P50T", NS, NOT, ALL, 8, \
		     0, "half of all " what " took no longer, since the start"), \
		SIZE(latency_total[op].p99_ns, name "_p99_total", title "-P99T", NS, NOT, ALL, 8, \
		     0, "99 of 100 " what " took no longer, since the start")

static const struct model_column sizes[] = {
	SIZE(first, "first", "FROM", BYTES, NOT, ALL, 6, 0, "shortest length"),
	SIZE(last, "last", "TO", BYTES, LABEL, ALL, 6, WIDE, "longest length"),
	SIZE(maps, "maps", "MAP/S", RATE, NOT, ALL, 7, 0, "maps, in the interval"),
	SIZE(maps_total, "maps_total", "MAPS", COUNT, COUNTER, ALL, 8, 0, "maps, since the start"),
	SIZE(bytes, "map_bytes", "MAPB/S", BYTE_RATE, NOT, ALL, 7, 0,
	     "memory mapped, in the interval"),
	SIZE(bytes_total, "map_bytes_total", "MAPPED-T", BYTES, COUNTER, ALL, 8, WIDE,
	     "memory mapped, since the start"),
	SIZE_LATENCY(MODEL_PIN, "pin", "PIN", "pins"),
	SIZE_LATENCY(MODEL_MAP, "map", "MAP", "maps"),
};

#define AREA(field, ...) COLUMN(struct model_area, field, __VA_ARGS__)

static const struct model_column areas[] = {
	AREA(first, "first", "FROM", BYTES, NOT, ALL, 6, 0, "shortest length"),
	AREA(last, "last", "TO", BYTES, NOT, ALL, 6, WIDE, "longest length"),
	AREA(areas, "areas", "AREAS", COUNT, NOT, ALL, 7, 0, "areas of such a length"),
	AREA(bytes, "length", "BYTES", BYTES, NOT, ALL, 7, 0, "memory in them"),
};

#define RANGE(field, ...) COLUMN(struct model_range, field, __VA_ARGS__)

static const struct model_column ranges[] = {
	RANGE(first, "first", "FIRST", ADDR, NOT, ALL, 18, 0, "lowest address"),
	RANGE(last, "last", "LAST", ADDR, NOT, ALL, 18, MODEL_COLUMN_ALWAYS, "highest address"),
	RANGE(kind, "use", "USE", RANGE, NOT, ALL, 8, 0, "used, free or reserved"),
	RANGE(areas, "areas", "AREAS", COUNT, NOT, ALL, 7, 0, "areas in it"),
	RANGE(bytes, "length", "BYTES", BYTES, NOT, ALL, 7, 0,
	      "its length; of a used range, what is mapped in it"),
};

#define POL(field, ...) COLUMN(struct model_policy, field, __VA_ARGS__)
#define HOOK(field, ...) COLUMN(struct model_hook, field, __VA_ARGS__)
#define VERDICTS(of) \
	of(allowed_now, "allowed_now", "ALLOW/S", RATE, NOT, ALL, 7, WIDE, \
	   "calls it agreed to, in the interval"), \
		of(allowed, "allowed", "ALLOWED", COUNT, COUNTER, ALL, 8, 0, \
		   "calls it agreed to, since it was loaded"), \
		of(denied_now, "denied_now", "DENY/S", RATE, NOT, ALL, 7, 0, \
		   "calls it refused, in the interval"), \
		of(denied, "denied", "DENIED", COUNT, COUNTER, ALL, 7, 0, \
		   "calls it refused, since it was loaded"), \
		of(would_deny_now, "would_deny_now", "WOULD/S", RATE, NOT, ALL, 7, WIDE, \
		   "calls it would refuse if it were not for audit only, in the interval"), \
		of(would_deny, "would_deny", "WOULD", COUNT, COUNTER, ALL, 7, 0, \
		   "calls it would refuse if it were not for audit only, since it was loaded")

static const struct model_column policies[] = {
	POL(id, "id", "ID", ID, LABEL, ALL, 4, EXACT, "number of its loading"),
	POL(name, "name", "NAME", NONE, LABEL, ALL, 12, 0, "its name"),
	POL(priority, "priority", "PRIO", COUNT, INFO, ALL, 5, EXACT,
	    "those of higher priority are asked first"),
	POL(audit, "audit", "AUDIT", NONE, INFO, ALL, 5, 0, "verdicts are counted only"),
	POL(cgroup, "cgroup", "CGROUP", NONE, INFO, ALL, 16, 0, "whom it is for; none: all"),
	POL(hooks, "hooks", "HOOKS", NONE, INFO, ALL, 20, WIDE, "what it is asked about"),
	VERDICTS(POL),
	POL(last_hook, "last_hook", "LAST", NONE, NOT, ALL, 12, WIDE, "hook of its last refusal"),
	POL(last_error, "last_error", "ERROR", NONE, NOT, ALL, 7, 0, "error of its last refusal"),
	POL(last_tgid, "last_pid", "LASTPID", ID, NOT, ALL, 7, WIDE | EXACT,
	    "process refused last"),
	POL(reason, "reason", "REASON", NONE, NOT, ALL, 24, 0, "why it refused last"),
};

static const struct model_column hooks[] = {
	HOOK(id, "id", "ID", ID, LABEL, ALL, 4, EXACT, "number of the policy's loading"),
	HOOK(name, "name", "NAME", NONE, LABEL, ALL, 12, 0, "name of the policy"),
	HOOK(hook, "hook", "HOOK", NONE, LABEL, ALL, 12, 0, "what it was asked about"),
	VERDICTS(HOOK),
};

#define SELF(field, ...) COLUMN(struct model_self, field, __VA_ARGS__)

static const struct model_column self[] = {
	SELF(cpu_ns, "cpu", "CPU", NS, NOT, ALL, 7, 0, "its CPU time, in the interval"),
	SELF(cpu_total_ns, "cpu_total", "CPU-T", NS, COUNTER, ALL, 7, 0,
	     "its CPU time, since the start"),
	SELF(refresh_ns, "refresh", "REFRESH", NS, GAUGE, ALL, 7, 0, "time of the last refresh"),
	SELF(rss, "rss", "RSS", BYTES, GAUGE, ALL, 6, 0, "its memory"),
	SELF(maps_bytes, "maps", "MAPS", BYTES, GAUGE, ALL, 6, 0, "memory of its BPF maps"),
	SELF(bpf_ns, "bpf", "BPF", NS, NOT, ALL, 7, 0,
	     "time in its BPF programs, in the interval; only with --self-stats"),
	SELF(bpf_total_ns, "bpf_total", "BPF-T", NS, COUNTER, ALL, 7, 0,
	     "time in its BPF programs, since the start; only with --self-stats"),
	SELF(bpf_runs, "bpf_runs", "RUN/S", RATE, NOT, ALL, 7, 0,
	     "runs of its BPF programs, in the interval; only with --self-stats"),
	SELF(bpf_runs_total, "bpf_runs_total", "RUNS", COUNT, COUNTER, ALL, 7, WIDE,
	     "runs of its BPF programs, since the start; only with --self-stats"),
	SELF(lost_lines, "lost_lines", "LOST", COUNT, COUNTER, ALL, 6, 0,
	     "faults without a line, since the buffer was full"),
	SELF(lost_counts, "lost_counts", "UNCOUNTED", COUNT, COUNTER, ALL, 9, 0,
	     "events without a counter"),
	SELF(missed, "missed", "MISSED", COUNT, COUNTER, ALL, 6, 0,
	     "BPF programs that the kernel did not run"),
	SELF(cut, "cut", "CUT", COUNT, GAUGE, ALL, 6, 0, "rows that did not fit"),
};

#define TABLE(name, title, array, row, sort, tree) \
	{ name, title, array, sizeof(array) / sizeof((array)[0]), sizeof(row), sort, tree }

const struct model_table_info model_tables[MODEL_TABLES] = {
	[MODEL_NODES] = TABLE("contexts", "Contexts and address spaces", nodes, struct model_node,
			      "pinned", true),
	[MODEL_DEVICES] =
		TABLE("devices", "Devices and PASIDs", devices, struct model_device, NULL, true),
	[MODEL_FAULTS] = TABLE("faults", "Faults by device and PASID", faults, struct model_fault,
			       "requests", false),
	[MODEL_LINES] = TABLE("lines", "The last faults", lines, struct model_line, NULL, false),
	[MODEL_SIZES] = TABLE("sizes", "Maps by length", sizes, struct model_size, NULL, false),
	[MODEL_AREAS] = TABLE("areas", "Areas by length", areas, struct model_area, NULL, false),
	[MODEL_RANGES] = TABLE("ranges", "Addresses", ranges, struct model_range, NULL, false),
	[MODEL_POLICIES] =
		TABLE("policies", "Policies", policies, struct model_policy, NULL, false),
	[MODEL_HOOKS] = TABLE("hooks", "Policies by hook", hooks, struct model_hook, NULL, false),
	[MODEL_SELF] = TABLE("self", "iommutop itself", self, struct model_self, NULL, false),
};

/* clang-format off */
const char *const model_kind_names[MODEL_KINDS] = {
	[MODEL_KIND_CTX] = "context",
	[MODEL_KIND_IOAS] = "ioas",
	[MODEL_KIND_DEVICE] = "device",
	[MODEL_KIND_PASID] = "pasid",
	[MODEL_KIND_FAULT] = "fault",
	[MODEL_KIND_LINE] = "line",
	[MODEL_KIND_SIZE] = "size",
	[MODEL_KIND_AREA] = "area",
	[MODEL_KIND_RANGE] = "range",
	[MODEL_KIND_POLICY] = "policy",
	[MODEL_KIND_HOOK] = "policy_hook",
	[MODEL_KIND_SELF] = "top",
};

/* clang-format on */

int model__table_by_name(const char *name)
{
	int table;

	for (table = 0; table < MODEL_TABLES; table++)
		if (!strcmp(model_tables[table].name, name))
			return table;
	return -1;
}

const struct model_column *model__column(enum model_table table, const char *name)
{
	const struct model_table_info *info = &model_tables[table];
	unsigned int i;

	for (i = 0; i < info->nr_columns; i++)
		if (!strcmp(info->columns[i].name, name))
			return &info->columns[i];
	return NULL;
}
