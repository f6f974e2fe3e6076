/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The values of a request in a case.
 */
#ifndef _IOPOLICY_RULES_CASE_FIELDS_H
#define _IOPOLICY_RULES_CASE_FIELDS_H

#include "rules/cases.h"
#include "rules/lex.h"
#include "rules/value.h"

/* Read FIELD=VALUE or a flag. */
int case__read_value(struct rules_case *one, struct lex *lex);

#endif /* _IOPOLICY_RULES_CASE_FIELDS_H */
