// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommutop's screen with a made-up model, for tests of the screen without a kernel.
 *
 *	tui-made-up [--rows N] [--interval MS] [--refreshes N] [--view NAME] [--sort COLUMN]
 *		    [--ascending] [--wide] [--ascii] [--no-color] [--missing TEXT]
 *		    [--lost] [--self] [--empty] [--uneven] [--settings FILE]
 *		    [--missing-policy NAME]
 *
 * The model depends only on the number of the refresh:
 *	nvme-io 812	two IOASes; 23 areas, 1 GiB mapped, half pinned, 45 % of its limit
 *	leaky 900	pins 64 KiB more at each refresh, so that it stays below the others for
 *			hours
 *	qemu 4711	machine web1; a device with two PASIDs, 7 faults of PASID 3
 *	filler N	--rows: contexts with one IOAS each
 * With --given, the interval counts as given by the user.
 * With --uneven, every second interval is three times as long.
 * SIGUSR1 makes it crash.
 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "model/model.h"
#include "msg.h"
#include "screen/screen.h"

#define MIB (1ULL << 20)
#define LEAK (1ULL << 16)

static unsigned int fillers;
static const char *missing = "", *missing_policy = "";
static bool has_lost, is_empty, is_uneven;
static struct model_series series[3]; /* the histories of the first contexts */

static void *add(struct model *model, enum model_table table, enum model_kind kind, __u32 ctx,
		 __u32 id, __u32 sub, __u64 number)
{
	struct model_rows *rows = &model->tables[table];
	size_t size = model_tables[table].row_size;
	struct model_key key = { kind, ctx, id, sub, number };
	char *row;

	if (rows->nr == rows->room) {
		rows->room = rows->room ? rows->room * 2 : 64;
		rows->rows = realloc(rows->rows, rows->room * size);
		if (!rows->rows)
			abort();
	}
	row = (char *)rows->rows + rows->nr++ * size;
	memset(row, 0, size);
	memcpy(row, &key, sizeof(key));
	return row;
}

static void set_latency(struct model_latency *latency, __u64 count, __u64 ns)
{
	latency->count = count;
	latency->p50_ns = count ? ns : MODEL_NONE;
	latency->p90_ns = count ? 2 * ns : MODEL_NONE;
	latency->p99_ns = count ? 10 * ns : MODEL_NONE;
	latency->max_ns = count ? 30 * ns : MODEL_NONE;
}

static struct model_node *add_node(struct model *model, __u32 ctx, __u32 ioas, __u32 tgid,
				   const char *comm, __u64 areas, __u64 mapped, __u64 pinned)
{
	bool is_ioas = ioas != EVENT_NONE;
	struct model_node *node = add(model, MODEL_NODES,
				      is_ioas ? MODEL_KIND_IOAS : MODEL_KIND_CTX, ctx,
				      is_ioas ? ioas : 0, 0, 0);
	unsigned int op;

	node->ctx = ctx;
	node->ioas = ioas;
	node->tgid = node->opener_tgid = tgid;
	memccpy(node->comm, comm, 0, sizeof(node->comm));
	node->areas = areas;
	node->mapped = mapped;
	node->pinned = pinned;
	node->limit = node->limit_used = node->limit_share = node->limit_in_ns = MODEL_NONE;
	node->areas_left = node->tracks_dirty = node->mediated = MODEL_NONE;
	memset(&node->open, 0xff, sizeof(node->open));
	for (op = 0; op < MODEL_OPS; op++) {
		set_latency(&node->latency[op], 0, 0);
		set_latency(&node->latency_total[op], 0, 0);
	}
	return node;
}

static void set_growth(struct model_node *node, __u64 refreshes, __u64 step)
{
	node->grown_total = (refreshes - 1) * step;
	node->grown = refreshes > 1 ? step : 0;
	if (refreshes < 10)
		return;
	node->growth_rate = 60 * step;
	node->growth_ns = step ? refreshes * NS_PER_SEC : 0;
}

