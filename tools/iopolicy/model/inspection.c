// SPDX-License-Identifier: GPL-2.0-only
/*
 * Collect the contents of an object for the command inspect.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "model/model.h"
#include "msg.h"

/* All members with a program, also those that only a newer header has. */
static int add_hooks(struct inspection *inspection, const struct object *object)
{
	unsigned int i, nr = object__nr_members(object);
	struct bpf_program *program;

	inspection->hooks = calloc(nr, sizeof(*inspection->hooks));
	if (!inspection->hooks)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		program = object__program(object, i);
		if (!program)
			continue;
		inspection->hooks[inspection->nr_hooks++] = (struct inspected_hook){
			.hook = object__member_name(object, i),
			.program = bpf_program__name(program),
			.may_sleep = object__may_sleep(program),
		};
	}
	return 0;
}

/* All maps but the struct_ops map. */
static int add_maps(struct inspection *inspection, const struct object *object)
{
	struct bpf_map *map;
	unsigned int nr = 0;
	const char *type;

	bpf_object__for_each_map(map, object->bpf)
		nr++;
	inspection->maps = calloc(nr, sizeof(*inspection->maps));
	if (!inspection->maps)
		return -ENOMEM;
	bpf_object__for_each_map(map, object->bpf) {
		if (map == object->ops)
			continue;
		type = libbpf_bpf_map_type_str(bpf_map__type(map));
		inspection->maps[inspection->nr_maps++] = (struct inspected_map){
			.name = bpf_map__name(map),
			.type = type ? type : "?",
			.key_bytes = bpf_map__key_size(map),
			.value_bytes = bpf_map__value_size(map),
			.max_entries = bpf_map__max_entries(map),
		};
	}
	return 0;
}

int inspection__make(struct inspection *inspection, const struct object *object)
{
	int err;

	memset(inspection, 0, sizeof(*inspection));
	inspection->file = object->file;
	inspection->values = object->values;
	object__license(object->file, inspection->license);
	err = object__find_params(object, &inspection->params);
	if (err)
		return err;
	err = scope__make(&inspection->scope, object->values.cgroup);
	if (!err)
		err = add_hooks(inspection, object);
	if (!err)
		err = add_maps(inspection, object);
	if (err)
		msg("%s: not enough memory", object->file);
	return err;
}

void inspection__free(struct inspection *inspection)
{
	params__free(&inspection->params);
	scope__free(&inspection->scope);
	free(inspection->hooks);
	free(inspection->maps);
}
