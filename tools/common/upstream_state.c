// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of the kernel's own iommufd, see upstream_state.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/types.h>

#include "errname.h"
#include "iommufd_state.h"
#include "iommufd_upstream.h"
#include "msg.h"
#include "upstream_state.h"
/* The skeleton needs the types above. */
#include "upstream_state.skel.h"

#define MAX_WALKS 4096 /* steps over the objects of a context */
#define MAX_STEPS 64 /* over areas, in a call: 131072 areas */

struct context {
	__u64 address;
	struct upstream_ctx info;
};

/* The areas of an IOAS, as far as known. */
struct space {
	__u64 address;
	__u32 ctx;
	__u32 id;
	__u64 seen; /* the last call that found it */
	bool has_sums; /* a walk has come to its end */
	bool is_late; /* the sums are older than this call */
	struct upstream_areas walk; /* in progress; its sums are of this step only */
	__u64 nr;
	struct upstream_areas so_far; /* of the walk */
	struct upstream_areas sums; /* of the last whole walk */
	__u64 sums_nr;
};

struct upstream_state {
	struct upstream_state_bpf *bpf;
	struct ring_buffer *records;
	struct context *contexts;
	unsigned int nr_contexts;
	struct upstream_object *objects; /* of one context */
	unsigned int nr_objects;
	unsigned int room_objects;
	struct space *spaces; /* of all contexts */
	unsigned int nr_spaces;
	unsigned int room_spaces;
	unsigned int next_space; /* that begins in the next call */
	unsigned int steps; /* left in this call */
	__u64 calls;
	int err; /* of a record */
};

static int grow(void **array, unsigned int nr, unsigned int *room, size_t size)
{
	unsigned int more = *room ? 2 * *room : 64;
	void *bigger;

	if (nr < *room)
		return 0;
	bigger = realloc(*array, more * size);
	if (!bigger)
		return -ENOMEM;
	*array = bigger;
	*room = more;
	return 0;
}

static int take_object(void *ctx, void *data, size_t size)
{
	struct upstream_state *state = ctx;

	if (size < sizeof(*state->objects))
		return 0;
	state->err = grow((void **)&state->objects, state->nr_objects, &state->room_objects,
			  sizeof(*state->objects));
	if (!state->err)
		memcpy(&state->objects[state->nr_objects++], data, sizeof(*state->objects));
	return state->err;
}

/* Run the iterator over the open files of all processes. */
static int find_contexts(struct upstream_state *state)
{
	struct bpf_link *link = bpf_program__attach_iter(state->bpf->progs.find_contexts, NULL);
	char nothing[16];
	int fd, err = 0;

	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0)
		err = fd;
	while (fd >= 0 && read(fd, nothing, sizeof(nothing)) > 0)
		;
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return err;
}

struct upstream_state *upstream_state__open(void)
{
	struct upstream_state *state = calloc(1, sizeof(*state));
	int err;

	if (!state)
		return NULL;
	state->bpf = upstream_state_bpf__open_and_load();
	err = state->bpf ? 0 : -errno;
	if (!err) {
		state->records = ring_buffer__new(bpf_map__fd(state->bpf->maps.state), take_object,
						  state, NULL);
		err = state->records ? 0 : -errno;
	}
	if (!err)
		err = find_contexts(state);
	if (!err)
		return state;
	upstream_state__close(state);
	errno = -err;
	return NULL;
}

void upstream_state__close(struct upstream_state *state)
{
	if (!state)
		return;
	ring_buffer__free(state->records);
	upstream_state_bpf__destroy(state->bpf);
	free(state->contexts);
	free(state->objects);
	free(state->spaces);
	free(state);
}

const struct bpf_object *upstream_state__object(const struct upstream_state *state)
{
	return state->bpf->obj;
}

int upstream_state__share(const struct upstream_state *state, const struct bpf_object *object)
{
	struct bpf_map *const maps[] = { state->bpf->maps.upstream_ctxs,
					 state->bpf->maps.upstream_nr };
	struct bpf_map *map;
	unsigned int i;
	int err;

	for (i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		map = bpf_object__find_map_by_name(object, bpf_map__name(maps[i]));
		err = map ? bpf_map__reuse_fd(map, bpf_map__fd(maps[i])) : -ENOENT;
		if (err)
			return err;
	}
	return 0;
}

static int run(const struct bpf_program *program, void *args, size_t size)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = size);

	return bpf_prog_test_run_opts(bpf_program__fd(program), &opts);
}

static int by_number(const void *a, const void *b)
{
	const struct context *one = a, *other = b;

	return one->info.nr < other->info.nr ? -1 : one->info.nr > other->info.nr;
}

