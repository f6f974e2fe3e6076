/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Views: what fills the screen between the totals above and the line for messages below.
 *
 * A view has one list or two. The keys that work on lists are handled for all views alike
 * (screen_act.c), on the list that has the focus; a view handles what is its own. Views are kept
 * in static variables, since there is one screen.
 */
#ifndef _IOMMUTOP_VIEW_H
#define _IOMMUTOP_VIEW_H

#include <stdbool.h>

#include "view/keys.h"
#include "model/model.h"
#include "screen/screen.h"
#include "view/list.h"

#define VIEW_LISTS 2

enum view_number {
	VIEW_OVERVIEW,
	VIEW_LATENCY,
	VIEW_FAULTS,
	VIEW_DEVICES,
	VIEW_SPACE,
	VIEW_POLICIES,
	NR_VIEWS
};

#define UI_TEXT 256

/* What screen and views share. */
struct ui {
	struct model *model;
	struct source *source;
	const struct screen_options *options;
	enum view_number view;
	__u64 interval_ns;
	bool is_paused;
	bool is_done;
	bool wants_refresh;  /* at once: something is shown that was not collected */
	char message[UI_TEXT];  /* shown until the next key */
	struct ui_trends *trends; /* of totals, see screen_head.c */
};

struct view {
	const char *title;
	struct view_list *lists[VIEW_LISTS]; /* NULL: only one */
	unsigned int *focus;  /* which of them has the keys */
	void (*start)(void);  /* before anything else: columns and choices as usual */
	/* The view is entered or left; NULL: nothing to do. */
	void (*enter)(struct ui *ui);
	void (*leave)(struct ui *ui);
	/* After a refresh, besides the lists, which are updated for all views. */
	void (*update)(struct ui *ui);
	void (*draw)(struct ui *ui, int y, int lines, int columns);
	/* Keys of its own: false if it is none of them. */
	bool (*act)(struct ui *ui, enum action action);
	/* A few words about what stands out, into text[UI_TEXT]; false: nothing does. */
	bool (*hint)(struct ui *ui, char *text);
};

extern const struct view view_overview, view_latency, view_faults, view_devices, view_space,
	view_policies;
extern const struct view *const views[NR_VIEWS];

/* Lists of the view made new, and what else follows from the model. */
void view__update(struct ui *ui);
void view__go(struct ui *ui, enum view_number view);
struct view_list *view__focused(const struct ui *ui);

/* Two lists, one above the other; only the focused one when there is little room. */
void view__draw_two(struct ui *ui, int y, int lines, int columns);
/* The other one gets the keys. */
bool view__switch_focus(struct ui *ui, enum action action);

/* A cell of the model, by name: clean. */
void view__text(char cell[MODEL_CELL], const struct model *model, enum model_table table,
		const char *column, const void *row);

/* The map shown is that of this IOAS from now on. */
void view_space__choose(struct ui *ui, __u32 ctx, __u32 ioas);

/* Does what the node has pinned go on growing, as far back as is known? A leak does that. */
bool view__is_growing(const struct model_node *node);

#endif /* _IOMMUTOP_VIEW_H */
