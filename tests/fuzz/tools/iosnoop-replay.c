// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording, shown in each format of iosnoop. Its last byte, which the reader skips behind the
 * end of a complete recording, chooses the format, so that iosnoop --replay repeats a failure.
 */
#include <string.h>

#include "fuzz.h"
#include "output.h"
#include "process.h"
#include "source/source.h"

#define NR_FORMATS 14

static enum fuzz_format choose(struct options *options, unsigned int format)
{
	*options = (struct options){ .run.interval_ns = 0 };
	options->timestamps = format & 16;
	options->wide = format & 32;
	options->run.stacks = options->stacks = format & 64;
	options->run.interval_ns = format & 128 ? 1000000000 : 0;
	switch (format % NR_FORMATS) {
	case 0:
	case 1:
		return FUZZ_TEXT;
	case 2:
	case 3:
		options->json = true;
		return FUZZ_JSON;
	case 4:
		options->csv = true;
		return FUZZ_TEXT;
	case 5:
		options->fields = "time,pid,comm,event,cause,iova,length,error";
		return FUZZ_TEXT;
	case 6:
		options->histogram = true;
		return FUZZ_TEXT;
	case 7:
		options->sizes = options->summary = true;
		return FUZZ_TEXT;
	case 8:
		options->histogram = options->sizes = options->summary = options->json = true;
		return FUZZ_JSON;
	case 9:
		options->folded = options->stacks = options->run.stacks = true;
		return FUZZ_TEXT;
	case 10:
		options->csv = true;
		options->fields = "comm,event,result,kernel_stack,user_stack";
		options->stacks = options->run.stacks = true;
		return FUZZ_TEXT;
	case 11:
		options->trace = "/dev/null";
		return FUZZ_TEXT;
	case 12:
		options->report = "/dev/null";
		return FUZZ_TEXT;
	default:
		options->run.filter.use = EVENT_FILTER_FAILED;
		options->run.max_events = 7;
		return FUZZ_TEXT;
	}
}

int fuzz__input(const uint8_t *data, size_t size)
{
	struct run_result result = {};
	struct recording *recording;
	enum fuzz_format format;
	struct options options;
	struct output output;
	int err = -1;

	format = choose(&options, size ? data[size - 1] : 0);
	fuzz__capture();
	output__init(&output, &options);
	recording = recording__open(fuzz__file(data, size));
	if (recording)
		err = output__open(&output, recording__header(recording), NULL);
	if (!err)
		err = replay__run(recording, &output.sink, &options.run, &result);
	if (err)
		output__fail(&output);
	output__close(&output);
	recording__close(recording);
	fuzz__check(format);
	return 0;
}
