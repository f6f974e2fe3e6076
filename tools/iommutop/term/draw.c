// SPDX-License-Identifier: GPL-2.0-only
/*
 * Output to the terminal: styles, signs, text at a place; see term.h.
 *
 * A non-empty NO_COLOR in the environment turns colours off. Signs beyond ASCII need a UTF-8
 * locale. The Linux console gets ASCII, because its fonts lack most of the signs.
 */
#include <curses.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "term/term.h"
#include "term/draw.h"
#include "text.h"

static struct {
	bool utf8;
	bool colours;
	attr_t styles[NR_STYLES];
	int cursor_y, cursor_x; /* -1: hidden */
	int cursor_shown;
} draw;

/* Looks with and without colours. The colour pair of a style has its number plus one. */
static const struct {
	short text;
	short ground;
	attr_t colour;
	attr_t mono;
} looks[NR_STYLES] = {
	[STYLE_NORMAL] = { -1, -1, A_NORMAL, A_NORMAL },
	[STYLE_BOLD] = { -1, -1, A_BOLD, A_BOLD },
	[STYLE_DIM] = { -1, -1, A_DIM, A_DIM },
	[STYLE_HEAD] = { COLOR_BLACK, COLOR_GREEN, A_NORMAL, A_REVERSE },
	[STYLE_SORT] = { COLOR_BLACK, COLOR_CYAN, A_NORMAL, A_REVERSE | A_BOLD },
	[STYLE_SELECTED] = { COLOR_BLACK, COLOR_CYAN, A_NORMAL, A_REVERSE },
	[STYLE_UNFOCUSED] = { COLOR_BLACK, COLOR_WHITE, A_NORMAL, A_UNDERLINE },
	[STYLE_TAB] = { COLOR_BLACK, COLOR_GREEN, A_NORMAL, A_REVERSE },
	[STYLE_LABEL] = { COLOR_CYAN, -1, A_NORMAL, A_NORMAL },
	[STYLE_GOOD] = { COLOR_GREEN, -1, A_NORMAL, A_NORMAL },
	[STYLE_WARN] = { COLOR_YELLOW, -1, A_BOLD, A_BOLD },
	[STYLE_BAD] = { COLOR_RED, -1, A_BOLD, A_BOLD },
	[STYLE_TAG] = { COLOR_YELLOW, -1, A_BOLD, A_BOLD },
	[STYLE_KEY] = { -1, -1, A_NORMAL, A_NORMAL },
	[STYLE_KEY_TEXT] = { COLOR_BLACK, COLOR_CYAN, A_NORMAL, A_REVERSE },
	[STYLE_USED] = { COLOR_GREEN, -1, A_NORMAL, A_NORMAL },
	[STYLE_RESERVED] = { COLOR_RED, -1, A_NORMAL, A_DIM },
	[STYLE_HEAT_1] = { COLOR_BLUE, -1, A_NORMAL, A_NORMAL },
	[STYLE_HEAT_2] = { COLOR_CYAN, -1, A_NORMAL, A_NORMAL },
	[STYLE_HEAT_3] = { COLOR_GREEN, -1, A_NORMAL, A_NORMAL },
	[STYLE_HEAT_4] = { COLOR_YELLOW, -1, A_BOLD, A_BOLD },
	[STYLE_HEAT_5] = { COLOR_RED, -1, A_BOLD, A_BOLD },
};

/* clang-format off */
static const char *const signs[NR_SIGNS][2] = {
	[SIGN_GROWS] = { "^", "▲" },
	[SIGN_UP] = { "^", "↑" },
	[SIGN_DOWN] = { "v", "↓" },
	[SIGN_OPEN] = { "-", "▾" },
	[SIGN_CLOSED] = { "+", "▸" },
	[SIGN_CHILD] = { "|-", "├─" },
	[SIGN_LAST_CHILD] = { "`-", "└─" },
	[SIGN_MORE_LEFT] = { "<", "«" },
	[SIGN_MORE_RIGHT] = { ">", "»" },
	[SIGN_LINE] = { "-", "─" },
	[SIGN_RESERVED] = { "x", "×" },
	[SIGN_WARNING] = { "!", "!" },
};

/* clang-format on */

/* clang-format off */
static const char *const heights[TERM_HEIGHTS + 1][2] = {
	{ " ", " " }, { "_", "▁" }, { ".", "▂" }, { ":", "▃" }, { "-", "▄" },
	{ "=", "▅" }, { "+", "▆" }, { "*", "▇" }, { "#", "█" },
};

/* clang-format on */

/* clang-format off */
static const char *const fills[TERM_FILLS + 1][2] = {
	{ " ", " " }, { ".", "·" }, { ":", "░" }, { "+", "▒" }, { "*", "▓" }, { "#", "█" },
};

/* clang-format on */

/* Eighths of a column. */
static const char *const parts[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };

void draw__start(bool ascii, bool no_colour)
{
	const char *unwanted = getenv("NO_COLOR"), *name = getenv("TERM");
	int style;

	draw.utf8 = !ascii && text__locale_is_utf8() && name && strcmp(name, "linux");
	draw.colours = has_colors() && !no_colour && !(unwanted && *unwanted);
	draw.cursor_y = -1;
	draw.cursor_shown = 0;
	if (draw.colours) {
		start_color();
		use_default_colors();
	}
	for (style = 0; style < NR_STYLES; style++) {
		if (!draw.colours) {
			draw.styles[style] = looks[style].mono;
			continue;
		}
		init_pair(style + 1, looks[style].text, looks[style].ground);
		draw.styles[style] = looks[style].colour | COLOR_PAIR(style + 1);
	}
	draw.styles[STYLE_NORMAL] = A_NORMAL;
}

