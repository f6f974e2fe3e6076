// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of columns, see model.h; and the views of --view.
 *
 * Screen, text, JSON, CSV and metrics are made from this table, and a test compares it with the
 * manual page. The names are an interface: one may be added, but none changes its meaning.
 *
 * A count has two columns: one for the last interval, and one with "_total" in its name for the
 * time since iommutop started.
 */
#include <stdio.h>
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
/* A second expansion, because FIELD() stands for three arguments. */
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

#define NODE_LATENCY(op, name, title, what, flags) \
	NODE(latency[op].count, name "_count", title "-N", COUNT, NOT, BOTH, 6, WIDE, \
	     "number of " what " measured in the interval"), \
		NODE(latency[op].p50_ns, name "_p50", title "-P50", NS, GAUGE, BOTH, 7, flags, \
		     "median time of " what " in the interval"), \
		NODE(latency[op].p90_ns, name "_p90", title "-P90", NS, NOT, BOTH, 7, WIDE, \
		     "90th percentile of the time of " what " in the interval"), \
		NODE(latency[op].p99_ns, name "_p99", title "-P99", NS, GAUGE, BOTH, 7, flags, \
		     "99th percentile of the time of " what " in the interval"), \
		NODE(latency[op].max_ns, name "_max", title "-MAX", NS, NOT, BOTH, 7, WIDE, \
		     "longest time of " what " in the interval"), \
		NODE(latency_total[op].p50_ns, name "_p50_total", title "-P50T", NS, NOT, BOTH, 7, \
		     WIDE, "median time of " what " since the start"), \
		NODE(latency_total[op].p99_ns, name "_p99_total", title "-P99T", NS, NOT, BOTH, 7, \
		     WIDE, "99th percentile of the time of " what " since the start")

