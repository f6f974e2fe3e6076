# SPDX-License-Identifier: GPL-2.0-only
# Packages of the distribution without touching the machine's own apt, to be sourced in the
# project's folder by scripts/setup, scripts/debug-kernel and tests/conformance/prepare.
#
# The machine's own Debian entries say where packages come from (URI, keyring, options); only the
# suites are chosen here, see scripts/apt-sources.awk. Lists, archives and configuration of apt
# are kept under $dir/apt. An unpacked package leaves a mark; an interrupted run leaves none and
# is done again.
#
# The script that sources this sets
#   me           its name, before each message
#   dir          its folder, an absolute path or one relative to the project
#   log          output of the last apt-get, an absolute path
#   die_status   status of die (default 1)
#   apt_architecture	one more than this machine's, for private_apt
# and may read afterwards
#   release      bookworm or trixie
# shellcheck shell=bash disable=SC2154 # me, dir and log are the caller's

say() { printf '%s: %s\n' "$me" "$*" >&2; }
die() { say "$*"; exit "${die_status:-1}"; }

find_release() {
	[[ $PWD != *[[:space:]]* ]] ||
		die "the folder's name '$PWD' has a blank in it, which make cannot handle: move it"
	# shellcheck source=/dev/null
	release=$(. /etc/os-release 2>/dev/null && echo "${ID-}:${VERSION_CODENAME-}") || true
	case $release in
	debian:bookworm|debian:trixie) release=${release#*:} ;;
	*) die "this is not Debian 12 or 13 (/etc/os-release says '$release'): install the tools" \
	       "yourself and run make with SETUP=no (see 'make help')" ;;
	esac
	[[ $(dpkg --print-architecture) == amd64 ]] ||
		die "only amd64 is supported, this machine is $(dpkg --print-architecture)"
}

# Names of those in "$@" that are not installed.
not_installed() {
	# shellcheck disable=SC2016 # dpkg-query's own variables
	comm -23 <(printf '%s\n' "$@" | sort) \
		<(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
		  sed -n 's/^installed //p' | sort)
}

# free_mb DIR: free megabytes where DIR is or will be
free_mb() {
	local d=$1
	while [[ ! -d $d ]]; do d=$(dirname "$d"); done
	df -Pm "$d" | awk 'NR == 2 { print $4 }'
}

