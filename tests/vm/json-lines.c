// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads JSON lines strictly and prints what tests compare; see tests/lib/jsonread.h for what is
 * strict, and for how keys and values are given.
 *
 *	json-lines [KEY...] <FILE
 *
 * For each line one is written, with key=value of those KEYs that it has, in the order given; of
 * all without KEYs. Exits with 1 at the first line that is not an object, saying why on stderr, 2
 * for usage.
 */
#include <string.h>

#include "../lib/jsonread.h"

static void print(const struct jsonread *json, int nr_keys, char **keys)
{
	const char *blank = "";
	unsigned int i;
	int k;

	for (k = 0; k < (nr_keys ? nr_keys : 1); k++) {
		for (i = 0; i < json->nr; i++) {
			if (nr_keys && strcmp(json->pair[i].key, keys[k]))
				continue;
			printf("%s%s=%s", blank, json->pair[i].key, json->pair[i].value);
			blank = " ";
		}
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	static struct jsonread json;
	int more;

	if (argc > 1 && argv[1][0] == '-') {
		fprintf(stderr, "usage: json-lines [KEY...] <FILE\n");
		return 2;
	}
	json.in = stdin;
	while ((more = jsonread__next(&json)) > 0)
		print(&json, argc - 1, argv + 1);
	if (more < 0)
		jsonread__complain(&json, "json-lines");
	return more < 0;
}
