#!/bin/sh
# Plays a tour of the demo image in tmux: every view, with pauses to look. For demonstrations and recordings.
#
#   assets/tour.sh [SECONDS]     seconds between two keys, 1.2 unless told otherwise
#
# Takes the layerscope on the PATH, or the one in $LAYERSCOPE. Keys of your own work all the time.
set -eu
cd "$(dirname "$0")/.."
pause=${1:-1.2}
program=${LAYERSCOPE:-layerscope}
session=layerscope-tour-$$

command -v tmux >/dev/null || { echo "tour.sh needs tmux" >&2; exit 2; }
command -v "$program" >/dev/null || {
    echo "no $program: cargo install --path ., or LAYERSCOPE=target/release/layerscope $0" >&2
    exit 2
}

tmux -u new-session -d -s "$session" -x 140 -y 36 "$program assets/demo-image.tar"

# One key, or several typed as text, a line. What stands behind # is for the reader.
play() {
    while read -r key _; do
        sleep "$pause"
        case $key in
            type:*) tmux send-keys -t "$session" -l "${key#type:}" ;;
            *) tmux send-keys -t "$session" "$key" ;;
        esac || return 0
    done <<KEYS
K       # the layer below, from any pane
K
K       # chmod -R: everything stored again
Down
Down
Down    # the file beside it
m       # everything up to this layer
m       # what a container sees
/       # filter
type:dpkg/status
Enter
n
v       # look into it
d       # what changed
Escape
Escape
2       # waste: who, and what to write instead
Down
Down
Enter   # where it is
4       # treemap
Enter
c
BSpace
3       # the largest files
F       # any path of any layer
type:node
Enter
5       # configuration and history
?       # every key
Escape
q
KEYS
}

play &
tmux attach-session -t "$session" || true
wait
tmux kill-session -t "$session" 2>/dev/null || true
