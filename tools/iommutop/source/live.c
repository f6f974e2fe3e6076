// SPDX-License-Identifier: GPL-2.0-only
/*
 * The running kernel as a source: BPF programs loaded, attached and read.
 *
 * Three objects, by what they need: counters and records (CAP_BPF and CAP_PERFMON), what there is
 * (CAP_SYS_ADMIN besides, for functions of the module), faults of DMA (the kernel's BTF besides).
 * The first must work; without the second, fdinfo.c fills in what it can; without the third, a
 * sentence says so.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "env.h"
#include "errname.h"
#include "event.h"
#include "source/fdinfo.h"
#include "iommutop.h"
#include "iommutop.skel.h"
#include "iommutop_host.skel.h"
#include "iommutop_state.skel.h"
#include "msg.h"
#include "source/source.h"

#define MODULE "iommufd"
#define EVENTS_BUFFER (1u << 19)
#define MAX_WALKS 4096   /* a walk takes two thousand objects */
#define MAX_AREAS 1000000u
#define BATCH 64u
#define FAULTS_KEPT 300u	 /* refreshes after its context is gone */

struct live {
	struct source source;
	struct iommutop_bpf *bpf;
	struct iommutop_state_bpf *state_bpf; /* NULL without CAP_SYS_ADMIN */
	struct iommutop_host_bpf *host_bpf; /* NULL if it can't be had */
	struct bpf_link *links[32];
	unsigned int nr_links;
	struct ring_buffer *events;
	struct ring_buffer *records;  /* of state_bpf */
	int nr_cpus;
	void *batch;    /* values of all CPUs, of a batch of entries */
	int stats_fd;
	/* While a buffer is read: */
	struct model *model;
	struct state *state;
	struct list *areas;   /* where walks over areas go; NULL: other walks */
	int err;
};

/* ---- reading ---- */

static int take_event(void *ctx, void *data, size_t size)
{
	const struct event_record *record = data;
	struct live *live = ctx;

	if (event__is_valid(record, size))
		lines__add(live->model, live->state, record);
	return 0;
}

/* A record of the walks. They may be of a newer object, and then longer. */
static int take_record(void *ctx, void *data, size_t size)
{
	const struct top_record *record = data;
	struct live *live = ctx;
	struct list *list;
	const void *from;
	void *item;

	if (live->areas) {
		list = live->areas;
		from = data;
	} else {
		list = record->type == TOP_RECORD_CTX	 ? &live->state->ctxs :
		       record->type == TOP_RECORD_OBJECT ? &live->state->objects :
							   &live->state->policies;
		from = record->data;
		size -= sizeof(*record);
	}
	if (size < list->size)
		return 0;
	item = list__add(list);
	if (!item)
		return -ENOMEM;
	memcpy(item, from, list->size);
	return 0;
}

static int run(struct bpf_program *program, void *args, size_t size)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = size);
	char name[ERRNAME_MAX];
	int err = bpf_prog_test_run_opts(bpf_program__fd(program), &opts);

	if (!err)
		return 0;
	msg("looking at contexts: %s", errname(-err, name));
	return err;
}

static int consume(struct live *live)
{
	int got = ring_buffer__consume(live->records);

	if (got >= 0)
		return 0;
	msg("no memory for what is to be shown");
	return got;
}

static int read_objects(struct live *live)
{
	struct iommutop_state_bpf *bpf = live->state_bpf;
	struct top_walk walk = {};
	unsigned int nr;
	int err;

	live->areas = NULL;
	for (nr = 0; !walk.done; nr++) {
		if (nr == MAX_WALKS) {
			live->state->losses[LOSS_CUT]++;
			break;
		}
		err = run(bpf->progs.walk, &walk, sizeof(walk));
		if (!err)
			err = consume(live);
		if (err)
			return err;
	}
	err = run(bpf->progs.list_policies, NULL, 0);
	live->state->losses[LOSS_CUT] += bpf->bss->policies_cut;
	bpf->bss->policies_cut = 0;
	live->state->has_state = true;
	return err ? err : consume(live);
}

static int add_reserved(struct list *reserved, __u64 first, __u64 last)
{
	struct top_area *area = list__add(reserved);

	if (!area)
		return -ENOMEM;
	area->iova = first;
	area->length = last - first + 1;
	return 0;
}

