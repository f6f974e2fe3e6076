// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line of iommutop.
 *
 * One table holds the options; --help is printed from it, and a test compares it with the manual
 * page and the completions. Everything is checked here: what comes out of options__parse() is in
 * range and goes together.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "iommutop.h"
#include "msg.h"
#include "opt.h"
#include "parse.h"
#include "screen/screen.h"

enum {
	OPT_BATCH,
	OPT_JSON,
	OPT_CSV,
	OPT_OPENMETRICS,
	OPT_OUTPUT,
	OPT_VIEW,
	OPT_SORT,
	OPT_WIDE,
	OPT_INTERVAL,
	OPT_DURATION,
	OPT_COUNT,
	OPT_PID,
	OPT_COMM,
	OPT_UID,
	OPT_CGROUP,
	OPT_CTX,
	OPT_IOAS,
	OPT_DEVICE,
	OPT_PASID,
	OPT_REPLAY,
	OPT_SELF_STATS,
	OPT_ASCII,
	OPT_NO_COLOR,
	OPT_QUIET,
	OPT_VERBOSE,
	OPT_VERSION,
	OPT_HELP,
	NR_OPTS
};

static const struct opt opts[NR_OPTS] = {
	[OPT_BATCH] = { 'b', "batch", NULL, "text, no screen; so if stdout is no terminal" },
	[OPT_JSON] = { 'j', "json", NULL, "JSON lines" },
	[OPT_CSV] = { 0, "csv", NULL, "comma-separated values, the view's first table" },
	[OPT_OPENMETRICS] = { 0, "openmetrics", NULL,
			      "OpenMetrics, once, or with -o each interval" },
	[OPT_OUTPUT] = { 'o', "output", "FILE", "metrics into FILE, replaced at once" },
	[OPT_VIEW] = { 0, "view", "NAME", "what to show first, or what to print" },
	[OPT_SORT] = { 0, "sort", "COLUMN", "by this column, +COLUMN: lowest first; or help" },
	[OPT_WIDE] = { 'w', "wide", NULL, "text with all columns" },
	[OPT_INTERVAL] = { 'i', "interval", "TIME",
			   "between refreshes: 1, seconds if without a unit" },
	[OPT_DURATION] = { 'd', "duration", "TIME", "end after TIME, seconds if without a unit" },
	[OPT_COUNT] = { 'n', "count", "N", "end after N refreshes" },
	[OPT_PID] = FILTER_OPT_PID,
	[OPT_COMM] = FILTER_OPT_COMM,
	[OPT_UID] = FILTER_OPT_UID,
	[OPT_CGROUP] = FILTER_OPT_CGROUP,
	[OPT_CTX] = FILTER_OPT_CTX,
	[OPT_IOAS] = FILTER_OPT_IOAS,
	[OPT_DEVICE] = FILTER_OPT_DEVICE,
	[OPT_PASID] = FILTER_OPT_PASID,
	[OPT_REPLAY] = { 0, "replay", "FILE", "show what iosnoop -o recorded; - is stdin" },
	[OPT_SELF_STATS] = { 0, "self-stats", NULL, "show what iommutop itself costs" },
	[OPT_ASCII] = { 0, "ascii", NULL, "no characters beyond ASCII on the screen" },
	[OPT_NO_COLOR] = { 0, "no-color", NULL, "no colours, as with NO_COLOR=1" },
	[OPT_QUIET] = { 'q', "quiet", NULL, "no titles and names of columns" },
	[OPT_VERBOSE] = { 'v', "verbose", NULL, "also what libbpf says" },
	[OPT_VERSION] = { 'V', "version", NULL, "print the version and end" },
	[OPT_HELP] = { 'h', "help", NULL, "print this and end" },
};

static bool *flag_of(struct options *options, unsigned int index)
{
	switch (index) {
	case OPT_WIDE:
		return &options->wide;
	case OPT_SELF_STATS:
		return &options->self_stats;
	case OPT_ASCII:
		return &options->ascii;
	case OPT_NO_COLOR:
		return &options->no_color;
	case OPT_QUIET:
		return &options->quiet;
	case OPT_VERBOSE:
		return &options->verbose;
	case OPT_VERSION:
		return &options->version;
	case OPT_HELP:
		return &options->help;
	}
	return NULL;
}

static int set_format(struct options *options, enum format format)
{
	if (options->format != FORMAT_SCREEN && options->format != format) {
		msg("--batch, --json, --csv, --openmetrics: one of them at a time; see --help");
		return -EINVAL;
	}
	options->format = format;
	return 0;
}

static int set_view(struct options *options, const char *name)
{
	unsigned int i;
	char all[128];
	size_t length = 0;

	options->view = name;
	if (view__tables(name))
		return 0;
	for (i = 0; view_names[i]; i++)
		length += snprintf(all + length, sizeof(all) - length, "%s%s", i ? ", " : "",
				   view_names[i]);
	msg("--view: '%s' is no view; there are %s", name, all);
	return -EINVAL;
}

