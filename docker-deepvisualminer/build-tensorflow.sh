#!/usr/bin/env bash
# Build TensorFlow from source for your own processor. It runs inside the container that launch-tensorflow.sh
# starts (Debian, root): build-tensorflow.sh VERSION FOLDER-FOR-THE-WHEEL
set -euo pipefail

# Edit this line: what the compiler may use. x86-64-v3 is Haswell (2013) and later: AVX2, FMA. "native" is the
# machine that builds. Others: https://clang.llvm.org/docs/ClangCommandLineReference.html (on Arm: -mcpu=native).
CC_OPT_FLAGS='-march=x86-64-v3'

# Bazel starts that many compilers at once; each takes up to 2 GB of memory.
JOBS=${JOBS:-$(nproc)}

if [[ $# -ne 2 ]]; then
    echo "usage: build-tensorflow.sh VERSION FOLDER-FOR-THE-WHEEL; launch-tensorflow.sh starts it" >&2
    exit 2
fi
version=$1
wheels=$2

echo "Building TensorFlow $version with $CC_OPT_FLAGS, $JOBS compilers at once."
echo "It fetches about 3 GB, needs 60 GB of disk, and takes 1 to 2 hours on 32 cores, 8 hours or more on 4."

echo "1/4 Installing Debian's compiler"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends \
    ca-certificates clang git lld npm patch patchelf python3 python3-dev unzip zip > /dev/null
python=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')

echo "2/4 Installing Bazelisk, which fetches the Bazel that this TensorFlow asks for"
npm install --silent --global @bazel/bazelisk@1.28.1

echo "3/4 Fetching TensorFlow's source"
source=$(mktemp -d)
git clone --quiet --depth 1 --branch "v$version" https://github.com/tensorflow/tensorflow "$source"
cd "$source"

echo "4/4 Compiling"
PYTHON_BIN_PATH=$(command -v python3)
CLANG_COMPILER_PATH=$(readlink -f "$(command -v clang)")
export PYTHON_BIN_PATH CLANG_COMPILER_PATH CC_OPT_FLAGS
export USE_DEFAULT_PYTHON_LIB_PATH=1
export TF_NEED_CLANG=1 TF_NEED_CUDA=0 TF_NEED_ROCM=0 TF_SET_ANDROID_WORKSPACE=0
./configure < /dev/null
bazelisk build --config=opt --jobs="$JOBS" \
    --repo_env=HERMETIC_PYTHON_VERSION="$python" \
    --repo_env=USE_PYWRAP_RULES=True \
    --repo_env=WHEEL_NAME=tensorflow \
    //tensorflow/tools/pip_package:wheel

cp bazel-bin/tensorflow/tools/pip_package/wheel_house/tensorflow-*.whl "$wheels"
echo "Done: $(ls "$wheels"/tensorflow-*.whl)"
