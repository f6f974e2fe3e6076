// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command inspect. It reads a file and asks the kernel nothing.
 */
#include "command/command.h"
#include "output/output.h"

int command__inspect(const struct options *options)
{
	struct inspection inspection;
	struct object object;
	int err;

	err = object__open(&object, options->file);
	if (err)
		goto close;
	err = inspection__make(&inspection, &object);
	if (!err)
		output__choose(options->json)->inspection(&inspection);
	inspection__free(&inspection);
	if (!err)
		err = object__check(&object);
close:
	object__close(&object);
	return err;
}
