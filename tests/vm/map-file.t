#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Memory of files in address spaces: memfds of small and huge pages, and who is charged for them.
exec "${IOMMUSCOPE_TESTS:-build/tests}/map-file"