/* The driver's counts since the open. */
static void set_open(struct model_node *node)
{
	node->open = (struct iommufd_ctx_counts){
		.ctx = node->ctx,
		.maps = 123,
		.maps_failed = 4,
		.unmaps = 100,
		.copies = 1,
		.pinned = 640 * MIB,
		.unpinned = 128 * MIB,
		.refused_policy = 3,
		.refused_limit = 1,
		.timed_pins = 7,
		.timed_bytes = 512 * MIB,
		.pin_ns = 700000000,
		.fill_ns = 30000000,
		.age_ns = 61 * NS_PER_SEC,
		.first_map_ns = 8000000,
		.last_map_ns = 60 * NS_PER_SEC,
	};
	node->nr_ioases = 2;
	node->runs = 32768;
	node->run_size = 16384;
	node->huge_share = 1250;
}

static void fill_nodes(struct model *model)
{
	__u64 n = model->refreshes;
	struct model_node *node;
	unsigned int i;

	node = add_node(model, 1, EVENT_NONE, 812, "nvme-io", 23, 1024 * MIB, 512 * MIB);
	node->limit = 2048 * MIB;
	node->limit_used = 921 * MIB;
	node->limit_share = 4500;
	node->cgroup = "/system.slice/nvme.service";
	strcpy(node->devices, "00:04.0");
	set_growth(node, n, 0);
	node->now.maps = 23;
	node->now.unmaps = 7;
	set_latency(&node->latency[MODEL_PIN], 23, 12000);
	set_latency(&node->latency[MODEL_MAP], 23, 3000);
	set_open(node);
	model__add_moment(model, &series[0], node);
	set_growth(add_node(model, 1, 1, 812, "nvme-io", 16, 768 * MIB, 256 * MIB), n, 0);
	set_growth(add_node(model, 1, 2, 812, "nvme-io", 7, 256 * MIB, 256 * MIB), n, 0);
	node = add_node(model, 2, EVENT_NONE, 900, "leaky", n, n * LEAK, n * LEAK);
	node->limit = 1024 * MIB;
	node->limit_used = n * LEAK;
	node->limit_share = n * LEAK * 10000 / node->limit;
	node->limit_in_ns = (node->limit / LEAK - n) * NS_PER_SEC;
	set_growth(node, n, LEAK);
	model__add_moment(model, &series[1], node);
	set_growth(add_node(model, 2, 1, 900, "leaky", n, n * LEAK, n * LEAK), n, LEAK);
	node = add_node(model, 3, EVENT_NONE, 4711, "qemu\033[31m", 3, 300 * MIB, 300 * MIB);
	strcpy(node->machine, "web1");
	set_growth(node, n, 0);
	model__add_moment(model, &series[2], node);
	set_growth(add_node(model, 3, 1, 4711, "qemu\033[31m", 3, 300 * MIB, 300 * MIB), n, 0);
	for (i = 0; i < fillers; i++) {
		add_node(model, 100 + i, EVENT_NONE, 5000 + i, "filler", 1, 4096, 4096);
		add_node(model, 100 + i, 1, 5000 + i, "filler", 1, 4096, 4096);
	}
}

static struct model_device *add_device(struct model *model, __u32 ctx, __u32 id, const char *name,
				       const char *attached, __u32 pasid)
{
	bool is_pasid = pasid != EVENT_NONE;
	struct model_device *device = add(model, MODEL_DEVICES,
					  is_pasid ? MODEL_KIND_PASID : MODEL_KIND_DEVICE, ctx, id,
					  0, 0);

	device->ctx = ctx;
	device->id = id;
	device->tgid = ctx == 1 ? 812 : 4711;
	device->sbdf = device->hwpt = device->ioas = device->vendor = device->product = EVENT_NONE;
	device->group = id;
	strcpy(device->name, name);
	strcpy(device->comm, ctx == 1 ? "nvme-io" : "qemu");
	strcpy(device->machine, ctx == 1 ? "" : "web1");
	strcpy(device->attached, attached);
	device->pasid = pasid;
	device->virt_pasid = is_pasid ? pasid + 100 : EVENT_NONE;
	return device;
}

