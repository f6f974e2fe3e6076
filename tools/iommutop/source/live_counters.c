// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters of the running kernel: reads the per-CPU maps of the BPF programs and sums up the CPUs.
 * See live.h.
 */
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "errname.h"
#include "msg.h"
#include "source/live.h"

#define FAULTS_KEPT 300u /* refreshes after the context is gone */

/* Values of a per-CPU map are a multiple of 8 bytes apart. */
static size_t stride_of(size_t value_size)
{
	return (value_size + 7) & ~7ul;
}

/* Sum up the values of all CPUs: 64-bit counters first, then 32-bit buckets from buckets_at on. */
static void sum_cpus(const struct live *live, void *to, const void *values, size_t size,
		     size_t buckets_at)
{
	__u64 *counters = to;
	__u32 *buckets = (__u32 *)((char *)to + buckets_at);
	size_t nr_counters = buckets_at / sizeof(__u64), i;
	size_t nr_buckets = (size - buckets_at) / sizeof(__u32);
	int cpu;

	memset(to, 0, size);
	for (cpu = 0; cpu < live->nr_cpus; cpu++) {
		const __u64 *from = (const __u64 *)((const char *)values + cpu * stride_of(size));
		const __u32 *from_buckets = (const __u32 *)((const char *)from + buckets_at);

		/* Without a counted event the buckets are empty, too. */
		for (i = 0; i < nr_counters && !from[i]; i++)
			;
		if (i == nr_counters)
			continue;
		for (i = 0; i < nr_counters; i++)
			counters[i] += from[i];
		for (i = 0; i < nr_buckets; i++)
			buckets[i] += from_buckets[i];
	}
}

/* Call store() for each entry of a per-CPU hash, reading a batch at a time. */
static int read_hash(struct live *live, int fd, size_t key_size, size_t value_size,
		     int (*store)(struct live *live, const void *key, const void *values))
{
	size_t values_size = stride_of(value_size) * live->nr_cpus;
	char keys[LIVE_BATCH * sizeof(struct top_fault_key)], name[ERRNAME_MAX];
	unsigned int position[4] = {};
	bool is_first = true;
	int end = 0, err;

	while (!end) {
		__u32 nr = LIVE_BATCH, i;

		end = bpf_map_lookup_batch(fd, is_first ? NULL : position, position, keys,
					   live->batch, &nr, NULL);
		if (end && end != -ENOENT) {
			msg("cannot read the counters: %s", errname(-end, name));
			return end;
		}
		for (i = 0; i < nr; i++) {
			err = store(live, keys + i * key_size,
				    (char *)live->batch + i * values_size);
			if (err)
				return err;
		}
		is_first = false;
	}
	return 0;
}

static int store_ioas(struct live *live, const void *data, const void *values)
{
	const struct top_ioas_key *key = data;
	struct ioas_counts *counts = hash__get(&live->model->state->ioases,
					       state__ioas_key(key->ctx, key->ioas),
					       live->model->refreshes);

	if (!counts)
		return model__no_memory();
	sum_cpus(live, &counts->now, values, sizeof(counts->now),
		 offsetof(struct top_ioas, buckets));
	return 0;
}

static int store_fault(struct live *live, const void *data, const void *values)
{
	const struct top_fault_key *key = data;
	struct hash_key at = { key->ctx, key->device, key->pasid, key->sbdf };
	struct fault_counts *counts =
		hash__get(&live->model->state->faults, at, live->model->refreshes);

	if (!counts)
		return model__no_memory();
	sum_cpus(live, &counts->now, values, sizeof(counts->now),
		 offsetof(struct top_fault, buckets));
	return 0;
}

/*
 * Whether a context is closed. At the first refresh that does not list it, it may have been opened
 * after the walk; at the third one it is gone, and so are its calls.
 */
