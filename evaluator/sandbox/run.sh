#!/bin/sh
# Runs the image's own command with a bounded log: run.sh KEPT_BYTES WALL_SECONDS COMMAND...
# It is a convenience of the walls and none of them: it runs as the container's user, with the image's own shell, and
# whoever wrote the image may do as he likes with it. Everything that counts is enforced and measured outside.
log=/holdout/.log
kept=$1
wall=$2
shift 2

# The pipe is made in here, because some runtimes open none of the host's; both ends are opened before it is unlinked.
pipe=/tmp/.holdout-log
mkfifo -m 600 $pipe && exec 3<>$pipe 4<$pipe 5>$pipe 3>&- && rm $pipe || exit 127
{ head -c "$kept" >$log/head; exec tail -c "$kept" >$log/tail; } <&4 2>/dev/null 4<&- 5>&- &
pump=$!
"$@" >&5 2>&1 </dev/null 4<&- 5>&- &
job=$!
exec 4<&- 5>&-
# For an honest job whose platform died: everybody else is stopped from outside, and earlier.
( sleep "$wall"; kill -KILL "$job" ) >/dev/null 2>&1 </dev/null &
outside=
trap 'outside=143; kill -KILL "$job" 2>/dev/null' TERM
wait "$job"
code=$?

# Whoever outlives the job holds its log open. The log's own two processes are known by what they read, and by what they
# write: head closes the one before it has written the other.
for process in /proc/[0-9]*; do
  pid=${process#/proc/}
  case $pid in 1 | "$$" | "$pump") continue ;; esac
  [ "$process/fd/0" -ef "/proc/$pump/fd/0" ] || [ "$process/fd/1" -ef $log/head ] || kill -KILL "$pid" 2>/dev/null
done
wait "$pump"
# These are left to mean that somebody outside ended the whole container.
case $code in 137 | 143 | 255) code=1 ;; esac
exit "${outside:-$code}"
