/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sections of an ELF file that libbpf has no function for.
 */
#ifndef IOPOLICY_OBJECT_SECTION_H
#define IOPOLICY_OBJECT_SECTION_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Pass the contents of the first section with this name that has any to a function. Return what
 * that returns, or false if there is no such section, or the file cannot be read.
 */
bool section__read(const char *file, const char *name,
		   bool (*use)(const void *data, size_t size, void *arg), void *arg);

#endif
