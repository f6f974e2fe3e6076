/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules, as statements of a rule file.
 */
#ifndef _IOPOLICY_RULES_STATEMENT_H
#define _IOPOLICY_RULES_STATEMENT_H

#include "rules/parser.h"

/* ---- setting.c ---- */

/* Whether a word may be the name of a rule or a parameter. */
bool parser__is_name(const char *word);
int parser__priority(struct parser *parser, __s32 *priority);
int parser__mode(struct parser *parser, bool *audit);
int parser__when_slow(struct parser *parser, bool *eject);

/* ---- statement.c ---- */

/* Read a rule, from the word "rule" on. */
int statement__rule(struct parser *parser);

/* ---- reason.c ---- */

/* Make the reason of a rule from its text, in which {FIELD} stands for a value. */
int reason__make(struct parser *parser, struct rules_def *def, const char *text);

#endif /* _IOPOLICY_RULES_STATEMENT_H */
