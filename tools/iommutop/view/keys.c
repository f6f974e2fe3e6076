// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of keys, see keys.h. Where htop has a key for something, it is the same here.
 *
 * The bar shares the width evenly among its ten keys, as htop does; in a narrow window labels are
 * cut, and below that only as many keys are shown as there is room for, the last one always.
 */
#include <curses.h>
#include <stdio.h>

#include "view/keys.h"
#include "term/term.h"

#define CONTROL(letter) ((letter) & 0x1f)
#define ESCAPE 27

const struct key keys[] = {
	{ ACTION_HELP, { KEY_F(1), 'h', '?' }, "F1 h ?", "Help", "this help" },
	{ ACTION_VIEW_MENU, { KEY_F(2) }, "F2", "View", "choose a view from a menu" },
	{ ACTION_SEARCH,
	  { KEY_F(3), '/' },
	  "F3 /",
	  "Search",
	  "search while typing; F3: the next, Enter: stay, Esc: back" },
	{ ACTION_FILTER,
	  { KEY_F(4), '\\' },
	  "F4 \\",
	  "Filter",
	  "only rows with a text; Enter: keep the filter, Esc: end it" },
	{ ACTION_TREE,
	  { KEY_F(5), 't' },
	  "F5 t",
	  "Tree",
	  "as a tree, or flat: without contexts that have IOASes" },
	{ ACTION_SORT_MENU, { KEY_F(6) }, "F6", "Sort", "choose the column to sort by from a menu" },
	{ ACTION_SLOWER, { KEY_F(7), '+', '=' }, "F7 +", "Slower", "longer intervals" },
	{ ACTION_FASTER, { KEY_F(8), '-' }, "F8 -", "Faster", "shorter intervals" },
	{ ACTION_PAUSE,
	  { KEY_F(9), 'p', 'Z' },
	  "F9 p Z",
	  "Pause",
	  "no refreshes, until pressed again" },
	{ ACTION_QUIT, { KEY_F(10), 'q' }, "F10 q", "Quit", "end the program" },
	{ ACTION_VIEW_1, { '1' }, "1", NULL, "overview: contexts and IOASes, what they hold" },
	{ ACTION_VIEW_2, { '2' }, "2", NULL, "latency: how long pins, maps and unmaps take" },
	{ ACTION_VIEW_3, { '3' }, "3", NULL, "faults: by device and PASID, and the last ones" },
	{ ACTION_VIEW_4, { '4' }, "4", NULL, "devices and their PASIDs" },
	{ ACTION_VIEW_5, { '5' }, "5", NULL, "the IOVA map of the selected IOAS" },
	{ ACTION_VIEW_6, { '6' }, "6", NULL, "policies and their verdicts" },
	{ ACTION_NEXT_VIEW, { '\t' }, "Tab", NULL, "the next view" },
	{ ACTION_PREVIOUS_VIEW, { KEY_BTAB }, "Shift-Tab", NULL, "the view before" },
	{ ACTION_SORT_LEFT, { '<', ',' }, "<", NULL, "sort by the column to the left" },
	{ ACTION_SORT_RIGHT, { '>', '.' }, ">", NULL, "sort by the column to the right" },
	{ ACTION_INVERT, { 'I' }, "I", NULL, "sort the other way round" },
	{ ACTION_OPEN,
	  { '\r', '\n', KEY_ENTER },
	  "Enter",
	  NULL,
	  "in the overview: the IOVA map of the selected IOAS" },
	{ ACTION_BACK,
	  { ESCAPE, KEY_BACKSPACE, 127 },
	  "Esc",
	  NULL,
	  "from the map back to the overview" },
	{ ACTION_OTHER,
	  { 'o' },
	  "o",
	  NULL,
	  "the other one: table or stream, pins or maps, areas or ranges" },
	{ ACTION_TAG, { ' ' }, "Space", NULL, "tag the row; sums of tagged rows are shown" },
	{ ACTION_UNTAG, { 'U' }, "U", NULL, "untag all rows" },
	{ ACTION_FOLD, { 'z' }, "z", NULL, "fold or unfold a context or device in the tree" },
	{ ACTION_FOLD_ALL, { '*' }, "*", NULL, "fold or unfold all of them" },
	{ ACTION_PREVIOUS_IOAS, { '[' }, "[", NULL, "the map of the IOAS before" },
	{ ACTION_NEXT_IOAS, { ']' }, "]", NULL, "the map of the next IOAS" },
	{ ACTION_NEXT_MATCH, { 'n' }, "n", NULL, "the next row with the text searched for" },
	{ ACTION_PREVIOUS_MATCH, { 'N' }, "N", NULL, "the one before" },
	{ ACTION_WIDE, { 'w' }, "w", NULL, "all columns, or the usual ones" },
	{ ACTION_UP, { KEY_UP, 'k' }, "Up k", NULL, "select the row above" },
	{ ACTION_DOWN, { KEY_DOWN, 'j' }, "Down j", NULL, "select the row below" },
	{ ACTION_LEFT, { KEY_LEFT }, "Left", NULL, "show columns further to the left" },
	{ ACTION_RIGHT, { KEY_RIGHT }, "Right", NULL, "show columns further to the right" },
	{ ACTION_PAGE_UP, { KEY_PPAGE }, "PgUp", NULL, "a page up" },
	{ ACTION_PAGE_DOWN, { KEY_NPAGE }, "PgDn", NULL, "a page down" },
	{ ACTION_HOME, { KEY_HOME, 'g' }, "Home g", NULL, "the first row; it stays the first one" },
	{ ACTION_END, { KEY_END, 'G' }, "End G", NULL, "the last row" },
	{ ACTION_REDRAW, { CONTROL('l') }, "Ctrl-L", NULL, "draw everything again" },
	{ ACTION_MOUSE,
	  { KEY_MOUSE },
	  "mouse",
	  NULL,
	  "press: row, heading to sort by, view, function key; wheel: scroll" },
	{ ACTION_RESIZE, { KEY_RESIZE }, NULL, NULL, NULL },
};

