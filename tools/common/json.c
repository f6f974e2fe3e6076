// SPDX-License-Identifier: GPL-2.0-only
/*
 * The JSON writer, see json.h.
 *
 * It keeps for each open object or array how it ends and whether a comma is due. Nesting beyond
 * JSON_MAX_DEPTH and an end without a beginning are bugs in the caller, which assert() catches.
 *
 * The writer has a buffer of its own, because an event consists of dozens of small pieces, and even
 * the unlocked functions of stdio would take longer than everything else.
 */
#include <assert.h>
#include <string.h>

#include "json.h"
#include "text.h"

static void hand_over(struct json *json)
{
	fwrite_unlocked(json->buffer, 1, json->used, json->out);
	json->used = 0;
}

static void put(struct json *json, const char *text, size_t size)
{
	if (size > JSON_BUFFER - json->used)
		hand_over(json);
	if (size > JSON_BUFFER) {
		fwrite_unlocked(text, 1, size, json->out);
		return;
	}
	memcpy(json->buffer + json->used, text, size);
	json->used += size;
}

static void put_char(struct json *json, char c)
{
	put(json, &c, 1);
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Write one character that is not plain. Returns its length in the text. */
static unsigned int put_special(struct json *json, const char *text, size_t size)
{
	unsigned int length;
	char escape[8];
	__u32 point;

	length = text__decode(text, size, &point);
	if (!length)
		point = 0xfffd;
	if (point == '"' || point == '\\') {
		put_char(json, '\\');
		put_char(json, point);
	} else if (!length || point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 ||
		   point == 0x2029) {
		put(json, escape, snprintf(escape, sizeof(escape), "\\u%04x", point));
	} else {
		put(json, text, length);
	}
	return length ? length : 1;
}

static void put_string(struct json *json, const char *text, size_t size)
{
	size_t length;

	put_char(json, '"');
	while (size) {
		for (length = 0; length < size && is_plain(text[length]); length++)
			;
		put(json, text, length);
		if (length < size)
			length += put_special(json, text + length, size - length);
		text += length;
		size -= length;
	}
	put_char(json, '"');
}

/* Write the comma and the key before a value. */
static void begin_value(struct json *json, const char *key)
{
	assert(!!key == (json->level[json->depth].close == '}'));
	if (json->level[json->depth].has_values)
		put_char(json, ',');
	json->level[json->depth].has_values = true;
	if (key) {
		put_char(json, '"');
		put(json, key, strlen(key));
		put(json, "\":", 2);
	}
}

static void put_number(struct json *json, __u64 value, bool negative)
{
	char digits[24], *digit = digits + sizeof(digits);

	do {
		*--digit = '0' + value % 10;
		value /= 10;
	} while (value);
	if (negative)
		*--digit = '-';
	put(json, digit, digits + sizeof(digits) - digit);
}

static void open_level(struct json *json, const char *key, char open, char close)
{
	begin_value(json, key);
	assert(json->depth < JSON_MAX_DEPTH);
	put_char(json, open);
	json->depth++;
	json->level[json->depth].close = close;
	json->level[json->depth].has_values = false;
}

void json__init(struct json *json, FILE *out)
{
	memset(json, 0, sizeof(*json));
	json->out = out;
}

void json__object(struct json *json, const char *key)
{
	open_level(json, key, '{', '}');
}

void json__array(struct json *json, const char *key)
{
	open_level(json, key, '[', ']');
}

void json__end(struct json *json)
{
	assert(json->depth);
	put_char(json, json->level[json->depth--].close);
}

void json__line(struct json *json)
{
	assert(!json->depth);
	json->level[0].has_values = false;
	put_char(json, '\n');
	hand_over(json);
}

void json__newline(struct json *json)
{
	put_char(json, '\n');
}

void json__u64(struct json *json, const char *key, __u64 value)
{
	begin_value(json, key);
	put_number(json, value, false);
}

void json__s64(struct json *json, const char *key, __s64 value)
{
	begin_value(json, key);
	put_number(json, value < 0 ? -(__u64)value : (__u64)value, value < 0);
}

void json__decimal(struct json *json, const char *key, __u64 value, unsigned int decimals)
{
	char text[32];
	__u64 unit = 1;
	unsigned int i;

	for (i = 0; i < decimals; i++)
		unit *= 10;
	begin_value(json, key);
	put_number(json, value / unit, false);
	if (decimals)
		put(json, text, snprintf(text, sizeof(text), ".%0*llu", decimals, value % unit));
}

void json__bool(struct json *json, const char *key, bool value)
{
	begin_value(json, key);
	if (value)
		put(json, "true", 4);
	else
		put(json, "false", 5);
}

void json__null(struct json *json, const char *key)
{
	begin_value(json, key);
	put(json, "null", 4);
}

void json__hex(struct json *json, const char *key, __u64 value)
{
	char digits[20], *digit = digits + sizeof(digits);

	*--digit = '"';
	do {
		*--digit = "0123456789abcdef"[value & 15];
		value >>= 4;
	} while (value);
	*--digit = 'x';
	*--digit = '0';
	*--digit = '"';
	begin_value(json, key);
	put(json, digit, digits + sizeof(digits) - digit);
}

void json__string_or_null(struct json *json, const char *key, const char *text, size_t size)
{
	if (size && *text)
		json__string_n(json, key, text, size);
	else
		json__null(json, key);
}

void json__string(struct json *json, const char *key, const char *text)
{
	begin_value(json, key);
	put_string(json, text, strlen(text));
}

void json__string_n(struct json *json, const char *key, const char *text, size_t size)
{
	begin_value(json, key);
	put_string(json, text, strnlen(text, size));
}

void json__u64_or_null(struct json *json, const char *key, bool is_known, __u64 value)
{
	if (is_known)
		json__u64(json, key, value);
	else
		json__null(json, key);
}

void json__hex_or_null(struct json *json, const char *key, bool is_known, __u64 value)
{
	if (is_known)
		json__hex(json, key, value);
	else
		json__null(json, key);
}
