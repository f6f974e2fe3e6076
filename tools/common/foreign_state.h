/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Contexts, payers, objects and areas of the kernel's own drivers, its iommufd (upstream) and VFIO
 * type1, for driver_state.h, whose functions say what these do. BPF programs walk a driver's tables
 * without its locks, see bpf/foreign_state.bpf.h. A container of type1 is a context with one IOAS.
 *
 * The sizes of an IOAS are sums over its areas. A call of foreign_state__objects() looks at a
 * limited number of areas; if there are more, the walk of an IOAS goes on in the next call, and its
 * sizes and payers are those of its last whole walk.
 */
#ifndef _COMMON_FOREIGN_STATE_H
#define _COMMON_FOREIGN_STATE_H

#include "driver_state.h"

struct bpf_map;
struct bpf_object;
struct foreign_state;

/*
 * The driver is DRIVER_UPSTREAM or DRIVER_TYPE1. NULL if the kernel refuses the programs, with the
 * reason in errno.
 */
struct foreign_state *foreign_state__open(enum driver_kind kind);
void foreign_state__close(struct foreign_state *state);
const struct bpf_object *foreign_state__object(const struct foreign_state *state);
/* Let programs that are not loaded yet use the numbers of contexts. Returns 0 or -errno. */
int foreign_state__share(const struct foreign_state *state, const struct bpf_object *object);

int foreign_state__objects(struct foreign_state *state, driver_state_take take, void *ctx,
			   struct driver_state_info *info);
int foreign_state__areas(struct foreign_state *state, struct top_area_walk *walk,
			 const struct iommufd_area_info **areas);
int foreign_state__find_area(struct foreign_state *state, struct top_area_find *find);

#endif /* _COMMON_FOREIGN_STATE_H */
