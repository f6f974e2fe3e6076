/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What keys mean: one table, of which the help screen, --help, and the bar of function keys are
 * made.
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
	ACTION_VIEW_1,   /* and those that follow, in the order of views */
	ACTION_VIEW_2,
	ACTION_VIEW_3,
	ACTION_VIEW_4,
	ACTION_VIEW_5,
	ACTION_VIEW_6,
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
	int codes[KEYS_MAX_CODES]; /* as term__key() returns them; 0 ends them */
	const char *keys;  /* as people call them; NULL: not for the help */
	const char *bar;	 /* label of the function key, which is codes[0]; or NULL */
	const char *help;
};

extern const struct key keys[];
extern const unsigned int nr_keys;

enum action keys__action(int code);

/* The function key number (1 to 10) that stands there in a bar of that width; 0: none. */
unsigned int keys__bar_at(int x, int width);
/* Draws it. */
void keys__draw_bar(int y, int width);
/* What a press on that function key does. */
enum action keys__bar_action(unsigned int number);

#endif /* _IOMMUTOP_KEYS_H */
