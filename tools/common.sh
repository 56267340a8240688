# shellcheck shell=bash disable=SC2034  # the scripts that source this use its variables
# Shared by the scripts in this folder: sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Per user, outside the checkout: several checkouts share one libtorch.
cache=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/understudy
torch_version=2.11.0

say() { printf '%s: %s\n' "${0##*/}" "$*"; }

die() {
    printf 'tools/%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Prints the comment block that opens the calling script.
usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; }

have() { command -v "$1" >/dev/null 2>&1; }

# Prints the path of the Swift toolchain's clang, or of any other.
find_clang() {
    local swift
    swift=$(readlink -f "$(command -v swift)" 2>/dev/null || true)
    if [[ -n $swift && -x ${swift%/*}/clang ]]; then
        echo "${swift%/*}/clang"
    else
        command -v clang || die "clang is needed: it comes with the Swift toolchain, put that on PATH"
    fi
}

# Sets the array `pip` to a pip that can be called: the host's, or one in a venv of our own.
find_pip() {
    have python3 || die "python3 is needed to fetch wheels: install Python 3.9 or newer"
    if python3 -c 'import pip' 2>/dev/null; then
        pip=(python3 -m pip)
        return
    fi
    if ! "$cache/pip/bin/python" -c 'import pip' 2>/dev/null; then
        rm -rf "$cache/pip"
        python3 -m venv "$cache/pip" >/dev/null 2>&1 ||
            die "this Python has neither pip nor venv: install python3-venv (or python3-pip)"
    fi
    pip=("$cache/pip/bin/python" -m pip)
}

# Runs pip (found by find_pip) and turns its failure into one line.
#   pip_fetch WHAT ARGUMENT…
pip_fetch() {
    local what=$1 log="$cache/pip.log" quiet=()
    shift
    [[ -t 1 ]] || quiet=(--quiet)  # no progress bar in a log file
    mkdir -p "$cache"
    if "${pip[@]}" "$@" "${quiet[@]}" --retries 3 --disable-pip-version-check --no-cache-dir 2>"$log"; then
        return
    fi
    if grep -qE 'NewConnection|Failed to establish|name resolution|Max retries|Connection(Error|Refused|Reset)|timed out|ProxyError' "$log"; then
        die "cannot fetch $what: the package index cannot be reached; check the network, then run this again (details: $log)"
    elif grep -q 'DO NOT MATCH THE HASHES' "$log"; then
        die "cannot fetch $what: the file that arrived does not have the pinned SHA-256 (details: $log)"
    elif grep -qE 'No space left|Errno 28' "$log"; then
        die "cannot fetch $what: the disk is full"
    fi
    die "cannot fetch $what: $(grep -m1 '^ERROR' "$log" || echo "pip failed") (details: $log)"
}

# Downloads the wheel of one pinned line ("name==version --hash=sha256:…") into a folder, unless it
# lies there already, whole. Leaves its path in `wheel`.
#   fetch_wheel LINE FOLDER
fetch_wheel() {
    local line=$1 folder=$2 name version digest tag tags=()
    name=${line%%==*}
    version=${line#*==}
    version=${version%% *}
    digest=${line##*sha256:}
    mkdir -p "$folder"
    for wheel in "$folder/${name//-/_}-$version-"*.whl; do
        [[ -f $wheel ]] || continue
        if [[ $(sha256sum <"$wheel") == "$digest "* ]]; then return; fi
        rm -f "$wheel"
    done
    [[ ${#pip[@]} -gt 0 ]] || find_pip
    # One fixed tag, whatever the host's Python is: the wheels are used for what is not Python.
    for tag in manylinux_2_28 manylinux_2_27 manylinux_2_25 manylinux_2_18 manylinux_2_17 \
        manylinux_2_12 manylinux_2_5 manylinux2014 manylinux2010 manylinux1; do
        tags+=(--platform "${tag}_x86_64")
    done
    printf '%s\n' "$line" >"$folder/requirement.txt"
    say "fetching $name $version"
    # pip's temporaries go where the room is, which /tmp may not have; a killed run left some.
    rm -rf "$folder/tmp"
    mkdir "$folder/tmp"
    TMPDIR=$folder/tmp pip_fetch "$name $version" download --no-deps --require-hashes --only-binary=:all: \
        --python-version 3.11 --implementation cp --abi cp311 --abi none "${tags[@]}" \
        --dest "$folder" --requirement "$folder/requirement.txt"
    rm -rf "$folder/requirement.txt" "$folder/tmp"
    for wheel in "$folder/${name//-/_}-$version-"*.whl; do
        [[ -f $wheel ]] && return
    done
    die "pip left no wheel of $name $version in $folder"
}

# Installs the packages of a pinned requirements file for this host's Python, unless they are there:
# compiled ones have to fit it. Leaves their folder in `packages`, for PYTHONPATH.
#   find_packages NAME REQUIREMENTS
find_packages() {
    local name=$1 requirements=$2 version staging
    have python3 || die "python3 is needed: install Python 3.11 or newer"
    version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    # Another set of pins is another folder.
    packages=$cache/$name/python-$version-$(sha256sum <"$requirements" | cut -c1-12)
    if [[ -d $packages ]]; then return; fi
    [[ ${#pip[@]} -gt 0 ]] || find_pip
    mkdir -p "$cache/$name" 2>/dev/null || die "cannot create $cache/$name"
    rm -rf "$packages".making.*
    staging=$(mktemp -d "$packages.making.XXXXXX")
    say "fetching $name for Python $version"
    pip_fetch "$name for Python $version" install --no-deps --require-hashes --only-binary=:all: \
        --no-compile --target "$staging" --requirement "$requirements"
    chmod 755 "$staging"
    # Another call may have made it meanwhile.
    mv -T "$staging" "$packages" 2>/dev/null || rm -rf "$staging"
}

pip=()
