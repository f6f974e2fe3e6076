// SPDX-License-Identifier: GPL-2.0-only
/*
 * Count the JSON lines of iosnoop by their kind, millions of them in little time: it reads only the
 * beginning of a line.
 *
 *	count-events <FILE
 *
 * Prints "event=map n=N" for each kind of event, "type=lost n=N" for each other kind of record,
 * then the last line as it stands.
 */
#include <stdio.h>
#include <string.h>

#define MAX_KINDS 64

static struct {
	char name[64];
	unsigned long n;
} kinds[MAX_KINDS];

/* Copy the text between a beginning and the next quote. */
static int take(const char *line, const char *begin, const char *as, char name[64])
{
	size_t length = strlen(begin);

	if (strncmp(line, begin, length))
		return 0;
	snprintf(name, 64, "%s=%.*s", as, (int)strcspn(line + length, "\""), line + length);
	return 1;
}

static void count(const char *line)
{
	char name[64] = "unknown";
	unsigned int i;

	if (!take(line, "{\"type\":\"event\",\"event\":\"", "event", name))
		take(line, "{\"type\":\"", "type", name);
	for (i = 0; i < MAX_KINDS - 1; i++)
		if (!kinds[i].n || !strcmp(kinds[i].name, name))
			break;
	strcpy(kinds[i].name, name);
	kinds[i].n++;
}

int main(void)
{
	static char line[2][8192];
	unsigned int at = 0, i;

	while (fgets(line[at], sizeof(line[at]), stdin)) {
		count(line[at]);
		at = !at;
	}
	for (i = 0; i < MAX_KINDS && kinds[i].n; i++)
		printf("%s n=%lu\n", kinds[i].name, kinds[i].n);
	printf("%s", line[!at]);
	return 0;
}
