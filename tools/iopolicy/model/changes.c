// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compare a policy in force with one that could take its place.
 *
 * Both are loaded, so the kernel describes both in the same way: the values in their struct_ops
 * maps, the constants of their programs with BTF, and the tag of each program, which is a hash of
 * its instructions.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cgroup.h"
#include "errname.h"
#include "model/model.h"
#include "model/rule_changes.h"
#include "msg.h"

#define NONE "none"

static char *format_scope(char text[PARAM_VALUE_MAX], __u64 cgroup)
{
	char path[CGROUP_PATH_MAX];

	if (!cgroup)
		snprintf(text, PARAM_VALUE_MAX, "all");
	else if (cgroup__path(cgroup, path, sizeof(path)))
		snprintf(text, PARAM_VALUE_MAX, "cgroup %llu", cgroup);
	else
		snprintf(text, PARAM_VALUE_MAX, "%.*s", PARAM_VALUE_MAX - 1, path);
	return text;
}

static int compare_values(struct changes *changes, const struct policy_values *before,
			  const struct policy_values *after)
{
	static const char *const modes[] = { "enforce", "audit" };
	static const char *const slow[] = { "refuse", "eject" };
	const __u32 differ = before->flags ^ after->flags;
	char from[PARAM_VALUE_MAX], to[PARAM_VALUE_MAX];
	int err = 0;

	if (before->priority != after->priority) {
		snprintf(from, sizeof(from), "%d", before->priority);
		snprintf(to, sizeof(to), "%d", after->priority);
		err = changes__add(changes, "priority", "", from, to);
	}
	if (!err && before->cgroup != after->cgroup)
		err = changes__add(changes, "scope", "", format_scope(from, before->cgroup),
				   format_scope(to, after->cgroup));
	if (!err && differ & IOMMUFD_POLICY_EJECT)
		err = changes__add(changes, "when slow", "",
				   slow[!!(before->flags & IOMMUFD_POLICY_EJECT)],
				   slow[!!(after->flags & IOMMUFD_POLICY_EJECT)]);
	if (!err && differ & ~IOMMUFD_POLICY_EJECT)
		err = changes__add(changes, "mode", "",
				   modes[!!(before->flags & IOMMUFD_POLICY_AUDIT)],
				   modes[!!(after->flags & IOMMUFD_POLICY_AUDIT)]);
	if (!err && before->budget_ms != after->budget_ms) {
		snprintf(from, sizeof(from), "%u", before->budget_ms);
		snprintf(to, sizeof(to), "%u", after->budget_ms);
		err = changes__add(changes, "budget_ms", "", from, to);
	}
	return err;
}

static bool is_equal(const struct param *a, const struct param *b)
{
	return a->kind == b->kind && a->size == b->size && !memcmp(a->value, b->value, a->size);
}

static int compare_params(struct changes *changes, const struct params *before,
			  const struct params *after)
{
	char from[PARAM_VALUE_MAX], to[PARAM_VALUE_MAX];
	const struct param *other;
	unsigned int i;
	int err = 0;

	for (i = 0; i < after->nr && !err; i++) {
		other = params__find(before, after->list[i].name);
		if (!other || !is_equal(other, &after->list[i]))
			err = changes__add(changes, "parameter", after->list[i].name,
					   other ? param__format(from, other) : NONE,
					   param__format(to, &after->list[i]));
	}
	for (i = 0; i < before->nr && !err; i++)
		if (!params__find(after, before->list[i].name))
			err = changes__add(changes, "parameter", before->list[i].name,
					   param__format(from, &before->list[i]), NONE);
	return err;
}

/* The map of the object with the constants of its programs; -1 if it has none. */
static int params_fd(const struct object *object)
{
	struct bpf_map *map;
	const char *dot;

	bpf_object__for_each_map(map, object->bpf) {
		dot = strchr(bpf_map__name(map), '.');
		if (bpf_map__is_internal(map) && dot && !strcmp(dot, ".rodata"))
			return bpf_map__fd(map);
	}
	return -1;
}

