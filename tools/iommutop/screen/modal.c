// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prompts, menus and help, which receive the keys while they are open: the prompts for search,
 * filter and time, the menus of views and of sort columns.
 *
 * Search and filter act while the user types. A search starts at the selected row, and Esc returns
 * to it. Any other key, such as F5 or an arrow, closes the prompt and has its usual meaning.
 */
#include <curses.h>
#include <stdio.h>
#include <string.h>

#include "screen/screen_private.h"
#include "term/term.h"
#include "when.h"

enum kind { NONE, HELP, VIEW_MENU, SORT_MENU, SEARCH, FILTER, TIME };

static struct {
	enum kind kind;
	unsigned int index; /* in a menu */
	unsigned int top; /* first visible line of a menu or of the help */
	int y, x, lines, width; /* where a menu was drawn */
	bool found; /* the search or filter has a match */
	char time[LIST_TEXT];
	/* The selection that Esc restores. */
	bool had_selected;
	struct model_key selected;
} modal;

void modal__close(void)
{
	modal.kind = NONE;
}

bool modal__is_open(void)
{
	return modal.kind != NONE;
}

void modal__open(struct ui *ui, enum action action)
{
	struct view_list *list = views__focused(ui);
	const struct model_table_info *info = &model_tables[list->table];
	unsigned int i;

	modal.index = modal.top = 0;
	modal.found = true;
	modal.had_selected = list->has_selected;
	modal.selected = list->selected;
	switch (action) {
	case ACTION_HELP:
		modal.kind = HELP;
		break;
	case ACTION_VIEW_MENU:
		modal.kind = VIEW_MENU;
		modal.index = ui->view;
		break;
	case ACTION_SORT_MENU:
		modal.kind = SORT_MENU;
		for (i = 0; i < info->nr_columns; i++)
			if (&info->columns[i] == list->sort)
				modal.index = i;
		break;
	case ACTION_SEARCH:
		modal.kind = SEARCH;
		*list->search = '\0';
		break;
	case ACTION_FILTER:
		modal.kind = FILTER;
		break;
	case ACTION_TIME:
		modal.kind = TIME;
		modal.time[0] = '\0';
		break;
	default:
		break;
	}
}

/* ---- prompts ---- */

bool modal__draw_prompt(const struct ui *ui, int y, int columns)
{
	const struct view_list *list = views__focused(ui);
	int x;

	if (modal.kind != SEARCH && modal.kind != FILTER && modal.kind != TIME)
		return false;
	x = term__put(y, 0, columns, STYLE_BOLD,
		      modal.kind == SEARCH ? "Search: " :
		      modal.kind == FILTER ? "Filter: " :
					     "Go to: ");
	x += term__put(y, x, columns - x, modal.found ? STYLE_NORMAL : STYLE_BAD,
		       modal.kind == SEARCH ? list->search :
		       modal.kind == FILTER ? list->filter :
					      modal.time);
	term__cursor(y, x < columns ? x : columns - 1);
	if (!modal.found)
		term__put(y, x + 2, columns - x - 2, STYLE_DIM, "(no match)");
	return true;
}

static void restore_selection(struct view_list *list)
{
	list->has_selected = modal.had_selected;
	list->selected = modal.selected;
}

/* Append a character as UTF-8 if there is room. */
static void append(char text[LIST_TEXT], int key)
{
	__u32 point = key & ~TERM_CHARACTER;
	size_t used = strlen(text);
	unsigned char bytes[5] = {};
	unsigned int length;

	if (point < 0x80) {
		bytes[0] = point;
	} else if (point < 0x800) {
		bytes[0] = 0xc0 | point >> 6;
		bytes[1] = 0x80 | (point & 0x3f);
	} else if (point < 0x10000) {
		bytes[0] = 0xe0 | point >> 12;
		bytes[1] = 0x80 | (point >> 6 & 0x3f);
		bytes[2] = 0x80 | (point & 0x3f);
	} else {
		bytes[0] = 0xf0 | point >> 18;
		bytes[1] = 0x80 | (point >> 12 & 0x3f);
		bytes[2] = 0x80 | (point >> 6 & 0x3f);
		bytes[3] = 0x80 | (point & 0x3f);
	}
	length = strlen((char *)bytes);
	if (used + length < LIST_TEXT)
		memcpy(text + used, bytes, length + 1);
}

