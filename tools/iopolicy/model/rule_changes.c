// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compare rules in force with those of a file. The kernel has the text and the compiled rules.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "model/rule_changes.h"

#define NONE "none"
#define SOURCE "source"
#define IMAGE ".rodata.rules"
#define IMAGE_PIN "_rodata_rules" /* bpffs allows no dots */

bool rule_changes__is_own_map(const struct object *object, const char *map)
{
	return object->source && !strcmp(map, SOURCE);
}

/* Read the only value of a map, which has *size bytes. NULL if that fails. */
static char *read_value(int fd, __u32 *size)
{
	struct bpf_map_info info = {};
	__u32 info_size = sizeof(info), zero = 0;
	char *value;

	if (fd < 0 || bpf_map_get_info_by_fd(fd, &info, &info_size))
		return NULL;
	*size = info.value_size;
	value = calloc(1, info.value_size + 1);
	if (value && bpf_map_lookup_elem(fd, &zero, value)) {
		free(value);
		value = NULL;
	}
	return value;
}

char *rule_changes__text(const struct former *former, __u32 *size)
{
	/* Another policy may have a map of this name, but not both. */
	if (former__find(former, IMAGE_PIN, false) < 0)
		return NULL;
	return read_value(former__find(former, SOURCE, false), size);
}

static const struct rules_def *find_rule(const struct rules *rules, const char *name)
{
	unsigned int i;

	for (i = 0; i < rules->nr; i++)
		if (!strcmp(rules->list[i].name, name))
			return &rules->list[i];
	return NULL;
}

static int compare_rules(struct changes *changes, const struct rules *before,
			 const struct rules *after)
{
	char from[PARAM_VALUE_MAX], to[PARAM_VALUE_MAX];
	const struct rules_def *other;
	unsigned int i;
	int err = 0;

	for (i = 0; i < after->nr && !err; i++) {
		other = find_rule(before, after->list[i].name);
		rules__one_line(to, sizeof(to), &after->list[i]);
		if (!other)
			err = changes__add(changes, "rule", after->list[i].name, NONE, to);
		else if (strcmp(rules__one_line(from, sizeof(from), other), to))
			err = changes__add(changes, "rule", after->list[i].name, from, to);
	}
	for (i = 0; i < before->nr && !err; i++)
		if (!find_rule(after, before->list[i].name))
			err = changes__add(changes, "rule", before->list[i].name,
					   rules__one_line(from, sizeof(from), &before->list[i]),
					   NONE);
	return err;
}

static const char *find_param(const struct rules *rules, const char *name)
{
	unsigned int i;

	for (i = 0; i < rules->nr_params; i++)
		if (!strcmp(rules->params[i].name, name))
			return rules->params[i].value;
	return NULL;
}

static int compare_params(struct changes *changes, const struct rules *before,
			  const struct rules *after)
{
	const char *other;
	unsigned int i;
	int err = 0;

	for (i = 0; i < after->nr_params && !err; i++) {
		other = find_param(before, after->params[i].name);
		if (!other || strcmp(other, after->params[i].value))
			err = changes__add(changes, "parameter", after->params[i].name,
					   other ? other : NONE, after->params[i].value);
	}
	for (i = 0; i < before->nr_params && !err; i++)
		if (!find_param(after, before->params[i].name))
			err = changes__add(changes, "parameter", before->params[i].name,
					   before->params[i].value, NONE);
	return err;
}

int rule_changes__compare(struct changes *changes, const char *text, size_t size,
			  const struct rules *after)
{
	struct rules before;
	int err;

	err = rules__parse(&before, "rules in force", text, size, NULL, 0);
	if (err == -ENOEXEC)
		err = changes__add(changes, "rules", "", "not readable any more", "new");
	else if (!err)
		err = compare_params(changes, &before, after);
	if (!err && before.nr)
		err = compare_rules(changes, &before, after);
	rules__free(&before);
	return err;
}

/* The same text can mean something else: a user has another uid, iopolicy has another version. */
static int compare_images(struct changes *changes, const struct former *former,
			  const struct object *object)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object->bpf, IMAGE);
	__u32 before_size = 0, after_size = 0;
	char *before, *after;
	int err = 0;

	before = read_value(former__find(former, IMAGE_PIN, false), &before_size);
	after = read_value(map ? bpf_map__fd(map) : -1, &after_size);
	if (!before || !after || before_size != after_size || memcmp(before, after, after_size))
		err = changes__add(changes, "rules", "", "compiled before", "compiled again");
	free(before);
	free(after);
	return err;
}

int rule_changes__find(struct changes *changes, const struct former *former,
		       const struct object *object)
{
	unsigned int nr = changes->nr;
	struct rules after;
	__u32 size = 0;
	char *text;
	int err;

	text = read_value(former__find(former, SOURCE, false), &size);
	if (!text)
		return changes__add(changes, "rules", "", NONE, "new");
	err = rules__parse(&after, object->file, object->source, object->source_size, NULL, 0);
	if (!err)
		err = rule_changes__compare(changes, text, size, &after);
	rules__free(&after);
	free(text);
	if (!err && changes->nr == nr)
		err = compare_images(changes, former, object);
	return err;
}
