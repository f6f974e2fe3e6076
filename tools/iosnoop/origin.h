/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a loaded module comes from: the kernel's own, DKMS, "make install", or insmod by hand.
 *
 * The kernel does not keep the name of a module's file, but the build id that is in the file. So
 * the id of the loaded module is compared with that of the file that modprobe would load.
 */
#ifndef _IOSNOOP_ORIGIN_H
#define _IOSNOOP_ORIGIN_H

#include <stdbool.h>

#define ORIGIN_PATH_MAX 512

enum origin_kind {
	ORIGIN_KERNEL, /* the kernel's own */
	ORIGIN_DKMS,
	ORIGIN_INSTALLED, /* by make install, or by hand in updates/ */
	ORIGIN_OTHER, /* out of tree, and not the file that modprobe would load */
};

struct origin {
	bool is_loaded;
	enum origin_kind kind; /* of the loaded module, or else of the file */
	char file[ORIGIN_PATH_MAX]; /* that modprobe would load; "" if there is none */
	enum origin_kind file_kind; /* of that file */
	bool is_file; /* the loaded module is that file */
};

/* Find out about a module, whose name has underscores, and its file in /lib/modules/RELEASE. */
void origin__find(struct origin *origin, const char *name, const char *release);

#endif /* _IOSNOOP_ORIGIN_H */
