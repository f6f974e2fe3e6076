/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text that comes from the kernel or from another process, made fit for output.
 *
 * A thread's name is chosen by its owner and may hold anything: escape sequences, line breaks,
 * half of a UTF-8 character. Every such string passes text__clean() before it reaches a terminal
 * or a file. (The JSON writer escapes by itself and takes the string as it came.)
 */
#ifndef _COMMON_TEXT_H
#define _COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

/*
 * Decodes the UTF-8 character at text, of at most size bytes: no surrogates, no overlong forms.
 * Returns its length and sets *point; 0 when it is not valid.
 */
unsigned int text__decode(const char *text, size_t size, __u32 *point);

/*
 * Copies at most max_columns columns of src, which ends at a NUL or after src_size bytes. What is
 * not valid, not printable or would change the direction of writing becomes '?'. Characters beyond
 * ASCII are kept only when utf8 is set. dst is always terminated. Returns the columns used.
 */
unsigned int text__clean(char *dst, size_t dst_size, const char *src, size_t src_size,
			 unsigned int max_columns, bool utf8);

/* Whether the locale, as set by setlocale(), writes UTF-8. */
bool text__locale_is_utf8(void);

/* Columns that a clean string takes on the screen. */
unsigned int text__columns(const char *text);
unsigned int text__columns_n(const char *text, size_t size);

#endif /* _COMMON_TEXT_H */