static void fill_devices(struct model *model)
{
	add_device(model, 1, 4, "0000:00:04.0", "ioas 1", EVENT_NONE);
	add_device(model, 3, 2, "iommufd-mock.0", "ioas 1", EVENT_NONE)->nr_pasids = 2;
	add_device(model, 3, 5, "iommufd-mock.0", "hwpt 6 on ioas 1", 2);
	add_device(model, 3, 7, "iommufd-mock.0", "sva 8", 3)->faults_total = 7;
}

static void fill_faults(struct model *model)
{
	struct model_fault *fault = add(model, MODEL_FAULTS, MODEL_KIND_FAULT, 3, 2, 3, 0);
	struct model_line *line;
	unsigned int i;

	fault->ctx = 3;
	fault->device = 2;
	fault->pasid = 3;
	fault->tgid = 4711;
	fault->sbdf = EVENT_NONE;
	strcpy(fault->name, "iommufd-mock.0");
	strcpy(fault->comm, "qemu");
	strcpy(fault->machine, "web1");
	fault->groups_total = 7;
	fault->groups = 7;
	fault->done_total = 5;
	fault->invalid_total = 2;
	set_latency(&fault->latency, 7, 250000);
	set_latency(&fault->latency_total, 7, 250000);
	for (i = 1; i <= 14; i++) {
		line = add(model, MODEL_LINES, MODEL_KIND_LINE, 0, 0, 0, i);
		line->time_ns = model->start_ns + i * 1000000ULL;
		line->ctx = 3;
		line->tgid = 4711;
		line->device = 2;
		line->sbdf = EVENT_NONE;
		line->pasid = 3;
		line->addr = 0x7f0000000000 + i * 4096;
		line->latency_ns = i % 2 ? MODEL_NONE : 250000;
		strcpy(line->name, "iommufd-mock.0");
		strcpy(line->comm, "qemu");
		strcpy(line->machine, "web1");
		strcpy(line->access, "rw");
		strcpy(line->what, i % 2 ? "request" : "response");
		sprintf(line->reason, i % 2 ? "page %u not present" : "page %u present", i);
		if (i == 3) {
			line->bad = true;
			strcpy(line->what, "denied");
		}
		if (i == 5) {
			line->bad = true;
			line->event = EVENT_dma_fault;
			strcpy(line->what, "dma fault");
		}
		if (i == 13)
			strcpy(line->explanation, "ioas 1 of PID 4711 qemu: never mapped");
	}
}

static void fill_latencies(struct model *model)
{
	struct model_heat_column *column;
	unsigned int i, op, at = 24 + model->refreshes % 7;
	struct model_size *size;

	if (model->nr_heat == MODEL_HEAT)
		memmove(model->heat, model->heat + 1, --model->nr_heat * sizeof(*model->heat));
	column = &model->heat[model->nr_heat++];
	memset(column, 0, sizeof(*column));
	column->time_ns = model->time_ns;
	column->interval_ns = model->interval_ns;
	for (op = 0; op < MODEL_OPS; op++) {
		column->buckets[op][at + 4 * op] = 100;
		column->buckets[op][at + 4 * op + 3] = 9;
		column->buckets[op][at + 4 * op + 17] = 1;
		set_latency(&model->latency[op], 110, 12000 << op);
	}
	for (i = 1; i < 4; i++) {
		size = add(model, MODEL_SIZES, MODEL_KIND_SIZE, 0, 0, 0, i);
		size->first = 4096ULL << (4 * (i - 1));
		size->last = size->first * 2 - 1;
		size->maps = 10 * i;
		size->maps_total = model->refreshes * size->maps;
		set_latency(&size->latency[MODEL_PIN], size->maps, 1000 << (2 * i));
		set_latency(&size->latency[MODEL_MAP], size->maps, 500 << (2 * i));
		set_latency(&size->latency_total[MODEL_PIN], size->maps, 1000 << (2 * i));
		set_latency(&size->latency_total[MODEL_MAP], size->maps, 500 << (2 * i));
		for (op = 0; op < 20; op++)
			size->buckets_total[0][20 + 4 * i + op] = (op < 10 ? op : 20 - op) * i;
		for (op = 0; op < 20; op++)
			size->buckets_total[1][24 + 4 * i + op] = (op < 10 ? op : 20 - op) * i;
	}
}

