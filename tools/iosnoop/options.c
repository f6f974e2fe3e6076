// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line of iosnoop.
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

#include "iosnoop.h"
#include "msg.h"
#include "opt.h"
#include "parse.h"
#include "version.h"

#define DEFAULT_BUFFER (8u << 20)
#define MAX_BUFFER (1u << 30)

enum {
	OPT_EVENT,
	OPT_PID,
	OPT_COMM,
	OPT_UID,
	OPT_CGROUP,
	OPT_CTX,
	OPT_IOAS,
	OPT_DEVICE,
	OPT_PASID,
	OPT_MIN_LATENCY,
	OPT_MIN_LEN,
	OPT_FAILED,
	OPT_WIDE,
	OPT_FIELDS,
	OPT_TIMESTAMPS,
	OPT_JSON,
	OPT_CSV,
	OPT_QUIET,
	OPT_STACKS,
	OPT_HISTOGRAM,
	OPT_SIZES,
	OPT_SUMMARY,
	OPT_FOLDED,
	OPT_INTERVAL,
	OPT_DURATION,
	OPT_COUNT,
	OPT_RECORD,
	OPT_REPLAY,
	OPT_STRICT,
	OPT_BUFFER_SIZE,
	OPT_CHECK,
	OPT_VERBOSE,
	OPT_VERSION,
	OPT_HELP,
	NR_OPTS
};

static const struct opt opts[NR_OPTS] = {
	[OPT_EVENT] = { 'e', "event", "LIST", "only these events or groups, with commas between" },
	[OPT_PID] = FILTER_OPT_PID,
	[OPT_COMM] = FILTER_OPT_COMM,
	[OPT_UID] = FILTER_OPT_UID,
	[OPT_CGROUP] = FILTER_OPT_CGROUP,
	[OPT_CTX] = FILTER_OPT_CTX,
	[OPT_IOAS] = FILTER_OPT_IOAS,
	[OPT_DEVICE] = FILTER_OPT_DEVICE,
	[OPT_PASID] = FILTER_OPT_PASID,
	[OPT_MIN_LATENCY] = FILTER_OPT_MIN_LATENCY,
	[OPT_MIN_LEN] = FILTER_OPT_MIN_LEN,
	[OPT_FAILED] = FILTER_OPT_FAILED,
	[OPT_WIDE] = { 'w', "wide", NULL, "all that is known, in full numbers" },
	[OPT_FIELDS] = { 0, "fields", "LIST", "these fields as columns; 'help' lists them" },
	[OPT_TIMESTAMPS] = { 'T', "timestamps", NULL, "time of day, not seconds since the start" },
	[OPT_JSON] = { 'j', "json", NULL, "JSON lines" },
	[OPT_CSV] = { 0, "csv", NULL, "comma-separated values" },
	[OPT_QUIET] = { 'q', "quiet", NULL, "no line with the names of the columns" },
	[OPT_STACKS] = { 'k', "stacks", NULL, "kernel and user stack below each event" },
	[OPT_HISTOGRAM] = { 'H', "histogram", NULL, "latencies by event and IOAS, no lines" },
	[OPT_SIZES] = { 0, "sizes", NULL, "lengths and runs of maps, no lines" },
	[OPT_SUMMARY] = { 0, "summary", NULL, "figures by process and IOAS at the end" },
	[OPT_FOLDED] = { 0, "folded", NULL, "folded stacks for flame graphs, no lines" },
	[OPT_INTERVAL] = { 'i', "interval", "TIME", "a report each TIME, not only at the end" },
	[OPT_DURATION] = { 'd', "duration", "TIME", "end after TIME, seconds if without a unit" },
	[OPT_COUNT] = { 'n', "count", "N", "end after N events" },
	[OPT_RECORD] = { 'o', "record", "FILE", "write events to FILE, show none" },
	[OPT_REPLAY] = { 0, "replay", "FILE", "show what was recorded; - is stdin" },
	[OPT_STRICT] = { 0, "strict", NULL, "exit with 6 when an event was lost" },
	[OPT_BUFFER_SIZE] = { 0, "buffer-size", "SIZE", "room for waiting events, 8M" },
	[OPT_CHECK] = { 0, "check", NULL, "say what is missing on this machine, and end" },
	[OPT_VERBOSE] = { 'v', "verbose", NULL, "counters at the end, and what libbpf says" },
	[OPT_VERSION] = { 'V', "version", NULL, "print the version and end" },
	[OPT_HELP] = { 'h', "help", NULL, "print this and end" },
};