/* What is not usable is reserved: the gaps between usable ranges. */
static int read_reserved(struct live *live, const struct model_want *want)
{
	struct top_area_walk walk = { .ctx = want->ctx, .ioas = want->ioas };
	struct list usable = { .size = sizeof(struct top_area) };
	struct list *reserved = &live->state->reserved;
	__u64 next = 0;
	unsigned int i;
	int err;

	live->areas = &usable;
	err = run(live->state_bpf->progs.walk_usable, &walk, sizeof(walk));
	if (!err)
		err = consume(live);
	live->state->has_reserved = !err && walk.done == 1;
	for (i = 0; i < usable.nr && !err; i++) {
		const struct top_area *area = list__at(&usable, i);

		if (area->iova > next)
			err = add_reserved(reserved, next, area->iova - 1);
		next = area->iova + area->length;
	}
	/* If the last one did not end with the last address. */
	if (!err && live->state->has_reserved && (next || !usable.nr))
		err = add_reserved(reserved, next, ~0ULL);
	list__close(&usable);
	return err;
}

static int read_areas(struct live *live, const struct model_want *want)
{
	struct top_area_walk walk = { .ctx = want->ctx, .ioas = want->ioas };
	int err;

	live->areas = &live->state->areas;
	while (!walk.done && live->state->areas.nr < MAX_AREAS) {
		err = run(live->state_bpf->progs.walk_areas, &walk, sizeof(walk));
		if (!err)
			err = consume(live);
		if (err)
			return err;
	}
	live->state->areas_cut = !walk.done;
	live->state->has_areas = true;
	return read_reserved(live, want);
}

static void add_words(__u32 *to, const __u32 *from, size_t size)
{
	size_t i;

	for (i = 0; i < size / sizeof(*to); i++)
		to[i] += from[i];
}

/* Sums of the CPUs' values; counters of 64 bits come first, buckets of 32 bits behind them. */
static void sum_cpus(const struct live *live, void *to, const void *values, size_t size,
		     size_t buckets_at)
{
	size_t stride = (size + 7) & ~7ul, i;
	int cpu;

	memset(to, 0, size);
	for (cpu = 0; cpu < live->nr_cpus; cpu++) {
		const __u64 *from = (const __u64 *)((const char *)values + cpu * stride);

		/* Nothing was counted on this one. */
		for (i = 0; i < buckets_at / sizeof(*from) && !from[i]; i++)
			;
		if (i == buckets_at / sizeof(*from))
			continue;
		for (i = 0; i < buckets_at / sizeof(*from); i++)
			((__u64 *)to)[i] += from[i];
		add_words((__u32 *)((char *)to + buckets_at),
			  (const __u32 *)((const char *)from + buckets_at), size - buckets_at);
	}
}

/* Calls take() for each entry of a per-CPU hash, a batch at a time. */
static int read_hash(struct live *live, int fd, size_t key_size, size_t value_size,
		     void (*take)(struct live *live, const void *key, const void *values))
{
	size_t values_size = ((value_size + 7) & ~7ul) * live->nr_cpus;
	char keys[BATCH * sizeof(struct top_fault_key)], name[ERRNAME_MAX];
	unsigned int position[4] = {};
	bool first = true;
	int err = 0;

	while (!err) {
		__u32 nr = BATCH, i;

		err = bpf_map_lookup_batch(fd, first ? NULL : position, position, keys, live->batch,
					   &nr, NULL);
		if (err && err != -ENOENT) {
			msg("reading counters: %s", errname(-err, name));
			return err;
		}
		for (i = 0; i < nr; i++)
			take(live, keys + i * key_size, (char *)live->batch + i * values_size);
		first = false;
	}
	return 0;
}

static void take_node(struct live *live, const void *data, const void *values)
{
	const struct top_node_key *key = data;
	struct tally_key at = { .a = key->ctx, .b = key->ioas };
	struct node_tally *tally = tallies__get(&live->state->nodes, at, live->model->refreshes);

	if (tally)
		sum_cpus(live, &tally->now, values, sizeof(tally->now),
			 offsetof(struct top_node, buckets));
	else
		live->err = -ENOMEM;
}

static void take_fault(struct live *live, const void *data, const void *values)
{
	const struct top_fault_key *key = data;
	struct tally_key at = { key->ctx, key->device, key->pasid, key->sbdf };
	struct fault_tally *tally = tallies__get(&live->state->faults, at, live->model->refreshes);

	if (tally)
		sum_cpus(live, &tally->now, values, sizeof(tally->now),
			 offsetof(struct top_fault, buckets));
	else
		live->err = -ENOMEM;
}

