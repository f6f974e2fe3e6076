// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps and their entries, as text for people. A line of an entry has the words that the command
 * line takes.
 */
#include <stdio.h>
#include <string.h>

#include "output/map.h"
#include "output/rules.h"
#include "text.h"

#define GAP 2
#define WIDEST 60

static char *clean(char text[DATA_TEXT_MAX], const char *from)
{
	text__clean(text, DATA_TEXT_MAX, from, strlen(from), DATA_TEXT_MAX, text__locale_is_utf8());
	return text;
}

/* The width of a column that has this text, too. */
static unsigned int widen(unsigned int width, const char *text)
{
	char cell[DATA_TEXT_MAX];
	unsigned int columns = text__columns(clean(cell, text));

	return columns > width && columns <= WIDEST ? columns : width;
}

static void put(const char *text, unsigned int width)
{
	char cell[DATA_TEXT_MAX];
	int blanks;

	clean(cell, text);
	blanks = (int)width - (int)text__columns(cell);
	printf("%s%*s", cell, (blanks > 0 ? blanks : 0) + GAP, "");
}

void text__map_list(const struct map_list *list)
{
	unsigned int name = strlen("MAP"), type = strlen("TYPE"), key = strlen("KEY");
	unsigned int value = strlen("VALUE"), i;

	for (i = 0; i < list->nr; i++) {
		name = widen(name, list->rows[i].name);
		type = widen(type, list->rows[i].type);
		key = widen(key, list->rows[i].key_title);
		value = widen(value, list->rows[i].value_title);
	}
	put("MAP", name);
	put("TYPE", type);
	put("KEY", key);
	put("VALUE", value);
	printf("ENTRIES\n");
	for (i = 0; i < list->nr; i++) {
		put(list->rows[i].name, name);
		put(list->rows[i].type, type);
		put(list->rows[i].key_title, key);
		put(list->rows[i].value_title, value);
		printf("%u of %u\n", list->rows[i].nr_entries, list->rows[i].max_entries);
	}
}

void text__entries(const struct entries *entries)
{
	unsigned int key = widen(0, entries->key_title), i;
	char text[DATA_TEXT_MAX];

	for (i = 0; i < entries->nr; i++)
		key = widen(key, entries->list[i].key);
	put(entries->key_title, key);
	printf("%s%s\n", entries->is_per_cpu ? "CPU  " : "", entries->value_title);
	for (i = 0; i < entries->nr; i++) {
		put(entries->list[i].key, key);
		if (entries->is_per_cpu)
			printf("%3u  ", entries->list[i].cpu);
		printf("%s\n", clean(text, entries->list[i].value));
	}
}

void text__entry_change(const struct entry_change *change)
{
	char text[DATA_TEXT_MAX];

	printf("%s: %s", change->map, clean(text, change->entry.key));
	if (change->is_deleted) {
		printf(" deleted (was %s)\n", clean(text, change->entry.value));
		return;
	}
	printf(" = %s", clean(text, change->entry.value));
	if (change->old)
		printf(" (was %s)\n", clean(text, change->old));
	else
		printf(" (new)\n");
}