static int compare_constants(struct changes *changes, const struct former *former,
			     const struct object *object)
{
	struct loaded_params before, after = {};
	int err;

	err = loaded_params__read(&before, former__params_fd(former));
	if (!err)
		err = loaded_params__read(&after, params_fd(object));
	if (!err)
		err = compare_params(changes, &before.params, &after.params);
	loaded_params__free(&before);
	loaded_params__free(&after);
	return err;
}

static bool is_same_program(int before_fd, int after_fd)
{
	struct bpf_prog_info before = {}, after = {};
	__u32 before_size = sizeof(before), after_size = sizeof(after);

	return !bpf_prog_get_info_by_fd(before_fd, &before, &before_size) &&
	       !bpf_prog_get_info_by_fd(after_fd, &after, &after_size) &&
	       !memcmp(before.tag, after.tag, sizeof(before.tag));
}

static bool is_same_map(int before_fd, int after_fd)
{
	struct bpf_map_info before = {}, after = {};
	__u32 before_size = sizeof(before), after_size = sizeof(after);

	return !bpf_map_get_info_by_fd(before_fd, &before, &before_size) &&
	       !bpf_map_get_info_by_fd(after_fd, &after, &after_size) &&
	       before.type == after.type && before.key_size == after.key_size &&
	       before.value_size == after.value_size && before.max_entries == after.max_entries &&
	       before.map_flags == after.map_flags;
}

/* Whether the object has loaded a program of this name. */
static bool has_program(const struct object *object, const struct former_pin *pin)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object->bpf)
		if (bpf_program__fd(program) >= 0 &&
		    former_pin__is_named(pin, bpf_program__name(program)))
			return true;
	return false;
}

static int compare_programs(struct changes *changes, const struct former *former,
			    const struct object *object)
{
	struct bpf_program *program;
	unsigned int i;
	int fd, err = 0;

	bpf_object__for_each_program(program, object->bpf) {
		if (bpf_program__fd(program) < 0)
			continue;
		fd = former__find(former, bpf_program__name(program), true);
		if (fd < 0)
			err = changes__add(changes, "program", bpf_program__name(program), NONE,
					   "new");
		else if (!is_same_program(fd, bpf_program__fd(program)))
			err = changes__add(changes, "program", bpf_program__name(program), "old",
					   "new");
		if (err)
			return err;
	}
	for (i = 0; i < former->nr && !err; i++)
		if (former->pins[i].is_program && !has_program(object, &former->pins[i]))
			err = changes__add(changes, "program", former->pins[i].name, "old", NONE);
	return err;
}

/* Constants are parameters, and the struct_ops map has the values. */
static int compare_maps(struct changes *changes, const struct former *former,
			const struct object *object)
{
	struct bpf_map *map;
	int fd, err = 0;

	bpf_object__for_each_map(map, object->bpf) {
		if (map == object->ops || bpf_map__is_internal(map) ||
		    rule_changes__is_own_map(object, bpf_map__name(map)))
			continue;
		fd = former__find(former, bpf_map__name(map), false);
		if (fd < 0)
			err = changes__add(changes, "map", bpf_map__name(map), NONE, "new");
		else if (!is_same_map(fd, bpf_map__fd(map)))
			err = changes__add(changes, "map", bpf_map__name(map), "old",
					   "other size or type");
		if (err)
			return err;
	}
	return 0;
}

int changes__find(struct changes *changes, const struct former *former, const struct object *object)
{
	struct policy_values before;
	char name[ERRNAME_MAX];
	int err;

	memset(changes, 0, sizeof(*changes));
	err = load__values(former->ops_fd, &before);
	if (err)
		return -EIO;
	err = compare_values(changes, &before, &object->values);
	if (!err)
		err = compare_constants(changes, former, object);
	if (!err)
		err = compare_programs(changes, former, object);
	if (!err)
		err = compare_maps(changes, former, object);
	if (!err && object->source)
		err = rule_changes__find(changes, former, object);
	if (err)
		msg("%s: cannot compare the policy with the one in force (%s)", former->name,
		    errname(-err, name));
	return err ? -EIO : 0;
}
