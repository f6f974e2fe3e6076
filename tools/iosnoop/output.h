/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sink of both sources: it derives the values that renderers need from a record, and hands the
 * event to the renderers that the options choose.
 *
 * Nothing is written before everything is attached, so a script that waits for the first line (the
 * header, the start record) knows that tracing has begun. stdout is written in batches: the sources
 * call flush() after each of them, at the latest 50 ms after an event, for every kind of stdout.
 */
#ifndef _IOSNOOP_OUTPUT_H
#define _IOSNOOP_OUTPUT_H

#include "log_file.h"
#include "options.h"
#include "render/render.h"
#include "source/source.h"

#define OUTPUT_MAX_REPORTS 4

struct output {
	struct sink sink; /* the first member */
	const struct options *options;
	struct log_file log; /* --log */
	struct run run;
	struct format format;
	struct symbols *symbols;
	bool shows_events; /* as lines, or in a recording */
	bool has_lines;
	bool has_ended; /* the end was written */
	struct renderer *lines;
	struct renderer *reports[OUTPUT_MAX_REPORTS];
	unsigned int nr_reports;
};

/* Prepare an output, so that output__fail() can be called. */
void output__init(struct output *output, const struct options *options);
/*
 * Begin a run, just before programs are attached. header: of the recording; NULL if live. session:
 * NULL for a recording.
 */
int output__open(struct output *output, const struct recording_header *header,
		 struct session *session);
/* After an error, write an error record, if JSON was asked for and the end is not written yet. */
void output__fail(struct output *output);
void output__close(struct output *output);

#endif /* _IOSNOOP_OUTPUT_H */
