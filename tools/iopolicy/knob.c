// SPDX-License-Identifier: GPL-2.0-only
/*
 * Knobs, see knob.h.
 *
 * A variable that is static is none: that is where the compiler puts the formats of bpf_snprintf().
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "json.h"
#include "knob.h"
#include "parse.h"
#include "text.h"

/* What is behind const and volatile, with the first name of a type on the way. */
static const struct btf_type *skip(const struct btf *btf, __u32 id, const char **name)
{
	const struct btf_type *type;

	*name = NULL;
	for (;;) {
		type = btf__type_by_id(btf, id);
		if (!type)
			return NULL;
		if (!*name && type->name_off)
			*name = btf__name_by_offset(btf, type->name_off);
		if (!btf_is_mod(type) && !btf_is_typedef(type))
			return type;
		id = type->type;
	}
}

static bool is_plain_char(const struct btf *btf, __u32 id, const char **name)
{
	const struct btf_type *type = skip(btf, id, name);

	return type && btf_is_int(type) && type->size == 1 &&
	       !(btf_int_encoding(type) & BTF_INT_BOOL);
}

static void find_kind(struct knob *knob, const struct btf *btf, __u32 id)
{
	const struct btf_type *type;
	const char *name;

	knob->kind = KNOB_OTHER;
	type = skip(btf, id, &name);
	snprintf(knob->type, sizeof(knob->type), "%s", name ? name : "?");
	if (!type)
		return;
	if (btf_is_array(type)) {
		if (is_plain_char(btf, btf_array(type)->type, &name) && btf_array(type)->nelems)
			knob->kind = KNOB_TEXT;
		snprintf(knob->type, sizeof(knob->type), "%s[%u]", name ? name : "?",
			 btf_array(type)->nelems);
		return;
	}
	if (!btf_is_int(type) ||
	    (type->size != 1 && type->size != 2 && type->size != 4 && type->size != 8))
		return;
	if (btf_int_encoding(type) & BTF_INT_BOOL)
		knob->kind = type->size == 1 ? KNOB_BOOL : KNOB_OTHER;
	else
		knob->kind = btf_int_encoding(type) & BTF_INT_SIGNED ? KNOB_SIGNED : KNOB_UNSIGNED;
}

