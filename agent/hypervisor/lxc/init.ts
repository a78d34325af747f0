/**
 * Process 1 of a container, a script for any POSIX shell. It reaps orphans (dash's and bash's wait collect every child), lets the start-up
 * command run once the agent has configured the interfaces, and never ends by itself: a node whose command ended goes on, as a machine
 * whose service ended does. It ends at SIGTERM, which libvirt sends to every process of the container; without a trap process 1 would not
 * notice, and libvirt wait 1.6 seconds before it kills. It ends at the signals of `halt`, `poweroff` and `reboot` too, and leaves word of why
 * (said.ts): one without a last word was killed.
 *
 * The start-up command's words go to a file: on the console they would wait while no agent reads. There is a shell on the console for whoever presses
 * Enter; until then nothing but a fork of this script waits. It has a session of its own, whose keys reach nothing else; what was started in the
 * background ignores Ctrl-C for good, unless env(1) of the image can undo that.
 *
 * A container of a pool runs before anybody wants it, without a command. SIGHUP says that it has become a node of a VNet: what stands there for it is
 * another name and command.
 */
import { join } from 'node:path'
import { releasedFile } from '../libvirt/released.ts'
import type { Mount } from './domain-xml.ts'

/** Where the control directory is inside: read-only, out of the guest's hands. */
export const controlInside = '/weft'

/** Files of the control directory. */
export const controlFiles = {
  init: 'init',
  hostname: 'hostname',
  startUp: 'start-up',
  /** Made by the agent when the interfaces are configured. */
  released: releasedFile,
  /** Directory of the commands below. */
  commands: 'bin',
  /** Directory that is the guest's. */
  said: 'said',
} as const

/** Files of the directory `said`. */
export const lastWord = 'end'
const releasedBy = 'released-by'

export const startUpLog = '/var/log/start-up.log'

const inside = (file: keyof typeof controlFiles): string => join(controlInside, controlFiles[file])

/** The second lies in the first. */
export const controlMounts = (control: string): readonly Mount[] => [
  { source: control, target: controlInside },
  { source: join(control, controlFiles.said), target: inside('said'), isWritable: true },
]

export const initCommand: readonly [string, ...string[]] = ['/bin/sh', inside('init')]

/** Images bring commands of these names that talk to another process 1, systemd's as a rule. */
export const machineCommands: Readonly<Record<string, string>> = {
  halt: '#!/bin/sh\nkill -USR1 1\n',
  poweroff: '#!/bin/sh\nkill -USR2 1\n',
  reboot: '#!/bin/sh\nkill -INT 1\n',
}

/** The path that Debian gives to root, behind the commands that are ours. */
export const guestPath = `${inside('commands')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`

export const initScript = (): string => `# Process 1 of a node.
export PATH=${guestPath} HOME=/root
cd /root
leave() { echo "$1" >${inside('said')}/${lastWord}; exit 0; }
trap 'leave TERM' TERM
trap 'leave halt' USR1
trap 'leave power-off' USR2
trap 'leave reboot' INT
rm -f ${inside('said')}/${lastWord}
called() { read -r now </proc/sys/kernel/hostname; }
# No program is started for what is right already.
call() { read -r name <${inside('hostname')}; called; [ "$now" = "$name" ] || hostname "$name"; }
call

# Once a release, of which a container that was a pool's has a second one.
begin() {
  before=$released
  echo "$released" >${inside('said')}/${releasedBy}
  call
  [ -s ${inside('startUp')} ] || return 0
  {
    setsid sh ${inside('startUp')} </dev/null >${startUpLog} 2>&1 ||
      echo "start-up: exit status $?" >>${startUpLog}
  } &
}
look() { [ -e ${inside('released')} ] && read -r released <${inside('released')}; }
again() {
  look
  [ -n "$begun" ] && [ "$released" != "$before" ] || return 0
  begin
  invite >/dev/console 2>&1
}
invite() { called; printf '\\n%s: press Enter for a shell\\n' "$now"; }
begun=
trap again HUP

# After reboot(2), which libvirt answers by starting the container again, what released the run before still stands.
before=
[ -e ${inside('said')}/${releasedBy} ] && read -r before <${inside('said')}/${releasedBy}
released=$before
tries=0
until [ "$released" != "$before" ]; do
  tries=$((tries + 1))
  if [ $tries -gt 200 ]; then sleep 0.5; elif [ $tries -gt 1 ]; then sleep 0.05; fi
  look
done
begun=yes
begin

{
  while :; do
    invite
    read -r _ || sleep 1
    keys=
    env --default-signal=INT,QUIT true 2>/dev/null && keys='env --default-signal=INT,QUIT'
    TERM=xterm PS1='\${PWD} # ' setsid -c $keys sh -i
  done
} </dev/console >/dev/console 2>&1 &

while :; do
  sleep 2147483647 &
  sleeper=$!
  wait $sleeper
  kill $sleeper 2>/dev/null
done
`
