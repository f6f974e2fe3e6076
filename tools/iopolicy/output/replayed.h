/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What rules would have done in a recording, as text and as JSON.
 */
#ifndef _IOPOLICY_OUTPUT_REPLAYED_H
#define _IOPOLICY_OUTPUT_REPLAYED_H

#include "model/replayed.h"

void text__replayed(const struct replayed *replayed);
void text__replayed_request(const struct replayed_request *refused);
void json__replayed(const struct replayed *replayed);
void json__replayed_request(const struct replayed_request *refused);

#endif /* _IOPOLICY_OUTPUT_REPLAYED_H */
