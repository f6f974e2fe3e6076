// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line of iosnoop.
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
#include "clock.h"
#include "driver.h"
#include "filter.h"
#include "msg.h"
#include "opt.h"
#include "options.h"
#include "render/field.h"
#include "segments.h"
#include "when.h"

#define DEFAULT_BUFFER (8u << 20)
#define MAX_BUFFER (1u << 30)

/* Of a folder of recordings. */
#define DEFAULT_KEEP (1ULL << 30)
#define DEFAULT_ROTATE (64ULL << 20)
#define DEFAULT_ROTATE_NS (3600 * NS_PER_SEC)
#define LEAST_SEGMENT (64ULL << 10)

static int parse_events(const struct opt *opt, void *target, const char *arg)
{
	struct options *options = target;

	(void)opt;
	if (!options->run.events_chosen)
		options->run.events = 0;
	options->run.events_chosen = true;
	return event_groups__parse(arg, &options->run.events, &options->run.named);
}

static int parse_fields(const struct opt *opt, void *target, const char *arg)
{
	struct options *options = target;

	(void)opt;
	options->fields = arg;
	if (!strcmp(arg, "help"))
		return 1;
	return fields__check(arg);
}

static int parse_source(const struct opt *opt, void *target, const char *arg)
{
	struct options *options = target;

	(void)opt;
	return driver__parse(arg, &options->run.driver);
}

static int parse_at(const struct opt *opt, void *target, const char *arg)
{
	struct options *options = target;

	(void)opt;
	return at__parse(&options->at, arg);
}

