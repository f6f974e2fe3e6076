/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output of the kernel: its log, as /dev/kmsg has it, and the tracepoints of iommufd, as the trace
 * in tracefs has them. Needs root.
 *
 * In a line of the log /dev/kmsg writes everything that is not printable ASCII as \xNN.
 */
#ifndef TESTS_LIB_KLOG_H
#define TESTS_LIB_KLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Open the kernel's log for reading messages from now on: a file descriptor or -errno. */
int klog__open(void);
/*
 * Read to the end. Copy the last line with that text, without the prefix of the message; return the
 * number of lines with the text.
 */
int klog__find(int log, const char *text, char *line, size_t size);
/*
 * Read to the end. Copy a property of the device, SUBSYSTEM or DEVICE, from the last line with that
 * text; return the number of lines with the text that have the property.
 */
int klog__find_property(int log, const char *text, const char *key, char *value, size_t size);

/* Empties the trace and switches one event of iommufd on, by its name without "iommufd_". */
int trace__start(const char *event);
void trace__stop(const char *event);
/* Copies the fields of the last such event in the trace; returns how many there are. */
int trace__find(const char *event, char *line, size_t size);
/* The number that stands behind key= in a line; negative ones are as in an uint64_t. */
bool trace__value(const char *line, const char *key, uint64_t *val);

#endif