const unsigned int nr_keys = sizeof(keys) / sizeof(keys[0]);

enum action keys__action(int code)
{
	unsigned int i, j;

	for (i = 0; i < nr_keys; i++)
		for (j = 0; j < KEYS_MAX_CODES && keys[i].codes[j]; j++)
			if (keys[i].codes[j] == code)
				return keys[i].action;
	return ACTION_NONE;
}

#define BAR_KEYS 10
#define BAR_LEAST 6   /* columns of a key: "F6Sort" */

/* How many keys there is room for. */
static unsigned int bar_keys(int width)
{
	unsigned int room = width / BAR_LEAST;

	return room < BAR_KEYS ? room : BAR_KEYS;
}

/* The function key in a place: of fewer places than keys the last one is for the last key. */
static unsigned int bar_key(unsigned int place, unsigned int places)
{
	return place + 1 == places ? BAR_KEYS : place + 1;
}

static const struct key *bar_entry(unsigned int number)
{
	unsigned int i;

	for (i = 0; i < nr_keys; i++)
		if (keys[i].bar && keys[i].codes[0] == (int)KEY_F(number))
			return &keys[i];
	return NULL;
}

unsigned int keys__bar_at(int x, int width)
{
	unsigned int places = bar_keys(width);

	if (!places || x < 0 || x >= width)
		return 0;
	return bar_key(x * places / width, places);
}

enum action keys__bar_action(unsigned int number)
{
	const struct key *key = bar_entry(number);

	return key ? key->action : ACTION_NONE;
}

void keys__draw_bar(int y, int width)
{
	unsigned int places = bar_keys(width), place;

	for (place = 0; place < places; place++) {
		unsigned int number = bar_key(place, places);
		const struct key *key = bar_entry(number);
		/* The first column for which keys__bar_at() finds this place. */
		int x = (place * width + places - 1) / places;
		int end = ((place + 1) * width + places - 1) / places;

		x += term__printf(y, x, number < 10 ? 2 : 3, STYLE_KEY, "F%u", number);
		term__put(y, x, end - x, STYLE_KEY_TEXT, key ? key->bar : "");
	}
}