/* clang-format off */
static const struct opt opts[] = {
	{ OPT_SECTION("Filters"), .manual =
	  "The BPF programs evaluate filters before they record anything.\n"
	  ".Nm\n"
	  "shows the events that pass all of them.\n"
	  "An event without the property does not pass:\n"
	  ".Fl -ioas\n"
	  "excludes binds, and\n"
	  ".Fl -min-len\n"
	  "attaches.\n" },
	{ 'e', "event", "LIST", OPT_CUSTOM(parse_events),
	  .value = OPT_VALUE_LIST, .print_words = event_groups__print_words,
	  .help = "only these events or groups, separated by commas", .manual =
	  "Only these events, separated by commas: names from\n"
	  ".Sx EVENTS ,\n"
	  "names of tracepoints without\n"
	  ".Dq iommufd_\n"
	  ".Pq ioas_map ,\n"
	  "or groups of events.\n"
	  "The option can be given several times.\n"
	  "Other events cost the traced program nothing.\n" },
	{ FILTER_OPT_PID(struct options, run.filter), .manual =
	  "Only this process, given as its id in the initial PID namespace.\n"
	  "Page requests and DMA faults of its devices are included.\n" },
	{ FILTER_OPT_COMM(struct options, run.filter), .manual =
	  "Only threads of this name, of which the kernel keeps 15 bytes;\n"
	  ".Ar NAME Ns Cm *\n"
	  "matches all names that begin with\n"
	  ".Ar NAME .\n" },
	{ FILTER_OPT_UID(struct options, run.filter), .manual =
	  "Only events caused by threads of this user, given as number or name.\n" },
	{ FILTER_OPT_CGROUP(struct options, run.filter), .manual =
	  "Only events caused by threads in this cgroup (version 2) or below it; a path\n"
	  "like those in\n"
	  ".Pa /proc/PID/cgroup ,\n"
	  "or a number.\n" },
	{ FILTER_OPT_MACHINE(struct options, run.filter), .manual =
	  "Only events caused by threads of this virtual machine or container, or by its\n"
	  "devices: its cgroup and those below it.\n"
	  "The name is that of the JSON key machine;\n"
	  ".Ar NAME Ns Cm *\n"
	  "matches a name that begins with\n"
	  ".Ar NAME .\n"
	  "The machine must be running.\n" },
	{ FILTER_OPT_CTX(struct options, run.filter), .manual =
	  "Only this context, which is an open file of\n"
	  ".Pa /dev/iommu\n"
	  "(CTX in the wide output).\n" },
	{ FILTER_OPT_IOAS(struct options, run.filter), .manual =
	  "Only this address space.\n"
	  "Each context has ids of its own.\n" },
	{ FILTER_OPT_DEVICE(struct options, run.filter), .manual =
	  "Only this device: a PCI address (0000:00:04.0 or 00:04.0), or the name of\n"
	  "another device below\n"
	  ".Pa /sys/bus .\n"
	  "A mediated device without an IOMMU of its own cannot be chosen, because the\n"
	  "driver sees only its accesses, without a name.\n"
	  ".Nm\n"
	  "learns the name of a device when the device is bound, which needs the kernel's\n"
	  "BTF, or from its process, if it may trace that process.\n"
	  "Recordings have these names, and those of the devices in their snapshots.\n" },
	{ FILTER_OPT_PASID(struct options, run.filter), .manual =
	  "Only this PASID, as on the bus.\n" },
	{ FILTER_OPT_IOVA(struct options, run.filter), .manual =
	  "Only events about addresses of devices in this range: one address, FIRST-LAST\n"
	  "with both included, or ADDR+LENGTH, each hexadecimal with 0x or a size like 4G.\n"
	  "Maps, unmaps, copies, accesses, dirty reads and type1 calls whose range touches\n"
	  "it, and page requests and DMA faults of its pages.\n" },
	{ FILTER_OPT_MIN_LATENCY(struct options, run.filter), .manual =
	  "Only events that took at least\n"
	  ".Ar TIME ,\n"
	  "like 100us or 1.5ms, in seconds if it has no unit.\n"
	  "A map takes the time for pinning plus the time for filling page tables; a\n"
	  "response takes the time since the page request was reported.\n"
	  "Events without a time do not pass.\n" },
	{ FILTER_OPT_MIN_LEN(struct options, run.filter), .manual =
	  "Only ranges of at least this length; for pin and unpin, the size of the pages.\n" },
	{ FILTER_OPT_FAILED(struct options, run.filter), .manual =
	  "Only failures: calls with an error, page requests whose response is not success,\n"
	  "and DMA faults.\n" },

	{ OPT_SECTION("Output") },
	{ 'w', "wide", NULL, OPT_FLAG(struct options, wide),
	  .help = "all fields, in full numbers", .manual =
	  "All fields of an event, in full numbers; see\n"
	  ".Sx WIDE OUTPUT .\n"
	  "No effect with\n"
	  ".Fl j .\n" },
	{ 0, "fields", "LIST", OPT_CUSTOM(parse_fields),
	  .value = OPT_VALUE_LIST, .print_words = fields__print_words,
	  .help = "these fields as columns; 'help' lists them", .manual =
	  "A column for each of these fields, separated by commas.\n"
	  "The names are those of\n"
	  ".Sx JSON ,\n"
	  "plus pid (the process) and time (as in the table: since the start, or with\n"
	  ".Fl T\n"
	  "the time of day);\n"
	  ".Fl -fields Cm help\n"
	  "lists them.\n"
	  "Numbers are in full with\n"
	  ".Fl w .\n" },
	{ 'T', "timestamps", NULL, OPT_FLAG(struct options, timestamps),
	  .help = "time of day instead of seconds since the start", .manual =
	  "Time of day instead of seconds since the start.\n"
	  "JSON gets an additional key\n"
	  ".Dq time\n"
	  "with date and time in UTC.\n" },
	{ 'j', "json", NULL, OPT_FLAG(struct options, json),
	  .help = "JSON lines", .manual =
	  "JSON lines, see\n"
	  ".Sx JSON .\n" },
	{ 0, "csv", NULL, OPT_FLAG(struct options, csv),
	  .help = "comma-separated values", .manual =
	  "Comma-separated values (RFC 4180) after a header line: all fields of the chosen\n"
	  "events, or those of\n"
	  ".Fl -fields .\n"
	  "A field that an event does not have is empty.\n"
	  "A line with event\n"
	  ".Dq lost\n"
	  "has the number of lost events in the field lost.\n" },
	{ 'q', "quiet", NULL, OPT_FLAG(struct options, quiet),
	  .help = "no header line", .manual =
	  "No header line.\n" },
	{ 0, "log", "FILE", OPT_FILE(struct options, log),
	  .help = "append lines to FILE, opened anew at SIGHUP", .manual =
	  "Append the lines to\n"
	  ".Ar FILE\n"
	  "instead of showing them, in the format that other options choose.\n"
	  "At SIGHUP,\n"
	  ".Nm\n"
	  "opens the file anew, so\n"
	  ".Xr logrotate 8\n"
	  "can rename it before; each file begins with a header, or with a start record.\n"
	  "Only its owner may read it.\n"
	  "If\n"
	  ".Nm\n"
	  "cannot open the new file, it prints a message and continues in the old one.\n" },
	{ 'k', "stacks", NULL, OPT_FLAG(struct options, stacks),
	  .help = "kernel and user stack below each event", .manual =
	  "Below each event the kernel functions that led to it and, after\n"
	  ".Dq -- ,\n"
	  "those of the process, innermost first; in JSON the arrays kernel_stack and\n"
	  "user_stack.\n"
	  "Names of kernel functions come from\n"
	  ".Pa /proc/kallsyms ,\n"
	  "which shows addresses only to root unless\n"
	  ".Va kernel.kptr_restrict\n"
	  "is 0; names of user functions come from the symbols in the files that the\n"
	  "process has mapped, also in another mount namespace, as long as it exists and\n"
	  "has not called exec.\n"
	  "An address outside of all functions has the name of its file in brackets, and\n"
	  "its offset in the file.\n"
	  "User stacks follow frame pointers: programs built without them show only the\n"
	  "first frame or two.\n"
	  "A stack has at most 48 kernel and 80 user functions.\n"
	  "An event with stacks takes some 1.2 KB, so the buffer holds fewer of them.\n" },

	{ OPT_SECTION("Reports") },
	{ 'H', "histogram", NULL, OPT_FLAG(struct options, histogram),
	  .help = "latencies by event and IOAS instead of lines", .manual =
	  "The times of calls for each event and IOAS, instead of lines: p50, p90, p99, the\n"
	  "maximum, the mean, and a bar for each power of two.\n"
	  "Internally each power of two has 16 buckets, and a percentile is the upper end\n"
	  "of its bucket: at least the true value and at most 1/16 more.\n"
	  "Calls that have no time, because they were refused or had nothing to pin or to\n"
	  "fill (no device is attached), are counted separately.\n" },
	{ 0, "sizes", NULL, OPT_FLAG(struct options, sizes),
	  .help = "lengths and runs of maps instead of lines", .manual =
	  "Histograms of the lengths of maps, of the physically contiguous runs that each\n"
	  "of them formed, and of the bytes in a run: the smaller the runs, the more\n"
	  "fragmented the memory.\n" },
	{ 0, "summary", NULL, OPT_FLAG(struct options, summary),
	  .help = "totals by process and IOAS instead of lines", .manual =
	  "A line for each process and IOAS, instead of lines for events: maps, unmaps,\n"
	  "other events, failures, bytes mapped and unmapped, bytes pinned, runs, the total\n"
	  "time and the longest time.\n"
	  "Then a line for each process that mapped, with the share of time that maps took,\n"
	  "and hints; see\n"
	  ".Sx SLOW STARTS .\n" },
	{ 0, "folded", NULL, OPT_FLAG(struct options, folded),
	  .help = "folded stacks for flame graphs instead of lines", .manual =
	  "Each different stack with its number of occurrences, at the end and instead of\n"
	  "lines, in the input format of flame graphs: the name of the thread, then the\n"
	  "functions from the outermost on, separated by semicolons; functions of the\n"
	  "kernel end with _[k].\n" },
	{ 'i', "interval", "TIME",
	  OPT_SECONDS(struct options, run.interval_ns, 1000 * 1000, LLONG_MAX / 2),
	  .help = "a report every TIME, not only at the end", .manual =
	  "A report every\n"
	  ".Ar TIME\n"
	  "of the events since the previous one.\n" },

	{ OPT_SECTION("Run") },
	{ 'd', "duration", "TIME", OPT_SECONDS(struct options, run.duration_ns, 1, LLONG_MAX / 2),
	  .help = "end after TIME; seconds without a unit", .manual =
	  "End after\n"
	  ".Ar TIME ,\n"
	  "in seconds if it has no unit.\n" },
	{ 'n', "count", "N", OPT_COUNT(struct options, run.max_events, 1, ULLONG_MAX),
	  .help = "end after N events", .manual =
	  "End after\n"
	  ".Ar N\n"
	  "events.\n" },
	{ 'o', "record", "FILE", OPT_FILE(struct options, record),
	  .help = "write events to FILE or into a folder", .manual =
	  "Write the events to\n"
	  ".Ar FILE ,\n"
	  "which only its owner may read, instead of showing them; see\n"
	  ".Sx RECORDINGS .\n"
	  "A file that is not empty is refused unless\n"
	  ".Fl -force\n"
	  "is given.\n"
	  "A file has one recording, so SIGHUP ends it, as SIGTERM does.\n"
	  "If\n"
	  ".Ar FILE\n"
	  "is a folder, or ends with a slash, write segments into it, a new one at SIGHUP;\n"
	  "see\n"
	  ".Sx FOLDERS OF RECORDINGS .\n" },
	{ 0, "keep-size", "SIZE",
	  OPT_SIZE(struct options, limits.keep_bytes, 2 * LEAST_SEGMENT, LLONG_MAX),
	  .help = "in a folder: at most SIZE in all; default 1G", .manual =
	  "In a folder of recordings: keep at most this much in all, and remove the oldest\n"
	  "segments; 1G by default.\n" },
	{ 0, "keep-age", "TIME",
	  OPT_SECONDS(struct options, limits.keep_ns, NS_PER_SEC, LLONG_MAX / 2),
	  .help = "in a folder: remove segments older than TIME", .manual =
	  "In a folder of recordings: remove segments whose last event is older.\n"
	  "No limit by default.\n" },
	{ 0, "rotate-size", "SIZE",
	  OPT_SIZE(struct options, limits.rotate_bytes, LEAST_SEGMENT, LLONG_MAX),
	  .help = "a new segment, or a new log, each SIZE", .manual =
	  "In a folder of recordings: begin a new segment when one has this size; 64M by\n"
	  "default, or an eighth of\n"
	  ".Fl -keep-size\n"
	  "if that is less.\n"
	  "With\n"
	  ".Fl -log :\n"
	  "rename a log of this size to\n"
	  ".Ar FILE Ns .1 ,\n"
	  "and begin a new one.\n" },
	{ 0, "rotate-time", "TIME",
	  OPT_SECONDS(struct options, limits.rotate_ns, NS_PER_SEC, LLONG_MAX / 2),
	  .help = "in a folder: a new segment each TIME; default 1h", .manual =
	  "In a folder of recordings: begin a new segment after this time; 1h by default.\n" },
	{ 0, "trace", "FILE", OPT_FILE(struct options, trace),
	  .help = "write a trace for Perfetto to FILE instead of lines", .manual =
	  "Write a trace to\n"
	  ".Ar FILE\n"
	  "instead of showing events; see\n"
	  ".Sx TRACES .\n"
	  "Also with\n"
	  ".Fl -replay .\n"
	  "A file that is not empty is refused unless\n"
	  ".Fl -force\n"
	  "is given.\n" },
	{ 0, "report", "FILE", OPT_FILE(struct options, report),
	  .help = "write a page with charts to FILE instead of lines", .manual =
	  "Write a page in HTML to\n"
	  ".Ar FILE\n"
	  "instead of showing events; see\n"
	  ".Sx REPORT PAGES .\n"
	  "Also with\n"
	  ".Fl -replay .\n"
	  "A file that is not empty is refused unless\n"
	  ".Fl -force\n"
	  "is given.\n" },
	{ 0, "force", NULL, OPT_FLAG(struct options, force),
	  .help = "with --record, --trace or --report: overwrite FILE", .manual =
	  "With\n"
	  ".Fl -record , Fl -trace\n"
	  "or\n"
	  ".Fl -report :\n"
	  "overwrite\n"
	  ".Ar FILE .\n" },
	{ 0, "replay", "FILE", OPT_FILE(struct options, replay),
	  .help = "show a recording or a folder of them; - is stdin", .manual =
	  "Show a recording, in any form;\n"
	  ".Sq -\n"
	  "is standard input.\n"
	  "A folder of segments is one recording.\n"
	  "Filters and\n"
	  ".Fl e\n"
	  "choose among the recorded events.\n"
	  ".Fl -cgroup\n"
	  "and\n"
	  ".Fl -machine\n"
	  "compare the names in the recording.\n"
	  "If the recording has no event of the process, context or device that a filter\n"
	  "selects,\n"
	  ".Nm\n"
	  "prints a message and exits with status 1.\n" },
	{ 0, "since", "WHEN", OPT_TEXT(struct options, since),
	  .help = "with --replay: only events from then on", .manual =
	  "With\n"
	  ".Fl -replay :\n"
	  "only events from this moment on; see\n"
	  ".Sx MOMENTS .\n"
	  "Segments of a folder that end before it are not read.\n" },
	{ 0, "until", "WHEN", OPT_TEXT(struct options, until),
	  .help = "with --replay: only events until then", .manual =
	  "With\n"
	  ".Fl -replay :\n"
	  "only events until this moment.\n" },
	{ 0, "strict", NULL, OPT_FLAG(struct options, strict),
	  .help = "exit with 6 if an event was lost", .manual =
	  "Exit with 6 if an event was lost.\n" },
	{ 0, "buffer-size", "SIZE", OPT_SIZE(struct options, run.buffer_bytes, 1, MAX_BUFFER),
	  .help = "size of the event buffer; default 8M", .manual =
	  "Size of the buffer for events that\n"
	  ".Nm\n"
	  "has not read yet: by default 8M, at most 1G, rounded up to a power of two.\n"
	  "An event takes up to 136 bytes, or 184 with a cause.\n" },
	{ 0, "at", "WHERE", OPT_CUSTOM(parse_at),
	  .value = OPT_VALUE_PCI_DEVICE,
	  .help = "print the mapping at DEVICE:IOVA, and exit", .manual =
	  "Print the present mapping at an address, and exit, without tracing; see\n"
	  ".Sx ADDRESSES .\n"
	  ".Ar WHERE\n"
	  "is DEVICE:IOVA with a device as in\n"
	  ".Fl -device ,\n"
	  "or DEVICE@PASID:IOVA, or CTX/IOAS:IOVA with the numbers of an address space.\n"
	  "The address is hexadecimal with 0x, or a size like 4G.\n"
	  "The exit status is 0 if the address is mapped, otherwise 1.\n" },
	{ 0, "source", "NAME", OPT_CUSTOM(parse_source),
	  .value = OPT_VALUE_WORD, .print_words = driver__print_words,
	  .help = "native, upstream or type1; default: the loaded one", .manual =
	  "The source of the events:\n"
	  ".Cm native\n"
	  "is the iommufd of iommuscope,\n"
	  ".Cm upstream\n"
	  "the kernel's own, and\n"
	  ".Cm type1\n"
	  "VFIO type1 alone; see\n"
	  ".Sx SOURCES .\n"
	  ".Cm auto ,\n"
	  "the default, takes the loaded one.\n" },
	{ 0, "check", NULL, OPT_FLAG(struct options, check),
	  .help = "list the parts that iosnoop lacks here, and exit", .manual =
	  "List the requirements that this machine meets and lacks, with a remedy for\n"
	  "each, and exit.\n"
	  "The list also has the origin of the loaded iommufd and vfio, and the way back to\n"
	  "those of the kernel.\n"
	  "The check loads and attaches all programs for a moment.\n" },
	{ 'v', "verbose", NULL, OPT_FLAG(struct options, verbose),
	  .help = "print counters at the end, and libbpf's messages", .manual =
	  "Print the counters at the end, and all messages of libbpf, to standard error.\n" },
	{ 'V', "version", NULL, OPT_STOP(struct options, version),
	  .help = "print the version and exit", .manual =
	  "Print the version and exit.\n" },
	{ 'h', "help", NULL, OPT_STOP(struct options, help),
	  .help = "print this help and exit", .manual =
	  "Print the options and events, and exit.\n" },
};

