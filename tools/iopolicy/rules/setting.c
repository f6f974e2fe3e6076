// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names and settings, which rules and the file itself have.
 */
#include <limits.h>
#include <string.h>

#include "parse.h"
#include "rules/statement.h"

bool parser__is_name(const char *word)
{
	static const char valid[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-.";
	size_t length = strlen(word);

	return length && length < RULES_WHAT_MAX && strspn(word, valid) == length;
}

int parser__priority(struct parser *parser, __s32 *priority)
{
	struct lex *lex = &parser->lex;
	char why[PARSE_WHY_MAX];
	__s64 number;

	if (lex->kind != LEX_WORD)
		return lex__expected(lex, "a number");
	if (parse__signed(lex->word, INT_MIN, INT_MAX, &number, why))
		return lex__fail(lex, "priority: %s", why);
	*priority = number;
	return lex__next(lex);
}

int parser__when_slow(struct parser *parser, bool *eject)
{
	int err = 0;

	*eject = lex__take(&parser->lex, "eject", &err);
	if (*eject || lex__take(&parser->lex, "refuse", &err))
		return err;
	return lex__expected(&parser->lex, "refuse or eject");
}

int parser__mode(struct parser *parser, bool *audit)
{
	int err = 0;

	*audit = lex__take(&parser->lex, "audit", &err);
	if (*audit || lex__take(&parser->lex, "enforce", &err))
		return err;
	return lex__expected(&parser->lex, "audit or enforce");
}
