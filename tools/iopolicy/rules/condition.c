// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conditions: tests with and, or, not and parentheses. not binds tightest, then and, then or.
 */
#include <errno.h>

#include "rules/parser.h"

#define MAX_DEPTH 32

static int read_parentheses(struct parser *parser, const struct clauses **clauses)
{
	struct lex *lex = &parser->lex;
	int err;

	if (parser->depth == MAX_DEPTH)
		return lex__fail(lex, "more than %d parentheses inside each other", MAX_DEPTH);
	err = lex__next(lex);
	parser->depth++;
	if (!err)
		err = condition__read(parser, clauses);
	parser->depth--;
	if (!err && !lex__take(lex, ")", &err))
		return err ? err : lex__expected(lex, "and, or, or )");
	return err;
}

static int read_operand(struct parser *parser, const struct clauses **clauses)
{
	struct lex *lex = &parser->lex;
	bool negate = false;
	int err = 0;

	while (!err && lex__take(lex, "not", &err))
		negate = !negate;
	if (err)
		return err;
	err = lex__is(lex, "(") ? read_parentheses(parser, clauses) : test__read(parser, clauses);
	if (err || !negate)
		return err;
	*clauses = clauses__not(&parser->maker, *clauses);
	return *clauses ? 0 : parser__no_clauses(parser);
}

static int read_and(struct parser *parser, const struct clauses **clauses)
{
	const struct clauses *other;
	int err;

	err = read_operand(parser, clauses);
	while (!err && lex__take(&parser->lex, "and", &err)) {
		if (!err)
			err = read_operand(parser, &other);
		if (err)
			return err;
		*clauses = clauses__and(&parser->maker, *clauses, other);
		if (!*clauses)
			return parser__no_clauses(parser);
	}
	return err;
}

int condition__read(struct parser *parser, const struct clauses **clauses)
{
	const struct clauses *other;
	int err;

	err = read_and(parser, clauses);
	while (!err && lex__take(&parser->lex, "or", &err)) {
		if (!err)
			err = read_and(parser, &other);
		if (err)
			return err;
		*clauses = clauses__or(&parser->maker, *clauses, other);
		if (!*clauses)
			return parser__no_clauses(parser);
	}
	return err;
}
