// SPDX-License-Identifier: GPL-2.0-only
/*
 * The screen: its loop, its layout, and the keys that have the same meaning in all views. See
 * screen.h.
 *
 * The screen is drawn after a refresh and after a key, and only the view that is shown is sorted.
 */
#include <curses.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "human.h"
#include "msg.h"
#include "screen/screen_private.h"
#include "term/term.h"
#include "text.h"
#include "when.h"

#define NS_PER_MS 1000000ULL

/* The steps of + and -, in ms. */
static const unsigned int intervals[] = { 100, 200, 500, 1000, 2000, 5000, 10000, 30000, 60000 };

#define LINES_FOR_NOTES 14

#define FAR_INTERVALS 60

void screen__print_keys(FILE *out)
{
	unsigned int i;

	for (i = 0; i < nr_keys; i++)
		if (keys[i].keys)
			fprintf(out, "  %-10s %s\n", keys[i].keys, keys[i].help);
}

/* ---- drawing ---- */

/*
 * Draw the index of the selected row, the number of rows, and the interval: "3/12  1s"; of a
 * recording its date, too.
 */
static void draw_place(const struct ui *ui, int y, int columns)
{
	const struct view_list *list = views__focused(ui);
	char text[96], interval[HUMAN_MAX], date[WHEN_MAX] = "";
	int width;

	if (!strcmp(ui->model->source, "recording") && !*ui->message)
		when__text(date, ui->model->time_ns + ui->model->wall_offset_ns);
	snprintf(text, sizeof(text), "%s %u/%u  %s%s%s%s", *list->filter ? " filtered" : "",
		 list->nr ? list->index + 1 : 0, list->nr, human__time(interval, ui->interval_ns),
		 *date ? "  " : "", date,
		 ui->model->ended ? "  END" :
		 ui->is_paused	  ? "  PAUSED" :
				    "");
	width = text__columns(text);
	term__put(y, columns - width, width,
		  ui->is_paused || ui->model->ended ? STYLE_WARN : STYLE_LABEL, text);
}

/* Clean a sentence of the source, which may contain names from elsewhere. */
static void copy_clean(char text[UI_TEXT], const char *from)
{
	text__clean(text, UI_TEXT, from, UI_TEXT, UI_TEXT, term__utf8());
}

static void draw_message(const struct ui *ui, int y, int columns, bool notes_are_shown)
{
	const struct view *view = views[ui->view];
	const struct view_list *list = views__focused(ui);
	char text[UI_TEXT];
	enum term_style style = STYLE_NORMAL, hint_style = STYLE_WARN;

	if (modal__draw_prompt(ui, y, columns)) {
		draw_place(ui, y, columns);
		return;
	}
	if (*ui->message) {
		snprintf(text, sizeof(text), "%s", ui->message);
		style = STYLE_BOLD;
	} else if (!notes_are_shown && head__missing(ui, text)) {
		style = STYLE_BAD;
	} else if (!notes_are_shown && head__losses(ui, text)) {
		style = STYLE_BAD;
	} else if (view->hint && view->hint((struct ui *)ui, text, &hint_style)) {
		style = hint_style;
	} else if (*list->filter) {
		snprintf(text, sizeof(text), "Filter: %s", list->filter);
	} else if (!notes_are_shown && *ui->model->missing) {
		copy_clean(text, ui->model->missing);
	} else {
		copy_clean(text, ui->model->note);
	}
	term__put(y, 0, columns, style, text);
	draw_place(ui, y, columns);
}

/* Draw the permanent notes, one line each, above line y. Returns the number of lines. */
static int draw_notes(const struct ui *ui, int y)
{
	int columns = term__columns(), lines = 0;
	char text[UI_TEXT];

	if (*ui->model->missing) {
		copy_clean(text, ui->model->missing);
		term__put(y - lines++, 0, columns, STYLE_WARN, text);
	}
	if (head__missing(ui, text))
		term__put(y - lines++, 0, columns, STYLE_BAD, text);
	if (head__losses(ui, text))
		term__put(y - lines++, 0, columns, STYLE_BAD, text);
	if (ui->options->self_stats) {
		head__self(ui, text);
		term__put(y - lines++, 0, columns, STYLE_LABEL, text);
	}
	return lines;
}

static void draw(struct ui *ui)
{
	int lines = term__lines(), columns = term__columns(), y, end = lines - 2;
	bool has_notes = lines >= LINES_FOR_NOTES;

	term__begin();
	if (lines < TERM_MIN_LINES || columns < TERM_MIN_COLUMNS) {
		term__printf(0, 0, columns, STYLE_WARN, "needs %dx%d", TERM_MIN_COLUMNS,
			     TERM_MIN_LINES);
		term__end();
		return;
	}
	y = head__draw(ui, lines, columns);
	if (has_notes)
		end -= draw_notes(ui, end - 1);
	views[ui->view]->draw(views[ui->view], ui, y, end - y, columns);
	modal__draw(ui, y, end - y, columns);
	draw_message(ui, lines - 2, columns, has_notes);
	keys__draw_bar(lines - 1, columns);
	term__end();
}

