/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sanitiser for text from the kernel or from another process.
 *
 * A thread can choose any name: with escape sequences, line breaks, half of a UTF-8 character.
 * Every such string passes text__clean() before it is written, except to the JSON writer, which
 * escapes strings itself.
 */
#ifndef _COMMON_TEXT_H
#define _COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

/*
 * Decode the UTF-8 character at text, of at most size bytes. Returns its length and sets *point; 0
 * if it is invalid, which includes surrogates and overlong forms.
 */
unsigned int text__decode(const char *text, size_t size, __u32 *point);

/*
 * Copy at most max_columns columns of src, which ends at a NUL or after src_size bytes. Characters
 * that are invalid or not printable, or would change the direction of writing, become '?'. Without
 * utf8, characters beyond ASCII become '?', too. dst is always terminated. Returns the number of
 * columns.
 */
unsigned int text__clean(char *dst, size_t dst_size, const char *src, size_t src_size,
			 unsigned int max_columns, bool utf8);

/* Whether the locale set by setlocale() uses UTF-8. */
bool text__locale_is_utf8(void);

/* The number of columns of a clean string on the screen. */
unsigned int text__columns(const char *text);
unsigned int text__columns_n(const char *text, size_t size);

#endif /* _COMMON_TEXT_H */