bool term__utf8(void)
{
	return draw.utf8;
}

int term__lines(void)
{
	return LINES;
}

int term__columns(void)
{
	return COLS;
}

void term__begin(void)
{
	draw.cursor_y = -1;
	erase();
}

void term__end(void)
{
	int show = draw.cursor_y >= 0;

	if (show)
		move(draw.cursor_y, draw.cursor_x);
	if (show != draw.cursor_shown)
		curs_set(show);
	draw.cursor_shown = show;
	refresh();
}

void term__redraw(void)
{
	clearok(curscr, TRUE);
}

void term__cursor(int y, int x)
{
	draw.cursor_y = y;
	draw.cursor_x = x;
}

const char *term__sign(enum term_sign sign)
{
	return signs[sign][draw.utf8];
}

const char *term__height(unsigned int height)
{
	return heights[height < TERM_HEIGHTS ? height : TERM_HEIGHTS][draw.utf8];
}

const char *term__fill(unsigned int fill)
{
	return fills[fill < TERM_FILLS ? fill : TERM_FILLS][draw.utf8];
}

/* Find the bytes of text that fit into *width columns; *width becomes the columns they need. */
static size_t fit(const char *text, unsigned int *width)
{
	const char *at = text;
	unsigned int columns = 0;

	while (*at && columns < *width) {
		char one[8];
		__u32 point;
		unsigned int length, wide;

		if (*at >= 0x20 && *at < 0x7f) {
			at++;
			columns++;
			continue;
		}
		length = text__decode(at, strnlen(at, 4), &point);
		if (!length)
			break;
		memcpy(one, at, length);
		one[length] = '\0';
		wide = text__columns(one);
		if (columns + wide > *width)
			break;
		columns += wide;
		at += length;
	}
	*width = columns;
	return at - text;
}

static void put_blanks(int count)
{
	static const char blanks[] = "                                                ";
	int n;

	for (; count > 0; count -= n) {
		n = count < (int)sizeof(blanks) - 1 ? count : (int)sizeof(blanks) - 1;
		addnstr(blanks, n);
	}
}

/* Limit a field to the screen; false: it lies outside. */
static bool clip(int y, int x, int *width)
{
	if (y < 0 || y >= LINES || x < 0 || x >= COLS || *width <= 0)
		return false;
	if (*width > COLS - x)
		*width = COLS - x;
	return true;
}

int term__put(int y, int x, int width, enum term_style style, const char *text)
{
	unsigned int columns;
	size_t size;

	if (!clip(y, x, &width))
		return 0;
	columns = width;
	size = fit(text, &columns);
	move(y, x);
	attrset(draw.styles[style]);
	addnstr(text, size);
	put_blanks(width - columns);
	return columns;
}

int term__put_right(int y, int x, int width, enum term_style style, const char *text)
{
	unsigned int columns = width;
	int blanks;

	if (width <= 0)
		return 0;
	fit(text, &columns);
	blanks = width - columns;
	if (blanks)
		term__put(y, x, blanks, style, "");
	return term__put(y, x + blanks, columns, style, text);
}

int term__put_figure(int y, int x, int width, enum term_style style, const char *text)
{
	unsigned int columns = width > 0 ? width : 0, i;
	char full[64];

	if (!text[fit(text, &columns)])
		return term__put_right(y, x, width, style, text);
	for (i = 0; i < (unsigned int)width && i + 1 < sizeof(full); i++)
		full[i] = '#';
	full[i] = '\0';
	return term__put_right(y, x, width, style, full);
}

int term__printf(int y, int x, int width, enum term_style style, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return term__put(y, x, width, style, text);
}

void term__restyle(int y, int x, int width, enum term_style style)
{
	if (clip(y, x, &width))
		mvchgat(y, x, width, draw.styles[style],
			draw.colours && style != STYLE_NORMAL ? style + 1 : 0, NULL);
}

void term__rule(int y, int x, int width, enum term_style style)
{
	const char *sign = term__sign(SIGN_LINE);

	if (!clip(y, x, &width))
		return;
	move(y, x);
	attrset(draw.styles[style]);
	while (width--)
		addstr(sign);
}

/* Append a text if there is room for all of it. */
static unsigned int append(char *text, unsigned int size, unsigned int used, const char *more)
{
	unsigned int length = strlen(more);

	if (used + length >= size)
		return used;
	memcpy(text + used, more, length + 1);
	return used + length;
}

#define BAR_LEAST 4 /* columns; with fewer there is only the label */

void term__bar(char *text, unsigned int size, unsigned int width, __u64 part, __u64 whole,
	       const char *label)
{
	unsigned int used = 0, room, eighths, i;

	*text = '\0';
	if (width < strlen(label) + 2 + BAR_LEAST) {
		append(text, size, 0, label);
		return;
	}
	room = width - 2 - strlen(label);
	if (part > whole)
		part = whole;
	/* Drop the last bits of large figures, so that the product does not overflow. */
	for (; whole >> 48; whole >>= 1)
		part >>= 1;
	eighths = whole ? part * room * 8 / whole : 0;
	if (part && !eighths)
		eighths = 1;
	used = append(text, size, used, "[");
	for (i = 0; i < room; i++) {
		unsigned int left = eighths > i * 8 ? eighths - i * 8 : 0;

		if (left >= 8)
			used = append(text, size, used, draw.utf8 ? "█" : "|");
		else if (left && draw.utf8)
			used = append(text, size, used, parts[left]);
		else
			used = append(text, size, used, left >= 4 || (left && !i) ? "|" : " ");
	}
	used = append(text, size, used, label);
	append(text, size, used, "]");
}
