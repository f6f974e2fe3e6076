/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The terminal: start and end, keys and mouse, styles, text at a place.
 *
 * Called by view/ and screen/. It knows nothing of the model. term.c owns the terminal and reads
 * input, draw.c writes output. There is one terminal, so its state is static.
 *
 * Colours never carry meaning alone: without colours a style has other attributes, or its user
 * draws a sign as well. Signs come in two sets, for UTF-8 and for ASCII.
 */
#ifndef _IOMMUTOP_TERM_H
#define _IOMMUTOP_TERM_H

#include <stdbool.h>
#include <linux/types.h>

enum term_style {
	STYLE_NORMAL,
	STYLE_BOLD,
	STYLE_DIM,
	STYLE_HEAD, /* column headings */
	STYLE_SORT, /* the heading of the sort column */
	STYLE_SELECTED, /* row */
	STYLE_UNFOCUSED, /* selected row of a list without the focus */
	STYLE_TAB, /* of the view that is shown */
	STYLE_LABEL,
	STYLE_GOOD,
	STYLE_WARN,
	STYLE_BAD,
	STYLE_TAG,
	STYLE_KEY, /* in the bar of function keys */
	STYLE_KEY_TEXT,
	STYLE_USED, /* in the IOVA map */
	STYLE_RESERVED,
	STYLE_HEAT_1, /* five styles of rising heat */
	STYLE_HEAT_2,
	STYLE_HEAT_3,
	STYLE_HEAT_4,
	STYLE_HEAT_5,
	NR_STYLES
};

enum term_sign {
	SIGN_GROWS, /* keeps growing */
	SIGN_UP, /* sorted ascending */
	SIGN_DOWN,
	SIGN_OPEN, /* parent with visible children */
	SIGN_CLOSED,
	SIGN_CHILD, /* two columns */
	SIGN_LAST_CHILD,
	SIGN_MORE_LEFT,
	SIGN_MORE_RIGHT,
	SIGN_LINE, /* horizontal */
	SIGN_RESERVED,
	SIGN_WARNING,
	NR_SIGNS
};

#define TERM_MIN_COLUMNS 40
#define TERM_MIN_LINES 8

/*
 * Take over the terminal. Returns 0, or -ENOTTY with the reason and the fix in why[TERM_WHY_MAX];
 * then nothing has changed.
 */
#define TERM_WHY_MAX 256
int term__start(bool ascii, bool no_colour, char *why);
/* Restore the terminal. */
void term__stop(void);

/* Whether signs and texts may contain characters beyond ASCII. */
bool term__utf8(void);

/* ---- input ---- */

/*
 * term__key() returns KEY_* of curses, characters below 0x100 as they are, other characters with
 * TERM_CHARACTER added, because their numbers would collide with KEY_*, or TERM_NO_KEY.
 */
#define TERM_NO_KEY (-1)
#define TERM_CHARACTER (1 << 24)

/*
 * Wait at most timeout_ns for input, a resize or a signal. Also stops the process on Ctrl-Z, and
 * returns when it continues; the screen must then be drawn again.
 */
void term__wait(__u64 timeout_ns);
/* The next key, without waiting. */
int term__key(void);
/* Whether the terminal is gone. */
bool term__hung_up(void);
/* Whether SIGINT, SIGTERM or SIGHUP came. */
bool term__ended(void);

enum term_mouse_kind { MOUSE_PRESS, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };
struct term_mouse {
	enum term_mouse_kind kind;
	int y, x;
};

/* Read the mouse event after KEY_MOUSE. Returns 0, or -ENOENT for an event of another kind. */
int term__mouse(struct term_mouse *mouse);

/* ---- output ---- */

int term__lines(void);
int term__columns(void);

void term__begin(void); /* start with an empty screen */
void term__end(void); /* show the drawing */
void term__redraw(void); /* let the next term__end() send the whole screen */

/*
 * Draw a clean text at a place, at most width columns of it, and fill the rest with blanks. Parts
 * outside of the screen are left out. Returns the columns of the text without blanks.
 */
int term__put(int y, int x, int width, enum term_style style, const char *text);
/* The same, aligned to the right; a text that is too long loses its end. */
int term__put_right(int y, int x, int width, enum term_style style, const char *text);
/*
 * The same for a figure. One that is too long becomes "###", because without its last digit or its
 * unit it would be another figure.
 */
int term__put_figure(int y, int x, int width, enum term_style style, const char *text);
int term__printf(int y, int x, int width, enum term_style style, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Change the style of a part of the drawing. */
void term__restyle(int y, int x, int width, enum term_style style);
/* Draw a horizontal line. */
void term__rule(int y, int x, int width, enum term_style style);
/* Show the cursor at a place, until the next term__begin(). */
void term__cursor(int y, int x);

const char *term__sign(enum term_sign sign);

/*
 * Signs of rising amounts, one column each: heights for lines and fills for areas. 0 is a blank;
 * above the highest is the highest.
 */
#define TERM_HEIGHTS 8
#define TERM_FILLS 5
const char *term__height(unsigned int height);
const char *term__fill(unsigned int fill);

/* Write a bar of width columns for part of whole, with a label at its end: "[|||||    45%]". */
void term__bar(char *text, unsigned int size, unsigned int width, __u64 part, __u64 whole,
	       const char *label);

#endif /* _IOMMUTOP_TERM_H */
