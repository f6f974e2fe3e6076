/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommutop as a whole: options, and the loop without a screen.
 *
 * Data flows one way. Each folder has a header of the same name and may call only the folders named
 * beside it, and tools/common:
 *
 *	model/	the data: rows, rates, histories		-
 *	source/	the running kernel, /proc or a recording	model
 *	output/	text, JSON lines, CSV, OpenMetrics		model
 *	term/	the terminal					-
 *	view/	lists and views of the model on a terminal	model term
 *	screen/	the interactive screen around the views		model term view
 *
 * main.c, options.c, batch.c and diff.c beside this header may call all of them.
 *
 * Functions return 0, or -errno after a message on stderr. main() makes exit codes of two errors:
 * -EPERM means that privileges are missing, -ENODEV that the kernel or module does not suit.
 */
#ifndef _IOMMUTOP_H
#define _IOMMUTOP_H

#include "driver.h"
#include "filter.h"
#include "model/model.h"

enum format { FORMAT_SCREEN, FORMAT_TEXT, FORMAT_JSON, FORMAT_CSV, FORMAT_METRICS };

struct options {
	enum format format;
	enum driver_kind driver;
	const char *output; /* -o: file for metrics; NULL: stdout */
	const char *replay; /* a recording, or a folder of them */
	const char *at; /* as given; NULL: from the start */
	__u64 at_ns; /* CLOCK_REALTIME; 0: from the start */
	bool diff;
	const char *operands[2]; /* of --diff: recordings, or moments of replay */
	unsigned int nr_operands;
	__u64 diff_ns[2]; /* CLOCK_REALTIME; 0: the end */
	struct iommufd_filter filter;
	__u64 duration_ns; /* 0: no end */
	__u64 interval_ns;
	bool has_interval; /* it was given */
	bool no_config;
	__u64 count; /* refreshes; 0: no end */
	const char *view; /* NULL: overview, or all views in JSON */
	const char *sort; /* column, as given; NULL: the default of the table */
	bool ascending; /* given with '+' before it */
	bool self_stats;
	bool wide;
	bool ascii;
	bool no_color;
	bool quiet;
	bool verbose;
	bool help;
	bool version;
	bool columns; /* --sort help */
};

int options__parse(struct options *options, int argc, char **argv);
void options__print_help(void);
void options__print_columns(void);

struct source;
/* --diff */
int diff__run(const struct options *options);
int batch__run(struct model *model, struct source *source, const struct options *options);

#endif /* _IOMMUTOP_H */
