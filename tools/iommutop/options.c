// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line of iommutop.
 *
 * The table below is the only list of the options: --help, the completions and the manual page are
 * made from it, see opt.h. After options__parse() all values are in range and fit together.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "driver.h"
#include "iommutop.h"
#include "msg.h"
#include "opt.h"
#include "screen/screen.h"
#include "segments.h"
#include "when.h"

static int parse_view(const struct opt *opt, void *target, const char *arg)
{
	struct options *options = target;
	unsigned int i;
	char all[128];
	size_t length = 0;

	options->view = arg;
	if (view__tables(arg))
		return 0;
	for (i = 0; view_names[i]; i++)
		length += snprintf(all + length, sizeof(all) - length, "%s%s", i ? ", " : "",
				   view_names[i]);
	msg("--%s: unknown view '%s'; the views are %s", opt->name, arg, all);
	return -EINVAL;
}

static void print_views(FILE *out)
{
	unsigned int i;

	for (i = 0; view_names[i]; i++)
		fprintf(out, "%s\n", view_names[i]);
}

static int parse_source(const struct opt *opt, void *target, const char *arg)
{
	struct options *options = target;

	(void)opt;
	return driver__parse(arg, &options->driver);
}

/* The name is checked after parsing, because the columns depend on --view. */
static int parse_sort(const struct opt *opt, void *target, const char *arg)
{
	struct options *options = target;

	(void)opt;
	options->ascending = arg[0] == '+';
	options->sort = arg + options->ascending;
	options->columns = !strcmp(arg, "help");
	return options->columns;
}

static void print_columns(FILE *out)
{
	char key[COLUMN_KEY_MAX];
	unsigned int table, i;

	for (table = 0; table < MODEL_TABLES; table++)
		for (i = 0; i < model_tables[table].nr_columns; i++) {
			column__key(key, &model_tables[table].columns[i]);
			fprintf(out, "%s\n+%s\n", key, key);
		}
}

