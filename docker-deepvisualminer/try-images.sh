#!/usr/bin/env bash
# Build the images and run every docker command of README.md in them, on a Debian machine without Docker.
#
#   try-images.sh [--lean] [--custom] [--arch arm64]
#
# It needs root and 20 GB of disk, and takes about 15 minutes: debootstrap makes the base image, buildah builds,
# bubblewrap runs (see without-docker/docker). --lean builds and tries the image without TensorFlow too,
# --custom the one with a TensorFlow of your own, with the stock wheel in its place. --arch does it for another
# kind of processor, which qemu emulates: that takes several times as long.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

lean=''
custom=''
here=$(dpkg --print-architecture)
arch=$here
while [[ $# -gt 0 ]]; do
    case $1 in
        --lean) lean=yes ;;
        --custom) custom=yes ;;
        --arch) arch=${2-} && shift ;;
        *) arch='' ;;
    esac
    [[ $arch =~ ^(amd64|arm64)$ ]] \
        || { echo "usage: try-images.sh [--lean] [--custom] [--arch amd64|arm64]" >&2 && exit 2; }
    shift
done
emulator=''
case $here-$arch in
    amd64-arm64)
        emulator=qemu-aarch64
        shows='CPU implementer'
        # Kin to the cores of a Raspberry Pi 5. qemu's default has pointer authentication too, which Debian's programs use,
        # and then they took 15 times as long.
        export QEMU_CPU=neoverse-n1
        ;;
    arm64-amd64)
        emulator=qemu-x86_64
        shows='vendor_id'
        export QEMU_CPU=max
        ;;
esac
if [[ -n $emulator && -n $custom ]]; then
    echo "try-images.sh: --custom cannot be tried with an emulated processor; leave it out" >&2
    exit 2
fi
if [[ $(id -u) -ne 0 ]]; then
    echo "try-images.sh: needs root, for debootstrap and the containers' namespaces; type: sudo $0" >&2
    exit 3
fi

project=$(realpath ..)
work=$project/build/docker-$arch
export TRIAL_STORAGE=$work/storage
export PATH=$PWD/without-docker:$PATH
export DOCKER_DEFAULT_PLATFORM=linux/$arch
somebody=1234:1234
passed=0
failed=0

say() { printf '%(%H:%M:%S)T %s\n' -1 "$1"; }

# expect CODE WHAT COMMAND...: its exit code must be CODE; its output is kept in $said.
expect() {
    local code=0 wanted=$1 what=$2 started=$SECONDS
    shift 2
    said=$("$@" 2>&1) || code=$?
    if [[ $code -eq $wanted ]]; then
        passed=$((passed + 1))
        say "ok      $what ($((SECONDS - started)) s)"
    else
        failed=$((failed + 1))
        say "FAILED  $what: exit code $code, not $wanted"
        printf '%s\n' "$said" | tail -n 20 | sed 's/^/            /'
    fi
}

# holds WHAT COMMAND...: the command must succeed.
holds() { expect 0 "$@"; }

says() { grep -q -F -- "$1" <<< "$said"; }

install_tools() {
    local tools=(buildah bubblewrap debootstrap shellcheck)
    [[ -z $emulator ]] || tools+=(qemu-user-static)
    if ! dpkg -s "${tools[@]}" > /dev/null 2>&1; then
        say "Installing ${tools[*]}"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${tools[@]}" > /dev/null
    fi
}

# Programs of the other kind are run by qemu, which the kernel is told of here where no systemd has done so.
register_emulator() {
    local registry=/proc/sys/fs/binfmt_misc
    [[ -e $registry/register ]] || mount -t binfmt_misc binfmt_misc "$registry"
    [[ -e $registry/$emulator ]] || cat "/usr/lib/binfmt.d/$emulator.conf" > "$registry/register"
}

