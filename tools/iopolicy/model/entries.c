// SPDX-License-Identifier: GPL-2.0-only
/*
 * Make the model of maps and their entries, see entries.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "cgroup.h"
#include "errname.h"
#include "hook.h"
#include "human.h"
#include "iommufd_policy.h"
#include "model/entries.h"
#include "msg.h"

static int set_text(struct entry_field *field, const char *text)
{
	field->kind = ENTRY_TEXT;
	field->text = strdup(text);
	return field->text ? 0 : -ENOMEM;
}

static int set_number(struct entry_field *field, const struct data_shape *shape,
		      const struct data_slot *slot, __u64 value)
{
	bool may_be_none = slot->kind == DATA_SBDF || slot->kind == DATA_PCI_ID ||
			   slot->kind == DATA_USER;
	const char *name = NULL;
	char text[HUMAN_SBDF_MAX];

	field->number = value;
	field->kind = ENTRY_NUMBER;
	if (may_be_none && value == IOMMUFD_NONE) {
		field->kind = ENTRY_NULL;
		return 0;
	}
	switch (slot->kind) {
	case DATA_SIGNED:
		field->kind = ENTRY_SIGNED;
		break;
	case DATA_BOOL:
		field->kind = ENTRY_BOOL;
		break;
	case DATA_ADDRESS:
		field->kind = ENTRY_HEX;
		break;
	case DATA_SBDF:
		return set_text(field, human__sbdf(text, value));
	case DATA_PCI_ID:
		snprintf(text, sizeof(text), "%04llx", value);
		return set_text(field, text);
	case DATA_ENUM:
		name = data__enum_name(shape, slot, value);
		break;
	case DATA_HOOK:
		name = value < IOMMUFD_HOOKS ? hook_names[value] : NULL;
		break;
	default:
		break;
	}
	return name ? set_text(field, name) : 0;
}

static void set_name(struct entry_field *field, const struct data_slot *slot, const char *suffix)
{
	bool has_unit = strstr(slot->name, "bytes");

	snprintf(field->name, sizeof(field->name), "%s%s", slot->name,
		 *suffix			       ? suffix :
		 slot->kind == DATA_BYTES && !has_unit ? "_bytes" :
							 "");
}

static int add_path(struct entry *entry, const struct data_slot *slot, __u64 cgroup)
{
	struct entry_field *field = &entry->fields[entry->nr++];
	char path[CGROUP_PATH_MAX];

	set_name(field, slot, "_path");
	return cgroup__path(cgroup, path, sizeof(path)) ? 0 : set_text(field, path);
}

static int add_slot(struct entry *entry, const struct data_shape *shape,
		    const struct data_slot *slot, const void *bytes)
{
	struct entry_field *field = &entry->fields[entry->nr++];
	char text[DATA_TEXT_MAX];
	int err;

	set_name(field, slot, slot->is_range ? "_first" : "");
	if (slot->kind == DATA_TEXT || slot->kind == DATA_OTHER) {
		struct data_shape one = { .btf = shape->btf, .nr = 1, .slots = { *slot } };

		return set_text(field, data__format(text, &one, bytes));
	}
	err = set_number(field, shape, slot,
			 slot->kind == DATA_SIGNED ? (__u64)data__signed(slot, bytes) :
						     data__number(slot, bytes));
	if (!err && slot->kind == DATA_CGROUP)
		err = add_path(entry, slot, field->number);
	if (err || !slot->is_range)
		return err;
	field = &entry->fields[entry->nr++];
	set_name(field, slot, "_last");
	return set_number(field, shape, slot, data__last(slot, bytes));
}

static int add_slots(struct entry *entry, const struct data_shape *shape, const void *bytes)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < shape->nr && !err; i++)
		err = add_slot(entry, shape, &shape->slots[i], bytes);
	return err;
}

static void free_entry(struct entry *entry)
{
	unsigned int i;

	for (i = 0; i < entry->nr; i++)
		free(entry->fields[i].text);
	free(entry->fields);
	free(entry->key);
	free(entry->value);
}

static int make_entry(struct entry *entry, const struct map *map, const void *key,
		      const void *value)
{
	char text[DATA_TEXT_MAX];
	int err;

	memset(entry, 0, sizeof(*entry));
	/* A slot has at most two fields. */
	entry->fields = calloc(2 * (map->key.nr + map->value.nr), sizeof(*entry->fields));
	entry->key = strdup(data__format(text, &map->key, key));
	entry->value = strdup(data__format(text, &map->value, value));
	if (!entry->fields || !entry->key || !entry->value)
		return -ENOMEM;
	err = add_slots(entry, &map->key, key);
	entry->nr_key = entry->nr;
	return err ? err : add_slots(entry, &map->value, value);
}

