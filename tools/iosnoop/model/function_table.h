/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions of a program or library, by their place in the file. Private to model/.
 */
#ifndef _IOSNOOP_FUNCTION_TABLE_H
#define _IOSNOOP_FUNCTION_TABLE_H

#include <linux/types.h>

struct function_table;

/*
 * Read the symbols of an ELF file and of its debug file, which is looked for by build ID. path is
 * for libdwfl's messages only. A file that is no program or library has no functions. NULL without
 * memory.
 */
struct function_table *function_table__read(int fd, const char *path);
void function_table__free(struct function_table *table);

/*
 * Find the function at an offset in the file. Returns NULL if there is none: beyond the end of a
 * function an address is not named after it. *offset becomes the distance from its beginning.
 */
const char *function_table__find(const struct function_table *table, __u64 file_offset,
				 __u32 *offset);

#endif /* _IOSNOOP_FUNCTION_TABLE_H */
