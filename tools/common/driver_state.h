/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver's own lists: contexts, payers, objects, policies, and the areas of an IOAS. They
 * include objects from before the tool's start. Reading them needs CAP_SYS_ADMIN, because the BPF
 * programs (bpf/driver_state.bpf.c) call functions of a module.
 */
#ifndef _COMMON_DRIVER_STATE_H
#define _COMMON_DRIVER_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "driver.h"
#include "iommufd_policy.h"
#include "iommufd_top.h"

struct driver_state;
struct bpf_object;

/*
 * NULL if the kernel refuses the programs, with the reason in errno. The driver is iommuscope's
 * (DRIVER_NATIVE), the kernel's own (DRIVER_UPSTREAM), or VFIO type1 (DRIVER_TYPE1).
 */
struct driver_state *driver_state__open(enum driver_kind kind);
void driver_state__close(struct driver_state *state);
/* For the memory that its maps take. */
const struct bpf_object *driver_state__object(const struct driver_state *state);
/*
 * Let programs that observe the kernel's own driver, and are not loaded yet, use the same numbers
 * of contexts. Returns 0 or -errno.
 */
int driver_state__share(const struct driver_state *state, const struct bpf_object *object);

/*
 * Takes a record; returns 0, or -errno, which ends the walk. Records of newer drivers may be longer
 * than the structs; those of older ones are as long.
 */
typedef int (*driver_state_take)(void *ctx, const void *record, size_t size);

struct driver_state_info {
	bool has_payers; /* the driver reports payers */
	bool is_cut; /* there were too many objects to list all */
	bool is_late; /* there are more areas than were summed up: some sizes are older */
};

/*
 * List contexts, each followed by its payers and its objects, all by ascending numbers, as struct
 * top_record. Returns 0, or -errno after a message.
 */
int driver_state__objects(struct driver_state *state, driver_state_take take, void *ctx,
			  struct driver_state_info *info);
/* List policies as struct top_record. *cut: policies that were left out. */
int driver_state__policies(struct driver_state *state, driver_state_take take, void *ctx,
			   __u64 *cut);
/*
 * List areas of walk->ioas from walk->from on: sets *areas to walk->nr areas, at most TOP_AREAS,
 * which stay until the next call. walk->done is set with the last one, also if there is no such
 * IOAS; it is TOP_UNKNOWN if the driver cannot list them.
 */
int driver_state__areas(struct driver_state *state, struct top_area_walk *walk,
			const struct iommufd_area_info **areas);
/* The same, with their bounds only, which is much cheaper. */
int driver_state__bounds(struct driver_state *state, struct top_area_walk *walk,
			 const struct top_area **areas);
/*
 * List ranges that are not reserved as struct top_area, as many as the buffer holds; walk->done is
 * TOP_UNKNOWN if not known.
 */
int driver_state__usable(struct driver_state *state, driver_state_take take, void *ctx,
			 struct top_area_walk *walk);
/* Find the area at find->addr, and its neighbours. Returns 0 or -errno, without a message. */
int driver_state__find_area(struct driver_state *state, struct top_area_find *find);

#endif /* _COMMON_DRIVER_STATE_H */
