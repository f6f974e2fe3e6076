// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads JSON lines strictly and prints what tests compare, so that neither needs a JSON program on
 * the machine nor trusts the writer under test.
 *
 *	json-lines [KEY...] <FILE
 *
 * Each line must be one object and nothing else, by the letter of RFC 8259: no commas too many,
 * no control characters, numbers as they should be, UTF-8 throughout, no key twice in an object.
 * For each one a line is written, with key=value of those KEYs that it has, in the order given; of
 * all without KEYs. Keys of objects within are joined by dots (a.0.b in an array of
 * objects), elements of arrays by commas.
 * Strings come without quotes, with their escapes as they stand. Exits with 1 at the first line
 * that is not such an object, saying why on stderr, 2 for usage.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LINE	(1u << 20)
#define MAX_PAIRS	2048
#define MAX_DEPTH	8

struct reader {
	const char *at;
	const char *error;
	unsigned int depth;
	unsigned int nr;
	struct {
		char key[128];
		char value[1024];
	} pair[MAX_PAIRS];
};

static bool fail(struct reader *r, const char *error)
{
	if (!r->error)
		r->error = error;
	return false;
}

static bool take(struct reader *r, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(r->at, word, length))
		return false;
	r->at += length;
	return true;
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

static bool read_escape(struct reader *r)
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

static bool read_string(struct reader *r, char *text, size_t size)
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
	if ((size_t)(r->at - begin) >= size)
		return fail(r, "a string too long for this program");
	memcpy(text, begin, r->at - begin);
	text[r->at - begin] = '\0';
	r->at++;
	return true;
}

static bool read_digits(struct reader *r)
{
	const char *begin = r->at;

	while (isdigit((unsigned char)*r->at))
		r->at++;
	return r->at > begin || fail(r, "a digit should be here");
}

static bool read_number(struct reader *r, char *text, size_t size)
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
	snprintf(text, size, "%.*s", (int)(r->at - begin), begin);
	return true;
}

static bool read_scalar(struct reader *r, char *text, size_t size)
{
	static const char *const words[] = { "null", "true", "false" };
	unsigned int i;

	if (*r->at == '"')
		return read_string(r, text, size);
	for (i = 0; i < 3; i++) {
		if (take(r, words[i])) {
			snprintf(text, size, "%s", words[i]);
			return true;
		}
	}
	return read_number(r, text, size);
}

static bool read_array(struct reader *r, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	take(r, "[");
	if (take(r, "]"))
		return true;
	do {
		if (length && length + 1 < size)
			text[length++] = ',';
		if (!read_scalar(r, text + length, size - length))
			return false;
		length += strlen(text + length);
	} while (take(r, ","));
	return take(r, "]") || fail(r, "',' or ']' should be here");
}

static bool read_object(struct reader *r, const char *prefix);

static bool read_objects(struct reader *r, const char *key)
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

static bool read_member(struct reader *r, const char *prefix)
{
	char name[64], key[128];
	unsigned int i;

	if (!read_string(r, name, sizeof(name)))
		return false;
	if (!take(r, ":"))
		return fail(r, "':' should be here");
	snprintf(key, sizeof(key), "%s%s", prefix, name);
	for (i = 0; i < r->nr; i++)
		if (!strcmp(r->pair[i].key, key))
			return fail(r, "a key for the second time");
	if (*r->at == '{') {
		strncat(key, ".", sizeof(key) - strlen(key) - 1);
		return read_object(r, key);
	}
	if (!strncmp(r->at, "[{", 2))
		return read_objects(r, key);
	if (r->nr == MAX_PAIRS)
		return fail(r, "too many keys for this program");
	strcpy(r->pair[r->nr].key, key);
	i = r->nr++;
	if (*r->at == '[')
		return read_array(r, r->pair[i].value, sizeof(r->pair[i].value));
	return read_scalar(r, r->pair[i].value, sizeof(r->pair[i].value));
}

static bool read_object(struct reader *r, const char *prefix)
{
	if (r->depth++ == MAX_DEPTH)
		return fail(r, "too deep for this program");
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

static void print(const struct reader *r, int nr_keys, char **keys)
{
	const char *blank = "";
	unsigned int i;
	int k;

	for (k = 0; k < (nr_keys ? nr_keys : 1); k++) {
		for (i = 0; i < r->nr; i++) {
			if (nr_keys && strcmp(r->pair[i].key, keys[k]))
				continue;
			printf("%s%s=%s", blank, r->pair[i].key, r->pair[i].value);
			blank = " ";
		}
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	static struct reader r;
	static char line[MAX_LINE];
	unsigned long nr = 0;
	size_t length;

	if (argc > 1 && argv[1][0] == '-') {
		fprintf(stderr, "usage: json-lines [KEY...] <FILE\n");
		return 2;
	}
	while (fgets(line, sizeof(line), stdin)) {
		nr++;
		length = strcspn(line, "\n");
		r = (struct reader){ .at = line };
		if (line[length] != '\n' || length != strlen(line) - 1)
			fail(&r, "the line has no end");
		line[length] = '\0';
		if (!r.error && read_object(&r, "") && *r.at)
			fail(&r, "the line should end here");
		if (r.error) {
			fprintf(stderr, "json-lines: line %lu, column %zu: %s\n%s\n", nr,
				(size_t)(r.at - line) + 1, r.error, line);
			return 1;
		}
		print(&r, argc - 1, argv + 1);
	}
	return 0;
}
