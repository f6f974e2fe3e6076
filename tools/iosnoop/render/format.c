// SPDX-License-Identifier: GPL-2.0-only
/*
 * Common functions of formats, see format.h.
 */
#include <string.h>
#include <time.h>

#include "clock.h"
#include "machine.h"
#include "render/format.h"
#include "text.h"

/* Write number / 10^decimals. Not with printf(), because this runs for every line. */
static void put_decimal(char text[TIME_MAX], __u64 number, unsigned int decimals)
{
	char digits[32], *digit = digits + sizeof(digits);
	unsigned int i;

	*--digit = '\0';
	for (i = 0; i < decimals; i++, number /= 10)
		*--digit = '0' + number % 10;
	*--digit = '.';
	do {
		*--digit = '0' + number % 10;
		number /= 10;
	} while (number);
	strcpy(text, digit);
}

/* Seconds have eight characters as long as these suffice: 0.000001 to 999999.9. */
void format__time(const struct format *format, __u64 time_ns, bool full, char text[TIME_MAX])
{
	const struct run *run = format->run;
	__u64 since = time_ns > run->start_ns ? time_ns - run->start_ns : 0;
	unsigned int decimals = full ? 9 : 6;
	__u64 limit = 10 * NS_PER_SEC, unit = 1;
	char date[16];
	struct tm tm;

	if (format->time_of_day) {
		__u64 wall_ns = time_ns + run->wall_offset_ns;
		time_t seconds = wall_ns / NS_PER_SEC;

		localtime_r(&seconds, &tm);
		strftime(date, sizeof(date), "%H:%M:%S", &tm);
		snprintf(text, TIME_MAX, full ? "%s.%09llu" : "%s.%03llu", date,
			 wall_ns % NS_PER_SEC / (full ? 1 : NS_PER_SEC / 1000));
		return;
	}
	if (!full)
		for (; since >= limit && decimals > 1; limit *= 10)
			decimals--;
	for (limit = 9 - decimals; limit; limit--)
		unit *= 10;
	put_decimal(text, since / unit, decimals);
}

void format__comm(const struct format *format, const struct snoop_event *event,
		  unsigned int columns, char *text, size_t size)
{
	text__clean(text, size, event->comm[0] ? event->comm : "-", sizeof(event->comm), columns,
		    format->utf8);
}

void format__name(const struct format *format, const struct snoop_event *event,
		  unsigned int columns, char *text, size_t size)
{
	if (!*event->machine) {
		format__comm(format, event, columns, text, size);
		return;
	}
	text__clean(text, size, event->machine, MACHINE_MAX, columns, format->utf8);
}

void format__machine(const struct format *format, const char *machine, char *text, size_t size)
{
	text__clean(text, size, *machine ? machine : "-", MACHINE_MAX, MACHINE_MAX, format->utf8);
}

void format__put_time(const struct format *format, struct json *json, __u64 time_ns)
{
	__u64 wall_ns = time_ns + format->run->wall_offset_ns;
	time_t seconds = wall_ns / NS_PER_SEC;
	char date[40], text[64];
	struct tm tm;

	json__u64(json, "time_ns", time_ns);
	if (!format->time_of_day)
		return;
	if (!gmtime_r(&seconds, &tm)) {
		json__null(json, "time");
		return;
	}
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%09lluZ", date, wall_ns % NS_PER_SEC);
	json__string(json, "time", text);
}

void format__begin_record(const struct format *format, struct json *json, const char *type,
			  __u64 time_ns)
{
	json__object(json, NULL);
	json__string(json, "type", type);
	format__put_time(format, json, time_ns);
}

void format__end_record(struct json *json)
{
	json__end(json);
	json__line(json);
}

void format__put_event(struct json *json, const struct snoop_event *event)
{
	const struct event_record *record = event->record;
	const char *protection = snoop_event__protection(record);

	event__put_json(record, json);
	if (protection)
		json__string(json, "prot", protection);
	if (record->event == EVENT_fault_response) {
		const struct args_fault_response *response = (const void *)record->args;

		json__string(json, "response", cause__response(response->code));
	}
	/* The cause of a verdict is its reason, which is one of its fields. */
	if (event->cause && record->event != EVENT_policy_verdict)
		json__string(json, "cause", event->cause);
}
