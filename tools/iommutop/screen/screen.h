/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interactive screen: the loop, keys and mouse, the totals above the view, menus and help.
 *
 *	err = screen__run(&model, &options);
 *	if (err == -ENOTTY)
 *		... print batches instead; a message has said why
 *
 * Called by main.c; options.c prints the keys. The screen reads the model, changes only
 * model->want, and knows no source: it calls options->refresh_model().
 */
#ifndef _IOMMUTOP_SCREEN_H
#define _IOMMUTOP_SCREEN_H

#include <stdbool.h>
#include <stdio.h>

#include "model/model.h"

struct screen_options {
	/* Bring the model up to date. Returns 0, or -errno after a message. */
	int (*refresh_model)(void *source, struct model *model);
	/*
	 * Show a recording as it was at a time, CLOCK_REALTIME, and call refreshed() after each
	 * refresh on the way. The same results.
	 */
	int (*seek_model)(void *source, struct model *model, __u64 time_ns,
			  void (*refreshed)(void *ctx), void *ctx);
	void *source;
	__u64 interval_ns; /* between refreshes; keys change it */
	bool has_interval; /* the user gave it */
	const char *settings; /* file of settings; NULL: none is read or written */
	__u64 now_ns; /* of a recording, for moments: CLOCK_REALTIME of its end */
	bool is_at; /* the model is that of the moment to show, and time stands still */
	__u64 refreshes; /* end after so many; 0: no end */
	__u64 duration_ns; /* end after that time; 0: no end */
	const char *view; /* to show first, as in --view; NULL: the overview */
	const char *sort; /* column of that view's table; NULL: its default */
	bool ascending;
	bool wide; /* all columns */
	bool ascii; /* no characters beyond ASCII, in any locale */
	bool no_color; /* as with NO_COLOR in the environment */
	bool self_stats; /* show the cost of iommutop */
};

/*
 * Show the model on the terminal until the user quits, a signal comes or the refreshes are done.
 * process__catch_signals() and setlocale() were called before.
 *
 * Returns 0, the error of a refresh, or -ENOTTY after a message when the terminal is unsuitable
 * (TERM is unset or unknown, or it cannot move its cursor). Restores the terminal on return, and
 * also when the process crashes.
 */
int screen__run(struct model *model, const struct screen_options *options);

/*
 * The file of settings: $XDG_CONFIG_HOME/iommutop/config, or ~/.config/iommutop/config. Returns
 * path, or NULL if there is no such folder.
 */
#define SETTINGS_PATH_MAX 4096
const char *screen__settings_path(char path[SETTINGS_PATH_MAX]);

/* Print the keys for --help, from the table of the help screen. */
void screen__print_keys(FILE *out);

#endif /* _IOMMUTOP_SCREEN_H */
