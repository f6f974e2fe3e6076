/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommutop as a whole: options, the loop without a screen, and the output formats.
 *
 * Data flows one way, through one folder each:
 *
 *	source/		reads the running kernel, /proc or a recording
 *	model/		makes rows, rates and histories of what a source found
 *	term/		the terminal
 *	view/		lists and views of the model on a terminal
 *	screen/		the interactive screen around the views
 *	output/		the model as text, JSON lines, CSV and OpenMetrics
 *
 * Here are main.c, options.c and batch.c, which connect them.
 *
 * Functions return 0 or -errno after a message on stderr. Two errors have a meaning throughout:
 * -EPERM is a lack of privileges, -ENODEV a kernel or module that iommutop can't work with.
 */
#ifndef _IOMMUTOP_H
#define _IOMMUTOP_H

#include "filter.h"
#include "json.h"
#include "model/model.h"

enum format { FORMAT_SCREEN, FORMAT_TEXT, FORMAT_JSON, FORMAT_CSV, FORMAT_METRICS };

struct options {
	enum format format;
	const char *output;  /* -o: file for metrics, NULL: stdout */
	const char *replay;  /* a recording */
	struct iommufd_filter filter;
	__u64 duration_ns;  /* 0: no end */
	__u64 interval_ns;
	__u64 count;   /* refreshes; 0: no end */
	const char *view;  /* NULL: overview, or in JSON everything */
	const char *sort;  /* column, as given; NULL: the table's own */
	bool ascending; /* it began with '+' */
	bool self_stats;
	bool wide;
	bool ascii;
	bool no_color;
	bool quiet;
	bool verbose;
	bool help;
	bool version;
	bool columns;   /* --sort help */
};

int options__parse(struct options *options, int argc, char **argv);
void options__print_help(void);
void options__print_columns(void);

/* Refreshes and writes until an option, a signal or the reader ends it. */
int batch__run(struct model *model, struct source *source, const struct options *options);

/* ---- formats ---- */

/* Names that --view knows, ended by NULL, and the tables of one, as bits; 0 if there is none. */
extern const char *const view_names[];
unsigned int view__tables(const char *name);

void text__sample(const struct model *model, const struct options *options, FILE *out);
void jsonl__start(struct json *json, const struct model *model, const struct options *options);
/* Lines of faults after the number since. */
void jsonl__sample(struct json *json, const struct model *model, const struct options *options,
		   __u64 since);
void jsonl__finish(struct json *json, const struct model *model, const char *reason);
void csv__sample(const struct model *model, const struct options *options, bool header, FILE *out);
/*
 * prometheus: the older text format, which node exporters read. It differs from OpenMetrics in how it
 * names the types.
 */
void metrics__sample(const struct model *model, bool prometheus, FILE *out);

/* The name of a column with its unit, as keys of JSON and CSV have it: "pin_p50_ns". */
#define COLUMN_KEY_MAX 48
char *column__key(char key[COLUMN_KEY_MAX], const struct model_column *column);

#endif /* _IOMMUTOP_H */
