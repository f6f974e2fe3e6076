// SPDX-License-Identifier: GPL-2.0-only
/*
 * Error names, see errname.h: those of the C library, and those that only the kernel has.
 */
#include <stdio.h>
#include <string.h>

#include "errname.h"

static const char *kernel_name(int error)
{
	/* From include/linux/errno.h of the kernel, where the numbers are fixed. */
	switch (error) {
	case 512:
		return "ERESTARTSYS";
	case 513:
		return "ERESTARTNOINTR";
	case 514:
		return "ERESTARTNOHAND";
	case 515:
		return "ENOIOCTLCMD";
	case 516:
		return "ERESTART_RESTARTBLOCK";
	case 517:
		return "EPROBE_DEFER";
	case 524:
		return "ENOTSUPP";
	case 529:
		return "EIOCBQUEUED";
	}
	return NULL;
}

const char *errname(int error, char buffer[ERRNAME_MAX])
{
	const char *name = strerrorname_np(error);

	if (!name || !error)
		name = kernel_name(error);
	if (name)
		return name;
	snprintf(buffer, ERRNAME_MAX, "errno %d", error);
	return buffer;
}
