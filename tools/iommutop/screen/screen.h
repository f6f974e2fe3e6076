/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The terminal side of iommutop: views of the model, keys, mouse.
 *
 *	err = screen__run(&model, source, &options);
 *	if (err == -ENOTTY)
 *		... print batches instead; a sentence has said why
 *
 * Layers: term (the terminal as such: start, signals, styles), keys (what keys mean), view_list
 * (rows of a table of the model), view_* (one for each view), screen (what is around them, and the
 * loop). All of them read the model and change nothing there but model->want.
 */
#ifndef _IOMMUTOP_SCREEN_H
#define _IOMMUTOP_SCREEN_H

#include <stdbool.h>
#include <stdio.h>

#include "model/model.h"
#include "source/source.h"

struct screen_options {
	__u64 interval_ns;  /* between refreshes; keys change it */
	__u64 refreshes;	 /* end after so many; 0: on a key or signal only */
	__u64 duration_ns;  /* end after that time; 0: the same */
	unsigned int tables;  /* bits, see enum model_table: the first one's view */
	const char *sort;  /* column of that view's table; NULL: as usual */
	bool ascending; /* the other way round than usual, if that is descending */
	bool wide;   /* all columns */
	bool ascii;   /* no characters beyond ASCII, whatever the locale */
	bool no_color;   /* as NO_COLOR in the environment */
	bool self_stats;	 /* show what iommutop itself costs */
};

/*
 * Shows the model on the terminal, refreshed from the source, until the user quits, a signal comes
 * (process__catch_signals() was called) or the refreshes are done. The locale is set already.
 *
 * Returns 0, what a refresh returned, or -ENOTTY after a message when the terminal cannot do it
 * (TERM is unset or unknown, or it cannot move its cursor). The terminal is as before on return,
 * and after a crash as well.
 */
int screen__run(struct model *model, struct source *source, const struct screen_options *options);

/* The keys with what they do, for --help: from the table that the help screen is made of. */
void screen__print_keys(FILE *out);

#endif /* _IOMMUTOP_SCREEN_H */
