/* SPDX-License-Identifier: GPL-2.0-only */
/* The start of draw.c, for term.c: chooses styles and signs. */
#ifndef _IOMMUTOP_TERM_DRAW_H
#define _IOMMUTOP_TERM_DRAW_H

#include <stdbool.h>

void draw__start(bool ascii, bool no_colour);

#endif /* _IOMMUTOP_TERM_DRAW_H */
