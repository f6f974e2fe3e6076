// SPDX-License-Identifier: GPL-2.0-only
/* A text from parts, see words.h. */
#include <stdarg.h>
#include <stdio.h>

#include "words.h"

void words__add(struct words *words, const char *format, ...)
{
	size_t left = words->size - words->length;
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(words->text + words->length, left, format, args);
	va_end(args);
	words->length += size < 0 ? 0 : (size_t)size < left ? (size_t)size : left - 1;
}
