/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Contexts, objects and areas of the kernel's own (upstream) iommufd, for driver_state.h, whose
 * functions say what these do. BPF programs walk the driver's tables without its locks, see
 * bpf/upstream_state.bpf.c.
 *
 * The sizes of an IOAS are sums over its areas. A call of upstream_state__objects() looks at a
 * limited number of areas; if there are more, the walk of an IOAS goes on in the next call, and its
 * sizes are those of its last whole walk.
 */
#ifndef _COMMON_UPSTREAM_STATE_H
#define _COMMON_UPSTREAM_STATE_H

#include "driver_state.h"

struct bpf_map;
struct bpf_object;
struct upstream_state;

/* NULL if the kernel refuses the programs, with the reason in errno. */
struct upstream_state *upstream_state__open(void);
void upstream_state__close(struct upstream_state *state);
const struct bpf_object *upstream_state__object(const struct upstream_state *state);
/* Let programs that are not loaded yet use the numbers of contexts. Returns 0 or -errno. */
int upstream_state__share(const struct upstream_state *state, const struct bpf_object *object);

int upstream_state__objects(struct upstream_state *state, driver_state_take take, void *ctx,
			    struct driver_state_info *info);
int upstream_state__areas(struct upstream_state *state, struct top_area_walk *walk,
			  const struct iommufd_area_info **areas);
int upstream_state__find_area(struct upstream_state *state, struct top_area_find *find);

#endif /* _COMMON_UPSTREAM_STATE_H */
