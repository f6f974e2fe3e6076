/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Code that the fuzzers of the tools share: input files, captured output, and checks of it.
 *
 * Each target is a file TOOL-NAME.c with fuzz__input(), linked with all objects of the
 * tool but main.o; a target without a tool in its name is linked with tools/common alone. A target
 * must leave no state behind, so that an input fails alone as it does after a million others.
 */
#ifndef _FUZZ_H
#define _FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The target: run the tool's code on an input. Returns 0, or -1: do not add it to the corpus. */
int fuzz__input(const uint8_t *data, size_t size);

/* Write the input to a file in memory, and return its path. There is one such file. */
const char *fuzz__file(const uint8_t *data, size_t size);

/* Copy the input to a string of its own, so that ASan sees a read beyond its end; free() it. */
char *fuzz__string(const uint8_t *data, size_t size);

enum fuzz_format {
	FUZZ_ANY, /* not checked */
	FUZZ_TEXT, /* printable ASCII or valid UTF-8, and line breaks */
	FUZZ_JSON, /* as FUZZ_TEXT, and each line is one JSON value */
};

/*
 * Capture stdout from here to fuzz__check(), which aborts if the output is not of the format.
 * stderr is captured as well, and must be printable ASCII.
 */
void fuzz__capture(void);
void fuzz__check(enum fuzz_format format);

#endif
