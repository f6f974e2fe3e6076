// SPDX-License-Identifier: GPL-2.0-only
/*
 * Comma-separated values (--csv), as RFC 4180 defines them: a column for each field, empty where an
 * event does not have it. Values are those of JSON.
 *
 * Without --fields, CSV has all fields of the traced events, so the columns depend on -e. Readers
 * find them by the header line.
 */
#include <stdlib.h>
#include <string.h>

#include "msg.h"
#include "render/field.h"
#include "render/render.h"

struct csv {
	struct renderer renderer;
	const struct format *format;
	struct field_list list;
};

/*
 * Write a value, between quotes if it has a comma, a quote or a line break in it; double the
 * quotes.
 */
static void put(FILE *out, const char *text, bool is_last)
{
	if (text[strcspn(text, ",\"\r\n")]) {
		putc_unlocked('"', out);
		for (; *text; text++) {
			if (*text == '"')
				putc_unlocked('"', out);
			putc_unlocked(*text, out);
		}
		putc_unlocked('"', out);
	} else {
		fputs_unlocked(text, out);
	}
	putc_unlocked(is_last ? '\n' : ',', out);
}

static void start(struct renderer *renderer)
{
	struct csv *csv = (struct csv *)renderer;
	unsigned int i;

	if (!csv->format->header)
		return;
	for (i = 0; i < csv->list.nr; i++)
		put(csv->format->out, csv->list.fields[i].name, i + 1 == csv->list.nr);
}

static void print_event(struct renderer *renderer, const struct snoop_event *event)
{
	struct csv *csv = (struct csv *)renderer;
	char text[FIELD_VALUE_MAX];
	unsigned int i;

	for (i = 0; i < csv->list.nr; i++) {
		field__format(&csv->list.fields[i], csv->format, event, true, text);
		put(csv->format->out, text, i + 1 == csv->list.nr);
	}
}

/* Write a line with the time, "lost" as event, and the number of events in the field lost. */
static void print_lost(struct renderer *renderer, const struct recording_lost *lost)
{
	struct csv *csv = (struct csv *)renderer;
	char text[TIME_MAX];
	unsigned int i;

	for (i = 0; i < csv->list.nr; i++) {
		text[0] = '\0';
		switch (csv->list.fields[i].derived) {
		case FIELD_TIME_NS:
			snprintf(text, sizeof(text), "%llu", lost->time_ns);
			break;
		case FIELD_TIME:
			format__time(csv->format, lost->time_ns, true, text);
			break;
		case FIELD_EVENT:
			strcpy(text, "lost");
			break;
		case FIELD_LOST:
			snprintf(text, sizeof(text), "%llu", lost->count);
			break;
		default:
			break;
		}
		put(csv->format->out, text, i + 1 == csv->list.nr);
	}
}

static void free_csv(struct renderer *renderer)
{
	free(renderer);
}

struct renderer *csv__new(const struct format *format, const char *list)
{
	struct csv *csv = calloc(1, sizeof(*csv));

	if (!csv) {
		msg("not enough memory");
		return NULL;
	}
	csv->renderer = (struct renderer){
		.start = start,
		.event = print_event,
		.lost = print_lost,
		.free = free_csv,
	};
	csv->format = format;
	if (!list) {
		field_list__fill(&csv->list, format->run->events);
	} else if (field_list__parse(&csv->list, list)) {
		free(csv);
		return NULL;
	}
	return &csv->renderer;
}