static void remove_last(char *text)
{
	size_t used = strlen(text);

	while (used && ((unsigned char)text[used - 1] & 0xc0) == 0x80)
		used--;
	if (used)
		text[used - 1] = '\0';
}

/* Edit a text; false: the key is not for that. */
static bool edit(char *text, int key)
{
	switch (key) {
	case KEY_BACKSPACE:
	case KEY_CONTROL('h'):
	case 127:
		remove_last(text);
		return true;
	case KEY_CONTROL('u'):
		*text = '\0';
		return true;
	}
	if ((key < ' ' || key >= 0x7f) && (key < 0xa0 || key > 0xff) && !(key & TERM_CHARACTER))
		return false;
	append(text, key);
	return true;
}

static void search_again(struct ui *ui, struct view_list *list)
{
	restore_selection(list);
	view_list__update(list, ui->model);
	modal.found = !*list->search || view_list__find(list, ui->model, list->index, 1);
}

static bool search_key(struct ui *ui, struct view_list *list, int key)
{
	if (edit(list->search, key)) {
		search_again(ui, list);
		return true;
	}
	switch (key) {
	case KEY_F(3):
	case KEY_CONTROL('g'):
		modal.found = view_list__find(list, ui->model, list->index + 1, 1);
		return true;
	case KEY_ESCAPE:
		restore_selection(list);
		*list->search = '\0';
		modal__close();
		return true;
	}
	modal__close();
	return key == '\r' || key == '\n' || key == KEY_ENTER;
}

/* Give all lists of the view the filter, so that none shows rows that the user does not want. */
static void share_filter(struct ui *ui, const struct view_list *list)
{
	const struct view *view = views[ui->view];
	unsigned int i;

	for (i = 0; i < VIEW_LISTS && view->lists[i]; i++) {
		if (view->lists[i] != list)
			memcpy(view->lists[i]->filter, list->filter, sizeof(list->filter));
		view_list__update(view->lists[i], ui->model);
	}
}

static bool filter_key(struct ui *ui, struct view_list *list, int key)
{
	if (edit(list->filter, key)) {
		share_filter(ui, list);
		modal.found = list->nr || !*list->filter;
		return true;
	}
	if (key == KEY_ESCAPE) {
		*list->filter = '\0';
		share_filter(ui, list);
		modal__close();
		return true;
	}
	modal__close();
	return key == '\r' || key == '\n' || key == KEY_ENTER || key == KEY_F(4);
}

static bool time_key(struct ui *ui, int key)
{
	char why[PARSE_WHY_MAX];

	if (edit(modal.time, key))
		return true;
	modal__close();
	if (key != '\r' && key != '\n' && key != KEY_ENTER)
		return key == KEY_ESCAPE;
	if (modal.time[0] && when__parse(modal.time, ui->options->now_ns, &ui->wanted_ns, why))
		snprintf(ui->message, sizeof(ui->message), "%s", why);
	return true;
}

/* ---- menus ---- */

static unsigned int menu_rows(const struct ui *ui)
{
	return modal.kind == VIEW_MENU ? (unsigned int)NR_VIEWS :
					 model_tables[views__focused(ui)->table].nr_columns;
}

static void choose(struct ui *ui)
{
	struct view_list *list = views__focused(ui);
	enum kind kind = modal.kind;

	modal__close();
	if (kind == VIEW_MENU)
		views__go(ui, modal.index);
	else
		view_list__sort(list, &model_tables[list->table].columns[modal.index]);
}

