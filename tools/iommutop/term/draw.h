/* SPDX-License-Identifier: GPL-2.0-only */
/* What term.c tells term_draw.c: styles and signs are chosen once, at the start. */
#ifndef _IOMMUTOP_TERM_DRAW_H
#define _IOMMUTOP_TERM_DRAW_H

#include <stdbool.h>

void draw__start(bool ascii, bool no_colour);

#endif /* _IOMMUTOP_TERM_DRAW_H */