/* clang-format on */

const struct opt_table option_table = {
	.tool = "iosnoop",
	.opts = opts,
	.nr_opts = sizeof(opts) / sizeof(opts[0]),
};

/* Round up to a valid size of a ring buffer: a power of two, at least a page. */
static __u64 round_buffer_size(__u64 bytes)
{
	__u64 rounded = sysconf(_SC_PAGESIZE);

	while (rounded < bytes)
		rounded *= 2;
	return rounded;
}

static bool has_report(const struct options *options)
{
	return options->histogram || options->sizes || options->summary || options->folded;
}

static int refuse(const char *one, const char *other, const char *why)
{
	msg("%s and %s exclude each other: %s; see --help", one, other, why);
	return -EINVAL;
}

/* --log takes the lines of live events, and nothing else. */
static int check_log(const struct options *options)
{
	if (!options->log)
		return 0;
	if (options->replay || options->record || options->trace || options->report ||
	    options->check || options->at.is_given || has_report(options))
		return refuse("--log", "--replay, --record, reports and other files",
			      "it takes the lines of events as they happen");
	if (strcmp(options->log, "-"))
		return 0;
	msg("--log: without it, lines go to standard output; name a file");
	return -EINVAL;
}

/* Of all other options, --at takes -j, --pasid and -v. */
static int check_at(struct options *options)
{
	const struct iommufd_filter *filter = &options->run.filter;

	if (options->replay || options->record || options->trace || options->report)
		return refuse("--at", "--replay, --record, --trace and --report",
			      "recordings have no areas");
	if (options->csv || options->fields || options->stacks || options->wide ||
	    options->timestamps || options->quiet || has_report(options) ||
	    options->run.events_chosen || options->run.duration_ns || options->run.max_events)
		return refuse("--at", "options about events",
			      "it prints one answer, as text or with --json");
	if (filter->use & ~EVENT_FILTER_PASID || (filter->use && options->at.has_ioas))
		return refuse("--at", "filters", "it names the address space itself");
	if (filter->use) {
		if (options->at.device.use & EVENT_FILTER_PASID)
			return refuse("--at DEVICE@PASID:IOVA", "--pasid", "it has a PASID");
		options->at.device.pasid = filter->pasid;
		options->at.device.use |= EVENT_FILTER_PASID;
	}
	return 0;
}

