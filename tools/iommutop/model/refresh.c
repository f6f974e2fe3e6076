// SPDX-License-Identifier: GPL-2.0-only
/*
 * A refresh of the model: time, the source's part, then rows of all tables, heat map, and what this
 * program itself costs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "msg.h"
#include "source/source.h"

static __u64 clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

int model__init(struct model *model)
{
	struct state *state;

	memset(model, 0, sizeof(*model));
	model->source = "none";
	model->heat = calloc(MODEL_HEAT, sizeof(*model->heat));
	model->state = state = calloc(1, sizeof(*state));
	model->who = who__open();
	if (!model->heat || !state || !model->who) {
		model__close(model);
		msg("no memory for what is to be shown");
		return -ENOMEM;
	}
	state->ctxs.size = sizeof(struct iommufd_ctx_info);
	state->objects.size = sizeof(struct iommufd_object_info);
	state->policies.size = sizeof(struct iommufd_policy_info);
	state->areas.size = sizeof(struct top_area);
	state->reserved.size = sizeof(struct top_area);
	tallies__init(&state->nodes, sizeof(struct node_tally));
	tallies__init(&state->faults, sizeof(struct fault_tally));
	tallies__init(&state->pasts, sizeof(struct node_past));
	tallies__init(&state->policy_pasts, sizeof(struct policy_past));
	state->bpf_ns = state->bpf_runs = MODEL_NONE;
	model->start_ns = model->time_ns = clock_ns(CLOCK_MONOTONIC);
	model->wall_offset_ns = clock_ns(CLOCK_REALTIME) - model->start_ns;
	model->cpu_start_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	return 0;
}

void model__close(struct model *model)
{
	struct state *state = model->state;
	unsigned int i;

	for (i = 0; i < MODEL_TABLES; i++)
		free(model->tables[i].rows);
	if (state) {
		list__close(&state->ctxs);
		list__close(&state->objects);
		list__close(&state->policies);
		list__close(&state->areas);
		list__close(&state->reserved);
		tallies__close(&state->nodes);
		tallies__close(&state->faults);
		tallies__close(&state->pasts);
		tallies__close(&state->policy_pasts);
	}
	free(state);
	who__close(model->who);
	free(model->heat);
	memset(model, 0, sizeof(*model));
}

void *rows__add(struct model *model, enum model_table table, struct model_key key)
{
	const struct model_table_info *info = &model_tables[table];
	struct model_rows *rows = &model->tables[table];
	unsigned int room;
	void *row;

	if (rows->nr == rows->room) {
		room = rows->room ? rows->room * 2 : 16;
		row = realloc(rows->rows, (size_t)room * info->row_size);
		if (!row)
			return NULL;
		rows->rows = row;
		rows->room = room;
	}
	row = (char *)rows->rows + (size_t)rows->nr++ * info->row_size;
	memset(row, 0, info->row_size);
	memcpy(row, &key, sizeof(key));
	return row;
}

void rows__clear(struct model *model, enum model_table table)
{
	model->tables[table].nr = 0;
}

void latency__of(struct model_latency *latency, const __u64 *buckets)
{
	__u64 count = 0, sum = 0, at[3];
	__u64 *to[3] = { &latency->p50_ns, &latency->p90_ns, &latency->p99_ns };
	unsigned int i, next = 0;

	for (i = 0; i < MODEL_BUCKETS; i++)
		count += buckets[i];
	latency->count = count;
	latency->p50_ns = latency->p90_ns = latency->p99_ns = latency->max_ns = MODEL_NONE;
	if (!count)
		return;
	/* How many must be as fast, rounded up. */
	at[0] = count - count / 2;
	at[1] = count - count / 10;
	at[2] = count - count / 100;
	for (i = 0; i < MODEL_BUCKETS; i++) {
		if (!buckets[i])
			continue;
		sum += buckets[i];
		while (next < 3 && sum >= at[next])
			*to[next++] = model__bucket_ns(i + 1);
		latency->max_ns = model__bucket_ns(i + 1);
	}
}