static const struct model_column nodes[] = {
	NODE(machine, "machine", "MACHINE", NONE, LABEL, BOTH, 12, 0,
	     "virtual machine or container, from the cgroup"),
	NODE(ctx, "ctx", "CTX", ID, LABEL, BOTH, 4, EXACT, "context: an open file of /dev/iommu"),
	NODE(ioas, "ioas", "IOAS", ID, LABEL, IOAS, 4, EXACT, "address space of the context"),
	NODE(tgid, "pid", "PID", ID, INFO, BOTH, 7, EXACT,
	     "process that maps through the context, or opened it"),
	NODE(comm, "comm", "COMM", NONE, INFO, BOTH, 15, 0, "name of that process"),
	NODE(uid, "uid", "UID", ID, INFO, BOTH, 6, WIDE | EXACT, "user of that process"),
	NODE(opener_tgid, "opener_pid", "OPENER", ID, INFO, CTX, 7, WIDE | EXACT,
	     "process that opened the context"),
	NODE(nr_payers, "nr_payers", "PAYERS", COUNT, GAUGE, CTX, 6, WIDE,
	     "processes that memory is charged to"),
	NODE(cgroup, "cgroup", "CGROUP", NONE, INFO, CTX, 24, WIDE, "cgroup of the process"),
	NODE(devices, "devices", "DEVICES", NONE, NOT, BOTH, 14, 0,
	     "devices bound to the context, or attached to the address space"),
	NODE(nr_devices, "nr_devices", "DEVS", COUNT, GAUGE, BOTH, 4, WIDE, "number of devices"),
	NODE(nr_pasids, "nr_pasids", "PASIDS", COUNT, GAUGE, BOTH, 6, WIDE, "number of PASIDs"),
	NODE(nr_ioases, "nr_ioases", "IOASES", COUNT, GAUGE, CTX, 6, WIDE,
	     "number of address spaces"),
	NODE(objects, "objects", "OBJECTS", COUNT, GAUGE, CTX, 7, WIDE,
	     "number of objects of all types"),
	NODE(areas, "areas", "AREAS", COUNT, GAUGE, BOTH, 6, 0, "number of mapped areas"),
	NODE(mapped, "mapped", "MAPPED", BYTES, GAUGE, BOTH, 7, 0, "memory mapped"),
	NODE(pinned, "pinned", "PINNED", BYTES, GAUGE, BOTH, 7, 0,
	     "memory pinned; a context counts pages shared by its address spaces once"),
	NODE(runs, "runs", "RUNS", COUNT, GAUGE, BOTH, 6, WIDE,
	     "physically contiguous runs of pages"),
	NODE(run_size, "run_size", "RUN", BYTES, GAUGE, BOTH, 6, WIDE,
	     "size of a run on average: the smaller, the more fragmented is the memory"),
	NODE(huge, "huge", "HUGE", BYTES, GAUGE, BOTH, 6, WIDE, "memory in whole 2 MiB pages"),
	NODE(huge_share, "huge_share", "%HUGE", SHARE, GAUGE, BOTH, 6, WIDE,
	     "share of the memory in runs that is in whole 2 MiB pages"),
	NODE(grown, "grown", "GROWN", BYTES, NOT, BOTH, 7, WIDE,
	     "change of pinned memory in the interval"),
	NODE(grown_total, "grown_total", "GROWTH", BYTES, NOT, BOTH, 7, 0,
	     "change of pinned memory since the start"),
	NODE(growth_rate, "grown_per_minute", "+/MIN", BYTES, GAUGE, BOTH, 6, WIDE,
	     "steady growth of pinned memory per minute; 0 without"),
	NODE(limit_in_ns, "limit_in", "TO-LIM", NS, GAUGE, CTX, 6, WIDE,
	     "time to the limit at this growth"),
	NODE(charged, "charged", "CHARGED", BYTES, GAUGE, CTX, 7, WIDE,
	     "pinned memory that counts against a limit"),
	NODE(limit, "limit", "LIMIT", BYTES, GAUGE, CTX, 6, WIDE,
	     "RLIMIT_MEMLOCK of the payer that is nearest to its limit"),
	NODE(limit_used, "limit_used", "USED", BYTES, GAUGE, CTX, 6, WIDE,
	     "memory that the kernel counts against this limit, whatever locked it"),
	NODE(limit_share, "limit_share", "%LIM", SHARE, NOT, CTX, 5, 0, "used share of the limit"),
	NODE(areas_left, "areas_left", "LEFT", COUNT, GAUGE, CTX, 6, WIDE,
	     "areas that the limit of a VFIO container leaves"),
	NODE(tracks_dirty, "dirty_tracking", "DIRTY", COUNT, GAUGE, CTX, 5, WIDE,
	     "1 while a VFIO container tracks dirty pages, else 0"),
	NODE(mediated, "mediated", "MDEV", BYTES, GAUGE, CTX, 6, WIDE,
	     "memory that mediated devices have pinned in a VFIO container"),
	NODE(now.maps, "maps", "MAP/S", RATE, NOT, BOTH, 6, 0, "maps in the interval"),
	NODE(total.maps, "maps_total", "MAPS", COUNT, COUNTER, BOTH, 7, WIDE,
	     "maps since the start"),
	NODE(now.map_bytes, "map_bytes", "MAPB/S", BYTE_RATE, NOT, BOTH, 7, 0,
	     "memory mapped in the interval"),
	NODE(total.map_bytes, "map_bytes_total", "MAPPED-T", BYTES, COUNTER, BOTH, 8, WIDE,
	     "memory mapped since the start"),
	NODE(now.map_pages, "map_pages", "PAGES/S", RATE, NOT, BOTH, 7, WIDE,
	     "pages pinned by maps in the interval"),
	NODE(total.map_pages, "map_pages_total", "PAGES", COUNT, COUNTER, BOTH, 7, WIDE,
	     "pages pinned by maps since the start"),
	NODE(now.map_failed, "maps_failed", "MAPX/S", RATE, NOT, BOTH, 6, WIDE,
	     "failed maps in the interval"),
	NODE(total.map_failed, "maps_failed_total", "MAPX", COUNT, COUNTER, BOTH, 6, WIDE,
	     "failed maps since the start"),
	NODE(now.unmaps, "unmaps", "UNM/S", RATE, NOT, BOTH, 6, 0, "unmaps in the interval"),
	NODE(total.unmaps, "unmaps_total", "UNMAPS", COUNT, COUNTER, BOTH, 7, WIDE,
	     "unmaps since the start"),
	NODE(now.unmap_bytes, "unmap_bytes", "UNMB/S", BYTE_RATE, NOT, BOTH, 7, WIDE,
	     "memory unmapped in the interval"),
	NODE(total.unmap_bytes, "unmap_bytes_total", "UNMAPPED-T", BYTES, COUNTER, BOTH, 8, WIDE,
	     "memory unmapped since the start"),
	NODE(now.unmap_failed, "unmaps_failed", "UNMX/S", RATE, NOT, BOTH, 6, WIDE,
	     "failed unmaps in the interval"),
	NODE(total.unmap_failed, "unmaps_failed_total", "UNMX", COUNT, COUNTER, BOTH, 6, WIDE,
	     "failed unmaps since the start"),
	NODE(now.copies, "copies", "COPY/S", RATE, NOT, BOTH, 6, WIDE,
	     "mappings copied to here in the interval"),
	NODE(total.copies, "copies_total", "COPIES", COUNT, COUNTER, BOTH, 6, WIDE,
	     "mappings copied to here since the start"),
	NODE(now.copy_bytes, "copy_bytes", "COPYB/S", BYTE_RATE, NOT, BOTH, 7, WIDE,
	     "memory of copied mappings in the interval"),
	NODE(total.copy_bytes, "copy_bytes_total", "COPIED-T", BYTES, COUNTER, BOTH, 8, WIDE,
	     "memory of copied mappings since the start"),
	NODE(now.copy_failed, "copies_failed", "COPYX/S", RATE, NOT, BOTH, 7, WIDE,
	     "failed copies in the interval"),
	NODE(total.copy_failed, "copies_failed_total", "COPYX", COUNT, COUNTER, BOTH, 6, WIDE,
	     "failed copies since the start"),
	NODE_LATENCY(MODEL_PIN, "pin", "PIN", "pins", 0),
	NODE_LATENCY(MODEL_MAP, "map", "MAP", "maps", 0),
	NODE_LATENCY(MODEL_UNMAP, "unmap", "UNM", "unmaps", WIDE),
	NODE(open.age_ns, "age", "AGE", NS, GAUGE, CTX, 7, WIDE,
	     "time since the open of the context"),
	NODE(open.first_map_ns, "first_map", "1ST-MAP", NS, GAUGE, CTX, 7, WIDE,
	     "time from the open to the first map"),
	NODE(open.last_map_ns, "last_map", "LAST-MAP", NS, GAUGE, CTX, 8, WIDE,
	     "time from the open to the last map"),
	NODE(open.maps, "open_maps_total", "MAPS-O", COUNT, COUNTER, CTX, 7, WIDE,
	     "maps since the open"),
	NODE(open.maps_failed, "open_maps_failed_total", "MAPX-O", COUNT, COUNTER, CTX, 6, WIDE,
	     "failed maps since the open"),
	NODE(open.unmaps, "open_unmaps_total", "UNM-O", COUNT, COUNTER, CTX, 7, WIDE,
	     "unmaps since the open"),
	NODE(open.unmaps_failed, "open_unmaps_failed_total", "UNMX-O", COUNT, COUNTER, CTX, 6, WIDE,
	     "failed unmaps since the open"),
	NODE(open.copies, "open_copies_total", "COPY-O", COUNT, COUNTER, CTX, 6, WIDE,
	     "copies since the open"),
	NODE(open.copies_failed, "open_copies_failed_total", "COPYX-O", COUNT, COUNTER, CTX, 7,
	     WIDE, "failed copies since the open"),
	NODE(open.pinned, "open_pinned_total", "PINNED-O", BYTES, COUNTER, CTX, 8, WIDE,
	     "memory pinned since the open"),
	NODE(open.unpinned, "open_unpinned_total", "UNPIN-O", BYTES, COUNTER, CTX, 7, WIDE,
	     "memory unpinned since the open"),
	NODE(open.refused_policy, "open_refused_policy_total", "POLX-O", COUNT, COUNTER, CTX, 6,
	     WIDE, "calls that a policy refused since the open"),
	NODE(open.refused_limit, "open_refused_limit_total", "LIMX-O", COUNT, COUNTER, CTX, 6, WIDE,
	     "calls that a limit refused since the open"),
	NODE(open.timed_pins, "open_timed_pins_total", "PINS-O", COUNT, COUNTER, CTX, 6, WIDE,
	     "pins of at least 2 MiB since the open, which are timed"),
	NODE(open.timed_bytes, "open_timed_total", "TIMED-O", BYTES, COUNTER, CTX, 7, WIDE,
	     "memory that these have pinned"),
	NODE(open.pin_ns, "open_pin_total", "PIN-O", NS, COUNTER, CTX, 7, WIDE,
	     "time that these took"),
	NODE(open.fill_ns, "open_fill_total", "FILL-O", NS, COUNTER, CTX, 7, WIDE,
	     "time that it took to fill page tables with at least 2 MiB"),
};

