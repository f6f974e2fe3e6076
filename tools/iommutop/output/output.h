/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model as a stream: text, JSON lines, CSV, OpenMetrics.
 *
 * Called by batch.c. A format reads the model and writes to output->out; it calls no other format,
 * no source and no terminal. To add a format, add a struct output_format.
 */
#ifndef _IOMMUTOP_OUTPUT_H
#define _IOMMUTOP_OUTPUT_H

#include <stdio.h>
#include <linux/types.h>

#include "iommufd_filter.h"
#include "json.h"
#include "model/difference.h"
#include "model/model.h"

struct output_options {
	const char *view; /* as --view; NULL: the format's default */
	const char *sort; /* column; NULL: the default of the table */
	bool ascending;
	bool wide;
	bool quiet; /* no titles and no names of columns */
	bool self_stats; /* add the table of iommutop's own cost */
	__u64 interval_ns;
	const struct iommufd_filter *filter;
};

struct output;

struct output_format {
	/* NULL: nothing to write at the start or at the end. */
	void (*start)(struct output *output, const struct model *model);
	void (*sample)(struct output *output, const struct model *model);
	void (*finish)(struct output *output, const struct model *model, const char *reason);
};

extern const struct output_format output_text, output_jsonl, output_csv;
/* prometheus is the older text format, which node exporters read. */
extern const struct output_format output_openmetrics, output_prometheus;

struct output {
	const struct output_format *format;
	const struct output_options *options;
	FILE *out;
	struct json json; /* on out */
	__u64 samples; /* written so far */
	__u64 last_line; /* number of the last line of the event stream that was written */
	__u64 last_refusal; /* likewise of refusals */
	__u64 last_moment; /* likewise of a context's history */
};

void output__init(struct output *output, const struct output_format *format,
		  const struct output_options *options, FILE *out);

/* Each writes and flushes. Returns 0, or -errno after a message; -EPIPE without one. */
int output__start(struct output *output, const struct model *model);
int output__sample(struct output *output, const struct model *model);
int output__finish(struct output *output, const struct model *model, const char *reason);

/* Write an error record to stdout, with the last message: the last line of JSON after a failure. */
void output__print_error(__u64 time_ns);

/*
 * Write one sample to a file, replacing it as outfile.h describes. Returns 0, or -errno after a
 * message; -EPIPE, when the reader of a FIFO went away, comes without one.
 */
int output__write_file(const char *path, const struct output_format *format,
		       const struct output_options *options, const struct model *model);

/* Write a cell of CSV, in quotes if it needs them. */
void csv__put_text(const char *text, FILE *out);

enum output_kind { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_CSV };

/* Write a difference to stdout. Returns 0, or -errno after a message. */
int output__difference(const struct difference *difference, enum output_kind kind, bool quiet);

#endif /* _IOMMUTOP_OUTPUT_H */