/* ---- keys ---- */

static void change_interval(struct ui *ui, bool longer)
{
	unsigned int count = sizeof(intervals) / sizeof(intervals[0]), i;
	char text[HUMAN_MAX];

	for (i = 0; longer ? i + 1 < count && intervals[i] * NS_PER_MS <= ui->interval_ns :
			     i + 1 < count && intervals[i + 1] * NS_PER_MS < ui->interval_ns;
	     i++)
		;
	ui->interval_ns = intervals[i] * NS_PER_MS;
	snprintf(ui->message, sizeof(ui->message), "interval: %s",
		 human__time(text, ui->interval_ns));
}

static void search_next(struct ui *ui, int step)
{
	struct view_list *list = views__focused(ui);

	if (!*list->search)
		snprintf(ui->message, sizeof(ui->message), "no search text; press / to search");
	else if (!view_list__find(list, ui->model, list->index + step, step))
		snprintf(ui->message, sizeof(ui->message), "no match for '%s'", list->search);
}

static void toggle_tree(struct ui *ui)
{
	struct view_list *list = views__focused(ui);

	if (model_tables[list->table].is_tree)
		list->flat = !list->flat;
	else
		snprintf(ui->message, sizeof(ui->message), "this view has no tree");
}

static void show_sort(struct ui *ui)
{
	const struct view_list *list = views__focused(ui);

	if (list->sort)
		snprintf(ui->message, sizeof(ui->message), "sorted by %s: %s", list->sort->title,
			 list->sort->summary);
}

/* Handle the mouse. Returns the action of the key or field pressed, or ACTION_NONE. */
static enum action press(struct ui *ui)
{
	const struct view *view = views[ui->view];
	struct term_mouse mouse;
	unsigned int i;
	int tab;

	if (term__mouse(&mouse))
		return ACTION_NONE;
	for (i = 0; i < VIEW_LISTS && view->lists[i]; i++) {
		if (!view_list__is_at(view->lists[i], mouse.y, mouse.x))
			continue;
		if (mouse.kind != MOUSE_PRESS) {
			view_list__move(view->lists[i], ui->model,
					mouse.kind == MOUSE_WHEEL_UP ? -3 : 3);
			return ACTION_NONE;
		}
		*view->focus = i;
		view_list__press(view->lists[i], ui->model, mouse.y, mouse.x);
		return ACTION_NONE;
	}
	if (mouse.kind != MOUSE_PRESS)
		return ACTION_NONE;
	tab = head__tab_at(mouse.y, mouse.x);
	if (tab >= 0)
		return ACTION_VIEW_1 + tab;
	if (mouse.y == term__lines() - 1)
		return keys__bar_action(keys__bar_at(mouse.x, term__columns()));
	return ACTION_NONE;
}

/* Keys for selection, tags and columns. */
static bool act_on_rows(struct ui *ui, struct view_list *list, enum action action)
{
	switch (action) {
	case ACTION_UP:
	case ACTION_DOWN:
		view_list__move(list, ui->model, action == ACTION_UP ? -1 : 1);
		return true;
	case ACTION_PAGE_UP:
	case ACTION_PAGE_DOWN:
		view_list__page(list, ui->model, action == ACTION_PAGE_UP ? -1 : 1);
		return true;
	case ACTION_HOME:
		view_list__home(list, ui->model);
		return true;
	case ACTION_END:
		view_list__end(list, ui->model);
		return true;
	case ACTION_LEFT:
	case ACTION_RIGHT:
		view_list__scroll(list, action == ACTION_LEFT ? -1 : 1);
		return true;
	case ACTION_NEXT_MATCH:
	case ACTION_PREVIOUS_MATCH:
		search_next(ui, action == ACTION_NEXT_MATCH ? 1 : -1);
		return true;
	case ACTION_TAG:
		view_list__tag(list, ui->model);
		return true;
	case ACTION_UNTAG:
		view_list__untag(list);
		return true;
	case ACTION_WIDE:
		list->wide = !list->wide;
		list->skip = 0;
		return true;
	default:
		return false;
	}
}