#define DEV(field, ...) COLUMN(struct model_device, field, __VA_ARGS__)

static const struct model_column devices[] = {
	DEV(machine, "machine", "MACHINE", NONE, LABEL, ALL, 12, 0,
	    "virtual machine or container, from the cgroup"),
	DEV(ctx, "ctx", "CTX", ID, LABEL, ALL, 4, EXACT, "context that the device is bound to"),
	DEV(id, "id", "ID", ID, LABEL, ALL, 4, EXACT, "object id of the device or PASID"),
	DEV(tgid, "pid", "PID", ID, INFO, ALL, 7, EXACT, "process that uses the context"),
	DEV(comm, "comm", "COMM", NONE, INFO, ALL, 15, 0, "name of that process"),
	DEV(device, "device", "DEV", ID, NOT, ALL, 4, WIDE | EXACT, "object id of the device"),
	DEV(name, "name", "DEVICE", NONE, INFO, ALL, 14, 0, "name of the device"),
	DEV(sbdf, "bdf", "BDF", SBDF, INFO, ALL, 12, WIDE, "PCI address of the device"),
	DEV(group, "group", "GROUP", ID, INFO, DEVICE, 5, EXACT, "IOMMU group"),
	DEV(vendor, "vendor", "VEN", HEX, INFO, ALL, 6, WIDE, "PCI vendor id"),
	DEV(product, "product", "PROD", HEX, INFO, ALL, 6, WIDE, "PCI device id"),
	DEV(pasid, "pasid", "PASID", ID, INFO, PASID, 6, EXACT, "PASID on the bus"),
	DEV(virt_pasid, "virt_pasid", "VPASID", ID, INFO, PASID, 6, EXACT, "PASID in the guest"),
	DEV(nr_pasids, "nr_pasids", "PASIDS", COUNT, GAUGE, DEVICE, 6, 0,
	    "number of attached PASIDs"),
	DEV(attached, "attached", "ATTACHED", NONE, INFO, ALL, 20, 0,
	    "page table or process it is attached to"),
	DEV(hwpt, "hwpt", "HWPT", ID, NOT, ALL, 4, WIDE | EXACT, "page table it is attached to"),
	DEV(ioas, "ioas", "IOAS", ID, NOT, ALL, 4, WIDE | EXACT,
	    "address space behind the page table"),
	DEV(faults, "faults", "FAULT/S", RATE, NOT, ALL, 7, 0, "faults in the interval"),
	DEV(faults_total, "faults_total", "FAULTS", COUNT, COUNTER, ALL, 7, 0,
	    "faults since the start"),
};

#define FLT(field, ...) COLUMN(struct model_fault, field, __VA_ARGS__)

static const struct model_column faults[] = {
	FLT(machine, "machine", "MACHINE", NONE, LABEL, ALL, 12, 0,
	    "virtual machine or container, from the cgroup"),
	FLT(ctx, "ctx", "CTX", ID, LABEL, ALL, 4, EXACT, "context of the device"),
	FLT(device, "device", "DEV", ID, LABEL, ALL, 4, WIDE | EXACT, "object id of the device"),
	FLT(pasid, "pasid", "PASID", ID, LABEL, ALL, 6, EXACT, "PASID; 0 is the whole device"),
	FLT(name, "name", "DEVICE", NONE, INFO, ALL, 14, 0, "name of the device"),
	FLT(sbdf, "bdf", "BDF", SBDF, LABEL, ALL, 12, WIDE, "PCI address of the device"),
	FLT(tgid, "pid", "PID", ID, INFO, ALL, 7, EXACT, "process that uses the context"),
	FLT(comm, "comm", "COMM", NONE, INFO, ALL, 15, 0, "name of that process"),
	FLT(groups, "requests", "REQ/S", RATE, NOT, ALL, 6, 0,
	    "groups of page requests in the interval"),
	FLT(groups_total, "requests_total", "REQS", COUNT, COUNTER, ALL, 6, 0,
	    "groups of page requests since the start"),
	FLT(done, "done", "DONE/S", RATE, NOT, ALL, 6, WIDE,
	    "successful responses in the interval"),
	FLT(done_total, "done_total", "DONE", COUNT, COUNTER, ALL, 6, 0,
	    "successful responses since the start"),
	FLT(invalid, "invalid", "INV/S", RATE, NOT, ALL, 6, WIDE,
	    "responses with code INVALID in the interval"),
	FLT(invalid_total, "invalid_total", "INVALID", COUNT, COUNTER, ALL, 7, 0,
	    "responses with code INVALID since the start"),
	FLT(failed, "failed", "FAIL/S", RATE, NOT, ALL, 6, WIDE,
	    "responses with code FAILURE in the interval"),
	FLT(failed_total, "failed_total", "FAILED", COUNT, COUNTER, ALL, 6, WIDE,
	    "responses with code FAILURE since the start"),
	FLT(dma, "dma_faults", "DMA/S", RATE, NOT, ALL, 6, 0, "DMA faults in the interval"),
	FLT(dma_total, "dma_faults_total", "DMA", COUNT, COUNTER, ALL, 6, 0,
	    "DMA faults since the start"),
	FLT(latency.p50_ns, "response_p50", "P50", NS, GAUGE, ALL, 7, 0,
	    "median time to a response in the interval"),
	FLT(latency.p99_ns, "response_p99", "P99", NS, GAUGE, ALL, 7, 0,
	    "99th percentile of the time to a response in the interval"),
	FLT(latency.max_ns, "response_max", "MAX", NS, NOT, ALL, 7, WIDE,
	    "longest time to a response in the interval"),
	FLT(latency_total.p50_ns, "response_p50_total", "P50T", NS, NOT, ALL, 7, WIDE,
	    "median time to a response since the start"),
	FLT(latency_total.p99_ns, "response_p99_total", "P99T", NS, NOT, ALL, 7, WIDE,
	    "99th percentile of the time to a response since the start"),
};