/* clang-format off */
static const struct opt opts[] = {
	{ OPT_SECTION("Output") },
	{ 'b', "batch", NULL, OPT_CHOICE(struct options, format, FORMAT_TEXT),
	  .help = "text instead of a screen; default without a terminal", .manual =
	  "Text instead of a screen.\n"
	  "This is the default if standard output is not a terminal, or one that cannot\n"
	  "move its cursor.\n" },
	{ 'j', "json", NULL, OPT_CHOICE(struct options, format, FORMAT_JSON),
	  .help = "JSON lines", .manual =
	  "JSON lines, see\n"
	  ".Sx JSON .\n" },
	{ 0, "csv", NULL, OPT_CHOICE(struct options, format, FORMAT_CSV),
	  .help = "comma-separated values, the view's first table", .manual =
	  "Comma-separated values of the view's first table: a line with the keys of the\n"
	  "columns, then a line for each row of each sample.\n" },
	{ 0, "openmetrics", NULL, OPT_CHOICE(struct options, format, FORMAT_METRICS),
	  .help = "OpenMetrics, once, or with -o each interval", .manual =
	  "Metrics, see\n"
	  ".Sx METRICS .\n"
	  "On standard output they appear once, after one interval or at the end of a\n"
	  "recording, unless\n"
	  ".Fl n\n"
	  "or\n"
	  ".Fl d\n"
	  "is given.\n" },
	{ 'o', "output", "FILE", OPT_FILE(struct options, output),
	  .help = "write metrics to FILE, replacing it atomically", .manual =
	  "With\n"
	  ".Fl -openmetrics :\n"
	  "write the metrics of each interval to\n"
	  ".Ar FILE .\n"
	  "A new file replaces the old one by renaming, so that readers never see half of\n"
	  "it.\n"
	  "Symbolic links are followed, and a device, FIFO or socket is written to.\n"
	  "If the name ends with\n"
	  ".Pa .prom ,\n"
	  "the file has the text format of node exporters.\n" },
	{ 0, "view", "NAME", OPT_CUSTOM(parse_view),
	  .value = OPT_VALUE_WORD, .print_words = print_views,
	  .help = "the view to show first, or to print", .manual =
	  "The view to show first, or to print:\n"
	  ".Cm overview , latency , faults , devices , space , areas , policies ,\n"
	  ".Cm refusals , payers , detail , self .\n"
	  "By default, text is the overview, and JSON has all views but\n"
	  ".Cm space\n"
	  "and\n"
	  ".Cm areas ,\n"
	  "which need\n"
	  ".Fl -ctx\n"
	  "and\n"
	  ".Fl -ioas ,\n"
	  "and\n"
	  ".Cm detail ,\n"
	  "which needs\n"
	  ".Fl -ctx .\n" },
	{ 0, "sort", "COLUMN", OPT_CUSTOM(parse_sort),
	  .value = OPT_VALUE_WORD, .print_words = print_columns,
	  .help = "sort by this column; +COLUMN ascending; or help", .manual =
	  "Sort rows by this column, named or headed as in\n"
	  ".Sx COLUMNS ,\n"
	  "highest first; with\n"
	  ".Sq +\n"
	  "before the name, lowest first.\n"
	  ".Cm help\n"
	  "lists all columns.\n" },
	{ 'w', "wide", NULL, OPT_FLAG(struct options, wide),
	  .help = "text with all columns", .manual =
	  "All columns, not only those that fit most terminals.\n" },
	{ 'q', "quiet", NULL, OPT_FLAG(struct options, quiet),
	  .help = "no titles, captions and header lines", .manual =
	  "No titles, no captions and no header lines.\n" },
	{ 0, "ascii", NULL, OPT_FLAG(struct options, ascii),
	  .help = "only ASCII characters on the screen", .manual =
	  "Draw with ASCII characters only.\n" },
	{ 0, "no-color", NULL, OPT_FLAG(struct options, no_color),
	  .help = "no colours, like NO_COLOR=1", .manual =
	  "No colours, as with\n"
	  ".Ev NO_COLOR\n"
	  "in the environment.\n" },
	{ 0, "no-config", NULL, OPT_FLAG(struct options, no_config),
	  .help = "neither read nor save the settings of the screen", .manual =
	  "Do not read the settings of the screen, and do not save them; see\n"
	  ".Sx FILES .\n" },
	{ 0, "source", "NAME", OPT_CUSTOM(parse_source),
	  .value = OPT_VALUE_WORD, .print_words = driver__print_words,
	  .help = "native, upstream or type1; default: the loaded one", .manual =
	  "The driver to show:\n"
	  ".Cm native\n"
	  "is the iommufd of iommuscope,\n"
	  ".Cm upstream\n"
	  "the kernel's own,\n"
	  ".Cm type1\n"
	  "VFIO type1; see\n"
	  ".Sx SOURCES .\n"
	  ".Cm auto ,\n"
	  "the default, takes the one that is loaded.\n" },
	{ 0, "self-stats", NULL, OPT_FLAG(struct options, self_stats),
	  .help = "show the cost of iommutop itself", .manual =
	  "Show the cost of\n"
	  ".Nm\n"
	  "itself, too, and let the kernel measure its BPF programs, which adds to that\n"
	  "cost.\n" },

	{ OPT_SECTION("Run") },
	{ 'i', "interval", "TIME",
	  OPT_SECONDS(struct options, interval_ns, NS_PER_SEC / 100, LLONG_MAX / 2),
	  .help = "time between refreshes; default 1 second", .manual =
	  "Time between two refreshes, in seconds if it has no unit; 1 by default.\n" },
	{ 'd', "duration", "TIME", OPT_SECONDS(struct options, duration_ns, 1, LLONG_MAX / 2),
	  .help = "end after TIME; seconds without a unit", .manual =
	  "End after this time, in seconds if it has no unit.\n" },
	{ 'n', "count", "N", OPT_COUNT(struct options, count, 1, ULLONG_MAX),
	  .help = "end after N refreshes", .manual =
	  "End after\n"
	  ".Ar N\n"
	  "refreshes.\n" },
	{ 0, "replay", "FILE", OPT_FILE(struct options, replay),
	  .help = "show a recording or a folder of them; - is stdin", .manual =
	  "Show a recording of\n"
	  ".Ql iosnoop -o ,\n"
	  "or a folder of them as one recording;\n"
	  ".Sq -\n"
	  "is standard input.\n"
	  "Each refresh advances by an interval of the recording's time; the first one has\n"
	  "the first event.\n"
	  "Users, limits, and the names of cgroups and machines are those of the recording.\n"
	  "It includes contexts and objects from before its start if\n"
	  ".Nm iosnoop\n"
	  "had CAP_SYS_ADMIN.\n" },
	{ 0, "at", "WHEN", OPT_TEXT(struct options, at),
	  .help = "with --replay: show that moment, like 3:00 or -2h", .manual =
	  "With\n"
	  ".Fl -replay :\n"
	  "show the state at this moment, see MOMENTS in\n"
	  ".Xr iosnoop 8 .\n"
	  "Rates and histories are those of the intervals before it.\n"
	  "The screen is paused, and\n"
	  ".Sq \\&(\n"
	  "and\n"
	  ".Sq \\&)\n"
	  "go back and forward in time; other forms show one sample, or\n"
	  ".Fl n .\n"
	  "It is an error if nothing was recorded at that time.\n" },
	{ 0, "diff", NULL, OPT_FLAG(struct options, diff),
	  .help = "compare two recordings, or two moments of --replay", .manual =
	  "Compare the ends of two recordings, which are operands, or with\n"
	  ".Fl -replay\n"
	  "two moments of one: contexts, payers, devices and PASIDs that appeared, are\n"
	  "gone, or have another amount of pinned memory, number of areas, limit or\n"
	  "attachment, the largest change first; as text, JSON or CSV.\n"
	  "Contexts of the same boot are compared by their numbers, others by their names.\n"
	  "A moment that begins with\n"
	  ".Sq -\n"
	  "must follow\n"
	  ".Sq -- .\n" },
	{ 'v', "verbose", NULL, OPT_FLAG(struct options, verbose),
	  .help = "print libbpf's messages, too", .manual =
	  "Print all messages of libbpf to standard error.\n" },
	{ 'V', "version", NULL, OPT_STOP(struct options, version),
	  .help = "print the version and exit", .manual =
	  "Print the version and exit.\n" },
	{ 'h', "help", NULL, OPT_STOP(struct options, help),
	  .help = "print this help and exit", .manual =
	  "Print options and keys, and exit.\n" },

	{ OPT_SECTION("Filters"), .manual =
	  "Filters select contexts.\n"
	  "Every view and format shows those that pass all filters, with their address\n"
	  "spaces, devices and faults, and counts all their calls, whichever thread made\n"
	  "them.\n"
	  "If no context passes,\n"
	  ".Nm\n"
	  "exits with status 1 and a message on standard error, unless it shows the screen.\n" },
	{ FILTER_OPT_PID(struct options, filter), .manual =
	  "Only contexts that this process opened or maps through.\n" },
	{ FILTER_OPT_COMM(struct options, filter), .manual =
	  "Only contexts opened or mapped through by a process of this name;\n"
	  ".Ar NAME Ns Cm *\n"
	  "matches all names that begin with\n"
	  ".Ar NAME .\n" },
	{ FILTER_OPT_UID(struct options, filter), .manual =
	  "Only contexts opened or mapped through by this user, given as number or name.\n" },
	{ FILTER_OPT_CGROUP(struct options, filter), .manual =
	  "Only contexts of processes in this cgroup (version 2) or below it, given as\n"
	  "path or number.\n" },
	{ FILTER_OPT_MACHINE(struct options, filter), .manual =
	  "Only contexts of this virtual machine or container, named as in the column\n"
	  ".Va machine ;\n"
	  ".Ar NAME Ns Cm *\n"
	  "matches all names that begin with\n"
	  ".Ar NAME .\n"
	  "This includes a machine that starts later.\n" },
	{ FILTER_OPT_CTX(struct options, filter), .manual =
	  "Only this context.\n" },
	{ FILTER_OPT_IOAS(struct options, filter), .manual =
	  "Only address spaces with this id, in every context.\n" },
	{ FILTER_OPT_DEVICE(struct options, filter), .manual =
	  "Only contexts with this device, and its faults: a PCI address (0000:00:04.0 or\n"
	  "00:04.0), or the name of another device below\n"
	  ".Pa /sys/bus .\n"
	  "A mediated device without an IOMMU of its own cannot be chosen, because the\n"
	  "driver sees only its accesses, without a name.\n" },
	{ FILTER_OPT_IOVA(struct options, filter), .manual =
	  "Only areas that touch this range of addresses, and faults of its pages in the\n"
	  "fault stream: one address, FIRST-LAST with both included, or ADDR+LENGTH, each\n"
	  "hexadecimal with 0x or a size like 4G.\n"
	  "Rows without addresses are all shown.\n" },
	{ FILTER_OPT_PASID(struct options, filter), .manual =
	  "Only contexts with this PASID, as on the bus, and its faults.\n" },
};

