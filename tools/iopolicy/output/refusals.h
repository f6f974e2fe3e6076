/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last refusals, as text and as JSON.
 */
#ifndef _IOPOLICY_OUTPUT_REFUSALS_H
#define _IOPOLICY_OUTPUT_REFUSALS_H

#include "model/refusals.h"

void text__refusals(const struct refusals *refusals);
void json__refusals(const struct refusals *refusals);

#endif /* _IOPOLICY_OUTPUT_REFUSALS_H */