#define LINE(field, ...) COLUMN(struct model_line, field, __VA_ARGS__)

static const struct model_column lines[] = {
	LINE(key.number, "number", "N", COUNT, NOT, ALL, 6, WIDE | EXACT,
	     "number of the event, from 1"),
	LINE(time_ns, "time", "TIME", TIME, NOT, ALL, 12, 0, "time of the event"),
	LINE(machine, "machine", "MACHINE", NONE, NOT, ALL, 12, 0,
	     "virtual machine or container of the context"),
	LINE(what, "what", "WHAT", NONE, NOT, ALL, 9, 0,
	     "request, response without its request, dma fault, denied, would deny or refused"),
	LINE(bad, "bad", "BAD", NONE, NOT, ALL, 4, WIDE,
	     "a fault, a refusal, or a request that did not get what it asked for"),
	LINE(tgid, "pid", "PID", ID, NOT, ALL, 7, EXACT, "process that caused it"),
	LINE(comm, "comm", "COMM", NONE, NOT, ALL, 15, 0, "name of its thread"),
	LINE(ctx, "ctx", "CTX", ID, NOT, ALL, 4, EXACT, "context of the device"),
	LINE(device, "device", "DEV", ID, NOT, ALL, 4, WIDE | EXACT, "object id of the device"),
	LINE(name, "name", "DEVICE", NONE, NOT, ALL, 14, 0, "name of the device"),
	LINE(sbdf, "bdf", "BDF", SBDF, NOT, ALL, 12, WIDE, "PCI address of the device"),
	LINE(pasid, "pasid", "PASID", ID, NOT, ALL, 6, EXACT, "PASID of the DMA"),
	LINE(addr, "addr", "ADDRESS", ADDR, NOT, ALL, 18, 0, "requested address"),
	LINE(access, "access", "ACC", NONE, NOT, ALL, 4, 0,
	     "requested access: r, w, x; p: privileged"),
	LINE(latency_ns, "latency", "LATENCY", NS, NOT, ALL, 7, 0,
	     "time from a request to its response"),
	LINE(reason, "reason", "REASON", NONE, NOT, ALL, 30, 0, "reason or result"),
	LINE(ioas, "ioas", "IOAS", ID, NOT, ALL, 4, WIDE | EXACT,
	     "address space of a device that faulted"),
	LINE(why, "why", "WHY", NONE, NOT, ALL, 10, WIDE, "kind of the explanation of a fault"),
	LINE(why_tgid, "why_pid", "WHYPID", ID, NOT, ALL, 7, WIDE | EXACT,
	     "process that unmapped the address, or detached the device"),
	LINE(why_ago_ns, "why_ago", "WHYAGO", NS, NOT, ALL, 7, WIDE, "time from that to the fault"),
	LINE(explanation, "explanation", "EXPLANATION", NONE, NOT, ALL, 40, 0,
	     "explanation of a fault"),
};

#define SIZE(field, ...) COLUMN(struct model_size, field, __VA_ARGS__)
#define SIZE_LATENCY(op, name, title, what) \
	SIZE(latency[op].p50_ns, name "_p50", title "-P50", NS, NOT, ALL, 7, 0, \
	     "median time of " what " in the interval"), \
		SIZE(latency[op].p90_ns, name "_p90", title "-P90", NS, NOT, ALL, 7, WIDE, \
		     "90th percentile of the time of " what " in the interval"), \
		SIZE(latency[op].p99_ns, name "_p99", title "-P99", NS, NOT, ALL, 7, 0, \
		     "99th percentile of the time of " what " in the interval"), \
		SIZE(latency[op].max_ns, name "_max", title "-MAX", NS, NOT, ALL, 7, WIDE, \
		     "longest time of " what " in the interval"), \
		SIZE(latency_total[op].p50_ns, name "_p50_total", title "-P50T", NS, NOT, ALL, 8, \
		     0, "median time of " what " since the start"), \
		SIZE(latency_total[op].p99_ns, name "_p99_total", title "-P99T", NS, NOT, ALL, 8, \
		     0, "99th percentile of the time of " what " since the start")

