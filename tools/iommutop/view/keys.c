// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of keys, see keys.h. Where htop has a key for an action, it is the same here.
 *
 * The bar divides the width evenly among ten keys, as htop does. In a narrow window it cuts labels,
 * and shows only as many keys as fit, the last of them always F10.
 */
#include <curses.h>

#include "term/term.h"
#include "view/keys.h"

/* clang-format off */
const struct key keys[] = {
	{ ACTION_HELP, { KEY_F(1), 'h', '?' }, "F1 h ?", "Help", "show this help" },
	{ ACTION_VIEW_MENU, { KEY_F(2) }, "F2", "View", "choose a view from a menu" },
	{ ACTION_SEARCH, { KEY_F(3), '/' }, "F3 /", "Search",
	  "search while typing; F3: next match, Enter: stay, Esc: go back" },
	{ ACTION_FILTER, { KEY_F(4), '\\' }, "F4 \\", "Filter",
	  "show only rows with a text, in all lists; Enter: keep, Esc: remove" },
	{ ACTION_TREE, { KEY_F(5), 't' }, "F5 t", "Tree",
	  "switch between tree and flat list; flat: IOASes without contexts" },
	{ ACTION_SORT_MENU, { KEY_F(6) }, "F6", "Sort", "choose the sort column from a menu" },
	{ ACTION_SLOWER, { KEY_F(7), '+', '=' }, "F7 +", "Slower", "refresh less often" },
	{ ACTION_FASTER, { KEY_F(8), '-' }, "F8 -", "Faster", "refresh more often" },
	{ ACTION_PAUSE, { KEY_F(9), 'p', 'Z' }, "F9 p Z", "Pause", "pause and resume refreshes" },
	{ ACTION_QUIT, { KEY_F(10), 'q' }, "F10 q", "Quit", "quit" },
	{ ACTION_TIME, { '@' }, "@", NULL, "in a recording: go to a time, like 3:00 or -2h" },
	{ ACTION_TIME_BACK, { '(' }, "(", NULL, "in a recording: go back by an interval" },
	{ ACTION_TIME_FORWARD, { ')' }, ")", NULL, "in a recording: go on by an interval" },
	{ ACTION_TIME_FAR_BACK, { '{' }, "{", NULL, "in a recording: go back by 60 intervals" },
	{ ACTION_TIME_FAR_FORWARD, { '}' }, "}", NULL, "in a recording: go on by 60 intervals" },
	{ ACTION_VIEW_1, { '1' }, "1", NULL, "overview: contexts, IOASes and their memory" },
	{ ACTION_VIEW_2, { '2' }, "2", NULL, "latency of pins, maps and unmaps" },
	{ ACTION_VIEW_3, { '3' }, "3", NULL, "faults by device and PASID, and the last events" },
	{ ACTION_VIEW_4, { '4' }, "4", NULL, "devices and their PASIDs" },
	{ ACTION_VIEW_5, { '5' }, "5", NULL, "IOVA map of the selected IOAS" },
	{ ACTION_VIEW_6, { '6' }, "6", NULL, "policies and their verdicts" },
	{ ACTION_VIEW_7, { '7' }, "7", NULL, "payers: processes that map, and their limits" },
	{ ACTION_VIEW_8, { '8' }, "8", NULL, "details of the selected context, with graphs" },
	{ ACTION_VIEW_9, { '9' }, "9", NULL, "areas of the selected IOAS: each map of it" },
	{ ACTION_NEXT_VIEW, { '\t' }, "Tab", NULL, "next view" },
	{ ACTION_PREVIOUS_VIEW, { KEY_BTAB }, "Shift-Tab", NULL, "previous view" },
	{ ACTION_SORT_LEFT, { '<', ',' }, "<", NULL, "sort by the column to the left" },
	{ ACTION_SORT_RIGHT, { '>', '.' }, ">", NULL, "sort by the column to the right" },
	{ ACTION_INVERT, { 'I' }, "I", NULL, "reverse the sort order" },
	{ ACTION_OPEN, { '\r', '\n', KEY_ENTER }, "Enter", NULL,
	  "details of the selected context; areas of the selected IOAS" },
	{ ACTION_BACK, { KEY_ESCAPE, KEY_BACKSPACE, 127 }, "Esc", NULL,
	  "from details, areas and the IOVA map back to the overview" },
	{ ACTION_OTHER, { 'o' }, "o", NULL,
	  "next list: table or stream, pins or maps, areas or ranges" },
	{ ACTION_TAG, { ' ' }, "Space", NULL, "tag the row; the message line sums up tagged rows" },
	{ ACTION_UNTAG, { 'U' }, "U", NULL, "untag all rows" },
	{ ACTION_FOLD, { 'z' }, "z", NULL, "fold or unfold a context or device of the tree" },
	{ ACTION_FOLD_ALL, { '*' }, "*", NULL, "fold or unfold all of them" },
	{ ACTION_SINGLE, { 'H' }, "H", NULL, "show or hide the only IOAS of contexts" },
	{ ACTION_PREVIOUS_IOAS, { '[' }, "[", NULL, "the previous context or IOAS" },
	{ ACTION_NEXT_IOAS, { ']' }, "]", NULL, "the next context or IOAS" },
	{ ACTION_NEXT_MATCH, { 'n' }, "n", NULL, "next match of the search" },
	{ ACTION_PREVIOUS_MATCH, { 'N' }, "N", NULL, "previous match of the search" },
	{ ACTION_WIDE, { 'w' }, "w", NULL, "switch between all and the usual columns" },
	{ ACTION_UP, { KEY_UP, 'k' }, "Up k", NULL, "select the row above" },
	{ ACTION_DOWN, { KEY_DOWN, 'j' }, "Down j", NULL, "select the row below" },
	{ ACTION_LEFT, { KEY_LEFT }, "Left", NULL, "scroll to columns on the left" },
	{ ACTION_RIGHT, { KEY_RIGHT }, "Right", NULL, "scroll to columns on the right" },
	{ ACTION_PAGE_UP, { KEY_PPAGE }, "PgUp", NULL, "page up" },
	{ ACTION_PAGE_DOWN, { KEY_NPAGE }, "PgDn", NULL, "page down" },
	{ ACTION_HOME, { KEY_HOME, 'g' }, "Home g", NULL,
	  "always select the first row, even when the order changes" },
	{ ACTION_END, { KEY_END, 'G' }, "End G", NULL, "select the last row" },
	{ ACTION_REDRAW, { KEY_CONTROL('l') }, "Ctrl-L", NULL, "redraw the screen" },
	{ ACTION_MOUSE, { KEY_MOUSE }, "mouse", NULL,
	  "click: row, heading to sort by, view, function key; wheel: scroll" },
	{ ACTION_RESIZE, { KEY_RESIZE }, NULL, NULL, NULL },
};

/* clang-format on */

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

const char *keys__name(enum action action)
{
	unsigned int i;

	for (i = 0; i < nr_keys; i++)
		if (keys[i].action == action)
			return keys[i].keys;
	return "";
}

#define BAR_KEYS 10
#define BAR_LEAST 6 /* columns of a key: "F6Sort" */

/* The number of keys that fit. */
static unsigned int bar_keys(int width)
{
	unsigned int room = width / BAR_LEAST;

	return room < BAR_KEYS ? room : BAR_KEYS;
}

/* The function key in a place. If not all keys fit, the last place still has the last key. */
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
		/* The columns for which keys__bar_at() returns this place. */
		int x = (place * width + places - 1) / places;
		int end = ((place + 1) * width + places - 1) / places;

		x += term__printf(y, x, number < 10 ? 2 : 3, STYLE_KEY, "F%u", number);
		term__put(y, x, end - x, STYLE_KEY_TEXT, key ? key->bar : "");
	}
}
