/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words of a rule file.
 *
 * A word is a name, a number, a path, a string in quotes, or one of ( ) { } , = != < <= > >=. A #
 * begins a comment. Line breaks are blanks. The parser looks at the current word, and goes on.
 */
#ifndef _IOPOLICY_RULES_LEX_H
#define _IOPOLICY_RULES_LEX_H

#include "rules/rules.h"

#define LEX_WORD_MAX 256

enum lex_kind { LEX_END, LEX_WORD, LEX_STRING, LEX_SIGN };

struct lex {
	const char *file;
	const struct rules *rules; /* for $NAME; NULL: no parameters */
	const char *text;
	const char *at; /* behind the current word */
	const char *end;
	const char *word_at; /* where the current word begins */
	const char *before; /* the end of the word before */
	struct rules_place place; /* of the current word */
	struct rules_place next; /* of at */
	enum lex_kind kind;
	char word[LEX_WORD_MAX]; /* parameters are replaced by their values */
	bool is_param; /* the word comes from a parameter */
};

/* Begin, and read the first word. Return 0, or -ENOEXEC after a message. */
int lex__begin(struct lex *lex, const char *file, const struct rules *rules, const char *text,
	       size_t size);
/* Go on to the next word. */
int lex__next(struct lex *lex);
/* Whether the current word is this name or sign. */
bool lex__is(const struct lex *lex, const char *word);
/* The same, and go on if it is; *err is that of lex__next(). */
bool lex__take(struct lex *lex, const char *word, int *err);

/* "FILE:LINE:COLUMN: found 'X', expected ...". Return -ENOEXEC. */
int lex__expected(const struct lex *lex, const char *what);
/* The same with any text, about the current word or another place. */
int lex__fail(const struct lex *lex, const char *format, ...) __attribute__((format(printf, 2, 3)));
int rules__fail(const char *file, struct rules_place place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* _IOPOLICY_RULES_LEX_H */
