// SPDX-License-Identifier: GPL-2.0-only
/*
 * Find the slots of a type.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "data/data.h"

/* More typedefs and qualifiers than this around a type are a circle, as in libbpf. */
#define MAX_STRIPPED 32
#define MAX_DEPTH 8

/* The meaning of the typedefs of iommufd_policy.bpf.h. */
/* clang-format off */
static const struct meaning {
	const char *type;
	const char *word; /* the name of a slot without one */
	enum data_kind kind;
	bool is_any;
	__u32 size;
} meanings[] = {
	{ "iommufd_uid_t", "uid", DATA_USER, false, 4 },
	{ "iommufd_any_uid_t", "uid", DATA_USER, true, 4 },
	{ "iommufd_cgroup_t", "cgroup", DATA_CGROUP, false, 8 },
	{ "iommufd_sbdf_t", "device", DATA_SBDF, false, 4 },
	{ "iommufd_any_sbdf_t", "device", DATA_SBDF, true, 4 },
	{ "iommufd_pci_id_t", "id", DATA_PCI_ID, false, 4 },
	{ "iommufd_any_pci_id_t", "id", DATA_PCI_ID, true, 4 },
	{ "iommufd_bytes_t", "bytes", DATA_BYTES, false, 8 },
	{ "iommufd_addr_t", "address", DATA_ADDRESS, false, 8 },
	{ "iommufd_hook_t", "hook", DATA_HOOK, false, 4 },
	{ "iommufd_member_t", "member", DATA_MEMBER, false, 4 },
};

/* clang-format on */

/* Strip const, volatile and typedefs. The outermost typedef that means something says so. */
static const struct btf_type *strip(const struct btf *btf, __u32 id, __u32 *stripped,
				    const struct meaning **meaning)
{
	const struct btf_type *type;
	const char *name;
	unsigned int i, j;

	*meaning = NULL;
	for (i = 0; i < MAX_STRIPPED; i++) {
		type = btf__type_by_id(btf, id);
		if (!type)
			return NULL;
		*stripped = id;
		if (!btf_is_mod(type) && !btf_is_typedef(type))
			return type;
		name = btf__name_by_offset(btf, type->name_off);
		for (j = 0; !*meaning && j < sizeof(meanings) / sizeof(meanings[0]); j++)
			if (!strcmp(name, meanings[j].type))
				*meaning = &meanings[j];
		id = type->type;
	}
	return NULL;
}

/* The place of a part of the type, and its parent. */
struct part {
	__u32 type;
	__u32 offset;
	const char *name; /* "": none */
	unsigned int depth;
	bool is_optional;
};

static struct data_slot *add(struct data_shape *shape, const struct part *part, __u32 size)
{
	struct data_slot *slot;

	if (shape->nr == DATA_SLOTS_MAX || part->offset > shape->size ||
	    size > shape->size - part->offset)
		return NULL;
	slot = &shape->slots[shape->nr++];
	*slot = (struct data_slot){
		.kind = DATA_OTHER,
		.size = size,
		.offset = part->offset,
		.is_optional = part->is_optional,
	};
	snprintf(slot->name, sizeof(slot->name), "%s", part->name);
	return slot;
}

static enum data_kind kind_of_int(const struct btf_type *type)
{
	if (type->size != 1 && type->size != 2 && type->size != 4 && type->size != 8)
		return DATA_OTHER;
	if (btf_int_encoding(type) & BTF_INT_BOOL)
		return type->size == 1 ? DATA_BOOL : DATA_OTHER;
	return btf_int_encoding(type) & BTF_INT_SIGNED ? DATA_SIGNED : DATA_UNSIGNED;
}

static bool add_number(struct data_shape *shape, const struct part *part,
		       const struct btf_type *type, const struct meaning *meaning)
{
	struct data_slot *slot = add(shape, part, type->size);

	if (!slot)
		return false;
	slot->kind = kind_of_int(type);
	if (slot->kind == DATA_UNSIGNED && meaning && meaning->size == type->size) {
		slot->kind = meaning->kind;
		slot->is_any = meaning->is_any;
		if (!*part->name)
			snprintf(slot->name, sizeof(slot->name), "%s", meaning->word);
	}
	return slot->kind != DATA_OTHER;
}

static bool add_part(struct data_shape *shape, const struct part *part);

static bool is_char(const struct btf *btf, __u32 id)
{
	const struct meaning *meaning;
	const struct btf_type *type;
	__u32 stripped;

	type = strip(btf, id, &stripped, &meaning);
	return type && btf_is_int(type) && type->size == 1 &&
	       !strcmp(btf__name_by_offset(btf, type->name_off), "char");
}

static bool add_array(struct data_shape *shape, const struct part *part,
		      const struct btf_type *type)
{
	const struct btf_array *array = btf_array(type);
	__s64 size = btf__resolve_size(shape->btf, array->type);
	struct part element = { .type = array->type, .depth = part->depth + 1 };
	char name[DATA_NAME_MAX];
	struct data_slot *slot;
	__u32 i;

	if (size <= 0 || array->nelems > shape->size)
		return false;
	if (is_char(shape->btf, array->type)) {
		slot = add(shape, part, array->nelems);
		if (slot)
			slot->kind = DATA_TEXT;
		return slot && array->nelems;
	}
	for (i = 0; i < array->nelems; i++) {
		snprintf(name, sizeof(name), "%.36s%u", part->name, i);
		element.name = name;
		element.offset = part->offset + i * size;
		element.is_optional = part->is_optional || i;
		if (!add_part(shape, &element))
			return false;
	}
	return true;
}