/* The interval's column, behind the others. */
static void update_heat(struct model *model)
{
	struct state *state = model->state;
	struct model_heat_column *column;
	unsigned int op, i;

	for (op = 0; op < MODEL_OPS; op++) {
		latency__of(&model->latency[op], state->heat[op]);
		for (i = 0; i < MODEL_BUCKETS; i++)
			model->buckets_total[op][i] += state->heat[op][i];
		latency__of(&model->latency_total[op], model->buckets_total[op]);
	}
	if (model->nr_heat == MODEL_HEAT) {
		memmove(model->heat, model->heat + 1, (MODEL_HEAT - 1) * sizeof(*model->heat));
		model->nr_heat--;
	}
	column = &model->heat[model->nr_heat++];
	column->time_ns = model->time_ns;
	column->interval_ns = model->interval_ns;
	for (op = 0; op < MODEL_OPS; op++)
		for (i = 0; i < MODEL_BUCKETS; i++)
			column->buckets[op][i] = state->heat[op][i];
}

static __u64 read_rss(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return MODEL_NONE;
	if (fscanf(file, "%*u %lu", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages ? (__u64)pages * sysconf(_SC_PAGESIZE) : MODEL_NONE;
}

static int update_self(struct model *model, __u64 began_ns)
{
	const struct model_key key = { .kind = MODEL_KIND_SELF };
	const struct state *state = model->state;
	struct model_self before = {}, *self;

	if (model->tables[MODEL_SELF].nr)
		before = *(const struct model_self *)model__row(model, MODEL_SELF, 0);
	rows__clear(model, MODEL_SELF);
	self = rows__add(model, MODEL_SELF, key);
	if (!self)
		return -ENOMEM;
	self->cpu_total_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - model->cpu_start_ns;
	self->cpu_ns = self->cpu_total_ns - before.cpu_total_ns;
	self->refresh_ns = clock_ns(CLOCK_MONOTONIC) - began_ns;
	self->rss = read_rss();
	self->maps_bytes = state->maps_bytes;
	self->bpf_total_ns = state->bpf_ns;
	self->bpf_runs_total = state->bpf_runs;
	self->bpf_ns = self->bpf_runs = MODEL_NONE;
	if (state->bpf_ns != MODEL_NONE) {
		self->bpf_ns = state->bpf_ns - before.bpf_total_ns;
		self->bpf_runs = state->bpf_runs - before.bpf_runs_total;
	}
	self->lost_lines = state->losses[LOSS_LINES];
	self->lost_counts = state->losses[LOSS_COUNTS];
	self->missed = state->losses[LOSS_MISSED];
	self->cut = state->losses[LOSS_CUT];
	return 0;
}

int model__refresh(struct model *model, struct source *source)
{
	__u64 began_ns = clock_ns(CLOCK_MONOTONIC), before_ns = model->time_ns;
	struct state *state = model->state;
	int err;

	model->source = source->name;
	if (!source->own_time) {
		model->time_ns = began_ns;
		model->wall_offset_ns = clock_ns(CLOCK_REALTIME) - began_ns;
	}
	state->ctxs.nr = state->objects.nr = state->policies.nr = 0;
	state->areas.nr = state->reserved.nr = 0;
	state->has_areas = state->has_reserved = false;
	state->areas_cut = state->losses[LOSS_CUT] = 0;
	model->refreshes++;
	err = source->refresh(source, model, state);
	if (err)
		return err;
	if (source->own_time && model->refreshes == 1)
		before_ns = model->start_ns;
	model->interval_ns = model->time_ns > before_ns ? model->time_ns - before_ns : 1;
	model->has_counts = state->has_counts;
	memset(state->heat, 0, sizeof(state->heat));
	err = rows__nodes(model, state);
	if (!err)
		err = rows__devices(model, state);
	if (!err)
		err = rows__faults(model, state);
	if (!err)
		err = rows__policies(model, state);
	if (!err)
		err = rows__sizes(model, state);
	if (!err)
		err = space__update(model, state);
	if (!err) {
		update_heat(model);
		err = update_self(model, began_ns);
	}
	if (err)
		msg("no memory for what is to be shown");
	return err;
}

void source__close(struct source *source)
{
	if (source)
		source->close(source);
}
