// SPDX-License-Identifier: GPL-2.0-only
/*
 * Find, set and format parameters, see param.h.
 *
 * Static variables are no parameters, because the compiler puts the format strings of
 * bpf_snprintf() into static variables of the same section.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "object/param.h"
#include "parse.h"
#include "text.h"

/* More typedefs and qualifiers than this around a type are a circle, as in libbpf. */
#define MAX_STRIPPED 32

/*
 * Strip const, volatile and typedefs. The first named type on the way gives the name. NULL if the
 * type does not exist.
 */
static const struct btf_type *strip(const struct btf *btf, __u32 id, const char **name)
{
	const struct btf_type *type;
	unsigned int i;

	*name = NULL;
	for (i = 0; i < MAX_STRIPPED; i++) {
		type = btf__type_by_id(btf, id);
		if (!type)
			return NULL;
		if (!*name && type->name_off)
			*name = btf__name_by_offset(btf, type->name_off);
		if (!btf_is_mod(type) && !btf_is_typedef(type))
			return type;
		id = type->type;
	}
	return NULL;
}

static bool is_plain_char(const struct btf *btf, __u32 id, const char **name)
{
	const struct btf_type *type = strip(btf, id, name);

	return type && btf_is_int(type) && type->size == 1 &&
	       !(btf_int_encoding(type) & BTF_INT_BOOL);
}

static void find_kind(struct param *param, const struct btf *btf, __u32 id)
{
	const struct btf_type *type;
	const char *name;

	param->kind = PARAM_OTHER;
	type = strip(btf, id, &name);
	snprintf(param->type, sizeof(param->type), "%s", name ? name : "?");
	if (!type)
		return;
	if (btf_is_array(type)) {
		if (is_plain_char(btf, btf_array(type)->type, &name) && btf_array(type)->nelems)
			param->kind = PARAM_TEXT;
		snprintf(param->type, sizeof(param->type), "%s[%u]", name ? name : "?",
			 btf_array(type)->nelems);
		return;
	}
	if (!btf_is_int(type) ||
	    (type->size != 1 && type->size != 2 && type->size != 4 && type->size != 8))
		return;
	if (btf_int_encoding(type) & BTF_INT_BOOL)
		param->kind = type->size == 1 ? PARAM_BOOL : PARAM_OTHER;
	else
		param->kind = btf_int_encoding(type) & BTF_INT_SIGNED ? PARAM_SIGNED :
									PARAM_UNSIGNED;
}

static int add_param(struct params *params, const struct btf *btf,
		     const struct btf_var_secinfo *info, void *data, size_t size)
{
	const struct btf_type *variable = btf__type_by_id(btf, info->type);
	struct param *list, *param;

	if (!variable || !btf_is_var(variable))
		return -EINVAL;
	if (btf_var(variable)->linkage == BTF_VAR_STATIC)
		return 0;
	if (info->offset > size || info->size > size - info->offset)
		return -EINVAL;
	list = realloc(params->list, (params->nr + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	params->list = list;
	param = &list[params->nr];
	memset(param, 0, sizeof(*param));
	param->name = btf__name_by_offset(btf, variable->name_off);
	param->size = info->size;
	param->value = (char *)data + info->offset;
	find_kind(param, btf, variable->type);
	if (param->kind != PARAM_OTHER && btf__resolve_size(btf, variable->type) != info->size)
		return -EINVAL;
	params->nr++;
	return 0;
}

int params__add(struct params *params, const struct btf *btf, __u32 section, void *data,
		size_t size)
{
	const struct btf_type *type = btf__type_by_id(btf, section);
	unsigned int i;
	int err = 0;

	if (!type || !btf_is_datasec(type))
		return -EINVAL;
	for (i = 0; i < btf_vlen(type) && !err; i++)
		err = add_param(params, btf, &btf_var_secinfos(type)[i], data, size);
	return err;
}

void params__free(struct params *params)
{
	free(params->list);
	memset(params, 0, sizeof(*params));
}

static struct param *find(const struct params *params, const char *name, size_t length)
{
	unsigned int i;

	for (i = 0; i < params->nr; i++)
		if (strlen(params->list[i].name) == length &&
		    !memcmp(params->list[i].name, name, length))
			return &params->list[i];
	return NULL;
}

const struct param *params__find(const struct params *params, const char *name)
{
	return find(params, name, strlen(name));
}

void params__inherit(struct params *params, const struct params *from)
{
	const struct param *old;
	unsigned int i;

	for (i = 0; i < params->nr; i++) {
		struct param *param = &params->list[i];

		old = params__find(from, param->name);
		if (old && param->kind != PARAM_OTHER && old->kind == param->kind &&
		    old->size == param->size)
			memcpy(param->value, old->value, param->size);
	}
}

/* "unknown parameter 'limit'; this policy has limit_bytes (__u64), ..." */
static void explain_unknown(const struct params *params, const char *setting, size_t length,
			    char *why)
{
	int at, i;

	at = snprintf(why, PARAM_WHY_MAX, "unknown parameter '%.*s'; this policy has ",
		      (int)(length < 32 ? length : 32), setting);
	if (!params->nr)
		snprintf(why + at, PARAM_WHY_MAX - at, "none");
	for (i = 0; i < (int)params->nr && at < PARAM_WHY_MAX; i++)
		at += snprintf(why + at, PARAM_WHY_MAX - at, "%s%s (%s)", i ? ", " : "",
			       params->list[i].name, params->list[i].type);
}

static int set_unsigned(struct param *param, const char *text, char *why)
{
	__u64 max = param->size == 8 ? ~0ULL : (1ULL << 8 * param->size) - 1, value;
	char reason[PARSE_WHY_MAX];
	int err;

	if (text[0] == '0' && (text[1] | 0x20) == 'x')
		err = parse__count(text, 0, max, &value, reason);
	else
		err = parse__size(text, 0, max, &value, reason);
	if (err) {
		snprintf(why, PARAM_WHY_MAX, "%s: %s; use 0 to %llu (%s)", param->name, reason, max,
			 param->type);
		return -EINVAL;
	}
	memcpy(param->value, &value, param->size); /* host and BPF are little endian */
	return 0;
}

static int set_signed(struct param *param, const char *text, char *why)
{
	__s64 max = (1ULL << (8 * param->size - 1)) - 1, min = -max - 1, value;
	char reason[PARSE_WHY_MAX];
	__u64 size;
	int err;

	err = parse__signed(text, min, max, &value, reason);
	if (err == -EINVAL && *text != '-') { /* such as 4K */
		err = parse__size(text, 0, max, &size, reason);
		value = size;
	}
	if (err) {
		snprintf(why, PARAM_WHY_MAX, "%s: %s; use %lld to %lld (%s)", param->name, reason,
			 min, max, param->type);
		return -EINVAL;
	}
	memcpy(param->value, &value, param->size);
	return 0;
}

static int set_bool(struct param *param, const char *text, char *why)
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
				*(char *)param->value = value;
				return 0;
			}
	snprintf(why, PARAM_WHY_MAX, "%s: '%.32s' is neither true nor false (%s)", param->name,
		 text, param->type);
	return -EINVAL;
}

