/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which driver the tools observe. A module parameter tells iommuscope's iommufd from the kernel's
 * own (upstream).
 */
#ifndef _COMMON_DRIVER_H
#define _COMMON_DRIVER_H

#include <stdbool.h>
#include <stdio.h>

/* Recordings contain these numbers. */
enum driver_kind {
	DRIVER_AUTO = 0, /* the one that is loaded */
	DRIVER_NATIVE = 1, /* iommuscope's iommufd */
	DRIVER_UPSTREAM = 2, /* the kernel's own iommufd */
	DRIVER_TYPE1 = 3, /* VFIO type1 */
	NR_DRIVERS
};

/* "auto", "native", "upstream", "type1" */
const char *driver__name(enum driver_kind kind);
/* Parse the value of --source. Returns 0, or -EINVAL after a message. */
int driver__parse(const char *name, enum driver_kind *kind);
/* Print the names, one per line. */
void driver__print_words(FILE *out);

/* The driver that is loaded; type1 only without iommufd; DRIVER_AUTO if there is none. */
enum driver_kind driver__loaded(const char *modules_dir);
/*
 * The driver to observe, if this one was asked for. Returns 0, or -ENODEV after a message if it is
 * not loaded. *kind stays DRIVER_AUTO if none was asked for and none is loaded.
 */
int driver__choose(const char *modules_dir, enum driver_kind *kind);

/*
 * Read the names of required and sealed policies that are not in force, separated by commas; "" if
 * there are none, or the driver requires none. NULL: /sys/module.
 */
#define DRIVER_MISSING_MAX 1024
void driver__missing_policies(const char *modules_dir, char text[DRIVER_MISSING_MAX]);

#endif /* _COMMON_DRIVER_H */
