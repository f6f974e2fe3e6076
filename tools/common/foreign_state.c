// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of the kernel's own drivers, see foreign_state.h.
 *
 * The BPF objects of both drivers have programs and maps of the same names.
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
#include "iommufd_foreign.h"
#include "msg.h"
#include "foreign_state.h"
/* The skeletons need the types above. */
#include "type1_state.skel.h"
#include "upstream_state.skel.h"

#define MAX_WALKS 4096 /* steps over the objects of a context */
#define MAX_PIN_STEPS 64 /* over pages that mediated devices have pinned, for each context */
#define MAX_STEPS 64 /* over areas, in a call: 131072 areas */

struct context {
	__u64 address;
	struct foreign_ctx info;
	struct state_container container;
};

/* A process that memory of an IOAS is charged to. */
struct payer {
	__u64 address; /* of the IOAS */
	struct iommufd_payer_info info;
};

/* The areas of an IOAS, as far as known. */
struct space {
	__u64 address;
	__u32 ctx;
	__u32 id;
	__u64 seen; /* the last call that found it */
	bool has_sums; /* a walk has come to its end */
	bool is_late; /* the sums are older than this call */
	struct foreign_areas walk; /* in progress; its sums are of this step only */
	__u64 nr;
	struct foreign_areas so_far; /* of the walk */
	struct foreign_areas sums; /* of the last whole walk */
	__u64 sums_nr;
};

struct foreign_state {
	struct upstream_state_bpf *upstream; /* either of the two */
	struct type1_state_bpf *type1;
	const struct bpf_object *object;
	const struct bpf_program *find_contexts, *walk, *walk_areas, *find_area;
	const struct bpf_map *ctxs, *nr, *map_of_payers;
	const struct iommufd_area_info *areas;
	const char *name; /* of the driver */
	struct ring_buffer *records;
	struct context *contexts;
	unsigned int nr_contexts;
	struct foreign_object *objects; /* of one context */
	unsigned int nr_objects;
	unsigned int room_objects;
	struct space *spaces; /* of all contexts */
	unsigned int nr_spaces;
	unsigned int room_spaces;
	struct payer *payers; /* of all contexts, of the last whole walks */
	unsigned int nr_payers;
	unsigned int room_payers;
	struct iommufd_payer_info *sums; /* of these, of one context */
	unsigned int nr_sums;
	unsigned int room_sums;
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
	struct foreign_state *state = ctx;

	if (size < sizeof(*state->objects))
		return 0;
	state->err = grow((void **)&state->objects, state->nr_objects, &state->room_objects,
			  sizeof(*state->objects));
	if (!state->err)
		memcpy(&state->objects[state->nr_objects++], data, sizeof(*state->objects));
	return state->err;
}

