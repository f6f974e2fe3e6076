/* SPDX-License-Identifier: GPL-2.0-only */
/* A text that is put together from parts. The end of a part that does not fit is cut off. */
#ifndef _COMMON_WORDS_H
#define _COMMON_WORDS_H

#include <stddef.h>

struct words {
	char *text;
	size_t size; /* of text */
	size_t length;
};

__attribute__((format(printf, 2, 3))) void words__add(struct words *words, const char *format, ...);

#endif /* _COMMON_WORDS_H */