static int set_text(struct param *param, const char *text, char *why)
{
	size_t length = strlen(text);

	if (length >= param->size) {
		snprintf(why, PARAM_WHY_MAX, "%s: '%.32s' is too long; use at most %u byte%s (%s)",
			 param->name, text, param->size - 1, param->size == 2 ? "" : "s",
			 param->type);
		return -EINVAL;
	}
	memset(param->value, 0, param->size);
	memcpy(param->value, text, length);
	return 0;
}

int params__set(struct params *params, const char *setting, char *why)
{
	size_t length = strcspn(setting, "=");
	const char *text = setting + length + 1;
	struct param *param;

	if (!setting[length] || !length) {
		snprintf(why, PARAM_WHY_MAX, "'%.32s' is not NAME=VALUE", setting);
		return -EINVAL;
	}
	param = find(params, setting, length);
	if (!param) {
		explain_unknown(params, setting, length, why);
		return -EINVAL;
	}
	switch (param->kind) {
	case PARAM_UNSIGNED:
		return set_unsigned(param, text, why);
	case PARAM_SIGNED:
		return set_signed(param, text, why);
	case PARAM_BOOL:
		return set_bool(param, text, why);
	case PARAM_TEXT:
		return set_text(param, text, why);
	case PARAM_OTHER:
		break;
	}
	snprintf(why, PARAM_WHY_MAX,
		 "%s: constants of type %s cannot be set, only integers, bool and arrays of char",
		 param->name, param->type);
	return -EINVAL;
}

__u64 param__unsigned(const struct param *param)
{
	__u64 value = 0;

	memcpy(&value, param->value, param->size);
	return value;
}

__s64 param__signed(const struct param *param)
{
	unsigned int unused = 64 - 8 * param->size;

	return (__s64)(param__unsigned(param) << unused) >> unused;
}

char *param__format(char text[PARAM_VALUE_MAX], const struct param *param)
{
	char clean[PARAM_VALUE_MAX - 2];

	switch (param->kind) {
	case PARAM_UNSIGNED:
		snprintf(text, PARAM_VALUE_MAX, "%llu", param__unsigned(param));
		break;
	case PARAM_SIGNED:
		snprintf(text, PARAM_VALUE_MAX, "%lld", param__signed(param));
		break;
	case PARAM_BOOL:
		snprintf(text, PARAM_VALUE_MAX, "%s", param__unsigned(param) ? "true" : "false");
		break;
	case PARAM_TEXT:
		text__clean(clean, sizeof(clean), param->value, param->size, 64, false);
		snprintf(text, PARAM_VALUE_MAX, "\"%s\"", clean);
		break;
	case PARAM_OTHER:
		snprintf(text, PARAM_VALUE_MAX, "(cannot be set)");
	}
	return text;
}