/* Check an option that writes all events to a file in a format of its own. */
static int check_file_option(const struct options *options, const char *name, const char *file)
{
	if (!file)
		return 0;
	if (options->record)
		return refuse(name, "--record", "record first, then use it with --replay");
	if (options->json || options->csv || options->fields || has_report(options))
		return refuse(name, "formats or reports", "the file has a format of its own");
	if (options->wide || options->timestamps || options->quiet)
		return refuse(name, "--wide, --timestamps or --quiet", "the file has everything");
	if (strcmp(file, "-"))
		return 0;
	msg("%s: cannot write to standard output; name a file or a pipe", name);
	return -EINVAL;
}

/* Refuse combinations that contradict each other or would have no effect. */
static int check_options(const struct options *options)
{
	if (options->json && options->csv)
		return refuse("--json", "--csv", "there is one output format");
	if (options->json && options->fields)
		return refuse("--json", "--fields", "JSON always has all fields");
	if (options->csv && has_report(options))
		return refuse("--csv", "reports",
			      "CSV has a line per event; use --json for reports");
	if (options->folded &&
	    (options->json || options->histogram || options->sizes || options->summary))
		return refuse("--folded", "other reports or --json",
			      "folded stacks are the input of another program");
	if (options->csv && options->stacks)
		return refuse("--csv", "--stacks", "a stack does not fit into a line; use --json");
	if (options->fields && has_report(options))
		return refuse("--fields", "reports", "reports replace the lines of events");
	if (options->stacks && (options->histogram || options->sizes || options->summary) &&
	    !options->record)
		return refuse("--stacks", "reports",
			      "reports replace the lines of events; use --folded for stacks");
	if (options->record && (options->wide || options->timestamps || options->quiet))
		return refuse("--record", "--wide, --timestamps or --quiet",
			      "a recording has everything; choose the output with --replay");
	if (options->record && !strcmp(options->record, "-")) {
		msg("--record: cannot write a recording to standard output; name a file or a pipe");
		return -EINVAL;
	}
	if (options->force && !options->record && !options->trace && !options->report) {
		msg("--force: there is nothing to overwrite; give it together with --record, "
		    "--trace or --report");
		return -EINVAL;
	}
	if ((options->since || options->until) && !options->replay) {
		msg("--%s is about a recording; give it together with --replay",
		    options->since ? "since" : "until");
		return -EINVAL;
	}
	if (options->record && options->replay)
		return refuse("--record", "--replay", "only live events can be recorded");
	if (options->record &&
	    (options->json || options->csv || options->fields || has_report(options)))
		return refuse("--record", "formats or reports",
			      "record first, then choose the output with --replay");
	if (check_file_option(options, "--trace", options->trace) ||
	    check_file_option(options, "--report", options->report))
		return -EINVAL;
	return 0;
}

