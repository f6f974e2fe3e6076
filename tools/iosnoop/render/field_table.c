// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines of the fields that the user chose (--fields); "-" where an event does not have a field.
 */
#include <stdlib.h>
#include <string.h>

#include "msg.h"
#include "render/field.h"
#include "render/render.h"
#include "render/stack.h"
#include "row.h"

_Static_assert(FIELD_LIST_MAX <= ROW_MAX_COLUMNS, "each field has a column");

struct field_table {
	struct renderer renderer;
	const struct format *format;
	struct row row;
	struct row_column columns[FIELD_LIST_MAX];
	struct field_list list;
};

static void start(struct renderer *renderer)
{
	struct field_table *table = (struct field_table *)renderer;

	if (table->format->header)
		row__print_header(&table->row, table->format->out);
}

static void print_event(struct renderer *renderer, const struct snoop_event *event)
{
	struct field_table *table = (struct field_table *)renderer;
	const struct format *format = table->format;
	char text[FIELD_VALUE_MAX];
	unsigned int i;

	row__begin(&table->row);
	for (i = 0; i < table->list.nr; i++) {
		field__format(&table->list.fields[i], format, event, format->wide, text);
		row__put(&table->row, i, text[0] ? text : "-");
	}
	row__print(&table->row, format->out);
	if (format->symbols)
		stack__print(format, event->record);
}

static void print_lost(struct renderer *renderer, const struct recording_lost *lost)
{
	struct field_table *table = (struct field_table *)renderer;

	fprintf(table->format->out, "LOST %llu event%s (%llu in all)\n", lost->count,
		lost->count == 1 ? "" : "s", lost->total);
}

static void free_table(struct renderer *renderer)
{
	free(renderer);
}

static void init_columns(struct field_table *table)
{
	unsigned int i, width;

	for (i = 0; i < table->list.nr; i++) {
		const struct field *field = &table->list.fields[i];
		bool left = field__is_left(field), is_last = i + 1 == table->list.nr;

		width = field__width(field, table->format->wide);
		if (width < strlen(field->name))
			width = strlen(field->name);
		table->columns[i].name = field->name;
		table->columns[i].width = is_last && left ? 0 : width;
		table->columns[i].right = !left;
	}
	row__init(&table->row, table->columns, table->list.nr, 0);
}

struct renderer *field_table__new(const struct format *format, const char *list)
{
	struct field_table *table = calloc(1, sizeof(*table));

	if (!table) {
		msg("not enough memory");
		return NULL;
	}
	table->renderer = (struct renderer){
		.start = start,
		.event = print_event,
		.lost = print_lost,
		.free = free_table,
	};
	table->format = format;
	if (field_list__parse(&table->list, list)) {
		free(table);
		return NULL;
	}
	init_columns(table);
	return &table->renderer;
}