static const struct model_column sizes[] = {
	SIZE(first, "first", "FROM", BYTES, NOT, ALL, 6, 0, "shortest length"),
	SIZE(last, "last", "TO", BYTES, LABEL, ALL, 6, WIDE, "longest length"),
	SIZE(maps, "maps", "MAP/S", RATE, NOT, ALL, 7, 0, "maps in the interval"),
	SIZE(maps_total, "maps_total", "MAPS", COUNT, COUNTER, ALL, 8, 0, "maps since the start"),
	SIZE(bytes, "map_bytes", "MAPB/S", BYTE_RATE, NOT, ALL, 7, 0,
	     "memory mapped in the interval"),
	SIZE(bytes_total, "map_bytes_total", "MAPPED-T", BYTES, COUNTER, ALL, 8, WIDE,
	     "memory mapped since the start"),
	SIZE_LATENCY(MODEL_PIN, "pin", "PIN", "pins"),
	SIZE_LATENCY(MODEL_MAP, "map", "MAP", "maps"),
};

#define AREA(field, ...) COLUMN(struct model_area, field, __VA_ARGS__)

static const struct model_column areas[] = {
	AREA(first, "first", "FROM", BYTES, NOT, ALL, 6, 0, "shortest length"),
	AREA(last, "last", "TO", BYTES, NOT, ALL, 6, WIDE, "longest length"),
	AREA(areas, "areas", "AREAS", COUNT, NOT, ALL, 7, 0, "number of areas of such a length"),
	AREA(bytes, "length", "BYTES", BYTES, NOT, ALL, 7, 0, "memory in these areas"),
};

#define RANGE(field, ...) COLUMN(struct model_range, field, __VA_ARGS__)

static const struct model_column ranges[] = {
	RANGE(first, "first", "FIRST", ADDR, NOT, ALL, 18, 0, "first address"),
	RANGE(last, "last", "LAST", ADDR, NOT, ALL, 18, MODEL_COLUMN_ALWAYS, "last address"),
	RANGE(kind, "use", "USE", RANGE, NOT, ALL, 8, 0, "used, free or reserved"),
	RANGE(areas, "areas", "AREAS", COUNT, NOT, ALL, 7, 0, "number of areas in the range"),
	RANGE(bytes, "length", "BYTES", BYTES, NOT, ALL, 7, 0,
	      "length; of a used range, the memory mapped in it"),
};

#define POL(field, ...) COLUMN(struct model_policy, field, __VA_ARGS__)
#define HOOK(field, ...) COLUMN(struct model_hook, field, __VA_ARGS__)
#define VERDICTS(of) \
	of(verdicts.allowed_now, "allowed_now", "ALLOW/S", RATE, NOT, ALL, 7, WIDE, \
	   "calls allowed in the interval"), \
		of(verdicts.allowed, "allowed", "ALLOWED", COUNT, COUNTER, ALL, 8, 0, \
		   "calls allowed since the policy was loaded"), \
		of(verdicts.denied_now, "denied_now", "DENY/S", RATE, NOT, ALL, 7, 0, \
		   "calls denied in the interval"), \
		of(verdicts.denied, "denied", "DENIED", COUNT, COUNTER, ALL, 7, 0, \
		   "calls denied since the policy was loaded"), \
		of(verdicts.would_deny_now, "would_deny_now", "WOULD/S", RATE, NOT, ALL, 7, WIDE, \
		   "calls that an audit policy would have denied in the interval"), \
		of(verdicts.would_deny, "would_deny", "WOULD", COUNT, COUNTER, ALL, 7, 0, \
		   "calls that an audit policy would have denied since it was loaded")
#define COSTS(of) \
	of(cost.asked, "asked", "ASK/S", RATE, NOT, ALL, 7, WIDE, \
	   "times that it was asked in the interval"), \
		of(cost.asked_total, "asked_total", "ASKED", COUNT, COUNTER, ALL, 7, WIDE, \
		   "times that it was asked since the start"), \
		of(cost.latency.p50_ns, "time_p50", "P50", NS, GAUGE, ALL, 7, 0, \
		   "median time that it took to decide in the interval"), \
		of(cost.latency.p99_ns, "time_p99", "P99", NS, GAUGE, ALL, 7, 0, \
		   "99th percentile of that time"), \
		of(cost.latency.max_ns, "time_max", "MAX", NS, NOT, ALL, 7, WIDE, \
		   "longest of these times"), \
		of(cost.share, "call_share", "%CALL", SHARE, GAUGE, ALL, 5, 0, \
		   "its share of the time of the ioctls that asked it in the interval"), \
		of(cost.time_total_ns, "time_total", "TIME", NS, COUNTER, ALL, 7, WIDE, \
		   "time that it took since the start")

static const struct model_column policies[] = {
	POL(id, "id", "ID", ID, LABEL, ALL, 4, EXACT, "id of the policy, a new one for each load"),
	POL(name, "name", "NAME", NONE, LABEL, ALL, 12, 0, "name of the policy"),
	POL(priority, "priority", "PRIO", COUNT, INFO, ALL, 5, EXACT,
	    "priority: policies with a higher one run first"),
	POL(audit, "audit", "AUDIT", NONE, INFO, ALL, 5, 0,
	    "verdicts are counted but not enforced"),
	POL(ejected, "ejected", "EJECTED", NONE, INFO, ALL, 7, 0,
	    "it was too slow, so its verdicts are not enforced any more"),
	POL(cgroup, "cgroup", "CGROUP", NONE, INFO, ALL, 16, 0, "cgroup it applies to; none: all"),
	POL(hooks, "hooks", "HOOKS", NONE, INFO, ALL, 20, WIDE, "hooks it implements"),
	VERDICTS(POL),
	COSTS(POL),
	POL(last_hook, "last_hook", "LAST", NONE, NOT, ALL, 12, WIDE, "hook of the last refusal"),
	POL(last_error, "last_error", "ERROR", NONE, NOT, ALL, 7, 0, "error of the last refusal"),
	POL(last_tgid, "last_pid", "LASTPID", ID, NOT, ALL, 7, WIDE | EXACT,
	    "process of the last refusal"),
	POL(reason, "reason", "REASON", NONE, NOT, ALL, 24, 0, "reason of the last refusal"),
	POL(missing, "missing", "MISSING", NONE, INFO, ALL, 7, WIDE,
	    "it is required or sealed, and not in force, so the driver refuses calls"),
};