static bool is_gone(struct live *live, __u32 ctx)
{
	const __u64 refresh = live->model->refreshes;
	struct absent_ctx *absent;

	if (!live->model->state->has_state || state__ctx(live->model->state, ctx))
		return false;
	absent = hash__get(&live->absent, (struct hash_key){ .a = ctx }, refresh);
	if (!absent)
		return false;
	/* A context has counts in several classes. */
	if (absent->refresh != refresh)
		absent->refreshes++;
	absent->refresh = refresh;
	return absent->refreshes >= 3;
}

/* Add the counters of a context that passes the filter. */
static int store_size(struct live *live, const void *data, const void *values)
{
	const struct top_size_key *key = data;
	bool is_counted, is_old;
	struct top_size counts;

	if (key->class >= TOP_SIZES)
		return 0;
	is_counted = model__wants_calls(live->model, key->ctx, true);
	is_old = live->nr_old < LIVE_BATCH && is_gone(live, key->ctx);
	if (is_old)
		live->old[live->nr_old++] = *key;
	if (!is_counted)
		return 0;
	sum_cpus(live, &counts, values, sizeof(counts), offsetof(struct top_size, buckets));
	size__add(&live->model->state->sizes[key->class], &counts);
	if (is_old)
		size__add(&live->gone[key->class], &counts);
	return 0;
}

/* With a filter, sum up the contexts that pass it, and drop those that are closed from the hash. */
static int read_ctx_sizes(struct live *live)
{
	int fd = bpf_map__fd(live->bpf->maps.ctx_sizes), err;
	struct state *state = live->model->state;
	unsigned int i;

	_Static_assert(sizeof(state->sizes) == sizeof(live->gone), "the same classes");
	memcpy(state->sizes, live->gone, sizeof(state->sizes));
	live->nr_old = 0;
	err = read_hash(live, fd, sizeof(struct top_size_key), sizeof(struct top_size), store_size);
	for (i = 0; i < live->nr_old; i++)
		bpf_map_delete_elem(fd, &live->old[i]);
	hash__forget(&live->absent, live->model->refreshes);
	return err;
}

static int read_sizes(struct live *live)
{
	const struct iommutop_bpf *bpf = live->bpf;
	struct state *state = live->model->state;
	__u32 i;

	if (state->filter.use)
		return read_ctx_sizes(live);
	for (i = 0; i < TOP_SIZES; i++)
		if (!bpf_map_lookup_elem(bpf_map__fd(bpf->maps.sizes), &i, live->batch))
			sum_cpus(live, &state->sizes[i], live->batch, sizeof(state->sizes[i]),
				 offsetof(struct top_size, buckets));
	return 0;
}

/*
 * Delete the counters of destroyed IOASes from the BPF hash, a batch per refresh. Wait for the
 * third refresh that does not find the IOAS: at the first one it may have been created after the
 * walk.
 */
static void drop_destroyed(struct live *live)
{
	const struct state *state = live->model->state;
	struct top_ioas_key keys[LIVE_BATCH];
	unsigned int i, nr = 0;

	if (!state->has_state)
		return;
	for (i = 0; i < state->ioases.room && nr < LIVE_BATCH; i++) {
		const struct hash_entry *entry = &state->ioases.slots[i];
		struct ioas_counts *counts = entry->data;

		if (!entry->seen)
			continue;
		if (state__object(state, entry->key.a, entry->key.b)) {
			counts->unseen = 0;
			continue;
		}
		if (++counts->unseen < 3)
			continue;
		keys[nr].ctx = entry->key.a;
		keys[nr++].ioas = entry->key.b;
	}
	for (i = 0; i < nr; i++)
		bpf_map_delete_elem(bpf_map__fd(live->bpf->maps.ioases), &keys[i]);
}