# What pip uses on this machine, whether it stands in its files or in its variables.
write_secrets() {
    local settings key value
    rm -rf "$TRIAL_STORAGE/secrets"
    mkdir -p "$TRIAL_STORAGE/secrets"
    settings=$(python3 -m pip config list)
    {
        echo '[global]'
        for key in index-url extra-index-url trusted-host proxy timeout; do
            # Variables hold over files, and come first there.
            value=$(sed -n -E "s/^(global|:env:)\.$key='(.*)'\$/\2/p" <<< "$settings" | head -n 1)
            # An index on this machine's own disk is none in a container.
            [[ -z $value || $value == *file:* ]] || echo "$key = $value"
        done
    } > "$TRIAL_STORAGE/secrets/pip.conf"
    cp /etc/ssl/certs/ca-certificates.crt "$TRIAL_STORAGE/secrets/ca.crt"
}

# Debian's slim image, as debian:trixie-slim is made: the smallest set of packages, without documentation.
make_base() {
    local root=$work/base container
    local buildah=(buildah --root "$TRIAL_STORAGE/images" --runroot "$TRIAL_STORAGE/run" --storage-driver vfs)
    rm -rf "$root"
    debootstrap --arch="$arch" --variant=minbase trixie "$root" > "$work/debootstrap.log"
    rm -rf "$root"/usr/share/{doc,info,lintian,locale,man}/* "$root"/var/lib/apt/lists/* \
        "$root"/var/cache/apt/{archives/*.deb,*.bin}
    container=$("${buildah[@]}" from scratch)
    "${buildah[@]}" copy --quiet "$container" "$root" / > /dev/null
    "${buildah[@]}" config --arch "$arch" --cmd bash \
        --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
    [[ -z $emulator ]] || "${buildah[@]}" config --env QEMU_CPU="$QEMU_CPU" "$container"
    "${buildah[@]}" commit --quiet --rm "$container" docker.io/library/debian:trixie-slim > /dev/null
    rm -rf "$root"
}

# LiteRT and ONNX Runtime look up the processor in /proc/cpuinfo, and crash where it is of the other kind.
check_emulator() {
    if ! docker run --rm debian:trixie-slim grep -q "$shows" /proc/cpuinfo; then
        echo "try-images.sh: $emulator shows programs this machine's own /proc/cpuinfo, as Debian 12's does; install" \
            "qemu-user-binfmt of Debian 13" >&2
        exit 3
    fi
}

# A few photos, and pictures of three people's faces cut out of them, each a little different.
make_pictures() {
    make -s -C .. demo/.fetched
    cp ../demo/photos/* "$work/photos"
    docker run --rm -i -v "$work/photos:/photos:ro" -v "$work/faces:/faces" deepvisualminer python3 - <<'EOF'
import random
from pathlib import Path
from PIL import Image, ImageEnhance

faces = {"ann": ("astronaut.png", 180, 70, 270, 170), "bob": ("zidane.jpg", 915, 105, 1071, 265),
         "carl": ("zidane.jpg", 480, 230, 640, 410)}
random.seed(8)
for name, (photo, *box) in faces.items():
    picture = Image.open(f"/photos/{photo}").convert("RGB")
    Path("/faces", name).mkdir()
    for number in range(15):
        left, top, right, bottom = (edge + random.randint(-8, 8) for edge in box)
        face = ImageEnhance.Brightness(picture.crop((left, top, right, bottom)))
        face.enhance(random.uniform(0.8, 1.2)).save(f"/faces/{name}/{number}.png")
EOF
}

# The manual's commands, as they stand in README.md, in the same order.
try_manual() {
    local image=$1 home=$work/home
    rm -rf "$home"
    mkdir -p "$home"/{myvacationphotos,myvacationphotos-reports,models/family} \
        "$home"/{resized-120x140,reports,catsmodel}
    cp "$work"/photos/* "$home/myvacationphotos"
    cp "$home/myvacationphotos/zidane.jpg" "$home/myvacationphotos/family.jpg"

    holds "test the image" docker run -ti --rm --name testdeepvisualminer "$image" \
        bash -c 'cd ~/deepvisualminer && python3 testimage.py'
    holds "stats" docker run --rm -v "$work/faces:/root/images" "$image" \
        python3 /root/deepvisualminer/facerec_train.py stats /root/images
    holds "resize" docker run --rm -v "$work/faces:/root/images" -v "$home/resized-120x140:/root/resized" "$image" \
        python3 /root/deepvisualminer/facerec_train.py resize /root/images /root/resized 120 140 1 0
    holds "csv" docker run --rm -v "$home/resized-120x140:$home/resized-120x140" -v "$home/reports:/root/reports" \
        "$image" python3 /root/deepvisualminer/facerec_train.py csv "$home/resized-120x140" /root/reports/dataset.csv
    holds "train" docker run --rm -v "$home/resized-120x140:$home/resized-120x140" \
        -v "$home/reports:/root/reports" -v "$home/catsmodel:/root/catsmodel" "$image" \
        python3 /root/deepvisualminer/facerec_train.py train /root/reports/dataset.csv \
        80 /root/reports/testset.csv /root/catsmodel 1 1 1
    holds "test" docker run --rm -v "$home/resized-120x140:$home/resized-120x140" \
        -v "$home/reports:/root/reports" -v "$home/catsmodel:/root/catsmodel" "$image" \
        python3 /root/deepvisualminer/facerec_train.py test /root/reports/testset.csv /root/catsmodel 1 1 1
    local facerec=(docker run --rm --network none -v "$home/models/family:/root/family" "$image" facerec_train.py)
    holds "crop" docker run --rm --network none -v "$work/faces:/root/images:ro" \
        -v "$home/models/family:/root/family" "$image" \
        facerec_train.py crop /root/images /root/family/faces --detector yunet
    holds "csv of aligned faces" "${facerec[@]}" csv /root/family/faces /root/family/dataset.csv
    holds "train --embedding" "${facerec[@]}" train /root/family/dataset.csv 80 /root/family/testset.csv \
        /root/family/model --embedding
    holds "test by embedding" "${facerec[@]}" test /root/family/testset.csv /root/family/model
    holds "faces that were only resized are taught too" docker run --rm --network none \
        -v "$home/resized-120x140:$home/resized-120x140:ro" -v "$home/reports:/root/reports" "$image" \
        facerec_train.py train /root/reports/dataset.csv 80 /root/reports/testset.csv /root/unaligned --embedding

    mv "$home/catsmodel" "$home/models/familyfacesmodel"
    cat > "$home/mypipeline.yml" <<'EOF'
pipeline:
- {name: objects, type: deepdetector, inputs: [files], params: {model: /root/darkflow/cfg/yolov3-tiny.cfg,
   weights: /root/darkflow/cfg/yolov3-tiny.weights}}
- {name: faces, type: simpledetector, inputs: [files], params: {outputlabel: face,
   model: /root/data/haarcascades/haarcascade_frontalface_default.xml}}
- {name: cats, type: simpledetector, inputs: [objects], params: {outputlabel: catface, triggerlabels: [cat],
   model: /root/data/lbpcascades/lbpcascade_frontalcatface.xml}}
- {name: names, type: recognizer, inputs: [faces], params: {model: /root/models/familyfacesmodel,
   outputlabel: all}}
- {name: people, type: facedetector, inputs: [files]}
- {name: family, type: recognizer, inputs: [people], params: {model: /root/models/family/model, outputlabel: all}}
- {name: report, type: jsonreportwriter, inputs: [objects, faces, cats, names, people, family]}
- {name: photos, type: photowriter, inputs: [objects, faces, cats, names, people, family]}
EOF
    holds "mine one photo" docker run --rm \
        -v "$home/myvacationphotos/family.jpg:$home/myvacationphotos/family.jpg" \
        -v "$home/myvacationphotos-reports:/root/reports" -v "$home/mypipeline.yml:/root/mypipeline.yml" \
        -v "$home/models/familyfacesmodel:/root/models/familyfacesmodel" \
        -v "$home/models/family:/root/models/family" "$image" \
        python3 /root/deepvisualminer/visualminer.py "$home/myvacationphotos/family.jpg" /root/reports \
        /root/mypipeline.yml
    holds "its report names the photo by its path on the host" \
        grep -q -F "$home/myvacationphotos/family.jpg" "$home/myvacationphotos-reports/family.jpg.json"
    holds "its report says whose face it may be" \
        grep -q -E '"label": "(ann|bob|carl)", "method": "lbp"' "$home/myvacationphotos-reports/family.jpg.json"
    holds "the faces' network says it too" grep -q -E '"label": "(bob|carl)", "method": "embedding"' \
        "$home/myvacationphotos-reports/family.jpg.json"
    holds "mine a directory" docker run --rm \
        -v "$home/myvacationphotos:$home/myvacationphotos" \
        -v "$home/myvacationphotos-reports:/root/reports" -v "$home/mypipeline.yml:/root/mypipeline.yml" \
        -v "$home/models/familyfacesmodel:/root/models/familyfacesmodel" \
        -v "$home/models/family:/root/models/family" "$image" \
        python3 /root/deepvisualminer/visualminer.py "$home/myvacationphotos" /root/reports /root/mypipeline.yml
    holds "six reports and six annotated copies" \
        test "$(find "$home/myvacationphotos-reports" -name '[!.]*.*' -type f | wc -l)" -eq 12
}

# As little as a container can be given: another user id, nothing writable but OUTPUT, no network, no privilege.
try_locked_in() {
    local image=$1 out=$work/out
    local sealed=(docker run --rm --read-only --network none --cap-drop ALL --user "$somebody")
    rm -rf "$out"
    mkdir -p "$out"/{user,root,stopped,nightly,own}
    chown -R "$somebody" "$out"/{user,stopped,nightly,own}

    holds "mine, as another user, sealed in" \
        "${sealed[@]}" -v "$work/photos:/photos:ro" -v "$out/user:/out" "$image" /photos /out
    holds "no container compiled the default network" test -z "$(says compiling && echo compiled)"
    holds "five reports and five annotated copies, all of that user" \
        test "$(find "$out/user" -name '[!.]*.*' -type f -user "${somebody%:*}" | wc -l)" -eq 10
    holds "mine, as root without privileges" docker run --rm --read-only --network none --cap-drop ALL \
        -v "$work/photos:/photos:ro" -v "$out/root:/out" "$image" /photos /out
    holds "test the image, as another user, sealed in" "${sealed[@]}" --tmpfs /tmp "$image" python3 testimage.py
    holds "no argument: the help" "${sealed[@]}" "$image"
    expect 2 "a wrong option: exit code 2" "${sealed[@]}" "$image" --nonsense
    holds "each file of the image may be read by everybody" "${sealed[@]}" "$image" \
        bash -c '! find /root /opt /usr/local /var/cache/deepvisualminer ! -readable | grep .'

    write_own_network "$out/own"
    local own=("${sealed[@]}" --tmpfs /tmp -v "$work/photos:/photos:ro" -v "$out/own:/own")
    expect 3 "a network of one's own, and nowhere to keep it compiled: exit code 3" \
        "${own[@]}" "$image" /photos /own/mined /own/own.yml
    printf '%s\n' "$said" | sed 's/^/            /'
    holds "the message says what to do" says DEEPVISUALMINER_CACHE
    mkdir "$out/own/compiled"
    chown "$somebody" "$out/own/compiled"
    holds "a network of one's own, with a folder to keep it compiled" \
        "${own[@]}" -v "$out/own/compiled:/var/cache/deepvisualminer/compiled" "$image" /photos /own/mined /own/own.yml

    try_signals "$image" "$out"
}

# The small network of testimage.py, and a pipeline that names it and the default one.
write_own_network() {
    docker run --rm -i -v "$1:/own" deepvisualminer python3 - <<'EOF'
from pathlib import Path
from pipeline.selftest import write_example_models
write_example_models(Path("/own"))
EOF
    cat > "$1/own.yml" <<'EOF'
pipeline:
- {name: objects, type: deepdetector, inputs: [files], params: {model: yolov3-tiny}}
- {name: own, type: deepdetector, inputs: [files], params: {model: tiny.cfg, weights: tiny.weights,
   labels: tiny.names}}
- {name: report, type: jsonreportwriter, inputs: [objects, own]}
EOF
    chown -R "$somebody" "$1"
}

# "docker stop" ends a running mining cleanly, whether the miner is PID 1 or the nightly script is.
try_signals() {
    local image=$1 out=$2 at
    stop_in_the_middle "docker stop in the middle of a mining" "$out/stopped" \
        "$image" /photos /out --workers 1
    at=$(TZ=UTC date --date '1 minute' +%H:%M)
    stop_in_the_middle "nightly at $at: it mines then, and docker stop in the middle of it" "$out/nightly" \
        "$image" nightly "$at" /photos /out --workers 1
    sed 's/^/            /' "$work/stopped.log"
}

# stop_in_the_middle WHAT OUT IMAGE ARGUMENTS...: SIGTERM as soon as the first report is there.
stop_in_the_middle() {
    local what=$1 out=$2 code=0 container number
    shift 2
    docker run --rm --read-only --network none --cap-drop ALL --user "$somebody" -e TZ=UTC \
        -v "$work/many:/photos:ro" -v "$out:/out" "$@" > "$work/stopped.log" 2>&1 &
    container=$!
    for ((number = 0; number < 120; number++)); do
        [[ -n $(find "$out" -name '*.json' -print -quit) ]] && break
        sleep 1
    done
    kill -TERM "$container"
    wait "$container" || code=$?
    expect 143 "$what" bash -c "exit $code"
    holds "fewer than all were mined, none of them half" \
        test "$(find "$out" -name '*.json' | wc -l)" -lt 40 -a -z "$(find "$out" -name '*.part*')"
}

report_size() {
    docker run --rm "$1" bash -c '
        for path in / /opt/venv/lib/python3*/site-packages/* /var/cache/deepvisualminer /root/*; do
            du -xsm "$path" 2> /dev/null || true
        done | sort -rn | head -n 14'
}

install_tools
[[ -z $emulator ]] || register_emulator
mkdir -p "$work"/{photos,faces,many} "$TRIAL_STORAGE"
say "1. The scripts"
holds "shellcheck" shellcheck ./*.sh
write_secrets
if ! docker images | grep -q trixie-slim; then
    say "2. The base image"
    make_base
fi
[[ -z $emulator ]] || check_emulator
./build-image.sh
say "3. The image"
docker build -t deepvisualminer -f Dockerfile-stock-tensorflow . > "$work/build.log" 2>&1 \
    || { tail -n 30 "$work/build.log"; exit 1; }
say "4. The manual's commands"
rm -rf "$work"/{photos,faces,many}
mkdir -p "$work"/{photos,faces,many}
make_pictures
for number in {1..40}; do cp ../demo/photos/bus.jpg "$work/many/$number.jpg"; done
try_manual deepvisualminer
say "5. The same, locked in"
try_locked_in deepvisualminer
say "6. What it weighs, in MB"
report_size deepvisualminer
if [[ -n $lean ]]; then
    say "7. The lean image"
    docker build -t deepvisualminer-lean --target lean -f Dockerfile-stock-tensorflow . >> "$work/build.log" 2>&1
    holds "mine with the lean image" docker run --rm --read-only --network none \
        -v "$work/photos:/photos:ro" -v "$work/out/root:/out" deepvisualminer-lean /photos /out
    report_size deepvisualminer-lean
fi
if [[ -n $custom ]]; then
    say "8. The image with a TensorFlow of one's own"
    python3 -m pip download --quiet --no-deps --dest shared/tensorflow --python-version 3.13 \
        --only-binary :all: "$(grep -m 1 -o '^tensorflow[a-z-]*==[0-9.]*' ../requirements.txt)"
    docker build -t deepvisualminer-optimized -f Dockerfile-custom-tensorflow . >> "$work/build.log" 2>&1
    rm shared/tensorflow/tensorflow*manylinux*.whl
    holds "test the optimized image" docker run --rm deepvisualminer-optimized python3 testimage.py
fi
say "$passed passed, $failed failed, in $((SECONDS / 60)) min"
[[ $failed -eq 0 ]]
