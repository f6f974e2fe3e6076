// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the sources to the renderers, see output.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "clock.h"
#include "env.h"
#include "errname.h"
#include "msg.h"
#include "output.h"
#include "text.h"

static struct renderer *new_lines(const struct output *output)
{
	const struct options *options = output->options;

	if (options->record && options->run.rotates)
		return recorder__new_folder(&output->format, options->record, &options->limits);
	if (options->record)
		return recorder__new(&output->format, options->record, options->force);
	if (options->json)
		return jsonl__new(&output->format);
	if (options->csv)
		return csv__new(&output->format, options->fields);
	if (options->fields)
		return field_table__new(&output->format, options->fields);
	return table__new(&output->format);
}

static int add_report(struct output *output, struct renderer *report)
{
	if (!report)
		return -EIO;
	output->reports[output->nr_reports++] = report;
	if (report->start)
		report->start(report);
	return 0;
}

static int make_renderers(struct output *output)
{
	const struct options *options = output->options;
	const struct format *format = &output->format;
	int err = 0;

	if (output->has_lines) {
		output->lines = new_lines(output);
		if (!output->lines)
			return -EIO;
	}
	if (options->record)
		return 0;
	if (options->trace)
		err = add_report(output, trace__new(format, options->trace, options->force));
	if (!err && options->report)
		err = add_report(output, page__new(format, options->report, options->force));
	if (!err && (options->histogram || options->sizes))
		err = add_report(output,
				 histogram__new(format, options->histogram, options->sizes));
	if (!err && options->summary)
		err = add_report(output, summary__new(format));
	if (!err && options->folded)
		err = add_report(output, folded__new(format));
	return err;
}

/* Print the header, or the start record. */
static void begin_lines(const struct output *output)
{
	if (output->lines->start)
		output->lines->start(output->lines);
}

static int start(struct sink *sink, __u64 events)
{
	struct output *output = (struct output *)sink;
	int err;

	output->run.events = events;
	err = make_renderers(output);
	if (!err && output->lines)
		begin_lines(output);
	return err;
}

static void take_event(struct sink *sink, const struct event_record *record,
		       const struct why_full *why)
{
	struct output *output = (struct output *)sink;
	struct snoop_event event;
	unsigned int i;

	snoop_event__init(&event, record, why, output->run.is_live,
			  output->format.utf8 || output->format.json);
	if (output->shows_events)
		output->lines->event(output->lines, &event);
	for (i = 0; i < output->nr_reports; i++)
		output->reports[i]->event(output->reports[i], &event);
}

static void take_symbol(struct sink *sink, const struct recording_symbol *symbol, const char *name)
{
	struct output *output = (struct output *)sink;

	if (output->symbols)
		symbols__add(output->symbols, symbol->tgid, symbol->address, symbol->offset, name);
}

static void take_lost(struct sink *sink, const struct recording_lost *lost)
{
	struct output *output = (struct output *)sink;

	unsigned int i;

	if (output->lines)
		output->lines->lost(output->lines, lost);
	for (i = 0; i < output->nr_reports; i++)
		if (output->reports[i]->lost)
			output->reports[i]->lost(output->reports[i], lost);
}

static void take_state(struct sink *sink, __u64 time_ns, enum recording_state_kind kind,
		       const void *data, size_t size)
{
	struct output *output = (struct output *)sink;
	unsigned int i;

	if (output->lines && output->lines->state)
		output->lines->state(output->lines, time_ns, kind, data, size);
	for (i = 0; i < output->nr_reports; i++)
		if (output->reports[i]->state)
			output->reports[i]->state(output->reports[i], time_ns, kind, data, size);
}

static bool wants_state(struct sink *sink)
{
	struct output *output = (struct output *)sink;

	return output->lines && output->lines->wants_state &&
	       output->lines->wants_state(output->lines);
}

static void report(struct sink *sink, __u64 now_ns)
{
	struct output *output = (struct output *)sink;
	unsigned int i;

	for (i = 0; i < output->nr_reports; i++)
		if (output->reports[i]->report)
			output->reports[i]->report(output->reports[i], now_ns);
}

static void end(struct sink *sink, __u64 now_ns, const struct run_result *result)
{
	struct output *output = (struct output *)sink;
	unsigned int i;

	output->has_ended = true;
	report(sink, now_ns);
	for (i = 0; i < output->nr_reports; i++)
		if (output->reports[i]->end)
			output->reports[i]->end(output->reports[i], now_ns, result);
	if (output->lines && output->lines->end)
		output->lines->end(output->lines, now_ns, result);
}

