// SPDX-License-Identifier: GPL-2.0-only
/*
 * Input files, captured output and its checks, see fuzz.h.
 */
#include <ctype.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "fuzz.h"
#include "msg.h"
#include "text.h"

#define MAX_DEPTH 16

static FILE *real_out, *real_err;
static char *out, *err;
static size_t out_size, err_size;

static void too_long(int signal)
{
	static const char text[] = "==fuzz== an input took 20 seconds of a processor\n";

	(void)signal;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) >= 0)
		abort();
	abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* Without this locale all characters beyond ASCII would be replaced. */
	setlocale(LC_CTYPE, "C.UTF-8");
	signal(SIGPROF, too_long);
	msg__set_tool("fuzz");
	msg__capture_libbpf(false);
	return 0;
}

/* One input may take this time of a processor, which a busy host does not stretch. */
#define MAX_SECONDS 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct itimerval limit = { .it_value.tv_sec = MAX_SECONDS };

	if (setitimer(ITIMER_PROF, &limit, NULL))
		abort();
	return fuzz__input(data, size);
}

const char *fuzz__file(const uint8_t *data, size_t size)
{
	static char path[64];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("fuzz", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	return path;
}

char *fuzz__string(const uint8_t *data, size_t size)
{
	char *string = malloc(size + 1);

	if (!string)
		abort();
	memcpy(string, data, size);
	string[size] = '\0';
	return string;
}

/* ---- captured output ---- */

void fuzz__capture(void)
{
	real_out = stdout;
	real_err = stderr;
	stdout = open_memstream(&out, &out_size);
	stderr = open_memstream(&err, &err_size);
	if (!stdout || !stderr)
		abort();
}

static void fail(const char *what, const char *text, size_t size, const char *at)
{
	fprintf(stderr, "==fuzz== %s at byte %zu of %zu of the output:\n", what, at - text, size);
	fwrite(text, 1, size, stderr);
	abort();
}

static void check_text(const char *text, size_t size)
{
	const char *at = text, *end = text + size;
	unsigned int length;
	__u32 point;

	for (; at < end; at += length) {
		length = text__decode(at, end - at, &point);
		if (!length)
			fail("invalid UTF-8", text, size, at);
		if ((point < 0x20 && point != '\n') || (point >= 0x7f && point < 0xa0))
			fail("a control character", text, size, at);
	}
}

static void check_ascii(const char *text, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (text[i] != '\n' && (text[i] < 0x20 || text[i] >= 0x7f))
			fail("a message with a byte that is not printable", text, size, text + i);
}

/* ---- JSON ---- */

static const char *skip_digits(const char *at)
{
	while (isdigit((unsigned char)*at))
		at++;
	return at;
}

static const char *skip_number(const char *at)
{
	const char *digits = at + (*at == '-');

	at = skip_digits(digits);
	if (at == digits || (*digits == '0' && at - digits > 1))
		return NULL;
	if (*at != '.')
		return at;
	digits = at + 1;
	at = skip_digits(digits);
	return at == digits ? NULL : at;
}

static const char *skip_string(const char *at)
{
	if (*at != '"')
		return NULL;
	for (at++; *at != '"'; at++) {
		if (*at == '\\') {
			at++;
			if (*at == 'u' && strspn(at + 1, "0123456789abcdef") >= 4)
				at += 4;
			else if (!*at || !strchr("\"\\", *at))
				return NULL;
		} else if ((unsigned char)*at < 0x20) {
			return NULL;
		}
	}
	return at + 1;
}

static const char *skip_value(const char *at, unsigned int depth)
{
	static const char *const words[] = { "true", "false", "null" };
	char close = *at == '{' ? '}' : ']';
	bool is_object = *at == '{';
	unsigned int i;

	if (*at == '"')
		return skip_string(at);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strncmp(at, words[i], strlen(words[i])))
			return at + strlen(words[i]);
	if (*at != '{' && *at != '[')
		return skip_number(at);
	if (depth > MAX_DEPTH)
		return NULL;
	at++;
	if (*at == close)
		return at + 1;
	for (;; at++) {
		if (is_object) {
			at = skip_string(at);
			if (!at || *at++ != ':')
				return NULL;
		}
		at = skip_value(at, depth + 1);
		if (!at)
			return NULL;
		if (*at == close)
			return at + 1;
		if (*at != ',')
			return NULL;
	}
}

static void check_json(const char *text, size_t size)
{
	const char *at = text, *end;

	while (*at) {
		end = skip_value(at, 0);
		if (!end || *end != '\n')
			fail("a line that is not JSON", text, size, at);
		at = end + 1;
	}
	if (at != text + size)
		fail("a NUL", text, size, at);
}

void fuzz__check(enum fuzz_format format)
{
	fclose(stdout);
	fclose(stderr);
	stdout = real_out;
	stderr = real_err;
	check_ascii(err, err_size);
	if (format != FUZZ_ANY)
		check_text(out, out_size);
	if (format == FUZZ_JSON)
		check_json(out, out_size);
	free(out);
	free(err);
	out = err = NULL;
}
