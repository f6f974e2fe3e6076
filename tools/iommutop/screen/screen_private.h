/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parts of the screen around the view: totals and tabs above (screen_head.c), and what takes the
 * keys for a while: prompts, menus, help (screen_modal.c).
 */
#ifndef _IOMMUTOP_SCREEN_PARTS_H
#define _IOMMUTOP_SCREEN_PARTS_H

#include "view/view.h"

/* ---- head ---- */

/* Totals are remembered from refresh to refresh, to draw how they went. */
int head__start(struct ui *ui);
void head__stop(struct ui *ui);
void head__refreshed(struct ui *ui);
/* Returns the lines used, from the top. */
int head__draw(const struct ui *ui, int lines, int columns);
/* The view whose tab is there, or -1. */
int head__tab_at(int y, int x);
/* What was lost, and what the tool itself costs: false if there is nothing to say. */
bool head__losses(const struct ui *ui, char text[UI_TEXT]);
void head__self(const struct ui *ui, char text[UI_TEXT]);

/* ---- what takes the keys ---- */

void modal__close(void);
/* Opens what the action is for: help, a menu, a prompt. */
void modal__open(struct ui *ui, enum action action);
bool modal__is_open(void);
/* Is the line of messages in use by a prompt? Then it is drawn there. */
bool modal__draw_prompt(const struct ui *ui, int y, int columns);
/* Menus and help, over the view. */
void modal__draw(const struct ui *ui, int y, int lines, int columns);
/* False: the key is not for it, and it has closed; do what the key does elsewhere. */
bool modal__key(struct ui *ui, int key);

#endif /* _IOMMUTOP_SCREEN_PARTS_H */
