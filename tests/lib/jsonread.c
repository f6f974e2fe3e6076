// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON lines, strictly; see jsonread.h.
 */
#include <ctype.h>
#include <string.h>

#include "jsonread.h"

#define MAX_DEPTH 8

static bool fail(struct jsonread *r, const char *error)
{
	if (!r->error)
		r->error = error;
	return false;
}

static bool take(struct jsonread *r, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(r->at, word, length))
		return false;
	r->at += length;
	return true;
}

/* Values are never longer than the line that they are from. */
static void put(struct jsonread *r, const char *from, size_t length)
{
	memcpy(r->text + r->used, from, length);
	r->used += length;
}

/* Length of the UTF-8 character at text, 0 if it is none. */
static unsigned int utf8_length(const unsigned char *text)
{
	unsigned int length, i;

	if (*text < 0x80)
		return 1;
	if (*text < 0xc2 || *text > 0xf4)
		return 0;
	length = *text < 0xe0 ? 2 : *text < 0xf0 ? 3 : 4;
	for (i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return length;
}

static bool read_escape(struct jsonread *r)
{
	int i;

	r->at++;
	if (*r->at && strchr("\"\\/bfnrt", *r->at)) {
		r->at++;
		return true;
	}
	if (*r->at++ != 'u')
		return fail(r, "unknown escape");
	for (i = 0; i < 4; i++)
		if (!isxdigit((unsigned char)*r->at++))
			return fail(r, "bad \\u escape");
	return true;
}

static bool read_string(struct jsonread *r)
{
	const char *begin = r->at + 1;
	unsigned int length;

	if (*r->at++ != '"')
		return fail(r, "a string should begin here");
	while (*r->at != '"') {
		if (*r->at == '\\') {
			if (!read_escape(r))
				return false;
			continue;
		}
		length = utf8_length((const unsigned char *)r->at);
		if ((unsigned char)*r->at < 0x20 || !length)
			return fail(r, "control character, bad UTF-8 or end within a string");
		r->at += length;
	}
	put(r, begin, r->at - begin);
	r->at++;
	return true;
}

static bool read_digits(struct jsonread *r)
{
	const char *begin = r->at;

	while (isdigit((unsigned char)*r->at))
		r->at++;
	return r->at > begin || fail(r, "a digit should be here");
}

static bool read_number(struct jsonread *r)
{
	const char *begin = r->at;

	take(r, "-");
	if (!take(r, "0") && !read_digits(r))
		return false;
	if (take(r, ".") && !read_digits(r))
		return false;
	if (take(r, "e") || take(r, "E")) {
		if (!take(r, "-"))
			take(r, "+");
		if (!read_digits(r))
			return false;
	}
	put(r, begin, r->at - begin);
	return true;
}

static bool read_scalar(struct jsonread *r, int *type)
{
	static const char *const words[] = { "true", "false", "null" };
	unsigned int i;

	if (*r->at == '"') {
		*type = JSONREAD_STRING;
		return read_string(r);
	}
	for (i = 0; i < 3; i++) {
		if (!take(r, words[i]))
			continue;
		*type = JSONREAD_TRUE + i;
		put(r, words[i], strlen(words[i]));
		return true;
	}
	*type = JSONREAD_NUMBER;
	return read_number(r);
}

static bool read_array(struct jsonread *r, int *element)
{
	int type, within;
	bool good;

	*element = -1;
	if (r->depth++ == MAX_DEPTH)
		return fail(r, "too deep for this reader");
	take(r, "[");
	if (!take(r, "]")) {
		do {
			if (*element != -1)
				put(r, ",", 1);
			if (*r->at == '[') {
				type = JSONREAD_ARRAY;
				good = read_array(r, &within);
			} else {
				good = read_scalar(r, &type);
			}
			if (!good)
				return false;
			*element = *element == -1 || *element == type ? type : -2;
		} while (take(r, ","));
		if (!take(r, "]"))
			return fail(r, "',' or ']' should be here");
	}
	r->depth--;
	return true;
}

static bool read_object(struct jsonread *r, const char *prefix);

static bool read_objects(struct jsonread *r, const char *key)
{
	unsigned int nr = 0;
	char prefix[144];

	take(r, "[");
	do {
		snprintf(prefix, sizeof(prefix), "%s.%u.", key, nr++);
		if (!read_object(r, prefix))
			return false;
	} while (take(r, ","));
	return take(r, "]") || fail(r, "',' or ']' should be here");
}

static bool read_key(struct jsonread *r, const char *prefix, char key[128])
{
	size_t begin = r->used;
	unsigned int i;

	if (!read_string(r))
		return false;
	if (!take(r, ":"))
		return fail(r, "':' should be here");
	if (strlen(prefix) + r->used - begin >= 127)
		return fail(r, "a key too long for this reader");
	snprintf(key, 128, "%s%.*s", prefix, (int)(r->used - begin), r->text + begin);
	r->used = begin;
	for (i = 0; i < r->nr; i++)
		if (!strcmp(r->pair[i].key, key))
			return fail(r, "a key for the second time");
	return true;
}

static bool read_member(struct jsonread *r, const char *prefix)
{
	struct jsonread_pair *pair;
	char key[128];
	bool good;
	int type;

	if (!read_key(r, prefix, key))
		return false;
	if (*r->at == '{') {
		strcat(key, ".");
		return read_object(r, key);
	}
	if (!strncmp(r->at, "[{", 2))
		return read_objects(r, key);
	if (r->nr == JSONREAD_PAIRS)
		return fail(r, "too many keys for this reader");
	pair = &r->pair[r->nr++];
	strcpy(pair->key, key);
	pair->value = r->text + r->used;
	pair->element = -1;
	if (*r->at == '[') {
		type = JSONREAD_ARRAY;
		good = read_array(r, &pair->element);
	} else {
		good = read_scalar(r, &type);
	}
	pair->type = type;
	r->text[r->used++] = '\0';
	return good;
}

static bool read_object(struct jsonread *r, const char *prefix)
{
	if (r->depth++ == MAX_DEPTH)
		return fail(r, "too deep for this reader");
	if (!take(r, "{"))
		return fail(r, "'{' should be here");
	if (!take(r, "}")) {
		do {
			if (!read_member(r, prefix))
				return false;
		} while (take(r, ","));
		if (!take(r, "}"))
			return fail(r, "',' or '}' should be here");
	}
	r->depth--;
	return true;
}

int jsonread__next(struct jsonread *r)
{
	size_t length;

	if (!fgets(r->line, sizeof(r->line), r->in))
		return 0;
	r->nr_line++;
	r->nr = 0;
	r->depth = 0;
	r->used = 0;
	r->error = NULL;
	r->at = r->line;
	length = strcspn(r->line, "\n");
	if (r->line[length] != '\n' || length != strlen(r->line) - 1)
		fail(r, "the line has no end");
	r->line[length] = '\0';
	if (!r->error && read_object(r, "") && *r->at)
		fail(r, "the line should end here");
	return r->error ? -1 : 1;
}

void jsonread__complain(const struct jsonread *r, const char *program)
{
	fprintf(stderr, "%s: line %lu, column %zu: %s\n%s\n", program, r->nr_line,
		(size_t)(r->at - r->line) + 1, r->error, r->line);
}

const struct jsonread_pair *jsonread__find(const struct jsonread *r, const char *key)
{
	unsigned int i;

	for (i = 0; i < r->nr; i++)
		if (!strcmp(r->pair[i].key, key))
			return &r->pair[i];
	return NULL;
}