static const struct model_column hooks[] = {
	HOOK(id, "id", "ID", ID, LABEL, ALL, 4, EXACT, "id of the policy"),
	HOOK(name, "name", "NAME", NONE, LABEL, ALL, 12, 0, "name of the policy"),
	HOOK(hook, "hook", "HOOK", NONE, LABEL, ALL, 12, 0, "hook of the policy"),
	VERDICTS(HOOK),
	COSTS(HOOK),
};

#define REFUSAL(field, ...) COLUMN(struct model_refusal, field, __VA_ARGS__)

static const struct model_column refusals[] = {
	REFUSAL(key.number, "number", "N", COUNT, NOT, ALL, 6, WIDE | EXACT,
		"number of the refusal, from 1"),
	REFUSAL(time_ns, "time", "TIME", TIME, NOT, ALL, 12, 0, "time of the refusal"),
	REFUSAL(machine, "machine", "MACHINE", NONE, NOT, ALL, 12, 0,
		"virtual machine or container of the context"),
	REFUSAL(tgid, "pid", "PID", ID, NOT, ALL, 7, EXACT, "process that was refused the call"),
	REFUSAL(comm, "comm", "COMM", NONE, NOT, ALL, 15, 0, "name of its thread"),
	REFUSAL(ctx, "ctx", "CTX", ID, NOT, ALL, 4, EXACT, "context"),
	REFUSAL(what, "what", "WHAT", NONE, NOT, ALL, 10, 0,
		"denied or would deny, by a policy; refused, by a limit or the hardware"),
	REFUSAL(policy, "policy", "POLICY", NONE, NOT, ALL, 12, 0, "name of the policy"),
	REFUSAL(hook, "hook", "HOOK", NONE, NOT, ALL, 12, 0, "hook of the policy"),
	REFUSAL(object, "object", "OBJ", ID, NOT, ALL, 4, EXACT,
		"object that the call was about: address space, device or page table"),
	REFUSAL(error, "error", "ERROR", NONE, NOT, ALL, 7, 0, "error of the call"),
	REFUSAL(reason, "reason", "REASON", NONE, NOT, ALL, 30, 0, "reason"),
};

#define VICTIM(field, ...) COLUMN(struct model_victim, field, __VA_ARGS__)

static const struct model_column victims[] = {
	VICTIM(machine, "machine", "MACHINE", NONE, LABEL, ALL, 12, 0,
	       "virtual machine or container of the process"),
	VICTIM(tgid, "pid", "PID", ID, LABEL, ALL, 7, EXACT, "process that was refused something"),
	VICTIM(comm, "comm", "COMM", NONE, INFO, ALL, 15, 0, "name of its thread"),
	VICTIM(denied, "denied", "DENY/S", RATE, NOT, ALL, 7, 0,
	       "calls denied by policies in the interval"),
	VICTIM(denied_total, "denied_total", "DENIED", COUNT, COUNTER, ALL, 7, 0,
	       "calls denied by policies since the start"),
	VICTIM(would_deny, "would_deny", "WOULD/S", RATE, NOT, ALL, 7, WIDE,
	       "calls that audit policies would have denied in the interval"),
	VICTIM(would_deny_total, "would_deny_total", "WOULD", COUNT, COUNTER, ALL, 7, 0,
	       "calls that audit policies would have denied since the start"),
	VICTIM(refused, "refused", "REF/S", RATE, NOT, ALL, 7, WIDE,
	       "refusals by limits and the hardware in the interval"),
	VICTIM(refused_total, "refused_total", "REFUSED", COUNT, COUNTER, ALL, 7, 0,
	       "refusals by limits and the hardware since the start"),
	VICTIM(last_ns, "last", "LAST", TIME, NOT, ALL, 12, 0, "time of the last refusal"),
	VICTIM(policy, "policy", "POLICY", NONE, NOT, ALL, 12, 0, "policy of the last refusal"),
	VICTIM(error, "error", "ERROR", NONE, NOT, ALL, 7, 0, "error of the last refusal"),
	VICTIM(reason, "reason", "REASON", NONE, NOT, ALL, 30, 0, "reason of the last refusal"),
};

#define PAYER(field, ...) COLUMN(struct model_payer, field, __VA_ARGS__)

static const struct model_column payers[] = {
	PAYER(machine, "machine", "MACHINE", NONE, LABEL, ALL, 12, 0,
	      "virtual machine or container, from the cgroup"),
	PAYER(ctx, "ctx", "CTX", ID, LABEL, ALL, 4, EXACT, "context"),
	PAYER(number, "number", "NR", ID, LABEL, ALL, 6, WIDE | EXACT, "number of the payer"),
	PAYER(tgid, "pid", "PID", ID, INFO, ALL, 7, EXACT, "process that maps"),
	PAYER(comm, "comm", "COMM", NONE, INFO, ALL, 15, 0, "name of the process"),
	PAYER(uid, "uid", "UID", ID, INFO, ALL, 6, EXACT, "user of the process"),
	PAYER(cgroup, "cgroup", "CGROUP", NONE, INFO, ALL, 24, WIDE, "cgroup of the process"),
	PAYER(pinned, "pinned", "PINNED", BYTES, GAUGE, ALL, 7, 0,
	      "memory pinned for the process through the context"),
	PAYER(charged, "charged", "CHARGED", BYTES, GAUGE, ALL, 7, 0,
	      "pinned memory that counts against its limit"),
	PAYER(limit, "limit", "LIMIT", BYTES, GAUGE, ALL, 7, 0, "RLIMIT_MEMLOCK of the process"),
	PAYER(limit_used, "limit_used", "USED", BYTES, GAUGE, ALL, 7, 0,
	      "memory that the kernel counts against the limit, whatever locked it"),
	PAYER(limit_share, "limit_share", "%LIM", SHARE, NOT, ALL, 5, 0, "used share of the limit"),
	PAYER(per_process, "per_process", "PERPROC", NONE, NOT, ALL, 7, WIDE,
	      "whether the limit is for the process, otherwise for its user"),
	PAYER(state, "state", "STATE", NONE, NOT, ALL, 6, 0,
	      "ended, or exempt from the limit by CAP_IPC_LOCK"),
};