static void move_to(struct ui *ui, int index)
{
	int last = menu_rows(ui) - 1;

	modal.index = index < 0 ? 0 : index > last ? last : index;
}

static bool menu_press(struct ui *ui)
{
	struct term_mouse mouse;
	int row;

	if (term__mouse(&mouse))
		return true;
	if (mouse.kind != MOUSE_PRESS) {
		move_to(ui, modal.index + (mouse.kind == MOUSE_WHEEL_UP ? -1 : 1));
		return true;
	}
	row = mouse.y - modal.y + modal.top;
	if (mouse.y < modal.y || mouse.y >= modal.y + modal.lines || mouse.x < modal.x ||
	    mouse.x >= modal.x + modal.width || row >= (int)menu_rows(ui)) {
		modal__close();
		return true;
	}
	modal.index = row;
	choose(ui);
	return true;
}

static bool menu_key(struct ui *ui, int key)
{
	int page = modal.lines > 1 ? modal.lines - 1 : 1;

	switch (keys__action(key)) {
	case ACTION_UP:
		move_to(ui, modal.index - 1);
		return true;
	case ACTION_DOWN:
		move_to(ui, modal.index + 1);
		return true;
	case ACTION_PAGE_UP:
		move_to(ui, modal.index - page);
		return true;
	case ACTION_PAGE_DOWN:
		move_to(ui, modal.index + page);
		return true;
	case ACTION_HOME:
		move_to(ui, 0);
		return true;
	case ACTION_END:
		move_to(ui, menu_rows(ui));
		return true;
	case ACTION_OPEN:
		choose(ui);
		return true;
	case ACTION_MOUSE:
		return menu_press(ui);
	case ACTION_RESIZE:
		return false;
	default:
		modal__close();
		return true;
	}
}

static void menu_row(const struct ui *ui, unsigned int index, char *text, size_t size)
{
	const struct view_list *list = views__focused(ui);
	const struct model_column *column;

	if (modal.kind == VIEW_MENU) {
		snprintf(text, size, " %s %s", keys__name(ACTION_VIEW_1 + index),
			 views[index]->title);
		return;
	}
	column = &model_tables[list->table].columns[index];
	snprintf(text, size, "%s%-10s %s",
		 column == list->sort ? term__sign(list->descending ? SIGN_DOWN : SIGN_UP) : " ",
		 column->title, column->summary);
}

static void draw_menu(const struct ui *ui, int y, int lines, int columns)
{
	unsigned int rows = menu_rows(ui), i;
	int width = modal.kind == VIEW_MENU ? 20 : 76;

	if (width > columns)
		width = columns;
	modal.lines = lines - 1 < (int)rows ? lines - 1 : (int)rows;
	modal.y = y + 1;
	modal.x = 0;
	modal.width = width;
	if (modal.index < modal.top)
		modal.top = modal.index;
	if (modal.index >= modal.top + modal.lines)
		modal.top = modal.index - modal.lines + 1;
	term__put(y, 0, width, STYLE_TAB,
		  modal.kind == VIEW_MENU ? " View" : " Sort by (Enter: choose, Esc: close)");
	for (i = 0; i < (unsigned int)modal.lines && modal.top + i < rows; i++) {
		char text[MODEL_CELL];

		menu_row(ui, modal.top + i, text, sizeof(text));
		term__put(modal.y + i, 0, width,
			  modal.top + i == modal.index ? STYLE_SELECTED : STYLE_NORMAL, text);
	}
}

/* ---- help ---- */

/* The lines of the help: keys, an empty line, a heading, and the columns of the table. */
static unsigned int help_keys(void)
{
	unsigned int i, shown = 0;

	for (i = 0; i < nr_keys; i++)
		shown += !!keys[i].keys;
	return shown;
}

static unsigned int help_lines(const struct ui *ui)
{
	return help_keys() + 2 + model_tables[views__focused(ui)->table].nr_columns;
}