# install_packages NEED_MB HINT PACKAGE...: those that are missing, from the release itself.
# NEED_MB is what many of them take in /usr; HINT is what root can run to have them installed.
install_packages() {
	local need=$1 hint=$2 missing sim free
	shift 2
	mapfile -t missing < <(not_installed "$@")
	((${#missing[@]})) || return 0
	if ((EUID)); then
		die "these packages are missing and installing them needs root: ${missing[*]}" \
		    "(run once: $hint)"
	fi
	say "will change this machine: apt-get update, then apt-get install of ${missing[*]}"
	free=$(free_mb /usr)
	((${#missing[@]} < 4 || free >= need)) ||
		die "/usr has $free MB free, the packages need $need MB: make room there"
	# A failing third-party source does not matter as long as the packages can be installed.
	apt_run "apt-get update" apt-get -q update || say "apt-get update: $(apt_why)"
	sim=$(apt-get -s -q --no-install-recommends --no-remove install "${missing[@]}" 2>&1) ||
		die "apt-get cannot install the packages: $(grep -m1 '^E:' <<<"$sim" || true)"
	say "$(grep -m1 ' newly installed' <<<"$sim" || echo "no further packages come with them")"
	apt_run "installing the packages" \
		apt-get -q -y --no-install-recommends --no-remove install "${missing[@]}" ||
		die "installing the packages failed: $(apt_why)"
}

# apt_why: the first error in the log, in one line, with a possible cause
apt_why() {
	local why
	why=$(grep -m1 -A1 -E '^(E|Err):' "$log" | tr -s ' \n' ' ' ||
	      tail -n1 "$log")
	if grep -qE 'resolv|onnect|Network is unreachable|timed out' "$log"; then
		why+="(is the network there?) "
	fi
	echo "$why- all of it is in $log"
}

# apt_run WHAT COMMAND...: with the output in a log; status 1 when it failed
apt_run() {
	say "$1 ..."
	shift
	"$@" >"$log" 2>&1 </dev/null || return 1
	# apt-get update only warns when an index cannot be fetched
	! grep -q '^Err:' "$log"
}

# private_sources FOLDER SUITE...: the machine's own Debian entries of this release, with these
# suites, in FOLDER. Both formats of apt are read.  An entry is Debian's when its keyring or its
# URI says so; a local mirror without either is used if there is no other entry.
private_sources() {
	local parts=$1 strict
	shift
	rm -rf "$parts"; mkdir -p "$parts"
	for strict in 1 0; do
		find_sources "$strict" "$*" deb822 /etc/apt/sources.list.d/*.sources \
			>"$parts/own.sources"
		find_sources "$strict" "$*" list /etc/apt/sources.list \
			/etc/apt/sources.list.d/*.list >"$parts/own.list"
		if [[ -s $parts/own.sources || -s $parts/own.list ]]; then return 0; fi
	done
	die "there is no Debian entry for '$release' in /etc/apt/sources.list or sources.list.d"
}

find_sources() {
	local strict=$1 suites=$2 format=$3 f files=()
	shift 3
	for f; do if [[ -r $f ]]; then files+=("$f"); fi; done
	((${#files[@]})) || return 0
	# A blank line between files, so that two paragraphs never join.
	for f in "${files[@]}"; do cat "$f"; echo; done |
		awk -v strict="$strict" -v format="$format" -v rel="$release" \
		    -v suites="$suites" -f scripts/apt-sources.awk
}

# private_apt SUITE...: from here on apt-get and apt-cache see these suites and nothing else.
# Status 1 when the lists could not be read.
private_apt() {
	local apt
	apt=$(realpath -m "$dir/apt")
	private_sources "$apt/sources.d" "$@"
	mkdir -p "$apt/lists/partial" "$apt/archives/partial"
	# The machine's own transport settings (proxies, time limits, validity), none of its hooks.
	{
		env -u APT_CONFIG apt-config dump |
			grep -E '^(Acquire|APT::(Architecture |Get::AllowUnauth))' || true
		printf 'APT::Architectures:: "%s";\n' "$(dpkg --print-architecture)" \
			${apt_architecture:+"$apt_architecture"}
		cat <<-END
		Dir::Etc::main "/dev/null";
		Dir::Etc::parts "/dev/null";
		Dir::Etc::sourcelist "/dev/null";
		Dir::Etc::sourceparts "$apt/sources.d";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Dir::State::lists "$apt/lists";
		Dir::Cache "$apt";
		Dir::Cache::archives "$apt/archives";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
		Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
		END
	} >"$apt/apt.conf"
	export APT_CONFIG=$apt/apt.conf
	apt_run "reading the package lists into $dir/apt" apt-get -q update
}

# The lists are read again next time, so they need not be kept.
private_apt_done() { rm -rf "$dir/apt/lists" "$dir/apt"/*.bin "$dir/deb"; }

newest() {
	apt-cache madison "$1" | awk -F' *\\| *' '$3 ~ /Packages/ && !n++ { print $2 }'
}
has() {
	apt-cache madison "$1" | awk -F' *\\| *' -v v="$2" '$2 == v { ok = 1 } END { exit !ok }'
}

# unpack ROOT PACKAGE VERSION [FOLLOW-UP]: download and unpack; FOLLOW-UP gets the .deb's name and
# ROOT.
unpack() {
	local root=$1 p=$2 v=$3 then=${4-} mark deb size
	mark=$root/.done/${p}_${v//[:\/]/_}${then:+_$then}
	[[ ! -e $mark ]] || return 0
	size=$(apt-cache show "$p=$v" | awk '/^Size:/ && !n++ { printf "%.0f", $2 / 1e6 }')
	mkdir -p "$dir/deb" "$root/.done"
	rm -f "$dir/deb"/*
	say "$p $v, $size MB"
	(cd "$dir/deb" && apt-get -qq download "$p=$v" >"$log" 2>&1) ||
		die "downloading $p $v failed: $(apt_why)"
	deb=$(echo "$dir/deb"/*.deb)
	[[ -f $deb ]] || die "downloading $p $v left no .deb in $dir/deb"
	if [[ $then ]]; then
		"$then" "$deb" "$root"
	else
		dpkg-deb -x "$deb" "$root" || die "unpacking $p into $root failed"
	fi
	rm -f "$deb"
	: >"$mark"
}

# source_parts DEB N.M TO PATTERN...: of the kernel source in a linux-source-N.M package, the
# files and folders that match, relative to the source's own folder, into TO. All of it when none
# is given.
source_parts() {
	local deb=$1 n=linux-source-$2 to=$3
	shift 3
	dpkg-deb --fsys-tarfile "$deb" | tar -xO "./usr/src/$n.tar.xz" |
		tar -xJ -C "$to" --strip-components=1 --wildcards "${@/#/$n/}"
}