static int set_number(struct options *options, unsigned int index, const char *arg)
{
	char why[PARSE_WHY_MAX];
	int err;

	switch (index) {
	case OPT_INTERVAL:
		err = parse__seconds(arg, NS_PER_SEC / 100, LLONG_MAX / 2, &options->interval_ns,
				     why);
		break;
	case OPT_DURATION:
		err = parse__seconds(arg, 1, LLONG_MAX / 2, &options->duration_ns, why);
		break;
	default:
		err = parse__count(arg, 1, ULLONG_MAX, &options->count, why);
	}
	if (err) {
		msg("--%s: %s", opts[index].name, why);
		return -EINVAL;
	}
	return 0;
}

static int set_option(void *ctx, unsigned int index, const char *arg)
{
	struct options *options = ctx;
	bool *flag;
	int err;

	err = filter__option(&options->filter, opts[index].name, arg);
	if (err <= 0)
		return err;
	flag = flag_of(options, index);
	if (flag) {
		*flag = true;
		return index == OPT_HELP || index == OPT_VERSION;
	}
	switch (index) {
	case OPT_BATCH:
		return set_format(options, FORMAT_TEXT);
	case OPT_JSON:
		return set_format(options, FORMAT_JSON);
	case OPT_CSV:
		return set_format(options, FORMAT_CSV);
	case OPT_OPENMETRICS:
		return set_format(options, FORMAT_METRICS);
	case OPT_OUTPUT:
		options->output = arg;
		return 0;
	case OPT_VIEW:
		return set_view(options, arg);
	case OPT_SORT:
		options->ascending = arg[0] == '+';
		options->sort = arg + options->ascending;
		options->columns = !strcmp(arg, "help");
		return options->columns;
	case OPT_REPLAY:
		options->replay = arg;
		return 0;
	}
	return set_number(options, index, arg);
}

/* The column must be one of the first table of the view. */
static int check_sort(struct options *options)
{
	unsigned int tables = view__tables(options->view ? options->view : "overview"), table, i;
	const struct model_column *column;
	char key[COLUMN_KEY_MAX];

	for (table = 0; !(tables & 1u << table); table++)
		;
	for (i = 0; i < model_tables[table].nr_columns; i++) {
		column = &model_tables[table].columns[i];
		if (strcmp(column->name, options->sort) &&
		    strcmp(column__key(key, column), options->sort))
			continue;
		options->sort = column->name;
		return 0;
	}
	msg("--sort: '%s' is no column of this view; --sort help lists them", options->sort);
	return -EINVAL;
}

static int check_options(struct options *options)
{
	if (options->output && options->format != FORMAT_METRICS) {
		msg("--output: is for metrics; add --openmetrics, or redirect stdout");
		return -EINVAL;
	}
	if (options->replay && options->filter.use & ~FILTER_REPLAYABLE) {
		msg("--replay and --uid or --cgroup: recordings do not have them");
		return -EINVAL;
	}
	if (options->view && !strcmp(options->view, "space") && options->format != FORMAT_SCREEN &&
	    (options->filter.use & (EVENT_FILTER_CTX | EVENT_FILTER_IOAS)) !=
		    (EVENT_FILTER_CTX | EVENT_FILTER_IOAS)) {
		msg("--view space: of which address space? add --ctx N --ioas ID");
		return -EINVAL;
	}
	return options->sort ? check_sort(options) : 0;
}

int options__parse(struct options *options, int argc, char **argv)
{
	int err;

	*options = (struct options){ .interval_ns = NS_PER_SEC };
	err = opt__parse(opts, NR_OPTS, argc, argv, set_option, options);
	if (err)
		return err < 0 ? err : 0; /* 1: only to print something */
	if (options->format == FORMAT_SCREEN && !isatty(STDOUT_FILENO))
		options->format = FORMAT_TEXT;
	return check_options(options);
}

/* Each table with its columns: the key in JSON and CSV, the heading, and what it is. */
void options__print_columns(void)
{
	char key[COLUMN_KEY_MAX];
	unsigned int table, i;

	for (table = 0; table < MODEL_TABLES; table++) {
		const struct model_table_info *info = &model_tables[table];

		printf("%s%s:\n", table ? "\n" : "", info->name);
		for (i = 0; i < info->nr_columns; i++)
			printf("  %-22s %-10s %s\n", column__key(key, &info->columns[i]),
			       info->columns[i].title, info->columns[i].summary);
	}
}

void options__print_help(void)
{
	unsigned int i;

	printf("Usage: iommutop [options]\n\n"
	       "Shows who holds how much DMA memory through iommufd, how long pinning takes,\n"
	       "and which device faults.\n\n");
	opt__print(opts, NR_OPTS, stdout);
	printf("\nViews:");
	for (i = 0; view_names[i]; i++)
		printf(" %s", view_names[i]);
	printf("\n\nKeys:\n");
	screen__print_keys(stdout);
	printf("\nNeeds CAP_SYS_ADMIN, or shows less, and the module iommufd.\n"
	       "See iommutop(8).\n");
}
