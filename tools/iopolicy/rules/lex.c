// SPDX-License-Identifier: GPL-2.0-only
/*
 * Split a rule file into words, see lex.h.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "msg.h"
#include "rules/lex.h"

#define MESSAGE_MAX 1024

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_sign(char c)
{
	return c && strchr("(){},=<>!", c);
}

static void step(struct lex *lex)
{
	if (*lex->at++ == '\n') {
		lex->next.line++;
		lex->next.column = 1;
	} else {
		lex->next.column++;
	}
}

static void skip_blanks(struct lex *lex)
{
	while (lex->at < lex->end && (is_blank(*lex->at) || *lex->at == '#')) {
		if (*lex->at == '#')
			while (lex->at < lex->end && *lex->at != '\n')
				step(lex);
		else
			step(lex);
	}
}

int rules__fail(const char *file, struct rules_place place, const char *format, ...)
{
	char text[MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	msg("%s:%u:%u: %s", file, place.line, place.column, text);
	return -ENOEXEC;
}

int lex__fail(const struct lex *lex, const char *format, ...)
{
	char text[MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return rules__fail(lex->file, lex->place, "%s", text);
}

int lex__expected(const struct lex *lex, const char *what)
{
	if (lex->kind == LEX_END)
		return lex__fail(lex, "found the end of the file, expected %s", what);
	return lex__fail(lex, "found '%.60s', expected %s", lex->word, what);
}

static int add_char(struct lex *lex, size_t *size)
{
	unsigned char c = *lex->at;

	if (*size == LEX_WORD_MAX - 1)
		return lex__fail(lex, "the word '%.20s...' is longer than %d bytes", lex->word,
				 LEX_WORD_MAX - 1);
	if (c < ' ' || c == 0x7f) {
		lex->place = lex->next;
		return lex__fail(lex, "found a control character (0x%02x)", c);
	}
	lex->word[(*size)++] = c;
	lex->word[*size] = '\0';
	step(lex);
	return 0;
}

static int read_string(struct lex *lex)
{
	size_t size = 0;
	int err = 0;

	lex->kind = LEX_STRING;
	step(lex);
	while (!err && lex->at < lex->end && *lex->at != '"' && *lex->at != '\n')
		err = add_char(lex, &size);
	if (err)
		return err;
	if (lex->at == lex->end || *lex->at == '\n')
		return lex__fail(lex, "the string has no end; add a \" on the same line");
	step(lex);
	return 0;
}

static int read_sign(struct lex *lex)
{
	size_t size = 0;
	char first = *lex->at;
	int err;

	lex->kind = LEX_SIGN;
	err = add_char(lex, &size);
	if (!err && strchr("<>!=", first) && lex->at < lex->end && *lex->at == '=')
		err = add_char(lex, &size);
	if (!err && !strcmp(lex->word, "=="))
		strcpy(lex->word, "=");
	if (!err && !strcmp(lex->word, "!"))
		return lex__fail(lex, "found '!', expected != or not");
	return err;
}

/* Replace $NAME by the value of the parameter. */
static int replace_param(struct lex *lex)
{
	unsigned int i;

	for (i = 0; i < lex->rules->nr_params; i++)
		if (!strcmp(lex->rules->params[i].name, lex->word + 1)) {
			strcpy(lex->word, lex->rules->params[i].value);
			lex->is_param = true;
			return 0;
		}
	return lex__fail(lex,
			 "there is no parameter '%.40s'; declare it above: param %.40s = VALUE",
			 lex->word + 1, lex->word + 1);
}

int lex__next(struct lex *lex)
{
	size_t size = 0;
	int err = 0;

	lex->before = lex->at;
	skip_blanks(lex);
	lex->place = lex->next;
	lex->word_at = lex->at;
	lex->word[0] = '\0';
	lex->is_param = false;
	if (lex->at == lex->end) {
		lex->kind = LEX_END;
		return 0;
	}
	if (*lex->at == '"')
		return read_string(lex);
	if (is_sign(*lex->at))
		return read_sign(lex);
	lex->kind = LEX_WORD;
	while (!err && lex->at < lex->end && !is_blank(*lex->at) && !is_sign(*lex->at) &&
	       *lex->at != '#' && *lex->at != '"')
		err = add_char(lex, &size);
	if (!err && lex->word[0] == '$' && lex->rules)
		err = replace_param(lex);
	return err;
}

int lex__begin(struct lex *lex, const char *file, const struct rules *rules, const char *text,
	       size_t size)
{
	*lex = (struct lex){
		.file = file,
		.rules = rules,
		.text = text,
		.at = text,
		.end = text + size,
		.next = { 1, 1 },
		.place = { 1, 1 },
	};
	return lex__next(lex);
}

bool lex__is(const struct lex *lex, const char *word)
{
	return (lex->kind == LEX_WORD || lex->kind == LEX_SIGN) && !lex->is_param &&
	       !strcmp(lex->word, word);
}

bool lex__take(struct lex *lex, const char *word, int *err)
{
	if (!lex__is(lex, word))
		return false;
	*err = lex__next(lex);
	return true;
}