static int flush(struct sink *sink)
{
	struct output *output = (struct output *)sink;
	char name[ERRNAME_MAX];
	unsigned int i;
	int err = 0;

	/* The clock of the day may have been set. */
	if (output->run.is_live)
		output->run.wall_offset_ns = clock__wall_offset();
	if (output->lines && output->lines->flush)
		err = output->lines->flush(output->lines);
	for (i = 0; i < output->nr_reports && !err; i++)
		if (output->reports[i]->flush)
			err = output->reports[i]->flush(output->reports[i]);
	if (err)
		return err;
	errno = EIO;
	if (!fflush(stdout) && !ferror(stdout)) {
		if (output->options->log && !output->has_ended && log_file__renew(&output->log))
			begin_lines(output);
		return 0;
	}
	err = -errno;
	if (err != -EPIPE)
		msg("cannot write to standard output: %s", errname(-err, name));
	return err;
}

void output__init(struct output *output, const struct options *options)
{
	*output = (struct output){
		.sink = {
			.start = start,
			.event = take_event,
			.symbol = take_symbol,
			.lost = take_lost,
			.state = take_state,
			.wants_state = wants_state,
			.report = report,
			.end = end,
			.flush = flush,
		},
		.options = options,
		.format = {
			.out = stdout,
			.run = &output->run,
			.utf8 = text__locale_is_utf8(),
			.json = options->json,
			.wide = options->wide,
			.time_of_day = options->timestamps,
			.has_interval = options->run.interval_ns,
		},
		/* Flame graphs accept nothing but stacks, so not even losses are lines. */
		.has_lines = !options->folded && !options->trace && !options->report,
	};
	output->shows_events = output->has_lines && !options->histogram && !options->sizes &&
			       !options->summary;
	output->format.header = output->shows_events && !options->quiet;
	output->run.wall_offset_ns = clock__wall_offset();
}

static __u64 exec_ns(void *session, __u32 tgid)
{
	return session__exec_ns(session, tgid);
}

static bool take_pins(void *session, const struct pins_key *key, struct pins *pins)
{
	return session__take_pins(session, key, pins);
}

int output__open(struct output *output, const struct recording_header *header,
		 struct session *session)
{
	struct symbols_options symbols = {
		.is_live = !header,
		.no_processes = env__in_pid_namespace(NULL),
		.exec_ns = session ? exec_ns : NULL,
		.ctx = session,
	};
	const struct options *options = output->options;
	struct run *run = &output->run;
	struct utsname system = {};
	int err;

	if (options->log) {
		err = log_file__open(&output->log, options->log, options->limits.rotate_bytes);
		if (err)
			return err;
	}
	run->is_live = !header;
	run->filter = options->run.filter;
	if (header) {
		run->start_ns = header->start_ns;
		run->wall_offset_ns = header->wall_offset_ns;
		run->buffer_bytes = header->buffer_bytes;
		run->driver = header->source;
		text__clean(run->kernel, sizeof(run->kernel), header->kernel,
			    sizeof(header->kernel), sizeof(header->kernel), false);
	} else {
		uname(&system);
		run->start_ns = clock__now();
		run->wall_offset_ns = clock__wall_offset();
		run->buffer_bytes = options->run.buffer_bytes;
		snprintf(run->kernel, sizeof(run->kernel), "%.63s", system.release);
	}
	if (session) {
		run->driver = session->driver_kind;
		output->format.take_pins = take_pins;
		output->format.pins_ctx = session;
	}
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	if (!options->run.stacks)
		return 0;
	if (run->is_live && symbols.no_processes)
		msg("stacks have no names of user functions: iosnoop runs in a PID namespace, "
		    "where /proc shows other process ids than events have");
	output->symbols = symbols__new(&symbols);
	output->format.symbols = output->symbols;
	if (output->symbols)
		return 0;
	msg("not enough memory");
	return -ENOMEM;
}

void output__fail(struct output *output)
{
	if (!output->options->json || output->has_ended)
		return;
	jsonl__print_error(&output->format, clock__now());
	fflush(stdout);
}

void output__close(struct output *output)
{
	unsigned int i;

	if (output->lines)
		output->lines->free(output->lines);
	for (i = 0; i < output->nr_reports; i++)
		output->reports[i]->free(output->reports[i]);
	symbols__free(output->symbols);
}
