// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command verify. It loads an object and gives the policy to the driver for validation, but
 * does not attach it. A later load can still fail because the name is taken.
 */
#include <errno.h>

#include "command/command.h"
#include "kernel/kernel.h"
#include "output/output.h"

int command__verify(const struct options *options)
{
	struct object object;
	int err;

	err = open__object(&object, options, NULL, NULL);
	if (!err) {
		object__pin_no_maps(&object);
		err = load__object(&object, options->verbose);
	}
	if (!err)
		err = load__fill(&object);
	if (!err || err == -ENOEXEC)
		output__choose(options->json)->verified(options->file, &object.values, !err);
	object__close(&object);
	return err;
}
