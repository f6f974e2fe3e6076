// SPDX-License-Identifier: GPL-2.0-only
/* The data of a report page, see page.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "human.h"
#include "iommufd_policy.h"
#include "render/describe.h"
#include "render/page.h"

#define MAX_CTXS 1024u
#define MAX_FAILURES 512u
/* No machine has more; a damaged recording may have any number, and sums must not overflow. */
#define MAX_PAGES (1ULL << 36)
#define MAX_PINNED (1LL << 60)

#define BIT(name) EVENT_MASK(EVENT_##name)
#define PIN_EVENTS (BIT(pin) | BIT(unpin))
#define MAP_EVENTS (BIT(ioas_map) | BIT(ioas_map_file) | BIT(ioas_copy) | BIT(type1_map))

void page_data__init(struct page_data *data, const struct run *run)
{
	*data = (struct page_data){
		.start_ns = run->start_ns,
		.end_ns = run->start_ns,
		.bin_ns = PAGE_FIRST_BIN_NS,
		.by_pins = (run->events & PIN_EVENTS) == PIN_EVENTS,
	};
}

/* ---- bins ---- */

static __s64 larger(__s64 one, __s64 other)
{
	return one > other ? one : other;
}

/* Give a context its present value up to a bin. */
static void fill(struct page_ctx *ctx, unsigned int bins)
{
	while (ctx->filled < bins)
		ctx->bins[ctx->filled++] = ctx->pinned;
}

static void double_bins(struct page_data *data)
{
	unsigned int op, i, row;

	data->bin_ns *= 2;
	for (op = 0; op < PAGE_OPS; op++) {
		struct page_latency *latency = &data->latency[op];

		for (i = 0; i < PAGE_BINS; i++)
			for (row = 0; row < PAGE_ROWS; row++)
				latency->cells[i][row] =
					i < PAGE_BINS / 2 ? latency->cells[2 * i][row] +
								    latency->cells[2 * i + 1][row] :
							    0;
	}
	for (i = 0; i < data->nr_ctxs; i++) {
		struct page_ctx *ctx = data->ctxs[i];

		for (row = 0; row < ctx->filled; row++)
			ctx->bins[row / 2] = row % 2 ? larger(ctx->bins[row / 2], ctx->bins[row]) :
						       ctx->bins[row];
		ctx->filled = (ctx->filled + 1) / 2;
	}
}

static unsigned int bin_of(struct page_data *data, __u64 time_ns)
{
	__u64 since = time_ns > data->start_ns ? time_ns - data->start_ns : 0;

	if (time_ns > data->end_ns)
		data->end_ns = time_ns;
	while (since / data->bin_ns >= PAGE_BINS)
		double_bins(data);
	return since / data->bin_ns;
}

/* ---- contexts ---- */

static struct page_ctx *get_ctx(struct page_data *data, __u32 number)
{
	struct page_ctx **grown;
	unsigned int i;