#define MOMENT(field, ...) COLUMN(struct model_moment, field, __VA_ARGS__)

static const struct model_column history[] = {
	MOMENT(key.number, "number", "N", COUNT, NOT, ALL, 6, WIDE | EXACT,
	       "number of the moment, from 1"),
	MOMENT(key.ctx, "ctx", "CTX", ID, NOT, ALL, 4, WIDE | EXACT, "context"),
	MOMENT(time_ns, "time", "TIME", TIME, NOT, ALL, 12, 0, "end of the interval"),
	MOMENT(interval_ns, "interval", "INTERVAL", NS, NOT, ALL, 8, WIDE,
	       "length of the interval"),
	MOMENT(pinned, "pinned", "PINNED", BYTES, NOT, ALL, 7, 0, "memory pinned at its end"),
	MOMENT(areas, "areas", "AREAS", COUNT, NOT, ALL, 6, 0, "number of mapped areas at its end"),
	MOMENT(maps, "maps", "MAP/S", RATE, NOT, ALL, 6, 0, "maps in the interval"),
	MOMENT(unmaps, "unmaps", "UNM/S", RATE, NOT, ALL, 6, 0, "unmaps in the interval"),
	MOMENT(pin_p99_ns, "pin_p99", "PIN-P99", NS, NOT, ALL, 7, 0,
	       "99th percentile of the time of pins in the interval"),
	MOMENT(map_p50_ns, "map_p50", "MAP-P50", NS, NOT, ALL, 7, 0,
	       "median time of maps in the interval"),
	MOMENT(map_p99_ns, "map_p99", "MAP-P99", NS, NOT, ALL, 7, 0,
	       "99th percentile of the time of maps in the interval"),
};

#define MAPPED(field, ...) COLUMN(struct model_mapped, field, __VA_ARGS__)

static const struct model_column area_list[] = {
	MAPPED(ctx, "ctx", "CTX", ID, NOT, ALL, 4, WIDE | EXACT, "context"),
	MAPPED(ioas, "ioas", "IOAS", ID, NOT, ALL, 4, WIDE | EXACT, "address space"),
	MAPPED(first, "first", "IOVA", ADDR, NOT, ALL, 18, 0, "lowest address"),
	MAPPED(last, "last", "LAST", ADDR, NOT, ALL, 18, WIDE, "highest address"),
	MAPPED(length, "length", "LENGTH", BYTES, NOT, ALL, 7, 0, "memory mapped"),
	MAPPED(prot, "prot", "RW", NONE, NOT, ALL, 2, 0, "r and w: devices may read and write"),
	MAPPED(memory, "memory", "MEMORY", NONE, NOT, ALL, 7, 0, "process, memfd or dma-buf"),
	MAPPED(state, "state", "STATE", NONE, NOT, ALL, 9, 0,
	       "copy, mapping, unmapping, or stuck if the IOMMU driver did not unmap it"),
	MAPPED(runs, "runs", "RUNS", COUNT, NOT, ALL, 6, 0,
	       "physically contiguous runs of pages, if it is in a page table"),
	MAPPED(run_size, "run_size", "RUN", BYTES, NOT, ALL, 6, 0, "size of a run on average"),
	MAPPED(huge, "huge", "HUGE", BYTES, NOT, ALL, 6, WIDE, "memory in whole 2 MiB pages"),
	MAPPED(huge_share, "huge_share", "%HUGE", SHARE, NOT, ALL, 5, 0,
	       "share of the memory in whole 2 MiB pages"),
	MAPPED(age_ns, "age", "AGE", NS, NOT, ALL, 6, 0, "time since the map, to about 64 ms"),
	MAPPED(since_ns, "since", "SINCE", TIME, NOT, ALL, 12, WIDE, "time of the map"),
	MAPPED(machine, "machine", "MACHINE", NONE, NOT, ALL, 12, 0,
	       "virtual machine or container of the owner"),
	MAPPED(tgid, "pid", "PID", ID, NOT, ALL, 7, EXACT,
	       "owner: the process that the memory is charged to"),
	MAPPED(comm, "comm", "COMM", NONE, NOT, ALL, 15, 0, "name of the owner"),
	MAPPED(uid, "uid", "UID", ID, NOT, ALL, 6, WIDE | EXACT, "user of the owner"),
	MAPPED(start, "start", "ADDRESS", ADDR, NOT, ALL, 18, 0,
	       "address in the process, or offset in the memfd or dma-buf"),
};

#define SELF(field, ...) COLUMN(struct model_self, field, __VA_ARGS__)

