/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A strict reader of JSON lines, by the letter of RFC 8259: each line is one object and nothing
 * else, with no commas too many, no control characters, numbers as they should be, UTF-8
 * throughout, no key twice in an object. Tests neither need a JSON program on the machine nor trust the writer
 * under test.
 *
 * An object becomes a list of pairs. Keys of objects within are joined by dots (a.0.b in an array
 * of objects), elements of arrays by commas, also those of arrays within. Strings come without quotes,
 * with their escapes as they stand.
 */
#ifndef TESTS_LIB_JSONREAD_H
#define TESTS_LIB_JSONREAD_H

#include <stdbool.h>
#include <stdio.h>

#define JSONREAD_LINE (1u << 20)
#define JSONREAD_PAIRS 2048

enum jsonread_type {
	JSONREAD_STRING,
	JSONREAD_NUMBER,
	JSONREAD_TRUE,
	JSONREAD_FALSE,
	JSONREAD_NULL,
	JSONREAD_ARRAY,
};

struct jsonread_pair {
	char key[128];
	enum jsonread_type type;
	/* Of an array, what its elements are; -1 for an empty one, -2 for several kinds. */
	int element;
	const char *value;
};

struct jsonread {
	FILE *in;
	unsigned long nr_line;
	unsigned int nr;
	struct jsonread_pair pair[JSONREAD_PAIRS];
	char line[JSONREAD_LINE];
	const char *at; /* where the reading is */
	const char *error;  /* NULL: none */
	unsigned int depth;
	char text[JSONREAD_LINE]; /* the values */
	size_t used;
};

/* 1: a line was read, 0: the end, -1: not such an object; jsonread__complain() says why. */
int jsonread__next(struct jsonread *json);
void jsonread__complain(const struct jsonread *json, const char *program);
/* NULL without the key. */
const struct jsonread_pair *jsonread__find(const struct jsonread *json, const char *key);

#endif
