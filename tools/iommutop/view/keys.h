/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The keys: one table, from which the help screen, --help and the bar of function keys are made.
 */
#ifndef _IOMMUTOP_KEYS_H
#define _IOMMUTOP_KEYS_H

enum action {
	ACTION_NONE,
	ACTION_HELP,
	ACTION_VIEW_MENU,
	ACTION_SEARCH,
	ACTION_FILTER,
	ACTION_TREE,
	ACTION_SORT_MENU,
	ACTION_SLOWER,
	ACTION_FASTER,
	ACTION_PAUSE,
	ACTION_QUIT,
	ACTION_TIME_BACK,
	ACTION_TIME_FORWARD,
	ACTION_TIME_FAR_BACK,
	ACTION_TIME_FAR_FORWARD,
	ACTION_TIME,
	ACTION_VIEW_1, /* ACTION_VIEW_1 + n shows enum view_number n */
	ACTION_VIEW_2,
	ACTION_VIEW_3,
	ACTION_VIEW_4,
	ACTION_VIEW_5,
	ACTION_VIEW_6,
	ACTION_VIEW_7,
	ACTION_VIEW_8,
	ACTION_VIEW_9,
	ACTION_NEXT_VIEW,
	ACTION_PREVIOUS_VIEW,
	ACTION_SORT_LEFT,
	ACTION_SORT_RIGHT,
	ACTION_INVERT,
	ACTION_OPEN,
	ACTION_BACK,
	ACTION_OTHER,
	ACTION_TAG,
	ACTION_UNTAG,
	ACTION_FOLD,
	ACTION_FOLD_ALL,
	ACTION_SINGLE,
	ACTION_PREVIOUS_IOAS,
	ACTION_NEXT_IOAS,
	ACTION_NEXT_MATCH,
	ACTION_PREVIOUS_MATCH,
	ACTION_WIDE,
	ACTION_UP,
	ACTION_DOWN,
	ACTION_LEFT,
	ACTION_RIGHT,
	ACTION_PAGE_UP,
	ACTION_PAGE_DOWN,
	ACTION_HOME,
	ACTION_END,
	ACTION_REDRAW,
	ACTION_MOUSE,
	ACTION_RESIZE,
	NR_ACTIONS
};

#define KEYS_MAX_CODES 4

struct key {
	enum action action;
	int codes[KEYS_MAX_CODES]; /* as term__key() returns them; 0 ends the list */
	const char *keys; /* for the help: "F3 /"; NULL: not in the help */
	const char *bar; /* label in the bar of the function key codes[0]; NULL: not in the bar */
	const char *help;
};

extern const struct key keys[];
extern const unsigned int nr_keys;

/* Codes without a name in curses. */
#define KEY_CONTROL(letter) ((letter) & 0x1f)
#define KEY_ESCAPE 27

enum action keys__action(int code);
/* The keys of an action, as in the help. */
const char *keys__name(enum action action);

/* The number (1 to 10) of the function key at column x of a bar of this width; 0: none. */
unsigned int keys__bar_at(int x, int width);
void keys__draw_bar(int y, int width);
/* The action of a function key in the bar. */
enum action keys__bar_action(unsigned int number);

#endif /* _IOMMUTOP_KEYS_H */
