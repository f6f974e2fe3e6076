// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command verify. It loads an object and gives the policy to the driver for validation, but
 * does not attach it. A later load can still fail because the name is taken.
 */
#include <errno.h>

#include <bpf/libbpf.h>

#include "command/command.h"
#include "kernel/kernel.h"
#include "output/output.h"

/* Do not pin maps by name, even if the author wants them pinned. */
static void clear_pin_paths(const struct object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object->bpf)
		bpf_map__set_pin_path(map, NULL);
}

int command__verify(const struct options *options)
{
	struct object object;
	int err;

	err = open__object(&object, options, NULL, NULL);
	if (!err) {
		clear_pin_paths(&object);
		err = load__object(&object, options->verbose);
	}
	if (!err)
		err = load__fill(&object);
	if (!err || err == -ENOEXEC)
		output__choose(options->json)->verified(options->file, &object.values, !err);
	object__close(&object);
	return err;
}
