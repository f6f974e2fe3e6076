// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flush stdout.
 */
#include <errno.h>
#include <stdio.h>

#include "errname.h"
#include "msg.h"
#include "output/output.h"

int output__flush(void)
{
	char name[ERRNAME_MAX];
	int err;

	errno = EIO;
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	err = -errno;
	if (err != -EPIPE)
		msg("cannot write to stdout (%s)", errname(-err, name));
	return err == -EPIPE ? 0 : err;
}