/* Keys for order and folds. */
static bool act_on_order(struct ui *ui, struct view_list *list, enum action action)
{
	switch (action) {
	case ACTION_TREE:
		toggle_tree(ui);
		return true;
	case ACTION_SORT_LEFT:
	case ACTION_SORT_RIGHT:
		view_list__sort_next(list, action == ACTION_SORT_LEFT ? -1 : 1);
		show_sort(ui);
		return true;
	case ACTION_INVERT:
		view_list__invert(list);
		return true;
	case ACTION_FOLD:
		view_list__fold(list, ui->model);
		return true;
	case ACTION_FOLD_ALL:
		view_list__fold_all(list);
		return true;
	case ACTION_SINGLE:
		if (!view_list__hide_single(list))
			snprintf(ui->message, sizeof(ui->message),
				 "this is for the overview as a tree");
		else
			snprintf(ui->message, sizeof(ui->message), "single IOASes are %s",
				 list->hides_single ? "hidden" : "shown");
		return true;
	default:
		return false;
	}
}

/* Keys of the view itself. */
static bool act_on_view(struct ui *ui, enum action action)
{
	const struct view *view = views[ui->view];

	if (!view->act || !view->act(view, ui, action))
		return false;
	if (ui->next_view != ui->view)
		views__go(ui, ui->next_view);
	return true;
}

static void note_refresh(void *ctx)
{
	head__refreshed(ctx);
}

static int seek(struct ui *ui, __u64 time_ns)
{
	const struct screen_options *options = ui->options;

	head__restart(ui);
	return options->seek_model(options->source, ui->model, time_ns, note_refresh, ui);
}

static bool is_recording(struct ui *ui)
{
	if (!strcmp(ui->model->source, "recording"))
		return true;
	snprintf(ui->message, sizeof(ui->message), "only a recording has another time");
	return false;
}

/* Go to another time of a recording, CLOCK_REALTIME; where there is none, say so and stay. */
static void go_to(struct ui *ui, __u64 time_ns)
{
	const __u64 now_ns = ui->model->time_ns + ui->model->wall_offset_ns;
	const char *why;
	int err;

	msg__hold(true);
	err = seek(ui, time_ns);
	/* Without the name of the recording there is room for the times. */
	why = strstr(msg__last(), ": it ");
	if (err == -ENOENT && why)
		snprintf(ui->message, sizeof(ui->message), "no recording%s", why);
	else if (err)
		snprintf(ui->message, sizeof(ui->message), "%s", msg__last());
	if (err == -ENOENT)
		err = seek(ui, now_ns);
	msg__hold(false);
	ui->is_paused = true;
	/* Anything else leaves no model to show. */
	if (err && err != -ESPIPE) {
		ui->err = err;
		ui->is_done = true;
	}
}

static void step(struct ui *ui, __s64 intervals_on)
{
	if (is_recording(ui))
		go_to(ui, ui->model->time_ns + ui->model->wall_offset_ns +
				  intervals_on * (__s64)ui->options->interval_ns);
}

static void act(struct ui *ui, enum action action)
{
	struct view_list *list = views__focused(ui);

	if (action == ACTION_MOUSE)
		action = press(ui);
	if (act_on_rows(ui, list, action) || act_on_order(ui, list, action) ||
	    act_on_view(ui, action))
		return;
	switch (action) {
	case ACTION_HELP:
	case ACTION_VIEW_MENU:
	case ACTION_SORT_MENU:
	case ACTION_SEARCH:
	case ACTION_FILTER:
		modal__open(ui, action);
		break;
	case ACTION_SLOWER:
	case ACTION_FASTER:
		change_interval(ui, action == ACTION_SLOWER);
		break;
	case ACTION_PAUSE:
		ui->is_paused = !ui->is_paused;
		break;
	case ACTION_QUIT:
		ui->is_done = true;
		break;
	case ACTION_TIME_BACK:
	case ACTION_TIME_FORWARD:
		step(ui, action == ACTION_TIME_BACK ? -1 : 1);
		break;
	case ACTION_TIME_FAR_BACK:
	case ACTION_TIME_FAR_FORWARD:
		step(ui, action == ACTION_TIME_FAR_BACK ? -FAR_INTERVALS : FAR_INTERVALS);
		break;
	case ACTION_TIME:
		if (is_recording(ui))
			modal__open(ui, action);
		break;
	case ACTION_VIEW_1 ... ACTION_VIEW_9:
		views__go(ui, action - ACTION_VIEW_1);
		break;
	case ACTION_NEXT_VIEW:
		views__go(ui, (ui->view + 1) % NR_VIEWS);
		break;
	case ACTION_PREVIOUS_VIEW:
		views__go(ui, (ui->view + NR_VIEWS - 1) % NR_VIEWS);
		break;
	case ACTION_REDRAW:
		term__redraw();
		break;
	default:
		break;
	}
}