/* Two numbers of one type, first (or start) and last, are a range. */
static bool add_range(struct data_shape *shape, const struct part *part,
		      const struct btf_type *type)
{
	const struct btf_member *members = btf_members(type);
	const char *first = btf__name_by_offset(shape->btf, members[0].name_off);
	const struct meaning *meaning;
	const struct btf_type *number;
	struct data_slot *slot;
	__u32 stripped;

	if (btf_vlen(type) != 2 || members[0].type != members[1].type || members[0].offset ||
	    (strcmp(first, "first") && strcmp(first, "start")) ||
	    strcmp(btf__name_by_offset(shape->btf, members[1].name_off), "last"))
		return false;
	number = strip(shape->btf, members[0].type, &stripped, &meaning);
	if (!number || !btf_is_int(number) || members[1].offset / 8 != number->size ||
	    kind_of_int(number) != DATA_UNSIGNED)
		return false;
	if (!add_number(shape, part, number, meaning))
		return false;
	slot = &shape->slots[shape->nr - 1];
	if (part->offset + 2 * slot->size > shape->size)
		return false;
	slot->is_range = true;
	slot->last = part->offset + slot->size;
	return true;
}

static bool add_struct(struct data_shape *shape, const struct part *part,
		       const struct btf_type *type)
{
	const char *name = btf__name_by_offset(shape->btf, type->name_off);
	struct part member = { .depth = part->depth + 1 };
	unsigned int i;

	/* Locks and timers are the kernel's; it keeps them when an entry is set. */
	if (!strncmp(name, "bpf_", 4))
		return true;
	if (!btf_is_struct(type) || btf_kflag(type) || !btf_vlen(type))
		return false;
	if (add_range(shape, part, type))
		return true;
	for (i = 0; i < btf_vlen(type); i++) {
		member.type = btf_members(type)[i].type;
		member.name = btf__name_by_offset(shape->btf, btf_members(type)[i].name_off);
		if (!strncmp(member.name, "__pad", 5)) /* it is 0 */
			continue;
		member.offset = part->offset + btf_members(type)[i].offset / 8;
		member.is_optional = part->is_optional;
		if (!add_part(shape, &member))
			return false;
	}
	return true;
}

static bool add_part(struct data_shape *shape, const struct part *part)
{
	const struct meaning *meaning;
	const struct btf_type *type;
	struct data_slot *slot;
	__u32 stripped;

	type = part->depth < MAX_DEPTH ? strip(shape->btf, part->type, &stripped, &meaning) : NULL;
	if (!type)
		return false;
	if (btf_is_int(type))
		return add_number(shape, part, type, meaning);
	if (btf_is_array(type))
		return add_array(shape, part, type);
	if (btf_is_composite(type))
		return add_struct(shape, part, type);
	if (!btf_is_enum(type) || type->size > 4)
		return false;
	slot = add(shape, part, type->size);
	if (!slot)
		return false;
	slot->kind = DATA_ENUM;
	slot->type = stripped;
	return true;
}

/* Only at the end, slots that are left out are known to be those. */
static void end_optional(struct data_shape *shape)
{
	bool is_optional = true;
	unsigned int i;

	for (i = shape->nr; i-- > 0;) {
		is_optional &= shape->slots[i].is_optional;
		shape->slots[i].is_optional = is_optional;
	}
}

void data__shape(struct data_shape *shape, const struct btf *btf, __u32 type, __u32 size,
		 const char *name)
{
	const struct part whole = { .type = type, .name = "" };
	const struct part bytes = { .name = name };
	unsigned int i;

	*shape = (struct data_shape){ .btf = btf, .size = size };
	shape->is_known = btf && type && btf__resolve_size(btf, type) == (__s64)size &&
			  add_part(shape, &whole) && shape->nr;
	if (!shape->is_known) {
		shape->nr = 0;
		add(shape, &bytes, size);
	}
	for (i = 0; i < shape->nr; i++)
		if (!shape->slots[i].name[0])
			snprintf(shape->slots[i].name, DATA_NAME_MAX, "%s", name);
	end_optional(shape);
}

char *data__title(char text[DATA_TEXT_MAX], const struct data_shape *shape)
{
	size_t at = 0;
	unsigned int i;
	char *c;

	text[0] = '\0';
	for (i = 0; i < shape->nr && at < DATA_TEXT_MAX; i++)
		at += snprintf(text + at, DATA_TEXT_MAX - at,
			       shape->slots[i].is_optional ? "[,%s]" :
			       i			   ? ",%s" :
							     "%s",
			       shape->slots[i].name);
	for (c = text; *c; c++)
		*c = toupper((unsigned char)*c);
	return text;
}
