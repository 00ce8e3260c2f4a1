# The Debian packages that Atoll needs, in one place; sourced by ./run, ./test and bench/.
# shellcheck shell=bash disable=SC2034
packages_build=(g++ cmake ninja-build ccache pkg-config libsqlite3-dev libssl-dev libsodium-dev libzstd-dev liblz4-dev
  libisal-dev protobuf-compiler libprotobuf-dev libcli11-dev libexpected-dev libtomlplusplus-dev
  libarchive-dev libexpat1-dev libseccomp-dev nlohmann-json3-dev libboost1.81-dev libcurl4-openssl-dev libicu-dev libstemmer-dev libzxcvbn-dev
  libpoppler-cpp-dev libexiv2-dev libtag1-dev libcld2-dev libmagic-dev libhdf5-dev
  libavformat-dev libavcodec-dev libavutil-dev libswscale-dev libheif-dev libraw-dev libwebp-dev libtesseract-dev
  libfreetype-dev libfontconfig-dev libraqm-dev liblcms2-dev)
packages_test=(libgtest-dev libgmock-dev libbenchmark-dev clang-format clang-tidy-16 python3 python3-cryptography
  python3-zstandard python3-lz4 python3-argon2 attr git restic rclone awscli s3cmd python3-boto3 xz-utils
  bzip2 curl litmus nginx-light caddy openssl dpkg-dev lintian systemd systemd-container fuse3 chromium ffmpeg mypy python3-fsspec
  tesseract-ocr-eng universal-ctags fonts-dejavu-core python3-httpx python3-numpy python3-pandas python3-pip python3-setuptools python3-wheel
  python3-swift)
# What the program needs to run, where it is not built.
packages_run=(libarchive13 libcurl4 libexpat1 libicu72 libisal2 liblz4-1 libseccomp2 libsodium23 libsqlite3-0 libssl3 libstdc++6
  libstemmer0d libzstd1 libzxcvbn0 libpoppler-cpp0v5 libexiv2-27 libtag1v5-vanilla libcld2-0 libmagic1 libhdf5-103-1 ca-certificates)
# What more is understood with: names that programs define, letters in scans, letters for documents that bring none along.
packages_reading=(universal-ctags tesseract-ocr-eng fonts-dejavu-core)
packages_run+=("${packages_reading[@]}")
# What atoll-previews needs beside these: decoders.
packages_run+=(libavformat59 libavcodec59 libavutil57 libswscale6 libheif1 libraw20 libwebp7 libwebpdemux2 libtesseract5 libfreetype6 libfontconfig1 libraqm0 liblcms2-2 libgomp1)
packages_fuzz=(clang-16 libclang-rt-16-dev)
packages_bench=(restic borgbackup zstd time libbenchmark-dev libxapian-dev postgresql libpq-dev nginx-light npm awscli)

# Sealing by vector instructions that only these processors have.
if [ "$(dpkg --print-architecture)" = amd64 ]; then
  packages_build+=(libipsec-mb-dev)
  packages_run+=(libipsec-mb1)
fi

# Debian 12 has BLAKE3's official sources in librust-blake3-dev, later releases the library itself.
if apt-cache show libblake3-dev >/dev/null 2>&1; then
  packages_build+=(libblake3-dev)
else
  packages_build+=(librust-blake3-dev)
fi

# The page (web/) is built by Node; where another than Debian's is there, that one does it.
command -v node >/dev/null 2>&1 || packages_build+=(nodejs)
command -v npm >/dev/null 2>&1 || packages_build+=(npm)

# Installs what is missing of the named packages; says what it does, does nothing where nothing is missing.
install_missing() {
  local missing=() package
  for package in "$@"; do
    if [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
      missing+=("$package")
    fi
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
      echo "These packages are missing, and there is no sudo to install them with: ${missing[*]}" >&2
      echo "As root: apt-get install ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "Installing ${#missing[@]} packages: ${missing[*]}" >&2
  # The list may be old or empty (a fresh chroot): fetched once when the first try fails.
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null 2>&1; then
    "${as_root[@]}" apt-get update -qq >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
  fi
}
