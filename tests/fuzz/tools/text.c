// SPDX-License-Identifier: GPL-2.0-only
/*
 * Strings from other processes: the sanitiser, and the JSON writer, which escapes them itself. The
 * first byte is the width.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "json.h"
#include "text.h"

static void write_json(const char *text, size_t size)
{
	struct json json;

	json__init(&json, stdout);
	json__object(&json, NULL);
	json__string_n(&json, "text", text, size);
	json__array(&json, "array");
	json__string(&json, NULL, text);
	json__decimal(&json, NULL, size, size % 10);
	json__s64(&json, NULL, -(__s64)size);
	json__end(&json);
	json__hex(&json, "hex", size);
	json__end(&json);
	json__line(&json);
}

static void clean(const char *text, size_t size, unsigned int width, bool utf8)
{
	size_t room = width + 1;
	char *clean = malloc(room);
	unsigned int columns = text__clean(clean, room, text, size, width, utf8);

	if (columns > width || text__columns(clean) != columns)
		abort();
	printf("%s\n", clean);
	free(clean);
}

int fuzz__input(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = fuzz__string(data + 1, size - 1);
	fuzz__capture();
	write_json(text, size - 1);
	fuzz__check(FUZZ_JSON);
	fuzz__capture();
	clean(text, size - 1, data[0], false);
	clean(text, size - 1, data[0], true);
	fuzz__check(FUZZ_TEXT);
	free(text);
	return 0;
}