/* Run the iterator over the open files of all processes. */
static int find_contexts(struct foreign_state *state)
{
	struct bpf_link *link = bpf_program__attach_iter(state->find_contexts, NULL);
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

static __u32 page_shift(void)
{
	return __builtin_ctzl(sysconf(_SC_PAGESIZE));
}

/* Load a driver's object. Sets *records to the map of its records, and returns 0 or -errno. */
#define LOAD(state, member, skeleton, records) \
	({ \
		struct skeleton *bpf_ = skeleton##__open(); \
		int err_ = bpf_ ? 0 : -errno; \
\
		(state)->member = bpf_; \
		if (bpf_) { \
			bpf_->rodata->page_shift = page_shift(); \
			err_ = skeleton##__load(bpf_); \
		} \
		if (!err_) { \
			(state)->object = bpf_->obj; \
			(state)->find_contexts = bpf_->progs.find_contexts; \
			(state)->walk = bpf_->progs.walk; \
			(state)->walk_areas = bpf_->progs.walk_areas; \
			(state)->find_area = bpf_->progs.find_area; \
			(state)->ctxs = bpf_->maps.foreign_ctxs; \
			(state)->nr = bpf_->maps.foreign_nr; \
			(state)->map_of_payers = bpf_->maps.payers; \
			(state)->areas = bpf_->bss->areas; \
			*(records) = bpf_map__fd(bpf_->maps.state); \
		} \
		err_; \
	})

struct foreign_state *foreign_state__open(enum driver_kind kind)
{
	struct foreign_state *state = calloc(1, sizeof(*state));
	int err, records = -1;

	if (!state)
		return NULL;
	if (kind == DRIVER_TYPE1) {
		state->name = "VFIO type1";
		err = LOAD(state, type1, type1_state_bpf, &records);
	} else {
		state->name = "the kernel's own iommufd";
		err = LOAD(state, upstream, upstream_state_bpf, &records);
	}
	if (!err) {
		state->records = ring_buffer__new(records, take_object, state, NULL);
		err = state->records ? 0 : -errno;
	}
	if (!err)
		err = find_contexts(state);
	if (!err)
		return state;
	foreign_state__close(state);
	errno = -err;
	return NULL;
}

void foreign_state__close(struct foreign_state *state)
{
	if (!state)
		return;
	ring_buffer__free(state->records);
	upstream_state_bpf__destroy(state->upstream);
	type1_state_bpf__destroy(state->type1);
	free(state->contexts);
	free(state->objects);
	free(state->spaces);
	free(state->payers);
	free(state->sums);
	free(state);
}

const struct bpf_object *foreign_state__object(const struct foreign_state *state)
{
	return state->object;
}

int foreign_state__share(const struct foreign_state *state, const struct bpf_object *object)
{
	const struct bpf_map *const maps[] = { state->ctxs, state->nr };
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

static int list_contexts(struct foreign_state *state)
{
	const int fd = bpf_map__fd(state->ctxs);
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

static int by_id(const void *a, const void *b)
{
	const struct foreign_object *one = a, *other = b;

	return one->info.id < other->info.id ? -1 : one->info.id > other->info.id;
}

/* Describe a container of type1, from a walk over its objects. */
static int describe_container(struct foreign_state *state, struct context *context,
			      const struct foreign_walk *walk)
{
	struct state_container *container = &context->container;
	struct foreign_pins pins = { .ictx = context->address };
	unsigned int i;
	__u64 nr = 0;
	int err;

	*container = (struct state_container){
		.is_there = 1,
		.tracks_dirty = walk->tracks_dirty,
		.areas_left = walk->areas_left,
	};
	for (i = 0; walk->has_mediated && !pins.done && i < MAX_PIN_STEPS; i++) {
		err = run(state->type1->progs.walk_pins, &pins, sizeof(pins));
		if (err)
			return err;
		nr += pins.nr;
	}
	container->mediated = nr << page_shift();
	if (walk->has_mediated && !pins.done)
		container->mediated = ~0ULL;
	return 0;
}

/* List the objects of a context, by id. */
static int list_objects(struct foreign_state *state, struct context *context, bool *is_cut)
{
	struct foreign_walk walk = { .ictx = context->address, .ctx = context->info.nr };
	struct foreign_walk before;
	unsigned int nr;
	int err;

	state->nr_objects = 0;
	for (nr = 0; !walk.done && nr < MAX_WALKS; nr++) {
		before = walk;
		err = run(state->walk, &walk, sizeof(walk));
		if (!err)
			err = ring_buffer__consume(state->records);
		if (err < 0)
			return err;
		if (walk.id == before.id && walk.pasid == before.pasid)
			break;
	}
	*is_cut |= !walk.done;
	if (state->nr_objects)
		qsort(state->objects, state->nr_objects, sizeof(*state->objects), by_id);
	return state->type1 ? describe_container(state, context, &walk) : 0;
}

static struct space *find_space(const struct foreign_state *state, __u32 ctx, __u32 id)
{
	unsigned int i;

	for (i = 0; i < state->nr_spaces; i++)
		if (state->spaces[i].ctx == ctx && state->spaces[i].id == id)
			return &state->spaces[i];
	return NULL;
}

/* Note that an IOAS is there. A new one may have the id of one that is gone. */
static int note_space(struct foreign_state *state, const struct foreign_object *object)
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

static void forget_spaces(struct foreign_state *state)
{
	unsigned int i, nr = 0;

	for (i = 0; i < state->nr_spaces; i++)
		if (state->spaces[i].seen == state->calls)
			state->spaces[nr++] = state->spaces[i];
	state->nr_spaces = nr;
}

/* Go on with the walk over the areas of an IOAS, to its end if there are steps left. */
static int sum_areas(struct foreign_state *state, struct space *space)
{
	struct foreign_areas *walk = &space->walk;
	int err;

	space->is_late = true;
	while (state->steps) {
		state->steps--;
		walk->ioas = space->address;
		walk->mapped = walk->pinned = walk->unique = 0;
		err = run(state->walk_areas, walk, sizeof(*walk));
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

/* ---- payers ---- */

static int by_address(const void *a, const void *b)
{
	const struct payer *one = a, *other = b;

	if (one->address != other->address)
		return one->address < other->address ? -1 : 1;
	return one->info.id < other->info.id ? -1 : one->info.id > other->info.id;
}

static const struct space *space_at(const struct foreign_state *state, __u64 address)
{
	unsigned int i;

	for (i = 0; i < state->nr_spaces; i++)
		if (state->spaces[i].address == address)
			return &state->spaces[i];
	return NULL;
}

/* Drop the payers of IOASes that were walked to the end, or are gone: they are found anew. */
static void drop_payers(struct foreign_state *state)
{
	const struct space *space;
	unsigned int i, nr = 0;

	for (i = 0; i < state->nr_payers; i++) {
		space = space_at(state, state->payers[i].address);
		if (space && space->is_late)
			state->payers[nr++] = state->payers[i];
	}
	state->nr_payers = nr;
}

/* Take the payers that whole walks have found. Those of walks in progress stay in the map. */
static int take_payers(struct foreign_state *state)
{
	const int fd = bpf_map__fd(state->map_of_payers);
	struct foreign_payer_key key, next;
	struct foreign_payer found;
	const struct space *space;
	bool has_next;
	int err = 0;

	drop_payers(state);
	has_next = !bpf_map_get_next_key(fd, NULL, &next);
	while (has_next && !err) {
		key = next;
		has_next = !bpf_map_get_next_key(fd, &key, &next);
		space = space_at(state, key.ioas);
		if (space && space->is_late)
			continue;
		if (space && !bpf_map_lookup_elem(fd, &key, &found)) {
			err = grow((void **)&state->payers, state->nr_payers, &state->room_payers,
				   sizeof(*state->payers));
			if (!err)
				state->payers[state->nr_payers++] =
					(struct payer){ .address = key.ioas, .info = found.info };
		}
		bpf_map_delete_elem(fd, &key);
	}
	if (state->nr_payers)
		qsort(state->payers, state->nr_payers, sizeof(*state->payers), by_address);
	return err;
}

static unsigned int first_payer(const struct foreign_state *state, __u64 address)
{
	unsigned int low = 0, high = state->nr_payers, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (state->payers[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Add a payer of an IOAS to those of the context. */
static int sum_payer(struct foreign_state *state, const struct iommufd_payer_info *info)
{
	unsigned int i;
	int err;

	for (i = 0; i < state->nr_sums; i++) {
		if (state->sums[i].id != info->id)
			continue;
		state->sums[i].pinned += info->pinned;
		state->sums[i].charged += info->charged;
		return 0;
	}
	err = grow((void **)&state->sums, state->nr_sums, &state->room_sums, sizeof(*state->sums));
	if (!err)
		state->sums[state->nr_sums++] = *info;
	return err;
}

static int payer_by_id(const void *a, const void *b)
{
	const struct iommufd_payer_info *one = a, *other = b;

	return one->id < other->id ? -1 : one->id > other->id;
}

/* Sum up the payers of the context whose objects are listed, by their number. */
static int sum_payers(struct foreign_state *state, __u32 ctx)
{
	const struct foreign_object *object;
	unsigned int i, j;
	int err = 0;

	state->nr_sums = 0;
	for (i = 0; i < state->nr_objects; i++) {
		object = &state->objects[i];
		if (object->info.type != IOMMUFD_INFO_IOAS)
			continue;
		for (j = first_payer(state, object->address); !err && j < state->nr_payers; j++) {
			if (state->payers[j].address != object->address)
				break;
			err = sum_payer(state, &state->payers[j].info);
		}
	}
	for (i = 0; i < state->nr_sums; i++)
		state->sums[i].ctx = ctx;
	if (state->nr_sums)
		qsort(state->sums, state->nr_sums, sizeof(*state->sums), payer_by_id);
	return err;
}

/* ---- records ---- */

/* Until the first whole walk, the sums are of the part that was walked. */
static void put_sums(const struct space *space, struct iommufd_object_info *info, __u64 *unique)
{
	const struct foreign_areas *sums = space->has_sums ? &space->sums : &space->so_far;

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

/* Deliver the context whose objects are listed, its payers, and then the objects. */
static int deliver_context(struct foreign_state *state, const struct context *context,
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
		.container = context->container,
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
	err = sum_payers(state, context->info.nr);
	if (!err)
		err = deliver(take, ctx, TOP_RECORD_CTX, &out, sizeof(out));
	for (i = 0; i < state->nr_sums && !err; i++)
		err = deliver(take, ctx, TOP_RECORD_PAYER, &state->sums[i], sizeof(state->sums[i]));
	for (i = 0; i < state->nr_objects && !err; i++)
		err = deliver(take, ctx, TOP_RECORD_OBJECT, &state->objects[i].info,
			      sizeof(state->objects[i].info));
	return err;
}

/* Sum up the areas of each IOAS, beginning with one that had no turn in the last call. */
static int sum_all(struct foreign_state *state, bool *is_late)
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
static int list_all(struct foreign_state *state, driver_state_take take, void *ctx,
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
	if (!err)
		err = take_payers(state);
	info->has_payers = true;
	for (i = 0; i < state->nr_contexts && !err; i++) {
		err = list_objects(state, &state->contexts[i], &info->is_cut);
		if (!err)
			err = deliver_context(state, &state->contexts[i], take, ctx);
	}
	return err;
}

int foreign_state__objects(struct foreign_state *state, driver_state_take take, void *ctx,
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
		msg("cannot read the objects of %s: %s", state->name, errname(-err, name));
	return err;
}

int foreign_state__areas(struct foreign_state *state, struct top_area_walk *walk,
			 const struct iommufd_area_info **areas)
{
	const struct space *space = find_space(state, walk->ctx, walk->ioas);
	struct foreign_areas step = {
		.from = walk->from,
		.below = walk->below,
		.list = walk->size,
	};
	int err;

	*areas = state->areas;
	walk->nr = 0;
	walk->done = 1;
	if (!space)
		return 0;
	step.ioas = space->address;
	err = run(state->walk_areas, &step, sizeof(step));
	if (err)
		return err;
	walk->nr = step.nr;
	walk->from = step.from;
	walk->below = 0;
	walk->done = step.done;
	return 0;
}

int foreign_state__find_area(struct foreign_state *state, struct top_area_find *find)
{
	const struct space *space = find_space(state, find->ctx, find->ioas);
	struct foreign_find args = { .find = *find };
	int err;

	if (!space)
		return -ENOENT;
	args.ioas = space->address;
	err = run(state->find_area, &args, sizeof(args));
	if (!err)
		*find = args.find;
	return err;
}