static const struct key *help_key(unsigned int index)
{
	unsigned int i;

	for (i = 0; i < nr_keys; i++)
		if (keys[i].keys && !index--)
			return &keys[i];
	return NULL;
}

static void draw_help_line(const struct ui *ui, unsigned int line, int y, int columns)
{
	const struct model_table_info *info = &model_tables[views__focused(ui)->table];
	unsigned int key_lines = help_keys();
	int x;

	if (line < key_lines) {
		const struct key *key = help_key(line);

		x = term__printf(y, 1, 10, STYLE_BOLD, "%9s ", key->keys);
		term__put(y, x + 2, columns - x - 2, STYLE_NORMAL, key->help);
	} else if (line == key_lines + 1) {
		term__printf(y, 0, columns, STYLE_LABEL, " Columns: %s", info->title);
	} else if (line > key_lines + 1) {
		const struct model_column *column = &info->columns[line - key_lines - 2];

		x = term__printf(y, 1, 11, STYLE_BOLD, "%10s ", column->title);
		term__put(y, x + 2, columns - x - 2, STYLE_NORMAL, column->summary);
	}
}

static void draw_help(const struct ui *ui, int y, int lines, int columns)
{
	unsigned int all = help_lines(ui);
	int i;

	modal.lines = lines - 1;
	if (modal.top + modal.lines > all)
		modal.top = all > (unsigned int)modal.lines ? all - modal.lines : 0;
	term__put(y, 0, columns, STYLE_TAB,
		  columns < 60 ? " Help (Esc: close)" :
				 " Help (arrows, PgUp, PgDn: scroll, any other key: close)");
	for (i = 0; i < modal.lines && modal.top + i < all; i++) {
		term__put(y + 1 + i, 0, columns, STYLE_NORMAL, "");
		draw_help_line(ui, modal.top + i, y + 1 + i, columns);
	}
}

static bool help_key_pressed(int key)
{
	struct term_mouse mouse;
	int step = 0, page = modal.lines > 1 ? modal.lines - 1 : 1;

	switch (keys__action(key)) {
	case ACTION_UP:
		step = -1;
		break;
	case ACTION_DOWN:
		step = 1;
		break;
	case ACTION_PAGE_UP:
		step = -page;
		break;
	case ACTION_PAGE_DOWN:
	case ACTION_TAG: /* the space bar, as in a pager */
		step = page;
		break;
	case ACTION_HOME:
		step = -(int)modal.top;
		break;
	case ACTION_END:
		step = 1000;
		break;
	case ACTION_MOUSE:
		if (term__mouse(&mouse))
			return true;
		if (mouse.kind == MOUSE_PRESS)
			modal__close();
		else
			step = mouse.kind == MOUSE_WHEEL_UP ? -3 : 3;
		break;
	case ACTION_RESIZE:
		return false;
	default:
		modal__close();
		return true;
	}
	modal.top = step < 0 && modal.top < (unsigned int)-step ? 0 : modal.top + step;
	return true;
}

void modal__draw(const struct ui *ui, int y, int lines, int columns)
{
	if (modal.kind == HELP)
		draw_help(ui, y, lines, columns);
	else if (modal.kind == VIEW_MENU || modal.kind == SORT_MENU)
		draw_menu(ui, y, lines, columns);
}

bool modal__key(struct ui *ui, int key)
{
	struct view_list *list = views__focused(ui);

	switch (modal.kind) {
	case HELP:
		return help_key_pressed(key);
	case VIEW_MENU:
	case SORT_MENU:
		return menu_key(ui, key);
	case SEARCH:
		return key != KEY_RESIZE && search_key(ui, list, key);
	case FILTER:
		return key != KEY_RESIZE && filter_key(ui, list, key);
	case TIME:
		return key != KEY_RESIZE && time_key(ui, key);
	case NONE:
		break;
	}
	return false;
}