static const struct model_column self[] = {
	SELF(cpu_ns, "cpu", "CPU", NS, NOT, ALL, 7, 0, "CPU time in the interval"),
	SELF(cpu_total_ns, "cpu_total", "CPU-T", NS, COUNTER, ALL, 7, 0,
	     "CPU time since the start"),
	SELF(refresh_ns, "refresh", "REFRESH", NS, GAUGE, ALL, 7, 0,
	     "duration of the last refresh"),
	SELF(rss, "rss", "RSS", BYTES, GAUGE, ALL, 6, 0, "resident memory"),
	SELF(maps_bytes, "maps", "MAPS", BYTES, GAUGE, ALL, 6, 0, "memory of BPF maps"),
	SELF(bpf_ns, "bpf", "BPF", NS, NOT, ALL, 7, 0,
	     "time in BPF programs in the interval; with --self-stats"),
	SELF(bpf_total_ns, "bpf_total", "BPF-T", NS, COUNTER, ALL, 7, 0,
	     "time in BPF programs since the start; with --self-stats"),
	SELF(bpf_runs, "bpf_runs", "RUN/S", RATE, NOT, ALL, 7, 0,
	     "runs of BPF programs in the interval; with --self-stats"),
	SELF(bpf_runs_total, "bpf_runs_total", "RUNS", COUNT, COUNTER, ALL, 7, WIDE,
	     "runs of BPF programs since the start; with --self-stats"),
	SELF(lost_lines, "lost_lines", "LOST", COUNT, COUNTER, ALL, 6, 0,
	     "events without a line, because the buffer was full"),
	SELF(lost_counts, "lost_counts", "UNCOUNTED", COUNT, COUNTER, ALL, 9, 0,
	     "events without a counter, because the hash was full"),
	SELF(missed, "missed", "MISSED", COUNT, COUNTER, ALL, 6, 0,
	     "runs of BPF programs skipped by the kernel"),
	SELF(cut, "cut", "CUT", COUNT, GAUGE, ALL, 6, 0, "rows left out of the last refresh"),
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
	[MODEL_LINES] = TABLE("lines", "The last faults and refusals", lines, struct model_line,
			      "bad", false),
	[MODEL_SIZES] = TABLE("sizes", "Maps by length", sizes, struct model_size, NULL, false),
	[MODEL_AREAS] = TABLE("areas", "Areas by length", areas, struct model_area, NULL, false),
	[MODEL_RANGES] = TABLE("ranges", "Addresses", ranges, struct model_range, NULL, false),
	[MODEL_AREA_LIST] =
		TABLE("area_list", "Areas", area_list, struct model_mapped, "first", false),
	[MODEL_POLICIES] =
		TABLE("policies", "Policies", policies, struct model_policy, NULL, false),
	[MODEL_HOOKS] = TABLE("hooks", "Policies by hook", hooks, struct model_hook, NULL, false),
	[MODEL_REFUSALS] =
		TABLE("refusals", "The last refusals", refusals, struct model_refusal, NULL, false),
	[MODEL_VICTIMS] = TABLE("victims", "Refusals by process", victims, struct model_victim,
				"last", false),
	[MODEL_PAYERS] = TABLE("payers", "Payers", payers, struct model_payer, "pinned", false),
	[MODEL_HISTORY] = TABLE("history", "History", history, struct model_moment, NULL, false),
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
	[MODEL_KIND_MAPPED] = "mapped_area",
	[MODEL_KIND_POLICY] = "policy",
	[MODEL_KIND_HOOK] = "policy_hook",
	[MODEL_KIND_REFUSAL] = "refusal",
	[MODEL_KIND_VICTIM] = "victim",
	[MODEL_KIND_PAYER] = "payer",
	[MODEL_KIND_MOMENT] = "moment",
	[MODEL_KIND_SELF] = "top",
};

/* clang-format on */

const struct model_column *model__column(enum model_table table, const char *name)
{
	const struct model_table_info *info = &model_tables[table];
	unsigned int i;

	for (i = 0; i < info->nr_columns; i++)
		if (!strcmp(info->columns[i].name, name))
			return &info->columns[i];
	return NULL;
}

/* ---- keys and views ---- */

char *column__key(char key[COLUMN_KEY_MAX], const struct model_column *column)
{
	static const char total[] = "_total";
	/* clang-format off */
	static const char *const units[] = {
		[MODEL_UNIT_BYTES] = "_bytes",
		[MODEL_UNIT_BYTE_RATE] = "_bytes",
		[MODEL_UNIT_NS] = "_ns",
		[MODEL_UNIT_TIME] = "_ns",
		[MODEL_UNIT_SHARE] = "_percent",
		[MODEL_UNIT_RANGE] = "", /* the last unit */
	};
	/* clang-format on */
	const char *unit = units[column->unit] ? units[column->unit] : "";
	size_t size = strlen(column->name), end = 0;

	if (size > strlen(total) && !strcmp(column->name + size - strlen(total), total)) {
		end = strlen(total);
		size -= end;
	}
	if (size > strlen(unit) && !memcmp(column->name + size - strlen(unit), unit, strlen(unit)))
		unit = "";
	snprintf(key, COLUMN_KEY_MAX, "%.*s%s%s", (int)size, column->name, unit, end ? total : "");
	return key;
}

#define BIT(table) (1u << MODEL_##table)

const char *const view_names[] = { "overview", "latency",  "faults", "devices", "space", "areas",
				   "policies", "refusals", "payers", "detail",	"self",	 NULL };

unsigned int view__tables(const char *name)
{
	static const unsigned int tables[] = {
		BIT(NODES),
		BIT(SIZES),
		BIT(FAULTS) | BIT(LINES),
		BIT(DEVICES),
		BIT(AREAS) | BIT(RANGES),
		BIT(AREA_LIST),
		BIT(POLICIES) | BIT(HOOKS) | BIT(REFUSALS) | BIT(VICTIMS),
		BIT(REFUSALS) | BIT(VICTIMS),
		BIT(PAYERS),
		BIT(NODES) | BIT(DEVICES) | BIT(LINES) | BIT(REFUSALS) | BIT(PAYERS) | BIT(HISTORY),
		BIT(SELF),
	};
	unsigned int i;

	if (!name)
		return ((1u << MODEL_TABLES) - 1) & ~BIT(AREAS) & ~BIT(RANGES) & ~BIT(AREA_LIST) &
		       ~BIT(HISTORY);
	for (i = 0; view_names[i]; i++)
		if (!strcmp(view_names[i], name))
			return tables[i];
	return 0;
}
