#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# dkms/vfio-source takes vfio from linux-source of exactly the kernel's version, says what is
# missing, and keeps what it has unpacked; dkms.conf skips kernels that it cannot or must not build
# for, and knows all modules.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source "$(dirname "$0")/../lib/cli.sh"
if ! command -v dpkg-query >/dev/null; then
	echo "1..0 # SKIP no dpkg on this machine"
	exit 0
fi
export ROOT=$dir/root
kernel=6.12.7+deb12-amd64
tool=dkms/vfio-source
mkdir -p "$ROOT/var/lib/dpkg" "$ROOT/usr/src"
# installed PACKAGE VERSION...: dpkg's database, in which the packages are in this state
state=installed
installed() {
	while (($#)); do
		printf '%s\n' "Package: $1" "Status: install ok $state" 'Architecture: all' \
			'Maintainer: x' "Version: $2" 'Description: x' ''
		shift 2
	done >"$ROOT/var/lib/dpkg/status"
}
# source_of VERSION: a linux-source whose vfio has this text
source_of() {
	local top=linux-source-6.12
	rm -rf "${dir:?}/$top"
	mkdir -p "$dir/$top/drivers/"{vfio/pci,other}
	echo "$1" | tee "$dir/$top/drivers/vfio/vfio_main.c" >"$dir/$top/drivers/vfio/pci/a.c"
	tar -C "$dir" -cJf "$ROOT/usr/src/$top.tar.xz" $top
}
main() { cat "$dir/out.d/vfio_main.c" 2>/dev/null; }

installed linux-source-6.12 6.12.7-1
run $tool --check $kernel
ok "headers that are not installed" each 'ended 1' \
	'says "linux-headers-$kernel is not installed, so the version of its source is not known"'
installed "linux-headers-$kernel" 6.12.7-1
run $tool --check $kernel
ok "no linux-source" each 'ended 1' 'says "linux-source-6.12 is missing, not 6.12.7-1"' \
	'says "it keeps its own vfio: apt-get install linux-source-6.12=6.12.7-1"'
installed "linux-headers-$kernel" 6.12.7-1 linux-source-6.12 6.12.9-1
source_of 9
run $tool --check $kernel
ok "linux-source of another version" each 'ended 1' \
	'says "linux-source-6.12 is 6.12.9-1, not 6.12.7-1"'
run $tool $kernel "$dir/out.d"
ok "of which nothing is unpacked" each 'ended 1' '[[ ! -e $dir/out.d ]]'
installed "linux-headers-$kernel" 6.12.7-1 linux-source-6.12 6.12.7-1
source_of 7
run $tool --check $kernel
ok "linux-source of the same version" each 'ended 0' 'silent err'
headers=$ROOT/usr/src/linux-headers-$kernel
mkdir "$headers"
# shellcheck disable=SC2016 # make's own variables
echo 'CC = $(if $(USE_CCACHE),$(CCACHE)) $(CROSS_COMPILE)gcc-77' >"$headers/.kernelvariables"
run $tool --check $kernel
ok "headers that name a compiler which is missing" each 'ended 1' \
	'says "modules for it are compiled with gcc-77, which is missing"' \
	'says "it keeps its own vfio: apt-get install gcc-77"'
rm -r "$headers"
for state in unpacked half-configured config-files installed; do
	installed "linux-headers-$kernel" 6.12.7-1 linux-source-6.12 6.12.7-1
	$tool --check $kernel 2>/dev/null
	is "packages that are $state" "$?" "$([[ $state != config-files ]]; echo $?)"
done
run $tool $kernel "$dir/out.d"
is "its vfio is unpacked, and nothing else" \
	"$rc $(main) $(cd "$dir/out.d" && find . -type f | sort | xargs)" \
	"0 7 ./pci/a.c ./vfio_main.c"
installed "linux-headers-$kernel" 6.12.7-1 linux-source-6.12 6.12.9-1
source_of 9
rm -r "$dir/out.d"
run $tool $kernel "$dir/out.d"
is "after linux-source was updated, it is still there for this kernel" "$rc $(main)" "0 7"
run $tool --check 6.12.9+deb12-amd64
ok "but not for another one" each 'ended 1' "says 'linux-headers-6.12.9+deb12-amd64 is not'"
rm -r "$ROOT/var/cache"
installed "linux-headers-$kernel" 6.12.7-1 linux-source-6.12 6.12.7-1
echo broken >"$ROOT/usr/src/linux-source-6.12.tar.xz"
rm -rf "$dir/out.d"
run $tool $kernel "$dir/out.d"
ok "a broken archive fails, and is not kept" each '! ended 0' '[[ ! -e $dir/out.d ]]' \
	'[[ ! -e $ROOT/var/cache/iommuscope ]]'

# dkms.conf, as dkms reads it: conf KERNEL ACTION [READ] prints the variables. autoinstall reads it
# for kernel READ, which is not the one that it is about.
MAKEFLAGS='' make install-dkms VERSION=1.1 DESTDIR="$dir/dkms" >/dev/null 2>&1
conf() {
	# shellcheck disable=SC2016 # the inner shell's
	env source_tree="$dir/dkms/usr/src" kernelver="${3-$1}" action="$2" bash -c \
		'source "$source_tree/iommuscope-1.1/dkms.conf"
		echo "${AUTOINSTALL:-no} ${BUILD_EXCLUSIVE_KERNEL} ${BUILT_MODULE_NAME[*]}"' \
		dkms "$2" --kernelver "$1" 2>"$dir/err"
}
modules="iommufd vfio vfio_iommu_type1 vfio-pci-core vfio-pci mdev"
source_of 7
is "dkms builds for a kernel whose source is there" "$(conf $kernel autoinstall)$(<"$dir/err")" \
	"yes ^(6\\.12|7\\.3)\\. $modules"
is "autoinstall reads it for no kernel" "$(conf $kernel autoinstall "" | cut -d' ' -f1)" yes
is "or for one that it has built for" \
	"$(conf 6.1.0-1-amd64 autoinstall $kernel | cut -d' ' -f1)" no
is "not for another series, silently" "$(conf 6.1.0-1-amd64 autoinstall | cut -d' ' -f1)$(
	<"$dir/err")" no
rm -r "$ROOT/usr/src"
conf $kernel autoinstall >"$dir/out"
ok "without source it skips the kernel, and says so" each "shows 'no ^the source of vfio'" \
	"says 'linux-source-6.12 is without its archive, not 6.12.7-1, so nothing is built'"
conf $kernel status >"$dir/out"
ok "but only when it would build" silent err
mkdir -p "$ROOT/usr/src"
source_of 7
later=7.3.4+deb13-amd64
installed linux-headers-$later 7.3.4-1 linux-source-7.3 7.3.4-1
mv "$ROOT"/usr/src/linux-source-{6.12,7.3}.tar.xz
is "dkms builds for 7.3, too" "$(conf $later autoinstall | cut -d' ' -f1)$(<"$dir/err")" yes
for config in "$ROOT/boot/config-$later" "$ROOT/lib/modules/$later/config"; do
	mkdir -p "${config%/*}"
	echo CONFIG_IOMMUFD=m >"$config"
	is "not for a kernel with an iommufd of its own, silently: ${config#"$ROOT"}" \
		"$(conf $later autoinstall | cut -d' ' -f1)$(<"$dir/err")" no
	rm "$config"
done
is "dkms installs what the Makefile builds, but for the mock" \
	"$(echo "$modules" | xargs -n 1 | sort | xargs)" \
	"$(sed -nE 's/^(VFIO_)?MODULES := //p' Makefile | xargs -n 1 | grep -v mock | sort | xargs)"
finish
