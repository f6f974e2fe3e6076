/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Views: each fills the screen between the totals at the top and the message line at the bottom.
 *
 * Called by screen/, which owns the one struct ui, the loop and the order of the views. A view
 * reads the model and draws with term/. It calls no other view: to show another one it sets
 * ui->next_view. Views share the members of struct ui.
 *
 * A view has one list or more, of which it shows one or two. screen/ handles the keys that work on
 * lists, on the list with the focus; the view handles keys of its own. Lists are described in
 * list.h, keys in keys.h. Views are static variables, because there is one screen.
 */
#ifndef _IOMMUTOP_VIEW_H
#define _IOMMUTOP_VIEW_H

#include <stdbool.h>

#include "model/model.h"
#include "view/keys.h"
#include "view/list.h"

#define VIEW_LISTS 4

enum view_number {
	VIEW_OVERVIEW,
	VIEW_LATENCY,
	VIEW_FAULTS,
	VIEW_DEVICES,
	VIEW_SPACE,
	VIEW_POLICIES,
	VIEW_PAYERS,
	VIEW_DETAIL,
	VIEW_AREAS,
	NR_VIEWS
};

#define UI_TEXT 256

struct screen_options;

/* Shared by screen/ and the views. */
struct ui {
	struct model *model;
	const struct screen_options *options;
	enum view_number view; /* the one on the screen */
	enum view_number next_view; /* set by a view to show another one */
	__u64 interval_ns;
	bool is_paused;
	bool is_done;
	int err; /* why, if the model is lost */
	__u64 wanted_ns; /* CLOCK_REALTIME of a recording to go to; 0: none */
	bool wants_refresh; /* now, because the view shows data that was not collected */
	char message[UI_TEXT]; /* shown until the next key */
	struct ui_trends *trends; /* of the totals, see screen/head.c */
	/* The IOAS whose map is shown; kind is MODEL_KIND_IOAS, or 0 for none. */
	struct model_key ioas;
	bool ioas_is_selected; /* it is the selected row of the overview, too */
	__u32 ctx; /* the context whose details are shown; 0: none */
	bool ctx_is_selected; /* likewise */
};

struct view {
	const char *name; /* as in --view */
	const char *title;
	struct view_list *lists[VIEW_LISTS]; /* NULL behind the last one */
	unsigned int *focus; /* index of the list with the focus */
	/* Set columns and choices to their defaults. */
	void (*start)(void);
	/* The view is shown, or another one will be. May be NULL, like all that follow but draw. */
	void (*enter)(struct ui *ui);
	void (*leave)(struct ui *ui);
	/* After a refresh and after keys, when the lists are up to date. */
	void (*update)(struct ui *ui);
	void (*draw)(const struct view *view, struct ui *ui, int y, int lines, int columns);
	/* Handle a key of the view's own; false: it is none. */
	bool (*act)(const struct view *view, struct ui *ui, enum action action);
	/*
	 * Describe the most remarkable row in text[UI_TEXT], and choose another style than
	 * STYLE_WARN if it is worse or better; false: there is none.
	 */
	bool (*hint)(struct ui *ui, char *text, enum term_style *style);
};

extern const struct view view_overview, view_latency, view_faults, view_devices, view_space,
	view_policies, view_payers, view_detail, view_areas;

/* ---- helpers for views ---- */

/* Draw the first list. */
void view__draw_one(const struct view *view, struct ui *ui, int y, int lines, int columns);
/*
 * Draw the first list and another one below it; only the one with the focus if there are few lines.
 */
void view__draw_with(const struct view *view, unsigned int other, struct ui *ui, int y, int lines,
		     int columns);
/* Draw the first and the second list. */
void view__draw_two(const struct view *view, struct ui *ui, int y, int lines, int columns);
/*
 * The context or the IOAS that the keys for the next and the previous one select, from the row with
 * this index on; NULL if the key is another one, or if there is no such row.
 */
const struct model_node *view__neighbour(const struct ui *ui, int index, enum action action,
					 bool is_ioas);
/* Move the focus to the next list. */
bool view__switch_focus(const struct view *view, struct ui *ui, enum action action);

/* Format a cell of the model by the name of its column. */
void view__text(char cell[MODEL_CELL], const struct model *model, enum model_table table,
		const char *column, const void *row);

/*
 * Write the whole text of the selected row's column, "REASON: ...", if its cell was cut; false: it
 * was not. For the hint of a view whose list has the focus.
 */
bool view__cut_text(const struct view *view, const struct ui *ui, const char *column, char *text);

/* Cells that several views have: of a device, and of a line of the event stream. */
void view__device_cell(struct view_cell *cell, const struct view_row *of);
#define VIEW_DEVICE_COLUMN \
	{ .name = "name", \
	  .title = "DEVICE/PASID", \
	  .width = 18, \
	  .least = 16, \
	  .most = 30, \
	  .cell = view__device_cell, \
	  .left = true, \
	  .searched = true, \
	  .middle = true }
void view__what_cell(struct view_cell *cell, const struct view_row *of);
void view__reason_cell(struct view_cell *cell, const struct view_row *of);

/* Write a class of lengths, from its bounds in bytes: "4K to 8K". */
void view__length_class(char cell[MODEL_CELL], __u64 first, __u64 last);

/*
 * Write the process of a context or IOAS: "nvme-io 900"; or the machine or container, and the
 * process: "vm1 812 qemu". The last word is the first to be cut, and all virtual machine monitors
 * have the same name.
 */
void view__who(char who[MODEL_CELL], const struct model *model, const struct model_node *node);

/* ---- the IOAS of the views of areas and of the IOVA map: ioas.c ---- */

/* The row of ui->ioas; NULL if there is none. */
const struct model_node *view_ioas__node(const struct ui *ui);
/* Let the model collect ui->ioas; without one, choose the largest. */
void view_ioas__choose(struct ui *ui);
/* Choose the first IOAS of a context, unless one of that context is chosen. */
void view_ioas__of(struct ui *ui, __u32 ctx);
/* Handle the keys for another IOAS, and back to the overview. */
bool view_ioas__act(struct ui *ui, enum action action);
/* The reason why there is nothing to show. */
const char *view_ioas__why_absent(const struct ui *ui, bool is_wanted);

/* The style for a used share of a limit, in 1/100 percent. */
enum term_style view__share_style(__u64 share);

#endif /* _IOMMUTOP_VIEW_H */
