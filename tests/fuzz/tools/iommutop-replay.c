// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording as a source of iommutop, written in each format. Its last byte, which the reader
 * skips behind the end of a complete recording, chooses the format.
 */
#include <string.h>

#include "fuzz.h"
#include "output/output.h"
#include "recording.h"
#include "source/sources.h"

#define INTERVAL_NS 3000000000
/* A damaged time may be years later, and there is one sample for each interval. */
#define MAX_SAMPLES 5

static const struct output_format *const formats[] = {
	&output_text, &output_jsonl, &output_csv, &output_openmetrics, &output_prometheus,
};

static const char *const views[] = { "latency", "faults", "devices", "space", "policies", NULL };

static void show(struct source *source, struct model *model, unsigned int choice)
{
	static const struct iommufd_filter filter;
	struct output_options options = {
		.interval_ns = INTERVAL_NS,
		.filter = &filter,
		.wide = choice & 64,
		.self_stats = choice & 128,
		.view = views[choice / 5 % (sizeof(views) / sizeof(views[0]))],
	};
	struct output output;
	unsigned int i;
	int err;

	if (options.view && !strcmp(options.view, "space")) {
		model->want.space = true;
		model->want.ctx = model->want.ioas = 1;
	}
	output__init(&output, formats[choice % 5], &options, stdout);
	err = output__start(&output, model);
	for (i = 0; i < MAX_SAMPLES && !err && !model->ended; i++) {
		err = source__refresh(source, model);
		if (!err)
			err = output__sample(&output, model);
	}
	output__finish(&output, model, "ended");
}

int fuzz__input(const uint8_t *data, size_t size)
{
	unsigned int choice = size ? data[size - 1] : 0;
	const struct source_options options = {
		.recording = fuzz__file(data, size),
		.interval_ns = INTERVAL_NS,
	};
	struct source *source = NULL;
	struct model model;

	fuzz__capture();
	if (!model__init(&model)) {
		if (!source__open(&source, &model, &options)) {
			show(source, &model, choice);
			source__close(source);
		}
		model__close(&model);
	}
	fuzz__check(formats[choice % 5] == &output_jsonl ? FUZZ_JSON : FUZZ_TEXT);
	return 0;
}