/* clang-format on */

const struct opt_table option_table = {
	.tool = "iommutop",
	.opts = opts,
	.nr_opts = sizeof(opts) / sizeof(opts[0]),
};

/* Find the column in the view's first table, by name, key or heading. */
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
		    strcmp(column__key(key, column), options->sort) &&
		    strcasecmp(column->title, options->sort))
			continue;
		options->sort = column->name;
		return 0;
	}
	msg("--sort: this view has no column '%s'; --sort help lists the columns", options->sort);
	return -EINVAL;
}

static int take_operand(void *target, const char *arg)
{
	struct options *options = target;

	if (options->nr_operands == 2) {
		msg("unexpected operand '%s': --diff compares two recordings or moments", arg);
		return -EINVAL;
	}
	options->operands[options->nr_operands++] = arg;
	return 0;
}

static int check_diff(struct options *options)
{
	char why[PARSE_WHY_MAX];
	unsigned int i;

	if (!options->diff && options->nr_operands) {
		msg("unexpected operand '%s': this command takes options only; see --help",
		    options->operands[0]);
		return -EINVAL;
	}
	if (!options->diff)
		return 0;
	if (options->nr_operands != 2) {
		msg("--diff needs two recordings, or with --replay two moments");
		return -EINVAL;
	}
	if (options->at || options->view || options->sort || options->count ||
	    options->duration_ns || options->format == FORMAT_METRICS) {
		msg("--diff goes with --replay, filters, --json, --csv and --quiet only");
		return -EINVAL;
	}
	for (i = 0; i < 2 && options->replay; i++)
		if (when__parse(options->operands[i], segments__last_ns(options->replay),
				&options->diff_ns[i], why)) {
			msg("--diff: %s", why);
			return -EINVAL;
		}
	return 0;
}