static int list_contexts(struct upstream_state *state)
{
	const int fd = bpf_map__fd(state->bpf->maps.upstream_ctxs);
	unsigned int room = state->nr_contexts;
	__u64 address, *last = NULL;
	struct context *context;
	int err;

	state->nr_contexts = 0;
	while (!bpf_map_get_next_key(fd, last, &address)) {
		err = grow((void **)&state->contexts, state->nr_contexts, &room, sizeof(*context));
		if (err)
			return err;
		context = &state->contexts[state->nr_contexts];
		context->address = address;
		last = &context->address;
		if (!bpf_map_lookup_elem(fd, &address, &context->info))
			state->nr_contexts++;
	}
	if (state->nr_contexts)
		qsort(state->contexts, state->nr_contexts, sizeof(*context), by_number);
	return 0;
}

static int list_objects(struct upstream_state *state, const struct context *context, bool *is_cut)
{
	struct upstream_walk walk = { .ictx = context->address, .ctx = context->info.nr };
	unsigned int nr;
	int err;

	state->nr_objects = 0;
	for (nr = 0; !walk.done; nr++) {
		if (nr == MAX_WALKS) {
			*is_cut = true;
			return 0;
		}
		err = run(state->bpf->progs.walk, &walk, sizeof(walk));
		if (!err)
			err = ring_buffer__consume(state->records);
		if (err < 0)
			return err;
	}
	return 0;
}

static struct space *find_space(const struct upstream_state *state, __u32 ctx, __u32 id)
{
	unsigned int i;

	for (i = 0; i < state->nr_spaces; i++)
		if (state->spaces[i].ctx == ctx && state->spaces[i].id == id)
			return &state->spaces[i];
	return NULL;
}

/* Note that an IOAS is there. A new one may have the id of one that is gone. */
static int note_space(struct upstream_state *state, const struct upstream_object *object)
{
	struct space *space = find_space(state, object->info.ctx, object->info.id);
	int err;

	if (!space) {
		err = grow((void **)&state->spaces, state->nr_spaces, &state->room_spaces,
			   sizeof(*space));
		if (err)
			return err;
		space = &state->spaces[state->nr_spaces++];
		memset(space, 0, sizeof(*space));
	}
	if (space->address != object->address) {
		*space = (struct space){
			.address = object->address,
			.ctx = object->info.ctx,
			.id = object->info.id,
		};
	}
	space->seen = state->calls;
	return 0;
}

static void forget_spaces(struct upstream_state *state)
{
	unsigned int i, nr = 0;

	for (i = 0; i < state->nr_spaces; i++)
		if (state->spaces[i].seen == state->calls)
			state->spaces[nr++] = state->spaces[i];
	state->nr_spaces = nr;
}

/* Go on with the walk over the areas of an IOAS, to its end if there are steps left. */
static int sum_areas(struct upstream_state *state, struct space *space)
{
	struct upstream_areas *walk = &space->walk;
	int err;

	space->is_late = true;
	while (state->steps) {
		state->steps--;
		walk->ioas = space->address;
		walk->mapped = walk->pinned = walk->unique = 0;
		err = run(state->bpf->progs.walk_areas, walk, sizeof(*walk));
		if (err)
			return err;
		space->nr += walk->nr;
		space->so_far.mapped += walk->mapped;
		space->so_far.pinned += walk->pinned;
		space->so_far.unique += walk->unique;
		if (!walk->done)
			continue;
		space->sums = space->so_far;
		space->sums_nr = space->nr;
		space->has_sums = true;
		space->is_late = false;
		memset(walk, 0, sizeof(*walk));
		memset(&space->so_far, 0, sizeof(space->so_far));
		space->nr = 0;
		return 0;
	}
	return 0;
}

/* Until the first whole walk, the sums are of the part that was walked. */
static void put_sums(const struct space *space, struct iommufd_object_info *info, __u64 *unique)
{
	const struct upstream_areas *sums = space->has_sums ? &space->sums : &space->so_far;

	info->areas = space->has_sums ? space->sums_nr : space->nr;
	info->mapped = sums->mapped;
	info->pinned = sums->pinned;
	*unique += sums->unique;
}

static int deliver(driver_state_take take, void *ctx, __u32 type, const void *data, size_t size)
{
	char buffer[sizeof(struct top_record) + sizeof(struct state_ctx)]
		__attribute__((aligned(8)));
	struct top_record *record = (void *)buffer;

	_Static_assert(sizeof(struct state_ctx) >= sizeof(struct iommufd_object_info),
		       "the buffer has room for each record");
	record->type = type;
	record->__pad = 0;
	memcpy(record->data, data, size);
	return take(ctx, record, sizeof(*record) + size);
}

