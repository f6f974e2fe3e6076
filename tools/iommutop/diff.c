// SPDX-License-Identifier: GPL-2.0-only
/*
 * --diff: the changes from one recording to another, or from one moment of a recording to another.
 * Both are opened one after the other, and each is brought to its moment, or to its end.
 */
#include <errno.h>

#include "clock.h"
#include "iommutop.h"
#include "model/difference.h"
#include "output/output.h"
#include "process.h"
#include "segments.h"
#include "source/source.h"

/* To find the end, a recording is read in few refreshes. */
#define LONG_INTERVAL (3600 * NS_PER_SEC)

static int go_to_end(struct source *source, struct model *model)
{
	int err = 0;

	while (!err && !model->ended && !process__signalled())
		err = source__refresh(source, model);
	return err;
}

/* Take one of the states. at_ns is CLOCK_REALTIME, 0 for the end of the recording. */
static int take(struct difference *difference, unsigned int side, const struct options *options,
		const char *recording, __u64 at_ns)
{
	const struct source_options source_options = {
		.recording = recording,
		.filter = options->filter,
		.may_be_cut = true,
		.interval_ns = at_ns ? options->interval_ns : LONG_INTERVAL,
		/* Of a folder, the last segment has the end. */
		.at_ns = at_ns ? at_ns : segments__last_ns(recording),
	};
	struct source *source;
	struct model model;
	int err;

	err = model__init(&model);
	if (err)
		return err;
	err = source__open(&source, &model, &source_options);
	if (err)
		goto close_model;
	err = at_ns ? source__seek(source, &model, at_ns, NULL, NULL) : go_to_end(source, &model);
	if (!err)
		err = difference__take(difference, side, &model,
				       at_ns ? at_ns : source->end_ns(source));
	source__close(source);
close_model:
	model__close(&model);
	return err;
}

int diff__run(const struct options *options)
{
	enum output_kind kind = options->format == FORMAT_JSON ? OUTPUT_JSON :
				options->format == FORMAT_CSV  ? OUTPUT_CSV :
								 OUTPUT_TEXT;
	struct difference difference;
	unsigned int side;
	int err = 0;

	process__catch_signals();
	difference__init(&difference);
	for (side = 0; side < 2 && !err; side++)
		err = take(&difference, side, options,
			   options->replay ? options->replay : options->operands[side],
			   options->diff_ns[side]);
	if (!err)
		err = difference__compare(&difference);
	if (!err)
		err = output__difference(&difference, kind, options->quiet);
	difference__close(&difference);
	return err;
}