static int check_options(struct options *options)
{
	char why[PARSE_WHY_MAX];

	if (options->output && options->format != FORMAT_METRICS) {
		msg("--output is for metrics only; add --openmetrics, or redirect standard output");
		return -EINVAL;
	}
	if (check_diff(options))
		return -EINVAL;
	if (options->at && !options->replay) {
		msg("--at is about a recording; give it together with --replay");
		return -EINVAL;
	}
	if (options->at &&
	    when__parse(options->at, segments__last_ns(options->replay), &options->at_ns, why)) {
		msg("--at: %s", why);
		return -EINVAL;
	}
	if (options->view && (!strcmp(options->view, "space") || !strcmp(options->view, "areas")) &&
	    options->format != FORMAT_SCREEN &&
	    (options->filter.use & (EVENT_FILTER_CTX | EVENT_FILTER_IOAS)) !=
		    (EVENT_FILTER_CTX | EVENT_FILTER_IOAS)) {
		msg("--view %s shows one address space; choose it with --ctx N --ioas ID",
		    options->view);
		return -EINVAL;
	}
	if (options->view && !strcmp(options->view, "detail") && options->format != FORMAT_SCREEN &&
	    !(options->filter.use & EVENT_FILTER_CTX)) {
		msg("--view detail shows one context; choose it with --ctx N");
		return -EINVAL;
	}
	return options->sort ? check_sort(options) : 0;
}

int options__parse(struct options *options, int argc, char **argv)
{
	int err;

	*options = (struct options){};
	if (opt__is_given("replay", argc, argv) || opt__is_given("diff", argc, argv))
		cgroup__use_recording();
	err = opt__parse(&option_table, OPT_NO_COMMAND, argc, argv, options, take_operand);
	if (err)
		return err < 0 ? err :
				 0; /* 1: main() prints the help, the version or the columns */
	options->has_interval = options->interval_ns;
	if (!options->has_interval)
		options->interval_ns = NS_PER_SEC;
	if (options->format == FORMAT_SCREEN && !isatty(STDOUT_FILENO))
		options->format = FORMAT_TEXT;
	return check_options(options);
}

/* Print each table with its columns: the key in JSON and CSV, the heading, and the meaning. */
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

#define HELP_VIEWS 60 /* columns of a line, after which the next one begins */

void options__print_help(void)
{
	unsigned int i;
	int used = 0;

	printf("Usage: iommutop [options]\n"
	       "       iommutop --diff [--replay FILE] FROM TO\n\n"
	       "Shows which processes hold DMA memory through iommufd and how much, how long\n"
	       "pinning takes, and which devices fault.\n\n");
	opt__print(&option_table, OPT_NO_COMMAND, stdout);
	printf("\nViews:");
	for (i = 0; view_names[i]; i++) {
		if (used > HELP_VIEWS)
			used = printf("\n      ");
		used += printf(" %s", view_names[i]);
	}
	printf("\n\nKeys:\n");
	screen__print_keys(stdout);
	printf("\nNeeds CAP_SYS_ADMIN, and shows less without it, and the module iommufd.\n"
	       "See iommutop(8).\n");
}