/* Is there still such an IOAS? They are sorted by context and id. */
static bool has_object(const struct state *state, __u32 ctx, __u32 id)
{
	unsigned int low = 0, high = state->objects.nr, middle;
	const struct iommufd_object_info *object;

	while (low < high) {
		middle = (low + high) / 2;
		object = list__at(&state->objects, middle);
		if (object->ctx == ctx && object->id == id)
			return true;
		if (object->ctx < ctx || (object->ctx == ctx && object->id < id))
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/*
 * Counters of what is gone go too, when there are many of them: after the second refresh that does
 * not see the object, since it may have come after the walk.
 */
static void drop_gone(struct live *live)
{
	struct tallies *nodes = &live->state->nodes;
	struct top_node_key keys[BATCH];
	unsigned int i, nr = 0;

	if (!live->state->has_state)
		return;
	for (i = 0; i < nodes->room && nr < BATCH; i++) {
		const struct tally *slot = &nodes->slots[i];
		struct node_tally *tally = slot->data;

		if (!slot->seen)
			continue;
		if (has_object(live->state, slot->key.a, slot->key.b)) {
			tally->unseen = 0;
			continue;
		}
		if (++tally->unseen < 3)
			continue;
		keys[nr].ctx = slot->key.a;
		keys[nr++].ioas = slot->key.b;
	}
	for (i = 0; i < nr; i++)
		bpf_map_delete_elem(bpf_map__fd(live->bpf->maps.nodes), &keys[i]);
}

static bool has_ctx(const struct state *state, __u32 ctx)
{
	unsigned int low = 0, high = state->ctxs.nr, middle;
	const struct iommufd_ctx_info *info;

	while (low < high) {
		middle = (low + high) / 2;
		info = list__at(&state->ctxs, middle);
		if (info->ctx == ctx)
			return true;
		if (info->ctx < ctx)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* Faults are shown for a while after the context is gone: it may be that they ended it. */
static void drop_old_faults(struct live *live)
{
	struct tallies *faults = &live->state->faults;
	unsigned int i;

	for (i = 0; i < faults->room && live->state->has_state; i++) {
		struct tally *slot = &faults->slots[i];
		struct fault_tally *tally = slot->data;
		struct top_fault_key key = { slot->key.a, slot->key.b, slot->key.c, slot->key.d };

		if (!slot->seen)
			continue;
		/* DMA faults are counted here only, by address. */
		if (slot->key.a == EVENT_NONE)
			slot->seen = live->model->refreshes;
		else if (has_ctx(live->state, slot->key.a))
			tally->unseen = 0;
		else if (++tally->unseen == FAULTS_KEPT)
			bpf_map_delete_elem(bpf_map__fd(live->bpf->maps.faults), &key);
	}
	tallies__forget(faults, live->model->refreshes);
}

static int read_counters(struct live *live)
{
	struct iommutop_bpf *bpf = live->bpf;
	struct state *state = live->state;
	__u32 i;
	int err;

	live->err = 0;
	err = read_hash(live, bpf_map__fd(bpf->maps.nodes), sizeof(struct top_node_key),
			sizeof(struct top_node), take_node);
	if (!err)
		err = read_hash(live, bpf_map__fd(bpf->maps.faults), sizeof(struct top_fault_key),
				sizeof(struct top_fault), take_fault);
	if (err || live->err)
		return err ? err : live->err;
	/* Of what was taken out of the hash. */
	tallies__forget(&state->nodes, live->model->refreshes);
	for (i = 0; i < TOP_SIZES; i++)
		if (!bpf_map_lookup_elem(bpf_map__fd(bpf->maps.sizes), &i, live->batch))
			sum_cpus(live, &state->sizes[i], live->batch, sizeof(state->sizes[i]),
				 offsetof(struct top_size, buckets));
	i = 0;
	if (!bpf_map_lookup_elem(bpf_map__fd(bpf->maps.counters), &i, live->batch))
		sum_cpus(live, &state->counters, live->batch, sizeof(state->counters),
			 sizeof(state->counters));
	state->losses[LOSS_LINES] = state->counters.lost;
	state->losses[LOSS_COUNTS] = bpf->bss->uncounted;
	state->has_counts = true;
	return 0;
}

static void add_stats(struct live *live, const struct bpf_object *object)
{
	struct state *state = live->state;
	struct bpf_program *program;
	struct bpf_prog_info info;
	__u32 size;

	bpf_object__for_each_program(program, object) {
		memset(&info, 0, sizeof(info));
		size = sizeof(info);
		if (bpf_program__fd(program) < 0 ||
		    bpf_prog_get_info_by_fd(bpf_program__fd(program), &info, &size))
			continue;
		state->losses[LOSS_MISSED] += info.recursion_misses;
		if (live->stats_fd >= 0) {
			state->bpf_ns += info.run_time_ns;
			state->bpf_runs += info.run_cnt;
		}
	}
}

static __u64 map_bytes(const struct bpf_object *object)
{
	struct bpf_map *map;
	char path[64], line[128];
	__u64 sum = 0, bytes;
	FILE *file;

	bpf_object__for_each_map(map, object) {
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", bpf_map__fd(map));
		file = fopen(path, "re");
		while (file && fgets(line, sizeof(line), file))
			if (sscanf(line, "memlock: %llu", &bytes) == 1)
				sum += bytes;
		if (file)
			fclose(file);
	}
	return sum;
}

static void read_stats(struct live *live)
{
	struct state *state = live->state;

	state->losses[LOSS_MISSED] = 0;
	if (live->stats_fd >= 0)
		state->bpf_ns = state->bpf_runs = 0;
	add_stats(live, live->bpf->obj);
	if (live->host_bpf)
		add_stats(live, live->host_bpf->obj);
	/* What maps take changes with the number of entries: not worth a look each time. */
	if (live->model->refreshes % 16 == 1) {
		state->maps_bytes = map_bytes(live->bpf->obj);
		if (live->state_bpf)
			state->maps_bytes += map_bytes(live->state_bpf->obj);
	}
}

static int live_refresh(struct source *source, struct model *model, struct state *state)
{
	struct live *live = (struct live *)source;
	int err;

	live->model = model;
	live->state = state;
	err = live->state_bpf ? read_objects(live) : fdinfo__read(state);
	if (!err && model->want.space && live->state_bpf)
		err = read_areas(live, &model->want);
	if (!err)
		err = read_counters(live);
	if (err)
		return err;
	drop_gone(live);
	drop_old_faults(live);
	ring_buffer__consume(live->events);
	read_stats(live);
	return 0;
}

/* ---- loading ---- */

static void live_close(struct source *source)
{
	struct live *live = (struct live *)source;

	while (live->nr_links)
		bpf_link__destroy(live->links[--live->nr_links]);
	ring_buffer__free(live->events);
	ring_buffer__free(live->records);
	iommutop_host_bpf__destroy(live->host_bpf);
	iommutop_state_bpf__destroy(live->state_bpf);
	iommutop_bpf__destroy(live->bpf);
	if (live->stats_fd >= 0)
		close(live->stats_fd);
	free(live->batch);
	free(live);
}

/* The filter as far as maps and unmaps can be asked for it; the rest is for rows. */
static void set_filter(struct iommutop_bpf *bpf, const struct iommufd_filter *filter)
{
	struct iommufd_filter counted = *filter;

	counted.use &= EVENT_FILTER_TGID | EVENT_FILTER_CTX | EVENT_FILTER_IOAS |
		       EVENT_FILTER_THREAD;
	memcpy((void *)&bpf->rodata->filter, &counted, sizeof(counted));
}

static int explain_load(int err)
{
	char name[ERRNAME_MAX];

	if (err == -EPERM || err == -EACCES) {
		msg("loading BPF programs: the kernel refused (%s) though CAP_BPF and CAP_PERFMON "
		    "are there; lockdown, a security module or a user namespace forbids it\n"
		    "  libbpf says: %s",
		    errname(-err, name), msg__libbpf_warning());
		return -EPERM;
	}
	if (err == -ENOMEM || err == -EMFILE) {
		msg("loading BPF programs: %s; see ulimit -n and the memory limit of this cgroup",
		    errname(-err, name));
		return err;
	}
	msg("loading BPF programs: this kernel does not take them (%s)\n"
	    "  iommutop is made for Linux 6.12 and later; -v shows the details\n"
	    "  libbpf says: %s",
	    errname(-err, name), msg__libbpf_warning());
	return -ENODEV;
}

static int attach_all(struct live *live)
{
	struct bpf_program *program;
	char tracepoint[64], name[ERRNAME_MAX];
	struct bpf_link *link;
	int err;

	bpf_object__for_each_program(program, live->bpf->obj) {
		snprintf(tracepoint, sizeof(tracepoint), MODULE "_%s", bpf_program__name(program));
		link = bpf_program__attach_raw_tracepoint(program, tracepoint);
		if (link) {
			live->links[live->nr_links++] = link;
			continue;
		}
		err = -errno;
		if (err == -ENOENT || err == -EINVAL) {
			msg("module " MODULE ": its tracepoint %s is missing, or of another "
			    "version; it is not the one this iommutop was built with\n"
			    "  unload what uses it and load ours: rmmod iommufd; "
			    "insmod build/iommufd.ko",
			    tracepoint);
			return -ENODEV;
		}
		msg("attaching to the tracepoint %s: %s\n  libbpf says: %s", tracepoint,
		    errname(-err, name), msg__libbpf_warning());
		return err == -EACCES ? -EPERM : err;
	}
	return 0;
}

static int load_counters(struct live *live, const struct options *options)
{
	int err;

	live->bpf = iommutop_bpf__open();
	if (!live->bpf)
		return explain_load(-errno);
	set_filter(live->bpf, &options->filter);
	bpf_map__set_max_entries(live->bpf->maps.records, EVENTS_BUFFER);
	err = iommutop_bpf__load(live->bpf);
	return err ? explain_load(err) : 0;
}

/* What there is; its absence is not the end. */
static int load_state(struct live *live)
{
	int err;

	live->state_bpf = iommutop_state_bpf__open();
	err = live->state_bpf ? iommutop_state_bpf__load(live->state_bpf) : -errno;
	if (!err) {
		live->records = ring_buffer__new(bpf_map__fd(live->state_bpf->maps.state),
						 take_record, live, NULL);
		err = live->records ? 0 : -errno;
	}
	if (err) {
		iommutop_state_bpf__destroy(live->state_bpf);
		live->state_bpf = NULL;
	}
	return err;
}

/* Faults of DMA: where neither BTF nor such a driver is, there are none to be seen. */
static int load_host(struct live *live)
{
	struct bpf_link *link;
	int err;

	live->host_bpf = iommutop_host_bpf__open();
	if (!live->host_bpf)
		return -errno;
	err = bpf_map__reuse_fd(live->host_bpf->maps.records, bpf_map__fd(live->bpf->maps.records));
	if (!err)
		err = bpf_map__reuse_fd(live->host_bpf->maps.counters,
					bpf_map__fd(live->bpf->maps.counters));
	if (!err)
		err = iommutop_host_bpf__load(live->host_bpf);
	if (err) {
		iommutop_host_bpf__destroy(live->host_bpf);
		live->host_bpf = NULL;
		return err;
	}
	link = bpf_program__attach_kprobe(live->host_bpf->progs.dma_fault, false, "dmar_fault");
	if (link)
		live->links[live->nr_links++] = link;
	link = bpf_program__attach_raw_tracepoint(live->host_bpf->progs.io_page_fault,
						  "io_page_fault");
	if (link)
		live->links[live->nr_links++] = link;
	return 0;
}

static int prepare(struct live *live)
{
	size_t largest = sizeof(struct top_node);

	_Static_assert(sizeof(struct top_node) >= sizeof(struct top_size), "the largest value");
	live->nr_cpus = libbpf_num_possible_cpus();
	if (live->nr_cpus < 0)
		return live->nr_cpus;
	live->batch = malloc(BATCH * largest * live->nr_cpus);
	live->events =
		ring_buffer__new(bpf_map__fd(live->bpf->maps.records), take_event, live, NULL);
	if (live->batch && live->events)
		return 0;
	msg("no memory for BPF maps of %d processors", live->nr_cpus);
	return -ENOMEM;
}

int live__open(struct source **source, struct model *model, const struct options *options)
{
	struct live *live = calloc(1, sizeof(*live));
	int err;

	if (!live)
		return -ENOMEM;
	live->source.name = "live";
	live->source.refresh = live_refresh;
	live->source.close = live_close;
	live->stats_fd = -1;
	err = load_counters(live, options);
	if (!err)
		err = prepare(live);
	if (!err)
		err = attach_all(live);
	if (err)
		goto close;
	if (options->self_stats)
		live->stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (load_state(live))
		snprintf(model->missing, sizeof(model->missing),
			 "only own processes are shown, and no policies: CAP_SYS_ADMIN is "
			 "missing; run iommutop as root");
	else if (load_host(live))
		snprintf(model->missing, sizeof(model->missing),
			 "no DMA faults: the kernel does not let programs look into it (BTF, "
			 "lockdown)");
	*source = &live->source;
	return 0;
close:
	live_close(&live->source);
	return err;
}