static void add_range(struct model *model, enum model_range_kind kind, __u64 first, __u64 last,
		      __u64 number)
{
	struct model_range *range = add(model, MODEL_RANGES, MODEL_KIND_RANGE, 0, 0, 0, first);

	range->kind = kind;
	range->first = first;
	range->last = last;
	range->bytes = last - first + 1;
	range->areas = number;
}

static void fill_space(struct model *model)
{
	struct model_space *space = &model->space;
	struct model_area *area;

	memset(space, 0, sizeof(*space));
	if (!model->want.space)
		return;
	space->is_there = true;
	space->ctx = model->want.ctx;
	space->ioas = model->want.ioas;
	space->areas = 16;
	space->used = 768 * MIB;
	space->reserved = MIB;
	space->first = 0x10000000;
	space->last = 0x10000000 + 1024 * MIB - 1;
	space->holes = 2;
	space->hole_bytes = 256 * MIB;
	space->largest_hole = 192 * MIB;
	space->largest_hole_first = 0x20000000;
	space->fragmentation = 2500;
	add_range(model, MODEL_RANGE_FREE, 0, 0xfffffff, 0);
	add_range(model, MODEL_RANGE_USED, 0x10000000, 0x1fffffff, 8);
	add_range(model, MODEL_RANGE_FREE, 0x20000000, 0x2bffffff, 0);
	add_range(model, MODEL_RANGE_USED, 0x2c000000, 0x3fffffff, 4);
	add_range(model, MODEL_RANGE_FREE, 0x40000000, 0x43ffffff, 0);
	add_range(model, MODEL_RANGE_USED, 0x44000000, 0x4fffffff, 4);
	add_range(model, MODEL_RANGE_FREE, 0x50000000, 0xfedfffff, 0);
	add_range(model, MODEL_RANGE_RESERVED, 0xfee00000, 0xfeefffff, 0);
	add_range(model, MODEL_RANGE_FREE, 0xfef00000, (1ULL << 39) - 1, 0);
	add_range(model, MODEL_RANGE_RESERVED, 1ULL << 39, ~0ULL, 0);
	area = add(model, MODEL_AREAS, MODEL_KIND_AREA, 0, 0, 0, 1);
	area->first = 16 * MIB;
	area->last = 32 * MIB - 1;
	area->areas = 15;
	area->bytes = 240 * MIB;
	area = add(model, MODEL_AREAS, MODEL_KIND_AREA, 0, 0, 0, 2);
	area->first = 512 * MIB;
	area->last = 1024 * MIB - 1;
	area->areas = 1;
	area->bytes = 528 * MIB;
}

/* A few of very many areas. */
static void fill_areas(struct model *model)
{
	static const __u64 lengths[] = { 4096, 240 * MIB, 528 * MIB };
	struct model_area_sums *sums = &model->area_sums;
	struct model_mapped *area;
	__u64 first = 0x10000000;
	unsigned int i;

	memset(sums, 0, sizeof(*sums));
	if (!model->want.areas)
		return;
	sums->is_there = true;
	sums->ctx = model->want.ctx;
	sums->ioas = model->want.ioas;
	sums->areas = 200000;
	sums->bytes = sums->in_runs = 1600 * MIB;
	sums->runs = 100000;
	sums->huge = 400 * MIB;
	sums->shown = model->want.most ? 3 : 200000;
	for (i = 0; i < 3; i++) {
		area = add(model, MODEL_AREA_LIST, MODEL_KIND_MAPPED, sums->ctx, sums->ioas, 0,
			   first);
		area->ctx = sums->ctx;
		area->ioas = sums->ioas;
		area->first = first;
		area->last = first + lengths[i] - 1;
		area->length = lengths[i];
		strcpy(area->prot, i ? "rw" : "r");
		strcpy(area->memory, i == 2 ? "memfd" : "process");
		strcpy(area->state, i ? "" : "copy");
		area->runs = i + 1;
		area->run_size = lengths[i] / (i + 1);
		area->huge = i ? lengths[i] / 2 : 0;
		area->huge_share = i ? 5000 : 0;
		area->tgid = 812;
		area->uid = 0;
		area->comm = "nvme-io";
		area->machine = "";
		area->age_ns = (i + 1) * 61 * NS_PER_SEC;
		area->since_ns = model->time_ns - area->age_ns;
		area->start = 0x7f0000000000 + first;
		first += 1024 * MIB;
	}
}

