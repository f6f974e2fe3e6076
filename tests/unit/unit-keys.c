// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommutop's table of keys: no key has two actions, each function key has one, the help fits its
 * window, and a press on the bar finds the key that is drawn there.
 */
#include <curses.h>
#include <string.h>

#include "tap.h"
#include "view/keys.h"

#define HELP_WIDTH 66 /* of 80 columns, beside the keys */

static void test_codes(void)
{
	unsigned int i, j, twice = 0, wrong = 0, codes = 0;

	for (i = 0; i < nr_keys; i++) {
		for (j = 0; j < KEYS_MAX_CODES && keys[i].codes[j]; j++) {
			codes++;
			/* keys__action() returns the first entry and ignores a second one. */
			if (keys__action(keys[i].codes[j]) != keys[i].action) {
				tap__diag("%d has two actions", keys[i].codes[j]);
				twice++;
			}
		}
		wrong += !keys[i].codes[0] || !keys[i].action;
	}
	tap__ok(codes > nr_keys, "there are keys");
	tap__is(twice, 0, "no key has two actions");
	tap__is(wrong, 0, "each entry has a key and an action");
	tap__is(keys__action('~'), ACTION_NONE, "a key without an action");
}

static void test_actions(void)
{
	unsigned int i, action, without = 0, count;

	for (action = ACTION_NONE + 1; action < NR_ACTIONS; action++) {
		for (i = count = 0; i < nr_keys; i++)
			count += keys[i].action == (enum action)action;
		if (count != 1) {
			tap__diag("action %u has %u entries", action, count);
			without++;
		}
	}
	tap__is(without, 0, "each action has one entry");
}

static void test_help(void)
{
	unsigned int i, missing = 0, too_long = 0;

	for (i = 0; i < nr_keys; i++) {
		if (!keys[i].keys)
			continue;
		missing += !keys[i].help || !*keys[i].help;
		if (keys[i].help && strlen(keys[i].help) > HELP_WIDTH) {
			tap__diag("too long: %s", keys[i].help);
			too_long++;
		}
		too_long += strlen(keys[i].keys) > 9;
	}
	tap__is(missing, 0, "each key has a help text");
	tap__is(too_long, 0, "the help fits 80 columns");
}

static void test_bar(void)
{
	unsigned int number, missing = 0, wrong = 0, last = 0;
	int width, x;

	for (number = 1; number <= 10; number++)
		missing += keys__bar_action(number) != keys__action(KEY_F(number)) ||
			   !keys__bar_action(number);
	tap__is(missing, 0, "the bar has all ten function keys, with the same actions");
	tap__is(keys__bar_action(11), ACTION_NONE, "the bar has no F11");
	for (width = 40; width <= 250; width++) {
		unsigned int before = 0;

		for (x = 0; x < width; x++) {
			number = keys__bar_at(x, width);
			wrong += number < before || !number || number > 10;
			before = number;
		}
		last += before != 10 || keys__bar_at(0, width) != 1;
	}
	tap__is(wrong, 0, "each column of the bar belongs to a key, in their order");
	tap__is(last, 0, "the first key is F1, the last one F10");
	tap__is(keys__bar_at(-1, 80), 0, "left of the bar");
	tap__is(keys__bar_at(80, 80), 0, "right of the bar");
}

int main(void)
{
	tap__start();
	test_codes();
	test_actions();
	test_help();
	test_bar();
	return tap__done();
}
