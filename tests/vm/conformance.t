#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's own selftests of iommufd, unmodified, of the newest kernel the distribution has,
# against our driver and our mock of IOMMU hardware. Each of their tests is a test here.
# before: tests/conformance/prepare
# vm: --mock --mem 3G --timeout 3000
# takes: 30
. "$(dirname "$0")/../lib/tap.sh"
current=$(realpath build/conformance/current)
version=${current##*/}
version=${version%%_*}
diag "selftests of Linux ${current##*/}, kernel $(uname -r)"

# The most that a test maps is 128 MiB of them, 64; two more tests hold some of their own.
echo 96 >/proc/sys/vm/nr_hugepages
is "huge pages" "$(</proc/sys/vm/nr_hugepages)" 96

selftest() {
	(cd "$current" && LD_PRELOAD=$current/patience.so "./$1" 2>&1) |
		awk -f tests/conformance/compare.awk -v program="$1" -v version="$version" \
			tests/conformance/expected -
}
iommufd() { selftest iommufd; }
iommufd_fail_nth() { selftest iommufd_fail_nth; }

include iommufd
if [[ -e /sys/kernel/debug/failslab ]]; then
	include iommufd_fail_nth
else
	skip iommufd_fail_nth "this kernel has no fault injection: make test-debug runs it"
fi
is "nothing is pinned" "$(pinned)" 0
finish
