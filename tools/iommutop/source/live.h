/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live source, in five files: live.c loads and attaches the BPF programs, live_foreign.c those
 * for the kernel's own iommufd, live_type1.c those for VFIO type1; live_objects.c stores the
 * driver's lists, live_counters.c reads the counters. Private to these files.
 */
#ifndef _IOMMUTOP_LIVE_H
#define _IOMMUTOP_LIVE_H

#include <bpf/libbpf.h>

#include "cost.h"
#include "dma_fault.h"
#include "driver_state.h"
#include "source/sources.h"

/* The skeletons need the types above. */
#include "iommutop.skel.h"
#include "iommutop_host.skel.h"
#include "iommutop_type1.skel.h"
#include "iommutop_upstream.skel.h"

/* Entries of a hash read at a time. */
#define LIVE_BATCH 64u

struct live {
	struct source source;
	struct iommutop_bpf *bpf;
	struct driver_state *driver; /* NULL without CAP_SYS_ADMIN */
	struct cost_watch *cost; /* NULL while no policy is loaded */
	bool cannot_cost; /* the driver or the kernel refused it */
	struct iommutop_upstream_bpf *foreign; /* with the kernel's own iommufd */
	struct iommutop_type1_bpf *type1; /* with VFIO type1 */
	struct bpf_link *foreign_links[64];
	unsigned int nr_foreign_links;
	bool lacks_copies; /* the kernel's own iommufd has not the function of copies */
	struct iommutop_host_bpf *host_bpf; /* NULL if the kernel refuses it */
	struct dma_fault_links dma_fault;
	struct bpf_link *links[32];
	unsigned int nr_links;
	struct ring_buffer *events;
	int nr_cpus;
	void *batch; /* LIVE_BATCH values of all CPUs */
	unsigned int nr_areas; /* searched in this refresh, to explain faults */
	/* With a filter: counts of maps by length. */
	struct hash absent; /* struct absent_ctx by context that is not listed */
	struct top_size gone[TOP_SIZES]; /* of closed contexts that passed the filter */
	struct top_size_key old[LIVE_BATCH]; /* to be deleted after a walk */
	unsigned int nr_old;
	int stats_fd; /* of bpf_enable_stats(), or -1 */
	struct model *model;
};

/* A context that counts are of, but that is not listed: it is new, or closed. */
struct absent_ctx {
	__u64 refresh; /* the last one that did not list it */
	unsigned int refreshes; /* in a row */
};

/* Searches for areas in a refresh, at most. */
#define LIVE_AREAS 64

/* Read contexts, objects and policies; and the areas of the wanted IOAS. */
int live__read_objects(struct live *live);
int live__read_areas(struct live *live);

/*
 * Read the cost of the policies. They are measured while at least one is loaded, so that without
 * policies maps cost no more.
 */
int live__read_costs(struct live *live);

/* Read all counters, and delete those of objects that no longer exist. */
int live__read_counters(struct live *live);

/*
 * Load and attach the programs for the kernel's own iommufd, or for VFIO type1, which use the maps
 * of live->bpf. Return 0, or -errno after a message.
 */
int live__open_foreign(struct live *live);
int live__open_type1(struct live *live);
/* Release either. */
void live__close_foreign(struct live *live);
/* Let an object that is not loaded yet use the maps of live->bpf that have the same names. */
int live__reuse_maps(const struct live *live, const struct bpf_object *object);

#endif /* _IOMMUTOP_LIVE_H */
