#!/usr/bin/env bash
# Installs what a script needs and the machine lacks. Sourced by the scripts beside it:
#
#   source scripts/install.sh
#   need build test
#
# Debian and Ubuntu: apt, with sudo when not root. macOS: Homebrew. Elsewhere it names what is missing and exits.

# Tables of what a group needs, read by name (shellcheck cannot see that):
# shellcheck disable=SC2034
# CHECK       a command, or lib:NAME for a library that pkg-config knows, py:MODULE, headers:LANGUAGE
# DEBIAN      the apt package
# HOMEBREW    the formula; - where the tool is part of macOS or not to be had there
needs_build='
headers:c          libc6-dev            -
headers:c++        g++                  -
git                git                  git
pkg-config         pkg-config           pkgconf
lib:yaml-0.1       libyaml-dev          libyaml
lib:libarchive     libarchive-dev       libarchive
lib:zlib           zlib1g-dev           -
'
needs_recipes='
python3            python3              python3
openssl            openssl              openssl
zstd               zstd                 zstd
'
needs_test='
python3            python3              python3
py:venv            python3-venv         -
py:ensurepip       python3-venv         -
py:jsonschema      python3-jsonschema   -
docker-registry    docker-registry      -
skopeo             skopeo               skopeo
umoci              umoci                -
bsdtar             libarchive-tools     -
unzip              unzip                -
zip                zip                  -
xz                 xz-utils             xz
zstd               zstd                 zstd
strace             strace               -
mandoc             mandoc               mandoc
zsh                zsh                  -
fish               fish                 fish
openssl            openssl              openssl
htpasswd           apache2-utils        -
tmux               tmux                 tmux
curl               curl                 -
ps                 procps               -
setsid             util-linux           util-linux
systemd-analyze    systemd              -
cron               cron                 -
ssh-keygen         openssh-client       -
/usr/sbin/sshd     openssh-server       -
age                age                  age
pass               pass                 pass
gpg                gnupg                gnupg
gnome-keyring-daemon gnome-keyring      -
secret-tool        libsecret-tools      -
dbus-run-session   dbus-daemon          -
dbus-send          dbus-bin             -
'
needs_bench='
python3            python3              python3
py:venv            python3-venv         -
py:ensurepip       python3-venv         -
make               make                 make
/usr/bin/time      time                 -
ninja              ninja-build          ninja
hyperfine          hyperfine            hyperfine
'

has() {
    case $1 in
    lib:*) command -v pkg-config >/dev/null && pkg-config --exists "${1#lib:}" ;;
    headers:c) [ -e /usr/include/stdio.h ] || [ "$(uname)" = Darwin ] ;;
    headers:c++) compgen -G '/usr/include/c++/*/cstdlib' >/dev/null || [ "$(uname)" = Darwin ] ;;
    py:*) command -v python3 >/dev/null && python3 -c "import ${1#py:}" >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

# Homebrew's libarchive is not on pkg-config's path unless it is named.
if [ "$(uname)" = Darwin ] && command -v brew >/dev/null; then
    PKG_CONFIG_PATH="$(brew --prefix)/opt/libarchive/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
    export PKG_CONFIG_PATH
fi

# need GROUP...: makes sure that everything of the groups is there, or exits 1.
need() {
    if ! command -v swift >/dev/null; then
        echo "Swift 6.2 or later is needed: https://www.swift.org/install" >&2
        exit 1
    fi
    local version
    if ! version=$(swift --version 2>&1 </dev/null); then
        printf 'swift does not start; https://www.swift.org/install names what it needs:\n%s\n' "$version" >&2
        exit 1
    fi
    local group table check debian homebrew
    local missing=() apt=() brew=()
    for group in "$@"; do
        table=needs_$group
        while read -r check debian homebrew; do
            if [ -z "$check" ] || has "$check"; then continue; fi
            missing+=("${check#*:}")
            apt+=("$debian")
            [ "$homebrew" = - ] || brew+=("$homebrew")
        done <<<"${!table}"
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    if [ "$(uname)" = Darwin ] && command -v brew >/dev/null; then
        # What Homebrew does not have, the tests that want it skip and say so.
        [ ${#brew[@]} -gt 0 ] || return 0
        echo "Installing with Homebrew: ${brew[*]}" >&2
        brew install --quiet "${brew[@]}" >&2 </dev/null
        return 0
    fi
    if command -v apt-get >/dev/null; then
        local sudo=()
        if [ "$(id -u)" != 0 ]; then
            if ! command -v sudo >/dev/null; then
                echo "Missing: ${missing[*]}. Install as root: apt-get install ${apt[*]}" >&2
                exit 1
            fi
            sudo=(sudo)
        fi
        echo "Installing with apt: ${apt[*]}" >&2
        "${sudo[@]}" apt-get update -qq >&2 </dev/null
        "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "${apt[@]}" >&2 </dev/null
        hash -r
        return 0
    fi
    echo "Missing: ${missing[*]}. Install them with this system's package manager and try again." >&2
    exit 1
}