/* Keep faults for a while after their context is gone, because they may have ended its process. */
static void drop_old_faults(struct live *live)
{
	struct state *state = live->model->state;
	unsigned int i;

	for (i = 0; i < state->faults.room && state->has_state; i++) {
		struct hash_entry *entry = &state->faults.slots[i];
		struct fault_counts *counts = entry->data;
		struct top_fault_key key = { entry->key.a, entry->key.b, entry->key.c,
					     entry->key.d };

		if (!entry->seen)
			continue;
		/* DMA faults are counted by model__add_event(), not in the BPF hash. */
		if (entry->key.a == EVENT_NONE)
			entry->seen = live->model->refreshes;
		else if (state__ctx(state, entry->key.a))
			counts->unseen = 0;
		else if (++counts->unseen == FAULTS_KEPT)
			bpf_map_delete_elem(bpf_map__fd(live->bpf->maps.faults), &key);
	}
	hash__forget(&state->faults, live->model->refreshes);
}

static int store_cost(void *ctx, const struct cost_key *key, const struct cost *cost)
{
	const struct hash_key at = { .a = key->policy, .b = key->hook };
	struct model *model = ctx;
	struct cost_counts *counts = hash__get(&model->state->costs, at, model->refreshes);

	if (!counts)
		return model__no_memory();
	counts->now = *cost;
	return 0;
}

static bool is_loaded(const struct state *state, __u32 policy)
{
	unsigned int i;

	for (i = 0; i < state->policies.nr; i++)
		if (((struct iommufd_policy_info *)array__at(&state->policies, i))->id == policy)
			return true;
	return false;
}

/* Ids are not used again, so the counters of a policy that is gone can go, too. */
static void drop_costs(struct live *live)
{
	struct hash *costs = &live->model->state->costs;
	unsigned int i;

	for (i = 0; i < costs->room; i++) {
		const struct hash_entry *entry = &costs->slots[i];
		const struct cost_key key = { entry->key.a, entry->key.b };

		if (entry->seen && !is_loaded(live->model->state, key.policy))
			cost__drop(live->cost, &key);
	}
	hash__forget(costs, live->model->refreshes);
}

int live__read_costs(struct live *live)
{
	struct state *state = live->model->state;
	char name[ERRNAME_MAX];
	int err;

	if (!state->policies.nr) {
		cost__close(live->cost);
		live->cost = NULL;
	} else if (!live->cost && !live->cannot_cost) {
		live->cost = cost__open();
		live->cannot_cost = !live->cost;
	}
	state->has_costs = live->cost;
	if (!live->cost) {
		hash__forget(&state->costs, live->model->refreshes);
		return 0;
	}
	err = cost__read(live->cost, store_cost, live->model);
	if (err) {
		if (err != -ENOMEM)
			msg("cannot read the cost of the policies: %s", errname(-err, name));
		return err;
	}
	state->losses[LOSS_COUNTS] += cost__lost(live->cost);
	drop_costs(live);
	return 0;
}

int live__read_counters(struct live *live)
{
	struct iommutop_bpf *bpf = live->bpf;
	struct state *state = live->model->state;
	__u32 i;
	int err;

	err = read_hash(live, bpf_map__fd(bpf->maps.ioases), sizeof(struct top_ioas_key),
			sizeof(struct top_ioas), store_ioas);
	if (!err)
		err = read_hash(live, bpf_map__fd(bpf->maps.faults), sizeof(struct top_fault_key),
				sizeof(struct top_fault), store_fault);
	if (!err)
		err = read_sizes(live);
	if (err)
		return err;
	/* Forget the entries that drop_destroyed() deleted. */
	hash__forget(&state->ioases, live->model->refreshes);
	i = 0;
	if (!bpf_map_lookup_elem(bpf_map__fd(bpf->maps.counters), &i, live->batch))
		sum_cpus(live, &state->counters, live->batch, sizeof(state->counters),
			 sizeof(state->counters));
	state->losses[LOSS_LINES] = state->counters.lost;
	state->losses[LOSS_COUNTS] = bpf->bss->uncounted;
	if (live->foreign)
		state->losses[LOSS_COUNTS] += live->foreign->bss->uncounted;
	if (live->type1)
		state->losses[LOSS_COUNTS] += live->type1->bss->uncounted;
	state->has_counts = true;
	state->lacks_copies = live->lacks_copies;
	state->lacks_pasids = live->foreign;
	drop_destroyed(live);
	drop_old_faults(live);
	return 0;
}
