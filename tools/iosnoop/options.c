// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line of iosnoop.
 *
 * One table holds the options; --help is printed from it, and a test compares it with the manual
 * page. Everything is checked here: what comes out of options__parse() is in range.
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

#define EVENT_BIT(name) EVENT_MASK(EVENT_##name)
#define IOAS_EVENTS (EVENT_BIT(ioas_map) | EVENT_BIT(ioas_unmap) | EVENT_BIT(ioas_copy))
#define DEVICE_EVENTS (EVENT_BIT(device_bind) | EVENT_BIT(device_unbind) |		\
		       EVENT_BIT(device_attach) | EVENT_BIT(device_replace) |		\
		       EVENT_BIT(device_detach))
#define POLICY_EVENTS EVENT_BIT(policy_verdict)
#define ALL_EVENTS (IOAS_EVENTS | DEVICE_EVENTS | POLICY_EVENTS)

#define DEFAULT_BUFFER (8u << 20)
#define MAX_BUFFER (1u << 30)

static const struct {
	const char *name;
	__u64 events;
} groups[] = {
	{ "ioas", IOAS_EVENTS },
	{ "device", DEVICE_EVENTS },
	{ "all", ALL_EVENTS },
};

enum {
	OPT_PID, OPT_EVENT, OPT_FAILED, OPT_MIN_LATENCY, OPT_DURATION, OPT_COUNT, OPT_TIMESTAMPS,
	OPT_WIDE, OPT_JSON, OPT_QUIET, OPT_BUFFER_SIZE, OPT_STRICT, OPT_VERBOSE, OPT_VERSION,
	OPT_HELP,
	NR_OPTS
};

static const struct opt opts[NR_OPTS] = {
	[OPT_PID] = { 'p', "pid", "PID", "only calls made by this process" },
	[OPT_EVENT] = { 'e', "event", "LIST", "only these events or groups, with commas between" },
	[OPT_FAILED] = { 'x', "failed", NULL, "only what was refused" },
	[OPT_MIN_LATENCY] = { 'm', "min-latency", "TIME", "only what took at least TIME: 100us" },
	[OPT_DURATION] = { 'd', "duration", "TIME", "end after TIME, seconds if without a unit" },
	[OPT_COUNT] = { 'n', "count", "N", "end after N events" },
	[OPT_TIMESTAMPS] = { 'T', "timestamps", NULL, "time of day, not seconds since the start" },
	[OPT_WIDE] = { 'w', "wide", NULL, "all that is known, in full numbers" },
	[OPT_JSON] = { 'j', "json", NULL, "JSON lines" },
	[OPT_QUIET] = { 'q', "quiet", NULL, "no line with the names of the columns" },
	[OPT_BUFFER_SIZE] = { 0, "buffer-size", "SIZE", "room for waiting events, 8M" },
	[OPT_STRICT] = { 0, "strict", NULL, "exit with 6 when an event was lost" },
	[OPT_VERBOSE] = { 'v', "verbose", NULL, "counters at the end, and what libbpf says" },
	[OPT_VERSION] = { 'V', "version", NULL, "print the version and end" },
	[OPT_HELP] = { 'h', "help", NULL, "print this and end" },
};

static void list_events(char *text, size_t size, __u64 events)
{
	size_t length = 0;
	unsigned int i;

	text[0] = '\0';
	for (i = 0; i < NR_EVENTS && length < size; i++)
		if (events & EVENT_MASK(i))
			length += snprintf(text + length, size - length, "%s%s",
					   length ? ", " : "", event__short_name(i));
}

static __u64 find_events(const char *name, size_t size)
{
	enum event_id event;
	unsigned int i;

	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (strlen(groups[i].name) == size && !memcmp(groups[i].name, name, size))
			return groups[i].events;
	event = event__by_name(name, size);
	return event < NR_EVENTS ? ALL_EVENTS & EVENT_MASK(event) : 0;
}

static int set_events(struct options *options, const char *list)
{
	char known[256];
	size_t size;
	__u64 events;

	if (!options->events_chosen)
		options->events = 0;
	options->events_chosen = true;
	for (;; list += size + 1) {
		size = strcspn(list, ",");
		events = find_events(list, size);
		if (!events) {
			list_events(known, sizeof(known), ALL_EVENTS);
			msg("-e: '%.*s' is no event; there are %s, and the groups ioas, device, all",
			    (int)(size < 32 ? size : 32), list, known);
			return -EINVAL;
		}
		options->events |= events;
		if (!list[size])
			return 0;
	}
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
	case OPT_PID:
		err = parse__count(arg, 1, INT_MAX, &number, why);
		options->tgid = number;
		break;
	case OPT_MIN_LATENCY:
		err = parse__time(arg, 0, LLONG_MAX, &options->min_latency_ns, why);
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

	switch (index) {
	case OPT_EVENT:
		return set_events(options, arg);
	case OPT_FAILED:
		options->failed = true;
		return 0;
	case OPT_TIMESTAMPS:
		options->timestamps = true;
		return 0;
	case OPT_WIDE:
		options->wide = true;
		return 0;
	case OPT_JSON:
		options->json = true;
		return 0;
	case OPT_QUIET:
		options->quiet = true;
		return 0;
	case OPT_STRICT:
		options->strict = true;
		return 0;
	case OPT_VERBOSE:
		options->verbose = true;
		return 0;
	case OPT_VERSION:
		options->version = true;
		return 1;
	case OPT_HELP:
		options->help = true;
		return 1;
	}
	return set_number(options, index, arg);
}

int options__parse(struct options *options, int argc, char **argv)
{
	int err;

	*options = (struct options){
		.events = ALL_EVENTS,
		.buffer_size = DEFAULT_BUFFER,
	};
	err = opt__parse(opts, NR_OPTS, argc, argv, set_option, options);
	return err < 0 ? err : 0;
}

void options__print_help(void)
{
	char known[256];

	list_events(known, sizeof(known), ALL_EVENTS);
	printf("Usage: iosnoop [options]\n\n"
	       "Shows each DMA mapping made through iommufd, and each device bound or attached.\n\n");
	opt__print(opts, NR_OPTS, stdout);
	printf("\nEvents: %s\n"
	       "Groups: ioas (map, unmap, copy), device (the others), all\n\n"
	       "Needs CAP_BPF and CAP_PERFMON, and iommuscope's module iommufd. See iosnoop(8).\n",
	       known);
}
