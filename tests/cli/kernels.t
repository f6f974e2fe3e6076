#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Building for other kernels: what is said about a kernel that does not fit, and that the probes of
# kernel/port notice a change of the kernel's interfaces.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/cli.sh"
# Those of make test: an inner make would say that it has no jobs of it.
unset MAKEFLAGS MAKELEVEL MFLAGS

# -------- the tree --------
probes=kernel/port/probes.h
grep -E '^(PROBE|ABSENT|SYMBOL)\(' $probes | grep -vE '"[^"]*\b[67]\.[0-9]+[^"]*"' >"$dir/lost"
is "each shape says which kernels have it" "$(<"$dir/lost")" ""
grep -rnE '\bPORT_[A-Z_]+ *==' kernel | grep -v '^kernel/port/' >"$dir/lost"
is "only kernel/port asks for shapes" "$(<"$dir/lost")" ""
grep -rnE 'KERNEL_VERSION|LINUX_VERSION_CODE' kernel include >"$dir/lost"
is "no version is compared" "$(<"$dir/lost")" ""

# -------- kernels that do not fit --------
# fake RELEASE: a folder that looks like the headers of a kernel
fake() {
	local k=$dir/kdir
	rm -rf "$k"
	mkdir -p "$k/include/config" "$k/include/generated"
	echo "$1-test" >"$k/include/config/kernel.release"
	echo "#define UTS_RELEASE \"$1-test\"" >"$k/include/generated/utsrelease.h"
	: >"$k/Module.symvers"
}
rm -rf "$dir/kdir"; mkdir "$dir/kdir"
run make modules KDIR="$dir/kdir" MODOUT="$dir/out"
ok "a KDIR that was not built: fails" ended 2
ok "a KDIR that was not built: why" \
	says "make: KDIR=$dir/kdir is not a built kernel tree (it has no include/config/"
fake 6.12.200
rm "$dir/kdir/Module.symvers"
run scripts/check-kdir "$dir/kdir"
ok "a KDIR without symbols: why" says "has no Module.symvers: make modules there first"
fake 6.12.200
echo "CC = gcc-99" >"$dir/kdir/.kernelvariables"
run scripts/check-kdir "$dir/kdir"
ok "a compiler that is missing: fails" ended 1
ok "a compiler that is missing: why" \
	says "make: 6.12.200-test was built with gcc-99, which is missing: install gcc-99"
is "a compiler that is missing: one sentence" "$(wc -l <"$dir/err")" 1
rm "$dir/kdir/.kernelvariables"
echo "CONFIG_GCC_VERSION=990100" >"$dir/kdir/.config"
run scripts/check-kdir "$dir/kdir"
ok "another compiler: goes on" ended 0
ok "another compiler: says so" says "make: warning: 6.12.200-test was built with gcc 99, but gcc"
mkdir "$dir/vfio"
run scripts/check-kdir "$dir/kdir" "$dir/vfio"
ok "a folder without vfio: why" says "is not the drivers/vfio folder of a kernel source"
: >"$dir/vfio/vfio_main.c"
run scripts/check-kdir "$dir/kdir" "$dir/vfio" 7.3.4
ok "vfio of another series: fails" ended 1
ok "vfio of another series: why" \
	says "is of Linux 7.3.4, but KDIR=$dir/kdir is 6.12.200-test: set VFIO_SOURCE, or run make"
is "vfio of another series: one sentence" "$(wc -l <"$dir/err")" 1
echo 6.12.95 >"$dir/vfio/.version"
run scripts/check-kdir "$dir/kdir" "$dir/vfio"
ok "vfio of another update: goes on" ended 0
ok "vfio of another update: says so" says "make: warning: the vfio source $dir/vfio is of Linux"
run scripts/kernel ''
ok "scripts/kernel without a name: fails" ended 2

# -------- the probes --------
# The driver alone, as DKMS would build it.
kdir=$(realpath "$(sed -n 's/^SETUP_KDIR = //p' build/setup/paths.mk)")
mkdir "$dir/alone"
scripts/link-tree kernel "$dir/alone/kernel"
scripts/link-tree include "$dir/alone/include"
config=$dir/alone/kernel/port-config.h
# The first object needs the header that the probes write.
build() { run make -C "$kdir" M="$dir/alone/kernel" -s "$@" trace/refuse.o; }
build PORT_FORCE='ATTACH_DEV=2 NAMESPACE=1'
ok "a shape that is forced: fails" ended 2
ok "a shape that is forced: why" each \
	'says "iommufd: PORT_FORCE wants shape 2 of ATTACH_DEV, but 6.12"' \
	'says "has shape 1 of these: 1: 6.12: attach_dev() does not get the old domain; 2: 7.3:"'
ok "a shape that is forced: the right one is accepted" eval '[[ $(<"$dir/err") != *NAMESPACE* ]]'
ok "a shape that is forced: nothing is left" test ! -e "$config"

cat >"$dir/planted.h" <<'END'
#include <linux/iommu.h>
#define attach_dev attach_dev_of_tomorrow
END
build KCFLAGS="-include $dir/planted.h"
ok "an interface that no shape describes: fails" ended 2
ok "an interface that no shape describes: why" says \
	"has an interface ATTACH_DEV that the driver does not know (1: 6.12: attach_dev() does"
ok "an interface that no shape describes: what to do" says "kernel/port needs a new shape"

cat >"$dir/planted.h" <<'END'
#include <linux/iommu.h>
#define iommu_attach_handle iommu_attach_handle_of_tomorrow
END
build KCFLAGS="-include $dir/planted.h"
ok "a kernel that is too old: fails" ended 2
ok "a kernel that is too old: why" each \
	'says "is too old: it has no struct iommu_attach_handle (since 6.11); the oldest kernel"' \
	'says "that works is 6.12"'

printf '#!/bin/sh\necho "no such library" >&2\nexit 127\n' >"$dir/broken-gcc"
chmod +x "$dir/broken-gcc"
build CC="$dir/broken-gcc"
ok "a compiler that cannot be run: fails" ended 2
ok "a compiler that cannot be run: why" \
	says "iommufd: the compiler $dir/broken-gcc cannot be run: no such library"
ok "a compiler that cannot be run: nothing is said about shapes" lacks "has an interface"

build
ok "the stock kernel: built alone" ended 0
is "the stock kernel: silent" "$(cat "$dir/err")" ""
names=$(sed -nE 's/^(PROBE|ABSENT|SYMBOL)\((\w+),.*/\2/p' $probes | sort -u | tr '\n' ' ')
is "the stock kernel: each name has a shape" \
	"$(sed -nE 's/^#define PORT_(\w+) [12]$/\1/p' "$config" | sort -u | tr '\n' ' ')" "$names"
before=$(stat -c %y "$config")
build
is "the probes run once" "$(stat -c %y "$config")" "$before"
finish
