# shellcheck shell=bash
# images: the container images of the Dockerfile, built alike with buildah or docker (docs/images.md).
#
# What an image is made of is the commit: its number, version and date are the labels, its date is that of every file. So the same commit, on
# the same Debian packages, gives the same digest (with buildah; docker's own builder keeps its clock).

IMAGE_LIMIT_MB=30
BUILDER=${JUMUN_BUILDER:-}
BUILD_OPTIONS=${JUMUN_BUILD_OPTIONS:-}
unset JUMUN_BUILDER JUMUN_BUILD_OPTIONS  # as in base.sh: nobody else is to see a JUMUN_ name

# jumun_images [--save DIRECTORY] [NAME…]
jumun_images() {
    local save='' name
    local -a names=()
    while (( $# > 0 )); do
        case $1 in
            --save) save=${2:?--save needs a directory}; shift ;;
            -*) die "images does not know '$1'" "It is: ./jumun images [--save DIRECTORY] [NAME...]" ;;
            *) names+=("$1") ;;
        esac
        shift
    done
    (( ${#names[@]} > 0 )) || mapfile -t names < <(image_targets)
    image_builder_choose
    image_origin
    mkdir -p "$ROOT/build/images"
    image_dockerfile > "$ROOT/build/images/Dockerfile"
    for name in "${names[@]}"; do
        image_targets | grep -qxF "$name" || die "there is no image '$name'" "One or more of: $(image_targets | paste -sd ' ')"
        image_build "$name"
    done
    printf '%-28s %10s  %s\n' image size digest
    for name in "${names[@]}"; do
        image_report "$name"
        [[ -z $save ]] || image_save "$name" "$save"
    done
}

# image_dockerfile: the Dockerfile, with the labels' values written out, at the head of their stage: buildah knows a step that it has done before by its
# words, not by the values of its arguments, and an image is not to have the labels and dates of an earlier commit. And a stage for each service that
# has none there: a new team's, which need change nothing but its folder.
image_dockerfile() {
    local name
    sed -e '/^FROM scratch AS run$/,/^LABEL/{/^ARG/d}' -e "s|=\$VERSION|=$VERSION|; s|=\$REVISION|=$REVISION|; s|=\$CREATED|=$CREATED|; s|=\$SOURCE|=$ORIGIN|" \
        "$ROOT/Dockerfile"
    for name in "${SERVICES[@]}"; do
        grep -qx "FROM service AS $name" "$ROOT/Dockerfile" || image_stage "$name"
    done
}

image_stage() {
    cat << TEXT

FROM service AS $1
LABEL org.opencontainers.image.title=$1
COPY --from=build /image/$1 /
ENTRYPOINT ["/usr/bin/$1"]
TEXT
}

image_targets() {
    printf '%s\n' "${SERVICES[@]}" topics
}

image_name() {
    echo "jumun/$1:$VERSION"
}

# buildah needs no service and is reproducible, so it comes first. JUMUN_BUILDER names one.
image_builder_choose() {
    [[ -z $BUILDER ]] || return 0
    if command -v buildah > /dev/null; then
        BUILDER=buildah
    elif docker info > /dev/null 2>&1; then
        BUILDER=docker
    else
        die "there is neither buildah nor a docker that answers" "apt-get install buildah, or start docker."
    fi
}

# image_origin: what the labels tell. A tree with changes of its own says so: it is no commit.
image_origin() {
    VERSION=$(sed -n 's/^project(jumun VERSION \([0-9.]*\).*/\1/p' "$ROOT/CMakeLists.txt")
    REVISION=$(git -C "$ROOT" rev-parse HEAD)
    [[ -z $(git -C "$ROOT" status --porcelain) ]] || REVISION+=-changed
    CREATED=$(TZ=UTC git -C "$ROOT" log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ)
    COMMITTED=$(git -C "$ROOT" log -1 --format=%ct)
    ORIGIN=$(git -C "$ROOT" config --get remote.origin.url || echo unknown)
    [[ $ORIGIN == *://* || $ORIGIN == *@*:* ]] || ORIGIN=unknown  # a folder of this machine tells nobody anything
}

# image_build NAME. JUMUN_BUILD_OPTIONS goes to the builder as it is: what this machine's network needs (a proxy, a mirror's certificate).
image_build() {
    local log=$ROOT/build/images/$1.log
    local -a command options
    read -r -a options <<< "$BUILD_OPTIONS"
    case $BUILDER in
        buildah) command=(buildah bud --layers --timestamp "$COMMITTED") ;;
        docker) command=(docker build) ;;
        *) die "JUMUN_BUILDER is '$BUILDER'" "It is buildah or docker." ;;
    esac
    say "images: $1, with $BUILDER"
    "${command[@]}" "${options[@]}" --file "$ROOT/build/images/Dockerfile" --target "$1" --tag "$(image_name "$1")" \
        --build-arg VERSION="$VERSION" --build-arg SOURCE_DATE_EPOCH="$COMMITTED" \
        "$ROOT" > "$log" 2>&1 < /dev/null || {
        tail -n 25 "$log" >&2
        die "the image $1 could not be built" "All that was said is in $log. Without a way to Debian's mirror from inside a build, see docs/images.md."
    }
}

image_digest() {
    case $BUILDER in
        buildah) buildah inspect --type image --format '{{.FromImageDigest}}' "$(image_name "$1")" ;;
        docker) docker image inspect --format '{{.Id}}' "$(image_name "$1")" ;;
    esac
}

# image_report NAME: its size and digest; and its list of contents, taken out of it into build/images.
image_report() {
    local tree bytes
    tree=$(mktemp -d)
    image_unpack "$1" "$tree"
    bytes=$(du -sb "$tree" | cut -f 1)
    cp "$tree/usr/share/sbom/$1.spdx.json" "$ROOT/build/images/"
    rm -rf "$tree"
    printf '%-28s %5d.%d MB  %s\n' "$(image_name "$1")" $(( bytes / 1000000 )) $(( bytes / 100000 % 10 )) "$(image_digest "$1")"
    (( bytes <= IMAGE_LIMIT_MB * 1000000 )) || die "the image $1 is larger than $IMAGE_LIMIT_MB MB" "See what it holds: build/images/$1.spdx.json"
}

# image_unpack NAME DIRECTORY: all its files.
image_unpack() {
    local container
    case $BUILDER in
        buildah)
            container=$(buildah from --pull-never "$(image_name "$1")")
            cp -a "$(buildah mount "$container")/." "$2"
            buildah rm "$container" > /dev/null
            ;;
        docker)
            container=$(docker create "$(image_name "$1")")
            docker export "$container" | tar -x -C "$2"
            docker rm "$container" > /dev/null
            ;;
    esac
}

# image_save NAME DIRECTORY: as an archive that `docker load`, `ctr images import` and `kind load image-archive` take.
image_save() {
    local archive=$2/$1.tar
    mkdir -p "$2"
    case $BUILDER in
        buildah)
            rm -f "$archive"
            buildah push -q "$(image_name "$1")" "docker-archive:$archive:$(image_name "$1")"
            ;;
        docker) docker save -o "$archive" "$(image_name "$1")" ;;
    esac
}
