/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The terminal: its start and end in all circumstances, its styles and signs, text at a place.
 *
 * There is one terminal, so its state is kept in term.c. Colours are never the only sign: a style
 * without colours differs by other attributes, or whoever uses it writes a sign as well. Signs come
 * in two sets, for terminals with UTF-8 and for those without.
 */
#ifndef _IOMMUTOP_TERM_H
#define _IOMMUTOP_TERM_H

#include <stdbool.h>
#include <linux/types.h>

enum term_style {
	STYLE_NORMAL,
	STYLE_BOLD,
	STYLE_DIM,
	STYLE_HEAD,   /* headings of columns */
	STYLE_SORT,   /* the one that rows are sorted by */
	STYLE_SELECTED, /* row */
	STYLE_UNFOCUSED,	 /* selected row of a list that has not the keys */
	STYLE_TAB,   /* the view that is shown, among the others */
	STYLE_LABEL,
	STYLE_GOOD,
	STYLE_WARN,
	STYLE_BAD,
	STYLE_TAG,
	STYLE_KEY,   /* in the bar of function keys */
	STYLE_KEY_TEXT,
	STYLE_USED,   /* in the map of an IOAS */
	STYLE_RESERVED,
	STYLE_HEAT_1,   /* five of rising heat */
	STYLE_HEAT_2,
	STYLE_HEAT_3,
	STYLE_HEAT_4,
	STYLE_HEAT_5,
	NR_STYLES
};

enum term_sign {
	SIGN_GROWS,   /* goes on growing */
	SIGN_UP,
	SIGN_DOWN,  /* sorted that way */
	SIGN_OPEN,
	SIGN_CLOSED,  /* with children, which are shown or not */
	SIGN_CHILD,
	SIGN_LAST_CHILD, /* two columns each */
	SIGN_MORE_LEFT,
	SIGN_MORE_RIGHT,
	SIGN_LINE,   /* horizontal */
	SIGN_DOT,	  /* between texts */
	SIGN_RESERVED,
	SIGN_WARNING,
	NR_SIGNS
};

#define TERM_MIN_COLUMNS 40
#define TERM_MIN_LINES 8

/*
 * Takes the terminal over. Returns 0, or -ENOTTY with the reason (and the fix) in
 * why[TERM_WHY_MAX]; nothing has changed then.
 */
#define TERM_WHY_MAX 256
int term__start(bool ascii, bool no_colour, char *why);
void term__stop(void);

bool term__utf8(void);   /* signs and texts may go beyond ASCII */
bool term__colours(void);

/* ---- input ---- */

/*
 * What term__key() returns: KEY_* of curses, characters below 0x100 as they are, others (whose
 * numbers would collide with KEY_*) with a bit added, and this.
 */
#define TERM_NO_KEY (-1)
#define TERM_CHARACTER (1 << 24)

/*
 * Waits for at most timeout_ns until there is input, the window got another size, or a signal came.
 * A stop (Ctrl-Z) and the return from it happen in here; all must be drawn again then.
 */
void term__wait(__u64 timeout_ns);
/* The next key, without waiting. Function keys and others come as KEY_* of curses. */
int term__key(void);
/* Has the input ended? The terminal is gone then. */
bool term__hung_up(void);
/* Did a signal ask us to end? */
bool term__ended(void);

enum term_mouse_kind { MOUSE_PRESS, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };
struct term_mouse {
	enum term_mouse_kind kind;
	int y, x;
};

/* After KEY_MOUSE: 0, or -ENOENT when it was nothing of interest. */
int term__mouse(struct term_mouse *mouse);

/* ---- output ---- */

int term__lines(void);
int term__columns(void);

void term__begin(void); /* an empty screen */
void term__end(void);   /* shows what was put */
void term__redraw(void);	 /* the next term__end() sends everything again */

/*
 * A clean text at a place, at most width columns of it; blanks fill the rest. Returns the columns
 * that the text took, without those blanks. What lies beyond the screen is left out.
 */
int term__put(int y, int x, int width, enum term_style style, const char *text);
/* The same, at the right end of the width; what is too long loses its end. */
int term__put_right(int y, int x, int width, enum term_style style, const char *text);
int term__printf(int y, int x, int width, enum term_style style, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Gives what stands in the line already another style. */
void term__restyle(int y, int x, int width, enum term_style style);
/* A horizontal line. */
void term__rule(int y, int x, int width, enum term_style style);
/* Shows the cursor there at the next term__end(), once; it is hidden otherwise. */
void term__cursor(int y, int x);

const char *term__sign(enum term_sign sign);

/* Columns that fit into size bytes and width columns; the rest is cut off. */
unsigned int term__cut(char *text, unsigned int width);

/*
 * Signs of a rising amount, each one column: heights in a line (1..8), and fillings (1..5, for
 * heat); 0 is a blank. Beyond the highest is the highest.
 */
#define TERM_HEIGHTS 8
#define TERM_FILLS 5
const char *term__height(unsigned int height);
const char *term__fill(unsigned int fill);

/* Writes a bar of width columns for part of whole, with a text at its end: "|||||    45%". */
void term__bar(char *text, unsigned int size, unsigned int width, __u64 part, __u64 whole,
	       const char *label);

#endif /* _IOMMUTOP_TERM_H */