int entries__make(struct entries *entries, const char *policy, const char *name,
		  const struct map *map)
{
	struct map_entries raw;
	unsigned int i, cpu;
	char error[ERRNAME_MAX];
	const char *at;
	int err;

	*entries = (struct entries){ .policy = policy, .map = name };
	entries->is_per_cpu = map->nr_cpus > 1;
	data__title(entries->key_title, &map->key);
	data__title(entries->value_title, &map->value);
	err = map__read(map, &raw);
	if (!err)
		entries->list = calloc((size_t)raw.nr * map->nr_cpus + 1, sizeof(*entries->list));
	if (!err && !entries->list)
		err = -ENOMEM;
	for (i = 0; !err && i < raw.nr; i++) {
		at = raw.data + (size_t)i * raw.size;
		for (cpu = 0; !err && cpu < map->nr_cpus; cpu++) {
			err = make_entry(&entries->list[entries->nr], map, at,
					 at + raw.value_at + (size_t)cpu * map->stride);
			entries->list[entries->nr++].cpu = cpu;
		}
	}
	map_entries__free(&raw);
	if (err)
		msg("%s: cannot read map %s (%s)", policy, name, errname(-err, error));
	return err;
}

void entries__free(struct entries *entries)
{
	unsigned int i;

	for (i = 0; i < entries->nr; i++)
		free_entry(&entries->list[i]);
	free(entries->list);
	memset(entries, 0, sizeof(*entries));
}

int entry_change__make(struct entry_change *change, const struct map *map, const void *key,
		       const void *value, const void *old)
{
	char text[DATA_TEXT_MAX];
	int err;

	memset(change, 0, sizeof(*change));
	err = make_entry(&change->entry, map, key, value);
	if (err || !old)
		return err;
	change->old = strdup(data__format(text, &map->value, old));
	return change->old ? 0 : -ENOMEM;
}

void entry_change__free(struct entry_change *change)
{
	free_entry(&change->entry);
	free(change->old);
	memset(change, 0, sizeof(*change));
}

int map_list__make(struct map_list *list, const struct former *former)
{
	char error[ERRNAME_MAX];
	struct map_row *row;
	const char *type;
	struct map map;
	unsigned int i;
	int err = 0;

	*list = (struct map_list){ .policy = former->name };
	list->rows = calloc(former->nr + 1, sizeof(*list->rows));
	if (!list->rows)
		err = -ENOMEM;
	for (i = 0; !err && i < former->nr; i++) {
		if (former->pins[i].is_program || !map__has_entries(former->pins[i].fd))
			continue;
		err = map__open(&map, former->pins[i].fd);
		if (!err) {
			row = &list->rows[list->nr++];
			type = libbpf_bpf_map_type_str(map.type);
			row->name = former->pins[i].name;
			row->type = type ? type : "?";
			data__title(row->key_title, &map.key);
			data__title(row->value_title, &map.value);
			row->max_entries = map.max_entries;
			row->nr_entries = map__count(&map);
		}
		map__close(&map);
	}
	if (err)
		msg("%s: cannot read its maps (%s)", former->name, errname(-err, error));
	return err;
}

void map_list__free(struct map_list *list)
{
	free(list->rows);
	memset(list, 0, sizeof(*list));
}