/* Handle all keys that were pressed. */
static void handle_keys(struct ui *ui)
{
	bool any = false;
	int key;

	while (!ui->is_done && (key = term__key()) != TERM_NO_KEY) {
		any = true;
		if (key != KEY_RESIZE)
			*ui->message = '\0';
		if (!modal__is_open() || !modal__key(ui, key))
			act(ui, keys__action(key));
		if (ui->wanted_ns)
			go_to(ui, ui->wanted_ns);
		ui->wanted_ns = 0;
	}
	if (any)
		views__update(ui);
}

/* ---- loop ---- */

static int refresh_model(struct ui *ui)
{
	int err = ui->options->refresh_model(ui->options->source, ui->model);

	if (err)
		return err;
	ui->wants_refresh = false;
	head__refreshed(ui);
	views__update(ui);
	return 0;
}

static int loop(struct ui *ui)
{
	__u64 due = 0, now, done = 0, start = clock__now();
	int err;

	if (ui->options->is_at) {
		head__refreshed(ui);
		views__update(ui);
		done++;
	}
	while (!ui->is_done && !term__ended() && !term__hung_up()) {
		now = clock__now();
		if (!ui->model->ended &&
		    (!done || ui->wants_refresh || (now >= due && !ui->is_paused))) {
			err = refresh_model(ui);
			if (err)
				return err;
			done++;
			due = clock__now() + ui->interval_ns;
		}
		draw(ui);
		now = clock__now();
		if ((ui->options->refreshes && done >= ui->options->refreshes) ||
		    (ui->options->duration_ns && now - start >= ui->options->duration_ns))
			break;
		if (ui->is_paused || ui->model->ended)
			term__wait(NS_PER_SEC);
		else if (!ui->wants_refresh)
			term__wait(due > now ? due - now : 0);
		handle_keys(ui);
	}
	return ui->err;
}

/* Find a view of --view; it may be a list of another view. */
static enum view_number view_of(const char *name)
{
	enum model_table table = __builtin_ctz(view__tables(name));
	unsigned int view, i;

	for (view = 0; view < NR_VIEWS; view++)
		if (!strcmp(views[view]->name, name))
			return view;
	for (view = 0; view < NR_VIEWS; view++)
		for (i = 0; i < VIEW_LISTS && views[view]->lists[i]; i++)
			if (views[view]->lists[i]->table == table)
				return view;
	return VIEW_OVERVIEW;
}

/* Returns 0, or -errno after a message if the settings cannot be used. */
static int apply_options(struct ui *ui, const struct screen_options *options)
{
	const struct model_column *column;
	struct view_list *list;
	unsigned int view;
	int err;

	for (view = 0; view < NR_VIEWS; view++)
		views[view]->start();
	err = settings__read(ui);
	if (err)
		snprintf(ui->message, sizeof(ui->message), "%s", msg__last());
	for (view = 0; view < NR_VIEWS; view++)
		views[view]->lists[0]->wide |= options->wide;
	if (options->view)
		ui->view = view_of(options->view);
	list = views__focused(ui);
	column = options->sort ? model__column(list->table, options->sort) : NULL;
	if (column) {
		list->sort = column;
		list->descending = !options->ascending && model__is_number(column);
	}
	ui->next_view = ui->view;
	settings__begin(ui);
	if (views[ui->view]->enter)
		views[ui->view]->enter(ui);
	return err;
}

int screen__run(struct model *model, const struct screen_options *options)
{
	struct ui ui = {
		.model = model,
		.options = options,
		.interval_ns = options->interval_ns,
		.is_paused = options->is_at,
	};
	char why[TERM_WHY_MAX], warning[2 * UI_TEXT] = "";
	unsigned int view, i;
	int err;

	err = head__start(&ui);
	if (err)
		return err;
	err = term__start(options->ascii, options->no_color, why);
	if (err) {
		msg("cannot show a screen: %s; printing text (-b) instead", why);
		head__stop(&ui);
		return err;
	}
	modal__close();
	/* Messages are printed when the screen is gone. */
	msg__hold(true);
	if (apply_options(&ui, options))
		snprintf(warning, sizeof(warning), "%s", msg__last());
	msg__hold(false);
	err = loop(&ui);
	term__stop();
	if (ui.err)
		msg("%s", msg__last());
	if (*warning)
		msg("%s", warning);
	if (!err)
		settings__write(&ui);
	model->want.space = model->want.areas = false;
	model->want.history = 0;
	for (view = 0; view < NR_VIEWS; view++)
		for (i = 0; i < VIEW_LISTS && views[view]->lists[i]; i++)
			view_list__close(views[view]->lists[i]);
	head__stop(&ui);
	return err;
}