static void fill_policies(struct model *model)
{
	struct model_policy *policy = add(model, MODEL_POLICIES, MODEL_KIND_POLICY, 0, 1, 0, 0);
	struct model_hook *hook = add(model, MODEL_HOOKS, MODEL_KIND_HOOK, 0, 1, 2, 0);

	policy->id = hook->id = 1;
	strcpy(policy->name, "quota");
	strcpy(hook->name, "quota");
	strcpy(hook->hook, "ioas_map");
	strcpy(policy->last_hook, "ioas_map");
	strcpy(policy->last_error, "EDQUOT");
	strcpy(policy->reason, "process over 4G of 4096 MiB, uid 1000");
	policy->last_tgid = 900;
	policy->verdicts.allowed = 1234;
	policy->verdicts.denied = 7;
	policy->verdicts.denied_now = 1;
	hook->verdicts = policy->verdicts;
	if (!*missing_policy)
		return;
	policy = add(model, MODEL_POLICIES, MODEL_KIND_POLICY, 0, 0, 0, 1);
	policy->id = policy->last_tgid = EVENT_NONE;
	policy->missing = true;
	snprintf(policy->name, sizeof(policy->name), "%s", missing_policy);
}

/* Two refusals of a virtual machine, one by a policy and one by a limit. */
static void fill_refusals(struct model *model)
{
	struct model_refusal *refusal;
	struct model_victim *victim;
	unsigned int i;

	for (i = 1; i <= 2; i++) {
		refusal = add(model, MODEL_REFUSALS, MODEL_KIND_REFUSAL, 0, 0, 0, i);
		refusal->time_ns = model->start_ns + i * 1000000ULL;
		refusal->ctx = 3;
		refusal->tgid = 4711;
		refusal->object = i == 1 ? 1 : EVENT_NONE;
		strcpy(refusal->comm, "qemu");
		strcpy(refusal->machine, "web1");
		strcpy(refusal->what, i == 1 ? "denied" : "refused");
		strcpy(refusal->policy, i == 1 ? "quota" : "");
		strcpy(refusal->hook, i == 1 ? "ioas_map" : "");
		strcpy(refusal->error, i == 1 ? "EDQUOT" : "ENOMEM");
		strcpy(refusal->reason, i == 1 ? "vm over 4G" : "would pin 8 KiB, limit 4 KiB");
	}
	victim = add(model, MODEL_VICTIMS, MODEL_KIND_VICTIM, 0, 4711, 0, 1);
	victim->tgid = 4711;
	victim->denied = 1;
	victim->denied_total = 7;
	victim->refused_total = 3;
	victim->last_ns = model->time_ns;
	strcpy(victim->comm, "qemu");
	strcpy(victim->machine, "web1");
	strcpy(victim->error, "ENOMEM");
	strcpy(victim->reason, "would pin 8 KiB, limit 4 KiB");
}

static struct model_payer *add_payer(struct model *model, __u32 ctx, __u32 tgid, const char *comm,
				     __u64 pinned, __u64 charged)
{
	struct model_payer *payer = add(model, MODEL_PAYERS, MODEL_KIND_PAYER, ctx, tgid, 0, tgid);

	payer->ctx = ctx;
	payer->tgid = tgid;
	payer->uid = 107;
	memccpy(payer->comm, comm, 0, sizeof(payer->comm));
	payer->pinned = pinned;
	payer->charged = charged;
	payer->limit = payer->limit_used = payer->limit_share = MODEL_NONE;
	return payer;
}

