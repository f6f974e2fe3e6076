// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages, see msg.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "msg.h"
#include "text.h"

#define MESSAGE_MAX 2048
#define WARNINGS_KEPT 16
#define WARNING_MAX 512

static const char *tool = "iommuscope";
static char last[MESSAGE_MAX];
static bool verbose_libbpf;
static char warnings[WARNINGS_KEPT][WARNING_MAX]; /* a ring; nr_warnings counts on */
static unsigned int nr_warnings;

static bool is_held;

void msg__hold(bool hold)
{
	is_held = hold;
}

void msg__set_tool(const char *name)
{
	tool = name;
}

/* A message may quote an argument or a name, which may hold control characters. */
static void clean_lines(char *text)
{
	for (; *text; text++)
		if ((*text < 0x20 && *text != '\n') || *text == 0x7f || (*text & 0x80))
			*text = '?';
}

void msg(const char *format, ...)
{
	char text[MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	clean_lines(text);
	if (!is_held)
		fprintf(stderr, "%s: %s\n", tool, text);
	memcpy(last, text, sizeof(last));
}

const char *msg__last(void)
{
	return last;
}

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	char text[MESSAGE_MAX];
	size_t size;

	vsnprintf(text, sizeof(text), format, args);
	size = strcspn(text, "\n");
	if (verbose_libbpf) {
		clean_lines(text);
		fprintf(stderr, "%s", text);
	}
	if (level == LIBBPF_WARN) {
		const char *from = text;

		if (!strncmp(from, "libbpf: ", 8))
			from += 8;
		text__clean(warnings[nr_warnings++ % WARNINGS_KEPT], WARNING_MAX, from,
			    size - (from - text), WARNING_MAX, false);
	}
	return 0;
}

void msg__capture_libbpf(bool verbose)
{
	verbose_libbpf = verbose;
	libbpf_set_print(print_libbpf);
}

const char *msg__libbpf_warning(void)
{
	return nr_warnings ? warnings[(nr_warnings - 1) % WARNINGS_KEPT] : "";
}

const char *msg__libbpf_warning_with(const char *text)
{
	unsigned int i;

	for (i = nr_warnings; i && i + WARNINGS_KEPT > nr_warnings; i--)
		if (strstr(warnings[(i - 1) % WARNINGS_KEPT], text))
			return warnings[(i - 1) % WARNINGS_KEPT];
	return "";
}
