// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write keys and values, see data.h.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "cgroup.h"
#include "data/data.h"
#include "hook.h"
#include "human.h"
#include "iommufd_policy.h"
#include "words.h"

__u64 data__number(const struct data_slot *slot, const void *bytes)
{
	__u64 value = 0;

	memcpy(&value, (const char *)bytes + slot->offset,
	       slot->size < sizeof(value) ? slot->size : sizeof(value));
	return value;
}

__s64 data__signed(const struct data_slot *slot, const void *bytes)
{
	unsigned int unused = slot->size < 8 ? 64 - 8 * slot->size : 0;

	return (__s64)(data__number(slot, bytes) << unused) >> unused;
}

__u64 data__last(const struct data_slot *slot, const void *bytes)
{
	struct data_slot last = *slot;

	last.offset = slot->last;
	return data__number(&last, bytes);
}

const char *data__enum_name(const struct data_shape *shape, const struct data_slot *slot,
			    __u64 value)
{
	const struct btf_type *type = btf__type_by_id(shape->btf, slot->type);
	unsigned int i;

	for (i = 0; i < btf_vlen(type); i++)
		if ((__u32)btf_enum(type)[i].val == value)
			return btf__name_by_offset(shape->btf, btf_enum(type)[i].name_off);
	return NULL;
}

/* Exactly, with the largest unit that needs no decimals. */
static void add_bytes(struct words *words, __u64 bytes)
{
	static const char units[] = "\0KMGT";
	unsigned int unit = 0;

	for (; bytes && !(bytes & 1023) && unit < 4; unit++)
		bytes >>= 10;
	words__add(words, "%llu%.1s", bytes, &units[unit]);
}

static void add_cgroup(struct words *words, __u64 id)
{
	char path[CGROUP_PATH_MAX];

	if (cgroup__path(id, path, sizeof(path)))
		words__add(words, "%llu", id);
	else
		words__add(words, "%s", path);
}

static void add_user(struct words *words, __u32 uid)
{
	const struct passwd *user = getpwuid(uid);

	if (user)
		words__add(words, "%s", user->pw_name);
	else
		words__add(words, "%u", uid);
}

static void add_number(struct words *words, const struct data_shape *shape,
		       const struct data_slot *slot, __u64 value)
{
	const char *name = NULL;
	char text[HUMAN_SBDF_MAX];

	if (value == IOMMUFD_NONE && (slot->kind == DATA_SBDF || slot->kind == DATA_PCI_ID ||
				      (slot->kind == DATA_USER && slot->is_any))) {
		words__add(words, slot->is_any ? "any" : "none");
		return;
	}
	switch (slot->kind) {
	case DATA_BOOL:
		words__add(words, value ? "true" : "false");
		return;
	case DATA_ENUM:
		name = data__enum_name(shape, slot, value);
		break;
	case DATA_HOOK:
		name = value < IOMMUFD_HOOKS ? hook_names[value] : NULL;
		break;
	case DATA_USER:
		add_user(words, value);
		return;
	case DATA_CGROUP:
		add_cgroup(words, value);
		return;
	case DATA_SBDF:
		words__add(words, "%s", human__sbdf(text, value));
		return;
	case DATA_PCI_ID:
		words__add(words, "%04llx", value);
		return;
	case DATA_BYTES:
		add_bytes(words, value);
		return;
	case DATA_ADDRESS:
		words__add(words, "0x%llx", value);
		return;
	default:
		break;
	}
	if (name)
		words__add(words, "%s", name);
	else
		words__add(words, "%llu", value);
}

static void add_other(struct words *words, const struct data_slot *slot, const unsigned char *bytes)
{
	unsigned int i;

	for (i = 0; i < slot->size && words->length + 4 < words->size; i++)
		words__add(words, "%s%02x", i ? " " : "", bytes[slot->offset + i]);
}

static void add_slot(struct words *words, const struct data_shape *shape,
		     const struct data_slot *slot, const void *bytes)
{
	__u64 first = data__number(slot, bytes), last;

	if (slot->kind == DATA_TEXT) {
		words__add(words, "%.*s", (int)slot->size, (const char *)bytes + slot->offset);
	} else if (slot->kind == DATA_OTHER) {
		add_other(words, slot, bytes);
	} else if (slot->kind == DATA_SIGNED) {
		words__add(words, "%lld", data__signed(slot, bytes));
	} else if (slot->is_range) {
		last = data__last(slot, bytes);
		if (!first && !last) {
			words__add(words, "-");
			return;
		}
		add_number(words, shape, slot, first);
		words__add(words, "..");
		add_number(words, shape, slot, last);
	} else {
		add_number(words, shape, slot, first);
	}
}

static bool is_zero(const struct data_slot *slot, const char *bytes)
{
	static const char zeros[DATA_TEXT_MAX];
	size_t size = slot->size < sizeof(zeros) ? slot->size : sizeof(zeros);

	return !memcmp(bytes + slot->offset, zeros, size) &&
	       (!slot->is_range || !data__last(slot, bytes));
}

char *data__format(char text[DATA_TEXT_MAX], const struct data_shape *shape, const void *bytes)
{
	struct words words = { .text = text, .size = DATA_TEXT_MAX };
	unsigned int nr = shape->nr, i;

	text[0] = '\0';
	while (nr > 1 && shape->slots[nr - 1].is_optional && is_zero(&shape->slots[nr - 1], bytes))
		nr--;
	for (i = 0; i < nr; i++) {
		if (i)
			words__add(&words, ",");
		add_slot(&words, shape, &shape->slots[i], bytes);
	}
	return text;
}