/* Options without an argument that set a flag, and nothing else. */
static bool *flag_of(struct options *options, unsigned int index)
{
	switch (index) {
	case OPT_WIDE:
		return &options->wide;
	case OPT_TIMESTAMPS:
		return &options->timestamps;
	case OPT_JSON:
		return &options->json;
	case OPT_CSV:
		return &options->csv;
	case OPT_QUIET:
		return &options->quiet;
	case OPT_STACKS:
		return &options->stacks;
	case OPT_HISTOGRAM:
		return &options->histogram;
	case OPT_SIZES:
		return &options->sizes;
	case OPT_SUMMARY:
		return &options->summary;
	case OPT_FOLDED:
		return &options->folded;
	case OPT_STRICT:
		return &options->strict;
	case OPT_CHECK:
		return &options->check;
	case OPT_VERBOSE:
		return &options->verbose;
	case OPT_VERSION:
		return &options->version;
	case OPT_HELP:
		return &options->help;
	}
	return NULL;
}

/* What a ring buffer can have: a power of two, at least a page. */
static __u32 round_buffer_size(__u64 size)
{
	__u64 rounded = sysconf(_SC_PAGESIZE);

	while (rounded < size)
		rounded *= 2;
	return rounded;
}

static int set_number(struct options *options, unsigned int index, const char *arg)
{
	char why[PARSE_WHY_MAX];
	__u64 number = 0;
	int err;

	switch (index) {
	case OPT_INTERVAL:
		err = parse__seconds(arg, 1000 * 1000, LLONG_MAX / 2, &options->interval_ns, why);
		break;
	case OPT_DURATION:
		err = parse__seconds(arg, 1, LLONG_MAX / 2, &options->duration_ns, why);
		break;
	case OPT_COUNT:
		err = parse__count(arg, 1, ULLONG_MAX, &options->max_events, why);
		break;
	default:
		err = parse__size(arg, 1, MAX_BUFFER, &number, why);
		options->buffer_size = round_buffer_size(number);
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
	case OPT_EVENT:
		if (!options->events_chosen)
			options->events = 0;
		options->events_chosen = true;
		return events__parse(&options->events, &options->named, arg);
	case OPT_FIELDS:
		options->fields = arg;
		if (!strcmp(arg, "help"))
			return 1;
		return fields__check(arg);
	case OPT_RECORD:
		options->record = arg;
		return 0;
	case OPT_REPLAY:
		options->replay = arg;
		return 0;
	}
	return set_number(options, index, arg);
}

static int refuse(const char *one, const char *other, const char *why)
{
	msg("%s and %s: %s; see --help", one, other, why);
	return -EINVAL;
}

/* What does not go together. */
static int check_options(const struct options *options)
{
	if (options->json && options->csv)
		return refuse("--json", "--csv", "one format at a time");
	if (options->json && options->fields)
		return refuse("--json", "--fields", "JSON has all fields, by their names");
	if (options->csv && options__has_report(options))
		return refuse("--csv", "reports", "CSV has a line for each event; use --json");
	if (options->folded &&
	    (options->json || options->histogram || options->sizes || options->summary))
		return refuse("--folded", "other reports or --json",
			      "folded stacks are input of another program");
	if (options->csv && options->stacks)
		return refuse("--csv", "--stacks", "a stack does not fit a line; use --json");
	if (options->fields && (options->histogram || options->sizes || options->folded))
		return refuse("--fields", "reports", "there are no lines then");
	if (options->stacks && (options->histogram || options->sizes) && !options->record)
		return refuse("--stacks", "reports", "there are no lines then; see --folded");
	if (options->record && (options->wide || options->timestamps || options->quiet))
		return refuse("--record", "--wide, --timestamps or --quiet",
			      "a recording has everything; choose with --replay");
	if (options->record && !strcmp(options->record, "-")) {
		msg("--record: a recording goes to a file, not to standard output; name a pipe");
		return -EINVAL;
	}
	if (options->record && options->replay)
		return refuse("--record", "--replay", "a recording is made of what goes on");
	if (options->record &&
	    (options->json || options->csv || options->fields || options__has_report(options)))
		return refuse("--record", "formats or reports",
			      "record first, then choose with --replay");
	if (options->interval_ns && !options->histogram && !options->sizes && !options->summary) {
		msg("--interval: there is no report; add --histogram, --sizes or --summary");
		return -EINVAL;
	}
	if (options->replay && options->filter.use & ~FILTER_REPLAYABLE)
		return refuse("--replay", "--uid or --cgroup",
			      "recordings do not have them; filter when recording");
	return 0;
}

int options__parse(struct options *options, int argc, char **argv)
{
	int err;

	*options = (struct options){
		.events = events__default(),
		.buffer_size = DEFAULT_BUFFER,
	};
	err = opt__parse(opts, NR_OPTS, argc, argv, set_option, options);
	if (err)
		return err < 0 ? err : 0; /* 1: only to print something */
	return check_options(options);
}

void options__print_help(void)
{
	printf("Usage: iosnoop [options]\n\n"
	       "Shows DMA mappings made through iommufd, devices and PASIDs, faults, and\n"
	       "policies' refusals, as they happen.\n\n");
	opt__print(opts, NR_OPTS, stdout);
	printf("\n");
	events__print(stdout);
	printf("\nNeeds CAP_BPF and CAP_PERFMON, and iommuscope's module iommufd. See iosnoop(8).\n");
}
