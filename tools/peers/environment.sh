# shellcheck shell=bash
# The Python environment of the peers (Pillow, timm): sourced after ../common.sh, never run.

# What libtorch's CUDA library links to and no view needs, by the names that torch 2.11.0 asks for.
stand_ins=(
    libcublas.so.13 libcublasLt.so.13 libcudnn.so.9 libcufft.so.12 libcufile.so.0 libcurand.so.10
    libcusparse.so.12 libcusparseLt.so.0 libnccl.so.2 libnvshmem_host.so.3
)

# Makes the environment where it is missing, and sets the array `peers_python` to the command that
# runs a Python with it. All it says goes to standard error.
find_peers() {
    have python3 || die "python3 is needed for the peers: install Python 3.11 or newer"
    local version requirements key
    version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    ((${version#*.} >= 11 && ${version#*.} <= 14)) ||
        die "the peers are pinned for Python 3.11 to 3.14, and python3 is $version"
    requirements=$root/tools/peers/requirements.txt
    # Another set of pins is another folder.
    key=$(printf '%s\n' "${stand_ins[@]}" | cat "$requirements" - | sha256sum | cut -c1-12)
    local folder=$cache/peers/python-$version-$key
    if [[ ! -d $folder ]]; then
        make_peers "$folder" "$requirements" >&2
    fi
    peers_python=(env "PYTHONPATH=$folder" "UNDERSTUDY_STAND_INS=$folder/stand-ins" python3 -s)
}

# The folder appears whole, by one rename.
make_peers() {
    local folder=$1 requirements=$2 staging
    mkdir -p "$cache/peers" 2>/dev/null || die "cannot create $cache/peers"
    exec 9>"$cache/peers/lock"
    flock 9
    if [[ -d $folder ]]; then return; fi  # another call made it meanwhile
    rm -rf "$cache/peers/.making".*
    staging=$(mktemp -d "$cache/peers/.making.XXXXXX")
    mkdir "$staging/tmp"
    [[ ${#pip[@]} -gt 0 ]] || find_pip
    say "fetching Pillow, timm and torch for Python (560 MB)"
    TMPDIR=$staging/tmp pip_fetch "Pillow, timm and torch" install --no-deps --require-hashes \
        --only-binary=:all: --no-compile --target "$staging" --requirement "$requirements"
    rm -rf "$staging/tmp"
    make_stand_ins "$staging/stand-ins"
    chmod 755 "$staging"
    mv -T "$staging" "$folder"
    exec 9>&-
}

# PyPI's torch is built for CUDA and does not load without 2 GB of NVIDIA's libraries, which augment
# no image. Empty libraries of the same names satisfy the loader; since Python then binds functions
# only when they are called (peers.py), nothing more is asked of them.
make_stand_ins() {
    local folder=$1 clang name
    clang=$(find_clang)
    mkdir "$folder"
    # One of the libraries is asked for a symbol version; the others do not mind it.
    printf 'NVSHMEM { global: *; };\n' >"$folder/version.map"
    printf 'int understudy_stand_in;\n' >"$folder/empty.c"
    for name in "${stand_ins[@]}"; do
        "$clang" -shared -fuse-ld=lld "$folder/empty.c" -o "$folder/$name" -Wl,-soname,"$name" \
            -Wl,--version-script="$folder/version.map" || die "clang cannot link $name"
    done
    rm "$folder/version.map" "$folder/empty.c"
}

# Sets `program` to the release build of this checkout, built if it is missing, unless it is set.
find_program() {
    if [[ -z $program ]]; then
        program=$root/.build/release/understudy
        [[ -x $program ]] ||
            (cd "$root" && tools/setup && swift build -c release --static-swift-stdlib --product understudy) >&2 ||
            die "the release build failed, see above"
    fi
    [[ -x $program ]] || die "$program is not a program"
}

# What decides the bytes of made photographs, besides count, seed and classes.
photos_key() { cat "$root/tools/peers/photos.py" "$root/tools/peers/requirements.txt" | sha256sum | cut -c1-12; }

# Makes photographs for a comparison where they are missing, and sets `photos` to their folder.
#   find_photos COUNT
find_photos() {
    photos=$cache/peers/photos-$1-$(photos_key)
    "$root/tools/make-photos" --out "$photos" --count "$1" >&2
}
