# Runs the server as its child for as long as somebody holds the other end of standard input.
#   sh -c "$(cat keeper.sh)" keeper RUN_FOLDER LOG SERVER [ARGUMENT...]
# A line on standard input is an order: "fast" or "immediate" shut the server down and leave the folder. The end of standard input means that the
# owner died: the server is shut down and the folder removed. The keeper ends with the server, with its exit code.
folder=$1
log=$2
shift 2
exec 3<&0 </dev/null >>"$log" 2>&1
trap '' INT HUP # a Ctrl-C is for the owner, which then decides
"$@" 3<&- &
server=$!
{
    while read -r order <&3; do
        case $order in
            immediate) kill -QUIT "$server" ;;
            *) kill -INT "$server" ;;
        esac
    done
    : >"$folder/orphaned"
    kill -INT "$server"
} &
listener=$!
exec 3<&-
wait "$server"
code=$?
kill "$listener" 2>/dev/null
if [ -e "$folder/orphaned" ]; then
    cd / && rm -rf "$folder"
fi
exit "$code"
