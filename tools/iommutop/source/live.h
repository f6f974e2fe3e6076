/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live source, in three files: live.c loads and attaches the BPF programs, live_objects.c
 * stores the driver's lists, live_counters.c reads the counters. Private to these files.
 */
#ifndef _IOMMUTOP_LIVE_H
#define _IOMMUTOP_LIVE_H

#include <bpf/libbpf.h>

#include "driver_state.h"
#include "source/sources.h"

/* The skeletons need the types above. */
#include "iommutop.skel.h"
#include "iommutop_host.skel.h"

struct live {
	struct source source;
	struct iommutop_bpf *bpf;
	struct driver_state *driver; /* NULL without CAP_SYS_ADMIN */
	struct iommutop_host_bpf *host_bpf; /* NULL if the kernel refuses it */
	struct bpf_link *links[32];
	unsigned int nr_links;
	struct ring_buffer *events;
	int nr_cpus;
	void *batch; /* LIVE_BATCH values of all CPUs */
	unsigned int nr_areas; /* searched in this refresh, to explain faults */
	int stats_fd; /* of bpf_enable_stats(), or -1 */
	struct model *model;
};

/* Searches for areas in a refresh, at most. */
#define LIVE_AREAS 64

/* Entries of a hash read at a time. */
#define LIVE_BATCH 64u

/* Read contexts, objects and policies; and the areas of the wanted IOAS. */
int live__read_objects(struct live *live);
int live__read_areas(struct live *live);

/* Read all counters, and delete those of objects that no longer exist. */
int live__read_counters(struct live *live);

#endif /* _IOMMUTOP_LIVE_H */
