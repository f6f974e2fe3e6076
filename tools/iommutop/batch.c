// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommutop without a screen: refreshes and writes a sample, until an option, a signal or the reader
 * ends it.
 *
 * The first refresh is not written, because it has no interval. It records the state at the start.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "clock.h"
#include "iommutop.h"
#include "machine.h"
#include "msg.h"
#include "output/output.h"
#include "process.h"
#include "source/source.h"

#define TICK_NS (NS_PER_SEC / 10)

struct batch {
	struct model *model;
	struct source *source;
	const struct options *options;
	const struct output_format *format;
	struct output_options output_options;
	struct output output;
	const char *reason; /* why it ended */
};

static const struct output_format *choose_format(const struct options *options)
{
	size_t size = options->output ? strlen(options->output) : 0;

	switch (options->format) {
	case FORMAT_JSON:
		return &output_jsonl;
	case FORMAT_CSV:
		return &output_csv;
	case FORMAT_METRICS:
		return size > 5 && !strcmp(options->output + size - 5, ".prom") ?
			       &output_prometheus :
			       &output_openmetrics;
	default:
		return &output_text;
	}
}

/* Report that no context passes the filter. */
static void explain_no_match(const struct options *options)
{
	const struct iommufd_filter *filter = &options->filter;
	char why[CGROUP_WHY_MAX];
	unsigned int level;
	__u64 id;

	if (filter->use & EVENT_FILTER_MACHINE && !options->replay &&
	    machine__find(filter->machine, &id, &level, why) == -ENOENT)
		msg("--machine: %s", why);
	else
		msg("no context passes the filter; iommutop -b without it lists all");
}

static int write_sample(struct batch *batch)
{
	if (batch->options->output)
		return output__write_file(batch->options->output, batch->format,
					  &batch->output_options, batch->model);
	return output__sample(&batch->output, batch->model);
}

/* Returns false after a signal, or when the reader of stdout is gone. */
static bool wait_until(struct batch *batch, __u64 due_ns)
{
	struct pollfd reader = { .fd = STDOUT_FILENO };
	struct timespec rest;
	__u64 now;

	for (;;) {
		if (process__signalled()) {
			batch->reason = "signal";
			return false;
		}
		now = clock__now();
		if (now >= due_ns)
			return true;
		/* A signal that comes before ppoll() is noticed after the tick. */
		now = due_ns - now < TICK_NS ? due_ns - now : TICK_NS;
		rest.tv_sec = now / NS_PER_SEC;
		rest.tv_nsec = now % NS_PER_SEC;
		if (ppoll(&reader, 1, &rest, NULL) > 0 && reader.revents & POLLERR) {
			batch->reason = "output";
			return false;
		}
	}
}

/* Wait for the end of an interval. Returns false if the run ends before. */
static bool wait_for_refresh(struct batch *batch, __u64 begin_ns, __u64 *due_ns)
{
	const struct options *options = batch->options;
	__u64 now = clock__now();

	*due_ns += options->interval_ns;
	if (options->duration_ns && *due_ns > begin_ns + options->duration_ns) {
		if (wait_until(batch, begin_ns + options->duration_ns))
			batch->reason = "duration";
		return false;
	}
	if (batch->source->has_own_time)
		return true;
	/* After a refresh that took longer than an interval, do not catch up. */
	if (*due_ns < now)
		*due_ns = now;
	return wait_until(batch, *due_ns);
}

static int loop(struct batch *batch)
{
	const struct options *options = batch->options;
	__u64 count = options->count, begin_ns = clock__now(), due_ns = begin_ns, nr;
	/* On stdout there is one set of metrics: of a recording, the one at its end. */
	bool only_last = options->format == FORMAT_METRICS && !options->output && !count &&
			 !options->duration_ns;
	int err;

	if ((only_last && !batch->source->has_own_time) || (options->at_ns && !count))
		count = 1;
	for (nr = 0; !count || nr < count; nr++) {
		if (!wait_for_refresh(batch, begin_ns, &due_ns))
			return 0;
		/* At a moment of a recording, the model is there. */
		err = nr || !options->at_ns ? source__refresh(batch->source, batch->model) : 0;
		if (!err && (!only_last || count || batch->model->ended))
			err = write_sample(batch);
		if (err)
			return err;
		/* Say it at once, and end with it; the objects of a recording appear later. */
		if (!nr && !batch->source->has_own_time && batch->model->is_filtered &&
		    !batch->model->has_match)
			explain_no_match(options);
		if (batch->model->ended) {
			batch->reason = "ended";
			return 0;
		}
		if (process__signalled()) {
			batch->reason = "signal";
			return 0;
		}
	}
	batch->reason = "count";
	return 0;
}

static void want_space(struct batch *batch)
{
	const struct options *options = batch->options;

	if (!options->view)
		return;
	batch->model->want.space = !strcmp(options->view, "space");
	batch->model->want.areas = !strcmp(options->view, "areas");
	batch->model->want.ctx = options->filter.ctx;
	batch->model->want.ioas = options->filter.ioas;
}

/* Refuse an address space that cannot be shown. Called after the first refresh. */
static int check_space(const struct batch *batch)
{
	const struct model *model = batch->model;
	const struct model_key key = { .kind = MODEL_KIND_IOAS,
				       .ctx = model->want.ctx,
				       .id = model->want.ioas };

	if (!(model->want.space && !model->space.is_there) &&
	    !(model->want.areas && !model->area_sums.is_there))
		return 0;
	if (batch->source->has_own_time)
		msg("--view %s: a recording has no areas", batch->options->view);
	else if (model__find(model, MODEL_NODES, &key) < 0)
		msg("context %u has no address space %u, or it is not visible; iommutop -b -n 1 "
		    "lists them",
		    model->want.ctx, model->want.ioas);
	else
		msg("--view %s: the areas of address space %u are not known: %s",
		    batch->options->view, model->want.ioas, model->missing);
	return -ENOENT;
}

int batch__run(struct model *model, struct source *source, const struct options *options)
{
	struct batch batch = {
		.model = model,
		.source = source,
		.options = options,
		.format = choose_format(options),
		.output_options = {
			.view = options->view,
			.sort = options->sort,
			.ascending = options->ascending,
			.wide = options->wide,
			.quiet = options->quiet,
			.self_stats = options->self_stats,
			.interval_ns = options->interval_ns,
			.filter = &options->filter,
		},
	};
	int err = 0;

	if (model->missing[0] && options->format != FORMAT_TEXT)
		msg("%s", model->missing);
	want_space(&batch);
	/* A recording begins with nothing, so its first interval counts. */
	if (!source->has_own_time)
		err = source__refresh(source, model);
	if (!err)
		err = check_space(&batch);
	if (err)
		return err;
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	output__init(&batch.output, batch.format, &batch.output_options, stdout);
	err = output__start(&batch.output, model);
	if (!err)
		err = loop(&batch);
	if (!err)
		err = output__finish(&batch.output, model, batch.reason);
	if (err)
		return err == -EPIPE ? 0 : err;
	if (!model->is_filtered || model->has_match)
		return 0;
	if (source->has_own_time)
		explain_no_match(options);
	return -ENOENT;
}
