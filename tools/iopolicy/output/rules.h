/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commands test and show, as text and as JSON, and code that they share with the others.
 */
#ifndef _IOPOLICY_OUTPUT_RULES_H
#define _IOPOLICY_OUTPUT_RULES_H

#include "json.h"
#include "model/model.h"

/* ---- words.c ---- */

/* "all", the path of the cgroup, or "cgroup 42" if the path is unknown */
char *text__scope(char *text, size_t size, const struct scope *scope);
#define NAME_MAX_SIZE 256
/* Clean a name from an object file, which may have any bytes, or the path of the file. */
char *text__name(char text[NAME_MAX_SIZE], const char *from);

/* ---- record.c ---- */

/* Begin a record with the keys that all records have. */
void json__begin_record(struct json *json, const char *type);
void json__end_record(struct json *json);
void json__put_loaded(struct json *json, const struct list_row *row);
void json__put_param(struct json *json, const struct param *param);

/* ---- rules_text.c ---- */

void text__case_failed(const char *file, struct rules_place place, const char *text);
void text__tested(const struct tested *tested);
void text__shown(const struct shown *shown);

/* ---- rules_json.c ---- */

void json__case_failed(const char *file, struct rules_place place, const char *text);
void json__tested(const struct tested *tested);
void json__shown(const struct shown *shown);

#endif /* _IOPOLICY_OUTPUT_RULES_H */
