/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files of the screen: views.c (which view is shown), head.c (the lines above it), modal.c
 * (prompts, menus and help), settings.c (the file of settings). screen.c calls them all. Private to
 * screen/.
 */
#ifndef _IOMMUTOP_SCREEN_PRIVATE_H
#define _IOMMUTOP_SCREEN_PRIVATE_H

#include "screen/screen.h"
#include "view/view.h"

/* ---- views: views.c ---- */

extern const struct view *const views[NR_VIEWS];

/* The list with the focus, in the view that is shown. */
struct view_list *views__focused(const struct ui *ui);
/* Update the lists of the view that is shown. */
void views__update(struct ui *ui);
/* Show a view. */
void views__go(struct ui *ui, enum view_number view);

/* ---- the lines above the view: head.c ---- */

/* Allocates the history of the totals. Returns 0 or -ENOMEM. */
int head__start(struct ui *ui);
void head__stop(struct ui *ui);
/* Forget the history of the totals, because another time is shown. */
void head__restart(struct ui *ui);
/* Note the totals of a refresh. */
void head__refreshed(struct ui *ui);
/* Returns the number of lines used. */
int head__draw(const struct ui *ui, int lines, int columns);
/* The view whose tab is at this place, or -1. */
int head__tab_at(int y, int x);
/* Name the policies that must be in force, and are not; false: there are none. */
bool head__missing(const struct ui *ui, char text[UI_TEXT]);
/* Describe the losses; false: there were none. */
bool head__losses(const struct ui *ui, char text[UI_TEXT]);
/* Write the cost of iommutop. */
void head__self(const struct ui *ui, char text[UI_TEXT]);

/* ---- settings: settings.c ---- */

/*
 * Apply the file, after the views have their defaults. Returns 0, or -errno after a message; then
 * nothing is set, and nothing will be written.
 */
int settings__read(struct ui *ui);
/* Note the settings that the command line has changed, which are not saved. */
void settings__begin(const struct ui *ui);
/* Write the file if a setting was changed; messages say why it cannot. */
void settings__write(const struct ui *ui);

/* ---- prompts, menus and help: modal.c ---- */

void modal__close(void);
/* Open the prompt, menu or help of an action. */
void modal__open(struct ui *ui, enum action action);
bool modal__is_open(void);
/* Draw a prompt in the message line; false: none is open. */
bool modal__draw_prompt(const struct ui *ui, int y, int columns);
/* Draw a menu or the help over the view. */
void modal__draw(const struct ui *ui, int y, int lines, int columns);
/* Handle a key; false: it has its usual meaning, and the prompt or menu was closed. */
bool modal__key(struct ui *ui, int key);

#endif /* _IOMMUTOP_SCREEN_PRIVATE_H */