static void fill_payers(struct model *model)
{
	struct model_payer *payer = add_payer(model, 1, 812, "nvme-io", 512 * MIB, 512 * MIB);

	strcpy(payer->machine, "vm1");
	payer->limit = 2048 * MIB;
	payer->limit_used = 921 * MIB;
	payer->limit_share = 4500;
	payer = add_payer(model, 2, 900, "leaky", 100 * MIB, 100 * MIB);
	strcpy(payer->state, "ended");
	payer = add_payer(model, 3, 4711, "qemu\033[31m", 300 * MIB, 0);
	strcpy(payer->state, "exempt");
}

static int refresh(void *source, struct model *model)
{
	unsigned int i;

	(void)source;
	/* The model has a time of its own: a second for each refresh. */
	model->interval_ns = is_uneven && model->refreshes % 2 ? 3 * NS_PER_SEC : NS_PER_SEC;
	if (!model->refreshes++)
		model->start_ns = model->time_ns = clock__now();
	else
		model->time_ns += model->interval_ns;
	for (i = 0; i < MODEL_TABLES; i++)
		model->tables[i].nr = 0;
	add(model, MODEL_SELF, MODEL_KIND_SELF, 0, 0, 0, 0);
	((struct model_self *)model->tables[MODEL_SELF].rows)->lost_counts = has_lost ? 3 : 0;
	if (is_empty)
		return 0;
	model->now.maps = 23;
	fill_nodes(model);
	fill_devices(model);
	fill_faults(model);
	fill_latencies(model);
	fill_space(model);
	fill_areas(model);
	fill_policies(model);
	fill_refusals(model);
	fill_payers(model);
	return 0;
}

static void crash(int number)
{
	volatile int *nowhere = NULL;

	*nowhere = number;
}

/* The value of an option. */
static unsigned int number(char **argv, int *at)
{
	return argv[*at + 1] ? strtoul(argv[++*at], NULL, 10) : 0;
}

int main(int argc, char **argv)
{
	struct screen_options options = { .refresh_model = refresh, .interval_ns = NS_PER_SEC };
	struct model_heat_column *heat = calloc(MODEL_HEAT, sizeof(*heat));
	struct model model = { .source = "made up", .heat = heat };
	int i, err;

	setlocale(LC_ALL, "");
	msg__set_tool("tui-made-up");
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--rows"))
			fillers = number(argv, &i);
		else if (!strcmp(argv[i], "--interval"))
			options.interval_ns = number(argv, &i) * 1000000ULL;
		else if (!strcmp(argv[i], "--given"))
			options.has_interval = true;
		else if (!strcmp(argv[i], "--refreshes"))
			options.refreshes = number(argv, &i);
		else if (!strcmp(argv[i], "--view"))
			options.view = argv[++i];
		else if (!strcmp(argv[i], "--sort"))
			options.sort = argv[++i];
		else if (!strcmp(argv[i], "--settings"))
			options.settings = argv[++i];
		else if (!strcmp(argv[i], "--missing"))
			missing = argv[++i];
		else if (!strcmp(argv[i], "--missing-policy"))
			missing_policy = argv[++i];
		else if (!strcmp(argv[i], "--ascending"))
			options.ascending = true;
		else if (!strcmp(argv[i], "--wide"))
			options.wide = true;
		else if (!strcmp(argv[i], "--no-color"))
			options.no_color = true;
		else if (!strcmp(argv[i], "--ascii"))
			options.ascii = true;
		else if (!strcmp(argv[i], "--self"))
			options.self_stats = true;
		else if (!strcmp(argv[i], "--lost"))
			has_lost = true;
		else if (!strcmp(argv[i], "--uneven"))
			is_uneven = true;
		else if (!strcmp(argv[i], "--empty"))
			is_empty = true;
	}
	snprintf(model.missing, sizeof(model.missing), "%s", missing);
	signal(SIGUSR1, crash);
	err = screen__run(&model, &options);
	for (i = 0; i < MODEL_TABLES; i++)
		free(model.tables[i].rows);
	free(heat);
	return err == -ENOTTY ? 3 : err ? 1 : 0;
}
