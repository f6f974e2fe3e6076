// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sanitiser of strings, for plain text and JSON: control characters, invalid UTF-8, characters
 * that change the direction of writing, strings without a NUL.
 */
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/tap.h"
#include "json.h"
#include "text.h"

static void cleans(const char *src, size_t size, bool utf8, const char *want)
{
	unsigned int columns;
	char dst[64];

	columns = text__clean(dst, sizeof(dst), src, size, 40, utf8);
	if (!tap__ok(!strcmp(dst, want) && columns == text__columns(want), "clean: '%s'", want))
		tap__diag("got '%s', %u columns", dst, columns);
}

static void test_ascii(void)
{
	char dst[8];

	cleans("bash", 16, false, "bash");
	cleans("CPU 0/KVM", 16, false, "CPU 0/KVM");
	cleans("a\033[2Jb\n\r\t\177c", 16, false, "a?[2Jb????c");
	cleans("sixteen_letters!more", 16, false, "sixteen_letters!");
	cleans("", 16, false, "");
	cleans("na\xc3\xafve", 16, false, "na?ve");
	tap__is(text__clean(dst, sizeof(dst), "qemu-system-x86", 16, 6, false), 6,
		"six columns are counted");
	tap__ok(!strcmp(dst, "qemu-s"), "the first six columns are copied");
	tap__is(text__clean(dst, 4, "qemu", 4, 40, false), 3,
		"the text is truncated to the buffer");
	tap__ok(!strcmp(dst, "qem"), "the truncated text ends with a NUL");
}

static void test_utf8(void)
{
	char dst[16];

	if (!setlocale(LC_CTYPE, "C.UTF-8") || !text__locale_is_utf8()) {
		tap__skip("this machine has no locale C.UTF-8", "UTF-8");
		return;
	}
	cleans("na\xc3\xafve", 16, true, "na\xc3\xafve");
	cleans("\xe6\x97\xa5\xe6\x9c\xac", 16, true, "\xe6\x97\xa5\xe6\x9c\xac");
	cleans("cut\xe6\x97", 16, true, "cut??");
	cleans("\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xff", 16, true, "??????????");
	cleans("c1\xc2\x9b"
	       "31m",
	       16, true, "c1?31m");
	cleans("rtl\xe2\x80\xae"
	       "exe",
	       16, true, "rtl?exe");
	cleans("zero\xe2\x80\x8b", 16, true, "zero?");
	cleans("tag\xf3\xa0\x81\x81", 16, true, "tag?");
	tap__is(text__columns("\xe6\x97\xa5\xe6\x9c\xac"), 4, "wide characters take two columns");
	tap__is(text__clean(dst, sizeof(dst), "\xe6\x97\xa5\xe6\x9c\xac", 6, 3, true), 2,
		"a wide character is not cut in half");
}

static void writes(const char *text, size_t size, const char *want)
{
	struct json json;
	char *out = NULL;
	size_t out_size;
	FILE *file;

	file = open_memstream(&out, &out_size);
	if (!file) {
		tap__ok(false, "open_memstream");
		return;
	}
	json__init(&json, file);
	json__string_n(&json, NULL, text, size);
	json__line(&json);
	fclose(file);
	if (!tap__ok(!strcmp(out, want), "JSON string: %.*s", (int)strcspn(want, "\n"), want))
		tap__diag("got %s", out);
	free(out);
}

static void test_json_strings(void)
{
	writes("bash", 16, "\"bash\"\n");
	writes("a\"b\\c/", 16, "\"a\\\"b\\\\c/\"\n");
	writes("\033[1m\n\177", 16, "\"\\u001b[1m\\u000a\\u007f\"\n");
	writes("na\xc3\xafve", 16, "\"na\xc3\xafve\"\n");
	writes("\xc3", 1, "\"\\ufffd\"\n");
	writes("\xc3\xaf\xaf\xed\xa0\x80", 16, "\"\xc3\xaf\\ufffd\\ufffd\\ufffd\\ufffd\"\n");
	writes("\xc2\x9b\xe2\x80\xa8", 16, "\"\\u009b\\u2028\"\n");
	writes("no end", 2, "\"no\"\n");
}

int main(void)
{
	tap__start();
	test_ascii();
	test_utf8();
	test_json_strings();
	return tap__done();
}
