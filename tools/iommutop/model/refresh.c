// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of the model, and a refresh: rows of all tables, the heat map, and the cost of iommutop
 * itself.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "model/opener.h"
#include "model/rows.h"
#include "msg.h"

/* The CPU time of this process. */
static __u64 cpu_ns(void)
{
	struct timespec time = {};

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return time.tv_sec * NS_PER_SEC + time.tv_nsec;
}

int model__no_memory(void)
{
	msg("out of memory while collecting data");
	return -ENOMEM;
}

int model__init(struct model *model)
{
	struct state *state;

	memset(model, 0, sizeof(*model));
	model->source = "none";
	model->heat = calloc(MODEL_HEAT, sizeof(*model->heat));
	model->state = state = calloc(1, sizeof(*state));
	model->openers = openers__open();
	if (!model->heat || !state || !model->openers) {
		model__close(model);
		return model__no_memory();
	}
	state->ctxs.size = sizeof(struct state_ctx);
	state->payers.size = sizeof(struct iommufd_payer_info);
	state->objects.size = sizeof(struct iommufd_object_info);
	state->policies.size = sizeof(struct iommufd_policy_info);
	state->areas.size = sizeof(struct top_area);
	state->reserved.size = sizeof(struct top_area);
	state->requests.size = sizeof(struct waiting_request);
	hash__init(&state->ioases, sizeof(struct ioas_counts));
	hash__init(&state->faults, sizeof(struct fault_counts));
	hash__init(&state->node_pasts, sizeof(struct node_past));
	hash__init(&state->ctx_sums, sizeof(struct ctx_sums));
	hash__init(&state->policy_pasts, sizeof(struct policy_past));
	hash__init(&state->costs, sizeof(struct cost_counts));
	hash__init(&state->ctx_pasts, sizeof(struct ctx_past));
	hash__init(&state->series, sizeof(struct model_series));
	state->bpf_ns = state->bpf_runs = MODEL_NONE;
	model->start_ns = model->time_ns = clock__now();
	model->wall_offset_ns = clock__wall_offset();
	model->cpu_start_ns = cpu_ns();
	return 0;
}

void model__close(struct model *model)
{
	struct state *state = model->state;
	unsigned int i;

	for (i = 0; i < MODEL_TABLES; i++)
		free(model->tables[i].rows);
	if (state) {
		history__close(&state->why.history);
		array__close(&state->ctxs);
		array__close(&state->payers);
		array__close(&state->objects);
		array__close(&state->policies);
		array__close(&state->areas);
		areas__close(state);
		array__close(&state->reserved);
		array__close(&state->requests);
		hash__close(&state->ioases);
		hash__close(&state->faults);
		hash__close(&state->node_pasts);
		hash__close(&state->ctx_sums);
		hash__close(&state->policy_pasts);
		hash__close(&state->costs);
		hash__close(&state->ctx_pasts);
		hash__close(&state->series);
	}
	free(state);
	openers__close(model->openers);
	free(model->heat);
	memset(model, 0, sizeof(*model));
}

int model__reset(struct model *model)
{
	const struct iommufd_filter filter = model->state->filter;
	const struct model_want want = model->want;
	const bool is_filtered = model->is_filtered;
	const char *source = model->source;
	int err;

	model__close(model);
	err = model__init(model);
	if (err)
		return err;
	model->state->filter = filter;
	model->is_filtered = is_filtered;
	model->want = want;
	model->source = source;
	return 0;
}

/* Append a column to the heat map, and sum up the latencies of all IOASes. */
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

static int update_self(struct model *model)
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
	self->cpu_total_ns = cpu_ns() - model->cpu_start_ns;
	self->cpu_ns = self->cpu_total_ns - before.cpu_total_ns;
	self->refresh_ns = clock__now() - state->began_ns;
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

void model__begin(struct model *model)
{
	struct state *state = model->state;

	model->refreshes++;
	state->before_ns = model->time_ns;
	state->began_ns = model->time_ns = clock__now();
	model->wall_offset_ns = clock__wall_offset();
	state->ctxs.nr = state->payers.nr = state->objects.nr = state->policies.nr = 0;
	state->missing_policies[0] = '\0';
	state->has_payers = false;
	state->areas.nr = state->reserved.nr = 0;
	memset(&state->counts, 0, sizeof(state->counts));
	state->has_areas = state->has_reserved = false;
	state->areas_cut = state->losses[LOSS_CUT] = 0;
	refusals__begin(model);
}

int model__update(struct model *model)
{
	/* In this order, because rows of faults take names from the rows of devices. */
	static int (*const tables[])(struct model *model) = {
		rows__contexts, rows__history, rows__devices, rows__faults,    rows__policies,
		rows__payers,	rows__sizes,   rows__space,   rows__area_list,
	};
	struct state *state = model->state;
	unsigned int i;

	model->interval_ns = 1;
	if (model->time_ns > state->before_ns)
		model->interval_ns = model->time_ns - state->before_ns;
	requests__flush(model, model->ended ? ~0ULL :
			       model->time_ns > REQUESTS_WAIT_NS ?
					      model->time_ns - REQUESTS_WAIT_NS :
					      0);
	model->has_counts = state->has_counts;
	memset(state->heat, 0, sizeof(state->heat));
	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (tables[i](model))
			return model__no_memory();
	update_heat(model);
	ctx_pasts__forget(model);
	model->has_match |= model__nr(model, MODEL_NODES);
	return update_self(model) ? model__no_memory() : 0;
}