static int check_other_options(const struct options *options)
{
	if (options->run.interval_ns && !options->histogram && !options->sizes &&
	    !options->summary) {
		msg("--interval: no report was chosen; add --histogram, --sizes or --summary");
		return -EINVAL;
	}
	if (options->run.filter.use & EVENT_FILTER_MACHINE &&
	    options->run.filter.use & EVENT_FILTER_CGROUP)
		return refuse("--machine", "--cgroup", "a machine is a cgroup");
	if (options->replay && options->run.driver)
		return refuse("--replay", "--source", "a recording is its own source");
	return 0;
}

/* Whether events are recorded into a folder: one that exists, or will be made. */
static bool is_folder(const char *path)
{
	size_t length = strlen(path);

	return segments__is_folder(path) || (length && path[length - 1] == '/');
}

/* Set the limits of a folder that were not given. */
static int set_limits(struct options *options)
{
	struct segment_limits *limits = &options->limits;
	bool has_folder = options->record && is_folder(options->record);

	options->run.rotates = has_folder || options->log;
	if (!has_folder && (limits->keep_bytes || limits->keep_ns || limits->rotate_ns ||
			    (limits->rotate_bytes && !options->log))) {
		msg("--keep-size, --keep-age, --rotate-size and --rotate-time are about a folder "
		    "of recordings; give them together with --record FOLDER/");
		return -EINVAL;
	}
	if (!has_folder)
		return 0;
	if (!limits->keep_bytes)
		limits->keep_bytes = DEFAULT_KEEP;
	if (!limits->rotate_ns)
		limits->rotate_ns = DEFAULT_ROTATE_NS;
	if (!limits->rotate_bytes) {
		limits->rotate_bytes = limits->keep_bytes / 8;
		if (limits->rotate_bytes > DEFAULT_ROTATE)
			limits->rotate_bytes = DEFAULT_ROTATE;
		if (limits->rotate_bytes < LEAST_SEGMENT)
			limits->rotate_bytes = LEAST_SEGMENT;
	}
	if (limits->rotate_bytes > limits->keep_bytes / 2) {
		msg("--rotate-size must be at most half of --keep-size, so that an old segment is "
		    "left while a new one is written");
		return -EINVAL;
	}
	return 0;
}

