/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parser of rule files: declarations that its files share.
 */
#ifndef _IOPOLICY_RULES_PARSER_H
#define _IOPOLICY_RULES_PARSER_H

#include "rules/clause.h"
#include "rules/lex.h"
#include "rules/value.h"

struct parser {
	struct lex lex;
	struct rules *rules;
	struct clause_maker maker;
	__u32 hooks; /* of the rule: its tests must make sense at each of them */
	unsigned int depth; /* of parentheses */
};

/* Explain why a function of clause.h returned NULL. */
int parser__no_clauses(const struct parser *parser);

/* ---- test.c ---- */

/* Read one test, like "uid = 1000" or "write". */
int test__read(struct parser *parser, const struct clauses **clauses);
/* Read a path of a cgroup, or several in braces. *patterns is 0 for all cgroups. */
int test__read_cgroups(struct parser *parser, __u64 *patterns);

/* ---- condition.c ---- */

int condition__read(struct parser *parser, const struct clauses **clauses);

#endif /* _IOPOLICY_RULES_PARSER_H */
