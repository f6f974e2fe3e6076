// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the BPF programs that call the driver's iterators, and takes the records that they put into
 * a ring buffer. See driver_state.h.
 */
#include <errno.h>
#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/types.h>

#include "driver_state.h"
#include "errname.h"
#include "msg.h"
#include "foreign_state.h"
/* The skeleton needs the types above. */
#include "driver_state.skel.h"

#define MAX_WALKS 4096 /* one walk reads about 2000 objects */

struct driver_state {
	struct foreign_state *foreign; /* of the kernel's own driver; then the rest is unused */
	struct driver_state_bpf *bpf;
	struct ring_buffer *records;
	driver_state_take take;
	void *ctx;
};

static int take_record(void *arg, void *data, size_t size)
{
	struct driver_state *state = arg;

	return state->take(state->ctx, data, size);
}

struct driver_state *driver_state__open(enum driver_kind kind)
{
	struct driver_state *state = calloc(1, sizeof(*state));
	int err;

	if (!state)
		return NULL;
	if (kind == DRIVER_UPSTREAM || kind == DRIVER_TYPE1) {
		state->foreign = foreign_state__open(kind);
		if (state->foreign)
			return state;
		err = -errno;
		free(state);
		errno = -err;
		return NULL;
	}
	state->bpf = driver_state_bpf__open();
	err = state->bpf ? driver_state_bpf__load(state->bpf) : -errno;
	if (!err) {
		state->records = ring_buffer__new(bpf_map__fd(state->bpf->maps.state), take_record,
						  state, NULL);
		err = state->records ? 0 : -errno;
	}
	if (!err)
		return state;
	driver_state__close(state);
	errno = -err;
	return NULL;
}

void driver_state__close(struct driver_state *state)
{
	if (!state)
		return;
	foreign_state__close(state->foreign);
	ring_buffer__free(state->records);
	driver_state_bpf__destroy(state->bpf);
	free(state);
}

const struct bpf_object *driver_state__object(const struct driver_state *state)
{
	return state->foreign ? foreign_state__object(state->foreign) : state->bpf->obj;
}

int driver_state__share(const struct driver_state *state, const struct bpf_object *object)
{
	return state->foreign ? foreign_state__share(state->foreign, object) : 0;
}

/* Run a program, and take its records. */
static int run(struct driver_state *state, struct bpf_program *program, void *args, size_t size,
	       driver_state_take take, void *ctx)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = size);
	int err = bpf_prog_test_run_opts(bpf_program__fd(program), &opts);
	char name[ERRNAME_MAX];

	state->take = take;
	state->ctx = ctx;
	if (!err)
		err = ring_buffer__consume(state->records);
	if (err >= 0)
		return 0;
	msg("cannot read the driver's objects: %s", errname(-err, name));
	return err;
}

int driver_state__objects(struct driver_state *state, driver_state_take take, void *ctx,
			  struct driver_state_info *info)
{
	struct top_walk walk = {};
	unsigned int nr;
	int err;

	if (state->foreign)
		return foreign_state__objects(state->foreign, take, ctx, info);
	info->is_cut = info->is_late = false;
	for (nr = 0; !walk.done; nr++) {
		if (nr == MAX_WALKS) {
			info->is_cut = true;
			break;
		}
		err = run(state, state->bpf->progs.walk, &walk, sizeof(walk), take, ctx);
		if (err)
			return err;
	}
	/* Without a context the walk has not asked for payers. */
	info->has_payers = walk.has_payers || (nr == 1 && !walk.ctx);
	return 0;
}

int driver_state__policies(struct driver_state *state, driver_state_take take, void *ctx,
			   __u64 *cut)
{
	int err;

	*cut = 0;
	if (state->foreign)
		return 0;
	err = run(state, state->bpf->progs.list_policies, NULL, 0, take, ctx);
	*cut = state->bpf->bss->policies_cut;
	state->bpf->bss->policies_cut = 0;
	return err;
}

int driver_state__areas(struct driver_state *state, struct top_area_walk *walk,
			const struct iommufd_area_info **areas)
{
	walk->size = sizeof(**areas);
	if (state->foreign)
		return foreign_state__areas(state->foreign, walk, areas);
	*areas = state->bpf->bss->areas;
	return run(state, state->bpf->progs.walk_areas, walk, sizeof(*walk), NULL, NULL);
}

int driver_state__bounds(struct driver_state *state, struct top_area_walk *walk,
			 const struct top_area **areas)
{
	const struct iommufd_area_info *infos;
	int err;

	walk->size = sizeof(**areas);
	if (state->foreign) {
		err = foreign_state__areas(state->foreign, walk, &infos);
		*areas = (const void *)infos;
		return err;
	}
	/* The driver's records begin with the same members. */
	*areas = (const void *)state->bpf->bss->areas;
	return run(state, state->bpf->progs.walk_areas, walk, sizeof(*walk), NULL, NULL);
}

int driver_state__find_area(struct driver_state *state, struct top_area_find *find)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = find, .ctx_size_in = sizeof(*find));

	if (state->foreign)
		return foreign_state__find_area(state->foreign, find);
	return bpf_prog_test_run_opts(bpf_program__fd(state->bpf->progs.find_area), &opts);
}

int driver_state__usable(struct driver_state *state, driver_state_take take, void *ctx,
			 struct top_area_walk *walk)
{
	if (state->foreign) {
		walk->done = TOP_UNKNOWN;
		return 0;
	}
	return run(state, state->bpf->progs.walk_usable, walk, sizeof(*walk), take, ctx);
}
