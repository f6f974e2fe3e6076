/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps and their entries, as text and as JSON.
 */
#ifndef _IOPOLICY_OUTPUT_MAP_H
#define _IOPOLICY_OUTPUT_MAP_H

#include "model/entries.h"

/* ---- map_text.c ---- */

void text__map_list(const struct map_list *list);
void text__entries(const struct entries *entries);
void text__entry_change(const struct entry_change *change);

/* ---- map_json.c ---- */

void json__map_list(const struct map_list *list);
void json__entries(const struct entries *entries);
void json__entry_change(const struct entry_change *change);

#endif /* _IOPOLICY_OUTPUT_MAP_H */
