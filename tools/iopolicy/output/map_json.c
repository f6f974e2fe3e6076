// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps and their entries, as JSON lines.
 */
#include "output/map.h"
#include "output/rules.h"

void json__map_list(const struct map_list *list)
{
	struct json json;
	unsigned int i;

	for (i = 0; i < list->nr; i++) {
		json__begin_record(&json, "map");
		json__string(&json, "policy", list->policy);
		json__string(&json, "name", list->rows[i].name);
		json__string(&json, "map_type", list->rows[i].type);
		json__string(&json, "key", list->rows[i].key_title);
		json__string(&json, "value", list->rows[i].value_title);
		json__u64(&json, "entries", list->rows[i].nr_entries);
		json__u64(&json, "max_entries", list->rows[i].max_entries);
		json__end_record(&json);
	}
}

static void put_field(struct json *json, const struct entry_field *field)
{
	switch (field->kind) {
	case ENTRY_NULL:
		json__null(json, field->name);
		break;
	case ENTRY_NUMBER:
		json__u64(json, field->name, field->number);
		break;
	case ENTRY_SIGNED:
		json__s64(json, field->name, (__s64)field->number);
		break;
	case ENTRY_BOOL:
		json__bool(json, field->name, field->number);
		break;
	case ENTRY_HEX:
		json__hex(json, field->name, field->number);
		break;
	case ENTRY_TEXT:
		json__string(json, field->name, field->text);
		break;
	}
}

static void put_entry(struct json *json, const struct entry *entry)
{
	unsigned int i;

	json__object(json, "key");
	for (i = 0; i < entry->nr_key; i++)
		put_field(json, &entry->fields[i]);
	json__end(json);
	json__object(json, "value");
	for (; i < entry->nr; i++)
		put_field(json, &entry->fields[i]);
	json__end(json);
	json__string(json, "key_text", entry->key);
	json__string(json, "value_text", entry->value);
}

void json__entries(const struct entries *entries)
{
	struct json json;
	unsigned int i;

	for (i = 0; i < entries->nr; i++) {
		json__begin_record(&json, "entry");
		json__string(&json, "policy", entries->policy);
		json__string(&json, "map", entries->map);
		put_entry(&json, &entries->list[i]);
		if (entries->is_per_cpu)
			json__u64(&json, "cpu", entries->list[i].cpu);
		json__end_record(&json);
	}
}

void json__entry_change(const struct entry_change *change)
{
	struct json json;

	json__begin_record(&json, change->is_deleted ? "entry_deleted" : "entry_set");
	json__string(&json, "policy", change->policy);
	json__string(&json, "map", change->map);
	put_entry(&json, &change->entry);
	if (change->old)
		json__string(&json, "old_text", change->old);
	else if (!change->is_deleted)
		json__null(&json, "old_text");
	json__end_record(&json);
}
