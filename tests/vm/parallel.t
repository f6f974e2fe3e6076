#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Many threads on one context: map, copy, attach, destroy, close at the same time.
# vm: --smp 2
exec "${IOMMUSCOPE_TESTS:-build/tests}/parallel"
