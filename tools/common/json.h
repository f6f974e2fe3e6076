/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The JSON writer: commas, quotes and escapes are written here and nowhere else.
 *
 *	struct json json;
 *
 *	json__init(&json, stdout);
 *	json__object(&json, NULL);
 *	json__u64(&json, "length_bytes", 4096);
 *	json__array(&json, "events");
 *	json__string(&json, NULL, "map");
 *	json__end(&json);
 *	json__end(&json);
 *	json__line(&json);
 *
 * A value in an object has a key, one in an array has none (NULL). Everything goes on one line
 * until json__line() ends it or json__newline() breaks it. Keys must be plain ASCII without
 * characters to escape. A line reaches the stream with json__line() at the latest; errors of the
 * stream stay there, for ferror().
 */
#ifndef _COMMON_JSON_H
#define _COMMON_JSON_H

#include <stdbool.h>
#include <stdio.h>
#include <linux/types.h>

#define JSON_MAX_DEPTH 8
#define JSON_BUFFER 1024

struct json {
	FILE *out;
	unsigned int depth;
	struct {
		char close; /* '}' or ']' */
		bool has_values;
	} level[JSON_MAX_DEPTH + 1];
	size_t used;
	char buffer[JSON_BUFFER]; /* not yet in the stream */
};

void json__init(struct json *json, FILE *out);
void json__object(struct json *json, const char *key);
void json__array(struct json *json, const char *key);
void json__end(struct json *json);
void json__line(struct json *json);
/* Begin a new line before a value or an end. */
void json__newline(struct json *json);

void json__u64(struct json *json, const char *key, __u64 value);
void json__s64(struct json *json, const char *key, __s64 value);
/* Write value / 10^decimals: json__decimal(json, key, 4273, 2) writes 42.73. At most 9 decimals. */
void json__decimal(struct json *json, const char *key, __u64 value, unsigned int decimals);
void json__bool(struct json *json, const char *key, bool value);
void json__null(struct json *json, const char *key);

/* A number, or null if it is not known. */
void json__u64_or_null(struct json *json, const char *key, bool is_known, __u64 value);

/* Write "0x...": for addresses and flags, because many JSON readers round numbers above 2^53. */
void json__hex(struct json *json, const char *key, __u64 value);
void json__hex_or_null(struct json *json, const char *key, bool is_known, __u64 value);

/* Write any bytes up to a NUL, or at most size of them; invalid UTF-8 becomes U+FFFD. */
void json__string(struct json *json, const char *key, const char *text);
void json__string_n(struct json *json, const char *key, const char *text, size_t size);
/* The same, but null instead of "", which stands for an unknown value. */
void json__string_or_null(struct json *json, const char *key, const char *text, size_t size);

#endif /* _COMMON_JSON_H */