/* Deliver the context whose objects are listed, and then these. */
static int deliver_context(struct upstream_state *state, const struct context *context,
			   driver_state_take take, void *ctx)
{
	struct state_ctx out = {
		.info = {
			.ctx = context->info.nr,
			.tgid = context->info.tgid,
			.uid = context->info.uid,
			.objects = state->nr_objects,
			.cgroup = context->info.cgroup,
		},
	};
	struct iommufd_object_info *info;
	const struct space *space;
	unsigned int i;
	int err;

	memcpy(out.info.comm, context->info.comm, sizeof(out.info.comm));
	for (i = 0; i < state->nr_objects; i++) {
		info = &state->objects[i].info;
		space = info->type == IOMMUFD_INFO_IOAS ? find_space(state, info->ctx, info->id) :
							  NULL;
		if (space)
			put_sums(space, info, &out.info.pinned);
	}
	err = deliver(take, ctx, TOP_RECORD_CTX, &out, sizeof(out));
	for (i = 0; i < state->nr_objects && !err; i++)
		err = deliver(take, ctx, TOP_RECORD_OBJECT, &state->objects[i].info,
			      sizeof(state->objects[i].info));
	return err;
}

/* Sum up the areas of each IOAS, beginning with one that had no turn in the last call. */
static int sum_all(struct upstream_state *state, bool *is_late)
{
	unsigned int i;
	struct space *space;
	int err;

	state->steps = MAX_STEPS;
	for (i = 0; i < state->nr_spaces; i++) {
		space = &state->spaces[(state->next_space + i) % state->nr_spaces];
		err = sum_areas(state, space);
		if (err)
			return err;
		*is_late |= space->is_late;
	}
	/* The one at which the steps ended goes on first. */
	for (i = 0; i < state->nr_spaces; i++) {
		if (!state->spaces[(state->next_space + i) % state->nr_spaces].is_late)
			continue;
		state->next_space = (state->next_space + i) % state->nr_spaces;
		break;
	}
	return 0;
}

/* Two passes over the contexts, because the areas are summed up in between. */
static int list_all(struct upstream_state *state, driver_state_take take, void *ctx,
		    struct driver_state_info *info)
{
	unsigned int i, j;
	int err = 0;

	for (i = 0; i < state->nr_contexts && !err; i++) {
		err = list_objects(state, &state->contexts[i], &info->is_cut);
		for (j = 0; j < state->nr_objects && !err; j++)
			if (state->objects[j].info.type == IOMMUFD_INFO_IOAS)
				err = note_space(state, &state->objects[j]);
	}
	if (err)
		return err;
	forget_spaces(state);
	err = sum_all(state, &info->is_late);
	for (i = 0; i < state->nr_contexts && !err; i++) {
		err = list_objects(state, &state->contexts[i], &info->is_cut);
		if (!err)
			err = deliver_context(state, &state->contexts[i], take, ctx);
	}
	return err;
}

int upstream_state__objects(struct upstream_state *state, driver_state_take take, void *ctx,
			    struct driver_state_info *info)
{
	char name[ERRNAME_MAX];
	int err;

	memset(info, 0, sizeof(*info));
	state->calls++;
	err = list_contexts(state);
	if (!err)
		err = list_all(state, take, ctx, info);
	if (err)
		msg("cannot read the objects of the kernel's own iommufd: %s", errname(-err, name));
	return err;
}

int upstream_state__areas(struct upstream_state *state, struct top_area_walk *walk,
			  const struct iommufd_area_info **areas)
{
	const struct space *space = find_space(state, walk->ctx, walk->ioas);
	struct upstream_areas step = {
		.from = walk->from,
		.below = walk->below,
		.list = walk->size,
	};
	int err;

	*areas = state->bpf->bss->areas;
	walk->nr = 0;
	walk->done = 1;
	if (!space)
		return 0;
	step.ioas = space->address;
	err = run(state->bpf->progs.walk_areas, &step, sizeof(step));
	if (err)
		return err;
	walk->nr = step.nr;
	walk->from = step.from;
	walk->below = 0;
	walk->done = step.done;
	return 0;
}

int upstream_state__find_area(struct upstream_state *state, struct top_area_find *find)
{
	const struct space *space = find_space(state, find->ctx, find->ioas);
	struct upstream_find args = { .find = *find };
	int err;

	if (!space)
		return -ENOENT;
	args.ioas = space->address;
	err = run(state->bpf->progs.find_area, &args, sizeof(args));
	if (!err)
		*find = args.find;
	return err;
}
