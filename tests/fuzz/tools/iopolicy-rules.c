// SPDX-License-Identifier: GPL-2.0-only
/*
 * A rule file, and a file of cases for it behind a form feed: read, checked, compiled, decided.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "rules/cases.h"

static void run_cases(const struct rules *rules, const struct rules_image *image, const char *text)
{
	struct rules_state *state = rules_state__new();
	char difference[CASE_TEXT_MAX];
	struct rules_cases cases;
	unsigned int i;

	if (!cases__parse(&cases, rules, "cases", text, strlen(text)))
		for (i = 0; i < cases.nr; i++)
			case__run(&cases.list[i], rules, image, state, difference);
	cases__free(&cases);
	rules_state__free(state);
	/* The same for a policy in BPF. */
	cases__parse(&cases, NULL, "cases", text, strlen(text));
	cases__free(&cases);
}

int fuzz__input(const uint8_t *data, size_t size)
{
	const char *const sets[] = { "limit=3" };
	char *text = fuzz__string(data, size), *cases = strchr(text, '\f');
	struct rules_image *image = NULL;
	struct rules rules;

	if (cases)
		*cases++ = '\0';
	fuzz__capture();
	if (!rules__parse(&rules, "rules", text, strlen(text), sets, !strncmp(text, "param", 5)) &&
	    !rules__compile(&rules, &image)) {
		rules__check(&rules);
		if (cases)
			run_cases(&rules, image, cases);
	}
	rules__free(&rules);
	free(image);
	fuzz__check(FUZZ_TEXT);
	free(text);
	return 0;
}