static int parse_moment(const char *name, const char *text, const struct options *options,
			__u64 *time_ns)
{
	char why[PARSE_WHY_MAX];

	if (!text || !when__parse(text, segments__last_ns(options->replay), time_ns, why))
		return 0;
	msg("--%s: %s", name, why);
	return -EINVAL;
}

static int set_moments(struct options *options)
{
	struct run_request *run = &options->run;
	int err;

	err = parse_moment("since", options->since, options, &run->since_ns);
	if (!err)
		err = parse_moment("until", options->until, options, &run->until_ns);
	if (!err && options->until && run->until_ns <= run->since_ns) {
		msg("--until is not after --since");
		return -EINVAL;
	}
	return err;
}

int options__parse(struct options *options, int argc, char **argv)
{
	int err;

	*options = (struct options){
		.run.events = event_groups__default(),
		.run.buffer_bytes = DEFAULT_BUFFER,
	};
	if (opt__is_given("replay", argc, argv))
		cgroup__use_recording();
	err = opt__parse(&option_table, OPT_NO_COMMAND, argc, argv, options, NULL);
	if (err)
		return err < 0 ? err : 0; /* 1: main() prints the help or the version */
	options->run.buffer_bytes = round_buffer_size(options->run.buffer_bytes);
	options->run.stacks = options->stacks || options->folded;
	options->run.is_recorded = options->record || options->report;
	options->run.counts_pins = options->summary;
	options->run.is_checked = options->check;
	err = check_log(options);
	if (err || options->at.is_given)
		return err ? err : check_at(options);
	err = check_options(options);
	if (!err)
		err = check_other_options(options);
	if (!err)
		err = set_limits(options);
	return err ? err : set_moments(options);
}

void options__print_help(void)
{
	printf("Usage: iosnoop [options]\n\n"
	       "Traces iommufd: DMA mappings, devices and PASIDs, faults, and refusals by\n"
	       "policies, one line per event.\n\n");
	opt__print(&option_table, OPT_NO_COMMAND, stdout);
	printf("\n");
	event_groups__print(stdout);
	printf("\nNeeds CAP_BPF and CAP_PERFMON with the module iommufd of iommuscope, and root\n"
	       "with that of the kernel. See iosnoop(8).\n");
}
