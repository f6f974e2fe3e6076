// SPDX-License-Identifier: GPL-2.0-only
/*
 * Put compiled rules into the maps of an open object of rules.bpf.o.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "hook.h"
#include "msg.h"
#include "object/object.h"
#include "rules/rules.h"

#define IMAGE_MAP ".rodata.rules"
#define SOURCE_MAP "source"

static int wrong_object(const struct object *object, const char *map)
{
	msg("%s: its map %s is not that of this version of iopolicy; install " RULES_OBJECT
	    " and iopolicy together",
	    object->file, map);
	return -ENOEXEC;
}

static int install_image(const struct rules_image *image, struct object *object)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object->bpf, IMAGE_MAP);
	size_t size = 0;
	void *data = map ? bpf_map__initial_value(map, &size) : NULL;

	if (!data || size != sizeof(*image))
		return wrong_object(object, IMAGE_MAP);
	memcpy(data, image, size);
	return 0;
}

static int install(const struct rules *rules, const struct rules_image *image,
		   struct object *object)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object->bpf, SOURCE_MAP);
	__u32 hooks = rules__hooks(rules);
	unsigned int i;
	int err;

	err = install_image(image, object);
	if (err)
		return err;
	if (!map || bpf_map__set_value_size(map, rules->size))
		return wrong_object(object, SOURCE_MAP);
	for (i = 0; i < IOMMUFD_HOOKS; i++) {
		err = hooks >> i & 1 ? 0 : object__drop_hook(object, hook_names[i]);
		if (err)
			return err;
	}
	return 0;
}

/* The object is opened by its own path, which is not the file that the user knows. */
static int open_shipped(struct object *object)
{
	char *path = object->path;
	int err;

	err = object__open(object, path);
	object->path = path;
	return err;
}

bool rules__is_file(const char *file)
{
	size_t length = strlen(file), end = strlen(RULES_SUFFIX);

	return length > end && !strcmp(file + length - end, RULES_SUFFIX);
}

/* The name of the policy is that of its file. */
static int take_name(const char *file, char name[IOMMUFD_POLICY_NAME_LEN])
{
	const char *slash = strrchr(file, '/'), *entry = slash ? slash + 1 : file;
	size_t length = strlen(entry);

	if (rules__is_file(file))
		length -= strlen(RULES_SUFFIX);
	if (length < IOMMUFD_POLICY_NAME_LEN) {
		memcpy(name, entry, length);
		name[length] = '\0';
		if (policy_name__is_valid(name))
			return 0;
	}
	msg("%s: the policy has the name of the file, which must have 1 to %d letters, digits, "
	    "'_', '-' and '.' before " RULES_SUFFIX "; rename the file, or give --name",
	    file, IOMMUFD_POLICY_NAME_LEN - 1);
	return -ENOEXEC;
}

static int open_compiled(struct rules *rules, struct object *object, const char *file)
{
	struct rules_image *image = NULL;
	int err;

	err = rules__compile(rules, &image);
	object->path = err ? NULL : object__shipped(RULES_OBJECT);
	if (!err && !object->path) {
		msg("%s: cannot find " RULES_OBJECT ", which comes with iopolicy; install the "
		    "policies",
		    file);
		err = -EIO;
	}
	if (!err)
		err = open_shipped(object);
	if (!err)
		err = install(rules, image, object);
	free(image);
	object->file = file;
	return err;
}

/* Go on with rules that have been read, and free them. err is that of reading. */
static int open_read(struct rules *rules, int err, struct object *object, const char *file,
		     bool force, struct object_settings *settings, struct rules_settings *own)
{
	if (!err && !rules__check(rules) && !force && !settings->audit) {
		msg("%s: if this is intended, give --force, or write force into the file", file);
		err = -ENOEXEC;
	}
	if (!err)
		err = open_compiled(rules, object, file);
	if (!err && !settings->name) {
		err = take_name(file, own->name);
		settings->name = own->name;
	}
	if (!err && !settings->priority && rules->has_priority) {
		own->priority = rules->priority;
		settings->priority = &own->priority;
	}
	settings->audit |= rules->audit && !settings->enforce;
	if (rules->has_when_slow && !settings->eject && !settings->no_eject) {
		settings->eject = rules->eject;
		settings->no_eject = !rules->eject;
	}
	if (!err) {
		object->source = rules->text;
		object->source_size = rules->size;
		rules->text = NULL;
	}
	rules__free(rules);
	return err;
}

int rules__open(struct object *object, const char *file, const char *const *sets,
		unsigned int nr_sets, bool force, struct object_settings *settings,
		struct rules_settings *own)
{
	struct rules rules;
	int err;

	memset(object, 0, sizeof(*object));
	object->file = file;
	err = rules__read(&rules, file, sets, nr_sets);
	return open_read(&rules, err, object, file, force, settings, own);
}

int rules__open_text(struct object *object, const char *name, const char *text, size_t size,
		     bool force, struct object_settings *settings, struct rules_settings *own)
{
	struct rules rules;
	int err;

	memset(object, 0, sizeof(*object));
	object->file = name;
	err = rules__parse(&rules, name, text, size, settings->params, settings->nr_params);
	return open_read(&rules, err, object, name, force, settings, own);
}