static int add_knob(struct knobs *knobs, const struct btf *btf, const struct btf_var_secinfo *place,
		    void *data, size_t size)
{
	const struct btf_type *variable = btf__type_by_id(btf, place->type);
	struct knob *list, *knob;

	if (!variable || !btf_is_var(variable))
		return -EINVAL;
	if (btf_var(variable)->linkage == BTF_VAR_STATIC)
		return 0;
	if (place->offset > size || place->size > size - place->offset)
		return -EINVAL;
	list = realloc(knobs->list, (knobs->nr + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	knobs->list = list;
	knob = &list[knobs->nr];
	memset(knob, 0, sizeof(*knob));
	knob->name = btf__name_by_offset(btf, variable->name_off);
	knob->size = place->size;
	knob->value = (char *)data + place->offset;
	find_kind(knob, btf, variable->type);
	if (knob->kind != KNOB_OTHER && btf__resolve_size(btf, variable->type) != place->size)
		return -EINVAL;
	knobs->nr++;
	return 0;
}

int knobs__add(struct knobs *knobs, const struct btf *btf, __u32 section, void *data, size_t size)
{
	const struct btf_type *type = btf__type_by_id(btf, section);
	unsigned int i;
	int err = 0;

	if (!type || !btf_is_datasec(type))
		return -EINVAL;
	for (i = 0; i < btf_vlen(type) && !err; i++)
		err = add_knob(knobs, btf, &btf_var_secinfos(type)[i], data, size);
	return err;
}

void knobs__free(struct knobs *knobs)
{
	free(knobs->list);
	memset(knobs, 0, sizeof(*knobs));
}

static struct knob *find(const struct knobs *knobs, const char *name, size_t length)
{
	unsigned int i;

	for (i = 0; i < knobs->nr; i++)
		if (strlen(knobs->list[i].name) == length &&
		    !memcmp(knobs->list[i].name, name, length))
			return &knobs->list[i];
	return NULL;
}

/* "there are limit_bytes (__u64), ..." */
static void refuse_name(const struct knobs *knobs, const char *setting, size_t length, char *why)
{
	int at, i;

	at = snprintf(why, KNOB_WHY_MAX, "'%.*s' is no knob of this policy; ",
		      (int)(length < 32 ? length : 32), setting);
	if (!knobs->nr)
		snprintf(why + at, KNOB_WHY_MAX - at, "it has none");
	for (i = 0; i < (int)knobs->nr && at < KNOB_WHY_MAX; i++)
		at += snprintf(why + at, KNOB_WHY_MAX - at, "%s%s (%s)", i ? ", " : "it has ",
			       knobs->list[i].name, knobs->list[i].type);
}

static int set_unsigned(struct knob *knob, const char *text, char *why)
{
	__u64 max = knob->size == 8 ? ~0ULL : (1ULL << 8 * knob->size) - 1, value;
	char reason[PARSE_WHY_MAX];
	int err;

	if (text[0] == '0' && (text[1] | 0x20) == 'x')
		err = parse__count(text, 0, max, &value, reason);
	else
		err = parse__size(text, 0, max, &value, reason);
	if (err) {
		snprintf(why, KNOB_WHY_MAX, "%s: %s; it takes 0 to %llu (%s)", knob->name, reason,
			 max, knob->type);
		return -EINVAL;
	}
	memcpy(knob->value, &value, knob->size); /* both little endian */
	return 0;
}

static int set_signed(struct knob *knob, const char *text, char *why)
{
	__s64 max = (1ULL << (8 * knob->size - 1)) - 1, min = -max - 1, value;
	char reason[PARSE_WHY_MAX];
	__u64 size;
	int err;

	err = parse__signed(text, min, max, &value, reason);
	if (err == -EINVAL && *text != '-') { /* 4K */
		err = parse__size(text, 0, max, &size, reason);
		value = size;
	}
	if (err) {
		snprintf(why, KNOB_WHY_MAX, "%s: %s; it takes %lld to %lld (%s)", knob->name,
			 reason, min, max, knob->type);
		return -EINVAL;
	}
	memcpy(knob->value, &value, knob->size);
	return 0;
}

static int set_bool(struct knob *knob, const char *text, char *why)
{
	static const char *const words[][2] = {
		{ "false", "true" },
		{ "no", "yes" },
		{ "off", "on" },
		{ "0", "1" },
	};
	unsigned int i, value;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (value = 0; value < 2; value++)
			if (!strcmp(text, words[i][value])) {
				*(char *)knob->value = value;
				return 0;
			}
	snprintf(why, KNOB_WHY_MAX, "%s: '%.32s' is neither true nor false (%s)", knob->name, text,
		 knob->type);
	return -EINVAL;
}

static int set_text(struct knob *knob, const char *text, char *why)
{
	size_t length = strlen(text);

	if (length >= knob->size) {
		snprintf(why, KNOB_WHY_MAX, "%s: '%.32s' is too long; it takes %u bytes (%s)",
			 knob->name, text, knob->size - 1, knob->type);
		return -EINVAL;
	}
	memset(knob->value, 0, knob->size);
	memcpy(knob->value, text, length);
	return 0;
}

int knobs__set(struct knobs *knobs, const char *setting, char *why)
{
	size_t length = strcspn(setting, "=");
	const char *text = setting + length + 1;
	struct knob *knob;

	if (!setting[length] || !length) {
		snprintf(why, KNOB_WHY_MAX, "'%.32s' is not NAME=VALUE", setting);
		return -EINVAL;
	}
	knob = find(knobs, setting, length);
	if (!knob) {
		refuse_name(knobs, setting, length, why);
		return -EINVAL;
	}
	switch (knob->kind) {
	case KNOB_UNSIGNED:
		return set_unsigned(knob, text, why);
	case KNOB_SIGNED:
		return set_signed(knob, text, why);
	case KNOB_BOOL:
		return set_bool(knob, text, why);
	case KNOB_TEXT:
		return set_text(knob, text, why);
	case KNOB_OTHER:
		break;
	}
	snprintf(why, KNOB_WHY_MAX,
		 "%s: its type (%s) cannot be set; integers, bool and arrays of "
		 "char can",
		 knob->name, knob->type);
	return -EINVAL;
}

static __u64 unsigned_value(const struct knob *knob)
{
	__u64 value = 0;

	memcpy(&value, knob->value, knob->size);
	return value;
}

static __s64 signed_value(const struct knob *knob)
{
	unsigned int unused = 64 - 8 * knob->size;

	return (__s64)(unsigned_value(knob) << unused) >> unused;
}

char *knob__value(char text[KNOB_VALUE_MAX], const struct knob *knob)
{
	char clean[KNOB_VALUE_MAX - 2];

	switch (knob->kind) {
	case KNOB_UNSIGNED:
		snprintf(text, KNOB_VALUE_MAX, "%llu", unsigned_value(knob));
		break;
	case KNOB_SIGNED:
		snprintf(text, KNOB_VALUE_MAX, "%lld", signed_value(knob));
		break;
	case KNOB_BOOL:
		snprintf(text, KNOB_VALUE_MAX, "%s", unsigned_value(knob) ? "true" : "false");
		break;
	case KNOB_TEXT:
		text__clean(clean, sizeof(clean), knob->value, knob->size, 64, false);
		snprintf(text, KNOB_VALUE_MAX, "\"%s\"", clean);
		break;
	case KNOB_OTHER:
		snprintf(text, KNOB_VALUE_MAX, "(cannot be set)");
	}
	return text;
}

void knob__put_json(struct json *json, const char *key, const struct knob *knob)
{
	switch (knob->kind) {
	case KNOB_UNSIGNED:
		json__u64(json, key, unsigned_value(knob));
		break;
	case KNOB_SIGNED:
		json__s64(json, key, signed_value(knob));
		break;
	case KNOB_BOOL:
		json__bool(json, key, unsigned_value(knob));
		break;
	case KNOB_TEXT:
		json__string_n(json, key, knob->value, knob->size);
		break;
	case KNOB_OTHER:
		json__null(json, key);
	}
}