	/* The last one is the most likely. */
	for (i = data->nr_ctxs; i--;)
		if (data->ctxs[i]->ctx == number)
			return data->ctxs[i];
	if (number == EVENT_NONE)
		return NULL;
	if (data->nr_ctxs == MAX_CTXS) {
		data->left_out++;
		return NULL;
	}
	grown = reallocarray(data->ctxs, data->nr_ctxs + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	data->ctxs = grown;
	grown[data->nr_ctxs] = calloc(1, sizeof(**grown));
	if (!grown[data->nr_ctxs])
		return NULL;
	grown[data->nr_ctxs]->ctx = number;
	grown[data->nr_ctxs]->tgid = EVENT_NONE;
	return grown[data->nr_ctxs++];
}

static void set_pinned(struct page_data *data, struct page_ctx *ctx, __u64 time_ns, __s64 pinned)
{
	const unsigned int bin = bin_of(data, time_ns);

	if (pinned > MAX_PINNED || pinned < -MAX_PINNED)
		return;
	fill(ctx, bin + 1);
	ctx->pinned = pinned;
	ctx->peak = larger(ctx->peak, pinned);
	ctx->bins[bin] = larger(ctx->bins[bin], pinned);
}

bool page_data__pages(const struct page_data *data, const struct event_record *record, __s64 *pages)
{
	const __u64 events = data->by_pins ? PIN_EVENTS :
					     BIT(ioas_map) | BIT(ioas_map_file) | BIT(ioas_copy) |
						     BIT(ioas_unmap);
	const __u64 *count = event__arg(record, EVENT_ROLE_pages);
	const __u64 *ret = event__arg(record, EVENT_ROLE_ret);
	const bool is_less = EVENT_MASK(record->event) & (BIT(unpin) | BIT(ioas_unmap));

	if (!(EVENT_MASK(record->event) & events) || !count || !*count || *count > MAX_PAGES ||
	    (ret && (__s32)*ret && !is_less))
		return false;
	*pages = is_less ? -(__s64)*count : (__s64)*count;
	return true;
}

static void add_to_ctx(struct page_data *data, const struct snoop_event *event, bool failed)
{
	const struct event_record *record = event->record;
	const struct args_caller *caller = (const void *)record->args;
	struct page_ctx *ctx = get_ctx(data, caller->ctx);
	__s64 pages;

	if (!ctx)
		return;
	ctx->tgid = caller->tgid;
	if (event->comm[0])
		memcpy(ctx->comm, event->comm, sizeof(ctx->comm));
	if (*event->machine)
		snprintf(ctx->machine, sizeof(ctx->machine), "%s", event->machine);
	ctx->failures += failed;
	ctx->maps += !!(EVENT_MASK(record->event) & MAP_EVENTS);
	if (record->event == EVENT_ctx_close)
		set_pinned(data, ctx, record->time_ns, 0);
	if (record->time_ns > ctx->state_ns && page_data__pages(data, record, &pages))
		set_pinned(data, ctx, record->time_ns,
			   ctx->pinned + pages * (__s64)event__page_size());
}

void page_data__state(struct page_data *data, __u64 time_ns, enum recording_state_kind kind,
		      const void *item, size_t size)
{
	struct iommufd_ctx_info info = {};
	struct page_ctx *ctx;

	if (kind != RECORDING_STATE_CTX)
		return;
	memcpy(&info, item, size < sizeof(info) ? size : sizeof(info));
	ctx = get_ctx(data, info.ctx);
	if (!ctx)
		return;
	if (ctx->tgid == EVENT_NONE) {
		ctx->tgid = info.tgid;
		memcpy(ctx->comm, info.comm, sizeof(ctx->comm));
	}
	/* The first figure is that of all the time before, too. */
	if (!ctx->state_ns && !ctx->filled && info.pinned <= MAX_PINNED)
		ctx->pinned = info.pinned;
	data->has_state = true;
	ctx->state_ns = time_ns;
	set_pinned(data, ctx, time_ns, info.pinned);
}

/* ---- latencies ---- */

static void add_latency(struct page_data *data, const struct event_record *record, __u64 ns)
{
	enum page_op op;
	unsigned int row = 0;

	if (EVENT_MASK(record->event) & MAP_EVENTS)
		op = PAGE_MAPS;
	else if (EVENT_MASK(record->event) & (BIT(ioas_unmap) | BIT(type1_unmap)))
		op = PAGE_UNMAPS;
	else if (record->event == EVENT_fault_response)
		op = PAGE_RESPONSES;
	else
		return;
	while (row + 1 < PAGE_ROWS && ns >> (PAGE_LEAST_SHIFT + row))
		row++;
	data->latency[op].cells[bin_of(data, record->time_ns)][row]++;
	data->latency[op].count++;
	if (ns > data->latency[op].max_ns)
		data->latency[op].max_ns = ns;
}

/* ---- failures ---- */

static bool is_alike(const struct page_failure *one, const struct page_failure *other)
{
	return one->event == other->event && one->tgid == other->tgid && one->ctx == other->ctx &&
	       !strcmp(one->result, other->result) && !strcmp(one->cause, other->cause);
}

static void describe(struct page_failure *failure, const struct event_record *record)
{
	const __u64 *iova = event__arg(record, EVENT_ROLE_iova);
	const __u64 *length = event__arg(record, EVENT_ROLE_length);
	char text[DESCRIBE_MAX], size[HUMAN_MAX];

	if (iova && length) {
		snprintf(failure->what, sizeof(failure->what), "0x%llx, %s", *iova,
			 human__bytes(size, *length));
		return;
	}
	describe__event(record, NULL, text);
	snprintf(failure->what, sizeof(failure->what), "%.95s", text);
}

static void add_failure(struct page_data *data, const struct snoop_event *event)
{
	const struct event_record *record = event->record;
	const struct args_caller *caller = (const void *)record->args;
	struct page_failure failure = { .event = record->event,
					.tgid = caller->tgid,
					.ctx = caller->ctx,
					.first_ns = record->time_ns };
	struct page_failure *grown;
	char buffer[ERRNAME_MAX];
	unsigned int i;

	snprintf(failure.result, sizeof(failure.result), "%s", describe__result(record, buffer));
	if (event->cause)
		snprintf(failure.cause, sizeof(failure.cause), "%s", event->cause);
	for (i = 0; i < data->nr_failures; i++)
		if (is_alike(&data->failures[i], &failure))
			break;
	if (i == data->nr_failures) {
		grown = i < MAX_FAILURES ? reallocarray(data->failures, i + 1, sizeof(*grown)) :
					   NULL;
		if (!grown) {
			data->left_out++;
			return;
		}
		data->failures = grown;
		data->nr_failures++;
		describe(&failure, record);
		memcpy(failure.comm, event->comm, sizeof(failure.comm));
		snprintf(failure.machine, sizeof(failure.machine), "%s", event->machine);
		grown[i] = failure;
	}
	data->failures[i].count++;
	data->failures[i].last_ns = record->time_ns;
}

void page_data__add(struct page_data *data, const struct snoop_event *event)
{
	const struct event_record *record = event->record;
	struct event_subject subject;

	data->events++;
	bin_of(data, record->time_ns);
	event__subject(record, &subject);
	add_to_ctx(data, event, subject.ret);
	if (subject.latency_ns)
		add_latency(data, record, subject.latency_ns);
	if (subject.ret)
		add_failure(data, event);
}

/* ---- the end ---- */

static int compare_ctxs(const void *a, const void *b)
{
	const struct page_ctx *one = *(struct page_ctx *const *)a;
	const struct page_ctx *other = *(struct page_ctx *const *)b;

	if (one->peak != other->peak)
		return one->peak > other->peak ? -1 : 1;
	return one->ctx == other->ctx ? 0 : one->ctx < other->ctx ? -1 : 1;
}

static int compare_failures(const void *a, const void *b)
{
	const struct page_failure *one = a, *other = b;

	if (one->count != other->count)
		return one->count > other->count ? -1 : 1;
	return one->first_ns == other->first_ns ? 0 : one->first_ns < other->first_ns ? -1 : 1;
}

void page_data__finish(struct page_data *data, __u64 end_ns)
{
	unsigned int bins = bin_of(data, end_ns) + 1, i;

	for (i = 0; i < data->nr_ctxs; i++)
		fill(data->ctxs[i], bins);
	if (data->nr_ctxs)
		qsort(data->ctxs, data->nr_ctxs, sizeof(*data->ctxs), compare_ctxs);
	if (data->nr_failures)
		qsort(data->failures, data->nr_failures, sizeof(*data->failures), compare_failures);
}

void page_data__close(struct page_data *data)
{
	unsigned int i;

	for (i = 0; i < data->nr_ctxs; i++)
		free(data->ctxs[i]);
	free(data->ctxs);
	free(data->failures);
}
